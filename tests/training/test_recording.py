"""The trials that travel in checkpoints are those that the exported network answers as the trained one does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import plrnn_analysis
from plrnn_training import ALRNN, export, to_plrnn
from plrnn_training.encoders import Embedding, EncodedRNN
from plrnn_training.recording import record_trials
from plrnn_training.tasks import Batch, Task, TrialsTask
from plrnn_training.trials import Trials


class Words(Task):
    """Tokens of three conditions, of unequal length, from states that are drawn."""

    name, input_names, output_names = "words", ("word",), ("answer",)
    condition_names = ("short", "long", "never")

    def sample(self, batch, generator):
        kinds = torch.randint(2, (batch,), generator=generator)
        tokens = torch.randint(5, (batch, 6), generator=generator)
        initial = torch.randn(batch, 4, generator=generator)
        return Batch(tokens, torch.zeros(batch, 1), None, kinds, initial, 2 + 4 * kinds)


def generators():
    return [torch.Generator().manual_seed(seed) for seed in (0, 1)]


def test_behind_an_encoder_they_are_what_the_encoder_makes(tmp_path):
    core = ALRNN(4, [1, 3], n_inputs=3, n_outputs=1, init="leaky", generators=generators())
    stack, task = EncodedRNN(Embedding(5, 3, generators()), core), Words()
    for index in (0, 1):
        trials = record_trials(stack, task, index)
        assert trials.present == ("short", "long") and trials.condition_names == task.condition_names
        assert (trials.n_trials, trials.n_inputs) == (16, 3)
        assert np.array_equal(trials.lengths, np.where(trials.conditions == 0, 2, 6))
        path = tmp_path / "words.safetensors"
        export(core.member(index), path, task, {"seed": index}, trials)
        loaded = plrnn_analysis.load(path)
        assert loaded.input_names == () and loaded.output_names == ("answer",)
        probes = task.probe_trials(torch.Generator())
        assert loaded.trials is not None and len(probes.inputs) == 16
        outputs = loaded.run(loaded.trials.inputs, loaded.trials.initial).outputs
        batch = task.probe_trials(_test_generator())
        with torch.no_grad():
            wanted = stack(batch.inputs, batch.initial)[index]
        np.testing.assert_allclose(outputs, wanted, atol=1e-5)


def _test_generator():
    from plrnn_training.seeds import generator_for

    return generator_for(0, "test")


def test_trials_of_the_user_come_in_the_units_of_the_data():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 9, 2)) * [100.0, 0.01]
    data = Trials.build(inputs, inputs.cumsum(1)[..., :1], lengths=[9, 5] * 20, conditions=["a", "b"] * 20)
    task = TrialsTask(data)
    core = ALRNN(4, [2], 2, 1, init="leaky", generators=generators()[:1])
    trials = record_trials(core, task, 0)
    model = task.in_user_units(to_plrnn(core.member(0)).with_trials(trials))
    assert model.trials is not None and trials.lengths is not None
    assert model.trials.condition_names == ("a", "b") and set(model.trials.lengths) == {5, 9}
    for row in model.trials.inputs:
        assert any(np.allclose(row, own, rtol=1e-6) for own in data.inputs)
    outputs = core.member(0)(torch.tensor(trials.inputs))
    there = task.in_training_units(model)
    assert there.trials is not None
    np.testing.assert_allclose(there.run(there.trials.inputs).outputs, outputs.detach(), atol=1e-5)


class Pairs(torch.nn.Module):
    """Two networks in each model: the second starts where the first one ends and has no input."""

    def __init__(self):
        super().__init__()
        self.first = ALRNN(4, [1, 3], 1, 1, init="leaky", generators=generators())
        self.second = ALRNN(4, [1, 3], 0, 1, init="leaky", generators=generators())
        self.cores = {"first": self.first, "second": self.second}

    def driving(self, inputs):
        return self.first.driving(inputs)

    def seen_by(self, core, batch):
        driven = self.first.driving(batch.inputs)
        if core == "first":
            return replace(batch, inputs=driven)
        ends = self.first.states(driven, batch.initial, last=1)[:, :, -1]
        return replace(batch, inputs=driven[:, :, :3, :0], initial=ends, lengths=None)


@pytest.mark.parametrize("core", ["first", "second"])
def test_every_network_of_a_model_has_its_own(core):
    class Numbers(Words):
        def sample(self, batch, generator):
            drawn = super().sample(batch, generator)
            return replace(drawn, inputs=drawn.inputs.float().unsqueeze(-1))

    stack = Pairs()
    trials = record_trials(stack, Numbers(), 1, core)
    network = to_plrnn(stack.cores[core].member(1)).with_trials(trials)
    assert network.trials is not None
    run = network.run(trials.inputs, trials.initial)
    if core == "first":
        assert run.n_steps == 6 and trials.lengths is not None
    else:
        before = record_trials(stack, Numbers(), 1, "first")
        ends = to_plrnn(stack.first.member(1)).run(before.inputs, before.initial).states[:, -1]
        assert run.n_steps == 3 and trials.lengths is None
        np.testing.assert_allclose(run.initial, ends, atol=1e-5)
