"""Where along a stretch a word is followed by a cycle, and how each such piece ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .roots import zeros_and_poles
from .words import WordPath, refine

__all__ = ["BORDER", "OPEN", "POLE", "SAME", "End", "Piece", "pieces_of"]

BORDER, POLE, OPEN = "border", "pole", "open"
# Roots this close together, or to an edge, in units of the width of a stretch, are one.
SAME = 1e-9
# A ReLU argument is zero at a value if it is this small beside the terms that it is made of.
ZERO = 1e-9


@dataclass(frozen=True)
class End:
    """How an admissible piece ends: at a boundary, where I - J is singular, or only at the edge of the stretch."""

    value: float
    kind: str
    crossing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Piece:
    """An interval on which a word is followed by a cycle; `touches` are boundaries met and not crossed."""

    start: End
    stop: End
    touches: tuple[End, ...] = ()


def pieces_of(path: WordPath) -> list[Piece]:
    """The intervals of the stretch on which the word is followed, in order."""
    # An argument that is zero all along counts as inactive: a word that has it active is followed nowhere.
    low, high, width = path.stretch.low, path.stretch.high, path.stretch.width
    if np.any(path.flat & path.bits):
        return []
    zeros, poles = zeros_and_poles(path)
    inner = sorted([value for value, _ in zeros] + poles)
    edges = [low]
    for value in inner:
        if edges[-1] + SAME * width < value < high - SAME * width:
            edges.append(value)
    edges.append(high)
    middles = [0.5 * (a + b) for a, b in itertools.pairwise(edges)]
    inside = [path.margin(value) > 0.0 for value in middles]

    def end(i: int) -> End:
        value = edges[i]
        if any(abs(p - value) <= SAME * width for p in poles):
            return End(value, POLE)
        crossing = {where for v, where in zeros if abs(v - value) <= SAME * width}
        if not crossing:
            return End(value, OPEN)
        if 0 < i < len(edges) - 1 and inside[i - 1] != inside[i]:
            value = refine(path.margin, middles[i - 1], middles[i])
        return End(value, BORDER, tuple(sorted(crossing)))

    return _joined(path, inside, end)


def _joined(path: WordPath, inside: list[bool], end: Callable[[int], End]) -> list[Piece]:
    """Neighbouring intervals inside as one piece, unless the point between them is a pole."""
    found: list[Piece] = []
    start: End | None = None
    touches: list[End] = []
    for i in np.flatnonzero(inside).tolist():
        start = end(i) if start is None else start
        following = end(i + 1)
        if i + 1 < len(inside) and inside[i + 1] and following.kind != POLE:
            # The argument vanishes and comes back: the branch only touches the boundary.
            if _vanishes(path, following):
                touches.append(following)
            continue
        found.append(Piece(start, following, tuple(touches)))
        start, touches = None, []
    return found


def _vanishes(path: WordPath, end: End) -> bool:
    solved = path.solve(end.value)
    return solved is not None and any(abs(solved[1][w]) <= ZERO * path.scale[w] for w in end.crossing)
