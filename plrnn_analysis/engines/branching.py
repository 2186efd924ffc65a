"""Branch and bound with linear programs: drives the dual simplex kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..kernels import branching as kernels
from ..numerics import EPS, gamma
from .budget import Budget
from .cuts import Cuts
from .driver import Outcome, Workers, run_trees
from .farkas import check_cuts
from .outskirts import Outskirts
from .reduced_problem import Reduction
from .ring import Constraints

__all__ = ["MAX_UNKNOWNS", "Cuts", "find_cuts", "search"]

# Dictionaries of one tree take 8 n^3 bytes.
MAX_UNKNOWNS = 400
BUFFER = 256
# Bytes of the cuts that all trees keep for a proof; of what is cut later none are kept.
MOST_KEPT = 1 << 29
# A cut that cannot be proven without a limit is proven for solutions whose x sum to at most this many times the largest
# |g|; what lies further out is searched separately. With few units there is room for a wider limit.
FEW_UNKNOWNS, LARGEST_FEW, LARGEST_MANY = 24, 1e7, 1e4


@dataclass(frozen=True, eq=False)
class _Program:
    """The rows ``N x + Q >= 0`` of a search, their errors, and the sum of x up to which cuts must hold."""

    N: np.ndarray
    Q: np.ndarray
    error_N: np.ndarray
    error_q: np.ndarray
    largest: float


def _scale(problem: Reduction) -> float:
    """A power of two near the largest |g|: the problem is homogeneous in (x, g), constants are brought to size one."""
    largest = float(np.max(np.abs(problem.g), initial=0.0))
    return float(2.0 ** np.frexp(largest)[1]) if largest else 1.0


def _rows(problem: Reduction, constraints: Constraints | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, constants and the errors of both: ``s = (I - G) x - g``, then the conditions in terms of x."""
    n = len(problem.g)
    N, error_N = np.eye(n) - problem.G, problem.error_G + EPS * np.abs(problem.G)
    Q, error_q = -problem.g, problem.error_g
    if constraints is None:
        return N, Q, error_N, error_q
    L, offset = constraints.L, constraints.offset
    abs_L, size = np.abs(L), gamma(L.shape[1] + 1)
    rows, constants = L @ problem.to_state, L @ problem.state_offset + offset
    error_rows = abs_L @ (problem.error_state + size * np.abs(problem.to_state))
    error_constants = abs_L @ (problem.error_offset + size * np.abs(problem.state_offset)) + size * np.abs(offset)
    return (
        np.vstack([N, rows]),
        np.concatenate([Q, constants]),
        np.vstack([error_N, error_rows]),
        np.concatenate([error_q, error_constants]),
    )


def _near(problem: Reduction, constraints: Constraints | None, bound: float) -> _Program:
    """The problem itself; cuts hold at least for solutions up to a limit, `bound` if all have a sum of x below it."""
    N, Q, error_N, error_q = _rows(problem, constraints)
    scale = _scale(problem)
    usual = LARGEST_FEW if len(problem.g) <= FEW_UNKNOWNS else LARGEST_MANY
    largest = bound / scale if np.isfinite(bound) else usual
    return _Program(np.ascontiguousarray(N.T), Q / scale, np.ascontiguousarray(error_N.T), error_q / scale, largest)


def _far(problem: Reduction, constraints: Constraints | None, largest: float) -> _Program:
    """Solutions whose x sum to more than `largest` scaled units, divided by that sum.

    Their constants have shrunk below ``|Q| / largest``, which makes them an uncertainty about zero, and their x sum to
    1.
    """
    N, Q, error_N, error_q = _rows(problem, constraints)
    spread = (np.abs(Q) + error_q) / (largest * _scale(problem)) if np.any(Q) or np.any(error_q) else np.zeros(len(Q))
    return _summing_to_one(N, error_N, spread)


def _summing_to_one(N: np.ndarray, error_N: np.ndarray, spread: np.ndarray) -> _Program:
    """``N x >= 0``, constants zero up to `spread`, for x that sum to one."""
    n = N.shape[1]
    return _Program(
        np.ascontiguousarray(np.vstack([N, np.ones((1, n))]).T),
        np.append(np.zeros(len(N)), -1.0),
        np.ascontiguousarray(np.vstack([error_N, np.zeros((1, n))]).T),
        np.append(spread, 0.0),
        1.0,
    )


