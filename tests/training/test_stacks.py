"""Stacks: models that differ in size, rate, data and patience train together as each would alone; encoders fit in."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from plrnn_analysis.errors import ModelError
from plrnn_training import ALRNN, AdditionTask, Batch, Member, Recipe, Task, Trainer
from plrnn_training.optimisation import StackedAdam
from plrnn_training.state import save_state
from plrnn_training.tasks import CROSS_ENTROPY

TASK = AdditionTask(6)
RECIPE = Recipe(
    iterations=120, batch=16, lr=2e-2, validation_trials=60, test_trials=80, evaluations=24, init="generic"
)  # fmt: skip
MIXED = [Member(0, 0), Member(2, 1, lr=5e-3), Member(2, 1, samples=20), Member(5, 2, lr=0.1, samples=5)]


def weights(trainer, index):
    return {name: p.detach()[index].clone() for name, p in trainer.model.named_parameters()}


def test_one_rate_for_all_gives_the_steps_of_torchs_adam_to_the_last_bit():
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(3, 4, 5, generator=generator), torch.randn(3, 7, generator=generator)]
    theirs = [nn.Parameter(p.clone()) for p in ours]
    adam, stacked = torch.optim.AdamW(theirs, 1e-2, (0.9, 0.99), weight_decay=0.1), StackedAdam(ours, (0.9, 0.99), 0.1)
    for step in range(20):
        rate = 1e-2 / (1 + step)
        adam.param_groups[0]["lr"] = rate
        for p, q in zip(ours, theirs, strict=True):
            p.grad = q.grad = torch.randn(p.shape, generator=generator)
        adam.step()
        stacked.step([rate] * 3)
        for p, q in zip(ours, theirs, strict=True):
            assert torch.equal(p, q)


def test_rates_act_on_their_own_model():
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(3, 4, generator=generator)
    together, alone = start.clone(), [start[i : i + 1].clone() for i in range(3)]
    rates = [1e-2, 0.0, 0.3]
    stack, singles = StackedAdam([together], weight_decay=0.2), [StackedAdam([p], weight_decay=0.2) for p in alone]
    for _ in range(5):
        together.grad = torch.randn(3, 4, generator=generator)
        stack.step(rates)
        for i, (p, single) in enumerate(zip(alone, singles, strict=True)):
            p.grad = together.grad[i : i + 1]
            single.step([rates[i]])
    assert torch.equal(together, torch.cat(alone))
    assert torch.equal(together[1], start[1])


@pytest.mark.parametrize("changes", [{}, {"keep": "best", "patience": 3, "weight_decay": 1e-3}])
def test_four_different_models_train_together_as_each_alone(changes):
    recipe = replace(RECIPE, **changes)
    stack = Trainer(TASK, MIXED, 8, recipe)
    assert stack.run()
    scores = stack.test_scores()
    assert len({round(s, 6) for s in scores}) == 4
    for index, member in enumerate(MIXED):
        alone = Trainer(TASK, [member], 8, recipe)
        assert alone.run()
        assert alone.stopping.iterations[0] == stack.stopping.iterations[index]
        assert alone.stopping.stopped[0] == stack.stopping.stopped[index]
        for name, value in weights(alone, 0).items():
            torch.testing.assert_close(weights(stack, index)[name], value, rtol=1e-3, atol=1e-4)


def test_a_model_without_patience_left_keeps_its_best_weights_and_the_others_go_on():
    recipe = replace(RECIPE, keep="best", patience=2, curriculum=0.5)
    trainer = Trainer(TASK, [Member(2, 0), Member(2, 0, lr=1.0)], 8, recipe)
    seen = []

    def look(t):
        if t.stopping.stopped[1] and not seen:
            seen.append((t.iteration, weights(t, 1)))

    assert trainer.run(on_progress=look)
    iteration, at_stop = seen[0]
    # The curriculum of the first half does not count, however bad the scores were.
    assert 0.5 * recipe.iterations < iteration < recipe.iterations
    assert all(torch.equal(value, weights(trainer, 1)[name]) for name, value in at_stop.items())
    history = [scores[1] for scores in trainer.history.validation]
    assert trainer.stopping.best[1] == min(history) == history[-1]
    assert trainer.evaluate(trainer._validation)[1] == trainer.stopping.best[1]


def test_all_models_out_of_patience_end_the_run():
    # Steps so small that no weight changes.
    trainer = Trainer(TASK, [Member(0, 0, lr=1e-30)], 4, replace(RECIPE, patience=2, curriculum=0.0))
    assert trainer.run()
    assert trainer.iteration == 15 and trainer.finished and trainer.stopping.ended == [15]


@pytest.mark.parametrize("stop", [50, 119])
def test_the_state_holds_patience_best_weights_and_data(tmp_path, stop):
    recipe = replace(RECIPE, keep="best", patience=4)
    whole, first, second = (Trainer(TASK, MIXED, 8, recipe) for _ in range(3))
    whole.run()
    while first.iteration < stop:
        first.step()
    save_state(first.state(), tmp_path / "state.pt")
    second.restore(tmp_path / "state.pt")
    second.run()
    assert second.stopping.state_dict()["best"] == whole.stopping.state_dict()["best"]
    for p, q in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_score_that_is_no_number_is_never_the_best():
    trainer = Trainer(TASK, [Member(0, 0)], 4, replace(RECIPE, keep="best", patience=2))
    look = trainer.stopping.look
    look(1, [math.nan], True)
    assert math.isnan(trainer.stopping.best[0])
    look(2, [0.5], True)
    look(3, [math.nan], True)
    look(4, [0.4], True)
    assert trainer.stopping.best == [0.4] and trainer.stopping.iterations == [4]
    assert trainer.stopping.stopped == [False]


class Embedded(nn.Module):
    """Symbols through an embedding of each model's own into an AL-RNN."""

    def __init__(self, n_units, pwl_units, n_symbols, init, generators):
        super().__init__()
        table = torch.stack([torch.randn(n_symbols, 3, generator=g) for g in generators])
        self.table = nn.Parameter(table)
        self.core = ALRNN(n_units, pwl_units, 3, 2, init=init, generators=generators)

    @property
    def n_models(self):
        return self.core.n_models

    @property
    def cores(self):
        return {"": self.core}

    def driving(self, inputs):
        inputs = inputs.expand(self.n_models, *inputs.shape) if inputs.ndim == 2 else inputs
        return self.table[torch.arange(self.n_models).view(-1, 1, 1), inputs]

    def forward(self, inputs, z0=None, last=None):
        return self.core(self.driving(inputs), z0, last)

    def reinitialise(self, index, init, generator):
        with torch.no_grad():
            self.table[index] = torch.randn(self.table.shape[1:], generator=generator)
        self.core.reinitialise(index, init, generator)


