"""Contextual integration: trials, and the two limits of networks without ReLU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer
from plrnn_training.floors import logistic_regression
from plrnn_training.tasks.contextual import ContextualTask
from plrnn_training.tasks.registry import TASKS, make_task


@pytest.mark.parametrize("task", [ContextualTask(length=12), make_task("contextual", "paper")])
def test_trials(task):
    batch = task.sample(400, torch.Generator().manual_seed(2))
    n_steps = task.length + task.blank_steps
    inputs = batch.inputs.numpy().astype(float)
    assert inputs.shape == (400, n_steps, 4) and batch.targets.shape == (400, 1)
    first, last = inputs[:, 0, :2], inputs[:, task.length - 1, :2]
    assert np.array_equal(first, last) and (first.sum(axis=1) == 1).all()
    assert not inputs[:, 1 : task.length - 1, :2].any() and not inputs[:, task.length :].any()
    assert np.array_equal(np.flatnonzero(inputs[:, :, 3].any(axis=0)), [task.length - 1])
    evidence = inputs[:, :, 2]
    assert not evidence[:, [0, task.length - 1]].any() and evidence[:, 1 : task.length - 1].all()
    inverted, positive = first[:, 1] == 1, evidence.sum(axis=1) > 0
    assert np.array_equal(batch.targets[:, 0].numpy(), positive ^ inverted)
    assert np.array_equal(batch.conditions.numpy(), 2 * inverted + positive)
    assert (np.bincount(batch.conditions) > 60).all()
    sizes = np.abs(np.abs(evidence[:, 1 : task.length - 1]) - 1)
    assert np.median(sizes) < 2 * task.noise


def test_shares_of_steps_up():
    batch = ContextualTask(bias=0.3, noise=0.01).sample(300, torch.Generator().manual_seed(0))
    up = (batch.inputs[:, 1:99, 2] > 0).double().mean(1)
    positive = batch.conditions % 2 == 1
    assert float(up[positive].mean()) == pytest.approx(0.8, abs=0.02)
    assert float(up[~positive].mean()) == pytest.approx(0.2, abs=0.02)


def test_curriculum_and_errors():
    assert [stage.length for stage in ContextualTask().curriculum()] == [10, 20, 40, 70]
    assert [stage.length for stage in ContextualTask(length=4).curriculum()] == [3]
    with pytest.raises(ModelError, match=r"noise must be a number > 0 .*no sign"):
        ContextualTask(noise=0.0)
    with pytest.raises(ModelError, match="length must be a whole number >= 3"):
        ContextualTask(length=2)


def test_no_affine_classifier_passes_three_quarters_and_one_reaches_them():
    batch = ContextualTask(length=8).sample(20_000, torch.Generator().manual_seed(3))
    evidence = batch.inputs[:, 1:7, 2].numpy().astype(float)
    second = batch.inputs[:, 0, 1].numpy() == 1
    wanted = batch.targets[:, 0].numpy() == 1
    rng = np.random.default_rng(0)
    best, at_sum = 0.0, 0.0
    for k, direction in enumerate([np.ones(6), *rng.normal(size=(30, 6))]):
        value = evidence @ direction
        thresholds = np.quantile(value, np.linspace(0, 1, 41))
        thresholds[0] -= 1.0  # "always positive"
        right = (value[:, None] > thresholds) == wanted[:, None]
        scores = right[~second].mean(axis=0)[:, None] / 2 + right[second].mean(axis=0) / 2
        best = max(best, scores.max())
        at_sum = scores.max() if k == 0 else at_sum
    floor = ContextualTask().affine_floor()
    assert floor.score == 0.75 and best < floor.score + 0.015
    assert at_sum == pytest.approx(0.75, abs=0.015)


def test_the_least_cross_entropy_of_an_affine_predictor_is_that_of_chance():
    draw = [ContextualTask(length=8).sample(20_000, torch.Generator().manual_seed(seed)) for seed in (4, 5)]
    x, y = [(b.inputs.flatten(1).numpy().astype(float), b.targets[:, 0].numpy()) for b in draw]
    slopes, offset = logistic_regression(*x, 2, 1e-6)
    logits = torch.from_numpy(y[0] @ slopes + offset)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(y[1]))
    assert float(loss) == pytest.approx(ContextualTask().affine_floor().loss, abs=2e-3)
    assert float((logits.argmax(1).numpy() == y[1]).mean()) == pytest.approx(0.5, abs=0.05)


def test_one_relu_learns_it_and_none_does_not():
    task = ContextualTask(length=20)
    recipe = Recipe(iterations=300, curriculum=0.4, init="orthogonal", evaluations=1, test_trials=4000)
    trainer = Trainer(task, [Member(0, 0), Member(2, 0), Member(2, 1)], 10, recipe)
    trainer.run()
    scores = trainer.test_scores()
    assert scores[0] < 0.56 < 0.9 < max(scores[1:])


def test_settings_name_what_the_paper_does():
    entry = TASKS["contextual"]
    assert entry.settings["paper"].recipe.regularised_units == 5 and entry.settings["paper"].units == 10
    assert make_task("contextual", "paper").blank_steps == 0 and make_task("contextual").blank_steps == 1
