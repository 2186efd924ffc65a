"""Runs whose end shows late: slow cycles, ramps, long periods, transients, growth before decay."""

from __future__ import annotations

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.attractors import EndKind
from plrnn_analysis.attractors import task as attractor_task
from plrnn_analysis.attractors.task import Task
from plrnn_analysis.engines.budget import Budget

KINDS = [str(kind) for kind in EndKind]


def turned(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def clipped(angle, gain=1.01, clip=0.05, h=(0.01, 0.02)):
    """A rotation that grows slowly, and is held back beyond |z_i| = 1."""
    R = turned(angle)
    V = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    W = -clip * R @ np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    return pa.PLRNN.shallow(gain * R, W, V, h, -np.ones(4))


def slow_cycle():
    return clipped(0.19834453781512605)


def delay_ring(length):
    """Delay units in a ring with one bistable element: every pattern of highs and lows goes round for ever."""
    A = np.diag(np.ones(length - 1), -1)
    A[0, -1] = 0.5
    W, V = np.zeros((length, 2)), np.zeros((2, length))
    W[0] = [1.5, -1.75]
    V[:, -1] = 1.0
    h = np.zeros(length)
    h[0] = -0.75
    return pa.PLRNN.shallow(A, W, V, h, [0.5, -0.5])


def beside(*models):
    """Models that do not know of each other, as one."""
    from scipy.linalg import block_diag

    A, W, V = (block_diag(*(getattr(model.map, name) for model in models)) for name in "AWV")
    h, c = (np.concatenate([getattr(model.map, name) for model in models]) for name in "hc")
    return pa.PLRNN.shallow(A, W, V, h, c)


def linear(J, h=None):
    J = np.array(J, dtype=float)
    return pa.PLRNN.al_rnn(np.diag(J), J - np.diag(np.diag(J)), np.zeros(len(J)) if h is None else h, pwl_units=0)


def kinds(found):
    return [item.kind for item in found]


def check_cycle(model, cycle):
    """A cycle against the map itself, and its multipliers against the product of Jacobians."""
    points = cycle.points
    np.testing.assert_allclose(model.map.step(points), np.roll(points, -1, 0), atol=1e-11 * np.max(np.abs(points)))
    product = np.eye(model.n_units)
    for z in points:
        product = model.map.jacobian(model.map.bits(z)) @ product
    np.testing.assert_allclose(
        np.sort(np.abs(cycle.multipliers)), np.sort(np.abs(np.linalg.eigvals(product))), atol=1e-9
    )


def test_a_cycle_approached_slowly_is_one_cycle_for_all():
    """A rotation locked so weakly that it looks quasi-periodic for ten thousand steps: its exponent is -8e-5."""
    model = slow_cycle()
    found = model.attractors(n=20, box=2.0)
    assert [(item.kind, item.period, item.count) for item in found] == [("cycle", 317, 20)]
    assert found[0].object.spectral_radius == pytest.approx(0.97480, abs=5e-6)
    check_cycle(model, found[0].object)
    ends = model.simulate(2 * found.steps, z0=found.initial).states[:, -1]
    away = np.min(np.linalg.norm(ends[:, None] - found[0].object.points, axis=2), axis=1)
    assert np.max(away) < 1e-6


@pytest.mark.parametrize("steps", [300, 1000])
def test_contracting_motion_is_never_called_quasi_periodic(steps):
    """With too few steps to reach the cycle some runs are open; what they need is named."""
    found = slow_cycle().attractors(n=20, box=2.0, steps=steps, max_period=100)
    assert set(kinds(found)) <= {"cycle", "undecided"}
    for item in found:
        assert item.kind == "cycle" or "raise steps" in item.note


def test_contracting_motion_that_repeats_no_word_names_what_to_raise(monkeypatch):
    from plrnn_analysis.attractors import moving, tails

    monkeypatch.setattr(moving, "_seek_cycles", lambda search, tail: None)
    monkeypatch.setattr(tails, "_whole_word", lambda search, bits: None)
    found = slow_cycle().attractors(n=3, box=2.0, steps=10_000, max_period=100)
    assert kinds(found) == ["undecided"]
    assert "it contracts (largest exponent -" in found[0].note
    assert "max_period = 100" in found[0].note and "raise steps and max_period" in found[0].note


def test_true_quasi_periodic_motion_says_what_would_look_the_same():
    found = clipped(1.0).attractors(n=5, box=2.0, steps=3000, max_period=500)
    assert kinds(found) == ["quasi-periodic"]
    assert abs(found[0].exponents[0]) <= 3.0 * found[0].exponents_error[0] + 1e-6
    assert "max_period = 500" in found[0].note and "steps" in found[0].note


def test_integrate_and_reset_is_chaotic():
    """A ramp of up to a thousand steps in one subregion, then a reset that expands 999-fold."""
    model = pa.PLRNN.shallow([1.0], [[-1000.0]], [[1.0]], [0.001], [-1.0])
    found = model.attractors(n=20)
    assert kinds(found) == ["chaotic"] and found[0].count == 20
    assert "family" not in found[0].note
    assert found[0].exponents[0] == pytest.approx(0.0141, abs=3.0 * found[0].exponents_error[0])
    # Only resets expand, by 999, all else moves without expanding: their frequency gives the exponent.
    run = model.simulate(500_000, z0=[[0.3], [0.7]])
    assert found[0].exponents[0] == pytest.approx(
        np.mean(run.bitcodes) * np.log(999.0), abs=5e-4 + 3.0 * found[0].exponents_error[0]
    )


@pytest.mark.parametrize("speed", [1e-3, 1e-6, 2.0**-40])
def test_a_timer_is_followed_to_its_end_however_slow(speed):
    """z' = relu(z - speed): from 20 it takes up to 2e13 steps, all of them along one straight line."""
    found = pa.PLRNN.relu_rnn([[1.0]], [-speed]).attractors(box=20.0)
    assert kinds(found) == ["fixed point"] and found[0].count == 200
    np.testing.assert_array_equal(found[0].object.z, [0.0])


def test_a_ramp_leads_on_to_what_lies_behind_the_boundary():
    """Up at constant speed to a threshold, then to a fixed point beyond it."""
    model = pa.PLRNN.shallow([1.0], [[-0.5]], [[1.0]], [1e-7], [-3.0])
    found = model.attractors(n=20, box=2.0)
    assert kinds(found) == ["fixed point"] and found[0].count == 20
    np.testing.assert_allclose(found[0].object.z, [3.0 + 2e-7], rtol=1e-12)


def test_a_slow_exponential_leads_on_to_what_lies_behind_the_boundary():
    """1.00001 per step away from 0: to the fixed point behind the threshold on one side, for ever on the other."""
    model = pa.PLRNN.shallow([1.00001], [[-0.5]], [[1.0]], [0.0], [-3.0])
    found = model.attractors(n=40, box=1.0)
    right = found.initial[:, 0] > 0.0
    ends = np.array(kinds(found))[found.assignment]
    assert np.all(ends[right] == "fixed point") and np.all(ends[~right] == "divergent")
    resting = next(item for item in found if item.kind == "fixed point")
    np.testing.assert_allclose(resting.object.z, [1.5 / (0.5 - 1e-5)], rtol=1e-10)
    assert next(item for item in found if item.kind == "divergent").proved == np.count_nonzero(~right)


def test_long_cycles_beside_each_other():
    """A 317-cycle beside a ring of seven delays: 2219-cycles, one for each pattern in the ring that is not uniform."""
    model = beside(slow_cycle(), delay_ring(7))
    rng = np.random.default_rng(1)
    states = rng.uniform(-1.5, 1.5, (6, 9))
    low, high = -1.5, 0.875 / 0.75
    patterns = np.array([[1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0],
                         [1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0]])  # fmt: skip
    states[:, 2:] = np.where(patterns, high, low)
    found = model.attractors(states=states)
    assert set(kinds(found)) == {"cycle"}
    periods = [found[i].period for i in found.assignment]
    assert periods == [2219, 2219, 2219, 2219, 317, 317]
    # The first two patterns are one, a turn apart; all others are different.
    assert found.assignment[0] == found.assignment[1] and len(found) == 5
    check_cycle(model, found[found.assignment[0]].object)


def test_a_cycle_of_more_than_two_thousand_steps_at_default_settings():
    model = clipped(2.0 * np.pi * 337 / 2135, gain=1.31, clip=0.9)
    found = model.attractors(n=6, box=2.0)
    assert [(item.kind, item.period, item.count) for item in found] == [("cycle", 4019, 6)]
    check_cycle(model, found[0].object)


def test_runs_that_escape_late_are_followed_until_they_have():
    """A tent that leaves a gap of 1e-4: its runs are chaotic for tens of thousands of steps."""
    tent = pa.PLRNN.al_rnn([2.0001], [[-4.0002]], [1.0], pwl_units=1)
    found = tent.attractors(box=0.9, n=15)
    assert kinds(found) == ["divergent"]
    assert found.steps > 20_000


def test_where_some_runs_escape_late_the_rest_may_be_a_transient():
    tent = pa.PLRNN.al_rnn([2.00001], [[-4.00002]], [1.0], pwl_units=1)
    found = tent.attractors(box=0.9, n=15)
    assert kinds(found) == ["chaotic", "divergent"]
    assert "transient" in found[0].note and "raise steps" in found[0].note
    assert found[0].exponents[0] == pytest.approx(np.log(2.00001), abs=1e-9)


def test_chaos_that_lasts_carries_no_such_note():
    tent = pa.PLRNN.al_rnn([1.9], [[-3.8]], [1.0], pwl_units=1)
    found = tent.attractors(box=0.5, n=15)
    assert kinds(found) == ["chaotic"] and found[0].note == ""


def test_an_unbounded_neutral_motion_is_no_rotation():
    """A Jordan block of rotations: every circle grows, at a speed that does not change."""
    R = turned(1.0)
    J = np.block([[R, np.eye(2)], [np.zeros((2, 2)), R]])
    found = linear(J).attractors(n=5, steps=500)
    assert kinds(found) == ["undecided"]
    assert "without coming to rest" in found[0].note


def test_the_time_limit_ends_a_long_search_with_what_is_known():
    import time

    started = time.process_time()
    found = slow_cycle().attractors(n=20, box=2.0, time_limit=0.3)
    assert time.process_time() - started < 3.0
    assert found.stopped_by == "time_limit" and found.undecided > 0
    assert sum(item.count for item in found) == 20


def measured_in(model, state, relu):
    """The same model in other units: states are ``state`` times as large in numbers, ReLU arguments ``relu`` times."""
    map = model.map
    return pa.PLRNN.shallow(
        state[:, None] * map.A / state, state[:, None] * map.W / relu, relu[:, None] * map.V / state,
        state * map.h, relu * map.c,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("model", "box"),
    [
        (slow_cycle(), 2.0),
        (pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2), 3.0),
        (pa.PLRNN.shallow([[1.0]], [[-1000.0]], [[1.0]], [0.001], [-1.0]), 1.0),
        (beside(pa.PLRNN.relu_rnn([[1.0]], [-1e-4]), pa.PLRNN.al_rnn([1.9], [[-3.8]], [1.0], pwl_units=1)), 0.5),
        (linear([[1.0, 0.0], [0.0, 0.5]]), 1.0),
    ],
)
def test_units_change_nothing(model, box, seed):
    rng = np.random.default_rng(seed)
    states = rng.uniform(-box, box, (8, model.n_units))
    state = 2.0 ** rng.integers(-30, 31, model.n_units)
    relu = 2.0 ** rng.integers(-30, 31, model.map.n_relu)
    common = 2.0 ** rng.integers(-40, 41)
    there = measured_in(model, state * common, relu * common).attractors(states=states * state * common)
    here = model.attractors(states=states)
    told = [(item.kind, item.period, item.count) for item in here]
    assert [(item.kind, item.period, item.count) for item in there] == told
    np.testing.assert_array_equal(there.assignment, here.assignment)
    for one, other in zip(here, there):
        np.testing.assert_allclose(other.state / (state * common), one.state, rtol=1e-6, atol=1e-6)
        if one.multipliers is not None:
            np.testing.assert_allclose(other.multipliers, one.multipliers, atol=1e-12)


