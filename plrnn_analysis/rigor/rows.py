"""Linear inequalities of a reduced problem in whole numbers, and refutations of nodes by them.

Every ReLU has two unknowns, ``x = relu(y)`` and ``s = x - y``, neither negative, one of them zero. The rows
``s = N x + q`` are known to lie in balls; times a power of two each, their coefficients lie within one of whole
numbers. A combination of rows with whole multipliers is a sum of whole numbers, of which every part is smaller than
2**53: doubles hold it exactly, and it is off by no more than the sum of the moduli of the multipliers. Nothing is
rounded.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..engines.rational_reduction import enclosed
from ..maps import CanonicalMap
from ..polytopes.programs import propose

__all__ = ["Rows", "rows_of"]

# Bits that sums of products may have, and those of the multipliers, one number after the other.
DOUBLE_BITS = 53
MULTIPLIER_BITS = (9, 15, 22)
# The same where whole numbers of any length are used.
LONG_BITS, LONG_ROWS = 50, 47
# Nodes whose sums are formed at once.
CHUNK = 4096
# A margin that is worth rounding, relative to the size of the rows.
MARGIN = 1e-13


class Rows:
    """Rows ``s = N x + q``, of which all s and x are not negative, each entry within an error of a double.

    Parameters
    ----------
    N : (R, H) ndarray
        The first H rows are those of the ReLUs; others are conditions that solutions of interest satisfy.
    q : (R,) ndarray
    error_N, error_q : ndarray
        Bounds that hold.
    """

    def __init__(self, N: np.ndarray, q: np.ndarray, error_N: np.ndarray, error_q: np.ndarray) -> None:
        self.system = np.column_stack([N, q])
        self.error = np.column_stack([error_N, error_q])
        self.n = N.shape[1]
        self.count = len(N)
        # Without constants zero is a solution of every node, and what can be shown is that nothing else is.
        self.homogeneous = not np.any(q[: self.n]) and not np.any(error_q[: self.n])
        largest = np.max(np.abs(self.system), axis=1, initial=0.0)
        self.order = np.where(largest > 0.0, np.frexp(largest)[1], 0)
        self.known = bool(np.all(np.isfinite(self.system)) and np.all(np.isfinite(self.error)))

    def refuted(
        self,
        proposals: np.ndarray,
        open_x: np.ndarray,
        zero_s: np.ndarray,
        go_on: Callable[[], bool] = lambda: True,
    ) -> np.ndarray:
        """Which nodes multipliers near the proposed ones prove to be empty.

        Parameters
        ----------
        proposals : (K, R) ndarray
            Multipliers, of any size.
        open_x : (K, H) ndarray of bool
            The x that may be positive in each node.
        zero_s : (K, R) ndarray of bool
            The s that are zero.
        go_on : callable, optional
            Asked now and then; False ends the work.

        Returns
        -------
        (K,) ndarray of bool
            True: the node holds no solution, or none but zero where the problem has no constants.
        """
        done = np.zeros(len(proposals), dtype=bool)
        if not self.known:
            return done
        for start in range(0, len(proposals), CHUNK):
            if not go_on():
                break
            at = slice(start, start + CHUNK)
            done[at] = self._some_refuted(proposals[at], open_x[at], zero_s[at])
        return done

    def _some_refuted(self, proposals: np.ndarray, open_x: np.ndarray, zero_s: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            scaled = np.ldexp(proposals.astype(np.float64), self.order)
            # A row whose s may be positive must not be subtracted.
            scaled = np.where(zero_s, scaled, np.maximum(scaled, 0.0))
            scaled /= np.max(np.abs(scaled), axis=1, initial=0.0, keepdims=True)
        done = np.zeros(len(scaled), dtype=bool)
        left = np.flatnonzero(np.all(np.isfinite(scaled), axis=1))
        for bits in MULTIPLIER_BITS:
            if not len(left):
                return done
            row_bits = DOUBLE_BITS - bits - 1 - int(self.count + 1).bit_length()
            whole, spread = self._whole(row_bits)
            multipliers = np.rint(np.ldexp(scaled[left], bits))
            # Exact: every sum is below 2**53.
            sums, slack = multipliers @ whole, np.abs(multipliers) @ spread
            done[left] = self._prove(sums, slack, open_x[left])
            left = left[~done[left]]
        for at in left.tolist():
            done[at] = self._refuted_at_length(scaled[at], open_x[at])
        return done

    def _whole(self, bits: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows times powers of two as whole numbers of this many bits, and how far these may be off, rounded up."""
        shift = (bits - self.order)[:, None]
        scaled = np.ldexp(self.system, shift)
        whole = np.rint(scaled)
        exact = (self.error == 0.0) & (whole == scaled)
        return whole, np.where(exact, 0.0, np.ceil(np.ldexp(self.error, shift) * (1.0 + 1e-9) + 0.5))

    def _prove(self, sums: np.ndarray, slack: np.ndarray, open_x: np.ndarray) -> np.ndarray:
        """The sum of the rows with multipliers says that something not negative is negative."""
        # sum(u s) = sum(sums x) + constant, whose left side is not negative.
        below, constant = sums[:, :-1] + slack[:, :-1], sums[:, -1] + slack[:, -1]
        refuted = np.all(~open_x | (below <= 0), axis=1) & (constant < 0)
        if self.homogeneous:
            refuted |= np.all(~open_x | (below < 0), axis=1) & (constant <= 0)
        return np.asarray(refuted)

    def _refuted_at_length(self, scaled: np.ndarray, open_x: np.ndarray) -> bool:
        floats = self._whole(LONG_ROWS)
        if not np.all(floats[1] < 2.0**LONG_ROWS):
            return False
        whole, spread = (part.astype(np.int64).astype(object) for part in floats)
        multipliers = np.rint(np.ldexp(scaled, LONG_BITS)).astype(np.int64).astype(object)
        sums, slack = multipliers @ whole, np.abs(multipliers) @ spread
        return bool(self._prove(sums[None], slack[None], open_x[None])[0])

    def propose_vertex(self, open_x: np.ndarray, zero_s: np.ndarray) -> np.ndarray | None:
        """Multipliers that may leave no room, from one linear program; None if there are none."""
        unit = np.ldexp(self.system, -self.order[:, None])
        low = np.where(zero_s, -1.0, 0.0)
        found = propose(unit[:, -1], -unit[:, :-1][:, open_x].T, np.zeros(int(np.sum(open_x))), low, 1.0).point
        if found is None or not unit[:, -1] @ found < -MARGIN:
            return None
        return np.ldexp(found, -self.order)

    def propose(self, open_x: np.ndarray, zero_s: np.ndarray) -> np.ndarray | None:
        """Multipliers that refute a node by the widest margin, from one linear program; None if there are none."""
        unit = np.ldexp(self.system, -self.order[:, None])
        columns = np.append(open_x, not self.homogeneous)
        system = unit[:, columns].T
        size = np.abs(system).sum(axis=1)
        system, size = system[size > 0.0], size[size > 0.0]
        if not len(system):
            return None
        system = np.hstack([-system / size[:, None], -np.ones((len(system), 1))])
        low, high = np.append(np.where(zero_s, -1.0, 0.0), 0.0), np.ones(self.count + 1)
        if self.homogeneous:
            # Conditions have constants.
            high[self.n : self.count] = 0.0
        found = propose(np.append(np.zeros(self.count), -1.0), system, np.zeros(len(system)), low, high).point
        if found is None or not found[-1] > MARGIN:
            return None
        return np.ldexp(found[:-1], -self.order)


