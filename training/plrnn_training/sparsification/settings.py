"""How to sparsify."""

from __future__ import annotations

from dataclasses import dataclass

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole
from plrnn_analysis.records import Recorded

from ..initialisation import INITIALISATIONS

__all__ = ["SparsifySettings"]


@checked
@dataclass(frozen=True)
class SparsifySettings(Recorded):
    """How to sparsify.

    Attributes
    ----------
    iterations : int
        Of the training after each replacement.
    batch : int or None
        Trials or windows per network and iteration; by default 64, and 16 windows of a series.
    lr : float
        Learning rate at its start.
    branches : int
        Replacements that are trained on at once; the best of them goes on.
    attempts : int
        How often as many further replacements are tried if none of the first keeps the dynamics.
    candidates : int
        Replacements whose fixed points are searched before any training: those that change the steps least.
    largest_loss : float
        Share of what the original's score has over chance that may be lost. A task with a threshold that the original
        passes has this as its limit instead.
    largest_divergence : float
        Of the states of free runs from those of the original, in nats beyond the floor.
    margin : float
        Fixed points count within the box around the outputs, widened by this share of its length on each side.
    tolerance : float
        Partners are at most this far apart, in root mean square distances of the outputs from their mean.
    time_limit : float
        Of each search for fixed points, in seconds.
    lowest : int
        P at which to stop in any case.
    window : int or None
        Steps of a training window; by default 30 of the original's trajectories, and 200 of a series.
    windows : int
        How many there are, where the original's trajectories are the data.
    compare_seeds : int
        Networks that are trained from scratch at the smallest P; 0 for none.
    compare_iterations : int
        Their iterations; 0 stands for as many as the whole path took, and at least 2000.
    compare_init : str or None
        Their initial weights; by default ``"leaky"`` for a task, else ``"data_gates"``.
    seed : int

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    iterations: int = 1000
    batch: int | None = None
    lr: float = 3e-3
    branches: int = 3
    attempts: int = 2
    candidates: int = 24
    largest_loss: float = 0.05
    largest_divergence: float = 0.3
    margin: float = 0.25
    tolerance: float = 0.25
    time_limit: float = 10.0
    lowest: int = 0
    window: int | None = None
    windows: int = 2000
    compare_seeds: int = 0
    compare_iterations: int = 0
    compare_init: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("iterations", "branches", "attempts", "candidates", "windows"):
            whole(name, getattr(self, name), 1)
        for name in ("batch", "window"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), 1)
        for name in ("lowest", "compare_seeds", "compare_iterations", "seed"):
            whole(name, getattr(self, name), 0)
        for name in ("lr", "tolerance", "time_limit"):
            number(name, getattr(self, name), above=0.0)
        for name in ("largest_loss", "largest_divergence", "margin"):
            number(name, getattr(self, name), least=0.0)
        if self.compare_init is not None:
            one_of("compare_init", self.compare_init, sorted(INITIALISATIONS))
