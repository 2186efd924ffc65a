"""Fixed points and cycles known to attract, and which runs have come to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engines.orbits import least_rotations
from ..maps import bits_from_string
from ..results import FixedPoint, FixedPoints
from .ledger import End, Ledger
from .resting import Resting, Verdict, WordSolver, resting_on
from .results import EndKind
from .task import Task

__all__ = ["Catalogue"]


class Catalogue:
    """Words that were solved, and the attracting objects among their solutions, each once.

    Attributes
    ----------
    known : list of (Resting, int)
        With the index of its end in the ledger.
    """

    def __init__(self, task: Task, ledger: Ledger) -> None:
        self.task = task
        self.ledger = ledger
        self.known: list[tuple[Resting, int]] = []
        self._solver = WordSolver(task.units, task.given, task.boundary_tolerance, task.budget.check)
        self._solved: dict[bytes, Resting | Verdict] = {}

    def take(self, fixed_points: FixedPoints | None) -> None:
        """Take over fixed points that were found elsewhere."""
        for point in fixed_points or ():
            self.task.budget.check()
            if point.stability.startswith("stable"):
                solved = self._solver.solve(bits_from_string(point.bitcode, self.task.map.n_relu)[None])
                if isinstance(solved, Resting):
                    self._enter(replace(solved, object=point))

    def solve(self, word: np.ndarray) -> Resting | Verdict:
        """The attracting fixed point or cycle of a word (k, H), whichever of its rotations is given."""
        turned = np.roll(word, -int(least_rotations(word[None], 1)[0]), 0)
        key = turned.tobytes() + str(len(word)).encode()
        if key not in self._solved:
            solved = self._solver.solve(turned)
            self._solved[key] = solved
            if isinstance(solved, Resting):
                self._enter(solved)
        return self._solved[key]

    def assign(self, runs: list[int], states: np.ndarray, first: int = 0) -> np.ndarray:
        """Settle the runs, now at `states` (n, M), that have come to a known object from number `first` on.

        Returns
        -------
        (n,) ndarray of bool
            Which runs have.
        """
        settled = np.zeros(len(runs), dtype=bool)
        for resting, end in self.known[first:]:
            rest = np.flatnonzero(~settled)
            if not len(rest):
                break
            reached, proven = resting_on(self.task.map, resting, states[rest], self.task.reached(resting.points))
            for j in np.flatnonzero(reached):
                self.ledger.settle(runs[rest[j]], end, int(proven[j]))
            settled[rest] = reached
        return settled

    def _enter(self, resting: Resting) -> None:
        found = resting.object
        word = (found.bitcode,) if isinstance(found, FixedPoint) else found.word
        # A regular word has one solution: the same word, the same set. On a boundary several words have it.
        name = "|".join(("resting", *word)).encode()
        if self.ledger.named(name) is not None or (found.on_boundary and self._is_known(resting)):
            return
        kind = EndKind.FIXED_POINT if isinstance(found, FixedPoint) else EndKind.CYCLE
        note = "on a boundary: its multipliers are one-sided" if found.on_boundary else ""
        end = self.ledger.add_named(
            name, End(kind, found, tuple(dict.fromkeys(word)), resting.points[0].copy(), 0, note)
        )
        self.known.append((resting, end))

    def _is_known(self, resting: Resting) -> bool:
        """Whether a point on a boundary belongs to a known object of the same period, to the tolerance."""
        near = self.task.reached(resting.points)
        return any(
            other.points.shape == resting.points.shape
            and float(np.min(np.max(np.abs(other.points - resting.points[0]), axis=1))) <= near
            for other, _ in self.known
        )
