"""Discs that hold the eigenvalues of a matrix, from computed eigenvectors and products of whole numbers.

With any regular X and any diagonal D, ``X^-1 J X = D + X^-1 (J X - X D)``, and Gershgorin's theorem applies to the
right side. X, D and an approximate inverse of X are what floats propose. They are rounded to whole numbers of so few
binary digits that every sum of products stays below 2**53: doubles hold it exactly. What is left after ``X D`` has been
taken from ``J X`` is small and exact; from there on only numbers that are not negative are added and multiplied, and
their sum is widened by far more than what rounding can do.
"""

from __future__ import annotations

from dataclasses import dataclass

import flint
import numpy as np

from ..engines.spectral_bounds import balanced_matrices
from ..engines.unit_circle import Enclosure

__all__ = ["Slices", "enclosures_of"]

# Sums are below 2**53.
DOUBLE_BITS = 53
# More than rounding does to sums of as many numbers as there are, none of which is negative.
WIDER = 1.0 + 1e-9
# More than underflow loses.
UNDERFLOW = 1e-300
# Larger defects of the approximate inverse prove nothing.
LARGEST_DEFECT = 0.25


@dataclass(frozen=True, eq=False)
class Slices:
    """A matrix of whole numbers ``high * 2**bits + low`` in doubles, both at most 2**bits in modulus."""

    high: np.ndarray
    low: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray, orders: np.ndarray, bits: int) -> Slices:
        """Of a matrix divided by 2**orders, whose entries are at most one in modulus then, times ``2**(2 bits)``."""
        scaled = np.ldexp(matrix, bits - orders)
        high = np.rint(scaled)
        return cls(high, np.rint(np.ldexp(scaled - high, bits)))

    def value(self, bits: int) -> np.ndarray:
        """The numbers themselves divided by ``2**(2 bits)``, exactly."""
        return np.ldexp(np.ldexp(self.high, bits) + self.low, -2 * bits)


def enclosures_of(matrix: np.ndarray, error: np.ndarray) -> list[Enclosure] | None:
    """Discs with one eigenvalue each.

    Parameters
    ----------
    matrix, error : (M, M) ndarray
        The exact matrix is within the error of this one, entry by entry.

    Returns
    -------
    list of Enclosure or None
        None where some discs meet, or nothing is known.

    Notes
    -----
    An eigendecomposition and 16 products of M by M matrices, where M does not count units that drive no other one or
    are driven by none.
    """
    m = len(matrix)
    if not m or not np.all(np.isfinite(matrix)) or not np.all(np.isfinite(error)):
        return None
    core = _core(matrix, error)
    centres, radii = np.diag(matrix).astype(np.complex128), np.diag(error).copy()
    if np.any(core):
        found = _discs_of_block(matrix[np.ix_(core, core)], error[np.ix_(core, core)])
        if found is None:
            return None
        centres[core], radii[core] = found
    gaps = np.abs(centres[:, None] - centres[None]) / WIDER - (radii[:, None] + radii[None]) * WIDER
    np.fill_diagonal(gaps, np.inf)
    if not np.all(np.isfinite(radii)) or not np.all(gaps > 0.0):
        return None
    moduli = np.abs(centres)
    lower, upper = np.maximum(moduli / WIDER - radii * WIDER, 0.0) / WIDER, (moduli + radii) * WIDER * WIDER
    # The matrix is real: alone around a real number means real.
    real = [
        True if v == 0.0 else (False if v > r else None) for v, r in zip(abs(centres.imag), radii * WIDER, strict=True)
    ]
    return [
        Enclosure(complex(centre), flint.arb(low), flint.arb(high), kind, 1, float(radius))
        for centre, low, high, kind, radius in zip(centres, lower.tolist(), upper.tolist(), real, radii, strict=True)
    ]


