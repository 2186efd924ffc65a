"""Runs followed stretch by stretch until each is known to have ended somewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .judging import judge
from .ledger import Ledger, Reason
from .search import Search
from .task import ENTRIES

__all__ = ["follow"]

# Steps of the first stretch; those that follow are as long as all before.
FIRST = 64
# Even where memory is short a stretch has this many steps.
LEAST = 16
# Steps kept beside two periods of the longest word looked for.
SPARE = 64
# Subregions, of all runs together, that are kept of what was before: 128 MB.
HISTORY = 1 << 24
# Share of the way to a boundary that is not jumped, beside two periods: rounding.
SHORT = 1e-12


def follow(search: Search, runs: Sequence[int], limit: int) -> None:
    """Follow open runs until each has ended, or for `limit` steps; the ledger keeps what is found.

    Parameters
    ----------
    search : Search
    runs : sequence of int
        Numbers of open runs.
    limit : int
    """
    memory = min(2 * search.task.max_period + SPARE, limit + 1)
    size = max(1, HISTORY // memory)
    for start in range(0, len(runs), size):
        _follow_some(search, list(runs[start : start + size]), limit)


def _follow_some(search: Search, left: list[int], limit: int) -> None:
    """Runs, few enough for their histories to be kept."""
    task, ledger, alphabet = search.task, search.ledger, search.alphabet
    states = np.array([ledger.open[run].state for run in left])
    history = alphabet.codes(task.map.bits(states)[:, None])
    memory = 2 * task.max_period + SPARE
    done = 0
    while left and done < limit and task.budget.take(1):
        length = min(limit - done, max(FIRST, done), max(LEAST, ENTRIES // (len(left) * task.map.n_units)))
        run = task.run(states, length)
        done += length
        new = alphabet.codes(run.bitcodes[:, -memory:])
        history = np.concatenate([history, new], axis=1)[:, -memory:]
        orbit = np.concatenate([states[:, None], run.states], axis=1)
        goes_on = judge(search, left, orbit, history)
        left = [number for number, keep in zip(left, goes_on, strict=True) if keep]
        states, history = run.states[goes_on, -1], history[goes_on]
        for k, number in enumerate(left):
            if ledger.open[number].reason == Reason.RAMP:
                states[k] = _at_the_boundary(ledger, number)
                # Labels that repeat nothing: what came before the boundary is not what comes after it.
                history[k] = np.arange(history.shape[1])


def _at_the_boundary(ledger: Ledger, run: int) -> np.ndarray:
    """Take a run that moves along a straight line to the boundary ahead, without the steps on the way."""
    left = ledger.open[run]
    assert left.ray is not None  # it is the reason
    periods = max(np.floor(left.ray.periods * (1.0 - SHORT)) - 2.0, 0.0)
    ledger.move(run, left.ray.after(left.state, periods), int(periods) * left.ray.period)
    return left.state
