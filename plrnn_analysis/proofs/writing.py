"""Certificates that a list of fixed points is whole, as files that others can check without this package."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._files import write_atomically
from .._signatures import checked
from ..engines.branching import MAX_UNKNOWNS, Cuts, find_cuts
from ..engines.budget import Budget
from ..engines.reduction import reduce_fixed_points
from ..errors import CertificateError
from ..maps import CanonicalMap, bits_from_string, bits_to_string
from ..progress import ProgressOption, reports
from ..results import FixedPoints
from ..statuses import StoppedBy
from ..units import balanced
from .equations import Equations, Integers, equations_of, integers_of
from .solutions import Listed, listed
from .texts import step_text, text
from .tree import Unlisted, prove
from .uniqueness import unique

__all__ = ["FORMAT", "VERSION", "network_record", "write_certificate"]

FORMAT, VERSION = "plrnn-certificate", 1
# A prime; ranks are shown among its residues.
MODULUS = 2**61 - 1
# The checker reads files that unpack to a hundred times their size.
LARGEST_RATIO = 90
# Of the search and of the proof together: the memory for it goes with these.
MOST_NODES = 1 << 22


@reports("certificate")
@checked
def write_certificate(
    map: CanonicalMap,
    found: FixedPoints,
    path: str | os.PathLike[str],
    *,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> None:
    """Write a proof that the fixed points of a map are those found, and no others.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    found : FixedPoints
        Of this map, and complete.
    path : path-like
        The file; by custom it ends in ``.cert.json.gz``.
    time_limit : float, optional
        Seconds after which it gives up; None for no limit.
    progress : bool or callable, optional
        As for :func:`plrnn_analysis.fixed_points.find_fixed_points`.

    Raises
    ------
    CertificateError
        If the search was not complete, or the time was up, or some part of the proof could not be found: then no file
        is written.

    Notes
    -----
    The search by linear programs is run again; each of its cuts is rounded to whole numbers and verified exactly. What
    does not survive that is refuted by a linear program of its own, or branched on further. A single fixed point is
    proved by a quadratic form where possible, without a search. The format is described in the documentation.

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
    if map.n_inputs:
        map = map.with_input(None)
    if not found.complete:
        raise CertificateError(f"no certificate: the list of fixed points is {found.claim}", found)
    budget = Budget(MOST_NODES, time_limit, progress)
    try:
        document = _document(map, found, budget)
    except Unlisted as reason:
        raise CertificateError(f"no certificate: {reason}", found) from None
    if document is None:
        why = f"was not finished in {budget.seconds:.3g} s; give it a longer time_limit"
        if budget.stopped_by == StoppedBy.MAX_NODES:
            why = f"needs more than {MOST_NODES:,} nodes of the search and the proof"
        elif budget.stopped_by == StoppedBy.INTERRUPT:
            why = "was interrupted"
        raise CertificateError(f"no certificate: the proof {why}", found)
    write_atomically(path, _packed(document.encode()))


def _packed(content: bytes) -> bytes:
    """Compressed, but not so well that the checker takes it for a bomb."""
    packed = gzip.compress(content, 6, mtime=0)
    if len(content) > LARGEST_RATIO * len(packed):
        packed = gzip.compress(content, 0, mtime=0)
    return packed


def _document(map: CanonicalMap, found: FixedPoints, budget: Budget) -> str | None:
    own = balanced(map)
    numbers = integers_of(map)
    reduction = reduce_fixed_points(own.map, budget) if own.safe else None
    base = np.zeros(map.n_relu, dtype=bool) if reduction is None else reduction.base
    equations = equations_of(numbers, base)
    words = [bits_from_string(one.bitcode, map.n_relu) for one in (*found, *found.continua)]
    solutions = listed(map, words, equations, budget)
    if solutions is None:
        return None
    steps = _unique_step(map, equations, solutions)
    if steps is None:
        cuts = Cuts(np.zeros((0, map.n_relu), dtype=np.int8), np.zeros((0, map.n_relu)))
        if reduction is not None and equations.solved and map.n_relu and map.n_relu <= MAX_UNKNOWNS:
            cuts = find_cuts(reduction, budget)
            # In terms of on and off.
            cuts = Cuts(np.where(cuts.bits < 0, cuts.bits, cuts.bits ^ base.astype(np.int8)), cuts.multipliers)
        steps = prove(equations, solutions, cuts, own.relu, budget)
    if steps is None:
        return None
    head = {
        "format": FORMAT,
        "version": VERSION,
        "network": network_record(numbers),
        "base": "".join("1" if b else "0" for b in base),
        "modulus": MODULUS,
        "solutions": [_record(solution) for solution in solutions],
    }
    return f'{text(head)[:-1]},"proof":[{",".join(steps)}]}}'


def _unique_step(map: CanonicalMap, equations: Equations, solutions: Sequence[Listed]) -> list[str] | None:
    if len(solutions) != 1 or solutions[0].directions:
        return None
    evidence = unique(map, equations)
    return None if evidence is None else [step_text("unique", 0, *evidence)]


def network_record(numbers: Integers) -> dict[str, Any]:
    """A network as it stands in a certificate."""
    sizes = {"units": len(numbers.A), "relus": len(numbers.V), "scale": numbers.scale}
    return sizes | {name: getattr(numbers, name) for name in "AWVch"}


def _record(solution: Listed) -> dict[str, Any]:
    return {
        "bits": bits_to_string(solution.bits) if len(solution.bits) else "",
        "denominator": solution.denominator,
        "state": solution.state,
        "directions": solution.directions,
        "multipliers": solution.multipliers,
    }
