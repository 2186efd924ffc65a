"""Forward and backward pass of one training step: plain autograd, the hand-written Function, compiled loops.

``one by one`` is what there is without stacks: the plain loop over time under autograd, one model after another.
``trained`` is the path that training takes.

    python tests/benchmarks/bench_training.py [--threads 1] [--device cpu]

All run in turns in one process; the fastest repetition of each counts, so that other load disturbs little. Compiled
loops exist on the CPU alone; training uses them for small models, such as the first of the list, which is what fitting
a time series trains.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from plrnn_training import ALRNN, AdditionTask
from plrnn_training.sequence import eager_states, sequence_states
from plrnn_training.tasks import stack_batches

States = Callable[..., Tensor]
WAYS: dict[str, States] = {
    "one by one": eager_states,
    "autograd": eager_states,
    "Function": partial(sequence_states, compiled=False),
    "compiled": partial(sequence_states, compiled=True),
    "trained": sequence_states,
}
ALONE = "one by one"


def one_step(states: States, model: ALRNN, task: AdditionTask, inputs: Tensor, targets: Tensor, n_tail: int) -> None:
    """Loss of every model at the read-out step, and its gradient."""
    first = inputs.shape[2] - 1
    last = states(model.A, model.W, model.C, model.h, inputs, model._floor, n_tail, first)
    outputs = last.permute(1, 2, 0, 3) @ model.B.mT.unsqueeze(1) + model.b[:, None, None]
    task.loss(outputs, targets).sum().backward()


def one_after_another(models: list[ALRNN], task: AdditionTask, inputs: Tensor, targets: Tensor, n_tail: int) -> None:
    """The same for each model of a stack on its own."""
    for index, alone in enumerate(models):
        one_step(eager_states, alone, task, inputs[index : index + 1], targets[index : index + 1], n_tail)


def gradients_of(modules: list[ALRNN]) -> list[Tensor]:
    """Gradients of all models, along the leading axis."""
    each = [[p.grad for p in module.parameters() if p.grad is not None] for module in modules]
    return [torch.cat(parts) for parts in zip(*each, strict=True)]


def measure(
    n_models: int, batch: int, n_units: int, pwl_units: int, length: int, device: str, repetitions: int
) -> dict[str, float]:
    """Milliseconds a model, by name of the way."""
    torch.manual_seed(0)
    task = AdditionTask(length)
    model = ALRNN(n_units, [pwl_units] * n_models, 2, 1).to(device)
    trials = stack_batches([task.sample(batch, torch.Generator().manual_seed(i)) for i in range(n_models)]).to(device)
    models = [model.members([index]) for index in range(n_models)]
    ways = {name: states for name, states in WAYS.items() if device == "cpu" or name != "compiled"}
    best = dict.fromkeys(ways, float("inf"))
    gradients = []
    for repetition in range(repetitions + 1):
        for name, states in ways.items():
            if device == "cuda":
                torch.cuda.synchronize()
            for module in (model, *models):
                module.zero_grad(set_to_none=True)
            began = time.perf_counter()
            if name == ALONE:
                one_after_another(models, task, trials.inputs, trials.targets, pwl_units)
            else:
                one_step(states, model, task, trials.inputs, trials.targets, pwl_units)
            if device == "cuda":
                torch.cuda.synchronize()
            if repetition:  # the first one warms up
                best[name] = min(best[name], time.perf_counter() - began)
            else:
                gradients.append(gradients_of(models) if name == ALONE else gradients_of([model]))
    for other in gradients[1:]:
        for a, b in zip(gradients[0], other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max()))
    return {name: seconds * 1e3 / n_models for name, seconds in best.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.device}, {arguments.threads} thread(s), float32; ms a model")
    print(
        f"{'models':>6} {'batch':>5} {'T':>4} {'M':>3} {'P':>3} "
        + "".join(f"{name:>11}" for name in WAYS)
        + "  one by one against trained"
    )
    for n_models, batch, length, n_units, pwl_units in (
        (1, 16, 200, 20, 10),
        (5, 16, 200, 20, 10),
        (1, 64, 100, 20, 2),
        (8, 64, 100, 20, 2),
        (32, 64, 100, 20, 2),
        (8, 64, 100, 20, 20),
        (1, 128, 100, 40, 2),
        (8, 128, 100, 40, 2),
        (32, 128, 100, 40, 2),
    ):
        found = measure(n_models, batch, n_units, pwl_units, length, arguments.device, arguments.repetitions)
        ratio = f"{found[ALONE] / found['trained']:.1f}"
        print(
            f"{n_models:6} {batch:5} {length:4} {n_units:3} {pwl_units:3} "
            + "".join(f"{ms:11.2f}" for ms in found.values())
            + f"  {ratio}",
            flush=True,
        )


if __name__ == "__main__":
    main()
