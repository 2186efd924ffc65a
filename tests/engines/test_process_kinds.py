"""Searches in processes and threads of every kind give the same answers, to the bit, and nothing warns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from searching_elsewhere import KINDS, SEEDS

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("searching_elsewhere.py")
# What a kind needs beyond the package.
NEEDS = {"joblib": "joblib", "loky executor": "joblib", "dask": "distributed"}

# A search and a count of the kernels that came from the cache; it begins when the file `start` is there.
COMPILING = """
import sys, time
from pathlib import Path
import plrnn_analysis as pa
Path(sys.argv[1]).touch()
while not Path("start").exists():
    time.sleep(0.001)
model = pa.PLRNN.al_rnn([0.5, 0.5], [[0.0, -1.0], [-1.0, 0.0]], [1.0, 1.0], pwl_units=2)
found = model.fixed_points(method="linear programs")
from plrnn_analysis.kernels.branching import branch
from plrnn_analysis.kernels.monotone import solve_monotone
hits = [sum(kernel.stats.cache_hits.values()) for kernel in (branch, solve_monotone)]
print(found.complete, [point.bitcode for point in found], *hits)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_answers_as_here(kind: str, tried) -> None:
    if kind in NEEDS:
        pytest.importorskip(NEEDS[kind])
    command = [sys.executable, "-W", "error", PROGRAM, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == (f"{len(SEEDS)}\n", ""), done.stderr
    tried("processes", len(SEEDS))


def test_processes_that_compile_into_one_empty_cache_at_once(tmp_path: Path, tried) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def begin(name: str) -> subprocess.Popen:
        command = [sys.executable, "-W", "error", "-c", COMPILING, name]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes)

    together = [begin(name) for name in ("one", "other")]
    while not all((tmp_path / name).exists() for name in ("one", "other")):
        assert all(process.poll() is None for process in together)
        time.sleep(0.01)
    (tmp_path / "start").touch()
    for process in together:
        printed, complaint = process.communicate(timeout=300)
        assert printed.startswith("True ['01', '10', '11']") and complaint == "", complaint
    printed, complaint = begin("third").communicate(timeout=300)
    assert (printed, complaint) == ("True ['01', '10', '11'] 1 1\n", ""), "what both wrote is whole"
    tried("processes", len(together) + 1)
