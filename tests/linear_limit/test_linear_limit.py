"""Exact limits of the addition task against enumeration, Monte Carlo and least squares."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import (
    MARKS,
    addition_floor,
    addition_trials,
    affine_floor,
    exact_addition_solver,
    mark_range,
    population_mse,
    readout_floor,
    superposition_certificate,
    superposition_gap,
)


def mark_pairs(length, marks):
    """Every equally likely pair of marked positions."""
    half = length // 2
    if marks == "halves":
        return list(product(range(half), range(half, length)))
    return list(combinations(range(half if marks == "first_half" else length), 2))


def draw_trials(n, length, marks, rng):
    pairs = np.array(mark_pairs(length, marks))[rng.integers(len(mark_pairs(length, marks)), size=n)]
    inputs = np.zeros((n, length, 2))
    inputs[..., 0] = rng.random((n, length))
    inputs[np.arange(n)[:, None], pairs, 1] = 1.0
    return inputs, (inputs[..., 0] * inputs[..., 1]).sum(1)


def run_outputs(model, inputs, blank_steps):
    """The slow, obvious loop."""
    z = np.zeros((inputs.shape[0], model.n_units))
    for t in range(inputs.shape[1] + blank_steps):
        z = model.map.step(z, inputs[:, t] if t < inputs.shape[1] else np.zeros(2))
    return z @ model.B[0] + (0.0 if model.b is None else model.b[0])


def linear_model(rng, n_units=4, gain=0.9):
    J = rng.normal(size=(n_units, n_units))
    J *= gain / np.abs(np.linalg.eigvals(J)).max()
    return PLRNN.al_rnn(
        A=np.zeros(n_units),
        W=J,
        h=0.1 * rng.normal(size=n_units),
        pwl_units=0,
        C=0.3 * rng.normal(size=(n_units, 2)),
        B=0.5 * rng.normal(size=(1, n_units)),
        b=[0.4],
    )


@pytest.mark.parametrize(
    ("length", "marks", "floor"),
    [
        (100, "halves", 1 / 6 - 1 / 300),
        (2, "halves", 0.0),
        (3, "halves", 1 / 6 - (1 + 1 / 2) / 12),
        (101, "halves", 1 / 6 - (1 / 50 + 1 / 51) / 12),
        (100, "first_half", 1 / 6 - 1 / 150),
        (101, "first_half", 1 / 6 - 1 / 150),
        (100, "anywhere", 1 / 6 - 1 / 300),
        (2, "anywhere", 0.0),
    ],
)
def test_floor_by_hand(length, marks, floor):
    assert addition_floor(length, marks) == pytest.approx(floor, abs=1e-15)


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("length", [4, 7, 10])
def test_floor_is_what_least_squares_reaches(length, marks):
    # The normal equations in exact moments: over all mark pairs, with E[u] = 1/2 and E[u²] = 1/3.
    pairs = mark_pairs(length, marks)
    n = 2 * length + 1
    gram, cross, energy = np.zeros((n, n)), np.zeros(n), 0.0
    for pair in pairs:
        m = np.zeros(length)
        m[list(pair)] = 1.0
        uu = np.full((length, length), 0.25) + np.eye(length) / 12
        gram[:length, :length] += uu
        gram[length:-1, length:-1] += np.outer(m, m)
        gram[:length, length:-1] += 0.5 * m
        gram[length:-1, :length] += 0.5 * m[:, None]
        gram[-1, :length] += 0.5
        gram[:length, -1] += 0.5
        gram[-1, length:-1] += m
        gram[length:-1, -1] += m
        gram[-1, -1] += 1
        cross[:length] += uu @ m
        cross[length:-1] += m
        cross[-1] += 1
        energy += m @ uu @ m
    gram, cross, energy = gram / len(pairs), cross / len(pairs), energy / len(pairs)
    best = energy - cross @ np.linalg.lstsq(gram, cross, rcond=None)[0]
    assert best == pytest.approx(addition_floor(length, marks), abs=1e-12)


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("length", [4, 9, 12])
@pytest.mark.parametrize("blank_steps", [0, 1, 3])
def test_population_mse_against_monte_carlo(length, marks, blank_steps):
    rng = np.random.default_rng(length + 10 * blank_steps)
    model = linear_model(rng)
    inputs, targets = draw_trials(100_000, length, marks, rng)
    errors = (run_outputs(model, inputs, blank_steps) - targets) ** 2
    exact = population_mse(model, length, marks, blank_steps)
    assert abs(errors.mean() - exact) < 4 * errors.std() / np.sqrt(errors.size)
    assert exact >= addition_floor(length, marks)


@pytest.mark.parametrize("marks", MARKS)
def test_population_mse_by_enumeration(marks):
    # Over every mark pair, with the exact mean and variance of the error over u: no sampling.
    rng = np.random.default_rng(5)
    length, blank = 7, 1
    model = linear_model(rng)
    zero = np.zeros((1, length, 2))
    c = run_outputs(model, zero, blank)[0]
    response = np.zeros((length, 2))
    for t, k in product(range(length), range(2)):
        pulse = zero.copy()
        pulse[0, t, k] = 1.0
        response[t, k] = run_outputs(model, pulse, blank)[0] - c
    total = 0.0
    pairs = mark_pairs(length, marks)
    for pair in pairs:
        m = np.zeros(length)
        m[list(pair)] = 1.0
        coefficient = response[:, 0] - m
        mean = coefficient.sum() / 2 + response[:, 1] @ m + c
        total += mean**2 + coefficient @ coefficient / 12
    assert population_mse(model, length, marks, blank) == pytest.approx(total / len(pairs), rel=1e-12)


def test_population_mse_by_hand():
    def constant(b):
        return PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0, C=[[0.0, 0.0]], B=[[1.0]], b=[b])

    assert population_mse(constant(1.0), 100, blank_steps=1) == pytest.approx(1 / 6, abs=1e-15)
    assert population_mse(constant(0.0), 100, blank_steps=0) == pytest.approx(1 / 6 + 1, abs=1e-15)
    # A perfect integrator with gain 2/T is the best affine predictor.
    best = PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[0.0], pwl_units=0, C=[[2 / 100, 0.0]], B=[[1.0]])
    best.metadata["training"] = {"blank_steps": 1}
    assert population_mse(best, 100) == pytest.approx(addition_floor(100), abs=1e-14)
    # The mark channel alone counts to two: sum of marks times 1/2 is the constant predictor 1.
    counter = PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[0.0], pwl_units=0, C=[[0.0, 0.5]], B=[[1.0]])
    assert population_mse(counter, 31, "anywhere", 2) == pytest.approx(1 / 6, abs=1e-14)


def test_population_mse_is_never_below_the_floor():
    rng = np.random.default_rng(0)
    for _ in range(200):
        model = linear_model(rng, n_units=int(rng.integers(1, 6)), gain=rng.uniform(0.2, 1.1))
        length = int(rng.integers(4, 40))
        for marks in MARKS:
            assert population_mse(model, length, marks, int(rng.integers(0, 3))) >= addition_floor(length, marks)


@pytest.mark.parametrize("marks", MARKS)
def test_exact_solver(marks):
    rng = np.random.default_rng(1)
    model = exact_addition_solver()
    for length in (4, 5, 30, 400):
        inputs, targets = draw_trials(500, length, marks, rng)
        assert np.abs(run_outputs(model, inputs, 1) - targets).max() < 1e-13
    # Read out at T itself it misses the last value where that is marked.
    length = 10
    inputs, targets = draw_trials(100_000, length, "halves", rng)
    errors = (run_outputs(model, inputs, 0) - targets) ** 2
    assert abs(errors.mean() - 1 / 5 / 3) < 4 * errors.std() / np.sqrt(errors.size)
    assert errors.mean() > readout_floor(length)


def test_readout_floor_by_hand():
    assert readout_floor(100) == pytest.approx(0.02 * 0.98 / 12)
    assert readout_floor(101) == pytest.approx((1 / 51) * (50 / 51) / 12)
    assert readout_floor(100, "anywhere") == pytest.approx(0.02 * 0.98 / 12)
    assert readout_floor(100, "first_half") == 0.0


def test_readout_floor_is_reached_by_the_best_constant_coefficient():
    # The exact solver with B C chosen so that a share k of the last value reaches the output at once.
    rng = np.random.default_rng(2)
    length = 8
    inputs, targets = draw_trials(200_000, length, "halves", rng)
    missing = targets - run_outputs(exact_addition_solver(), inputs, 0)
    k = 2 / length
    errors = (missing - k * inputs[:, -1, 0] - 0.5 * (inputs[:, -1, 1] - k)) ** 2
    assert abs(errors.mean() - readout_floor(length)) < 4 * errors.std() / np.sqrt(errors.size)


def test_errors():
    with pytest.raises(ModelError, match="marks must be one of"):
        addition_floor(10, "corners")
    with pytest.raises(ModelError, match=">= 2 to hold two marks"):
        addition_floor(1)
    with pytest.raises(ModelError, match=">= 4 to hold two marks"):
        readout_floor(3, "first_half")
    with pytest.raises(ModelError, match="whole number"):
        mark_range(10.5)
    with pytest.raises(ModelError, match="without ReLU"):
        population_mse(exact_addition_solver(), 10)
    no_readout = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0, 0.0]])
    with pytest.raises(ModelError, match="one output"):
        population_mse(no_readout, 10, blank_steps=1)
    model = linear_model(np.random.default_rng(0))
    with pytest.raises(ModelError, match="give blank_steps"):
        population_mse(model, 10)
    with pytest.raises(ModelError, match="blank_steps must be a whole number >= 0"):
        population_mse(model, 10, blank_steps=-1)


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("length", [6, 7, 20])
def test_certificate(length, marks):
    certificate = superposition_certificate(length, marks, blank_steps=1)
    s1, s2, s3, s4 = certificate.sequences
    assert np.array_equal(s1 - s2, s3 - s4)
    assert certificate.targets.tolist() == [1.5, 0.5, 1.0, 1.0]
    pairs = set(mark_pairs(length, marks))
    for s in certificate.sequences:
        assert tuple(np.flatnonzero(s[:, 1]).tolist()) in pairs
    # The best affine predictor on these four errs by 1/4 on each: no affine one is better.
    design = np.column_stack([certificate.sequences.reshape(4, -1), np.ones(4)])
    fit = np.linalg.lstsq(design, certificate.targets, rcond=None)[0]
    assert np.abs(design @ fit - certificate.targets).max() == pytest.approx(certificate.bound, abs=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(50):
        model = linear_model(rng)
        assert certificate.largest_error(model) >= certificate.bound
        assert abs(certificate.gap(model)) < 1e-12
    assert certificate.largest_error(exact_addition_solver()) < 1e-12
    assert certificate.gap(exact_addition_solver()) == pytest.approx(1.0, abs=1e-12)


def test_certificate_where_the_task_is_linear():
    assert superposition_certificate(3).sequences.shape == (4, 3, 2)
    for length, marks in ((2, "halves"), (2, "anywhere"), (5, "first_half")):
        assert addition_floor(length, marks) == pytest.approx(0.0, abs=1e-15)
        with pytest.raises(ModelError, match="linear there"):
            superposition_certificate(length, marks)


def test_superposition_gap():
    trials, _ = addition_trials(200, 20)
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert superposition_gap(linear_model(rng), trials) < 1e-12
    assert superposition_gap(exact_addition_solver(), trials) > 0.2
    # Nonlinear across time in one channel, and with one channel only.
    assert superposition_gap(lambda s: s[:, 0, 0] * s[:, 15, 0], trials) > 0.1
    assert superposition_gap(lambda s: s[:, 0] * s[:, 15], trials[..., :1]) > 0.1
    assert superposition_gap(lambda s: np.zeros(len(s)), trials) == 0.0
    assert np.isnan(superposition_gap(lambda s: np.full(len(s), np.inf), trials))


def test_superposition_gap_errors():
    trials, _ = addition_trials(5, 10)
    with pytest.raises(ModelError, match="at least two"):
        superposition_gap(exact_addition_solver(), trials[:1])
    with pytest.raises(ModelError, match="one row per sequence"):
        superposition_gap(lambda s: 1.0, trials)
    with pytest.raises(ModelError, match="no readout"):
        superposition_gap(PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0, 0.0]]), trials)
    with pytest.raises(ModelError, match="must have 1 output"):
        superposition_certificate().gap(lambda s: s[:, 0])


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize(
    ("length", "n"),
    [
        (10, 40_000),
        (20, 40_000),
        pytest.param(50, 60_000, marks=pytest.mark.slow),
        pytest.param(100, 100_000, marks=pytest.mark.slow),
    ],
)
def test_simulated_least_squares_agrees_with_the_floor(length, n, marks):
    # Twelve comparisons at once: at 99.9 % each they all hold with probability 0.99. (At 95 % and 40,000 trials the
    # interval held the floor in 111 of 120 repetitions; fitting T values makes the score too high by about 2T/n of it.)
    found = affine_floor(*addition_trials(n, length, marks), confidence=0.999, resamples=2000)
    floor = addition_floor(length, marks)
    assert found.interval[0] < floor < found.interval[1]
    assert found.score_name == "mse" and found.n_train == found.n_test == n // 2
    assert found.baseline > found.score
    # Its coefficients are those of the derivation: p_t on the values, nothing in the blank step.
    assert found.coefficients.shape == (1, length + 1, 2)
    # Each has the variance of an error over n_train times that of a value, 1/12.
    error = np.sqrt(12.0 * floor * length / found.n_train)
    assert abs(found.coefficients[0, :length, 0].sum() - 2.0) < 4.0 * error


def test_affine_floor_of_linear_and_of_class_targets():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 5, 2))
    weights = rng.normal(size=(5, 2, 3))
    exact = affine_floor(x, np.tensordot(x, weights, 2) + 1.0)
    assert exact.score < 1e-20
    assert np.allclose(exact.coefficients, np.moveaxis(weights, 2, 0))
    assert np.allclose(exact.offset, 1.0)
    # Classes at two steps: the first linearly separable, the second the sign of a product.
    labels = np.stack([x[:, 0, 0] + x[:, 3, 1] > 0, x[:, 0, 0] * x[:, 1, 0] > 0], axis=1)
    found = affine_floor(x, labels)
    assert found.score_name == "accuracy"
    assert found.interval[0] <= found.score <= found.interval[1]
    assert affine_floor(x, labels[:, 0]).score > 0.97
    assert affine_floor(x, labels[:, 1].astype(int)).score < 0.57
    assert 0.4 < found.baseline < 0.6
    few = affine_floor(x[:12], np.tensordot(x, weights, 2)[:12], ridge=1e-3)
    assert np.isfinite(few.score)


@pytest.mark.parametrize("factor", [2.0**20, 2.0**-40])
def test_affine_floor_in_other_units_of_the_inputs(factor):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3, 2))
    targets = np.tensordot(x, rng.normal(size=(3, 2, 1)), 2)
    units = np.array([1.0, factor])
    plain, other = affine_floor(x, targets), affine_floor(x * units, targets)
    assert plain.score < 1e-20 and other.score < 1e-20
    assert np.allclose(other.coefficients * units, plain.coefficients)


def test_affine_floor_errors():
    x = np.zeros((20, 3, 1))
    assert affine_floor(x, np.ones(20)).score == 0.0  # nothing changes: the mean
    for targets, options, match in (
        (np.ones(19), {}, "one row for each"),
        (np.ones(20), {"test_share": 1.0}, "test_share"),
        (np.full(20, 0.5), {"classification": True}, "whole numbers"),
    ):
        with pytest.raises(ModelError, match=match):
            affine_floor(x, targets, **options)
    with pytest.raises(ModelError, match="give more trials"):
        affine_floor(np.random.default_rng(0).random((10, 10, 1)), np.ones(10))
    with pytest.raises(ModelError, match="too few"):
        affine_floor(x[:2], np.ones(2))
