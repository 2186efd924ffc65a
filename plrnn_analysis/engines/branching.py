"""Branch and bound with linear programs: drives the dual simplex kernel."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..kernels import branching as kernels
from .budget import Budget
from .driver import Outcome, Workers, run_trees
from .farkas import check_cuts
from .reduction import DATA_ULPS, EPS, Reduction

__all__ = ["LARGEST_FEW", "LARGEST_MANY", "MAX_UNKNOWNS", "claim", "search"]

# Dictionaries of one tree take 8 n^3 bytes.
MAX_UNKNOWNS = 400
BUFFER = 256
# Up to which sum of x cuts must hold, relative to the largest |g|: a wider claim needs a clearer cut. With
# few units there is room for that.
FEW_UNKNOWNS, LARGEST_FEW, LARGEST_MANY = 24, 1e7, 1e4


def claim(problem: Reduction) -> float:
    """Largest sum of moduli of y over the ReLUs for which the search's cuts are proven."""
    largest = LARGEST_FEW if len(problem.g) <= FEW_UNKNOWNS else LARGEST_MANY
    return largest * float(np.max(np.abs(problem.g), initial=0.0))


class _Tree:
    """The search below one prefix: all state of the kernel, so that it can stop and go on anywhere."""

    def __init__(
        self, problem: Reduction, prefix: tuple[int, ...], L: np.ndarray, offset: np.ndarray, keep_cuts: bool = False
    ) -> None:
        n = len(problem.g)
        self.finished = False
        self.words: list[np.ndarray] = []
        # The problem is homogeneous in (x, g): constants are brought to size one.
        scale = float(np.max(np.abs(problem.g), initial=0.0)) or 1.0
        self.largest = LARGEST_FEW if n <= FEW_UNKNOWNS else LARGEST_MANY
        # Rows: s = (I - G) x - g, then the further conditions L z + offset with z written in x.
        rows = L @ problem.to_state
        constants = L @ problem.state_offset + offset
        m = n + len(offset)
        self.N = np.ascontiguousarray(np.vstack([np.eye(n) - problem.G, rows]).T)
        self.Q = np.concatenate([-problem.g, constants]) / scale
        ulps = DATA_ULPS * EPS * problem.condition
        further = ulps * np.broadcast_to(1.0 + np.abs(rows).max(axis=1, initial=0.0)[:, None], rows.shape)
        self.error_N = np.ascontiguousarray(np.vstack([problem.error_G, further]).T)
        self.error_q = np.concatenate([problem.error_g, ulps * (1.0 + np.abs(constants))]) / scale
        self.D = np.zeros((n + 1, n + 1, m + 1))
        self.D[0, :n, :m] = self.N
        self.D[0, :n, m] = 1.0
        self.D[0, n, :m] = self.Q
        self.rows = np.zeros((n + 1, m), np.int64)
        self.rows[0] = n + np.arange(m)
        self.columns = np.zeros((n + 1, n), np.int64)
        self.columns[0] = np.arange(n)
        self.place = np.zeros((n + 1, n + m), np.int64)
        self.place[0] = np.concatenate([-1 - np.arange(n), np.arange(m)])
        self.fixed = np.zeros((n + 1, n + m), np.int8)
        for i, bit in enumerate(prefix):
            if bit >= 0:
                self.fixed[0, n + i if bit else i] = 1
        self.spared = np.zeros((n + 1, n + m), np.int8)
        self.unit = np.zeros(n + 1, np.int64)
        self.todo = np.zeros(n + 1, np.uint8)
        self.meta = np.zeros(16, np.int64)
        self.closed = np.zeros(n + 1, np.int64)
        self.buffer = np.zeros((BUFFER, n), np.uint8)
        self.cuts = np.zeros((BUFFER if keep_cuts else 0, m))
        self.cut_fixed = np.zeros((BUFFER if keep_cuts else 0, n + m), np.int8)
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []

    def advance(self, nodes: int) -> int:
        """Visit at most `nodes` nodes; returns how many were visited."""
        before = int(self.meta[kernels.NODES])
        code = kernels.branch(
            self.N, self.error_N, self.Q, self.error_q, self.largest, self.D, self.rows, self.columns, self.place,
            self.fixed, self.spared, self.unit, self.todo, self.meta, self.closed, self.buffer, self.cuts,
            self.cut_fixed, nodes,
        )  # fmt: skip
        count = int(self.meta[kernels.COUNT])
        self.words.extend(self.buffer[:count].astype(bool))
        self.meta[kernels.COUNT] = 0
        cuts = int(self.meta[kernels.CUTS])
        self.kept.extend(zip(self.cuts[:cuts].copy(), self.cut_fixed[:cuts].copy(), strict=True))
        self.meta[kernels.CUTS] = 0
        self.finished = code == kernels.DONE
        return int(self.meta[kernels.NODES]) - before

    def split(self) -> int:
        """Visit the first node; returns the unit it branches on, -1 if it ends the tree."""
        self.advance(1)
        return -1 if self.finished or not self.todo[0] else int(self.unit[0])

    @property
    def decided(self) -> int:
        return sum(int(count) << free for free, count in enumerate(self.closed))

    @property
    def counts(self) -> dict[str, int]:
        return {"nodes": int(self.meta[kernels.NODES]), "pruned": int(self.meta[kernels.PRUNED]),
                "solved": int(self.meta[kernels.SOLVED])}  # fmt: skip


def _check(tree: _Tree, budget: Budget) -> dict[str, int]:
    """The exact check of a tree's cuts where an executor searched it."""
    checked, proven = check_cuts(tree.N, tree.Q, iter(tree.kept), budget)
    return {"cuts_checked": checked, "cuts_proven": proven}


def search(
    problem: Reduction,
    budget: Budget,
    workers: Workers = 1,
    L: np.ndarray | None = None,
    offset: np.ndarray | None = None,
    farkas: bool = False,
) -> Outcome:
    """Find every pattern of a reduced problem that may hold a solution.

    Parameters
    ----------
    problem : Reduction
    budget : Budget
    workers : int or Executor, optional
        Threads over subtrees, as the kernel runs without the GIL; or an executor.
    L, offset : (m, M), (m,) ndarray, optional
        Subtrees without a point with ``L z + offset >= 0`` may be cut.
    farkas : bool, optional
        Re-check every cut in exact arithmetic; the counts of the outcome then say how many were proven.

    Returns
    -------
    Outcome
        Candidate patterns, some of them several times removed from a solution: the caller solves each.

    Notes
    -----
    A node is a linear program in n unknowns, solved from its parent's dictionary in a few pivots of n^2
    operations each. The number of nodes depends on the problem, not on 2**n.
    """
    if L is None or offset is None:
        L, offset = np.zeros((0, len(problem.state_offset))), np.zeros(0)
    rows, constants = L, offset
    outcome, trees = run_trees(
        partial(_Tree, problem, L=rows, offset=constants, keep_cuts=farkas), len(problem.g), budget, workers,
        _check if farkas else None,
    )  # fmt: skip
    if farkas and trees:
        kept = (cut for tree in trees for cut in tree.kept)
        outcome.counts["cuts_checked"], outcome.counts["cuts_proven"] = check_cuts(trees[0].N, trees[0].Q, kept, budget)
    return outcome
