"""The mixed problem ``(I - A) z - W x = h, x = relu(V z + c)``: for maps all of whose subregions are singular.

Nothing can be eliminated then, so z stays a free variable. A tree over sign patterns; a node is
cut when the linear program that keeps only ``x >= 0, x >= V z + c`` for undecided ReLUs is infeasible.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from ..maps import CanonicalMap
from .budget import Budget
from .driver import Outcome

__all__ = ["search"]


def _feasible(map: CanonicalMap, signs: np.ndarray) -> bool | None:
    """Whether the relaxation for ``signs`` (1 active, -1 inactive, 0 open) has a point; None if undecided."""
    m, n = map.n_units, map.n_relu
    equalities = np.hstack([np.eye(m) - map.A, -map.W])
    active, rest = signs == 1, signs != 1
    link = np.hstack([map.V, -np.eye(n)])
    bounds = [(None, None)] * m + [(0.0, 0.0 if s == -1 else None) for s in signs]
    result = linprog(
        np.zeros(m + n),
        A_ub=link[rest] if np.any(rest) else None,
        b_ub=-map.c[rest] if np.any(rest) else None,
        A_eq=np.vstack([equalities, link[active]]),
        b_eq=np.concatenate([map.h, -map.c[active]]),
        bounds=bounds,
        method="highs",
    )
    return True if result.status == 0 else False if result.status == 2 else None


def search(map: CanonicalMap, budget: Budget) -> Outcome:
    """Every pattern whose closed subregion holds a fixed point.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    budget : Budget

    Notes
    -----
    One linear program in M + H variables a node.
    """
    outcome = Outcome(counts={"nodes": 0, "pruned": 0, "solved": 0, "trouble": 0})
    stack = [np.zeros(map.n_relu, dtype=np.int8)]
    try:
        while stack:
            if budget.take(1) == 0:
                break
            signs = stack[-1]
            outcome.counts["nodes"] += 1
            verdict = _feasible(map, signs)
            stack.pop()
            free = np.flatnonzero(signs == 0)
            if verdict is False:
                outcome.counts["pruned"] += 1
                outcome.decided += 1 << len(free)
                continue
            if verdict is None:
                # An undecided program prunes nothing; the branch goes on to its single subregions.
                outcome.counts["trouble"] += 1
            if not len(free):
                outcome.counts["solved"] += 1
                outcome.words.append(signs == 1)
                outcome.decided += 1
                continue
            for sign in (1, -1):
                child = signs.copy()
                child[free[0]] = sign
                stack.append(child)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    outcome.exhausted = not stack
    return outcome
