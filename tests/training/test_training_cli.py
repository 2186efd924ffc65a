"""``plrnn train`` and ``plrnn demo`` as a user calls them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import plrnn_analysis
from plrnn_analysis.cli import app
from plrnn_analysis.linear_limit import addition_floor, population_mse
from plrnn_training import AdditionTask
from plrnn_training.directories import LOCK
from plrnn_training.experiments.demo import FILES, DemoSettings, run_demo
from plrnn_training.recipe import Recipe
from plrnn_training.seeds import generator_for

TINY = ["--pwl-units", "0,2", "--units", "6", "--length", "10", "--seeds", "2", "--iterations", "30", "--batch", "8"]


def plrnn(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def check_summary(directory, length, n_models):
    summary = json.loads((directory / "summary.json").read_text())
    assert summary["affine_floor"] == pytest.approx(1 / 6 - 1 / (3 * length), rel=1e-12)
    assert len(summary["models"]) == n_models
    for row in summary["models"]:
        model = plrnn_analysis.load(directory / row["checkpoint"])
        assert model.pwl_units == row["pwl_units"]
        assert model.metadata["training"]["seed"] == row["seed"]
        assert row["solved"] == (row["test_mse"] < 1e-3)
        if row["pwl_units"] == 0:
            assert row["population_mse"] >= summary["affine_floor"]
            assert row["population_mse"] == pytest.approx(population_mse(model, length), rel=1e-12)
        else:
            assert row["population_mse"] is None
    return summary


def loaded_mse(path, length, n_trials):
    batch = AdditionTask(length).sample(n_trials, generator_for(0, "test"))
    run = plrnn_analysis.load(path).run(batch.inputs.numpy().astype(np.float64))
    return float(((run.outputs[:, -1] - batch.targets.numpy()) ** 2).mean())


def test_train_addition(tmp_path):
    result = plrnn("train", "addition", *TINY, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "P = 0: 0 of 2 seeds" in result.output.replace("\n", " ")
    assert "init gated" in result.output.replace("\n", " ")
    summary = check_summary(tmp_path, 10, 4)
    for row in summary["models"]:
        assert loaded_mse(tmp_path / row["checkpoint"], 10, 10_000) == pytest.approx(row["test_mse"], rel=1e-4)
    model = plrnn_analysis.load(tmp_path / "addition_p2_seed1.safetensors")
    assert list(model.metadata["input_names"]) == ["value", "mark"]
    training = model.metadata["training"]
    assert {k: training[k] for k in ("task", "marks", "length", "blank_steps", "iterations", "init")} == {
        "task": "addition",
        "marks": "halves",
        "length": 10,
        "blank_steps": 1,
        "iterations": 30,
        "init": "gated",
    }


def test_snapshots_are_the_path_of_the_run(tmp_path):
    result = plrnn("train", "addition", *TINY, "--snapshots", "3", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    found = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    names = [f"addition_p{p}_seed{seed}" for p in (0, 2) for seed in (0, 1)]
    assert found == [f"{name}_iteration{i:06d}.safetensors" for name in names for i in (0, 10, 20, 30)]
    path = [plrnn_analysis.load(tmp_path / "snapshots" / name) for name in found[4:8]]
    assert [model.metadata["training"]["iteration"] for model in path] == [0, 10, 20, 30]
    final = plrnn_analysis.load(tmp_path / "addition_p0_seed1.safetensors")
    np.testing.assert_array_equal(path[-1].parameters["W"], final.parameters["W"])
    assert not np.array_equal(path[0].parameters["W"], path[1].parameters["W"])


def test_train_refuses_resumes_and_overwrites(tmp_path):
    arguments = ["train", "addition", *TINY, "--out", tmp_path]
    assert plrnn(*arguments).exit_code == 0
    before = (tmp_path / "summary.json").read_text()
    refused = plrnn(*arguments)
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    resumed = plrnn(*arguments, "--resume")
    assert resumed.exit_code == 0
    assert "resumed at iteration 30 of 30" in resumed.output
    assert (tmp_path / "summary.json").read_text() == before
    other = plrnn(*arguments, "--resume", "--lr", "0.02")
    assert other.exit_code == 2
    assert "lr was 0.01, is 0.02" in other.output
    assert plrnn(*arguments, "--overwrite").exit_code == 0
    assert (tmp_path / "summary.json").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pwl-units", "0,x"], "--pwl-units takes whole numbers"),
        (["--pwl-units", ""], "--pwl-units takes whole numbers"),
        (["--pwl-units", "7"], "pwl_units must be a whole number in 0..6"),
        (["--marks", "corners"], "marks must be one of"),
        (["--length", "1"], "length must be a whole number >= 2"),
        (["--init", "magic"], "init must be one of"),
        (["--device", "abacus"], "device 'abacus' is not available"),
        (["--blank-steps", "-1"], "blank_steps"),
        (["--lr", "0"], "lr must be a number > 0"),
        (["--regularised-units", "9"], "regularised_units must be at most"),
    ],
)
def test_mistakes_are_said_in_one_line(tmp_path, arguments, message):
    result = plrnn("train", "addition", *TINY, *arguments, "--out", tmp_path / "new")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "new").exists()


def test_single_marks_and_options(tmp_path):
    result = plrnn(
        "train",
        "addition",
        *TINY,
        "--seeds",
        "1",
        "--marks",
        "first_half",
        "--blank-steps",
        "0",
        "--init",
        "generic",
        "--tau",
        "0.1",
        "--regularised-units",
        "3",
        "--out",
        tmp_path,
    )
    assert result.exit_code == 0, result.output
    assert "read out at the last input step" in " ".join(result.output.split())
    assert json.loads((tmp_path / "summary.json").read_text())["affine_floor"] == addition_floor(10, "first_half")


def check_demo(out, length):
    summary = check_summary(out, length, len(list(out.glob("*.safetensors"))))
    displayed = [row for row in summary["models"] if row["displayed"]]
    assert len(displayed) == 1
    assert displayed[0]["pwl_units"] == 2
    assert displayed[0]["validation_mse"] == min(r["validation_mse"] for r in summary["models"] if r["pwl_units"] == 2)
    for figure in ("loss", "trial", "dynamics"):
        assert (out / f"{figure}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    import networkx

    graph = networkx.read_graphml(out / "transitions.graphml")
    assert sum(data["visits"] for _, data in graph.nodes(data=True)) > 0
    assert all(len(name) == 2 for name in graph.nodes)
    return summary, displayed[0], (out / "summary.md").read_text()


def test_demo_in_small(tmp_path, capsys):
    settings = DemoSettings(
        length=10, n_units=6, seeds=2, trials=20, recipe=Recipe(iterations=40, batch=8, test_trials=200)
    )
    torch.manual_seed(0)
    run_demo(tmp_path, seed=3, device="cpu", settings=settings)
    _, displayed, text = check_demo(tmp_path, 10)
    assert displayed["seed"] in (3, 4)
    assert ("does NOT solve the task" in text) == (not displayed["solved"])
    capsys.readouterr()
    run_demo(tmp_path, seed=3, device="cpu", settings=settings)  # a second time into the same directory
    printed = " ".join(capsys.readouterr().out.split())
    assert "The demo took" in printed
    # What was found comes first, in the file and, without the details, in the terminal.
    opening, details = text.split("## The task and the training")
    sentences = [line[2:] for line in opening.splitlines() if line.startswith("- ")]
    assert all(sentence in printed for sentence in sentences) and details.split("\n")[2] not in printed
    assert "Complete: there are no others." in details and "0 is inside the visited range" in details
    assert all(any(path.match(name) for name in FILES) for path in tmp_path.iterdir() if path.name != LOCK)
    assert all(list(tmp_path.glob(name)) for name in FILES)
    assert "it is proved that there are no others" in (tmp_path / "story.txt").read_text()


def test_demo_does_not_overwrite_a_training_run(tmp_path):
    assert plrnn("train", "addition", *TINY, "--out", tmp_path).exit_code == 0
    result = plrnn("demo", "--out", tmp_path)
    assert result.exit_code == 2
    assert "another directory" in result.output


@pytest.mark.slow
def test_demo(tmp_path):
    result = plrnn("demo", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    summary, displayed, text = check_demo(tmp_path, 100)
    assert displayed["test_mse"] < 1e-3
    assert displayed["solved"]
    assert loaded_mse(tmp_path / displayed["checkpoint"], 100, 2000) < 1e-3
    linear = [row for row in summary["models"] if row["pwl_units"] == 0]
    assert len(linear) >= 4
    assert all(row["population_mse"] > summary["affine_floor"] for row in linear)
    assert not any(row["solved"] for row in linear)
    assert "visited range" in text
    # The text quotes the files: every fixed point found there can be found again.
    model = plrnn_analysis.load(tmp_path / displayed["checkpoint"])
    for held in ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0)):
        found = model.fixed_points(constant_input=held)
        assert found.complete
        for point in found:
            assert f"| {point.bitcode} | {point.stability} | {point.eigenvalues[0].real:.5f}" in text


@pytest.mark.parametrize(
    "command", [("sweep", "contextual"), ("train", "addition"), ("linear-limit", "addition"), ("demo",)]
)
def test_out_is_a_directory(command, tmp_path):
    (tmp_path / "notes.txt").write_text("")
    for out in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "runs"):
        refused = plrnn(*command, "--out", out)
        assert refused.exit_code == 2 and "'--out'" in refused.stderr
        assert "notes.txt is a file; give the name of a directory" in " ".join(refused.stderr.split())


def test_tables_of_models_fit_narrow_terminals():
    from pathlib import Path
    from types import SimpleNamespace

    from rich.console import Console

    from plrnn_training.runs import results_table

    model = SimpleNamespace(
        pwl_units=2, seed=0, test_score=0.1, exact_score=0.1, solved=True, reinitialised=2,
        checkpoint=Path("a_task_with_a_long_name_p2_seed0.safetensors"),
    )  # fmt: skip
    for width in (40, 80):
        console = Console(width=width)
        with console.capture() as capture:
            console.print(results_table([model], "MSE"))
        assert "…" not in capture.get() and "(restarted 2×)" in " ".join(capture.get().split())
        assert max(len(line.rstrip()) for line in capture.get().splitlines()) <= width
