"""Branch and bound over sign patterns with linear programs, by a dense dual simplex method.

The problem is ``s = N x + q``, x >= 0, s >= 0, ``x_i s_i = 0`` for each of n units, with optional further
rows ``e = R x + r >= 0``. A node has decided some units (inactive: x_i = 0; active: s_i = 0) and relaxes
the product conditions of the others. If its linear program has no solution the subtree holds none.

A node's dictionary D expresses each basic variable through the nonbasic ones, which are zero at the
vertex::

    basic variable of row i = sum over columns j of D[j, i] * (nonbasic variable of column j) + D[n, i]

Its last row is the objective (the sum of all x), whose coefficients the dual simplex method keeps
non-negative. Dictionaries drift with every pivot, so nothing is believed on their word: a cut is made
only if its multipliers, taken to the original data, refute the node by more than the rounding of that
check, and patterns reported are solved anew by the caller. The multipliers that a dictionary row gives leave the basic
x a coefficient that is zero to rounding, which refutes only solutions up to some size; a share of the rows of these x
is added to turn it strictly negative, and then the cut holds without a limit.

Variables are numbered x: 0 ... n - 1, s: n ... 2 n - 1, e: 2 n ....
"""

from __future__ import annotations

import numpy as np

from ..numerics import EPS
from ._jit import kernel

__all__ = ["BUDGET", "DONE", "FULL", "branch"]

# What `branch` returns: tree exhausted, budget used up, candidate or certificate buffer full.
DONE, BUDGET, FULL = 0, 1, 2
# Slots of the integer state `meta`.
DEPTH, NODES, PRUNED, PIVOTS, SOLVED, COUNT, STARTED, CUTS, DOUBTS = 0, 1, 2, 3, 4, 5, 6, 7, 8

# The data come scaled to max |q| = 1. Values this small count as zero at a vertex,
FEASIBLE = 1e-9
# pivots smaller than this against their row are not used,
PIVOT = 1e-8
# nor those so much smaller than the row's best (the objective row gives way),
SOUND = 1e-3
RELAX = 1e-3
OPTIMAL, STUCK = 1, 2


@kernel("void(float64[:, ::1], int64[::1], int64[::1], int64[::1], int64, int64)")
def _exchange(D, rows, columns, place, r, j):
    """Pivot: the basic variable of row r and the nonbasic one of column j change roles."""
    n = D.shape[0] - 1
    height = D.shape[1]
    inverse = 1.0 / D[j, r]
    for col in range(n + 1):
        if col == j:
            continue
        f = -D[col, r] * inverse
        if f != 0.0:
            for i in range(height):
                D[col, i] += f * D[j, i]
        D[col, r] = f
    for i in range(height):
        D[j, i] *= inverse
    D[j, r] = inverse
    leaving, entering = rows[r], columns[j]
    rows[r], columns[j] = entering, leaving
    place[entering] = r
    place[leaving] = -1 - j


@kernel("int64(float64[:, ::1], int64[::1], int64[::1], int64[::1], int8[::1], int8[::1], int64[::1])")
def _dual_simplex(D, rows, columns, place, fixed, spared, meta):
    """Restore feasibility. Returns `OPTIMAL`, `STUCK`, or -1 - r if row r shows that there is no solution."""
    n = D.shape[0] - 1
    height = D.shape[1] - 1
    for _ in range(20 * (n + 5)):
        r = -1
        worst = FEASIBLE
        for i in range(height):
            value = D[n, i]
            miss = abs(value) if fixed[rows[i]] else -value
            if miss > worst and not spared[rows[i]]:
                worst = miss
                r = i
        if r < 0:
            return OPTIMAL
        sign = 1.0 if D[n, r] < 0.0 else -1.0
        # Two passes (Harris): the smallest ratio that a slightly relaxed objective row allows, then the
        # largest pivot within it. Feasibility is all that matters here, so the relaxation is generous.
        span = 1.0
        for col in range(n):
            span = max(span, abs(D[col, r]))
        limit = np.inf
        largest = 0.0
        for col in range(n):
            a = sign * D[col, r]
            if a > PIVOT * span and not fixed[columns[col]]:
                largest = max(largest, a)
                limit = min(limit, (max(D[col, height], 0.0) + RELAX) / a)
        j = -1
        size = PIVOT * span
        for col in range(n):
            a = sign * D[col, r]
            if a > size and not fixed[columns[col]] and max(D[col, height], 0.0) <= limit * a:
                size = a
                j = col
        if j >= 0 and size < SOUND * largest:
            # A poor pivot is worse than a lost objective.
            for col in range(n):
                if sign * D[col, r] == largest and not fixed[columns[col]]:
                    j = col
        if j < 0:
            return -1 - r
        _exchange(D, rows, columns, place, r, j)
        meta[PIVOTS] += 1
    return STUCK