class _Tree:
    """The search below one prefix: all state of the kernel, so that it can stop and go on anywhere."""

    def __init__(self, program: _Program, prefix: tuple[int, ...], keep_cuts: bool = False) -> None:
        n, m = program.N.shape
        self.finished = False
        # A share of what all trees may keep of their cuts.
        self.room = MOST_KEPT >> sum(bit >= 0 for bit in prefix)
        self.words: list[np.ndarray] = []
        self.program = program
        self.limit = np.full(1, np.inf)
        self.D = np.zeros((n + 1, n + 1, m + 1))
        self.D[0, :n, :m] = program.N
        self.D[0, :n, m] = 1.0
        self.D[0, n, :m] = program.Q
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
        # Cuts as the kernel hands them over, many at a time: multipliers, and what was set to zero.
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []

    def advance(self, nodes: int) -> int:
        """Visit at most `nodes` nodes; returns how many were visited."""
        before = int(self.meta[kernels.NODES])
        given = self.program
        code = kernels.branch(
            given.N, given.error_N, given.Q, given.error_q, given.largest, self.limit, self.D, self.rows, self.columns,
            self.place, self.fixed, self.spared, self.unit, self.todo, self.meta, self.closed, self.buffer, self.cuts,
            self.cut_fixed, nodes,
        )  # fmt: skip
        count = int(self.meta[kernels.COUNT])
        self.words.extend(self.buffer[:count].astype(bool))
        self.meta[kernels.COUNT] = 0
        cuts = int(self.meta[kernels.CUTS])
        if cuts and self.room > 0:
            self.kept.append((self.cuts[:cuts].copy(), self.cut_fixed[:cuts].copy()))
            self.room -= self.cuts[:cuts].nbytes + self.cut_fixed[:cuts].nbytes
        self.meta[kernels.CUTS] = 0
        self.finished = code == kernels.DONE
        return int(self.meta[kernels.NODES]) - before

    def split(self) -> int:
        """Visit the first node; returns the unit it branches on, -1 if it ends the tree."""
        self.advance(1)
        return -1 if self.finished or not self.todo[0] else int(self.unit[0])

    def release(self) -> None:
        """Drop the dictionaries: the search below this prefix does not go on."""
        self.D = np.zeros((0, 0, 0))
        self.place = self.rows = self.columns = np.zeros((0, 0), np.int64)
        self.fixed = self.spared = np.zeros((0, 0), np.int8)

    @property
    def reach(self) -> float:
        """The sum of x up to which all cuts hold."""
        return float(self.limit[0])

    @property
    def decided(self) -> int:
        return sum(int(count) << free for free, count in enumerate(self.closed))

    @property
    def counts(self) -> dict[str, int]:
        names = {
            "nodes": kernels.NODES,
            "pruned": kernels.PRUNED,
            "solved": kernels.SOLVED,
        }
        return {name: int(self.meta[slot]) for name, slot in names.items()}


def find_cuts(problem: Reduction, budget: Budget, constraints: Constraints | None = None, workers: Workers = 1) -> Cuts:
    """The cuts of a search of a reduced problem, as proposals for a proof.

    Parameters
    ----------
    problem : Reduction
    budget : Budget
        Where it ends the search, the cuts made so far are returned.
    constraints : Constraints, optional
        As for :func:`search`; their multipliers follow those of the ReLUs.
    workers : int, optional
        Threads.

    Notes
    -----
    Without constants, zero solves the problem; then the cuts show that nothing else does, whatever the constraints.
    """
    n = len(problem.g)
    homogeneous = not np.any(problem.g) and not np.any(problem.error_g)
    program = _far(problem, None, 1.0) if homogeneous else _near(problem, constraints, np.inf)
    _, trees = run_trees(partial(_Tree, program, keep_cuts=True), n, budget, workers)
    return _cuts_of(trees, n, n if homogeneous else len(program.Q))


def _cuts_of(trees: Sequence[_Tree], n: int, rows: int) -> Cuts:
    return Cuts.of((chunk for tree in trees for chunk in tree.kept), n, rows)


