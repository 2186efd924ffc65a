"""The affine subspace on which the map of a subregion moves slowly, and its part inside a polytope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..polytopes.programs import Verdict, decide, propose
from ..polytopes.rational import Undecided

__all__ = ["SlowSubspace", "crossing_steps", "extents", "holding_steps", "others_decay", "slow_subspace"]

FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class SlowSubspace:
    """Invariant affine subspace of ``z -> J z + offset``: ``origin + a @ directions``, a in R^k.

    On it ``a -> block @ a + drift``. All points of it have the other coordinates at rest.

    Attributes
    ----------
    origin : (M,) ndarray
    directions : (k, M) ndarray
        Orthonormal rows.
    left : (k, M) ndarray
        Rows of the left invariant subspace, ``left @ directions.T = I``: ``left @ z`` is the slow coordinate.
    block : (k, k) ndarray
    drift : (k,) ndarray
    """

    origin: np.ndarray
    directions: np.ndarray
    left: np.ndarray
    block: np.ndarray
    drift: np.ndarray

    def move(self, a: np.ndarray) -> np.ndarray:
        """How far a step takes the points with coordinates a (..., k)."""
        return a @ (self.block - np.eye(len(self.drift))).T + self.drift

    def oriented(self, readout: np.ndarray) -> SlowSubspace:
        """A single direction turned to where the output that reads most of it grows, or its largest entry."""
        if len(self.drift) != 1:
            return self
        reads = readout @ self.directions[0]
        guide = reads if np.any(reads != 0.0) else self.directions[0]
        if guide[np.argmax(np.abs(guide))] > 0.0:
            return self
        return SlowSubspace(self.origin, -self.directions, -self.left, self.block, -self.drift)


def slow_subspace(jacobian: np.ndarray, offset: np.ndarray, tolerance: float) -> SlowSubspace:
    """The slow affine subspace of eigenvalues within `tolerance` of 1; of dimension 0 if there are none.

    Notes
    -----
    Ordered real Schur form: the basis is orthonormal, and exists where eigenvectors do not (defective eigenvalues).
    The left one follows from a Sylvester equation. O(M³).

    References
    ----------
    G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th edition, Johns Hopkins University Press 2013, section 7.6.
    """
    from scipy.linalg import schur, solve_sylvester

    m = len(offset)
    distances = np.sort(np.abs(np.linalg.eigvals(jacobian) - 1.0))
    wanted = int(np.sum(distances <= tolerance))
    nothing = SlowSubspace(np.zeros(m), np.zeros((0, m)), np.zeros((0, m)), np.zeros((0, 0)), np.zeros(0))
    if wanted == 0:
        return nothing
    for k in range(wanted, m + 1):
        # The threshold lies in a gap, so that rounding cannot change which eigenvalues are chosen.
        after = distances[k] if k < m else np.inf
        if k < m and after - distances[k - 1] <= 1e-9 * after:
            continue
        threshold = 0.5 * (distances[k - 1] + after)
        try:
            T, Q, found = schur(
                jacobian, output="real", sort=lambda x, y=0.0, t=threshold: abs(complex(x) + 1j * y - 1.0) <= t
            )
        except np.linalg.LinAlgError:  # eigenvalues moved over the threshold while they were ordered
            continue
        if found == k:
            break
    else:
        return nothing
    slow, coupling, fast = T[:k, :k], T[:k, k:], T[k:, k:]
    resting = np.linalg.solve(np.eye(m - k) - fast, Q[:, k:].T @ offset)
    left = np.hstack([np.eye(k), solve_sylvester(slow, -fast, coupling)]) if k < m else np.eye(k)
    return SlowSubspace(
        origin=Q[:, k:] @ resting,
        directions=Q[:, :k].T.copy(),
        left=left @ Q.T,
        block=slow,
        drift=coupling @ resting + Q[:, :k].T @ offset,
    )


def others_decay(jacobian: np.ndarray, k: int) -> bool:
    """Whether all but the k eigenvalues nearest to 1 have modulus below 1."""
    values = np.linalg.eigvals(jacobian)
    others = np.argsort(np.abs(values - 1.0), kind="stable")[k:]
    return bool(np.all(np.abs(values[others]) < 1.0))


def extents(rows: np.ndarray, constants: np.ndarray, tolerance: np.ndarray) -> np.ndarray | None:
    """Smallest and largest value (k, 2) of each coordinate on ``rows a + constants >= 0``, bounded; None if empty.

    Parameters
    ----------
    rows : (p, k) ndarray
        Those shorter than 1e-12 count as constant.
    constants : (p,) ndarray
    tolerance : (p,) ndarray
        By how much rounding may violate a constraint.

    Raises
    ------
    Undecided
        If there are several coordinates and the solver of linear programs fails.
    """
    k = rows.shape[1]
    length = np.linalg.norm(rows, axis=1)
    flat = length <= FLAT
    if np.any(constants[flat] < -tolerance[flat]):
        return None
    length = length[~flat]
    rows, constants, play = rows[~flat] / length[:, None], constants[~flat] / length, tolerance[~flat] / length
    if k == 1:
        up = rows[:, 0] > 0.0
        low, high = float(np.max(-constants[up])), float(np.min(constants[~up]))
        if low > high:
            if float(np.max(-(constants + play)[up])) > float(np.min((constants + play)[~up])):
                return None
            low = high = 0.5 * (low + high)
        return np.array([[low, high]])
    constants = constants + play
    verdict = decide(rows, constants).verdict
    if verdict is Verdict.EMPTY:
        return None
    found = np.zeros((k, 2))
    for i in range(k):
        for j, sign in enumerate((1.0, -1.0)):
            proposal = propose(sign * np.eye(k)[i], rows, constants)
            if verdict is Verdict.UNDECIDED or proposal.point is None:
                raise Undecided("the solver of linear programs failed")
            found[i, j] = proposal.point[i]
    return found


def holding_steps(slow: SlowSubspace, largest: float, allowed: float) -> float:
    """For how many steps no point of a piece moves farther than `allowed`, if `largest` is the longest step in it.

    Exact in one dimension; a lower bound in more, from the geometric series of the norm of the block.
    """
    if largest == 0.0:
        return np.inf
    k = len(slow.drift)
    rate = float(slow.block[0, 0]) - 1.0 if k == 1 else float(np.linalg.norm(slow.block, 2)) - 1.0
    return float(np.floor(_geometric(rate, allowed / largest)))


def crossing_steps(slow: SlowSubspace, low: float, high: float) -> float:
    """Steps from one end of a one-dimensional piece to the other; infinite if a fixed point lies between them."""
    first, last = (float(slow.move(np.array([a]))[0]) for a in (low, high))
    if first * last <= 0.0 or min(abs(first), abs(last)) <= FLAT * max(abs(first), abs(last)):
        return np.inf
    entry = abs(first if first > 0.0 else last)
    steps = _geometric(float(slow.block[0, 0]) - 1.0, (high - low) / entry)
    # No step is added for rounding.
    return float(np.ceil(steps * (1.0 - 1e-9)))


def _geometric(rate: float, total: float) -> float:
    """The n with ``sum_{j<n} (1 + rate)^j = total``; infinite if the sum stays below."""
    if abs(rate * total) < 1e-12:
        return total
    grown = 1.0 + rate * total
    return np.inf if grown <= 0.0 else float(np.log1p(rate * total) / np.log1p(rate))
