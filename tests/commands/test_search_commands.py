"""Commands that do one thing each."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import cli, from_json
from plrnn_analysis.recorded_trials import RecordedTrials


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def tent(tmp_path: Path) -> Path:
    pa.save(pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1), tmp_path / "tent.npz")
    return tmp_path / "tent.npz"


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2)
    trials = RecordedTrials(np.zeros((3, 5, 2)), [0, 0, 1], condition_names=("go", "no-go"))
    pa.save(model.with_trials(trials), tmp_path / "choice.safetensors")
    return tmp_path / "choice.safetensors"


def test_cycles(tent: Path, tmp_path: Path) -> None:
    result = plrnn("cycles", tent, "--max-period", 4, "--json", tmp_path / "cycles.json")
    assert result.exit_code == 0, result.output
    assert "Complete: there is no cycle of period 2 to 4 other than the 6 listed." in flat(result.stdout)
    model = pa.load(tent)
    assert [c.word for c in from_json(tmp_path / "cycles.json")] == [c.word for c in model.cycles(4)]
    assert plrnn("cycles", tent, "--max-period", 6, "--max-nodes", 2).exit_code == 3


def test_attractors(choice: Path, tmp_path: Path) -> None:
    result = plrnn("attractors", choice, "--input", "2,0", "--states", 30, "--json", tmp_path / "ends.json")
    assert result.exit_code == 0, result.output
    assert "30 of 30 initial states end in the stable node of 10" in flat(result.stdout)
    (end,) = from_json(tmp_path / "ends.json")
    assert end.count == 30 and end.object.bitcode == "10"
    piped = json.loads(plrnn("attractors", choice, "--seed", 3, "--json", "-").stdout)
    assert sum(end["count"] for end in piped["items"]) == 100
    proven = plrnn("attractors", choice, "--rigorous", "--states", 30, "--input", "2,0")
    assert proven.exit_code == 0 and "Proven to exist where listed and to attract: 1 of 1" in flat(proven.stdout)
    late = plrnn("attractors", choice, "--time-limit", 0)
    assert late.exit_code == 3 and "NOT complete: the time limit ended the search." in flat(late.stdout)


def test_info(choice: Path) -> None:
    text = flat(plrnn("info", choice).stdout)
    assert "2 units, 2 ReLUs" in text and "3 trials of 5 steps" in text and "go 2, no-go 1" in text
    record = json.loads(plrnn("info", choice, "--json", "-").stdout)
    assert (record["pwl_units"], record["n_inputs"], record["trials"]) == (2, 2, 3)
    assert record["conditions"] == ["go", "no-go"]


@pytest.mark.parametrize("command", ["cycles", "attractors"])
def test_ctrl_c_keeps_what_is_known(command: str, choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = getattr(pa.PLRNN, command)

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return search(*arguments, **options)

    monkeypatch.setattr(pa.PLRNN, command, interrupted)
    result = plrnn(command, choice)
    assert result.exit_code == 130 and "2 units, 2 ReLUs" in result.stdout


@pytest.mark.parametrize("command", ["cycles", "attractors", "info"])
def test_help_has_an_example_and_outputs_are_checked_first(command: str, choice: Path, tmp_path: Path) -> None:
    assert f"Example: plrnn {command} " in flat(plrnn(command, "--help").stdout)
    refused = plrnn(command, choice, "--json", tmp_path / "no" / "x.json")
    assert refused.exit_code == 2 and not refused.stdout and "--json" in refused.stderr
    if command != "info":
        refused = plrnn(command, choice, "--input", "1")
        assert refused.exit_code == 2 and "--input takes 2 numbers" in flat(refused.stderr)
