"""Words that a planar piecewise-linear map can follow inside a box, by polygon clipping.

A depth-first tree over prefixes of words. The polygon of a prefix contains every point that a trajectory
with these symbols, inside the box all along, can have reached; when it is empty the prefix is abandoned. Only
prefixes of necklaces are visited (Ruskey, Savage, Wang 1992), so that a cycle comes up once, as its smallest
rotation, and one tree serves all periods.
"""

from __future__ import annotations

import numpy as np

from ._jit import kernel

__all__ = ["BUDGET", "DONE", "FULL", "VERTICES", "walk"]

DONE, BUDGET, FULL = 0, 1, 2
DEPTH, NODES, COUNT, STARTED = 0, 1, 2, 3
# Polygons with more vertices than this are replaced by their bounding box.
VERTICES = 64
# How often a word is repeated before it is reported.
LAPS = 4


@kernel("int64(float64[:, ::1], int64, float64, float64, float64, float64[:, ::1])")
def _clip(source, count, a, b, c, target):
    """The part of a convex polygon with a x + b y + c >= 0; returns its number of vertices."""
    kept = 0
    for i in range(count):
        j = i + 1 if i + 1 < count else 0
        here = a * source[i, 0] + b * source[i, 1] + c
        there = a * source[j, 0] + b * source[j, 1] + c
        if here >= 0.0:
            target[kept, 0] = source[i, 0]
            target[kept, 1] = source[i, 1]
            kept += 1
        if (here > 0.0 and there < 0.0) or (here < 0.0 and there > 0.0):
            t = here / (here - there)
            target[kept, 0] = source[i, 0] + t * (source[j, 0] - source[i, 0])
            target[kept, 1] = source[i, 1] + t * (source[j, 1] - source[i, 1])
            kept += 1
    return kept


@kernel("int64(float64[:, ::1], int64, float64[:, ::1], float64, float64[:, ::1])")
def _clip_all(poly, count, planes, slack, other):
    """Clip in place by the half-planes of `planes` (unit normals), each moved outwards by `slack`."""
    for i in range(planes.shape[0]):
        count = _clip(poly, count, planes[i, 0], planes[i, 1], planes[i, 2] + slack, other)
        for k in range(count):
            poly[k, 0] = other[k, 0]
            poly[k, 1] = other[k, 1]
        if count == 0:
            return 0
    return count


@kernel("int64(float64[:, ::1], int64)")
def _simplify(poly, count):
    """Replace a polygon with too many vertices by its bounding box, which contains it."""
    if count <= VERTICES:
        return count
    x0, x1, y0, y1 = poly[0, 0], poly[0, 0], poly[0, 1], poly[0, 1]
    for k in range(count):
        x0, x1 = min(x0, poly[k, 0]), max(x1, poly[k, 0])
        y0, y1 = min(y0, poly[k, 1]), max(y1, poly[k, 1])
    poly[0, 0], poly[0, 1] = x0, y0
    poly[1, 0], poly[1, 1] = x1, y0
    poly[2, 0], poly[2, 1] = x1, y1
    poly[3, 0], poly[3, 1] = x0, y1
    return 4


@kernel(
    "int64(float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, ::1], float64, float64[:, ::1], int64,"
    " float64, float64, int64, float64[:, ::1])"
)
def _step(J, offset, planes, box, tolerance, poly, n, slack, grown, symbol, other):
    """Clip a polygon to a subregion, map it in place, clip it to the box; returns its number of vertices."""
    n = _clip_all(poly, n, planes[symbol], tolerance + slack, other)
    for k in range(n):
        x, y = poly[k, 0], poly[k, 1]
        poly[k, 0] = J[symbol, 0, 0] * x + J[symbol, 0, 1] * y + offset[symbol, 0]
        poly[k, 1] = J[symbol, 1, 0] * x + J[symbol, 1, 1] * y + offset[symbol, 1]
    if n:
        n = _clip_all(poly, n, box, tolerance + grown, other)
    return _simplify(poly, n) if n else 0


