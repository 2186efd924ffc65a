"""How to train: settings, learning rate and curriculum over the iterations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plrnn_analysis._validation import number, one_of, whole

from .initialisation import INITIALISATIONS
from .tasks.base import Task

__all__ = ["Member", "Recipe", "Schedule", "curriculum_stage", "learning_rate"]


@dataclass(frozen=True)
class Member:
    """One model of an ensemble: its number P of ReLU units and its seed."""

    pwl_units: int
    seed: int


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run; the defaults are those that learn the addition task.

    Attributes
    ----------
    iterations : int
    batch : int
        Fresh trials per model and iteration.
    lr : float
        Learning rate of Adam.
    betas : tuple of float
    clip : float
        Largest gradient norm of a model.
    hold : float
        Share of the iterations at constant learning rate; a cosine follows.
    final_lr : float
        Learning rate at the end, as a share of `lr`.
    curriculum : float
        Share of the iterations spent on the easier versions that the task offers, in equal parts; 0 skips them.
        Without it few addition networks learn (1 of 10); with 0.6 linear ones come nearer to their floor, and
        generic initialisations succeed more often, than with 1/3.
    init : str
        Name of the initialisation.
    tau, regularised_units : float, int
        Manifold-attractor regularisation: tau · Σ over the first `regularised_units` units of
        (d_i - 1)² + Σ_{j≠i} W_ij² + h_i², d_i the unit's total self-weight.
    validation_trials, test_trials : int
        Sizes of the two held-out sets.
    evaluations : int
        How often the validation score is taken.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    iterations: int = 3000
    batch: int = 64
    lr: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    hold: float = 0.6
    final_lr: float = 0.003
    curriculum: float = 0.6
    init: str = "gated"
    tau: float = 0.0
    regularised_units: int = 0
    validation_trials: int = 500
    test_trials: int = 10_000
    evaluations: int = 60

    def __post_init__(self) -> None:
        for name in ("iterations", "batch", "validation_trials", "test_trials", "evaluations"):
            whole(name, getattr(self, name), 1)
        whole("regularised_units", self.regularised_units, 0)
        for name in ("lr", "clip"):
            number(name, getattr(self, name), above=0.0, infinite=name == "clip")
        for name in ("hold", "final_lr", "curriculum"):
            number(name, getattr(self, name), least=0.0, most=1.0)
        number("tau", self.tau, least=0.0)
        one_of("init", self.init, sorted(INITIALISATIONS))


class Schedule(Protocol):
    """What a learning rate depends on; attributes as in :class:`Recipe`."""

    @property
    def iterations(self) -> int:
        """All of them."""

    @property
    def lr(self) -> float:
        """At the beginning."""

    @property
    def hold(self) -> float:
        """Share of the iterations at that rate."""

    @property
    def final_lr(self) -> float:
        """At the end, as a share of `lr`."""


def learning_rate(recipe: Schedule, iteration: int) -> float:
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
