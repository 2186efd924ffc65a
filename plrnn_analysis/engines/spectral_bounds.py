"""Eigenvalues of many small matrices in floating point, with error bounds that hold."""

from __future__ import annotations

import numpy as np

from ..numerics import EPS

__all__ = ["balanced_matrices", "eigenvalue_discs", "products_with_error"]

# Far below every number that matters, far above what underflow loses.
TINY = 1e-290
# Rows and columns that agree within this factor are left alone.
NEAR = 64.0
# Passes of balancing, and how far the exponents may go: a reducible matrix can be balanced for ever.
BALANCING_PASSES, MOST_BINARY_ORDERS = 4, 300
# Bounds are only as good as the inverse of the eigenvectors.
WORST_INVERSE = 0.1
# Steps of a word that are multiplied one after the other; such products are multiplied in pairs.
BLOCK = 16


def products_with_error(
    A: np.ndarray, W: np.ndarray, V: np.ndarray, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Products of Jacobians along words, and bounds of their rounding errors.

    Parameters
    ----------
    A, W, V : (k, M, M), (k, M, H), (k, H, M) ndarray
        Of the maps that act one after the other.
    words : (n, k, H) ndarray of bool

    Returns
    -------
    product, error : (n, M, M) ndarray
        ``J_k ... J_1`` in floating point; entry by entry the exact product is at most `error` away.

    Notes
    -----
    A product of n terms is off by at most ``n u`` times the product of the moduli (Higham, Accuracy and Stability of
    Numerical Algorithms, 2002, section 3.5; u = EPS / 2). The spare factor of two pays for the rounding of the bounds.
    In long words an error is multiplied with the size of whole products, which is small where motion contracts or
    turns, not with a product of many sizes, which grows.
    """
    blocks = [range(start, min(start + BLOCK, words.shape[1])) for start in range(0, words.shape[1], BLOCK)]
    parts = [_along(A, W, V, words, block) for block in blocks]
    while len(parts) > 1:
        pairs = [_times(*parts[i + 1], *parts[i]) for i in range(0, len(parts) - 1, 2)]
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]


def _along(
    A: np.ndarray, W: np.ndarray, V: np.ndarray, words: np.ndarray, steps: range
) -> tuple[np.ndarray, np.ndarray]:
    """The product of the Jacobians of some consecutive steps, and its error."""
    n_relu = W.shape[2]
    product = error = np.zeros(0)
    for t in steps:
        active = words[:, t, None, :]
        J = A[t] + (W[t] * active) @ V[t]
        spread = (np.abs(W[t]) * active) @ np.abs(V[t])
        J_error = (n_relu + 2) * EPS * (np.abs(A[t]) + spread) + TINY
        if _smallest(W[t]) * _smallest(V[t]) > TINY:
            # Nothing was added, nothing was rounded: entries of A, zeros above all, are exact.
            J_error[spread == 0.0] = 0.0
        product, error = (J, J_error) if t == steps[0] else _times(J, J_error, product, error)
    return product, error


def _times(
    second: np.ndarray, second_error: np.ndarray, first: np.ndarray, first_error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The product of two matrices, each with its error."""
    size = np.abs(second)
    spread = size @ np.abs(first)
    rounding = (first.shape[-1] + 3) * EPS * spread + TINY * (spread > 0.0)
    error = size @ first_error + second_error @ (np.abs(first) + first_error) + rounding
    return second @ first, error


def _smallest(array: np.ndarray) -> float:
    return float(np.min(np.abs(array), where=array != 0.0, initial=np.inf))


def balanced_matrices(matrices: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Similar matrices with rows and columns of about equal size, scaled by powers of two and so exactly."""
    n, m, _ = matrices.shape
    size = np.abs(matrices) + errors
    size[:, np.arange(m), np.arange(m)] = 0.0
    if _is_balanced(size):
        return matrices, errors
    orders = np.zeros((n, m), dtype=np.int64)
    for _ in range(BALANCING_PASSES):
        changed = False
        for i in range(m):
            row, column = size[:, i].sum(axis=1), size[:, :, i].sum(axis=1)
            usable = (row > 0.0) & (column > 0.0) & np.isfinite(row) & np.isfinite(column)
            ratio = np.log2(row, out=np.zeros(n), where=usable) - np.log2(column, out=np.zeros(n), where=usable)
            step = np.rint(0.5 * ratio).astype(np.int64)
            step = np.clip(orders[:, i] + step, -MOST_BINARY_ORDERS, MOST_BINARY_ORDERS) - orders[:, i]
            if np.any(step):
                changed = True
                orders[:, i] += step
                size[:, i] = np.ldexp(size[:, i], -step[:, None])
                size[:, :, i] = np.ldexp(size[:, :, i], step[:, None])
        if not changed:
            break
    shift = orders[:, None, :] - orders[:, :, None]
    with np.errstate(under="ignore"):
        scaled, errors = np.ldexp(matrices, shift), np.ldexp(errors, shift)
    # What left the range of normal numbers may have lost bits.
    return scaled, errors + TINY * ((np.abs(scaled) < TINY) & (matrices != 0.0))


def _is_balanced(size: np.ndarray) -> bool:
    """Whether rows and columns agree well enough already, as those of a map in its own units do."""
    rows, columns = size.sum(axis=2), size.sum(axis=1)
    close = (rows <= NEAR * columns) & (columns <= NEAR * rows)
    return bool(np.all(close | (rows == 0.0) | (columns == 0.0)))


def eigenvalue_discs(matrices: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Discs that hold the eigenvalues of all matrices within `errors` of the given ones.

    Parameters
    ----------
    matrices, errors : (n, M, M) ndarray

    Returns
    -------
    centres : (n, M) ndarray of complex
    radii : (n, M) ndarray
        The union of the discs holds all eigenvalues, and each of its connected parts as many as it has discs;
        infinite where nothing is known.

    Notes
    -----
    With the computed eigenvectors X and eigenvalues D of a matrix J, ``X^-1 J X = D + X^-1 (J X - X D)``, and
    Gershgorin's theorem applies to the right side. The residual is computed and widened by its own rounding and by
    `errors`; the inverse Y of X is only approximate, but ``X^-1 = (I - (I - Y X))^-1 Y``. O(n M^3).
    """
    m = matrices.shape[1]
    finite = np.all(np.isfinite(matrices), axis=(1, 2))
    centres, vectors, inverses = _eigenvectors(np.where(finite[:, None, None], matrices, 0.0))
    with np.errstate(all="ignore"):
        rounding = (m + 8) * EPS
        size, inverse_size = np.abs(vectors), np.abs(inverses)
        residual = np.abs(matrices @ vectors - vectors * centres[:, None, :])
        residual += rounding * (np.abs(matrices) @ size + size * np.abs(centres)[:, None, :]) + errors @ size + TINY
        defect = np.abs(np.eye(m) - inverses @ vectors) + rounding * (inverse_size @ size)
        worst = defect.sum(axis=2).max(axis=1, initial=0.0)
        rows = (inverse_size @ residual).sum(axis=2)
        radii = rows + (2.0 * worst * rows.max(axis=1, initial=0.0))[:, None]
        radii *= 1.0 + (4 * m + 16) * EPS
        known = finite & (worst <= WORST_INVERSE) & np.all(np.isfinite(radii), axis=1)
    radii[~known] = np.inf
    return centres, radii


def _eigenvectors(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues, eigenvectors and their inverses of a batch; NaN where there are none to be had."""
    n, m, _ = matrices.shape
    try:
        values, vectors = np.linalg.eig(matrices)
        inverses = np.linalg.inv(vectors)
        return values.astype(np.complex128), vectors.astype(np.complex128), inverses.astype(np.complex128)
    except np.linalg.LinAlgError:
        # One of them has no eigenvectors: the others are found by halving.
        if n == 1:
            return np.full((1, m), np.nan + 0j), np.full((1, m, m), np.nan + 0j), np.full((1, m, m), np.nan + 0j)
    parts = [_eigenvectors(part) for part in np.array_split(matrices, 2)]
    values, vectors, inverses = (np.concatenate(part) for part in zip(*parts, strict=True))
    return values, vectors, inverses
