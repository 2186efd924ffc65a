"""Reduction over a domain: planted ReLUs that never switch, extremes against vertices, bounds against simulations."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, count, product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from systems import random_model

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.engines import budget as budgets
from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
from plrnn_analysis.reduce import Polytope, reduce


def planted(rng, kind, m=5, relus=4, on=1, off=1, inputs=0):
    """A model and a box (with inputs) on which just the first `on` + `off` ReLUs, shuffled, never switch."""
    signs = rng.permutation([1] * on + [-1] * off + [0] * (relus - on - off))
    C = rng.normal(size=(m, inputs)) if inputs else None
    B = rng.normal(size=(2, m))
    box = np.array([[-1.0] * inputs, [2.0] * inputs])
    if kind == "al_rnn":
        low, high = -rng.uniform(0.5, 2.0, m), rng.uniform(0.5, 2.0, m)
        for unit, sign in zip(range(m - relus, m), signs):
            if sign:
                low[unit], high[unit] = sign * 1.0 - 0.7, sign * 1.0 + 0.7
        W = rng.normal(size=(m, m))
        model = PLRNN.al_rnn(rng.uniform(0.1, 0.9, m), W, rng.normal(size=m), pwl_units=relus, C=C, B=B)
        return model, (low, high), box, signs
    low, high = -rng.uniform(0.5, 2.0, m), rng.uniform(0.5, 2.0, m)
    V = rng.normal(size=(m if kind == "relu_rnn" else relus, m))
    E = rng.normal(size=(len(V), inputs)) if kind == "relu_rnn" else np.zeros((len(V), inputs))
    middle = V @ (low + high) / 2 + E @ box.mean(axis=0)
    half = np.abs(V) @ (high - low) / 2 + np.abs(E) @ (box[1] - box[0]) / 2
    offset = -middle + signs * 1.2 * half + (signs == 0) * rng.uniform(-0.5, 0.5, len(V)) * half
    if kind == "relu_rnn":
        return PLRNN.relu_rnn(V, offset, E if inputs else None, B=B), (low, high), box, signs
    A, W = rng.uniform(0.1, 0.9, m), rng.normal(size=(m, relus))
    return PLRNN.shallow(A, W, V, rng.normal(size=m), offset, C, B), (low, high), box, signs


def agree(model, small, z, s):
    scale = 1.0 + np.abs(model.map.A).sum() + np.abs(model.map.W).sum()
    return np.max(np.abs(model.map.step(z, s) - small.step(z, s))) < 1e-12 * scale


@pytest.mark.parametrize("kind", ["al_rnn", "shallow"])
@pytest.mark.parametrize(("on", "off"), [(0, 0), (2, 0), (0, 2), (1, 2), (4, 0), (0, 4)])
@pytest.mark.parametrize("inputs", [0, 2])
def test_planted_units_are_found_and_removed_exactly(kind, on, off, inputs):
    rng = np.random.default_rng([on, off, inputs, len(kind)])
    model, domain, box, signs = planted(rng, kind, on=on, off=off, inputs=inputs)
    small = model.reduce(domain, inputs=box if inputs else None, samples=200)
    assert small.pwl_units == small.model.pwl_units == 4 - on - off
    assert len(small.removed) == on + off and small.minimal
    expected = {1: "always on", -1: "always off", 0: "switches"}
    assert [row.status for row in small] == [expected[s] for s in signs]
    assert small.model.architecture == model.architecture
    z = rng.uniform(*domain, size=(100_000, 5))
    s = rng.uniform(*box, size=(100_000, inputs))
    assert agree(model, small.model.map, z, s) and agree(model, small.map, z, s)
    assert np.array_equal(small.model.B, model.B)


@pytest.mark.parametrize("seed", range(4))
def test_driven_relu_rnn_keeps_its_input_inside(seed):
    rng = np.random.default_rng(seed)
    model, domain, box, _ = planted(rng, "relu_rnn", m=4, relus=4, on=1, off=1, inputs=2)
    small = model.reduce(domain, inputs=box)
    assert small.pwl_units == 2 and small.minimal
    z, s = rng.uniform(*domain, size=(100_000, 4)), rng.uniform(*box, size=(100_000, 2))
    assert agree(model, small.map, z, s)
    assert agree(model, small.model.map, z, s)
    # On: the input goes to where the state goes. With all on nothing is left inside, and a model exists for certain.
    model, domain, box, _ = planted(rng, "relu_rnn", m=4, relus=4, on=3, off=1, inputs=2)
    small = model.reduce(domain, inputs=box)
    assert small.pwl_units == small.model.pwl_units == 0 and np.any(small.model.map.C)
    assert agree(model, small.model.map, z[:1000] * 0 + np.mean(domain, axis=0), rng.uniform(*box, size=(1000, 2)))


@pytest.mark.parametrize("seed", range(6))
def test_what_a_trajectory_reaches(seed):
    rng = np.random.default_rng(seed)
    m, p = 6, 4
    W = 0.08 * rng.normal(size=(m, m))
    h = np.concatenate([rng.normal(size=m - p), [3.0, -3.0, 0.0, 0.0]])
    model = PLRNN.al_rnn(np.full(m, 0.2), W, h, pwl_units=p, C=0.4 * rng.normal(size=(m, 2)), B=rng.normal(size=(1, m)))
    run = model.run(rng.uniform(-1, 1, (20, 60, 2)), z0=model.run(np.zeros((1, 50, 2))).states[0, -1])
    small = model.reduce(run, samples=200, horizon=5)
    states = np.concatenate([run.initial[:, None], run.states], axis=1).reshape(-1, m)
    assert np.all(small.domain.contains(states))
    assert np.array_equal(small.inputs[0], run.inputs.min(axis=(0, 1)))
    # Whatever was removed did not switch on the trajectory; whatever switched there was kept.
    y = states[:, m - p :]
    for row, seen in zip(small, y.T):
        assert row.lowest <= seen.min() and row.highest >= seen.max()
        assert (row.status == "switches") >= (seen.min() < 0 < seen.max())
    again = small.model.run(run.inputs, run.initial)
    assert np.max(np.abs(again.states - run.states)) < 1e-12
    assert {0, 1} <= {row.unit - (m - p) for row in small if row.replacement}
    # A wider domain needs no fewer ReLUs.
    assert model.reduce(run, inflate=1.0).pwl_units >= small.pwl_units


def vertices(L, offset):
    """Brute force: all corners of {L z + offset >= 0}."""
    m = L.shape[1]
    corners = []
    for rows in combinations(range(len(L)), m):
        sub = L[list(rows)]
        if abs(np.linalg.det(sub)) > 1e-9:
            z = np.linalg.solve(sub, -offset[list(rows)])
            if np.all(L @ z + offset >= -1e-9):
                corners.append(z)
    return np.array(corners)


@pytest.mark.parametrize("seed", range(12))
def test_extremes_are_those_at_the_vertices(seed):
    rng = np.random.default_rng(seed)
    m = 2 + seed % 2
    L = np.vstack([np.eye(m), -np.eye(m), rng.normal(size=(3, m))])
    offset = np.concatenate([rng.uniform(1, 2, 2 * m), rng.uniform(0.2, 1.0, 3)])
    model = PLRNN.shallow(
        0.5 * rng.normal(size=m), rng.normal(size=(m, 4)), rng.normal(size=(4, m)), rng.normal(size=m),
        0.5 * rng.normal(size=4), B=rng.normal(size=(2, m)),
    )  # fmt: skip
    small = model.reduce(Polytope(L, offset))
    y = model.map.preactivation(vertices(L, offset))
    W, B = model.map.W, model.B
    for i, row in enumerate(small):
        # Proven bounds are outside, and no further than rounding.
        assert row.lowest <= y[:, i].min() + 1e-15 and row.lowest == pytest.approx(y[:, i].min(), abs=1e-11)
        assert row.highest >= y[:, i].max() - 1e-15 and row.highest == pytest.approx(y[:, i].max(), abs=1e-11)
        wrong = max(-y[:, i].min(), 0.0), max(y[:, i].max(), 0.0)
        assert row.step_linear == pytest.approx(wrong[0] * np.abs(W[:, i]).max(), abs=1e-10, rel=1e-11)
        assert row.bound_linear == pytest.approx(wrong[0] * np.abs(B @ W[:, i]).max(), abs=1e-10, rel=1e-11)
        assert row.step_off == pytest.approx(wrong[1] * np.abs(W[:, i]).max(), abs=1e-10, rel=1e-11)
        assert row.bound_off == pytest.approx(wrong[1] * np.abs(B @ W[:, i]).max(), abs=1e-10, rel=1e-11)
        assert (row.status == "switches") == (y[:, i].min() < 0 < y[:, i].max())
    assert np.all(small.domain.contains(vertices(L, offset)))


def smallest_margin(map, L, offset):
    """Brute force: lowest L F(z) + offset over the polytope, at the vertices of each subregion's part."""
    lowest = np.inf
    for bits in product((0, 1), repeat=map.n_relu):
        sign = np.where(bits, 1.0, -1.0)
        corners = vertices(np.vstack([L, sign[:, None] * map.V]), np.concatenate([offset, sign * map.c]))
        if len(corners):
            lowest = min(lowest, float(np.min(map.step(corners) @ L.T + offset)))
    return lowest


