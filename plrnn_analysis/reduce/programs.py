"""Linear programs over a box whose bounds survive rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics import EPS
from ..polytopes.programs import Claim, Proposal, Verdict, decide, propose

__all__ = ["Minimum", "bound_in_box", "safe_minimum", "solve"]


@dataclass(frozen=True, eq=False)
class Minimum:
    """A number that an affine function never falls below on a set, and where it is close.

    Attributes
    ----------
    bound : float
        Plus infinity only if the set is proved to be empty.
    point : (n,) ndarray or None
        A minimiser, up to the solver's tolerance; None if there is no feasible point that the solver could find.
    settled : bool
        False where the solver failed: the bound then is that of the box alone.
    """

    bound: float
    point: np.ndarray | None
    settled: bool


def solve(
    cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray | None, high: np.ndarray | None
) -> Proposal:
    """Minimise cost·v over {L v + offset >= 0} and a box, in floats."""
    if low is None or high is None:
        return propose(cost, L, offset)
    # In units of the box: the solver's tolerances are absolute, domains may be of any size and anywhere.
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    found = propose(cost * half, L * half, L @ middle + offset, -1.0, 1.0)
    if found.point is None:
        return propose(cost, L, offset, low, high)
    return Proposal(Claim.OPTIMAL, np.clip(middle + half * found.point, low, high), found.multipliers)


def safe_minimum(cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray) -> Minimum:
    """A number that ``cost · v`` never falls below on ``{L v + offset >= 0, low <= v <= high}``, and where it is close.

    Parameters
    ----------
    cost : (n,) ndarray
    L, offset : (m, n), (m,) ndarray
    low, high : (n,) ndarray
        Finite.

    Returns
    -------
    Minimum

    Notes
    -----
    The solver is not believed. Any multipliers u >= 0 give ``cost·v >= (cost - L'u)·v - u·offset``, whose first term is
    bounded over the box; its own rounding is added. A. Neumaier, O. Shcherbina (2004), Safe bounds in linear and
    mixed-integer linear programming, doi:10.1007/s10107-003-0433-3. That the set is empty is decided exactly.
    """
    if not len(offset):
        bound = _weak_duality(cost, L, offset, low, high, np.zeros(0))
        return Minimum(bound, np.where(cost >= 0.0, low, high), True)
    found = solve(cost, L, offset, low, high)
    if found.point is not None:
        return Minimum(_weak_duality(cost, L, offset, low, high, found.multipliers), found.point, True)
    unit = np.eye(len(cost))
    verdict = decide(np.vstack([L, unit, -unit]), np.concatenate([offset, -low, high])).verdict
    if verdict is Verdict.EMPTY:
        return Minimum(np.inf, None, True)
    return bound_in_box(cost, L, offset, low, high)


def bound_in_box(cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray) -> Minimum:
    """The same without a linear program: a bound over all of the box."""
    return Minimum(_weak_duality(cost, L, offset, low, high, np.zeros(len(offset))), None, False)


def _weak_duality(
    cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray, multipliers: np.ndarray
) -> float:
    reduced = cost - multipliers @ L
    largest = np.maximum(np.abs(low), np.abs(high))
    size = (np.abs(cost) + multipliers @ np.abs(L)) @ largest + multipliers @ np.abs(offset)
    value = np.minimum(reduced * low, reduced * high).sum() - multipliers @ offset
    if not np.any(multipliers) and np.count_nonzero(cost) == 1 and np.all(np.isin(cost, (-1.0, 0.0, 1.0))):
        # One coordinate of a box: nothing was rounded, and what touches zero touches it.
        return float(value)
    return float(value - EPS * (len(cost) + len(offset) + 2) * size)
