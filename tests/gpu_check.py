"""What a machine with a GPU can check, in one command: the same results on it as on the processor, and how quick it is.

    python tests/gpu_check.py [--device cuda] [--no-benchmark]

Each check says what it compared; the exit code is 1 if one of them failed, and 2 if there is no such device.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from plrnn_training import ALRNN, Member, Trainer
from plrnn_training.baselines import BASELINES
from plrnn_training.sequence import sequence_states
from plrnn_training.tasks.registry import TASKS, task_entry

SMALL = {
    "iterations": 6, "batch": 16, "validation_trials": 20, "test_trials": 40, "evaluations": 1, "regularised_units": 0
}  # fmt: skip


def states_and_gradients(device: torch.device) -> str:
    """Forward and backward pass of a stack, against the processor in double precision."""
    generators = [torch.Generator().manual_seed(i) for i in range(3)]
    worst = 0.0
    for batch, steps, units in ((8, 50, 20), (64, 100, 40)):
        model = ALRNN(units, [0, 2, units], 3, 2, init="leaky", generators=generators)
        inputs = torch.randn(3, batch, steps, 3, generator=torch.Generator().manual_seed(9))
        found = []
        for where, dtype in ((torch.device("cpu"), torch.float64), (device, torch.float32)):
            weights = [getattr(model, name).detach().to(where, dtype).requires_grad_() for name in "AWCh"]
            states = sequence_states(*weights, inputs.to(where, dtype), model._floor.to(where, dtype), units, 0)
            (states.square().mean() * batch).backward()
            found.append([states.detach(), *(w.grad for w in weights if w.grad is not None)])
        for exact, here in zip(*found, strict=True):
            worst = max(worst, float((here.cpu().double() - exact).abs().max() / exact.abs().max()))
    if not worst < 1e-4:
        raise AssertionError(f"states or gradients differ from the processor's by {worst:.1e}, relative to the largest")
    return f"states and gradients as on the processor, largest relative difference {worst:.1e}"


def trained(name: str, device: torch.device, architecture: str = "al_rnn") -> list[torch.Tensor]:
    """Weights after a few iterations on a task."""
    entry = task_entry(name)
    variant = entry.variants[0]
    setting = entry.settings_of(variant)["quick"]
    task = entry.build(variant, None)
    members = (
        [Member(0, 0), Member(2, 1)]
        if architecture == "al_rnn"
        else [Member(0, seed, architecture=architecture) for seed in range(2)]
    )
    trainer = Trainer(task, members, 12, replace(setting.recipe, **SMALL), device)
    trainer.run()
    if any(score != score for score in trainer.test_scores()):
        raise AssertionError(f"a score of {name} is no number")
    return [p.detach().cpu() for p in trainer.model.parameters()]


def same_twice(name: str, device: torch.device, architecture: str = "al_rnn") -> str:
    """Training twice from the same seeds gives the same bits."""
    first, second = trained(name, device, architecture), trained(name, device, architecture)
    if not all(torch.equal(a, b) for a, b in zip(first, second, strict=True)):
        raise AssertionError("two runs from the same seeds end with different weights")
    return "trains, and the same seeds give the same weights bit for bit"


def main() -> int:
    """Run all checks, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--no-benchmark", action="store_true")
    arguments = parser.parse_args()
    try:
        device = torch.device(arguments.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        print(f"there is no device {arguments.device!r} here: {str(error).splitlines()[0]}")
        return 2
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    print(f"torch {torch.__version__} on {named}")
    # A task whose variants are names of other packages has none to try.
    tasks = [name for name, entry in TASKS.items() if entry.variants]
    checks: dict[str, Callable[[], str]] = {"sequence": lambda: states_and_gradients(device)}
    checks |= {f"task {name}": lambda name=name: same_twice(name, device) for name in tasks}
    recurrent = [name for name in BASELINES if name in ("rnn", "tanh", "gru", "lstm", "lru")]
    checks |= {f"baseline {name}": lambda name=name: same_twice("contextual", device, name) for name in recurrent}
    failed = 0
    for name, check in checks.items():
        try:
            print(f"ok      {name}: {check()}", flush=True)
        except Exception as error:  # each check is on its own
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    if not arguments.no_benchmark:
        script = Path(__file__).parent / "benchmarks" / "bench_training.py"
        subprocess.run([sys.executable, str(script), "--device", arguments.device], check=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
