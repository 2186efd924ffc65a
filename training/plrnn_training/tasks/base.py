"""What a task must offer; the trainer, the command line and the sweeps know only this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = ["Batch", "Task", "stack_batches"]


@dataclass(frozen=True)
class Batch:
    """Trials of a task.

    Attributes
    ----------
    inputs : (..., batch, T, K) Tensor
    targets : (..., batch, ...) Tensor
        Whatever the task's own loss understands.
    """

    inputs: Tensor
    targets: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same trials on another device."""
        return Batch(self.inputs.to(device), self.targets.to(device))


def stack_batches(batches: Sequence[Batch]) -> Batch:
    """One batch a model, stacked along a new leading axis."""
    return Batch(torch.stack([b.inputs for b in batches]), torch.stack([b.targets for b in batches]))


class Task(Protocol):
    """A supervised task on sequences.

    Attributes
    ----------
    name : str
    input_names, output_names : tuple of str
        One per channel; K and N are their lengths.
    scored_steps : int
        Outputs are read at the last this many steps.
    score_name : str
        What `score` measures, e.g. ``"mse"`` or ``"accuracy"``.
    higher_is_better : bool
    """

    @property
    def name(self) -> str:
        """Of the command line."""
        ...

    @property
    def input_names(self) -> tuple[str, ...]:
        """One per input channel."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """One per output channel."""
        ...

    @property
    def scored_steps(self) -> int:
        """Outputs are read at the last this many steps."""
        ...

    @property
    def score_name(self) -> str:
        """What :meth:`score` measures."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Of the score."""
        ...

    def sample(self, batch: int, generator: torch.Generator, device: torch.device | str = "cpu") -> Batch:
        """Draw `batch` trials from the generator and put them on the device."""
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Training loss of each model: outputs (..., batch, scored_steps, N) to (...)."""
        ...

    def score(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Reported score of each model, same shapes as `loss`."""
        ...

    def solved(self, score: float) -> bool:
        """Whether that score counts as a solution."""
        ...

    def exact_score(self, model: Any) -> float | None:
        """Expected score of an exported model in closed form; None where there is none."""
        ...

    def curriculum(self) -> Sequence[Task]:
        """Easier versions to begin with, easiest first; empty if the task is learnt as it is."""
        ...

    def metadata(self) -> dict[str, Any]:
        """Settings of the task for the checkpoint, JSON types only."""
        ...
