"""Trajectories against the map applied step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plrnn_analysis as pa
from plrnn_analysis import ModelError, trajectories

ARCHITECTURES = ["al_rnn", "al_rnn_full", "shallow", "clipped_shallow", "dendritic", "relu_rnn", "leaky_rnn"]


def make(architecture: str, rng: np.random.Generator, m: int, n: int, k: int) -> pa.PLRNN:
    def r(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape) * 0.4

    C, B, b = (r(m, k) if k else None), r(2, m), r(2)
    if architecture == "al_rnn":
        return pa.PLRNN.al_rnn(r(m), r(m, m), r(m), pwl_units=min(n, m), C=C, B=B, b=b)
    if architecture == "al_rnn_full":
        units = rng.choice(m, min(n, m), replace=False)
        return pa.PLRNN.al_rnn(r(m, m), r(m, m), r(m), relu_units=units, C=C, B=B)
    if architecture == "shallow":
        return pa.PLRNN.shallow(r(m), r(m, n), r(n, m), r(m), r(n), C, B, b)
    if architecture == "clipped_shallow":
        return pa.PLRNN.clipped_shallow(r(m), r(m, n), r(n, m), r(m), r(n), C)
    if architecture == "dendritic":
        return pa.PLRNN.dendritic(r(m), r(m, m), r(m), r(n), r(m, n), C, B)
    if architecture == "leaky_rnn":
        return pa.PLRNN.leaky_rnn(r(m, m), r(m, k) if k else None, r(m), 0.3, activation="hard_sigmoid", B=B)
    return pa.PLRNN.relu_rnn(r(m, m), r(m), r(m, k) if k else None, B)


def naive(model: pa.PLRNN, inputs: np.ndarray, z0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States and bitcodes, one step at a time, as the docstring of Trajectory defines them."""
    states, bits, z = [], [], z0
    inside = bool(np.any(model.map.E))
    for t in range(inputs.shape[1]):
        used = model.map.bits(z, inputs[:, t])
        z = model.map.step(z, inputs[:, t])
        states.append(z)
        bits.append(used if inside else model.map.bits(z))
    return np.stack(states, 1), np.stack(bits, 1)


