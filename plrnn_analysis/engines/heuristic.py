"""The heuristic SCYFI on the reduced problem: guess a word, solve, read off the solution's word, repeat, restart.

It finds, it does not prove: nothing is ever claimed about the words it has not met.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._validation import whole
from .budget import Budget
from .driver import Outcome, most_candidates
from .reduced_problem import Reduction

__all__ = ["Heuristic", "SCYFI", "default_limits", "search"]

SCYFI = "scyfi"
# Matrix entries and words solved at once, words remembered, and singular subregions handed on for a closer look.
ENTRIES, ROWS, MAX_VISITED, MAX_SINGULAR = 200_000, 256, 1_000_000, 100
# A ReLU argument this small, relative to the largest, may have either sign; one this large is a division by zero.
ZERO, HUGE = 1e-9, 1e12


@dataclass(frozen=True)
class Heuristic:
    """What the heuristic may spend, and where it starts.

    Attributes
    ----------
    restarts, inner : int or None
        Random words a round, and words followed from each; None for :func:`default_limits` of the period.
    seed : int
    period, shift : int
        The word is a ring of `period` bitcodes; rotations by multiples of `shift` are one cycle.
    """

    restarts: int | None = None
    inner: int | None = None
    seed: int = 0
    period: int = 1
    shift: int = 1

    def __post_init__(self) -> None:
        for name, least in (("restarts", 1), ("inner", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is None and name != "seed":
                continue
            whole(name, value, least)


def default_limits(period: int) -> tuple[int, int]:
    """The published default budget of SCYFI for a period: restarts, and words followed from each.

    Notes
    -----
    The values of the authors' package (Eisenmann et al., NeurIPS 2023, arXiv:2310.17561), which calls them outer
    and inner loop iterations and says that they were tuned for maps of the plane.

    Examples
    --------
    >>> default_limits(1), default_limits(6)
    ((10, 20), (10, 300))
    """
    restarts = 10 if period < 8 else 40 if period < 30 else 100
    inner = next((steps for below, steps in ((3, 20), (6, 60), (8, 300), (20, 1080)) if period < below), 1115)
    return restarts, inner


def search(reduction: Reduction, budget: Budget, settings: Heuristic) -> tuple[Outcome, str]:
    """Look for solutions of the reduced problem at random.

    Parameters
    ----------
    reduction : Reduction
    budget : Budget
        A node is one word solved.
    settings : Heuristic

    Returns
    -------
    Outcome
        Words of the reduced problem, one a rotation; `decided` is 0 and `exhausted` False, whatever was found.
    str
        What was spent, for the reader.

    Notes
    -----
    For a word s the system ``(I - G diag(s)) y = g`` is solved, ``O(H^3)``; where the signs of y agree with s it
    is a solution, else they are the next word. The restarts of a round run side by side. As in the
    published algorithm, a round that found something new is followed by another. Other than there, no word is
    solved twice: the path from it is known, so a path that meets one starts anew.
    """
    published = default_limits(settings.period)
    restarts, inner = settings.restarts or published[0], settings.inner or published[1]
    paths = _Paths(reduction, settings)
    rows = int(max(1, min(restarts, ROWS, ENTRIES // max(1, len(reduction.g) ** 2))))
    started = 0
    budget.reporter.say(done=lambda: paths.solved, found=lambda: len(paths.found))
    try:
        known = -1
        while paths.new > known and not budget.stopped_by:
            known = paths.new
            for first in range(0, restarts, rows):
                count = min(rows, restarts - first)
                if not paths.follow(count, inner, budget):
                    break
                started += count
    except KeyboardInterrupt:
        budget.stop("interrupt")
    words = [*paths.found.values(), *paths.singular]
    note = (
        f"a heuristic, there may be others: {started} restarts of {inner} steps each, {paths.solved} words solved, "
        f"seed {settings.seed}"
    )
    return Outcome(words, 0, {"nodes": paths.solved, "solved": len(words)}, exhausted=False), note


class _Paths:
    """Words that lead to one another, all those met so far, and the solutions among them."""

    def __init__(self, reduction: Reduction, settings: Heuristic) -> None:
        self.base, self.G, self.g = reduction.base, reduction.G, reduction.g
        self.period, self.shift = settings.period, settings.shift
        self.rng = np.random.default_rng([settings.seed, settings.period])
        self.visited: set[bytes] = set()
        self.found: dict[bytes, np.ndarray] = {}
        self.singular: list[np.ndarray] = []
        self.solved = self.new = 0
        self.most = most_candidates(len(reduction.g))

    def follow(self, count: int, steps: int, budget: Budget) -> bool:
        """Follow `count` random words for some steps, on from another where a path ends; False if out of budget."""
        words = self._draw(count)
        for _ in range(steps):
            words = words[: budget.take(count)]
            if not len(words) or len(self.found) >= self.most:
                budget.stop("too many candidates")
                return False
            fresh = self._unvisited(words)
            budget.give_back(len(words) - len(fresh))
            if not len(fresh):
                words = self._draw(count)
                continue
            y = self._solve(words[fresh])
            self.solved += len(fresh)
            size = np.max(np.abs(y), axis=1, initial=0.0)
            regular = size <= HUGE * (1.0 + np.max(np.abs(self.g), initial=0.0))
            zero = ZERO * size[:, None]
            agree = regular & np.all(np.where(words[fresh], y >= -zero, y <= zero), axis=1)
            for i in np.flatnonzero(agree):
                self._record(words[fresh[i]], y[i] > zero[i])
            for i in np.flatnonzero(~regular)[: MAX_SINGULAR - len(self.singular)]:
                self.singular.append(words[fresh[i]].copy())
            going_on = regular & ~agree
            following = self._draw(count)
            following[fresh[going_on]] = y[going_on] > 0.0
            words = following
        return True

    def _draw(self, count: int) -> np.ndarray:
        return np.asarray(self.rng.random((count, len(self.g))) < 0.5)

    def _unvisited(self, words: np.ndarray) -> np.ndarray:
        """Rows with a word not met before; others are drawn anew once. Remembers them."""
        if len(self.visited) > MAX_VISITED:
            self.visited.clear()
        spare = self._draw(len(words))
        rows = []
        for i, keys in enumerate(zip(np.packbits(words, axis=1), np.packbits(spare, axis=1), strict=True)):
            key, other = (k.tobytes() for k in keys)
            if key in self.visited:
                words[i], key = spare[i], other
                if key in self.visited:
                    continue
            self.visited.add(key)
            rows.append(i)
        return np.array(rows, dtype=np.intp)

    def _solve(self, words: np.ndarray) -> np.ndarray:
        """ReLU arguments of each word's solution; infinite where there is none."""
        matrix = np.eye(len(self.g)) - self.G * words[:, None, :]
        try:
            with np.errstate(all="ignore"):
                y = np.linalg.solve(matrix, np.broadcast_to(self.g[:, None], (*words.shape, 1)))[..., 0]
        except np.linalg.LinAlgError:
            if len(words) == 1:
                return np.full(words.shape, np.inf)
            return np.concatenate([self._solve(word[None]) for word in words])
        return np.where(np.isfinite(y), y, np.inf)

    def _record(self, word: np.ndarray, support: np.ndarray) -> None:
        """Keep a solution unless a rotation of it is known; ReLUs at zero do not make it another."""
        ring = (support ^ self.base).reshape(self.period, -1)
        turns = [np.roll(ring, -r, 0).tobytes() for r in range(0, self.period, self.shift)]
        key = min(turns)
        if key not in self.found:
            self.found[key] = word.copy()
            # A shorter cycle gone through several times is no news.
            self.new += turns.count(key) == 1
