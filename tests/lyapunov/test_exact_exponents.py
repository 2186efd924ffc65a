"""Exponents that are known exactly: from eigenvalues where the way stays, and how far rounding moves them elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.lyapunov import lyapunov_spectrum
from plrnn_analysis.lyapunov.settled import final_words
from plrnn_analysis.lyapunov.tangents import Tangents
from plrnn_analysis.maps import CanonicalMap
from plrnn_analysis.units import balanced

HALF = np.log(0.5)
# Companion matrix of (x + 1/2)^8: all coefficients are exact.
EIGHTFOLD = np.diag(np.ones(7), -1)
EIGHTFOLD[0] = [-4.0, -7.0, -7.0, -4.375, -1.75, -0.4375, -0.0625, -0.00390625]


def linear(J, h=None):
    J = np.array(J, dtype=float)
    m = len(J)
    return pa.PLRNN.al_rnn(J, np.zeros((m, m)), np.zeros(m) if h is None else h, pwl_units=0)


def within(spectrum, expected):
    error = np.max(np.abs(spectrum.exponents - expected))
    return error <= spectrum.numerical_error + 1e-12


def test_eight_equal_exponents():
    spectrum = lyapunov_spectrum(linear(EIGHTFOLD), 50_000, z0=np.zeros(8))
    assert within(spectrum, HALF) and spectrum.numerical_error < 1e-14
    assert np.all(spectrum.standard_error == 0.0) and spectrum.volume_mismatch < 1e-12
    assert any("exact eigenvalues" in note for note in spectrum.notes)
    assert within(lyapunov_spectrum(linear(EIGHTFOLD), 2000, n_exponents=1), HALF)


@pytest.mark.parametrize("orders", [10, 20, 30])
def test_in_other_units(orders):
    rng = np.random.default_rng(orders)
    exponents = rng.integers(-orders, orders + 1, size=8)
    scaled = np.ldexp(EIGHTFOLD, exponents[:, None] - exponents[None, :])
    assert within(lyapunov_spectrum(linear(scaled), 2000), HALF)


def test_input_does_not_change_a_single_jacobian():
    m = 8
    model = pa.PLRNN.al_rnn(EIGHTFOLD, np.zeros((m, m)), np.zeros(m), pwl_units=0, C=np.ones((m, 1)))
    drive = np.random.default_rng(0).normal(size=(3000, 1))
    spectrum = lyapunov_spectrum(model, 2000, inputs=drive)
    assert within(spectrum, HALF)
    assert any("same Jacobian" in note for note in spectrum.notes)


def with_idle_relus(J, z):
    """A fixed point z of the Jacobian J, beside ReLUs that listen to the state and are off there."""
    m = len(J)
    rng = np.random.default_rng(0)
    V = rng.normal(size=(3, m))
    return pa.PLRNN.shallow(J, rng.normal(size=(m, 3)), V, z - J @ z, -V @ z - 1.0)


def test_a_stable_fixed_point_has_its_eigenvalues():
    J = np.array([[0.5, 4.0, 0.0], [0.0, 0.5, 4.0], [0.0, 0.0, 0.5]])
    z = np.array([1.0, -2.0, 3.0])
    model = with_idle_relus(J, z)
    spectrum = lyapunov_spectrum(model, 3000, z0=z + 1e-3)
    assert within(spectrum, HALF) and spectrum.numerical_error < 1e-14
    assert any("exact eigenvalues" in note for note in spectrum.notes)


def test_a_stable_cycle_has_its_multipliers():
    model = pa.PLRNN.al_rnn([0.4, 0.5], [[0.0, -1.6], [0.9, -1.1]], [0.3, 1.0], pwl_units=1)
    cycle = next(c for c in model.cycles(max_period=4) if c.spectral_radius < 1.0)
    spectrum = lyapunov_spectrum(model, 500, z0=cycle.points[0], n=1)
    np.testing.assert_allclose(spectrum.exponents, np.log(np.abs(cycle.multipliers)) / cycle.period, rtol=1e-12)
    assert spectrum.numerical_error < 1e-14
    assert any("fixed point or cycle" in note for note in spectrum.notes)


def test_only_what_is_proven_to_stay_counts():
    # A slow spiral out of a saddle-free unstable point, cut off far away by a ReLU; its bits are constant for long.
    angle, rate = 0.5, 1.0 + 1e-7
    rotation = rate * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = pa.PLRNN.shallow(rotation, [[-0.5], [0.0]], [[1.0, 0.0]], [0.0, 0.0], [-1.0])
    assert final_words(model, balanced(model.map), np.array([[0.1, 0.0]]), None) == [None]
    # Inside, and a start so near to the boundary that the first turn may cross it.
    stable = pa.PLRNN.shallow(0.9 * rotation, [[-0.5], [0.0]], [[1.0, 0.0]], [0.0, 0.0], [-1.0])
    found = final_words(stable, balanced(stable.map), np.array([[0.01, 0.0], [0.0, 0.999]]), None)
    assert found[0] is not None and found[0].tolist() == [[False]]
    # Chaos stays nowhere.
    tent = pa.PLRNN.al_rnn([1.999], [[-3.998]], [1.0], pwl_units=1)
    assert final_words(tent, balanced(tent.map), np.array([[0.3]]), None) == [None]


def test_trajectories_that_end_in_different_ways():
    """Two stable fixed points: each trajectory gets the exponents of its own."""
    model = pa.PLRNN.shallow([[0.5]], [[0.25, -0.25]], [[1.0], [-1.0]], [0.0], [-1.0, -1.0])
    switch = pa.PLRNN.al_rnn(A=[0.5, 0.4], W=[[0, -1], [-1.5, 0]], h=[1, 2], pwl_units=2)
    for network in (model, switch):
        z0 = np.random.default_rng(0).normal(size=(6, network.n_units)) * 3
        spectrum = lyapunov_spectrum(network, 400, z0=z0)
        ends = [network.run(np.zeros((2000, 0)), z).states[0, -1] for z in z0]
        for values, end in zip(spectrum.per_trajectory, ends):
            J = network.map.jacobian(network.map.bits(end))
            np.testing.assert_allclose(values, np.sort(np.log(np.abs(np.linalg.eigvals(J))))[::-1], rtol=1e-12)
        assert np.all(spectrum.standard_error < 1e-15)
        assert any("provably ends" in note for note in spectrum.notes)


COCYCLES = {
    "eightfold": (EIGHTFOLD, HALF),
    "twofold": (0.9 * np.eye(2) + np.diag([1.0], 1), np.log(0.9)),
    "threefold": (0.9 * np.eye(3) + np.diag([1.0] * 2, 1), np.log(0.9)),
    "fivefold": (0.9 * np.eye(5) + np.diag([1.0] * 4, 1), np.log(0.9)),
    "chain": (0.8 * np.eye(25) + np.diag([1.0] * 24, 1), np.log(0.8)),
    "different": (np.diag([0.9, 0.5, 0.2]) + np.diag([1.0, 1.0], 1), np.log([0.9, 0.5, 0.2])),
}


@pytest.mark.parametrize("name", COCYCLES)
@pytest.mark.parametrize("n_vectors", [1, None])
def test_numerical_error_is_a_bound(name, n_vectors):
    """Two Jacobians that commute, J and 3/4 J, in random order: all exponents are known, whatever J is."""
    J, base = COCYCLES[name]
    m, steps = len(J), 20_000
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
    J = turn @ J @ turn.T
    map = CanonicalMap.build(J, np.eye(m), -0.25 * J, np.zeros(m), np.zeros(m))
    codes = (rng.random((1, steps)) < 0.5).astype(np.int64)
    weights = np.sin(np.pi * (np.arange(steps) + 0.5) / steps) ** 2
    weights[:1000] = 0.0
    tangents = Tangents(map, 1, n_vectors or m, 1e-6, 0, 1)
    tangents.advance(codes, np.array([[False] * m, [True] * m]), weights, np.array([True]))
    assert tangents.only_pattern is None
    found = np.sort(tangents.sums[0] / weights.sum())[::-1]
    expected = np.broadcast_to(base + weights @ codes[0] / weights.sum() * np.log(0.75), m)[: len(found)]
    sensitivity = tangents.sensitivity(0)
    error = sensitivity.error(tangents.report[0, 1] / tangents.report[0, 0], steps)
    # What the finite time leaves of the coupling, beside rounding.
    late = m * np.log(steps) / steps if name != "different" else 1e-5
    assert np.max(np.abs(found - expected)) <= error + late
    if name in ("eightfold", "chain"):
        assert error > 1e-2
    if name == "different":
        assert error < 1e-6 and np.all(sensitivity.growth == 0.0)


def test_exponents_that_are_not_determined_are_called_so():
    """A chaotic gate beside an eightfold exponent: its Jacobians differ from step to step."""
    m = 9
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    A = np.zeros((m, m))
    A[0, 0], A[1:, 1:] = 1.999, turn @ EIGHTFOLD @ turn.T
    W, V = np.zeros((m, 1)), np.zeros((1, m))
    W[0, 0], V[0, 0] = -3.998, 1.0
    h = np.zeros(m)
    h[0] = 1.0
    model = pa.PLRNN.shallow(A, W, V, h, [0.0])
    spectrum = lyapunov_spectrum(model, 3000)
    assert spectrum.leading == pytest.approx(np.log(1.999), abs=1e-9)
    assert spectrum.numerical_error > 1e-2
    assert any("not determined to 1e-06" in note for note in spectrum.notes)
    assert any("without being independent" in note for note in spectrum.notes)
    assert np.max(np.abs(spectrum.exponents[1:] - HALF)) <= spectrum.numerical_error + 8 * np.log(3000) / 3000
    # A chaotic map in which nothing is near to parallel is not warned of.
    lozi = pa.PLRNN.shallow([[0, 1.0], [0.5, 0]], [[-1.7, -1.7], [0, 0]], [[1.0, 0], [-1.0, 0]], [1.0, 0], [0, 0])
    spectrum = lyapunov_spectrum(lozi, 5000, z0=[0.1, 0.1])
    assert spectrum.notes == () and spectrum.numerical_error < 1e-6


@pytest.mark.parametrize("orders", [10, 30])
def test_units_of_a_chaotic_map_change_nothing(orders):
    """All factors are powers of two: the states are the same numbers. Exponents differ by how a finite time ends."""
    A, W1, W2 = np.array([[0, 1.0], [0.5, 0]]), np.array([[-1.7, -1.7], [0, 0]]), np.array([[1.0, 0], [-1.0, 0]])
    h1, h2, z0 = np.array([1.0, 0.0]), np.zeros(2), np.array([0.1, 0.1])
    plain = lyapunov_spectrum(pa.PLRNN.shallow(A, W1, W2, h1, h2), 3000, z0=z0)
    s, d = np.ldexp(1.0, [orders, -orders]), np.ldexp(1.0, [-orders, orders // 2])
    scaled = pa.PLRNN.shallow(s[:, None] * A / s, s[:, None] * W1 / d, d[:, None] * W2 / s, s * h1, h2)
    found = lyapunov_spectrum(scaled, 3000, z0=s * z0)
    assert np.all(np.abs(found.exponents - plain.exponents) < 0.1 * plain.standard_error)
    assert found.numerical_error < 1e-6


def test_explosions_prove_nothing():
    model = pa.PLRNN.shallow([[1e3]], [[-2e3]], [[1.0]], [0.0], [0.0])
    assert final_words(model, balanced(model.map), np.array([[1.0], [-1.0], [0.0]]), None)[:2] == [None, None]


def test_short_ways_are_no_trouble():
    lozi = pa.PLRNN.shallow([[0, 1.0], [0.5, 0]], [[-1.7, -1.7], [0, 0]], [[1.0, 0], [-1.0, 0]], [1.0, 0], [0, 0])
    for steps in (1, 2, 7, 30, 300):
        for n_exponents in (1, 2):
            spectrum = lyapunov_spectrum(lozi, steps, z0=[0.1, 0.1], transient=0, n_exponents=n_exponents)
            assert np.all(np.isfinite(spectrum.exponents)) and 0.0 < spectrum.numerical_error < 1e-6
