"""Damaged and hostile files of trials, time series and inputs: each is read, or one short error, in little memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from limited_loads import loaded_within_limits, problems, reader
from mutations import KINDS, mutants

from plrnn_analysis import CheckpointError, ModelError
from plrnn_analysis.checkpoint.array_files import Opaque, read_arrays

pytest.importorskip("h5py")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")

NUMBERS = {"trials npz": 2000, "trials mat": 1500, "series npy": 1000, "series npz": 1500, "series mat": 1000}
NUMBERS |= {"series csv": 2000, "inputs": 800, "trials mat73": 40}


@pytest.mark.parametrize("kind", [kind for kind in NUMBERS if kind != "trials mat73"])
def test_some_mutants_of_series(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mutant{KINDS[kind][0]}"
    read = 0
    for content in mutants(kind, tmp_path, 60, seed=1):
        path.write_bytes(content)
        found, loaded = problems(path, *reader(kind))
        assert not found
        read += loaded
    assert 0 < read < 60


@linux
@pytest.mark.stress
@pytest.mark.parametrize("kind", NUMBERS)
def test_many_mutants_of_series(tmp_path: Path, kind: str, tried: Callable[[str, int], None]) -> None:
    found = loaded_within_limits(tmp_path, kind, NUMBERS[kind], 0)
    tried("series", found["tried"])
    assert not found["wrong"]
    assert found["tried"] == NUMBERS[kind] > found["models"] > 0


@linux
@pytest.mark.slow
def test_series_attacks(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    found = loaded_within_limits(tmp_path, "series attacks", 0, 0)
    tried("series attacks", found["tried"])
    assert not found["wrong"]
    assert found["tried"] > 100


def test_what_is_far_larger_than_its_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, inputs=np.zeros((10, 1000, 1000), np.int8), labels=np.arange(10))
    with pytest.raises(CheckpointError, match=r"would unpack to 80000080 bytes.*numpy\.savez, or save"):
        read_arrays(path)
    # As it is stored it has its reason.
    np.savez(path, inputs=np.zeros((10, 1000, 1000), np.int8), labels=np.arange(10))
    assert read_arrays(path)["inputs"].shape == (10, 1000, 1000)


def test_arrays_by_name_and_why_others_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "all.npz"
    objects = np.array([None, {}], dtype=object)
    np.savez(path, a=np.arange(3), text=np.array(["x", "y"]), raw=np.array([b"\xff"]), objects=objects)
    found = read_arrays(path)
    assert found["a"].tolist() == [0, 1, 2] and found["text"].tolist() == ["x", "y"]
    assert found["raw"].tolist() == ["\ufffd"]
    assert isinstance(found["objects"], Opaque) and "could run code" in found["objects"]
    with pytest.raises(CheckpointError, match=r"arrays are read from \.npy, \.npz, \.mat"):
        read_arrays(Path(__file__))


def test_times_far_apart_do_not_take_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,x\n0,1\n1,2\n2,3\n1e11,4\n")
    load, _ = reader("series csv")
    with pytest.raises(CheckpointError, match="more than 90% are missing"):
        load(path)


def test_pipes_among_texts_images_and_sounds_are_not_waited_for(tmp_path: Path) -> None:
    from plrnn_training.tasks.images import read_images
    from plrnn_training.tasks.sentiment import read_texts
    from plrnn_training.tasks.spoken import read_sounds

    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        for suffix in (".txt", ".png"):
            os.mkfifo(tmp_path / kind / f"x{suffix}")
        os.mkfifo(tmp_path / f"{kind}_1.wav")
    for read in (read_texts, read_images, read_sounds):
        with pytest.raises(ModelError, match="not a file but a pipe"):
            read(str(tmp_path))
    (tmp_path / "t.csv").write_bytes(b"text,label\n\xff,1\n")
    with pytest.raises(ModelError, match="cannot be read as a table"):
        read_texts(str(tmp_path / "t.csv"))
    (tmp_path / "t.csv").write_text("text,label\n" + "x" * 200_000 + ",1\n")
    with pytest.raises(ModelError, match="cannot be read as a table"):
        read_texts(str(tmp_path / "t.csv"))


def test_names_in_messages_cannot_act(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **{"\x1b]0;title\x07": np.zeros(3), "other": np.zeros(3)})
    for kind in ("trials", "series"):
        load, _ = reader(kind)
        with pytest.raises((ModelError, CheckpointError), match=r"\\x1b\]0;title\\x07"):
            load(path)