def test_invariance_is_decided_like_by_vertices():
    answers = []
    for seed in range(32):
        rng = np.random.default_rng(seed)
        W = rng.uniform(0.05, 0.6) * rng.normal(size=(3, 3))
        model = PLRNN.al_rnn(rng.uniform(-0.5, 0.5, 3), W, 0.3 * rng.normal(size=3), pwl_units=3)
        half = rng.uniform(0.5, 3.0, 3)
        L, offset = np.vstack([np.eye(3), -np.eye(3)]), np.concatenate([half, half])
        if seed % 2:
            L = np.vstack([L, rng.normal(size=(2, 3))])
            offset = np.append(offset, rng.uniform(1.0, 3.0, 2))
        small = model.reduce(Polytope(L, offset), samples=10)
        margin = smallest_margin(model.map, L, offset)
        assert small.invariant is bool(margin >= 0.0)
        answers.append(small.invariant)
        if not small.invariant:
            state, driven = small.escape
            assert small.domain.contains(state) and not small.domain.contains(model.map.step(state, driven))
    assert 6 < sum(answers) < 26


def test_on_an_invariant_domain_the_models_agree_for_all_time():
    rng = np.random.default_rng(3)
    W = 0.1 * rng.uniform(-1, 1, (6, 6))
    h = np.array([0.1, -0.2, 0.0, 1.0, -1.0, 0.1])
    model = PLRNN.al_rnn(np.full(6, 0.3), W, h, pwl_units=4, C=0.05 * rng.normal(size=(6, 1)))
    low, high = h / 0.7 - 0.8, h / 0.7 + 0.8
    small = model.reduce((low, high), inputs=([-1.0], [1.0]))
    assert small.invariant and small.pwl_units == 2 and small.minimal
    inputs = rng.uniform(-1, 1, (50, 2000, 1))
    z0 = rng.uniform(low, high, size=(50, 6))
    assert np.max(np.abs(model.run(inputs, z0).states - small.model.run(inputs, z0).states)) < 1e-13
    assert "for all time" in small.sentences()[-1]


