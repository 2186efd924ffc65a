"""``plrnn export``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import plrnn_analysis as pa
from plrnn_analysis import cli


def plrnn(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["export", *(str(a) for a in arguments)])


@pytest.fixture
def choice(tmp_path: Path) -> Path:
    model = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=[[1, 0], [0, 1]], pwl_units=2)
    pa.save(model, tmp_path / "choice.npz")
    return tmp_path / "choice.npz"


def test_the_end_of_the_name_says_what_is_written(choice: Path, tmp_path: Path) -> None:
    model = pa.load(choice)
    for name, given, options in (
        ("a.mps", ["--box", "-20,20"], {"box": 20.0}),
        ("a.lp", ["--exclude", "01, 10"], {"exclude": ["01", "10"]}),
        ("a.onnx", ["--precision", "float32"], {"precision": "float32"}),
    ):
        done = plrnn(choice, tmp_path / name, "--input", "1,0.5", *given)
        assert done.exit_code == 0 and done.output.endswith(f"Written: {tmp_path / name}\n"), done.output
        model.export(tmp_path / f"b{name}", [1.0, 0.5], **options)
        assert (tmp_path / name).read_bytes() == (tmp_path / f"b{name}").read_bytes()


def test_a_property_and_its_network(choice: Path, tmp_path: Path) -> None:
    done = plrnn(choice, tmp_path / "net.vnnlib", "--box", "-20,20", "--exclude-found", "--tolerance", "0.001")
    assert done.exit_code == 0, done.output
    assert "There is no fixed point other than" in done.output
    assert done.output.endswith(f"Written: {tmp_path / 'net.vnnlib'}\nWritten: {tmp_path / 'net.onnx'}\n")
    assert "(assert (<= Y_0 0.001))" in (tmp_path / "net.vnnlib").read_text(encoding="utf-8")


def test_a_search_that_is_not_complete(choice: Path, tmp_path: Path) -> None:
    done = plrnn(choice, tmp_path / "net.mps", "--box", "-20,20", "--exclude-found", "--time-limit", "0")
    assert done.exit_code == 3 and "NOT complete" in done.output and (tmp_path / "net.mps").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net.txt"], "a network is exported as .mps, .lp, .vnnlib, .onnx; give a name with one"),
        (["net.vnnlib"], "needs --box LOW,HIGH"),
        (["net.onnx", "--box", "-1,1"], "box means nothing for a .onnx file, which takes precision"),
        (["net.mps", "--box", "1"], "--box takes two numbers, the lower first, such as -2,2; got '1'"),
        (["net.mps", "--exclude", "01", "--exclude-found"], "--exclude-found and --exclude exclude each other"),
        (["no/net.mps"], "there is no directory"),
    ],
)
def test_what_cannot_be_written(choice: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    name, *options = arguments
    done = plrnn(choice, tmp_path / name, *options)
    assert done.exit_code == 2 and message in " ".join(done.output.split()), done.output
    assert not (tmp_path / name).exists()
