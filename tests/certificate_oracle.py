"""Whether a certificate is right, by docs/certificate-format.md read literally: fractions, dense matrices, recursion.

A second implementation, for networks of a few units. It shares nothing with the checker but that page: sets are sets,
ranks are those of rational matrices, and what a solution is comes from the exhaustive exact oracle.
"""

from __future__ import annotations

from dataclasses import dataclass
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
        steps = network(document["network"])
        must(document["periods"])
        for count, part in enumerate(document["periods"], 1):
            _check(part, Ring(steps * count, len(steps)))
    except (Wrong, IndexError, ValueError, ZeroDivisionError):
        return False
    return True


def number(value):
    return Fraction(value if isinstance(value, int) else int(value, 16))


def numbers(values, length):
    must(len(values) == length)
    return [number(value) for value in values]


def network(given):
    """The network under each step of its input."""
    m, n, one = given["units"], given["relus"], Fraction(2) ** given["scale"]
    parts = {name: [[number(v) for v in row] for row in given[name]] for name in "AWVch"}
    must(len(parts["A"]) == len(parts["W"]) == m and len(parts["V"]) == n and len(parts["c"]) == len(parts["h"]) > 0)
    must(all(len(row) == m for name in "AVh" for row in parts[name]))
    must(all(len(row) == n for name in "Wc" for row in parts[name]))
    must(not given["scale"] or any(v % 2 for rows in parts.values() for row in rows for v in row))
    A, W, V, c, h = ([[v / one for v in row] for row in parts[name]] for name in "AWVch")
    return [exact_oracle.System(A, W, V, *offsets, [[] for _ in A], [[] for _ in V]) for offsets in zip(c, h)]


@dataclass(frozen=True)
class Ring:
    """States in a circle; `maps[t]` leads into position t, and turns by multiples of `shift` change nothing."""

    maps: list
    shift: int

    @property
    def k(self):
        return len(self.maps)

    @property
    def turns(self):
        return range(0, self.k, self.shift)

    @property
    def system(self):
        """The map of all states at once."""
        one, k = self.maps[0], self.k

        def placed(rows, t, width):
            return [[ZERO] * (t * width) + row + [ZERO] * ((k - 1 - t) * width) for row in rows]

        A = [row for t in range(k) for row in placed(one.A, (t - 1) % k, one.m)]
        W = [row for t in range(k) for row in placed(one.W, (t - 1) % k, one.n)]
        V = [row for t in range(k) for row in placed(one.V, t, one.m)]
        c = [v for t in range(k) for v in self.maps[(t + 1) % k].c]
        return exact_oracle.System(
            A, W, V, c, [v for map in self.maps for v in map.h], [[] for _ in A], [[] for _ in V]
        )

    def compared(self):
        """The ReLUs that may read no more than the first one."""
        return [t * self.maps[0].n for t in self.turns if t and self.maps[0].n]


def _check(part, ring):
    rows = equations(ring, part["base"])
    solutions = [_solution(ring, rows, solution) for solution in part["solutions"]]
    for i, one in enumerate(solutions):
        for other in solutions[:i] + solutions[i + 1 :]:
            for turn in ring.turns:
                signs = turned(other, turn * ring.maps[0].n)
                must(any(a > 0 >= b or a < 0 < b for a, b in zip(one, signs)))
    must(_node(part, ring, rows, solutions, 0, frozenset(), frozenset()) == len(part["proof"]))


def turned(values, by):
    return values[by:] + values[:by]


