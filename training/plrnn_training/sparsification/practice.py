"""What networks are trained on while their ReLUs go: a task, trajectories of the original, or a series."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from plrnn_analysis.model import PLRNN

from ..runs import Interrupted
from .replacing import Visited

__all__ = ["Practice", "Say", "State", "states_on_the_way"]

#: Called with what is being done and the share of it that is done.
Say = Callable[[str, float], None]

# How often a network is looked at while it is trained on.
LOOKS = 4


@dataclass(frozen=True, eq=False)
class State:
    """A network at some time of its training.

    Attributes
    ----------
    iteration : int
    network : PLRNN
        In the units of the user's data.
    score : float
        On data that nothing is trained on.
    """

    iteration: int
    network: PLRNN
    score: float


class Practice(ABC):
    """Trains and scores networks.

    Attributes
    ----------
    name, score_name : str
    higher_is_better : bool
        Of the score.
    threshold : float or None
        A score that counts as a solution.
    chance : float or None
        The score of an answer that does not look at the data.
    probes : mapping of str to sequence of float
        Constant inputs.
    free_starts : (n, M) ndarray or None
        States from which free runs are held against those of the original; None where the score says enough.
    init : str
        Initial weights of networks that are trained from scratch.
    """

    name: str
    score_name: str
    higher_is_better = False
    threshold: float | None = None
    chance: float | None = None
    probes: Mapping[str, Sequence[float]] = MappingProxyType({})
    free_starts: np.ndarray | None = None
    init: str

    def inside(self, network: PLRNN) -> PLRNN:
        """The network in the units of :meth:`visited`."""
        return network

    @abstractmethod
    def visited(self, network: PLRNN) -> Visited:
        """States that a network visits on the data."""

    @abstractmethod
    def score(self, network: PLRNN) -> float:
        """By which states and branches are chosen."""

    @abstractmethod
    def test_score(self, network: PLRNN) -> float:
        """On data that nothing was chosen by."""

    @abstractmethod
    def train(self, networks: Sequence[PLRNN], what: str, say: Say) -> list[list[State]]:
        """Train networks on; of each the states before, during and after.

        Raises
        ------
        Interrupted
            If stopped by Ctrl-C.
        """

    @abstractmethod
    def train_new(
        self, pwl_units: int, seeds: Sequence[int], iterations: int, what: str, say: Say
    ) -> list[list[State]]:
        """The same for a network from scratch for each seed."""

    def limit(self, score: float, largest_loss: float) -> float | None:
        """What a branch must reach, where the original has that score; None where nothing is known of chance."""
        if self.threshold is not None:
            if score > self.threshold if self.higher_is_better else score < self.threshold:
                return self.threshold
        return None if self.chance is None else score + largest_loss * (self.chance - score)


def states_on_the_way(
    run: Any, look: Callable[[], list[tuple[PLRNN, float]]], what: str, say: Say
) -> list[list[State]]:
    """Train to the end; the states of each network at evenly spaced times on the way, the first and the last included.

    Parameters
    ----------
    run : Trainer or Fitter
    look : callable
        Gives each network with its score.
    what : str
        What is being done.
    say : callable
    """
    found: list[list[State]] = []
    iterations = run.recipe.iterations
    wanted = {round(iterations * k / LOOKS) for k in range(LOOKS + 1)}

    def after_iteration(r: Any) -> None:
        say(what, r.iteration / iterations)
        if r.iteration in wanted:
            found.append([State(r.iteration, network, score) for network, score in look()])

    after_iteration(run)
    if not run.run(on_progress=after_iteration):
        raise Interrupted(f"stopped in {what}; levels that were done are kept")
    return [list(states) for states in zip(*found, strict=True)]
