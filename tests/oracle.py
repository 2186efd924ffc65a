"""The slow, obvious answers. Imports only NumPy (and the standard library's fractions).

`brute_force` solves every one of the 2^H subregions in floats and says which systems are too close
to a boundary to have a clear answer. `exact` does the same in rationals, degenerate cases included.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np


def brute_force(A, W, V, c, h, band=1e-7):
    """Fixed points of z = A z + W relu(V z + c) + h over all sign patterns.

    Returns (list of (bits, z), ambiguous): ambiguous if some pattern's solution has a ReLU argument
    within `band` (relative) of zero with all other signs right, or I - J is nearly singular.
    """
    m, n = A.shape[0], V.shape[0]
    patterns = np.array(list(product((False, True), repeat=n)), dtype=bool).reshape(2**n, n)
    J = A + np.einsum("mh,rh,hk->rmk", W, patterns.astype(float), V)
    offset = h + (patterns * c) @ W.T
    K = np.eye(m) - J
    smallest = np.linalg.svd(K, compute_uv=False)
    if np.any(smallest[:, -1] < 1e-8 * smallest[:, 0]):
        return [], True
    z = np.linalg.solve(K, offset[..., None])[..., 0]
    y = z @ V.T + c
    side = np.where(patterns, y, -y)
    scale = band * (1.0 + np.abs(y).max(axis=1, initial=0.0))[:, None]
    if np.any(np.all(side > -scale, axis=1) & np.any(np.abs(side) <= scale, axis=1)):
        return [], True
    inside = np.all(side > 0.0, axis=1)
    return [(patterns[i], z[i]) for i in np.flatnonzero(inside)], False


def _solve(matrix, rhs):
    """Particular solution and null-space basis of a rational system; None if inconsistent."""
    rows = [list(row) + [value] for row, value in zip(matrix, rhs)]
    n = len(matrix[0])
    pivots = []
    r = 0
    for col in range(n):
        pick = next((i for i in range(r, len(rows)) if rows[i][col] != 0), None)
        if pick is None:
            continue
        rows[r], rows[pick] = rows[pick], rows[r]
        inv = 1 / rows[r][col]
        rows[r] = [v * inv for v in rows[r]]
        for i in range(len(rows)):
            if i != r and rows[i][col] != 0:
                f = rows[i][col]
                rows[i] = [a - f * b for a, b in zip(rows[i], rows[r])]
        pivots.append(col)
        r += 1
    if any(row[-1] != 0 for row in rows[r:]):
        return None
    point = [Fraction(0)] * n
    for i, col in enumerate(pivots):
        point[col] = rows[i][-1]
    basis = []
    for free in (col for col in range(n) if col not in pivots):
        vector = [Fraction(0)] * n
        vector[free] = Fraction(1)
        for i, col in enumerate(pivots):
            vector[col] = -rows[i][free]
        basis.append(vector)
    return point, basis


def _feasible(constraints, k):
    """Fourier-Motzkin: is there t with a.t + b >= 0 (or > 0 where strict) for all (a, b, strict)?"""
    current = [(list(a), b, s) for a, b, s in constraints]
    for var in range(k):
        lower = [c for c in current if c[0][var] > 0]
        upper = [c for c in current if c[0][var] < 0]
        rest = [c for c in current if c[0][var] == 0]
        for a, b, s in lower:
            for a2, b2, s2 in upper:
                p, q = a[var], -a2[var]
                rest.append(([q * x + p * y for x, y in zip(a, a2)], q * b + p * b2, s or s2))
        unique = {}
        for a, b, s in rest:
            size = next((abs(x) for x in a if x != 0), Fraction(1))
            key = (tuple(x / size for x in a), b / size)
            unique[key] = unique.get(key, False) or s
        current = [(list(a), b, s) for (a, b), s in unique.items()]
    return all(b > 0 if s else b >= 0 for _, b, s in current)


def exact(A, W, V, c, h):
    """Fixed points of an integer (or rational) system in exact arithmetic.

    Returns (points, continua): `points` the isolated ones as (support, z) with Fraction entries,
    `continua` a dict support -> dimension. A support is the tuple of units with y > 0; a continuum is
    named by the support of its relative interior. Faces of a continuum are not listed beside it.
    """
    F = Fraction
    A, W, V = ([[F(v) for v in row] for row in M] for M in (A, W, V))
    c, h = [F(v) for v in c], [F(v) for v in h]
    m, n = len(A), len(V)
    found = []
    for bits in product((0, 1), repeat=n):
        J = [[A[i][j] + sum(W[i][k] * V[k][j] for k in range(n) if bits[k]) for j in range(m)] for i in range(m)]
        offset = [h[i] + sum(W[i][k] * c[k] for k in range(n) if bits[k]) for i in range(m)]
        K = [[(1 if i == j else 0) - J[i][j] for j in range(m)] for i in range(m)]
        solved = _solve(K, offset)
        if solved is None:
            continue
        point, basis = solved
        k = len(basis)
        rows = []
        for i in range(n):
            value = sum(V[i][j] * point[j] for j in range(m)) + c[i]
            slope = [sum(V[i][j] * vector[j] for j in range(m)) for vector in basis]
            rows.append((slope, value, True) if bits[i] else ([-s for s in slope], -value, False))
        if not _feasible(rows, k):
            continue
        flat = []
        for slope, value, strict in rows:
            if not strict and not _feasible([*rows, (slope, value, True)], k):
                flat.append(slope)
        rank = 0
        if flat and k:
            rank = k - len(_solve(flat, [F(0)] * len(flat))[1])
        found.append((bits, point, basis, rows, k - rank))
    continua = {bits: dim for bits, _, _, _, dim in found if dim > 0}

    def on_closure(z, piece):
        _, point, basis, rows, _ = piece
        difference = [a - b for a, b in zip(z, point)]
        solved = _solve([[vector[i] for vector in basis] for i in range(m)], difference)
        return solved is not None and all(
            sum(s * t for s, t in zip(slope, solved[0])) + value >= 0 for slope, value, _ in rows
        )

    big = [piece for piece in found if piece[4] > 0]
    points = []
    for piece in found:
        bits, point, basis, rows, dim = piece
        if dim == 0:
            z = point if not basis else _unique_point(point, basis, rows)
            if not any(on_closure(z, other) for other in big):
                points.append((bits, z))
    # A continuum on the boundary of one of higher dimension: its support's inequalities all hold there.
    inner = {}
    for piece in big:
        if not any(other[4] > piece[4] and _contained(piece, other, m) for other in big):
            inner[piece[0]] = piece[4]
    return points, inner if continua else {}


def _unique_point(point, basis, rows):
    """The single point of a polyhedron known to be one: the flat rows determine it."""
    flat = [
        (slope, -value)
        for slope, value, strict in rows
        if not strict and not _feasible([*rows, (slope, value, True)], len(basis))
    ]
    t = _solve([slope for slope, _ in flat], [value for _, value in flat])[0]
    return [p + sum(t[i] * basis[i][j] for i in range(len(basis))) for j, p in enumerate(point)]


def _contained(piece, other, m):
    """Whether every point of `piece` lies in the closure of `other`."""
    _, point, basis, rows, _ = piece
    _, point2, basis2, rows2, _ = other
    matrix = [[vector[i] for vector in basis2] for i in range(m)]
    start = _solve(matrix, [a - b for a, b in zip(point, point2)])
    # The affine hull of `piece` may be smaller than its affine space: use only feasible points.
    k = len(basis)
    if start is None and k == 0:
        return False
    # other's inequalities, and its equations, in the coordinates of piece
    equations = _complement(basis2, m)
    tests = []
    for normal in equations:
        value = sum(nv * (a - b) for nv, a, b in zip(normal, point, point2))
        slope = [sum(nv * vector[i] for i, nv in enumerate(normal)) for vector in basis]
        tests += [(slope, value), ([-s for s in slope], -value)]
    # rows2 as functions of z: recover gradients through the basis of other is not possible off its
    # space, so they are tested where the equations hold.
    if any(_feasible([*rows, ([-s for s in slope], -value, True)], k) for slope, value in tests):
        return False
    pseudo = _right_inverse(basis2, m)
    for slope2, value2, _ in rows2:
        gradient = [sum(slope2[a] * pseudo[a][i] for a in range(len(basis2))) for i in range(m)]
        value = value2 + sum(gr * (p - q) for gr, p, q in zip(gradient, point, point2))
        slope = [sum(gradient[i] * vector[i] for i in range(m)) for vector in basis]
        if _feasible([*rows, ([-s for s in slope], -value, True)], k):
            return False
    return True


def _complement(basis, m):
    return (
        _solve(basis, [Fraction(0)] * len(basis))[1]
        if basis
        else [[Fraction(int(i == j)) for j in range(m)] for i in range(m)]
    )


def _right_inverse(basis, m):
    """Rows a with a_i . v_j = delta_ij for the basis vectors v_j: (B B^T)^-1 B."""
    k = len(basis)
    gram = [[sum(x * y for x, y in zip(u, v)) for v in basis] for u in basis]
    columns = [_solve(gram, [Fraction(int(i == j)) for i in range(k)])[0] for j in range(k)]
    return [[sum(columns[b][a] * basis[b][i] for b in range(k)) for i in range(m)] for a in range(k)]


def brute_force_cycles(A, W, V, c, h, period, band=1e-7):
    """Cycles of minimal period `period` over all words, by composing the affine maps of each word.

    Returns (dict canonical word -> orbit (period, M)), ambiguous) with words as tuples of bit tuples.
    """
    m, n = A.shape[0], V.shape[0]
    found = {}
    for flat in product((0, 1), repeat=n * period):
        word = [flat[t * n : (t + 1) * n] for t in range(period)]
        rotations = [tuple(word[r:] + word[:r]) for r in range(period)]
        if tuple(word) != min(rotations):
            continue
        J, offset = np.eye(m), np.zeros(m)
        for bits in word:
            D = np.diag(np.array(bits, dtype=float))
            step = A + W @ D @ V
            J, offset = step @ J, step @ offset + h + W @ D @ c
        K = np.eye(m) - J
        sizes = np.linalg.svd(K, compute_uv=False)
        if sizes[-1] < 1e-8 * sizes[0]:
            return {}, True
        z = np.linalg.solve(K, offset)
        orbit = []
        for _ in range(period):
            orbit.append(z)
            z = A @ z + W @ np.maximum(V @ z + c, 0.0) + h
        orbit = np.array(orbit)
        y = orbit @ V.T + c
        side = np.where(np.array(word, dtype=bool).reshape(period, n), y, -y)
        scale = band * (1.0 + np.abs(y).max(initial=0.0))
        if np.all(side > -scale) and np.any(np.abs(side) <= scale):
            return {}, True
        if np.all(side > 0.0) and len(set(rotations)) == period:
            found[tuple(word)] = orbit
    return found, False
