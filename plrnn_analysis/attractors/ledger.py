"""What runs have ended in so far, and what is known of those that have not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ..results import Continuum, Cycle, CycleContinuum, FixedPoint
from .rays import Ray
from .results import EndKind

__all__ = ["End", "Ledger", "Open", "Reason"]


class Reason(StrEnum):
    """Why nothing is decided about a run yet."""

    MOVING = "moving"
    APPROACHING = "approaching"
    SLOWING = "slowing"
    RAMP = "ramp"
    ROTATING = "rotating"
    NEUTRAL = "neutral"
    REPELLING = "repelling"
    BALANCED = "balanced"
    CONTRACTING = "contracting"
    UNCLEAR = "unclear"
    INACCURATE = "inaccurate"
    OVERFLOW = "overflow"


@dataclass(frozen=True, eq=False)
class End:
    """What some runs end in; the fields are those of :class:`plrnn_analysis.attractors.Attractor`."""

    kind: EndKind
    object: FixedPoint | Cycle | Continuum | CycleContinuum | None
    bitcodes: tuple[str, ...]
    state: np.ndarray
    proved: int = 0
    note: str = ""
    exponents: np.ndarray | None = None
    exponents_error: np.ndarray | None = None
    near_boundary: bool = False


@dataclass(eq=False)
class Open:
    """A run that nothing was decided about.

    Attributes
    ----------
    state : (M,) ndarray
        Its last state.
    size : float
        Of its first state, or of h: what counts as far away is measured by it.
    steps : int
        That it was followed.
    inside : int
        The step at which it was last seen no farther out than runs are that stay.
    reason : Reason
    word : (k, H) ndarray of bool or None
        The word that it repeats, where that is the reason.
    ray : Ray or None
        The straight line it moves along, where that is the reason.
    detail : str
        A figure for the note.
    """

    state: np.ndarray
    size: float
    steps: int = 0
    inside: int = 0
    reason: Reason = Reason.MOVING
    word: np.ndarray | None = None
    ray: Ray | None = None
    detail: str = ""


class Ledger:
    """The ends that were found, the owner of each run, and the runs still open.

    Attributes
    ----------
    ends : list of End
    owners : list of int
        For each run the index of its end; -1 while it is open.
    open : dict of int to Open
    longest : int
        Most steps that a run was followed.
    latest_escape : int
        After how many steps the last of the runs that diverge had not yet left.
    """

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.owners: list[int] = []
        self.open: dict[int, Open] = {}
        self.longest = 0
        self.latest_escape = 0
        self._named: dict[bytes, int] = {}

    def enter(self, runs: list[Open]) -> list[int]:
        """Take up new runs; their numbers."""
        first = len(self.owners)
        self.owners.extend([-1] * len(runs))
        numbers = list(range(first, first + len(runs)))
        self.open.update(zip(numbers, runs, strict=True))
        return numbers

    def add(self, end: End) -> int:
        """Enter an end; its index."""
        self.ends.append(end)
        return len(self.ends) - 1

    def named(self, name: bytes) -> int | None:
        """Index of the end that goes by a name, if it is there."""
        return self._named.get(name)

    def add_named(self, name: bytes, end: End) -> int:
        """Enter an end under a name."""
        self._named[name] = self.add(end)
        return self._named[name]

    def move(self, run: int, state: np.ndarray, steps: int) -> None:
        """An open run was followed for this number of further steps, to a state."""
        left = self.open[run]
        left.state, left.steps = state.copy(), left.steps + steps
        self.longest = max(self.longest, left.steps)

    def explain(
        self, run: int, reason: Reason, word: np.ndarray | None = None, ray: Ray | None = None, detail: str = ""
    ) -> None:
        """Note why nothing is decided about an open run."""
        left = self.open[run]
        left.reason, left.word, left.ray, left.detail = reason, word, ray, detail

    def settle(self, run: int, end: int, proven: int = 0) -> None:
        """A run leads to an end; `proved` is 1 if that is a proof."""
        self.owners[run] = end
        self.open.pop(run, None)
        self.ends[end] = replace(self.ends[end], proved=self.ends[end].proved + proven)

    def settle_all(self, runs: list[int], end: int) -> None:
        """Runs, perhaps very many, lead to an end; nothing of that is proved."""
        for run in runs:
            self.owners[run] = end
            del self.open[run]

    def diverge(self, run: int, proven: int = 0) -> None:
        """An open run leaves every bound."""
        left = self.open[run]
        self.latest_escape = max(self.latest_escape, left.inside)
        end = self.named(b"divergent")
        if end is None:
            end = self.add_named(b"divergent", End(EndKind.DIVERGENT, None, (), left.state))
        self.settle(run, end, proven)

    def remark(self, end: int, note: str) -> None:
        """Add to the note of an end."""
        before = self.ends[end].note
        self.ends[end] = replace(self.ends[end], note=f"{before}; {note}" if before else note)
