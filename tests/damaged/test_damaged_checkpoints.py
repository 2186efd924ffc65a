"""Damaged and hostile files by the thousand: each is a model or one short error, soon, in little memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from limited_loads import loaded_within_limits, problems
from mutations import KINDS, mutants

import plrnn_analysis as pa

pytest.importorskip("torch")
pytest.importorskip("h5py")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")

# Those of HDF5 are each read by a process that starts for it.
NUMBERS = {
    "safetensors": 6000,
    "npz": 5000,
    "mat": 4500,
    "pt": 3000,
    "legacy": 3000,
    "h5": 60,
    "mat73": 90,
    "keras": 60,
}


@pytest.mark.parametrize("kind", ["safetensors", "npz", "mat", "pt", "legacy"])
def test_some_mutants(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mutant{KINDS[kind][0]}"
    models = 0
    for content in mutants(kind, tmp_path, 60, seed=1):
        path.write_bytes(content)
        found, loaded = problems(path, partial(pa.load, pwl_units=2))
        assert not found
        models += loaded
    assert 0 < models < 60


@linux
@pytest.mark.stress
@pytest.mark.parametrize("kind", NUMBERS)
def test_many_mutants_of_all_kinds(tmp_path: Path, kind: str, tried: Callable[[str, int], None]) -> None:
    found = loaded_within_limits(tmp_path, kind, NUMBERS[kind], 0)
    tried("checkpoints", found["tried"])
    assert not found["wrong"]
    assert found["tried"] == NUMBERS[kind] > found["models"] > 0


@linux
@pytest.mark.slow
def test_attacks(tmp_path: Path, tried: Callable[[str, int], None]) -> None:
    found = loaded_within_limits(tmp_path, "attacks", 0, 0)
    tried("attacks", found["tried"])
    assert not found["wrong"]
    assert found["tried"] > 90
