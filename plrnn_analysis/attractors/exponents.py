"""What Lyapunov exponents say of motion that repeats no word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..errors import ModelError
from ..lyapunov import lyapunov_spectrum
from .task import Task

__all__ = ["Growth", "Motion", "measure", "n_measured"]

# Steps over which exponents are averaged: as many as so much work allows (steps times M³), within bounds.
LEAST_STEPS, MOST_STEPS, WORK = 20_000, 200_000, 4e8
# Runs over which they are averaged, where that work allows it.
MOST_RUNS = 4
TRANSIENT = 1000
# Models with more units get only their first exponents.
ALL_EXPONENTS, FIRST_EXPONENTS = 60, 10
# Standard errors by which an exponent must differ from zero.
ERRORS = 3.0
# What the first and last step may add to the logarithm of a product of Jacobians of motion that neither grows nor
# shrinks: an average over T steps tells no exponent from zero that is smaller than a share of it over T.
ENDS, LEAST = 5.0, 0.1


class Growth(StrEnum):
    """What the leading exponent says."""

    CHAOTIC = "chaotic"
    NEUTRAL = "neutral"
    CONTRACTING = "contracting"
    UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False)
class Motion:
    """Lyapunov exponents of a run, and what they say.

    Attributes
    ----------
    growth : Growth
    exponents, errors : (N,) ndarray
        Largest first, and their standard errors.
    """

    growth: Growth
    exponents: np.ndarray
    errors: np.ndarray

    def leading(self) -> str:
        """The leading exponent, as a text."""
        return f"{self.exponents[0]:.2g} +- {self.errors[0]:.1g} per step"


def measure(task: Task, states: np.ndarray, *, long: bool) -> Motion | None:
    """Exponents of the runs from some states, of which the first few count; None if these leave every bound.

    Parameters
    ----------
    task : Task
    states : (n, M) ndarray
    long : bool
        Whether to average the leading exponent over more steps where it does not show chaos.
    """
    m = task.map.n_units
    steps, some = _steps(m), states[: n_measured(m)]
    first = _spectrum(task, some, steps, m if m <= ALL_EXPONENTS else FIRST_EXPONENTS)
    if first is None:
        return None
    exponents, errors = first
    growth = _growth(exponents[0], errors[0], steps)
    if long and growth != Growth.CHAOTIC and steps < MOST_STEPS:
        second = _spectrum(task, some, MOST_STEPS, 1)
        if second is None:
            return None
        exponents[0], errors[0] = second[0][0], second[1][0]
        growth = _growth(exponents[0], errors[0], MOST_STEPS)
    return Motion(growth, exponents, errors)


def n_measured(n_units: int) -> int:
    """How many of the runs given to :func:`measure` count."""
    return int(np.clip(WORK / (_steps(n_units) * n_units**3), 1, MOST_RUNS))


def _steps(n_units: int) -> int:
    return int(np.clip(WORK / n_units**3, LEAST_STEPS, MOST_STEPS))


def _spectrum(task: Task, states: np.ndarray, steps: int, n: int) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        found = lyapunov_spectrum(
            task.network,
            steps,
            z0=states,
            transient=TRANSIENT,
            n_exponents=n,
            progress=task.budget.within("exponents"),
        )
    except ModelError:
        return None
    return found.exponents.copy(), found.standard_error.copy()


def _growth(leading: float, standard_error: float, steps: int) -> Growth:
    error = ERRORS * standard_error
    zero = ENDS / steps
    if leading - error > zero:
        return Growth.CHAOTIC
    if leading + error + LEAST / steps < 0.0:
        return Growth.CONTRACTING
    if abs(leading) <= zero and error <= 10.0 * zero:
        return Growth.NEUTRAL
    return Growth.UNCLEAR