def test_what_can_be_reached_for_ever():
    """z' = a z + s with |s| <= 1 from 0: what can be reached is the open interval (-1, 1) / (1 - a)."""
    model = PLRNN.al_rnn([0.8], [[0.0]], [0.0], pwl_units=1, C=[[1.0]])
    start = ([0.0], [0.0])
    assert model.reduce(start, inputs=([-1], [1])).invariant is False
    small = model.reduce(start, inputs=([-1], [1]), reachable=True)
    assert small.start.contains([0.0]) and small.start.contains([5.0])
    assert 5.0 <= small.domain.offset.min() and small.domain.offset.max() < 6.0
    assert "for all time" in small.sentences()[-1] and repr(small).endswith("never left from start>")
    # What expands, or is driven on its neutral direction, is left as it was.
    for self_weight in (2.0, 1.0):
        growing = PLRNN.al_rnn([self_weight], [[0.0]], [0.0], pwl_units=1, C=[[1.0]])
        small = growing.reduce(([-1.0], [1.0]), inputs=([-1], [1]), reachable=True)
        assert small.start is None and small.invariant is False and np.array_equal(small.domain.offset, [1.0, 1.0])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["box", "trajectory"])
def test_nothing_leaves_what_can_be_reached(kind, seed):
    """Turning, non-normal, switching, driven: simulations under random and extreme inputs never leave the domain."""
    rng = np.random.default_rng(seed)
    m = 8
    J = np.kron(np.eye(4), 0.8 * np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]]))
    W = J + 0.04 * rng.normal(size=(m, m))
    np.fill_diagonal(W, 0.0)
    h = np.concatenate([np.zeros(4), [0.0, 4.0, -4.0, 0.5]])
    model = PLRNN.al_rnn(np.diag(J), W, h, pwl_units=4, C=0.2 * rng.normal(size=(m, 2)), B=rng.normal(size=(1, m)))
    rest = model.run(np.zeros((1, 400, 2))).states[0, -1]
    run = model.run(rng.uniform(-1, 1, (10, 50, 2)), z0=rest)
    domain = run if kind == "trajectory" else (rest - 0.3, rest + 0.3)
    small = model.reduce(domain, inputs=([-1, -1], [1, 1]), reachable=True)
    assert small.start is not None and 1 <= len(small.removed)
    box = rng.uniform(-1, 1, (300, m)) * 0.3 + rest
    z0 = box if kind == "box" else run.states.reshape(-1, m)[:300]
    assert np.all(small.start.contains(z0))
    inputs = np.where(
        rng.random((300, 1, 1)) < 0.5, rng.uniform(-1, 1, (300, 300, 2)), rng.choice([-1.0, 1.0], (300, 300, 2))
    )
    for pattern in (inputs, np.repeat(np.sign(inputs[:, ::3]), 3, axis=1)):
        first, second = model.run(pattern, z0), small.model.run(pattern, z0)
        assert np.all(small.domain.contains(first.states))
        assert np.max(np.abs(first.states - second.states)) < 1e-11


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_bounds_hold_in_simulations(seed, horizon):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    m = model.n_units
    centre, half = rng.normal(size=m), rng.uniform(0.0, 2.0, m) * (rng.random(m) < 0.9)
    small = reduce(
        model, (centre - half, centre + half), horizon=horizon, samples=100, tolerance=rng.choice([0.0, 1.0])
    )
    z = rng.uniform(centre - half, centre + half, size=(500, m))
    y = model.map.preactivation(z)
    size = np.abs(model.map.V).sum(axis=1) * np.abs(z).max() + np.abs(model.map.c)
    for i, row in enumerate(small):
        if row.status != "merged":
            assert np.all(y[:, i] >= row.lowest - 1e-15 * size[i]) and np.all(y[:, i] <= row.highest + 1e-15 * size[i])
        assert row.measured_linear <= row.bound_linear * (1 + 1e-9) + 1e-10 * (1 + np.abs(z).max())
        assert row.measured_off <= row.bound_off * (1 + 1e-9) + 1e-10 * (1 + np.abs(z).max())
    assert small.measured_error <= small.error_bound * (1 + 1e-9) + 1e-10
    change = np.max(np.abs(model.map.step(z) - small.map.step(z)))
    rounding = (
        1e-12
        * (1 + np.abs(z).max())
        * (1 + np.abs(model.map.A).sum() + np.abs(model.map.W).sum() * (1 + size.max(initial=0)))
    )
    assert change <= small.error_bound + rounding
    # A zero bound is an equality, and there is a proof that nothing smaller does it; or a reason why not.
    assert small.pwl_units == len(small.kept) == small.map.n_relu


