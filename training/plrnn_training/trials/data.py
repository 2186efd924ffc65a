"""Trials in memory: arrays of one shape, with a weight for everything that is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plrnn_analysis._frozen import Frozen
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import detached, shown
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError

__all__ = ["Trials"]

LAST_STEP = "read as wanted at the last step of each trial"


@checked
@dataclass(frozen=True, eq=False)
class Trials(Frozen):
    """Inputs and what is wanted of the network, trial by trial; :meth:`Trials.build` makes it from what people have.

    Attributes
    ----------
    inputs : (n, T, K) ndarray
        Zero after the end of a trial.
    targets : (n, T, N) ndarray, or (n, T) ndarray of int
        Values, or classes counted from 0.
    mask : (n, T) or (n, T, N) ndarray
        Weights; zero where nothing is scored.
    lengths : (n,) ndarray of int
        Steps of each trial.
    input_names, output_names : tuple of str
        For classes, an output is the logit of a class and has its name.
    conditions : (n,) ndarray of int or None
        The kind of each trial, an index into `condition_names`.
    condition_names : tuple of str
    notes : tuple of str
        What was not plain about the arrays and how it was read.
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    lengths: np.ndarray
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    conditions: np.ndarray | None
    condition_names: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def classes(self) -> bool:
        """Whether the targets are classes, not values."""
        return self.targets.ndim == 2

    def __len__(self) -> int:
        return len(self.inputs)

    @classmethod
    def build(
        cls,
        inputs: Any,
        targets: Any = None,
        labels: Any = None,
        mask: Any = None,
        lengths: Any = None,
        conditions: Any = None,
        input_names: Any = None,
        output_names: Any = None,
        condition_names: Any = None,
    ) -> Trials:
        """Check the arrays and bring them to one form.

        Parameters
        ----------
        inputs : (n, T, K) array_like
            (n, T) is one channel. Trials of unequal length are padded to one, or a list of (T_i, K) arrays.
        targets : (n, T, N) array_like, optional
            Values; NaN where nothing is scored. (n, T) is one output; (n, N) with N ≠ T, or (n,), is wanted at the last
            step. An array of integers of shape (n, T) or (n,) is read as `labels`. Give `targets` or `labels`.
        labels : (n,) or (n, T) array_like, optional
            The class of a trial, wanted at its last step, or of each step: numbers or text. Negative numbers, NaN and
            empty text are not scored.
        mask : (n, T) or (n, T, N) array_like, optional
            How much each step, or each value, weighs.
        lengths : (n,) array_like of int, optional
            How many steps of a padded trial are real. Without it a trial ends where all its inputs are NaN for good.
        conditions : (n,) array_like, optional
            The kind of each trial: text, or numbers that count `condition_names` from 0.
        input_names, output_names, condition_names : sequence of str, optional
            For classes, `output_names` are those of the classes 0, 1, ...

        Returns
        -------
        Trials

        Raises
        ------
        ModelError
            If something is missing, of the wrong shape, not a number or contradicts the rest.

        Examples
        --------
        >>> trials = Trials.build(inputs=np.ones((4, 5)), labels=["left", "right", "left", "right"])
        >>> trials.output_names, trials.inputs.shape, trials.mask.sum()
        (('left', 'right'), (4, 5, 1), np.float64(4.0))
        """
        inputs, targets, labels = (
            _plain(n, v) for n, v in (("inputs", inputs), ("targets", targets), ("labels", labels))
        )
        mask, lengths, conditions = (
            _plain(n, v) for n, v in (("mask", mask), ("lengths", lengths), ("conditions", conditions))
        )
        output_names, condition_names = _plain("output_names", output_names), _plain("condition_names", condition_names)
        notes: list[str] = []
        x = _inputs(inputs, notes)
        n, n_steps, n_inputs = x.shape
        steps = _lengths(lengths, x)
        inside = np.arange(n_steps) < steps[:, None]
        _refuse_gaps(x, inside)
        x = np.where(inside[..., None], x, 0.0)
        if (targets is None) == (labels is None):
            raise ModelError("trials need targets (values) or labels (classes), one of the two")
        if targets is not None and np.asarray(targets).dtype.kind in "iub" and np.ndim(targets) < 3:
            targets, labels = None, targets
            notes.append("targets are whole numbers and were read as classes; save them as floats if they are values")
        if labels is not None:
            y, weights, names = _classes(labels, output_names, steps, inside, notes)
        else:
            y, weights = _values(targets, steps, inside, notes)
            names = _names("output", output_names, y.shape[2])
        if mask is not None:
            weights = _weighted(weights, mask, y)
        scored = weights.reshape(n, -1).sum(axis=1) > 0
        if not scored.all():
            if not scored.any():
                raise ModelError("nothing is scored: every target is NaN, or weighed with 0 by the mask")
            notes.append(f"{np.count_nonzero(~scored)} of {n} trials have nothing that is scored and were left out")
        kinds, kind_names = _conditions(conditions, condition_names, n)
        return cls(
            inputs=x[scored],
            targets=y[scored],
            mask=weights[scored],
            lengths=steps[scored],
            input_names=_names("input", input_names, n_inputs),
            output_names=names,
            conditions=None if kinds is None else kinds[scored],
            condition_names=kind_names,
            notes=tuple(notes),
        )


