"""Cycles near a run that nearly repeats itself: its closest returns, and Newton's method from there."""

from __future__ import annotations

import numpy as np

from .compositions import affine_along
from .task import Task

__all__ = ["close_returns", "word_of_cycle"]

# Newton's method ends in a few steps or not at all: only finitely many words are near.
ROUNDS = 30


def close_returns(orbit: np.ndarray, longest: int) -> list[int]:
    """Times p, the longest first, after which a run came back nearer than after any shorter time.

    Parameters
    ----------
    orbit : (T, M) ndarray
        Its last state is the one that others are compared with.
    longest : int

    Notes
    -----
    On a curve on which the map turns by an angle these are the denominators of the continued fraction of the angle, and
    so the periods with which the motion may lock: few, O(log T).
    """
    away = np.max(np.abs(orbit[-2 : -min(longest, len(orbit) - 1) - 2 : -1] - orbit[-1]), axis=1)
    nearest = np.minimum.accumulate(away)
    records = np.flatnonzero(np.concatenate([[True], away[1:] < nearest[:-1]])) + 1
    return records[::-1].tolist()


def word_of_cycle(task: Task, z: np.ndarray, period: int) -> np.ndarray | None:
    """The word of the cycle of this period (or a divisor) that Newton's method finds from a state.

    Parameters
    ----------
    task : Task
    z : (M,) ndarray
    period : int

    Returns
    -------
    (period, H) ndarray of bool, or None
        None if it finds none.

    Notes
    -----
    The map is affine along the word of z, so the step of Newton's method for ``F^p(z) = z`` is the solution of that
    word, and it has ended when the solution follows the word from which it came. O(p M³) per step.
    """
    map = task.map
    before: np.ndarray | None = None
    for _ in range(ROUNDS):
        word = np.concatenate([map.bits(z)[None], task.run(z[None], period).bitcodes[0, :-1]])
        if before is not None and np.array_equal(word, before):
            return word
        before = word
        with np.errstate(all="ignore"):
            matrix, offset = affine_along(map, word, task.budget.check)
        if not np.all(np.isfinite(matrix)) or not np.all(np.isfinite(offset)):
            return None
        try:
            z = np.linalg.solve(np.eye(map.n_units) - matrix, offset)
        except np.linalg.LinAlgError:
            return None
        if not np.all(np.isfinite(z)):
            return None
    return None
