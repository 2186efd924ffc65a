"""Train the networks of this directory again: python docs/networks/make.py [name ...]."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.recorded_trials import RecordedTrials

HERE = Path(__file__).resolve().parent
TUTORIAL = HERE.parent / "tutorials" / "from_other_finders.py"
STEP = "    optimiser.step()\n"


def write(name: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table, four digits a number."""
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{value:.4g}" if isinstance(value, float) else value for value in row] for row in rows)


def flipflop32() -> None:
    """A flip-flop with three bits, trained by the first cell of a tutorial and looked at as it learns."""
    source = TUTORIAL.read_text(encoding="utf-8").split("# %%\n")[1]
    names: dict[str, Any] = {}
    seen: list[tuple[int, float, int, int]] = []
    iterations = 0

    def look() -> None:
        nonlocal iterations
        iterations += 1
        if iterations < 600 and iterations % 10 == 1:
            import torch

            modules = torch.nn.ModuleDict({name: names[name] for name in ("rnn", "readout")})
            found = pa.from_torch(modules, readout="readout").fixed_points()
            stable = sum(point.stability.startswith("stable") for point in found)
            assert found.complete
            seen.append((iterations, names["loss"].item(), len(found), stable))

    assert STEP in source
    names["look"] = look
    exec(source.replace(STEP, f"{STEP}    look()\n"), names)
    write("flipflop32-training.csv", ("iteration", "loss", "fixed points", "stable"), seen)
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
    """The addition task, as `plrnn train` trains it, with the scores on the way."""
    with tempfile.TemporaryDirectory() as directory:
        options = ["--pwl-units", "0,1,2", "--seeds", "3", "--iterations", "1500", "--device", "cpu"]
        subprocess.run(["plrnn", "train", "addition", "--out", directory, *options], check=True)
        made = Path(directory)
        (HERE / "addition.safetensors").write_bytes((made / "addition_p2_seed0.safetensors").read_bytes())
        history = json.loads((made / "history.json").read_text(encoding="utf-8"))
        columns = [f"P={member['pwl_units']} seed {member['seed']}" for member in history["members"]]
        rows = ((i, *scores) for i, scores in zip(history["iteration"], history["validation"], strict=True))
        write("addition-training.csv", ["iteration", *columns], rows)


def sweep() -> None:
    """Scores of networks on the addition task, for several P and sizes of the training set."""
    with tempfile.TemporaryDirectory() as directory:
        options = ["--recipe", "quick", "--pwl-units", "0,1,2,5", "--samples", "50,500,fresh", "--device", "cpu"]
        subprocess.run(["plrnn", "sweep", "addition", "--out", directory, *options], check=True)
        columns = ("pwl_units", "seed", "samples", "score", "floor")
        with open(Path(directory) / "results.csv", newline="", encoding="utf-8") as file:
            rows = [
                [row[name] or "fresh" for name in columns[:3]] + [float(row[name]) for name in columns[3:]]
                for row in csv.DictReader(file)
            ]
        write("addition-sweep.csv", columns, rows)


def lorenz() -> None:
    """An almost-linear RNN with three ReLUs that generates the Lorenz attractor."""
    from plrnn_training import fit
    from plrnn_training.systems import generate

    held_out = generate("lorenz63", 100_000, seed=2)
    found = fit(generate("lorenz63", 40_000, seed=1), pwl_units=3, hold_out=held_out, device="cpu")
    print(found.text())
    model = found.best.model
    start = model.metadata["initial_state"]
    initial = held_out.values[[0, 20_000, 40_000, 60_000]] @ np.transpose(start["matrix"]) + start["offset"]
    trials = RecordedTrials(np.zeros((len(initial), 1500, 0)), initial=initial)
    pa.save(model.with_trials(trials), HERE / "lorenz.safetensors")


if __name__ == "__main__":
    made = {function.__name__: function for function in (flipflop32, addition, sweep, lorenz)}
    for name in sys.argv[1:] or made:
        started = time.process_time()
        made[name]()
        print(f"{name}: {time.process_time() - started:.0f} s of CPU time, that of other processes not counted")