def chain(m, value):
    """A Jordan block: it grows by many orders of magnitude before it decays."""
    return value * np.eye(m) + np.eye(m, k=1)


def test_growth_before_decay_is_no_divergence():
    found = linear(chain(25, 0.8)).attractors(n=20)
    assert kinds(found) == ["fixed point"] and found[0].count == found[0].proved == 20
    np.testing.assert_array_equal(found[0].object.z, np.zeros(25))
    assert found[0].object.spectral_radius == pytest.approx(0.8, abs=1e-9)


def test_growth_before_decay_in_coordinates_that_hide_it():
    """In these the eigenvalues, all 0.75, come out of floating point as large as 0.9, and with ReLUs on the way."""
    rng = np.random.default_rng(1)
    T = np.eye(25)
    for _ in range(10):
        i, j = rng.choice(25, 2, replace=False)
        step = np.eye(25)
        step[i, j] = rng.choice([1, -1])
        T = step @ T
    back = np.round(np.linalg.inv(T))
    np.testing.assert_array_equal(T @ back, np.eye(25))
    J = T @ chain(25, 0.75) @ back
    assert np.max(np.abs(np.linalg.eigvals(J))) > 0.8
    assert kinds(linear(J).attractors(n=10)) == ["fixed point"]
    relus = pa.PLRNN.al_rnn(np.full(20, 0.75), np.eye(20, k=1), np.ones(20), pwl_units=20)
    start = np.abs(rng.normal(size=(10, 20)))
    assert np.max(relus.simulate(100, z0=start).states) > 1e10
    found = relus.attractors(states=start)
    assert kinds(found) == ["fixed point"] and found[0].object.bitcode == "1" * 20
    np.testing.assert_allclose(found[0].object.z[-3:], [84.0, 20.0, 4.0], rtol=1e-12)


