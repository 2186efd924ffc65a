"""The equations of a certificate: what is left of ``F(z) = z`` in terms of the ReLUs, in whole numbers.

Every ReLU has two unknowns, ``x = relu(y)`` and ``s = x - y``, neither negative, one of them zero. Eliminating z leaves
linear equations between them. They are brought to reduced echelon form with the unknowns of a base first, which makes
them unique: whoever checks a certificate computes the same rows. In a circle of states, which can be turned, further
unknowns u say by how much ReLU 0 reads more in the first state than in the others: where it reads the most, they are
not negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat

from ..engines.budget import Budget
from ..maps import CanonicalMap
from .elimination import solution

__all__ = ["Equations", "Integers", "equations_of", "equations_within", "integers_of", "whole_parts"]


@dataclass(frozen=True, eq=False)
class Integers:
    """The weights of a map times ``2**scale``, a power that makes them whole numbers."""

    scale: int
    A: list[list[int]]
    W: list[list[int]]
    V: list[list[int]]
    c: list[int]
    h: list[int]

    @property
    def one(self) -> int:
        """1 in these units."""
        return 1 << self.scale


def integers_of(map: CanonicalMap) -> Integers:
    """The weights of a map without input as whole numbers, exactly, with the smallest scale."""
    scale, (A, W, V, (c,), (h,)) = whole_parts([map.A, map.W, map.V, map.c[None], map.h[None]])
    return Integers(scale, A, W, V, c, h)


def whole_parts(parts: Sequence[np.ndarray]) -> tuple[int, list[list[list[int]]]]:
    """Matrices times the smallest power of two that makes all of them whole, and its exponent."""
    ratios = [[[v.as_integer_ratio() for v in row] for row in part.tolist()] for part in parts]
    scale = max((q.bit_length() - 1 for part in ratios for row in part for _, q in row), default=0)
    return scale, [[[p << (scale - q.bit_length() + 1) for p, q in row] for row in part] for part in ratios]


@dataclass(frozen=True, eq=False)
class Equations:
    """Rows ``coefficients @ (x, s) + constant = 0``.

    Attributes
    ----------
    base : (H,) ndarray of bool
        For each ReLU, whether x or s (False) is solved for where there is a choice.
    exact : (R, 2 H + U + 1) fmpz_mat
        Columns: x, s, u, constant. The largest coefficients of all rows have the same number of bits.
    floats : (R, 2 H + U + 1) ndarray
        The same times one power of two, rounded.
    solved : bool
        Whether row i is solved for the unknown that the base names of ReLU i, and row H + r for u_r, and there are no
        other rows.
    """

    base: np.ndarray
    exact: fmpz_mat
    floats: np.ndarray
    solved: bool

    @property
    def n(self) -> int:
        """Number of ReLUs."""
        return len(self.base)

    @property
    def compared(self) -> int:
        """Number of the unknowns u."""
        return self.floats.shape[1] - 2 * self.n - 1

    @property
    def free(self) -> np.ndarray:
        """Columns of the unknowns that a solved base leaves free."""
        n = np.arange(self.n)
        return np.where(self.base, self.n + n, n)

    @property
    def dependent(self) -> np.ndarray:
        """Columns of the unknowns that the base names, and of u."""
        n = np.arange(self.n)
        return np.concatenate([np.where(self.base, n, self.n + n), 2 * self.n + np.arange(self.compared)])

    def open_columns(self, off: np.ndarray, on: np.ndarray) -> np.ndarray:
        """The unknowns that may be positive where x of some units and s of others, (..., H) each, are zero."""
        return np.concatenate([~off, ~on, np.ones((*off.shape[:-1], self.compared), dtype=bool)], axis=-1)

    @cached_property
    def compact(self) -> fmpz_mat:
        """Columns of the free unknowns and the constant, where the base is solved for."""
        columns = [*self.free.tolist(), -1]
        rows = self.exact.tolist()
        return fmpz_mat(len(rows), len(columns), [row[j] for row in rows for j in columns])

    def combination(self, multipliers: Sequence[int]) -> list[int]:
        """Coefficients and constant of the rows times whole multipliers; signs alone of what is solved for."""
        if not self.exact.nrows():
            return [0] * self.floats.shape[1]
        row = fmpz_mat(1, len(multipliers), list(multipliers))
        if not self.solved:
            return [int(v) for v in (row * self.exact).entries()]
        values = [int(v) for v in (row * self.compact).entries()]
        result = [0] * self.floats.shape[1]
        for at, value in zip([*self.free.tolist(), -1], values, strict=True):
            result[at] = value
        for at, value in zip(self.dependent.tolist(), multipliers, strict=True):
            result[at] = value
        return result


def equations_of(numbers: Integers, base: np.ndarray) -> Equations:
    """The equations of a map, however long they take; see :func:`equations_within`."""
    found = equations_within(numbers, base, Budget(None, None))
    assert found is not None  # nothing ends this budget
    return found


def equations_within(
    numbers: Integers, base: np.ndarray, budget: Budget, compared: Sequence[int] = ()
) -> Equations | None:
    """The equations of a map.

    Parameters
    ----------
    numbers : Integers
    base : (H,) ndarray of bool
        Best a pattern b for which I - J_b is regular.
    budget : Budget
    compared : sequence of U int, optional
        ReLUs that read no more than ReLU 0 does: each unknown u is the difference.

    Returns
    -------
    Equations or None
        None if the budget ended first.

    Notes
    -----
    One exact solution with M by M numbers for H + 1 right-hand sides, or where I - J_b is singular the echelon form of
    M + H rows.
    """
    try:
        rows = _solved_rows(numbers, base, budget, compared)
        solved = True
    except ZeroDivisionError:
        rows = _echelon(numbers, base, compared)
        solved = False
    if rows is None:
        return None
    lengths = [max((abs(v).bit_length() for v in row[:-1]), default=0) for row in rows]
    longest = max(lengths, default=0)
    rows = [[v << (longest - length) for v in row] for row, length in zip(rows, lengths, strict=True)]
    width = 2 * len(base) + len(compared) + 1
    floats = np.array([[_ratio(v, longest) for v in row] for row in rows]).reshape(len(rows), width)
    return Equations(base, fmpz_mat(len(rows), width, [v for row in rows for v in row]), floats, solved)


def _ratio(value: int, bits: int) -> float:
    try:
        return value / (1 << bits)
    except OverflowError:
        return float(np.copysign(1e300, value))


def _primitive(row: list[fmpq]) -> list[int]:
    common = lcm(*(int(v.q) for v in row))
    whole = [int(v.p) * (common // int(v.q)) for v in row]
    content = gcd(*whole)
    return [v // content for v in whole]


def _solved_rows(
    numbers: Integers, base: np.ndarray, budget: Budget, compared: Sequence[int]
) -> list[list[int]] | None:
    """The rows where I - J is regular in the base; None if the budget ended, a ZeroDivisionError if it is singular."""
    m, n, one = len(numbers.A), len(base), numbers.one
    active = np.flatnonzero(base).tolist()
    # Everything times one**2: z = J z + W a + offset, where a_i is x_i outside of the base and s_i in it.
    K = [[one * one * (i == j) - one * v for j, v in enumerate(row)] for i, row in enumerate(numbers.A)]
    for row, w in zip(K, numbers.W, strict=True):
        for k in active:
            if w[k]:
                for j, v in enumerate(numbers.V[k]):
                    row[j] -= w[k] * v
    right = [
        [one * v for v in w] + [one * h + sum(w[k] * numbers.c[k] for k in active)]
        for w, h in zip(numbers.W, numbers.h, strict=True)
    ]
    for left_side, right_side in zip(K, right, strict=True):
        content = gcd(*left_side, *right_side) or 1
        left_side[:], right_side[:] = [v // content for v in left_side], [v // content for v in right_side]
    X = solution(K, right, budget)
    if X is None:
        return None
    if not n:
        return []
    y = fmpq_mat(fmpz_mat(n, m, [v for row in numbers.V for v in row])) * X
    read = [[v / one for v in line] for line in y.tolist()]
    width = 2 * n + len(compared) + 1
    rows = []
    for i, (line, c) in enumerate(zip(read, numbers.c, strict=True)):
        # Outside of the base s - a + y = 0; in it x - a - y = 0.
        sign = fmpq(-1 if base[i] else 1)
        equation = _spread(line, base, sign, width)
        equation[-1] += sign * fmpq(c, one)
        equation[n + i if base[i] else i] += fmpq(-1)
        equation[i if base[i] else n + i] = fmpq(1)
        rows.append(_primitive(equation))
    for r, i in enumerate(compared):
        # u - y_0 + y_i = 0.
        equation = _spread([b - a for a, b in zip(read[0], read[i], strict=True)], base, fmpq(1), width)
        equation[-1] += fmpq(numbers.c[i] - numbers.c[0], one)
        equation[2 * n + r] = fmpq(1)
        rows.append(_primitive(equation))
    return rows


def _spread(line: Sequence[fmpq], base: np.ndarray, sign: fmpq, width: int) -> list[fmpq]:
    """Coefficients of the free unknowns, and a constant, in a row."""
    n = len(base)
    row = [fmpq(0)] * width
    for j, value in enumerate(line[:n]):
        row[n + j if base[j] else j] = sign * value
    row[-1] = sign * line[n]
    return row


def _echelon(numbers: Integers, base: np.ndarray, compared: Sequence[int]) -> list[list[int]]:
    """The rows in general."""
    m, n, one = len(numbers.A), len(base), numbers.one
    u = 2 * n + np.arange(len(compared))
    order = np.concatenate([np.where(base, 0, n) + np.arange(n), u, np.where(base, n, 0) + np.arange(n)]).tolist()
    place = [0] * len(order)
    for at, column in enumerate(order):
        place[column] = at
    entries: list[int] = []
    for i in range(m):
        row = [0] * len(order)
        for j, w in enumerate(numbers.W[i]):
            row[place[j]] = -w
        entries += [one * (i == j) - v for j, v in enumerate(numbers.A[i])] + row + [-numbers.h[i]]
    for i in range(n):
        row = [0] * len(order)
        row[place[i]], row[place[n + i]] = -one, one
        entries += numbers.V[i] + row + [numbers.c[i]]
    for r, i in enumerate(compared):
        row = [0] * len(order)
        row[place[2 * n + r]] = -one
        read = [a - b for a, b in zip(numbers.V[0], numbers.V[i], strict=True)]
        entries += read + row + [numbers.c[0] - numbers.c[i]]
    width = m + len(order) + 1
    reduced, _, rank = fmpz_mat(m + n + len(compared), width, entries).rref()
    rows = []
    for line in reduced.tolist()[:rank]:
        values = [int(v) for v in line]
        pivot = next(at for at, v in enumerate(values) if v)
        if pivot == width - 1:
            return [[0] * len(order) + [1]]
        if pivot >= m:
            content = gcd(*values) * (1 if values[pivot] > 0 else -1)
            values = [v // content for v in values]
            rows.append([values[m + place[column]] for column in range(len(order))] + [values[-1]])
    return rows
