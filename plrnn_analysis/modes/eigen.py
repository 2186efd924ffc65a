"""Eigenvectors from both sides, defective eigenvalues told apart, and measures of non-normality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics import EPS

__all__ = ["DEFECTIVE_CONDITION", "MARGINAL", "Eigensystem", "eigensystem", "henrici_departure", "largest_power"]

#: How far λ may be from 1, and its modulus from 1, to be called an integrator, or marginal.
MARGINAL = 0.01
# Weights are trained in single precision. An eigenvalue with a larger condition number is within one unit in the last
# place of them of one that is multiple and lacks eigenvectors.
DEFECTIVE_CONDITION = 1e7
# Eigenvectors of eigenvalues that agree to rounding count as parallel below this singular value.
PARALLEL = 1e-4


@dataclass(frozen=True, eq=False)
class Eigensystem:
    """Eigenvalues with biorthonormal vectors.

    Attributes
    ----------
    values : (M,) ndarray of complex
        Largest modulus first.
    left : (M, M) ndarray of complex
        Rows l with ``l J = value l`` and ``l r = 1``; NaN where defective.
    right : (M, M) ndarray of complex
        Columns r of norm 1.
    conditions : (M,) ndarray
        ``|l| |r|``; of a defective eigenvalue in balanced units, infinite where l r = 0.
    defective : (M,) ndarray of bool
    """

    values: np.ndarray
    left: np.ndarray
    right: np.ndarray
    conditions: np.ndarray
    defective: np.ndarray


def eigensystem(matrix: np.ndarray) -> Eigensystem:
    """Eigenvalues and biorthonormal left and right eigenvectors of a real square matrix.

    Parameters
    ----------
    matrix : (M, M) ndarray

    Returns
    -------
    Eigensystem

    Notes
    -----
    An eigenvalue is called defective if its condition number is above ``DEFECTIVE_CONDITION``, or if it agrees
    with another one to rounding and their right eigenvectors are parallel. By Wilkinson's theorem a condition number k
    puts the matrix within ``norm / sqrt(k**2 - 1)`` of one where that eigenvalue is multiple and defective. Multiple
    eigenvalues with a full set of eigenvectors are biorthonormalised together. O(M³).

    References
    ----------
    J. H. Wilkinson, *Note on matrices with a very ill-conditioned eigenproblem*, Numerische Mathematik 19, 1972,
    doi:10.1007/BF01402528.
    """
    from scipy.linalg import eig, matrix_balance

    # Whether vectors are parallel depends on the units of the states; balanced ones are the matrix's own.
    _, (units, _) = matrix_balance(matrix, permute=False, separate=True)
    matrix = matrix * units / units[:, None]
    values, left, right = eig(matrix, left=True, right=True)
    order = np.lexsort((-values.imag, -values.real, -np.round(np.abs(values), 12)))
    values = values[order].astype(np.complex128)
    right = right[:, order] / np.linalg.norm(right[:, order], axis=0)
    rows = np.conj(left[:, order] / np.linalg.norm(left[:, order], axis=0)).T.astype(np.complex128)
    overlap = np.abs(np.einsum("im,mi->i", rows, right))
    with np.errstate(divide="ignore"):
        conditions = 1.0 / overlap
    defective = np.zeros(len(values), dtype=bool)
    for members in _clusters(values, conditions, float(np.linalg.norm(matrix))):
        vectors, covectors = right[:, members], rows[members]
        gram = covectors @ vectors
        parallel = len(members) > 1 and np.linalg.svd(vectors, compute_uv=False)[-1] < PARALLEL
        if parallel or np.linalg.svd(gram, compute_uv=False)[-1] < 1.0 / DEFECTIVE_CONDITION:
            rows[members] = np.nan
            defective[members] = True
            continue
        rows[members] = np.linalg.solve(gram, covectors)
    return _in_users_units(values, rows, right.astype(np.complex128), defective, overlap, units)


def _in_users_units(
    values: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    defective: np.ndarray,
    overlap: np.ndarray,
    units: np.ndarray,
) -> Eigensystem:
    """Vectors of the given matrix from those of the balanced one; l r = 1 in both, norms are those of the user."""
    right = right * units[:, None]
    size = np.linalg.norm(right, axis=0)
    left = left / units * size[:, None]
    with np.errstate(divide="ignore"):
        conditions = np.where(defective, 1.0 / overlap, np.linalg.norm(left, axis=1))
    return Eigensystem(values, left, right / size, conditions, defective)


def _clusters(values: np.ndarray, conditions: np.ndarray, norm: float) -> list[np.ndarray]:
    """Indices of eigenvalues that agree to within what rounding does to them, connected ones together."""
    uncertain = np.minimum(10.0 * len(values) * EPS * norm * conditions, 1e-3 * norm)
    close = np.abs(values[:, None] - values[None]) <= uncertain[:, None] + uncertain[None]
    # Chains count: if a is near b and b near c, rounding may have made all three of one.
    label = np.arange(len(values))
    for i in range(len(values)):
        label[np.isin(label, label[close[i]])] = label[i]
    return [np.flatnonzero(label == which) for which in np.unique(label)]


def henrici_departure(matrix: np.ndarray) -> float:
    """Henrici's departure from normality, relative to the size of the matrix.

    Parameters
    ----------
    matrix : (M, M) ndarray

    Returns
    -------
    float
        ``|N| / |J|`` in the Frobenius norm, N the strictly upper part of the Schur form: 0 for a normal matrix, 1 for
        a nilpotent one.

    References
    ----------
    P. Henrici, *Bounds for iterates, inverses, spectral variation and fields of values of non-normal matrices*,
    Numerische Mathematik 4, 1962, doi:10.1007/BF01386294.
    """
    from scipy.linalg import schur

    size = float(np.linalg.norm(matrix))
    if size == 0.0:
        return 0.0
    triangular, _ = schur(matrix, output="complex")
    return min(float(np.linalg.norm(np.triu(triangular, 1))) / size, 1.0)


def largest_power(matrix: np.ndarray, horizon: int) -> tuple[float, int, bool]:
    """The largest ``|J^k|`` (spectral norm) for k from 0 to `horizon`.

    Parameters
    ----------
    matrix : (M, M) ndarray
    horizon : int

    Returns
    -------
    peak : float
        At least 1, since k = 0 counts.
    step : int
        The first k where it is reached.
    proven : bool
        Whether no later power is larger: some ``|J^k|`` was at most 1 to rounding, and
        ``|J^(q k + r)| <= |J^k|^q |J^r|``.
    """
    peak, step, power = 1.0, 0, np.eye(len(matrix))
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(1, horizon + 1):
            power = matrix @ power
            if not np.all(np.isfinite(power)):
                return np.inf, k, True
            size = float(np.linalg.norm(power, 2))
            if size > peak * (1.0 + 1e-12):
                peak, step = size, k
            if size <= 1.0 + 1e-12:
                return peak, step, True
    return peak, step, False