def test_growth_beyond_the_range_of_floats_is_not_called_divergence_where_everything_shrinks():
    found = linear(chain(450, 0.8)).attractors(n=2)
    assert kinds(found) == ["undecided"]
    assert "range of floats" in found[0].note


@pytest.mark.parametrize("pwl_units", [0, 2])
def test_steps_run_in_pieces_are_those_run_at_once_also_where_a_run_overflows(monkeypatch, pwl_units):
    """A piece that ends beyond the range of floats must not stop the other runs of its batch."""
    model = pa.PLRNN.al_rnn([2.0, 0.5, 3.0], np.zeros((3, 3)), [0.0, 1.0, 0.0], pwl_units=pwl_units)
    states = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 1.0], [-1.0, 2.0, 0.0]])
    budget = Budget(1e3, 10**9)
    at_once = Task.of(model.map, states, 3000, 10, 1e-9, budget).run(states, 3000)
    monkeypatch.setattr(attractor_task, "OPERATIONS", 700)
    in_pieces = Task.of(model.map, states, 3000, 10, 1e-9, budget).run(states, 3000)
    finite = np.all(np.isfinite(at_once.states), axis=2)
    assert not finite[:, -1].all() and finite[:, -1].any()
    np.testing.assert_array_equal(np.all(np.isfinite(in_pieces.states), axis=2), finite)
    np.testing.assert_array_equal(in_pieces.states[finite], at_once.states[finite])
    np.testing.assert_array_equal(in_pieces.bitcodes[finite], at_once.bitcodes[finite])