def test_the_bound_over_several_steps_is_close_where_no_other_relu_switches():
    """One ReLU that switches: the error is a sum of a_t times a known response, all a_t in [0, worst] apart."""
    model = PLRNN.al_rnn([0.9, 0.0], [[0.0, 1.0], [0.0, 0.0]], [0.0, 0.0], 1, C=[[0.0], [1.0]], B=[[1.0, 0.0]])
    small = model.reduce(([-20, -1], [20, 2]), inputs=([-1.0], [2.0]), horizon=10)
    (row,) = small
    geometric = sum(0.9**k for k in range(10))
    assert row.bound_linear == pytest.approx(1.0 * geometric) and row.bound_off == pytest.approx(2.0 * geometric)
    assert 0.3 * row.bound_off < row.measured_off < row.bound_off


def test_tolerance_removes_what_hardly_matters():
    rng = np.random.default_rng(0)
    m = 6
    W = 0.1 * rng.normal(size=(m, m))
    W[:, 3] *= 1e-4
    W[:, 5] *= 1e-4
    model = PLRNN.al_rnn(np.full(m, 0.5), W, np.zeros(m), pwl_units=4, B=rng.normal(size=(1, m)))
    box = -np.ones(m), np.ones(m)
    exact = model.reduce(box, horizon=20)
    assert exact.pwl_units == 4 and exact.minimal and exact.error_bound == 0.0
    loose = model.reduce(box, horizon=20, tolerance=1e-3)
    assert loose.removed == (3, 5) and loose.model.relu_units == (2, 4) and not loose.minimal
    assert 0.0 < loose.measured_error <= loose.error_bound <= 1e-3
    # The same once more, from outside: both start at random states of the box and are run freely.
    z0 = rng.uniform(*box, size=(300, m))
    first, second = model.simulate(20, z0), loose.model.simulate(20, z0)
    stays = np.all(np.abs(first.states) <= 1.0, axis=(1, 2))
    assert np.mean(stays) > 0.5
    assert np.max(np.abs(first.outputs - second.outputs)[stays]) <= loose.error_bound
    assert model.reduce(box, horizon=20, tolerance=np.inf).pwl_units == 0
    assert "differ from the original's by at most" in loose.sentences()[1]
    assert exact.exact and not loose.exact and "error <= " in repr(loose)
    # What the readout does not see in one step costs nothing there, but the models are not equal.
    blind = PLRNN.al_rnn([0.5, 0.5], [[0.0, 0.0], [0.0, 0.7]], [0.0, 0.0], pwl_units=1, B=[[1.0, 0.0]])
    small = blind.reduce(([-1, -1], [1, 1]), tolerance=0.0)
    assert small.pwl_units == 0 and small.error_bound == 0.0 and not small.exact and not small.minimal


