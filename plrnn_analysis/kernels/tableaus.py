"""Tableaus of the elimination search: pivots with error bounds, and tableaus computed afresh.

A tableau expresses every row through the columns still present; see :mod:`plrnn_analysis.kernels.elimination`. Every
row carries a bound on the error of its coefficients, `e`, one on that of its constant, `ec`, and one on the size of its
coefficients, `scale`.

A coefficient 0.0 is an exact zero: it comes from zeros of the root and nothing else. A sum that happens to cancel
is stored as `TINY` instead, so that no sign is read off it.
"""

from __future__ import annotations

import numpy as np

from ..numerics import EPS
from ._jit import kernel

__all__ = ["ACTIVE", "FREE", "INACTIVE", "PENDING", "TINY", "pivot", "pivot_usable", "refresh", "settle_pending"]

FREE, INACTIVE, ACTIVE, PENDING = 0, 1, 2, 3
# Pivots below this (relative to 1 + |T_dd|) are postponed: the unit is decided but its column stays.
SMALL_PIVOT = 1e-8
# Stands for a coefficient that cancelled in floats, and so is not known to be zero.
TINY = 1e-300
# Reciprocals of pivots that are a thousand times their error, with that error taken into account.
WIDER = 1.01


@kernel("boolean(float64, float64)")
def pivot_usable(diagonal, error):
    """Whether 1 - T_dd may be divided by: not small, and known to a thousandth of itself."""
    return abs(1.0 - diagonal) > max(SMALL_PIVOT * (1.0 + abs(diagonal)), 1e3 * error)


@kernel(
    "void(float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1], int8[::1], int64)"
)
def pivot(source, target, e_in, ec_in, scale_in, e_out, ec_out, scale_out, status, d):
    """Make unit d active: solve its row for x_d and substitute; source and target may be the same."""
    n = source.shape[1]
    p = 1.0 - source[d, d]
    ep = e_in[d] + EPS
    inv = WIDER / abs(p)
    r_max = 0.0
    for j in range(n + 1):
        if j == d or (j < n and status[j] != FREE and status[j] != PENDING):
            continue
        r = source[j, d] / p
        if j < n:
            r_max = max(r_max, abs(r))
        for i in range(n):
            value = source[j, i]
            # The second term is lost in any sum but one that cancels.
            target[j, i] = (value + source[d, i] * r) + (TINY if value != 0.0 else 0.0)
        target[j, d] = r
    rc = abs(target[n, d])
    e_r = (e_in[d] + r_max * ep) * inv + EPS * r_max
    e_rc = (ec_in[d] + rc * ep) * inv + EPS * rc
    e_d, ec_d = e_r, e_rc
    for i in range(n):
        m = abs(source[d, i])
        scale = scale_in[i] + m * r_max
        const = abs(target[n, i])
        # A constant that is exactly zero before and after (no bias) carries no rounding error.
        ec_out[i] = ec_in[i] + m * e_rc + e_in[i] * (rc + e_rc) + 2.0 * EPS * (m * rc) + EPS * const
        e_out[i] = e_in[i] + m * e_r + e_in[i] * (r_max + e_r) + 2.0 * EPS * (m * r_max) + EPS * scale
        scale_out[i] = scale
    e_out[d] = e_d
    ec_out[d] = ec_d
    scale_out[d] = r_max


