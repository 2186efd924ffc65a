"""States that agree with observations, and errors of forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.errors import ModelError
from plrnn_analysis.reconstruction import prediction_errors, start_states, synchronised_states


def model_with_inputs(seed=0, outputs=2):
    rng = np.random.default_rng(seed)
    m = 5
    return PLRNN.al_rnn(
        rng.uniform(0.3, 0.7, m), 0.3 * rng.normal(size=(m, m)), rng.normal(size=m), pwl_units=2,
        C=rng.normal(size=(m, 1)), B=rng.normal(size=(outputs, m)), b=rng.normal(size=outputs),
    )  # fmt: skip


def driven(model, steps, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(3, steps, 1))
    states = model.run(inputs, z0=rng.normal(size=(3, 5)))
    return states, inputs


def test_start_states_have_the_outputs_that_were_observed():
    model = model_with_inputs()
    x = np.random.default_rng(1).normal(size=(4, 2))
    z = start_states(model, x)
    np.testing.assert_allclose(z @ model.B.T + model.b, x, atol=1e-12)
    x[1, 0] = np.nan
    assert np.isfinite(start_states(model, x)).all()
    begin = {"matrix": np.arange(10.0).reshape(5, 2).tolist(), "offset": [1.0] * 5}
    model.metadata["initial_state"] = begin
    np.testing.assert_allclose(start_states(model, [[1.0, 2.0]]), [[3.0, 9.0, 15.0, 21.0, 27.0]])
    model.metadata["initial_state"] = {"matrix": [[1.0]], "offset": [0.0]}
    with pytest.raises(ModelError, match="initial_state matrix must have shape"):
        start_states(model, [[1.0, 2.0]])


def test_observations_steer_a_contracting_model_to_the_state_behind_them():
    model = model_with_inputs()
    run, inputs = driven(model, 60, 2)
    found = synchronised_states(model, run.outputs, inputs)
    assert np.abs(found - run.states[:, -1]).max() < 1e-3 * np.abs(run.states).max()
    np.testing.assert_allclose(found @ model.B.T + model.b, run.outputs[:, -1], atol=1e-9)


def test_what_is_missing_does_not_steer():
    model = model_with_inputs()
    run, inputs = driven(model, 10, 3)
    holed = run.outputs.copy()
    holed[:, 1:] = np.nan
    found = synchronised_states(model, holed, inputs)
    free = model.run(inputs[:, 1:], z0=start_states(model, holed[:, 0]))
    np.testing.assert_allclose(found, free.states[:, -1], atol=1e-9)
    assert np.array_equal(found, synchronised_states(model, holed, inputs, gain=1.0))


def test_errors_of_a_model_on_its_own_motion_are_zero_and_of_another_one_are_not():
    model = model_with_inputs()
    run, inputs = driven(model, 200, 4)
    own = prediction_errors(model, run.outputs, (1, 5), inputs=inputs, warm_up=80)
    assert own[1] < 2e-3 and own[5] < 2e-3
    other = prediction_errors(model_with_inputs(7), run.outputs, (1, 5), inputs=inputs)
    assert other[1] > 0.1


def test_errors_of_persistence_are_those_of_differences():
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(size=(400, 2)), axis=0)
    still = PLRNN.al_rnn([1.0, 1.0], np.zeros((2, 2)), [0.0, 0.0], pwl_units=0, B=np.eye(2))
    found = prediction_errors(still, walk, (1, 3, 500), warm_up=0, starts=1000, scale=[1.0, 2.0])
    for h in (1, 3):
        differences = (walk[h:] - walk[:-h])[: 400 - 3] / [1.0, 2.0]
        assert found[h] == pytest.approx(np.sqrt(np.mean(differences**2)), rel=1e-9)
    assert np.isnan(found[500])


def test_missing_values_are_no_errors():
    still = PLRNN.al_rnn([1.0], [[0.0]], [0.0], pwl_units=0, B=[[1.0]])
    series = np.ones((30, 1))
    series[10:12] = np.nan
    assert prediction_errors(still, series, (1, 10), scale=[1.0]) == {1: 0.0, 10: 0.0}


def test_divergence_is_an_infinite_error():
    explosive = PLRNN.al_rnn([1e30], [[0.0]], [0.0], pwl_units=0, B=[[1.0]])
    errors = prediction_errors(explosive, np.random.default_rng(0).normal(size=(60, 1)), (1, 20))
    assert errors[20] == np.inf


def test_mistakes():
    blind = PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=0)
    with pytest.raises(ModelError, match="the model has no readout"):
        prediction_errors(blind, [[1.0], [2.0]])
    model = model_with_inputs()
    with pytest.raises(ModelError, match="observations must have shape"):
        synchronised_states(model, np.zeros((3, 2)))
    with pytest.raises(ModelError, match="observations must have shape"):
        start_states(model, np.zeros((3, 3)))
    with pytest.raises(ModelError, match="inputs must be as long as the data"):
        prediction_errors(model, np.zeros((9, 2)), inputs=np.zeros((8, 1)))
