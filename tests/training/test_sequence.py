"""The hand-written backward pass against autograd, finite differences and the analysis package."""

from __future__ import annotations

import types

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plrnn_analysis.errors import ModelError
from plrnn_training import ALRNN, sequence, to_plrnn
from plrnn_training.sequence import Forcing, eager_states, sequence_states


def draw(n_models, batch, n_steps, n_inputs, n_units, pwl_units, seed, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=1.0):
        return (scale * torch.randn(*shape, generator=g, dtype=dtype)).requires_grad_()

    floor = torch.zeros(n_models, n_units, dtype=dtype)
    for e, p in enumerate(pwl_units):
        floor[e, : n_units - p] = -torch.inf
    weights = (
        normal(n_models, n_units),
        normal(n_models, n_units, n_units, scale=0.7),
        normal(n_models, n_units, n_inputs),
        normal(n_models, n_units),
    )
    return weights, normal(n_models, batch, n_steps, n_inputs), normal(n_models, batch, n_units), floor


def draw_forcing(n_models, batch, n_steps, n_units, n_outputs, seed):
    """Gains of every kind: none at some steps, some outputs only, between 0 and 1."""
    g = torch.Generator().manual_seed(seed + 1)

    def normal(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    gain = torch.rand(n_models, n_steps, batch, n_outputs, generator=g, dtype=torch.float64)
    gain *= gain > 0.3
    gain[:, 1::2] = 0.0
    B = normal(n_models, n_outputs, n_units)
    observations = normal(n_models, n_steps, batch, n_outputs)
    return Forcing(gain, observations, B, normal(n_models, n_outputs), torch.linalg.pinv(B))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("first", [0, 2, 4])
def test_gradients_against_finite_differences(first, forced, compiled):
    weights, inputs, z0, floor = draw(3, 2, 5, 2, 4, (0, 2, 4), seed=0)
    forcing = draw_forcing(3, 2, 5, 4, 2, seed=0) if forced else None

    def states(A, W, C, h, s, z):
        return sequence_states(A, W, C, h, s, floor, 4, first, z, forcing, compiled)

    assert torch.autograd.gradcheck(states, (*weights, inputs, z0))


def test_forcing_replaces_outputs_by_what_was_observed():
    """With gain 1 the outputs are the observations; where the gain is 0 they are as they were."""
    weights, inputs, z0, floor = draw(2, 3, 1, 1, 6, (1, 3), seed=5)
    drawn = draw_forcing(2, 3, 1, 6, 3, seed=5)
    gain = torch.ones_like(drawn.gain)
    gain[..., 1] = 0.0
    forcing = Forcing(gain, drawn.observations, drawn.B, drawn.b, drawn.K)
    forced = forcing.apply(z0, 0) @ drawn.B.mT + drawn.b.unsqueeze(1)
    free = z0 @ drawn.B.mT + drawn.b.unsqueeze(1)
    wanted = torch.where(gain[:, 0] == 1.0, drawn.observations[:, 0], free)
    torch.testing.assert_close(forced, wanted, rtol=0, atol=1e-12)
    # A step from there.
    for compiled in (False, True):
        ours = sequence_states(*weights, inputs, floor, 3, 0, z0, forcing, compiled)
        theirs = sequence_states(*weights, inputs, floor, 3, 0, forcing.apply(z0, 0), None, compiled)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11)


def test_compiled_loops_are_for_small_models_on_a_cpu(monkeypatch):
    chosen = []
    for name in ("_CompiledStates", "_SequenceStates"):
        original = getattr(sequence, name)
        spy = types.SimpleNamespace(apply=lambda *a, o=original, n=name: chosen.append(n) or o.apply(*a))
        monkeypatch.setattr(sequence, name, spy)
    for n_models, dtype in ((1, torch.float32), (1, torch.float64), (200, torch.float32), (1, torch.bfloat16)):
        weights, inputs, z0, floor = draw(n_models, 16, 2, 1, 20, (2,) * n_models, seed=0, dtype=dtype)
        sequence_states(*weights, inputs, floor, 2, 0, z0)
    assert chosen == ["_CompiledStates", "_CompiledStates", "_SequenceStates", "_SequenceStates"]


def test_not_a_number_stays_one():
    weights, inputs, z0, floor = draw(1, 1, 3, 1, 4, (2,), seed=0)
    with torch.no_grad():
        z0[..., -1] = torch.nan
    for compiled in (False, True):
        assert sequence_states(*weights, inputs, floor, 2, 0, z0, None, compiled).isnan().all()


