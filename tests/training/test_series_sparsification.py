"""Networks that go on from given weights on a series, and ReLUs that go while they do."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis.cli import app
from plrnn_analysis.errors import CheckpointError, ModelError
from plrnn_analysis.reconstruction import start_states
from plrnn_training import SparsifySettings, sparsify
from plrnn_training.fitting import as_series, fit
from plrnn_training.fitting.fitter import Fitter
from plrnn_training.fitting.members import FitMember
from plrnn_training.fitting.recipe import FitRecipe
from plrnn_training.fitting.series import split
from plrnn_training.sparsification import sparsify_in
from plrnn_training.systems import generate, write_series
from plrnn_training.tasks import TrialsTask
from plrnn_training.trials import Trials

QUICK = SparsifySettings(iterations=8, branches=2, attempts=1, window=40, candidates=6)


def wave(n=700):
    rng = np.random.default_rng(0)
    t = 0.15 * np.arange(n)
    return np.stack([5.0 + 2.0 * np.sin(t), 0.01 * np.cos(t)], axis=1) * (1 + 0.01 * rng.normal(size=(n, 1)))


def drawn(seed, B, pwl=(1, 4, 6), n_inputs=0):
    rng = np.random.default_rng(seed)
    network = pa.PLRNN.al_rnn(
        rng.uniform(0, 0.6, 8),
        0.2 * rng.normal(size=(8, 8)),
        rng.normal(size=8),
        relu_units=pwl,
        C=rng.normal(size=(8, n_inputs)) if n_inputs else None,
        B=B,
        b=[5.0, 0.0],
    )
    matrix = np.linalg.pinv(B) + 0.1 * rng.normal(size=(8, 2))
    network.metadata["initial_state"] = {"matrix": matrix.tolist(), "offset": rng.normal(size=8).tolist()}
    return network


def going_on(networks, data, inputs=None, members=None, **recipe):
    parts = split(as_series(data, inputs), 0.2, 0.1)
    members = [FitMember(3, 0, 6) for _ in networks] if members is None else members
    settings = FitRecipe(**{"iterations": 20, "window": 30, "batch": 4, **recipe})
    return Fitter(parts, members, 8, settings, networks=networks)


READOUTS = {
    "units": np.eye(2, 8) * [[2.0], [0.01]],
    "combinations": np.random.default_rng(5).normal(size=(2, 8)) * [[2.0], [0.01]],
}


@pytest.mark.parametrize("readout", list(READOUTS))
def test_given_networks_are_where_training_begins(readout):
    x = wave()
    s = np.random.default_rng(1).normal(size=(len(x), 2)) * [1e3, 1e-3] + [5e3, 0.0]
    networks = [drawn(seed, READOUTS[readout], pwl, 2) for seed, pwl in ((0, (1, 4, 6)), (1, (0, 2, 7)))]
    fitter = going_on(networks, x, s)
    for index, network in enumerate(networks):
        same = fitter.network(index, best=False)
        assert same.relu_units == network.relu_units
        for name in ("A", "W", "C"):
            np.testing.assert_allclose(same.parameters[name], network.parameters[name], rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(same.B, network.B, rtol=1e-6)
        outputs = [n.run(s[None, 1:20], z0=start_states(n, x[:1])).outputs / [2.0, 0.01] for n in (same, network)]
        if readout == "combinations":
            np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-3, atol=5e-3)
        else:  # the first units are what is observed, whatever the record says of them
            np.testing.assert_allclose(start_states(same, x[:1])[0, :2], (x[0] - [5, 0]) / [2, 0.01], rtol=1e-6)
    for _ in range(3):
        fitter.step()
    after = fitter.network(0, best=False)
    assert not np.array_equal(after.parameters["W"], networks[0].parameters["W"])
    assert np.array_equal(after.B, networks[0].B) is (readout == "units")


def test_one_that_diverges_goes_back_to_what_was_given():
    networks = [drawn(0, READOUTS["units"])]
    fitter = going_on(networks, wave())
    with torch.no_grad():
        fitter.model.W[0].fill_(1e30)
    fitter.step()
    assert fitter.reinitialised == [1]
    np.testing.assert_allclose(fitter.network(0, best=False).parameters["W"], networks[0].parameters["W"], rtol=1e-6)


def test_a_choice_of_intervals_keeps_the_relus_where_they_are():
    networks = [drawn(0, READOUTS["units"], pwl) for pwl in ((1, 4, 6), (0, 2, 7))]
    fitter = going_on(networks, wave(), members=[FitMember(3, 0, 6), FitMember(3, 0, 12)], trial_share=0.1)
    assert fitter.run() and len(fitter.members) == 1
    kept = [(1, 4, 6), (0, 2, 7)][fitter.members[0].interval == 12]
    assert fitter.network(0).relu_units == fitter.network(0, best=False).relu_units == kept


def test_what_is_no_al_rnn_is_refused():
    rnn = pa.PLRNN.relu_rnn(np.eye(2), [0.0, 0.0])
    with pytest.raises(ModelError, match="AL-RNNs with a diagonal A"):
        sparsify(rnn, series=wave(), settings=QUICK)


@pytest.fixture(scope="module")
def oscillator(tmp_path_factory):
    """A short fit of van der Pol, and its data, in a directory."""
    path = tmp_path_factory.mktemp("oscillator")
    data = generate("van_der_pol", 3000, seed=1)
    write_series(data, path / "vdp.npz")
    settings = FitRecipe(iterations=300, window=60, evaluations=1)
    fitter = Fitter(split(as_series(data), 0.2, 0.1), [FitMember(4, 0, 15)], 10, settings)
    assert fitter.run()
    network = fitter.network(0)
    network.metadata["training"] = {"interval": 15, "alpha": None, "noise": 0.0}
    pa.save(network, path / "fitted.safetensors")
    return path


def test_relus_go_while_a_series_is_fitted(oscillator, tmp_path):
    network = oscillator / "fitted.safetensors"
    command = ["sparsify", network, "--series", oscillator / "vdp.npz", "--out", tmp_path]
    command += ["--iterations", 8, "--branches", 2, "--lowest", 3, "--largest-loss", 0.9, "--compare-seeds", 2]
    command += ["--compare-iterations", 8, "--window", 40]
    done = CliRunner().invoke(app, [str(word) for word in command])
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "the data are windows of a time series" in text and "D_stsp" in text and "(init data_gates" in text
    record = json.loads((tmp_path / "sparsify.json").read_text())
    original, (level,) = record["original"], record["levels"]
    assert (
        original["task"] == "series"
        and original["score"] < original["score_limit"]
        and original["divergence_limit"] is None
    )
    assert all(branch["score"] > 0 for branch in level["branches"])
    trained = pa.load(tmp_path / level["branches"][0]["checkpoint"])
    assert trained.pwl_units == 3 and trained.metadata["output_names"] == ["x", "y"]
    begun = [n.metadata["initial_state"] for n in (trained, pa.load(network))]
    assert level["branches"][0]["iterations"] == 0 or begun[0] != begun[1]
    again = CliRunner().invoke(app, [*map(str, command), "--resume"])
    assert again.exit_code == 0 and json.loads((tmp_path / "sparsify.json").read_text())["levels"] == record["levels"]


def test_a_resumed_path_is_of_the_same_series(oscillator, tmp_path):
    network = pa.load(oscillator / "fitted.safetensors")
    settings = SparsifySettings(iterations=2, branches=1, attempts=1, candidates=1, lowest=3, window=40)
    data = generate("van_der_pol", 3000, seed=1)
    sparsify_in(tmp_path, network, settings=settings, series=data)
    with pytest.raises(CheckpointError, match="data was"):
        sparsify_in(tmp_path, network, settings=settings, series=generate("van_der_pol", 3000, seed=2), resume=True)


def test_data_that_do_not_fit_are_refused(oscillator):
    network = pa.load(oscillator / "fitted.safetensors")
    with pytest.raises(ModelError, match="0 inputs and 2 outputs, the series 0 inputs and 3 channels"):
        sparsify(network, series=np.random.default_rng(0).normal(size=(200, 3)), settings=QUICK)
    task = TrialsTask(Trials.build(np.ones((5, 3, 0)), np.ones((5, 3, 2))))
    with pytest.raises(ModelError, match="not both"):
        sparsify(network, task, QUICK, series=wave())
    with pytest.raises(ModelError, match="begin at data_gates"):
        sparsify(network, series=wave(), settings=SparsifySettings(compare_init="leaky"))


@pytest.mark.slow
def test_a_small_lorenz_fit_loses_relus_and_stays_near_the_data(tmp_path):
    data = generate("lorenz63", 6000, seed=1)
    fit(data, pwl_units=6, seeds=2, interval=20, iterations=3000, out=tmp_path)
    best = min(json.loads((tmp_path / "fit.json").read_text())["models"], key=lambda m: m["validation_score"])
    network = pa.load(tmp_path / best["checkpoint"])
    found = sparsify(network, series=data, settings=SparsifySettings(iterations=500, lowest=4))
    assert found.original.score < 3.0 and found.pwl_units < 6
    last = [level.best.judgement for level in found if level.chosen is not None][-1]
    assert last.kept == last.wanted and last.new == 0 and last.score <= found.original.score_limit
    assert found.test_score < 4.0


@pytest.mark.slow
def test_an_addition_checkpoint_brings_its_task(tmp_path):
    def plrnn(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    settings = ("--pwl-units", 3, "--seeds", 1, "--iterations", 1000)
    plrnn("train", "addition", "--length", 20, *settings, "--out", tmp_path / "add")
    checkpoint = tmp_path / "add" / "addition_p3_seed0.safetensors"
    text = plrnn("sparsify", checkpoint, "--iterations", 300, "--out", tmp_path / "out")
    assert "the data are trials of addition" in text and "mse 0.001 at worst" in text
    record = json.loads((tmp_path / "out" / "sparsify.json").read_text())
    assert record["configuration"]["data"]["length"] == 20
    # One ReLU adds two numbers, none cannot.
    assert record["smallest_pwl_units"] == 1 and record["levels"][-1]["branches"][0]["score"] > 0.1
    assert pa.load(tmp_path / "out" / "smallest.safetensors").pwl_units == 1
