"""From a map to the small problem that the searches solve.

Eliminating z from ``z = F(z)`` leaves ``y = G x + g, x = relu(y)`` in as many unknowns as there are
ReLUs, whatever the number of units: with ``R = (I - A)^-1``, ``G = V R W`` and ``g = V R h + c``.
"""

from __future__ import annotations

import time

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS, gamma
from .budget import Budget
from .rational_reduction import enclosed, is_singular, regular_pattern
from .reduced_problem import Reduction

__all__ = ["Reduction", "rebased", "reduce_fixed_points"]

# I - A is left as it is below this condition number: what a float search cannot decide grows with it.
COMFORTABLE = 1e5
# Above this one floats do not say whether it is singular: arithmetic modulo a prime does.
DOUBTFUL = 1e12
# How many random subregions are tried for a better one, and up to which size single changes of it.
TRIES, LARGEST_DESCENT = 8, 20_000
# A bound on |I - R K| below which the computed inverse R serves; and the largest error of G and g, relative to the
# entries they belong to, with which a search is worth starting in floats.
REGULAR, ACCURATE = 1e-4, 1e-7


def rebased(map: CanonicalMap, base: np.ndarray) -> CanonicalMap:
    """The same map, to rounding, written around the subregion `base` instead of around all-inactive.

    By ``relu(y) = y + relu(-y)`` the units of `base` contribute their active part to A and h, and
    their ReLU now sees -y.
    """
    sign = np.where(base, -1.0, 1.0)
    return CanonicalMap.build(
        map.jacobian(base),
        map.W,
        sign[:, None] * map.V,
        sign * map.c,
        map.offset(base),
        map.C + map.W[:, base] @ map.E[base],
        sign[:, None] * map.E,
    )


def _condition(matrix: np.ndarray) -> float:
    if not matrix.size:
        return 1.0
    with np.errstate(all="ignore"):
        value = float(np.linalg.cond(matrix, 1))
    return value if np.isfinite(value) else np.inf


def _best_base(map: CanonicalMap, budget: Budget | None) -> tuple[np.ndarray, float]:
    """A pattern b with a well-conditioned I - J_b, all-inactive if that is good enough, and its condition.

    What the search must leave to exact arithmetic grows with the condition.
    """
    identity = np.eye(map.n_units)

    def condition_of(bits: np.ndarray) -> float:
        return _condition(identity - map.jacobian(bits))

    base = np.zeros(map.n_relu, dtype=bool)
    condition = condition_of(base)
    if condition <= COMFORTABLE:
        return base, condition
    rng = np.random.default_rng(0)
    until = np.inf if budget is None or budget.deadline is None else time.perf_counter() + 0.25 * budget.remaining
    for other in (rng.random(map.n_relu) < 0.5 for _ in range(TRIES)):
        if time.perf_counter() > until:
            break
        value = condition_of(other)
        if value < 0.3 * condition:
            base, condition = other, value
    if condition > DOUBTFUL:
        regular = regular_pattern(map)
        if regular is None:
            return base, np.inf
        base = regular
        condition = condition_of(base)
    if COMFORTABLE < condition and map.n_relu * map.n_units <= LARGEST_DESCENT:
        for i in range(map.n_relu):
            if time.perf_counter() > until:
                break
            other = base.copy()
            other[i] ^= True
            value = condition_of(other)
            if value < condition:
                base, condition = other, value
    return base, condition


def reduce_fixed_points(map: CanonicalMap, budget: Budget | None = None) -> Reduction | None:
    """Reduce the fixed-point problem of a map without input to its ReLUs.

    Parameters
    ----------
    map : CanonicalMap
        In balanced units.
    budget : Budget, optional
        A quarter of its time may go into looking for a well-conditioned form.

    Returns
    -------
    Reduction or None
        None if no bitcode b with a regular I - J_b was found.

    Notes
    -----
    Costs one inverse of an M by M matrix and four products, and where I - A is badly conditioned about 3H more. The
    error bounds come from the residuals ``I - R K`` and ``W - K X``, so they hold whatever the inverse is like; where
    they are too wide, the same system is solved with balls of more digits.
    """
    base, condition = _best_base(map, budget)
    if not np.isfinite(condition) and is_singular(map, base):
        return None
    reduction = _in_floats(map, base)
    if reduction is None or not _is_accurate(reduction):
        reduction = enclosed(map, base) or reduction
    return reduction


