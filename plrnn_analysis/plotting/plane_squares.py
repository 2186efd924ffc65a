"""The squares of a grid over two parameters, cut along the events on their sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..statuses import BifurcationKind
from .bifurcation_diagram import EventStyle, event_style
from .plane_lines import SAME, GridLine, Row, like, signature

if TYPE_CHECKING:
    from ..bifurcations import Bifurcation, BifurcationPlane

__all__ = ["Patch", "Segment", "cut_squares", "point_cells"]

#: Digits to which places, relative to the range, are told apart.
DIGITS = 9

Place = tuple[np.ndarray, "Bifurcation"]


@dataclass(frozen=True)
class Patch:
    """A polygon (k, 2) of one class: the numbers of each period, then those that are stable."""

    corners: np.ndarray
    row: Row
    complete: bool


@dataclass(frozen=True)
class Segment:
    """A piece of an event's curve, (2, 2)."""

    ends: np.ndarray
    style: EventStyle


def point_cells(plane: BifurcationPlane) -> list[Patch]:
    """The cell around each point of the grid, where only these are known."""
    n1, n2, _ = plane.counts.shape
    x, y = (_edges(values) for values in plane.values)
    rows = np.concatenate([plane.counts, plane.stable], axis=2)
    return [
        Patch(_rectangle(x[i], x[i + 1], y[j], y[j + 1]), tuple(rows[i, j].tolist()), bool(plane.complete[i, j]))
        for i in range(n1)
        for j in range(n2)
    ]


def cut_squares(plane: BifurcationPlane) -> tuple[list[Patch], list[Segment]]:
    """Every square of the grid in pieces of one class each, and the curves of events through it.

    Parameters
    ----------
    plane : BifurcationPlane

    Returns
    -------
    list of Patch
        Empty where a line of the grid was not followed, or what was followed does not agree with the points searched.
    list of Segment
    """
    n1, n2, periods = plane.counts.shape
    if min(n1, n2) < 2 or (len(plane.lines[0]), len(plane.lines[1])) != (n2, n1):
        return [], []
    across, along = ([GridLine(line, periods) for line in lines] for lines in plane.lines)
    if not _agree(plane, across, along):
        return [], []
    x, y = plane.values
    squares = [
        _Square((across[j], along[i + 1], across[j + 1], along[i]), _rectangle(x[i], x[i + 1], y[j], y[j + 1]),
                bool(plane.complete[i : i + 2, j : j + 2].all()))
        for i in range(n1 - 1)
        for j in range(n2 - 1)
    ]  # fmt: skip
    curves = _Curves(np.array([x[-1] - x[0], y[-1] - y[0]]))
    for square in squares:
        square.join_same(curves)
    patches: list[Patch] = []
    for square in squares:
        patches += square.patches(curves)
    for square in squares:
        square.join_rest(curves)
    return patches, curves.segments()


def _agree(plane: BifurcationPlane, across: Sequence[GridLine], along: Sequence[GridLine]) -> bool:
    """Whether lines say what was found at the points searched to the end, away from events."""
    rows = np.concatenate([plane.counts, plane.stable], axis=2)
    for i, x in enumerate(plane.values[0]):
        for j, y in enumerate(plane.values[1]):
            if not plane.complete[i, j] or across[j].near(x, x) or along[i].near(y, y):
                continue
            for line, value in ((across[j], float(x)), (along[i], float(y))):
                inside = line.found.values[0] < value < line.found.values[-1]
                if inside and line.row_at(value) != tuple(rows[i, j].tolist()):
                    return False
    return True


