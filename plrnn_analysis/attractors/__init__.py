"""Where trajectories end up, decided against exact fixed points and cycles, and how many of them."""

from .basins import BasinSlice, basin_slice
from .finding import Attractor, Attractors, find_attractors

__all__ = ["Attractor", "Attractors", "BasinSlice", "basin_slice", "find_attractors"]
