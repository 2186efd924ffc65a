"""Exhaustive search by Schur elimination: drives the kernel in slices, in one or more threads."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..kernels import elimination as kernels
from .budget import Budget
from .driver import Outcome, Workers, run_trees
from .reduced_problem import Reduction

__all__ = ["MAX_UNKNOWNS", "search"]

# The tableaus of one tree take 8 n^3 bytes.
MAX_UNKNOWNS = 400
# Candidates a tree may hold before it hands them over.
BUFFER = 1024


class _Tree:
    """The search below one prefix: all state of the kernel, so that it can stop and go on anywhere."""

    def __init__(self, problem: Reduction, prefix: tuple[int, ...], collapse: bool) -> None:
        n = len(problem.g)
        self.size = 2 ** (n - sum(bit >= 0 for bit in prefix))
        self.finished = False
        self.collapse = collapse
        self.words: list[np.ndarray] = []
        self.tab = np.zeros((n + 1, n + 1, n))
        # A zero of the kernel is an exact one.
        self.tab[0, :n] = np.where((problem.G == 0.0) & (problem.error_G > 0.0), kernels.TINY, problem.G).T
        self.tab[0, n] = problem.g
        self.error = np.zeros((3, n + 1, n))
        self.error[0, 0] = problem.error_G.max(axis=1, initial=0.0)
        self.error[1, 0] = problem.error_g
        self.error[2, 0] = np.abs(problem.G).max(axis=1, initial=0.0)
        self.level = np.zeros(n + 1)
        self.level[0] = problem.error_G.max(initial=0.0)
        self.status = np.zeros((n + 1, n), np.int8)
        self.slot = np.zeros(n + 1, np.int64)
        self.unit = np.zeros(n + 1, np.int64)
        self.todo = np.zeros(n + 1, np.uint8)
        self.prefix = np.full(n, -1, np.int8)
        self.prefix[: len(prefix)] = prefix
        self.meta = np.zeros(8, np.int64)
        self.closed = np.zeros(n + 1, np.int64)
        self.buffer = np.zeros((BUFFER, n), np.uint8)

    def advance(self, nodes: int) -> int:
        """Visit at most `nodes` nodes; returns how many were visited."""
        before = int(self.meta[kernels.NODES])
        code = kernels.search(
            self.tab, self.error[0], self.error[1], self.error[2], self.level, self.status, self.slot, self.unit,
            self.todo, self.prefix, self.meta, self.closed, self.buffer, nodes, self.collapse,
        )  # fmt: skip
        count = int(self.meta[kernels.COUNT])
        self.words.extend(self.buffer[:count].astype(bool))
        self.meta[kernels.COUNT] = 0
        self.finished = code == kernels.DONE
        return int(self.meta[kernels.NODES]) - before

    def split(self) -> int:
        """The first unit that the prefix leaves open; there must be one."""
        return int(np.argmax(self.prefix < 0))

    def release(self) -> None:
        """Drop the tableaus: the search below this prefix does not go on."""
        self.tab = self.error = np.zeros((0, 0, 0))

    @property
    def reach(self) -> float:
        """Sign tests hold for solutions of any size."""
        return float("inf")

    @property
    def decided(self) -> int:
        # Subtrees closed inside the prefix reach beyond it, and then this tree is finished.
        if self.finished:
            return self.size
        return sum(int(count) << free for free, count in enumerate(self.closed))

    @property
    def counts(self) -> dict[str, int]:
        names = {
            "nodes": kernels.NODES,
            "pruned": kernels.PRUNED,
            "collapsed": kernels.COLLAPSED,
            "solved": kernels.SOLVED,
        }
        return {name: int(self.meta[slot]) for name, slot in names.items()}


def search(problem: Reduction, budget: Budget, workers: Workers = 1, collapse: bool = True) -> Outcome:
    """Visit every pattern of a reduced problem, or prove whole subtrees empty.

    Parameters
    ----------
    problem : Reduction
    budget : Budget
    workers : int or Executor, optional
        Threads over subtrees, as the kernel runs without the GIL; or an executor.
    collapse : bool, optional
        Close subtrees by the uniqueness proof.

    Returns
    -------
    Outcome
        Patterns are given for the reduced problem, before its `base` is taken off.

    Notes
    -----
    Without pruning about ``2**n * 2 n`` operations, whatever the number of units; memory ``8 n**3`` bytes
    a thread.
    """
    return run_trees(partial(_Tree, problem, collapse=collapse), len(problem.g), budget, workers)[0]
