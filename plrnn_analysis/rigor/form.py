"""At most one solution, by a quadratic form that is positive definite, in ball arithmetic."""

from __future__ import annotations

import flint
import numpy as np
from scipy import linalg

from ..maps import CanonicalMap
from ..proofs.uniqueness import is_clear, normalised, weight_proposals
from .rows import Rows

__all__ = ["at_most_one"]

# Precision, far beyond what doubles with their errors need.
BITS = 128


def at_most_one(map: CanonicalMap, rows: Rows) -> bool:
    """Whether the rows of the ReLUs allow one solution at most.

    Parameters
    ----------
    map : CanonicalMap
        In the units of the rows.
    rows : Rows
        Without conditions.

    Notes
    -----
    Of two solutions, every ReLU has ``dx ds <= 0``. With positive weights w and ``ds = N dx`` the sum of these products
    is half of ``dx (w N + N^T w) dx``, which is positive where this form is positive definite. It is if ``L Q L^T`` is
    strictly diagonally dominant for some regular L, for which the inverse of a Cholesky factor is taken. Two products
    of matrices of H balls.
    """
    N = rows.system[:, :-1]
    if not rows.known or not rows.n or rows.count != rows.n or np.any(np.diag(N) <= 0.0):
        return False
    for weights in weight_proposals(map, N):
        half = weights[:, None] * N
        if is_clear(normalised(half)) and _is_dominant(rows, weights, half):
            return True
    return False


def _is_dominant(rows: Rows, weights: np.ndarray, half: np.ndarray) -> bool:
    try:
        inner = linalg.cholesky(normalised(half), lower=True)
    except (linalg.LinAlgError, ValueError):
        return False
    inverse = linalg.solve_triangular(inner, np.eye(rows.n), lower=True) / np.sqrt(2.0 * np.diag(half))
    if not np.all(np.isfinite(inverse)) or np.any(np.diag(inverse) == 0.0):
        return False
    with flint.ctx.workprec(BITS):
        N = flint.arb_mat([
            [flint.arb(v, e) for v, e in zip(row, errors, strict=True)]
            for row, errors in zip(rows.system[:, :-1].tolist(), rows.error[:, :-1].tolist(), strict=True)
        ])  # fmt: skip
        weighted = flint.arb_mat(np.diag(weights).tolist()) * N
        L = flint.arb_mat(np.tril(inverse).tolist())
        product = (L * (weighted + weighted.transpose()) * L.transpose()).tolist()
        return all(2 * row[k] > sum((abs(v) for v in row), flint.arb(0)) for k, row in enumerate(product))
