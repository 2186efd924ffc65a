"""What is asked of every run, and the one way in which runs are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..network import Network
from ..results import Trajectory
from ..trajectories import simulate

__all__ = ["ENTRIES", "REACHED", "Task"]

# Numbers that the states of one stretch may hold: 32 MB.
ENTRIES = 4_000_000
# Relative distance at which a run has reached what it settles on.
REACHED = 1e-10


@dataclass(frozen=True, eq=False)
class Task:
    """A network under a constant input, and how far its runs are followed.

    Attributes
    ----------
    network : Network
    constant_input : (K,) array_like or None
    map : CanonicalMap
        The map under that input.
    steps : int
        That every run is followed before anything but a fixed point or cycle is named.
    max_period : int
    boundary_tolerance : float
    budget : Budget
    """

    network: Network
    constant_input: Any
    map: CanonicalMap
    steps: int
    max_period: int
    boundary_tolerance: float
    budget: Budget

    def run(self, states: np.ndarray, length: int) -> Trajectory:
        """So many further steps of runs at these states (n, M)."""
        return simulate(self.network, length, z0=states, constant_input=self.constant_input)

    def reached(self, points: np.ndarray) -> float:
        """Distance at which one of these points (k, M) counts as reached."""
        return REACHED * (float(np.max(np.abs(points))) + float(np.max(np.abs(self.map.h))))
