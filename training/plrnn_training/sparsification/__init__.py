"""Networks with fewer ReLUs that keep the dynamics."""

from .results import Branch, DirectTraining, Judgement, Level, Original, Sparsification
from .running import sparsify_in
from .search import SparsifySettings, sparsify

__all__ = [
    "Branch",
    "DirectTraining",
    "Judgement",
    "Level",
    "Original",
    "Sparsification",
    "SparsifySettings",
    "sparsify",
    "sparsify_in",
]
