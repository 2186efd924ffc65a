"""Weights that a recipe leaves alone, and states that it draws before the first step."""

from __future__ import annotations

import pytest
import torch

from plrnn_analysis.errors import ModelError
from plrnn_training import AdditionTask, Member, Recipe, Trainer
from plrnn_training.restrictions import initial_states
from plrnn_training.tasks.registry import TASKS

SHORT = {"iterations": 5, "batch": 8, "init": "small", "evaluations": 1, "validation_trials": 20, "test_trials": 300}


def trained(**settings):
    trainer = Trainer(AdditionTask(length=6), [Member(0, 0), Member(2, 0), Member(4, 1)], 4, Recipe(**SHORT | settings))
    trainer.run()
    return trainer


def test_self_weights_of_units_without_relu_stay_zero_and_the_readout_has_no_bias():
    trainer = trained(self_weights="relu", readout_bias=False)
    A, b = trainer.model.A, trainer.model.b
    linear = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    assert torch.equal(A == 0, linear) and not b.any()
    for index, network in enumerate(trainer.network(i) for i in range(3)):
        assert (network.parameters["A"] == 0).tolist() == linear[index].tolist() and not network.b.any()
    everything = trained()
    assert (everything.model.A != 0).all() and (everything.model.b != 0).all()


def test_random_initial_states_enter_training_and_scores():
    plain, random = trained(), trained(initial_state=0.5)
    assert not torch.equal(plain.model.W, random.model.W)
    assert torch.equal(random.model.W, trained(initial_state=0.5).model.W)
    # The same weights score worse where every trial begins somewhere else.
    scores = [trained(init="gated", iterations=1, lr=1e-9, initial_state=s).test_scores()[0] for s in (0.0, 3.0)]
    assert scores[1] > scores[0]
    assert random.test_scores() == random.test_scores()


def test_initial_states_are_uniform_and_each_model_has_its_own():
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    states = initial_states(Recipe(initial_state=0.25), 500, 3, generators)
    assert states.shape == (2, 500, 3) and 0.24 < float(states.max()) <= 0.25 and -0.25 <= float(states.min()) < -0.24
    assert not torch.equal(states[0], states[1])
    assert initial_states(Recipe(), 500, 3, generators) is None


def test_recipes_of_the_paper_have_them():
    for name in ("copy", "contextual", "digits", "addition"):
        recipe = TASKS[name].settings["paper"].recipe
        assert recipe.self_weights == "relu" and recipe.init == "small"
        assert recipe.readout_bias is (name == "digits")
        assert (recipe.initial_state > 0) is (name != "contextual")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"self_weights": "none"}, "self_weights must be one of"), ({"initial_state": -1.0}, "initial_state must be")],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ModelError, match=message):
        Recipe(**settings)
