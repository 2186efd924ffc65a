"""``verify="rigorous"`` against the exact oracle, on systems in any units, and the public cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import comparing
import drawing
import exact_oracle
import numpy as np
import pytest
from exactness.test_exact_cases import CASES, canonical

from plrnn_analysis.cycles import find_cycles
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.engines.portfolio import search_patterns
from plrnn_analysis.engines.verification import Checker
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.rigor.searches import Searched, prove_fixed_points

CHOSEN = [case for case in CASES if case["kind"] in ("fixed points", "cycles")]


def check_radii(found: Any, exact: Any) -> None:
    """Every point is as near to the exact one as its proof says."""
    orbits = {piece.bitcodes[0]: piece.orbit[0] for piece in exact[0]}
    for point in found:
        distance = max(abs(v - Fraction(x)) for v, x in zip(orbits[point.bitcode], point.z.tolist(), strict=True))
        assert distance <= Fraction(point.proof.radius)


@pytest.mark.slow
@pytest.mark.parametrize("case", CHOSEN, ids=[case["id"] for case in CHOSEN])
def test_public_cases(case: dict) -> None:
    map = canonical(case)
    if case["kind"] == "cycles":
        assert find_cycles(map, case["max_period"], verify="rigorous").rigorous
        return
    found = find_fixed_points(map, verify="rigorous")
    assert found.rigorous, found.coverage.rigorous.missing
    assert [point.bitcode for point in found] == [code for code, _ in case["expected"]["points"]]


@pytest.mark.slow
def test_fixed_points_in_any_units(tried: Callable[[str, int], None]) -> None:
    for seed in range(60):
        rng = np.random.default_rng([seed, 29])
        map, name = drawing.draw(rng, largest=6 if seed % 5 else 8)
        for drawn in drawing.variants(rng, map, name):
            exact = exact_oracle.fixed_points(exact_oracle.read(drawn.map))
            found = find_fixed_points(drawn.map, verify="rigorous", time_limit=60.0)
            assert not comparing.fixed_points(drawn.map, exact, found)
            assert not found.complete or found.rigorous, (seed, drawn.name, found.coverage.rigorous.missing)
            if found.rigorous:
                check_radii(found, exact)
                tried("proofs", len(found) + len(found.continua) + 1)


@pytest.mark.slow
def test_lists_with_one_thing_changed(tried: Callable[[str, int], None]) -> None:
    for seed in range(150):
        rng = np.random.default_rng([seed, 31])
        map, _ = drawing.draw(rng, largest=8)
        found = find_fixed_points(map)
        if not len(found) or not found.complete:
            continue
        checker, budget = Checker([map]), Budget(None, None)
        outcome, _, _ = search_patterns(checker, budget, 1, "auto", verify="rigorous")
        searched = Searched(checker, outcome)
        at = int(rng.integers(len(found)))
        one, others = found[at], [point for k, point in enumerate(found) if k != at]
        size = 1.0 + np.max(np.abs(one.z)) + np.max(np.abs(map.h))
        changed = {
            "dropped": [],
            "twice": [one, one],
            "moved": [replace(one, z=one.z + size * rng.choice([-1.0, 1.0], one.z.shape))],
            "stability": [replace(one, stability="saddle" if one.stability != "saddle" else "stable spiral")],
        }
        for name, points in changed.items():
            wrong = prove_fixed_points(replace(found, _items=(*others, *points)), searched, budget)
            assert not wrong.rigorous, (seed, name)
            tried("proof mutants", 1)
        assert prove_fixed_points(found, searched, budget).rigorous, seed
