"""Fixed points and cycles of one word of subregions, decided in exact arithmetic.

The doubles of a map are rational numbers, so the solutions of ``z = F(z)`` along a word of subregions are an affine set
over the rationals, and its part where the signs are right is a rational polyhedron. Floats propose the words; what is
doubtful about one is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mat

from .maps import CanonicalMap
from .polytopes.rational import flat_of, nearest_double, rational, rational_matrix, relative_interior

__all__ = ["ExactPiece", "ExactRing", "is_compatible", "to_array"]


def to_array(values: Sequence[fmpq]) -> np.ndarray:
    """Rational numbers as the nearest doubles."""
    return np.array([nearest_double(value) for value in values], dtype=np.float64)


def is_compatible(signs: np.ndarray, bits: np.ndarray) -> bool:
    """Whether a point with these exact signs (-1, 0, 1) of its ReLU arguments lies in the *closed* cell of `bits`.

    A fixed point that does is one of the subregion's affine map too: in the closure of the continuum of that
    subregion, if there is one.
    """
    return bool(np.all(np.where(bits, signs >= 0, signs <= 0)))


@dataclass(frozen=True, eq=False)
class ExactPiece:
    """All fixed points (or cycles) whose bitcodes form one word: a point, or a polyhedron.

    Attributes
    ----------
    bits : (k, H) ndarray of bool
        The word of the relative interior; arguments that are zero throughout count as inactive.
    signs : (k, H) ndarray of int8
        Signs of the ReLU arguments in the relative interior.
    point : list of k lists of M fmpq
        A relatively interior point, one state for each step.
    directions : list of d lists of k lists of M fmpq
        They span the piece: point plus combinations of them.
    interval : pair or None
        For d = 1 the ends of t in ``point + t * directions[0]``; None for an end at infinity.
    """

    bits: np.ndarray
    signs: np.ndarray
    point: list[list[fmpq]]
    directions: list[list[list[fmpq]]]
    interval: tuple[fmpq | None, fmpq | None] | None

    @property
    def dimension(self) -> int:
        """Dimension of the piece; 0 for a point."""
        return len(self.directions)


class ExactRing:
    """The maps of a ring of k steps in rational numbers; k = 1 for fixed points.

    Parameters
    ----------
    maps : sequence of CanonicalMap
        Without input. ``maps[t]`` leads into position t, as in :func:`plrnn_analysis.maps.ring_map`.
    """

    def __init__(self, maps: Sequence[CanonicalMap]) -> None:
        self.period = len(maps)
        self.n_units, self.n_relu = maps[0].n_units, maps[0].n_relu
        self.A = rational_matrix(maps[0].A)
        self.W = [[rational(v) for v in column] for column in maps[0].W.T.tolist()]
        self.V = [[rational(v) for v in row] for row in maps[0].V.tolist()]
        self.V_matrix = rational_matrix(maps[0].V)
        self.h = [[rational(v) for v in map.h.tolist()] for map in maps]
        self.c = [[rational(v) for v in map.c.tolist()] for map in maps]

    def step(self, t: int, bits: np.ndarray) -> tuple[fmpq_mat, fmpq_mat]:
        """Jacobian (M, M) and offset (M, 1) of the step into position t from a state with these bits (H,)."""
        m, active = self.n_units, np.flatnonzero(bits).tolist()
        h = fmpq_mat(m, 1, self.h[t])
        if not active:
            return self.A, h
        W = fmpq_mat(m, len(active), [self.W[i][row] for row in range(m) for i in active])
        V = fmpq_mat(len(active), m, [value for i in active for value in self.V[i]])
        return self.A + W * V, h + W * fmpq_mat(len(active), 1, [self.c[t][i] for i in active])

    def jacobian(self, bits: np.ndarray) -> fmpq_mat:
        """Product of the Jacobians along a word (k, H), from position 0 round to position 0."""
        product = _identity(self.n_units)
        for t in range(self.period):
            product = self.step((t + 1) % self.period, bits[t])[0] * product
        return product

    def is_regular(self, bits: np.ndarray) -> bool:
        """Whether a word (k, H) has exactly one solution of ``z = F(z)`` when signs are ignored."""
        return self.fixes_nothing(self.jacobian(bits))

    def fixes_nothing(self, jacobian: fmpq_mat) -> bool:
        """Whether one is no eigenvalue of a matrix (M, M)."""
        return bool((_identity(self.n_units) - jacobian).rank() == self.n_units)

    def arguments(self, states: Sequence[Sequence[fmpq]]) -> list[fmpq]:
        """ReLU arguments, k H of them, of the states of a ring."""
        values: list[fmpq] = []
        for t, state in enumerate(states):
            c = self.c[(t + 1) % self.period]
            values.extend(_dot(row, state) + constant for row, constant in zip(self.V, c, strict=True))
        return values

    def affine_point(self, bits: np.ndarray) -> list[fmpq] | None:
        """The fixed point (M,) of the affine map of a subregion (H,), wherever it is; None if it is not unique."""
        J, offset = self.step(0, np.asarray(bits, dtype=bool))
        try:
            return list((_identity(self.n_units) - J).solve(offset).entries())
        except ZeroDivisionError:
            return None

    def meets(self, piece: ExactPiece, low: np.ndarray, high: np.ndarray) -> bool:
        """Whether some point of a piece has all its states in the closed box from `low` to `high` (M,)."""
        corners = [[rational(v) if np.isfinite(v) else None for v in side.tolist()] for side in (low, high)]
        if not piece.dimension:
            return all(
                (a is None or v >= a) and (b is None or v <= b)
                for state in piece.point
                for v, a, b in zip(state, *corners, strict=True)
            )
        rows: list[list[fmpq]] = []
        room: list[fmpq] = []
        for t in range(self.period):
            moves = [direction[t] for direction in piece.directions]
            for i, bit in enumerate(piece.bits[t]):
                sign = 1 if bit else -1
                rows.append([sign * _dot(self.V[i], move) for move in moves])
                room.append(sign * (_dot(self.V[i], piece.point[t]) + self.c[(t + 1) % self.period][i]))
            for u, (a, b) in enumerate(zip(*corners, strict=True)):
                if a is not None:
                    rows.append([move[u] for move in moves])
                    room.append(piece.point[t][u] - a)
                if b is not None:
                    rows.append([-move[u] for move in moves])
                    room.append(b - piece.point[t][u])
        return relative_interior(rows, room) is not None

    def settle(self, bits: np.ndarray, deadline: float | None = None) -> ExactPiece | None:
        """The solutions in the *closed* cells of a word, under the name of their relative interior.

        Parameters
        ----------
        bits : (k, H) ndarray of bool
        deadline : float, optional
            Reading of ``time.perf_counter`` after which linear programs give up.

        Returns
        -------
        ExactPiece or None
            None if there are none. Its word differs from `bits` where arguments vanish on all of the piece; the piece
            then may be larger than the part of it that `bits` closes.

        Raises
        ------
        plrnn_analysis.polytopes.rational.Undecided
            If the deadline passed.

        Notes
        -----
        One rational solve with an M by M matrix of numbers of about 53 k bits; where it is singular, a rational
        linear program for every ReLU.
        """
        bits = np.asarray(bits, dtype=bool).reshape(self.period, self.n_relu)
        piece = self._closed(bits, deadline)
        # The relative interior may belong to another word, whose piece then contains this one: at most one more turn.
        while piece is not None and not np.array_equal(piece.bits, bits):
            bits = piece.bits
            if not piece.dimension and self.is_regular(bits):
                break
            piece = self._closed(bits, deadline)
        return piece

    def _solutions(self, bits: np.ndarray) -> list[fmpq_mat] | None:
        """For each position (M, 1 + d): a solution and the directions of all others; None if there are none."""
        m = self.n_units
        steps = [self.step((t + 1) % self.period, bits[t]) for t in range(self.period)]
        product, constant = steps[0]
        for J, offset in steps[1:]:
            product, constant = J * product, J * constant + offset
        K = _identity(m) - product
        try:
            states = K.solve(constant)
        except ZeroDivisionError:
            found = _general_solution(K, constant)
            if found is None:
                return None
            states = found
        ring = [states]
        width = states.ncols()
        for J, offset in steps[:-1]:
            padded = fmpq_mat(m, width, [offset[i, 0] if j == 0 else 0 for i in range(m) for j in range(width)])
            ring.append(J * ring[-1] + padded)
        return ring

    def _closed(self, bits: np.ndarray, deadline: float | None) -> ExactPiece | None:
        ring = self._solutions(bits)
        if ring is None:
            return None
        k, n = self.period, self.n_relu
        width = ring[0].ncols()
        room: list[fmpq] = []
        slopes: list[list[fmpq]] = []
        for t, states in enumerate(ring):
            if not n:
                break
            arguments = self.V_matrix * states
            c = self.c[(t + 1) % k]
            for i in range(n):
                room.append(arguments[i, 0] + c[i])
                slopes.append([arguments[i, j] for j in range(1, width)])
        flat = bits.ravel()
        if width == 1:
            if any((value < 0) if bit else (value > 0) for value, bit in zip(room, flat, strict=True)):
                return None
            return self._piece(ring, [], room, slopes, None)
        rows = [row if bit else [-v for v in row] for row, bit in zip(slopes, flat, strict=True)]
        ends = [value if bit else -value for value, bit in zip(room, flat, strict=True)]
        inner = relative_interior(rows, ends, proposal=None if rows else np.zeros(width - 1), deadline=deadline)
        if inner is None:
            return None
        inside, vanishing = inner
        spanned = _null_space([row for row, gone in zip(rows, vanishing, strict=True) if gone], width - 1)
        interval = None
        if len(spanned) == 1:
            inside, interval = _centred(rows, ends, inside, spanned[0])
        return self._piece(ring, spanned, room, slopes, interval, inside)

    def _piece(
        self,
        ring: list[fmpq_mat],
        spanned: list[list[fmpq]],
        room: list[fmpq],
        slopes: list[list[fmpq]],
        interval: tuple[fmpq | None, fmpq | None] | None,
        t: Sequence[fmpq] = (),
    ) -> ExactPiece:
        """Put a point t of the solution set, and directions given in its coordinates, back into states."""
        values = [value + _dot(row, t) for value, row in zip(room, slopes, strict=True)]
        signs = np.array([(v > 0) - (v < 0) for v in values], dtype=np.int8).reshape(self.period, self.n_relu)
        point = [_combine(states, t, 1) for states in ring]
        directions = [[_combine(states, direction, 0) for states in ring] for direction in spanned]
        return ExactPiece(signs > 0, signs, point, directions, interval)


def _identity(m: int) -> fmpq_mat:
    return fmpq_mat(m, m, [int(i == j) for i in range(m) for j in range(m)])


def _dot(row: Sequence[fmpq], t: Sequence[fmpq]) -> fmpq:
    return sum((a * b for a, b in zip(row, t, strict=True)), fmpq(0))


def _combine(states: fmpq_mat, t: Sequence[fmpq], anchor: int) -> list[fmpq]:
    """Anchor (taken `anchor` times) plus t times the directions, from the columns of `states`."""
    weights = fmpq_mat(len(t) + 1, 1, [fmpq(anchor), *t])
    return list((states * weights).entries())


def _general_solution(K: fmpq_mat, constant: fmpq_mat) -> fmpq_mat | None:
    """All solutions of ``K z = constant`` as columns: one solution, then a basis of the null space; None if none."""
    m = K.ncols()
    flat = flat_of(K.tolist(), [-value for value in constant.entries()], m)
    if flat is None:
        return None
    free = flat.directions.ncols()
    return fmpq_mat(m, 1 + free, [
        flat.origin[i, 0] if j == 0 else flat.directions[i, j - 1] for i in range(m) for j in range(1 + free)
    ])  # fmt: skip


def _null_space(rows: list[list[fmpq]], width: int) -> list[list[fmpq]]:
    """A basis of the t with ``rows t = 0``."""
    flat = flat_of(rows, [fmpq(0)] * len(rows), width)
    assert flat is not None  # zero is a solution
    return [[flat.directions[i, j] for i in range(width)] for j in range(flat.directions.ncols())]


def _centred(
    rows: list[list[fmpq]], room: list[fmpq], t: Sequence[fmpq], direction: list[fmpq]
) -> tuple[list[fmpq], tuple[fmpq | None, fmpq | None]]:
    """The middle of a segment through t, or a point of a ray one direction from its end; and the ends seen from it."""
    low: fmpq | None = None
    high: fmpq | None = None
    for row, value in zip(rows, room, strict=True):
        slope, here = _dot(row, direction), value + _dot(row, t)
        if slope > 0:
            low = -here / slope if low is None else max(low, -here / slope)
        elif slope < 0:
            high = -here / slope if high is None else min(high, -here / slope)
    if low is not None and high is not None:
        middle = (low + high) / 2
    elif low is not None:
        middle = low + 1
    else:
        middle = high - 1 if high is not None else fmpq(0)
    moved = [a + middle * b for a, b in zip(t, direction, strict=True)]
    return moved, (None if low is None else low - middle, None if high is None else high - middle)
