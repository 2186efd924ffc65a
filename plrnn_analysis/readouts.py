"""Fixed points and cycles with the readout of the network that they are of.

Searches work on a map, which has no readout; this is the one place that adds it to what they find.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

from ._signatures import checked
from .network import Network
from .results import Continuum, Cycle, CycleContinuum, Cycles, FixedPoint, FixedPoints, UniquenessCertificate

__all__ = ["with_outputs"]

T = TypeVar("T")


@checked
def with_outputs(found: T, network: Network) -> T:
    """The same result with the readout of `network` at its points.

    Parameters
    ----------
    found : FixedPoints, Cycles, UniquenessCertificate, FixedPoint, Cycle, Continuum or CycleContinuum
        Anything else, None included, is returned as it is.
    network : Network
        The one that the search was about.

    Returns
    -------
    the type of `found`

    Examples
    --------
    >>> from plrnn_analysis.fixed_points import find_fixed_points
    >>> network = Network.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0, B=[[3.0]])
    >>> with_outputs(find_fixed_points(network.map), network)[0].output
    array([6.])
    """
    if network.B is None:
        return found
    return cast(T, _read(found, network))


def _read(found: Any, network: Network) -> Any:
    if isinstance(found, FixedPoint):
        return replace(found, output=network.read_out(found.z))
    if isinstance(found, Continuum):
        return replace(found, output=network.read_out(found.anchor))
    if isinstance(found, Cycle):
        return replace(found, outputs=network.read_out(found.points))
    if isinstance(found, CycleContinuum):
        return replace(found, outputs=network.read_out(found.anchor))
    if isinstance(found, UniquenessCertificate):
        return replace(found, fixed_point=_read(found.fixed_point, network))
    if isinstance(found, FixedPoints | Cycles):
        items, continua = (tuple(_read(one, network) for one in several) for several in (found, found.continua))
        changes: dict[str, Any] = {"_items": items, "continua": continua, "output_names": network.output_names}
        return replace(found, **changes)
    return found
