"""Certificates that a list of fixed points or cycles is whole, as files that others can check without this package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .._files import write_atomically
from .._signatures import checked
from .._validation import whole
from ..engines.budget import Budget
from ..engines.ring import driven_maps
from ..errors import CertificateError, ModelError
from ..maps import CanonicalMap
from ..progress import ProgressOption, reports
from ..results import Cycles, FixedPoints, UniquenessCertificate
from ..statuses import StoppedBy
from .equations import Integers, integers_of
from .periods import MODULUS, period_text, words_of
from .texts import packed, text
from .tree import Unlisted

__all__ = ["FORMAT", "VERSION", "network_record", "write_certificate"]

FORMAT, VERSION = "plrnn-certificate", 2
# Of the search and of the proof together: the memory for it goes with these.
MOST_NODES = 1 << 22


@reports("certificate")
@checked
def write_certificate(
    map: CanonicalMap,
    found: FixedPoints | Cycles | UniquenessCertificate,
    path: str | os.PathLike[str],
    *,
    periodic_input: Any = None,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
    workers: int = 1,
) -> None:
    """Write a proof that the fixed points, or the cycles, of a map are those found, and no others.

    Parameters
    ----------
    map : CanonicalMap
        Without input, or with one if `periodic_input` is given; ``map.with_input(s)`` holds an input on.
    found : FixedPoints, Cycles or UniquenessCertificate
        Of this map: a complete list, of cycles not in a box alone, or a fixed point that is the only one.
    path : path-like
        The file; by custom it ends in ``.cert.json.gz``.
    periodic_input : (p, K) array_like, optional
        Under which the cycles were found.
    time_limit : float, optional
        Seconds after which it gives up; None for no limit.
    progress : bool or callable, optional
        As for :func:`plrnn_analysis.fixed_points.find_fixed_points`.
    workers : int, optional
        Threads of the search in floats that is run again. What is done in whole numbers runs on one core.

    Raises
    ------
    CertificateError
        If the search was not complete, or the time was up, or some part of the proof could not be found: then no file
        is written.

    Notes
    -----
    The search by linear programs is run again; each of its cuts is rounded to whole numbers and verified exactly. What
    does not survive that is refuted by a linear program of its own, or branched on further. A single fixed point is
    proved by a quadratic form where one is found, without a search. Cycles have a proof for each period k: of the fixed
    points of the map of k states in a circle. The format is described in the documentation.

    Examples
    --------
    >>> import tempfile
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     file = f"{directory}/tent.cert.json.gz"
    ...     write_certificate(tent.map, tent.fixed_points(), file)
    ...     tent.verify_certificate(file)
    <Verification: 2 isolated points and 0 continua, and no others; 3 nodes>
    """
    whole("workers", workers, 1)
    maps = driven_maps(map, periodic_input)
    if not isinstance(found, Cycles) and periodic_input is not None:
        raise ModelError("periodic_input is for cycles: fixed points are those of a constant input")
    _check_proved(found)
    longest = found.max_period if isinstance(found, Cycles) else 1
    if longest < len(maps):
        raise CertificateError(
            f"no certificate: under an input of period {len(maps)} periods are multiples of it", found
        )
    budget = Budget(MOST_NODES, time_limit, progress)
    try:
        document = _document(maps, found, longest, workers, budget)
    except Unlisted as reason:
        raise CertificateError(f"no certificate: {reason}", found) from None
    if document is None:
        why = f"was not finished in {budget.seconds:.3g} s; give it a longer time_limit"
        if budget.stopped_by == StoppedBy.MAX_NODES:
            why = f"needs more than {MOST_NODES:,} nodes of the search and the proof"
        elif budget.stopped_by == StoppedBy.INTERRUPT:
            why = "was interrupted"
        raise CertificateError(f"no certificate: the proof {why}", found)
    write_atomically(path, packed(document.encode()))


def _check_proved(found: FixedPoints | Cycles | UniquenessCertificate) -> None:
    """Refuse to certify what the search did not prove."""
    if isinstance(found, UniquenessCertificate):
        if not found.unique:
            raise CertificateError("no certificate: it was not proved that there is exactly one fixed point", found)
    elif not found.complete or (isinstance(found, Cycles) and found.box is not None):
        things = "cycles" if isinstance(found, Cycles) else "fixed points"
        raise CertificateError(f"no certificate: the list of {things} is {found.claim}", found)


def _document(
    maps: Sequence[CanonicalMap],
    found: FixedPoints | Cycles | UniquenessCertificate,
    longest: int,
    workers: int,
    budget: Budget,
) -> str | None:
    shift = len(maps)
    parts = []
    for period in range(shift, longest + 1, shift):
        part = period_text(list(maps) * (period // shift), words_of(found, period), shift, workers, budget)
        if part is None:
            return None
        parts.append(part)
    head = {"format": FORMAT, "version": VERSION, "network": network_record(maps), "modulus": MODULUS}
    return f'{text(head)[:-1]},"periods":[{",".join(parts)}]}}'


def network_record(maps: Sequence[CanonicalMap]) -> dict[str, Any]:
    """A network as it stands in a certificate; maps that differ in their offsets are those of the steps of an input."""
    numbers = _with_one_scale([integers_of(map) for map in maps])
    first = numbers[0]
    sizes = {"units": len(first.A), "relus": len(first.V), "scale": first.scale}
    offsets = {"c": [one.c for one in numbers], "h": [one.h for one in numbers]}
    return sizes | {name: getattr(first, name) for name in "AWV"} | offsets


def _with_one_scale(numbers: Sequence[Integers]) -> list[Integers]:
    scale = max(one.scale for one in numbers)
    return [_scaled(one, scale - one.scale) for one in numbers]


def _scaled(numbers: Integers, more: int) -> Integers:
    A, W, V = ([[v << more for v in row] for row in rows] for rows in (numbers.A, numbers.W, numbers.V))
    c, h = ([v << more for v in row] for row in (numbers.c, numbers.h))
    return Integers(numbers.scale + more, A, W, V, c, h)
