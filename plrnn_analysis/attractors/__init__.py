"""Where trajectories end up, decided against exact fixed points and cycles, and how many of them."""

from .basins import BasinSlice, basin_slice
from .finding import MAX_PERIOD, find_attractors
from .results import Attractor, Attractors, EndKind

__all__ = ["MAX_PERIOD", "Attractor", "Attractors", "BasinSlice", "EndKind", "basin_slice", "find_attractors"]
