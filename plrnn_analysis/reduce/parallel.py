"""ReLUs that read the same thing, up to a factor, are one ReLU."""

from __future__ import annotations

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS
from ..polytopes.rational import rationals

__all__ = ["merge_parallel", "parallel_pairs"]

# Directions that differ by more, with rows scaled to a largest entry of 1, are different beyond rounding.
SAME = 8 * EPS


def parallel_pairs(rows: np.ndarray, same: float | None = None) -> list[tuple[int, int, float]]:
    """Rows that are multiples of an earlier row: (index, index of the first such row, factor); zero rows are none.

    Parameters
    ----------
    rows : (n, d) ndarray
    same : float, optional
        Take rows for multiples whose entries differ by no more than this, scaled to a largest entry of 1; by default
        only those that are, exactly.
    """
    near = SAME if same is None else same
    size = np.abs(rows).max(axis=1, initial=0.0)
    found: list[tuple[int, int, float]] = []
    firsts: list[int] = []
    for i in np.flatnonzero(size > 0.0):
        unit = rows[i] / size[i]
        for j in firsts:
            other = rows[j] / size[j]
            sign = 1.0 if unit @ other >= 0.0 else -1.0
            if np.max(np.abs(unit - sign * other)) <= near and (same is not None or _are_parallel(rows[i], rows[j])):
                found.append((int(i), j, float(sign * size[i] / size[j])))
                break
        else:
            firsts.append(int(i))
    return found


def _are_parallel(row: np.ndarray, other: np.ndarray) -> bool:
    """Whether a row is a multiple of another, with nothing rounded."""
    at = int(np.argmax(np.abs(other)))
    a, b = rationals(row), rationals(other)
    return all(x * b[at] == y * a[at] for x, y in zip(a, b, strict=True))


def merge_parallel(map: CanonicalMap) -> tuple[CanonicalMap, dict[int, int]]:
    """The same map with ReLUs on one hyperplane merged into the first of them.

    Parameters
    ----------
    map : CanonicalMap

    Returns
    -------
    CanonicalMap
        With as many ReLUs as before: those merged into another have a zero column in W.
    dict of int to int
        Which ReLU went into which.

    Notes
    -----
    ``relu(a y) = a relu(y)`` and ``relu(-a y) = a (relu(y) - y)`` for a > 0. Columns of W that cancel are set to zero.
    """
    moving = np.any(map.V != 0.0, axis=1) | np.any(map.E != 0.0, axis=1)
    rows = np.hstack([map.V, map.E, map.c[:, None]]) * moving[:, None]
    pairs = parallel_pairs(rows)
    if not pairs:
        return map, {}
    A, W, h, C = map.A.copy(), map.W.copy(), map.h.copy(), map.C.copy()
    size = np.abs(W)
    for i, j, factor in pairs:
        column = abs(factor) * map.W[:, i]
        W[:, j] += column
        size[:, j] += np.abs(column)
        W[:, i] = 0.0
        if factor < 0.0:
            A -= np.outer(column, map.V[j])
            h -= column * map.c[j]
            C -= np.outer(column, map.E[j])
    W[np.abs(W) <= SAME * size] = 0.0
    return CanonicalMap.build(A, W, map.V, map.c, h, C, map.E), {i: j for i, j, _ in pairs}
