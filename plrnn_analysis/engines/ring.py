"""Cycles as fixed points: the map that carries a whole ring of k states one step on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap

__all__ = ["Constraints", "first_is_largest", "inside_box"]


@dataclass(frozen=True, eq=False)
class Constraints:
    """Linear conditions ``L z + offset >= 0`` that the points looked for may be asked to satisfy.

    Engines use them to cut; whoever asks must filter what comes back.
    """

    L: np.ndarray
    offset: np.ndarray


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
