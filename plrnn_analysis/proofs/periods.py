"""The part of a certificate about one period: the fixed points of the map of that many states in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engines.branching import MAX_UNKNOWNS, find_cuts
from ..engines.budget import Budget
from ..engines.cuts import Cuts
from ..engines.reduction import reduce_fixed_points
from ..engines.ring import Constraints, first_is_largest
from ..maps import CanonicalMap, bits_from_string, bits_to_string, ring_map
from ..results import Cycles, FixedPoints, UniquenessCertificate
from ..units import balanced_ring
from .equations import Equations, equations_within, integers_of
from .solutions import Listed, listed_once, turned
from .texts import step_text, text
from .tree import prove
from .uniqueness import unique

__all__ = ["MODULUS", "period_text", "words_of"]

# A prime; ranks are shown among its residues.
MODULUS = 2**61 - 1


def words_of(found: FixedPoints | Cycles | UniquenessCertificate, period: int) -> list[list[str]]:
    """The words of this length of what was found: cycles and families of this period, and of its divisors repeated."""
    if isinstance(found, UniquenessCertificate):
        return [] if found.fixed_point is None else [[found.fixed_point.bitcode]]
    if isinstance(found, FixedPoints):
        return [[one.bitcode] for one in (*found, *found.continua)]
    some = (one for one in (*found, *found.continua) if period % one.period == 0)
    return [list(one.word) * (period // one.period) for one in some]


def period_text(
    maps: Sequence[CanonicalMap], words: Iterable[Sequence[str]], shift: int, workers: int, budget: Budget
) -> str | None:
    """The proof that all points of a period are known, as JSON.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
        A ring, without input; ``maps[t]`` leads into position t.
    words : iterable of sequences of k str
        The subregions of each cycle and family.
    shift : int
        By multiples of this a solution of the ring can be turned.
    workers : int
        Threads of the search.
    budget : Budget

    Returns
    -------
    str or None
        None if the budget ended first.

    Raises
    ------
    Unlisted
        If there are others, or numbers defeat the solver.

    Notes
    -----
    Of the turns of a cycle the proof considers those alone that begin where ReLU 0 reads the most.
    """
    period, ring = len(maps), ring_map(maps)
    own = balanced_ring(maps)
    reduction = reduce_fixed_points(own.map, budget) if own.safe else None
    base = np.zeros(ring.n_relu, dtype=bool) if reduction is None else reduction.base
    relus = maps[0].n_relu
    compared = range(shift * relus, ring.n_relu, shift * relus) if relus else range(0)
    numbers = integers_of(ring)
    equations = equations_within(numbers, base, budget, compared)
    if equations is None:
        return None
    patterns = [np.array([bits_from_string(code, relus) for code in word]) for word in words]
    solutions = listed_once(maps, patterns, shift, equations, budget)
    if solutions is None:
        return None
    steps = _unique_step(ring, equations, solutions)
    if steps is None:
        constraints, sizes = _first_is_largest(maps[0], period, shift, own.state) if len(compared) else (None, ())
        cuts = Cuts(np.zeros((0, ring.n_relu), dtype=np.int8), np.zeros((0, len(equations.floats))))
        if reduction is not None and equations.solved and ring.n_relu and ring.n_relu <= MAX_UNKNOWNS:
            cuts = _for_equations(find_cuts(reduction, budget, constraints, workers), base, len(equations.floats))
        turns = turned(solutions, numbers.V[0][: maps[0].n_units] if relus else [0] * maps[0].n_units, period, shift)
        steps = prove(equations, solutions, cuts, np.concatenate([own.relu, sizes]), budget, turns)
    if steps is None:
        return None
    head = {
        "base": "".join("1" if b else "0" for b in base),
        "solutions": [_record(solution, equations) for solution in solutions],
    }
    return f'{text(head)[:-1]},"proof":[{",".join(steps)}]}}'


def _for_equations(cuts: Cuts, base: np.ndarray, rows: int) -> Cuts:
    """Cuts in terms of on and off, with multipliers of all rows."""
    missing = np.zeros((len(cuts.bits), rows - cuts.multipliers.shape[1]), dtype=np.float32)
    bits = np.where(cuts.bits < 0, cuts.bits, cuts.bits ^ base.astype(np.int8))
    return Cuts(bits, np.hstack([cuts.multipliers, missing]))


def _first_is_largest(map: CanonicalMap, period: int, shift: int, state: np.ndarray) -> tuple[Constraints, np.ndarray]:
    """That ReLU 0 reads the most in the first state, in balanced units, in rows of size one; and these units."""
    L = first_is_largest(map, period, shift).L * state
    orders = np.frexp(np.max(np.abs(L), axis=1, initial=0.0))[1]
    return Constraints(np.ldexp(L, -orders[:, None]), np.zeros(len(L))), np.ldexp(1.0, orders)


def _unique_step(map: CanonicalMap, equations: Equations, solutions: Sequence[Listed]) -> list[str] | None:
    if len(solutions) != 1 or solutions[0].directions:
        return None
    evidence = unique(map, equations)
    return None if evidence is None else [step_text("unique", 0, *evidence)]


def _record(solution: Listed, equations: Equations) -> dict[str, Any]:
    return {
        "bits": bits_to_string(solution.bits) if len(solution.bits) else "",
        "denominator": solution.denominator,
        "state": solution.state,
        "directions": solution.directions,
        "multipliers": solution.multipliers or [0] * len(equations.floats),
    }
