"""Runs search trees in slices within a budget: here, in threads, or wherever an executor puts them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Protocol, TypeVar

import numpy as np

from .budget import Budget
from .cuts import Cuts

__all__ = ["Outcome", "Tree", "Workers", "most_candidates", "run_trees"]

# A slice of the search should take about this long, so that limits and Ctrl-C act promptly.
SLICE_SECONDS = 0.02
# Patterns a search may report before it is given up: each must be solved densely.
MAX_CANDIDATES = 1 << 18
# Bytes that the solutions of all of them may take, of which each takes about this many and as many a ReLU.
SOLUTIONS, SOLUTION, SOLUTION_OF_A_RELU = 1 << 31, 2000, 250
# Subtrees for each worker of an executor, so that none waits long for the last; and their number where it does
# not say how many workers it has.
TASKS_A_WORKER, TASKS = 8, 64
# A search that ends within this many seconds is not worth sending away.
HEAD_START = 0.1
# Bytes that the tables of all threads may take; one tree has 8 (n + 1)^3.
TABLES = 1 << 31
# Seconds that results may take to come back after the time limit or Ctrl-C.
GRACE = 0.2

# Threads here, or someone else's workers.
Workers = int | Executor


class Tree(Protocol):
    """The part of a search below a prefix: 0 or 1 for units decided, -1 for others, open ones at the end left out.

    It can stop and go on anywhere.
    """

    finished: bool
    words: list[np.ndarray]

    @property
    def reach(self) -> float:
        """What was cut holds no solution whose x sum to at most this; infinite as a rule."""
        ...

    @property
    def decided(self) -> int:
        """Patterns about which something is proved so far."""
        ...

    @property
    def counts(self) -> dict[str, int]:
        """What was counted on the way, by the names of :class:`plrnn_analysis.results.Coverage`."""
        ...

    def advance(self, nodes: int) -> int:
        """Visit at most `nodes` nodes; returns how many were visited."""

    def split(self) -> int:
        """Visit the first node if need be, and say which unit to decide next; -1 if nothing is left."""

    def release(self) -> None:
        """Give back the memory that going on would take."""


@dataclass
class Outcome:
    """What a search found: candidate patterns, the counts behind the claim, and whether it ended by itself.

    A finite `limit` says that solutions of the reduced problem whose x sum to more were not excluded. `cuts` are those
    of linear programs about the subregion `base`, where they were to be kept.
    """

    words: list[np.ndarray] = field(default_factory=list)
    decided: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    exhausted: bool = True
    limit: float = float("inf")
    cuts: Cuts | None = None
    base: np.ndarray | None = None


T = TypeVar("T", bound=Tree)


@dataclass(frozen=True, eq=False)
class _Part:
    """What a task found below its prefix; `words` are packed, eight units a byte."""

    words: np.ndarray
    decided: int
    counts: dict[str, int]
    finished: bool
    stopped_by: str
    reach: float


def most_candidates(n: int) -> int:
    """How many patterns of n units a search keeps."""
    return min(MAX_CANDIDATES, SOLUTIONS // (SOLUTION + SOLUTION_OF_A_RELU * n))


class _Tally:
    """Counts the candidates of all trees of a search."""

    def __init__(self, n: int) -> None:
        self._left = most_candidates(n)
        self._lock = threading.Lock()

    def add(self, number: int) -> bool:
        """Whether there are not too many."""
        with self._lock:
            self._left -= number
            return self._left >= 0


def _grow(tree: Tree, budget: Budget, tally: _Tally, until: float = np.inf) -> None:
    """Search a tree in slices until it or the budget ends, or the clock stands at `until`."""
    nodes = 8
    while not tree.finished:
        start = time.perf_counter()
        if start >= until:
            return
        granted = budget.take(nodes)
        if granted == 0:
            return
        known = len(tree.words)
        used = tree.advance(granted)
        elapsed = time.perf_counter() - start
        budget.give_back(granted - used)
        if not tally.add(len(tree.words) - known):
            budget.stop("too many candidates")
        nodes = int(min(max(nodes * SLICE_SECONDS / max(elapsed, 1e-4), 1), 4 * nodes, 1 << 22))


def run_trees(
    make: Callable[[tuple[int, ...]], T],
    n: int,
    budget: Budget,
    workers: Workers,
    after: Callable[[T, Budget], dict[str, int]] | None = None,
) -> tuple[Outcome, list[T]]:
    """Search all patterns of n units.

    Parameters
    ----------
    make : callable
        Builds the tree below a prefix of decisions on the first units. Picklable, if `workers` is an executor.
    n : int
    budget : Budget
    workers : int or Executor
        Threads, as kernels run without the GIL; or any executor, whose tasks get a prefix each.
    after : callable, optional
        With an executor, called with each tree where it was searched; gives further counts. Picklable.

    Returns
    -------
    Outcome
        Words are sorted, so that they do not depend on who found them.
    list of Tree
        The trees that were begun here. Ctrl-C ends the search like a time limit.
    """
    begun: list[T] = []
    budget.reporter.say(total=1 << n)
    if isinstance(workers, Executor):
        parts, exhausted = _run_tasks(make, n, budget, workers, after)
    else:
        exhausted = _run_threads(make, n, budget, workers, begun)
        parts = [_Part(np.array(t.words), t.decided, t.counts, t.finished, "", t.reach) for t in begun]
    outcome = Outcome(exhausted=exhausted and all(part.finished for part in parts))
    found: dict[bytes, np.ndarray] = {}
    for part in parts:
        outcome.decided += part.decided
        outcome.limit = min(outcome.limit, part.reach)
        for name, value in part.counts.items():
            outcome.counts[name] = outcome.counts.get(name, 0) + value
        for word in part.words:
            found[word.tobytes()] = word
    outcome.words = [found[key] for key in sorted(found)]
    return outcome, begun


def _run_threads(make: Callable[[tuple[int, ...]], T], n: int, budget: Budget, workers: int, begun: list[T]) -> bool:
    """Search in threads; returns whether every prefix was begun."""
    # Tables of all threads together.
    workers = min(workers, max(1, TABLES // (8 * (n + 1) ** 3)))
    length = 0 if workers == 1 else min(n, (8 * workers - 1).bit_length())
    prefixes = list(product((0, 1), repeat=length))
    tally = _Tally(n)

    def task(prefix: tuple[int, ...]) -> None:
        if budget.stopped_by:
            return
        tree = make(prefix)
        begun.append(tree)
        _grow(tree, budget, tally)
        # There are many prefixes, and each tree has tables of its own.
        tree.release()

    budget.reporter.say(done=lambda: sum(t.decided for t in begun), found=lambda: sum(len(t.words) for t in begun))
    try:
        if workers == 1:
            for prefix in prefixes:
                task(prefix)
        else:
            with ThreadPoolExecutor(workers) as pool:
                pending: set[Future[None]] = {pool.submit(task, prefix) for prefix in prefixes}
                try:
                    while pending:
                        budget.reporter.tick()
                        finished, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                        for future in finished:
                            future.result()
                except BaseException:
                    # Threads look at the budget between slices; without this the pool would wait for them.
                    budget.stop("interrupt")
                    raise
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return len(begun) == len(prefixes)


def _part(tree: Tree, n: int, counts: dict[str, int], stopped_by: str) -> _Part:
    words = np.packbits(np.array(tree.words, dtype=bool).reshape(len(tree.words), n), axis=1)
    return _Part(words, tree.decided, {**tree.counts, **counts}, tree.finished, stopped_by, tree.reach)


def _search_below(
    make: Callable[[tuple[int, ...]], Any],
    n: int,
    prefix: tuple[int, ...],
    nodes: int | None,
    seconds: float | None,
    deadline: float | None,
    after: Callable[[Any, Budget], dict[str, int]] | None,
) -> _Part:
    """A task: search one subtree in whatever process this is.

    It may take `seconds`, less what it has waited for a worker: until the time of day `deadline`.
    """
    if seconds is not None and deadline is not None:
        seconds = max(0.0, min(seconds, deadline - time.time()))
    budget = Budget(nodes, seconds)
    tree = make(prefix)
    counts: dict[str, int] = {}
    try:
        _grow(tree, budget, _Tally(n))
        if after is not None:
            counts = after(tree, budget)
    except KeyboardInterrupt:
        # At a terminal Ctrl-C reaches worker processes too.
        budget.stop("interrupt")
    return _part(tree, n, counts, budget.stopped_by)


def _tasks(executor: Executor) -> int:
    known = getattr(executor, "_max_workers", None)
    return TASKS_A_WORKER * known if isinstance(known, int) and known > 0 else TASKS


def _cut(
    make: Callable[[tuple[int, ...]], T],
    n: int,
    budget: Budget,
    tasks: int,
    after: Callable[[T, Budget], dict[str, int]] | None,
) -> tuple[list[tuple[int, ...]], list[_Part]]:
    """Cut the tree, where the engine itself would branch, into `tasks` subtrees of about the same depth.

    Returns their prefixes, and what was found on the way.
    """
    queue: deque[tuple[int, ...]] = deque([(-1,) * n])
    done: list[_Part] = []
    single: list[tuple[int, ...]] = []
    while queue and len(queue) + len(single) < tasks and budget.take(1):
        prefix = queue.popleft()
        if -1 not in prefix:
            budget.give_back(1)
            single.append(prefix)
            continue
        tree = make(prefix)
        unit = tree.split()
        budget.give_back(1 - tree.counts["nodes"])
        counts = {} if after is None else after(tree, budget)
        # What was visited is accounted for; the rest of the tree is left to its two halves.
        part = _part(tree, n, counts, "")
        done.append(replace(part, finished=True))
        if unit >= 0:
            queue.extend((*prefix[:unit], bit, *prefix[unit + 1 :]) for bit in (0, 1))
    return [*queue, *single], done


def _run_tasks(
    make: Callable[[tuple[int, ...]], T],
    n: int,
    budget: Budget,
    executor: Executor,
    after: Callable[[T, Budget], dict[str, int]] | None,
) -> tuple[list[_Part], bool]:
    """Search with an executor; returns what came back, words unpacked, and whether all did."""
    parts: dict[int, _Part] = {}
    futures: dict[Future[_Part], int] = {}
    tasks = 0
    nodes = budget.nodes_left
    tree = make(())
    budget.reporter.say(
        done=lambda: sum(part.decided for part in parts.values()),
        found=lambda: sum(len(part.words) for part in parts.values()),
    )
    try:
        _grow(tree, budget, _Tally(n), time.perf_counter() + HEAD_START)
        if tree.finished or budget.stopped_by:
            parts[0] = _part(tree, n, {} if after is None else after(tree, budget), budget.stopped_by)
        else:
            # The subtrees begin anew, so what the head start used is theirs again.
            budget.nodes_left = nodes
            prefixes, done = _cut(make, n, budget, _tasks(executor), after)
            parts.update((-1 - index, part) for index, part in enumerate(done))
            tasks = len(prefixes)
            nodes = budget.nodes_left
            seconds = None if budget.deadline is None else budget.remaining
            deadline = None if seconds is None else time.time() + seconds
            for index, prefix in enumerate(prefixes):
                allowed = None if nodes is None else nodes // tasks + (index < nodes % tasks)
                future = executor.submit(_search_below, make, n, prefix, allowed, seconds, deadline, after)
                futures[future] = index
            _collect(futures, parts, budget, most_candidates(n))
    except KeyboardInterrupt:
        budget.stop("interrupt")
        if not futures:
            parts[0] = _part(tree, n, {}, "interrupt")
    finally:
        for future in futures:
            future.cancel()
    if budget.stopped_by == "interrupt":
        running = [future for future in futures if not future.done()]
        wait(running, timeout=GRACE)
        for future, index in futures.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                parts[index] = future.result()
    if budget.nodes_left is not None and futures:
        used = sum(part.counts.get("nodes", 0) for index, part in parts.items() if index >= 0)
        budget.nodes_left = max(0, budget.nodes_left - used)
    whole = len(futures) == tasks and all(index in parts for index in range(tasks)) and bool(parts)
    ordered = [parts[index] for index in sorted(parts)]
    for part in ordered:
        if part.stopped_by:
            budget.stop(part.stopped_by)
    unpacked = [replace(p, words=np.unpackbits(p.words, axis=1, count=n).astype(bool)) for p in ordered]
    return unpacked, whole


def _collect(futures: dict[Future[_Part], int], parts: dict[int, _Part], budget: Budget, most: int) -> None:
    """Wait for the tasks; the exception of one is raised here."""
    pending = set(futures)
    words = 0
    while pending:
        budget.reporter.tick()
        if budget.deadline is not None and time.perf_counter() > budget.deadline + GRACE:
            budget.stop("time_limit")
            return
        finished, pending = wait(pending, timeout=0.05, return_when=FIRST_COMPLETED)
        for future in finished:
            part = parts[futures[future]] = future.result()
            words += len(part.words)
            if words > most:
                budget.stop("too many candidates")
            if part.stopped_by in ("interrupt", "too many candidates"):
                budget.stop(part.stopped_by)
        if budget.stopped_by:
            return
