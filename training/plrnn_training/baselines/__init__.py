"""Models to compare AL-RNNs with: other recurrent networks, and answers without recurrence; trained as stacks are."""

from .building import BASELINES, new_baseline
from .linear_recurrent import LinearRecurrentUnit
from .recurrent import RecurrentBaseline
from .sequence_maps import AffineMap, BagOfWords
from .weights import load_weights, save_weights

__all__ = [
    "BASELINES",
    "AffineMap",
    "BagOfWords",
    "LinearRecurrentUnit",
    "RecurrentBaseline",
    "load_weights",
    "new_baseline",
    "save_weights",
]
