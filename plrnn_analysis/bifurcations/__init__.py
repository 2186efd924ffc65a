"""Fixed points and cycles followed through parameters: branches, border collisions, smooth events."""

from .diagram import bifurcations
from .parameters import CheckpointPath, path_through
from .plane import bifurcation_plane
from .results import Bifurcation, BifurcationPlane, Bifurcations, Branch, Recount

__all__ = [
    "Bifurcation",
    "BifurcationPlane",
    "Bifurcations",
    "Branch",
    "CheckpointPath",
    "Recount",
    "bifurcation_plane",
    "bifurcations",
    "path_through",
]