def test_the_exact_addition_solver_cannot_be_reduced():
    model = exact_addition_solver()
    length = 50
    small = model.reduce(([0, -1], [length, 1]), inputs=([0, 0], [1, 1]), horizon=1)
    assert small.pwl_units == 1 and not small.removed and small.minimal
    (row,) = small
    assert (row.unit, row.status) == (1, "switches")
    assert (row.lowest, row.highest) == (pytest.approx(-1), pytest.approx(1))
    # Made linear, acc changes by at most 1 per step; the sum it holds is not bounded by the box, so it is left.
    assert row.step_linear == pytest.approx(1) and row.bound_off == pytest.approx(1)
    assert small.invariant is False
    run = model.run(addition_trials(200, length)[0])
    seen = model.reduce(run)
    assert seen.pwl_units == 1 and seen.minimal
    assert np.array_equal(seen.inputs[0], [run.inputs[..., 0].min(), 0])


@pytest.mark.parametrize(("low", "high", "status"), [(-2, 0, "always off"), (0, 2, "always on"), (0, 0, "always off")])
def test_touching_zero_is_not_switching(low, high, status):
    model = PLRNN.al_rnn([0.5, 0.5], [[0.1, 0.7], [0.3, 0.2]], [0.1, 0.2], pwl_units=1)
    small = model.reduce(([-1, low], [1, high]))
    assert small[0].status == status and small.pwl_units == 0 and small.minimal is (low < high)
    z = np.random.default_rng(0).uniform([-1, low], [1, high], size=(1000, 2))
    assert agree(model, small.model.map, z, np.zeros((1000, 0)))
    # The same through a linear program: a rotated square whose corner touches.
    if low < high:
        L = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) / 3.0
        centre = np.array([0.0, (low + high) / 2])
        small = model.reduce(Polytope(L, 1 / 3 - L @ centre))
        assert small[0].status == status and small.pwl_units == 0


