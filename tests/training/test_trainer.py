"""Training runs: learning, independence of members, resume, restart, regularisation."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from plrnn_analysis.errors import CheckpointError, ModelError
from plrnn_training import AdditionTask, Member, Recipe, Trainer
from plrnn_training.recipe import curriculum_stage, learning_rate
from plrnn_training.regularisation import manifold_attractor_penalty
from plrnn_training.state import load_state, save_state

TASK = AdditionTask(12)
SHORT = Recipe(iterations=24, batch=8, validation_trials=20, test_trials=30, evaluations=4)
MEMBERS = [Member(0, 0), Member(2, 0), Member(2, 1)]


def weights(trainer):
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters()}


def test_training_lowers_the_loss():
    recipe = replace(SHORT, iterations=600, batch=32, validation_trials=500)
    trainer = Trainer(AdditionTask(6), [Member(1, 0), Member(2, 0)], 8, recipe)
    before = trainer.validation_scores()
    assert trainer.run()
    after = trainer.validation_scores()
    assert all(b < 0.1 * a for a, b in zip(before, after, strict=True))
    assert all(score < 0.01 for score in trainer.test_scores())


def test_a_member_does_not_depend_on_the_others():
    stack = Trainer(TASK, MEMBERS, 6, SHORT)
    alone = Trainer(TASK, MEMBERS[1:2], 6, SHORT)
    stack.run()
    alone.run()
    for name, value in weights(alone).items():
        torch.testing.assert_close(weights(stack)[name][1], value[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("stop", [1, 9, 24])
def test_resumed_run_ends_exactly_as_an_uninterrupted_one(tmp_path, stop):
    whole = Trainer(TASK, MEMBERS, 6, SHORT)
    whole.run()
    first = Trainer(TASK, MEMBERS, 6, SHORT)
    for _ in range(stop):
        first.step()
    save_state(first.state(), tmp_path / "state.pt")
    second = Trainer(TASK, MEMBERS, 6, SHORT)
    second.restore(tmp_path / "state.pt")
    assert second.iteration == stop
    assert second.run(tmp_path / "state.pt")
    for name, value in weights(whole).items():
        assert torch.equal(weights(second)[name], value)
    assert second.history.iteration == whole.history.iteration
    assert second.history.validation == whole.history.validation
    np.testing.assert_array_equal(second.history.exact, whole.history.exact)
    assert load_state(tmp_path / "state.pt")["iteration"] == 24


def test_interrupt_saves_and_resumes(tmp_path):
    path = tmp_path / "state.pt"
    trainer = Trainer(TASK, MEMBERS, 6, SHORT)
    before = signal.getsignal(signal.SIGINT)

    def press_ctrl_c(t):
        if t.iteration == 5:
            os.kill(os.getpid(), signal.SIGINT)

    assert not trainer.run(path, press_ctrl_c)
    assert trainer.iteration == 5
    assert signal.getsignal(signal.SIGINT) is before
    again = Trainer(TASK, MEMBERS, 6, SHORT)
    again.restore(path)
    assert again.iteration == 5
    assert again.run()


def test_diverged_model_is_reinitialised_and_counted():
    trainer = Trainer(TASK, MEMBERS, 6, SHORT)
    trainer.step()
    with torch.no_grad():
        trainer.model.W[1].fill_(1e30)
    trainer.step()
    assert trainer.reinitialised == [0, 1, 0]
    assert float(trainer.model.W[1].detach().abs().max()) < 1
    assert all(bool(torch.isfinite(p).all()) for p in trainer.model.parameters())
    other = Trainer(TASK, MEMBERS, 6, SHORT)
    other.step()
    other.step()
    for name, value in weights(other).items():
        torch.testing.assert_close(weights(trainer)[name][[0, 2]], value[[0, 2]])
    trainer.run()
    assert trainer.reinitialised == [0, 1, 0]
    assert np.isfinite(trainer.test_scores()).all()


def test_gradients_are_clipped_by_model():
    trainer = Trainer(TASK, MEMBERS, 6, SHORT)
    for factor, p in enumerate(trainer._parameters):
        p.grad = torch.ones_like(p)
        p.grad[0] *= 1e-3
        p.grad[1] *= 10.0 + factor
    assert trainer._clip_gradients(torch.zeros(3)) == []
    norms = torch.stack([p.grad.flatten(1).square().sum(1) for p in trainer._parameters]).sum(0).sqrt()
    size = sum(p[0].numel() for p in trainer._parameters) ** 0.5
    assert norms.tolist() == pytest.approx([1e-3 * size, 1.0, 1.0], rel=1e-5)


def test_exact_scores_are_recorded_for_linear_models_and_not_below_the_floor():
    from plrnn_analysis.linear_limit import addition_floor

    trainer = Trainer(TASK, MEMBERS, 6, SHORT)
    trainer.run()
    exact = np.array(trainer.history.exact)
    assert exact.shape == (len(trainer.history.iteration), 3)
    assert np.all(exact[:, 0] >= addition_floor(12))
    assert np.all(np.isnan(exact[:, 1:]))


def test_manifold_attractor_penalty():
    A = torch.tensor([[0.5, 2.0, 9.0]])
    W = torch.tensor([[[0.25, 1.0, 2.0], [3.0, -1.0, 0.5], [9.0, 9.0, 9.0]]])
    h = torch.tensor([[0.5, 2.0, 9.0]])
    # (.75 - 1)² + 1 + 4 + .25, then (1 - 1)² + 9 + .25 + 4
    assert manifold_attractor_penalty(A, W, h, 2).tolist() == pytest.approx([0.0625 + 5.25 + 13.25])
    # Adam moves every weight by about the learning rate at first, so 200 steps take W and h near zero.
    pulled = Trainer(TASK, MEMBERS[:1], 6, replace(SHORT, iterations=200, tau=100.0, regularised_units=4))
    free = Trainer(TASK, MEMBERS[:1], 6, replace(SHORT, iterations=200))
    pulled.run()
    free.run()

    def penalty(trainer):
        return float(manifold_attractor_penalty(trainer.model.A, trainer.model.W, trainer.model.h, 4).detach())

    assert penalty(pulled) < 0.1 * penalty(free)


def test_schedules():
    recipe = Recipe(iterations=100)
    rates = [learning_rate(recipe, i) for i in range(100)]
    assert rates[:60] == [1e-2] * 60
    assert all(a > b for a, b in pairwise(rates[60:]))
    assert learning_rate(recipe, 100) == pytest.approx(3e-5)
    stages = [*AdditionTask(100).curriculum(), AdditionTask(100)]
    lengths = [
        curriculum_stage(Recipe(iterations=120, curriculum=1 / 3), i, stages).length
        for i in (0, 9, 10, 20, 30, 39, 40, 119)
    ]
    assert lengths == [10, 10, 20, 40, 70, 70, 100, 100]
    assert curriculum_stage(Recipe(curriculum=0.0), 0, stages).length == 100


def test_state_files(tmp_path):
    path = tmp_path / "state.pt"
    trainer = Trainer(TASK, MEMBERS, 6, SHORT)
    save_state(trainer.state(), path)
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
    with pytest.raises(CheckpointError, match=r"iterations was 24, is 25.*members"):
        Trainer(TASK, MEMBERS[:2], 6, replace(SHORT, iterations=25)).restore(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="damaged, or no training state"):
        trainer.restore(path)
    torch.save({"weights": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="version"):
        trainer.restore(path)


def test_failed_write_leaves_the_old_state(tmp_path):
    path = tmp_path / "state.pt"
    save_state({"iteration": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        save_state({"iteration": lambda: 2}, path)
    assert load_state(path)["iteration"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iterations": 0}, "iterations must be a whole number >= 1"),
        ({"lr": 0.0}, "lr must be a number > 0"),
        ({"hold": 1.5}, "hold must be a number in .0, 1."),
        ({"init": "magic"}, "init must be one of"),
        ({"tau": -1.0}, "tau"),
    ],
)
def test_recipe_errors(changes, message):
    with pytest.raises(ModelError, match=message):
        replace(SHORT, **changes)


def test_regularising_more_units_than_there_are():
    with pytest.raises(ModelError, match="regularised_units"):
        Trainer(TASK, MEMBERS, 6, replace(SHORT, regularised_units=7))
