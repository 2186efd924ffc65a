"""Cycles as fixed points: the map that carries a whole ring of k states one step on."""

from __future__ import annotations

import numpy as np

from ..maps import CanonicalMap
from .portfolio import Constraints

__all__ = ["first_is_largest", "inside_box", "ring_map"]


def ring_map(maps: list[CanonicalMap]) -> CanonicalMap:
    """The map ``(z_0, ..., z_{k-1}) -> (F_0(z_{k-1}), F_1(z_0), ..., F_{k-1}(z_{k-2}))``.

    Parameters
    ----------
    maps : list of CanonicalMap
        F_t, without input: the map into position t.

    Returns
    -------
    CanonicalMap
        In M k units and H k ReLUs, those of z_t in block t. Its fixed points are the k-periodic points.
    """
    k = len(maps)
    if k == 1:
        return maps[0]
    m, n = maps[0].n_units, maps[0].n_relu
    A = np.zeros((k, m, k, m))
    W = np.zeros((k, m, k, n))
    V = np.zeros((k, n, k, m))
    c = np.zeros((k, n))
    for t, map in enumerate(maps):
        before = (t - 1) % k
        A[t, :, before] = map.A
        W[t, :, before] = map.W
        V[before, :, before] = map.V
        c[before] = map.c
    h = np.concatenate([map.h for map in maps])
    return CanonicalMap.build(A.reshape(k * m, k * m), W.reshape(k * m, k * n), V.reshape(k * n, k * m), c.ravel(), h)


def first_is_largest(map: CanonicalMap, period: int, shift: int) -> Constraints:
    """Conditions that single out one rotation: no point reads more on the first ReLU than the first does.

    `shift` is the smallest shift along the ring that gives another solution: 1, or the period of the input.
    """
    others = range(shift, period, shift)
    L = np.zeros((len(others), period * map.n_units))
    for row, t in enumerate(others):
        L[row, : map.n_units] = map.V[0]
        L[row, t * map.n_units : (t + 1) * map.n_units] -= map.V[0]
    return Constraints(L, np.zeros(len(L)))


def inside_box(box: tuple[np.ndarray, np.ndarray], period: int) -> Constraints:
    """Conditions ``low <= z_t <= high`` for every point of the ring; infinite ends ask nothing."""
    low, high = (np.tile(side, period) for side in box)
    eye = np.eye(len(low))
    L = np.vstack([eye[np.isfinite(low)], -eye[np.isfinite(high)]])
    return Constraints(L, np.concatenate([-low[np.isfinite(low)], high[np.isfinite(high)]]))