@settings(max_examples=80, deadline=None)
@given(
    architecture=st.sampled_from(ARCHITECTURES),
    m=st.integers(1, 9) | st.sampled_from([33, 50]),
    n=st.integers(0, 6),
    k=st.integers(0, 3),
    batch=st.integers(1, 9) | st.sampled_from([16, 70]),
    steps=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_run_is_the_map_step_by_step(architecture, m, n, k, batch, steps, seed):
    rng = np.random.default_rng(seed)
    model = make(architecture, rng, m, n, k)
    inputs, z0 = rng.standard_normal((batch, steps, k)), rng.standard_normal((batch, m))
    got = trajectories.run(model, inputs, z0)
    states, bits = naive(model, inputs, z0)
    scale = 1.0 + np.abs(states).max()
    assert np.allclose(got.states, states, rtol=0, atol=1e-12 * scale * m)
    y = model.map.preactivation(states) if not np.any(model.map.E) else None
    sure = np.ones(bits.shape, bool) if y is None else np.abs(y) > 1e-9 * scale
    assert np.array_equal(got.bitcodes[sure], bits[sure])
    assert got.bitcodes.shape == (batch, steps, model.pwl_units) and got.bitcodes.dtype == bool
    if model.B is None:
        assert got.outputs is None
    else:
        readout = got.states @ model.B.T + (0 if model.b is None else model.b)
        assert np.allclose(got.outputs, readout, rtol=1e-13, atol=1e-13)
    assert np.array_equal(got.inputs, inputs) and np.array_equal(got.initial, z0)
    assert got.map is model.map and got.n_steps == steps


@pytest.mark.parametrize("m", [5, 40])
def test_result_does_not_depend_on_batch_workers_or_calls(m, monkeypatch):
    rng = np.random.default_rng(0)
    model = make("al_rnn", rng, m, 3, 2)
    inputs, z0 = rng.standard_normal((67, 23, 2)), rng.standard_normal((67, m))
    whole = trajectories.run(model, inputs, z0)
    for other in (
        trajectories.run(model, inputs, z0, workers=2),
        trajectories.run(model, inputs, z0, workers=100),
    ):
        assert np.array_equal(other.states, whole.states) and np.array_equal(other.bitcodes, whole.bitcodes)
    for rows in (slice(0, 1), slice(3, 6), slice(10, 15), slice(20, 41)):
        part = trajectories.run(model, inputs[rows], z0[rows])
        assert np.array_equal(part.states, whole.states[rows]) and np.array_equal(part.bitcodes, whole.bitcodes[rows])
    monkeypatch.setattr(trajectories, "_CALL_OPERATIONS", 1.0)
    cut = trajectories.run(model, inputs, z0)
    assert np.array_equal(cut.states, whole.states) and np.array_equal(cut.bitcodes, whole.bitcodes)


def test_calls_may_be_cut_where_the_input_is_inside(monkeypatch):
    rng = np.random.default_rng(1)
    model = make("relu_rnn", rng, 4, 0, 2)
    inputs = rng.standard_normal((20, 9, 2))
    whole = trajectories.run(model, inputs)
    monkeypatch.setattr(trajectories, "_CALL_OPERATIONS", 1.0)
    cut = trajectories.run(model, inputs)
    assert np.array_equal(cut.states, whole.states) and np.array_equal(cut.bitcodes, whole.bitcodes)


def test_bitcodes_where_the_input_enters_inside_the_relu():
    """Step t of z' = relu(z + s - 1) uses the sign of z + s - 1, whatever the state it leads to."""
    model = pa.PLRNN.relu_rnn([[1.0]], [-1.0], [[1.0]])
    got = model.run([[3.0], [-3.0], [0.0]])
    assert got.states[0, :, 0].tolist() == [2.0, 0.0, 0.0]
    assert got.bitcodes[0, :, 0].tolist() == [True, False, False]
    # Left to itself under a constant input, the input is an offset and every state has its subregion.
    free = model.simulate(3, z0=[0.0], constant_input=[2.0])
    assert free.states[0, :, 0].tolist() == [1.0, 2.0, 3.0]
    assert free.bitcodes.all() and free.inputs is None and free.map.n_inputs == 0
    assert np.array_equal(free.bitcodes, free.map.bits(free.states))


def test_simulate_is_run_with_the_input_held_on():
    rng = np.random.default_rng(2)
    model = make("al_rnn", rng, 6, 3, 2)
    s, z0 = rng.standard_normal(2), rng.standard_normal((5, 6))
    free = model.simulate(30, z0, constant_input=s)
    driven = model.run(np.broadcast_to(s, (5, 30, 2)), z0)
    assert np.allclose(free.states, driven.states, atol=1e-12)
    assert np.array_equal(free.bitcodes, driven.bitcodes)
    assert np.array_equal(model.simulate(4, z0).states, model.run(np.zeros((5, 4, 2)), z0).states)


def test_initial_states():
    model = make("al_rnn", np.random.default_rng(3), 3, 1, 1)
    inputs = np.zeros((4, 2, 1))
    assert np.array_equal(model.run(inputs).initial, np.zeros((4, 3)))
    assert np.array_equal(model.run(inputs, [1.0, 2.0, 3.0]).initial, [[1.0, 2.0, 3.0]] * 4)
    first, again = model.simulate(5, n=4), model.simulate(5, n=4)
    assert first.initial.shape == (4, 3) and np.array_equal(first.states, again.states)
    assert not np.array_equal(model.simulate(5, n=4, seed=1).states, first.states)
    assert not np.array_equal(model.simulate(5, seed=None).states, model.simulate(5, seed=None).states)
    assert model.simulate(5, z0=np.ones((7, 3))).states.shape == (7, 5, 3)
    assert model.run(np.zeros((6, 1))).states.shape == (1, 6, 3)


def test_models_without_input_or_relu():
    linear = pa.PLRNN.al_rnn([0.5, 0.25], np.zeros((2, 2)), [1.0, 0.0], pwl_units=0)
    got = linear.run(np.zeros((1, 3, 0)), [0.0, 8.0])
    assert got.states[0].tolist() == [[1.0, 2.0], [1.5, 0.5], [1.75, 0.125]]
    assert got.bitcodes.shape == (1, 3, 0)
    assert linear.run(np.zeros((3, 0))).states.shape == (1, 3, 2)


@pytest.mark.parametrize("n", [1, 40])
def test_divergence_is_no_error_and_no_warning(n):
    model = pa.PLRNN.al_rnn([3.0, 2.0], [[0.0, 0.0], [1.0, -4.0]], [1.0, 0.0], pwl_units=1, B=[[1.0, -1.0]], b=[0.0])
    got = model.simulate(2000, z0=np.ones((n, 2)))
    assert np.isfinite(got.states[:, 0]).all() and not np.isfinite(got.states[:, -1]).any()
    nan = np.isnan(got.states[..., 1])
    assert nan.any() and not got.bitcodes[..., 0][nan].any()


def test_results_are_read_only_and_independent_of_the_arguments():
    model = make("al_rnn", np.random.default_rng(4), 3, 1, 1)
    inputs = np.ones((2, 3, 1))
    got = model.run(inputs)
    inputs[:] = 0.0
    assert (got.inputs == 1.0).all()
    for array in (got.states, got.bitcodes, got.outputs, got.initial, got.inputs):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.run(np.zeros((2, 5, 3))), r"inputs must have shape \(any, any, 2\).*got \(2, 5, 3\)"),
        (lambda m: m.run(np.zeros((5, 3))), r"inputs must have shape \(any, 2\).*got \(5, 3\)"),
        (lambda m: m.run(np.zeros(5)), r"inputs must have shape \(any, any, 2\)"),
        (lambda m: m.run(np.zeros((0, 5, 2))), "at least one trajectory and one step"),
        (lambda m: m.run(np.zeros((3, 0, 2))), "at least one trajectory and one step"),
        (lambda m: m.run(np.full((2, 5, 2), np.nan)), "NaN or infinite"),
        (lambda m: m.run("abc"), "inputs must be an array of real numbers"),
        (lambda m: m.run(np.zeros((2, 5, 2)), np.zeros((3, 4))), r"z0 must have shape \(2, 4\)"),
        (lambda m: m.run(np.zeros((2, 5, 2)), np.zeros(3)), r"z0 must have shape \(4,\)"),
        (lambda m: m.simulate(0), "steps must be a whole number >= 1, got 0"),
        (lambda m: m.simulate(2.5), "steps must be a whole number"),
        (lambda m: m.simulate(True), "steps must be a whole number"),
        (lambda m: m.simulate(5, n=0), "n must be a whole number"),
        (lambda m: m.simulate(5, z0=np.zeros(4), n=3), r"3 identical trajectories; give z0 of shape \(3, 4\)"),
        (lambda m: m.simulate(5, z0=np.zeros((2, 4)), n=3), r"z0 must have shape \(3, 4\)"),
        (lambda m: m.simulate(5, z0=np.zeros((0, 4))), "at least one state"),
        (lambda m: m.simulate(5, constant_input=[1.0]), r"constant_input must have shape \(2,\)"),
        (lambda m: trajectories.run(m, np.zeros((2, 5, 2)), workers=0), "workers must be"),
    ],
)
def test_wrong_arguments(call, words):
    with pytest.raises(ModelError, match=words):
        call(make("al_rnn", np.random.default_rng(5), 4, 2, 2))


def test_an_interrupt_ends_all_threads(monkeypatch):
    """Ctrl-C while threads work: no thread goes on with its remaining calls."""
    import plrnn_analysis.kernels.trajectories as kernels

    model = make("al_rnn", np.random.default_rng(6), 4, 2, 0)
    calls = []

    def interrupted(*arguments):
        calls.append(arguments[-4:])
        raise KeyboardInterrupt

    monkeypatch.setattr(kernels, "advance_along_batch", interrupted)
    monkeypatch.setattr(kernels, "advance_along_units", interrupted)
    monkeypatch.setattr(trajectories, "_CALL_OPERATIONS", 1.0)
    with pytest.raises(KeyboardInterrupt):
        trajectories.simulate(model, 50, n=300, workers=2)
    assert len(calls) < 300


def test_swapped_arguments_are_named_by_their_shape():
    from plrnn_analysis import PLRNN, ModelError

    with pytest.raises(ModelError, match=r"steps must be a whole number, got an array of shape \(3,\)"):
        PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0).simulate(np.array([0.1, 0.2, 0.3]), 5)
