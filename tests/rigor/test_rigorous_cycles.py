"""``verify="rigorous"`` of cycles: period by period, with and without a box or an input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from systems import degenerate_map, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.engines.portfolio import search_patterns
from plrnn_analysis.engines.ring import first_is_largest
from plrnn_analysis.engines.verification import Checker
from plrnn_analysis.results import Cycles
from plrnn_analysis.rigor.cover import gaps
from plrnn_analysis.rigor.searches import Searched, prove_cycles

TENT = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)


def test_cycles_of_the_tent_map() -> None:
    found = find_cycles(TENT.map, 8, verify="rigorous")
    assert found.rigorous and found.rigorous_up_to == 8 and "proven up to period 8" in repr(found)
    assert found.coverage[8].rigorous.cuts > 10 and found.coverage[8].rigorous.objects == 30
    assert all(cycle.proof.signs == "balls" and cycle.proof.radius < 1e-15 for cycle in found)
    assert np.all(found[-1].proof.eigenvalue_radii == 0.0)
    plain = find_cycles(TENT.map, 3)
    assert plain.rigorous_up_to == 0 and plain[0].proof is None and "proven" not in repr(plain)


def test_random_and_degenerate_maps() -> None:
    kinds = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        map = (random_model(rng).map if seed % 2 else degenerate_map(rng)).with_input(None)
        if map.n_relu > 3:
            continue
        box = 2.0 if seed % 3 == 2 else None
        found = find_cycles(map, 4, box=box, verify="rigorous")
        assert found.complete and found.rigorous, (seed, found.coverage, [c.proof for c in (*found, *found.continua)])
        kinds |= {one.proof.signs for one in found} | {type(one).__name__ for one in found.continua}
    assert kinds == {"balls", "rationals", "CycleContinuum"}


def test_under_a_periodic_input() -> None:
    model = PLRNN.al_rnn([0.5, 0.4], [[0.0, -1.5], [-1.5, 0.0]], [0.3, 0.2], 2, C=np.eye(2))
    found = find_cycles(model.map, 4, periodic_input=[[1.0, 0.0], [0.0, 0.5]], verify="rigorous")
    assert found.rigorous and set(found.coverage) == {2, 4}


def test_words_in_a_box_have_no_cuts() -> None:
    with pytest.raises(ModelError, match="has none"):
        find_cycles(TENT.map, 3, box=2.0, method="words in a box", verify="rigorous")


def proved_again(found: Cycles, period: int) -> Cycles:
    checker, budget = Checker([TENT.map] * period), Budget(None, None)
    conditions = first_is_largest(checker.units.first, period, 1)
    outcome, _, _ = search_patterns(checker, budget, 1, "auto", conditions, verify="rigorous")
    return prove_cycles(found, {period: Searched(checker, outcome, conditions)}, budget)


def test_what_is_wrong_is_noticed() -> None:
    found = find_cycles(TENT.map, 7)
    kept = [cycle for cycle in found if cycle.period == 7]
    assert proved_again(found, 7).coverage[7].rigorous.rigorous
    less = proved_again(replace(found, _items=tuple(kept[:-1])), 7)
    assert "not listed" in less.coverage[7].rigorous.missing[0]
    turned = replace(kept[0], points=np.roll(kept[0].points, 1, 0))
    assert proved_again(replace(found, _items=(turned, *kept[1:])), 7)[0].proof.radius > 0.1
    both = replace(turned, word=(*kept[0].word[-1:], *kept[0].word[:-1]))
    twice = proved_again(replace(found, _items=(both, *kept)), 7).coverage[7].rigorous
    assert twice.proven == twice.objects and "twice" in twice.missing[0]
    wrong = proved_again(replace(found, _items=(replace(kept[0], stability="saddle"), *kept[1:])), 7)
    assert wrong.coverage[7].rigorous.whole and wrong[0].proof.stability is False


def test_gaps_of_a_cover() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(1, 6))
        masks = rng.integers(1, 1 << n, rng.integers(0, 6)).tolist()
        nodes = [(mask, mask & int(rng.integers(1 << n))) for mask in masks]
        found, _ = gaps(nodes, n)
        for pattern in range(1 << n):
            inside = any(pattern & mask == value for mask, value in nodes)
            assert sum(pattern & mask == value for mask, value in found) == (not inside)
