"""Windows of the training data, standardised, on the device that trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .series import Series

__all__ = ["WindowBatch", "Standardisation", "Windows"]


@dataclass(frozen=True)
class Standardisation:
    """Mean and scale of every channel, so that training sees data of mean 0 and variance 1.

    Attributes
    ----------
    mean, scale : (N,) ndarray
    input_mean, input_scale : (K,) ndarray
        A channel that never changes has scale 1.
    """

    mean: np.ndarray
    scale: np.ndarray
    input_mean: np.ndarray
    input_scale: np.ndarray

    @classmethod
    def of(cls, series: Series) -> Standardisation:
        """That of some data, missing values left out."""
        values, inputs = np.concatenate(series.trials), np.concatenate(series.inputs)
        parts = []
        for array in (values, inputs):
            mean, scale = np.nanmean(array, axis=0), np.nanstd(array, axis=0)
            parts += [mean, np.where(scale > 1e-12 * np.abs(mean), scale, 1.0)]
        return cls(*parts)


@dataclass(frozen=True)
class WindowBatch:
    """Windows of E models: observations at T + 1 times, and the inputs of the T steps between them.

    Attributes
    ----------
    observations : (E, T + 1, batch, N) Tensor
        0, the mean, where a value is missing.
    present : (E, T + 1, batch, N) Tensor or None
        1 where a value is there; None if none is missing.
    inputs : (E, batch, T, K) Tensor
    """

    observations: Tensor
    present: Tensor | None
    inputs: Tensor


class Windows:
    """All windows of some data, drawn with a generator for each model.

    Parameters
    ----------
    series : Series
    standardisation : Standardisation
    length : int
        Steps T of a window. Trials that are shorter are filled up with missing values.
    device : torch.device

    Attributes
    ----------
    length : int
        At most the steps of the longest trial.
    """

    def __init__(self, series: Series, standardisation: Standardisation, length: int, device: torch.device) -> None:
        self.length = min(length, max(len(trial) for trial in series.trials) - 1)
        values, inputs, starts, at = [], [], [], 0
        for trial, driven in zip(series.trials, series.inputs, strict=True):
            fill = max(0, self.length + 1 - len(trial))
            values.append(np.pad(trial, ((0, fill), (0, 0)), constant_values=np.nan))
            inputs.append(np.pad(driven, ((0, fill), (0, 0)), mode="edge"))
            starts.append(at + np.arange(len(values[-1]) - self.length))
            at += len(values[-1])
        whole = (np.concatenate(values) - standardisation.mean) / standardisation.scale
        known, first = np.isfinite(whole), np.concatenate(starts)
        # A start of which all channels are known says most about the state; else any from which something is learnt.
        informed = known[first].all(axis=1)
        after = np.cumsum(np.concatenate([[0], known.any(axis=1)]))
        useful = after[first + self.length + 1] > after[first + 1]
        chosen = useful & informed if np.any(useful & informed) else useful

        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=torch.float32, device=device)

        self._values = tensor(np.where(known, whole, 0.0))
        self._present = None if known.all() else tensor(known)
        self._inputs = tensor((np.concatenate(inputs) - standardisation.input_mean) / standardisation.input_scale)
        self._starts = torch.as_tensor(first[chosen])
        self._steps = torch.arange(self.length + 1)
        self._device = device

    def draw(self, generators: Sequence[torch.Generator], batch: int) -> WindowBatch:
        """`batch` windows for each generator, uniformly with replacement."""
        n = len(self._starts)
        places = torch.stack([torch.randint(n, (batch,), generator=g) for g in generators])
        index = (self._starts[places].unsqueeze(1) + self._steps[:, None]).to(self._device)
        present = None if self._present is None else self._present[index]
        inputs = self._inputs[index[:, 1:]].transpose(1, 2)
        return WindowBatch(self._values[index], present, inputs)
