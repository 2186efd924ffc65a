#!/usr/bin/env python3
"""Check a certificate that lists of fixed points or cycles of a network are complete: check_certificate.py FILE

It needs Python's standard library alone and computes in integers. What it proves, and why that is a proof, stands in
docs/certificate-format.md of plrnn-analysis; comments name its sections. The network is

    F(z) = A z + W x + h,   x = relu(y),   y = V z + c,   and   s = x - y >= 0,

so that each ReLU is off (x = 0) or on (s = 0). A set of ReLUs is an integer with one bit for each of them.
"""

import gzip
import hashlib
import json
import os
import sys
from math import gcd

LEAST, RATIO, MOST = 1 << 20, 100, 1 << 30  # a file may unpack to LEAST bytes or RATIO times its size, and to MOST
SIZE, BITS = 4096, 1 << 16  # the largest number of units or ReLUs, and of bits of a weight
CONSTANT = -1  # the key of the constant term of an equation


class Refused(Exception):
    """The certificate proves nothing."""


def need(condition, message):
    if not condition:
        raise Refused(message)


def integer(value):
    """An integer: a JSON number, or where it is long a string of hexadecimal digits."""
    need(type(value) in (int, str), f"{str(value)[:40]} is not an integer")
    return value if type(value) is int else int(value, 16)


def vector(values, length, kind=integer):
    need(type(values) is list and len(values) == length, f"a list of length {length} is missing")
    return [kind(value) for value in values]


def matrix(rows, height, width):
    return vector(rows, height, lambda row: vector(row, width))


def dot(a, b):
    return sum([x * y for x, y in zip(a, b)])


def read(path):
    """The certificate in a file that may be hostile."""
    need(os.path.isfile(path), "there is no such file")
    limit = min(MOST, LEAST + RATIO * os.path.getsize(path))
    with gzip.open(path) as file:
        text = file.read(limit + 1)
    need(len(text) <= limit, f"the file unpacks to more than {limit} bytes")
    return json.loads(text)


class Network:
    """The weights times 2**scale, which are integers; c and h have a row for each step of the input (section 2)."""

    def __init__(self, given):
        m, n, scale = (integer(given[name]) for name in ("units", "relus", "scale"))
        need(1 <= m <= SIZE and 0 <= n <= SIZE and 0 <= scale <= BITS, "the size or the scale is out of range")
        self.m, self.n, self.p, self.one = m, n, len(given["h"]), 1 << scale
        self.A, self.W, self.V = matrix(given["A"], m, m), matrix(given["W"], m, n), matrix(given["V"], n, m)
        self.c, self.h = matrix(given["c"], self.p, n), matrix(given["h"], self.p, m)
        entries = [v for rows in (self.A, self.W, self.V, self.c, self.h) for row in rows for v in row]
        need(all(v.bit_length() <= BITS for v in entries), "a weight is out of range")
        need(scale == 0 or any(v & 1 for v in entries), "the scale is not the smallest")
        self.fingerprint = hashlib.sha256(" ".join(f"{v:x}" for v in (m, n, scale, *entries)).encode()).hexdigest()