@pytest.mark.parametrize("leak", [1e-6, 2.0**-40])
def test_a_leak_that_is_hardly_one_ends_where_it_does(leak):
    """z' = (1 - leak) z + 1 looks like a drift without end: exact arithmetic knows its fixed point, 1 / leak."""
    found = linear([[1.0 - leak]], [1.0]).attractors(n=5)
    assert kinds(found) == ["fixed point"] and found[0].proved == 5
    np.testing.assert_allclose(found[0].object.z, [1.0 / leak], rtol=1e-9)


@pytest.mark.parametrize(
    ("A", "W", "h"),
    [
        # The first unit counts, the second adds it up: it grows like the square of time.
        ([[1.0, 0.0], [-1.0, 1.0]], [[0.0], [0.0]], [0.5, 0.0]),
        # To and fro, and farther each time.
        ([[-1.0, 0.0], [0.0, -1.0]], [[-0.5], [0.0]], [-1.0, 0.5]),
        # A drift beside a unit that flips.
        ([[1.0, 0.0], [0.0, -1.0]], [[0.0], [0.0]], [0.5, -1.0]),
    ],
)
def test_growth_like_a_power_of_time_diverges(A, W, h):
    model = pa.PLRNN.shallow(A, W, [[0.0, 1.0]], h, [0.0])
    found = model.attractors(n=10, steps=2000)
    assert kinds(found) == ["divergent"] and found[0].proved == 10


