"""What a task must offer; the trainer, the command line and the sweeps know only this."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.model import PLRNN

from ..device import choose_device
from ..floors.floor import Floor
from ..model import ALRNN
from ..stacks import Stack
from .objectives import SQUARED_ERROR, Objective

__all__ = ["Batch", "Task", "concatenate_batches", "stack_batches"]

# Trials that travel in a checkpoint, at most: of one kind, and in all.
_PROBES_OF_A_KIND = 8
_PROBES = 64


@checked
@dataclass(frozen=True)
class Batch:
    """Trials of a task.

    Attributes
    ----------
    inputs : (..., batch, T, K) Tensor
        What the models take; a task whose models begin with an embedding may have symbols, (..., batch, T) of int.
    targets : (..., batch, ...) Tensor
        Whatever the task's own loss understands. That of :class:`Task` takes values (..., batch, S, N) at the S scored
        steps or (..., batch, N) at the last one; with classes the axis N is missing.
    mask : (..., batch, S) or (..., batch, S, N) Tensor, optional
        How much each scored step, or each value, weighs; everything weighs the same without it.
    conditions : (..., batch) Tensor of int, optional
        The kind of each trial, an index into the task's ``condition_names``.
    initial : (..., batch, M) Tensor, optional
        State before the first step; zero without it.
    lengths : (..., batch) Tensor of int, optional
        Valid steps of each trial, as the network counts them: behind an encoder with a stride, those it gives out.
        What follows is padding, which the mask should not score. Without it all are valid.

    Notes
    -----
    All batches that a task draws have the same shapes: those of several models are stacked, so trials of unequal length
    are padded to one length.
    """

    inputs: Tensor
    targets: Tensor
    mask: Tensor | None = None
    conditions: Tensor | None = None
    initial: Tensor | None = None
    lengths: Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same trials on another device."""
        target = device if isinstance(device, torch.device) else choose_device(device)
        return self._each(lambda tensor: tensor.to(target))

    def select(self, trials: Tensor) -> Batch:
        """Some of the trials, by index or by a mask; for batches without a leading axis for models."""
        return self._each(lambda tensor: tensor[trials])

    def expand(self, n_models: int) -> Batch:
        """The same trials for every model of a stack, along a new leading axis and without a copy."""
        whole("n_models", n_models, 1)
        return self._each(lambda tensor: tensor.expand(n_models, *tensor.shape))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {}
        for f in fields(self):
            tensor = getattr(self, f.name)
            changed[f.name] = None if tensor is None else change(tensor)
        return Batch(**changed)


@checked
def stack_batches(batches: Sequence[Batch]) -> Batch:
    """Batches of several models, one each, stacked along a new leading axis.

    Parameters
    ----------
    batches : sequence of Batch
        Of equal shapes.

    Returns
    -------
    Batch
    """
    return _joined(batches, torch.stack)


def concatenate_batches(batches: Sequence[Batch]) -> Batch:
    """The trials of several batches without a leading axis for models, one after another."""
    return _joined(batches, torch.cat)


def _joined(batches: Sequence[Batch], join: Callable[[list[Tensor]], Tensor]) -> Batch:
    joined: dict[str, Any] = {}
    for f in fields(Batch):
        given = [tensor for tensor in (getattr(batch, f.name) for batch in batches) if tensor is not None]
        joined[f.name] = join(given) if given else None
    return Batch(**joined)


@checked
class Task(ABC):
    """A supervised task on sequences; derive from it to train on your own.

    A subclass names itself and its channels and says how trials are drawn: ``name``, ``input_names``,
    ``output_names`` and :meth:`sample`. Everything else has a default that it may replace. All batches of one task, and
    of one version that its :meth:`curriculum` offers, have the same shapes.

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
        """Whether a higher score is a better one."""
        return self.objective.higher_is_better

    def loss(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Training loss of each model: outputs (..., batch, S, N) at the scored steps to (...)."""
        return self.objective.loss(outputs, targets, mask)

    def score(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Reported score of each model, same shapes as `loss`."""
        return self.objective.score(outputs, targets, mask)

    def further_scores(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Mapping[str, Tensor]:
        """Other scores to report beside :meth:`score`, by name; same shapes."""
        return {}

    def solved(self, score: Any) -> bool | None:
        """Whether that score counts as a solution; None where the task has no threshold. NaN is no solution."""
        if self.threshold is None:
            return None
        if isinstance(score, float) and math.isnan(score):
            return False
        score = number("score", score, infinite=True)
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

    def new_stack(
        self, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        """New models for this task; override it to put an encoder in front of the network.

        Parameters
        ----------
        n_units : int
            M.
        pwl_units : sequence of int
            P of each model.
        init : str
            Name of the initialisation.
        generators : sequence of torch.Generator
            One per model: all of its initial weights come from it.

        Returns
        -------
        Stack
            By default AL-RNNs that take what :meth:`sample` draws.
        """
        inputs, outputs = len(self.input_names), len(self.output_names)
        return ALRNN(n_units, list(pwl_units), inputs, outputs, init=init, generators=generators)

    def affine_floor(self) -> Floor | None:
        """What the best affine predictor scores, see `Floor`; None where it is not known. May take seconds."""
        return None

    def simple_baselines(self) -> dict[str, float]:
        """Test scores of simple models that are no networks, by name, such as ``"bag_of_words"``; may take seconds."""
        return {}

    def training_set(self, samples: int, generator: torch.Generator) -> Batch:
        """Different trials to train on; override it where trials are drawn from a finite set.

        Parameters
        ----------
        samples : int
            How many; of every condition, where the trials have conditions.
        generator : torch.Generator
            By default trials are drawn with it until there are enough.

        Returns
        -------
        Batch
            Sorted by condition. That of fewer samples, from the same seed, is a part of it.

        Raises
        ------
        ModelError
            If a condition does not come up.
        """
        from .fixed_trials import drawn_trials

        return drawn_trials(self, samples, generator)

    def fixed(self, samples: int, seed: int) -> Task:
        """The same task, trained on a fixed set of trials instead of new ones all the time.

        Parameters
        ----------
        samples : int
            How many; of every condition, where the trials have conditions.
        seed : int
            Of the set.

        Returns
        -------
        Task
            Its held-out trials are those of this task.
        """
        from .fixed_trials import FixedTrials

        return FixedTrials(self, samples, seed)

    def perturbed(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Training trials of a finite set, changed at random each time that they are drawn; as they are by default.

        Parameters
        ----------
        batch : Batch
        generator : torch.Generator

        Returns
        -------
        Batch
        """
        return batch

    def probe_trials(self, generator: torch.Generator) -> Batch:
        """A few trials, of every condition where there are conditions, that travel in the checkpoint of a model.

        Parameters
        ----------
        generator : torch.Generator

        Returns
        -------
        Batch
            By default the first test trials: at most 8 of a condition and 64 in all.
        """
        batch = self.held_out("test", _PROBES * max(1, len(self.condition_names)), generator)
        if batch.conditions is None:
            return batch.select(torch.arange(min(_PROBES_OF_A_KIND, len(batch.inputs))))
        kinds = len(self.condition_names)
        each = max(1, min(_PROBES_OF_A_KIND, _PROBES // kinds))
        return batch.select(torch.cat([torch.nonzero(batch.conditions == k).flatten()[:each] for k in range(kinds)]))

    def metadata(self) -> dict[str, Any]:
        """Settings of the task for the checkpoint, JSON types only."""
        return {"task": self.name}
