"""Polyhedra over the rational numbers: emptiness, and which inequalities are equations on all of one.

Every float is a rational number, so a question about a polyhedron given by floats has an exact answer. It is
found here by walking from vertex to vertex; a vertex is the solution of as many equations as there are unknowns,
and is solved for anew from the data, in integers, so that nothing is ever rounded and no number grows with the
length of the walk.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpz, fmpz_mat

__all__ = [
    "Flat",
    "Undecided",
    "flat_of",
    "furthest",
    "leading_columns",
    "nearest_double",
    "rational",
    "rationals",
    "relative_interior",
    "whole_numbers",
]

# Pivots by the steepest rule before the rule that cannot cycle takes over, for each row and unknown.
EAGER_PIVOTS = 3

Rows = Sequence[Sequence[fmpq]]
Point = list[fmpq]


class Undecided(Exception):
    """The time was up before the question was decided."""


def rational(value: float) -> fmpq:
    """A finite float as the rational number that it is.

    Raises
    ------
    ValueError, OverflowError
        For NaN and infinity.
    """
    return fmpq(*float(value).as_integer_ratio())


def rationals(array: Any) -> list[Any]:
    """An array of finite floats as nested lists of rationals of the same shape."""
    array = np.asarray(array, dtype=np.float64)
    if array.ndim == 1:
        return [rational(x) for x in array.tolist()]
    return [rationals(part) for part in array]


def nearest_double(value: fmpq) -> float:
    """The float nearest to a rational number, infinite where it is too large for one."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


@dataclass(frozen=True, eq=False)
class Flat:
    """The solutions of linear equations: ``x = origin + directions @ s`` with s in Q^free.

    Attributes
    ----------
    origin : (k, 1) fmpq_mat
    directions : (k, free) fmpq_mat
    free : tuple of int
        The unknowns that s is.
    """

    origin: fmpq_mat
    directions: fmpq_mat
    free: tuple[int, ...]

    def point(self, s: Sequence[fmpq]) -> Point:
        """The solution with coordinates s."""
        if not len(s):
            return self.origin.entries()
        return (self.origin + self.directions * fmpq_mat(len(s), 1, list(s))).entries()

    def restrict(self, rows: Rows, room: Sequence[fmpq]) -> tuple[list[Point], Point]:
        """``rows @ x + room`` in terms of s."""
        n, free = len(rows), self.directions.ncols()
        if not n:
            return [], []
        matrix = fmpq_mat([list(row) for row in rows])
        constants = [b + v for b, v in zip(room, (matrix * self.origin).entries(), strict=True)]
        return (matrix * self.directions).tolist() if free else [[] for _ in range(n)], constants


def flat_of(rows: Rows, room: Sequence[fmpq], k: int) -> Flat | None:
    """The points x of Q^k with ``rows @ x + room = 0``; None if there is none."""
    if not len(rows):
        return Flat(fmpq_mat(k, 1), fmpq_mat([[fmpq(i == j) for j in range(k)] for i in range(k)]), tuple(range(k)))
    reduced, rank = fmpq_mat([[*row, b] for row, b in zip(rows, room, strict=True)]).rref()
    pivots = leading_columns(reduced, rank)
    if k in pivots:
        return None
    free = [j for j in range(k) if j not in pivots]
    origin, directions = fmpq_mat(k, 1), fmpq_mat(k, len(free))
    for i, pivot in enumerate(pivots):
        origin[pivot, 0] = -reduced[i, k]
        for column, j in enumerate(free):
            directions[pivot, column] = -reduced[i, j]
    for column, j in enumerate(free):
        directions[j, column] = fmpq(1)
    return Flat(origin, directions, tuple(free))


