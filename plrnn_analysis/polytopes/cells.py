"""The cells into which hyperplanes cut a polyhedron, each with a point inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpz_mat

from .programs import Verdict, settle, widest
from .rational import flat_of, nearest_double, rational, rationals
from .systems import System
from .walks import whole_numbers

__all__ = ["Cell", "Cells", "Planes", "enumerate_cells", "inner_double"]

# A function at a point is clear of rounding where it is at least this share of its terms.
CLEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Planes:
    """Affine functions ``rows @ x + room``, exactly and as floats.

    Attributes
    ----------
    exact : list of list of fmpq
        Each row with its room behind it.
    floats : (n, k + 1) ndarray
        The same, times positive numbers where they are no floats.
    """

    exact: list[list[fmpq]]
    floats: np.ndarray

    @classmethod
    def of(cls, rows: Any, room: Any, k: int) -> Planes:
        """From (n, k) and (n,) arrays of floats or sequences of rationals."""
        system = System(rows, room)
        exact = [[*row, b] for row, b in zip(*system.exact, strict=True)]
        G, g = system.floats
        return cls(exact, np.column_stack([G.reshape(len(exact), k), g]))

    @classmethod
    def box(cls, low: np.ndarray, high: np.ndarray) -> Planes:
        """The sides of a box, positive inside."""
        unit = np.eye(len(low))
        return cls.of(np.vstack([unit, -unit]), np.concatenate([-low, high]), len(low))

    @property
    def n(self) -> int:
        """Their number."""
        return len(self.exact)

    def joined(self, other: Planes) -> Planes:
        """These and others."""
        return Planes(self.exact + other.exact, np.vstack([self.floats, other.floats]))

    def turned(self, bits: Sequence[bool]) -> Planes:
        """The first of them, as many as there are bits, positive in the cell with these bits; none that is constant."""
        moving = [i for i in range(len(bits)) if not self.is_constant(i)]
        exact = [self.exact[i] if bits[i] else [-x for x in self.exact[i]] for i in moving]
        sign = np.array([1.0 if bits[i] else -1.0 for i in moving])
        return Planes(exact, sign[:, None] * self.floats[moving])

    def value(self, i: int, point: Sequence[fmpq]) -> fmpq:
        """The i-th function at a point."""
        row = self.exact[i]
        return sum((a * x for a, x in zip(row, point, strict=False) if a), row[-1])

    def is_constant(self, i: int) -> bool:
        """Whether the i-th function does not depend on the point."""
        return not any(self.exact[i][:-1])

    def positive(self) -> System:
        """The conditions that all are positive."""
        return System.with_floats(
            [row[:-1] for row in self.exact],
            [row[-1] for row in self.exact],
            (self.floats[:, :-1], self.floats[:, -1]),
            strict=True,
        )


@dataclass(frozen=True, eq=False)
class Cell:
    """An open cell: the side of each hyperplane, and a point inside.

    Attributes
    ----------
    bits : (n,) ndarray of bool
    point : list of fmpq
    """

    bits: np.ndarray
    point: list[fmpq]


@dataclass(eq=False)
class Cells:
    """What an enumeration found.

    Attributes
    ----------
    found : list of Cell
        Ordered by bits.
    complete : bool
        Whether there is no other.
    undecided : int
        Parts that may hold further cells, and of which it could not be decided whether they are empty.
    more : bool
        Whether it ended because there are more cells than asked for.
    """

    found: list[Cell] = field(default_factory=list)
    complete: bool = False
    undecided: int = 0
    more: bool = False


def enumerate_cells(
    planes: Planes,
    within: Planes | None = None,
    *,
    start: Sequence[fmpq] | None = None,
    most: int | None = None,
    deadline: float | None = None,
    go_on: Callable[[], bool] = lambda: True,
    into: Cells | None = None,
) -> Cells:
    """The cells with interior points of an arrangement of hyperplanes, inside an open polyhedron.

    Parameters
    ----------
    planes : Planes
        Where one is constant, its bit says whether it is positive.
    within : Planes, optional
        The polyhedron is where all of these are positive; by default all of Q^k.
    start : sequence of fmpq, optional
        A point inside the polyhedron.
    most : int, optional
        Stop after this number of cells.
    deadline : float, optional
        A time of ``time.perf_counter()`` for the decisions; ``go_on`` is asked before each.
    go_on : callable, optional
        Returns False to stop.
    into : Cells, optional
        Filled and returned; what it holds stays if the enumeration is interrupted.

    Returns
    -------
    Cells

    Notes
    -----
    One hyperplane at a time. On its side of a new hyperplane a known point stays inside; whether the cell has a part
    on the other side is decided exactly (:func:`plrnn_analysis.polytopes.programs.decide`). At most
    ``sum_(j <= k) binomial(n, j)`` cells, n decisions each. If the normals are independent and there is no polyhedron
    all 2**n cells exist, and nothing is to be decided. H. Edelsbrunner, *Algorithms in Combinatorial Geometry*,
    Springer 1987, doi:10.1007/978-3-642-61568-9.
    """
    k = planes.floats.shape[1] - 1
    result = Cells() if into is None else into
    result.complete = False
    if within is None:
        if start is None and _independent(planes):
            return _all_cells(planes, most, go_on, result)
        within = Planes([], np.zeros((0, k + 1)))
        start = [fmpq(0)] * k if start is None else start
    if start is None:
        first = _inner_point(within, deadline)
        if not first:
            result.complete, result.undecided = first is None, int(first is not None)
            return result
        start = first
    stack: list[tuple[tuple[bool, ...], list[fmpq]]] = [((), list(start))]
    while stack and go_on():
        bits, point = stack.pop()
        if len(bits) == planes.n:
            if most is not None and len(result.found) == most:
                result.more = True
                return result
            result.found.append(Cell(np.array(bits, dtype=bool), point))
            continue
        for bit in (True, False):
            inner = _part(planes, within, (*bits, bit), point, deadline)
            if inner:
                stack.append(((*bits, bit), inner))
            elif inner is not None:
                result.undecided += 1
    result.complete = not stack and not result.undecided
    return result


def _part(
    planes: Planes, within: Planes, bits: tuple[bool, ...], point: list[fmpq], deadline: float | None
) -> list[fmpq] | None:
    """A point of the part of a cell on one side of a further hyperplane; None if it is empty, [] if undecided.

    `point` is one of the cell without the last bit.
    """
    i, bit = len(bits) - 1, bits[-1]
    value = planes.value(i, point)
    if planes.is_constant(i):
        return point if bit == (value > 0) else None
    if value > 0 if bit else value < 0:
        return point
    part = within.joined(planes.turned(bits))
    return _inner_point(part, deadline, _across(part.floats, np.array([nearest_double(x) for x in point])))


def _across(planes: np.ndarray, point: np.ndarray) -> np.ndarray:
    """A point beyond the last plane, from one at which the others are positive: a guess in floats.

    The way leads along the last normal in the metric of the other planes, each measured by its distance (the ellipsoid
    of Dikin 1967), so that units do not matter; half as far beyond the plane as the next one allows.
    """
    rows, row = planes[:-1, :-1], planes[-1, :-1]
    with np.errstate(all="ignore"):
        value = planes @ np.append(point, 1.0)
        scaled = np.vstack([rows / value[:-1, None], row / value[-1]])
        if not np.all(np.isfinite(scaled)):
            return point
        way = np.linalg.lstsq(scaled.T @ scaled, row, rcond=None)[0]
        slopes = planes[:, :-1] @ way
        crossing = -value[-1] / slopes[-1]
        blocked = np.min(-value[:-1][slopes[:-1] < 0.0] / slopes[:-1][slopes[:-1] < 0.0], initial=3.0 * crossing)
        return np.asarray(point + 0.5 * (crossing + blocked) * way)


def _inner_point(planes: Planes, deadline: float | None, start: np.ndarray | None = None) -> list[fmpq] | None:
    """A point at which all are positive, a float if possible; None if there is none, [] if that is undecided."""
    system = planes.positive()
    decision = settle(system, start, deadline)
    if decision.verdict is Verdict.EMPTY:
        return None
    if decision.point is None:
        return []
    rounded = decision.doubles
    assert rounded is not None
    return rationals(rounded) if system.holds_at(rounded) else decision.point


def inner_double(planes: Planes, cell: Cell) -> np.ndarray | None:
    """A point of floats inside a cell; None if none was found, for thin cells far from zero may hold none.

    One that is so near to a boundary that floats can hardly tell is replaced by one further inside, if there is any.
    """
    system = planes.turned(cell.bits.tolist()).positive()
    points = [np.array([nearest_double(x) for x in cell.point])]
    if system.margin(points[0]) < CLEAR:
        further = widest(system).point
        if further is not None:
            points.append(further)
    inside = [point for point in points if system.holds_at(point)]
    return max(inside, key=system.margin, default=None)


def _independent(planes: Planes) -> bool:
    if not planes.n:
        return True
    return planes.n < planes.floats.shape[1] and (
        fmpz_mat([whole_numbers(row[:-1]) for row in planes.exact]).rank() == planes.n
    )


def _all_cells(planes: Planes, most: int | None, go_on: Callable[[], bool], result: Cells) -> Cells:
    """All sign patterns of independent functions, each at a point where they are of the size of their constants."""
    rows, room = planes.floats[:, :-1], planes.floats[:, -1]
    length = np.linalg.norm(rows, axis=1)
    size = float(np.max(np.abs(room) / length, initial=0.0)) or 1.0
    inverse = np.linalg.pinv(rows / length[:, None])
    for bits in product((False, True), repeat=planes.n):
        if not go_on():
            return result
        if most is not None and len(result.found) == most:
            result.more = True
            return result
        near = inverse @ (np.where(bits, size, -size) - room / length)
        point = rationals(near) if planes.turned(bits).positive().holds_at(near) else _solved(planes, bits, size)
        result.found.append(Cell(np.array(bits, dtype=bool), point))
    result.complete = True
    return result


def _solved(planes: Planes, bits: tuple[bool, ...], size: float) -> list[fmpq]:
    reach = [max(map(abs, row[:-1])) * rational(size) for row in planes.exact]
    room = [row[-1] - (x if bit else -x) for row, x, bit in zip(planes.exact, reach, bits, strict=True)]
    flat = flat_of([row[:-1] for row in planes.exact], room, planes.floats.shape[1] - 1)
    assert flat is not None  # independent rows reach any value
    return flat.origin.entries()
