"""The mixed problem ``(I - A) z - W x = h, x = relu(V z + c)``: for maps all of whose subregions are singular.

The state cannot be eliminated then, so what is left of it stays among the unknowns. A tree over sign patterns; a node
is cut when the relaxation that keeps only ``x >= 0, x >= V z + c`` for undecided ReLUs is proved to be empty.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq

from ..maps import CanonicalMap
from ..polytopes.programs import proves_empty
from ..polytopes.rational import Undecided, flat_of, rationals
from .budget import Budget
from .driver import Outcome, most_candidates

__all__ = ["search"]


class _Relaxation:
    """Rows ``x_i`` and ``x_i - y_i`` over the solutions of ``(I - A) z - W x = h``, in rationals."""

    def __init__(self, map: CanonicalMap) -> None:
        m, n = map.n_units, map.n_relu
        A, W, V, c, h = (rationals(a) for a in (map.A, map.W, map.V, map.c, map.h))
        one, zero = fmpq(1), fmpq(0)
        equations = [
            [(one if i == j else zero) - A[i][j] for j in range(m)] + [-w for w in (W[i] if n else [])]
            for i in range(m)
        ]
        flat = flat_of(equations, [-value for value in h], m + n)
        # Without solutions of the equations every pattern is empty.
        self.solvable = flat is not None
        if flat is None:
            return
        x = [[zero] * m + [one if i == j else zero for j in range(n)] for i in range(n)]
        slack = [[-v for v in V[i]] + x[i][m:] for i in range(n)]
        self.rows, self.room = flat.restrict([*x, *slack], [zero] * n + [-value for value in c])

    def is_empty(self, signs: np.ndarray) -> bool:
        """Whether the relaxation for ``signs`` (1 active, -1 inactive, 0 open) is proved to have no point."""
        if not self.solvable:
            return True
        return proves_empty(self.rows, self.room, equal=[*(signs == -1).tolist(), *(signs == 1).tolist()])


def search(map: CanonicalMap, budget: Budget) -> Outcome:
    """Every pattern whose closed subregion may hold a fixed point.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    budget : Budget

    Notes
    -----
    One linear program in at most M + H variables a node. What the solver says is believed only where exact multipliers
    prove it; where it proves nothing the tree goes on, down to single patterns, which the caller decides.
    """
    outcome = Outcome(counts={"nodes": 0, "pruned": 0, "solved": 0})
    relaxation = _Relaxation(map)
    failed = False
    budget.reporter.say(done=lambda: outcome.decided, total=1 << map.n_relu, found=lambda: len(outcome.words))
    stack = [np.zeros(map.n_relu, dtype=np.int8)]
    try:
        while stack:
            if budget.take(1) == 0:
                break
            signs = stack[-1]
            outcome.counts["nodes"] += 1
            try:
                empty = relaxation.is_empty(signs)
            except Undecided:
                empty, failed = False, True
            stack.pop()
            free = np.flatnonzero(signs == 0)
            if empty:
                outcome.counts["pruned"] += 1
                outcome.decided += 1 << len(free)
            elif not len(free):
                outcome.counts["solved"] += 1
                outcome.words.append(signs == 1)
                outcome.decided += 1
                if len(outcome.words) > most_candidates(map.n_relu):
                    budget.stop("too many candidates")
            else:
                for sign in (1, -1):
                    child = signs.copy()
                    child[free[0]] = sign
                    stack.append(child)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    # A solver that fails cuts nothing. What it was asked for is looked at, but no proof rests on it.
    outcome.exhausted = not stack and not failed
    return outcome
