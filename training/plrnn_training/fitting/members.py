"""The models of a fit, and what is recorded of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FitHistory", "FitMember"]


@dataclass(frozen=True)
class FitMember:
    """One model of a fit.

    Attributes
    ----------
    pwl_units, seed : int
    interval : int or None
        Of sparse forcing.
    alpha : float or None
        Of generalised forcing.
    """

    pwl_units: int
    seed: int
    interval: int | None = None
    alpha: float | None = None

    @property
    def strength(self) -> float:
        """What sets this member's forcing apart."""
        return float(self.alpha if self.interval is None else self.interval)  # type: ignore[arg-type]


@dataclass
class FitHistory:
    """Scores and losses at each evaluation.

    Attributes
    ----------
    iteration : list of int
    score, loss : list of list of float
        Of every model that was trained then.
    """

    iteration: list[int]
    score: list[list[float]]
    loss: list[list[float]]