@kernel(
    "int64(float64[:, :, ::1], float64[:, ::1], float64[::1], float64[:, :, ::1], float64[:, ::1], float64,"
    " float64[:, :, ::1], int64[::1], float64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int64[:, ::1], int64[::1], int64)"
)
def walk(
    J, offset, norm, planes, box, tolerance, poly, count, slack, word, prime, upcoming, meta, words, lengths, steps
):
    """Continue the tree for at most `steps` nodes.

    Parameters
    ----------
    J, offset, norm : (R, 2, 2), (R, 2), (R,) ndarray
        Affine map of each subregion and a bound on the norm of J.
    planes : (R, H, 3) ndarray
        Half-planes of each subregion, ``a x + b y + c >= 0`` with unit (a, b) or zeros.
    box : (4, 3) ndarray
        Half-planes of the box.
    tolerance : float
        Rounding of one step; what a polygon may miss grows from it by `norm` a step and is added to every cut.
    poly, count, slack : (K + 1, any, 2), (K + 1,), (K + 1,) ndarray
        Polygon of each prefix, its vertices, and by how much it may be too small.
    word, prime, upcoming : (K + 2,) ndarray of int64
        Symbols (from index 1), length of the longest Lyndon prefix at each depth, next symbol to try.
    meta : (8,) ndarray of int64
    words, lengths : (capacity, K), (capacity,) ndarray of int64
        Lyndon words found admissible.
    steps : int

    Returns
    -------
    int
        `DONE`, `BUDGET` or `FULL`.
    """
    regions = J.shape[0]
    longest = words.shape[1]
    other = np.empty((poly.shape[1], 2))
    scratch = np.empty((poly.shape[1], 2))
    first = meta[NODES]
    t = meta[DEPTH]
    if meta[STARTED] == 0:
        meta[STARTED] = 1
        t = 0
        upcoming[0] = 0
        prime[0] = 1
    while True:
        if meta[COUNT] >= words.shape[0]:
            meta[DEPTH] = t
            return FULL
        if meta[NODES] - first >= steps:
            meta[DEPTH] = t
            return BUDGET
        if t == longest or upcoming[t] >= regions:
            t -= 1
            if t < 0:
                meta[DEPTH] = t
                return DONE
            continue
        symbol = upcoming[t]
        upcoming[t] += 1
        meta[NODES] += 1
        n = count[t]
        target = poly[t + 1]
        for k in range(n):
            target[k, 0] = poly[t, k, 0]
            target[k, 1] = poly[t, k, 1]
        slack[t + 1] = norm[symbol] * slack[t] + tolerance
        n = _step(J, offset, planes, box, tolerance, target, n, slack[t], slack[t + 1], symbol, other)
        if n == 0:
            continue
        count[t + 1] = n
        # Prefixes of necklaces: the new symbol repeats the one `prime` back, or is larger and starts anew.
        word[t + 1] = symbol
        if t == 0:
            prime[1] = 1
        elif symbol == word[t + 1 - prime[t]]:
            prime[t + 1] = prime[t]
        else:
            prime[t + 1] = t + 1
        t += 1
        upcoming[t] = word[t + 1 - prime[t]]
        if prime[t] == t:
            # A cycle repeats its word for ever: follow it some laps more.
            for k in range(n):
                scratch[k, 0] = poly[t, k, 0]
                scratch[k, 1] = poly[t, k, 1]
            miss = slack[t]
            k = 0
            while n and k < LAPS * t:
                symbol = word[1 + k % t]
                grown = norm[symbol] * miss + tolerance
                n = _step(J, offset, planes, box, tolerance, scratch, n, miss, grown, symbol, other)
                miss = grown
                k += 1
            if n:
                for k in range(t):
                    words[meta[COUNT], k] = word[k + 1]
                lengths[meta[COUNT]] = t
                meta[COUNT] += 1
