"""Runs search trees in slices, in one or more threads, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol, TypeVar

import numpy as np

from .budget import Budget

__all__ = ["Outcome", "Tree", "run_trees"]

# A slice of the search should take about this long, so that limits and Ctrl-C act promptly.
SLICE_SECONDS = 0.02
# Patterns a tree may report before the search is given up: each must be solved densely.
MAX_CANDIDATES = 50_000


class Tree(Protocol):
    """The part of a search below one prefix of decisions; it can stop and go on anywhere."""

    finished: bool
    words: list[np.ndarray]

    @property
    def decided(self) -> int: ...
    @property
    def counts(self) -> dict[str, int]: ...
    def advance(self, nodes: int) -> int:
        """Visit at most `nodes` nodes; returns how many were visited."""


@dataclass
class Outcome:
    """What a search found: candidate patterns, the counts behind the claim, and whether it ended by itself."""

    words: list[np.ndarray] = field(default_factory=list)
    decided: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    exhausted: bool = True


T = TypeVar("T", bound=Tree)


def run_trees(make: Callable[[tuple[int, ...]], T], n: int, budget: Budget, workers: int) -> tuple[Outcome, list[T]]:
    """Search all patterns of n units.

    Parameters
    ----------
    make : callable
        Builds the tree below a prefix of decisions on the first units.
    n : int
    budget : Budget
    workers : int
        Threads; kernels run without the GIL.

    Returns
    -------
    Outcome
    list of Tree
        The trees that were begun. Ctrl-C ends the search like a time limit.
    """
    length = 0 if workers == 1 else min(n, (8 * workers - 1).bit_length())
    prefixes = list(product((0, 1), repeat=length))
    begun: list[T] = []

    def task(prefix: tuple[int, ...]) -> None:
        if budget.stopped_by:
            return
        tree = make(prefix)
        begun.append(tree)
        nodes = 8
        while not tree.finished:
            granted = budget.take(nodes)
            if granted == 0:
                return
            start = time.perf_counter()
            used = tree.advance(granted)
            elapsed = time.perf_counter() - start
            budget.give_back(granted - used)
            if len(tree.words) > MAX_CANDIDATES:
                budget.stop("too many candidates")
            nodes = int(min(max(nodes * SLICE_SECONDS / max(elapsed, 1e-4), 1), 4 * nodes, 1 << 22))

    try:
        if workers == 1:
            for prefix in prefixes:
                task(prefix)
        else:
            with ThreadPoolExecutor(workers) as pool:
                pending: set[Future[None]] = {pool.submit(task, prefix) for prefix in prefixes}
                try:
                    while pending:
                        finished, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                        for future in finished:
                            future.result()
                except BaseException:
                    # Threads look at the budget between slices; without this the pool would wait for them.
                    budget.stop("interrupt")
                    raise
    except KeyboardInterrupt:
        budget.stop("interrupt")
    outcome = Outcome(exhausted=len(begun) == len(prefixes) and all(tree.finished for tree in begun))
    seen: set[bytes] = set()
    for tree in begun:
        outcome.decided += tree.decided
        for name, value in tree.counts.items():
            outcome.counts[name] = outcome.counts.get(name, 0) + value
        for word in tree.words:
            if word.tobytes() not in seen:
                seen.add(word.tobytes())
                outcome.words.append(word)
    return outcome, begun