def _plain(name: str, value: Any) -> Any:
    """Tensors as arrays; lists of trials and None as they are."""
    if np.ma.is_masked(value):
        raise ModelError(f"{name} must not be masked: mark what is missing by NaN")
    value = detached(value)
    if hasattr(value, "detach"):
        raise ModelError(f"{name} must be an array of numbers, got {shown(value)}")
    return value


def _numbers(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"{name} must be real numbers, got an array of dtype {array.dtype}")
    # What is beyond double precision is infinite, and refused as such.
    with np.errstate(over="ignore", invalid="ignore"):
        array = array.astype(np.float64)
    if np.isinf(array).any():
        raise ModelError(f"{name} holds infinite values (the first at index {_first(np.isinf(array))})")
    return array


def _first(where: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(where)[0])


def _inputs(value: Any, notes: list[str]) -> np.ndarray:
    if isinstance(value, (list, tuple)) and len({np.shape(trial) for trial in value}) > 1:
        arrays = [_numbers("inputs", trial) for trial in value]
        arrays = [a[:, None] if a.ndim == 1 else a for a in arrays]
        if any(a.ndim != 2 for a in arrays) or len({a.shape[1] for a in arrays}) > 1:
            raise ModelError("a list of inputs holds one array (T_i, K) per trial, all with the same K")
        x = np.full((len(arrays), max(len(a) for a in arrays), arrays[0].shape[1]), np.nan)
        for row, a in zip(x, arrays, strict=True):
            row[: len(a)] = a
    else:
        x = _numbers("inputs", value)
    if x.ndim == 2:
        notes.append("inputs have two axes and were read as (trials, steps) of one channel")
        x = x[..., None]
    if x.ndim != 3 or 0 in x.shape[:2]:
        raise ModelError(f"inputs must have shape (trials, T, K), got {x.shape}")
    return x


def _lengths(value: Any, inputs: np.ndarray) -> np.ndarray:
    n, n_steps, n_inputs = inputs.shape
    if value is None:
        if not n_inputs:
            return np.full(n, n_steps)
        there = ~np.isnan(inputs).all(axis=2)
        if not there.any(axis=1).all():
            raise ModelError(f"trial {int(np.argmin(there.any(axis=1)))} has no inputs: all of them are NaN")
        return n_steps - np.argmax(there[:, ::-1], axis=1)
    lengths = np.asarray(value).reshape(-1) if np.size(value) == n else np.asarray(value)
    whole = lengths.dtype.kind in "iuf" and bool(np.all(lengths == np.round(lengths)))
    if lengths.shape != (n,) or not whole or lengths.min() < 1 or lengths.max() > n_steps:
        raise ModelError(f"lengths must be {n} whole numbers in 1..{n_steps}, one per trial, got {shown(value)}")
    return lengths.astype(np.int64)


def _refuse_gaps(inputs: np.ndarray, inside: np.ndarray) -> None:
    gaps = np.isnan(inputs) & inside[..., None]
    if gaps.any():
        trial, step, channel = _first(gaps)
        raise ModelError(
            f"inputs are NaN within a trial (trial {trial}, step {step}, channel {channel}, counted from 0): a network "
            "needs all its inputs; fill the gaps, or give lengths if this is padding"
        )


def _at_last_step(n_steps: int, lengths: np.ndarray) -> np.ndarray:
    """Weights (n, T) that are one at each trial's last step."""
    return (np.arange(n_steps) == lengths[:, None] - 1).astype(np.float64)


