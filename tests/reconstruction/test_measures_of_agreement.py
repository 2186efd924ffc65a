"""D_stsp and D_H against the plainest form of their definitions, and on cases whose value is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plrnn_analysis.errors import ModelError
from plrnn_analysis.reconstruction import power_spectra, power_spectrum_distance, state_space_divergence


def plain_divergence(data, generated, bins, smoothing):
    """All bins in one dense histogram, and one more cell for what lies outside."""
    edges = [np.linspace(low, high, bins + 1) for low, high in zip(data.min(0), data.max(0))]
    p, q = (np.histogramdd(x, edges)[0] + smoothing for x in (data, generated))
    p, q = p / (len(data) + smoothing * p.size), q / (len(generated) + smoothing * q.size)
    return float(np.sum(p * np.log(p / q)))


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 60),
    m=st.integers(1, 60),
    channels=st.integers(1, 3),
    bins=st.integers(1, 6),
    spread=st.floats(0.1, 3.0),
    smoothing=st.sampled_from([1e-5, 0.1, 2.0]),
    seed=st.integers(0, 10_000),
)
def test_bins_against_a_dense_histogram(n, m, channels, bins, spread, smoothing, seed):
    rng = np.random.default_rng(seed)
    data, generated = rng.normal(size=(n, channels)), spread * rng.normal(size=(m, channels))
    ours = state_space_divergence(data, generated, bins=bins, smoothing=smoothing)
    assert ours == pytest.approx(plain_divergence(data, generated, bins, smoothing), rel=1e-6, abs=1e-9)


def test_the_first_and_the_last_bin_count():
    data = np.repeat([[0.0], [0.5], [1.0]], 100, axis=0)
    assert state_space_divergence(data, data, bins=3) == pytest.approx(0.0, abs=1e-12)
    for left_out in (0.0, 1.0):
        assert state_space_divergence(data, data[data != left_out], bins=3) > 4.0


def test_states_beyond_the_data_belong_to_no_bin():
    data = np.linspace(0.0, 1.0, 101)[:, None]
    half_away = np.concatenate([data, data + 5.0])
    assert state_space_divergence(data, half_away, bins=4) == pytest.approx(np.log(2.0), rel=1e-4)


def test_few_bins_in_many_channels():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(3000, 6))
    chosen = state_space_divergence(data, data[:1500])
    assert chosen == state_space_divergence(data, data[:1500], bins=5)
    assert state_space_divergence(data[:, :3], data[:1500, :3]) == state_space_divergence(
        data[:, :3], data[:1500, :3], bins=30
    )


def test_mixture_of_shifted_gaussians():
    """N(0, 1) and N(m, 1), each smoothed with width w: the divergence is m² / (2 (1 + w²))."""
    rng = np.random.default_rng(0)
    data, shifted = rng.normal(size=(4000, 8)), rng.normal(size=(4000, 8))
    shifted[:, 0] += 1.5
    found = state_space_divergence(data, shifted, width=2.0)
    assert found == pytest.approx(1.5**2 / (2 * 5.0), rel=0.2)
    assert found == state_space_divergence(data, shifted, method="mixture", width=2.0)
    assert abs(state_space_divergence(data, rng.normal(size=(4000, 8)), width=2.0)) < 0.02


def test_mixture_does_not_depend_on_units():
    rng = np.random.default_rng(1)
    data, other = rng.normal(size=(500, 7)), 0.5 * rng.normal(size=(500, 7)) + 0.3
    scale, shift = 10.0 ** rng.uniform(-3, 3, 7), rng.normal(size=7)
    plain = state_space_divergence(data, other)
    assert state_space_divergence(data * scale + shift, other * scale + shift) == pytest.approx(plain, rel=1e-6)


def test_order_of_steps_does_not_matter_for_states_but_for_spectra():
    rng = np.random.default_rng(2)
    wave = np.sin(0.2 * np.arange(3000))[:, None]
    shuffled = rng.permutation(wave)
    assert state_space_divergence(wave, shuffled) == pytest.approx(0.0, abs=1e-12)
    assert (
        power_spectrum_distance(wave, wave) == pytest.approx(0.0, abs=1e-7)
        and power_spectrum_distance(wave, shuffled) > 0.5
    )


def plain_distance(x, y, sigma):
    """Of one channel and one length, the Gaussian summed over reflected frequencies."""
    spectra = []
    for v in (x, y):
        power = np.abs(np.fft.rfft(v - v.mean())) ** 2
        n = len(power)
        padded = np.concatenate([power[::-1], power, power[::-1]])
        at = np.arange(len(padded))
        reach = np.abs(at[:, None] - at) <= int(4 * sigma + 0.5)
        kernel = np.where(reach, np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2), 0.0)
        smooth = (kernel @ padded / kernel[n + n // 2].sum())[n : 2 * n]
        spectra.append(smooth / smooth.sum())
    return np.sqrt(1 - np.sum(np.sqrt(spectra[0] * spectra[1])))


def test_power_spectrum_distance_against_its_definition():
    rng = np.random.default_rng(3)
    x, y = np.cumsum(rng.normal(size=(2, 400)), axis=1)
    x, y = x - 0.9 * np.roll(x, 1), y
    assert power_spectrum_distance(x, y, smoothing=1.5) == pytest.approx(plain_distance(x, y, 1.5), rel=1e-6)
    # Never so wide that nothing is left of the form: a hundredth of 201 frequencies.
    assert power_spectrum_distance(x, y) == pytest.approx(plain_distance(x, y, 2.01), rel=1e-6)


def test_spectra_are_averaged_over_stretches_between_gaps():
    rng = np.random.default_rng(4)
    series = rng.normal(size=(1000, 2))
    series[300, 0] = series[600:620] = np.nan
    parts = [series[:300], series[301:600], series[620:]]
    found = power_spectra(series, smoothing=0.0)
    length = 300  # the median
    assert found.shape == (length // 2 + 1, 2)
    cut = [parts[0], parts[2][:length]]
    power = np.mean([np.abs(np.fft.rfft(part - part.mean(axis=0), axis=0)) ** 2 for part in cut], axis=0)
    np.testing.assert_allclose(found, power / power.sum(axis=0), rtol=1e-9, atol=1e-15)


def test_diverged_and_constant_runs():
    wave = np.sin(0.2 * np.arange(500))
    gone = wave.copy()
    gone[400:] = np.inf
    assert state_space_divergence(wave, gone) == np.inf and power_spectrum_distance(wave, gone) == 1.0
    huge = np.cumprod(np.full(600, 3.0))
    assert np.isfinite(power_spectrum_distance(wave, huge)) and state_space_divergence(wave, huge) > 10
    many = np.random.default_rng(0).normal(size=(500, 8))
    assert 10 < state_space_divergence(many, many * 1e200) < np.inf
    still = power_spectra(np.full(100, 0.1), smoothing=0.0)
    assert still[0, 0] == 1.0 and not still[1:].any()
    assert power_spectrum_distance(wave, np.full(500, 0.1)) > 0.9


def test_trials_of_unequal_length_and_missing_values():
    rng = np.random.default_rng(5)
    trials = [rng.normal(size=(n, 2)) for n in (50, 80, 65)]
    whole = np.concatenate(trials)
    assert state_space_divergence(trials, whole) == pytest.approx(0.0, abs=1e-12)
    holed = [trial.copy() for trial in trials]
    holed[1][10, 0] = np.nan
    kept = np.delete(whole, 60, axis=0)
    assert state_space_divergence(holed, whole) == pytest.approx(state_space_divergence(kept, whole), abs=1e-12)
    assert 0.0 < power_spectrum_distance(holed, trials) < 0.5


@pytest.mark.parametrize(
    ("data", "generated", "message"),
    [
        ([[1.0, 2.0]], [[1.0]], r"generated: every trial must have 2 channels, got \[1\]"),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), "a value is missing at every step"),
        (np.zeros((0, 2)), np.zeros((4, 2)), r"data must have shape \(T, N\)"),
        ([np.zeros((3, 1)), np.zeros((3, 2))], np.zeros((4, 2)), "the same number of channels"),
        ("a series", np.zeros((4, 2)), "data must be numbers"),
    ],
)
def test_what_is_no_series_is_refused(data, generated, message):
    for measure in (state_space_divergence, power_spectrum_distance):
        with pytest.raises(ModelError, match=message):
            measure(data, generated)


def test_arguments_out_of_range_are_refused():
    x = np.zeros((5, 1))
    with pytest.raises(ModelError, match="method must be one of 'auto', 'bins', 'mixture'"):
        state_space_divergence(x, x, method="gmm")
    with pytest.raises(ModelError, match="the longest stretch without a missing value has 5 steps"):
        power_spectra(x, 6)
