"""Branches of fixed points over one or two parameters: where each exists, and where branches meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..engines.budget import Budget
from .clipping import clip_interval, clip_square, thickness
from .parametric import CLOSE, AffinePoint, ParametricMap, UnresolvedError, shadow, solve_patterns

__all__ = ["Piece", "Meeting", "Sheet", "find_meetings", "find_pieces"]

# Branches whose parameters fill less than this are points or lines.
THIN = 1e-12
# Ends of branches that differ by no more than this, relative, are the same.
SAME = 1e-7
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass(frozen=True, eq=False)
class Sheet:
    """A subregion's fixed point and the parameters for which it is real: `corners` (2, 1) or (k, 2), edges as clipped.

    `wide` is False where only points or lines are left of them.
    """

    point: AffinePoint
    corners: np.ndarray
    edges: np.ndarray
    wide: bool


@dataclass(frozen=True, eq=False)
class Piece:
    """A singular subregion that holds fixed points for the parameters in the convex hull of `corners`."""

    bits: np.ndarray
    corners: np.ndarray

    def near(self, t: np.ndarray) -> bool:
        """Whether parameters (d,) lie in the box around the corners, widened a little."""
        return bool(np.all(t >= self.corners.min(axis=0) - SAME) and np.all(t <= self.corners.max(axis=0) + SAME))


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where branches end: for t at `location`, (1, 1) or the two ends (2, 2) of a line, with the states there.

    `below` and `above` are indices of the branches on its two sides, `units` the ReLUs whose argument is zero.
    """

    location: np.ndarray
    states: np.ndarray
    units: np.ndarray
    below: tuple[int, ...]
    above: tuple[int, ...]


def _domain(point: AffinePoint, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Corners and edges of a branch's parameters, and how wide they are."""
    constants, slopes = point.inside
    if slopes.shape[1] == 1:
        low, high = clip_interval(constants, slopes[:, 0], point.y_error, slack)
        corners = np.array([[low], [high]]) if low <= high else np.zeros((0, 1))
        return corners, np.zeros(len(corners), dtype=np.intp), high - low
    corners, edges = clip_square(constants, slopes, point.y_error, slack)
    return corners, edges, thickness(corners)


def find_pieces(
    problem: ParametricMap, patterns: np.ndarray, budget: Budget
) -> tuple[list[Sheet], list[Piece], list[Piece], int]:
    """Solve every pattern (n, H): branches; singular subregions with fixed points, and those where rounding hides
    whether and where there are some (with all parameters); and how many were not looked at."""
    sheets: list[Sheet] = []
    pieces: list[Piece] = []
    undecided: list[Piece] = []
    everything = np.array([[0.0], [1.0]]) if problem.n_parameters == 1 else SQUARE
    done = 0
    try:
        for bits, point in zip(patterns, solve_patterns(problem, patterns), strict=True):
            if budget.overdue:
                break
            done += 1
            if point is None:
                try:
                    corners = shadow(problem, bits)
                except UnresolvedError:
                    undecided.append(Piece(bits, everything))
                    continue
                if corners is not None:
                    pieces.append(Piece(bits, corners))
                continue
            sheet = _sheet(point)
            if sheet is not None:
                sheets.append(sheet)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    # A ReLU whose argument is zero along a whole branch counts as inactive; its active twin is the same branch.
    found = {sheet.point.bits.tobytes() for sheet in sheets}
    kept = [sheet for sheet in sheets if _named(sheet.point).tobytes() not in found - {sheet.point.bits.tobytes()}]
    return kept, pieces, undecided, len(patterns) - done


def _sheet(point: AffinePoint) -> Sheet | None:
    """The parameters for which a subregion's point is real; None if, beyond rounding, there are none."""
    outer, outer_edges, _ = _domain(point, point.y_error)
    if not len(outer):
        return None
    corners, edges, width = _domain(point, np.zeros_like(point.y_error))
    wide = width > THIN
    return Sheet(point, corners if wide else outer, edges if wide else outer_edges, wide)


def _named(point: AffinePoint) -> np.ndarray:
    still = np.abs(point.y0) + np.abs(point.Y).sum(axis=1) <= 4.0 * point.y_error
    return point.bits & ~still


def _ends(sheet: Sheet) -> Iterator[np.ndarray]:
    """Ends of a branch that are no end of the range: points (1, 1), or edges (2, 2) of its polygon."""
    if sheet.corners.shape[1] == 1:
        yield from (end[None] for end in sheet.corners if CLOSE < end[0] < 1.0 - CLOSE)
        return
    for k, edge in enumerate(sheet.edges):
        ends = np.array([sheet.corners[k], sheet.corners[(k + 1) % len(sheet.corners)]])
        if edge >= 0 and np.max(np.abs(ends[0] - ends[1])) > CLOSE:
            yield ends


def _is_above(place: np.ndarray, corners: np.ndarray) -> bool:
    """On which side of an end, or of an edge, a branch lies: to the right, or to the left of the way along it."""
    way = corners.mean(axis=0) - place[0]
    if len(place) == 1:
        return bool(way[0] > 0.0)
    along = place[1] - place[0]
    return bool(along[0] * way[1] - along[1] * way[0] > 0.0)


def find_meetings(sheets: list[Sheet]) -> list[Meeting]:
    """Group the ends of branches by place and state.

    Notes
    -----
    Where the argument of ReLU i vanishes, the fixed points of the subregions with bit i set and not set coincide: so
    branches meet exactly where they share the vanishing ReLUs, all other bits, and the parameters.
    """
    groups: dict[bytes, list[tuple[np.ndarray, np.ndarray, np.ndarray, list[int], list[int]]]] = {}
    for index, sheet in enumerate(sheets):
        if not sheet.wide:
            continue
        point = sheet.point
        for place in _ends(sheet):
            y = point.y0 + place @ point.Y.T
            allowed = 4.0 * point.y_error + SAME * np.abs(point.Y).sum(axis=1)
            still = np.abs(point.y0) + np.abs(point.Y).sum(axis=1) <= 4.0 * point.y_error
            zero = np.all(np.abs(y) <= allowed, axis=0) & ~still
            key = (point.bits & ~zero).tobytes() + zero.tobytes()
            members = groups.setdefault(key, [])
            for where, _, _, below, above in members:
                if min(np.max(np.abs(where - place)), np.max(np.abs(where - place[::-1]))) <= SAME:
                    (above if _is_above(where, sheet.corners) else below).append(index)
                    break
            else:
                ends: tuple[list[int], list[int]] = ([], [index]) if _is_above(place, sheet.corners) else ([index], [])
                members.append((place, point.z0 + place @ point.Z.T, zero, *ends))
    found = [
        Meeting(place, states, np.flatnonzero(zero), tuple(below), tuple(above))
        for members in groups.values()
        for place, states, zero, below, above in members
    ]
    return sorted(found, key=lambda meeting: meeting.location.ravel().tolist())
