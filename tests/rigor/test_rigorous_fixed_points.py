"""``verify="rigorous"`` of fixed points: what it proves, and that it notices what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from systems import degenerate_map, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, CanonicalMap
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.engines.portfolio import search_patterns
from plrnn_analysis.engines.verification import Checker
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.results import FixedPoints
from plrnn_analysis.rigor.objects import Prover
from plrnn_analysis.rigor.searches import Searched, prove_fixed_points
from plrnn_analysis.statuses import StoppedBy


def proved_again(map: CanonicalMap, found: FixedPoints, time_limit: float | None = None) -> FixedPoints:
    """A list, perhaps a wrong one, with the proofs of a new search."""
    checker, budget = Checker([map]), Budget(None, time_limit)
    outcome, _, _ = search_patterns(checker, budget, 1, "auto", verify="rigorous")
    return prove_fixed_points(found, Searched(checker, outcome), budget)


def small_maps(seeds: range) -> Iterator[CanonicalMap]:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        yield (random_model(rng).map if seed % 2 else degenerate_map(rng)).with_input(None)


def test_what_is_complete_is_proven() -> None:
    kinds = set()
    for map in small_maps(range(60)):
        plain, found = find_fixed_points(map), find_fixed_points(map, verify="rigorous")
        assert found.rigorous and found.coverage.rigorous.missing == (), (map, found.coverage.rigorous)
        assert [p.bitcode for p in found] == [p.bitcode for p in plain]
        kinds |= {one.proof.signs for one in (*found, *found.continua)}
        kinds |= {type(one).__name__ for one in found.continua}
    assert kinds == {"balls", "rationals", "Continuum"}


@pytest.mark.parametrize("on_boundary", [0, 2])
def test_a_tree_is_proven(on_boundary: int) -> None:
    map = planted_al_rnn(np.random.default_rng(4), 24, 12, on_boundary=on_boundary)[0].map
    found = find_fixed_points(map, verify="rigorous")
    whole = found.coverage.rigorous
    assert found.rigorous and whole.cuts > 10 and whole.objects == len(found)
    assert any(point.proof.on_boundary == 2 for point in found) == bool(on_boundary)
    assert "proven whole" in repr(found) and "proof" in found.table()


def test_threads_and_executors_are_proven() -> None:
    map = planted_al_rnn(np.random.default_rng(4), 28, 14)[0].map
    alone = find_fixed_points(map, verify="rigorous")
    with ThreadPoolExecutor(2) as pool:
        for found in (
            find_fixed_points(map, verify="rigorous", workers=2),
            find_fixed_points(map, verify="rigorous", executor=pool),
            find_fixed_points(map, verify="rigorous", method="elimination"),
        ):
            assert found.rigorous and [p.bitcode for p in found] == [p.bitcode for p in alone]
            assert found.coverage.rigorous.cuts > 0


def test_a_single_point_is_proven_by_a_form() -> None:
    rng = np.random.default_rng(0)
    for size in (0.05, 0.3):
        map = PLRNN.al_rnn(
            rng.uniform(0.1, 0.5, 60), size / np.sqrt(60) * rng.normal(size=(60, 60)), rng.normal(size=60), 50
        ).map
        found = find_fixed_points(map, verify="rigorous")
        assert found.rigorous and found.coverage.rigorous.unique and len(found) == 1


def test_without_offsets() -> None:
    rng = np.random.default_rng(1)
    map = PLRNN.al_rnn(rng.uniform(0.3, 0.9, 24), rng.normal(size=(24, 24)) / 5.0, np.zeros(24), 12).map
    found = find_fixed_points(map, verify="rigorous")
    assert found.rigorous, found.coverage.rigorous


def test_what_is_wrong_is_noticed() -> None:
    dropped = moved = named = listed = 0
    planted = [planted_al_rnn(np.random.default_rng(s), 18, 9)[0].map for s in range(3)]
    for map in (*small_maps(range(100, 116)), *planted):
        found = find_fixed_points(map)
        if not len(found):
            continue
        first, rest = found[0], found[1:]
        assert proved_again(map, found).rigorous
        less = proved_again(map, replace(found, _items=tuple(rest)))
        assert not less.rigorous and "not listed" in less.coverage.rigorous.missing[0]
        assert "NOT proven whole" in repr(less) and not less.coverage.rigorous.whole
        other = replace(first, stability="saddle" if first.stability != "saddle" else "stable node")
        wrong = proved_again(map, replace(found, _items=(other, *rest)))
        assert wrong.coverage.rigorous.whole and not wrong.rigorous and not wrong[0].proof.proven
        away = proved_again(map, replace(found, _items=(replace(first, z=first.z + 1.0), *rest)))
        assert away[0].proof.radius >= 0.99
        flipped = "".join("10"[int(c)] for c in first.bitcode) if first.bitcode != "-" else None
        if flipped and flipped not in {p.bitcode for p in (*found, *found.continua)}:
            false = proved_again(map, replace(found, _items=(replace(first, bitcode=flipped), *rest)))
            assert not false.coverage.rigorous.whole and not false[0].proof.exists
            named += 1
        twice = proved_again(map, replace(found, _items=(first, *found)))
        assert not twice.coverage.rigorous.whole
        dropped, moved, listed = dropped + 1, moved + 1, listed + 1
    assert min(dropped, moved, named, listed) > 8


def test_a_continuum_dropped_is_noticed() -> None:
    line = PLRNN.al_rnn([1.0, 0.0], [[0.0, 0.0], [0.5, 0.0]], [0.0, 0.1], pwl_units=1).map
    found = find_fixed_points(line, verify="rigorous")
    assert found.rigorous and len(found.continua) == 2
    less = proved_again(line, replace(found, continua=found.continua[1:]))
    assert not less.coverage.rigorous.whole
    flat = replace(found.continua[0], directions=np.zeros((0, 2)), dimension=0)
    assert (
        "dimension"
        in proved_again(line, replace(found, continua=(flat, found.continua[1]))).continua[0].proof.missing[0]
    )


def test_no_time_is_an_honest_answer() -> None:
    map = planted_al_rnn(np.random.default_rng(0), 80, 20)[0].map
    found = find_fixed_points(map)
    late = proved_again(map, found, time_limit=0.0)
    assert len(late) == len(found) and not late.rigorous
    assert any("time" in reason for reason in late.coverage.rigorous.missing)
    stopped = find_fixed_points(map, verify="rigorous", max_nodes=20)
    assert not stopped.complete and not stopped.rigorous
    assert "the search itself is not finished: NOT complete" in stopped.coverage.rigorous.missing[0]


def test_an_interrupt_keeps_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    map = planted_al_rnn(np.random.default_rng(0), 40, 20)[0].map
    isolated, calls = Prover.isolated, []

    def interrupted(self, *arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return isolated(self, *arguments)

    monkeypatch.setattr(Prover, "isolated", interrupted)
    found = find_fixed_points(map, verify="rigorous")
    assert len(found) == 13 and found.complete and not found.rigorous
    assert [point.proof is not None for point in found] == [True] * 3 + [False] * 10
    assert found.coverage.stopped_by == StoppedBy.NOTHING
    assert "the proof was interrupted" in found.coverage.rigorous.missing
