"""Fixed points of a map whose offsets depend on one or two parameters: ``h = h0 + h1 t, c = c0 + c1 t``, t in [0, 1]^d.

Inside a subregion the fixed points solve linear equations in state and parameters, and are real where H affine
inequalities hold. What floats exclude beyond their error bounds is excluded here; the rest is solved exactly
(:mod:`plrnn_analysis.input_diagrams.solutions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq, fmpq_mat

from ..engines import branching, enumeration, mixed
from ..engines.budget import Budget
from ..engines.driver import Outcome, Workers
from ..engines.reduction import reduce_fixed_points
from ..engines.ring import Constraints
from ..maps import CanonicalMap
from ..numerics import EPS
from ..polytopes.rational import nearest_double, rational
from ..units import balanced, is_safe

__all__ = ["ExactParametricMap", "ParametricMap", "candidate_patterns", "surely_empty"]

# Up to so many ReLUs every pattern is solved, if that takes no more operations than this.
MAX_RELUS, MAX_OPERATIONS = 12, 3e10
# By how much the tree looks further than asked below: at t = 0 offsets may vanish, and with them what cuts.
BEYOND = 0.0625
# Matrix entries treated at once.
BATCH_ENTRIES = 1 << 22


def _matrix(array: np.ndarray) -> fmpq_mat:
    n, k = array.shape
    return fmpq_mat(n, k, [rational(x) for x in array.ravel().tolist()])


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
            rows, inputs = _matrix(reads), _matrix(start[:, None])
            first = [b + x for b, x in zip(_matrix(offset[:, None]).entries(), (rows * inputs).entries(), strict=True)]
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
            _matrix(map.A), _matrix(map.W), _matrix(map.V), _from_rows(h_exact, 1 + d), _from_rows(c_exact, 1 + d)
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
    extended, room = _extended(problem)
    own = balanced(extended)
    reduction = reduce_fixed_points(own.map, budget)
    if reduction is None:
        outcome = mixed.search(own.map, budget)
        outcome.words = _without(outcome.words, n)
        outcome.decided = min(outcome.decided >> d, 1 << n)
        return outcome, "linear programs", ["I - J is singular in every subregion: the state was kept in the problem"]
    if n + d > branching.MAX_UNKNOWNS:
        budget.stop("memory")
        return Outcome(exhausted=False), "linear programs", [f"{n} ReLUs are too many: tables take 8 H^3 bytes"]
    L = np.hstack([np.zeros((d, extended.n_units - d)), -np.eye(d)])
    outcome = branching.search(reduction, budget, workers, Constraints(L, room / own.state[-d:]))
    outcome.words = _without([word ^ reduction.base for word in outcome.words], n)
    outcome.decided >>= d
    notes = []
    if np.isfinite(outcome.limit):
        outcome.exhausted = False
        notes.append("fixed points far out were not excluded for all inputs")
    return outcome, "linear programs", notes


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


def surely_empty(problem: ParametricMap, patterns: np.ndarray) -> np.ndarray:
    """Which subregions (n, H) have no fixed point for any t, beyond the error bounds of floats; (n,) of bool.

    Notes
    -----
    An approximate inverse X of K = I - J gives z, whose true error is at most ``|X| |r|`` for the residual r, enlarged
    by ``1 / (1 - |I - X K|)`` (S. M. Rump, *Verification methods*, Acta Numerica 2010,
    doi:10.1017/S096249291000005X); rounding of K, r and of the offsets is added from the sizes of their terms. A ReLU
    argument of the wrong sign for all t excludes the subregion.
    """
    h, c = np.column_stack([problem.map.h, problem.h1]), np.column_stack([problem.map.c, problem.c1])
    largest = replace(problem.map, h=np.abs(h).max(axis=1), c=np.abs(c).max(axis=1, initial=0.0))
    own = balanced(largest)
    h, c = h / own.state[:, None], c / own.relu[:, None]
    if not (own.safe and is_safe(h) and is_safe(c)):
        # Underflow could take more than the bounds allow for.
        return np.zeros(len(patterns), dtype=bool)
    m, n = problem.map.n_units, problem.map.n_relu
    batch = max(1, BATCH_ENTRIES // (m * max(m, n, 1)))
    parts = [_empty_batch(own.map, h, c, patterns[at : at + batch]) for at in range(0, len(patterns), batch)]
    return np.concatenate([np.zeros(0, dtype=bool), *parts])


def _empty_batch(map: CanonicalMap, h: np.ndarray, c: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    m, n = map.n_units, map.n_relu
    unit = (m + n + 8) * EPS
    active = map.W[None] * patterns[:, None, :]
    with np.errstate(all="ignore"):
        K = np.eye(m) - map.A - active @ map.V
        size_K = np.eye(m) + np.abs(map.A) + np.abs(active) @ np.abs(map.V)
        rhs, size_rhs = h + active @ c, np.abs(h) + np.abs(active) @ np.abs(c)
        try:
            X = np.linalg.inv(K)
        except np.linalg.LinAlgError:
            if len(patterns) == 1:
                return np.zeros(1, dtype=bool)
            return np.concatenate([_empty_batch(map, h, c, pattern[None]) for pattern in patterns])
        z = X @ rhs
        residual = np.abs(rhs - K @ z) + unit * (size_rhs + size_K @ np.abs(z))
        defect = np.abs(np.eye(m) - X @ K) + unit * (np.abs(X) @ size_K)
        share = defect.sum(axis=2).max(axis=1)
        error = np.abs(X) @ residual
        error = error + (share / (1.0 - share))[:, None, None] * error.max(axis=1, keepdims=True, initial=0.0)
        y = map.V @ z + c
        y_error = np.abs(map.V) @ error + unit * (np.abs(map.V) @ np.abs(z) + np.abs(c))
        inside = np.where(patterns, 1.0, -1.0)[..., None] * y
        most = inside[..., 0] + np.maximum(inside[..., 1:], 0.0).sum(axis=2)
        # Twice the bound: it was itself computed in floats.
        wrong = most < -2.0 * y_error.sum(axis=2)
    return np.asarray(np.any(wrong, axis=1) & (share < 0.5))
