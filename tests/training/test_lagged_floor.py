"""Floors estimated from trials: against closed forms, another estimate, and networks without ReLU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_analysis.linear_limit import addition_floor, affine_floor
from plrnn_training import AdditionTask, Batch, Member, Recipe, Task, Trainer
from plrnn_training.floors import lagged_floor
from plrnn_training.tasks import CROSS_ENTROPY, TrialsTask
from plrnn_training.trials import Trials


class Echo(Task):
    """What was shown two steps ago, rectified in half of the trials; the first output is scored at odd steps alone."""

    name, input_names, output_names = "echo", ("x", "rectified"), ("echo", "sum so far")
    condition_names = ("as it is", "rectified")

    def sample(self, batch, generator):
        kinds = torch.randint(2, (batch,), generator=generator)
        x = torch.randn(batch, 9, 1, generator=generator)
        inputs = torch.cat([x, kinds[:, None, None].expand(batch, 9, 1).float()], dim=2)
        shown = torch.where(kinds[:, None] == 1, x[..., 0].relu(), x[..., 0])
        targets = torch.stack([torch.nn.functional.pad(shown, (2, 0))[:, :9], x[..., 0].cumsum(1) + 3.0], dim=2)
        mask = torch.ones(batch, 9, 2)
        mask[:, ::2, 0] = 0.0
        mask[:, :2] = 0.0
        return Batch(inputs, targets, mask, kinds)


def drawn(task, *sizes):
    return [task.sample(n, torch.Generator().manual_seed(seed)) for seed, n in enumerate(sizes)]


@pytest.mark.parametrize("marks", ["halves", "first_half", "anywhere"])
def test_least_squares_finds_the_closed_form_of_addition(marks):
    task = AdditionTask(length=8, marks=marks)
    floor = lagged_floor(task, *drawn(task, 6000, 1000, 6000))
    assert floor.interval[0] < addition_floor(8, marks) < floor.interval[1]
    assert floor.score == floor.loss and floor.how.startswith("least squares")
    assert floor.interval[1] - floor.interval[0] < 0.02


def test_many_steps_by_hand():
    # The sum is affine. Of relu(x) in half of the trials and x in the other, the best multiple of x is (1/2 + 1) / 2 of
    # it, and the best offset of the rectified trials E relu(x).
    floor = lagged_floor(Echo(), *drawn(Echo(), 3000, 600, 3000))
    mean, second = (2 * np.pi) ** -0.5, 0.5
    own = {"as it is": (1 - 0.75) ** 2, "rectified": second - 2 * 0.75 * second + 0.75**2 - mean**2}
    n_echo, n_all = 3, 3 + 7
    for name, error in own.items():
        assert floor.conditions[name] == pytest.approx(error * n_echo / n_all, abs=0.01)
    assert floor.score == pytest.approx(sum(own.values()) / 2 * n_echo / n_all, abs=0.006)
    assert floor.interval[0] <= floor.score <= floor.interval[1]


def test_classes_and_values_beside_the_estimate_of_whole_sequences():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 6, 2)).astype(np.float32)
    hidden = np.tensordot(x, rng.normal(size=(6, 2)), 2)
    noisy = hidden + rng.normal(size=3000)

    class Given(Task):
        name, input_names, output_names = "given", ("a", "b"), ("y",)
        scored_steps = 1

        def __init__(self, targets):
            self.targets = targets
            if not targets.is_floating_point():
                self.objective, self.output_names = CROSS_ENTROPY, ("below", "above")

        def sample(self, batch, generator):
            raise NotImplementedError

        def part(self, rows):
            return Batch(torch.from_numpy(x[rows]), self.targets[rows])

    rows = slice(0, 1500), slice(1500, 2000), slice(2000, 3000)
    for targets, tolerance in ((noisy.astype(np.float32), 0.15), ((noisy > 0).astype(int), 0.05)):
        task = Given(torch.from_numpy(targets)[:, None])
        ours = lagged_floor(task, *(task.part(r) for r in rows))
        other = affine_floor(x, targets, seed=1)
        assert ours.score == pytest.approx(other.score, rel=tolerance)
    assert ours.how.startswith("convex optimum") and ours.loss < np.log(2)


def test_recorded_trials_have_a_floor_in_their_own_units():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(600, 12, 1))
    targets = 50.0 * np.cumsum(inputs, axis=1) + 7.0
    task = TrialsTask(Trials.build(inputs, targets))
    floor = task.affine_floor()
    assert floor.score < 1e-6 * task.chance and task.chance > 1000
    labels = (inputs.sum(axis=(1, 2)) > 0).astype(int)
    classes = TrialsTask(Trials.build(inputs, labels=labels))
    assert classes.affine_floor().score > 0.93
    assert TrialsTask(Trials.build(inputs, labels=rng.integers(2, size=600))).affine_floor().score < 0.65


@pytest.mark.slow
def test_a_trained_network_without_relu_does_not_pass_it():
    task = Echo()
    floor = lagged_floor(task, *drawn(task, 3000, 600, 3000))
    recipe = Recipe(iterations=200, batch=32, init="orthogonal", evaluations=1, test_trials=3000)
    trainer = Trainer(task, [Member(0, 0)], 12, recipe)
    trainer.run()
    assert trainer.test_scores()[0] > floor.interval[0] - 0.004


def test_words_have_no_floor():
    batch = Batch(torch.zeros(3, 4, dtype=torch.int64), torch.zeros(3, 4))
    with pytest.raises(ModelError, match=r"inputs must be numbers \(n, T, K\), got torch.int64 \(3, 4\)"):
        lagged_floor(Echo(), batch, batch, batch)