def _core(matrix: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The units (M,) that drive others and are driven; each of the rest has its diagonal entry as an eigenvalue."""
    linked = (matrix != 0.0) | (error != 0.0)
    np.fill_diagonal(linked, False)
    core = np.ones(len(matrix), dtype=bool)
    while True:
        kept = core & np.any(linked & core, axis=1) & np.any(linked & core[:, None], axis=0)
        if np.array_equal(kept, core):
            return core
        core = kept


def _discs_of_block(matrix: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    balanced, spread = (part[0] for part in balanced_matrices(matrix[None], error[None]))
    try:
        values, vectors = np.linalg.eig(balanced)
        inverse = np.linalg.inv(vectors)
    except np.linalg.LinAlgError:
        return None
    values, vectors, inverse = (part.astype(np.complex128) for part in (values, vectors, inverse))
    with np.errstate(all="ignore"):
        return _discs(balanced, spread, values, vectors, inverse)


def _discs(
    matrix: np.ndarray, spread: np.ndarray, values: np.ndarray, vectors: np.ndarray, inverse: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    m = len(matrix)
    bits = (DOUBLE_BITS - 3 - int(m).bit_length()) // 2
    scale = int(np.frexp(max(np.max(np.abs(matrix)), np.max(np.abs(values))))[1])
    # Real and imaginary parts side by side; the columns of X have largest entries of size one.
    sizes = np.frexp(np.maximum(np.max(np.abs(vectors.real), axis=0), np.max(np.abs(vectors.imag), axis=0)))[1]
    J = Slices.of(matrix, np.array(scale), bits)
    X = Slices.of(np.hstack([vectors.real, vectors.imag]), np.tile(sizes, 2), bits)
    D = Slices.of(np.concatenate([values.real, values.imag]), np.array(scale), bits)
    left = _difference(J, X, D, m, bits)
    if left is None:
        return None
    x, d = X.value(bits), D.value(bits)
    x_size = np.abs(x[:, :m]) + np.abs(x[:, m:])
    # J was rounded, and was not known exactly before.
    unknown = np.abs(np.ldexp(matrix, -scale) - J.value(bits)) + np.ldexp(spread, -scale) + UNDERFLOW
    residual = (left[:, :m] + left[:, m:]) * WIDER + (unknown @ x_size) * WIDER
    rows = _rows_of_inverse(inverse * np.ldexp(1.0, sizes)[:, None], X, m, bits)
    if rows is None:
        return None
    y_size, worst = rows
    # (I - E)^-1 adds at most worst / (1 - worst) of the largest row.
    sums = (y_size @ residual).sum(axis=1) * WIDER
    radii = (sums + 2.0 * worst * np.max(sums)) * WIDER
    return np.ldexp(d[:m], scale) + 1j * np.ldexp(d[m:], scale), np.nextafter(np.ldexp(radii, scale) * WIDER, np.inf)


def _difference(J: Slices, X: Slices, D: Slices, m: int, bits: int) -> np.ndarray | None:
    """Moduli (M, 2 M) of the real and imaginary parts of ``J X - X D``, rounded up; None if they are too large."""

    def turned(x: np.ndarray, d: np.ndarray) -> np.ndarray:
        """``x * d`` of complex numbers, column by column."""
        real, imaginary = x[:, :m], x[:, m:]
        return np.hstack([real * d[:m] - imaginary * d[m:], real * d[m:] + imaginary * d[:m]])

    high = J.high @ X.high - turned(X.high, D.high)
    middle = (J.high @ X.low + J.low @ X.high) - (turned(X.high, D.low) + turned(X.low, D.high))
    low = J.low @ X.low - turned(X.low, D.low)
    if not np.max(np.abs(high)) * 2.0**bits + np.max(np.abs(middle)) < 2.0**DOUBLE_BITS:
        return None
    upper = np.abs(high * 2.0**bits + middle)
    return np.asarray(np.ldexp(upper * 2.0**bits + np.abs(low), -4 * bits) * WIDER)


def _rows_of_inverse(inverse: np.ndarray, X: Slices, m: int, bits: int) -> tuple[np.ndarray, float] | None:
    """Moduli of a rounded inverse Y, and a bound of the row sums of ``|I - Y X|``; None if that is too large."""
    sizes = np.frexp(np.maximum(np.max(np.abs(inverse.real), axis=1), np.max(np.abs(inverse.imag), axis=1)))[1]
    real, imaginary = (np.rint(np.ldexp(part, (bits - sizes)[:, None])) for part in (inverse.real, inverse.imag))

    def times(x: np.ndarray) -> np.ndarray:
        return np.hstack([real @ x[:, :m] - imaginary @ x[:, m:], real @ x[:, m:] + imaginary @ x[:, :m]])

    one = np.hstack([np.diag(np.ldexp(1.0, 2 * bits - sizes)), np.zeros((m, m))])
    if np.max(one) >= 2.0**DOUBLE_BITS or np.min(np.diag(one)) < 1.0:
        return None
    rest = (np.abs(one - times(X.high)) + np.ldexp(np.abs(times(X.low)), -bits)) * WIDER
    worst = float(np.max(np.ldexp(rest.sum(axis=1), sizes - 2 * bits))) * WIDER
    if not worst <= LARGEST_DEFECT:
        return None
    return np.ldexp(np.abs(real) + np.abs(imaginary), (sizes - bits)[:, None]), worst
