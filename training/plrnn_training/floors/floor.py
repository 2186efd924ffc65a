"""What the best affine predictor scores, and how it was got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Floor"]


@dataclass(frozen=True)
class Floor:
    """What the best affine predictor of a task scores: a network without ReLU, whatever its size, is no more than one.

    Such a network is affine in its inputs, all lags included. Where the predictor is the best in the score itself, that
    is a bound. Where it is the one of least loss, as `how` then says, `loss` is the bound, and a network of larger loss
    may have a better score.

    Attributes
    ----------
    score : float
        Of the best affine predictor, in the task's own score.
    how : str
        ``"closed form"``, ``"least squares"`` or ``"convex optimum"``, then a sentence that says of what.
    loss : float or None
        The least training loss, where it was computed.
    interval : tuple of float or None
        95 % confidence interval of `score`, where it was estimated from trials.
    conditions : mapping of str to float
        The score by kind of trial.

    Examples
    --------
    >>> Floor(1 / 6 - 1 / 300, "closed form: the best affine predictor of the sum").interval is None
    True
    """

    score: float
    how: str
    loss: float | None = None
    interval: tuple[float, float] | None = None
    conditions: Mapping[str, float] = field(default_factory=dict)