@kernel("boolean(float64[:, ::1], float64[::1], float64[::1], float64[::1], int8[::1], int64, int64)")
def pivot_pair(tab, e, ec, scale, status, d, f):
    """Eliminate two pending units at once in place; False if their 2 x 2 block is unusable too."""
    n = tab.shape[1]
    b11, b12 = 1.0 - tab[d, d], -tab[f, d]
    b21, b22 = -tab[d, f], 1.0 - tab[f, f]
    det = b11 * b22 - b12 * b21
    size = abs(b11 * b22) + abs(b12 * b21)
    norm = max(abs(b11) + abs(b12), abs(b21) + abs(b22))
    eb = max(e[d], e[f]) + EPS
    if abs(det) <= SMALL_PIVOT * (size + norm) or abs(det) <= 1e3 * eb * norm:
        return False
    inv = WIDER * max(abs(b22) + abs(b12), abs(b21) + abs(b11)) / abs(det)
    r_max = 0.0
    rc = 0.0
    for j in range(n + 1):
        if j == d or j == f or (j < n and status[j] != FREE and status[j] != PENDING):
            continue
        td, tf = tab[j, d], tab[j, f]
        rd = (b22 * td - b12 * tf) / det
        rf = (b11 * tf - b21 * td) / det
        if j < n:
            r_max = max(r_max, abs(rd), abs(rf))
        else:
            rc = max(abs(rd), abs(rf))
        for i in range(n):
            value = tab[j, i]
            first, second = tab[d, i] * rd, tab[f, i] * rf
            tab[j, i] = (value + first + second) + (TINY if value != 0.0 or first != 0.0 else 0.0)
        tab[j, d] = rd
        tab[j, f] = rf
    e_r = inv * (max(e[d], e[f]) + 2.0 * r_max * eb) + 8.0 * EPS * r_max * inv * norm
    e_rc = inv * (max(ec[d], ec[f]) + 2.0 * rc * eb) + 8.0 * EPS * rc * inv * norm
    for i in range(n):
        m = abs(tab[d, i]) + abs(tab[f, i])
        scale[i] += m * r_max
        ec[i] += m * e_rc + 2.0 * e[i] * (rc + e_rc) + 4.0 * EPS * m * rc + EPS * abs(tab[n, i])
        e[i] += m * e_r + 2.0 * e[i] * (r_max + e_r) + 4.0 * EPS * m * r_max + EPS * scale[i]
    for i in (d, f):
        e[i], ec[i], scale[i] = e_r, e_rc, r_max
    return True


@kernel("void(float64[:, ::1], float64[::1], float64[::1], float64[::1], int8[::1])")
def settle_pending(tab, e, ec, scale, status):
    """Eliminate, in place, every pending unit whose pivot has become usable."""
    n = tab.shape[1]
    again = True
    while again:
        again = False
        for i in range(n):
            if status[i] == PENDING and pivot_usable(tab[i, i], e[i]):
                pivot(tab, tab, e, ec, scale, e, ec, scale, status, i)
                status[i] = ACTIVE
                again = True
        if again:
            continue
        for i in range(n):
            if status[i] != PENDING or again:
                continue
            for k in range(i + 1, n):
                if status[k] == PENDING and pivot_pair(tab, e, ec, scale, status, i, k):
                    status[i] = ACTIVE
                    status[k] = ACTIVE
                    again = True
                    break


