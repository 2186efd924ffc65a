"""How to train: settings, learning rate and curriculum over the iterations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plrnn_analysis._validation import number, one_of, whole

from .initialisation import INITIALISATIONS
from .optimisation import OptimiserSettings
from .tasks.base import Task

__all__ = ["Member", "Recipe", "curriculum_stage", "learning_rate"]


@dataclass(frozen=True)
class Member:
    """One model of an ensemble: its number P of ReLU units and its seed."""

    pwl_units: int
    seed: int


@dataclass(frozen=True)
class Recipe(OptimiserSettings):
    """Settings of a training run; the defaults are those that learn the addition task.

    Attributes
    ----------
    iterations, batch, lr, betas, clip, hold, final_lr, tau, regularised_units, evaluations
        As in :class:`plrnn_training.optimisation.OptimiserSettings`.
    curriculum : float
        Share of the iterations spent on the easier versions that the task offers, in equal parts; 0 skips them.
        Without it few addition networks learn (1 of 10); with 0.6 linear ones come nearer to their floor, and
        generic initialisations succeed more often, than with 1/3.
    init : str
        Name of the initialisation.
    validation_trials, test_trials : int
        Sizes of the two held-out sets.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    curriculum: float = 0.6
    init: str = "gated"
    validation_trials: int = 500
    test_trials: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("validation_trials", "test_trials"):
            whole(name, getattr(self, name), 1)
        number("curriculum", self.curriculum, least=0.0, most=1.0)
        one_of("init", self.init, sorted(INITIALISATIONS))


def learning_rate(recipe: OptimiserSettings, iteration: int) -> float:
    """Learning rate at an iteration (counted from 0): constant, then a cosine to ``final_lr``."""
    start = recipe.hold * recipe.iterations
    if iteration < start or start >= recipe.iterations:
        return recipe.lr
    progress = (iteration - start) / (recipe.iterations - start)
    return recipe.lr * (recipe.final_lr + (1 - recipe.final_lr) * 0.5 * (1 + math.cos(math.pi * progress)))


def curriculum_stage(recipe: Recipe, iteration: int, stages: Sequence[Task]) -> Task:
    """The version of the task at an iteration; `stages` are ordered, the last one is the task itself."""
    span = recipe.curriculum * recipe.iterations
    if iteration >= span:
        return stages[-1]
    return stages[min(int(iteration / span * (len(stages) - 1)), len(stages) - 1)]