def test_no_relu_and_no_domain():
    linear = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0)
    small = linear.reduce(([0], [3]))
    assert small.pwl_units == 0 and len(small) == 0 and small.minimal and small.invariant
    assert small.table()["unit"] == [] and small.model.pwl_units == 0
    point = PLRNN.al_rnn([0.5], [[1.0]], [1.0], pwl_units=1).reduce(([2], [2]))
    assert point[0].status == "always on" and point.pwl_units == 0


def test_units_without_effect_and_units_that_are_the_same():
    model = PLRNN.al_rnn([0.5, 0.5], [[0.1, 0.0], [0.3, 0.0]], [0.1, 0.2], pwl_units=1)
    assert model.reduce(([-1, -1], [1, 1]))[0].status == "no effect"
    rng = np.random.default_rng(1)
    V = np.array([[1.0, 0.5], [2.0, 1.0], [-0.5, -0.25], [1.0, -1.0]])
    c = np.array([0.3, 0.6, -0.15, 0.0])
    model = PLRNN.shallow([0.5, 0.4], rng.normal(size=(2, 4)), V, rng.normal(size=2), c)
    small = model.reduce(([-2, -2], [2, 2]))
    assert [row.status for row in small] == ["switches", "merged", "merged", "switches"]
    assert small.pwl_units == 2 and small.minimal and small.removed == (1, 2)
    z = rng.uniform(-9, 9, size=(10_000, 2))
    assert agree(model, small.model.map, z, np.zeros((10_000, 0)))
    # A clipped shallow model's two ReLUs are one where h2 is zero, and cancel.
    clipped = PLRNN.clipped_shallow([0.5, 0.4], rng.normal(size=(2, 3)), rng.normal(size=(3, 2)), [0, 0], [0, 1, 0])
    small = clipped.reduce(([-2, -2], [2, 2]))
    assert [row.status for row in small] == ["no effect", "switches", "no effect", "merged", "switches", "merged"]
    assert small.pwl_units == 2 and agree(clipped, small.model.map, z, np.zeros((10_000, 0)))


def test_a_result_says_what_it_is():
    rng = np.random.default_rng(5)
    model, domain, box, _ = planted(rng, "shallow", inputs=2)
    small = model.reduce(domain, inputs=box)
    table = small.table()
    assert table["unit"] == [0, 1, 2, 3] and len(table["bound_off"]) == 4
    assert repr(small).startswith("<ReducedModel: P = 4 -> 2, equal on the domain; invariant: ")
    text = " ".join(small.sentences())
    assert "2 of 4 ReLUs can be removed" in text and "No map of this form with fewer" in text
    assert small.units == tuple(small) and small.kept == tuple(i for i in range(4) if i not in small.removed)
    with pytest.raises(ValueError, match="read-only"):
        small.domain.L[0, 0] = 1.0


