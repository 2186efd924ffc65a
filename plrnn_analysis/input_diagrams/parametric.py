"""Fixed points of a map whose offsets depend on one or two parameters: ``h = h0 + h1 t, c = c0 + c1 t``, t in [0, 1]^d.

Inside a subregion the fixed points solve linear equations in state and parameters, and are real where H affine
inequalities hold. What floats exclude beyond their error bounds is excluded first
(:mod:`plrnn_analysis.input_diagrams.exclusion`); the rest is solved exactly
(:mod:`plrnn_analysis.input_diagrams.solutions`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat

from ..engines import branching, enumeration, mixed
from ..engines.budget import Budget
from ..engines.driver import Outcome, Workers
from ..engines.reduction import Reduction, reduce_fixed_points
from ..engines.ring import Constraints
from ..maps import CanonicalMap
from ..polytopes.rational import nearest_double, rational, rational_matrix
from ..units import Units, balanced

__all__ = ["ExactParametricMap", "ParametricMap", "TreeProblem", "candidate_patterns", "tree_problem"]

# Up to this many ReLUs every pattern is solved, if that takes no more operations than this.
MAX_RELUS, MAX_OPERATIONS = 12, 3e10
# By how much the tree looks further than asked below: at t = 0 offsets may vanish, and with them what cuts.
BEYOND = 0.0625


@dataclass(frozen=True, eq=False)
class ExactParametricMap:
    """The same in rationals: ``F(z, t) = A z + W relu(V z + c (1, t)) + h (1, t)``, h (M, 1 + d) and c (H, 1 + d)."""

    A: fmpq_mat
    W: fmpq_mat
    V: fmpq_mat
    h: fmpq_mat
    c: fmpq_mat


@dataclass(frozen=True, eq=False)
class ParametricMap:
    """A map without input, at t = 0, and how its offsets grow with t: `h1` (M, d) and `c1` (H, d).

    Rounded; `exact` holds what the given weights, inputs and ranges say.

    Attributes
    ----------
    map : CanonicalMap
    h1, c1 : ndarray
    exact : ExactParametricMap
    given : CanonicalMap
        With its inputs, of which `chosen` vary over `spans` (d, 2) while the others are held at `base` (K,).
    """

    map: CanonicalMap
    h1: np.ndarray
    c1: np.ndarray
    exact: ExactParametricMap
    given: CanonicalMap
    base: np.ndarray
    chosen: tuple[int, ...]
    spans: np.ndarray

    @classmethod
    def of(cls, map: CanonicalMap, base: np.ndarray, chosen: tuple[int, ...], spans: np.ndarray) -> ParametricMap:
        """Inputs `chosen` run over `spans` (d, 2), the others are held at `base` (K,)."""
        start = base.copy()
        start[list(chosen)] = spans[:, 0]
        widths = [rational(high) - rational(low) for low, high in spans.tolist()]
        offsets = []
        for offset, reads in ((map.h, map.C), (map.c, map.E)):
            rows, inputs = rational_matrix(reads), rational_matrix(start[:, None])
            first = [
                b + x
                for b, x in zip(rational_matrix(offset[:, None]).entries(), (rows * inputs).entries(), strict=True)
            ]
            table = [
                [first[i], *(rows[i, k] * width for k, width in zip(chosen, widths, strict=True))]
                for i in range(len(offset))
            ]
            offsets.append((table, np.array([[nearest_double(x) for x in row] for row in table])))
        d = len(chosen)
        (h_exact, h), (c_exact, c) = offsets
        h, c = h.reshape(-1, 1 + d), c.reshape(-1, 1 + d)
        at_start = CanonicalMap.build(map.A, map.W, map.V, c[:, 0], h[:, 0])
        exact = ExactParametricMap(
            rational_matrix(map.A),
            rational_matrix(map.W),
            rational_matrix(map.V),
            _from_rows(h_exact, 1 + d),
            _from_rows(c_exact, 1 + d),
        )
        return cls(at_start, h[:, 1:], c[:, 1:], exact, map, base, chosen, spans)

    @property
    def n_parameters(self) -> int:
        """Their number d."""
        return int(self.h1.shape[1])


def _from_rows(rows: list[list[fmpq]], width: int) -> fmpq_mat:
    return fmpq_mat(len(rows), width, [x for row in rows for x in row])


def candidate_patterns(
    problem: ParametricMap, budget: Budget, workers: Workers, method: str
) -> tuple[Outcome, str, list[str]]:
    """Patterns whose closed subregion holds a fixed point for some t, and perhaps others; the engine's name; notes.

    Notes
    -----
    Few ReLUs: all patterns. Else the search tree of the fixed points: each input that varies becomes a unit
    ``q = relu(q)``, which may have any value that is not negative, so that one tree decides all inputs at once.
    """
    m, n, d = problem.map.n_units, problem.map.n_relu, problem.n_parameters
    if method == "enumeration" or (method == "auto" and n <= MAX_RELUS and m**3 * 2.0**n <= MAX_OPERATIONS):
        return enumeration.search(n, budget), "enumeration", []
    tree = tree_problem(problem, budget)
    own, reduction = tree.units, tree.reduction
    if reduction is None:
        outcome = mixed.search(own.map, budget)
        outcome.words = _without(outcome.words, n)
        outcome.decided = min(outcome.decided >> d, 1 << n)
        return outcome, "linear programs", ["I - J is singular in every subregion: the state was kept in the problem"]
    if n + d > branching.MAX_UNKNOWNS:
        budget.stop("memory")
        return Outcome(exhausted=False), "linear programs", [f"{n} ReLUs are too many: tables take 8 H^3 bytes"]
    outcome = branching.search(reduction, budget, workers, tree.constraints)
    outcome.words = _without([word ^ reduction.base for word in outcome.words], n)
    outcome.decided >>= d
    notes = []
    if np.isfinite(outcome.limit):
        outcome.exhausted = False
        notes.append("fixed points far out were not excluded for all inputs")
    return outcome, "linear programs", notes


@dataclass(frozen=True, eq=False)
class TreeProblem:
    """What the search tree solves: each input that varies is a unit ``q = relu(q)``, the last ones, of bounded size.

    `reduction` is None where I - J is singular in every subregion.
    """

    units: Units
    reduction: Reduction | None
    constraints: Constraints


def tree_problem(problem: ParametricMap, budget: Budget) -> TreeProblem:
    """The problem with its inputs among the unknowns, in balanced units."""
    d = problem.n_parameters
    extended, room = _extended(problem)
    own = balanced(extended)
    L = np.hstack([np.zeros((d, extended.n_units - d)), -np.eye(d)])
    return TreeProblem(own, reduce_fixed_points(own.map, budget), Constraints(L, room / own.state[-d:]))


def _without(words: list[np.ndarray], n: int) -> list[np.ndarray]:
    found = {word[:n].tobytes(): word[:n] for word in words}
    return [found[key] for key in sorted(found)]


def _extended(problem: ParametricMap) -> tuple[CanonicalMap, np.ndarray]:
    """The map with its inputs among the states, and how large the last d states q may become.

    A state of its own holds each input: ``s = base``, or ``s = start + q`` where it varies, with ``q = relu(q)``. So
    no number is rounded, and the tree proves what it proves for the given inputs.
    """
    map, chosen = problem.given, list(problem.chosen)
    held = [k for k in range(map.n_inputs) if k not in chosen and problem.base[k] != 0.0]
    m, n, d, k = map.n_units, map.n_relu, len(chosen), len(chosen) + len(held)
    low, high = problem.spans.T
    start = low - BEYOND * (high - low)
    A, W = np.zeros((m + k + d, m + k + d)), np.zeros((m + k + d, n + d))
    V, h = np.zeros((n + d, m + k + d)), np.zeros(m + k + d)
    A[:m, :m], A[:m, m : m + k] = map.A, map.C[:, chosen + held]
    V[:n, :m], V[:n, m : m + k], V[n:, m + k :] = map.V, map.E[:, chosen + held], np.eye(d)
    W[:m, :n], W[m : m + d, n:], W[m + k :, n:] = map.W, np.eye(d), np.eye(d)
    h[:m], h[m : m + k] = map.h, np.concatenate([start, problem.base[held]])
    extended = CanonicalMap.build(A, W, V, np.append(map.c, np.zeros(d)), h)
    return extended, np.nextafter(high - start, np.inf)
