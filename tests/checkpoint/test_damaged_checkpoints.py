"""Damaged and hostile files by the thousand: each is a model or one short error, soon, in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from limited_loads import problems
from mutations import KINDS, mutants

pytest.importorskip("torch")
pytest.importorskip("h5py")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")

# Those of HDF5 are each read by a process that starts for it.
NUMBERS = {"safetensors": 6000, "npz": 5000, "mat": 4500, "pt": 3000, "legacy": 3000, "h5": 60, "keras": 60}


def loaded_within_limits(folder: Path, kind: str, number: int, seed: int) -> dict:
    """What the process says that loads the files."""
    script = Path(__file__).with_name("limited_loads.py")
    command = [sys.executable, str(script), kind, str(number), str(seed), str(folder)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    last = (folder / "now").read_text() if (folder / "now").exists() else "the start"
    assert done.returncode == 0, f"ended with {done.returncode} at {last}: {done.stderr[-2000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["safetensors", "npz", "mat", "pt", "legacy"])
def test_some_mutants(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mutant{KINDS[kind][0]}"
    models = 0
    for content in mutants(kind, tmp_path, 60, seed=1):
        path.write_bytes(content)
        found, loaded = problems(path, 2)
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