def test_a_run_that_ends_where_a_family_ends_is_on_the_family():
    """2-cycles beside a boundary; beyond it runs contract onto the last of them."""
    model = pa.PLRNN.shallow([[-1.0, 0.0], [-0.5, 0.0]], [[0.5], [0.0]], [[0.0, 1.0]], [0.5, 0.0], [0.0])
    found = model.attractors(n=8)
    assert kinds(found) == ["continuum"] and found[0].count == 8
    assert found[0].period == 2 and found[0].object.dimension == 1


def test_slow_quasi_periodic_motion_is_one_set():
    """It drifts past the remains of a cycle of 225 steps for tens of thousands of steps: no tail shows all of it."""
    model = clipped(2.0 * np.pi * 67 / 2135, gain=1.01 + 0.5 / 3, clip=0.5)
    found = model.attractors(n=8, box=2.0)
    assert kinds(found) == ["quasi-periodic"] and found[0].count == 8


def test_the_time_limit_holds_while_long_words_are_solved():
    import time

    model = beside(delay_ring(17), delay_ring(48))
    started = time.process_time()
    found = model.attractors(n=20, box=2.0, time_limit=0.5)
    assert time.process_time() - started < 6.0
    assert sum(item.count for item in found) == 20


def test_a_cycle_of_nine_thousand_steps_beside_shorter_words_that_repel():
    """Runs on it repeat shorter words for a while, by chance; what those solve to repels, and is not where they end."""
    rng = np.random.default_rng(508)
    rng.integers(1, 5), rng.integers(0, 4), rng.integers(1, 5)
    A = np.diag(rng.uniform(-1.0, 1.0, 3))
    W, V, h, c = rng.normal(size=(3, 1)), rng.normal(size=(1, 3)), rng.normal(size=3), rng.normal(size=1)
    model = pa.PLRNN.shallow(A, W, V, h, c)
    found = model.attractors(n=4, seed=508)
    assert [(item.kind, item.period, item.count) for item in found] == [("cycle", 9019, 4)]
    run = model.simulate(200_000, z0=found.initial).states
    np.testing.assert_allclose(run[:, -1], run[:, -9020], atol=1e-12)