def relative_interior(
    rows: Rows,
    room: Sequence[fmpq],
    strict: Sequence[bool] | None = None,
    *,
    proposal: Any = None,
    deadline: float | None = None,
) -> tuple[Point, tuple[bool, ...]] | None:
    """A point in the relative interior of a polyhedron, exactly, or the certainty that it is empty.

    Parameters
    ----------
    rows : (n, k) nested sequences of fmpq
        The polyhedron is ``{t in Q^k: rows @ t + room >= 0}``; n and k may be 0. Without rows k is the length of
        `proposal`, or 0.
    room : (n,) sequence of fmpq
    strict : (n,) sequence of bool, optional
        Where the row must be positive, not only not negative.
    proposal : (k,) array_like of float, optional
        A point near the polyhedron. Where it lies inside it is the answer; else the walk begins near it.
    deadline : float, optional
        A time of ``time.perf_counter()``.

    Returns
    -------
    point : list of fmpq
        At it every row is positive that is not zero on the whole polyhedron.
    vanishing : tuple of bool
        The rows that are zero on the whole polyhedron.

    or None if it is empty.

    Raises
    ------
    Undecided
        If the deadline passes first.

    Notes
    -----
    One unknown: an interval. More: a feasible vertex by the dual simplex method with a zero objective, then the primal
    method on the sum of all rows that are zero at every point seen so far. Each progress makes such a row positive, so
    there are at most n of them; where there is none, the multipliers of the last vertex prove that the rows left
    vanish everywhere. Bland's rule (1977, doi:10.1287/moor.2.2.103) ends both. A pivot costs two or three
    solutions of a k by k system of integers (1 ms for k = 30).

    Examples
    --------
    The segment of the plane with x + y = 1 and both coordinates not negative.

    >>> rows = rationals([[1, 0], [0, 1], [1, 1], [-1, -1]])
    >>> relative_interior(rows, rationals([0, 0, -1, 1]))
    ([1/2, 1/2], (False, False, True, True))
    """
    n = len(room)
    strict = [False] * n if strict is None else strict
    k = len(rows[0]) if n else (0 if proposal is None else len(proposal))
    moving = [i for i in range(n) if any(rows[i])]
    still = set(range(n)).difference(moving)
    if any(room[i] < 0 or (strict[i] and room[i] == 0) for i in still):
        return None
    vanishing = [i in still and room[i] == 0 for i in range(n)]
    if not moving:
        return [fmpq(0)] * k, tuple(vanishing)
    rows, room = [rows[i] for i in moving], [room[i] for i in moving]
    start = _as_point(proposal)
    if start is not None and all(value > 0 for value in _values(rows, room, start)):
        return start, tuple(vanishing)
    found = _interval(rows, room) if k == 1 else _Walk(rows, room, start, deadline).run()
    if found is None:
        return None
    point, zero = found
    if any(strict[moving[i]] for i in zero):
        return None
    for i in zero:
        vanishing[moving[i]] = True
    return point, tuple(vanishing)


def furthest(
    rows: Rows, room: Sequence[fmpq], direction: Sequence[fmpq], *, deadline: float | None = None
) -> Point | None:
    """A point of ``{t: rows @ t + room >= 0}`` at which ``direction @ t`` is largest, exactly.

    Parameters
    ----------
    rows, room
        As in :func:`relative_interior`.
    direction : (k,) sequence of fmpq
    deadline : float, optional

    Returns
    -------
    list of fmpq or None
        None if the set is empty, or the product has no upper end.

    Raises
    ------
    Undecided
        If the deadline passes first.
    """
    moving = [i for i, row in enumerate(rows) if any(row)]
    k = len(direction)
    if any(b < 0 and not any(row) for row, b in zip(rows, room, strict=True)):
        return None
    if not moving:
        return None if any(direction) else [fmpq(0)] * k
    walk = _Walk([rows[i] for i in moving], [room[i] for i in moving], None, deadline)
    if not walk.find_vertex():
        return None
    # Only a direction that the rows span can have an end.
    spanned = fmpz_mat([row[:-1] for row in map(whole_numbers, ([*rows[i], fmpq(0)] for i in moving))])
    objective = whole_numbers(list(direction))
    if fmpz_mat([*spanned.tolist(), objective]).rank() > len(walk.columns):
        return None
    vertex = walk.maximum([objective[j] for j in walk.columns])
    return None if vertex is None else walk.whole(vertex)


