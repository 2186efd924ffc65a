"""SCYFI: what it finds is genuine and reproducible, and it never claims to be complete."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from systems import CASES, degenerate_map, known, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.engines import heuristic
from plrnn_analysis.fixed_points import find_fixed_points

TENT = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)


def assert_claims_nothing(coverage):
    assert (coverage.engine, coverage.decided, coverage.stopped_by) == ("scyfi", 0, "heuristic")
    assert any("restarts" in note for note in coverage.notes)


def test_tent():
    points = TENT.fixed_points(method="scyfi")
    assert [p.bitcode for p in points] == ["0", "1"] and not points.complete
    assert_claims_nothing(points.coverage)
    cycles = TENT.cycles(6, method="scyfi")
    assert cycles.counts == {1: 2, 2: 1, 3: 2, 4: 3, 5: 6, 6: 9}
    assert cycles.complete_up_to == 0 and not cycles.complete
    for coverage in cycles.coverage.values():
        assert_claims_nothing(coverage)


@pytest.mark.parametrize("name", ["lozi_a2_b_half_exact", "scyfi_conv2d_k16"])
def test_known_cycles_of_planar_maps(name):
    model = known(CASES[name])
    exact, ours = model.cycles(5), model.cycles(5, method="scyfi", restarts=200)
    assert [c.word for c in ours] == [c.word for c in exact] and exact.complete


def test_seed():
    few = {"method": "scyfi", "restarts": 1, "inner": 2}
    runs = [TENT.cycles(8, seed=seed, **few) for seed in (0, 0, 1)]
    counts = [[v.nodes for v in run.coverage.values()] for run in runs]
    words = [[c.word for c in run] for run in runs]
    assert words[0] == words[1] and counts[0] == counts[1] and words[0]
    assert words[0] != words[2]
    # A period's words do not depend on how many periods are asked for.
    assert [c.word for c in TENT.cycles(5, **few)] == [w for w in words[0] if len(w) <= 5]


def test_more_restarts_find_what_few_miss():
    model, z = planted_al_rnn(np.random.default_rng(0), 24, 12, 1.5)
    found = model.fixed_points(method="scyfi", restarts=500)
    assert any(np.allclose(p.z, z, atol=1e-8) for p in found)
    assert len(found) == len(model.fixed_points())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hits_are_genuine(seed):
    model = random_model(np.random.default_rng(seed))
    period = 2 if model.map.n_relu <= 6 else 1
    exact = model.cycles(period)
    ours = model.cycles(period, method="scyfi", seed=seed)
    assert ours.complete_up_to == 0 and all(v.decided == 0 for v in ours.coverage.values())
    if exact.complete and not exact.continua:
        assert not ours.continua
        for cycle in ours:
            assert any(
                c.period == cycle.period
                and (
                    c.word == cycle.word
                    or min(np.abs(np.roll(c.points, r, 0) - cycle.points).max() for r in range(c.period)) < 1e-7
                )
                for c in exact
            )
    points = model.fixed_points(method="scyfi", seed=seed)
    assert not points.complete
    for p in points:
        np.testing.assert_allclose(model.map.step(p.z), p.z, atol=1e-8 * (1.0 + np.abs(p.z).max()))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_degenerate_maps(seed):
    map = degenerate_map(np.random.default_rng(seed))
    points = find_fixed_points(map, method="scyfi")
    assert not points.complete and points.coverage.decided == 0
    for p in points:
        np.testing.assert_allclose(map.step(p.z), p.z, atol=1e-9 * (1.0 + np.abs(p.z).max()))


def test_periodic_input():
    model = PLRNN.al_rnn([0.5, 0.5], [[0, -2.0], [-2.0, 0]], [1.0, 1.0], C=np.eye(2), pwl_units=2)
    inputs = [[1.0, 0.0], [0.0, 0.5]]
    exact, ours = (model.cycles(4, periodic_input=inputs, method=m) for m in ("auto", "scyfi"))
    assert [c.word for c in ours] == [c.word for c in exact] and exact.complete and len(exact)


def test_budget():
    model, _ = planted_al_rnn(np.random.default_rng(1), 60, 30, 2.0)
    found = model.fixed_points(method="scyfi", restarts=10**6, inner=1000, time_limit=0.3)
    assert found.coverage.stopped_by == "time_limit"
    found = model.fixed_points(method="scyfi", restarts=1000, max_nodes=57)
    assert found.coverage.stopped_by == "max_nodes" and found.coverage.nodes == 57


def test_interrupt_keeps_what_was_found(monkeypatch):
    record = heuristic._Paths._record

    def stop_after_one(self, *arguments):
        record(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(heuristic._Paths, "_record", stop_after_one)
    found = TENT.fixed_points(method="scyfi")
    assert len(found) == 1 and found.coverage.stopped_by == "interrupt"


@pytest.mark.parametrize("option", [{"restarts": 0}, {"inner": 1.5}, {"seed": -1}, {"restarts": True}])
def test_bad_options(option):
    (name,) = option
    with pytest.raises(ModelError, match=name):
        TENT.cycles(2, method="scyfi", **option)


def test_limits_belong_to_the_heuristic():
    with pytest.raises(ModelError, match="method='scyfi'"):
        TENT.fixed_points(restarts=5)


def test_to_scyfi():
    cycles, eigenvalues = TENT.cycles(3, method="scyfi").to_scyfi()
    assert [len(c) for c in cycles] == [2, 1, 2] == [len(e) for e in eigenvalues]
    assert [len(c) for c in cycles[2]] == [3, 3]
