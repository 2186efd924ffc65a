"""Linear algebra and polyhedra in Python's fractions: slow, obvious, and without rounding.

Vectors are lists of Fraction, matrices lists of rows. Imports the standard library only.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

ZERO, ONE = Fraction(0), Fraction(1)


def matrix(rows):
    """Any two-dimensional array of numbers as Fractions; doubles are taken at their word."""
    return [[Fraction(float(value)) for value in row] for row in rows]


def vector(values):
    """Any one-dimensional array of numbers as Fractions."""
    return [Fraction(float(value)) for value in values]


def dot(a, b):
    """The scalar product, over one common denominator: reduced once and not at every term."""
    terms = [(x.numerator * y.numerator, x.denominator * y.denominator) for x, y in zip(a, b) if x and y]
    below = lcm(*(d for _, d in terms))
    return Fraction(sum(n * (below // d) for n, d in terms), below)


def add(a, b):
    return [x + y for x, y in zip(a, b)]


def apply(A, x):
    return [dot(row, x) for row in A]


def product(A, B):
    columns = list(zip(*B))
    return [[dot(row, column) for column in columns] for row in A]


def identity(n):
    return [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]


def solve(A, b, unknowns):
    """All solutions of A x = b: (a solution, basis of the null space), or None if there is none.

    `A` may have any number of rows, none included; `unknowns` is the number of columns.
    """
    rows = [_whole([*row, value]) for row, value in zip(A, b)]
    pivots = []
    for col in range(unknowns):
        done = len(pivots)
        pick = next((i for i in range(done, len(rows)) if rows[i][col]), None)
        if pick is None:
            continue
        rows[done], rows[pick] = rows[pick], rows[done]
        top = rows[done]
        for i, row in enumerate(rows):
            if i != done and row[col]:
                rows[i] = _reduced([top[col] * x - row[col] * y for x, y in zip(row, top)])
        pivots.append(col)
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    point = [ZERO] * unknowns
    for row, col in zip(rows, pivots):
        point[col] = Fraction(row[-1], row[col])
    basis = []
    for free in (col for col in range(unknowns) if col not in pivots):
        direction = [ZERO] * unknowns
        direction[free] = ONE
        for row, col in zip(rows, pivots):
            direction[col] = Fraction(-row[free], row[col])
        basis.append(direction)
    return point, basis


def _whole(row):
    """A row times its common denominator."""
    below = lcm(*(value.denominator for value in row))
    return _reduced([value.numerator * (below // value.denominator) for value in row])


def _reduced(row):
    """A row of integers without their common factor."""
    factor = gcd(*row)
    return [value // factor for value in row] if factor > 1 else row


def rank(rows, unknowns):
    return unknowns - len(solve(rows, [ZERO] * len(rows), unknowns)[1])


def maximise(rows, goal, most):
    """The largest value of ``goal`` where all `rows` are >= 0 and it is <= `most`: (value, x), None if there is no x.

    `rows` and `goal` are affine functions (a, b) of x: ``a . x + b``. The criss-cross method (Terlaky 1985; Wang 1987):
    pivots by least index, from no starting point, and never cycles.
    """
    k = len(goal[0])
    constraints = [*rows, ([-a for a in goal[0]], most - goal[1])]
    # Each line says: one quantity = constant (last) + sum of coefficients * the quantities `columns`.
    lines = [[*a, b] for a, b in constraints] + [[*goal[0], goal[1]]]
    names = [("slack", i) for i in range(len(constraints))] + [("goal", 0)]
    columns = [("x", j) for j in range(k)]

    def pivot(r, j):
        line = lines[r]
        factor = -1 / line[j]
        solved = [value * factor for value in line]
        solved[j] = -factor
        for i, other in enumerate(lines):
            if i != r and other[j]:
                times = other[j]
                lines[i] = [x + times * y if y else x for x, y in zip(other, solved)]
                lines[i][j] = times * solved[j]
        lines[r] = solved
        names[r], columns[j] = columns[j], names[r]

    # The unknowns are free: each is expressed by a slack once and for all; one that no line contains may stay zero.
    for j in range(k):
        r = next((i for i, name in enumerate(names) if name[0] == "slack" and lines[i][j]), None)
        if r is not None:
            pivot(r, j)
    last = len(lines) - 1
    while True:
        wrong = [(names[i][1], i, None) for i in range(last) if names[i][0] == "slack" and lines[i][-1] < 0]
        wrong += [(columns[j][1], None, j) for j in range(k) if columns[j][0] == "slack" and lines[last][j] > 0]
        if not wrong:
            break
        _, r, j = min(wrong, key=lambda item: item[0])
        if j is None:
            usable = [(columns[q][1], q) for q in range(k) if columns[q][0] == "slack" and lines[r][q] > 0]
            if not usable:
                return None
            pivot(r, min(usable)[1])
        else:
            usable = [(names[i][1], i) for i in range(last) if names[i][0] == "slack" and lines[i][j] < 0]
            if not usable:
                return None
            pivot(min(usable)[1], j)
    x = [ZERO] * k
    for i, (kind, index) in enumerate(names):
        if kind == "x":
            x[index] = lines[i][-1]
    return lines[last][-1], x


def relative_interior(rows, k):
    """A relatively inner point of {x in R^k: every row a . x + b >= 0}, and the rows that are zero on all of it.

    None if the polyhedron is empty.
    """
    if k == 0:
        return None if any(b < 0 for _, b in rows) else ([], {i for i, (_, b) in enumerate(rows) if b == 0})
    points, vanishing = [], set()
    for i, (a, b) in enumerate(rows):
        if any(dot(a, x) + b > 0 for x in points):
            continue
        # The largest t <= 1 with t <= a . x + b: bounded, however far the polyhedron reaches.
        lifted = [([*row, ZERO], constant) for row, constant in rows] + [([*a, -ONE], b)]
        best = maximise(lifted, ([*[ZERO] * k, ONE], ZERO), most=ONE)
        if best is None:
            return None
        points.append(best[1][:k])
        if best[0] == 0:
            vanishing.add(i)
    if not points:
        return [ZERO] * k, vanishing
    return [sum(column, ZERO) / len(points) for column in zip(*points)], vanishing


def interior(rows, k):
    """A point with every row > 0, or None."""
    found = relative_interior(rows, k)
    return None if found is None or found[1] else found[0]


def vertices_of_projection(rows, d, k):
    """Corners of {s in R^d: some x in R^k has all rows >= 0 at (s, x)}, d = 1 or 2, bounded in s; None if empty.

    Two corners of a segment, counter-clockwise corners of a polygon. Found by asking how far the set reaches in the
    direction of each edge known so far, until it reaches no farther.
    """

    def farthest(direction):
        goal = [*direction, *[ZERO] * k]
        bound = maximise(rows, (goal, ZERO), most=Fraction(2) ** 2000)
        if bound is None:
            return None
        # Among the farthest points the one farthest along the edge, so that it is a corner.
        along = [-direction[1], direction[0]] if d == 2 else [ZERO]
        edge = [*rows, (goal, -bound[0])]
        corner = maximise(edge, ([*along, *[ZERO] * k], ZERO), most=Fraction(2) ** 2000)
        return tuple(corner[1][:d])

    if d == 1:
        ends = [farthest([ONE]), farthest([-ONE])]
        return None if ends[0] is None else sorted(set(ends))
    first = farthest([ONE, ZERO])
    if first is None:
        return None
    second = farthest([-ONE, ZERO])

    def between(p, q):
        """Corners strictly after p and before q, to the right of the way from p to q."""
        outward = [q[1] - p[1], p[0] - q[0]]
        if not any(outward):
            return []
        corner = farthest(outward)
        if dot(outward, corner) <= dot(outward, p):
            return []
        return [*between(p, corner), corner, *between(corner, q)]

    if first == second:
        return [first]
    # farthest() prefers one end of an edge, so a corner in the middle of an edge can not occur.
    return [first, *between(first, second), second, *between(second, first)]
