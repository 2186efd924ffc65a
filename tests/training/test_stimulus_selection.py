"""The generated session of stimulus selection: trials, its two losses, what affine networks can have."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import Member, Recipe, Trainer
from plrnn_training.tasks import POISSON, StimulusSelectionTask
from plrnn_training.tasks.registry import TASKS, make_task

TASK = StimulusSelectionTask()


def test_trials():
    batch = TASK.held_out("test", 4000, torch.Generator().manual_seed(0))
    lengths = batch.lengths.numpy()
    assert batch.inputs.shape == (4000, 33, 4) and batch.targets.shape == (4000, 33, 25)
    assert set(range(14, 34)) == set(lengths)
    inside = np.arange(33) < lengths[:, None]
    np.testing.assert_array_equal(batch.mask.numpy(), inside)
    inputs, counts = batch.inputs.numpy(), batch.targets[..., :-1].numpy()
    assert not inputs[~inside].any() and not counts[~inside].any()
    np.testing.assert_array_equal(inputs[..., 2:].sum(-1), inside)
    np.testing.assert_array_equal(counts, np.round(counts))
    assert 0.1 < counts[inside].mean() < 1.0
    values = inputs[np.arange(4000), lengths - 1, :2]
    assert set(np.unique(np.abs(values))) == {0.25, 0.5, 1.0}
    second = inputs[:, 0, 3] == 1
    opposite = values[:, 0] * values[:, 1] < 0
    np.testing.assert_array_equal(batch.conditions.numpy(), 2 * second + opposite)
    selected = np.where(second, values[:, 1], values[:, 0])
    choices = batch.targets[:, 0, -1].numpy()
    for strength in (0.25, 0.5, 1.0):
        own = np.abs(selected) == strength
        right = (choices == (selected > 0))[own].mean()
        wanted = 1 / (1 + np.exp(-8 * strength))
        assert abs(right - wanted) < 5 * (wanted * (1 - wanted) / own.sum()) ** 0.5 + 1e-3
    assert abs((choices == (selected > 0)).mean() - TASK.ceiling) < 0.02


def test_the_session_is_fixed_and_what_is_held_out_is_not_in_it():
    small = StimulusSelectionTask(trials=30)
    drawn = small.sample(500, torch.Generator().manual_seed(1)).targets.flatten(1).unique(dim=0)
    assert len(drawn) == 30
    again = StimulusSelectionTask(trials=30).sample(500, torch.Generator().manual_seed(1))
    assert torch.equal(again.targets.flatten(1).unique(dim=0), drawn)
    other = StimulusSelectionTask(trials=30, session=1)
    assert not torch.equal(other.sample(500, torch.Generator().manual_seed(1)).targets, again.targets)
    fresh = small.held_out("test", 500, torch.Generator().manual_seed(1)).targets.flatten(1).unique(dim=0)
    assert len(fresh) > 490
    fixed = small.fixed(15, 0).trials
    assert fixed.conditions.bincount().tolist() == [15] * 4
    assert len(fixed.targets.flatten(1).unique(dim=0)) == 60
    assert make_task("stimulus_selection", "fresh").trials is None
    assert small.metadata()["generated"] is True


def test_losses_by_hand():
    rng = np.random.default_rng(0)
    outputs, mask = rng.normal(size=(2, 5, 4, 3)), np.ones((5, 4))
    mask[1, 2:] = mask[3, 1:] = 0.0
    targets = rng.poisson(1.0, size=(5, 4, 3)).astype(float)
    choices = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    targets[..., -1] = choices[:, None]
    expected, right = np.zeros(2), np.zeros(2)
    for model, trial in itertools.product(range(2), range(5)):
        valid = int(mask[trial].sum())
        log = outputs[model, trial, :valid, :2]
        expected[model] += (np.exp(log) - targets[trial, :valid, :2] * log).sum() / (2 * mask.sum())
        logit = outputs[model, trial, valid - 1, 2]
        expected[model] += np.log1p(np.exp(-logit if choices[trial] else logit)) / 5
        right[model] += ((logit > 0) == choices[trial]) / 5
    tensors = [torch.from_numpy(a) for a in (outputs, np.stack([targets] * 2), np.stack([mask] * 2))]
    np.testing.assert_allclose(TASK.loss(*tensors), expected)
    np.testing.assert_allclose(TASK.score(*tensors), right)
    everywhere = torch.ones(2, 5, 4)
    assert torch.equal(TASK.loss(*tensors[:2], everywhere), TASK.loss(*tensors[:2]))


def test_poisson_loss_is_least_at_the_expected_count():
    targets = torch.poisson(torch.full((50, 20, 2), 2.5), generator=torch.Generator().manual_seed(0))
    losses = [float(POISSON.loss(torch.full((50, 20, 2), float(np.log(m))), targets)) for m in (2.2, 2.5, 2.8)]
    assert losses[1] == min(losses)
    mask = torch.zeros(50, 20)
    mask[:, -1] = 1
    outputs = torch.randn(50, 20, 2, generator=torch.Generator().manual_seed(1))
    at_the_end = POISSON.score(outputs, targets[:, -1])
    assert float(POISSON.score(outputs, targets, mask)) == pytest.approx(float(at_the_end))
    with pytest.raises(ModelError, match="one count an output"):
        POISSON.loss(outputs, targets[..., :1])


def test_chance_and_the_best_affine_classifier():
    batch = TASK.held_out("test", 8000, torch.Generator().manual_seed(2))
    constant = torch.ones(8000, 33, 25)
    assert abs(float(TASK.score(constant, batch.targets, batch.mask)) - TASK.chance) < 0.025
    # By brute force over a fine grid of directions and all thresholds.
    values = np.array([-1, -0.5, -0.25, 0.25, 0.5, 1])
    pairs = np.array(list(itertools.product(values, values)))
    best = 0.0
    for turn in np.linspace(0, 2 * np.pi, 361):
        on = pairs @ [np.cos(turn), np.sin(turn)]
        share = 0.0
        for cue in range(2):
            p = 1 / (1 + np.exp(-8 * pairs[:, cue]))
            share += max(np.where(on > k, p, 1 - p).mean() for k in [-9.0, *(on + 1e-9)]) / 2
        best = max(best, share)
    floor = TASK.affine_floor()
    assert floor.score == pytest.approx(best, abs=1e-7) and 0.75 < floor.score < TASK.ceiling


@pytest.mark.slow
def test_one_relu_selects_and_none_does_not():
    setting = TASKS["stimulus_selection"].settings["quick"]
    recipe = Recipe(**{**vars(setting.recipe), "iterations": 400})
    trainer = Trainer(TASK, [Member(p, s) for p in (0, 1) for s in (0, 1)], setting.units, recipe)
    trainer.run()
    scores = trainer.test_scores()
    noise = 3 * 0.5 / recipe.test_trials**0.5
    assert max(scores[:2]) < TASK.affine_floor().score + noise
    assert TASK.ceiling + noise > max(scores[2:]) > 0.93
    batch = TASK.held_out("test", 1000, torch.Generator().manual_seed(3))
    with torch.no_grad():
        outputs = trainer.model(batch.inputs)
    counts = POISSON.loss(
        outputs[..., :-1], batch.targets[..., :-1].expand(4, -1, -1, -1), batch.mask.expand(4, -1, -1)
    )
    valid = batch.mask.unsqueeze(-1)
    mean = (batch.targets * valid).sum((0, 1)) / valid.sum((0, 1))
    constant = POISSON.loss(mean[:-1].log().expand(1000, 33, 24), batch.targets[..., :-1], batch.mask)
    assert bool((counts < constant - 0.01).all())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"neurons": 0}, "neurons"), ({"trials": 0}, "new trials all the time"), ({"session": -1}, "session")],
)
def test_mistakes(arguments, message):
    with pytest.raises(ModelError, match=message):
        StimulusSelectionTask(**arguments)
