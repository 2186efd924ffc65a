"""All fixed points of one subregion, for all parameters at once: a convex set in state and parameters, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat

from .._frozen import Frozen
from ..numerics import EPS
from ..polytopes.clipping import cut
from ..polytopes.rational import Flat, Point, flat_of, furthest, nearest_double, relative_interior
from .parametric import ParametricMap

__all__ = ["AffinePoint", "Piece", "Sheet", "as_floats", "is_on_closure", "solve_pattern"]

# Parameters that differ by no more than this, as shares of their ranges, are one where floats are compared.
CLOSE = 1e-9


def as_floats(array: np.ndarray) -> np.ndarray:
    """An array of rationals, rounded."""
    return np.array([nearest_double(x) for x in array.ravel()], dtype=np.float64).reshape(array.shape)


@dataclass(frozen=True, eq=False)
class AffinePoint(Frozen):
    """The fixed point of one subregion as a function of t: ``z = Z @ (1, t)``, with ReLU arguments ``y = Y @ (1, t)``.

    Attributes
    ----------
    bits : (H,) ndarray of bool
    Z : (M, 1 + d) ndarray of fmpq
    Y : (H, 1 + d) ndarray of fmpq
    """

    bits: np.ndarray
    Z: np.ndarray
    Y: np.ndarray

    @cached_property
    def state(self) -> np.ndarray:
        """Z, rounded."""
        return as_floats(self.Z)

    @cached_property
    def inside(self) -> np.ndarray:
        """What must not be negative (H, 1 + d), rounded."""
        return np.where(self.bits, 1.0, -1.0)[:, None] * as_floats(self.Y)

    @cached_property
    def y_error(self) -> np.ndarray:
        """Bounds (H,) of what rounding does to `inside` for t in [0, 1]^d."""
        return 8.0 * EPS * np.abs(self.inside).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Sheet(Frozen):
    """A subregion's fixed point and the parameters for which it is real.

    Attributes
    ----------
    point : AffinePoint
    corners : (k, d) ndarray of fmpq
        The ends of an interval, or of a polygon, counter-clockwise; fewer than d + 1 if only points or lines are left.
    edges : (k,) ndarray of int
        The ReLU that made the edge after each corner, -1 for an end of the range.
    """

    point: AffinePoint
    corners: np.ndarray
    edges: np.ndarray

    @property
    def wide(self) -> bool:
        """Whether the parameters have inner points."""
        return len(self.corners) > self.corners.shape[1]


@dataclass(frozen=True, eq=False)
class Piece(Frozen):
    """A singular subregion that holds fixed points for the parameters in the convex hull of `corners`.

    Attributes
    ----------
    bits : (H,) ndarray of bool
    exact_corners : (k, d) ndarray of fmpq
    dimension : int
        Of the set of fixed points at one of the parameters in the middle.
    middle : tuple of list of fmpq
        State and parameters inside the set, beyond which no ReLU changes sign on all of it.
    """

    bits: np.ndarray
    exact_corners: np.ndarray
    dimension: int
    middle: tuple[Point, Point]

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners (k, d), rounded."""
        return as_floats(self.exact_corners)

    def near(self, t: np.ndarray) -> bool:
        """Whether parameters (d,) lie in the box around the corners, widened a little."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        return bool(np.all(t >= low - CLOSE) and np.all(t <= high + CLOSE))


def solve_pattern(problem: ParametricMap, bits: np.ndarray, deadline: float | None = None) -> Sheet | Piece | None:
    """The fixed points of one subregion, None if it has none for any t.

    A ReLU whose argument is zero counts as inactive, so that every fixed point belongs to one subregion.

    Raises
    ------
    Undecided
        If the deadline passes first.

    Notes
    -----
    One exact solution of M equations, and clipping in d dimensions. Where I - J is singular the set is a polyhedron in
    as many unknowns as the equations leave, whose projection to the parameters is found by linear programs in exact
    arithmetic, one for each corner and edge.
    """
    d = problem.n_parameters
    K, rhs = _equations(problem, bits)
    try:
        Z = K.solve(rhs)
    except ZeroDivisionError:
        return _singular(problem, bits, K, rhs, deadline)
    exact = problem.exact
    Y = exact.V * Z + exact.c if exact.V.nrows() else exact.c
    return _sheet(AffinePoint(bits, _array(Z), _array(Y)), d)


def is_on_closure(
    problem: ParametricMap,
    bits: np.ndarray,
    point: tuple[Point, Point],
    continua: Sequence[Piece],
    dimension: int = 0,
) -> bool:
    """Whether fixed points are limits of a continuum of more dimensions that exists for the same parameters.

    `point` is a state with its parameters in the middle of the set of subregion `bits`, so that what holds there holds
    for all of it.
    """
    state, t = point
    exact = problem.exact
    column = fmpq_mat(len(state), 1, state)
    one = fmpq_mat(1 + len(t), 1, [fmpq(1), *t])
    y = (exact.V * column + exact.c * one).entries() if exact.V.nrows() else []
    for piece in continua:
        if piece.dimension <= dimension or np.array_equal(piece.bits, bits):
            continue
        beside = all(value >= 0 if bit else value <= 0 for value, bit in zip(y, piece.bits, strict=True))
        if beside and _has_points_at(problem, piece.bits, t):
            return True
    return False


def _has_points_at(problem: ParametricMap, bits: np.ndarray, t: Point) -> bool:
    """Whether a subregion holds a fixed point for single parameters."""
    K, rhs = _equations(problem, bits)
    one = fmpq_mat(1 + len(t), 1, [fmpq(1), *t])
    flat = flat_of(K.tolist(), [-x for x in (rhs * one).entries()], K.nrows())
    if flat is None:
        return False
    exact = problem.exact
    room = (exact.c * one).entries()
    rows = [row if bit else [-x for x in row] for row, bit in zip(exact.V.tolist(), bits, strict=True)]
    inner, constants = flat.restrict(rows, [b if bit else -b for b, bit in zip(room, bits, strict=True)])
    return relative_interior(inner, constants, bits.tolist(), proposal=np.zeros(len(flat.free))) is not None


def _equations(problem: ParametricMap, bits: np.ndarray) -> tuple[fmpq_mat, fmpq_mat]:
    """I - J and the offsets (M, 1 + d) of a subregion: its fixed points solve ``(I - J) z = offsets (1, t)``."""
    exact, m = problem.exact, problem.exact.A.nrows()
    K = fmpq_mat(m, m, [fmpq(i == j) for i in range(m) for j in range(m)]) - exact.A
    on = [int(i) for i in np.flatnonzero(bits)]
    if not on:
        return K, exact.h
    W = _columns(exact.W, on)
    return K - W * _rows(exact.V, on), exact.h + W * _rows(exact.c, on)


def _columns(matrix: fmpq_mat, chosen: list[int]) -> fmpq_mat:
    return fmpq_mat(matrix.nrows(), len(chosen), [matrix[i, j] for i in range(matrix.nrows()) for j in chosen])


def _rows(matrix: fmpq_mat, chosen: list[int]) -> fmpq_mat:
    return fmpq_mat(len(chosen), matrix.ncols(), [matrix[i, j] for i in chosen for j in range(matrix.ncols())])


def _array(matrix: fmpq_mat) -> np.ndarray:
    array = np.empty((matrix.nrows(), matrix.ncols()), dtype=object)
    array.ravel()[:] = matrix.entries()
    return array


def _range(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners and edges of [0, 1]^d."""
    points = [[0], [1]] if d == 1 else [[0, 0], [1, 0], [1, 1], [0, 1]]
    corners = np.empty((len(points), d), dtype=object)
    corners[:] = [[fmpq(x) for x in point] for point in points]
    return corners, np.full(len(points), -1)


