"""Proof that there is exactly one fixed point, for any number of ReLUs."""

from __future__ import annotations

import numpy as np

from ..kernels import monotone
from .reduction import Reduction

__all__ = ["prove_unique"]


def prove_unique(problem: Reduction) -> np.ndarray | None:
    """Prove that the reduced problem has exactly one solution, whatever g is, and find its pattern.

    Parameters
    ----------
    problem : Reduction

    Returns
    -------
    (n,) ndarray of bool or None
        The pattern of the solution, up to rounding: the caller solves and checks it. None if the
        proof (the symmetric part of I - G is positive definite beyond the error of G) does not go through.

    Notes
    -----
    One Cholesky factorisation and a principal-pivoting run, O(n^3) and O(n^2) a pivot: hundreds of
    ReLUs in well under a second.
    """
    n = len(problem.g)
    tab = np.ascontiguousarray(np.vstack([problem.G.T, problem.g[None, :]]))
    bits = np.zeros(n, np.uint8)
    code = monotone.solve_monotone(tab, problem.error_G.max(axis=1, initial=0.0), problem.error_g.copy(), bits, 0.0)
    return bits.astype(bool) if code in (monotone.UNIQUE, monotone.UNIQUE_IN_DOUBT) else None
