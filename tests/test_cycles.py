"""Cycles: against brute force over all words, known counts, the k-fold map, and their own invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import brute_force_cycles
from systems import CASES, known, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.maps import ring_map

# The longest period searched here; the case file goes further in places, see the slow test.
LIMIT = 10


def assert_is_cycle(model, cycle):
    scale = 1.0 + np.abs(cycle.points).max()
    assert cycle.points.shape == (cycle.period, model.n_units)
    following = model.map.step(cycle.points)
    np.testing.assert_allclose(following, np.roll(cycle.points, -1, 0), atol=1e-8 * scale)
    assert cycle.residual <= 1e-8 * scale
    if not cycle.on_boundary:
        codes = ["".join("01"[b] for b in bits) for bits in model.map.bits(cycle.points).astype(int)]
        assert tuple(codes) == cycle.word
    for shift in range(1, cycle.period):
        if cycle.period % shift == 0:
            assert np.abs(np.roll(cycle.points, shift, 0) - cycle.points).max() > 1e-12 * scale
    # Multipliers do not depend on the starting point.
    for start in {0, cycle.period // 2, cycle.period - 1}:
        product = np.eye(model.n_units)
        for code in cycle.word[start:] + cycle.word[:start]:
            product = model.map.jacobian([b == "1" for b in code.replace("-", "")]) @ product
        assert np.abs(np.linalg.eigvals(product)).max() == pytest.approx(cycle.spectral_radius, rel=1e-6, abs=1e-9)


def expected_counts(case, limit):
    counts = {int(k): v for k, v in case["expected"]["cycles_by_order"].items()}
    return {k: v for k, v in counts.items() if k <= limit}


COUNTED = [n for n, c in CASES.items() if known(c) is not None and "cycles_by_order" in c["expected"]]
HARD = {"scyfi_clipsh_M2H10_a": 3, "scyfi_sh_M2H10_a": 4}


@pytest.mark.parametrize("name", COUNTED)
def test_known_counts(name):
    case = CASES[name]
    model = known(case)
    expected = expected_counts(case, HARD.get(name, LIMIT))
    found = model.cycles(max(expected))
    assert found.complete
    assert {k: found.counts[k] for k in expected} == expected
    assert sum(v.decided for v in found.coverage.values()) == sum(v.subregions for v in found.coverage.values())
    for cycle in found:
        assert_is_cycle(model, cycle)
    for order, radii in case["expected"].get("spectral_radius_by_order", {}).items():
        if int(order) in expected:
            ours = sorted(c.spectral_radius for c in found if c.period == int(order))
            np.testing.assert_allclose(ours, sorted(radii), atol=1e-4)


@pytest.mark.parametrize(("name", "limit"), [("tent_full", 16), ("lozi_a2_b_half_exact", 16), ("scyfi_conv2d_k16", 20)])
def test_known_counts_of_long_periods(name, limit):
    found = known(CASES[name]).cycles(limit)
    assert found.complete
    assert found.counts == expected_counts(CASES[name], limit)


PLANAR = [n for n in COUNTED if known(CASES[n]).n_units <= 2]


@pytest.mark.parametrize("name", PLANAR)
def test_known_counts_by_words_in_a_box(name):
    case = CASES[name]
    model = known(case)
    limit = case["expected"]["max_order_checked"]
    found = model.cycles(limit, box=100.0 if "M2H10" in name else 1e3, time_limit=600)
    assert found.complete and found.box is not None
    assert {c.engine for c in found.coverage.values()} == {"words in a box"}
    assert {k: found.counts[k] for k in expected_counts(case, limit)} == expected_counts(case, limit)
    for cycle in found:
        assert_is_cycle(model, cycle)


def test_words_agree_with_linear_programs():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        m = int(rng.integers(1, 3))
        model = PLRNN.al_rnn(rng.normal(size=m), 1.5 * rng.normal(size=(m, m)), rng.normal(size=m), pwl_units=m)
        tree, programs = model.cycles(7, box=50.0), model.cycles(7, box=50.0, method="linear programs")
        assert tree.complete and programs.complete
        assert [c.word for c in tree] == [c.word for c in programs]
        assert len(tree.continua) == len(programs.continua)


def test_words_agree_with_linear_programs_in_more_dimensions():
    compared = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        A, W = rng.uniform(-0.6, 0.6, 3), 1.2 * rng.normal(size=(3, 3))
        model = PLRNN.al_rnn(A, W, rng.normal(size=3), pwl_units=2)
        tree = model.cycles(5, box=20.0, method="words in a box")
        programs = model.cycles(5, box=20.0)
        assert tree.complete and programs.complete
        assert [c.word for c in tree] == [c.word for c in programs]
        assert len(tree.continua) == len(programs.continua)
        compared += len(tree)
    assert compared >= 12


def test_a_long_cycle_of_a_contracting_map_in_more_dimensions():
    # A slow rotation with a switch that pumps energy in, and a unit that forgets: one stable long cycle.
    angle, gain = 2.0 * np.pi / 12.3, 0.9
    turn = gain * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    A = np.zeros((3, 3))
    A[:2, :2] = turn
    A[2, 0] = 1.0
    W = np.zeros((3, 3))
    W[:2, 2] = 0.4 * turn[:, 0]
    model = PLRNN.al_rnn(A, W, [0.3, 0.0, -0.2], pwl_units=1)
    found = model.cycles(14, box=10.0, method="words in a box", time_limit=600)
    assert found.complete
    assert found.counts == model.cycles(14, time_limit=600).counts
    assert {c.engine for c in found.coverage.values()} == {"words in a box"}


def test_words_in_a_box_say_their_box():
    found = known(CASES["tent_full"]).cycles(5, method="words in a box")
    np.testing.assert_array_equal(found.box, [[-1e3], [1e3]])
    driven = PLRNN.al_rnn([0.5], [[-1.0]], [0.1], pwl_units=1, C=[[1.0]])
    with pytest.raises(ModelError, match="periodic_input"):
        driven.cycles(3, periodic_input=[[0.1]], method="words in a box")


@pytest.mark.parametrize("box", [None, 1e3])
def test_family_with_multiplier_minus_one(box):
    # Lozi a = 1.5, b = 0.5: the 2-cycle has an eigenvalue -1, so 4-cycles surround it, up to x = 0.
    found = known(CASES["lozi_a1.5_b0.5"]).cycles(8, box=box)
    assert found.complete
    (family,) = found.continua
    assert (family.period, family.dimension, family.word) == (4, 1, ("0", "1", "0", "1"))
    model = known(CASES["lozi_a1.5_b0.5"])
    for t in (-0.1, 0.05, 0.2):
        orbit = family.anchor + t * family.directions[0]
        np.testing.assert_allclose(model.map.step(orbit), np.roll(orbit, -1, 0), atol=1e-12)


def test_reflection_beside_a_pinned_unit_carries_two_cycles_of_word_1_1():
    model = PLRNN.al_rnn([-1.0, 0.5], np.zeros((2, 2)), [0.0, 1.0], pwl_units=1)
    found = model.cycles(4)
    assert found.complete
    assert [c.period for c in found] == [1]
    assert [(f.period, f.word) for f in found.continua] == [(2, ("1", "1"))]


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), period=st.integers(2, 4))
def test_agrees_with_brute_force(seed, period):
    model = random_model(np.random.default_rng(seed))
    assume(model.pwl_units * period <= 8)
    m = model.map
    expected, ambiguous = brute_force_cycles(m.A, m.W, m.V, m.c, m.h, period)
    assume(not ambiguous)
    found = model.cycles(period)
    ours = {c.word: c for c in found if c.period == period}
    assert found.coverage[period].undecided == 0
    words = {tuple("".join("01"[b] for b in bits) or "-" for bits in word): orbit for word, orbit in expected.items()}
    # A word with a root-of-unity multiplier of lower period shows as a family, which brute force skips.
    if not found.continua:
        assert set(ours) == set(words)
        for word, orbit in words.items():
            np.testing.assert_allclose(ours[word].points, orbit, atol=1e-5 * (1.0 + np.abs(orbit).max()))


@pytest.mark.parametrize("method", ["elimination", "linear programs"])
def test_engines_agree(method):
    for seed in range(10):
        model, _ = planted_al_rnn(np.random.default_rng(seed), 5, 3, 2.5)
        assert model.cycles(5, method=method).counts == model.cycles(5).counts


def test_cycles_are_fixed_points_of_the_ring():
    model, _ = planted_al_rnn(np.random.default_rng(3), 6, 2, 2.5)
    m = model.map
    for period in (2, 3, 4):
        ring = find_fixed_points(ring_map([m] * period), method="elimination")
        divisors = [d for d in range(1, period + 1) if period % d == 0]
        counts = model.cycles(period).counts
        assert len(ring) == sum(d * counts[d] for d in divisors)


def test_permuting_units_changes_nothing_but_names():
    rng = np.random.default_rng(4)
    model, _ = planted_al_rnn(rng, 6, 3, 2.5)
    order = np.concatenate([np.arange(3), 3 + rng.permutation(3)])
    A, W, h = (model.parameters[k] for k in ("A", "W", "h"))
    other = PLRNN.al_rnn(A[order], W[np.ix_(order, order)], h[order], pwl_units=3)
    one, two = model.cycles(5), other.cycles(5)
    assert one.counts == two.counts
    np.testing.assert_allclose(
        sorted(c.spectral_radius for c in one), sorted(c.spectral_radius for c in two), rtol=1e-6
    )


def test_box_keeps_only_what_lies_inside():
    lozi = known(CASES["lozi_a2_b_half_exact"])
    everywhere, inside = lozi.cycles(7), lozi.cycles(7, box=0.9)
    assert inside.complete and inside.box is not None
    expected = [c.word for c in everywhere if np.abs(c.points).max() <= 0.9]
    assert [c.word for c in inside] == expected
    assert 0 < len(expected) < len(everywhere)
    corners = lozi.cycles(7, box=([-0.9, -0.9], [0.9, 0.9]))
    assert [c.word for c in corners] == expected


def test_inputs():
    rng = np.random.default_rng(5)
    C = rng.normal(size=(2, 1))
    model = PLRNN.al_rnn([0.5, 0.3], [[0.0, -1.2], [1.1, 0.0]], [0.1, 0.2], pwl_units=2, C=C)
    inputs = np.array([[1.0], [-0.5], [0.2]])
    driven = model.cycles(6, periodic_input=inputs)
    assert driven.complete and set(driven.coverage) == {3, 6}
    z = np.zeros(2)
    for _ in range(400):
        for s in inputs:
            z = model.map.step(z, s)
    attractors = [c for c in driven if c.spectral_radius < 1.0 and np.abs(c.points - z).max(axis=1).min() < 1e-8]
    assert len(attractors) == 1
    held = model.cycles(3, constant_input=[0.7])
    moved = PLRNN.al_rnn([0.5, 0.3], [[0.0, -1.2], [1.1, 0.0]], np.array([0.1, 0.2]) + C @ [0.7], pwl_units=2)
    assert held.counts == moved.cycles(3).counts
    with pytest.raises(ModelError, match="not both"):
        model.cycles(3, constant_input=[0.7], periodic_input=inputs)


def test_limits_are_honest():
    model, _ = planted_al_rnn(np.random.default_rng(0), 30, 12, 2.0)
    found = model.cycles(20, time_limit=0.5)
    assert not found.complete and found.complete_up_to < 20
    assert sum(v.seconds for v in found.coverage.values()) < 1.0
    last = found.coverage[max(found.coverage)]
    assert last.stopped_by == "time_limit"
    assert "complete up to period" in repr(found)
    for bad in ({"max_period": 0}, {"max_period": 2, "box": -1.0}, {"max_period": 2, "box": ([0.0], [1.0])}):
        with pytest.raises(ModelError):
            model.cycles(**bad)


def test_linear_map_has_its_fixed_point_only():
    found = PLRNN.al_rnn([0.5, -0.9], np.zeros((2, 2)), [1.0, 1.0], pwl_units=0).cycles(5)
    assert found.complete and found.counts == {1: 1, 2: 0, 3: 0, 4: 0, 5: 0}


def test_scyfi_nesting_and_table():
    found = known(CASES["tent_full"]).cycles(4)
    cycles, eigenvalues = found.to_scyfi()
    assert [len(c) for c in cycles] == [2, 1, 2, 3] == [len(e) for e in eigenvalues]
    np.testing.assert_array_equal(cycles[2][1][0], found[4].points[0])
    assert found.table()["period"] == [1, 1, 2, 3, 3, 4, 4, 4]


@pytest.mark.parametrize("method", ["auto", "elimination", "linear programs"])
@pytest.mark.parametrize("order", [3, 4, 6])
def test_rotation_by_a_root_of_unity_carries_a_plane_of_cycles(method, order):
    # Whole numbers, so that these are rotations to the last bit: companions of x^2 + x + 1, x^2 + 1 and x^2 - x + 1.
    turn = [[0.0, -1.0, 0.0], [1.0, {3: -1.0, 4: 0.0, 6: 1.0}[order], 0.0], [0.0, 0.0, 0.5]]
    found = PLRNN.al_rnn(turn, np.zeros((3, 3)), [0.0, 0.0, 1.0], pwl_units=1).cycles(6, method=method)
    assert found.complete
    assert [(c.period, c.stability) for c in found] == [(1, "marginal")]
    assert [(f.period, f.dimension, f.word) for f in found.continua] == [(order, 2, ("1",) * order)]


def test_a_rotation_rounded_to_doubles_is_a_spiral():
    # Its determinant, a rational number, is not one: nothing but the fixed point returns.
    cosine, sine = np.cos(2.0 * np.pi / 5.0), np.sin(2.0 * np.pi / 5.0)
    found = PLRNN.al_rnn([[cosine, -sine], [sine, cosine]], np.zeros((2, 2)), [1.0, 0.0], pwl_units=1).cycles(5)
    assert found.complete and not found.continua
    assert [c.period for c in found] == [1] and found[0].stability in ("stable spiral", "unstable spiral")


@pytest.mark.parametrize("method", ["auto", "elimination", "linear programs"])
def test_without_offsets_the_origin_is_the_only_cycle(method):
    # x -> -2 x and -0.7 x on the two sides, and a generic planar map: cones, no cycle but the origin.
    for A, W in (([-2.0], [[1.3]]), ([[0.3, 0.9], [-0.8, 0.4]], [[0.0, 0.5], [0.2, -0.3]])):
        found = PLRNN.al_rnn(A, W, np.zeros(len(W)), pwl_units=1).cycles(4, method=method)
        assert found.complete and not found.continua
        assert [(c.period, c.on_boundary) for c in found] == [(1, True)]


def test_integrator_whose_every_subregion_is_singular():
    # The exact addition solver: a line of fixed points, and no cycle of a longer period.
    model = PLRNN.al_rnn([1.0, 0.0], [[0.0, 1.0], [0.0, 0.0]], [0.0, -1.0], pwl_units=1, C=[[0.0, 0.0], [1.0, 1.0]])
    for method in ("auto", "linear programs"):
        found = model.cycles(3, method=method)
        assert found.complete and len(found) == 0
        assert [(f.period, f.dimension) for f in found.continua] == [(1, 1)]


@pytest.mark.slow
def test_published_lower_bound_of_the_clipped_shallow_system():
    case = CASES["scyfi_clipsh_M3H10_k10"]
    model = known(case)
    found = model.cycles(10, method="scyfi", time_limit=60.0)
    assert not found.complete
    for order, least in case["expected"]["cycles_by_order_lower_bound"].items():
        assert found.counts[int(order)] >= least
    for cycle in found:
        assert_is_cycle(model, cycle)
