"""Damaged JSON of sweeps, fits, sparsifications and verdicts: read, or one sentence of ours."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError, PLRNNError

pytest.importorskip("torch")

from plrnn_training import SparsifySettings, fit
from plrnn_training.experiments.reproduce import reproduce
from plrnn_training.fitting import read_fit
from plrnn_training.sparsification import sparsify_in
from plrnn_training.sweeps import SweepRow, read_sweep
from plrnn_training.sweeps.storage import SweepDirectory

# What may stand where something else should.
NASTY: list[Any] = [0, -1, 1.5, 2**70, 10**400, float("nan"), True, None, "", "x", "\ud800\x1b[2J", "../../x", "*"]
NASTY += [[], {}, [0], [None], {"a": {}}, [["x"] * 9] * 9, "n" * 50_000]
NAMES = ["addition_p2_seed0", "addition_p2_seed1"]


def sweep_files(folder: Path) -> list[Path]:
    """Of a sweep of two models that are finished."""
    about = {"task": "addition", "variant": "", "metric": "mse", "higher_is_better": False, "n_units": 4}
    about |= {"floor": 0.16, "floor_from": "exactly", "chance": None, "floor_conditions": {"a": 0.1}}
    settings = {"asked": {}, "chunk_size": 2, "models": NAMES, "about": {**about, "simple_baselines": {}}}
    directory = SweepDirectory(folder)
    directory.write_settings(settings)
    for seed, name in enumerate(NAMES):
        row = SweepRow("addition", "", "al_rnn", 2, seed, None, 0.01, "mse", 0.1, 0.1, 0.1, 0.16, None, 9, 0, 1.5,
                       f"models/{name}.safetensors", {"a": 0.2})  # fmt: skip
        directory.write_result(name, row)
        assert asdict(directory.read_result(name)) == asdict(row)
    assert len(read_sweep(folder)) == 2
    return [folder / "sweep.json", folder / "models" / f"{NAMES[0]}.json"]


def damaged(rng: random.Random, text: str) -> bytes:
    """One value changed or left out, or a few bytes."""
    if rng.random() < 0.2:
        content = bytearray(text.encode())
        del content[rng.randrange(len(content)) :][: rng.randint(1, 20)]
        content[rng.randrange(len(content) - 1)] = rng.randrange(256)
        return bytes(content)
    whole = node = json.loads(text)
    while True:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(NASTY))
        return json.dumps(whole).encode()


def outcomes(files: list[Path], read: Callable[[], Any], number: int) -> tuple[int, int]:
    """How many are read, and how many refused; anything else is raised."""
    taken = refused = 0
    whole = {path: path.read_text(encoding="utf-8") for path in files}
    for index in range(number):
        path = files[index % len(files)]
        path.write_bytes(damaged(random.Random(f"run file {index}"), whole[path]))
        try:
            found = read()
        except PLRNNError as error:
            assert len(str(error)) < 5000 and str(error).isprintable()  # noqa: PT017
            refused += 1
        else:
            assert repr(found).isprintable() and found.claim and found._repr_html_()
            taken += 1
        path.write_text(whole[path], encoding="utf-8")
    return taken, refused


def all_outcomes(folder: Path, number: int) -> tuple[int, int]:
    """Of twice as many files of sweeps and as many records of fits."""
    fit(np.sin(0.2 * np.arange(600)), pwl_units=2, units=6, seeds=1, iterations=3, interval=8, out=folder / "fit")
    sweeps = outcomes(sweep_files(folder / "sweep"), lambda: read_sweep(folder / "sweep"), 2 * number)
    fits = outcomes([folder / "fit" / "fit.json"], lambda: read_fit(folder / "fit"), number)
    return sweeps[0] + fits[0], sweeps[1] + fits[1]


def test_some_damaged_run_files(tmp_path: Path) -> None:
    taken, refused = all_outcomes(tmp_path, 25)
    assert taken > 0 and refused > 25


@pytest.mark.stress
def test_many_damaged_run_files(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    taken, refused = all_outcomes(tmp_path, 150)
    tried("run files", taken + refused)
    assert taken > 10 and refused > 200


@pytest.mark.parametrize("name", ["../../precious", "*", "/tmp/precious", "a/b", "", None, "x" * 1000])
def test_a_sweep_removes_nothing_outside_its_directory(tmp_path: Path, name: object) -> None:
    (tmp_path / "precious.json").write_text("{}")
    folder = tmp_path / "a" / "b"
    settings = json.loads(sweep_files(folder)[0].read_text())
    (folder / "sweep.json").write_text(json.dumps({**settings, "models": [*NAMES, name]}))
    with pytest.raises(CheckpointError, match="is no name of a model"):
        SweepDirectory(folder).remove()
    assert (tmp_path / "precious.json").exists() and (folder / "models" / f"{NAMES[0]}.json").exists()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sweep.json")
    with pytest.raises(CheckpointError, match="not a file but a pipe"):
        read_sweep(tmp_path)


def test_changed_records_of_sparsifications_are_refused(tmp_path: Path) -> None:
    A, W = [0.5, 0.5, 0.2], [[0, -1, 0.1], [-1, 0, 0], [0, 0, 0]]
    network = pa.PLRNN.al_rnn(A=A, W=W, h=[1, 1, 0.5], pwl_units=3)
    settings = SparsifySettings(iterations=5, lowest=2, windows=100, compare_seeds=0)
    sparsify_in(tmp_path, network, settings=settings)
    path = tmp_path / "sparsify.json"
    whole = path.read_text()
    for change in (
        lambda record: record.update(levels={"a": 1}),
        lambda record: record.update(configuration=[1]),
        lambda record: record["levels"][0].update(chosen=99),
        lambda record: record["levels"][0].update(pwl_units="2"),
        lambda record: record["levels"][0].pop("branches"),
        lambda record: record["levels"][0]["branches"][0].update(checkpoint=None),
        lambda record: record["levels"][0]["branches"][0].update(deviation="small"),
        lambda record: record["levels"][0]["branches"][0].update(score=10**400),
        lambda record: record["levels"][0]["branches"][0].pop("kept"),
        lambda record: record["levels"][0].update(branches=[[]]),
    ):
        record = json.loads(whole)
        change(record)
        path.write_text(json.dumps(record))
        with pytest.raises(PLRNNError):
            sparsify_in(tmp_path, network, settings=settings, resume=True)


@pytest.mark.parametrize("content", [[], [1], {"a": 1}, [{"name": "cost"}], [{"name": []}], "cost"])
def test_changed_verdicts_are_refused(tmp_path: Path, content: object) -> None:
    (tmp_path / "verdicts.json").write_text(json.dumps({"figures": content} if content else content))
    with pytest.raises(PLRNNError, match="holds no verdicts of this program"):
        reproduce("cost", tmp_path)