def rows_of(map: CanonicalMap, base: np.ndarray, L: np.ndarray, offset: np.ndarray) -> Rows | None:
    """The rows of a map about the subregion `base`, and of conditions ``L z + offset >= 0`` on the state.

    Parameters
    ----------
    map : CanonicalMap
        In balanced units.
    base : (H,) ndarray of bool
        x and y of its units change signs: ``relu(y) = y + relu(-y)``.
    L, offset : (R - H, M), (R - H,) ndarray

    Returns
    -------
    Rows or None
        None if I - J of the base is not shown to be regular.

    Notes
    -----
    One solution in balls with M by M numbers for H + 1 right-hand sides.
    """
    n, more = map.n_relu, len(L)
    # Conditions are read like ReLUs that write nothing.
    wider = CanonicalMap.build(
        map.A, np.hstack([map.W, np.zeros((map.n_units, more))]), np.vstack([map.V, L]), np.append(map.c, offset), map.h
    )
    found = enclosed(wider, np.append(base, np.zeros(more, dtype=bool)))
    if found is None:
        return None
    G = np.diag(found.G[:n, :n])
    own = 1.0 - G
    # What rounding did to that difference, exactly (Knuth's sum of two).
    back = own - 1.0
    rounding = np.abs((1.0 - (own - back)) - (G + back))
    N = np.vstack([-found.G[:n, :n], found.G[n:, :n]])
    error = found.error_G[:, :n].copy()
    N[np.arange(n), np.arange(n)] = own
    error[np.arange(n), np.arange(n)] += rounding
    return Rows(N, np.append(-found.g[:n], found.g[n:]), error * (1.0 + 1e-12), found.error_g)
