"""Whether an image can miss a condition of its domain at all, where rounding hides it: decided in exact arithmetic."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..polytopes.programs import Decision, Verdict, decide
from ..polytopes.rational import rational, rationals
from .domains import Domain

__all__ = ["find_exit"]


class _Exit:
    """The rows of the question, for unknowns (z, s): those of the domain, the sides of each ReLU, and the image's."""

    def __init__(self, map: CanonicalMap, domain: Domain, row: np.ndarray, constant: float) -> None:
        k = map.n_units + map.n_inputs
        low, high = np.concatenate([domain.low, domain.s_low]), np.concatenate([domain.high, domain.s_high])
        unit, L = np.eye(k), np.hstack([domain.L, np.zeros((len(domain.offset), map.n_inputs))])
        self.rows = rationals(np.vstack([L, unit, -unit]).reshape(-1, k))
        self.room = rationals(np.concatenate([domain.offset, -low, high]))
        self.reads = rationals(np.hstack([map.V, map.E]).reshape(-1, k))
        self.c = rationals(map.c)
        reads = [rational(x) for x in row]
        self.weight = [_dot(reads, column) for column in zip(*rationals(map.W), strict=True)]
        self.plain = [_dot(reads, column) for column in zip(*rationals(np.hstack([map.A, map.C])), strict=True)]
        self.constant = rational(constant) + _dot(reads, rationals(map.h))

    def side(self, i: int, on: bool) -> tuple[list[fmpq], fmpq]:
        """Where ReLU i is on, or off; both hold where its argument is zero."""
        return (self.reads[i], self.c[i]) if on else ([-x for x in self.reads[i]], -self.c[i])

    def outside(self, active: list[int]) -> tuple[list[fmpq], fmpq]:
        """Positive where the image misses the condition, with these ReLUs on."""
        row, room = list(self.plain), self.constant
        for i in active:
            row = [a + self.weight[i] * b for a, b in zip(row, self.reads[i], strict=True)]
            room += self.weight[i] * self.c[i]
        return [-x for x in row], -room


def find_exit(
    map: CanonicalMap,
    domain: Domain,
    row: np.ndarray,
    constant: float,
    ranges: tuple[np.ndarray, np.ndarray],
    budget: Budget,
) -> Decision:
    """A state and an input (z, s) of a domain with ``row @ F(z, s) + constant < 0``, or that there is none.

    Parameters
    ----------
    map : CanonicalMap
    domain : Domain
    row : (M,) ndarray
    constant : float
    ranges : pair of (H,) ndarray
        Bounds of the ReLU arguments on the domain.
    budget : Budget

    Returns
    -------
    Decision

    Notes
    -----
    A tree over the sides of those ReLUs that switch on the domain and matter for the condition; two decisions
    (:func:`plrnn_analysis.polytopes.programs.decide`) a node.
    """
    problem = _Exit(map, domain, row, constant)
    lowest, highest = ranges
    always = [i for i in range(map.n_relu) if lowest[i] >= 0.0 < highest[i]]
    open_units = [i for i in range(map.n_relu) if lowest[i] < 0.0 < highest[i] and problem.weight[i]]
    stack: list[tuple[bool, ...]] = [()]
    undecided = False
    while stack:
        if budget.take(1) == 0:
            return Decision(Verdict.UNDECIDED)
        signs = stack.pop()
        sides = [problem.side(i, on) for i, on in zip(open_units, signs, strict=False)]
        complete = len(signs) == len(open_units)
        if complete:
            sides.append(problem.outside(always + [i for i, on in zip(open_units, signs, strict=True) if on]))
        rows = problem.rows + [side[0] for side in sides]
        strict = [False] * (len(rows) - 1) + [complete]
        decision = decide(rows, problem.room + [side[1] for side in sides], strict, deadline=budget.deadline)
        if decision.verdict is Verdict.EMPTY:
            continue
        if complete and decision.verdict is Verdict.FEASIBLE:
            return decision
        if complete:
            undecided = True
        else:
            stack += [(*signs, False), (*signs, True)]
    return Decision(Verdict.UNDECIDED if undecided else Verdict.EMPTY)


def _dot(a: list[fmpq], b: list[fmpq] | tuple[fmpq, ...]) -> fmpq:
    return sum((x * y for x, y in zip(a, b, strict=True)), fmpq(0))