def _sheet(point: AffinePoint, d: int) -> Sheet | None:
    """The parameters for which a subregion's only fixed point is real."""
    corners, edges = _range(d)
    rounded = as_floats(corners)
    for i, bit in enumerate(point.bits):
        # Most conditions hold by far, and need no exact look.
        if np.all(point.inside[i, 0] + rounded @ point.inside[i, 1:] > point.y_error[i]):
            continue
        row = point.Y[i] if bit else -point.Y[i]
        left = cut(corners, corners @ row[1:] + row[0], fmpq(0), edges, i)
        if left is None:
            return None
        corners, edges = left
        rounded = as_floats(corners)
    # An active ReLU whose argument is zero for all of these parameters is inactive.
    most = (point.inside[:, :1] + point.inside[:, 1:] @ rounded.T).max(axis=1)
    for at in np.flatnonzero(point.bits & ~(most > point.y_error)):
        row = point.Y[at]
        if not any(value > 0 for value in corners @ row[1:] + row[0]):
            return None
    return Sheet(point, corners, edges)


def _singular(
    problem: ParametricMap, bits: np.ndarray, K: fmpq_mat, rhs: fmpq_mat, deadline: float | None
) -> Sheet | Piece | None:
    """The set of (z, t) with ``K z = rhs (1, t)``, cut with the subregion and the range of t."""
    exact, m, d = problem.exact, K.nrows(), problem.n_parameters
    equations = [[*(K[i, j] for j in range(m)), *(-rhs[i, 1 + j] for j in range(d))] for i in range(m)]
    flat = flat_of(equations, [-rhs[i, 0] for i in range(m)], m + d)
    if flat is None:
        return None
    rows, room, strict = [], [], []
    for i, bit in enumerate(bits):
        row = [*(exact.V[i, j] for j in range(m)), *(exact.c[i, 1 + j] for j in range(d))]
        rows.append(row if bit else [-x for x in row])
        room.append(exact.c[i, 0] if bit else -exact.c[i, 0])
        strict.append(bool(bit))
    for j in range(d):
        unit = [fmpq(k == m + j) for k in range(m + d)]
        rows += [unit, [-x for x in unit]]
        room += [fmpq(0), fmpq(1)]
        strict += [False, False]
    inner, constants = flat.restrict(rows, room)
    free = len(flat.free)
    found = relative_interior(inner, constants, strict, proposal=np.zeros(free), deadline=deadline)
    if found is None:
        return None
    point, vanishing = found
    middle = flat.point(point)
    # With the conditions that are equations on the whole set, the equations of its own dimensions.
    still = [i for i, zero in enumerate(vanishing) if zero]
    hull = flat_of(
        equations + [rows[i] for i in still], [-rhs[i, 0] for i in range(m)] + [room[i] for i in still], m + d
    )
    assert hull is not None  # the point solves them
    if hull.free == tuple(range(m, m + d)):
        # One state for each t, pinned by boundaries: a branch like those of regular subregions.
        Z = np.array([[hull.origin[i, 0], *(hull.directions[i, j] for j in range(d))] for i in range(m)], dtype=object)
        Y = exact.V * fmpq_mat(Z.tolist()) + exact.c
        return _sheet(AffinePoint(bits, Z, _array(Y)), d)
    corners = _shadow(flat, inner, constants, m, d, deadline)
    moves = [[hull.directions[m + j, s] for s in range(len(hull.free))] for j in range(d)]
    return Piece(bits, corners, len(hull.free) - _rank(moves), (middle[:m], middle[m:]))