@kernel("float64(float64[:, ::1], int64[::1], int64[::1], int8[::1], int64, float64, float64[::1])")
def _push(D, rows, columns, fixed, r, sign, sums):
    """How much of the sum of all open basic x can be added to row r before a sign that refutes turns; 0 if none.

    Receives in `sums` the coefficients of that sum. A basic x has coefficient zero in the combination of the original
    rows that row r is, to rounding; with a share of this sum it has a positive one.
    """
    n = D.shape[0] - 1
    height = D.shape[1] - 1
    for col in range(n + 1):
        total = 0.0
        for i in range(height):
            if rows[i] < n and not fixed[rows[i]]:
                total += D[col, i]
        sums[col] = total
    share = np.inf
    if sums[n] > 0.0:
        share = -sign * D[n, r] / sums[n]
    for j in range(n):
        if sums[j] > 0.0 and not fixed[columns[j]]:
            share = min(share, max(-sign * D[j, r], 0.0) / sums[j])
    return 0.5 * share if share < np.inf else 1.0


@kernel("float64(float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], int8[::1], float64[::1])")
def _reach(N, error_N, Q, error_q, fixed, u):
    """Up to which sum of all x multipliers u of the original rows leave a node no solution, whatever rounding did.

    The combination says ``sum u_i row_i = u N x + u q``, where the left side is not negative. So there is no solution
    if u q is negative and no open x has a positive coefficient: the answer is infinite. The worst that may be left of a
    coefficient costs that much for every unit of x. The answer is 0 if nothing is refuted.
    """
    n, height = N.shape
    right = 0.0
    for i in range(height):
        if u[i] != 0.0:
            right += u[i] * Q[i] + abs(u[i]) * (error_q[i] + 2.0 * (height + 2) * EPS * abs(Q[i]))
    if right >= 0.0:
        return 0.0
    worst = 0.0
    for j in range(n):
        if fixed[j]:
            continue
        w = 0.0
        size = 0.0
        for i in range(height):
            w += u[i] * N[j, i]
            size += abs(u[i]) * (error_N[j, i] + (height + 2) * EPS * abs(N[j, i]))
        worst = max(worst, w + size)
    return -0.999 * right / worst if worst > 0.0 else np.inf


@kernel(
    "float64(float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[:, ::1], int64[::1],"
    " int64[::1], int8[::1], int64, float64[::1], float64[::1])"
)
def _refuted(N, error_N, Q, error_q, D, rows, columns, fixed, r, u, sums):
    """Check on the original data that row r of a dictionary leaves the node no solution; see `_reach`.

    Writes the multipliers u of the rows of N (and of the further rows).
    """
    n = D.shape[0] - 1
    height = D.shape[1] - 1
    sign = 1.0 if D[n, r] < 0.0 else -1.0
    share = _push(D, rows, columns, fixed, r, sign, sums)
    reach = 0.0
    for attempt in range(2):
        if attempt == 1:
            share = 0.0
        elif share <= 0.0:
            continue
        for i in range(height):
            u[i] = 0.0
        if rows[r] >= n:
            u[rows[r] - n] = sign
        for j in range(n):
            v = columns[j]
            if v >= n:
                a = -sign * D[j, r]
                if share > 0.0:
                    a -= share * sums[j]
                if not fixed[v] and a < 0.0:
                    a = 0.0
                u[v - n] = a
        reach = _reach(N, error_N, Q, error_q, fixed, u)
        if reach == np.inf:
            break
    return reach


