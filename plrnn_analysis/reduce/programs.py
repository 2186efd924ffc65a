"""Linear programs over a box whose bounds survive rounding."""

from __future__ import annotations

import numpy as np

from ..numerics import EPS

__all__ = ["safe_minimum", "solve"]


def solve(
    cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray | None, high: np.ndarray | None
) -> tuple[np.ndarray | None, np.ndarray, int]:
    """Minimise cost·v over {L v + offset >= 0} and a box: point, multipliers of the rows, status of the solver."""
    if low is not None and high is not None:
        # In units of the box: the solver's tolerances are absolute, domains may be of any size.
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        rows, value = L * half, cost * half
        size = np.linalg.norm(rows, axis=1)
        length, unit = np.where(size > 0.0, size, 1.0), float(np.max(np.abs(value), initial=0.0)) or 1.0
        ones = np.ones(len(cost))
        room = (L @ middle + offset) / length
        point, multipliers, _ = _solver(value / unit, rows / length[:, None], room, (-ones, ones))
        if point is not None:
            return np.clip(middle + half * point, low, high), multipliers * (unit / length), 0
        return _solver(cost, L, offset, (low, high))
    return _solver(cost, L, offset, None)


def _solver(
    cost: np.ndarray, L: np.ndarray, offset: np.ndarray, box: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray | None, np.ndarray, int]:
    from scipy.optimize import linprog

    result = linprog(
        cost,
        A_ub=-L,
        b_ub=offset,
        bounds=(None, None) if box is None else np.column_stack(box),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0:
        return None, np.zeros(len(offset)), int(result.status)
    return np.asarray(result.x), np.maximum(-np.asarray(result.ineqlin.marginals), 0.0), 0


def safe_minimum(
    cost: np.ndarray, L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[float, np.ndarray | None]:
    """A number that ``cost · v`` never falls below on ``{L v + offset >= 0, low <= v <= high}``, and where it is close.

    Parameters
    ----------
    cost : (n,) ndarray
    L, offset : (m, n), (m,) ndarray
    low, high : (n,) ndarray
        Finite.

    Returns
    -------
    float
        The bound: plus infinity only if the set is proven to be empty.
    (n,) ndarray or None
        A minimiser, up to the solver's tolerance; None if there is no feasible point that the solver could find.

    Notes
    -----
    The solver is not believed. Any multipliers u >= 0 give ``cost·v >= (cost - L'u)·v - u·offset``, whose first term is
    bounded over the box; its own rounding is added. A. Neumaier, O. Shcherbina (2004), Safe bounds in linear and
    mixed-integer linear programming, doi:10.1007/s10107-003-0433-3.
    """
    if not len(offset):
        return _weak_duality(cost, L, offset, low, high, np.zeros(0)), np.where(cost >= 0.0, low, high)
    point, multipliers, status = solve(cost, L, offset, low, high)
    if status == 0:
        return _weak_duality(cost, L, offset, low, high, multipliers), point
    if _proven_empty(L, offset, low, high):
        return np.inf, None
    return _weak_duality(cost, L, offset, low, high, np.zeros(len(offset))), None


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


def _proven_empty(L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the smallest violation t of ``L v + offset + t >= 0`` over the box is provably positive."""
    scale = np.abs(L) @ np.maximum(np.abs(low), np.abs(high)) + np.abs(offset)
    scale = np.where(scale > 0.0, scale, 1.0)
    rows, room = np.hstack([L / scale[:, None], np.ones((len(L), 1))]), offset / scale
    cost = np.append(np.zeros(len(low)), 1.0)
    low, high = np.append(low, -2.0), np.append(high, 2.0)
    _, multipliers, status = solve(cost, rows, room, low, high)
    return status == 0 and _weak_duality(cost, rows, room, low, high, multipliers) > 0.0
