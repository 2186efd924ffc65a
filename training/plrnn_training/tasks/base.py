"""What a task must offer; the trainer, the command line and the sweeps know only this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis.model import PLRNN

from .objectives import SQUARED_ERROR, Objective

__all__ = ["Batch", "Task", "stack_batches"]


@dataclass(frozen=True)
class Batch:
    """Trials of a task.

    Attributes
    ----------
    inputs : (..., batch, T, K) Tensor
    targets : (..., batch, ...) Tensor
        Whatever the task's own loss understands. That of :class:`Task` takes values (..., batch, S, N) at the S scored
        steps or (..., batch, N) at the last one; with classes the axis N is missing.
    mask : (..., batch, S) or (..., batch, S, N) Tensor, optional
        How much each scored step, or each value, weighs; everything weighs the same without it.
    conditions : (..., batch) Tensor of int, optional
        The kind of each trial, an index into the task's ``condition_names``.
    initial : (..., batch, M) Tensor, optional
        State before the first step; zero without it.
    """

    inputs: Tensor
    targets: Tensor
    mask: Tensor | None = None
    conditions: Tensor | None = None
    initial: Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same trials on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def select(self, trials: Tensor) -> Batch:
        """Some of the trials, by index or by a mask; for batches without a leading axis for models."""
        return self._each(lambda tensor: tensor[trials])

    def expand(self, n_models: int) -> Batch:
        """The same trials for every model of a stack, along a new leading axis and without a copy."""
        return self._each(lambda tensor: tensor.expand(n_models, *tensor.shape))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        return Batch(
            change(self.inputs),
            change(self.targets),
            None if self.mask is None else change(self.mask),
            None if self.conditions is None else change(self.conditions),
            None if self.initial is None else change(self.initial),
        )


def stack_batches(batches: Sequence[Batch]) -> Batch:
    """One batch a model, stacked along a new leading axis."""

    def stacked(tensors: list[Tensor | None]) -> Tensor | None:
        given = [tensor for tensor in tensors if tensor is not None]
        return torch.stack(given) if given else None

    return Batch(
        torch.stack([b.inputs for b in batches]),
        torch.stack([b.targets for b in batches]),
        stacked([b.mask for b in batches]),
        stacked([b.conditions for b in batches]),
        stacked([b.initial for b in batches]),
    )


class Task(ABC):
    """A supervised task on sequences; derive from it to train on your own.

    A subclass names itself and its channels and says how trials are drawn: ``name``, ``input_names``,
    ``output_names`` and :meth:`sample`. Everything else has a default that it may replace.

    Attributes
    ----------
    name : str
        Begins the names of the files.
    input_names, output_names : tuple of str
        One per channel; K and N are their lengths.
    objective : Objective
        Squared error by default; ``CROSS_ENTROPY`` where the targets are classes.
    scored_steps : int or None
        Outputs are read at the last this many steps; at all of them by default.
    threshold : float or None
        A model whose score is beyond it counts as a solution; None, the default, where no such line is drawn.
    chance : float or None
        The score of an answer that does not look at the inputs, where it is known.
    probes : mapping of str to sequence of float
        Constant inputs under which fixed points are worth a look, by name; they are written into checkpoints.
    condition_names : tuple of str
        Names of the kinds of trials, for batches that say of which kind each one is.

    Examples
    --------
    >>> import torch
    >>> class Delay(Task):
    ...     name, input_names, output_names = "delay", ("signal",), ("signal one step ago",)
    ...
    ...     def sample(self, batch, generator):
    ...         signal = torch.randn(batch, 20, 1, generator=generator)
    ...         mask = torch.ones(batch, 20)
    ...         mask[:, 0] = 0  # nothing can be known yet
    ...         return Batch(signal, signal.roll(1, dims=1), mask)
    >>> trials = Delay().sample(3, torch.Generator())
    >>> Delay().score(torch.zeros(3, 20, 1), trials.targets, trials.mask).shape
    torch.Size([])
    """

    name: str
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    objective: Objective = SQUARED_ERROR
    scored_steps: int | None = None
    threshold: float | None = None
    chance: float | None = None
    probes: Mapping[str, Sequence[float]] = MappingProxyType({})
    condition_names: tuple[str, ...] = ()

    @abstractmethod
    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials for training.

        Parameters
        ----------
        batch : int
            How many.
        generator : torch.Generator
            On the CPU, and the only source of randomness: a seed then means the same trials everywhere.

        Returns
        -------
        Batch
            On the CPU.
        """

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Trials that nothing is trained on.

        Parameters
        ----------
        part : {"validation", "selection", "test"}
            For the curves during training, for choosing among models, for the score that is reported.
        trials : int
            How many at most.
        generator : torch.Generator
            Of this part alone. By default fresh trials are drawn with it.

        Returns
        -------
        Batch
        """
        return self.sample(trials, generator)

    @property
    def score_name(self) -> str:
        """What :meth:`score` measures, e.g. ``"mse"`` or ``"accuracy"``."""
        return self.objective.score_name

    @property
    def higher_is_better(self) -> bool:
        """Of the score."""
        return self.objective.higher_is_better

    def loss(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Training loss of each model: outputs (..., batch, S, N) at the scored steps to (...)."""
        return self.objective.loss(outputs, targets, mask)

    def score(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Reported score of each model, same shapes as `loss`."""
        return self.objective.score(outputs, targets, mask)

    def solved(self, score: float) -> bool | None:
        """Whether that score counts as a solution; None where the task has no threshold. NaN is no solution."""
        if self.threshold is None:
            return None
        return score > self.threshold if self.higher_is_better else score < self.threshold

    def exact_score(self, model: PLRNN) -> float | None:
        """Expected score of an exported model in closed form; None where there is none."""
        return None

    def in_user_units(self, model: PLRNN) -> PLRNN:
        """The exported model, made to take inputs and give outputs in the units of the user's data."""
        return model

    def in_training_units(self, model: PLRNN) -> PLRNN:
        """A model in the units of the user's data, made to take and give what :meth:`sample` draws."""
        return model

    def curriculum(self) -> Sequence[Task]:
        """Easier versions to begin with, easiest first; empty if the task is learnt as it is."""
        return ()

    def metadata(self) -> dict[str, Any]:
        """Settings of the task for the checkpoint, JSON types only."""
        return {"task": self.name}
