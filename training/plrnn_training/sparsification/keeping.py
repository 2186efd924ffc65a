"""Which fixed points of the original network another one keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plrnn_analysis._validation import as_array
from plrnn_analysis.known_metadata import mapping_entry
from plrnn_analysis.model import PLRNN
from plrnn_analysis.results import FixedPoint, FixedPoints

__all__ = ["Kept", "Reference", "network_outputs", "probes_of"]


@dataclass(frozen=True)
class Kept:
    """Fixed points of the original, held against those of another network, over all probes.

    Attributes
    ----------
    wanted : int
        Points and continua of the original within the range of its outputs.
    kept : int
        Those with a partner of the same stability.
    changed : int
        Those whose partner has another stability.
    lost : int
        Those without a partner.
    new : int
        Points and continua of the other network within the range that have no partner.
    complete : bool
        Whether both lists are proved complete for every probe.
    """

    wanted: int
    kept: int
    changed: int
    lost: int
    new: int
    complete: bool

    @property
    def everything(self) -> bool:
        """Whether all are kept and none is new."""
        return self.kept == self.wanted and self.new == 0

    @property
    def differences(self) -> int:
        """How much is not as it was: points changed, lost and new."""
        return self.changed + self.lost + self.new


class Reference:
    """The fixed points of a network within the range of its outputs, for others to be compared with.

    Parameters
    ----------
    network : PLRNN
        With a readout.
    probes : mapping of str to sequence of float
        Constant inputs.
    outputs : (n, N) ndarray
        Outputs that the network gives when it is used.
    margin : float
        The range is the box around these outputs, widened on each side by this share of its length.
    tolerance : float
        Partners are at most this far apart, in root mean square distances of the outputs from their mean.
    time_limit : float
        Of each search, in seconds.

    Attributes
    ----------
    points : dict of str to FixedPoints
        Those within the range, by probe.
    low, high : (N,) ndarray
        The range.
    """

    def __init__(
        self,
        network: PLRNN,
        probes: Mapping[str, Sequence[float]],
        outputs: np.ndarray,
        margin: float,
        tolerance: float,
        time_limit: float,
    ) -> None:
        low, high = outputs.min(axis=0), outputs.max(axis=0)
        self.low, self.high = low - margin * (high - low), high + margin * (high - low)
        self._scale = float(np.sqrt(outputs.var(axis=0).sum())) or 1.0
        self._probes, self._tolerance, self._time_limit = dict(probes), tolerance, time_limit
        self.points = {name: self._within(self._search(network, name)) for name in self._probes}

    def compare(self, network: PLRNN) -> Kept:
        """Pair the fixed points of a network with those of the original, one to one by their outputs."""
        wanted = kept = changed = lost = new = 0
        complete = True
        for name, mine in self.points.items():
            theirs = self._search(network, name)
            inside = self._within(theirs)
            pairs = mine.match(theirs, by="outputs", scale=self._scale, tolerance=self._tolerance)
            wanted += len(mine) + len(mine.continua)
            kept += pairs.kept + min(len(mine.continua), len(inside.continua))
            changed += len(pairs) - pairs.kept
            lost += len(pairs.unmatched_a) + max(0, len(mine.continua) - len(inside.continua))
            new += sum(self._inside(point.output) for point in pairs.unmatched_b)
            new += max(0, len(inside.continua) - len(mine.continua))
            complete &= mine.complete and theirs.complete
        return Kept(wanted, kept, changed, lost, new, complete)

    def named_points(self) -> list[tuple[str, FixedPoint]]:
        """Every point within the range, with its probe."""
        return [(name, point) for name, points in self.points.items() for point in points]

    def _search(self, network: PLRNN, probe: str) -> FixedPoints:
        return network.fixed_points(constant_input=self._probes[probe] or None, time_limit=self._time_limit)

    def _within(self, found: FixedPoints) -> FixedPoints:
        return replace(
            found,
            _items=tuple(point for point in found if self._inside(point.output)),
            continua=tuple(piece for piece in found.continua if self._inside(piece.output)),
        )

    def _inside(self, output: np.ndarray | None) -> bool:
        return output is not None and bool(np.all((output >= self.low) & (output <= self.high)))


def network_outputs(network: PLRNN, states: np.ndarray) -> np.ndarray:
    """Readout (n, N) of states (n, M)."""
    assert network.B is not None  # in the form of closed_form
    return states @ network.B.T + (0.0 if network.b is None else network.b)


def probes_of(network: PLRNN, named: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Zero input, and constant inputs with a name: those given, or else those in the network's metadata."""
    probes = {"zero input": [0.0] * network.n_inputs}
    for name, held in (named or mapping_entry(network.metadata, "probes")).items():
        constant = as_array(f"probe {name!r}", held, (network.n_inputs,), "one number per input")
        if np.any(constant):
            probes[name] = constant.tolist()
    return probes