def _one_by_one(trees: Sequence[_Tree]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return (cut for tree in trees for chunk in tree.kept for cut in zip(*chunk, strict=True))


def _check(tree: _Tree, budget: Budget) -> dict[str, int]:
    """The exact check of a tree's cuts where an executor searched it."""
    checked, proven = check_cuts(tree.program.N, tree.program.Q, _one_by_one([tree]), budget)
    return {"cuts_checked": checked, "cuts_proven": proven}


def search(
    problem: Reduction,
    budget: Budget,
    workers: Workers = 1,
    constraints: Constraints | None = None,
    bound: float = np.inf,
    farkas: bool = False,
    keep: bool = False,
    outskirts: Callable[[], Outskirts | None] = lambda: None,
) -> Outcome:
    """Find every pattern of a reduced problem that may hold a solution.

    Parameters
    ----------
    problem : Reduction
    budget : Budget
    workers : int or Executor, optional
        Threads over subtrees, as the kernel runs without the GIL; or an executor.
    constraints : Constraints, optional
        Subtrees without a point that satisfies them may be cut.
    bound : float, optional
        Solutions of interest have a sum of x below this, e.g. since they lie in a box.
    farkas : bool, optional
        Re-check every cut in exact arithmetic; the counts of the outcome then say how many were proved.
    keep : bool, optional
        Hand the cuts on with the outcome; an executor's are not kept.
    outskirts : callable, optional
        Gives a simpler problem that bounds all solutions, if there is one; asked where a bound is needed.

    Returns
    -------
    Outcome
        Candidate patterns, some of them several times removed from a solution: the caller solves each. Its `limit` is
        finite if solutions whose x sum to more were not excluded.

    Notes
    -----
    A node is a linear program in n unknowns, solved from its parent's dictionary in a few pivots of n^2
    operations each. The number of nodes depends on the problem, not on 2**n. Nearly every cut is proved without a
    limit; where one is not, a second tree excludes, or finds, the solutions beyond the limit, scaled to a sum of one.
    """
    n = len(problem.g)
    if not np.any(problem.g) and not np.any(problem.error_g):
        # Zero is a solution of every pattern, which programs cannot cut; any other scales to a sum of one.
        homogeneous = _far(problem, None, 1.0)
        outcome = _run(homogeneous, budget, workers, farkas, n if keep else 0)
        outcome.limit = np.inf  # all that are looked for sum to one
        outcome.words.append(np.zeros(n, dtype=bool))
        return outcome
    near = _near(problem, constraints, bound)
    outcome = _run(near, budget, workers, farkas, len(near.Q) if keep else 0)
    reach, outcome.limit = outcome.limit, np.inf
    if np.isfinite(reach) and outcome.exhausted and not np.isfinite(bound):
        limit = reach * _scale(problem)
        simpler = outskirts()
        if simpler is not None and _nothing_beyond(simpler, limit, budget, workers):
            return outcome
        beyond = _run(_far(problem, constraints, reach), budget, workers, farkas)
        if not beyond.exhausted:
            outcome.limit = limit
        known = {word.tobytes() for word in outcome.words}
        outcome.words.extend(word for word in beyond.words if word.tobytes() not in known)
        for name, value in beyond.counts.items():
            outcome.counts[name] = outcome.counts.get(name, 0) + value
    return outcome


def _nothing_beyond(outskirts: Outskirts, limit: float, budget: Budget, workers: Workers) -> bool:
    """Whether no fixed point has ReLU arguments whose moduli sum to more than `limit`."""
    room = limit - outskirts.intercept
    if room <= 0.0 or not outskirts.slope:
        return room > 0.0
    # Fixed points with a larger sum of relu(v), divided by it: none, if every pattern is refuted.
    problem, total = outskirts.problem, room / outskirts.slope
    N, _, error_N, _ = _rows(problem, None)
    outcome = _run(_summing_to_one(N, error_N, outskirts.rest / total + outskirts.blur), budget, workers, False)
    return outcome.exhausted and not outcome.words


def _run(program: _Program, budget: Budget, workers: Workers, farkas: bool, keep: int = 0) -> Outcome:
    make = partial(_Tree, program, keep_cuts=farkas or keep > 0)
    outcome, trees = run_trees(make, len(program.N), budget, workers, _check if farkas else None)
    if farkas and trees:
        outcome.counts["cuts_checked"], outcome.counts["cuts_proven"] = check_cuts(
            program.N, program.Q, _one_by_one(trees), budget
        )
    if keep and trees:
        outcome.cuts = _cuts_of(trees, len(program.N), keep)
    return outcome
