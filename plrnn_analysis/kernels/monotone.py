"""Proof that a linear complementarity problem has exactly one solution, and that solution."""

from __future__ import annotations

import numpy as np

from ..numerics import EPS
from ._jit import kernel

__all__ = ["UNIQUE", "UNIQUE_IN_DOUBT", "UNIQUE_UNSOLVED", "UNPROVEN", "solve_monotone"]

# What `solve_monotone` returns: no proof; proof and solution; its signs are within the error bounds;
# proof, but no solution within the pivots allowed.
UNPROVEN, UNIQUE, UNIQUE_IN_DOUBT, UNIQUE_UNSOLVED = 0, 1, 2, 3


@kernel("int64(float64[:, ::1], float64[::1], float64[::1], uint8[::1], float64)")
def solve_monotone(tab, e, ec, bits, shift):
    """Try to prove that ``y = G x + g, x = relu(y)`` has exactly one solution, and find it.

    The proof: a Cholesky factorisation of the symmetric part of I - G, diminished by more than the
    error of G, succeeds; then I - G is a P-matrix. The solution: principal pivoting with the least-index
    rule, which is finite for P-matrices (Murty 1974).

    Parameters
    ----------
    tab : (n + 1, n) ndarray
        Columns of G, then g; overwritten.
    e, ec : (n,) ndarray
        Error bounds of the rows; overwritten.
    bits : (n,) ndarray of uint8
        Receives the pattern of the solution.
    shift : float
        Lower bound demanded of the smallest eigenvalue, besides the error allowance.

    Returns
    -------
    int
        `UNPROVEN`, `UNIQUE`, `UNIQUE_IN_DOUBT` or `UNIQUE_UNSOLVED`.
    """
    n = tab.shape[1]
    chol = np.empty((n, n))
    e_max = 0.0
    trace = 0.0
    largest = 0.0
    for i in range(n):
        e_max = max(e_max, e[i])
    for i in range(n):
        for j in range(i + 1):
            value = -0.5 * (tab[j, i] + tab[i, j])
            if i == j:
                value += 1.0
            chol[i, j] = value
            largest = max(largest, abs(value))
        trace += abs(chol[i, i])
    # What a factorisation that succeeds may be wrong by (Rump 2006, doi:10.1007/s10543-006-0056-1), the rounding of
    # the entries, and the error of G.
    allowance = shift + n * e_max + 2.0 * (n + 3) * EPS * trace + 2.0 * n * EPS * (1.0 + largest)
    for i in range(n):
        chol[i, i] -= allowance
    for j in range(n):
        for i in range(j, n):
            total = chol[i, j]
            for k in range(j):
                total -= chol[i, k] * chol[j, k]
            if i == j:
                if total <= 0.0:
                    return UNPROVEN
                chol[j, j] = np.sqrt(total)
            else:
                chol[i, j] = total / chol[j, j]
    # Principal pivoting on s = (I - G) x - g; `bits` marks units whose roles are exchanged. Row i then
    # holds x_i (bits) or s_i, each as columns * the nonbasic partner + constant.
    for i in range(n):
        bits[i] = 0
        for j in range(n):
            tab[j, i] = -tab[j, i]
        tab[i, i] += 1.0
        tab[n, i] = -tab[n, i]
    scale = np.zeros(n)
    for i in range(n):
        for j in range(n):
            scale[i] = max(scale[i], abs(tab[j, i]))
    allowed = 200 + 20 * n
    doubt = False
    while True:
        d = -1
        for i in range(n):
            if tab[n, i] < 0.0:
                d = i
                break
        if d < 0:
            break
        allowed -= 1
        if allowed < 0:
            return UNIQUE_UNSOLVED
        p = tab[d, d]
        # A P-matrix has positive pivots. Beyond one that does not stand clear of its error the bounds mean nothing.
        if not p > 0.0:
            return UNIQUE_UNSOLVED
        doubt |= not p > 1e3 * (e[d] + EPS)
        r_max = 0.0
        for j in range(n + 1):
            if j == d:
                continue
            r = -tab[j, d] / p
            if j < n:
                r_max = max(r_max, abs(r))
            for i in range(n):
                if i != d:
                    tab[j, i] += tab[d, i] * r
            tab[j, d] = r
        rc = abs(tab[n, d])
        inv = 1.01 / abs(p)
        e_r = (e[d] + max(r_max, inv) * (e[d] + EPS)) * inv + EPS * max(r_max, inv)
        e_rc = (ec[d] + rc * (e[d] + EPS)) * inv + EPS * rc
        for i in range(n):
            if i != d:
                m = abs(tab[d, i])
                ec[i] += m * e_rc + e[i] * (rc + e_rc) + 2.0 * EPS * m * rc + EPS * abs(tab[n, i])
                e[i] += m * e_r + e[i] * (max(r_max, inv) + e_r) + 3.0 * EPS * m * max(r_max, inv)
                scale[i] += m * max(r_max, inv)
                e[i] += EPS * scale[i]
                tab[d, i] *= 1.0 / p
        tab[d, d] = 1.0 / p
        e[d], ec[d] = e_r, e_rc
        scale[d] = max(r_max, inv)
        bits[d] ^= 1
    for i in range(n):
        doubt |= tab[n, i] <= ec[i] and not (ec[i] == 0.0 and bits[i] == 0)
    return UNIQUE_IN_DOUBT if doubt else UNIQUE
