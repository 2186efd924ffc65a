"""Baselines compute what torch's own modules do, train as stacks do, and stand in the place of any task's AL-RNN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import plrnn_analysis
from plrnn_analysis.errors import CheckpointError, ModelError
from plrnn_training import Member, Recipe, Trainer, export
from plrnn_training.architectures import ARCHITECTURES
from plrnn_training.baselines import (
    BASELINES,
    AffineMap,
    BagOfWords,
    LinearRecurrentUnit,
    RecurrentBaseline,
    load_weights,
    new_baseline,
    save_weights,
)  # fmt: skip
from plrnn_training.encoder_decoder import EncoderDecoder
from plrnn_training.encoders import Embedding, EncodedRNN
from plrnn_training.model import ALRNN
from plrnn_training.recording import record_trials
from plrnn_training.seeds import generator_for
from plrnn_training.tasks import Batch, Task
from plrnn_training.tasks.addition import AdditionTask
from plrnn_training.tasks.objectives import CROSS_ENTROPY

RECURRENT = ("rnn", "tanh", "gru", "lstm", "lru")


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds or (0, 1, 2)]


class Words(Task):
    """Which of two words comes more often: a bag of words knows it."""

    name, input_names, output_names, objective = "words", ("word",), ("a", "b"), CROSS_ENTROPY
    scored_steps = 1

    def sample(self, batch, generator):
        words = torch.randint(3, (batch, 9), generator=generator)
        words[:, 0] = torch.where((words == 1).sum(1) == (words == 2).sum(1), 1, 0)
        return Batch(words, ((words == 2).sum(1) > (words == 1).sum(1)).long())

    def new_stack(self, n_units, pwl_units, init, generators):
        core = ALRNN(n_units, pwl_units, 4, 2, init=init, generators=generators)
        return EncodedRNN(Embedding(3, 4, generators, padding=0), core)


class Echo(Task):
    """Reads a few numbers and writes the first one three times."""

    name, input_names, output_names = "echo", ("number",), ("answer",)

    def sample(self, batch, generator):
        numbers = torch.randn(batch, 4, 1, generator=generator)
        return Batch(numbers, numbers[:, :1].expand(batch, 3, 1))

    def new_stack(self, n_units, pwl_units, init, generators):
        reader = ALRNN(n_units, pwl_units, 1, 1, init=init, generators=generators)
        writer = ALRNN(n_units, pwl_units, 0, 1, init=init, generators=generators)
        return EncoderDecoder(reader, writer, n_steps=3)


def own_module(stack: RecurrentBaseline, index: int) -> nn.RNNBase:
    kinds = {
        "rnn": (nn.RNN, {"nonlinearity": "relu"}),
        "tanh": (nn.RNN, {}),
        "gru": (nn.GRU, {}),
        "lstm": (nn.LSTM, {}),
    }
    kind, options = kinds[stack.layer]
    module = kind(stack.n_inputs, stack.n_units, batch_first=True, **options)
    names = [name for name, _ in module.named_parameters()]
    module.load_state_dict({name: stack.state_dict()[name][index] for name in names})
    return module


@pytest.mark.parametrize("layer", ["rnn", "tanh", "gru", "lstm"])
def test_they_are_torchs_own_layers(layer):
    stack = RecurrentBaseline(layer, 6, 3, 2, generators())
    inputs, z0 = torch.randn(4, 11, 3), torch.randn(4, 6)
    for start in (None, z0):
        outputs = stack(inputs, start)
        assert outputs.shape == (3, 4, 11, 2)
        torch.testing.assert_close(stack(inputs.expand(3, *inputs.shape), start, last=2), outputs[:, :, -2:])
        outputs.square().sum().backward()
        for index in range(3):
            module, held = own_module(stack, index), None
            if start is not None:
                held = start.unsqueeze(0)
                held = (held, torch.zeros_like(held)) if layer == "lstm" else held
            states, _ = module(inputs, held)
            wanted = states @ stack.B[index].detach().mT + stack.b[index].detach()
            torch.testing.assert_close(outputs[index], wanted)
            wanted.square().sum().backward()
            for name, parameter in module.named_parameters():
                torch.testing.assert_close(getattr(stack, name).grad[index], parameter.grad)
        stack.zero_grad()


def test_the_linear_unit_is_linear_and_stable():
    stack = LinearRecurrentUnit(7, 2, 3, generators()).double()
    assert (stack.n_complex, stack.B_real.shape) == (4, (3, 4, 2))
    inputs, z0 = torch.randn(5, 9, 2).double(), torch.randn(5, 7).double()
    value = stack.eigenvalues().detach().numpy()
    assert np.all(np.abs(value) < 1)
    np.testing.assert_allclose(torch.exp(stack.gamma.detach()), np.sqrt(1 - np.abs(value) ** 2), rtol=1e-6)
    outputs = stack(inputs, z0).detach().numpy()
    p = {name: parameter.detach().numpy() for name, parameter in stack.named_parameters()}
    for e in range(3):
        padded = np.concatenate([z0.numpy(), np.zeros((5, 1))], axis=1)
        x = padded[:, :4] + 1j * padded[:, 4:]
        for t in range(9):
            u = inputs[:, t].numpy()
            x = value[e] * x + np.exp(p["gamma"][e]) * (u @ (p["B_real"][e] + 1j * p["B_imag"][e]).T)
            y = (x @ (p["C_real"][e] + 1j * p["C_imag"][e]).T).real + u @ p["D"][e].T + p["b"][e]
            np.testing.assert_allclose(outputs[e, :, t], y, atol=1e-12)
    np.testing.assert_allclose(stack(inputs, z0, last=2).detach(), outputs[:, :, -2:])


def test_maps_without_recurrence():
    inputs = torch.randn(4, 7, 3)
    maps, bag = AffineMap(7, 3, 2, generators()), BagOfWords(3, 2, generators())
    for length in (7, 5, 1):
        used, weights = inputs[:, :length], maps.B[:, :, 7 - length :]
        for t in range(length):
            # What has not come yet is not seen; what came before the first step is zero.
            seen = used[:, : t + 1]
            wanted = torch.einsum("btk,entk->ebn", seen, weights[:, :, length - t - 1 :]) + maps.b.unsqueeze(1)
            torch.testing.assert_close(maps(used)[:, :, t], wanted)
            mean = seen.mean(1) @ bag.B.mT + bag.b.unsqueeze(1)
            torch.testing.assert_close(bag(used)[:, :, t], mean)
        for stack in (maps, bag):
            for last in range(1, length + 1):
                torch.testing.assert_close(stack(used, last=last), stack(used)[:, :, -last:])
    own = torch.randn(3, 4, 7, 3)
    torch.testing.assert_close(maps(own)[1], maps(own[1])[1])
    with pytest.raises(ModelError, match="up to 7 steps, got 8"):
        maps(torch.zeros(1, 8, 3))
    with pytest.raises(ModelError, match="last must be a whole number in 1..7".replace(".", r"\.")):
        bag(inputs, last=8)


@pytest.mark.parametrize("name", BASELINES)
def test_models_of_a_stack_share_nothing(name):
    task = AdditionTask(length=12)
    together = new_baseline(name, task, 5, 3, generators())
    for parameter in together.parameters():
        assert parameter.shape[0] == 3
    alone = new_baseline(name, task, 5, 1, generators(1))
    inputs = task.sample(6, torch.Generator()).inputs
    torch.testing.assert_close(together(inputs, None, 1)[1:2], alone(inputs, None, 1))
    first = together(inputs, None, 1).detach().clone()
    together.reinitialise(1, "gated", torch.Generator().manual_seed(9))
    second = together(inputs, None, 1).detach()
    assert torch.equal(first[[0, 2]], second[[0, 2]]) and not torch.equal(first[1], second[1])
    assert together.cores == {} and torch.equal(together.driving(inputs)[2], inputs)


@pytest.mark.parametrize("name", BASELINES)
def test_they_train_as_stacks_do(name):
    """Together as alone, from the same seeds."""
    task = AdditionTask(length=6)
    recipe = Recipe(iterations=8, batch=8, validation_trials=16, test_trials=16, evaluations=2, lr=1e-2)
    trainer = Trainer(task, [Member(0, seed, architecture=name) for seed in (0, 1)], 4, recipe)
    trainer.run()
    single = Trainer(task, [Member(0, 1, architecture=name)], 4, recipe)
    single.run()
    assert trainer.test_scores()[1] == pytest.approx(single.test_scores()[0], rel=1e-4)
    assert trainer.networks(0).keys() == ({""} if name == "rnn" else set())


def test_relu_networks_are_exported_for_analysis(tmp_path):
    task = AdditionTask(length=10)
    stack = new_baseline("rnn", task, 5, 2, generators(0, 1))
    for index in (0, 1):
        path = tmp_path / "rnn.safetensors"
        export(stack.network(index), path, task, {"seed": index}, record_trials(stack, task, index))
        model = plrnn_analysis.load(path)
        assert model.architecture == "relu_rnn" and model.trials is not None
        outputs = model.run(model.trials).outputs
        with torch.no_grad():
            np.testing.assert_allclose(outputs, stack(torch.tensor(model.trials.inputs))[index], atol=1e-6)


def test_behind_an_encoder():
    task = Words()
    batch = task.sample(5, torch.Generator())
    for name in BASELINES:
        if name == "affine":
            continue
        stack = new_baseline(name, task, 6, 3, generators())
        assert stack(batch.inputs, None, 1).shape == (3, 5, 1, 2) and stack.cores == {}
        assert stack.driving(batch.inputs).shape == (3, 5, 9, 4)
        torch.testing.assert_close(stack(batch.inputs), stack.core(stack.driving(batch.inputs)))
        assert hasattr(stack, "network") == (name == "rnn")
        stack.reinitialise(0, "gated", torch.Generator())
    assert new_baseline("affine", task, 6, 3, generators()).core.n_steps == 9


def test_a_bag_of_words_learns_what_needs_no_order():
    recipe = Recipe(iterations=300, batch=64, lr=3e-2, curriculum=0.0, evaluations=1, test_trials=500)
    trainer = Trainer(Words(), [Member(0, 0, architecture="bag_of_words")], 4, recipe)
    trainer.run()
    assert trainer.test_scores()[0] > 0.95


def test_in_pairs_that_read_and_write():
    task = Echo()
    batch = task.sample(5, torch.Generator())
    for name in RECURRENT:
        stack = new_baseline(name, task, 6, 2, generators(0, 1))
        assert stack(batch.inputs).shape == (2, 5, 3, 1) and stack(batch.inputs, last=4).shape == (2, 5, 4, 1)
        other = batch.inputs.clone()
        other[:, 0] += 1.0
        assert not torch.allclose(stack(batch.inputs), stack(other))
        stack(batch.inputs).square().sum().backward()
        assert all((p.grad is None) == (not p.requires_grad) for p in stack.parameters())
        stack.reinitialise(1, "gated", torch.Generator())
    for name in ("affine", "bag_of_words"):
        with pytest.raises(ModelError, match=f"no baseline '{name}' for the task 'echo'"):
            new_baseline(name, task, 6, 2, generators(0, 1))


def test_what_is_refused():
    task = AdditionTask(length=6)
    with pytest.raises(ModelError, match="architecture must be one of"):
        new_baseline("mamba", task, 4, 1, generators(0))
    with pytest.raises(ModelError, match="one generator per model: 2 expected, got 1"):
        new_baseline("gru", task, 4, 2, generators(0))
    stack = new_baseline("gru", task, 4, 2, generators(0, 1))
    with pytest.raises(ModelError, match=r"inputs must have shape \(batch, T, 2\)"):
        stack(torch.zeros(3, 6, 5))
    with pytest.raises(ModelError, match="last must be a whole number"):
        stack(torch.zeros(3, 6, 2), last=7)
    assert set(ARCHITECTURES) == {"al_rnn", *BASELINES}


def test_weights_in_a_file(tmp_path):
    task, path = AdditionTask(length=6), tmp_path / "models" / "gru.safetensors"
    stack, other = (new_baseline("gru", task, 4, 2, [generator_for(s, i) for i in (0, 1)]) for s in (0, 1))
    save_weights(stack, 1, path, {"seed": 1})
    assert load_weights(other, 0, path) == {"seed": 1}
    inputs = task.sample(3, torch.Generator()).inputs
    assert torch.equal(other(inputs)[0], stack(inputs)[1])
    assert not torch.equal(other(inputs)[1], stack(inputs)[1])
    with pytest.raises(CheckpointError, match="weights of another model"):
        load_weights(new_baseline("gru", task, 5, 2, generators(0, 1)), 0, path)
    (tmp_path / "damaged.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="no file of weights"):
        load_weights(stack, 0, tmp_path / "damaged.safetensors")
    with pytest.raises(plrnn_analysis.CheckpointError):
        plrnn_analysis.load(path)
