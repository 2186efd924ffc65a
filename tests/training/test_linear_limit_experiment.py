"""``plrnn linear-limit`` as a user calls it: a run of seconds, and (slow) the real one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import plrnn_analysis
from plrnn_analysis.cli import app
from plrnn_analysis.linear_limit import addition_floor, addition_trials, affine_floor, population_mse, superposition_gap
from plrnn_training import AdditionTask
from plrnn_training.experiments.linear_limit import run_linear_limit
from plrnn_training.recipe import Recipe
from plrnn_training.seeds import generator_for

KEYS = {"pwl_units", "seed", "test_mse", "population_mse", "superposition_gap", "solved", "p_below_floor"}


def check_report(directory, length, values, seeds):
    report = json.loads((directory / "report.json").read_text())
    floor = addition_floor(length)
    assert report["affine_floor"] == floor
    assert report["readout_floor"] == pytest.approx((2 / length) * (1 - 2 / length) / 12)
    assert [(m["pwl_units"], m["seed"]) for m in report["models"]] == [(p, s) for p in values for s in range(seeds)]
    for row in report["models"]:
        assert set(row) >= KEYS
        assert row["solved"] == (row["test_mse"] < 1e-3)
        if row["pwl_units"] == 0:
            network = plrnn_analysis.load(directory / row["checkpoint"])
            assert row["population_mse"] == population_mse(network, length) >= floor
            assert superposition_gap(network, addition_trials(50, length)[0]) < 1e-9
            assert row["superposition_gap"] < 1e-9
        else:
            assert row["population_mse"] is None
        if row["solved"]:
            assert row["superposition_gap"] > 0.2
    for ablation in report["ablations"]:
        assert ablation["linear_population_mse"] >= floor
    least = report["affine_floor_least_squares"]
    assert least["training_mse"] < least["mse"] * 1.1
    text = (directory / "report.md").read_text()
    assert f"{floor:.8f}" in text and "## Theorems" in text and "## Measurements" in text
    assert (directory / "linear_limit.png").read_bytes().startswith(b"\x89PNG")
    return report


def test_small_run(tmp_path):
    arguments = "--length 10 --pwl-units 0,1,2 --seeds 2 --units 6 --iterations 30 --batch 8".split()
    result = CliRunner().invoke(app, ["linear-limit", "addition", *arguments, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = check_report(tmp_path, 10, (0, 1, 2), 2)
    assert [a["pwl_units"] for a in report["ablations"]] == [1, 2]
    again = CliRunner().invoke(app, ["linear-limit", "addition", *arguments, "--out", str(tmp_path)])
    assert again.exit_code == 2 and "--overwrite" in again.output


@pytest.mark.parametrize("values", [[0], [3]])
def test_runs_of_one_kind(tmp_path, values):
    task = AdditionTask(8, "first_half", blank_steps=0)
    recipe = Recipe(iterations=5, batch=4, test_trials=500)
    found = run_linear_limit(tmp_path, task, values, seeds=1, n_units=4, recipe=recipe, device="cpu")
    assert found.readout_floor == 0.0 and not found.ablations and not found.p_seeds
    assert "It binds here" in (tmp_path / "report.md").read_text()


def test_too_many_relus(tmp_path):
    result = CliRunner().invoke(
        app, ["linear-limit", "addition", "--units", "3", "--pwl-units", "4", "--out", str(tmp_path)]
    )
    assert result.exit_code == 2 and "do not fit" in result.output


@pytest.mark.parametrize("marks", ["halves", "first_half", "anywhere"])
def test_the_two_generators_of_trials_agree_on_the_floor(marks):
    # The training package's own trials through the general routine of the analysis package.
    batch = AdditionTask(12, marks).sample(40_000, generator_for(0, "affine floor"))
    found = affine_floor(batch.inputs.numpy().astype(np.float64), batch.targets.numpy(), confidence=0.999)
    assert found.interval[0] < addition_floor(12, marks) < found.interval[1]


@pytest.mark.slow
def test_the_experiment(tmp_path):
    arguments = "--length 100 --pwl-units 0,1,2,5,10 --seeds 5".split()
    result = CliRunner().invoke(app, ["linear-limit", "addition", *arguments, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = check_report(tmp_path, 100, (0, 1, 2, 5, 10), 5)
    for row in report["models"]:
        if row["pwl_units"] == 0:
            assert row["population_mse"] < report["affine_floor"] + 1e-3
    for p in ("2", "5", "10"):
        assert report["pwl_units"][p]["solved"] >= 4
    one, two = report["ablations"]
    assert one["gate_units"] == [19] and two["gate_units"]
