"""Refutations some of whose sums must be zero, exactly: in rational arithmetic.

The ReLUs of a ring of equal maps see each other in ways that are equal, and conditions that single out one of equal
rotations are tight: then no multipliers leave room for what is only known in balls.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq, fmpq_mat

from ..maps import CanonicalMap
from ..polytopes.rational import flat_of, nearest_double, rational, rational_matrix

__all__ = ["ExactRows", "exact_rows_of"]

# Sums of proposed multipliers below this, relative to their terms, are meant to be zero.
NEARLY_ZERO = 1e-5


class ExactRows:
    """Rows ``s = N x + q`` in rational numbers.

    Parameters
    ----------
    system : (R, H + 1) fmpq_mat
        N and q.
    """

    def __init__(self, system: fmpq_mat) -> None:
        self.rows = system.tolist()

    def refutes(self, proposal: np.ndarray, system: np.ndarray, open_x: np.ndarray, zero_s: np.ndarray) -> bool:
        """Whether multipliers near the proposed ones prove that a node is empty.

        Parameters
        ----------
        proposal : (R,) ndarray
        system : (R, H + 1) ndarray
            The rows in doubles.
        open_x : (H,) ndarray of bool
            The x that may be positive in the node.
        zero_s : (R,) ndarray of bool
            The s that are zero.

        Notes
        -----
        A null space of as many numbers as there are multipliers that are not zero.
        """
        used = np.flatnonzero(proposal).tolist()
        sums = proposal @ system[:, :-1]
        size = np.abs(proposal) @ np.abs(system[:, :-1])
        tight = np.flatnonzero(open_x & (np.abs(sums) <= NEARLY_ZERO * size)).tolist()
        null = flat_of([[self.rows[i][j] for i in used] for j in tight], [fmpq(0)] * len(tight), len(used))
        assert null is not None  # zero is a solution
        basis = null.directions
        if not basis.ncols():
            return False
        near = np.array([[nearest_double(v) for v in row] for row in basis.tolist()])
        if not np.all(np.isfinite(near)):
            return False
        weights, *_ = np.linalg.lstsq(near, proposal[used], rcond=None)
        multipliers = (basis * fmpq_mat(len(weights), 1, [rational(w) for w in weights.tolist()])).entries()
        if any(u < 0 and not zero_s[i] for u, i in zip(multipliers, used, strict=True)):
            return False
        # sum(u s) = sum(sums x) + constant, whose left side is not negative.
        columns = [*np.flatnonzero(open_x).tolist(), -1]
        exact = [sum((u * self.rows[i][j] for u, i in zip(multipliers, used, strict=True)), fmpq(0)) for j in columns]
        return all(value <= 0 for value in exact[:-1]) and exact[-1] < 0


def exact_rows_of(map: CanonicalMap, base: np.ndarray, L: np.ndarray, offset: np.ndarray) -> ExactRows | None:
    """The rows of :func:`plrnn_analysis.rigor.rows.rows_of` without any error.

    One exact solution with M by M numbers for H + 1 right-hand sides.
    """
    m, n, more = map.n_units, map.n_relu, len(L)
    active = np.flatnonzero(base).tolist()
    A, W, h = rational_matrix(map.A), rational_matrix(map.W), rational_matrix(map.h[:, None])
    V, c = rational_matrix(np.vstack([map.V, L])), rational_matrix(np.append(map.c, offset)[:, None])
    for i in active:
        column = fmpq_mat(m, 1, [W[r, i] for r in range(m)])
        A = A + column * fmpq_mat(1, m, [V[i, j] for j in range(m)])
        h = h + column * c[i, 0]
    K = fmpq_mat(m, m, [fmpq(int(i == j)) - A[i, j] for i in range(m) for j in range(m)])
    right = fmpq_mat(m, n + 1, [W[r, j] if j < n else h[r, 0] for r in range(m) for j in range(n + 1)])
    try:
        Y = V * K.solve(right)
    except ZeroDivisionError:
        return None
    entries = []
    for i in range(n + more):
        # s = x - y of the ReLUs; a condition reads its own sum.
        sign = (1 if base[i] else -1) if i < n else 1
        line = [sign * Y[i, j] for j in range(n)] + [sign * (Y[i, n] + c[i, 0])]
        if i < n:
            line[i] += 1
        entries += line
    return ExactRows(fmpq_mat(n + more, n + 1, entries))
