"""Where trajectories end up, decided against exact fixed points and cycles, and how many of them."""

from .basins import BasinSlice, basin_slice
from .finding import find_attractors
from .results import Attractor, Attractors, EndKind

__all__ = ["Attractor", "Attractors", "BasinSlice", "EndKind", "basin_slice", "find_attractors"]
