"""The linear complementarity problem that is left of a map when its state is eliminated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Reduction"]


@dataclass(frozen=True, eq=False)
class Reduction:
    """The problem ``y = G x + g, x = relu(y)`` of a map, and how wrong its coefficients may be.

    Attributes
    ----------
    base : (H,) ndarray of bool
        Pattern about which the map was expanded: bits of the map are ``(y > 0) != base``.
    G : (H, H) ndarray
    g : (H,) ndarray
    error_G, error_g : ndarray
        Bounds, entry by entry, of the difference from the exact values for the given doubles.
    to_state : (M, H) ndarray
    state_offset : (M,) ndarray
        The state of a solution: ``z = to_state x + state_offset``.
    error_state : (M, H) ndarray
    error_offset : (M,) ndarray
        Bounds for these.
    """

    base: np.ndarray
    G: np.ndarray
    g: np.ndarray
    error_G: np.ndarray
    error_g: np.ndarray
    to_state: np.ndarray
    state_offset: np.ndarray
    error_state: np.ndarray
    error_offset: np.ndarray