def without(row, key, pivot):
    """A positive multiple of a row, less a multiple of the pivot row that takes the key out of it, in lowest terms."""
    if key not in row:
        return row
    common = gcd(pivot[key], row[key])
    a, b = pivot[key] // common, row[key] // common
    result = {k: a * row.get(k, 0) - b * pivot.get(k, 0) for k in row.keys() | pivot.keys()}
    content = gcd(*result.values())
    return {k: v // content for k, v in result.items() if v}


class Equations:
    """What x and s of a point of period k fulfil once z is eliminated, in reduced echelon form (section 3)."""

    def __init__(self, network, k, base):
        def ring(rows, shift):  # for k states in a circle
            return [[v * (b == (t + shift) % k) for b in range(k) for v in row] for t in range(k) for row in rows]

        need(k * max(network.m, network.n) <= SIZE, "the period is out of range")
        self.sizes, self.turns, one = (network.m, network.n, network.one), range(network.p, k, network.p), network.one
        self.h = [v for t in range(k) for v in network.h[t % network.p]]
        self.c = [v for t in range(k) for v in network.c[(t + 1) % network.p]]
        self.W, self.V, A = ring(network.W, -1), ring(network.V, 0), ring(network.A, -1)
        self.K = [[one * (i == j) - v for j, v in enumerate(row)] for i, row in enumerate(A)]  # I - A
        self.m, self.n = m, n = len(self.h), len(self.c)
        need(type(base) is str and len(base) == n and set(base) <= {"0", "1"}, "the base is no bitcode")
        # F(z) = z, s = x - y, u = y_0 - y_t of ReLU 0, with the keys 0, 1, ... of the unknowns z, x, s, u in this order
        self.base, x, s = base, range(m, m + n), range(m + n, m + 2 * n)
        u = [m + 2 * n + r for r in range(len(self.turns) if n else 0)]
        self.dependent = [*(x[i] if bit == "1" else s[i] for i, bit in enumerate(base)), *u]
        self.free = [s[i] if bit == "1" else x[i] for i, bit in enumerate(base)]
        left = [{CONSTANT: -h, **dict(enumerate(a + [-v for v in w]))} for a, w, h in zip(self.K, self.W, self.h)]
        left += [{CONSTANT: c, **dict(enumerate(v)), i: -one, j: one} for v, c, i, j in zip(self.V, self.c, x, s)]
        for key, t in zip(u, self.turns):
            left.append({key: -one, **{j: v - w for j, (v, w) in enumerate(zip(self.V[0], self.V[t * network.n]))}})
        left, rows = [row for row in ({k: v for k, v in row.items() if v} for row in left) if row], {}
        for key in [*range(m), *self.dependent, *self.free]:
            if pivot := min((row for row in left if key in row), key=len, default=None):
                left = [row for row in left if row is not pivot]
                content = gcd(*pivot.values()) * (1 if pivot[key] > 0 else -1)
                pivot = {k: v // content for k, v in pivot.items()}
                left = [row for row in (without(row, key, pivot) for row in left) if row]
                if key >= m:
                    rows = {k: without(row, key, pivot) for k, row in rows.items()} | {key: pivot}
        self.solved, rows = list(rows) == self.dependent, [{CONSTANT: 1}] if left else list(rows.values())  # 0 = 1
        # Powers of two give the largest coefficients of all rows the same number of bits.
        lengths = [max((v.bit_length() for k, v in row.items() if k != CONSTANT), default=0) for row in rows]
        self.rows = [{k: v << max(lengths) - size for k, v in row.items()} for row, size in zip(rows, lengths)]
        columns = [[[(r, row[k]) for r, row in enumerate(self.rows) if k in row] for k in keys] for keys in (x, s, u)]
        self.columns, self.constants = columns, [row.get(CONSTANT, 0) for row in self.rows]

    def combine(self, multipliers, off, on):
        """Add up multiples of rows where x of `off` and s of `on` are zero: the constant, and which x, s and u have a
        positive coefficient; none has a negative one (section 4)."""
        multipliers, positive = vector(multipliers, len(self.rows)), [0, 0, 0]
        for side, (columns, zero) in enumerate(zip(self.columns, (off, on, 0))):
            for i, column in enumerate(columns):
                if not zero >> i & 1:
                    coefficient = sum([v * multipliers[r] for r, v in column])
                    need(coefficient >= 0, f"a coefficient of {'xsu'[side]}_{i} is negative")
                    positive[side] |= (coefficient > 0) << i
        return dot(multipliers, self.constants), *positive

    def check_unique(self, off, on, weights, factor):
        """At most one x and s have these units off and on: a quadratic form is positive definite (section 6)."""
        need(self.solved, "the base has no single solution")
        moving = [i for i, bit in enumerate(self.base) if not (on if bit == "1" else off) >> i & 1]
        weights, factor = vector(weights, len(moving)), [vector(row, k + 1) for k, row in enumerate(factor)]
        rows = [[w * self.rows[i].get(self.free[j], 0) for j in moving] for w, i in zip(weights, moving)]
        form = [[-a - b for a, b in zip(row, column)] for row, column in zip(rows, zip(*rows))]
        need(min(weights, default=1) > 0, "a weight is not positive")
        need(len(factor) == len(form) and all(row[-1] for row in factor), "the factor is not regular")
        for k, row in enumerate([dot(row, column) for column in form] for row in factor):
            values = [dot(row, other) for other in factor]
            need(2 * values[k] > sum(map(abs, values)), "the quadratic form is not shown to be positive definite")


def rank(rows, modulus):
    """The rank of an integer matrix among residues, which is at most its rank."""
    rows, found = [[v % modulus for v in row] for row in rows], 0
    while rows:
        pivot = rows.pop()
        if (at := next((j for j, v in enumerate(pivot) if v), None)) is not None:
            found, inverse = found + 1, pow(pivot[at], -1, modulus)
            for i, row in enumerate(rows):
                if factor := row[at] * inverse % modulus:
                    rows[i] = [(v - factor * p) % modulus for v, p in zip(row, pivot)]
    return found


class Solution:
    """A periodic point, or an affine piece of such points, that is what it is said to be (section 5)."""

    def __init__(self, given, equations, modulus):
        (units, relus, one), m, W, V = equations.sizes, equations.m, equations.W, equations.V
        q, p, bits = integer(given["denominator"]), vector(given["state"], m), given["bits"]
        y = [dot(row, p) + c * q for row, c in zip(V, equations.c)]
        need(q > 0 and bits == "".join("1" if v > 0 else "0" for v in y), "a bitcode is not that of its state")
        words = {t: bits[t * relus :] + bits[: t * relus] for t in (0, *equations.turns)}  # the circle turned
        self.turned = {t: int("0" + word[::-1], 2) for t, word in words.items()}
        self.on, self.off = self.turned[0], self.turned[0] ^ (1 << equations.n) - 1
        self.negative = sum(1 << i for i, v in enumerate(y) if v < 0)
        singular = []  # I - J in the subregion
        for a, w, h in zip(equations.K, W, equations.h):
            active = [k for k, v in enumerate(w) if v and y[k] > 0]
            need(one * (dot(a, p) - h * q) == sum([w[k] * y[k] for k in active]), "a listed state is no fixed point")
            singular.append([one * v - sum([w[k] * V[k][j] for k in active]) for j, v in enumerate(a)])
        directions = matrix(given["directions"], len(given["directions"]), m)
        for row in [*singular, *(row for row, v in zip(V, y) if v == 0)]:
            need(not any(dot(row, d) for d in directions), "a direction leads away from the fixed points")
        constant, _, still, compared = equations.combine(given["multipliers"], self.off, self.on)
        need(constant == 0 == compared, "the constant of a solution's multipliers is not zero")
        singular += [V[i] for i, v in enumerate(y) if v == 0 and still >> i & 1]  # zero on the whole set
        self.dimension = len(directions)
        need(rank(singular, modulus) >= m - self.dimension, "the set of a solution is not shown to be so small")
        need(rank(directions, modulus) == self.dimension, "the directions of a solution are not independent")
        self.repeats = any(all(v[t * units :] + v[: t * units] == v for v in (p, *directions)) for t in equations.turns)


def check(document):
    """Check a certificate; returns the network, the solutions of each period and the number of nodes of each kind."""
    need((document["format"], document["version"]) == ("plrnn-certificate", 2), "the format or its version is unknown")
    network, modulus, periods = Network(document["network"]), integer(document["modulus"]), {}
    counts = {"branch": 0, "refute": 0, "force": 0, "solution": 0, "unique": 0}
    need(document["periods"], "no period is listed")
    for k, part in enumerate(document["periods"], 1):
        equations = Equations(network, k * network.p, part["base"])
        solutions = periods[k * network.p] = [Solution(given, equations, modulus) for given in part["solutions"]]
        words = [word for solution in solutions for word in set(solution.turned.values())]
        need(len(words) == len(set(words)), "a solution stands twice")
        for one in (solution for solution in solutions if solution.negative != solution.off):
            need(sum(one.on & ~w == 0 == one.negative & w for w in words) == 1, "a solution lies in another")
        nodes = [(0, 0)]  # those whose turn comes, the next one last: the units whose x, and whose s, is zero
        for step in part["proof"]:
            need(nodes, "the proof goes on after its end")
            off, on = nodes.pop()
            kind, *given = ("branch", step) if type(step) is int else step
            counts[kind] += 1
            if kind == "branch":
                need(0 <= step < equations.n and not (off | on) >> step & 1, "a branch on a ReLU that is decided")
                nodes += [(off, on | 1 << step), (off | 1 << step, on)]
            elif kind in ("refute", "force"):
                constant, x, s, _ = equations.combine(*given, off, on)
                need(constant > 0 if kind == "refute" else constant == 0 and x | s, "multipliers show nothing")
                nodes += [(off | x, on | s)] if kind == "force" else []
            elif kind == "solution":
                word = solutions[given[0]].turned[given[1]]
                need(word & ~on == 0 and (word | off) + 1 == 1 << equations.n, "a node does not lie in its solution")
            else:
                solution = solutions[given[0]]
                need(off & solution.on == 0 == on & solution.negative, "a solution does not lie in its node")
                equations.check_unique(off, on, *given[1:])
        need(not nodes, "the proof ends too early")
    return network, periods, counts


def main(arguments):
    """Check the file that is named and say what it proves; the exit code is 1 if it proves nothing."""
    if len(arguments) != 1:
        return print(__doc__) or 2
    try:
        network, periods, counts = check(read(arguments[0]))
    except Exception as error:  # whatever is missing or of a wrong kind in the file
        return print("REFUSED:", error if type(error) is Refused else f"no certificate ({error!r:.100})") or 1
    print(f"network: {network.m} units, {network.n} ReLUs, SHA-256 {network.fingerprint}")
    print("proof: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    for period, solutions in periods.items():
        points = [solution.dimension == 0 for solution in solutions if not solution.repeats]
        print(f"VERIFIED: period {period}: {sum(points)} isolated, {points.count(False)} continua, and no others")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
