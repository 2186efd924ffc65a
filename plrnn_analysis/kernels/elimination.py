"""Depth-first search over sign patterns by Schur elimination.

The problem is ``y = G x + g, x = relu(y)`` in n unknowns. A node of the tree has decided some units.
Its tableau T expresses every row through the columns still present::

    row i = sum over present columns j of T[j, i] x_j + T[n, i]

Row i holds y_i for a free, inactive or pending unit, and x_i for an active one. Columns come first
in memory, rows run fastest, so a pivot is a vectorised update of contiguous rows.

Every row carries a running bound on the error of its coefficients and of its constant. A subtree is cut only if a
sign is wrong by more than these bounds, and a leaf is handed to the caller whenever its signs are right *or within
the bounds*. The bounds of the root, which the caller supplies, are those of G and g themselves.

A coefficient 0.0 is an exact zero; :mod:`plrnn_analysis.kernels.tableaus` sees to it.
"""

from __future__ import annotations

import numpy as np

from ..numerics import EPS
from ._jit import kernel
from .monotone import UNIQUE, solve_monotone
from .tableaus import ACTIVE, FREE, INACTIVE, PENDING, TINY, pivot, pivot_usable, refresh, settle_pending

__all__ = ["BUDGET", "DONE", "FULL", "TINY", "search"]

# What `search` returns: tree exhausted, node budget used up, candidate buffer full.
DONE, BUDGET, FULL = 0, 1, 2

# Branching prefers units whose pivot is at least this.
GOOD_PIVOT = 0.05
# The running bounds are pessimistic: about a digit a pivot. Once they pass the first figure, and have
# grown by the second since the last time, the tableau is computed afresh with tight bounds.
REFRESH_ABOVE = 1e-4
REFRESH_GROWTH = 30.0
FORGET = 0.1
# ... which pays above nodes with at least this many free units, and at leaves in doubt.
REFRESH_FREE = 3
# The uniqueness test is not worth its price for fewer free units than this.
MIN_COLLAPSE = 3

# Slots of the integer state `meta`.
DEPTH, NODES, PRUNED, COLLAPSED, SOLVED, COUNT, STARTED = 0, 1, 2, 3, 4, 5, 6


@kernel("int64(float64[:, ::1], float64[::1], float64[::1], int8[::1], uint8[::1])")
def _collapse(tab, e, ec, status, bits):
    """Uniqueness test on the free units of a node.

    Returns 1 with the full word in `bits` if the subtree is closed by its single solution, -1 if that
    solution contradicts a sign already decided (the subtree is empty), 0 if nothing was proved.
    """
    n = tab.shape[1]
    free = 0
    for i in range(n):
        if status[i] == PENDING:
            return 0
        if status[i] == FREE:
            # A P-matrix has a positive diagonal: a cheap way out.
            if 1.0 - tab[i, i] <= e[i]:
                return 0
            free += 1
    index = np.empty(free, np.int64)
    k = 0
    for i in range(n):
        if status[i] == FREE:
            index[k] = i
            k += 1
    for a in range(free):
        i = index[a]
        for b in range(a):
            j = index[b]
            off = 0.5 * (tab[j, i] + tab[i, j])
            if off * off >= (1.0 - tab[i, i]) * (1.0 - tab[j, j]):
                return 0
    sub = np.empty((free + 1, free))
    se = np.empty(free)
    sec = np.empty(free)
    word = np.empty(free, np.uint8)
    for a in range(free):
        for b in range(free):
            sub[b, a] = tab[index[b], index[a]]
        sub[free, a] = tab[n, index[a]]
        se[a] = e[index[a]]
        sec[a] = ec[index[a]]
    if solve_monotone(sub, se, sec, word, 0.0) != UNIQUE:
        return 0
    x = np.zeros(free)
    ex = np.zeros(free)
    for a in range(free):
        if word[a]:
            x[a] = sub[free, a]
            ex[a] = sec[a]
    for i in range(n):
        if status[i] == FREE:
            continue
        value = tab[n, i]
        error = ec[i] + 2.0 * EPS * (free + 2) * abs(value)
        for a in range(free):
            m = tab[index[a], i]
            value += m * x[a]
            error += abs(m) * ex[a] + e[i] * (abs(x[a]) + ex[a]) + 2.0 * EPS * (free + 2) * abs(m * x[a])
        if status[i] == ACTIVE and value + error <= 0.0:
            return -1
        if status[i] == INACTIVE and value - error > 0.0:
            return -1
        bits[i] = 1 if status[i] == ACTIVE else 0
    for a in range(free):
        bits[index[a]] = word[a]
    return 1


