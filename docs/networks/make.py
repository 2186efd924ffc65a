"""Train the networks of this directory again: python docs/networks/make.py [name ...]."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.recorded_trials import RecordedTrials

HERE = Path(__file__).resolve().parent
TUTORIAL = HERE.parent / "tutorials" / "from_other_finders.py"


def flipflop32() -> None:
    """A flip-flop with three bits: the network that the first cell of the tutorial on other finders trains."""
    names: dict[str, Any] = {}
    exec(TUTORIAL.read_text(encoding="utf-8").split("# %%\n")[1], names)
    model = names["model"]
    pulses, wanted = (part.numpy() for part in names["trials"](32))
    held = ["".join("+" if bit > 0 else "-" for bit in bits) for bits in wanted[:, -1]]
    kinds = sorted(set(held))
    error = np.square(model.run(pulses).outputs - wanted).mean()
    print(f"mean squared error on 32 new trials: {error:.4f}; {model.fixed_points()!r}")
    pa.save(
        model.with_trials(RecordedTrials(pulses, [kinds.index(kind) for kind in held], condition_names=kinds)),
        HERE / "flipflop32.safetensors",
        {
            "input_names": ["pulse 0", "pulse 1", "pulse 2"],
            "output_names": ["bit 0", "bit 1", "bit 2"],
            "training": {"task": "flip-flop with three bits", "steps": pulses.shape[1], "seed": 0},
        },
    )


def addition() -> None:
    """The addition task, as `plrnn train` trains it."""
    with tempfile.TemporaryDirectory() as directory:
        options = ["--pwl-units", "2", "--seeds", "1", "--iterations", "1500", "--device", "cpu"]
        subprocess.run(["plrnn", "train", "addition", "--out", directory, *options], check=True)
        shutil.copy(Path(directory) / "addition_p2_seed0.safetensors", HERE / "addition.safetensors")


if __name__ == "__main__":
    made = {function.__name__: function for function in (flipflop32, addition)}
    for name in sys.argv[1:] or made:
        started = time.perf_counter()
        made[name]()
        print(f"{name}: {time.perf_counter() - started:.0f} s")
