"""The figures of the paper, from networks too small and too little trained to show anything: all of it runs."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from plrnn_analysis.errors import ModelError, PLRNNError
from plrnn_training.experiments.reproduce import FIGURES, Verdict, reproduce
from plrnn_training.floors import Floor
from plrnn_training.tasks.cognitive import CognitiveTask
from plrnn_training.tasks.copying import CopyTask
from plrnn_training.tasks.digits import DigitsTask
from plrnn_training.tasks.registry import TASKS
from plrnn_training.tasks.sentiment import SentimentTask

DOCS = Path(__file__).parents[2] / "docs" / "reproduced" / "index.md"


@pytest.fixture
def little(monkeypatch):
    """Quick settings of every task, made so small that they train in a second; their floors are tested elsewhere."""
    for kind in (CognitiveTask, CopyTask, DigitsTask, SentimentTask):
        monkeypatch.setattr(kind, "affine_floor", lambda self: Floor(0.5, "convex optimum: made up for the test"))
    for name, entry in TASKS.items():
        quick = entry.settings["quick"]
        recipe = replace(
            quick.recipe, iterations=4, batch=8, validation_trials=12, test_trials=24, evaluations=1,
            regularised_units=0, patience=None,
        )  # fmt: skip
        small = replace(
            quick, units=8, pwl_units=(0, 1, 2, 8), recipe=recipe, seeds=2, samples=(2, 3) if quick.samples else ()
        )
        changed = replace(entry, settings={**entry.settings, "quick": small}, variant_settings={})
        monkeypatch.setitem(TASKS, name, changed)


def run(figures, out):
    return reproduce(figures, out, quick=True, device="cpu", console=Console(quiet=True))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_comes_with_its_numbers_and_verdicts(name, little, tmp_path, monkeypatch):
    if name in ("fig1", "fig4"):
        monkeypatch.setattr("plrnn_training.experiments.reproduce.addition.PWL_UNITS", (0, 2, 6))
    if name == "fig5":
        monkeypatch.setattr("plrnn_training.experiments.reproduce.cognitive.PWL_UNITS", (0, 2, 4, 8))
        monkeypatch.setattr("plrnn_training.experiments.reproduce.cognitive.SAMPLES", (2, 3))
    if name == "cost":
        monkeypatch.setattr("plrnn_training.experiments.reproduce.cost.REPEATS", 1)
    claims = run(name, tmp_path)
    assert claims and all(claim.figure == name for claim in claims)
    record = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    assert [entry["claim"] for entry in record["claims"]] == [claim.claim for claim in claims]
    for entry in record["claims"]:
        assert entry["verdict"] in list(Verdict) and entry["rule"].endswith(".") and entry["numbers"]
    with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        assert all(any(row.values()) for row in csv.DictReader(file))
    for suffix in ("png", "svg"):
        assert (tmp_path / f"{name}.{suffix}").stat().st_size > 5000
    page = (tmp_path / "verdicts.md").read_text(encoding="utf-8")
    assert all(claim.claim in page and claim.rule in page for claim in claims)
    assert f"plrnn reproduce {name} --quick" in page


def test_a_second_call_trains_nothing_again_and_keeps_other_verdicts(little, tmp_path, monkeypatch):
    monkeypatch.setattr("plrnn_training.experiments.reproduce.addition.PWL_UNITS", (0, 2))
    monkeypatch.setattr("plrnn_training.experiments.reproduce.cost.REPEATS", 1)
    run(["cost", "fig1"], tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    run("fig1", tmp_path)
    assert written and {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")} == written
    record = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    assert {claim["figure"] for claim in record["claims"]} == {"cost", "fig1"}


def test_an_unknown_figure_and_damaged_verdicts_are_named(tmp_path):
    with pytest.raises(ModelError, match="fig9"):
        run("fig9", tmp_path)
    (tmp_path / "verdicts.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PLRNNError, match=r"verdicts\.json"):
        run("cost", tmp_path)


@pytest.mark.slow
def test_the_page_in_the_documentation_is_what_the_command_tells(tmp_path):
    """All of the quick form; what is claimed, by which rule, and where the numbers are clear, with which verdict."""
    run("all", tmp_path)
    there = DOCS.read_text(encoding="utf-8")
    for claim in json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))["claims"]:
        assert claim["claim"] in there and claim["rule"] in there
    verdicts = {c["claim"]: c["verdict"] for c in json.loads((tmp_path / "verdicts.json").read_text())["claims"]}
    for clear in (
        "P ReLUs cut state space into at most 2^P subregions, and within each the network is linear.",
        "A network without ReLUs cannot solve addition; few ReLUs suffice.",
        "Recall improves with the number of ReLUs where the delay varies.",
        "Digits read by rows need little nonlinearity.",
        "All eleven tasks are solved by a network of which only some units have a ReLU.",
    ):
        assert verdicts[clear] == "supported", clear