def equations(ring, base):
    """Rows over x, s, u and the constant, as section 3 says."""
    system, compared = ring.system, ring.compared()
    m, n = system.m, system.n
    must(len(base) == n and set(base) <= {"0", "1"})
    x, s, u = list(range(n)), list(range(n, 2 * n)), list(range(2 * n, 2 * n + len(compared)))
    order = [x[i] if base[i] == "1" else s[i] for i in range(n)] + u
    order += [s[i] if base[i] == "1" else x[i] for i in range(n)]
    table = []
    for i in range(m):
        unknowns = [-w for w in system.W[i]] + [ZERO] * (n + len(u))
        table.append([(i == j) - system.A[i][j] for j in range(m)] + [unknowns[k] for k in order] + [-system.h[i]])
    for i in range(n):
        unknowns = [ZERO] * len(order)
        unknowns[i], unknowns[n + i] = Fraction(-1), Fraction(1)
        table.append([*system.V[i], *(unknowns[k] for k in order), system.c[i]])
    for column, i in zip(u, compared):
        unknowns = [ZERO] * len(order)
        unknowns[column], unknowns[0], unknowns[n], unknowns[i], unknowns[n + i] = map(Fraction, (-1, 1, -1, -1, 1))
        table.append([ZERO] * m + [unknowns[k] for k in order] + [ZERO])
    kept = []
    for pivot, row in reduced_echelon(table):
        if pivot == m + len(order):
            return [[ZERO] * len(order) + [Fraction(1)]]
        if pivot >= m:
            common = lcm(*(v.denominator for v in row))
            whole = [int(v * common) for v in row]
            whole = [v // gcd(*whole) for v in whole]
            kept.append([whole[m + order.index(k)] for k in range(len(order))] + [whole[-1]])
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


def combined(ring, rows, multipliers, off, on):
    """The constant, the units whose x, and whose s, have a positive coefficient, and the coefficients of u."""
    multipliers = numbers(multipliers, len(rows))
    n = ring.k * ring.maps[0].n
    total = [dot(multipliers, column) for column in zip(*rows)] or [ZERO] * (2 * n + len(ring.compared()) + 1)
    alpha, beta, compared, gamma = total[:n], total[n : 2 * n], total[2 * n : -1], total[-1]
    must(all(alpha[i] >= 0 for i in range(n) if i not in off) and all(beta[i] >= 0 for i in range(n) if i not in on))
    must(all(v >= 0 for v in compared))
    return (
        gamma,
        {i for i in range(n) if i not in off and alpha[i] > 0},
        {i for i in range(n) if i not in on and beta[i] > 0},
        compared,
    )


def _solution(ring, rows, given):
    """Signs of the arguments of a solution that is right."""
    system, k = ring.system, ring.k
    m, n = system.m, system.n
    q = number(given["denominator"])
    must(q > 0)
    z = [p / q for p in numbers(given["state"], m)]
    y = system.arguments(z)
    must(system.step(z) == z and given["bits"] == "".join("1" if v > 0 else "0" for v in y))
    bits = tuple(int(bit) for bit in given["bits"])
    word = tuple(bits[t * n // k : (t + 1) * n // k] for t in range(k))
    turn = min(ring.turns, key=lambda t: turned(word, t))
    piece = exact_oracle.piece_of(ring.maps, ring.shift, turned(word, turn))
    directions = [numbers(d, m) for d in given["directions"]]
    spanned = [[v for state in turned(path, k - turn) for v in state] for path in piece.directions]
    must(rank(directions, m) == len(directions) == piece.dimension == rank([*directions, *spanned], m))
    # In the relative interior: nothing is zero that is not zero throughout.
    must([v == 0 for v in y] == [v == 0 for state in turned(piece.y, k - turn) for v in state])
    off, on = {i for i in range(n) if not bits[i]}, {i for i in range(n) if bits[i]}
    gamma, _, still, compared = combined(ring, rows, given["multipliers"], off, on)
    must(gamma == 0 and not any(compared))
    J, _ = system.affine(bits)
    equal = [[(i == j) - J[i][j] for j in range(m)] for i in range(m)]
    equal += [system.V[i] for i in range(n) if y[i] == 0 and i in still]
    must(rank(equal, m) == m - len(directions))
    return y


def _node(part, ring, rows, solutions, at, off, on):
    """Check the node whose step stands at a place; returns the place after all that is below it."""
    must(at < len(part["proof"]))
    step = part["proof"][at]
    if isinstance(step, int):
        must(0 <= step < len(part["base"]) and step not in off | on)
        after = _node(part, ring, rows, solutions, at + 1, off | {step}, on)
        return _node(part, ring, rows, solutions, after, off, on | {step})
    kind, *evidence = step
    if kind == "refute":
        must(combined(ring, rows, *evidence, off, on)[0] > 0)
        return at + 1
    if kind == "force":
        gamma, x, s, _ = combined(ring, rows, *evidence, off, on)
        must(gamma == 0 and x | s)
        return _node(part, ring, rows, solutions, at + 1, off | x, on | s)
    signs = solutions[evidence[0]]
    if kind == "solution":
        must(evidence[1] in ring.turns)
        signs = turned(signs, evidence[1] * ring.maps[0].n)
        must(all((i in on) if v > 0 else (i in off) for i, v in enumerate(signs)))
        return at + 1
    must(kind == "unique" and all(signs[i] <= 0 for i in off) and all(signs[i] >= 0 for i in on))
    _unique(part["base"], rows, off, on, *evidence[1:])
    return at + 1


def _unique(base, rows, off, on, weights, factor):
    n, width = len(base), len(rows[0]) - 1 if rows else 0
    pivot, free = ([i if (bit == "1") == first else n + i for i, bit in enumerate(base)] for first in (True, False))
    pivot += range(2 * n, width)
    must(len(rows) == len(pivot))
    must(all((rows[i][column] != 0) == (i == j) for i in range(len(rows)) for j, column in enumerate(pivot)))
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
