"""Whether a certificate of a reduction is right, by docs/reduction-certificates.md read literally, in fractions.

A second implementation, which shares nothing with the checker but that page: everything is in the units of the network,
lower bounds of an affine function are those at the corner of the box, and trees are walked by recursion.
"""

from __future__ import annotations

from fractions import Fraction

from exact_rational import ZERO, dot


class Wrong(Exception):
    """The certificate is wrong."""


def must(condition):
    if not condition:
        raise Wrong


def is_right(document):
    """Whether a certificate (a document as JSON gives it) proves what it says."""
    try:
        _Reduction(document)
    except (Wrong, IndexError, ValueError, ZeroDivisionError):
        return False
    return True


def number(value):
    return Fraction(value if isinstance(value, int) else int(value, 16))


def numbers(values, length):
    must(len(values) == length)
    return [number(value) for value in values]


def table(rows, height, width):
    must(len(rows) == height)
    return [numbers(row, width) for row in rows]


def smallest(scale, values):
    must(scale >= 0 and (not scale or any(v % 2 for v in values)))


class _Reduction:
    def __init__(self, document):
        given, place = document["network"], document["domain"]
        m, n, k = given["units"], given["relus"], given["inputs"]
        one, unit = Fraction(2) ** given["scale"], Fraction(2) ** place["scale"]
        A, W, V = table(given["A"], m, m), table(given["W"], m, n), table(given["V"], n, m)
        C, E, c, h = table(given["C"], m, k), table(given["E"], n, k), numbers(given["c"], n), numbers(given["h"], m)
        smallest(given["scale"], [v for rows in (A, W, V, C, E, [c], [h]) for row in rows for v in row])
        # Functions of v = (z, a, 1).
        self.y = [[v / one for v in (*V[i], *E[i], c[i])] for i in range(n)]
        self.rest = [[v / one for v in (*A[i], *C[i], h[i])] for i in range(m)]
        self.W = [[v / one for v in row] for row in W]
        low, high = numbers(place["low"], m + k), numbers(place["high"], m + k)
        must(all(a <= b for a, b in zip(low, high)) and place["scale"] >= 0)
        self.box = [(a / unit, b / unit) for a, b in zip(low, high)]
        rows, offsets = table(place["rows"], len(place["rows"]), m), numbers(place["offsets"], len(place["rows"]))
        self.given = [[v / unit for v in (*row, *[ZERO] * k, b)] for row, b in zip(rows, offsets)]
        # Whole multipliers are of whole functions: the factors by which these are larger.
        self.one, self.unit = one, unit
        must(len(document["ranges"]) == n)
        self.ranges = [self.bounds(y, evidence) for y, evidence in zip(self.y, document["ranges"])]
        for i, j in document["multiples"]:
            must(0 <= j < i < n and any(self.y[j]))
            at = next(r for r, v in enumerate(self.y[j]) if v)
            factor = self.y[i][at] / self.y[j][at]
            must(self.y[i] == [factor * v for v in self.y[j]])
        if document["invariance"] is not None:
            self.invariant(document["invariance"], m)

    def corner(self, function):
        """The least value on the box."""
        return function[-1] + sum((min(v * a, v * b) for v, (a, b) in zip(function, self.box)), ZERO)

    def bounds(self, y, evidence):
        must(len(evidence) == 2)
        found = []
        for sign, (denominator, multipliers) in zip((1, -1), evidence):
            q, u = number(denominator), numbers(multipliers, len(self.given))
            must(q > 0 and all(v >= 0 for v in u))
            left = [sign * v - dot(u, column) * self.unit / self.one / q for v, column in zip(y, self.columns(y))]
            found.append(sign * self.corner(left))
        return found

    def columns(self, like):
        return list(zip(*self.given)) or [()] * len(like)

    def invariant(self, trees, m):
        conditions = []
        for sign, side in ((1, 0), (-1, 1)):
            for j in range(m):
                row = [ZERO] * (len(self.box) + 1)
                row[j], row[-1] = Fraction(sign), -sign * self.box[j][side]
                conditions.append(row)
        conditions += self.given
        must(len(trees) == len(conditions))
        for steps, row in zip(trees, conditions):
            affine = [dot(row[:m], column) for column in zip(*self.rest)]
            affine[-1] += row[-1]
            weights = [dot(row[:m], column) for column in zip(*self.W)] if self.y else []
            must(self.node(steps, 0, {}, affine, weights) == len(steps))

    def node(self, steps, at, sides, affine, weights):
        must(at < len(steps))
        step = steps[at]
        if isinstance(step, int):
            must(0 <= step < len(self.y) and step not in sides)
            after = self.node(steps, at + 1, sides | {step: -1}, affine, weights)
            return self.node(steps, after, sides | {step: 1}, affine, weights)
        self.leaf(step, sides, affine, weights)
        return at + 1

    def leaf(self, evidence, sides, affine, weights):
        q, outer, inner = evidence
        q, outer, inner = number(q), numbers(outer, len(self.given)), numbers(inner, len(self.y))
        must(q > 0 and all(v >= 0 for v in (*outer, *inner)))
        # Conditions are whole after the factor `unit`, arguments after `one`, the condition on images after all three.
        whole = self.one * self.one * self.unit
        left = [v - dot(outer, column) * self.unit / q / whole for v, column in zip(affine, self.columns(affine))]
        for i, (y, weight, multiplier) in enumerate(zip(self.y, weights, inner)):
            low, high = self.ranges[i]
            t, constant = multiplier * self.one / q / whole, ZERO
            if sides.get(i) == 1 or low >= 0:
                slope = weight - (t if sides.get(i) == 1 else 0)
            elif sides.get(i) == -1 or high <= 0:
                slope = t if sides.get(i) == -1 else ZERO
            elif weight >= 0:
                must(t <= weight)
                slope = t
            else:
                slope = weight * high / (high - low)
                constant = -slope * low
            left = [a + slope * b for a, b in zip(left, y)]
            left[-1] += constant
        must(self.corner(left) >= 0)
