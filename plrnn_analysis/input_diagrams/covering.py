"""Proof that nothing else exists: a tree whose leaves are refuted in whole numbers, or solved in rationals.

The inputs that vary are unknowns t between 0 and 1 of one system of equations, ``t + (1 - t) = 1`` among them. A
refutation of a node then holds for all of the range at once, and a node in which every ReLU is decided is one
subregion, which is solved exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from flint import fmpq, fmpq_mat

from ..engines.branching import MAX_UNKNOWNS, Cuts, find_cuts
from ..engines.budget import Budget
from ..proofs.equations import Integers, equations_of
from ..proofs.multipliers import positive_part, refuting, rounded_to_refute
from .parametric import ParametricMap, tree_problem

__all__ = ["Cover", "cover"]

# A unit that a cut does not decide.
OPEN = -1
# Cuts that are rounded between two looks at the clock.
CHUNK = 2048
# Seconds that exact equations of M units take, over M^4, rather more than less.
EQUATION_SECONDS = 1e-8


@dataclass
class Cover:
    """What a proof has looked at.

    Attributes
    ----------
    refuted : int
        Nodes without a fixed point for any input, by multipliers in whole numbers.
    solved : int
        Subregions solved exactly.
    nodes : int
        Nodes of the tree that these are the ends of.
    finished : bool
        Whether these are all 2**H subregions.
    """

    refuted: int = 0
    solved: int = 0
    nodes: int = 0
    finished: bool = False


@dataclass(frozen=True, eq=False)
class _Node:
    """Units (H,) that are decided inactive, and active, and the cuts that lie below."""

    off: np.ndarray
    on: np.ndarray
    cuts: np.ndarray


def cover(
    problem: ParametricMap, occupied: np.ndarray, settle: Callable[[np.ndarray], None], budget: Budget, done: Cover
) -> None:
    """Look at every subregion, and note in `done` how far that went.

    Parameters
    ----------
    problem : ParametricMap
    occupied : (K, H) ndarray of bool
        Subregions that hold fixed points: nodes around them are not asked for a refutation.
    settle : callable
        Is given the bits (H,) of each subregion that was not refuted.
    budget : Budget
        Ends the proof early.
    done : Cover

    Notes
    -----
    The cuts of the search tree are made again, rounded to whole numbers and verified. What does not survive that is
    refuted by a linear program of its own, or branched on further.
    """
    n = problem.map.n_relu
    if not budget.take(1) or budget.remaining < EQUATION_SECONDS * float(problem.map.n_units) ** 4:
        # What would end after the limit is not begun.
        budget.stop("time_limit")
        return
    tree = _Tree(problem, budget)
    todo = [_Node(np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), np.arange(len(tree.cuts.bits)))]
    budget.reporter.say(step="proving that nothing else exists", done=lambda: done.refuted + done.solved, total=None)
    while todo:
        if not budget.take(1):
            return
        node = todo.pop()
        done.nodes += 1
        full = bool(np.all(node.off | node.on))
        if full or len(node.cuts) <= 1:
            crowded = bool(np.any(~np.any(occupied & node.off, axis=1) & ~np.any(~occupied & node.on, axis=1)))
            if not crowded and tree.refutes(node):
                done.refuted += 1
                continue
            only = node.on if full else None if crowded else tree.only_point(node)
            if only is not None:
                settle(only)
                done.solved += 1
                continue
        todo.extend(tree.children(node))
    done.finished = True


class _Tree:
    """The equations, and the cuts with their multipliers."""

    def __init__(self, problem: ParametricMap, budget: Budget) -> None:
        self.n, self.d = problem.map.n_relu, problem.n_parameters
        tree = tree_problem(problem, budget)
        known = tree.reduction is not None and tree.units.safe
        base = np.zeros(self.n + self.d, dtype=bool)
        if tree.reduction is not None and known:
            base[: self.n] = tree.reduction.base[: self.n]
        self.equations = equations_of(_integers(problem), base)
        self.cuts = Cuts(np.zeros((0, self.n), dtype=np.int8), np.zeros((0, self.n)))
        self.multipliers: list[list[int] | None] = []
        if tree.reduction is None or not known or not self.equations.solved or self.n + self.d > MAX_UNKNOWNS:
            return
        found = find_cuts(tree.reduction, budget, constraints=tree.constraints)
        # A cut that decides an input to be zero says nothing about the others.
        general = np.all(found.bits[:, self.n :] != 0, axis=1)
        bits, multipliers = found.bits[general, : self.n], found.multipliers[general, : self.n]
        # In terms of on and off.
        bits = np.where(bits < 0, bits, bits ^ base[: self.n].astype(np.int8))
        self.cuts = Cuts(bits, multipliers / tree.units.relu[: self.n])
        self._verify(budget)

    def _verify(self, budget: Budget) -> None:
        """Whole multipliers of each cut; None where there are none yet."""
        n, d, equations = self.n, self.d, self.equations
        inputs = np.arange(n, n + d)
        for start in range(0, len(self.cuts.bits), CHUNK):
            bits = self.cuts.bits[start : start + CHUNK]
            if not budget.take(1):
                self.multipliers += [None] * len(bits)
                continue
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                own = equations.floats[np.arange(n), equations.dependent[:n]]
                ours = self.cuts.multipliers[start : start + CHUNK] / own
                # As much of ``t + (1 - t) = 1`` as gives t and the constant the same room.
                size = equations.floats[inputs, inputs]
                total = ours @ equations.floats[:n]
                needed = np.maximum(-total[:, inputs] / size, 0.0)
                room = np.maximum(total[:, -1] / size[0] - needed.sum(axis=1), 0.0) / (d + 1)
                proposals = np.hstack([ours, needed + room[:, None]])
            always = np.ones((len(bits), d), dtype=bool)
            columns = np.hstack([bits != 0, always, bits != 1, always])
            self.multipliers += rounded_to_refute(equations, proposals, columns)

    def refutes(self, node: _Node) -> bool:
        """Whether whole multipliers prove that a node holds no fixed point for any input."""
        for cut in node.cuts:
            bits = self.cuts.bits[cut]
            around = np.all(np.where(bits == 1, node.on, np.where(bits == 0, node.off, True)))
            if around and self.multipliers[cut] is not None:
                return True
        always = np.ones(self.d, dtype=bool)
        columns = np.concatenate([~node.off, always, ~node.on, always])
        return refuting(self.equations, columns) is not None

    def only_point(self, node: _Node) -> np.ndarray | None:
        """The subregion (H,) of the only fixed point in a node, for a single input; None if there are more, or none.

        All nodes around such a point hold it: where offsets vanish together, as without biases, all there are.
        """
        always = np.ones(self.d, dtype=bool)
        columns = np.concatenate([~node.off, always, ~node.on, always])
        positive = positive_part(self.equations, columns)
        if positive is None:
            return None
        at = np.flatnonzero(positive).tolist()
        rows = [[fmpq(row[j]) for j in at] for row in self.equations.exact.tolist()]
        left = fmpq_mat(rows).rank() if at and rows else 0
        return positive[: self.n] if left == len(at) else None

    def children(self, node: _Node) -> list[_Node]:
        """The two halves of a node, the inactive one last."""
        decided = node.off | node.on
        bits = self.cuts.bits[node.cuts]
        shared = np.all(bits != OPEN, axis=0) & ~decided
        unit = int(np.argmax(shared if np.any(shared) else ~decided))
        off, on = node.off.copy(), node.on.copy()
        off[unit] = on[unit] = True
        return [
            _Node(node.off, on, node.cuts[bits[:, unit] != 0]),
            _Node(off, node.on, node.cuts[bits[:, unit] != 1]),
        ]


def _integers(problem: ParametricMap) -> Integers:
    """The weights in whole numbers, of a map whose last d ReLUs are the parameters.

    Its states are z, then q = relu(r), which is t, then ``r = 2 relu(r) - 1``: so ``relu(r) + relu(-r) = 1``.
    """
    exact, d = problem.exact, problem.n_parameters
    m, n = exact.A.nrows(), exact.V.nrows()
    size = m + 2 * d
    zero, one = fmpq(0), fmpq(1)
    A = [[zero] * size for _ in range(size)]
    W = [[zero] * (n + d) for _ in range(size)]
    V = [[zero] * size for _ in range(n + d)]
    for i in range(m):
        A[i][:m] = [exact.A[i, j] for j in range(m)]
        A[i][m : m + d] = [exact.h[i, 1 + k] for k in range(d)]
        W[i][:n] = [exact.W[i, j] for j in range(n)]
    for i in range(n):
        V[i][:m] = [exact.V[i, j] for j in range(m)]
        V[i][m : m + d] = [exact.c[i, 1 + k] for k in range(d)]
    for k in range(d):
        W[m + k][n + k], W[m + d + k][n + k], V[n + k][m + d + k] = one, fmpq(2), one
    c = [*(exact.c[i, 0] for i in range(n)), *[zero] * d]
    h = [*(exact.h[i, 0] for i in range(m)), *[zero] * d, *[-one] * d]
    rows = [*A, *W, *V, c, h]
    # All are sums of products of doubles: their denominators are powers of two.
    scale = max(int(v.q).bit_length() - 1 for row in rows for v in row)
    whole = partial(_times_power, scale)
    return Integers(
        scale, [whole(row) for row in A], [whole(row) for row in W], [whole(row) for row in V], whole(c), whole(h)
    )


def _times_power(scale: int, row: list[fmpq]) -> list[int]:
    return [int(v.p) << (scale - int(v.q).bit_length() + 1) for v in row]
