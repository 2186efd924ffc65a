"""How to train: settings, learning rate and curriculum over the iterations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole

from .initialisation import INITIALISATIONS
from .optimisation import OptimiserSettings

__all__ = ["Member", "Recipe", "curriculum_stage", "learning_rate"]

Version = TypeVar("Version")


@checked
@dataclass(frozen=True)
class Member:
    """One model of an ensemble.

    Attributes
    ----------
    pwl_units : int
        P, the number of ReLU units.
    seed : int
        Of the initial weights, the batches, and the trials it is trained on if these are a fixed set.
    lr : float or None
        Learning rate; that of the recipe by default.
    samples : int or None
        Train on a fixed set of this number of trials, per condition if the task has conditions. By default trials are
        drawn as the task draws them.
    architecture : str
        A key of ``plrnn_training.architectures.ARCHITECTURES``; one for all models of a stack.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    pwl_units: int
    seed: int
    lr: float | None = None
    samples: int | None = None
    architecture: str = "al_rnn"

    def __post_init__(self) -> None:
        if self.lr is not None:
            number("lr", self.lr, above=0.0)
        if self.samples is not None:
            whole("samples", self.samples, 1)


@checked
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
    patience : int or None
        A model stops after this number of evaluations without a better validation score, the curriculum not counted;
        None lets all train to the end.
    keep : {"last", "best"}
        Which weights each model ends with: the last ones, or those of its best validation score.
    weight_decay : float
        Decoupled, as in AdamW.
    self_weights : {"all", "relu"}
        Which units have a self-weight A that is trained beside the diagonal of W: all, or those with a ReLU. The others
        stay as initialised, which is zero with ``small``; only weight decay acts on them.
    readout_bias : bool
        Whether b is trained; else it stays as initialised, which is zero but with ``gated`` and ``generic``.
    initial_state : float
        Every trial starts from a state uniform on ± this, in training and where scores are taken.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    curriculum: float = 0.6
    init: str = "gated"
    validation_trials: int = 500
    test_trials: int = 10_000
    patience: int | None = None
    keep: str = "last"
    weight_decay: float = 0.0
    self_weights: str = "all"
    readout_bias: bool = True
    initial_state: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("validation_trials", "test_trials"):
            whole(name, getattr(self, name), 1)
        number("curriculum", self.curriculum, least=0.0, most=1.0)
        for name in ("weight_decay", "initial_state"):
            number(name, getattr(self, name), least=0.0)
        if self.patience is not None:
            whole("patience", self.patience, 1)
        one_of("keep", self.keep, ["best", "last"])
        one_of("self_weights", self.self_weights, ["all", "relu"])
        one_of("init", self.init, sorted(INITIALISATIONS))


def learning_rate(recipe: OptimiserSettings, iteration: int) -> float:
    """Learning rate at an iteration (counted from 0): constant, then a cosine to ``final_lr``."""
    start = recipe.hold * recipe.iterations
    if iteration < start or start >= recipe.iterations:
        return recipe.lr
    progress = (iteration - start) / (recipe.iterations - start)
    return recipe.lr * (recipe.final_lr + (1 - recipe.final_lr) * 0.5 * (1 + math.cos(math.pi * progress)))


def curriculum_stage(recipe: Recipe, iteration: int, stages: Sequence[Version]) -> Version:
    """The version of the task at an iteration; `stages` are ordered, the last one is the task itself."""
    span = recipe.curriculum * recipe.iterations
    if iteration >= span:
        return stages[-1]
    return stages[min(int(iteration / span * (len(stages) - 1)), len(stages) - 1)]
