"""Kill a small sweep again and again, at random moments: python killed_sweep.py OUT KILLS SEED.

A child is forked for every attempt, so that it need not import torch again. It is killed when it has had a random time
on the processor: on a busy machine it would else get nowhere. After each kill the directory is looked at: what was
finished must stay as it is, and what is under way must not go back. When a sweep is finished, it is compared with one
that was never killed, and another one begins.
"""

from __future__ import annotations

import csv
import json
import math
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import torch

from plrnn_training import Recipe, sweep
from plrnn_training.state import load_state

RECIPE = Recipe(
    iterations=240, batch=16, test_trials=100, validation_trials=40, evaluations=12, keep="best", patience=8,
    init="generic",
)  # fmt: skip


def run(out: Path) -> None:
    sweep(
        "addition", pwl_units=[0, 1, 2], seeds=4, samples=[30, None], lr=[5e-3, 2e-2], units=6, recipe=RECIPE, out=out,
        save_every=0.03, device="cpu",
    )  # fmt: skip


def identity(path: Path) -> tuple[int, int, bytes]:
    """Changes if the file is written again, even with the same content."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, path.read_bytes()


def finished(out: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Results and the checkpoints beside them."""
    found = {}
    for result in (out / "models").glob("*.json"):
        json.loads(result.read_text())
        for path in (result, result.with_suffix(".safetensors")):
            found[path] = identity(path)
    return found


def under_way(out: Path) -> dict[str, int]:
    return {path.name: load_state(path)["iteration"] for path in (out / "unfinished").glob("*.pt")}


def cpu_seconds(child: int) -> float:
    """Time a process has had on the processor; endless if it is at its end."""
    state, *numbers = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return math.inf if state == "Z" else (int(numbers[10]) + int(numbers[11])) / os.sysconf("SC_CLK_TCK")


def attempt(out: Path, delay: float) -> bool:
    """Whether the sweep got to its end before it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(out)
            code = 0
        finally:
            os._exit(code)
    while cpu_seconds(child) < delay:
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return not os.WIFSIGNALED(status)


def contents(out: Path) -> dict[str, object]:
    """What came of a sweep, without the times it took."""
    rows = list(csv.DictReader((out / "results.csv").read_text().splitlines()))
    for row in rows:
        del row["seconds"]
    weights = {path.name: path.read_bytes() for path in (out / "models").glob("*.safetensors")}
    return {"rows": rows, "weights": weights, "files": sorted(str(p.relative_to(out)) for p in out.rglob("*"))}


def main(base: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    rng = random.Random(seed)
    run(base / "never")  # in this process, so that the kernels are loaded before it forks
    wanted, done, rounds = contents(base / "never"), 0, 0
    while done < kills:
        out, before, states = base / f"killed{rounds}", {}, {}
        while not attempt(out, rng.uniform(0.02, 0.4)):
            done += 1
            now, iterations = finished(out), under_way(out)
            assert all(now[path] == before[path] for path in before), "a finished model was lost or made again"
            assert all(iterations[name] >= states[name] for name in states if name in iterations), (states, iterations)
            before, states = now, iterations
        now = finished(out)
        assert all(now[path] == before[path] for path in before)
        assert contents(out) == wanted
        shutil.rmtree(out)
        rounds += 1
    print(f"{done} kills of {rounds} sweeps of {len(wanted['rows'])} models")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
