#!/usr/bin/env python3
"""Check a certificate that ReLUs of a network can be replaced on a domain: check_reduction.py FILE

It needs Python's standard library alone and computes in integers. What it proves, and why that is a proof, stands in
docs/reduction-certificates.md of plrnn-analysis; comments name its sections. A step of the network under an input a is

    F(z, a) = A z + C a + W relu(y) + h,   y = V z + E a + c,

and the domain holds all v = (z, a) with low <= v <= high and the conditions row v + offset >= 0. An affine function of
v is a pair of a list and a constant.
"""

import gzip
import hashlib
import json
import os
import sys
from fractions import Fraction

LEAST, RATIO, MOST = 1 << 20, 100, 1 << 30  # a file may unpack to LEAST bytes or RATIO times its size, and to MOST
SIZE, BITS = 4096, 1 << 16  # the largest number of units, inputs, ReLUs or conditions, and of bits of a number


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


def read(path):
    """The certificate in a file that may be hostile."""
    need(os.path.isfile(path), "there is no such file")
    limit = min(MOST, LEAST + RATIO * os.path.getsize(path))
    with gzip.open(path) as file:
        text = file.read(limit + 1)
    need(len(text) <= limit, f"the file unpacks to more than {limit} bytes")
    return json.loads(text)


def plus(function, factor, other):
    """An affine function plus a multiple of another."""
    (a, a0), (b, b0) = function, other
    return ([x + factor * y for x, y in zip(a, b)], a0 + factor * b0) if factor else function


class Network:
    """The weights times 2**scale, which are integers (section 2)."""

    def __init__(self, given):
        m, n, k, scale = (integer(given[name]) for name in ("units", "relus", "inputs", "scale"))
        need(1 <= m <= SIZE and 0 <= n <= SIZE and 0 <= k <= SIZE and 0 <= scale <= BITS, "the size is out of range")
        self.m, self.n, self.k, self.one = m, n, k, 1 << scale
        A, W, V = matrix(given["A"], m, m), matrix(given["W"], m, n), matrix(given["V"], n, m)
        C, E, c, h = matrix(given["C"], m, k), matrix(given["E"], n, k), vector(given["c"], n), vector(given["h"], m)
        entries = [v for rows in (A, W, V, C, E, [c, h]) for row in rows for v in row]
        need(all(v.bit_length() <= BITS for v in entries), "a weight is out of range")
        need(scale == 0 or any(v & 1 for v in entries), "the scale is not the smallest")
        words = " ".join(f"{v:x}" for v in (m, n, k, scale, *entries))
        self.fingerprint = hashlib.sha256(words.encode()).hexdigest()
        self.W, self.arguments = W, list(zip([v + e for v, e in zip(V, E)], c))
        self.rest = list(zip([a + c for a, c in zip(A, C)], h))  # what W relu(y) is added to


class Domain:
    """A box and conditions, times 2**scale, which are integers (section 2)."""

    def __init__(self, given, network):
        size, rows, scale = network.m + network.k, given["rows"], integer(given["scale"])
        need(0 <= scale <= BITS and len(rows) <= SIZE, "the domain is out of range")
        self.one = 1 << scale
        self.low, self.high = vector(given["low"], size), vector(given["high"], size)
        need(all(a <= b for a, b in zip(self.low, self.high)), "the box is empty")
        left, zeros = matrix(rows, len(rows), network.m), [0] * network.k
        self.conditions = list(zip([row + zeros for row in left], vector(given["offsets"], len(rows))))
        need(all(v.bit_length() <= BITS for row, b in self.conditions for v in (*row, b)), "a number is out of range")
        # What every image of the domain must fulfil if it is to be invariant.
        sides = [(sign, j, end) for sign, ends in ((1, self.low), (-1, self.high)) for j, end in enumerate(ends)]
        unit = [
            ([sign * self.one * (i == j) for i in range(size)], -sign * end) for sign, j, end in sides if j < network.m
        ]
        self.all = unit + self.conditions

    def least(self, function):
        """The least value of an affine function on the box, times the scale."""
        ends = zip(function[0], self.low, self.high)
        return self.one * function[1] + sum([min(v * a, v * b) for v, a, b in ends if v])


def bound(function, evidence, domain):
    """A number that an affine function never falls below on the domain (section 3)."""
    denominator, multipliers = evidence
    denominator, multipliers = integer(denominator), vector(multipliers, len(domain.conditions))
    need(denominator > 0 and min(multipliers, default=0) >= 0, "a multiplier is negative")
    rest = plus(([0] * len(function[0]), 0), denominator, function)
    for multiplier, condition in zip(multipliers, domain.conditions):
        rest = plus(rest, -multiplier, condition)
    return Fraction(domain.least(rest), denominator * domain.one)


class Relu:
    """What is known of a ReLU: bounds of its argument on the domain (section 3)."""

    def __init__(self, argument, evidence, domain):
        low, high = vector(evidence, 2, list)
        self.argument, self.low = argument, bound(argument, low, domain)
        self.high = -bound(plus(([0] * len(argument[0]), 0), -1, argument), high, domain)
        self.on, self.off = self.low >= 0, self.high <= 0


