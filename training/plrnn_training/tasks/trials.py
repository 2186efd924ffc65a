"""Trials of the user's own as a task: held-out parts, and units that suit training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ..floors import Floor, lagged_floor
from ..seeds import generator_for
from ..trials import Trials
from .base import Batch, Task
from .fingerprint import fingerprint
from .objectives import CROSS_ENTROPY, SQUARED_ERROR

__all__ = ["TrialsTask"]


@checked
class TrialsTask(Task):
    """Learn from recorded or generated trials; some are held out for validation and for the test.

    Parameters
    ----------
    trials : Trials
    name : str, optional
        Begins the names of the files.
    validation, test : float, optional
        Shares of the trials that are held out, at least one trial each; of every condition alike where there are
        conditions.
    threshold : float, optional
        The score from which on a model counts as a solution.

    Attributes
    ----------
    parts : dict of str to (n,) ndarray
        Which trials are ``"training"``, ``"validation"`` and ``"test"``. The split does not depend on the seed.
    chance : float
        On the test trials: the mean squared error of the mean of the training targets, or the share of the class that
        is most frequent.

    Raises
    ------
    ModelError
        If there are fewer than three trials, or the shares leave none to train on.

    Notes
    -----
    A network is trained on inputs divided by their size when they are not zero, and on targets less their mean, in
    units of their standard deviation. Scores and exported networks are in the units of the data: the factors go into C,
    B and b, which changes no state.
    """

    def __init__(
        self,
        trials: Trials,
        name: str = "trials",
        *,
        validation: float = 0.15,
        test: float = 0.15,
        threshold: float | None = None,
    ) -> None:
        self.name, self.threshold = name, threshold
        self.input_names, self.output_names = trials.input_names, trials.output_names
        self.condition_names = trials.condition_names
        self.objective = CROSS_ENTROPY if trials.classes else SQUARED_ERROR
        self._shares = [number(n, v, above=0.0, below=1.0) for n, v in (("validation", validation), ("test", test))]
        self._trials = trials
        self.parts = _split(trials, *self._shares)
        train = self.parts["training"]
        self._input_scale = _size_when_on(trials.inputs[train])
        self._offset, self._scale = np.zeros(len(self.output_names)), np.ones(len(self.output_names))
        if not trials.classes:
            self._offset, self._scale = _moments(trials.targets[train], trials.mask[train])
        self.chance = self._chance()
        self._inputs = torch.from_numpy((trials.inputs / self._input_scale).astype(np.float32))
        targets = trials.targets if trials.classes else (trials.targets - self._offset) / self._scale
        self._targets = torch.tensor(targets, dtype=torch.int64 if trials.classes else torch.float32)
        self._mask = torch.from_numpy(trials.mask.astype(np.float32))
        self._conditions = None if trials.conditions is None else torch.tensor(trials.conditions)
        uneven = bool((trials.lengths < trials.inputs.shape[1]).any())
        self._lengths = torch.tensor(trials.lengths) if uneven else None
        self._rows = {part: torch.from_numpy(rows) for part, rows in self.parts.items()}

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw training trials, with replacement.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
        """
        rows = self._rows["training"]
        return self._take(rows[torch.randint(len(rows), (batch,), generator=generator)])

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Trials held out, the same at every call; models are chosen on the trials for validation."""
        return self._take(self._rows["test" if part == "test" else "validation"][: whole("trials", trials, 1)])

    def score(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """As the objective's, in the units of the data."""
        if not self._trials.classes:
            scale = torch.as_tensor(self._scale, dtype=outputs.dtype, device=outputs.device)
            outputs, targets = outputs * scale, targets * scale
        return super().score(outputs, targets, mask)

    def affine_floor(self) -> Floor:
        """Estimated from the trials, see :func:`plrnn_training.floors.lagged_floor`; in the units of the data."""
        training, validation, test = (self._take(self._rows[part]) for part in ("training", "validation", "test"))
        return lagged_floor(self, training, validation, test)

    def in_user_units(self, model: PLRNN) -> PLRNN:
        """The network for inputs as they are in the file, whose outputs are as the targets there."""
        return _rescaled(model, 1.0 / self._input_scale, self._scale, self._offset)

    def in_training_units(self, model: PLRNN) -> PLRNN:
        """The inverse of :meth:`in_user_units`."""
        return _rescaled(model, self._input_scale, 1.0 / self._scale, -self._offset / self._scale)

    def metadata(self) -> dict[str, Any]:
        """Name, sizes, the held-out shares and a fingerprint of the data."""
        t = self._trials
        sizes = {f"{part}_trials": len(rows) for part, rows in self.parts.items()}
        return {
            "task": self.name,
            "data": fingerprint(t.inputs, t.targets, t.mask),
            "held_out": self._shares,
            **{f"number_of_{n}": v for n, v in sizes.items()},
        }

    def _take(self, rows: Tensor) -> Batch:
        conditions = None if self._conditions is None else self._conditions[rows]
        lengths = None if self._lengths is None else self._lengths[rows]
        return Batch(self._inputs[rows], self._targets[rows], self._mask[rows], conditions, lengths=lengths)

    def _chance(self) -> float:
        t, rows = self._trials, self.parts["test"]
        targets, mask = t.targets[rows], t.mask[rows]
        if t.classes:
            train = self.parts["training"]
            counts = np.bincount(t.targets[train].ravel(), t.mask[train].ravel())
            return float(np.average(targets == counts.argmax(), weights=mask))
        squares = (targets - self._offset) ** 2
        return float(np.average(squares, weights=np.broadcast_to(mask.reshape(*mask.shape[:2], -1), squares.shape)))


