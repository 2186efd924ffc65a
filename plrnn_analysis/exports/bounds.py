"""Bounds of ReLU arguments on a box of states, which hold for the given doubles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..maps import CanonicalMap
from ..polytopes.boxes import Box

__all__ = ["argument_bounds"]


def argument_bounds(map: CanonicalMap, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest value (H,) of each ReLU's argument on a box, rounded outwards.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    box : Box
        Sides may be infinite.

    Returns
    -------
    low, high : (H,) ndarray
        Computed in rational numbers; infinite where the box is.
    """
    low, high = box.low.tolist(), box.high.tolist()
    rows = list(zip(map.V.tolist(), map.c.tolist(), strict=True))
    highest = [_largest(row, c, low, high) for row, c in rows]
    lowest = [-_largest([-v for v in row], -c, low, high) for row, c in rows]
    return np.array(lowest, dtype=np.float64), np.array(highest, dtype=np.float64)


def _largest(row: Sequence[float], constant: float, low: Sequence[float], high: Sequence[float]) -> float:
    ends = [(v, a if v < 0.0 else b) for v, a, b in zip(row, low, high, strict=True) if v]
    if any(math.isinf(end) for _, end in ends):
        return math.inf
    exact = sum((Fraction(v) * Fraction(end) for v, end in ends), Fraction(constant))
    try:
        rounded = float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -np.finfo(np.float64).max
    return rounded if Fraction(rounded) >= exact else math.nextafter(rounded, math.inf)
