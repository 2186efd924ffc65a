"""Walks from vertex to vertex of a polyhedron, in exact arithmetic.

A vertex is the solution of as many equations as there are unknowns, and is solved for anew from the data, in
integers, so that nothing is ever rounded and no number grows with the length of the walk.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat

__all__ = ["Point", "Rows", "Undecided", "Walk", "leading_columns", "whole_numbers"]

# Pivots by the steepest rule before the rule that cannot cycle takes over, for each row and unknown.
EAGER_PIVOTS = 3

Rows = Sequence[Sequence[fmpq]]
Point = list[fmpq]


class Undecided(Exception):
    """Something was not decided: the time was up, or a solver failed."""


class Walk:
    """A walk over vertices, each named by the rows that are zero there, the basis.

    Only as many unknowns as the rank are moved; the others stay 0, which changes no row's range.
    """

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

    def run(self, wanted: Sequence[int]) -> tuple[Point, list[int]] | None:
        """A point at which those of the wanted rows are positive that can be, and those that vanish everywhere."""
        if not self.find_vertex():
            return None
        points = [self._vertex()]
        slacks = self._slacks(points[0])
        zero = {i for i in wanted if slacks[i] == 0}
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
