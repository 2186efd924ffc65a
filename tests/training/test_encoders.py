"""Encoders of a stack against torch's own layers, one model at a time."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from plrnn_analysis.errors import ModelError
from plrnn_training import ALRNN
from plrnn_training.encoders import Chain, Convolution, Embedding, EncodedRNN, Perceptron

E, BATCH, T = 3, 4, 11


def generators(first=0):
    return [torch.Generator().manual_seed(first + i) for i in range(E)]


def assert_as_single(stack, singles, inputs, names):
    """Outputs and gradients of the stack are those of its models, one after another."""
    weights = torch.randn(stack(inputs).shape, generator=torch.Generator().manual_seed(9))
    (stack(inputs) * weights).sum().backward()
    for i, single in enumerate(singles):
        own = inputs[i] if inputs.ndim == singles[i].wanted else inputs
        outputs = single(own)
        torch.testing.assert_close(outputs, stack(inputs)[i])
        (outputs * weights[i]).sum().backward()
        for mine, theirs in names:
            torch.testing.assert_close(stack.get_parameter(mine).grad[i], single.get_parameter(theirs).grad)


class Single(nn.Module):
    """A torch layer for one model that is fed in the order batch, time, channels."""

    def __init__(self, layer, wanted, call):
        super().__init__()
        self.layer, self.wanted, self.call = layer, wanted, call

    def forward(self, inputs):
        return self.call(self.layer, inputs)


@pytest.mark.parametrize("own", [False, True])
def test_embedding(own):
    stack = Embedding(7, 5, generators(), padding=2)
    singles = []
    for i in range(E):
        layer = nn.Embedding(7, 5, padding_idx=2)
        with torch.no_grad():
            layer.weight.copy_(stack.weight[i])
            layer.weight[2] = 0.0
        singles.append(Single(layer, 3, lambda layer, words: layer(words)))
    words = torch.randint(7, (E, BATCH, T) if own else (BATCH, T), generator=torch.Generator().manual_seed(1))
    assert (words == 2).any()
    assert_as_single(stack, singles, words, [("weight", "layer.weight")])
    assert not stack.weight.grad[:, 2].any()


@pytest.mark.parametrize(
    ("width", "stride", "own"), [(1, 1, False), (5, 1, True), (5, 2, False), (4, 3, True), (3, 3, True)]
)
def test_convolution_looks_back_only(width, stride, own):
    stack = Convolution(4, 6, width, generators(), stride)
    after = -T % stride

    def call(layer, inputs):
        padded = nn.functional.pad(inputs.mT, (width - stride, after))
        return layer(padded).mT

    singles = []
    for i in range(E):
        layer = nn.Conv1d(4, 6, width, stride)
        with torch.no_grad():
            layer.weight.copy_(stack.weight[i])
            layer.bias.copy_(stack.bias[i])
        singles.append(Single(layer, 4, call))
    inputs = torch.randn((E, BATCH, T, 4) if own else (BATCH, T, 4), generator=torch.Generator().manual_seed(1))
    assert_as_single(stack, singles, inputs, [("weight", "layer.weight"), ("bias", "layer.bias")])
    assert stack(inputs).shape[2] == -(-T // stride)
    # What comes later changes nothing that is read at the last valid step.
    other = inputs.clone()
    other[..., 6:, :] += 1.0
    valid = 6 // stride
    torch.testing.assert_close(stack(other)[:, :, :valid], stack(inputs)[:, :, :valid])


def test_perceptron():
    stack = Perceptron((4, 8, 5, 3), generators())
    singles = []
    for i in range(E):
        layer = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
        with torch.no_grad():
            for part, own in zip(stack.parts, (layer[0], layer[2], layer[4])):
                own.weight.copy_(part.weight[i, :, :, 0])
                own.bias.copy_(part.bias[i])
        singles.append(Single(layer, 4, lambda layer, inputs: layer(inputs)))
    inputs = torch.randn(BATCH, T, 4, generator=torch.Generator().manual_seed(1))
    assert_as_single(stack, singles, inputs, [(f"parts.{k}.bias", f"layer.{2 * k}.bias") for k in range(3)])
    for i, single in enumerate(singles):
        torch.testing.assert_close(stack.parts[1].weight.grad[i, :, :, 0], single.layer[2].weight.grad)


def encoded(seed=0):
    drawn = generators(seed)
    core = ALRNN(6, [0, 2, 6], n_inputs=3, n_outputs=2, init="leaky", generators=drawn)
    chain = Chain([Embedding(7, 5, drawn, padding=0), Convolution(5, 3, 4, drawn, 2)])
    return EncodedRNN(chain, core)


def test_encoded_stack_is_its_core_on_the_encoders_output():
    stack = encoded()
    words = torch.randint(7, (BATCH, T), generator=torch.Generator().manual_seed(1))
    driving = stack.driving(words)
    assert driving.shape == (E, BATCH, 6, 3) and stack.n_models == E
    torch.testing.assert_close(stack(words), stack.core(driving))
    torch.testing.assert_close(stack(words, last=2), stack(words)[:, :, -2:])
    assert stack.cores == {"": stack.core}
    assert all(p.shape[0] == E for p in stack.parameters())
    stack(words).square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in stack.parameters())


def test_new_weights_are_those_of_a_new_stack_and_touch_one_model():
    stack, other = encoded(0), encoded(10)
    before = {name: p.detach().clone() for name, p in stack.named_parameters()}
    stack.reinitialise(1, "leaky", torch.Generator().manual_seed(11))
    for name, p in stack.named_parameters():
        assert torch.equal(p[1], other.get_parameter(name)[1]), name
        assert torch.equal(p[[0, 2]], before[name][[0, 2]]), name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embedding(7, 5, []), "one generator per model, got none"),
        (lambda: Embedding(7, 5, generators(), padding=7), "padding"),
        (lambda: Embedding(7, 5, generators())(torch.zeros(2, 3)), "whole numbers"),
        (lambda: Convolution(4, 3, 2, generators(), stride=3), "stride"),
        (lambda: Convolution(4, 3, 2, generators())(torch.zeros(2, 3, 5)), r"shape \(batch, T, 4\), got \(2, 3, 5\)"),
        (lambda: Perceptron((4,), generators()), "widths of its input and its output"),
        (lambda: Chain([Embedding(7, 4, generators()), Embedding(7, 4, generators()[:1])]), r"got \[3, 1\]"),
        (
            lambda: EncodedRNN(Embedding(7, 5, generators()), ALRNN(4, [0, 1, 2], 3, 2)),
            r"3 models with 5 outputs",
        ),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ModelError, match=message):
        make()
