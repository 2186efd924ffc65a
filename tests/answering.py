"""Answers of the searches as plain data: run in child processes, so that processors can be compared.

As a program it reads maps as JSON from its input, one list [seed, A, W, V, c, h] a system, and prints the answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import drawing
import numpy as np
from systems import planted_al_rnn

from plrnn_analysis import PLRNN, CanonicalMap
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.regions import find_subregions


def drawn_systems(first: int, number: int) -> Iterator[tuple[int, drawing.Drawn]]:
    """Systems and variants of some seeds; of every second one a fixed point lies on boundaries, to rounding."""
    for seed in range(first, first + number):
        rng = np.random.default_rng([seed, 23])
        if seed % 2:
            m = int(rng.integers(2, 6))
            model, _ = planted_al_rnn(rng, m, m, gain=1.5, on_boundary=int(rng.integers(1, m)))
            map, name = model.map, "planted on boundaries"
        else:
            map, name = drawing.draw(rng)
        for drawn in drawing.variants(rng, map, name):
            yield seed, drawn


def answer(seed: int, map: CanonicalMap) -> dict:
    """Everything that must not depend on the machine, and `numbers`, which may in their last digits."""
    found = find_fixed_points(map)
    programs = find_fixed_points(map, method="linear programs")
    regions = find_subregions(map)
    answers = {
        "fixed points": [[p.bitcode, p.stability, p.on_boundary] for p in found],
        "continua": [[c.bitcode, c.dimension] for c in found.continua],
        "complete": [found.complete, programs.complete],
        "linear programs": [[p.bitcode, p.stability] for p in programs],
        "subregions": [region.bitcode for region in regions],
        "all subregions": regions.complete,
        "numbers": [p.z.tolist() for p in found],
    }
    if map.n_relu <= 3 and map.n_units <= 3:
        cycles = find_cycles(map, 3)
        answers["cycles"] = [[cycle.period, cycle.word, cycle.stability] for cycle in cycles]
        answers["families"] = [[family.period, family.word, family.dimension] for family in cycles.continua]
        answers["complete up to"] = cycles.complete_up_to
    if seed % 4 == 0:
        # A random direction of input; offsets take part, so that lines of fixed points are met at single inputs.
        rng = np.random.default_rng(seed)
        C, E = rng.integers(-1, 2, (map.n_units, 1)), rng.integers(-1, 2, (map.n_relu, 1))
        model = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c, C=C, E=E)
        diagram = model.input_diagram(0, (-2.0, 3.0))
        answers["branches"] = [branch.bitcode for branch in diagram]
        answers["input continua"] = [[c.bitcode, c.dimension] for c in diagram.continua]
    if seed % 4 == 1:
        answers["under input"] = [[p.bitcode, p.on_boundary] for p in find_fixed_points(_cancelled(seed, map))]
    return answers


def _cancelled(seed: int, map: CanonicalMap) -> CanonicalMap:
    """The map under an input that cancels the offsets inside the ReLUs, but for the last digits of a sum."""
    rng = np.random.default_rng(seed)
    C, E, s = rng.normal(size=(map.n_units, 5)), rng.normal(size=(map.n_relu, 5)), rng.normal(size=5)
    c = [-sum(weight * value for weight, value in zip(row, s.tolist())) for row in E.tolist()]
    return CanonicalMap.build(map.A, map.W, map.V, c, map.h, C, E).with_input(s)


def as_data(seed: int, map: CanonicalMap) -> list:
    return [seed, *(getattr(map, name).tolist() for name in ("A", "W", "V", "c", "h"))]


def from_data(A: list, W: list, V: list, c: list, h: list) -> CanonicalMap:
    m, n = len(h), len(c)
    return CanonicalMap.build(A, np.reshape(W, (m, n)), np.reshape(V, (n, m)), c, h)


if __name__ == "__main__":
    json.dump([answer(seed, from_data(*arrays)) for seed, *arrays in json.load(sys.stdin)], sys.stdout)
