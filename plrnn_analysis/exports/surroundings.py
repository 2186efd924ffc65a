"""Boxes around known fixed points that hold no other, and what is left of a box of states without them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf, nextafter

import numpy as np

from ..errors import ModelError
from ..maps import CanonicalMap
from ..polytopes.boxes import Box
from ..polytopes.rational import nearest_double
from .bounds import argument_bounds
from .known import Known

__all__ = ["box_around", "clearance", "without"]

# Pieces that a property may consist of: a verifier takes them one by one.
MOST_PIECES = 20_000
# Share of the way to the nearest boundary that a box reaches where ReLUs read several units.
SHARE = 0.5


def box_around(map: CanonicalMap, known: Known, within: Box) -> Box:
    """A box around a known fixed point, in the closed subregions in which it is the only one.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    known : Known
        With a fixed point; `either` says which boundaries do not count.
    within : Box

    Returns
    -------
    Box
        All of the subregions, as far as ReLUs read single units; else as wide as half the distance to the nearest
        boundary.

    Raises
    ------
    ModelError
        If there is no such box in doubles, or it would have to hold more than one point.
    """
    assert known.state is not None
    low, high = within.low.copy(), within.high.copy()
    counts = ~known.either
    single = np.count_nonzero(map.V, axis=1) == 1
    for i in np.flatnonzero(single & counts).tolist():
        unit = int(np.flatnonzero(map.V[i])[0])
        border = -Fraction(float(map.c[i])) / Fraction(float(map.V[i, unit]))
        if (map.V[i, unit] > 0.0) == known.bits[i]:
            low[unit] = max(low[unit], _up(border))
        else:
            high[unit] = min(high[unit], -_up(-border))
    several = np.flatnonzero(~single & counts & np.any(map.V, axis=1))
    if several.size:
        if known.dimension:
            raise ModelError(
                f"the fixed points in {known.name} are more than one, and no box holds them all: write the question as "
                ".mps or .lp, or give exclude without them"
            )
        z = np.array([nearest_double(value) for value in known.state])
        room = np.abs(map.V[several] @ z + map.c[several]) / np.abs(map.V[several]).sum(axis=1)
        reach = SHARE * float(room.min())
        read = np.any(map.V[several], axis=0)
        low[read], high[read] = np.maximum(low, z - reach)[read], np.minimum(high, z + reach)[read]
    found = Box(low, high)
    least, most = argument_bounds(map, found)
    if np.any(np.where(known.bits, least < 0.0, most > 0.0)[counts]):
        raise ModelError(
            f"the fixed point in {known.name} is too near a boundary for a box around it: write the question as .mps "
            "or .lp, or give exclude without it"
        )
    return found


def _up(value: Fraction) -> float:
    """The double at or above."""
    try:
        rounded = float(value)
    except OverflowError:
        return inf if value > 0 else -np.finfo(np.float64).max
    return rounded if Fraction(rounded) >= value else nextafter(rounded, inf)


def clearance(known: Known, around: Box, within: Box) -> float:
    """How far a known fixed point is from the sides of its box that lie inside; infinite if it has none."""
    assert known.state is not None
    z = np.array([nearest_double(value) for value in known.state])
    below, above = around.low > within.low, around.high < within.high
    return float(np.min(np.concatenate([(z - around.low)[below], (around.high - z)[above]]), initial=np.inf))


def without(within: Box, holes: Sequence[Box]) -> list[Box]:
    """Boxes that together are a box without the inside of others, one for each side of each hole or fewer.

    Raises
    ------
    ModelError
        If they are too many.
    """
    pieces = [within]
    for hole in holes:
        pieces = [part for piece in pieces for part in _cut(piece, hole)]
        if len(pieces) > MOST_PIECES:
            raise ModelError(
                f"the property would consist of more than {MOST_PIECES:,} boxes: write the question as .mps or .lp, or "
                "exclude fewer fixed points"
            )
    return pieces


def _cut(piece: Box, hole: Box) -> list[Box]:
    if np.any(hole.low >= piece.high) or np.any(hole.high <= piece.low):
        return [piece]
    parts = []
    low, high = piece.low.copy(), piece.high.copy()
    for j in range(len(low)):
        if low[j] < hole.low[j]:
            side = high.copy()
            side[j] = hole.low[j]
            parts.append(Box(low.copy(), side))
            low[j] = hole.low[j]
        if hole.high[j] < high[j]:
            side = low.copy()
            side[j] = hole.high[j]
            parts.append(Box(side, high.copy()))
            high[j] = hole.high[j]
    return parts
