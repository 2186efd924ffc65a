"""Motion along a straight line: ramps, timers, drifts, and where they meet a boundary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS

__all__ = ["Ray", "ray_along"]

# Steps beyond this size are left to overflow.
HUGE = 1e100
# Rounds of the word after which the run may move along a line.
ROUNDS = (1, 2, 3, 4, 6)
# Largest part of a step, beside rounding, that may point elsewhere.
ASIDE = 1e-9


@dataclass(frozen=True, eq=False)
class Ray:
    """A run that repeats a word and moves along a straight line, its step multiplied by one factor per period.

    Attributes
    ----------
    step : (M,) ndarray
        Moved in the last period.
    factor : float
        By which the step is multiplied from period to period; 1 is constant speed.
    period : int
        Steps per period.
    reach : float
        How many times the last step fits between the last period and where a ReLU argument changes sign; infinite where
        no boundary lies ahead.
    """

    step: np.ndarray
    factor: float
    period: int
    reach: float

    @property
    def endless(self) -> bool:
        """Whether it leaves every bound: at constant or growing speed, and no boundary ahead."""
        return self.factor >= 1.0 and not np.isfinite(self.reach)

    @property
    def periods(self) -> float:
        """Whole periods that end before the boundary; infinite where it is never met."""
        if self.factor == 1.0 or not np.isfinite(self.reach):
            return float(np.floor(self.reach))
        grown = self.reach * (self.factor - 1.0)
        # What shrinks comes no farther than step * factor / (1 - factor).
        return float("inf") if grown <= -1.0 else float(np.floor(np.log1p(grown) / np.log(self.factor)))

    def after(self, state: np.ndarray, periods: float) -> np.ndarray:
        """Where a run at `state` is after this number of periods: the sum of a geometric series along the line."""
        if self.factor == 1.0:
            return state + periods * self.step
        grown = np.expm1(periods * np.log(self.factor)) / (self.factor - 1.0)
        return np.asarray(state + grown * self.factor * self.step)


def ray_along(map: CanonicalMap, word: np.ndarray, orbit: np.ndarray) -> Ray | None:
    """The straight line along which a run that repeats a word moves, None if it moves otherwise or not at all.

    Beside the drift the run may go to and fro, or turn by a root of unity of a small order: then it is several rounds
    of the word after which it has moved along a line. The parameters are those of :func:`_ray_of`.
    """
    for rounds in ROUNDS:
        if len(orbit) <= 2 * rounds * len(word):
            break
        ray = _ray_of(map, np.tile(word, (rounds, 1)), orbit)
        if ray is not None:
            return ray
    return None


def _ray_of(map: CanonicalMap, word: np.ndarray, orbit: np.ndarray) -> Ray | None:
    """The straight line along which a run moves from round to round of a word.

    Parameters
    ----------
    map : CanonicalMap
    word : (k, H) ndarray of bool
    orbit : (T, M) ndarray
        Its last 2 k + 1 states count, and states ``-k - 1`` to ``-2`` lie in the subregions of the word.

    Notes
    -----
    With G the composition of the affine maps along the word, the run moves by v, G v, G² v, ... If v is an eigenvector
    of G to rounding, with a positive eigenvalue, all its states and all their ReLU arguments move along straight lines,
    in one direction: the first one to change sign says how far the word is followed, however many steps that takes.
    """
    period = len(word)
    before = orbit[-period - 1] - orbit[-2 * period - 1]
    step = orbit[-1] - orbit[-period - 1]
    size = float(np.max(np.abs(step)))
    extent = float(np.max(np.abs(orbit[-period - 1 :])))
    # A step is known no better than the states of which it is the difference.
    rounding = 64.0 * EPS * period * (extent + size)
    if not rounding < size < HUGE:
        return None
    factor = float(step @ before) / float(before @ before)
    aside = max(ASIDE * size, 4.0 * rounding)
    if not factor > 0.0 or np.max(np.abs(step - factor * before)) > aside:
        return None
    # The states of the last period, and how far they will move until the same place in the next one.
    states = orbit[-period - 1 : -1]
    moves = factor * (states - orbit[-2 * period - 1 : -period - 1])
    side = np.where(word, 1.0, -1.0)
    speed = side * (moves @ map.V.T)
    nearing = speed < -np.abs(map.V).sum(axis=1) * rounding
    room = np.maximum(side * map.preactivation(states), 0.0)
    reach = float(np.min(room[nearing] / -speed[nearing], initial=np.inf))
    if abs(factor - 1.0) <= max(ASIDE, aside / size):
        factor = 1.0
    return Ray(step, factor, period, reach)