def test_bad_arguments_are_refused():
    model = PLRNN.al_rnn([0.5, 0.5], [[0.1, 0.0], [0.3, 0.0]], [0.1, 0.2], pwl_units=1, C=[[1.0], [0.0]])
    box = ([-1, -1], [1, 1])
    for arguments, message in [
        (dict(domain=1.0), "must be a pair"),
        (dict(domain=([-1], [1])), "must have shape"),
        (dict(domain=([1, 1], [0, 2])), "is empty"),
        (dict(domain=box, inputs=([0, 0], [1, 1])), "must have shape"),
        (dict(domain=box, inflate=-1.0), "inflate"),
        (dict(domain=box, horizon=0), "horizon"),
        (dict(domain=box, tolerance=-1.0), "tolerance"),
        (dict(domain=Polytope([[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0])), "not bounded"),
        (dict(domain=Polytope([[1.0, 0.0], [-1.0, 0.0]], [-1.0, -1.0])), "is empty"),
        (dict(domain=Polytope([[1.0], [-1.0]], [1.0, 1.0])), "is for 1 units"),
    ]:
        with pytest.raises(ModelError, match=message):
            model.reduce(**arguments)
    with pytest.raises(ModelError, match="constant input"):
        model.reduce(model.simulate(5, constant_input=[1.0]))
    assert model.reduce(model.simulate(5, constant_input=[1.0]), inputs=([1.0], [1.0])).pwl_units <= 1
    growing = PLRNN.al_rnn([2.0], [[0.0]], [1.0], pwl_units=1)
    with pytest.raises(ModelError, match="diverges"):
        growing.reduce(growing.simulate(2000))
    with pytest.raises(ModelError, match="give a trajectory of this model"):
        model.reduce(growing.simulate(5))
    with pytest.raises(ModelError, match="low exceeds high"):
        Polytope.box([1.0], [0.0])


@pytest.mark.parametrize("kind", ["shallow", "relu_rnn"])
def test_trajectories_of_other_architectures(kind):
    """What ReLUs read is bounded like the units are; the smaller map runs like the original."""
    removed = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        model, (low, high), box, _ = planted(rng, kind, m=5, relus=5, on=2, off=2, inputs=2)
        run = model.run(rng.uniform(*box, size=(30, 3, 2)), z0=rng.uniform(low, high, size=(30, 5)))
        small = model.reduce(run, inflate=0.02, samples=50, horizon=2)
        removed += len(small.removed)
        z = run.initial
        for t in range(3):
            assert agree(model, small.map, z, run.inputs[:, t])
            z = run.states[:, t]
        for row, bits in zip(small, run.bitcodes.reshape(-1, 5).T):
            assert row.share_on == bits.mean()
            assert row.status == "switches" or bits.min() == bits.max()
            assert row.measured_off <= row.bound_off + 1e-10 and row.measured_linear <= row.bound_linear + 1e-10
    assert removed > 3


def test_a_time_limit_leaves_the_question_open():
    model, domain, _, _ = planted(np.random.default_rng(0), "shallow", m=5, relus=4)
    small = model.reduce(domain, time_limit=0.0)
    assert small.invariant is None and small.pwl_units == 2
    assert "was not settled" in small.sentences()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_many_random_models_are_reduced_to_what_they_need(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    m = model.n_units
    centre, half = rng.normal(size=m), rng.uniform(0.1, 2.0, m)
    small = model.reduce((centre - half, centre + half), horizon=4)
    z = rng.uniform(centre - half, centre + half, size=(20_000, m))
    assert agree(model, small.map, z, np.zeros((len(z), 0)))
    assert pa.PLRNN is type(small.model) and small.minimal


def test_the_trajectorys_inputs_do_not_count_outside_the_given_range():
    model = PLRNN.relu_rnn([[0.1]], [0.0], [[1.0]])
    run = model.run(np.random.default_rng(0).uniform(-10.0, 10.0, (5, 20, 1)))
    small = model.reduce(run, inputs=([-1.0], [1.0]), horizon=3)
    assert small[0].status == "switches" and small[0].measured_linear > 0.0
    assert small[0].measured_linear <= small[0].bound_linear
    assert small[0].measured_off <= small[0].bound_off


@pytest.mark.parametrize("scale", [1e-13, 1e-10, 1e-7, 1.0, 1e6])
def test_a_polytope_of_any_size_is_seen_sharply(scale):
    rng = np.random.default_rng(3)
    for _ in range(10):
        m = int(rng.integers(1, 4))
        Q = np.linalg.qr(rng.normal(size=(m, m)))[0]
        centre, v = scale * rng.normal(size=m), rng.normal(size=m)
        box = Polytope(np.vstack([Q, -Q]), np.concatenate([scale - Q @ centre, scale + Q @ centre]))
        half = scale * np.abs(Q @ v).sum()
        for share, status in ((0.01, "always on"), (-0.01, "switches"), (-2.01, "always off")):
            # The argument's least value is this share of half its range.
            offset = half - v @ centre + share * half
            model = PLRNN.shallow(0.5 * np.eye(m), np.ones((m, 1)), v[None], np.zeros(m), [offset])
            small = model.reduce(box, samples=1)
            assert small[0].status == status
            np.testing.assert_allclose(small[0].lowest, share * half, rtol=0, atol=1e-8 * half)
            np.testing.assert_allclose(small[0].highest, (2.0 + share) * half, rtol=0, atol=1e-8 * half)
            assert small.minimal


def test_the_time_limit_ends_removals_too(monkeypatch):
    model, domain, *_ = planted(np.random.default_rng(1), "al_rnn", on=0, off=0)
    assert model.reduce(domain, tolerance=1e6).pwl_units == 0
    assert model.reduce(domain, tolerance=1e6).complete
    ticks = count()
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    stopped = model.reduce(domain, tolerance=1e6, time_limit=0.5)
    assert stopped.pwl_units == 4 and not stopped.complete
    assert "The time limit came before every removal was tried." in stopped.sentences()


@pytest.mark.parametrize("scale", [2.0**-60, 1.0, 2.0**60])
def test_passing_zero_by_less_than_rounding_is_decided_exactly(scale):
    """The doubles 0.1 + 0.2 - 0.3 are 2.8e-17 above zero, 0.1 + 0.7 - 0.8 is 5.6e-17 below; floats cannot tell."""
    for reads, status in (((0.1, 0.2, 0.3), "switches"), ((0.1, 0.7, 0.8), "always off")):
        exact = Fraction(reads[0]) + Fraction(reads[1]) - Fraction(reads[2])
        assert (exact > 0) == (status == "switches") and abs(exact) < 1e-16
        model = PLRNN.shallow([0.5, 0.5], [[1.0], [1.0]], [reads[:2]], [0.0, 0.0], [-reads[2] * scale])
        corner = scale * np.ones(2)
        L = np.array([[-1.0, 0.0], [0.0, -1.0], [1.0, 1.0]])
        for domain in ((-corner, corner), Polytope(L, np.array([1.0, 1.0, 2.0]) * scale)):
            small = model.reduce(domain)
            assert small[0].status == status and small.complete


def test_a_solver_that_fails_keeps_relus_and_says_so(monkeypatch):
    model = PLRNN.al_rnn([0.5, 0.5], [[0.1, 0.7], [0.3, 0.2]], [0.1, 0.2], pwl_units=1)
    L = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    domain = Polytope(L, 1.0 - L @ [0.0, 3.0])
    assert model.reduce(domain).pwl_units == 0
    states = model.simulate(30, z0=[[0.3, 0.1], [-0.2, 0.4]])
    monkeypatch.setattr("scipy.optimize.linprog", lambda *a, **k: SimpleNamespace(status=4, x=None))
    with pytest.raises(ModelError, match="defeats the solver"):
        model.reduce(domain)
    failed = model.reduce(states)
    assert not failed.complete and not failed.minimal and failed.stopped_by == "numerics"
    assert "A linear program failed: some ReLU may have been kept that can be removed." in failed.sentences()


@pytest.mark.parametrize("scale", [2.0**-60, 1.0, 2.0**60])
def test_only_equal_hyperplanes_are_merged(scale):
    """Offsets far smaller, or far larger, than the weights must not hide that two hyperplanes differ."""
    model = PLRNN.shallow([0.5], [[1.0, 1.0, 1.0]], [[1.0], [1.0], [-2.0]], [0.0], [scale, 2.0 * scale, -4.0 * scale])
    small = model.reduce(([-8.0 * scale], [8.0 * scale]))
    assert [row.status for row in small] == ["switches", "switches", "merged"]


@pytest.mark.parametrize("scale", [2.0**-60, 1.0, 2.0**60])
def test_invariance_within_rounding_is_decided_exactly(scale):
    """Images that touch the boundary stay; those that miss it by one unit in the last place do not."""
    box = ([-scale, -scale], [scale, scale])
    for rate, stays in ((1.0, True), (np.nextafter(1.0, 2.0), False), (np.nextafter(1.0, 0.0), True)):
        model = PLRNN.al_rnn([rate, 0.5], [[0.0, 0.0], [0.0, 0.25]], [0.0, 0.0], pwl_units=1)
        assert model.reduce(box).invariant is stays
    # The doubles 0.1 + 0.9 are more than one; a ReLU that switches, and one that is always on, on the way.
    for push, stays in ((0.9, False), (0.875, True)):
        W = [[0.0, 0.1], [0.0, 0.0]]
        model = PLRNN.al_rnn([0.0, 0.5], W, [push * scale, 0.0], pwl_units=1)
        assert (Fraction(0.1) + Fraction(push) > 1) is not stays
        small = model.reduce(box)
        assert small.invariant is stays and (small.escape is None) is stays
