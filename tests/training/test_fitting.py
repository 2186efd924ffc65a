"""Fits of time series: what is learnt, what is written, what held-out and missing data may not do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis.cli import app
from plrnn_analysis.errors import CheckpointError, ModelError, PLRNNError
from plrnn_analysis.reconstruction import start_states, synchronised_states
from plrnn_training.fitting import as_series, fit
from plrnn_training.fitting.baselines import autoregression, best_autoregression
from plrnn_training.fitting.fitter import Fitter
from plrnn_training.fitting.measures import free_runs
from plrnn_training.fitting.members import FitMember
from plrnn_training.fitting.recipe import FitRecipe
from plrnn_training.fitting.series import decorrelation_time, split
from plrnn_training.fitting.windows import Standardisation, Windows
from plrnn_training.runs import Interrupted
from plrnn_training.systems import generate, write_series

TINY = {"units": 8, "pwl_units": 3, "seeds": 2, "iterations": 40, "window": 30, "batch": 4, "interval": 6}


def wave(n=700, seed=0):
    rng = np.random.default_rng(seed)
    t = 0.15 * np.arange(n)
    return np.stack([5.0 + 2.0 * np.sin(t), 0.01 * np.cos(t)], axis=1) * (1 + 0.01 * rng.normal(size=(n, 1)))


def fitter_of(data, inputs=None, member=None, **recipe):
    parts = split(as_series(data, inputs), 0.2, 0.1)
    settings = FitRecipe(**{"iterations": 40, "window": 30, "batch": 4, **recipe})
    members = [FitMember(3, seed, 6) for seed in (0, 1)] if member is None else member
    return Fitter(parts, members, 8, settings)


def weights(fitter):
    return [fitter.network(i).parameters for i in range(len(fitter.members))]


def same(first, second):
    return all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)


def test_a_limit_cycle_is_learnt_and_baselines_are_beaten():
    series = generate("van_der_pol", 4000, seed=1)
    found = fit(series, units=10, pwl_units=5, seeds=2, interval=15, iterations=900)
    best = found.best
    linear = found.baselines[-1]
    assert best.d_stsp < 2.0 < linear.agreement.d_stsp and best.d_h < 0.2
    assert best.error_10 < 0.1 < linear.agreement.errors[10]
    assert found.floor.kind == "truth against truth" and found.floor.d_stsp < best.d_stsp
    assert best.validation_score == min(m.validation_score for m in found)
    assert len(found) == 2 and len(repr(found)) <= 200
    table = found.compared()
    assert table["model"][-1] == "truth against truth" and len(table["model"]) == 5
    assert list(found.table()["shown"]) == [m is best for m in found]


def test_networks_are_in_the_units_of_the_data():
    """The exported network, driven by raw inputs, is the trained one, driven by standardised ones."""
    x = wave()
    s = np.random.default_rng(1).normal(size=(len(x), 2)) * [1e3, 1e-3] + [5e3, 0.0]
    fitter = fitter_of(x, s)
    for _ in range(25):
        fitter.step()
    network, index, own = fitter.network(1, best=False), 1, fitter.standardisation
    raw, driven = x[100:140], s[100:140]
    z0 = start_states(network, raw[:1])
    outputs = network.run(driven[1:], z0=z0).outputs[0]
    standard = torch.as_tensor((raw - own.mean) / own.scale)
    u = torch.as_tensor((driven - own.input_mean) / own.input_scale)[None, 1:]
    model = fitter.model.member(index).double()
    with torch.no_grad():
        begin = fitter._begin[index].double() @ standard[0] + fitter._begin_offset[index].double()
        begin[:2] = standard[0]
        theirs = model(u, begin[None])[0].numpy() * own.scale + own.mean
    np.testing.assert_allclose(outputs, theirs, rtol=0, atol=1e-6 * own.scale.max())
    assert network.metadata["output_names"] == ["x1", "x2"] and network.metadata["input_names"] == ["s1", "s2"]
    # The first N units are the channels.
    np.testing.assert_allclose(z0[0, :2] * own.scale + own.mean, raw[0], rtol=1e-12)


def test_missing_values_neither_force_nor_count():
    x = wave()
    x[50:90, 0] = x[200:230] = np.nan
    first, second = fitter_of(x), fitter_of(x)
    absent = second.windows._present == 0
    assert absent.any() and not second.windows._values[absent].any()
    second.windows._values[absent] = 77.0
    for _ in range(10):
        first.step()
        second.step()
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True))
    assert torch.equal(first._loss, second._loss)


def test_the_same_fit_with_two_missing_stretches_learns():
    series = generate("van_der_pol", 4000, seed=1)
    values = series.values.copy()
    values[500:560] = values[1500:1600] = np.nan
    found = fit(values, dt=0.1, units=10, pwl_units=5, seeds=2, interval=15, iterations=900)
    assert found.best.d_stsp < 2.5 < found.baselines[-1].agreement.d_stsp


def test_held_out_data_have_no_part_in_training_or_choice():
    x = wave(900)
    other = x.copy()
    other[720:] = np.random.default_rng(0).normal(size=other[720:].shape)
    results = [fit(data, **TINY) for data in (x, other)]
    assert [m.validation_score for m in results[0]] == [m.validation_score for m in results[1]]
    assert results[0].best.seed == results[1].best.seed
    assert same([m.model.parameters for m in results[0]], [m.model.parameters for m in results[1]])
    assert results[0].best.error_1 != results[1].best.error_1
    assert results[0].data.held_out.n_steps == 180


def test_trials_of_unequal_length_with_inputs():
    rng = np.random.default_rng(0)
    trials, inputs = [], []
    for n in rng.integers(12, 60, size=30):
        s = rng.normal(size=(n, 1))
        x = np.zeros((n, 2))
        for t in range(1, n):
            x[t] = 0.8 * x[t - 1] + [s[t, 0], 0.0] + 0.3 * np.abs(x[t - 1, ::-1])
        trials.append(x)
        inputs.append(s)
    found = fit(trials, inputs, **{**TINY, "iterations": 500, "window": 200})
    assert found.best.error_1 < 0.6 * found.baselines[0].agreement.errors[1]
    assert found.best.lambda_max is None and len(found.data.held_out.trials) == 6
    runs = free_runs(found.best.model, found.data.held_out, 1)
    assert [len(run) for run in runs.generated] == [len(data) for data in runs.data]


def test_short_trials_are_filled_up_with_missing_values():
    series = as_series([wave(20), wave(45)])
    windows = Windows(series, Standardisation.of(series), 30, torch.device("cpu"))
    batch = windows.draw([torch.Generator().manual_seed(0)], 200)
    there = batch.present[0].bool().all(dim=2).sum(dim=0)
    assert set(there.tolist()) == {20, 31} and windows.length == 30
    assert windows.draw([torch.Generator().manual_seed(0)], 3).observations.shape == (1, 31, 3, 2)


def test_linear_readout_of_more_channels_than_units():
    rng = np.random.default_rng(0)
    t = 0.2 * np.arange(900)
    x = np.stack([np.sin(t), np.cos(t)], axis=1) @ rng.normal(size=(2, 12)) + rng.normal(size=12)
    with pytest.raises(ModelError, match="12 channels need as many units"):
        fit(x, **TINY)
    found = fit(x, readout="linear", **{**TINY, "iterations": 300})
    assert found.best.model.n_outputs == 12 and found.best.model.n_units == 8
    assert found.best.error_1 < 0.2
    window = x[None, 100:130]
    z = synchronised_states(found.best.model, window)
    np.testing.assert_allclose(z @ found.best.model.B.T + found.best.model.b, window[:, -1], atol=0.05)


def test_generalised_forcing_and_noise():
    found = fit(wave(), forcing="generalised", alpha=0.2, noise=0.05, tau=0.1, regularised_units=2,
                **{k: v for k, v in TINY.items() if k != "interval"})  # fmt: skip
    assert all(m.alpha == 0.2 and m.interval is None for m in found)
    assert found.best.model.metadata["training"]["noise"] == 0.05


@pytest.mark.parametrize("forcing", ["sparse", "generalised"])
def test_interval_and_alpha_are_chosen_by_validation(forcing):
    settings = {k: v for k, v in TINY.items() if k != "interval"}
    found = fit(wave(), forcing=forcing, **settings)
    tried = found.choice[3]
    assert len(tried) == (2 if forcing == "sparse" else 3) and len(found) == 2
    kept = {m.interval if forcing == "sparse" else m.alpha for m in found}
    assert kept == {min(tried, key=tried.get)}


def test_members_do_not_depend_on_each_other_and_survive_a_choice():
    """Those that are kept go on as if the others had never been there."""
    members = [FitMember(3, seed, interval) for seed in (0, 1) for interval in (3, 9)]
    together = fitter_of(wave(), member=members)
    together.run()
    kept = {m.strength for m in together.members}
    alone = fitter_of(wave(), member=[m for m in members if m.strength in kept])
    alone.run()
    for a, b in zip(weights(together), weights(alone), strict=True):
        for name in a:
            np.testing.assert_allclose(a[name], b[name], atol=1e-5)


@pytest.mark.parametrize("stop", [3, 10, 25, 40])
def test_a_stopped_fit_resumes_to_the_same_weights(tmp_path, stop):
    """Before, at and after the choice of an interval, and at the end."""
    from plrnn_training.state import save_state

    x = wave()
    x[300:310] = np.nan
    members = [FitMember(3, seed, interval) for seed in (0, 1) for interval in (3, 9)]
    whole = fitter_of(x, member=members, noise=0.1)
    whole.run()
    first = fitter_of(x, member=members, noise=0.1)
    for _ in range(stop):
        first.step()
    save_state(first.state(), tmp_path / "state.pt")
    second = fitter_of(x, member=members, noise=0.1)
    second.restore(tmp_path / "state.pt")
    assert second.iteration == stop and second.members == first.members
    second.run(tmp_path / "state.pt")
    assert same(weights(whole), weights(second))
    assert whole.history == second.history and whole.choice == second.choice
    assert whole.best_scores == second.best_scores


def test_ctrl_c_keeps_the_state_and_resume_goes_on(tmp_path, monkeypatch):
    original = Fitter.step

    def press_ctrl_c(self):
        original(self)
        if self.iteration == 7:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Fitter, "step", press_ctrl_c)
    with pytest.raises(Interrupted, match=r"stopped at iteration 7 of 40; the state is in .*--resume"):
        fit(wave(), out=tmp_path, **TINY)
    monkeypatch.setattr(Fitter, "step", original)
    with pytest.raises(PLRNNError, match="holds a fit already: give --resume, --overwrite"):
        fit(wave(), out=tmp_path, **TINY)
    resumed, whole = fit(wave(), out=tmp_path, resume=True, **TINY), fit(wave(), **TINY)
    assert same([m.model.parameters for m in resumed], [m.model.parameters for m in whole])
    with pytest.raises(CheckpointError, match=r"other settings: .*lr was 0.005, is 0.01"):
        fit(wave(), out=tmp_path, resume=True, lr=0.01, **TINY)
    with pytest.raises(CheckpointError, match="other settings: data was"):
        fit(wave(seed=3), out=tmp_path, resume=True, **TINY)


@pytest.mark.slow
def test_a_killed_fit_resumes_to_the_same_weights(tmp_path):
    write_series(generate("van_der_pol", 3000), tmp_path / "data.npy")
    command = [
        sys.executable, "-c", "from plrnn_analysis.cli import main; main()", "fit", "data.npy", "--units", "10",
        "--pwl-units", "5", "--seeds",
        "2", "--iterations", "400", "--save-every", "0.1",
    ]  # fmt: skip
    run = {"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    subprocess.run([*command, "--out", "whole"], check=True, **run)
    killed = subprocess.Popen([*command, "--out", "killed"], **run)
    state = tmp_path / "killed" / "training_state_p5.pt"
    deadline = time.monotonic() + 60
    while not state.exists() and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL and not (tmp_path / "killed" / "fit.json").exists()
    subprocess.run([*command, "--out", "killed", "--resume"], check=True, **run)
    for path in sorted((tmp_path / "whole").glob("*.safetensors")):
        assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes()
    first, second = (json.loads((tmp_path / name / "fit.json").read_text()) for name in ("whole", "killed"))
    assert first["models"] == second["models"]


def test_a_diverged_model_is_started_again():
    fitter = fitter_of(wave())
    fitter.step()
    with torch.no_grad():
        fitter.model.W[0].fill_(1e30)
    fitter.step()
    assert fitter.reinitialised == [1, 0]
    assert all(bool(torch.isfinite(p).all()) for p in fitter.model.parameters())


def test_patience_ends_a_fit_that_does_not_become_better():
    fitter = fitter_of(wave(), lr=1e-30, iterations=1000, evaluations=100, patience=2)
    assert fitter.run() and fitter.iteration < 200


def test_several_numbers_of_relus():
    found = fit(wave(), **{**TINY, "pwl_units": (0, 3), "seeds": 1})
    assert [m.pwl_units for m in found] == [0, 3] and sum(m.shown for m in found) == 1
    assert len({m.checkpoint for m in found}) == 2


def test_everything_is_written_and_can_be_loaded(tmp_path):
    found = fit(generate("lorenz63", 1500), out=tmp_path, **TINY)
    record = json.loads((tmp_path / "fit.json").read_text())
    assert [row["shown"] for row in record["models"]] == [m.shown for m in found]
    for row, m in zip(record["models"], found, strict=True):
        for name in ("pwl_units", "seed", "d_stsp", "d_h", "lambda_max", "error_10", "checkpoint"):
            assert name in row
        loaded = pa.load(tmp_path / row["checkpoint"])
        assert loaded.metadata["output_names"] == ["x", "y", "z"] and loaded.metadata["dt"] == 0.01
        assert loaded.metadata["training"]["interval"] == 6
        x = found.data.held_out.trials[0][:1]
        np.testing.assert_array_equal(start_states(loaded, x), start_states(m.model, x))
    assert record["baselines"][0]["name"] == "persistence"
    assert (tmp_path / "fit.png").read_bytes()[:4] == b"\x89PNG" and "<svg" in (tmp_path / "fit.svg").read_text()
    text = (tmp_path / "fit.md").read_text()
    assert "truth against truth" in text and "had no part in the choice" in text and "subregions" in text
    assert text == found.text()


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_figures_of_any_number_of_channels(channels):
    rng = np.random.default_rng(0)
    x = wave(900) @ rng.normal(size=(2, channels))
    x[100:105] = x[800:805] = np.nan
    found = fit(x, **{**TINY, "units": 14, "iterations": 20, "pwl_units": 4})
    figure = found.figure()
    assert len(figure.axes) == 3 and len(figure.axes[0].get_legend().get_texts()) <= 8
    assert "mixture" in found.text() if channels > 6 else "binned" in found.text()


def test_autoregression_of_a_linear_system():
    rng = np.random.default_rng(0)
    x, s = np.zeros((600, 2)), rng.normal(size=(600, 1))
    for t in range(2, 600):
        x[t] = [1.5 * x[t - 1, 0] - 0.7 * x[t - 2, 0] + 0.3 * s[t, 0], 0.5 * x[t - 1, 1] + 0.2 * x[t - 2, 0] + 1.0]
    series = as_series(x, s)
    standardisation = Standardisation.of(series)
    model = autoregression(series, standardisation, 2)
    run = model.run(s[31:60], z0=synchronised_states(model, x[None, :31], s[None, :31]))
    np.testing.assert_allclose(run.outputs[0], x[31:60], atol=1e-4)
    assert model.pwl_units == 0 and model.n_units == 4
    parts = split(series, 0.2, 0.1)
    best = best_autoregression(parts, standardisation, parts.training, 20)
    assert best.metadata["order"] >= 2


def test_decorrelation_of_a_wave_and_of_noise():
    t = np.arange(5000)
    assert decorrelation_time(as_series(np.sin(2 * np.pi * t / 100))) == pytest.approx(
        100 * np.arccos(1 / np.e) / 2 / np.pi, rel=0.02
    )
    assert decorrelation_time(as_series(np.random.default_rng(0).normal(size=5000))) == 1.0
    assert decorrelation_time(as_series(np.stack([t, t], axis=1) * 1.0)) > 100


def test_parts_of_one_series_and_of_many():
    parts = split(as_series(wave(1000)), 0.2, 0.1)
    assert [p.n_steps for p in (parts.training, parts.validation, parts.held_out)] == [700, 100, 200]
    trials = [np.full((5, 1), i) + np.arange(5)[:, None] for i in range(10)]
    parts = split(as_series(trials), 0.2, 0.1)
    assert [len(p.trials) for p in (parts.training, parts.validation, parts.held_out)] == [7, 1, 2]
    other = as_series(wave(50))
    parts = split(as_series(wave(1000)), other, 0.1)
    assert parts.held_out is other and parts.training.n_steps == 900


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.full((50, 1), np.inf), {}, "trial 0 holds infinite values"),
        (np.full((50, 1), np.nan), {}, "channel 0 has no value at all"),
        (np.zeros((1, 2)), {}, "trial 0 has 1 step"),
        (np.zeros((6, 2)), {}, "too few"),
        (np.zeros((3, 400)), {}, "time must be the first axis"),
        ("lorenz", {}, "data must be numbers"),
        (wave(), {"pwl_units": 9}, r"pwl_units must be a whole number in 0\.\.8"),
        (wave(), {"forcing": "none"}, "forcing must be one of 'sparse', 'generalised'"),
        (wave(), {"alpha": 0.1}, "alpha belongs to"),
        (wave(), {"forcing": "generalised"}, "interval belongs to"),
        (wave(), {"forcing": "generalised", "interval": None, "alpha": 1.5}, r"alpha must be a number in \(0, 1\]"),
        (wave(), {"readout": "cubic"}, "readout must be one of"),
        (wave(), {"hold_out": 0.95}, "leave nothing to train on"),
        (wave(), {"hold_out": np.zeros((50, 3))}, r"the held-out data have 3 channels"),
        (wave(), {"names": ["a"]}, "names must be 2 texts"),
        (wave(), {"dt": -1.0}, "dt must be a number > 0"),
        (wave(), {"inputs": np.zeros((5, 1))}, "inputs must be as long as the data"),
        (wave(), {"inputs": np.full((700, 1), np.nan)}, "an input must be known at every step"),
        (wave(), {"regularised_units": 9, "tau": 0.1}, "regularised_units must be at most"),
        (wave(), {"device": "abacus"}, "device 'abacus' is not available"),
        (wave(), {"pwl_units": ()}, "pwl_units"),
    ],
)
def test_mistakes_are_said(data, options, message):
    with pytest.raises(ModelError, match=message):
        fit(data, **{**TINY, **options})


def test_names_come_from_a_frame():
    pandas = pytest.importorskip("pandas")
    series = as_series(pandas.DataFrame({"rate": np.arange(9.0), "voltage": np.arange(9.0) ** 2}))
    assert series.names == ("rate", "voltage")
    assert replace(series, dt=2.0).dt == 2.0


def plrnn(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_commands(tmp_path):
    made = plrnn("generate", "lorenz63", "--steps", 1500, "--noise", 0.01, "--out", tmp_path / "lorenz.npz")
    assert made.exit_code == 0 and "1,500 steps of lorenz63" in made.output
    settings = ["--units", 8, "--pwl-units", 2, "--seeds", 1, "--iterations", 20, "--window", 30, "--batch", 4]
    command = ["fit", tmp_path / "lorenz.npz", *settings, "--out", tmp_path / "fit"]
    found = plrnn(*command)
    assert found.exit_code == 0, found.output
    said = " ".join(found.output.split())
    assert "truth against truth" in said and "validation score" in said
    again = plrnn(*command)
    assert again.exit_code == 2 and "--resume" in again.output
    resumed = plrnn(*command, "--resume")
    assert resumed.exit_code == 0 and "resumed at iteration 20 of 20" in " ".join(resumed.output.split())
    plrnn("generate", "lorenz63", "--steps", 1200, "--seed", 5, "--out", tmp_path / "other.csv")
    other = plrnn(
        "fit", tmp_path / "lorenz.npz", *settings, "--hold-out", tmp_path / "other.csv", "--out", tmp_path / "b"
    )
    assert other.exit_code == 0, other.output
    assert json.loads((tmp_path / "b" / "fit.json").read_text())["data"]["held_out_steps"] == 1200
    wrong = plrnn("fit", tmp_path / "nothing.npz", "--out", tmp_path / "c")
    assert wrong.exit_code == 2 and "no such file" in wrong.output and "Traceback" not in wrong.output
    assert plrnn("generate", "lorenz63", "--out", tmp_path / "x.txt").exit_code == 2
