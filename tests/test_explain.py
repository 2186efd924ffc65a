"""Modes of subregions and ablations: by hand on the exact addition solver, by simulation on random networks."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.cli import app
from plrnn_analysis.explain import VisitedSubregion, ablation_table, explain, gate_units
from plrnn_analysis.linear_limit import addition_floor, addition_trials, exact_addition_solver, population_mse
from plrnn_analysis.terminal import print_explanation


def random_model(seed, m=6, p=2):
    rng = np.random.default_rng(seed)
    return PLRNN.al_rnn(
        A=rng.uniform(0.1, 0.9, m),
        W=0.3 * rng.normal(size=(m, m)),
        h=0.1 * rng.normal(size=m),
        pwl_units=p,
        C=rng.normal(size=(m, 2)),
        B=rng.normal(size=(1, m)),
        b=[0.3],
    )


def test_exact_solver_by_hand():
    model = exact_addition_solver()
    inputs, _ = addition_trials(300, 20)
    found = explain(model, model.run(inputs), n_modes=2)
    assert [r.bitcode for r in found] == ["0", "1"]
    assert sum(r.frequency for r in found) == pytest.approx(1.0)
    assert np.allclose(sum(r.step_share for r in found), 1.0)
    closed, opened = found
    # Bitcode 0: acc keeps what it has and hears nothing. Bitcode 1: the gate's state is added to it.
    for region in found:
        assert region.modes[0].eigenvalue == 1 and region.modes[0].time_constant == np.inf
        assert region.modes[1].eigenvalue == 0 and region.modes[1].time_constant == 0.0
        assert region.modes[0].readout_gain == 1.0
    assert closed.modes[0].input_gain == 0.0
    assert opened.modes[0].input_gain == pytest.approx(np.sqrt(2))
    # The other subregion is entered at the two marks and nowhere else (a value of exactly 0 aside).
    marks = np.flatnonzero(inputs[0, :, 1]) + 1
    assert found.step_ranges("1") == [(t, t) for t in marks]
    assert opened.visits == 600
    assert found.table()["bitcode"] == ["0", "0", "1", "1"]
    assert found.table()["frequency"] == [closed.frequency] * 2 + [opened.frequency] * 2
    assert isinstance(closed, VisitedSubregion) and repr(closed) == "<VisitedSubregion 0: 2 modes>"


@pytest.mark.parametrize("seed", range(5))
def test_modes_are_eigenvectors_and_gains_add_up_to_the_impulse_response(seed):
    model = random_model(seed)
    run = model.run(np.random.default_rng(seed).normal(size=(20, 30, 2)))
    for region in explain(model, run, n_modes=6):
        bits = np.array([c == "1" for c in region.bitcode])
        jacobian = model.map.jacobian(bits)
        moduli = [abs(m.eigenvalue) for m in region.modes]
        assert moduli == sorted(moduli, reverse=True)
        response = np.zeros((1, 2))
        for mode in region.modes:
            assert np.allclose(jacobian @ mode.right, mode.eigenvalue * mode.right)
            assert np.allclose(mode.left @ jacobian, mode.eigenvalue * mode.left)
            assert mode.input_gain == pytest.approx(np.linalg.norm(mode.left @ model.map.C))
            assert mode.time_constant == pytest.approx(-1 / np.log(abs(mode.eigenvalue)))
            part = np.outer(model.B @ mode.right, mode.left @ model.map.C) * mode.eigenvalue**3
            response += (2 if mode.eigenvalue.imag else 1) * part.real
        assert np.allclose(response, model.B @ np.linalg.matrix_power(jacobian, 3) @ model.map.C)


def test_input_inside_the_relu_arrives_through_active_units_only():
    model = PLRNN.relu_rnn(W_hh=[[0.5, 0.0], [0.0, 0.3]], bias=[1.0, -9.0], W_ih=[[2.0], [3.0]], B=[[1.0, 1.0]])
    (region,) = explain(model, model.run(np.ones((1, 5, 1))))
    assert region.bitcode == "10"
    assert region.modes[0].eigenvalue == pytest.approx(0.5) and region.modes[0].input_gain == pytest.approx(2.0)
    assert region.modes[1].input_gain == pytest.approx(0.0)
    with pytest.raises(ModelError, match="no state units"):
        model.ablate(0, "off")
    with pytest.raises(ModelError, match="no state units"):
        ablation_table(model, np.ones((1, 5, 1)), np.ones((1, 1)))


def test_defective_subregion_without_warnings():
    model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0.0, 1.0], [0.0, 0.0]], h=[0.0, 0.0], pwl_units=0, C=[[1.0], [1.0]])
    (region,) = explain(model, model.simulate(5))
    assert region.bitcode == "-" and np.isnan(region.modes[0].readout_gain)
    assert region.modes[0].defective and region.modes[0].input_gain == np.inf


def test_ablate():
    model = random_model(0, m=5, p=2)
    rng = np.random.default_rng(1)
    z, s = rng.normal(size=(50, 5)), rng.normal(size=(50, 2))
    A, W, h, C = (model.parameters[name] for name in "AWhC")
    phi = z.copy()
    phi[:, 3] = np.maximum(phi[:, 3], 0)
    assert np.allclose(model.ablate(4, "linear").map.step(z, s), A * z + phi @ W.T + h + s @ C.T)
    assert np.allclose(model.ablate(4, "on").map.step(z, s), model.ablate(4, "linear").map.step(z, s))
    phi[:, 4] = 0
    off = model.ablate(4, "off")
    assert np.allclose(off.map.step(z, s), A * z + phi @ W.T + h + s @ C.T)
    assert off.relu_units == (3,) and off.metadata["ablations"] == [{"unit": 4, "replacement": "off"}]
    assert model.relu_units == (3, 4) and "ablations" not in model.metadata
    with pytest.raises(ModelError, match="has no ReLU"):
        model.ablate(0)
    with pytest.raises(ModelError, match="has no ReLU"):
        off.ablate(4, "linear")
    with pytest.raises(ModelError, match="replacement must be"):
        model.ablate(4, "half")


def test_ablating_the_gate_lifts_the_error_to_the_floor_or_above():
    model = exact_addition_solver()
    table = ablation_table(model, *addition_trials(500, 30))
    assert [(r.units, r.replacement) for r in table] == [
        ((), "none"), ((1,), "linear"), ((1,), "off"), ((1,), "on"),
    ]  # fmt: skip
    assert table[0].mse < 1e-25
    assert gate_units(table) == (1,)
    for replacement in ("linear", "off", "on"):
        assert population_mse(model.ablate(1, replacement), 30) >= addition_floor(30)


def test_a_spare_relu_is_not_called_needed():
    # The gate, and a twin of it that nothing reads.
    model = PLRNN.al_rnn(
        A=[1.0, 0.0, 0.0],
        W=[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        h=[0.0, -1.0, -1.0],
        pwl_units=2,
        C=[[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]],
        B=[[1.0, 0.0, 0.0]],
    )
    table = ablation_table(model, *addition_trials(200, 10))
    assert gate_units(table) == (1,)
    assert [r.units for r in table[-3:]] == [(1, 2)] * 3


def test_explain_errors():
    model, other = random_model(0), random_model(0, p=3)
    run = other.run(np.zeros((2, 4, 2)))
    with pytest.raises(ModelError, match="of this model"):
        explain(model, run)
    with pytest.raises(ModelError, match="n_modes must be a whole number >= 1"):
        other.explain(run, n_modes=0)


def test_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = exact_addition_solver()
    pa.save(model, "solver.safetensors")
    result = CliRunner().invoke(app, ["explain", "solver.safetensors", "--trials", "50"])
    assert result.exit_code == 0, result.output
    assert "Slowest modes" in result.output and "Needed: the ReLU of unit 1" in result.output
    inputs, targets = addition_trials(20, 8)
    np.save("inputs.npy", inputs)
    np.save("targets.npy", targets)
    pa.save(random_model(0), "random.safetensors")
    arguments = ["explain", "random.safetensors", "--inputs", "inputs.npy"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0 and "Ablations" not in result.output, result.output
    result = CliRunner().invoke(app, [*arguments, "--targets", "targets.npy"])
    assert result.exit_code == 0 and "Ablations" in result.output, result.output
    result = CliRunner().invoke(app, ["explain", "random.safetensors"])
    assert result.exit_code == 2 and "--inputs" in result.output
    result = CliRunner().invoke(app, ["explain", "random.safetensors", "--targets", "targets.npy"])
    assert result.exit_code == 2 and "needs --inputs" in result.output


def test_many_inputs_no_readout_and_trials_of_many_lengths_are_told_in_words(capsys):
    rng = np.random.default_rng(0)
    weights = {"A": np.full(4, 0.5), "W": 0.3 * rng.normal(size=(4, 4)), "h": np.zeros(4), "C": rng.normal(size=(4, 6))}
    model = PLRNN.al_rnn(**weights, pwl_units=2, B=np.ones((1, 4)))
    inputs = (rng.random((3, 9, 6)) < 0.4).astype(float)
    inputs[0, :, 2] = 0.0
    found = model.explain(model.run(inputs, lengths=[9, 5, 7]))
    print_explanation(found, inputs)
    said = capsys.readouterr().out
    assert "3 trials of up to 9 steps" in said and "nan" not in said
    assert "Share of the steps after an event" in said and "after an event on input" not in said
    assert "up to 9 steps" in repr(found)
    print_explanation(model.explain(model.run(inputs)), inputs * [1, 0, 1, 0, 0, 0])
    said = " ".join(capsys.readouterr().out.split())
    assert "3 trials of 9 steps" in said and "Share of the steps after an event" not in said
    print_explanation(model.explain(model.run(inputs)), inputs, ["walk", "run", "left", "right", "and", "twice"])
    assert "twice" in capsys.readouterr().out
    # Input 2 is silent in the first trial.
    assert "events on input 0 in the first trial: step" in said and "events on input 2" not in said


def test_no_gain_to_a_readout_that_is_not_there(capsys):
    rng = np.random.default_rng(0)
    weights = {"A": np.full(4, 0.5), "W": 0.3 * rng.normal(size=(4, 4)), "h": np.zeros(4), "C": rng.normal(size=(4, 2))}
    model = PLRNN.al_rnn(**weights, pwl_units=2)
    run = model.run(rng.normal(size=(2, 7, 2)))
    print_explanation(model.explain(run), run.inputs)
    said = capsys.readouterr().out
    assert "nan" not in said and "readout gain" not in said and "input gain" in said
