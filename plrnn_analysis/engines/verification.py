"""Candidate words checked on the given doubles: in floats where these are clear, else in exact arithmetic.

A word names a subregion for each step of a ring (one step for fixed points). Its equations are solved in balanced units
with an error bound that holds; if every ReLU argument is further from zero than its bound, the signs are decided. Only
what is left in doubt, and every word whose matrix cannot be shown to be regular, is solved in rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..exact import ExactPiece, ExactRing, is_compatible, to_array
from ..maps import CanonicalMap
from ..numerics import EPS, LONG_EPS, gamma
from ..polytopes.rational import Undecided
from ..units import Units, balanced_ring

__all__ = ["Checker", "Doubt", "Hit", "exact_hit", "solve_region", "solve_regions"]

# Matrix entries solved at once.
BATCH_ENTRIES = 1_000_000
# A computed inverse R proves that K is regular, and bounds its own error, where |I - R K| is at most this.
REGULAR = 0.5
# Relative error, in balanced units, with which a point may be shown.
SHARP = 1e-11


@dataclass(frozen=True, eq=False)
class Hit:
    """A fixed point (or a cycle) with its rounding bounds.

    Attributes
    ----------
    z : (k M,) ndarray
        In the user's units; k is 1 for a fixed point.
    bits : (k H,) ndarray of bool
        Its word; ReLUs whose argument is zero count as inactive.
    y : (k H,) ndarray
        ReLU arguments. Their signs are exact; an argument is 0.0 only if it is zero.
    z_error, y_error : ndarray
        How far z and y are from the exact values at most.
    """

    z: np.ndarray
    bits: np.ndarray
    y: np.ndarray
    z_error: np.ndarray
    y_error: np.ndarray

    @property
    def signs(self) -> np.ndarray:
        """Exact signs of the ReLU arguments: -1, 0 or 1."""
        return np.sign(self.y).astype(np.int8)


class Doubt:
    """What a candidate is that could not be decided, or whose numbers are beyond the range of doubles."""


@dataclass(frozen=True, eq=False)
class _Batch:
    """What floats say of a batch of words, in balanced units.

    ``regular[i]`` and the error bounds are proven; the bounds are infinite where nothing is.
    """

    z: np.ndarray
    y: np.ndarray
    z_error: np.ndarray
    y_error: np.ndarray
    regular: np.ndarray


class Checker:
    """Solves words of a ring of maps.

    Parameters
    ----------
    maps : sequence of CanonicalMap
        Without input, as for :func:`plrnn_analysis.maps.ring_map`.
    """

    def __init__(self, maps: Sequence[CanonicalMap]) -> None:
        self.maps = list(maps)
        self.units: Units = balanced_ring(self.maps)
        self.constant = ~np.any(self.units.map.V != 0.0, axis=1)
        self._exact: ExactRing | None = None
        # Points found on boundaries: several words have them in their closed cells.
        self._touching: list[Hit] = []

    @property
    def exact(self) -> ExactRing:
        """The same maps in rationals, made when something first asks."""
        if self._exact is None:
            self._exact = ExactRing(self.maps)
        return self._exact

    def solve(self, patterns: np.ndarray, deadline: float | None = None) -> Iterator[Hit | ExactPiece | Doubt | None]:
        """Decide words.

        Parameters
        ----------
        patterns : (n, k H) ndarray of bool
        deadline : float, optional
            Reading of ``time.perf_counter`` after which exact arithmetic gives up.

        Yields
        ------
        Hit, ExactPiece, Doubt or None
            For each word its point, or its continuum (dimension of at least 1), named by the word of their relative
            interior; None if the closed cells of the word hold no solution; Doubt if that was not decided.
        """
        m, n = self.units.map.n_units, self.units.map.n_relu
        size = max(1, BATCH_ENTRIES // (m * max(m, n, 1)))
        for start in range(0, len(patterns), size):
            chunk = patterns[start : start + size]
            batch = self._in_floats(chunk)
            certain = (np.abs(batch.y) > batch.y_error) | (batch.y_error == 0.0)
            outside = np.any(np.where(chunk, batch.y < -batch.y_error, batch.y > batch.y_error), axis=1)
            # Signs may be certain while digits are missing: those come from exact arithmetic too.
            sharp = batch.z_error.max(axis=1, initial=0.0) <= SHARP * np.abs(batch.z).max(axis=1, initial=0.0)
            settled = np.all(certain, axis=1) & sharp
            for i, bits in enumerate(chunk):
                if outside[i]:
                    yield None
                elif settled[i]:
                    yield self._hit(batch, i)
                elif batch.regular[i] and (known := self._known(bits)) is not None:
                    yield known
                else:
                    yield self._exactly(bits, deadline)

    def affine_points(self, patterns: np.ndarray) -> Iterator[np.ndarray | None]:
        """The fixed point (M,) of each subregion's affine map, wherever it is; None where it is not unique."""
        m, n = self.units.map.n_units, self.units.map.n_relu
        size = max(1, BATCH_ENTRIES // (m * max(m, n, 1)))
        for start in range(0, len(patterns), size):
            chunk = patterns[start : start + size]
            batch = self._in_floats(chunk)
            sharp = batch.z_error.max(axis=1, initial=0.0) <= SHARP * np.abs(batch.z).max(axis=1, initial=0.0)
            for i, bits in enumerate(chunk):
                if batch.regular[i] and sharp[i]:
                    yield batch.z[i] * self.units.state
                else:
                    exact = self.exact.affine_point(bits)
                    yield None if exact is None else to_array(exact)

    def _in_floats(self, patterns: np.ndarray) -> _Batch:
        """Solve a batch of words with bounds of what rounding may have done."""
        map = self.units.map
        m, n = map.n_units, map.n_relu
        if not self.units.safe:
            return _unknown(patterns, m)
        A, W, V, c, h = map.A, map.W, map.V, map.c, map.h
        active = W[None] * patterns[:, None, :]
        identity = np.eye(m)
        K = identity - A - active @ V
        K_error = gamma(n + 3) * (identity + np.abs(A) + np.abs(active) @ np.abs(V))
        try:
            R = np.linalg.inv(K)
        except np.linalg.LinAlgError:
            if len(patterns) == 1:
                return _unknown(patterns, m)
            return _joined([self._in_floats(pattern[None]) for pattern in patterns])
        with np.errstate(all="ignore"):
            abs_R = np.abs(R)
            # E bounds |I - R K| for the exact K entry by entry, whatever the inverse is like.
            E = np.abs(identity - R @ K) + abs_R @ (gamma(m) * np.abs(K) + K_error) + EPS * identity
            e = E.sum(axis=2).max(axis=1)
            regular = e < REGULAR
            z = (R @ (h + (patterns * c) @ W.T)[..., None])[..., 0]
            residual, residual_error = self._residual(z, patterns)
            step = (R @ residual[..., None])[..., 0]
            left = (E @ np.abs(step)[..., None])[..., 0] + (
                abs_R @ (residual_error + gamma(m) * np.abs(residual))[..., None]
            )[..., 0]
            z = z + step
            # (I - E)^-1 <= 1 + E + ...: what the first term leaves is at most e / (1 - e) of the largest entry.
            z_error = (
                left + (e / (1.0 - e) * left.max(axis=1))[:, None] + EPS * np.abs(z) * (left.max(axis=1) > 0.0)[:, None]
            )
            z_error = np.where(regular[:, None], 1.01 * z_error, np.inf)
            y = _extended(V) @ z.astype(np.longdouble).T
            y = (y.T + c).astype(np.float64)
            size = np.abs(z) @ np.abs(V).T + np.abs(c)
            rounding = LONG_EPS * (m + 3) * size + EPS * np.abs(y)
            moved = z_error @ np.abs(V).T
            # An argument whose terms are all exact zeros is an exact zero.
            y_error = np.where(np.any(z_error > 0.0, axis=1)[:, None] | (size > 0.0), 1.01 * (moved + rounding), 0.0)
            y_error[:, self.constant] = 0.0
            y_error = np.where(np.isfinite(y) & ~np.isnan(y_error), y_error, np.inf)
        return _Batch(z, y, z_error, y_error, regular & np.all(np.isfinite(z), axis=1))

    def _residual(self, z: np.ndarray, patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``J_b z + offset - z`` in the longest floats there are, and how wrong it may be."""
        map = self.units.map
        A, W, V, c, h = (_extended(a) for a in (map.A, map.W, map.V, map.c, map.h))
        long = z.astype(np.longdouble)
        x = np.where(patterns, long @ V.T + c, 0.0)
        residual = long @ A.T + x @ W.T + h - long
        x_size = np.where(patterns, np.abs(z) @ np.abs(map.V).T + np.abs(map.c), 0.0)
        size = np.abs(z) @ np.abs(map.A).T + x_size @ np.abs(map.W).T + np.abs(map.h) + np.abs(z)
        terms = map.n_units + map.n_relu + 4
        short = residual.astype(np.float64)
        return short, 2.0 * LONG_EPS * terms * size + EPS * np.abs(short)

    def _hit(self, batch: _Batch, i: int) -> Hit:
        state, relu = self.units.state, self.units.relu
        return Hit(
            batch.z[i] * state, batch.y[i] > 0.0, batch.y[i] * relu, batch.z_error[i] * state, batch.y_error[i] * relu
        )

    def _known(self, bits: np.ndarray) -> Hit | None:
        """A point already found that solves the equations of this word too: its only solution, if it is regular."""
        return next((hit for hit in self._touching if is_compatible(hit.signs, bits)), None)

    def _exactly(self, bits: np.ndarray, deadline: float | None) -> Hit | ExactPiece | Doubt | None:
        try:
            piece = self.exact.settle(bits, deadline)
        except Undecided:
            return Doubt()
        if piece is None or piece.dimension:
            return piece
        hit = exact_hit(self.exact, piece)
        if hit is None:
            return Doubt()
        if np.any(hit.y == 0.0):
            self._touching.append(hit)
        return hit


def exact_hit(ring: ExactRing, piece: ExactPiece) -> Hit | None:
    """An exact point as doubles; None if they cannot hold it."""
    z = to_array([value for state in piece.point for value in state])
    y = to_array(ring.arguments(piece.point))
    if not (np.all(np.isfinite(z)) and np.all(np.isfinite(y)) and np.array_equal(np.sign(y), piece.signs.ravel())):
        return None
    return Hit(z, piece.bits.ravel(), y, EPS * np.abs(z), EPS * np.abs(y))


def _extended(array: np.ndarray) -> np.ndarray:
    return array.astype(np.longdouble)


def _unknown(patterns: np.ndarray, m: int) -> _Batch:
    """Nothing is known: exact arithmetic must decide."""
    count, n = patterns.shape
    nothing, infinite = np.zeros((count, m)), np.full((count, m), np.inf)
    return _Batch(nothing, np.zeros((count, n)), infinite, np.full((count, n), np.inf), np.zeros(count, dtype=bool))


def _joined(parts: list[_Batch]) -> _Batch:
    return _Batch(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("z", "y", "z_error", "y_error", "regular")
        )
    )


def solve_region(map: CanonicalMap, bits: np.ndarray) -> Hit | ExactPiece | None:
    """The fixed points in the closed cell of one subregion; see :func:`solve_regions`."""
    return next(solve_regions(map, np.asarray(bits, dtype=bool)[None]))


def solve_regions(map: CanonicalMap, patterns: np.ndarray) -> Iterator[Hit | ExactPiece | None]:
    """The fixed points of many subregions.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    patterns : (n, H) ndarray of bool

    Yields
    ------
    Hit, ExactPiece or None
        As :meth:`Checker.solve`. What exceeds the range of doubles counts as None.
    """
    for found in Checker([map]).solve(patterns):
        yield None if isinstance(found, Doubt) else found