@kernel("void(float64[:, ::1], float64[::1], float64[:, ::1], int64[::1], int64[::1], int64[::1])")
def _rebuild(N, Q, D, rows, columns, place):
    """Compute a dictionary afresh from the data and the sets of basic and nonbasic variables."""
    n = D.shape[0] - 1
    height = D.shape[1] - 1
    want = np.zeros(n + height, np.int8)
    for i in range(height):
        want[rows[i]] = 1
    for i in range(height):
        rows[i] = n + i
        place[n + i] = i
    for j in range(n):
        columns[j] = j
        place[j] = -1 - j
        for i in range(height):
            D[j, i] = N[j, i]
        D[j, height] = 1.0
    for i in range(height):
        D[n, i] = Q[i]
    D[n, height] = 0.0
    while True:
        best = 0.0
        r = -1
        c = -1
        for j in range(n):
            if want[columns[j]]:
                for i in range(height):
                    if not want[rows[i]] and abs(D[j, i]) > best:
                        best = abs(D[j, i])
                        r = i
                        c = j
        if r < 0 or best < PIVOT:
            return
        _exchange(D, rows, columns, place, r, c)


@kernel(
    "int64(float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64, float64[::1], float64[:, :, ::1],"
    " int64[:, ::1], int64[:, ::1], int64[:, ::1], int8[:, ::1], int8[:, ::1], int64[::1], uint8[::1], int64[::1],"
    " int64[::1], uint8[:, ::1], float64[:, ::1], int8[:, ::1], int64)"
)
def branch(
    N,
    error_N,
    Q,
    error_q,
    largest,
    limit,
    D,
    rows,
    columns,
    place,
    fixed,
    spared,
    unit,
    todo,
    meta,
    closed,
    words,
    cuts,
    cut_fixed,
    max_nodes,
):
    """Continue the search for at most `max_nodes` nodes.

    Parameters
    ----------
    N : (n, m) ndarray
        Columns of the data: ``N[j, i]`` multiplies x_j in row i; the first n rows give s, the rest e.
    error_N, error_q : (n, m), (m,) ndarray
        Uncertainty of the entries and of the constants.
    Q : (m,) ndarray
        Constants of the rows, scaled so that the largest is 1.
    largest : float
        Cuts hold at least for solutions whose x sum to at most this.
    limit : (1,) ndarray
        Lowered to the sum of x up to which all cuts made hold; infinite at the start.
    D : (n + 1, n + 1, m + 1) ndarray
        Dictionaries, one a depth; ``D[0]`` that of the root.
    rows, columns, place : (n + 1, m), (n + 1, n), (n + 1, n + m) ndarray
        Which variable is basic in each row and nonbasic in each column, and where each variable stands.
    fixed : (n + 1, n + m) ndarray of int8
        1 for variables that a node has set to zero.
    spared : (n + 1, n + m) ndarray of int8
        1 for variables whose sign a node does not ask for, since its violation cannot be proved.
    unit, todo : (n + 1,) ndarray
        The unit branched on and the children still to visit (1 inactive, 2 active) at each depth.
    meta : (16,) ndarray of int64
        Depth and counts.
    closed : (n + 1,) ndarray of int64
        Finished subtrees by number of free units.
    words : (capacity, n) ndarray of uint8
        Candidate patterns.
    cuts, cut_fixed : (capacity, m), (capacity, n + m) ndarray
        Multipliers and decisions of the cuts made, kept if the capacity is not zero.
    max_nodes : int

    Returns
    -------
    int
        `DONE`, `BUDGET` or `FULL`.
    """
    n = D.shape[1] - 1
    height = D.shape[2] - 1
    u = np.empty(height)
    sums = np.empty(n + 1)
    first = meta[NODES]
    depth = meta[DEPTH]
    entering = False
    if meta[STARTED] == 0:
        meta[STARTED] = 1
        depth = 0
        entering = True
    while True:
        if not entering:
            while depth >= 0 and todo[depth] == 0:
                depth -= 1
            if depth < 0:
                meta[DEPTH] = depth
                return DONE
            if meta[COUNT] >= words.shape[0] or (cuts.shape[0] and meta[CUTS] >= cuts.shape[0]):
                meta[DEPTH] = depth
                return FULL
            if meta[NODES] - first >= max_nodes:
                meta[DEPTH] = depth
                return BUDGET
            child = depth + 1
            for j in range(n + 1):
                for i in range(height + 1):
                    D[child, j, i] = D[depth, j, i]
            for i in range(height):
                rows[child, i] = rows[depth, i]
            for j in range(n):
                columns[child, j] = columns[depth, j]
            for v in range(n + height):
                place[child, v] = place[depth, v]
                fixed[child, v] = fixed[depth, v]
                spared[child, v] = spared[depth, v]
            d = unit[depth]
            if todo[depth] & 1:
                todo[depth] &= 2
                fixed[child, d] = 1
            else:
                todo[depth] = 0
                fixed[child, n + d] = 1
            depth = child
        entering = False
        meta[NODES] += 1
        free = 0
        for i in range(n):
            if fixed[depth, i] == 0 and fixed[depth, n + i] == 0:
                free += 1
        dead = False
        fresh = False
        while True:
            status = _dual_simplex(
                D[depth], rows[depth], columns[depth], place[depth], fixed[depth], spared[depth], meta
            )
            if status >= 0:
                break
            r = -1 - status
            reach = _refuted(N, error_N, Q, error_q, D[depth], rows[depth], columns[depth], fixed[depth], r, u, sums)
            dead = reach >= largest
            if dead:
                limit[0] = min(limit[0], reach)
                break
            meta[DOUBTS] += 1
            if fresh:
                # Infeasible by less than can be proven: this variable's sign is not asked for below here.
                spared[depth, rows[depth, r]] = 1
            else:
                _rebuild(N, Q, D[depth], rows[depth], columns[depth], place[depth])
                fresh = True
        if status < 0:
            if dead:
                if cuts.shape[0]:
                    for i in range(height):
                        cuts[meta[CUTS], i] = u[i]
                    for v in range(n + height):
                        cut_fixed[meta[CUTS], v] = fixed[depth, v]
                    meta[CUTS] += 1
                meta[PRUNED] += 1
                closed[free] += 1
                depth -= 1
                continue
        best = -1
        best_score = FEASIBLE
        settled = -1
        settled_score = -1.0
        for i in range(n):
            if fixed[depth, i] or fixed[depth, n + i]:
                continue
            x = D[depth, n, place[depth, i]] if place[depth, i] >= 0 else 0.0
            s = D[depth, n, place[depth, n + i]] if place[depth, n + i] >= 0 else 0.0
            score = min(x, s)
            if score > best_score:
                best_score = score
                best = i
            if settled < 0 or max(x, s) > settled_score:
                settled_score = max(x, s)
                settled = i
        if (status == OPTIMAL and best < 0) or free == 0:
            for i in range(n):
                if fixed[depth, i]:
                    words[meta[COUNT], i] = 0
                elif fixed[depth, n + i]:
                    words[meta[COUNT], i] = 1
                else:
                    words[meta[COUNT], i] = place[depth, i] >= 0 and D[depth, n, place[depth, i]] > FEASIBLE
            meta[COUNT] += 1
            meta[SOLVED] += 1
        if free == 0:
            closed[0] += 1
            depth -= 1
            continue
        unit[depth] = best if best >= 0 else settled
        todo[depth] = 3
