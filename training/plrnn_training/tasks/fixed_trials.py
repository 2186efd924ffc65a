"""A task whose training trials are a fixed set, to see how well networks learn from little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ..floors.floor import Floor
from ..seeds import generator_for
from ..stacks import Stack
from .base import Batch, Task, concatenate_batches

__all__ = ["FixedTrials", "drawn_trials"]

# Trials drawn at a time; a constant, so that a small set is the beginning of a large one.
_DRAW = 256
# Draws without a trial of some condition before giving up.
_FRUITLESS = 40


@checked
class FixedTrials(Task):
    """A task that is trained on a fixed set of trials, drawn once; everything held out is the task's own.

    Parameters
    ----------
    task : Task
    samples : int
        How many trials; of every condition, where the trials have conditions.
    seed : int
        Of the set. The set of fewer samples with the same seed is a part of it.

    Attributes
    ----------
    task : Task
        The task itself.
    trials : Batch
        The set.

    Raises
    ------
    ModelError
        If a condition of the task does not come up, or there are fewer trials than that.

    Notes
    -----
    The easier versions of a curriculum are fixed sets of the same size, so a network that begins with them sees that
    many trials of each.
    """

    def __init__(self, task: Task, samples: int, seed: int) -> None:
        self.task, self.samples, self.seed = task, whole("samples", samples, 1), int(seed)
        self.trials = task.training_set(samples, generator_for(self.seed, "trials"))
        self.name, self.input_names, self.output_names = task.name, task.input_names, task.output_names
        self.objective, self.scored_steps, self.threshold = task.objective, task.scored_steps, task.threshold
        self.chance, self.probes, self.condition_names = task.chance, task.probes, task.condition_names

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials of the set, with replacement, perturbed as the task does.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
        """
        drawn = self.trials.select(torch.randint(len(self.trials.inputs), (batch,), generator=generator))
        return self.task.perturbed(drawn, generator)

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Those of the task."""
        return self.task.held_out(part, trials, generator)

    @property
    def score_name(self) -> str:
        """That of the task."""
        return self.task.score_name

    @property
    def higher_is_better(self) -> bool:
        """That of the task."""
        return self.task.higher_is_better

    def loss(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """That of the task."""
        return self.task.loss(outputs, targets, mask)

    def score(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """That of the task."""
        return self.task.score(outputs, targets, mask)

    def further_scores(self, outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Mapping[str, Tensor]:
        """Those of the task."""
        return self.task.further_scores(outputs, targets, mask)

    def solved(self, score: Any) -> bool | None:
        """As the task judges."""
        return self.task.solved(score)

    def exact_score(self, model: PLRNN) -> float | None:
        """That of the task."""
        return self.task.exact_score(model)

    def in_user_units(self, model: PLRNN) -> PLRNN:
        """As the task does."""
        return self.task.in_user_units(model)

    def in_training_units(self, model: PLRNN) -> PLRNN:
        """As the task does."""
        return self.task.in_training_units(model)

    def curriculum(self) -> Sequence[Task]:
        """The easier versions of the task, each with a fixed set of the same size."""
        return [stage.fixed(self.samples, self.seed) for stage in self.task.curriculum()]

    def new_stack(
        self, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        """That of the task."""
        return self.task.new_stack(n_units, pwl_units, init, generators)

    def affine_floor(self) -> Floor | None:
        """That of the task, for as many trials as one likes."""
        return self.task.affine_floor()

    def simple_baselines(self) -> dict[str, float]:
        """Those of the task, which have all of its training trials."""
        return self.task.simple_baselines()

    def training_set(self, samples: int, generator: torch.Generator) -> Batch:
        """That of the task."""
        return self.task.training_set(samples, generator)

    def fixed(self, samples: int, seed: int) -> Task:
        """The task with another fixed set."""
        return self.task.fixed(samples, seed)

    def perturbed(self, batch: Batch, generator: torch.Generator) -> Batch:
        """As the task does."""
        return self.task.perturbed(batch, generator)

    def probe_trials(self, generator: torch.Generator) -> Batch:
        """Those of the task."""
        return self.task.probe_trials(generator)

    def metadata(self) -> dict[str, Any]:
        """Those of the task, and the size and the seed of the set."""
        return {**self.task.metadata(), "samples": self.samples, "samples_seed": self.seed}


def drawn_trials(task: Task, samples: int, generator: torch.Generator) -> Batch:
    """Trials of a task that always draws new ones, the same number of every condition.

    Parameters
    ----------
    task : Task
    samples : int
    generator : torch.Generator

    Returns
    -------
    Batch
        Sorted by condition.

    Raises
    ------
    ModelError
        If a condition does not come up.
    """
    whole("samples", samples, 1)
    drawn: list[Batch] = []
    missing, fruitless = [samples] * max(1, len(task.condition_names)), 0
    while max(missing) > 0:
        batch = task.sample(_DRAW, generator)
        kinds = torch.zeros(_DRAW, dtype=torch.int64) if batch.conditions is None else batch.conditions
        if batch.conditions is None:
            missing = missing[:1]
        counts = torch.bincount(kinds, minlength=len(missing)).tolist()
        fruitless = 0 if any(m > 0 and c > 0 for m, c in zip(missing, counts, strict=True)) else fruitless + 1
        if fruitless > _FRUITLESS:
            absent = [name for name, m in zip(task.condition_names, missing, strict=True) if m > 0]
            raise ModelError(
                f"{task.name}: {_FRUITLESS * _DRAW} trials hold none of {', '.join(absent)}; its sample() should draw "
                "every condition that condition_names lists"
            )
        missing = [m - c for m, c in zip(missing, counts, strict=True)]
        drawn.append(batch)
    everything = concatenate_batches(drawn)
    if everything.conditions is None:
        return everything.select(torch.arange(samples))
    rows = [torch.nonzero(everything.conditions == k).flatten()[:samples] for k in range(len(missing))]
    return everything.select(torch.cat(rows))
