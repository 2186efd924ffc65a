"""Cycles as fixed points: the map that carries a whole ring of k states one step on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_array
from ..errors import ModelError
from ..maps import CanonicalMap

__all__ = ["Constraints", "driven_maps", "first_is_largest", "inside_box"]


@dataclass(frozen=True, eq=False)
class Constraints:
    """Linear conditions ``L z + offset >= 0`` that the points looked for may be asked to satisfy.

    Engines use them to cut; whoever asks must filter what comes back.
    """

    L: np.ndarray
    offset: np.ndarray


def driven_maps(map: CanonicalMap, periodic_input: Any) -> list[CanonicalMap]:
    """The map under each step (K,) of an input that is repeated for ever; without input, one map.

    Raises
    ------
    ModelError
        If the input is empty or has the wrong shape.
    """
    if periodic_input is None:
        return [map.with_input(None)]
    inputs = as_array("periodic_input", periodic_input, (None, map.n_inputs), "(p, K), one row per step")
    if not len(inputs):
        raise ModelError("periodic_input must hold at least one step")
    return [map.with_input(s) for s in inputs]


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
