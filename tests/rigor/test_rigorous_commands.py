"""``--rigorous`` of ``plrnn analyze`` and ``plrnn cycles``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import plrnn_analysis as pa
from plrnn_analysis import cli
from plrnn_analysis.results import Proof
from plrnn_analysis.rigor.objects import Prover


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    pa.save(model, tmp_path / "choice.npz")
    return tmp_path / "choice.npz"


COMMANDS = (["analyze", "--no-story"], ["cycles", "--max-period", "2"])


@pytest.mark.parametrize("command", COMMANDS, ids=["analyze", "cycles"])
def test_what_is_proven_is_said(command: list[str], choice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [command[0], str(choice), "--rigorous", *command[1:]]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0 and "Proven in exact arithmetic" in done.stdout, done.output
    monkeypatch.setattr(Prover, "isolated", lambda self, *_: Proof(False, missing=("it was not tried",)))
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 3 and "NOT proven in every respect" in done.stdout, done.output
    assert "it was not tried" in " ".join(done.stdout.split())
    plain = CliRunner().invoke(cli.app, [command[0], str(choice), *command[1:]])
    assert plain.exit_code == 0 and "roven in" not in plain.stdout
