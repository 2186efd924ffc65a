"""Candidate words checked on the given doubles: in floats where these are clear, else in exact arithmetic.

A word names a subregion for each step of a ring (one step for fixed points). Its equations are solved in balanced units
with an error bound that holds; if every ReLU argument is further from zero than its bound, the signs are decided. Only
what is left in doubt, and every word whose matrix cannot be shown to be regular, is solved in rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exact import ExactPiece, ExactRing, is_compatible, to_array
from ..maps import CanonicalMap
from ..numerics import EPS, gamma
from ..polytopes.rational import Undecided
from ..units import Units, balanced_ring

__all__ = ["Checker", "Doubt", "Hit", "exact_hit"]

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

    ``regular[i]`` and the error bounds are proved; the bounds are infinite where nothing is.
    """

    z: np.ndarray
    y: np.ndarray
    z_error: np.ndarray
    y_error: np.ndarray
    regular: np.ndarray

    def take(self, where: np.ndarray, other: _Batch) -> None:
        """Put the numbers of another batch in some places."""
        for name in ("z", "y", "z_error", "y_error", "regular"):
            getattr(self, name)[where] = getattr(other, name)


@dataclass(frozen=True, eq=False)
class _Inverse:
    """Computed inverses of the matrices K of a batch, and moduli that bounds are made of."""

    R: np.ndarray
    abs_R: np.ndarray
    abs_K: np.ndarray
    abs_active: np.ndarray
    off: np.ndarray

    def of(self, where: np.ndarray) -> _Inverse:
        """Those of some words of the batch."""
        return _Inverse(self.R[where], self.abs_R[where], self.abs_K[where], self.abs_active[where], self.off[where])


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
        own = self.units.map
        # Moduli that every error bound is made of, transposed as batches of row vectors need them.
        self._sizes = tuple(np.abs(a) for a in (own.A.T, own.W.T, own.V.T, own.c, own.h))
        # States that nothing but active ReLUs writes to: zero to the last digit where these are inactive.
        self._blank = ~np.any(own.A != 0.0, axis=1) & (own.h == 0.0)
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
            inverse = self._inverted(chunk)
            batch, outside, settled = self._judged(chunk, inverse, np.float64)
            doubtful = np.flatnonzero(~(outside | settled))
            if len(doubtful):
                # Residuals in longer floats settle most of what is left.
                better, outside[doubtful], settled[doubtful] = self._judged(
                    chunk[doubtful], inverse.of(doubtful), np.longdouble
                )
                batch.take(doubtful, better)
            for i in range(len(chunk)):
                if outside[i]:
                    yield None
                elif settled[i]:
                    yield self._hit(batch, i)
                elif batch.regular[i] and (known := self._known(chunk[i])) is not None:
                    yield known
                else:
                    yield self._exactly(chunk[i], deadline)

    def affine_points(self, patterns: np.ndarray) -> Iterator[np.ndarray | None]:
        """The fixed point (M,) of each subregion's affine map, wherever it is; None where it is not unique."""
        m, n = self.units.map.n_units, self.units.map.n_relu
        size = max(1, BATCH_ENTRIES // (m * max(m, n, 1)))
        for start in range(0, len(patterns), size):
            chunk = patterns[start : start + size]
            batch = self._in_floats(chunk, self._inverted(chunk), np.longdouble)
            sharp = batch.z_error.max(axis=1, initial=0.0) <= SHARP * np.abs(batch.z).max(axis=1, initial=0.0)
            for i, bits in enumerate(chunk):
                if batch.regular[i] and sharp[i]:
                    yield batch.z[i] * self.units.state
                else:
                    exact = self.exact.affine_point(bits)
                    yield None if exact is None else to_array(exact)

    def _judged(self, patterns: np.ndarray, inverse: _Inverse, kind: Any) -> tuple[_Batch, np.ndarray, np.ndarray]:
        """Solutions in floats; which lie outside of their closed cells, and which are decided in every respect."""
        batch = self._in_floats(patterns, inverse, kind)
        certain: np.ndarray = (np.abs(batch.y) > batch.y_error) | (batch.y_error == 0.0)
        outside = np.where(patterns, batch.y < -batch.y_error, batch.y > batch.y_error)
        # Signs may be certain while digits are missing: those come from exact arithmetic too.
        sharp = batch.z_error.max(axis=1, initial=0.0) <= SHARP * np.abs(batch.z).max(axis=1, initial=0.0)
        return batch, np.any(outside, axis=1), np.all(certain, axis=1) & sharp

    def _inverted(self, patterns: np.ndarray) -> _Inverse:
        """Computed inverses R of K = I - J, and |I - R K|; NaN where there is none."""
        map = self.units.map
        with np.errstate(all="ignore"):
            active = map.W[None] * patterns[:, None, :]
            K = np.eye(map.n_units) - map.A - active @ map.V
        try:
            R = np.linalg.inv(K)
        except np.linalg.LinAlgError:
            R = np.full_like(K, np.nan)
            for i, matrix in enumerate(K):
                with suppress(np.linalg.LinAlgError):
                    R[i] = np.linalg.inv(matrix)
        with np.errstate(all="ignore"):
            return _Inverse(R, np.abs(R), np.abs(K), np.abs(active), np.abs(np.eye(map.n_units) - R @ K))

    def _in_floats(self, patterns: np.ndarray, inverse: _Inverse, kind: Any) -> _Batch:
        """Solve a batch of words with bounds of what rounding may have done; residuals in floats of this kind."""
        map = self.units.map
        m, n = map.n_units, map.n_relu
        if not self.units.safe:
            return _unknown(patterns, m)
        W, V, c, h = map.W, map.V, map.c, map.h
        abs_A, _, abs_V, abs_c, _ = self._sizes
        R, abs_R = inverse.R, inverse.abs_R
        with np.errstate(all="ignore"):

            def defect(q: np.ndarray) -> np.ndarray:
                """Bounds of |I - R K| q for the exact K, q >= 0, whatever the inverse is like."""
                x = _times(inverse.abs_active, q @ abs_V)
                rounding = gamma(m) * _times(inverse.abs_K, q) + gamma(n + 3) * (q + q @ abs_A + x)
                return _times(inverse.off, q) + _times(abs_R, rounding) + EPS * q

            e = defect(np.ones((len(patterns), m))).max(axis=1)
            regular = e < REGULAR
            z = _times(R, h + _times(W, patterns * c))
            residual, residual_error = self._residual(z, patterns, kind)
            step = _times(R, residual)
            left = defect(np.abs(step)) + _times(abs_R, residual_error + gamma(m) * np.abs(residual))
            z = z + step
            # (I - E)^-1 <= 1 + E + ...: what the first term leaves is at most e / (1 - e) of the largest entry.
            most = left.max(axis=1, keepdims=True)
            z_error = left + (e / (1.0 - e))[:, None] * most + EPS * np.abs(z) * (most > 0.0)
            z_error = np.where(regular[:, None], 1.01 * z_error, np.inf)
            if np.any(self._blank):
                still = self._blank & ~np.any(inverse.abs_active != 0.0, axis=2)
                z, z_error = np.where(still, 0.0, z), np.where(still & regular[:, None], 0.0, z_error)
            y = (_times(V.astype(kind, copy=False), z.astype(kind, copy=False)) + c).astype(np.float64, copy=False)
            size = np.abs(z) @ abs_V + abs_c
            rounding = float(np.finfo(kind).eps) * (m + 3) * size + EPS * np.abs(y)
            # Bounds are zero where all terms are exact zeros, and only there.
            y_error = 1.01 * (z_error @ abs_V + rounding)
            y_error[:, self.constant] = 0.0
            y_error = np.where(np.isfinite(y) & ~np.isnan(y_error), y_error, np.inf)
        return _Batch(z, y, z_error, y_error, regular & np.all(np.isfinite(z), axis=1))

    def _residual(self, z: np.ndarray, patterns: np.ndarray, kind: Any) -> tuple[np.ndarray, np.ndarray]:
        """``J_b z + offset - z`` in floats of a kind, and how wrong it may be."""
        map = self.units.map
        A, W, V, c, h = (a.astype(kind, copy=False) for a in (map.A, map.W, map.V, map.c, map.h))
        long = z.astype(kind, copy=False)
        x = (_times(V, long) + c) * patterns
        residual = _times(A, long) + _times(W, x) + h - long
        abs_A, abs_W, abs_V, abs_c, abs_h = self._sizes
        abs_z = np.abs(z)
        x_size = (abs_z @ abs_V + abs_c) * patterns
        size = abs_z @ abs_A + x_size @ abs_W + abs_h + abs_z
        terms = map.n_units + map.n_relu + 4
        short = residual.astype(np.float64, copy=False)
        return short, 2.0 * float(np.finfo(kind).eps) * terms * size + EPS * np.abs(short)

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


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The product of each of (n, M, N) matrices, or of one, with its vector (n, N).

    One by one, so that no digit depends on how many vectors there are.
    """
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _unknown(patterns: np.ndarray, m: int) -> _Batch:
    """Nothing is known: exact arithmetic must decide."""
    count, n = patterns.shape
    nothing, infinite = np.zeros((count, m)), np.full((count, m), np.inf)
    return _Batch(nothing, np.zeros((count, n)), infinite, np.full((count, n), np.inf), np.zeros(count, dtype=bool))
