"""What is asked of every run, and the one way in which runs are computed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..network import Network
from ..results import Trajectory
from ..trajectories import simulate
from ..units import Units, balanced

__all__ = ["ENTRIES", "REACHED", "Task"]

# Numbers that the states of one stretch may hold: 32 MB.
ENTRIES = 4_000_000
# Operations between two looks at the clock, some tenths of a second.
OPERATIONS = 2e8
# Relative distance at which a run has reached what it settles on.
REACHED = 1e-10


@dataclass(frozen=True, eq=False)
class Task:
    """A map in its own units, and how far its runs are followed.

    All states inside a search are in balanced units, so that one distance means the same in every coordinate; what is
    reported is in the user's.

    Attributes
    ----------
    given : CanonicalMap
        The map in the user's units, under the input that is held on.
    units : Units
        The same map in balanced units, and the factors that lead back.
    network : Network
        That map as a network.
    steps : int
        That every run is followed before anything but a fixed point or cycle is named.
    max_period : int
    boundary_tolerance : float
    budget : Budget
    """

    given: CanonicalMap
    units: Units
    network: Network
    steps: int
    max_period: int
    boundary_tolerance: float
    budget: Budget

    @classmethod
    def of(
        cls, given: CanonicalMap, initial: np.ndarray, steps: int, max_period: int, tolerance: float, budget: Budget
    ) -> Task:
        """The task for a map without input; `initial` (n, M) are states that must be finite in the units chosen."""
        units = balanced(given)
        with np.errstate(all="ignore"):
            if not np.all(np.isfinite(initial / units.state)):
                units = Units(given, np.ones(given.n_units), np.ones(given.n_relu), units.safe, given)
        map = units.map
        network = Network.shallow(map.A, map.W, map.V, map.h, map.c)
        return cls(given, units, network, steps, max_period, tolerance, budget)

    @property
    def map(self) -> CanonicalMap:
        """The map in balanced units."""
        return self.units.map

    def run(self, states: np.ndarray, length: int) -> Trajectory:
        """Further steps of runs at these states (n, M); a run that left the range of floats stays NaN.

        Raises
        ------
        OutOfTime
            If the time is up before they are done.
        """
        work = len(states) * self.map.n_units * (self.map.n_units + 2 * self.map.n_relu + 1)
        chunk = max(1, int(OPERATIONS / work))
        self.budget.check()
        first = simulate(self.network, min(chunk, length), z0=states)
        if length <= chunk:
            return first
        whole = np.full((len(states), length, self.map.n_units), np.nan)
        bits = np.zeros((len(states), length, self.map.n_relu), dtype=first.bitcodes.dtype)
        whole[:, :chunk], bits[:, :chunk] = first.states, first.bitcodes
        for done in range(chunk, length, chunk):
            self.budget.check()
            on = np.all(np.isfinite(whole[:, done - 1]), axis=1)
            if not on.any():
                break
            part = simulate(self.network, min(chunk, length - done), z0=whole[on, done - 1])
            whole[on, done : done + chunk], bits[on, done : done + chunk] = part.states, part.bitcodes
        return replace(first, states=whole, bitcodes=bits)

    def reached(self, points: np.ndarray) -> float:
        """Distance at which one of these points (k, M) counts as reached."""
        return REACHED * (float(np.max(np.abs(points))) + float(np.max(np.abs(self.map.h))))
