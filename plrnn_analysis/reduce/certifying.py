"""Certificates of a reduction, as files that others can check without this package: multipliers in whole numbers.

The solver of linear programs proposes multipliers; they are rounded to whole numbers and looked at exactly. Where that
does not do, as where a ReLU argument touches zero, a rational program finds some.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq

from .._files import write_atomically
from ..engines.budget import Budget
from ..errors import CertificateError
from ..maps import CanonicalMap
from ..polytopes.programs import Verdict, decide
from ..proofs.equations import whole_parts
from ..proofs.texts import packed, text
from .domains import Domain
from .programs import solve

__all__ = ["FORMAT", "VERSION", "write_reduction_certificate"]

FORMAT, VERSION = "plrnn-reduction", 1
# Multipliers are rounded to these numbers of bits, one after the other.
BITS = (16, 26, 38, 52)
# As many as a bound of a ReLU argument needs that is not near zero.
ENOUGH = 26
# A bound this far below zero, relative to its terms, is not worth an exact search for better multipliers.
NEAR = 1e-9

Affine = tuple[list[Any], Any]


class _Unproved(Exception):
    """What was to be certified could not be."""


def write_reduction_certificate(
    map: CanonicalMap,
    place: Domain,
    on: np.ndarray,
    off: np.ndarray,
    merged: Mapping[int, int],
    invariant: bool,
    path: str | os.PathLike[str],
    budget: Budget,
    answer: Any = None,
) -> None:
    """Write a proof of what a domain does to the ReLUs of a map.

    Parameters
    ----------
    map : CanonicalMap
    place : Domain
    on, off : (H,) ndarray of bool
        ReLUs that are to be shown to be always on, and always off.
    merged : mapping of int to int
        Which ReLU reads a multiple of what another one reads.
    invariant : bool
        Whether the domain is to be shown to be invariant.
    path : path-like
    budget : Budget
    answer : ReducedModel, optional
        For who catches the error.

    Raises
    ------
    CertificateError
        If something could not be shown, or the budget ended.
    """
    setting = _Setting.of(map, place)
    try:
        ranges = [_range(setting, i, budget, bool(on[i]), bool(off[i])) for i in range(map.n_relu)]
        trees = [_tree(setting, ranges, *condition, budget) for condition in setting.all] if invariant else None
    except _Unproved as reason:
        raise CertificateError(f"no certificate: {reason}", answer) from None
    document = {
        "format": FORMAT,
        "version": VERSION,
        "network": setting.network,
        "domain": setting.domain,
        "ranges": [one.evidence for one in ranges],
        "multiples": [[i, j] for i, j in sorted(merged.items())],
        "invariance": trees,
    }
    write_atomically(path, packed(text(document).encode()))


@dataclass(frozen=True, eq=False)
class _Setting:
    """A map and a domain in whole numbers, and in floats.

    `arguments` are what ReLUs read, `conditions` those of the domain beside its box, `all` those that images must
    fulfil too: affine functions of states and inputs.
    """

    map: CanonicalMap
    network: dict[str, Any]
    domain: dict[str, Any]
    one: int
    unit: int
    arguments: list[Affine]
    rest: list[Affine]
    conditions: list[Affine]
    all: list[Affine]
    floats: tuple[np.ndarray, np.ndarray]
    corners: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, map: CanonicalMap, place: Domain) -> _Setting:
        parts = [map.A, map.W, map.V, map.C, map.E, map.c[None], map.h[None]]
        scale, (A, W, V, C, E, (c,), (h,)) = whole_parts(parts)
        corners = np.concatenate([place.low, place.s_low]), np.concatenate([place.high, place.s_high])
        finer, (rows, (offsets,), (low,), (high,)) = whole_parts(
            [place.L, place.offset[None], corners[0][None], corners[1][None]]
        )
        zeros = [0] * map.n_inputs
        sides = []
        for sign, ends in ((1, low), (-1, high)):
            for j in range(map.n_units):
                sides.append(([sign * (i == j) << finer for i in range(len(low))], -sign * ends[j]))
        conditions = [(row + zeros, offset) for row, offset in zip(rows, offsets, strict=True)]
        sizes = {"units": map.n_units, "relus": map.n_relu, "inputs": map.n_inputs, "scale": scale}
        return cls(
            map,
            sizes | dict(zip("AWVCEch", (A, W, V, C, E, c, h), strict=True)),
            {"scale": finer, "low": low, "high": high, "rows": rows, "offsets": offsets},
            1 << scale,
            1 << finer,
            [(v + e, constant) for v, e, constant in zip(V, E, c, strict=True)],
            [(a + b, constant) for a, b, constant in zip(A, C, h, strict=True)],
            conditions,
            sides + conditions,
            (np.hstack([place.L, np.zeros((len(offsets), map.n_inputs))]), place.offset),
            corners,
        )

    def least(self, function: Affine) -> Any:
        """The least value of an affine function on the box, times the scale of the domain."""
        ends = zip(function[0], self.domain["low"], self.domain["high"], strict=True)
        return self.unit * function[1] + sum(min(v * a, v * b) for v, a, b in ends if v)


def _plus(function: Affine, factor: Any, other: Affine) -> Affine:
    if not factor:
        return function
    return [a + factor * b for a, b in zip(function[0], other[0], strict=True)], function[1] + factor * other[1]


@dataclass(frozen=True, eq=False)
class _Range:
    """Bounds of a ReLU argument, in the whole units of the network, and their evidence."""

    low: fmpq
    high: fmpq
    evidence: list[Any]

    @property
    def open(self) -> bool:
        return bool(self.low < 0 < self.high)


def _range(setting: _Setting, i: int, budget: Budget, on: bool, off: bool) -> _Range:
    """Bounds as the linear programs give them; exactly beyond zero where the ReLU is said to be on or off."""
    if not budget.take(1):
        raise _Unproved(_late(budget))
    a, a0 = setting.arguments[i]
    bounds, evidence = [], []
    for sign, sure in ((1, on), (-1, off)):
        function: Affine = ([sign * v for v in a], sign * a0)
        leaf = _Leaf(setting, function, [], [])
        found = leaf.prove(budget, exactly=True) if sure else leaf.rounded(leaf.proposal(), ENOUGH)
        if found is None:
            raise _Unproved(f"it was not shown that ReLU {i} is always {'on' if on else 'off'}")
        bounds.append(sign * fmpq(int(leaf.left(found)), found[0] * setting.unit))
        evidence.append([found[0], found[1]])
    return _Range(bounds[0], bounds[1], evidence)


def _late(budget: Budget) -> str:
    return f"the proof was not finished in {budget.seconds:.3g} s; give it a longer time_limit"


Evidence = tuple[int, list[int], list[int]]


@dataclass(frozen=True, eq=False)
class _Leaf:
    """An affine function, plus convex terms, that may not be negative where some conditions hold.

    `known` are further conditions (ReLU arguments, or their negatives), `convex` pairs of a weight and an argument y:
    each adds weight times relu(y), which is at least t y for t between 0 and the weight.
    """

    setting: _Setting
    function: Affine
    known: list[Affine]
    convex: list[tuple[int, Affine]]

    def prove(self, budget: Budget, exactly: bool) -> Evidence | None:
        """Multipliers that show it, in whole numbers; None if none were found.

        Where floats propose none, rational arithmetic looks for some if it is to go about it `exactly`, or if what
        floats propose misses zero by rounding alone.
        """
        proposal = self.proposal()
        for bits in BITS:
            found = self.rounded(proposal, bits)
            if self.left(found) >= 0:
                return found
        reach = 1.0 + float(np.max(np.abs(self.setting.corners), initial=0.0))
        size = reach * float(sum(abs(v) for v in self.function[0])) + abs(float(self.function[1]))
        missed = float(fmpq(self.left(found)) / (found[0] * self.setting.unit))
        return self._exactly(budget) if exactly or missed >= -NEAR * size else None

    def proposal(self) -> np.ndarray:
        """Multipliers of the conditions, of what is known and of the convex terms, in floats: of real numbers."""
        setting, n = self.setting, len(self.function[0])
        if not setting.conditions and not self.known and not self.convex:
            return np.zeros(0)
        scale = max(abs(v) for v in (*self.function[0], *(w * v for w, y in self.convex for v in y[0]), 1))
        k = len(self.convex)
        cost = np.array(
            [*(float(fmpq(v) / scale) for v in self.function[0]), *(float(fmpq(w)) for w, _ in self.convex)]
        )
        size = setting.one
        cost[n:] *= size / float(scale)
        y = [([float(fmpq(v) / size) for v in row], float(fmpq(c) / size)) for row, c in self.known]
        z = [([float(fmpq(v) / size) for v in row], float(fmpq(c) / size)) for _, (row, c) in self.convex]
        L, offset = setting.floats
        rows = np.zeros((len(L) + len(y) + k, n + k))
        rows[: len(L), :n] = L
        room = np.concatenate([offset, [c for _, c in y], [-c for _, c in z]])
        for at, (row, _) in enumerate(y):
            rows[len(L) + at, :n] = row
        for at, (row, _) in enumerate(z):
            rows[len(L) + len(y) + at, :n] = [-v for v in row]
            rows[len(L) + len(y) + at, n + at] = 1.0
        low, high = setting.corners
        tops = [max(c + sum(max(a * b, a * d) for a, b, d in zip(row, low, high, strict=True)), 0.0) for row, c in z]
        found = solve(cost, rows, room, np.append(low, np.zeros(k)), np.append(high, tops))
        multipliers = np.asarray(found.multipliers) * float(scale)
        multipliers[: len(L)] /= setting.unit
        multipliers[len(L) :] /= size
        return multipliers

    def rounded(self, proposal: np.ndarray, bits: int) -> Evidence:
        """A proposal in whole numbers over a common denominator."""
        largest = float(np.max(np.abs(proposal), initial=0.0))
        order = int(np.frexp(largest)[1]) if 0.0 < largest < np.inf else 0
        shift = bits - order
        denominator = 1 << max(shift, 0)
        whole = [round(float(np.ldexp(v, max(shift, 0)))) if np.isfinite(v) else 0 for v in proposal.tolist()]
        m = len(self.setting.conditions)
        return denominator, whole[:m], self._within(whole[m:], denominator)

    def _within(self, inner: list[int], denominator: int) -> list[int]:
        """No multiplier of a convex term beyond its weight."""
        first = len(self.known)
        limits = [denominator * int(w) for w, _ in self.convex]
        return inner[:first] + [min(v, top) for v, top in zip(inner[first:], limits, strict=True)]

    def left(self, evidence: Evidence) -> Any:
        """The least value, times the denominator and the scale of the domain, that multipliers show."""
        denominator, outer, inner = evidence
        rest = _plus(([0] * len(self.function[0]), 0), denominator, self.function)
        for multiplier, condition in zip(outer, self.setting.conditions, strict=True):
            rest = _plus(rest, -multiplier, condition)
        terms = [(-1, one) for one in self.known] + [(1, one) for _, one in self.convex]
        for multiplier, (sign, one) in zip(inner, terms, strict=True):
            rest = _plus(rest, sign * multiplier, one)
        return self.setting.least(rest)

    def _exactly(self, budget: Budget) -> Evidence | None:
        """Multipliers from a rational program: of the conditions, of what is known, of convex terms, of the box."""
        setting, n = self.setting, len(self.function[0])
        signed = [(-1, one) for one in (*setting.conditions, *self.known)] + [(1, one) for _, one in self.convex]
        low, high = setting.domain["low"], setting.domain["high"]
        unknown = len(signed) + 2 * n
        rows, room, equal = [], [], []
        for k in range(n):  # what is left of the coefficient is the difference of two that are not negative
            row = [fmpq(sign * one[0][k]) for sign, one in signed] + [fmpq(0)] * (2 * n)
            row[len(signed) + k], row[len(signed) + n + k] = fmpq(-1), fmpq(1)
            rows.append(row)
            room.append(fmpq(self.function[0][k]))
            equal.append(True)
        rows.append(
            [fmpq(sign * one[1]) for sign, one in signed]
            + [fmpq(v, setting.unit) for v in low]
            + [fmpq(-v, setting.unit) for v in high]
        )
        room.append(fmpq(self.function[1]))
        for j in range(unknown):
            rows.append([fmpq(int(i == j)) for i in range(unknown)])
            room.append(fmpq(0))
        first = len(setting.conditions) + len(self.known)
        for at, (weight, _) in enumerate(self.convex):
            rows.append([fmpq(-int(i == first + at)) for i in range(unknown)])
            room.append(fmpq(weight))
        equal += [False] * (len(rows) - len(equal))
        decision = decide(rows, room, [False] * len(rows), equal=equal, deadline=budget.deadline)
        if decision.verdict is not Verdict.FEASIBLE or decision.point is None:
            return None
        values = decision.point[: len(signed)]
        common = lcm(*(int(v.q) for v in values))
        whole = [int(v * common) for v in values]
        return common, whole[: len(setting.conditions)], whole[len(setting.conditions) :]


def _tree(setting: _Setting, ranges: Sequence[_Range], row: list[int], offset: int, budget: Budget) -> list[Any]:
    """The steps that show a condition on all images of the domain."""
    affine: Affine = ([0] * len(row), setting.one * setting.one * offset)
    weights = [0] * len(ranges)
    for v, rest, W in zip(row, setting.rest, setting.network["W"], strict=False):
        affine = _plus(affine, setting.one * v, rest)
        weights = [a + v * b for a, b in zip(weights, W, strict=True)]
    steps: list[Any] = []
    nodes: list[tuple[frozenset[int], frozenset[int]]] = [(frozenset(), frozenset())]
    while nodes:
        if not budget.take(1):
            raise _Unproved(_late(budget))
        off, on = nodes.pop()
        leaf, places, concave = _leaf_of(setting, ranges, affine, weights, off, on)
        found = leaf.prove(budget, exactly=not concave)
        if found is not None:
            inner = [0] * len(ranges)
            for at, value in zip(places, found[2], strict=True):
                inner[at] = value
            steps.append([found[0], found[1], inner])
        elif concave:
            gap = {i: -weights[i] * ranges[i].high * ranges[i].low / (ranges[i].low - ranges[i].high) for i in concave}
            unit = max(gap, key=lambda i: gap[i])
            steps.append(unit)
            nodes += [(off, on | {unit}), (off | {unit}, on)]
        else:
            raise _Unproved("it was not shown that the domain is invariant")
    return steps


def _leaf_of(
    setting: _Setting,
    ranges: Sequence[_Range],
    affine: Affine,
    weights: Sequence[int],
    off: frozenset[int],
    on: frozenset[int],
) -> tuple[_Leaf, list[int], list[int]]:
    """What is left to show in a node, whose multipliers are of which ReLUs, and the ReLUs that a chord stands for."""
    known: list[tuple[int, Affine]] = []
    convex: list[tuple[int, int, Affine]] = []
    concave = []
    for i, (one, weight, y) in enumerate(zip(ranges, weights, setting.arguments, strict=True)):
        if i in on or one.low >= 0:
            affine = _plus(affine, weight, y)
            known += [(i, y)] if i in on else []
        elif i in off:
            known.append((i, ([-v for v in y[0]], -y[1])))
        elif one.open and weight > 0:
            convex.append((i, weight, y))
        elif one.open and weight < 0:
            concave.append(i)
            slope = weight * one.high / (one.high - one.low)
            affine = _plus(_plus(affine, slope, y), -slope * one.low, ([0] * len(y[0]), 1))
    places = [i for i, _ in known] + [i for i, _, _ in convex]
    return _Leaf(setting, affine, [y for _, y in known], [(w, y) for _, w, y in convex]), places, concave
