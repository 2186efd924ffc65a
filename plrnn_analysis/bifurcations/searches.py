"""The exact search at one parameter value, and the words to follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..cycles import find_cycles
from ..engines.budget import Budget
from ..fixed_points import find_fixed_points
from ..maps import CanonicalMap, bits_from_string
from ..results import Cycle, FixedPoint
from ..statuses import StoppedBy
from .following import boundaries, least_rotation, relatives, root_of

__all__ = ["Search", "search_at"]

# A ReLU argument this small, relative to the terms it is made of, may have either sign next to the value.
NEAR = 1e-8


@dataclass(frozen=True, eq=False)
class Search:
    """What was found at one value.

    Attributes
    ----------
    map : CanonicalMap
    solutions : tuple of (word bits (k, H), points (k, M))
    families : tuple of words
        Those of continua.
    counts : (max_period,) ndarray of int
    stable : (max_period,) ndarray of int
    complete : bool
    """

    map: CanonicalMap
    solutions: tuple[tuple[np.ndarray, np.ndarray], ...]
    families: tuple[tuple[str, ...], ...]
    counts: np.ndarray
    stable: np.ndarray
    complete: bool

    @property
    def continua(self) -> int:
        """Number of continua."""
        return len(self.families)

    def words(self, max_period: int) -> Iterator[np.ndarray | None]:
        """Words to follow; both sides of every boundary a point lies on. None where there were too many."""
        for bits, points in self.solutions:
            # The word as it is, and, where an argument is nearly zero, every word that a step aside may turn it into.
            yield least_rotation(bits)
            near = self._near(points)
            where = [(int(t), int(i)) for t, i in zip(*np.nonzero(near), strict=True)]
            if where:
                yield from relatives(bits, boundaries(self.map.V, self.map.c, where), max_period)
        # Next to the value a continuum may leave a point anywhere on it, also beyond one of its ends.
        for word in self.families:
            bits = _bits(word, self.map.n_relu)
            yield least_rotation(root_of(bits))
            for t, i in np.ndindex(*bits.shape):
                yield from relatives(bits, [[((t, i), True)]], len(bits))

    def clear_words(self) -> list[np.ndarray]:
        """Words of the points and cycles that lie on no boundary."""
        return [least_rotation(bits) for bits, points in self.solutions if not np.any(self._near(points))]

    def _near(self, points: np.ndarray) -> np.ndarray:
        size = np.abs(points) @ np.abs(self.map.V).T + np.abs(self.map.c)
        return np.asarray(np.abs(self.map.preactivation(points)) <= NEAR * size)


def search_at(map: CanonicalMap, max_period: int, budget: Budget, max_nodes: int | None = None) -> Search:
    """All fixed points and cycles of a map up to a period, within the time left."""
    left = budget.limit
    orbits: list[FixedPoint | Cycle] = []
    families: list[tuple[str, ...]]
    if max_period == 1:
        points = find_fixed_points(map, time_limit=left, max_nodes=max_nodes, progress=budget.reporter)
        orbits.extend(points)
        complete = points.complete
        families = [(piece.bitcode,) for piece in points.continua]
        interrupted = points.coverage.stopped_by == StoppedBy.INTERRUPT
    else:
        cycles = find_cycles(map, max_period, time_limit=left, max_nodes=max_nodes, progress=budget.reporter)
        orbits.extend(cycles)
        complete = cycles.complete
        families = [family.word for family in cycles.continua]
        reasons = [covered.stopped_by for covered in cycles.coverage.values() if covered.stopped_by]
        interrupted = StoppedBy.INTERRUPT in reasons
    if interrupted:
        budget.stop(StoppedBy.INTERRUPT)
    counts, stable = np.zeros(max_period, dtype=np.int64), np.zeros(max_period, dtype=np.int64)
    solutions = []
    for orbit in orbits:
        word = (orbit.bitcode,) if isinstance(orbit, FixedPoint) else orbit.word
        points_of = orbit.z[None] if isinstance(orbit, FixedPoint) else orbit.points
        bits = _bits(word, map.n_relu)
        counts[len(word) - 1] += 1
        stable[len(word) - 1] += orbit.stability.startswith("stable")
        solutions.append((bits, points_of))
    return Search(map, tuple(solutions), tuple(families), counts, stable, complete)


def _bits(word: tuple[str, ...], n_relu: int) -> np.ndarray:
    return np.array([bits_from_string(code, n_relu) for code in word]).reshape(len(word), n_relu)
