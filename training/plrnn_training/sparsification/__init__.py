"""Networks with fewer ReLUs that keep the dynamics."""

from .results import DirectTraining, Judgement, Level, Original, Sparsification, TrainedBranch
from .running import sparsify_in
from .search import sparsify
from .settings import SparsifySettings

__all__ = [
    "TrainedBranch",
    "DirectTraining",
    "Judgement",
    "Level",
    "Original",
    "Sparsification",
    "SparsifySettings",
    "sparsify",
    "sparsify_in",
]
