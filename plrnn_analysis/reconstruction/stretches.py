"""Time series as a list of stretches without gaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._validation import detached
from ..display.abbreviation import count_words
from ..errors import ModelError

__all__ = ["as_trials", "gap_free"]


def as_trials(name: str, value: Any, n_channels: int | None = None) -> list[np.ndarray]:
    """A series (T, N), trials (n, T, N) or a sequence of trials (T_i, N), as a list of float64 arrays (T_i, N).

    Parameters
    ----------
    name : str
        What the caller calls the argument; used in the message.
    value : array_like or sequence of array_like
        NaN marks what is missing; one axis is one channel.
    n_channels : int, optional
        How many channels there must be.

    Raises
    ------
    ModelError
        If it is none of these, is empty, or the numbers of channels differ.
    """
    try:
        # Rows of numbers are one series; arrays in a list are trials, each of one channel if it has one axis.
        if isinstance(value, (list, tuple)) and value and (hasattr(value[0], "shape") or np.ndim(value[0]) == 2):
            trials = [_numbers(trial) for trial in value]
        else:
            whole = _numbers(value)
            trials = list(whole) if whole.ndim == 3 else [whole]
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name} must be numbers, a series or a list of trials ({error})") from error
    trials = [trial[:, None] if trial.ndim == 1 else trial for trial in trials]
    shapes = ", ".join(str(trial.shape) for trial in trials[:3]) or "none"
    if not trials or any(trial.ndim != 2 or trial.size == 0 for trial in trials):
        raise ModelError(f"{name} must have shape (T, N), or be trials of such shapes, got {shapes}")
    widths = {trial.shape[1] for trial in trials}
    if len(widths) > 1 or (n_channels is not None and widths != {n_channels}):
        wanted = "the same number of channels" if n_channels is None else count_words(n_channels, "channel")
        raise ModelError(f"{name}: every trial must have {wanted}, got {sorted(widths)}")
    return trials


def _numbers(value: Any) -> np.ndarray:
    """In double precision; text that could be read as numbers is none, and what is masked is not there."""
    if np.ma.is_masked(value):
        raise TypeError("masked entries have no value; mark what is missing by NaN")
    array = np.asarray(detached(value))
    if array.dtype.kind not in "biufO":
        raise TypeError(f"dtype {array.dtype}")
    # What is beyond double precision is infinite, and refused as such.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(array, dtype=np.float64)


def gap_free(trials: list[np.ndarray]) -> list[np.ndarray]:
    """The parts of the trials in which every value of every channel is there, in order."""
    found = []
    for trial in trials:
        complete = np.isfinite(trial).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], complete, [False]])))
        found += [trial[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return found
