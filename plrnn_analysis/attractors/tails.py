"""Runs that fill the same set, told by the tails of their orbits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .escapes import keeps_its_size
from .ledger import Reason
from .resting import Verdict
from .search import Search
from .task import ENTRIES
from .words import repeated_periods

__all__ = ["Group", "grouped"]

# Steps of a tail.
TAIL = 4000
# Tails nearer to each other than so many times the distance of neighbours in one of them fill one set.
SAME_SET = 3.0
# States of a tail that are compared with another one.
COMPARED = 500
# What staying on a word for a whole tail means, by what the word's solution does.
STAYS = {Verdict.REPELLING: Reason.REPELLING, Verdict.MARGINAL: Reason.NEUTRAL, Verdict.SINGULAR: Reason.NEUTRAL}


@dataclass(frozen=True, eq=False)
class Group:
    """Runs whose tails fill one set, and the tail of the first of them.

    Attributes
    ----------
    runs : list of int
    tail : (T, M) ndarray
    bits : (T, H) ndarray of bool
    tree : cKDTree
        Of the tail.
    resolution : float
        Median distance of a state of the tail's second half to the nearest of its first half.
    """

    runs: list[int]
    tail: np.ndarray
    bits: np.ndarray
    tree: Any
    resolution: float


def grouped(search: Search, runs: Sequence[int]) -> list[Group]:
    """Follow open runs for a tail and group those that move on; what else the tail shows goes into the ledger.

    A run that leaves every bound is divergent, and one that stays on one word throughout keeps its reason to be
    undecided: chaotic motion repeats a word only for some steps.
    """
    from scipy.spatial import cKDTree

    task, ledger = search.task, search.ledger
    groups: list[Group] = []
    size = max(1, ENTRIES // (TAIL * task.map.n_units))
    for start in range(0, len(runs), size):
        if not task.budget.take(1):
            break
        some = list(runs[start : start + size])
        tails = task.run(np.array([ledger.open[run].state for run in some]), TAIL)
        for run, tail, bits in zip(some, tails.states, tails.bitcodes, strict=True):
            if not task.budget.take(1):
                return groups
            if not np.all(np.isfinite(tail)):
                ledger.diverge(run)
                continue
            ledger.move(run, tail[-1], TAIL)
            word = _whole_word(search, bits)
            stays = None if word is None else _why_it_stays(search, word)
            if stays is not None:
                ramp = stays == Reason.NEUTRAL and ledger.open[run].reason == Reason.RAMP
                ledger.explain(run, Reason.RAMP if ramp else stays, word, ledger.open[run].ray)
                continue
            ledger.explain(run, Reason.MOVING)
            tree = cKDTree(tail)
            for group in groups:
                if _same_set(tail, tree, group):
                    group.runs.append(run)
                    break
            else:
                groups.append(Group([run], tail, bits, tree, _resolution(tail)))
    return groups


def _whole_word(search: Search, bits: np.ndarray) -> np.ndarray | None:
    """The word that a whole tail repeats, None if it repeats none."""
    codes = search.alphabet.codes(bits[None])[0]
    for period in repeated_periods(codes, len(codes) // 2):
        if np.array_equal(codes[period:], codes[:-period]):
            return search.alphabet.word(codes[:period])
    return None


def _why_it_stays(search: Search, word: np.ndarray) -> Reason | None:
    """Why a run on a word throughout a tail does not come to rest on it, None if it will."""
    solved = search.catalogue.solve(word)
    if solved == Verdict.MARGINAL and keeps_its_size(search.task.map, word):
        return Reason.ROTATING
    return STAYS.get(solved) if isinstance(solved, Verdict) else None


def _same_set(tail: np.ndarray, tree: Any, group: Group) -> bool:
    near = SAME_SET * group.resolution
    # What lies farther away counts as infinitely far, and is not looked for.
    away = group.tree.query(tail[:: len(tail) // COMPARED], distance_upper_bound=np.nextafter(near, np.inf))[0]
    back = tree.query(group.tail[:: len(group.tail) // COMPARED], distance_upper_bound=np.nextafter(near, np.inf))[0]
    return bool(max(np.median(away), np.median(back)) <= near)


def _resolution(tail: np.ndarray) -> float:
    from scipy.spatial import cKDTree

    half = len(tail) // 2
    return float(np.median(cKDTree(tail[:half]).query(tail[half :: max(1, half // COMPARED)])[0]))