def _rescaled(model: PLRNN, inputs: np.ndarray, outputs: np.ndarray, offset: np.ndarray) -> PLRNN:
    """The network whose inputs are multiplied by `inputs` first; its outputs y become ``outputs · y + offset``."""
    assert model.B is not None  # what the trainer makes or takes has a readout
    parameters = dict(model.parameters)
    for name in ("C", "E", "W_ih"):
        if name in parameters:
            parameters[name] = parameters[name] * inputs
    b = np.zeros(model.n_outputs) if model.b is None else model.b
    B = outputs[:, None] * model.B
    trials = None if model.trials is None else model.trials.with_inputs(model.trials.inputs / inputs)
    return PLRNN(model.architecture, parameters, model.relu_units, B, outputs * b + offset, model.metadata, trials)


def _split(trials: Trials, validation: float, test: float) -> dict[str, np.ndarray]:
    """Shuffle, then hold out the same share of every condition."""
    n = len(trials)
    if n < 3:
        raise ModelError(f"training needs at least three trials (training, validation, test), got {n}")
    n_test, n_validation = max(1, round(test * n)), max(1, round(validation * n))
    if n_test + n_validation >= n:
        raise ModelError(
            f"{n_validation} trials for validation and {n_test} for the test leave none of {n} to train on"
        )
    order = torch.randperm(n, generator=generator_for(0, "split")).numpy()
    part = np.zeros(n, dtype=int)
    done = 0
    kinds = np.zeros(n, dtype=int) if trials.conditions is None else trials.conditions[order]
    for kind in np.unique(kinds):
        own = order[kinds == kind]
        # Rounded sums, not sums of what is rounded: the totals are then as asked for.
        share = [
            round((done + len(own)) * wanted / n) - round(done * wanted / n)
            for wanted in (n_test, n_test + n_validation)
        ]
        part[own[: max(share)]] = 1
        part[own[: share[0]]] = 2
        done += len(own)
    names = ("training", "validation", "test")
    parts = {name: order[part[order] == index] for index, name in enumerate(names)}
    empty = [name for name, rows in parts.items() if not len(rows)]
    if empty:
        raise ModelError(f"of {n} trials of {np.unique(kinds).size} conditions, none is left for {' and '.join(empty)}")
    return parts


def _size_when_on(inputs: np.ndarray) -> np.ndarray:
    """Root mean square of each channel where it is not zero."""
    on = np.count_nonzero(inputs, axis=(0, 1))
    squares = (inputs**2).sum(axis=(0, 1))
    return np.where(on > 0, np.sqrt(squares / np.maximum(on, 1)), 1.0)


def _moments(targets: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each output over what is scored."""
    weights = np.broadcast_to(mask if mask.ndim == 3 else mask[..., None], targets.shape)
    total = weights.sum(axis=(0, 1))
    total = np.where(total > 0, total, 1.0)
    mean = (weights * targets).sum(axis=(0, 1)) / total
    spread = np.sqrt((weights * (targets - mean) ** 2).sum(axis=(0, 1)) / total)
    return mean, np.where(spread > 0, spread, 1.0)
