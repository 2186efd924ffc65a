"""One run at a time in a directory; states that are damaged are refused in our own words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from plrnn_analysis.errors import CheckpointError, PLRNNError
from plrnn_training import AdditionTask, Member, Recipe, Trainer, fit, sweep
from plrnn_training.directories import LOCK, claimed
from plrnn_training.runs import HISTORY_FILE, STATE_FILE, train_in, write_json

RECIPE = Recipe(iterations=2, batch=4, test_trials=10, validation_trials=10)
HOLDER = """
import sys, time
from pathlib import Path
from plrnn_training.directories import claimed
with claimed(Path(sys.argv[1])):
    print("claimed", flush=True)
    time.sleep(60)
"""


def trainer() -> Trainer:
    return Trainer(AdditionTask(length=6), [Member(1, 0)], 3, RECIPE)


def train(directory: Path, **options: Any) -> None:
    train_in(directory, trainer(), Console(quiet=True), **options)


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with claimed(tmp_path):
        for run in (
            lambda: train(tmp_path),
            lambda: fit(torch.randn(50, 1).numpy(), units=2, pwl_units=1, iterations=2, out=tmp_path),
            lambda: sweep("addition", pwl_units=[0], seeds=1, units=2, recipe=RECIPE, out=tmp_path),
        ):
            with pytest.raises(PLRNNError, match="another run is writing to this directory"):
                run()
    train(tmp_path)
    assert (tmp_path / HISTORY_FILE).exists()


def test_a_killed_run_leaves_no_lock_and_no_rubbish(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "claimed\n"
        (tmp_path / f".{STATE_FILE}.0123456789ab.tmp").write_bytes(b"half")
        with pytest.raises(PLRNNError, match="another run"):
            train(tmp_path)
        holder.kill()
    train(tmp_path)
    assert not list(tmp_path.glob("*.tmp")) and not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    "damage",
    ["cut", "garbage", "no file of torch", "nothing in it", "another shape", "another kind", "code"],
)
def test_damaged_states_are_refused_in_our_own_words(damage: str, tmp_path: Path) -> None:
    train(tmp_path)
    path = tmp_path / STATE_FILE
    state = torch.load(path, weights_only=True)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-400])
    elif damage == "garbage":
        path.write_bytes(os.urandom(500))
    elif damage == "no file of torch":
        path.write_text("{}")
    elif damage == "nothing in it":
        torch.save({"plrnn_training_state": 1}, path)
    elif damage == "another shape":
        torch.save({**state, "model": {name: value[..., :1] for name, value in state["model"].items()}}, path)
    elif damage == "another kind":
        torch.save({**state, "batch_generators": 3}, path)
    else:
        torch.save({"plrnn_training_state": 1, "x": Path("x")}, path)
    with pytest.raises(CheckpointError, match="damaged, or no training state; --overwrite") as refused:
        train(tmp_path, resume=True)
    assert "weights_only" not in str(refused.value) and str(path) in str(refused.value)
    train(tmp_path, overwrite=True)


def test_json_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.json"
    write_json(path, {"loss": [1.0, float("nan")]})
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"loss": [2.0] * 1000})
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["history.json"]


@pytest.mark.parametrize("mask", [0o002, 0o077])
def test_all_files_follow_the_umask(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        train(tmp_path / "out", snapshots=1)
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != LOCK]
    assert {STATE_FILE, HISTORY_FILE} < {path.name for path in files}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~mask}