class MoreOfWhich(Task):
    """Of two symbols among four, which came more often?"""

    name, input_names, output_names = "more", ("symbol",), ("first", "second")
    objective, scored_steps, condition_names = CROSS_ENTROPY, 1, ("first", "second", "never")

    def sample(self, batch, generator):
        symbols = torch.randint(4, (batch, 7), generator=generator)
        more = ((symbols == 1).sum(1) > (symbols == 0).sum(1)).long()
        return Batch(symbols, more, conditions=more, lengths=torch.full((batch,), 7))

    def new_stack(self, n_units, pwl_units, init, generators):
        return Embedded(n_units, pwl_units, 4, init, generators)


def test_a_stack_with_an_embedding_trains_is_regularised_and_exported():
    recipe = replace(RECIPE, iterations=200, curriculum=0.0, init="leaky", tau=1e-3, regularised_units=2)
    trainer = Trainer(MoreOfWhich(), [Member(0, 0), Member(2, 1, lr=5e-3)], 6, recipe)
    assert trainer.run()
    assert all(score > 0.85 for score in trainer.test_scores())
    trials = MoreOfWhich().probe_trials(torch.Generator().manual_seed(0))
    assert trials.conditions.bincount().tolist() == [8, 8] and trials.lengths.tolist() == [7] * 16
    with torch.no_grad():
        outputs, driving = trainer.model(trials.inputs), trainer.model.driving(trials.inputs)
    for index in range(2):
        made = trainer.network(index).run(driving[index].numpy().astype(float)).outputs
        torch.testing.assert_close(torch.tensor(made).float(), outputs[index], rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        trainer.model.table[1] = math.inf
    trainer.step()
    assert trainer.reinitialised == [0, 1]
    with pytest.raises(ModelError, match="at most the number of units 6"):
        Trainer(MoreOfWhich(), [Member(0, 0)], 6, replace(recipe, regularised_units=7))


def test_members_and_recipes_are_checked():
    with pytest.raises(ModelError, match="one architecture, got al_rnn, other"):
        Trainer(TASK, [Member(0, 0), Member(0, 0, architecture="other")], 4, RECIPE)
    with pytest.raises(ModelError, match=r"architecture must be one of .*'al_rnn'"):
        Trainer(TASK, [Member(0, 0, architecture="other")], 4, RECIPE)
    for changes, message in (({"lr": 0.0}, "lr"), ({"samples": 0}, "samples")):
        with pytest.raises(ModelError, match=message):
            Member(0, 0, **changes)
    for changes, message in (({"patience": 0}, "patience"), ({"keep": "first"}, "keep"), ({"weight_decay": -1}, "w")):
        with pytest.raises(ModelError, match=message):
            replace(RECIPE, **changes)
