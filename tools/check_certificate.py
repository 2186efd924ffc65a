#!/usr/bin/env python3
"""Check a certificate that a list of fixed points of a network is complete: check_certificate.py net.cert.json.gz

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
from operator import mul

# A file is read if it unpacks to at most RATIO times its size (or LEAST bytes), and to no more than MOST bytes.
LEAST, RATIO, MOST = 1 << 20, 100, 1 << 30
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
    return sum(map(mul, a, b))


def read(path):
    """The certificate in a file that may be hostile."""
    need(os.path.isfile(path), "there is no such file")
    limit = min(MOST, LEAST + RATIO * os.path.getsize(path))
    with gzip.open(path) as file:
        text = file.read(limit + 1)
    need(len(text) <= limit, f"the file unpacks to more than {limit} bytes")
    return json.loads(text)


class Network:
    """The weights times 2**scale, which are integers (section 2)."""

    def __init__(self, given):
        m, n, scale = (integer(given[name]) for name in ("units", "relus", "scale"))
        need(1 <= m <= SIZE and 0 <= n <= SIZE and 0 <= scale <= BITS, "the size or the scale is out of range")
        self.m, self.n, self.one = m, n, 1 << scale
        self.A, self.W, self.V = matrix(given["A"], m, m), matrix(given["W"], m, n), matrix(given["V"], n, m)
        self.c, self.h = vector(given["c"], n), vector(given["h"], m)
        entries = [v for rows in (self.A, self.W, self.V, [self.c, self.h]) for row in rows for v in row]
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
    """What x and s fulfil once z is eliminated, in reduced echelon form (section 3)."""

    def __init__(self, network, base):
        m, n = network.m, network.n
        need(type(base) is str and len(base) == n and set(base) <= {"0", "1"}, "the base is no bitcode")
        self.base, x, s = base, range(m, m + n), range(m + n, m + 2 * n)
        self.dependent = [x[i] if bit == "1" else s[i] for i, bit in enumerate(base)]
        self.free = [s[i] if bit == "1" else x[i] for i, bit in enumerate(base)]
        # F(z) = z and s = x - y, whose unknowns z, x and s have the keys 0, 1, ... in this order
        left, rows, self.pivots = [], [], []
        for i, (a, w, h) in enumerate(zip(network.A, network.W, network.h)):
            left.append({CONSTANT: -h, **{k: -v for k, v in enumerate(a + w)}})
            left[i][i] += network.one
        for i, (v, c) in enumerate(zip(network.V, network.c)):
            left.append({CONSTANT: c, **dict(enumerate(v)), x[i]: -network.one, s[i]: network.one})
        left = [{key: v for key, v in row.items() if v} for row in left]
        for key in [*range(m), *self.dependent, *self.free]:
            if pivot := min((row for row in left if key in row), key=len, default=None):
                left = [row for row in left if row is not pivot]
                content = gcd(*pivot.values()) * (1 if pivot[key] > 0 else -1)
                pivot = {k: v // content for k, v in pivot.items()}
                left = [row for row in (without(row, key, pivot) for row in left) if row]
                if key >= m:
                    rows = [without(row, key, pivot) for row in rows] + [pivot]
                    self.pivots.append(key)
        if left:  # 0 = 1
            rows, self.pivots = [{CONSTANT: 1}], []
        # Powers of two give the largest coefficients of all rows the same number of bits.
        lengths = [max((v.bit_length() for k, v in row.items() if k != CONSTANT), default=0) for row in rows]
        self.rows = [{k: v << max(lengths) - size for k, v in row.items()} for row, size in zip(rows, lengths)]
        columns = [[(r, row[k]) for r, row in enumerate(self.rows) if k in row] for k in (*x, *s, CONSTANT)]
        self.x, self.s, self.constant = columns[:n], columns[n : 2 * n], columns[-1]

    def combine(self, multipliers, off, on):
        """Add up multiples of rows where x of `off` and s of `on` are zero: the constant, and the ReLUs whose x, and
        those whose s, have a positive coefficient; none is negative (section 4)."""
        multipliers = vector(multipliers, len(self.rows))
        positive = [0, 0]
        for side, (columns, zero) in enumerate(((self.x, off), (self.s, on))):
            for i, column in enumerate(columns):
                if not zero >> i & 1:
                    coefficient = sum([v * multipliers[r] for r, v in column])
                    need(coefficient >= 0, f"a coefficient of ReLU {i} is negative")
                    positive[side] |= (coefficient > 0) << i
        return sum([v * multipliers[r] for r, v in self.constant]), *positive

    def check_unique(self, off, on, weights, factor):
        """At most one x and s have these units off and on: a quadratic form is positive definite (section 6)."""
        need(self.pivots == self.dependent, "the base has no single solution")
        moving = [i for i, bit in enumerate(self.base) if not (on if bit == "1" else off) >> i & 1]
        weights, factor = vector(weights, len(moving)), [vector(row, k + 1) for k, row in enumerate(factor)]
        rows = [[w * self.rows[i].get(self.free[j], 0) for j in moving] for w, i in zip(weights, moving)]
        form = [[-a - b for a, b in zip(row, column)] for row, column in zip(rows, zip(*rows))]
        need(len(factor) == len(form) and all(row[-1] for row in factor), "the factor is not regular")
        need(all(w > 0 for w in weights), "a weight is not positive")
        half = [[dot(row, column) for column in form] for row in factor]
        for k, row in enumerate(half):
            values = [dot(row, other) for other in factor]
            need(2 * values[k] > sum(map(abs, values)), "the quadratic form is not shown to be positive definite")


def rank(rows, modulus):
    """The rank of an integer matrix among residues, which is at most its rank."""
    rows, found = [[v % modulus for v in row] for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        at = next((r for r in range(found, len(rows)) if rows[r][column]), None)
        if at is not None:
            rows[found], rows[at] = rows[at], rows[found]
            pivot, inverse, found = rows[found][column:], pow(rows[found][column], -1, modulus), found + 1
            for row in rows[found:]:
                if factor := row[column] * inverse % modulus:
                    row[column:] = [(v - factor * p) % modulus for v, p in zip(row[column:], pivot)]
    return found


class Solution:
    """A fixed point, or an affine piece of fixed points, that is what it is said to be (section 5)."""

    def __init__(self, given, network, equations, modulus):
        m, one = network.m, network.one
        q, p = integer(given["denominator"]), vector(given["state"], m)
        y = [dot(row, p) + c * q for row, c in zip(network.V, network.c)]
        need(q > 0 and given["bits"] == "".join("1" if v > 0 else "0" for v in y), "a bitcode is not that of its state")
        active, zero = ([i for i, v in enumerate(y) if v > 0], [i for i, v in enumerate(y) if v == 0])
        self.on, self.off = sum(1 << i for i in active), sum(1 << i for i, v in enumerate(y) if v <= 0)
        self.negative = self.off - sum(1 << i for i in zero)
        singular = []  # I - J in the subregion
        for i, (a, w) in enumerate(zip(network.A, network.W)):
            value = one * dot(a, p) + sum(w[k] * y[k] for k in active) + one * network.h[i] * q
            need(value == one * one * p[i], "a state that is listed is not a fixed point")
            jacobian = [one * v + sum(w[k] * network.V[k][j] for k in active) for j, v in enumerate(a)]
            singular.append([one * one * (i == j) - v for j, v in enumerate(jacobian)])
        directions = matrix(given["directions"], len(given["directions"]), m)
        for row in [*singular, *(network.V[i] for i in zero)]:
            need(not any(dot(row, d) for d in directions), "a direction leads away from the fixed points")
        still = 0  # ReLUs that multipliers show to be zero on the whole set
        if given["multipliers"] is not None:
            constant, _, still = equations.combine(given["multipliers"], self.off, self.on)
            need(constant == 0, "the constant of a solution's multipliers is not zero")
        singular += [network.V[i] for i in zero if still >> i & 1]
        self.dimension = len(directions)
        need(rank(singular, modulus) >= m - self.dimension, "the set of a solution is not shown to be so small")
        need(rank(directions, modulus) == self.dimension, "the directions of a solution are not independent")


def check(document):
    """Check a certificate; returns the network, the solutions and the number of nodes of each kind, or raises."""
    need((document["format"], document["version"]) == ("plrnn-certificate", 1), "the format is unknown")
    network = Network(document["network"])
    equations = Equations(network, document["base"])
    solutions = [Solution(given, network, equations, integer(document["modulus"])) for given in document["solutions"]]
    need(len({solution.on for solution in solutions}) == len(solutions), "a solution stands twice")
    for one in solutions:
        if one.negative != one.off:  # the others lie in no other closed subregion
            around = [other for other in solutions if one.on & ~other.on == 0 == one.negative & other.on]
            need(around == [one], "a solution lies in another")
    counts = {"branch": 0, "refute": 0, "force": 0, "solution": 0, "unique": 0}
    nodes = [(0, 0)]  # those whose turn comes, the next one last: the units whose x, and whose s, is zero
    for step in document["proof"]:
        need(nodes, "the proof goes on after its end")
        off, on = nodes.pop()
        kind, *given = ("branch", step) if type(step) is int else step
        counts[kind] += 1
        if kind == "branch":
            need(0 <= step < network.n and not (off | on) >> step & 1, "a branch on a ReLU that is decided")
            nodes += [(off, on | 1 << step), (off | 1 << step, on)]
        elif kind in ("refute", "force"):
            constant, x, s = equations.combine(*given, off, on)
            need(constant > 0 if kind == "refute" else constant == 0 and x | s, "multipliers show nothing")
            if kind == "force":
                nodes.append((off | x, on | s))
        elif kind == "solution":
            (solution,) = (solutions[k] for k in given)
            need(solution.off & ~off == 0 == solution.on & ~on, "a node does not lie in its solution")
        else:
            solution = solutions[given[0]]
            need(off & solution.on == 0 == on & solution.negative, "a solution does not lie in its node")
            equations.check_unique(off, on, *given[1:])
    need(not nodes, "the proof ends too early")
    return network, solutions, counts


def main(arguments):
    """Check the file that is named and say what it proves; the exit code is 1 if it proves nothing."""
    if len(arguments) != 1:
        return print(__doc__) or 2
    try:
        network, solutions, counts = check(read(arguments[0]))
    except Exception as error:  # whatever is missing or of a wrong kind in the file
        print(f"REFUSED: {error}" if type(error) is Refused else f"REFUSED: no certificate ({error!r:.100})")
        return 1
    print(f"network: {network.m} units, {network.n} ReLUs, SHA-256 {network.fingerprint}")
    print("proof: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    continua = sum(solution.dimension > 0 for solution in solutions)
    print(f"VERIFIED: the fixed points are {len(solutions) - continua} points and {continua} continua, and no others")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
