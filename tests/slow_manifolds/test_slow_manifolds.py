"""Slow manifolds by hand, by simulation and against slow oracles; the quadratic program against enumeration."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from systems import random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
from plrnn_analysis.polytopes.nearest import least_norm
from plrnn_analysis.slow_manifolds import distance_in_ranges, find_slow_manifolds
from plrnn_analysis.slow_manifolds import sentences as slow_words
from plrnn_analysis.slow_manifolds.subspace import slow_subspace
from plrnn_analysis.slow_manifolds.visited import cells_in_box


def solver(eigenvalue=1.0, offset=0.0) -> PLRNN:
    """The exact addition solver with another self-weight and offset of its memory."""
    return PLRNN.al_rnn(
        A=[eigenvalue, 0.0], W=[[0.0, 1.0], [0.0, 0.0]], h=[offset, -1.0], pwl_units=1,
        C=[[0.0, 0.0], [1.0, 1.0]], B=[[1.0, 0.0]],
    )  # fmt: skip


def active_set_oracle(K, d, G, g, lower, upper):
    """Least norm by trying every set of active constraints."""
    n = len(lower)
    rows = np.vstack([G, np.eye(n), -np.eye(n)])
    constants = np.concatenate([g, -lower, upper])
    best = np.inf
    for size in range(n + 1):
        for active in map(list, combinations(range(len(rows)), size)):
            E, e = rows[active], -constants[active]
            x = np.linalg.lstsq(E, e, rcond=None)[0] if size else np.zeros(n)
            if size and np.abs(E @ x - e).max() > 1e-9:
                continue
            null = np.linalg.svd(E)[2][np.linalg.matrix_rank(E) :].T if size else np.eye(n)
            if null.shape[1]:
                x = x - null @ np.linalg.lstsq(K @ null, K @ x + d, rcond=1e-12)[0]
            if np.min(rows @ x + constants) >= -1e-9:
                best = min(best, float(np.linalg.norm(K @ x + d)))
    return best


@pytest.mark.parametrize("seed", range(60))
def test_least_norm_against_enumeration_of_active_sets(seed):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(1, 4)), int(rng.integers(0, 4))
    K = rng.normal(size=(n, n))
    if seed % 3 == 1:
        U, sigma, Vt = np.linalg.svd(K)
        K = U @ np.diag(np.append(sigma[:-1], rng.choice([1e-5, 1e-9]))) @ Vt
    d, G = rng.normal(size=n), rng.normal(size=(p, n))
    lower = -rng.uniform(0.1, 2.0, n)
    upper = lower + rng.uniform(0.5, 3.0, n)
    inside = rng.uniform(lower, upper)
    g = rng.uniform(0.05, 0.5, p) - G @ inside
    found = least_norm(K, d, G, g, lower, upper)
    wanted = active_set_oracle(K, d, G, g, lower, upper)
    assert found.value == pytest.approx(wanted, rel=1e-7, abs=1e-9)
    assert found.value * (1 - 1e-6) - 1e-12 <= found.bound <= found.value
    assert np.all(found.x >= lower) and np.all(found.x <= upper) and np.all(G @ found.x + g >= -1e-12)


def test_least_norm_satisfies_the_optimality_conditions_at_size():
    rng = np.random.default_rng(1)
    for m, p, size in ((30, 4, 1.0), (60, 20, 1e-5), (40, 0, 1e3)):
        J = 0.9 * rng.normal(size=(m, m)) / np.sqrt(m)
        J[:, 0] = np.eye(m)[0]  # J - I is singular
        K, d, G = J - np.eye(m), size * rng.normal(size=m), np.eye(m)[:p]
        found = least_norm(K, d, G, np.zeros(p), -size * np.ones(m), size * np.ones(m))
        assert found.bound >= found.value * (1 - 1e-8) and found.value > 0
        gradient = K.T @ (K @ found.x + d) / found.value
        free = (np.abs(found.x) < size * (1 - 1e-9)) & (np.abs(np.where(np.arange(m) < p, found.x, 1.0)) > 1e-9 * size)
        assert np.abs(gradient[free]).max() < 1e-6
        assert np.all(gradient[found.x >= size * (1 - 1e-9)] <= 1e-6)
        assert np.all(gradient[found.x <= -size * (1 - 1e-9)] >= -1e-6)


def test_least_norm_of_degenerate_problems():
    nothing = np.zeros((0, 2)), np.zeros(0)
    ones = np.ones(2)
    zero = least_norm(np.zeros((2, 2)), np.zeros(2), *nothing, -ones, ones)
    assert zero.value == 0.0 and zero.bound == 0.0
    constant = least_norm(np.zeros((2, 2)), np.array([3.0, 4.0]), *nothing, -ones, ones)
    assert constant.value == 5.0 and constant.bound == pytest.approx(5.0)
    pinned = least_norm(np.eye(2), np.zeros(2), *nothing, ones, ones)
    assert pinned.value == pytest.approx(np.sqrt(2)) and pinned.bound == pytest.approx(np.sqrt(2))
    half = least_norm(np.eye(2), np.zeros(2), *nothing, np.array([1.0, -5.0]), np.array([1.0, 5.0]))
    assert np.allclose(half.x, [1.0, 0.0], atol=1e-9) and half.bound == pytest.approx(1.0)
    assert least_norm(np.eye(2), ones, np.array([[1.0, 0.0]]), np.array([-2.0]), -ones, ones) is None
    assert least_norm(np.eye(2), ones, np.zeros((1, 2)), np.array([-1.0]), -ones, ones) is None


def test_exact_solver():
    model = exact_addition_solver()
    run = model.run(addition_trials(300, 50)[0])
    found = model.slow_manifolds(run, probe_inputs=[[0.5, 0.0], [0.5, 1.0]])
    assert found.complete and [p.bitcode for p in found] == ["0", "1"]
    closed, opened = found
    assert closed.dimension == 1 and closed.attracting and np.array_equal(closed.directions, [[1.0, 0.0]])
    assert closed.largest_piece_drift == 0.0 and closed.least_drift <= closed.rounding
    assert closed.holding_steps == closed.crossing_steps == closed.difference_steps == np.inf
    assert closed.anchor[1] == -1.0 and np.array_equal(closed.left, [[1.0, 0.0]])
    states = run.states.reshape(-1, 2)
    width = np.ptp(states[:, 0])
    assert np.ptp(closed.extents) == pytest.approx(1.2 * width)  # the visited range and a margin
    assert np.array_equal(closed.input_slopes, [[0.0, 0.0]]) and np.array_equal(closed.output_slopes, [[0.0, 0.0]])
    # The open gate: its rest, -1, lies on the other side, and value and mark arrive with slope 1.
    assert opened.dimension == 1 and opened.anchor is None and np.isnan(opened.holding_steps)
    assert np.allclose(opened.output_slopes, [[1.0, 1.0]])
    assert opened.least_drift == pytest.approx(1.0) and opened.least_drift_bound == pytest.approx(1.0)
    assert np.array_equal(closed.probe_drifts, [[0.0], [0.0]])
    assert closed.frequency + opened.frequency == pytest.approx(1.0)
    words = found.sentences()
    assert words[0] == "All 2 subregions that meet the visited range."
    assert "a line attractor, exact to rounding" in words[1] and "misses the range" in words[2]
    assert found.table()["bitcode"] == ["0", "1"]
    assert "1 with a slow manifold in range" in repr(found)


@pytest.mark.parametrize("eigenvalue", [1.00001, 0.9994])
@pytest.mark.parametrize("offset", [0.0, 1e-5, -3e-4])
def test_perturbed_solver_by_hand_and_by_simulation(eigenvalue, offset):
    model = solver(eigenvalue, offset)
    low, high = np.array([-0.5, -2.0]), np.array([2.5, 0.5])
    line = model.slow_manifolds((low, high))[0]
    assert line.bitcode == "0" and line.dimension == 1 and np.array_equal(line.directions, [[1.0, 0.0]])
    rate = eigenvalue - 1
    ends = rate * np.array([-0.5, 2.5]) + offset
    assert np.allclose(line.drift_ends, ends, rtol=1e-9, atol=1e-14)
    rest = -offset / rate
    anchor = min(max(rest, -0.5), 2.5)
    assert line.anchor[0] == pytest.approx(anchor, abs=1e-9) and line.anchor[1] == -1.0
    assert line.least_piece_drift == pytest.approx(abs(rate * anchor + offset), abs=1e-15)
    assert line.least_drift == pytest.approx(line.least_piece_drift, rel=1e-6, abs=1e-15)
    assert line.least_drift_bound <= line.least_drift
    assert line.least_drift_bound == pytest.approx(line.least_drift, rel=1e-6, abs=1e-14)
    assert line.largest_piece_drift == pytest.approx(np.abs(ends).max())
    assert line.largest_drift_in_ranges == pytest.approx(np.abs(ends).max() / 3.0)
    assert line.output_drift[0] == pytest.approx(ends[np.argmax(np.abs(ends))])
    # Holding: no start moves farther than 0.3 = a tenth of the range, and the worst one does one step later.
    n = int(min(line.holding_steps, 40_000))
    starts = np.stack([np.linspace(-0.5, 2.5, 7), np.full(7, -1.0)], axis=1)
    run = model.simulate(n + 1, starts)
    moved = np.abs(run.states[:, :, 0] - starts[:, :1]).max(axis=0)
    assert moved[n - 1] <= 0.3 + 1e-9
    if line.holding_steps < 40_000:
        assert moved[n] > 0.3 - 1e-9
    # Differences: 3 apart, after n steps changed by no more than a tenth of that.
    n = int(line.difference_steps)
    spread = np.ptp(model.simulate(n + 1, starts[[0, -1]]).states[:, :, 0], axis=0)
    assert abs(spread[n - 1] - 3.0) <= 0.3 + 1e-9 < abs(spread[n] - 3.0) + 1e-6
    # Crossing.
    if -0.5 <= rest <= 2.5:
        assert line.crossing_steps == np.inf
    else:
        n = int(line.crossing_steps)
        start, end = (-0.5, 2.5) if ends[0] > 0 else (2.5, -0.5)
        track = model.simulate(n, [[start, -1.0]]).states[0, :, 0]
        assert (track[n - 1] - end) * np.sign(ends[0]) >= -1e-9 > (track[n - 2] - end) * np.sign(ends[0]) - 1e-9


def test_fixed_points_are_far_outside_what_is_visited():
    model = solver(1.00001, 1e-2)
    run = model.run(addition_trials(50, 20)[0])
    (point,) = model.fixed_points()
    states = run.states.reshape(-1, 2)
    low, high = states.min(0), states.max(0)
    distance = distance_in_ranges(model.fixed_points(), run)
    assert distance.shape == (1,)
    assert distance[0] == pytest.approx((low[0] + 1000.0) / (high[0] - low[0])) and distance[0] > 300
    assert np.array_equal(distance_in_ranges(point, (low, high)), distance)
    assert np.array_equal(distance_in_ranges(states, run), np.zeros(len(states)))


def test_distances_where_units_do_not_move():
    box = ([0.0, 5.0], [2.0, 5.0])
    assert distance_in_ranges([[3.0, 5.0], [1.0, 6.0], [1.0, 5.0]], box).tolist() == [0.5, 0.5, 0.0]
    still = ([1.0, 1.0], [1.0, 1.0])
    assert distance_in_ranges([[1.0, 1.0], [1.0, 2.0]], still).tolist() == [0.0, np.inf]
    assert distance_in_ranges([], box).shape == (0,)
    for wrong, message in (
        (([0.0], [1.0]), "shape"),
        (([0.0, 3.0], [1.0, 2.0]), "low <= high"),
        (3.0, "pair"),
        (exact_addition_solver().simulate(3), "shape|units"),
    ):
        with pytest.raises(ModelError, match=message):
            distance_in_ranges([[0.0, 0.0, 0.0]] if not isinstance(wrong, tuple) else [[0.0, 0.0]], wrong)
    with pytest.raises(ModelError, match="diverges"):
        distance_in_ranges([0.0], PLRNN.al_rnn([9.0], [[0.0]], [1.0], pwl_units=0).simulate(500))


@pytest.mark.parametrize("seed", range(25))
def test_random_models_against_sampling_and_the_map_itself(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    m = model.n_units
    corners = rng.normal(size=(2, m))
    low, high = corners.min(0), corners.max(0)
    found = model.slow_manifolds((low, high), time_constant=3.0, max_subregions=256)
    states = rng.uniform(low, high, size=(3000, m))
    codes = np.array(["".join("01"[int(b)] for b in row) or "-" for row in model.map.bits(states)])
    assert found.complete and set(codes) <= {p.bitcode for p in found}
    drift = np.linalg.norm(model.map.step(states) - states, axis=1)
    for piece in found:
        inside = codes == piece.bitcode
        assert piece.least_drift_bound <= np.min(drift[inside], initial=np.inf)
        assert piece.least_drift_bound >= piece.least_drift * (1 - 1e-6) - 1e-10
        assert np.all(piece.slowest >= low) and np.all(piece.slowest <= high)
        sign = np.array([1.0 if ch == "1" else -1.0 for ch in piece.bitcode if ch != "-"])
        assert np.all(sign * model.map.preactivation(piece.slowest) >= -1e-9)
        bits = sign > 0
        J, offset = model.map.jacobian(bits), model.map.offset(bits)
        assert piece.dimension == np.sum(np.abs(np.linalg.eigvals(J) - 1) <= 1 / 3)
        assert np.allclose(piece.left @ piece.directions.T, np.eye(piece.dimension), atol=1e-8)
        if piece.anchor is None:
            continue
        # A step from a point of the manifold stays on it, and the drift on it is linear in the coordinates.
        for t in (np.zeros(piece.dimension), piece.extents[:, 0], piece.extents[:, 1]):
            z = piece.anchor + t @ piece.directions
            step = J @ z + offset - z
            assert np.allclose(piece.directions.T @ (piece.directions @ step), step, atol=1e-8)
            length = np.linalg.norm(step)
            assert length <= piece.largest_piece_drift * (1 + 1e-9) + 1e-9
            if piece.dimension == 1:
                assert np.all(z >= low - 1e-9) and np.all(z <= high + 1e-9)
                assert np.all(sign * model.map.preactivation(z) >= -1e-8)
                assert length >= piece.least_piece_drift - 1e-9
        assert np.allclose(piece.directions.T @ piece.drift, J @ piece.anchor + offset - piece.anchor, atol=1e-8)
    assert len(found.sentences()) == len(found) + 1


def test_integration_slope_is_what_a_held_input_does():
    rng = np.random.default_rng(2)
    m = 5
    basis = rng.normal(size=(m, m))
    J = basis @ np.diag([1.0, 0.6, 0.3, -0.4, 0.1]) @ np.linalg.inv(basis)
    model = PLRNN.al_rnn(
        J, np.zeros((m, m)), np.zeros(m), pwl_units=0, C=rng.normal(size=(m, 2)), B=[[1.0] + 4 * [0.0]]
    )
    probes = [[1.0, 0.0], [0.3, -2.0]]
    (line,) = model.slow_manifolds((-np.ones(m), np.ones(m)), probe_inputs=probes)
    assert line.directions[0] @ model.B[0] > 0 and line.attracting
    for probe, drift, output in zip(probes, line.probe_drifts, line.probe_output_drifts):
        run = model.simulate(200, line.anchor, constant_input=probe)
        assert np.diff(run.outputs[0, :, 0])[-1] == pytest.approx(output[0])
        assert np.allclose(np.diff(run.states[0], axis=0)[-1], drift @ line.directions)
        assert np.allclose(line.output_slopes @ probe, output) and np.allclose(line.input_slopes @ probe, drift)
    held = model.slow_manifolds((-50 * np.ones(m), 50 * np.ones(m)), probes[0])[0]
    assert np.allclose(held.drift, line.probe_drifts[0])


def test_double_integrator_and_a_plane():
    J = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.2, 0.1, 0.3]])
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    model = PLRNN.al_rnn(turn @ J @ turn.T, np.zeros((3, 3)), np.zeros(3), pwl_units=0)
    (plane,) = model.slow_manifolds((-np.ones(3), np.ones(3)))
    assert plane.dimension == 2 and plane.least_piece_drift <= 1e-9 and np.isnan(plane.crossing_steps)
    assert np.any([mode.defective for mode in plane.modes])
    corners = plane.anchor + np.array(np.meshgrid(*plane.extents)).reshape(2, -1).T @ plane.directions
    n = max(int(plane.holding_steps), 1)
    assert plane.holding_steps >= 0
    run = model.simulate(n, corners)
    moved = np.abs(run.states[:, n - 1] - corners).max() if plane.holding_steps >= 1 else 0.0
    assert moved <= 0.2 + 1e-9
    # All its least drift is 0: an exact line of fixed points in a plane that drifts.
    assert plane.least_drift <= 1e-9 and plane.largest_piece_drift > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_holding_of_a_plane_is_a_lower_bound(seed):
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(4, 4))
    J = basis @ np.diag([0.9999, 1.0003, 0.5, 0.2]) @ np.linalg.inv(basis)
    model = PLRNN.al_rnn(J, np.zeros((4, 4)), 1e-4 * rng.normal(size=4), pwl_units=0)
    (plane,) = model.slow_manifolds((-np.ones(4), np.ones(4)), hold=0.05)
    assert plane.dimension == 2 and 1 <= plane.holding_steps < 1e6
    corners = plane.anchor + np.array(np.meshgrid(*plane.extents)).reshape(2, -1).T @ plane.directions
    run = model.simulate(int(plane.holding_steps), corners)
    assert np.abs(run.states - corners[:, None]).max() <= 0.05 * 2.0 + 1e-9


def test_slow_subspace_of_ill_separated_eigenvalues_is_invariant():
    rng = np.random.default_rng(4)
    for spread in (1e-3, 1e-6, 1e-10):
        values = np.array([1.0, 1.0 - spread, 1.0 + spread, 0.99 - spread, 0.989, 0.2])
        basis = rng.normal(size=(6, 6))
        J, offset = basis @ np.diag(values) @ np.linalg.inv(basis), rng.normal(size=6)
        slow = slow_subspace(J, offset, 0.01)
        k = len(slow.drift)
        assert 3 <= k <= 5
        assert np.allclose(slow.directions @ slow.directions.T, np.eye(k))
        assert np.allclose(slow.left @ J, slow.block @ slow.left, atol=1e-7)
        a = rng.normal(size=k)
        z = slow.origin + a @ slow.directions
        assert np.allclose(J @ z + offset, z + slow.move(a) @ slow.directions, rtol=1e-6, atol=1e-6)


def test_marginal_rotation_is_a_mode_but_not_a_slow_direction():
    angle = 0.7
    J = 0.9999 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = PLRNN.al_rnn(J, np.zeros((2, 2)), np.zeros(2), pwl_units=0)
    (piece,) = model.slow_manifolds(([1.0, 1.0], [2.0, 2.0]))
    assert piece.dimension == 0 and [m.kind for m in piece.modes] == ["marginal rotation"]
    assert piece.anchor is None and piece.directions.shape == (0, 2)
    assert piece.least_drift == pytest.approx(np.linalg.norm((J - np.eye(2)) @ [1.0, 1.0]))
    assert "no slow direction" in model.slow_manifolds(([1.0, 1.0], [2.0, 2.0])).sentences()[1]
    growing = PLRNN.al_rnn([1.0, 1.5], np.zeros((2, 2)), np.zeros(2), pwl_units=0)
    found = growing.slow_manifolds(([-1.0, -1.0], [1.0, 1.0]))
    assert not found[0].attracting and "that other modes leave" in found.sentences()[1]


def test_relu_rnn_under_input_and_shallow():
    model = PLRNN.relu_rnn(W_hh=[[1.0, 0.0], [0.0, 0.3]], bias=[0.0, 0.1], W_ih=[[1.0], [0.0]], B=[[2.0, 0.0]])
    found = model.slow_manifolds(([0.0, 0.0], [1.0, 1.0]), [0.01])
    assert [p.bitcode for p in found] == ["11"]
    (line,) = found
    assert line.crossing_steps == 100 and line.output_drift[0] == pytest.approx(0.02)
    assert np.allclose(line.output_slopes, [[2.0]]) and line.least_drift_bound == pytest.approx(0.01)
    assert "all points drift together" in found.sentences()[1]
    # In subregion 01 the input is not heard: that ReLU is off.
    off = find_slow_manifolds(model, ([-1.0, 0.0], [-0.5, 1.0]))
    assert off[0].bitcode == "01" and off[0].dimension == 0
    shallow = PLRNN.shallow([0.5], [[0.5]], [[1.0]], [0.0], [0.0], B=[[1.0]])
    right = {p.bitcode: p for p in shallow.slow_manifolds(([-1.0], [1.0]))}["1"]
    assert right.dimension == 1 and right.largest_piece_drift <= right.rounding and np.ptp(right.extents) == 1.0


def test_choice_of_subregions_and_limits():
    rng = np.random.default_rng(0)
    m = 9
    model = PLRNN.al_rnn(0.5 * np.ones(m), 0.3 * rng.normal(size=(m, m)), rng.normal(size=m), pwl_units=8)
    run = model.simulate(50, n=20)
    everything = model.slow_manifolds(run, max_subregions=256)
    assert everything.complete and len(everything) <= 256
    some = model.slow_manifolds(run, max_subregions=5)
    counts = {}
    for row in run.bitcodes.reshape(-1, 8):
        code = "".join("01"[int(b)] for b in row)
        counts[code] = counts.get(code, 0) + 1
    most = sorted(counts, key=lambda code: (-counts[code], code))[:5]
    assert not some.complete and [p.bitcode for p in some] == most
    assert some.chosen == f"only the 5 most visited of {len(counts)} visited subregions"
    assert some[0].frequency == pytest.approx(counts[most[0]] / 1000)
    box = model.slow_manifolds((-np.ones(m), np.ones(m)), max_subregions=5)
    assert not box.complete and len(box) == 5 and np.isnan(box[0].frequency)
    late = model.slow_manifolds(run, time_limit=0.0)
    assert len(late) == 0 and not late.complete and late.stopped_by == "time_limit"
    assert late.sentences() == ["0 subregions described: the time limit ended the search."]
    with pytest.raises(ModelError, match="time_constant"):
        model.slow_manifolds(run, time_constant=1.0)
    with pytest.raises(ModelError, match="hold"):
        model.slow_manifolds(run, hold=-1.0)
    with pytest.raises(ModelError, match="max_subregions"):
        model.slow_manifolds(run, max_subregions=0)
    with pytest.raises(ModelError, match="units"):
        model.slow_manifolds(exact_addition_solver().simulate(3))
    with pytest.raises(ModelError, match="probe_inputs"):
        model.slow_manifolds(run, probe_inputs=[[1.0]])


def test_interrupt_gives_what_was_done(monkeypatch):
    from plrnn_analysis.slow_manifolds import search as module

    calls = []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return least_norm(*arguments)

    monkeypatch.setattr(module, "least_norm", interrupted)
    found = solver().slow_manifolds(([-1.0, -1.5], [1.0, 1.5]))
    assert len(found) == 1 and not found.complete and "interrupt" in found.chosen


def test_cells_against_sampling_in_a_box():
    rng = np.random.default_rng(7)
    model = PLRNN.shallow(
        rng.normal(size=2), rng.normal(size=(2, 6)), rng.normal(size=(6, 2)), np.zeros(2), rng.normal(size=6)
    )
    low, high = np.array([-1.0, -0.5]), np.array([0.5, 1.0])
    cells, complete = cells_in_box(model.map, low, high, 100, Budget(None, None))
    grid = np.stack(np.meshgrid(*[np.linspace(a, b, 501)[1:-1] for a, b in zip(low, high)]), axis=-1).reshape(-1, 2)
    seen = {tuple(row) for row in model.map.bits(grid).tolist()}
    assert complete and {tuple(bits.tolist()) for bits in cells} == seen


def test_words_for_large_numbers_and_names():
    model = exact_addition_solver()
    run = model.run(addition_trials(20, 10)[0])
    assert "by 1 (value), 1 (mark)." in model.slow_manifolds(run).sentences()[2]
    words = solver(1 - 1e-9).slow_manifolds(([0.0, -2.0], [1.0, 0.5])).sentences()[1]
    assert "a line attractor for 1.1e+08 steps" in words and "by 0 (input 0), 0 (input 1)" in words
    many = PLRNN.al_rnn([1.0], [[0.0]], [0.0], pwl_units=0, C=np.arange(1.0, 9.0)[None], B=[[1.0], [2.0]])
    words = many.slow_manifolds(([0.0], [1.0])).sentences()[1]
    assert "the strongest" in words and "17.9 (input 7)" in words and "input 0" not in words
    assert slow_words.LISTED == 4
    quiet = PLRNN.al_rnn([1.0, 0.995], np.zeros((2, 2)), [0.0, 1.0], pwl_units=0)
    assert "holds nothing" in quiet.slow_manifolds(([0.0, 0.0], [1.0, 1.0])).sentences()[1]


def test_figures():
    from plrnn_analysis.plotting.slow_modes import plot_drift, plot_modes

    model = solver(0.9994, 1e-4)
    run = model.run(addition_trials(20, 10)[0])
    ax = plot_modes(model.explain(run, n_modes=2))
    # Four modes of four looks, and the two lines that part the ticks of 0 from the scales.
    assert len([line for line in ax.lines if line.get_marker() != "None"]) == 4 and ax.get_xscale() == "log"
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert labels == {"0", "1", "integrator", "decaying"}
    found = model.slow_manifolds(run, probe_inputs=[[1.0, 0.0]])
    ax = plot_drift(found, ["a value"])
    length = np.ptp(found[0].extents)
    assert np.allclose(ax.lines[0].get_ydata(), found[0].drift_ends / length)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "under a value"]
    ax.figure.canvas.draw()
    with pytest.raises(ModelError, match="inputs and a readout"):
        plot_modes(PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=0).modes("-"))
    with pytest.raises(ModelError, match="one slow direction"):
        plot_drift(PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=0).slow_manifolds(([-1.0], [1.0])))


@pytest.mark.parametrize("k", [3, 12, 16])
def test_largest_drift_bounds_every_corner_whatever_the_dimension(k):
    # Drifts that cancel at equal coordinates and add up at alternating ones.
    signs = (-1.0) ** np.arange(k)
    W = 1e-4 * np.triu(np.tile(signs, (k, 1)), 1)
    model = PLRNN.al_rnn(np.ones(k), W, np.zeros(k), pwl_units=0, B=np.eye(k)[:1])
    (piece,) = find_slow_manifolds(model, (-np.ones(k), np.ones(k)))
    assert piece.dimension == k
    drift = model.map.step(signs) - signs
    assert piece.largest_piece_drift >= np.linalg.norm(drift) * (1 - 1e-9)
    assert abs(piece.output_drift[0]) >= abs(drift[0]) * (1 - 1e-9)
    assert piece.largest_drift_in_ranges >= np.max(np.abs(drift)) / 2.0 * (1 - 1e-9)
    z = signs
    for _ in range(int(piece.holding_steps)):
        z = model.map.step(z)
    assert np.max(np.abs(z - signs)) / 2.0 <= 0.1 * (1 + 1e-9)


def test_a_solver_that_fails_makes_the_result_incomplete(monkeypatch):
    """A double integrator: its plane is clipped by linear programs."""
    model = PLRNN.al_rnn(np.eye(4), np.zeros((4, 4)), np.zeros(4), pwl_units=0)
    box = (-np.ones(4), np.ones(4))
    assert find_slow_manifolds(model, box).complete
    monkeypatch.setattr("scipy.optimize.linprog", lambda *a, **k: SimpleNamespace(status=4, x=None))
    failed = find_slow_manifolds(model, box)
    assert not failed.complete and not len(failed) and "1 left out" in failed.sentences()[0]


def test_thin_subregions_are_not_passed_over():
    """A strip of 1e-12 of the range: found exactly, and said to be left out where floats cannot describe it."""
    V, c = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -(2.0**-40)])
    model = PLRNN.shallow([0.5, 0.5], np.zeros((2, 2)), V, [0.0, 0.0], c)
    found = find_slow_manifolds(model, (-np.ones(2), np.ones(2)))
    assert [piece.bitcode for piece in found] == ["00", "11"]
    assert not found.complete and "1 left out" in found.sentences()[0]
