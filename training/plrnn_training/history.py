"""What is recorded of models while they train, and after."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["History", "Performance"]


@dataclass
class History:
    """What was recorded at each evaluation.

    Attributes
    ----------
    iteration : list of int
    validation : list of list of float
        Validation score of every model.
    exact : list of list of float
        Score in closed form where the task offers one for that model, else NaN.
    """

    iteration: list[int]
    validation: list[list[float]]
    exact: list[list[float]]


@dataclass(frozen=True)
class Performance:
    """One model on the test set.

    Attributes
    ----------
    score, loss : float
    conditions : dict of str to float
        Score by kind of trial, and the task's further scores.
    """

    score: float
    loss: float
    conditions: dict[str, float]
