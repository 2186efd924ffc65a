"""Whether a certificate is right, by docs/certificate-format.md read literally: fractions, dense matrices, recursion.

A second implementation, for networks of a few units. It shares nothing with the checker but that page: sets are sets,
ranks are those of rational matrices, and what a solution is comes from the exhaustive exact oracle.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import exact_oracle
from exact_rational import ZERO, dot, rank


class Wrong(Exception):
    """The certificate is wrong."""


def must(condition):
    if not condition:
        raise Wrong


def is_right(document):
    """Whether a certificate (a document as JSON gives it) proves what it lists. Its modulus is not looked at."""
    try:
        _check(document)
    except (Wrong, IndexError, ValueError, ZeroDivisionError):
        return False
    return True


def number(value):
    return Fraction(value if isinstance(value, int) else int(value, 16))


def numbers(values, length):
    must(len(values) == length)
    return [number(value) for value in values]


def _check(document):
    given = document["network"]
    m, n, one = given["units"], given["relus"], Fraction(2) ** given["scale"]
    weights = [[number(v) / one for v in row] for name in "AWV" for row in given[name]]
    A, W, V = weights[:m], weights[m : 2 * m], weights[2 * m :]
    c, h = [number(v) / one for v in given["c"]], [number(v) / one for v in given["h"]]
    must(len(A) == len(W) == len(h) == m and len(V) == len(c) == n)
    must(all(len(row) == m for row in (*A, *V)) and all(len(row) == n for row in W))
    entries = [number(v) for part in (*given["A"], *given["W"], *given["V"], given["c"], given["h"]) for v in part]
    must(not given["scale"] or any(v % 2 for v in entries))
    system = exact_oracle.System(A, W, V, c, h, [[] for _ in h], [[] for _ in c])
    rows = equations(system, document["base"])
    solutions = [_solution(system, rows, solution) for solution in document["solutions"]]
    for i, one_signs in enumerate(solutions):
        for j, other in enumerate(solutions):
            must(i == j or any(a > 0 >= b or a < 0 < b for a, b in zip(one_signs, other)))
    must(_node(document, rows, solutions, 0, frozenset(), frozenset()) == len(document["proof"]))


def equations(system, base):
    """Rows over x, s and the constant, as section 3 says."""
    m, n = system.m, system.n
    must(len(base) == n and set(base) <= {"0", "1"})
    x, s = list(range(n)), list(range(n, 2 * n))
    order = [x[i] if base[i] == "1" else s[i] for i in range(n)] + [s[i] if base[i] == "1" else x[i] for i in range(n)]
    table = []
    for i in range(m):
        unknowns = [-w for w in system.W[i]] + [ZERO] * n
        table.append([(i == j) - system.A[i][j] for j in range(m)] + [unknowns[k] for k in order] + [-system.h[i]])
    for i in range(n):
        unknowns = [ZERO] * (2 * n)
        unknowns[i], unknowns[n + i] = Fraction(-1), Fraction(1)
        table.append([*system.V[i], *(unknowns[k] for k in order), system.c[i]])
    kept = []
    for pivot, row in reduced_echelon(table):
        if pivot == m + 2 * n:
            return [[ZERO] * (2 * n) + [Fraction(1)]]
        if pivot >= m:
            common = lcm(*(v.denominator for v in row))
            whole = [int(v * common) for v in row]
            whole = [v // gcd(*whole) for v in whole]
            kept.append([whole[m + order.index(k)] for k in range(2 * n)] + [whole[-1]])
    sizes = [max(abs(v) for v in row[:-1]).bit_length() for row in kept]
    return [[Fraction(v << (max(sizes) - size)) for v in row] for row, size in zip(kept, sizes)]


def reduced_echelon(table):
    """Pairs of a pivot column and its row."""
    table, done = [list(row) for row in table], 0
    pivots = []
    for column in range(len(table[0]) if table else 0):
        pick = next((i for i in range(done, len(table)) if table[i][column]), None)
        if pick is None:
            continue
        table[done], table[pick] = table[pick], table[done]
        table[done] = [v / table[done][column] for v in table[done]]
        for i, row in enumerate(table):
            if i != done and row[column]:
                table[i] = [v - row[column] * p for v, p in zip(row, table[done])]
        pivots.append(column)
        done += 1
    return list(zip(pivots, table))


def combined(rows, multipliers, off, on):
    """The constant, and the units whose x, and whose s, have a positive coefficient."""
    multipliers = numbers(multipliers, len(rows))
    total = [dot(multipliers, column) for column in zip(*rows)]
    n = (len(total) - 1) // 2 if rows else 0
    alpha, beta, gamma = total[:n], total[n : 2 * n], total[-1] if rows else ZERO
    must(all(alpha[i] >= 0 for i in range(n) if i not in off) and all(beta[i] >= 0 for i in range(n) if i not in on))
    return (
        gamma,
        {i for i in range(n) if i not in off and alpha[i] > 0},
        {i for i in range(n) if i not in on and beta[i] > 0},
    )


def _solution(system, rows, given):
    """Signs of the arguments of a solution that is right."""
    m, n = system.m, system.n
    q = number(given["denominator"])
    must(q > 0)
    z = [p / q for p in numbers(given["state"], m)]
    y = system.arguments(z)
    must(system.step(z) == z and given["bits"] == "".join("1" if v > 0 else "0" for v in y))
    bits = tuple(int(bit) for bit in given["bits"])
    piece = exact_oracle.piece_of([system], 1, (bits,))
    directions = [numbers(d, m) for d in given["directions"]]
    spanned = [path[0] for path in piece.directions]
    must(rank(directions, m) == len(directions) == piece.dimension == rank([*directions, *spanned], m))
    # In the relative interior: nothing is zero that is not zero throughout.
    must([v == 0 for v in y] == [v == 0 for v in piece.y[0]])
    still = set()
    off, on = {i for i in range(n) if not bits[i]}, {i for i in range(n) if bits[i]}
    if given["multipliers"] is not None:
        gamma, _, still = combined(rows, given["multipliers"], off, on)
        must(gamma == 0)
    J, _ = system.affine(bits)
    equal = [[(i == j) - J[i][j] for j in range(m)] for i in range(m)]
    equal += [system.V[i] for i in range(n) if y[i] == 0 and i in still]
    must(rank(equal, m) == m - len(directions))
    return y


def _node(document, rows, solutions, at, off, on):
    """Check the node whose step stands at a place; returns the place after all that is below it."""
    must(at < len(document["proof"]))
    step = document["proof"][at]
    if isinstance(step, int):
        must(0 <= step < len(document["base"]) and step not in off | on)
        after = _node(document, rows, solutions, at + 1, off | {step}, on)
        return _node(document, rows, solutions, after, off, on | {step})
    kind, *evidence = step
    if kind == "refute":
        must(combined(rows, *evidence, off, on)[0] > 0)
        return at + 1
    if kind == "force":
        gamma, x, s = combined(rows, *evidence, off, on)
        must(gamma == 0 and x | s)
        return _node(document, rows, solutions, at + 1, off | x, on | s)
    signs = solutions[evidence[0]]
    if kind == "solution":
        must(all((i in on) if v > 0 else (i in off) for i, v in enumerate(signs)))
        return at + 1
    must(kind == "unique" and all(signs[i] <= 0 for i in off) and all(signs[i] >= 0 for i in on))
    _unique(document["base"], rows, off, on, *evidence[1:])
    return at + 1


def _unique(base, rows, off, on, weights, factor):
    n = len(base)
    pivot, free = ([i if (bit == "1") == first else n + i for i, bit in enumerate(base)] for first in (True, False))
    must(len(rows) == n and all((rows[i][pivot[j]] != 0) == (i == j) for i in range(n) for j in range(n)))
    moving = [i for i in range(n) if i not in (on if base[i] == "1" else off)]
    weights = numbers(weights, len(moving))
    must(all(w > 0 for w in weights) and len(factor) == len(moving))
    Q = [
        [-(v * rows[i][free[j]] + w * rows[j][free[i]]) for w, j in zip(weights, moving)]
        for v, i in zip(weights, moving)
    ]
    L = [numbers(row, k + 1) + [ZERO] * (len(moving) - k - 1) for k, row in enumerate(factor)]
    must(all(L[k][k] for k in range(len(L))))
    for k, row in enumerate(L):
        image = [dot(row, column) for column in zip(*Q)]
        product = [dot(image, other) for other in L]
        must(product[k] > sum(abs(v) for i, v in enumerate(product) if i != k))
