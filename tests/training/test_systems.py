"""Benchmark systems: their equations, and what is known about their attractors."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis.errors import ModelError
from plrnn_training.systems import SYSTEMS, generate


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_series_follow_the_equation(name):
    found = generate(name, 200, dt=1e-3, seed=3)
    middle = (found.values[2:] - found.values[:-2]) / 2e-3
    velocity = np.array([found.system.velocity(0.0, v) for v in found.values[1:-1]])
    np.testing.assert_allclose(middle, velocity, atol=2e-3 * np.abs(velocity).max())
    assert found.values.shape == (200, len(found.system.variables))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("lorenz63", (-21, -29, 0), (21, 29, 50)),
        ("roessler", (-10, -12, 0), (13, 9, 25)),
        ("van_der_pol", (-2.1, -2.8), (2.1, 2.8)),
        ("chua", (-2.5, -0.5, -3.6), (2.5, 0.5, 3.6)),
    ],
)
def test_series_fill_the_attractor(name, low, high):
    values = generate(name, 4000).values
    assert np.all(values > low) and np.all(values < high)
    assert np.all(np.ptp(values, axis=0) > 0.7 * (np.array(high) - low))


def test_exponent_of_lorenz():
    """Two trajectories 1e-7 apart separate at the rate that is known, over many starts."""
    system = SYSTEMS["lorenz63"]
    from scipy.integrate import solve_ivp

    starts = generate("lorenz63", 30, dt=1.0).values
    rates = []
    for start in starts:
        ends = [
            solve_ivp(system.velocity, (0.0, 8.0), z, method="LSODA", rtol=1e-10, atol=1e-10).y[:, -1]
            for z in (start, start + 1e-8 * np.ones(3) / 3**0.5)
        ]
        rates.append(np.log(np.linalg.norm(ends[1] - ends[0]) / 1e-8) / 8.0)
    assert np.mean(rates) == pytest.approx(system.lambda_max, rel=0.25)


def test_seeds_and_noise():
    clean, again, other = (generate("van_der_pol", 300, seed=seed).values for seed in (0, 0, 1))
    assert np.array_equal(clean, again) and not np.array_equal(clean, other)
    noisy = generate("van_der_pol", 300, noise=0.1).values
    assert np.std(noisy - clean, axis=0) == pytest.approx(0.1 * clean.std(axis=0), rel=0.2)


def test_unknown_systems_and_numbers_are_refused():
    with pytest.raises(ModelError, match="system must be one of 'lorenz63', 'roessler', 'van_der_pol', 'chua'"):
        generate("lorenz")
    with pytest.raises(ModelError, match="steps must be a whole number >= 1"):
        generate("chua", 0)
    with pytest.raises(ModelError, match=r"dt must be a number in \(0, 50\]"):
        generate("chua", dt=0.0)
