"""Fits and sparsifications on their way through files: nothing is lost that the page promises, and nothing made up."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.errors import CheckpointError, ModelError
from plrnn_training import Recipe, Sparsification, SparsifySettings, sparsify
from plrnn_training.fitting import Fit, fit, read_fit, read_series
from plrnn_training.fitting.record import write_fit


@pytest.fixture(scope="module")
def found() -> Fit:
    t = 0.15 * np.arange(700)
    data = np.stack([5.0 + 2.0 * np.sin(t), 0.01 * np.cos(t)], axis=1)
    data[100:103, 0] = np.nan
    return fit(data, units=8, pwl_units=(0, 3), seeds=2, iterations=20, window=30, batch=4)


def same_weights(a, b):
    return all(np.array_equal(a.model.parameters[name], b.model.parameters[name]) for name in ("A", "W", "h"))


def test_a_fit_comes_back_from_json_whole(found):
    again = Fit.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert type(pa.from_json(found.to_json())) is Fit
    assert dict(again.compared()) == dict(found.compared()) and again.choice == found.choice
    assert again.text() == found.text() and again.recipe == found.recipe
    assert np.isnan(again.data.training.trials[0][100, 0])


def test_a_fit_comes_back_from_its_directory(found, tmp_path):
    write_fit(found, tmp_path)
    again = read_fit(tmp_path)
    assert dict(again.compared()) == dict(found.compared()) and dict(again.table()) == dict(found.table())
    assert again.choice == found.choice and again.choice[3] and again.floor == found.floor
    assert again.recipe == found.recipe and again.n_units == 8 and again.claim == found.claim
    assert all(same_weights(a, b) for a, b in zip((*again, *again.baselines), (*found, *found.baselines)))
    assert again.best.model.metadata["training"]["kept_iteration"] == found.best.iteration
    with pytest.raises(ModelError, match=r"fit\.md and fit\.png are there"):
        again.text()


def test_figures_that_are_not_finite_come_back(found, tmp_path):
    lost = replace(found.best.agreement, d_stsp=math.inf, errors={1: 0.5, 10: math.inf, 100: math.nan}, lambda_max=None)
    write_fit(replace(found, _items=tuple(replace(m, agreement=lost) for m in found)), tmp_path)
    back = read_fit(tmp_path)[0].agreement
    assert math.isinf(back.d_stsp) and math.isinf(back.errors[10]) and math.isnan(back.errors[100])
    assert back.lambda_max is None
    assert json.loads((tmp_path / "fit.json").read_text())["models"][0]["d_stsp"] == "Infinity"


def test_what_is_no_finished_fit_is_said(found, tmp_path):
    with pytest.raises(CheckpointError, match="holds no finished fit"):
        read_fit(tmp_path)
    path = tmp_path / "fit.json"
    for text, words in (
        ("{", "is no JSON"),
        ("[]", "no record of a fit"),
        ('{"format": "other"}', "no record of a fit"),
    ):
        path.write_text(text)
        with pytest.raises(CheckpointError, match=words):
            read_fit(tmp_path)
    write_fit(found, tmp_path)
    whole = path.read_text()
    record = json.loads(whole)
    del record["models"][0]["d_h"]
    path.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="'d_h'"):
        read_fit(tmp_path)
    path.write_text(whole)
    (tmp_path / found.best.checkpoint).unlink()
    with pytest.raises(CheckpointError, match=found.best.checkpoint):
        read_fit(tmp_path)


def test_a_sparsification_comes_back_from_json():
    A, W = [0.5, 0.5, 0.2], [[0, -1, 0.1], [-1, 0, 0], [0, 0, 0]]
    switch = pa.PLRNN.al_rnn(A=A, W=W, h=[1, 1, 0.5], pwl_units=3)
    settings = SparsifySettings(iterations=5, lowest=2, windows=100, compare_seeds=2, compare_iterations=5)
    made = sparsify(switch, settings=settings)
    again = Sparsification.from_json(made.to_json())
    assert again.to_json() == made.to_json() and dict(again.branches()) == dict(made.branches())
    assert again[0].best.network.relu_units == (0, 1) and again.direct.successes == made.direct.successes


def test_long_bitcodes_have_short_names_in_figure_and_text():
    t = 0.15 * np.arange(500)
    data = np.stack([np.sin(t), np.cos(t)], axis=1)
    many = fit(data, units=14, pwl_units=10, seeds=1, iterations=5, window=30, batch=4, interval=6)
    labels = [text.get_text() for text in many.figure().axes[0].get_legend().get_texts()]
    assert 2 <= len(labels) <= 8 and labels[1].startswith("S1 (") and "S1 = " in many.text()


def test_names_in_a_file_are_drawn_as_they_are(tmp_path):
    t = 0.15 * np.arange(400)
    rows = [f"{x},{y}" for x, y in zip(np.sin(t), np.cos(t), strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["$\\frac$,_$x^$\x1b", *rows]))
    found = fit(
        read_series(tmp_path / "data.csv"), pwl_units=1, units=4, seeds=1, iterations=3, window=30, batch=4, interval=6
    )
    figure = found.figure()
    figure.savefig(tmp_path / "fit.png", dpi=20)
    assert figure.axes[0].get_xlabel() == r"\$\frac\$" and figure.axes[0].get_ylabel() == r" _\$x^\$\x1b"


def test_settings_come_back_from_json():
    recipe = Recipe(iterations=7, betas=(0.8, 0.9), init="leaky")
    assert Recipe.from_json(recipe.to_json()) == recipe