def _values(value: Any, lengths: np.ndarray, inside: np.ndarray, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Targets (n, T, N) without NaN, and weights (n, T), or (n, T, N) where some outputs are not scored."""
    n, n_steps = inside.shape
    y = _numbers("targets", value)
    weights = inside.astype(np.float64)
    if y.ndim == 2 and y.shape == (n, n_steps):
        y = y[..., None]
    elif y.ndim in (1, 2) and y.shape[0] == n:
        notes.append(f"targets of shape {y.shape} were {LAST_STEP}")
        y = np.repeat(y.reshape(n, 1, -1), n_steps, axis=1)
        weights = _at_last_step(n_steps, lengths)
    if y.ndim != 3 or y.shape[:2] != (n, n_steps) or not y.shape[2]:
        raise ModelError(
            f"targets must have shape ({n}, {n_steps}, N), as the inputs have {n} trials of {n_steps} steps, "
            f"got {y.shape}"
        )
    missing = np.isnan(y)
    if missing.any():
        everywhere = missing.all(axis=2)
        if np.array_equal(missing, np.repeat(everywhere[..., None], y.shape[2], axis=2)):
            weights = np.where(everywhere, 0.0, weights)
        else:
            weights = np.where(missing, 0.0, weights[..., None])
    return np.where(missing, 0.0, y), weights


def _classes(
    value: Any, names: Any, lengths: np.ndarray, inside: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Classes (n, T), weights (n, T) and the names of the classes."""
    n, n_steps = inside.shape
    labels = np.asarray(value)
    if labels.ndim == 2 and labels.shape != (n, n_steps) and labels.size == n:
        labels = labels.reshape(n)  # MATLAB has no vectors
    if labels.shape == (n,):
        labels = np.repeat(labels[:, None], n_steps, axis=1)
        weights = _at_last_step(n_steps, lengths)
        notes.append(f"labels of shape ({n},) were {LAST_STEP}")
    elif labels.shape == (n, n_steps):
        weights = inside.astype(np.float64)
    else:
        raise ModelError(f"labels must have shape ({n},) or ({n}, {n_steps}), got {labels.shape}")
    if labels.dtype.kind == "U":
        scored = labels != ""
    else:
        numbers = _numbers("labels", labels)
        scored = ~np.isnan(numbers) & (numbers >= 0)
        labels = np.where(scored, numbers, 0.0)
        if np.any(labels != np.round(labels)):
            raise ModelError("labels must be whole numbers or text; values that are not classes are targets")
    weights = weights * scored
    if names is not None:
        given = _names("output", names, np.size(names))
        if labels.dtype.kind == "U" or labels[scored].max(initial=0) >= len(given):
            raise ModelError(f"with output_names, labels count them from 0: they must lie in 0..{len(given) - 1}")
        return labels.astype(np.int64), weights, given
    kinds, index = np.unique(labels[weights > 0], return_inverse=True)
    if kinds.size < 2:
        raise ModelError(f"labels must hold at least two classes, got {kinds.size}")
    found = np.zeros(labels.shape, dtype=np.int64)
    found[weights > 0] = index
    return found, weights, tuple(str(k) if kinds.dtype.kind == "U" else f"class {int(k)}" for k in kinds)


def _weighted(weights: np.ndarray, mask: Any, targets: np.ndarray) -> np.ndarray:
    given = _numbers("mask", mask)
    if given.shape not in {targets.shape, targets.shape[:2]}:
        wanted = f"{targets.shape[:2]}" + (f" or {targets.shape}" if targets.ndim == 3 else "")
        raise ModelError(f"mask must have shape {wanted}, got {given.shape}")
    if np.isnan(given).any() or given.min() < 0:
        raise ModelError("mask must hold weights >= 0, and no NaN")
    if given.ndim == weights.ndim:
        return weights * given
    return weights[..., None] * given if given.ndim == 3 else weights * given[..., None]


def _conditions(value: Any, names: Any, n: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
    if value is None:
        if names is not None:
            raise ModelError("condition_names need conditions, one per trial")
        return None, ()
    kinds = np.asarray(value).reshape(-1) if np.size(value) == n else np.asarray(value)
    if kinds.shape != (n,) or kinds.dtype.kind not in "iufU":
        raise ModelError(f"conditions must be {n} numbers or texts, one per trial, got {shown(value)}")
    if names is None:
        found, index = np.unique(kinds, return_inverse=True)
        return index, tuple(str(k) if kinds.dtype.kind == "U" else f"condition {float(k):g}" for k in found)
    given = _names("condition", names, np.size(names))
    if kinds.dtype.kind == "U" or np.any(kinds != np.round(kinds)) or kinds.min() < 0 or kinds.max() >= len(given):
        raise ModelError(f"with condition_names, conditions count them from 0: they must lie in 0..{len(given) - 1}")
    return kinds.astype(np.int64), given


def _names(what: str, value: Any, count: int) -> tuple[str, ...]:
    if value is None:
        return tuple(f"{what} {i + 1}" for i in range(count))
    names: Sequence[Any] = np.atleast_1d(np.asarray(_plain(f"{what}_names", value))).tolist()
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ModelError(f"{what}_names must be {count_words(count, 'text')}, got {shown(value)}")
    return tuple(names)
