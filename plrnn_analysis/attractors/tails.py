"""Runs that fill the same set, told by the tails of their orbits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compositions import affine_along, follows_its_word
from .escapes import keeps_its_size
from .ledger import Reason
from .resting import Verdict
from .search import Search
from .task import ENTRIES
from .words import repeated_periods

__all__ = ["LONG_TAIL", "Group", "fill_one_set", "grouped", "spread_out"]

# Steps of a tail, and of one that is to show the whole set that a slow motion fills.
TAIL, LONG_TAIL = 4000, 16_000
# A motion that drifts shows the set it fills in every this many of very many steps: a number that is in step with no
# period.
EVERY = 100.0 / (1.0 + 5.0**0.5) * 2.0
# Tails nearer to each other than this many times the distance of neighbours in one of them fill one set. What counts is
# the distance that half of the states keep, or, for motion that dwells in some places, that most of them do.
SAME_SET, SHARES = 3.0, (0.5, 0.9)
# States of a tail that are compared with another one.
COMPARED = 500
# Logarithm of a growth that carries a difference in the last digit beyond the first one.
ALL_DIGITS = 50.0
# What staying on a word for a whole tail means, by what the word's solution does.
STAYS = {Verdict.MARGINAL: Reason.NEUTRAL, Verdict.SINGULAR: Reason.NEUTRAL}


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
    resolution : (2,) ndarray
        Distance to the nearest state of the tail's first half that these shares of its second half keep.
    """

    runs: list[int]
    tail: np.ndarray
    bits: np.ndarray
    tree: Any
    resolution: np.ndarray


def grouped(search: Search, runs: Sequence[int], length: int = TAIL) -> list[Group]:
    """Follow open runs for a tail and group those that move on; what else the tail shows goes into the ledger.

    A run that leaves every bound is divergent, and one that stays on one word throughout keeps its reason to be
    undecided: chaotic motion repeats a word only for some steps.
    """
    task, ledger = search.task, search.ledger
    groups: list[Group] = []
    size = max(1, ENTRIES // (length * task.map.n_units))
    for start in range(0, len(runs), size):
        if not task.budget.take(1):
            break
        some = list(runs[start : start + size])
        tails = task.run(np.array([ledger.open[run].state for run in some]), length)
        for run, tail, bits in zip(some, tails.states, tails.bitcodes, strict=True):
            if not task.budget.take(1):
                return groups
            if not np.all(np.isfinite(tail)):
                ledger.diverge(run)
                continue
            ledger.move(run, tail[-1], length)
            word = _whole_word(search, bits)
            stays = None if word is None else _why_it_stays(search, word, length)
            if stays is not None:
                ramp = stays == Reason.NEUTRAL and ledger.open[run].reason == Reason.RAMP
                ledger.explain(run, Reason.RAMP if ramp else stays, word, ledger.open[run].ray)
                continue
            ledger.explain(run, Reason.MOVING)
            tree = _tree(tail)
            for group in groups:
                task.budget.check()
                if fill_one_set(tail, tree, group):
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


def _why_it_stays(search: Search, word: np.ndarray, length: int) -> Reason | None:
    """Why a run on a word throughout a tail of this length does not come to rest on it, None if it will."""
    solved = search.catalogue.solve(word)
    if solved == Verdict.REPELLING:
        return _why_it_is_not_repelled(search, word, length)
    if solved == Verdict.MARGINAL and keeps_its_size(search.task.map, word, search.task.budget.check):
        return Reason.ROTATING
    return STAYS.get(solved) if isinstance(solved, Verdict) else None


def _why_it_is_not_repelled(search: Search, word: np.ndarray, length: int) -> Reason | None:
    if not follows_its_word(search.task.map, word, search.task.budget.check):
        # Nothing is there that repels: it passes.
        return None
    growth = np.max(np.abs(np.linalg.eigvals(affine_along(search.task.map, word, search.task.budget.check)[0])))
    # What grew so much from the last digit on would be seen: it was exactly on it, and rounding keeps it there.
    return Reason.BALANCED if np.log(growth) * (length / len(word)) > ALL_DIGITS else Reason.REPELLING


def spread_out(search: Search, group: Group) -> Group:
    """The same runs with a tail that is spread over many more steps of the first of them."""
    task = search.task
    states, bits = [], []
    wanted = (EVERY * np.arange(LONG_TAIL)).astype(np.int64)
    state, done = group.tail[-1], 0
    while done <= wanted[-1] and task.budget.take(1):
        run = task.run(state[None], min(int(wanted[-1]) + 1 - done, ENTRIES // task.map.n_units + 1))
        length = run.states.shape[1]
        kept = wanted[(wanted >= done) & (wanted < done + length)] - done
        states.append(run.states[0, kept])
        bits.append(run.bitcodes[0, kept])
        state, done = run.states[0, -1], done + length
    tail = np.concatenate(states) if states else group.tail
    if not states or not np.all(np.isfinite(tail)):
        return group
    return Group(group.runs, tail, np.concatenate(bits), _tree(tail), _resolution(tail))


def fill_one_set(tail: np.ndarray, tree: Any, group: Group) -> bool:
    """Whether a tail (T, M), of which there is a tree, and that of a group fill the same set."""
    near = SAME_SET * group.resolution
    # What lies farther away counts as infinitely far, and is not looked for.
    bound = np.nextafter(np.max(near), np.inf)
    away = group.tree.query(tail[:: max(1, len(tail) // COMPARED)], distance_upper_bound=bound)[0]
    back = tree.query(group.tail[:: max(1, len(group.tail) // COMPARED)], distance_upper_bound=bound)[0]
    return bool(np.any(np.maximum(_kept(away), _kept(back)) <= near))


def _resolution(tail: np.ndarray) -> np.ndarray:
    half = len(tail) // 2
    return _kept(_tree(tail[:half]).query(tail[half :: max(1, half // COMPARED)])[0])


def _tree(points: np.ndarray) -> Any:
    from scipy.spatial import cKDTree

    return cKDTree(points)


def _kept(distances: np.ndarray) -> np.ndarray:
    """Distances that not less than these shares of some states keep."""
    return np.quantile(distances, SHARES, method="higher")
