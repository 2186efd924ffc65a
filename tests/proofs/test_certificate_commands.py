"""``plrnn certify`` and ``plrnn verify``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from systems import planted_al_rnn
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import cli


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2)
    pa.save(model, tmp_path / "choice.safetensors")
    return tmp_path / "choice.safetensors"


def test_there_and_back(choice: Path, tmp_path: Path) -> None:
    path = tmp_path / "choice.cert.json.gz"
    done = plrnn("certify", choice, path, "--input", "2,0")
    assert done.exit_code == 0 and f"Written: {path}" in done.stdout, done.output
    done = plrnn("verify", choice, path, "--input", "2,0")
    assert done.exit_code == 0 and "1 isolated point and 0 continua, and no others" in done.stdout, done.output
    assert done.stdout.endswith("\n  10\n")
    done = plrnn("verify", choice, path)
    assert done.exit_code == 2 and "give that input" in flat(done.stderr), done.output


def test_cycles_there_and_back(tmp_path: Path) -> None:
    tent, path = tmp_path / "tent.npz", tmp_path / "net.cert.json.gz"
    pa.save(pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1), tent)
    done = plrnn("certify", tent, path, "--max-period", 2)
    assert done.exit_code == 0 and f"Written: {path}" in done.stdout, done.output
    done = plrnn("verify", tent, path)
    assert done.exit_code == 0, done.output
    assert "The cycles of period 2 are 1 isolated cycle and 0 continua, and no others" in done.stdout, done.output
    assert done.stdout.endswith("\n  0 1\n")
    done = plrnn("certify", tent, path, "--max-period", 2, "--time-limit", 0)
    assert done.exit_code == 3 and "the list of cycles is complete up to period 0 of 2" in flat(done.stderr)


def test_reductions_there_and_back(choice: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.cert.json.gz"
    done = plrnn("reduce", choice, "--box", "1,2", "--certificate", path)
    assert done.exit_code == 0 and f"Written: {path}" in done.stdout, done.output
    done = plrnn("verify", choice, path)
    assert done.exit_code == 0 and "always on: 0, 1" in done.stdout, done.output
    assert "That states stay in the domain is not claimed." in done.stdout
    done = plrnn("verify", choice, path, "--input", "1,0")
    assert done.exit_code == 2 and "the inputs of a reduction stand in its certificate" in flat(done.stderr)
    done = plrnn("reduce", choice, "--box", "1,2", "--certificate", tmp_path / "no.json.gz", "--time-limit", 0)
    assert done.exit_code == 3 and "give it a longer time_limit" in flat(done.stderr), done.output


def test_what_cannot_be_certified(tmp_path: Path) -> None:
    model, _ = planted_al_rnn(np.random.default_rng(0), 40, 20)
    pa.save(model, tmp_path / "net.npz")
    done = plrnn("certify", tmp_path / "net.npz", tmp_path / "net.cert.json.gz", "--time-limit", 0)
    assert done.exit_code == 3 and "no certificate: the list of fixed points is NOT complete" in flat(done.stderr)
    assert not (tmp_path / "net.cert.json.gz").exists()
    done = plrnn("certify", tmp_path / "net.npz", tmp_path / "nowhere" / "net.cert.json.gz")
    assert done.exit_code == 2 and "there is no directory" in flat(done.stderr)
    (tmp_path / "bad.cert.json.gz").write_bytes(b"nothing")
    done = plrnn("verify", tmp_path / "net.npz", tmp_path / "bad.cert.json.gz")
    assert done.exit_code == 2 and "damaged, or no certificate" in flat(done.stderr)
