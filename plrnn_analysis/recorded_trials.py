"""Trials that travel with a network: what it is driven by, and of which condition each trial is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._frozen import Frozen
from ._validation import as_array, detached, one_of, whole
from ._wording import in_a_line
from .display.abbreviation import count_words
from .errors import ModelError

__all__ = ["MAX_NUMBERS", "RecordedTrials", "valid_steps"]

#: Numbers that the inputs may hold: 64 MB in a file.
MAX_NUMBERS = 2**24


@dataclass(frozen=True, eq=False)
class RecordedTrials(Frozen):
    """Trials that are kept with a network, in its checkpoint too.

    A network that was trained here brings a few test trials of its task; where an encoder stands in front of it, they
    are what the encoder makes of the task's inputs. So every analysis of a task needs the checkpoint alone.

    Parameters
    ----------
    inputs : (n, T, K) array_like
        Rounded to single precision, which is what a file holds.
    conditions : (n,) array_like of int, optional
        The condition of each trial, an index into `condition_names`.
    lengths : (n,) array_like of int, optional
        Valid steps of each trial, from 1 to T; what follows is padding, which no analysis counts. All T are no news.
    condition_names : sequence of str, optional
        Different names.
    initial : (n, M) array_like, optional
        State before the first step, rounded to single precision; zero by default.

    Attributes
    ----------
    inputs : (n, T, K) ndarray of float32
    conditions, lengths : (n,) ndarray of int64 or None
    condition_names : tuple of str
    initial : (n, M) ndarray of float32 or None

    Raises
    ------
    ModelError
        On wrong shapes, numbers that are not finite or out of range, names that are missing or come twice, or more than
        2^24 numbers.

    Examples
    --------
    >>> trials = RecordedTrials(np.zeros((3, 20, 2)), conditions=[0, 1, 1], condition_names=("go", "no-go"))
    >>> trials
    <RecordedTrials: 3 trials of 20 steps, 2 inputs; conditions: go 1, no-go 2>
    >>> trials.select("no-go").n_trials
    2
    """

    inputs: np.ndarray
    conditions: np.ndarray | None = None
    lengths: np.ndarray | None = None
    condition_names: tuple[str, ...] = ()
    initial: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.inputs)
        if np.prod(shape, dtype=float) > MAX_NUMBERS:
            raise ModelError(f"recorded trials hold at most {MAX_NUMBERS} numbers, got inputs of shape {shape}")
        inputs = _single("inputs", self.inputs, (None, None, None), "(n, T, K)")
        n, steps = inputs.shape[:2]
        if not n or not steps:
            raise ModelError(f"recorded trials are at least one trial of one step, got inputs of shape {shape}")
        names = _names(self.condition_names)
        held: dict[str, Any] = {"inputs": inputs, "condition_names": names, "conditions": None, "initial": None}
        if self.conditions is not None:
            if not names:
                raise ModelError("conditions are indices into condition_names, which are missing")
            held["conditions"] = _whole_numbers("conditions", self.conditions, n, 0, len(names) - 1)
        lengths = None if self.lengths is None else valid_steps(self.lengths, n, steps)
        held["lengths"] = None if lengths is None or np.all(lengths == steps) else lengths
        if self.initial is not None:
            held["initial"] = _single("initial", self.initial, (n, None), "(n, M), one state per trial")
        for name, value in held.items():
            object.__setattr__(self, name, value)
        super().__post_init__()

    @property
    def n_trials(self) -> int:
        """Number of trials n."""
        return int(self.inputs.shape[0])

    @property
    def n_steps(self) -> int:
        """Steps T of a trial, padding included."""
        return int(self.inputs.shape[1])

    @property
    def n_inputs(self) -> int:
        """Dimension K of the input."""
        return int(self.inputs.shape[2])

    @property
    def present(self) -> tuple[str, ...]:
        """The conditions of which there is a trial, in the order of ``condition_names``; empty without conditions."""
        if self.conditions is None:
            return ()
        return tuple(self.condition_names[i] for i in np.unique(self.conditions))

    @property
    def labels(self) -> np.ndarray | None:
        """Name of the condition of each trial, (n,) of text; None without conditions.

        What :func:`plrnn_analysis.symbols.compare_conditions` takes beside a trajectory.
        """
        return None if self.conditions is None else np.array(self.condition_names)[self.conditions]

    def select(self, condition: str | int) -> RecordedTrials:
        """The trials of one condition.

        Parameters
        ----------
        condition : str or int
            Its name, or its index in ``condition_names``.

        Raises
        ------
        ModelError
            If there is no such condition, or no trial of it.
        """
        if self.conditions is None:
            raise ModelError("these trials have no conditions to select from")
        if isinstance(condition, str):
            index = self.condition_names.index(one_of("condition", condition, self.condition_names))
        else:
            index = whole("condition", condition, 0, len(self.condition_names) - 1)
        chosen = np.flatnonzero(self.conditions == index)
        if not len(chosen):
            raise ModelError(f"there is no trial of the condition {self.condition_names[index]!r}")
        return self[chosen]

    def __getitem__(self, trials: Any) -> RecordedTrials:
        """Some of the trials: a slice, indices or a mask."""
        optional = {name: getattr(self, name) for name in ("conditions", "lengths", "initial")}
        kept = {name: None if value is None else value[trials] for name, value in optional.items()}
        return type(self)(self.inputs[trials], condition_names=self.condition_names, **kept)

    def with_inputs(self, inputs: Any) -> RecordedTrials:
        """The same trials with other inputs (n, T, K'), such as those in other units."""
        inputs = as_array("inputs", inputs, (self.n_trials, self.n_steps, None), "(n, T, K)")
        return type(self)(inputs, self.conditions, self.lengths, self.condition_names, self.initial)

    def __repr__(self) -> str:
        sizes = f"{count_words(self.n_trials, 'trial')} of {count_words(self.n_steps, 'step')}"
        uneven = "" if self.lengths is None else f" ({self.lengths.min()} to {self.lengths.max()} valid)"
        kinds = ""
        if self.conditions is not None:
            counts = np.bincount(self.conditions, minlength=len(self.condition_names))
            named = zip(self.condition_names, counts.tolist(), strict=True)
            kinds = f"; conditions: {', '.join(f'{in_a_line(name)} {count}' for name, count in named)}"
        return f"<RecordedTrials: {sizes}{uneven}, {count_words(self.n_inputs, 'input')}{kinds}>"


def valid_steps(lengths: Any, n: int, steps: int) -> np.ndarray:
    """Lengths of `n` trials, each from 1 to `steps`, as whole numbers.

    Raises
    ------
    ModelError
        If they are anything else.

    Examples
    --------
    >>> valid_steps([3.0, 5.0], 2, 5)
    array([3, 5])
    """
    return _whole_numbers("lengths", lengths, n, 1, steps)


def _single(name: str, value: Any, shape: tuple[int | None, ...], what: str) -> np.ndarray:
    """An array in single precision; numbers beyond its range are refused as not finite."""
    with np.errstate(over="ignore"):
        rounded = as_array(name, value, shape, what).astype(np.float32)
    if not np.all(np.isfinite(rounded)):
        raise ModelError(f"{name} holds numbers beyond single precision, in which they are kept")
    return rounded


def _names(value: Any) -> tuple[str, ...]:
    fits = isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(name, str) for name in value)
    if not fits or len(set(value)) != len(value):
        raise ModelError(f"condition_names must be a list of different names, got {str(value)[:80]!r}")
    return tuple(value)


def _whole_numbers(name: str, value: Any, n: int, least: int, most: int) -> np.ndarray:
    raw = np.asarray(detached(value))
    numbers = as_array(name, raw, (n,), "(n,), one whole number per trial")
    if np.any(numbers != np.floor(numbers)) or np.any((numbers < least) | (numbers > most)):
        raise ModelError(f"{name} must be whole numbers in {least}..{most}, got {numbers.min():g} to {numbers.max():g}")
    return numbers.astype(np.int64)