def _as_point(proposal: Any) -> Point | None:
    if proposal is None:
        return None
    proposal = np.asarray(proposal, dtype=np.float64)
    return rationals(proposal) if np.all(np.isfinite(proposal)) else None


def _values(rows: Rows, room: Sequence[fmpq], point: Point) -> list[fmpq]:
    product = fmpq_mat([list(row) for row in rows]) * fmpq_mat(len(point), 1, point)
    return [value + b for value, b in zip(product.entries(), room, strict=True)]


def _interval(rows: Rows, room: Sequence[fmpq]) -> tuple[Point, list[int]] | None:
    """The one-dimensional case: the middle of the interval, or a point one from its only end."""
    ends = [-b / row[0] for row, b in zip(rows, room, strict=True)]
    low = max((end for end, row in zip(ends, rows, strict=True) if row[0] > 0), default=None)
    high = min((end for end, row in zip(ends, rows, strict=True) if row[0] < 0), default=None)
    if high is None:
        assert low is not None
        return [low + fmpq(1)], []
    if low is None:
        return [high - fmpq(1)], []
    if low > high:
        return None
    # Where the interval is one point, the rows that end there are zero on all of it.
    return [(low + high) / 2], [i for i, end in enumerate(ends) if low == high and end == low]


class _Walk:
    """A walk over vertices. Only as many unknowns as the rank are moved; the others stay 0, which changes no row's
    range. A vertex is named by the rows that are zero there, the basis."""

    def __init__(self, rows: Rows, room: Sequence[fmpq], start: Point | None, deadline: float | None) -> None:
        self.k = len(rows[0])
        # A row times a positive number says the same: all entries become whole numbers.
        integers = [whole_numbers([*row, b]) for row, b in zip(rows, room, strict=True)]
        nearness: list[fmpq] = [fmpq(0)] * len(integers)
        if start is not None:
            distance = fmpq_mat(fmpz_mat(integers)) * fmpq_mat(self.k + 1, 1, [*start, fmpq(1)])
            sizes = [max(abs(x) for x in row[:-1]) for row in integers]
            nearness = [abs(d) / s for d, s in zip(distance.entries(), sizes, strict=True)]
        order = sorted(range(len(integers)), key=nearness.__getitem__)
        self.columns = _pivots(fmpz_mat([row[:-1] for row in integers]))
        self.A = [[row[j] for j in self.columns] for row in integers]
        self.b = [row[-1] for row in integers]
        self.matrix, self.constants = fmpq_mat(fmpz_mat(self.A)), fmpq_mat(len(self.b), 1, self.b)
        independent = _pivots(fmpz_mat([self.A[i] for i in order]).transpose())
        self.basis = sorted(order[i] for i in independent)
        self.deadline = deadline
        self.eager = EAGER_PIVOTS * (len(self.A) + len(self.columns))

    def run(self) -> tuple[Point, list[int]] | None:
        """A relatively interior point and the rows that vanish everywhere."""
        if not self.find_vertex():
            return None
        points = [self._vertex()]
        zero = {i for i, value in enumerate(self._slacks(points[0])) if value == 0}
        while zero:
            step = self._improve(self._vertex(), zero)
            if step is None:
                break
            points.append(step)
            zero -= {i for i, value in enumerate(self._slacks(step)) if value > 0}
        middle = points[0]
        for point in points[1:]:
            middle = middle + point
        return self.whole(middle * fmpq(1, len(points))), sorted(zero)

    def _tick(self) -> None:
        if self.deadline is not None and time.perf_counter() > self.deadline:
            raise Undecided
        self.eager -= 1

    def _square(self) -> fmpz_mat:
        return fmpz_mat([self.A[i] for i in self.basis])

    def _vertex(self) -> fmpq_mat:
        return _solve(self._square(), [-self.b[i] for i in self.basis])

    def _slacks(self, point: fmpq_mat) -> list[fmpq]:
        return (self.matrix * point + self.constants).entries()

    def _multipliers(self, row: list[fmpz]) -> list[fmpq]:
        """The combination of the basis' rows that `row` is."""
        return _solve(self._square().transpose(), row).entries()

    def find_vertex(self) -> bool:
        """Pivot until no row is negative; False if a combination of rows shows that there is no such point."""
        while True:
            self._tick()
            slacks = self._slacks(self._vertex())
            negative = [i for i, value in enumerate(slacks) if value < 0]
            if not negative:
                return True
            row = min(negative, key=slacks.__getitem__) if self.eager > 0 else negative[0]
            # row = sum of multipliers times the basis' rows, plus a negative constant: without a positive
            # multiplier it is negative wherever the basis' rows are not.
            multipliers = self._multipliers(self.A[row])
            entering = [j for j, value in enumerate(multipliers) if value > 0]
            if not entering:
                return False
            place = max(entering, key=multipliers.__getitem__) if self.eager > 0 else entering[0]
            self._exchange(place, row)

    def _improve(self, vertex: fmpq_mat, zero: set[int]) -> fmpq_mat | None:
        """A point at which one of the rows in `zero` is positive, None if there is none."""
        total = [sum((self.A[i][j] for i in zero), fmpz(0)) for j in range(len(self.columns))]
        while (move := self._pivot(vertex, total)) is not None:
            way, length = move
            if length is None:
                return vertex + way
            if length > 0:
                return vertex + way * length
        return None

    def maximum(self, cost: list[fmpz]) -> fmpq_mat | None:
        """A vertex at which ``cost @ t`` is largest, None if it grows without end."""
        vertex = self._vertex()
        while (move := self._pivot(vertex, cost)) is not None:
            way, length = move
            if length is None:
                return None
            vertex = vertex + way * length
        return vertex

    def _pivot(self, vertex: fmpq_mat, cost: list[fmpz]) -> tuple[fmpq_mat, fmpq | None] | None:
        """One exchange of a row of the basis: an edge along which `cost` grows and how far it leads, None for ever.

        None if it grows along no edge.
        """
        self._tick()
        gains = self._multipliers(cost)
        rising = [j for j, value in enumerate(gains) if value > 0]
        if not rising:
            return None
        place = max(rising, key=gains.__getitem__) if self.eager > 0 else rising[0]
        way = _solve(self._square(), [fmpz(j == place) for j in range(len(self.basis))])
        slopes, slacks = (self.matrix * way).entries(), self._slacks(vertex)
        ratios = {i: -slacks[i] / slope for i, slope in enumerate(slopes) if slope < 0}
        if not ratios:
            return way, None
        least = min(ratios.values())
        self._exchange(place, min(i for i, ratio in ratios.items() if ratio == least))
        return way, least

    def whole(self, point: fmpq_mat) -> Point:
        """With the unknowns that are not moved."""
        whole = [fmpq(0)] * self.k
        for column, value in zip(self.columns, point.entries(), strict=True):
            whole[column] = value
        return whole

    def _exchange(self, place: int, row: int) -> None:
        self.basis[place] = row
        self.basis.sort()


def _solve(matrix: fmpz_mat, right: list[fmpz]) -> fmpq_mat:
    return fmpq_mat(matrix).solve(fmpq_mat(fmpz_mat(len(right), 1, right)))


def whole_numbers(row: list[fmpq]) -> list[fmpz]:
    """The row times a positive number that makes its entries coprime whole numbers."""
    numerators, _ = fmpq_mat([row]).numer_denom()
    entries = numerators.entries()
    divisor = fmpz(0)
    for entry in entries:
        divisor = entry.gcd(divisor)
    return [entry // divisor for entry in entries] if divisor > 1 else entries


def _pivots(matrix: fmpz_mat) -> list[int]:
    """The first columns, from the left, that are independent."""
    reduced, _, rank = matrix.rref()
    return leading_columns(reduced, rank)


def leading_columns(reduced: fmpz_mat | fmpq_mat, rank: int) -> list[int]:
    """Where the rows of a reduced echelon form begin."""
    pivots = []
    column = 0
    for row in range(rank):
        while reduced[row, column] == 0:
            column += 1
        pivots.append(column)
    return pivots