@kernel(
    "float64(float64[:, ::1], float64[::1], float64[::1], float64[::1],"
    " float64[:, ::1], float64[::1], float64[::1], float64[::1], int8[::1])"
)
def refresh(root, e0, ec0, scale0, tab, e, ec, scale, status):
    """Recompute a tableau from the root's, with bounds from the residuals of a computed inverse.

    With S the active units, K = I - G_SS and a computed N near K^-1, the rows of S are Y = K^-1 G_SP. For any Y,
    ``Y - K^-1 G_SP = (I - F)^-1 N (K Y - G_SP)`` with F = I - N K, so that a small F and a small residual bound the
    error whatever rounding did. The other rows are G_RP + G_RS Y. Nothing is changed where the bound is no better than
    the running one. Returns the largest coefficient bound in force.
    """
    n = root.shape[1]
    old = 0.0
    count = 0
    size = np.empty(n, np.int64)
    for i in range(n):
        old = max(old, e[i])
        if status[i] == ACTIVE:
            size[count] = i
            count += 1
    act = size[:count]
    # Gauss-Jordan with row pivoting on [I - G_SS | I].
    work = np.zeros((count, 2 * count))
    for a in range(count):
        for b in range(count):
            work[a, b] = -root[act[b], act[a]]
        work[a, a] += 1.0
        work[a, count + a] = 1.0
    for k in range(count):
        best = k
        for a in range(k + 1, count):
            if abs(work[a, k]) > abs(work[best, k]):
                best = a
        if work[best, k] == 0.0:
            return old
        if best != k:
            for b in range(2 * count):
                work[k, b], work[best, b] = work[best, b], work[k, b]
        inv = 1.0 / work[k, k]
        for b in range(2 * count):
            work[k, b] *= inv
        for a in range(count):
            if a != k and work[a, k] != 0.0:
                factor = work[a, k]
                for b in range(k, 2 * count):
                    work[a, b] -= factor * work[k, b]
    inverse = work[:, count:]
    u = 2.0 * EPS * (count + 3)
    # The largest row sum of |F|, F = I - N K for the exact K.
    f = 0.0
    for a in range(count):
        total = 0.0
        for b in range(count):
            value = inverse[a, b]
            weight = abs(value)
            for k in range(count):
                value -= inverse[a, k] * root[act[b], act[k]]
                weight += abs(inverse[a, k]) * abs(root[act[b], act[k]])
            if a == b:
                value -= 1.0
                weight += 1.0
            total += abs(value) + u * weight
            total += abs(inverse[a, b]) * (e0[act[b]] * count)
        f = max(f, total)
    if not f < 0.5:
        return old
    new = tab.copy()
    new_scale = np.zeros(n)
    new_e = np.zeros(n)
    new_ec = np.zeros(n)
    column = np.empty(count)
    residual = np.empty(count)
    wrong = np.empty(count)
    for j in range(n + 1):
        if j < n and status[j] != FREE and status[j] != PENDING:
            continue
        for a in range(count):
            value = 0.0
            touched = False
            for k in range(count):
                term = inverse[a, k] * root[j, act[k]]
                value += term
                touched |= term != 0.0
            column[a] = TINY if value == 0.0 and touched else value
        # |K Y - G_SP| for the exact K and G, then what it makes of Y.
        for a in range(count):
            i = act[a]
            value = column[a] - root[j, i]
            weight = abs(column[a]) + abs(root[j, i])
            total = 0.0
            for k in range(count):
                value -= root[act[k], i] * column[k]
                weight += abs(root[act[k], i]) * abs(column[k])
                total += abs(column[k])
            residual[a] = abs(value) + u * weight + e0[i] * total + (e0[i] if j < n else ec0[i])
        largest = 0.0
        for a in range(count):
            wrong[a] = 0.0
            for k in range(count):
                wrong[a] += abs(inverse[a, k]) * residual[k]
            largest = max(largest, wrong[a])
        for a in range(count):
            wrong[a] = WIDER * (wrong[a] + f / (1.0 - f) * largest)
        for i in range(n):
            if status[i] == ACTIVE:
                continue
            value = root[j, i]
            touched = value != 0.0
            weight = abs(value)
            error = e0[i] if j < n else ec0[i]
            for a in range(count):
                term = root[act[a], i] * column[a]
                value += term
                touched |= term != 0.0
                weight += abs(term)
                error += (abs(root[act[a], i]) + e0[i]) * wrong[a] + e0[i] * abs(column[a])
            error = WIDER * (error + u * weight)
            new[j, i] = TINY if value == 0.0 and touched else value
            if j < n:
                new_e[i] = max(new_e[i], error)
                new_scale[i] = max(new_scale[i], abs(new[j, i]))
            else:
                new_ec[i] = error
        for a in range(count):
            i = act[a]
            new[j, i] = column[a]
            if j < n:
                new_e[i] = max(new_e[i], wrong[a])
                new_scale[i] = max(new_scale[i], abs(column[a]))
            else:
                new_ec[i] = wrong[a]
    worst = 0.0
    for i in range(n):
        worst = max(worst, new_e[i])
    if not worst < old:
        return old
    for j in range(n + 1):
        for i in range(n):
            tab[j, i] = new[j, i]
    for i in range(n):
        e[i] = new_e[i]
        ec[i] = new_ec[i]
        scale[i] = new_scale[i]
    return worst
