"""Where trajectories end up, decided against exact fixed points and cycles, and how many of them."""

from .basins import BasinSlice, basin_slice
from .finding import MAX_PERIOD, find_attractors
from .proven import AttractorProof, AttractorsProof
from .results import Attractor, Attractors, EndKind

__all__ = [
    "MAX_PERIOD",
    "Attractor",
    "AttractorProof",
    "Attractors",
    "AttractorsProof",
    "BasinSlice",
    "EndKind",
    "basin_slice",
    "find_attractors",
]