class Image:
    """A condition on the image F(z, a) as a function of v: affine, plus weights times ReLUs (section 4)."""

    def __init__(self, condition, network):
        row, offset = condition
        self.affine = [0] * (network.m + network.k), network.one * network.one * offset
        self.weights = [0] * network.n
        for v, rest, weights in zip(row, network.rest, network.W):
            self.affine = plus(self.affine, network.one * v, rest)
            self.weights = [a + v * b for a, b in zip(self.weights, weights)] if v else self.weights

    def check_leaf(self, evidence, off, on, relus, domain):
        """The condition holds for all v of the domain where some ReLUs are off and others are on."""
        denominator, outer, inner = evidence
        denominator, inner = integer(denominator), vector(inner, len(relus))
        outer = vector(outer, len(domain.conditions))
        need(denominator > 0 and min(outer, default=0) >= 0 and min(inner, default=0) >= 0, "a multiplier is negative")
        rest = plus(([0] * len(self.affine[0]), 0), denominator, self.affine)
        for multiplier, condition in zip(outer, domain.conditions):
            rest = plus(rest, -multiplier, condition)
        for i, (relu, weight, multiplier) in enumerate(zip(relus, self.weights, inner)):
            if i in on or relu.on:  # relu(y) = y; in `on` y >= 0 is a condition too
                rest = plus(rest, denominator * weight - (multiplier if i in on else 0), relu.argument)
            elif i in off or relu.off:  # relu(y) = 0; in `off` -y >= 0 is a condition too
                rest = plus(rest, multiplier if i in off else 0, relu.argument)
            elif weight >= 0:  # relu(y) >= t y for 0 <= t <= 1
                need(multiplier <= denominator * weight, "a multiplier is larger than its weight")
                rest = plus(rest, multiplier, relu.argument)
            else:  # relu(y) <= slope (y - low), the chord between the bounds of y
                slope = denominator * weight * relu.high / (relu.high - relu.low)
                rest = plus(plus(rest, slope, relu.argument), -slope * relu.low, ([0] * len(rest[0]), 1))
        need(domain.least(rest) >= 0, "a leaf is not shown")


def check_invariance(proofs, network, domain, relus):
    """The image of the domain lies in it: a tree for each condition. Returns the number of leaves (section 4)."""
    leaves = 0
    for steps, condition in zip(vector(proofs, len(domain.all), list), domain.all):
        image, nodes = Image(condition, network), [(frozenset(), frozenset())]
        for step in steps:
            need(nodes, "a proof goes on after its end")
            off, on = nodes.pop()
            if type(step) is int:
                need(0 <= step < network.n and step not in off | on, "a branch on a ReLU that is decided")
                nodes += [(off, on | {step}), (off | {step}, on)]
            else:
                leaves += 1
                image.check_leaf(step, off, on, relus, domain)
        need(not nodes, "a proof ends too early")
    return leaves


def check(document):
    """Check a certificate; returns the network, the domain, the ReLUs of each kind and the leaves of the invariance."""
    need((document["format"], document["version"]) == ("plrnn-reduction", 1), "the format or its version is unknown")
    network = Network(document["network"])
    domain = Domain(document["domain"], network)
    evidence = vector(document["ranges"], network.n, list)
    relus = [Relu(argument, given, domain) for argument, given in zip(network.arguments, evidence)]
    kinds = {
        "always on": [i for i, relu in enumerate(relus) if relu.on],
        "always off": [i for i, relu in enumerate(relus) if relu.off],
        "without effect": [i for i in range(network.n) if not any(row[i] for row in network.W)],
        "multiples of an earlier one": [],
    }
    for i, j in document["multiples"]:  # y_i is a multiple of y_j
        need(0 <= j < i < network.n, "no ReLU is a multiple of a later one")
        (a, a0), (b, b0) = network.arguments[i], network.arguments[j]
        one, other = [*a, a0], [*b, b0]
        at = next((r for r, v in enumerate(other) if v), 0)
        need(other[at] and all(v * other[at] == w * one[at] for v, w in zip(one, other)), "a ReLU is no multiple")
        kinds["multiples of an earlier one"].append(i)
    leaves = None
    if document["invariance"] is not None:
        leaves = check_invariance(document["invariance"], network, domain, relus)
    return network, domain, kinds, leaves


def main(arguments):
    """Check the file that is named and say what it proves; the exit code is 1 if it proves nothing."""
    if len(arguments) != 1:
        return print(__doc__) or 2
    try:
        network, domain, kinds, leaves = check(read(arguments[0]))
    except Exception as error:  # whatever is missing or of a wrong kind in the file
        return print("REFUSED:", error if type(error) is Refused else f"no certificate ({error!r:.100})") or 1
    print(f"network: {network.m} units, {network.n} ReLUs, {network.k} inputs, SHA-256 {network.fingerprint}")
    print(f"domain: a box of states and inputs and {len(domain.conditions)} conditions on states")
    for kind, relus in kinds.items():
        print(f"VERIFIED: on the domain {len(relus)} ReLUs are {kind}: {', '.join(map(str, relus)) or 'none'}")
    if leaves is None:
        print("Not claimed: that states stay in the domain.")
    else:
        print(f"VERIFIED: a step from the domain, under any input of its box, ends in the domain ({leaves} leaves)")
    print(
        "Not claimed: that no other ReLU can be replaced, or that some smaller network was computed without rounding."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