class _Curves:
    """Pieces of curves so far, and how they go on behind each end."""

    def __init__(self, scale: np.ndarray) -> None:
        self.scale = scale
        self._found: dict[tuple[object, ...], Segment] = {}
        self._beyond: dict[tuple[float, ...], list[np.ndarray]] = {}
        self._joined: set[tuple[object, ...]] = set()

    def key(self, point: np.ndarray) -> tuple[float, ...]:
        return tuple((np.round(point / self.scale, DIGITS) + 0.0).tolist())

    def add(self, a: np.ndarray, b: np.ndarray, style: EventStyle) -> None:
        ends = sorted([self.key(a), self.key(b)])
        # Curves along a side belong to both squares.
        if ends[0] != ends[1] and (style, *ends) not in self._found:
            self._found[(style, *ends)] = Segment(np.array([a, b]), style)
            self._joined.add(tuple(ends))
            self._beyond.setdefault(self.key(a), []).append(b)
            self._beyond.setdefault(self.key(b), []).append(a)

    def joined(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Whether a curve goes from a to b."""
        return tuple(sorted([self.key(a), self.key(b)])) in self._joined

    def segments(self) -> list[Segment]:
        return list(self._found.values())

    def meeting(self, a: np.ndarray, b: np.ndarray, corners: np.ndarray) -> np.ndarray | None:
        """Where two curves that end at a and b would meet in a square if they went straight on; None for one curve."""
        if self.joined(a, b):
            return None
        for before_a in self._behind(a, corners):
            for before_b in self._behind(b, corners):
                ways = np.array([a - before_a, before_b - b]).T
                if abs(np.linalg.det(ways / self.scale[:, None])) < SAME:
                    continue
                steps = np.linalg.solve(ways, b - a)
                met: np.ndarray = a + steps[0] * (a - before_a)
                if steps.min() >= 0.0 and not self._outside(met, corners):
                    return met
        return None

    def straight_on(self, a: np.ndarray, corners: np.ndarray, axis: int, level: float) -> np.ndarray:
        """Where a curve that ends at a would come to a level of an axis; straight across if it is not known."""
        behind = self._behind(a, corners)
        way = a - behind[0] if behind else np.zeros(2)
        if way[axis] == 0.0:
            way = np.eye(2)[axis]
        met: np.ndarray = a + (level - a[axis]) / way[axis] * way
        return np.clip(met, corners[0], corners[2])

    def leads(self, a: np.ndarray, b: np.ndarray, corners: np.ndarray) -> bool:
        """Whether a curve that ends at a leads straight to b."""
        ways = [np.array([a - before, b - a]) / self.scale for before in self._behind(a, corners)]
        return any(abs(np.linalg.det(way)) < SAME < float(way[0] @ way[1]) for way in ways)

    def _behind(self, a: np.ndarray, corners: np.ndarray) -> list[np.ndarray]:
        """Where curves that end at a come from, outside a square."""
        return [point for point in self._beyond.get(self.key(a), []) if self._outside(point, corners)]

    def _outside(self, point: np.ndarray, corners: np.ndarray) -> bool:
        room = SAME * self.scale
        return bool(np.any(point < corners[0] - room) or np.any(point > corners[2] + room))


class _Square:
    """One square of the grid, with the lines on its sides: lower, right, upper, left."""

    def __init__(self, lines: tuple[GridLine, ...], corners: np.ndarray, complete: bool) -> None:
        self.lines, self.corners, self.complete = lines, corners, complete
        (x0, y0), (x1, y1) = corners[0], corners[2]
        self.spans = ((x0, x1), (y0, y1), (x0, x1), (y0, y1))
        self.levels = (y0, x1, y1, x0)
        self.left_over: list[Place] = []
        self.turns: list[np.ndarray] = []

    def point(self, side: int, value: float) -> np.ndarray:
        """A place on a side."""
        return np.array([value, self.levels[side]] if side % 2 == 0 else [self.levels[side], value])

    def ends(self, side: int) -> tuple[list[Bifurcation], list[Bifurcation]]:
        """What the lines that cross this one meet at the two corners of a side."""
        before, after = (self.lines[k] for k in ((3, 1) if side % 2 == 0 else (0, 2)))
        level = self.levels[side]
        return before.near(level, level), after.near(level, level)

    def runs_along(self, side: int) -> bool:
        """Whether a curve runs along a side: then what exists on it is not what exists beside it."""
        return bool(self._common(side))

    def _common(self, side: int) -> set[tuple[object, ...]]:
        """Periods, and ReLUs or else kinds, of what is met at both corners."""

        def met(events: list[Bifurcation]) -> set[tuple[object, ...]]:
            return {(event.period, what) for event in events for what in event.relus or (event.kind,)}

        first, second = self.ends(side)
        return met(first) & met(second)

    def join_same(self, curves: _Curves) -> None:
        """Join places on the sides where the very same happens, and where it does but for other ReLUs."""
        places = [
            (self.point(side, event.value), event)
            for side, line in enumerate(self.lines)
            for event in line.near(*self.spans[side])
        ]
        for name in (signature, like):
            places = self._join(places, name, curves)
        self.left_over = [place for place in places if not self._at_corner(place[0], curves)]
        for side in range(4):
            self._join_along(side, curves)

    def _join(self, places: list[Place], name: Callable[[Bifurcation], object], curves: _Curves) -> list[Place]:
        groups: dict[object, list[Place]] = {}
        for place in places:
            groups.setdefault(name(place[1]), []).append(place)
        rest = []
        for group in groups.values():
            distinct = list({curves.key(point): point for point, _ in group}.values())
            if len(distinct) % 2:
                rest += group
            for a, b in _pairs(distinct) if len(distinct) % 2 == 0 else ():
                curves.add(a, b, event_style(group[0][1]))
        return rest

    def _join_along(self, side: int, curves: _Curves) -> None:
        """A curve along a side on which its kind changes at most once."""
        stops = self.lines[side].stops(*self.spans[side])
        first, last = (self.point(side, value) for value in self.spans[side])
        if not self.runs_along(side) or len(stops) > 1 or curves.joined(first, last):
            return
        # Where several ReLUs meet, several curves do: the other end says which of them this is.
        common = self._common(side)
        ends = [(end, [e for e in events if len(e.relus) == 1 and (e.period, *e.relus) in common])
                for end, events in zip((first, last), self.ends(side), strict=True)]  # fmt: skip
        if stops:
            for end, events in ends:
                for event in events:
                    curves.add(end, self.point(side, stops[0]), event_style(event))
        elif met := sorted((event for _, events in ends for event in events), key=lambda event: event.degenerate):
            curves.add(first, last, event_style(met[0]))

    def _at_corner(self, point: np.ndarray, curves: _Curves) -> bool:
        return curves.key(point) in {curves.key(corner) for corner in self.corners}

    def join_rest(self, curves: _Curves) -> None:
        """Join two curves of one kind that end in the square, as where two folds meet."""
        groups: dict[EventStyle, list[Place]] = {}
        for place in self.left_over:
            groups.setdefault(event_style(place[1]), []).append(place)
        for style, group in groups.items():
            points = list({curves.key(point): point for point, _ in group}.values())
            if len(points) == 1 and len(self.turns) == 1 and style.kind != "persistence":
                curves.add(points[0], self.turns[0], style)
            if len(points) == 2 and style.kind != "persistence":
                a, b = points
                met = curves.meeting(a, b, self.corners)
                for end in (a, b):
                    curves.add(end, 0.5 * (a + b) if met is None else met, style)
                if met is not None:
                    self._lead_to(met, curves)

    def _lead_to(self, met: np.ndarray, curves: _Curves) -> None:
        """Join border collisions that go straight on to where two other curves meet."""
        for point, event in self.left_over:
            if event.kind == BifurcationKind.PERSISTENCE and curves.leads(point, met, self.corners):
                curves.add(point, met, event_style(event))

    def patches(self, curves: _Curves) -> Iterator[Patch]:
        """Cut along chords between the places on the rim where the class changes."""
        arcs = self._arcs(curves)
        while len(arcs) > 2:
            # A stretch between two of one class is cut off, the shortest first.
            between = [k for k in range(len(arcs)) if arcs[k - 1][1] == arcs[(k + 1) % len(arcs)][1]]
            if not between:
                middle = np.mean([points[0] for points, _ in arcs], axis=0)
                yield from (Patch(np.array([*p, middle]), row, self.complete) for p, row in arcs)
                return
            k = min(between, key=lambda k: float(np.linalg.norm(arcs[k][0][-1] - arcs[k][0][0])))
            arcs = arcs[k:] + arcs[:k]
            points, row = arcs[0]
            met = curves.meeting(points[0], points[-1], self.corners)
            corner = [] if met is None else [met]
            yield Patch(np.array(points + corner), row, self.complete)
            arcs = [(arcs[-1][0] + corner + arcs[1][0], arcs[1][1]), *arcs[2:-1]]
        met = curves.meeting(arcs[0][0][0], arcs[0][0][-1], self.corners) if len(arcs) == 2 else None
        yield from (Patch(np.array(p if met is None else [*p, met]), row, self.complete) for p, row in arcs)

    def _arcs(self, curves: _Curves) -> list[tuple[list[np.ndarray], Row]]:
        """The rim as stretches of one class, each from the place where it begins to that where it ends."""
        points: list[np.ndarray] = []
        rows: list[Row] = []
        for side, (stops, found) in enumerate(self._sides(curves)):
            low, high = self.spans[side]
            # Counter-clockwise: the upper and the left side are walked backwards.
            values = [low, *stops] if side < 2 else [high, *stops[::-1]]
            points += [self.point(side, value) for value in values]
            rows += found if side < 2 else found[::-1]
        first = next((k for k in range(len(rows)) if rows[k] != rows[k - 1]), 0)
        points, rows = points[first:] + points[:first], rows[first:] + rows[:first]
        arcs: list[tuple[list[np.ndarray], Row]] = []
        for point, row in zip(points, rows, strict=True):
            if arcs:
                arcs[-1][0].append(point)
            if not arcs or arcs[-1][1] != row:
                arcs.append(([point], row))
        arcs[-1][0].append(points[0])
        return arcs

    def _sides(self, curves: _Curves) -> list[tuple[list[float], list[Row]]]:
        """Where the class changes on each side, and the classes, as seen from inside."""
        own = [line.between(*span) for line, span in zip(self.lines, self.spans, strict=True)]
        along = [self.runs_along(side) for side in range(4)]
        sides = list(own)
        for side in range(4):
            if not along[side]:
                continue
            before, after = (3, 1) if side % 2 == 0 else (0, 2)
            end = -1 if side in (1, 2) else 0
            ends = [own[k][1][end] for k in (before, after) if not along[k]]
            if ends and ends[0] == ends[-1]:
                sides[side] = ([], [ends[0]])
            elif ends:
                sides[side] = ([self._turn(side, own[(side + 2) % 4][0], curves)], ends)
        return sides

    def _turn(self, side: int, opposite: list[float], curves: _Curves) -> float:
        """Where the class changes beside a side with a curve along it: where a curve from the opposite side comes."""
        low, high = self.spans[side]
        stops = self.lines[side].stops(low, high)
        if len(stops) == 1:
            turn = stops[0]
        elif len(opposite) == 1:
            start = self.point((side + 2) % 4, opposite[0])
            turn = float(curves.straight_on(start, self.corners, (side + 1) % 2, self.levels[side])[side % 2])
        else:
            turn = 0.5 * (low + high)
        self.turns.append(self.point(side, turn))
        return turn


def _pairs(points: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The nearest two, then the nearest two of the rest."""
    while points:
        n = len(points)
        apart = np.linalg.norm(np.array(points)[:, None] - np.array(points), axis=-1) + np.diag(np.full(n, np.inf))
        i, j = divmod(int(apart.argmin()), n)
        yield points[i], points[j]
        points = [point for k, point in enumerate(points) if k not in (i, j)]


def _rectangle(left: float, right: float, low: float, high: float) -> np.ndarray:
    return np.array([[left, low], [right, low], [right, high], [left, high]], dtype=np.float64)


def _edges(values: np.ndarray) -> np.ndarray:
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])
