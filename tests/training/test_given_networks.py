"""Networks that are given to the trainer: stacks of them, what stays as it is, and where a failed one goes back to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from plrnn_analysis import PLRNN
from plrnn_analysis.errors import ModelError
from plrnn_training import ALRNN, Batch, Member, Recipe, Task, Trainer, to_plrnn
from plrnn_training.canonical import CanonicalRNN

RNG = np.random.default_rng(0)
RECIPE = Recipe(iterations=20, batch=8, validation_trials=10, test_trials=10, evaluations=1)


def al_rnn(relu_units, rng=RNG):
    weights = {"A": rng.uniform(0, 0.5, 5), "W": 0.3 * rng.normal(size=(5, 5)), "h": rng.normal(size=5)}
    return PLRNN.al_rnn(
        **weights, relu_units=relu_units, C=rng.normal(size=(5, 2)), B=rng.normal(size=(3, 5)), b=np.ones(3)
    )


def shallow(rng=RNG):
    weights = {"A": 0.3 * rng.normal(size=(4, 4)), "W1": rng.normal(size=(4, 6)), "W2": 0.3 * rng.normal(size=(6, 4))}
    offsets = {"h1": rng.normal(size=4), "h2": rng.normal(size=6)}
    ports = {"C": rng.normal(size=(4, 2)), "E": rng.normal(size=(6, 2)), "B": rng.normal(size=(3, 4))}
    return PLRNN.shallow(**weights, **offsets, **ports)


class FromAState(Task):
    """Sums of two inputs, from a random state on."""

    name, input_names, output_names, scored_steps = "from-a-state", ("a", "b"), ("x", "y", "z"), 2

    def __init__(self, n_units):
        self.n_units = n_units

    def sample(self, batch, generator):
        inputs = torch.randn(batch, 4, 2, generator=generator)
        initial = torch.randn(batch, self.n_units, generator=generator)
        return Batch(inputs, inputs.cumsum(1)[:, -2:, [0, 1, 1]], initial=initial)


STACKS = [(ALRNN.from_networks, [al_rnn((1, 3)), al_rnn((0, 4))]), (CanonicalRNN, [shallow(), shallow()])]


@pytest.mark.parametrize(("stack_of", "networks"), STACKS, ids=["al_rnn", "canonical"])
def test_a_stack_is_the_networks_it_was_made_of(stack_of, networks):
    stack = stack_of(networks)
    inputs, initial = RNG.normal(size=(7, 9, 2)), RNG.normal(size=(7, networks[0].n_units))
    with torch.no_grad():
        outputs = stack(torch.tensor(inputs, dtype=torch.float32), torch.tensor(initial, dtype=torch.float32), 4)
    assert outputs.shape == (2, 7, 4, 3)
    trainer = Trainer(FromAState(networks[0].n_units), [Member(2, 0), Member(2, 1)], 5, RECIPE, model=stack)
    for index, network in enumerate(networks):
        wanted = network.run(inputs, initial).outputs[:, -4:]
        np.testing.assert_allclose(outputs[index], wanted, rtol=1e-3, atol=1e-3)
        back = trainer.network(index)
        assert back.relu_units == network.relu_units
        for name in ("A", "W", "V", "c", "h", "C", "E"):
            np.testing.assert_allclose(getattr(back.map, name), getattr(network.map, name), rtol=1e-6)
        np.testing.assert_array_equal(back.B, np.float32(network.B))


@pytest.mark.parametrize(("stack_of", "networks"), STACKS, ids=["al_rnn", "canonical"])
def test_training_goes_on_from_given_weights_and_leaves_what_is_frozen(stack_of, networks):
    trainer = Trainer(
        FromAState(networks[0].n_units),
        [Member(2, 0), Member(2, 1)],
        networks[0].n_units,
        replace(RECIPE, lr=1e-3),
        model=stack_of(networks),
        frozen=("B", "b"),
    )
    before = trainer.test_scores()
    assert trainer.run()
    assert all(b < a for a, b in zip(before, trainer.test_scores()))
    for index, network in enumerate(networks):
        back = trainer.network(index)
        np.testing.assert_array_equal(back.B, np.float32(network.B))
        assert 0 < np.abs(back.map.W - network.map.W).max() < 0.05


def test_a_given_network_that_diverges_goes_back_to_its_weights():
    networks = STACKS[1][1]
    trainer = Trainer(FromAState(4), [Member(6, 0), Member(6, 1)], 4, RECIPE, model=CanonicalRNN(networks))
    trainer.step()
    with torch.no_grad():
        trainer.model.W[1].fill_(1e30)
    trainer.step()
    assert trainer.reinitialised == [0, 1]
    np.testing.assert_array_equal(trainer.network(1).map.W, np.float32(networks[1].map.W))


def test_what_is_no_such_network_is_refused():
    with pytest.raises(ModelError, match="diagonal A and a readout"):
        ALRNN.from_networks([shallow()])
    with pytest.raises(ModelError, match="needs a readout"):
        CanonicalRNN([PLRNN.shallow([0.5], [[1.0]], [[1.0]], [0.0], [0.0])])
    stack = ALRNN.from_networks([al_rnn((1, 3)), al_rnn(())])
    with pytest.raises(ModelError, match="every model of a stack"):
        _ = stack.relu_units
    assert stack.member(0).relu_units == (1, 3) and to_plrnn(stack.member(1)).relu_units == ()