@settings(max_examples=60, deadline=None)
@given(
    compiled=st.booleans(),
    forced=st.booleans(),
    pwl=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    batch=st.integers(1, 4),
    n_steps=st.integers(1, 7),
    n_inputs=st.integers(0, 3),
    slack=st.integers(0, 2),
    seed=st.integers(0, 10_000),
    data=st.data(),
)
def test_same_states_and_gradients_as_autograd(compiled, forced, pwl, batch, n_steps, n_inputs, slack, seed, data):
    first = data.draw(st.integers(0, n_steps - 1))
    n_units = 5
    weights, inputs, z0, floor = draw(len(pwl), batch, n_steps, n_inputs, n_units, pwl, seed)
    leaves = (*weights, inputs, z0)
    n_tail = min(n_units, max(pwl) + slack)
    forcing = draw_forcing(len(pwl), batch, n_steps, n_units, 2, seed) if forced else None
    ours = sequence_states(*weights, inputs, floor, n_tail, first, z0, forcing, compiled)
    theirs = eager_states(*weights, inputs, floor, n_tail, first, z0, forcing)
    scale = 1 + theirs.detach().abs().max()
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-12 * float(scale))
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(seed), dtype=ours.dtype)
    for a, b in zip(
        torch.autograd.grad((ours * weight).sum(), leaves),
        torch.autograd.grad((theirs * weight).sum(), leaves),
        strict=True,
    ):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-10 * float(1 + b.abs().max()) if b.numel() else 0)


@pytest.mark.parametrize("compiled", [False, True])
def test_derivative_at_zero_is_that_of_torch_relu(compiled):
    floor = torch.zeros(1, 1, dtype=torch.float64)
    z0 = torch.zeros(1, 1, 1, dtype=torch.float64, requires_grad=True)
    A, W, h = torch.full((1, 1), 0.3).double(), torch.full((1, 1, 1), 5.0).double(), torch.zeros(1, 1).double()
    sequence_states(
        A, W, torch.zeros(1, 1, 0).double(), h, torch.zeros(1, 1, 1, 0).double(), floor, 1, 0, z0, None, compiled
    ).sum().backward()
    assert z0.grad.item() == pytest.approx(0.3)


@pytest.mark.parametrize("pwl_units", [0, 1, 3, 6])
def test_module_equals_exported_model(pwl_units):
    torch.manual_seed(pwl_units)
    model = ALRNN(6, pwl_units, 2, 3).double()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn_like(p))
    inputs = torch.randn(4, 30, 2, dtype=torch.float64)
    with torch.no_grad():
        states, outputs = model.states(inputs), model(inputs)
    run = to_plrnn(model).run(inputs.numpy())
    scale = float(states.abs().max())
    np.testing.assert_allclose(states.numpy(), run.states, atol=1e-10 * scale, rtol=0)
    np.testing.assert_allclose(outputs.numpy(), run.outputs, atol=1e-10 * scale, rtol=0)


def test_stack_equals_its_members():
    torch.manual_seed(0)
    stack = ALRNN(5, [0, 2, 5], 2, 1).double()
    inputs, z0 = torch.randn(3, 4, 12, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    outputs = stack(inputs, z0, last=3)
    assert outputs.shape == (3, 4, 3, 1)
    for e in range(3):
        member = stack.member(e)
        assert torch.allclose(outputs[e], member(inputs[e], z0, last=3), atol=1e-12)
        assert torch.allclose(outputs[e], member(inputs[e], z0)[:, -3:], atol=1e-12)
    shared = stack(inputs[0])
    assert torch.allclose(shared[1], stack.member(1)(inputs[0]), atol=1e-12)


def test_weights_do_not_depend_on_the_stack():
    def generator():
        return torch.Generator().manual_seed(3)

    alone = ALRNN(6, 2, 2, 1, generators=generator())
    stack = ALRNN(6, [4, 2], 2, 1, generators=[torch.Generator(), generator()])
    for name, value in stack.member(1).named_parameters():
        assert torch.equal(value, getattr(alone, name))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 5, 2, 1), "pwl_units must be a whole number in 0..4"),
        ((4, [1, -1], 2, 1), "pwl_units must be a whole number in 0..4"),
        ((0, 0, 2, 1), "at least one unit"),
        ((4, [], 2, 1), "at least one unit"),
    ],
)
def test_illegal_sizes(arguments, message):
    with pytest.raises(ModelError, match=message):
        ALRNN(*arguments)


def test_illegal_calls():
    with pytest.raises(ModelError, match="init must be one of"):
        ALRNN(3, 1, 1, 1, init="magic")
    with pytest.raises(ModelError, match="one generator per model"):
        ALRNN(3, [1, 1], 1, 1, generators=torch.Generator())
    model = ALRNN(3, 1, 2, 1)
    with pytest.raises(ModelError, match="inputs must have shape"):
        model(torch.zeros(2, 4, 3))
    with pytest.raises(ModelError, match=r"last must be a whole number in 1\.\.4"):
        model(torch.zeros(2, 4, 2), last=5)
    with pytest.raises(ModelError, match="stack"):
        model.member(0)
    with pytest.raises(ModelError, match="stack"):
        to_plrnn(ALRNN(3, [1, 1], 1, 1))
