"""Attractors and basins: constructed systems whose answer is known, and brute force."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.attractors import basin_slice, find_attractors
from plrnn_analysis.attractors.escapes import flies_apart
from plrnn_analysis.attractors.resting import WordSolver, resting_on
from plrnn_analysis.attractors.words import repeated_periods
from plrnn_analysis.results import Continuum, CycleContinuum
from plrnn_analysis.units import balanced

# The network that docs/howto/lorenz.md is about, where the reader has it.
LORENZ = Path(os.environ.get("PLRNN_LORENZ_CHECKPOINT", "lorenz_m20_p2.pt"))
LOW, HIGH = -1.5, 0.875 / 0.75
SLOPE_LOW, SLOPE_HIGH = 0.5, 0.25


def ring(length):
    """Delay units in a ring with one bistable element: fixed points LOW and HIGH with slopes of their own."""
    steep = 2.0
    A = np.diag(np.ones(length - 1), -1)
    A[0, -1] = SLOPE_LOW
    W, V = np.zeros((length, 2)), np.zeros((2, length))
    W[0] = [steep - SLOPE_LOW, SLOPE_HIGH - steep]
    V[:, -1] = 1.0
    h = np.zeros(length)
    h[0] = -0.5 * (steep - SLOPE_LOW)
    return pa.PLRNN.shallow(A, W, V, h, [0.5, -0.5])


def turning(gain, angle):
    """A rotation that grows inside the unit square, its coordinates clipped there."""
    R = gain * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    eye = np.eye(2)
    return pa.PLRNN.shallow(R, R @ np.hstack([-eye, eye]), np.vstack([eye, -eye]), [0, 0], [-1.0] * 4)


def linear(J, h=None):
    J = np.array(J, dtype=float)
    return pa.PLRNN.al_rnn(np.diag(J), J - np.diag(np.diag(J)), np.zeros(len(J)) if h is None else h, pwl_units=0)


def rotation(angle, radius=1.0):
    return linear(radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def switch():
    return pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)


def kinds(found):
    return [item.kind for item in found]


def test_planted_basins_against_brute_force():
    rng = np.random.default_rng(0)
    states = rng.uniform(-3, 3, (300, 2))
    found = find_attractors(switch(), states=states)
    assert kinds(found) == ["fixed point", "fixed point"]
    ends = switch().simulate(3000, z0=states).states[:, -1]
    for z, index in zip(ends, found.assignment, strict=True):
        np.testing.assert_allclose(found[index].object.z, z, atol=1e-9)
    # The diagonal divides the two basins.
    np.testing.assert_array_equal(found.assignment == found.assignment[0], (states[:, 0] > states[:, 1]) == (
        states[0, 0] > states[0, 1]
    ))  # fmt: skip
    for item in found:
        assert item.proved == item.count
        assert item.fraction == item.count / 300
        # Wilson's ends are where the share lies 1.96 standard deviations of the end itself away.
        for end in item.interval:
            assert abs(end - item.fraction) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / 300), rel=1e-6)


def test_a_state_on_the_separatrix_is_not_assigned():
    found = find_attractors(switch(), states=[[0.5, 0.5], [1.0, -1.0]], steps=500)
    assert kinds(found) == ["fixed point", "undecided"]
    assert "repels" in found[1].note
    assert found.undecided == 1


def test_a_long_cycle_is_one_object_with_its_multipliers():
    length = 100
    rng = np.random.default_rng(0)
    states = np.full((4, length), HIGH)
    states[0, 3] = states[1, length // 2] = LOW
    states[2, [3, 3 + length // 2 - 3]] = LOW
    found = find_attractors(ring(length), states=states + 0.1 * rng.standard_normal(states.shape), steps=5 * length)
    assert len(found) == 3
    assert found.assignment[0] == found.assignment[1] == 0
    one, two, none = (found[i] for i in found.assignment[[0, 2, 3]])
    assert one.period == two.period == length
    expected = np.full(length, SLOPE_HIGH)
    expected[0] = SLOPE_LOW
    np.testing.assert_allclose(one.multipliers, expected, atol=1e-9)
    expected[1] = SLOPE_LOW
    np.testing.assert_allclose(two.multipliers, expected, atol=1e-9)
    assert one.object.residual < 1e-12
    assert one.object.stability == "stable node"
    np.testing.assert_allclose(np.sort(one.object.points[0])[:2], [LOW, HIGH], atol=1e-9)
    assert none.kind == "fixed point"
    np.testing.assert_allclose(none.object.z, HIGH)


def test_a_cycle_of_period_1000():
    """Two rings beside each other, of 8 and of 125 units: their common period is 1000."""
    first, second = ring(8).map, ring(125).map
    A, W, V = np.zeros((133, 133)), np.zeros((133, 4)), np.zeros((4, 133))
    A[:8, :8], A[8:, 8:] = first.A, second.A
    W[:8, :2], W[8:, 2:] = first.W, second.W
    V[:2, :8], V[2:, 8:] = first.V, second.V
    model = pa.PLRNN.shallow(A, W, V, np.concatenate([first.h, second.h]), np.concatenate([first.c, second.c]))
    state = np.full((1, 133), 1.0)
    state[0, [2, 50]] = -1.0
    found = find_attractors(model, states=state, steps=5000)
    assert kinds(found) == ["cycle"]
    assert found[0].period == 1000
    expected = np.sort(np.concatenate([[SLOPE_LOW**8], np.full(124, SLOPE_HIGH**8), np.zeros(8)]))[::-1]
    np.testing.assert_allclose(found[0].multipliers, expected, atol=1e-12)
    assert found[0].proved == 1


@pytest.mark.parametrize(("gain", "angle", "period"), [(1.2, 0.5, 119), (1.05, 1.0, 113)])
def test_mode_locked_cycles(gain, angle, period):
    model = turning(gain, angle)
    found = find_attractors(model, n=40)
    assert {item.kind for item in found} == {"cycle"}
    assert {item.period for item in found} == {period}
    for item in found:
        cycle = item.object
        assert cycle.residual < 1e-12
        assert cycle.spectral_radius < 1.0
        assert cycle.word == tuple(pa.maps.bits_to_string(b) for b in model.map.bits(cycle.points))
        product = np.eye(2)
        for z in cycle.points:
            product = model.map.jacobian(model.map.bits(z)) @ product
        np.testing.assert_allclose(
            np.sort(np.abs(cycle.multipliers)), np.sort(np.abs(np.linalg.eigvals(product))), atol=1e-9
        )
    ends = model.simulate(20_000, z0=found.initial).states[:, -1]
    for z, index in zip(ends, found.assignment, strict=True):
        assert np.min(np.max(np.abs(found[index].object.points - z), axis=1)) < 1e-8


def test_quasi_periodic_motion_on_an_invariant_curve():
    found = find_attractors(turning(1.1, 0.13), n=10)
    assert kinds(found) == ["quasi-periodic"]
    assert abs(found[0].exponents[0]) < 1e-3


def test_neutral_rotations():
    turned = find_attractors(rotation(1.0), n=10, steps=1000)
    assert kinds(turned) == ["quasi-periodic"]
    assert "family" in turned[0].note
    root = find_attractors(rotation(2 * np.pi / 7), n=10, steps=1000)
    assert kinds(root) == ["continuum"]
    assert isinstance(root[0].object, CycleContinuum)
    assert root[0].period == 7
    assert root[0].object.dimension == 2


def test_line_attractor_is_a_continuum():
    found = find_attractors(linear([[1.0, 0.0], [0.0, 0.5]]), n=10)
    assert kinds(found) == ["continuum"]
    assert isinstance(found[0].object, Continuum)
    np.testing.assert_allclose(np.abs(found[0].object.directions), [[1.0, 0.0]], atol=1e-12)


def test_slow_convergence_is_not_called_quasi_periodic():
    found = find_attractors(rotation(1.0, 0.9999), n=10, steps=500)
    assert kinds(found) == ["fixed point"]
    assert found[0].object.spectral_radius == pytest.approx(0.9999)
    assert found[0].proved == 10


def test_no_bias_puts_the_fixed_point_on_a_boundary():
    model = pa.PLRNN.al_rnn([0.5, 0.5], [[0, -0.3], [0.4, 0]], [0.0, 0.0], pwl_units=2)
    found = find_attractors(model, n=20)
    assert kinds(found) == ["fixed point"]
    assert found[0].object.on_boundary
    np.testing.assert_allclose(found[0].object.z, 0.0, atol=1e-12)


@pytest.mark.parametrize("J", [[[1.1]], [[-1.5, 0.3], [0.0, 0.2]]])
def test_unstable_linear_systems_diverge(J):
    assert kinds(find_attractors(linear(J), n=10)) == ["divergent"]


def test_drift_diverges():
    found = find_attractors(linear([[1.0]], [1.0]), n=10)
    assert kinds(found) == ["divergent"]
    assert found[0].proved == 10


def test_chaos():
    lozi = pa.PLRNN.shallow([[0, 1.0], [0.5, 0]], [[-1.7, -1.7], [0, 0]], [[1.0, 0], [-1.0, 0]], [1.0, 0], [0, 0])
    found = find_attractors(lozi, box=0.5, n=20, steps=1000)
    assert kinds(found) == ["chaotic"]
    assert 0.45 < found[0].exponents[0] < 0.49
    np.testing.assert_allclose(found[0].exponents.sum(), np.log(0.5), atol=1e-9)
    assert set(found[0].bitcodes) == {"10", "01"}


def test_the_full_tent_map_falls_on_a_repelling_point():
    """Doubling shifts every bit of a float out: honest is that the computed orbit is no typical one."""
    tent = pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)
    assert kinds(find_attractors(tent, box=1.0, n=5, steps=500)) == ["undecided"]
    near = pa.PLRNN.al_rnn([1.99], [[-3.98]], [1.0], pwl_units=1)
    found = find_attractors(near, box=0.9, n=5, steps=500)
    assert kinds(found) == ["chaotic"]
    np.testing.assert_allclose(found[0].exponents, np.log(1.99), atol=1e-9)


@pytest.mark.skipif(not LORENZ.exists(), reason="the published checkpoint is not here")
def test_published_lorenz_network():
    model = pa.load(LORENZ, pwl_units=2)
    found = find_attractors(model, n=20, steps=2000)
    chaos = [item for item in found if item.kind == "chaotic"]
    assert len(chaos) == 1
    assert chaos[0].exponents[0] > 3 * chaos[0].exponents_error[0] > 0
    assert len(chaos[0].bitcodes) == 3


def test_known_fixed_points_are_the_objects():
    model = switch()
    fixed = model.fixed_points()
    found = find_attractors(model, n=20, fixed_points=fixed)
    assert all(any(item.object is point for point in fixed) for item in found)


def test_states_of_a_trajectory_and_input():
    model = pa.PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=1, C=[[1.0]])
    run = model.run(np.ones((2, 30, 1)))
    found = find_attractors(model, [2.0], states=run, n=12)
    assert len(found.initial) == 12
    np.testing.assert_allclose(found[0].object.z, [4.0])


def test_a_time_limit_leaves_undecided():
    found = find_attractors(turning(1.1, 0.13), n=5, time_limit=0.0)
    assert kinds(found) == ["undecided"]
    assert found.stopped_by == "time_limit"
    assert "STOPPED" in repr(found)
    assert found.table()["note"] == ["stopped by time_limit"]


def test_slice_of_basins():
    found = basin_slice(switch(), extents=((-2, 2), (-1, 3)), resolution=(11, 21))
    assert found.labels.shape == (21, 11)
    a, b = np.meshgrid(found.first, found.second)
    for sign in (-1, 1):
        side = found.labels[sign * (a - b) > 1e-9]
        assert len(set(side.tolist())) == 1
        assert np.sign(found.attractors[side[0]].object.z[0]) == sign


def test_plot_of_basins():
    pytest.importorskip("matplotlib")
    from plrnn_analysis.plotting.basins import plot_basins

    ax = plot_basins(basin_slice(switch(), resolution=12), ("z_1", "z_2"))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [label.split("  ")[0] for label in labels[:2]] == ["stable node of 10", "stable node of 01"]
    assert labels[2].startswith("on or near the boundary")
    assert ax.get_xlabel() == "z_1"


def test_repeated_periods_tries_longer_ones_too():
    word = [1] + [0] * 4 + [1] + [0] * 6
    codes = np.array(word * 6 + word[:11])
    assert 12 in repeated_periods(codes, 30)
    assert repeated_periods(np.zeros(50, dtype=int), 20) == [1]
    assert repeated_periods(np.arange(50), 20) == []


def test_solving_a_word_that_is_not_followed():
    model = switch()
    solver = WordSolver(balanced(model.map), model.map, 1e-9)
    assert solver.solve(np.array([[True, True]])) == "repelling"
    assert solver.solve(np.array([[False, False]])) == "virtual"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must"),
        ({"steps": 0}, "steps"),
        ({"box": -1.0}, "box"),
        ({"box": ([0, 0], [-1, 1])}, "above"),
        ({"box": 1.0, "states": [[0, 0]]}, "not both"),
        ({"states": [[0.0]]}, "states"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(pa.ModelError, match=message):
        find_attractors(switch(), **arguments)


def test_slow_growth_is_decided_whether_a_boundary_lies_ahead_or_not():
    """1.0001 per step reaches no bound in 2,000 steps; one of two directions leads away from the boundary for ever."""
    away = pa.PLRNN.al_rnn([1.0001, 0.0], [[0, 0], [1, 0]], [0.0, -50.0], pwl_units=1)
    found = find_attractors(away, n=40, steps=2000)
    assert kinds(found) == ["divergent"] and found[0].proved == 40
    # The others cross it on their way: z_1 = 50 after some ten thousands of steps.
    late = away.simulate(60_000, z0=found.initial[found.initial[:, 0] > 0.0][:3])
    assert np.all(late.bitcodes[:, -1, 0]) and not np.any(late.bitcodes[:, 2000, 0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_states_proved_to_converge_follow_the_word_from_every_phase(seed):
    # A cycle whose steps shrink and stretch by factors of 50: what is near one of its points need not be near the next.
    rng = np.random.default_rng(seed)
    points = np.array([[-4.0, 0.3], [1.0, -0.2], [-0.1, 3.0]])
    word = points > 0
    model = None
    for _ in range(2000):
        # The six values of the ReLUs' weights and two offsets that carry each point to the next.
        A = rng.normal(size=(2, 2)) * rng.choice([0.1, 1.0, 5.0])
        right = np.roll(points, -1, 0) - points @ A.T
        columns = np.column_stack([np.maximum(points, 0.0), np.ones(3)])
        W, h = np.split(np.linalg.solve(columns, right).T, [2], axis=1)
        candidate = pa.PLRNN.al_rnn(A, W, h[:, 0], relu_units=[0, 1])
        jacobians = [candidate.map.jacobian(bits) for bits in word]
        if np.max(np.abs(np.linalg.eigvals(jacobians[2] @ jacobians[1] @ jacobians[0]))) < 0.9:
            model = candidate
            break
    assert model is not None
    units = balanced(model.map)
    resting = WordSolver(units, model.map, 1e-9).solve(word)
    assert 0.0 < resting.radius < np.inf
    proved = 0
    for phase in range(3):
        directions = rng.normal(size=(500, 2))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        z = (resting.points[phase] + resting.radius * rng.uniform(0.0, 1.0, (500, 1)) * directions) * units.state
        _, proven = resting_on(units.map, resting, z / units.state, 0.0)
        proved += proven.sum()
        at = 0
        follows = np.ones(500, dtype=bool)
        for step in range(600):
            at = (phase + step) % 3
            follows &= np.all(model.map.bits(z) == word[at], axis=1) | (step < 3)
            z = model.map.step(z)
        near = np.linalg.norm(z - resting.points[(at + 1) % 3] * units.state, axis=1) < 1e-6
        assert np.all(near[proven]) and np.all(follows[proven])
    assert proved > 500


def test_growth_of_a_stable_map_far_from_normal_is_no_proof():
    J = np.zeros((7, 7))
    J[:6, :6] = 0.99 * np.eye(6) + np.eye(6, k=1)
    J[6, 6] = 1.5
    calm, wild = np.eye(7)[5], np.eye(7)[5] + 1e-3 * np.eye(7)[6]
    model = linear(J)
    for z0, expected in ((calm, False), (wild, True)):
        orbit = np.concatenate([z0[None], model.simulate(64, z0=z0).states[0]])
        steps = np.linalg.norm(np.diff(orbit, axis=0), axis=1)
        assert steps[-1] > 1e3 * steps[0]
        assert flies_apart(J, orbit) is expected


def test_the_time_limit_holds_while_motion_is_told_apart(monkeypatch):
    from plrnn_analysis.attractors import moving

    measure = moving.measure

    def last(task, state, **options):
        found = measure(task, state, **options)
        task.budget.stop("time_limit")
        return found

    monkeypatch.setattr(moving, "measure", last)
    # Two tents beside each other, and so two chaotic sets.
    tents = pa.PLRNN.shallow(
        [[1.9, 0.0], [0.0, 1.0]], [[-3.8], [0.0]], [[1.0, 0.0]], [1.0, 0.0], [0.0]
    )  # fmt: skip
    states = [[0.1, 0.0], [0.2, 0.0], [0.1, 5.0], [0.3, 5.0]]
    found = tents.attractors(states=states, steps=200)
    assert [(item.kind, item.count) for item in found] == [("chaotic", 2), ("undecided", 2)]
    assert found[1].note == "stopped by time_limit" and found.stopped_by == "time_limit"


def test_ctrl_c_while_motion_is_told_apart(monkeypatch):
    from plrnn_analysis.attractors import moving

    def interrupted(task, state, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(moving, "measure", interrupted)
    tent = pa.PLRNN.al_rnn(A=[1.9], W=[[-3.8]], h=[1.0], pwl_units=1)
    found = tent.attractors(box=0.5, n=20, steps=200)
    assert found.undecided == 20 and found.stopped_by == "interrupt"


def test_ctrl_c_while_chaotic_runs_are_followed_on_keeps_what_is_known(monkeypatch):
    from plrnn_analysis.attractors import moving

    def interrupted(search, runs, limit):
        if runs:
            raise KeyboardInterrupt

    monkeypatch.setattr(moving, "follow", interrupted)
    tent = pa.PLRNN.al_rnn(A=[1.9], W=[[-3.8]], h=[1.0], pwl_units=1)
    found = tent.attractors(box=0.5, n=20, steps=200)
    assert kinds(found) == ["chaotic"] and found.stopped_by == "interrupt"


def test_ctrl_c_before_all_initial_states_were_looked_at(monkeypatch):
    from plrnn_analysis.attractors import finding

    def interrupted(search, initial):
        raise KeyboardInterrupt

    monkeypatch.setattr(finding, "_follow_batch", interrupted)
    found = switch().attractors(n=7)
    assert found.undecided == 7 and found.stopped_by == "interrupt"
    assert found[0].note == "stopped by interrupt"


def test_states_near_overflow():
    model = pa.PLRNN.al_rnn(A=[1.5, 0.5], W=[[0.0, 1.0], [1.0, 0.0]], h=[0.0, 0.0], pwl_units=1)
    assert kinds(model.attractors(states=[[1e300, 1e300], [1e200, -1e200]])) == ["divergent"]