def _is_accurate(reduction: Reduction) -> bool:
    return bool(
        np.all(
            reduction.error_G.max(axis=1, initial=0.0)
            <= ACCURATE * (1.0 + np.abs(reduction.G).max(axis=1, initial=0.0))
        )
        and np.all(reduction.error_g <= ACCURATE * (np.abs(reduction.g).max(initial=0.0) + 1.0))
    )


def _in_floats(map: CanonicalMap, base: np.ndarray) -> Reduction | None:
    """The reduction by a computed inverse; None where that proves nothing."""
    m, n = map.n_units, map.n_relu
    sign = np.where(base, -1.0, 1.0)
    V, c = sign[:, None] * map.V, sign * map.c
    active = np.abs(map.W[:, base])
    K = np.eye(m) - map.jacobian(base)
    h = map.offset(base)
    # What rounding may have done to K and h when the map was expanded about the base.
    K_error = gamma(n + 3) * (np.eye(m) + np.abs(map.A) + active @ np.abs(map.V[base]))
    h_error = gamma(n + 2) * (np.abs(map.h) + active @ np.abs(map.c[base])) if np.any(base) else np.zeros(m)
    try:
        R = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        return None
    abs_R, abs_K, abs_V = np.abs(R), np.abs(K), np.abs(V)
    with np.errstate(all="ignore"):
        E = np.abs(np.eye(m) - R @ K) + abs_R @ (gamma(m) * abs_K + K_error) + EPS * np.eye(m)
        e = float(E.sum(axis=1).max())
        if not e < REGULAR:
            return None
        right = np.column_stack([map.W, h])
        X = R @ right
        abs_X, abs_right = np.abs(X), np.abs(right)
        data = np.zeros_like(right)
        data[:, -1] = h_error
        residual = np.abs(right - K @ X) + gamma(m + 1) * (abs_right + abs_K @ abs_X) + K_error @ abs_X + data
        spread = abs_R @ residual
        # X - X* = (I - E)^-1 R residual, and what the inverse adds is at most e / (1 - e) of a column's largest entry.
        X_error = 1.01 * (spread + e / (1.0 - e) * spread.max(axis=0))
        product = V @ X
        error = 1.01 * (abs_V @ X_error + gamma(m) * (abs_V @ abs_X))
        g = product[:, -1] + c
        error_g = error[:, -1] + 2.0 * EPS * (np.abs(c) + np.abs(g))
    # Zeros that no rounding could make or hide, as those of units that do not reach each other.
    reach = _reach(K, K_error)
    empty_X = reach @ (abs_right + data > 0.0) == 0.0
    X[empty_X], X_error[empty_X] = 0.0, 0.0
    empty = (abs_V > 0.0) @ (~empty_X).astype(np.float64) == 0.0
    product[empty], error[empty] = 0.0, 0.0
    error_g[empty[:, -1]], g[empty[:, -1]] = 0.0, c[empty[:, -1]]
    reduction = Reduction(
        base, product[:, :-1], g, error[:, :-1], error_g, X[:, :-1], X[:, -1], X_error[:, :-1], X_error[:, -1]
    )
    arrays = (reduction.G, reduction.g, reduction.error_G, reduction.error_g, X, X_error)
    return reduction if all(np.all(np.isfinite(a)) for a in arrays) else None


def _reach(K: np.ndarray, K_error: np.ndarray) -> np.ndarray:
    """1.0 where the inverse of K may have an entry that is not zero: where one unit reaches another through K."""
    reach = ((K != 0.0) | (K_error > 0.0)).astype(np.float64)
    np.fill_diagonal(reach, 1.0)
    while not np.all(reach):
        further = (reach @ reach > 0.0).astype(np.float64)
        if np.array_equal(further, reach):
            break
        reach = further
    return reach
