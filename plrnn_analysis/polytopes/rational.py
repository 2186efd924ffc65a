"""Polyhedra over the rational numbers: emptiness, and which inequalities are equations on all of one.

Every float is a rational number, so a question about a polyhedron given by floats has an exact answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat

from .walks import Point, Rows, Undecided, Walk, leading_columns, whole_numbers

__all__ = [
    "Flat",
    "Point",
    "Rows",
    "Undecided",
    "flat_of",
    "furthest",
    "nearest_double",
    "rational",
    "rational_matrix",
    "rationals",
    "relative_interior",
    "some_point",
]


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


def rational_matrix(array: np.ndarray) -> fmpq_mat:
    """A two-dimensional array of finite floats as a matrix of rationals of the same shape."""
    rows, columns = array.shape
    return fmpq_mat(rows, columns, [rational(x) for x in array.ravel().tolist()])


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
    found = _search(rows, room, [False] * n if strict is None else strict, range(n), proposal, deadline)
    if found is None:
        return None
    point, zero = found
    return point, tuple(i in zero for i in range(n))


def some_point(
    rows: Rows,
    room: Sequence[fmpq],
    strict: Sequence[bool],
    *,
    proposal: Any = None,
    deadline: float | None = None,
) -> Point | None:
    """A point of a polyhedron, exactly; None if it is empty.

    Parameters and exceptions as in :func:`relative_interior`, which costs more: here only strict rows must be positive.
    """
    found = _search(rows, room, strict, [i for i, s in enumerate(strict) if s], proposal, deadline)
    return None if found is None else found[0]


def _search(
    rows: Rows,
    room: Sequence[fmpq],
    strict: Sequence[bool],
    wanted: Sequence[int],
    proposal: Any,
    deadline: float | None,
) -> tuple[Point, set[int]] | None:
    """A point at which the wanted rows are positive that can be, and those that cannot."""
    n = len(room)
    k = len(rows[0]) if n else (0 if proposal is None else len(proposal))
    moving = [i for i in range(n) if any(rows[i])]
    still = set(range(n)).difference(moving)
    if any(room[i] < 0 or (strict[i] and room[i] == 0) for i in still):
        return None
    vanishing = {i for i in still if room[i] == 0}
    if not moving:
        return [fmpq(0)] * k, vanishing
    rows, room = [rows[i] for i in moving], [room[i] for i in moving]
    start = _as_point(proposal)
    if start is not None and all(value > 0 for value in _values(rows, room, start)):
        return start, vanishing
    if k == 1:
        found = _interval(rows, room)
    else:
        found = Walk(rows, room, start, deadline).run([at for at, i in enumerate(moving) if i in wanted])
    if found is None:
        return None
    point, zero = found
    if any(strict[moving[i]] for i in zero):
        return None
    return point, vanishing | {moving[i] for i in zero}


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
    walk = Walk([rows[i] for i in moving], [room[i] for i in moving], None, deadline)
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
