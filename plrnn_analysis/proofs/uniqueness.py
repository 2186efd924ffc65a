"""Evidence in whole numbers that a map has at most one fixed point: a quadratic form that is positive definite."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from flint import fmpz_mat
from scipy import linalg

from ..maps import CanonicalMap
from .equations import Equations

__all__ = ["Evidence", "is_clear", "normalised", "unique", "weight_proposals"]

# Weights are rounded to this many bits, factors to one of these numbers of bits after the point.
WEIGHT_BITS, FACTOR_BITS = 20, (4, 8, 12, 18, 26, 36, 48)
# The least eigenvalue, of a form whose diagonal is one, that is worth a proof.
CLEAR = 1e-9

Evidence = tuple[list[int], list[list[int]]]


def unique(map: CanonicalMap, equations: Equations) -> Evidence | None:
    """Weights w and a triangular factor L that show that the difference of two fixed points is zero.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    equations : Equations

    Returns
    -------
    weights : list of H int
        Positive, one for each row.
    factor : list of lists of int
        L, lower triangular: ``L Q L^T`` is strictly diagonally dominant, where Q is the form
        ``sum_i w_i da_i db_i`` of the differences of the free unknowns a and the others b.

    or None if no weights that were tried make the form positive definite.

    Notes
    -----
    Equal weights prove what the symmetric part of I - G does. Others prove what contraction in a weighted maximum norm
    does (then I - abs(G) is an M-matrix), and in Euclidean norms of balanced coordinates.
    """
    if not equations.solved or not equations.n:
        return None
    # Row i: own_i b_i = M_i a + constant.
    rows = np.arange(equations.n)
    M = -equations.floats[rows][:, equations.free]
    own = equations.floats[rows, equations.dependent[: equations.n]]
    if not np.all(np.isfinite(M)) or np.any(own <= 0.0):
        return None
    for proposal in weight_proposals(map, M / own[:, None]):
        weights = proposal / own
        if is_clear(normalised(weights[:, None] * M)):
            whole = _whole_weights(weights)
            factor = _factor(equations, M, whole)
            if factor is not None:
                return whole, factor
    return None


def normalised(half: np.ndarray) -> np.ndarray:
    """A matrix and its transpose, added and scaled to a diagonal of ones."""
    with np.errstate(all="ignore"):
        form = half + half.T
        size = np.sqrt(np.abs(np.diag(form)))
        return form / size[:, None] / size


def is_clear(form: np.ndarray) -> bool:
    """Whether a form is positive definite, in floats, by enough to be worth a proof."""
    return bool(np.all(np.isfinite(form)) and linalg.eigvalsh(form)[0] > CLEAR)


def weight_proposals(map: CanonicalMap, B: np.ndarray) -> Iterator[np.ndarray]:
    """Weights worth trying for ``sum_i w_i a_i (B a)_i``."""
    n = len(B)
    yield np.ones(n)
    G = np.abs(np.eye(n) - B)
    comparison = np.eye(n) - G
    with np.errstate(all="ignore"):
        proposals = [np.linalg.norm(map.W, axis=0) / np.linalg.norm(map.V, axis=1)]
        _, (scale, _) = linalg.matrix_balance(G, permute=False, separate=True)
        proposals.append(scale**-2.0)
        try:
            # Where I - |G| is an M-matrix, these make the form one too.
            proposals.append(np.linalg.solve(comparison.T, np.ones(n)) / np.linalg.solve(comparison, np.ones(n)))
        except np.linalg.LinAlgError:
            pass
    yield from (w for w in proposals if np.all((w > 0.0) & np.isfinite(w)))


def _whole_weights(values: np.ndarray) -> list[int]:
    mantissas, orders = np.frexp(values)
    least = int(orders.min())
    return [round(float(v) * 2.0**WEIGHT_BITS) << (int(e) - least) for v, e in zip(mantissas, orders, strict=True)]


def _factor(equations: Equations, M: np.ndarray, weights: list[int]) -> list[list[int]] | None:
    """The inverse of a Cholesky factor of the form, rounded to as few bits as prove it."""
    n = len(weights)
    largest = max(weights)
    half = np.array([w / largest for w in weights])[:, None] * M
    try:
        inner = linalg.cholesky(normalised(half), lower=True)
    except (linalg.LinAlgError, ValueError):
        return None
    inverse = linalg.solve_triangular(inner, np.eye(n), lower=True) / np.sqrt(2.0 * np.diag(half))
    free = equations.free.tolist()
    rows = equations.exact.tolist()[:n]
    whole_half = fmpz_mat(n, n, [-w * row[j] for w, row in zip(weights, rows, strict=True) for j in free])
    exact = whole_half + whole_half.transpose()
    common = int(np.frexp(np.max(np.abs(inverse)))[1])
    for bits in FACTOR_BITS:
        whole = np.rint(np.ldexp(inverse, bits - common + int(np.frexp(n)[1])))
        if np.any(np.diag(whole) == 0.0):
            continue
        L = fmpz_mat(n, n, [int(v) for v in whole.ravel().tolist()])
        product = (L * exact * L.transpose()).tolist()
        if all(2 * row[k] > sum(abs(v) for v in row) for k, row in enumerate(product)):
            return [[int(v) for v in row[: k + 1]] for k, row in enumerate(whole.tolist())]
    return None
