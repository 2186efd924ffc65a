"""Which weights each model of a stack ends with, and when it stops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .recipe import Recipe

__all__ = ["Stopping"]


class Stopping:
    """Best validation score, its weights, and patience, model by model.

    Parameters
    ----------
    recipe : Recipe
        Its `keep` and `patience` count.
    higher_is_better : bool
        Of the validation score.
    parameters : sequence of (E, ...) Tensor

    Attributes
    ----------
    best : list of float
        Best validation score of each model so far; NaN before the first.
    iterations : list of int
        When it was taken.
    ended : list of int
        When each model ran out of patience; 0 for those that did not.
    """

    def __init__(self, recipe: Recipe, higher_is_better: bool, parameters: Sequence[Tensor]) -> None:
        n_models = len(parameters[0])
        self._recipe, self._sign, self._parameters = recipe, 1 if higher_is_better else -1, list(parameters)
        self.best, self.iterations = [math.nan] * n_models, [0] * n_models
        self.ended, self._stale = [0] * n_models, [0] * n_models
        self._weights = [p.detach().clone() for p in parameters] if recipe.keep == "best" else []

    @property
    def stopped(self) -> list[bool]:
        """Which models have run out of patience."""
        return [iteration > 0 for iteration in self.ended]

    def look(self, iteration: int, scores: Sequence[float], patience_counts: bool) -> None:
        """Take note of the validation scores of all models.

        Parameters
        ----------
        iteration : int
        scores : sequence of float
        patience_counts : bool
            Whether an evaluation without a better score counts.
        """
        for index, score in enumerate(scores):
            if self.ended[index]:
                continue
            if not math.isnan(score) and not self._sign * score <= self._sign * self.best[index]:
                self.best[index], self.iterations[index], self._stale[index] = score, iteration, 0
                for kept, parameter in zip(self._weights, self._parameters, strict=False):
                    kept[index].copy_(parameter.detach()[index])
            elif patience_counts:
                self._stale[index] += 1
                if self._recipe.patience is not None and self._stale[index] >= self._recipe.patience:
                    self.ended[index] = iteration
                    self._put_back(index)

    def finish(self) -> None:
        """Give all models the weights that they end with."""
        for index in range(len(self.ended)):
            self._put_back(index)

    def forgive(self, index: int) -> None:
        """Begin to count anew for a model that got new weights."""
        self._stale[index] = 0

    def state_dict(self) -> dict[str, Any]:
        """What a later run needs to go on."""
        return {
            "best": list(self.best),
            "iterations": list(self.iterations),
            "ended": list(self.ended),
            "stale": list(self._stale),
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave."""
        self.best, self.iterations = list(state["best"]), list(state["iterations"])
        self.ended, self._stale = list(state["ended"]), list(state["stale"])
        for ours, theirs in zip(self._weights, state["weights"], strict=True):
            ours.copy_(theirs)

    def _put_back(self, index: int) -> None:
        # A model that never had a score that is a number keeps its last weights.
        if not self._weights or math.isnan(self.best[index]):
            return
        with torch.no_grad():
            for kept, parameter in zip(self._weights, self._parameters, strict=True):
                parameter[index].copy_(kept[index])
