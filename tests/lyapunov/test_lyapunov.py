"""Lyapunov exponents against closed forms and against QR at every step in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.lyapunov import lyapunov_spectrum

LOZI = ([[0, 1.0], [0.5, 0]], [[-1.7, -1.7], [0, 0]], [[1.0, 0], [-1.0, 0]], [1.0, 0], [0, 0])


def linear(J):
    J = np.array(J, dtype=float)
    return pa.PLRNN.al_rnn(np.diag(J), J - np.diag(np.diag(J)), np.zeros(len(J)), pwl_units=0)


def random_al_rnn(seed, m=6, p=3, gain=1.3):
    """Bounded: every ReLU unit is held back by the others."""
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((m, m)) / m**0.5
    W[:, : m - p] *= 0.5
    W[:, m - p :] -= 0.5
    return pa.PLRNN.al_rnn(0.3 * rng.random(m), W, rng.standard_normal(m), pwl_units=p)


def slow_exponents(map, z, steps, transient, inputs=None):
    """QR at every step; the same smooth weights."""
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((map.n_units,) * 2))[0]
    weights = np.sin(np.pi * (np.arange(steps) + 0.5) / steps) ** 2
    total = np.zeros(map.n_units)
    for t in range(transient + steps):
        s = None if inputs is None else inputs[t]
        Q, R = np.linalg.qr(map.jacobian(map.bits(z, s)) @ Q)
        z = map.step(z, s)
        if t >= transient:
            total += weights[t - transient] * np.log(np.abs(np.diag(R)))
    return np.sort(total / weights.sum())[::-1]


@pytest.mark.parametrize("seed", range(12))
def test_linear_systems_have_the_logarithms_of_their_eigenvalues(seed):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 7))
    J = rng.standard_normal((m, m)) * rng.choice([0.2, 1.0, 3.0])
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(J))))[::-1]
    spectrum = lyapunov_spectrum(linear(J), 20_000)
    # Two moduli that nearly agree take 1 / (their distance) steps to come apart.
    apart = np.diff(-expected)
    if np.all((apart > 0.01) | (apart < 1e-12)):
        np.testing.assert_allclose(spectrum.exponents, expected, atol=1e-6)
    np.testing.assert_allclose(spectrum.total, expected.sum(), atol=1e-8)
    assert spectrum.volume_mismatch < 1e-8
    assert spectrum.numerical_error < 1e-6
    leading = lyapunov_spectrum(linear(J), 20_000, n_exponents=1)
    np.testing.assert_allclose(leading.leading, expected[0], atol=1e-5)


@pytest.mark.parametrize(("rank", "m"), [(0, 3), (1, 4), (3, 5)])
def test_singular_jacobians_give_minus_infinity(rank, m):
    rng = np.random.default_rng(rank)
    left, right = rng.standard_normal((m, rank)), rng.standard_normal((rank, m))
    spectrum = lyapunov_spectrum(linear(left @ right), 3000)
    assert np.isneginf(spectrum.exponents[rank:]).all()
    if rank:
        expected = np.sort(np.log(np.abs(np.linalg.eigvals(right @ left))))[::-1]
        np.testing.assert_allclose(spectrum.exponents[:rank], expected, atol=1e-4)
    assert spectrum.log_volume == -np.inf
    assert np.isnan(spectrum.volume_mismatch)
    assert spectrum.spread.tolist() == [0.0] * m
    assert spectrum.standard_error[rank:].tolist() == [0.0] * (m - rank)


def test_nilpotent():
    model = linear(np.diag([1.0, 2.0, 0.5], 1))
    assert np.isneginf(lyapunov_spectrum(model, 200).exponents).all()
    assert np.isneginf(lyapunov_spectrum(model, 200, n_exponents=1).exponents).all()


def test_tent_map():
    tent = pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)
    np.testing.assert_allclose(lyapunov_spectrum(tent, z0=[0.3]).exponents, [np.log(2.0)], atol=1e-12)


def test_lozi_map():
    model = pa.PLRNN.shallow(*LOZI)
    spectrum = lyapunov_spectrum(model, 50_000, z0=[0.1, 0.1])
    np.testing.assert_allclose(spectrum.total, np.log(0.5), atol=1e-9)
    assert spectrum.volume_mismatch < 1e-9
    assert 0.46 < spectrum.leading < 0.48
    assert 0.0 < spectrum.standard_error[0] < 0.01
    d = spectrum.kaplan_yorke_dimension
    assert d == pytest.approx(1.0 + spectrum.leading / abs(spectrum.exponents[1]))
    slow = slow_exponents(model.map, np.array([0.1, 0.1]), 3000, 100)
    fast = lyapunov_spectrum(model, 3000, z0=[0.1, 0.1], transient=100)
    # Chaos amplifies the last bit of the states, so that the orbits agree only as far as averages do.
    np.testing.assert_allclose(fast.exponents, slow, atol=5 * fast.standard_error[0])


def test_cycle_has_its_multipliers():
    model = pa.PLRNN.al_rnn([0.4, 0.5], [[0.0, -1.6], [0.9, -1.1]], [0.3, 1.0], pwl_units=1)
    found = [c for c in model.cycles(max_period=4) if c.spectral_radius < 1.0]
    assert len(found) == 1
    cycle = found[0]
    assert cycle.period == 4
    spectrum = lyapunov_spectrum(model, 20_000, z0=cycle.points[0])
    np.testing.assert_allclose(spectrum.exponents, np.log(np.abs(cycle.multipliers)) / 4, atol=5e-6)


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_qr_at_every_step(seed):
    rng = np.random.default_rng(seed)
    model = random_al_rnn(seed)
    inputs = np.zeros((1500, 0))
    z0 = rng.standard_normal(6)
    states = model.run(inputs, z0).states
    if not np.all(np.isfinite(states)):
        pytest.skip("diverges")
    spectrum = lyapunov_spectrum(model, 1000, z0=z0, transient=500)
    if spectrum.leading > 0:
        tolerance = 10 * float(spectrum.standard_error.max()) + 1e-3
    else:
        tolerance = 5e-4
    np.testing.assert_allclose(spectrum.exponents, slow_exponents(model.map, z0, 1000, 500), atol=tolerance)


def test_driven_exponents_in_closed_form():
    """A gate that the input opens: slope 1.5 where the unit is active, 0.5 where it is not."""
    model = pa.PLRNN.relu_rnn([[0.0, 0.0], [0.0, 0.5]], [0.0, 5.0], W_ih=[[1.0], [0.0]])
    drive = np.where(np.arange(4000) % 4 == 0, 1.0, -1.0)[:, None]
    spectrum = lyapunov_spectrum(model, 3000, inputs=drive)
    np.testing.assert_allclose(spectrum.exponents, [np.log(0.5), -np.inf])
    gate = pa.PLRNN.shallow([[0.5]], [[1.0]], [[1.0]], [0.0], [0.0], C=[[1.0]], E=[[1.0]])
    push = np.where(np.arange(4000) % 4 == 0, 3.0, -30.0)[None, :, None]
    z = gate.run(push).states[0, :, 0]
    active = np.concatenate([[0.0], z[:-1]]) + push[0, :, 0] > 0
    assert 0 < active.sum() < 4000
    expected = np.where(active, np.log(1.5), np.log(0.5))[400:3400]
    weights = np.sin(np.pi * (np.arange(3000) + 0.5) / 3000) ** 2
    spectrum = lyapunov_spectrum(gate, 3000, inputs=push)
    np.testing.assert_allclose(spectrum.leading, weights @ expected / weights.sum(), atol=1e-5)
    assert spectrum.transient == 400
    assert any("of 4000 steps of input" in note for note in spectrum.notes)


def test_batches_and_workers_change_nothing():
    model = pa.PLRNN.shallow(*LOZI)
    z0 = 0.1 * np.random.default_rng(0).random((5, 2))
    one = lyapunov_spectrum(model, 2000, z0=z0)
    two = lyapunov_spectrum(model, 2000, z0=z0, workers=2)
    np.testing.assert_array_equal(one.per_trajectory, two.per_trajectory)
    assert one.per_trajectory.shape == (5, 2)
    assert (one.spread > 0).all()


def test_divergence_is_said():
    model = pa.PLRNN.shallow([[0.5]], [[2.0]], [[1.0]], [0.0], [-1.0])
    with pytest.raises(pa.ModelError, match="diverges within"):
        lyapunov_spectrum(model, z0=[10.0])
    mixed = lyapunov_spectrum(model, z0=[[10.0], [0.1]])
    assert mixed.diverged.tolist() == [True, False]
    assert np.isnan(mixed.per_trajectory[0, 0])
    np.testing.assert_allclose(mixed.exponents, [np.log(0.5)])
    assert "DIVERGED" in repr(mixed)
    assert any("diverge" in note for note in mixed.notes)


def test_few_exponents_do_not_make_up_a_dimension():
    spectrum = lyapunov_spectrum(linear(np.diag([2.0, 1.5, 0.1])), 500, n_exponents=2)
    assert spectrum.kaplan_yorke_dimension is None
    assert lyapunov_spectrum(linear(np.diag([2.0, 1.5])), 500).kaplan_yorke_dimension == 2.0
    assert lyapunov_spectrum(linear(np.diag([0.5, 0.2])), 500).kaplan_yorke_dimension == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"n_exponents": 3}, "no more than that"),
        ({"n_exponents": 0}, "n_exponents"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"transient": -1}, "transient"),
        ({"inputs": np.zeros((4, 0)), "transient": 4}, "no more than the transient"),
        ({"inputs": np.zeros((4, 0)), "constant_input": []}, "not both"),
        ({"z0": [1.0]}, "z0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(pa.ModelError, match=message):
        lyapunov_spectrum(linear(np.eye(2)), **arguments)