@kernel("void(float64[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64)")
def _copy(tab, e, ec, scale, source, target):
    n = tab.shape[2]
    for j in range(n + 1):
        for i in range(n):
            tab[target, j, i] = tab[source, j, i]
    for i in range(n):
        e[target, i] = e[source, i]
        ec[target, i] = ec[source, i]
        scale[target, i] = scale[source, i]


@kernel(
    "void(float64[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int8[:, ::1],"
    " int64[::1], int64, int64)"
)
def _activate(tab, e, ec, scale, level, status, slot, depth, d):
    """Build the child of the node at `depth` in which unit d is active."""
    n = tab.shape[2]
    child = depth + 1
    here = slot[depth]
    st = status[child]
    if pivot_usable(tab[here, d, d], e[here, d]):
        pivot(tab[here], tab[child], e[here], ec[here], scale[here], e[child], ec[child], scale[child], st, d)
        st[d] = ACTIVE
        slot[child] = child
        # A subtree below an ill-conditioned choice may be well conditioned again: try again in a while.
        level[child] = FORGET * level[here]
        settle_pending(tab[child], e[child], ec[child], scale[child], st)
        free = 0
        worst = 0.0
        for i in range(n):
            worst = max(worst, e[child, i])
            free += st[i] == FREE
        if free >= REFRESH_FREE and worst > REFRESH_ABOVE and worst > REFRESH_GROWTH * level[child]:
            level[child] = refresh(tab[0], e[0], ec[0], scale[0], tab[child], e[child], ec[child], scale[child], st)
        return
    # Small, or drowned in its error bound: the second may be mended.
    _copy(tab, e, ec, scale, here, child)
    slot[child] = child
    level[child] = refresh(tab[0], e[0], ec[0], scale[0], tab[child], e[child], ec[child], scale[child], st)
    st[d] = PENDING
    settle_pending(tab[child], e[child], ec[child], scale[child], st)


@kernel(
    "boolean(float64[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int8[:, ::1],"
    " int64[::1], int64)"
)
def _leaf_survives(tab, e, ec, scale, level, status, slot, depth):
    """Whether a leaf's signs are right within its bounds, these made tight where that is in doubt."""
    n = tab.shape[2]
    here = slot[depth]
    st = status[depth]
    doubt = False
    for i in range(n):
        doubt |= st[i] == PENDING
        doubt |= abs(tab[here, n, i]) <= ec[here, i] and ec[here, i] > 0.0
    if not doubt:
        return True
    # The tableau may be shared with open ancestors, whose other columns must stay.
    if here != depth:
        _copy(tab, e, ec, scale, here, depth)
        slot[depth] = depth
    level[depth] = refresh(tab[0], e[0], ec[0], scale[0], tab[depth], e[depth], ec[depth], scale[depth], st)
    settle_pending(tab[depth], e[depth], ec[depth], scale[depth], st)
    for i in range(n):
        if st[i] == PENDING:
            return True
    for i in range(n):
        const = tab[depth, n, i]
        err = ec[depth, i]
        if (st[i] == ACTIVE and const + err <= 0.0) or (st[i] == INACTIVE and const - err > 0.0):
            return False
    return True