def _rank(rows: list[list[fmpq]]) -> int:
    return fmpq_mat(rows).rank() if rows and rows[0] else 0


def _shadow(flat: Flat, rows: list[Point], room: Point, m: int, d: int, deadline: float | None) -> np.ndarray:
    """Corners (k, d) of the parameters of a polyhedron in the coordinates of a flat."""
    ways = [[flat.directions[m + j, s] for j in range(d)] for s in range(len(flat.free))]

    def extreme(direction: list[fmpq]) -> tuple[fmpq, ...]:
        along = [sum((a * x for a, x in zip(direction, way, strict=True)), fmpq(0)) for way in ways]
        point = furthest(rows, room, along, deadline=deadline)
        assert point is not None  # it has points, and its parameters are bounded
        return tuple(flat.point(point)[m:])

    zero, one = fmpq(0), fmpq(1)
    if d == 1:
        ends = {extreme([-one]), extreme([one])}
        return _corner_array(sorted(ends), d)
    points = {extreme([a, b]) for a, b in ((one, zero), (zero, one), (-one, zero), (zero, -one))}
    while True:
        hull = _hull(sorted(points))
        new = set()
        for k, corner in enumerate(hull):
            after = hull[(k + 1) % len(hull)]
            normal = [after[1] - corner[1], corner[0] - after[0]]
            if not any(normal):
                continue
            point = extreme(normal)
            if sum(((p - q) * a for p, q, a in zip(point, corner, normal, strict=True)), zero) > 0:
                new.add(point)
        if not new:
            return _corner_array(hull, d)
        points |= new


def _corner_array(points: list[tuple[fmpq, ...]], d: int) -> np.ndarray:
    array = np.empty((len(points), d), dtype=object)
    array[:] = points
    return array


def _hull(points: list[tuple[fmpq, ...]]) -> list[tuple[fmpq, ...]]:
    """Corners of the convex hull of sorted points in the plane, counter-clockwise."""
    if len(points) < 3:
        return points

    def chain(items: list[tuple[fmpq, ...]]) -> list[tuple[fmpq, ...]]:
        line: list[tuple[fmpq, ...]] = []
        for point in items:
            while len(line) > 1:
                a = [x - y for x, y in zip(line[-1], line[-2], strict=True)]
                b = [x - y for x, y in zip(point, line[-2], strict=True)]
                if a[0] * b[1] - a[1] * b[0] > 0:
                    break
                line.pop()
            line.append(point)
        return line[:-1]

    return chain(points) + chain(points[::-1])
