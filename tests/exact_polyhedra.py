"""Polyhedra in plain fractions: slow and obvious, for tests."""

from __future__ import annotations

from fractions import Fraction
from itertools import product


def has_point(conditions):
    """Whether some t satisfies every (row, room, strict): Fourier's elimination of one unknown after the other."""
    conditions = list(conditions)
    for j in range(len(conditions[0][0]) if conditions else 0):
        up = [c for c in conditions if c[0][j] > 0]
        down = [c for c in conditions if c[0][j] < 0]
        conditions = [c for c in conditions if c[0][j] == 0]
        for a, r, s in up:
            for b, q, p in down:
                row = tuple(x * -b[j] + y * a[j] for x, y in zip(a, b))
                conditions.append((row, r * -b[j] + q * a[j], s or p))
        conditions = list(dict.fromkeys(conditions))
    return all(room > 0 if strict else room >= 0 for _, room, strict in conditions)


def cells(rows, room, within=()):
    """Sign patterns, as strings, that affine functions have on open sets inside an open polyhedron (row, room).

    A function that is constant has the sign that it has; zero counts as not positive.
    """
    rows = [tuple(map(Fraction, row)) for row in rows]
    room = list(map(Fraction, room))
    found = []
    for bits in product((0, 1), repeat=len(room)):
        conditions = [(tuple(map(Fraction, row)), Fraction(b), True) for row, b in within]
        for row, b, bit in zip(rows, room, bits):
            if any(row):
                sign = 1 if bit else -1
                conditions.append((tuple(sign * x for x in row), sign * b, True))
            elif bit != (b > 0):
                break
        else:
            if has_point(conditions):
                found.append("".join(map(str, bits)))
    return found
