"""The exact search against brute force, exact rationals, systems with known answers, and its own promises."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import brute_force, exact
from systems import CASES, degenerate_map, known, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, CanonicalMap, ModelError
from plrnn_analysis.engines import elimination, mixed, outskirts, portfolio, reduction, uniqueness
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.maps import bits_to_string
from plrnn_analysis.summary import coverage_sentences
from plrnn_analysis.units import balanced

seeds = st.integers(0, 2**32 - 1)


def assert_is_fixed_point(map: CanonicalMap, p) -> None:
    scale = 1.0 + np.abs(p.z).max()
    assert p.residual <= 1e-8 * scale
    np.testing.assert_allclose(map.step(p.z), p.z, atol=1e-8 * scale)
    if not p.on_boundary:
        assert bits_to_string(map.bits(p.z)) == p.bitcode
        assert p.boundary_distance > 0.0
    J = map.jacobian([b == "1" for b in p.bitcode.replace("-", "")])
    assert p.spectral_radius == pytest.approx(np.abs(np.linalg.eigvals(J)).max(), abs=1e-6)
    assert np.all(np.diff(np.abs(p.eigenvalues)) <= 1e-9)


engines = pytest.mark.parametrize("method", ["elimination", "linear programs"])
all_engines = pytest.mark.parametrize("method", ["auto", "elimination", "linear programs"])


@all_engines
@settings(max_examples=2500, deadline=None)
@given(seed=seeds)
def test_agrees_with_brute_force(method, seed):
    map = random_model(np.random.default_rng(seed)).map
    expected, ambiguous = brute_force(map.A, map.W, map.V, map.c, map.h)
    assume(not ambiguous)
    found = find_fixed_points(map, method=method)
    assert found.complete
    assert not found.continua
    assert found.coverage.decided == 2**map.n_relu
    assert [p.bitcode for p in found] == sorted(bits_to_string(bits) for bits, _ in expected)
    points = {bits_to_string(bits): z for bits, z in expected}
    for p in found:
        np.testing.assert_allclose(p.z, points[p.bitcode], atol=1e-6 * (1.0 + np.abs(p.z).max()))
        assert_is_fixed_point(map, p)


@all_engines
@settings(max_examples=800, deadline=None)
@given(seed=seeds)
def test_agrees_with_exact_rationals_where_degenerate(method, seed):
    map = degenerate_map(np.random.default_rng(seed))
    points, continua = exact(*(getattr(map, name).astype(int).tolist() for name in ("A", "W", "V", "c", "h")))
    found = find_fixed_points(map, method=method)
    assert found.complete
    assert [p.bitcode for p in found] == sorted(bits_to_string(bits) for bits, _ in points)
    exact_points = {bits_to_string(bits): np.array([float(v) for v in z]) for bits, z in points}
    for p in found:
        np.testing.assert_allclose(p.z, exact_points[p.bitcode], atol=1e-9 * (1.0 + np.abs(p.z).max()))
    assert sorted((c.bitcode, c.dimension) for c in found.continua) == sorted(
        (bits_to_string(bits), dim) for bits, dim in continua.items()
    )
    for c in found.continua:
        assert c.residual <= 1e-8 * (1.0 + np.abs(c.anchor).max())
        for direction in c.directions:
            np.testing.assert_allclose(map.step(c.anchor + 1e-6 * direction), c.anchor + 1e-6 * direction, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if known(case) is not None])
def test_known_systems(name):
    case = CASES[name]
    model = known(case)
    expected = case["expected"]
    found = model.fixed_points()
    assert found.complete
    if name == "lcp_CPS_1":  # the segment z1 + z2 = 1 between (1, 0) and (0, 1)
        assert len(found) == 0
        (line,) = found.continua
        assert (line.dimension, line.bitcode) == (1, "11")
        ends = [line.anchor + t * line.directions[0] for t in line.interval]
        np.testing.assert_allclose(sorted(map(tuple, ends)), [(0.0, 1.0), (1.0, 0.0)], atol=1e-12)
        return
    assert len(found) == expected["fixed_points"]
    assert not found.continua
    if "fixed_point_coords" in expected:
        np.testing.assert_allclose([p.z for p in found], expected["fixed_point_coords"], atol=1e-6)
    if "spectral_radius_by_order" in expected:
        radii = sorted(p.spectral_radius for p in found)
        np.testing.assert_allclose(radii, sorted(expected["spectral_radius_by_order"]["1"]), atol=1e-4)
    if "regions_bit_i_is_unit_i" in expected:
        assert [p.bitcode for p in found] == expected["regions_bit_i_is_unit_i"]
    if isinstance(expected.get("supports"), list):
        assert sorted(p.bitcode for p in found) == sorted(expected["supports"])
    if "fixed_point_x" in expected:
        np.testing.assert_allclose(sorted(p.z[1] for p in found), sorted(expected["fixed_point_x"]), atol=1e-12)
    if "min_boundary_margin" in expected:  # of the cycles too, so a lower bound here
        assert min(p.boundary_distance for p in found) >= expected["min_boundary_margin"] - 1e-6


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "diagonal_A_embedding" in case])
def test_diagonal_embeddings_have_as_many_fixed_points(name):
    e = CASES[name]["diagonal_A_embedding"]
    found = PLRNN.al_rnn(e["A_diag"], e["W"], e["h"], relu_units=e["relu_units"]).fixed_points()
    assert found.complete and len(found) == CASES[name]["expected"]["fixed_points"]


@pytest.mark.parametrize("method", ["auto", "linear programs"])
def test_exact_addition_solver_is_a_line_attractor(method):
    model = PLRNN.al_rnn([1.0, 0.0], [[0.0, 1.0], [0.0, 0.0]], [0.0, -1.0], pwl_units=1, C=[[0.0, 0.0], [1.0, 1.0]])
    found = model.fixed_points(method=method)
    assert found.complete and len(found) == 0
    (line,) = found.continua
    assert (line.dimension, line.bitcode) == (1, "0")
    np.testing.assert_allclose(np.abs(line.directions), [[1.0, 0.0]])
    assert line.interval == (-np.inf, np.inf)
    assert found.coverage.engine == ("enumeration" if method == "auto" else "linear programs")
    # With a marked input held on the accumulator grows for ever: no fixed point at all.
    driven = model.fixed_points(constant_input=[0.5, 1.0], method=method)
    assert driven.complete and len(driven) == 0 and not driven.continua


@engines
@pytest.mark.parametrize("on_boundary", [1, 2, 3])
def test_planted_boundary_points_are_kept_once_and_flagged(method, on_boundary):
    for seed in range(150):
        rng = np.random.default_rng([on_boundary, seed])
        m = int(rng.integers(4, 31))
        pwl = int(rng.integers(on_boundary, min(m, 10) + 1))
        model, z = planted_al_rnn(rng, m, pwl, rng.choice([0.5, 1.0, 2.0]), on_boundary)
        found = model.fixed_points(method=method)
        near = [p for p in found if np.abs(p.z - z).max() < 1e-6 * (1.0 + np.abs(z).max())]
        assert found.complete
        assert len(near) == 1
        assert near[0].on_boundary
        assert near[0].bitcode == bits_to_string(z[m - pwl :] > 0.0)


def test_engines_agree_at_eighteen_relus():
    for seed in range(6):
        model, z = planted_al_rnn(np.random.default_rng(seed), 40, 18, 1.5)
        one, other = (model.fixed_points(method=method) for method in ("elimination", "linear programs"))
        assert one.complete and other.complete
        assert one.coverage.decided == other.coverage.decided == 2**18
        assert [p.bitcode for p in one] == [p.bitcode for p in other]
        assert sum(np.allclose(p.z, z, atol=1e-6) for p in one) == 1


def test_planted_points_are_found_and_all_is_proven_at_forty_relus():
    for seed in range(3):
        model, z = planted_al_rnn(np.random.default_rng(seed), 80, 40, 1.0)
        found = model.fixed_points()
        assert found.complete and found.coverage.decided == 2**40
        assert found.coverage.engine == "linear programs"
        assert sum(np.allclose(p.z, z, atol=1e-6) for p in found) == 1


@engines
@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing(method, workers):
    model, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    serial, threaded = model.fixed_points(method=method), model.fixed_points(workers=workers, method=method)
    assert serial.complete and threaded.complete
    assert threaded.coverage.decided == serial.coverage.decided == 2**14
    assert [p.bitcode for p in serial] == [p.bitcode for p in threaded]
    np.testing.assert_array_equal([p.z for p in serial], [p.z for p in threaded])


def test_permuting_relu_units_permutes_bitcodes():
    rng = np.random.default_rng(8)
    for _ in range(50):
        m, pwl = 7, 5
        model, _ = planted_al_rnn(rng, m, pwl, 2.0)
        order = np.concatenate([np.arange(m - pwl), m - pwl + rng.permutation(pwl)])
        A, W, h = (model.parameters[k] for k in ("A", "W", "h"))
        other = PLRNN.al_rnn(A[order], W[np.ix_(order, order)], h[order], pwl_units=pwl)
        moved = sorted("".join(p.bitcode[i - (m - pwl)] for i in order[m - pwl :]) for p in model.fixed_points())
        assert moved == [p.bitcode for p in other.fixed_points()]


def test_monotone_maps_are_proven_unique_at_hundreds_of_relus():
    rng = np.random.default_rng(2)
    m = 300
    model = PLRNN.al_rnn(rng.uniform(-0.2, 0.2, m), rng.normal(0, 0.2 / np.sqrt(m), (m, m)), rng.normal(size=m), m)
    found = model.fixed_points()
    assert found.complete and len(found) == 1
    assert found.coverage.engine == "uniqueness certificate"
    z = np.zeros(m)
    for _ in range(200):
        z = model.map.step(z)
    np.testing.assert_allclose(found[0].z, z, atol=1e-10)


def test_no_bias_and_twenty_relus_is_one_point_at_the_origin():
    rng = np.random.default_rng(3)
    model = PLRNN.al_rnn(rng.uniform(0.3, 0.9, 20), rng.normal(size=(20, 20)), np.zeros(20), pwl_units=20)
    found = model.fixed_points()
    assert found.complete and len(found) == 1
    assert found[0].on_boundary and found[0].bitcode == "0" * 20
    np.testing.assert_array_equal(found[0].z, np.zeros(20))


def test_rebasing_gives_the_same_answer():
    """Writing a map around another subregion changes nothing but the route."""
    rng = np.random.default_rng(4)
    for _ in range(100):
        map = random_model(rng).map
        base = rng.random(map.n_relu) < 0.5
        other = reduction.rebased(map, base)
        z = rng.normal(size=(5, map.n_units))
        np.testing.assert_allclose(other.step(z), map.step(z), atol=1e-9)
        if brute_force(map.A, map.W, map.V, map.c, map.h)[1]:
            continue
        here = [bits_to_string(map.bits(p.z)) for p in find_fixed_points(map)]
        there = [bits_to_string(map.bits(p.z)) for p in find_fixed_points(other)]
        assert sorted(here) == sorted(there)


def test_perfect_integrator_is_rebased_not_refused():
    # I - A is singular, I - J_1 is not: one fixed point, in the active subregion.
    model = PLRNN.al_rnn([1.0], [[-0.5]], [0.5], pwl_units=1)
    found = model.fixed_points(method="elimination")
    assert found.complete and [p.bitcode for p in found] == ["1"]
    assert found[0].z == pytest.approx([1.0])
    assert "another subregion" in found.coverage.notes[0]


def test_mixed_engine_agrees_with_elimination():
    for seed in range(40):
        map = degenerate_map(np.random.default_rng(seed))
        reduced = reduction.reduce_fixed_points(map)
        if reduced is None:
            continue
        outcome = mixed.search(map, Budget(None, None))
        assert outcome.exhausted and outcome.decided == 2**map.n_relu
        words = {bits_to_string(w) for w in outcome.words}
        assert {p.bitcode for p in find_fixed_points(map)} <= words


def test_uniqueness_proof_is_refused_without_a_p_matrix():
    # I - G = [[1, -2], [-2, 1]] has a negative determinant: some g gives no or two solutions.
    model = PLRNN.al_rnn([0.0, 0.0], [[0.0, 2.0], [2.0, 0.0]], [-1.0, -1.0], pwl_units=2)
    assert uniqueness.prove_unique(reduction.reduce_fixed_points(model.map)) is None
    assert len(model.fixed_points()) == 2  # both active at (1, 1), both inactive at (-1, -1)


class TestBudgets:
    model, _ = planted_al_rnn(np.random.default_rng(0), 44, 22, 1.5)
    large, _ = planted_al_rnn(np.random.default_rng(0), 160, 80, 1.5)

    @engines
    @pytest.mark.parametrize("limit", [{"max_nodes": 2000}, {"time_limit": 0.05}, {"max_nodes": 0}, {"time_limit": 0}])
    @pytest.mark.parametrize("workers", [1, 2])
    def test_partial_results_are_honest(self, method, limit, workers):
        model = self.model if method == "elimination" else self.large
        found = model.fixed_points(workers=workers, method=method, **limit)
        assert not found.complete
        assert found.coverage.stopped_by == next(iter(limit))
        assert 0 < found.coverage.undecided <= 2**model.pwl_units
        assert "NOT complete" in repr(found)
        for p in found:
            assert_is_fixed_point(model.map, p)

    @pytest.mark.parametrize("workers", [1, 2])
    def test_time_limit_is_respected(self, workers):
        found = self.large.fixed_points(time_limit=0.5, workers=workers)
        assert not found.complete and found.coverage.stopped_by == "time_limit"

    def test_max_nodes_is_respected(self):
        assert self.model.fixed_points(max_nodes=500).coverage.nodes <= 500

    def test_interrupt_gives_a_partial_result(self, monkeypatch):
        advance = elimination._Tree.advance
        calls = []

        def interrupted(tree, nodes):
            calls.append(nodes)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return advance(tree, nodes)

        monkeypatch.setattr(elimination._Tree, "advance", interrupted)
        found = self.model.fixed_points(method="elimination")
        assert not found.complete
        assert found.coverage.stopped_by == "interrupt"
        assert found.coverage.decided > 0

    def test_slices_do_not_change_the_tree(self):
        model, _ = planted_al_rnn(np.random.default_rng(1), 20, 10, 1.5)
        problem = reduction.reduce_fixed_points(model.map)
        whole, pieces = elimination._Tree(problem, (), True), elimination._Tree(problem, (), True)
        whole.advance(10**9)
        while not pieces.finished:
            assert pieces.advance(7) <= 7
        assert whole.decided == pieces.decided == 2**10
        np.testing.assert_array_equal(whole.meta[1:5], pieces.meta[1:5])
        np.testing.assert_array_equal(whole.words, pieces.words)

    @pytest.mark.parametrize(
        "bad", [{"method": "guess"}, {"workers": 0}, {"workers": 1.5}, {"max_nodes": -1}, {"time_limit": -1.0}]
    )
    def test_bad_options_are_refused(self, bad):
        with pytest.raises(ModelError, match=next(iter(bad))):
            self.model.fixed_points(**bad)


def test_constant_input_moves_the_offset():
    rng = np.random.default_rng(6)
    W = rng.normal(size=(4, 4)) * 0.3
    C = rng.normal(size=(4, 2))
    h = rng.normal(size=4)
    s = np.array([0.3, -2.0])
    with_input = PLRNN.al_rnn(np.full(4, 0.5), W, h, pwl_units=3, C=C).fixed_points(constant_input=s)
    offset = PLRNN.al_rnn(np.full(4, 0.5), W, h + C @ s, pwl_units=3).fixed_points()
    np.testing.assert_allclose([p.z for p in with_input], [p.z for p in offset])
    rnn = PLRNN.relu_rnn(W, h, C).fixed_points(constant_input=s)
    inside = PLRNN.relu_rnn(W, h + C @ s).fixed_points()
    np.testing.assert_allclose([p.z for p in rnn], [p.z for p in inside])
    with pytest.raises(ModelError, match=r"constant_input must have shape \(2,\)"):
        PLRNN.al_rnn(np.full(4, 0.5), W, h, pwl_units=3, C=C).fixed_points(constant_input=[1.0])


def test_no_relu_is_a_single_region():
    model = PLRNN.al_rnn([0.5, -0.5], [[0.0, 0.2], [0.1, 0.0]], [1.0, 1.0], pwl_units=0)
    found = model.fixed_points()
    assert found.complete and [p.bitcode for p in found] == ["-"]
    assert found[0].boundary_distance == np.inf and not found[0].on_boundary
    identity = PLRNN.al_rnn([1.0, 1.0], np.zeros((2, 2)), [0.0, 0.0], pwl_units=0).fixed_points()
    assert identity.complete and identity.continua[0].dimension == 2
    drift = PLRNN.al_rnn([1.0], [[0.0]], [1.0], pwl_units=0).fixed_points()
    assert drift.complete and len(drift) == 0 and not drift.continua


def test_results_are_frozen_and_tabulate():
    found = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).fixed_points()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found[0].bitcode = "1"
    with pytest.raises(ValueError, match="read-only"):
        found[0].z[0] = 3.0
    table = found.table()
    assert table["bitcode"] == ["0", "1"]
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 2
    assert [p.bitcode for p in found[:1]] == ["0"]


@pytest.mark.parametrize(
    ("A", "expected"),
    [
        ([0.5, 0.1], "stable node"),
        ([1.5, 0.1], "saddle"),
        ([1.5, -2.0], "unstable node"),
        ([1.0 + 1e-5, 0.1], "saddle"),
        ([-1.0, 0.1], "marginal"),
        ([[0.0, -0.5], [0.5, 0.0]], "stable spiral"),
        ([[0.0, -2.0], [2.0, 0.0]], "unstable spiral"),
    ],
)
def test_stability_names(A, expected):
    (point,) = PLRNN.al_rnn(A, np.zeros((2, 2)), [1.0, 1.0], pwl_units=0).fixed_points()
    assert point.stability == expected


@pytest.mark.parametrize("limit", ["max_nodes", "time_limit"])
@pytest.mark.parametrize("value", [-1, float("nan"), "a", True])
def test_limits_that_are_no_numbers_are_refused(limit, value):
    model = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=1)
    with pytest.raises(ModelError, match=f"{limit} must be a (whole )?number (>= 0 )?or None"):
        model.fixed_points(**{limit: value})
    assert model.fixed_points(max_nodes=1e6).complete


class TestFarOut:
    """Cuts that hold up to a limit only, and what is then said of the rest."""

    model = PLRNN.clipped_shallow(
        [0.5, 0.3], *(np.random.default_rng(0).normal(size=shape) for shape in ((2, 10), (10, 2), (2,), (10,)))
    )

    def test_solutions_beyond_a_bound_are_excluded_by_the_merged_map(self):
        found = self.model.fixed_points(method="linear programs")
        assert found.complete and found.coverage.limit is None and found.claim == "complete"
        reach = outskirts.merged(balanced(self.model.map).map)
        y = self.model.map.preactivation(found[0].z)
        # Merged, the ReLUs of a clipped network cancel: all fixed points are bounded.
        assert len(reach.problem.g) == 0 and np.abs(y).sum() <= reach.intercept * balanced(self.model.map).relu.max()

    def test_without_it_the_limit_is_named_wherever_the_result_is_shown(self, monkeypatch):
        monkeypatch.setattr(portfolio, "merged", lambda map: None)
        whole = self.model.fixed_points(method="linear programs").coverage.nodes
        found = self.model.fixed_points(method="linear programs", max_nodes=whole // 2)
        limit = found.coverage.limit
        assert not found.complete and limit > 0.0
        assert f"|y| <= {limit:.3g}" in repr(found) and f"|y| <= {limit:.3g}" in found.table().claim
        assert json.loads(found.to_json())["coverage"]["limit"] == limit
        assert f"{limit:.3g}" in coverage_sentences(found)[0]


def test_without_offsets_many_relus_are_searched_by_programs_too():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        model = PLRNN.al_rnn(rng.uniform(0.3, 0.9, 30), rng.normal(size=(30, 30)) / np.sqrt(30), np.zeros(30), 16)
        found = model.fixed_points(method="linear programs")
        assert found.complete and [p.bitcode for p in found] == ["0" * 16] and not np.any(found[0].z)


def test_numbers_of_every_size_end_in_an_answer_or_an_honest_no():
    """From the smallest doubles to nearly the largest: no warning, and what is listed is finite."""
    for seed in range(80):
        rng = np.random.default_rng(seed)
        m, n = (int(v) for v in rng.integers(1, 4, 2))

        def draw(*shape, rng=rng):
            tiny = np.ldexp(rng.normal(size=shape), rng.integers(-1074, -900, shape))
            return tiny if rng.random() < 0.5 else rng.normal(size=shape) * 2.0 ** float(rng.integers(-1000, 900))

        map = CanonicalMap.build(draw(m, m), draw(m, n), draw(n, m), draw(n), draw(m))
        found = find_fixed_points(map)
        assert all(np.all(np.isfinite(p.z)) for p in found)
        assert found.complete or found.coverage.notes
