"""The options of commands that take a checkpoint: what they mean, and that messages speak of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from test_cli import assert_refused, flat, plrnn

import plrnn_analysis as pa
from plrnn_analysis.checkpoint_options import Checkpoint, in_options

CELL = {"weight_ih": np.zeros((2, 1)), "weight_hh": [[0.0, -2.0], [-2.0, 0.0]], "bias": [1.0, 1.0]}
COMMANDS = ("analyze", "graph", "explain", "info", "cycles", "attractors")
NAMES = "pwl_units relu_units architecture prefix readout alpha form thresholds ignore".split()


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    np.savez(tmp_path / "cell.npz", **CELL)
    return tmp_path / "cell.npz"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_all_options_and_an_example(command: str) -> None:
    text = flat(plrnn(command, "--help").output)
    assert f"Example: plrnn {command} " in text
    assert all(f"--{name.replace('_', '-')} " in text for name in NAMES)
    example = re.search(rf"Example: plrnn {command} (.*?) Arguments:", text)
    assert example is not None
    for option in re.findall(r"--[a-z-]+", example[1]):
        assert text.count(option) >= 2, "the example uses an option that there is not"


def test_a_leaky_cell_from_the_command_line(cell: Path) -> None:
    result = plrnn("analyze", cell, "--no-story")
    assert_refused(result, "--architecture leaky_rnn, --alpha dt/tau", "--form rate", "--architecture relu_rnn")
    assert "alpha=" not in result.stderr and "form=" not in result.stderr
    result = plrnn("analyze", cell, "--no-story", "--architecture", "leaky_rnn", "--alpha", "0.2")
    assert result.exit_code == 0, result.output
    text = flat(result.output)
    assert "other than the 3 points listed" in text
    assert "--form rate was assumed; others: --form current or 'outer'" in text
    result = plrnn("analyze", cell, "--no-story", "--alpha", "0.2,0.5", "--form", "current")
    assert "leaky_rnn_current: 2 units" in flat(result.output)
    assert_refused(plrnn("analyze", cell, "--alpha", "0.2,0.5,0.1"), "alpha")
    assert_refused(plrnn("analyze", cell, "--alpha", "x"), "--alpha", "comma-separated")
    assert_refused(plrnn("analyze", cell, "--alpha", "0.2", "--form", "rates"), "form must be one of")


def test_what_is_ignored_and_what_the_message_offers(tmp_path: Path) -> None:
    arrays = {"A": [0.5], "W": [[-1.0]], "h": [1.0], "mask": [[1.0]], "gain": [[2.0]]}
    np.savez(tmp_path / "m.npz", **arrays)
    result = plrnn("analyze", tmp_path / "m.npz", "--pwl-units", 1)
    assert_refused(result, "say so: --ignore mask --ignore gain.")
    result = plrnn("analyze", tmp_path / "m.npz", "--pwl-units", 1, "--ignore", "mask", "--ignore", "g*", "--no-story")
    assert result.exit_code == 0 and "Note: not used: mask, gain." in flat(result.output)
    assert_refused(plrnn("analyze", tmp_path / "m.npz", "--ignore", "*"), "--pwl-units P", "--relu-units ...")


def test_readouts_by_name_and_from_a_file(tmp_path: Path) -> None:
    arrays = {"A": [0.5], "W": [[-1.0]], "h": [1.0], "fc.weight": [[2.0]], "fc.bias": [3.0]}
    np.savez(tmp_path / "m.npz", **arrays)
    np.save(tmp_path / "B.npy", [[5.0], [6.0]])
    np.savez(tmp_path / "B.npz", B=[[5.0]], b=[7.0])
    np.savez(tmp_path / "other.npz", weight=[[5.0]])
    for value, outputs in (("fc", 1), ("", 0), (tmp_path / "B.npy", 2), (tmp_path / "B.npz", 1)):
        result = plrnn("analyze", tmp_path / "m.npz", "--pwl-units", 1, "--no-story", "--readout", value)
        assert result.exit_code == 0 and f"{outputs} output" in flat(result.output), result.output
    for value in (tmp_path / "no.npy", tmp_path / "other.npz"):
        result = plrnn("analyze", tmp_path / "m.npz", "--pwl-units", 1, "--readout", value)
        assert_refused(result, "--readout takes a layer's name", value.name)
    assert_refused(plrnn("analyze", tmp_path / "m.npz", "--pwl-units", 1, "--readout", "head"), "head")


def test_load_takes_the_same_readouts(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    pa.save(pa.PLRNN.al_rnn([0.5], [[-1.0]], [1.0], pwl_units=1), path)
    model = pa.load(path, readout=([[2.0]], [3.0]))
    assert np.array_equal(model.B, [[2.0]]) and np.array_equal(model.b, [3.0])
    assert Checkpoint(path, {"readout": np.ones((4, 1))}).load().n_outputs == 4
    with pytest.raises(pa.CheckpointError, match="B must have shape"):
        pa.load(path, readout=np.ones((4, 2)))


def test_thresholds(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", AW=[[0.3, 0.5], [0.2, 0.4]], h=[0.1, -0.2], thetas=[2.0, 1.0], alphas=[1.0])
    text = flat(plrnn("analyze", tmp_path / "m.npz", "--no-story").output)
    assert "--thresholds subtracted reads the other sign" in text
    other = flat(plrnn("analyze", tmp_path / "m.npz", "--no-story", "--thresholds", "subtracted").output)
    assert "relu(z - theta)" in other


def sentences() -> list[str]:
    """Texts in the checkpoint readers that speak of an argument, with what is filled in put in as source."""
    found = []
    for path in sorted((Path(pa.__file__).parent / "checkpoint").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "'value'" for p in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 500:
                found.append(node.value)
    return [text for text in found if re.search(rf"\b({'|'.join(NAMES)})=", text)]


def test_no_argument_of_python_is_left_in_a_message() -> None:
    texts = sentences()
    assert len(texts) > 25
    for text in texts:
        assert not re.search(rf"\b({'|'.join(NAMES)})=", in_options(text)), text
    assert in_options("there is no model at prefix='a b'") == "there is no model at --prefix 'a b'"
    assert in_options("relu_units=(0, 1) was asked for") == "--relu-units 0,1 was asked for"
    assert in_options("PLRNN.leaky_rnn(W, W_in, b, dt=..., tau=...)") == "PLRNN.leaky_rnn(W, W_in, b, dt=..., tau=...)"
