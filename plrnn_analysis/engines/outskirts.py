"""How far out the fixed points of a map can lie: an a-priori bound on their ReLU arguments.

Far out offsets do not matter, and ReLUs that read the same direction act as one: ``W_i relu(v + c_i)`` differs from
``W_i relu(v)`` by at most ``|W_i| |c_i|``. So large fixed points are nearly fixed points of a homogeneous map with
merged ReLUs. Where that one has none but zero, all fixed points are bounded. Clipped networks, whose ReLUs cancel in
pairs, are an example: merged, nothing is left of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS, gamma
from .reduced_problem import Reduction
from .reduction import reduce_fixed_points

__all__ = ["Outskirts", "merged"]

# A bound on |I - R K| below which the computed inverse R serves here.
REGULAR = 1e-4


@dataclass(frozen=True, eq=False)
class Outskirts:
    """The homogeneous problem of large fixed points.

    At a fixed point the merged arguments are ``v = G relu(v) + r`` (written about the base of `problem`) with
    ``|r| <= rest + blur * sum(relu(v))``, and the sum of all ``|y_i|`` is at most ``intercept + slope * sum(relu(v))``.

    Attributes
    ----------
    problem : Reduction
        Its g is zero.
    rest, blur : (n,) ndarray
    intercept, slope : float
    """

    problem: Reduction
    rest: np.ndarray
    blur: np.ndarray
    intercept: float
    slope: float


def _groups(V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each ReLU the group of those that read the same direction, -1 for zero rows, and its power of two."""
    orders = np.frexp(np.max(np.abs(V), axis=1, initial=0.0))[1]
    group = np.full(len(V), -1)
    known: dict[bytes, int] = {}
    for i, row in enumerate(np.ldexp(V, -orders[:, None]) + 0.0):
        if np.any(row):
            group[i] = known.setdefault(row.tobytes(), len(known))
    return group, np.ldexp(1.0, orders)


def merged(map: CanonicalMap) -> Outskirts | None:
    """Merge the ReLUs of a map that read the same direction, and drop what cancels.

    Parameters
    ----------
    map : CanonicalMap
        In balanced units.

    Returns
    -------
    Outskirts or None
        None if nothing can be merged, or the merged map has no reduction in floats about its own base.
    """
    group, factor = _groups(map.V)
    count = int(group.max(initial=-1)) + 1
    if not map.n_relu or (count == map.n_relu and np.all(np.any(map.W != 0.0, axis=0))):
        return None
    m = map.n_units
    # relu(f v) = f relu(v): the powers of two go over to W. Sums are rounded once, so that 0 is an exact 0.
    written = map.W * factor
    W, V = np.zeros((m, count)), np.zeros((count, m))
    for g in range(count):
        members = np.flatnonzero(group == g)
        W[:, g] = [math.fsum(row) for row in written[:, members].tolist()]
        V[g] = map.V[members[0]] / factor[members[0]]
    alive = np.any(W != 0.0, axis=0)
    far = CanonicalMap.build(map.A, W[:, alive], V[alive], np.zeros(int(alive.sum())), np.zeros(m))
    problem = reduce_fixed_points(far)
    # About another base the rounding of sums would meet arguments that are not bounded by x.
    if problem is None or np.any(problem.base):
        return None
    R = _inverse(far, problem.base)
    if R is None:
        return None
    # What offsets of ReLUs and of states add, and what rounding did when weights were summed.
    outside = 1.01 * (np.abs(map.W) @ np.abs(map.c) + np.abs(map.h))
    rounding = EPS * np.abs(W).max(axis=1, initial=0.0)
    reading, all_reading = np.abs(far.V) @ R, np.abs(map.V).sum(axis=0) @ R
    return Outskirts(
        problem,
        1.01 * reading @ outside,
        1.01 * reading @ rounding,
        1.01 * float(all_reading @ outside + np.abs(map.c).sum()),
        1.01 * float(all_reading @ (np.abs(far.W).max(axis=1, initial=0.0) + rounding)),
    )


def _inverse(map: CanonicalMap, base: np.ndarray) -> np.ndarray | None:
    """Bounds, entry by entry, of the modulus of the inverse of I - J_base; None where floats do not give them."""
    m = map.n_units
    K = np.eye(m) - map.jacobian(base)
    size = np.eye(m) + np.abs(map.A) + np.abs(map.W[:, base]) @ np.abs(map.V[base])
    try:
        R = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        return None
    with np.errstate(all="ignore"):
        E = np.abs(np.eye(m) - R @ K) + np.abs(R) @ (gamma(m + map.n_relu + 3) * size) + EPS * np.eye(m)
        e = float(E.sum(axis=1).max())
    if not e < REGULAR:
        return None
    return np.abs(R) + e / (1.0 - e) * np.abs(R).max(axis=0)
