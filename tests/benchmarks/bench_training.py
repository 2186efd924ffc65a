"""Forward and backward pass of one training step: plain autograd loop against the hand-written Function.

    python tests/benchmarks/bench_training.py [--threads 1] [--device cpu]

Both run in turns in one process; the fastest repetition of each counts, so that other load disturbs little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from plrnn_training import ALRNN, AdditionTask
from plrnn_training.sequence import eager_states, sequence_states
from plrnn_training.tasks import stack_batches

States = Callable[..., Tensor]


def one_step(states: States, model: ALRNN, task: AdditionTask, inputs: Tensor, targets: Tensor, n_tail: int) -> None:
    """Loss of every model at the read-out step, and its gradient."""
    model.zero_grad(set_to_none=True)
    first = inputs.shape[2] - 1
    last = states(model.A, model.W, model.C, model.h, inputs, model._floor, n_tail, first)
    outputs = last.permute(1, 2, 0, 3) @ model.B.mT.unsqueeze(1) + model.b[:, None, None]
    task.loss(outputs, targets).sum().backward()


def measure(
    n_models: int, batch: int, n_units: int, pwl_units: int, device: str, repetitions: int
) -> tuple[float, float]:
    """Milliseconds a model for (eager, ours)."""
    torch.manual_seed(0)
    task = AdditionTask(100)
    model = ALRNN(n_units, [pwl_units] * n_models, 2, 1).to(device)
    trials = stack_batches([task.sample(batch, torch.Generator().manual_seed(i)) for i in range(n_models)]).to(device)
    best = [float("inf"), float("inf")]
    gradients = []
    for repetition in range(repetitions + 1):
        for which, states in enumerate((eager_states, sequence_states)):
            if device == "cuda":
                torch.cuda.synchronize()
            began = time.perf_counter()
            one_step(states, model, task, trials.inputs, trials.targets, pwl_units)
            if device == "cuda":
                torch.cuda.synchronize()
            if repetition:  # the first one warms up
                best[which] = min(best[which], time.perf_counter() - began)
            else:
                gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max()))
    return best[0] * 1e3 / n_models, best[1] * 1e3 / n_models


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.device}, {arguments.threads} thread(s), T = 100, float32")
    print(f"{'models':>6} {'batch':>5} {'M':>3} {'P':>3} {'eager ms/model':>15} {'ours ms/model':>14} {'ratio':>6}")
    for n_models, batch, n_units, pwl_units in (
        (1, 64, 20, 2),
        (8, 64, 20, 2),
        (32, 64, 20, 2),
        (8, 64, 20, 20),
        (1, 128, 40, 2),
        (8, 128, 40, 2),
        (32, 128, 40, 2),
    ):
        eager, ours = measure(n_models, batch, n_units, pwl_units, arguments.device, arguments.repetitions)
        print(
            f"{n_models:6} {batch:5} {n_units:3} {pwl_units:3} {eager:15.2f} {ours:14.2f} {eager / ours:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
