"""The best score of an affine network, and how it was got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Floor"]


@dataclass(frozen=True)
class Floor:
    """The best that a network without ReLU can do on a task, whatever its size.

    Such a network is affine in its inputs, all lags included, so the best affine predictor bounds it.

    Attributes
    ----------
    score : float
        In the task's own score; an upper bound where higher is better.
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