@kernel(
    "int64(float64[:, :, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int8[:, ::1],"
    " int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1], int64[::1], uint8[:, ::1], int64, boolean)"
)
def search(tab, e, ec, scale, level, status, slot, unit, todo, prefix, meta, closed, words, max_nodes, collapse):
    """Continue the search for at most `max_nodes` nodes.

    Parameters
    ----------
    tab : (n + 1, n + 1, n) ndarray
        Tableaus; ``tab[0]`` holds the columns of G, then g.
    e, ec, scale : (n + 1, n) ndarray
        Error bounds of coefficients and constants and a bound on the coefficients, of each tableau.
    level : (n + 1,) ndarray
        Largest error bound of each tableau when it was last computed afresh; ``level[0]`` of the root.
    status : (n + 1, n) ndarray of int8
        State of each unit at each depth; zero at the start.
    slot, unit : (n + 1,) ndarray of int64
        Which tableau a depth uses, and which unit it branches on.
    todo : (n + 1,) ndarray of uint8
        Children still to visit at a depth: 1 inactive, 2 active.
    prefix : (n,) ndarray of int8
        Decisions imposed on units 0, 1, ... before branching; -1 ends them.
    meta : (8,) ndarray of int64
        Depth, and counts of nodes, pruned, collapsed, solved and waiting candidates.
    closed : (n + 1,) ndarray of int64
        ``closed[f]`` counts finished subtrees with f free units: exact for any n.
    words : (capacity, n) ndarray of uint8
        Patterns of the candidates.
    max_nodes : int
    collapse : bool
        Whether to try the uniqueness proof at inner nodes.

    Returns
    -------
    int
        `DONE`, `BUDGET` or `FULL`; the call may be repeated after the last two.
    """
    n = tab.shape[2]
    capacity = words.shape[0]
    low = np.empty(n)
    high = np.empty(n)
    first = meta[NODES]
    entering = False
    depth = meta[DEPTH]
    if meta[STARTED] == 0:
        meta[STARTED] = 1
        entering = True
        depth = 0
        slot[0] = 0
    while True:
        if not entering:
            while depth >= 0 and todo[depth] == 0:
                depth -= 1
            if depth < 0:
                meta[DEPTH] = depth
                return DONE
            if meta[COUNT] >= capacity:
                meta[DEPTH] = depth
                return FULL
            if meta[NODES] - first >= max_nodes:
                meta[DEPTH] = depth
                return BUDGET
            d = unit[depth]
            child = depth + 1
            for i in range(n):
                status[child, i] = status[depth, i]
            here = slot[depth]
            if todo[depth] & 1:
                todo[depth] &= 2
                status[child, d] = INACTIVE
                slot[child] = here
            else:
                todo[depth] = 0
                _activate(tab, e, ec, scale, level, status, slot, depth, d)
            depth = child
        entering = False
        meta[NODES] += 1
        here = slot[depth]
        t = tab[here]
        st = status[depth]
        free = 0
        for i in range(n):
            low[i] = np.inf
            high[i] = -np.inf
            if st[i] == FREE:
                free += 1
        # Range of the coefficients of each row. A free or pending unit's own coefficient is left out
        # (it stands on both sides), exact zeros never matter.
        for j in range(n):
            if st[j] != FREE and st[j] != PENDING:
                continue
            own = t[j, j]
            t[j, j] = 0.0
            for i in range(n):
                v = t[j, i]
                below = v if v != 0.0 else np.inf
                above = v if v != 0.0 else -np.inf
                low[i] = below if below < low[i] else low[i]
                high[i] = above if above > high[i] else high[i]
            t[j, j] = own
        dead = False
        forced = -1
        forced_child = 0
        best = -1
        best_score = -1.0
        for i in range(n):
            const = t[n, i]
            err = ec[here, i]
            none_positive = high[i] <= -e[here, i]
            none_negative = low[i] >= e[here, i]
            if st[i] == ACTIVE:
                if none_positive and const + err <= 0.0:
                    dead = True
                    break
            elif st[i] == INACTIVE:
                if none_negative and const - err > 0.0:
                    dead = True
                    break
            else:
                p = 1.0 - t[i, i]
                ep = e[here, i] + EPS
                if p > ep:
                    no_active = none_positive and const + err <= 0.0
                elif p < -ep:
                    no_active = none_negative and const - err >= 0.0
                else:
                    # p may be zero or of either sign: x_i may be anything.
                    no_active = False
                if st[i] == PENDING:
                    if no_active:
                        dead = True
                        break
                    continue
                no_inactive = none_negative and const - err > 0.0
                if no_active and no_inactive:
                    dead = True
                    break
                if no_active or no_inactive:
                    if forced < 0:
                        forced = i
                        forced_child = 1 if no_active else 2
                    continue
                # Branch where one more decision is likeliest to force a sign: the constant is large
                # against the one kind of coefficient that could still turn it.
                against = max(-low[i], 0.0) if const > 0.0 else max(high[i], 0.0)
                score = min(abs(p), GOOD_PIVOT) * (1e-6 + abs(const) / (against + 1e-30))
                if score > best_score:
                    best_score = score
                    best = i
        if dead:
            meta[PRUNED] += 1
            closed[free] += 1
            depth -= 1
            continue
        if free == 0:
            if not _leaf_survives(tab, e, ec, scale, level, status, slot, depth):
                meta[PRUNED] += 1
                closed[0] += 1
                depth -= 1
                continue
            for i in range(n):
                words[meta[COUNT], i] = 1 if (st[i] == ACTIVE or st[i] == PENDING) else 0
            meta[COUNT] += 1
            meta[SOLVED] += 1
            closed[0] += 1
            depth -= 1
            continue
        if depth < n and prefix[depth] >= 0:
            unit[depth] = depth
            todo[depth] = 2 if prefix[depth] else 1
            continue
        if collapse and free >= MIN_COLLAPSE:
            verdict = _collapse(t, e[here], ec[here], st, words[meta[COUNT]])
            if verdict != 0:
                if verdict > 0:
                    meta[COUNT] += 1
                meta[COLLAPSED] += 1
                closed[free] += 1
                depth -= 1
                continue
        if forced >= 0:
            unit[depth] = forced
            todo[depth] = forced_child
            closed[free - 1] += 1
            meta[PRUNED] += 1
        else:
            unit[depth] = best
            todo[depth] = 3
