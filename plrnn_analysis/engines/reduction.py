"""From a map to the small problem that the searches solve.

Eliminating z from ``z = F(z)`` leaves ``y = G x + g, x = relu(y)`` in as many unknowns as there are
ReLUs, whatever the number of units: with ``R = (I - A)^-1``, ``G = V R W`` and ``g = V R h + c``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap
from .budget import Budget

__all__ = ["DATA_ULPS", "Reduction", "rebased", "reduce_fixed_points"]

EPS = float(np.finfo(np.float64).eps)
# Weights are taken to be known to this many units in the last place. A point that is a fixed point of
# a map so close to the given one counts as a fixed point.
DATA_ULPS = 16.0
# I - A is left as it is below the first condition number; above the second it counts as singular.
COMFORTABLE, SINGULAR = 1e3, 1e13
# How many random subregions are tried for a better one, and up to which size single changes of it.
TRIES, LARGEST_DESCENT = 8, 20_000


@dataclass(frozen=True, eq=False)
class Reduction:
    """The problem ``y = G x + g, x = relu(y)`` of a map, and how wrong its coefficients may be.

    Attributes
    ----------
    base : (H,) ndarray of bool
        Pattern about which the map was expanded: bits of the map are ``(y > 0) != base``.
    G : (H, H) ndarray
    g : (H,) ndarray
    error_G : (H, H) ndarray
    error_g : (H,) ndarray
        Bounds for the entries: rounding here and `DATA_ULPS` units in the last place of the
        weights, both to first order.
    condition : float
        Condition number of I - A of the expanded map.
    to_state : (M, H) ndarray
    state_offset : (M,) ndarray
        The state of a solution: ``z = to_state x + state_offset``.
    """

    base: np.ndarray
    G: np.ndarray
    g: np.ndarray
    error_G: np.ndarray
    error_g: np.ndarray
    condition: float
    to_state: np.ndarray
    state_offset: np.ndarray


def rebased(map: CanonicalMap, base: np.ndarray) -> CanonicalMap:
    """The same map, written around the subregion `base` instead of around all-inactive.

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


def _regular_pattern(map: CanonicalMap) -> np.ndarray:
    """A pattern b for which I - J_b is regular, if there is one.

    det(I - J_b) is linear in each b_i, so from a point with real entries every entry can be moved to
    that end of [0, 1] where the determinant's modulus is larger without its reaching zero.
    """
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.25, 0.75, map.n_relu)
    identity = np.eye(map.n_units)
    for i in range(map.n_relu):
        sizes = []
        for end in (0.0, 1.0):
            weights[i] = end
            sizes.append(np.linalg.slogdet(identity - map.A - (map.W * weights) @ map.V)[1])
        weights[i] = 0.0 if sizes[0] >= sizes[1] else 1.0
    return weights > 0.5


def _best_base(map: CanonicalMap, budget: Budget | None) -> tuple[np.ndarray, float]:
    """A pattern b with a well-conditioned I - J_b, all-inactive if that is good enough, and its condition.

    The uncertainty of the reduced problem, and with it what a search can prove, grows with the condition.
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
    if condition > SINGULAR:
        base = _regular_pattern(map)
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
    budget : Budget, optional
        A quarter of its time may go into looking for a well-conditioned form.

    Returns
    -------
    Reduction or None
        None if I - J_b is singular, to rounding, for every bitcode b found.

    Notes
    -----
    Costs one inverse of an M by M matrix, and where I - A is badly conditioned about 3H more.
    """
    base, condition = _best_base(map, budget)
    expanded = rebased(map, base) if np.any(base) else map
    if condition > SINGULAR:
        return None
    K = np.eye(map.n_units) - expanded.A
    R = np.linalg.inv(K)
    RW, Rh = R @ expanded.W, R @ expanded.h
    G = expanded.V @ RW
    g = expanded.V @ Rh + expanded.c
    ulps = EPS * (DATA_ULPS + np.sqrt(map.n_units))
    VR = np.abs(expanded.V) @ np.abs(R)
    # |K| once more than in the inverse itself: its data, and the rounding of the inversion.
    spread = np.abs(K) + np.abs(expanded.A) + np.eye(map.n_units)
    error_G = ulps * (VR @ (spread @ np.abs(RW) + 2.0 * np.abs(expanded.W)) + np.abs(expanded.V) @ np.abs(RW))
    error_g = ulps * (
        VR @ (spread @ np.abs(Rh) + 2.0 * np.abs(expanded.h)) + np.abs(expanded.V) @ np.abs(Rh) + np.abs(expanded.c)
    )
    return Reduction(base, G, g, error_G, error_g, condition, RW, Rh)
