"""Leaky rate networks against their PyTorch steps, their options, and every analysis on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import brute_force
from test_activations import REFERENCES

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.rate_networks import LEAKY_FORMS

torch = pytest.importorskip("torch")


class Cell(torch.nn.Module):
    """A leaky cell as people write it, in the three forms that are published."""

    def __init__(self, m, k, alpha, form, phi, mask=None, dale=None):
        super().__init__()
        self.input2h = torch.nn.Linear(k, m)
        self.h2h = torch.nn.Linear(m, m)
        self.alpha, self.form, self.phi, self.mask, self.dale = alpha, form, phi, mask, dale

    def recurrent(self, x):
        W = self.h2h.weight
        if self.dale is not None:
            W = W.abs() @ torch.diag(self.dale)
        if self.mask is not None:
            W = W * self.mask
        return x @ W.T + self.h2h.bias

    def forward(self, s, h):
        alpha, phi = self.alpha, self.phi
        if self.form == "rate":
            return (1 - alpha) * h + alpha * phi(self.recurrent(h) + self.input2h(s))
        if self.form == "current":
            return (1 - alpha) * h + alpha * (self.recurrent(phi(h)) + self.input2h(s))
        return phi((1 - alpha) * h + alpha * (self.recurrent(h) + self.input2h(s)))


@pytest.mark.parametrize("activation", REFERENCES)
@pytest.mark.parametrize("form", LEAKY_FORMS)
def test_a_thousand_steps_of_the_pytorch_cell(form, activation):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    for draw in range(20):
        m, k = int(rng.integers(1, 12)), int(rng.integers(1, 4))
        per_unit = draw % 2
        alpha = torch.tensor(rng.uniform(0.05, 1.0, m if per_unit else None), dtype=torch.float64)
        mask = torch.tensor((rng.random((m, m)) < 0.7).astype(float)) if draw % 3 == 0 else None
        dale = torch.tensor(rng.choice([-1.0, 1.0], m)) if draw % 4 == 0 else None
        cell = Cell(m, k, alpha, form, REFERENCES[activation], mask, dale).double()
        weights = {name: value.detach().numpy() for name, value in cell.named_parameters()}
        model = PLRNN.leaky_rnn(
            weights["h2h.weight"],
            weights["input2h.weight"],
            weights["h2h.bias"] + weights["input2h.bias"],
            alpha.numpy(),
            form=form,
            mask=None if mask is None else mask.numpy(),
            dale=None if dale is None else dale.numpy(),
            activation=activation,
        )
        h, s = 2.0 * rng.normal(size=(50, m)), rng.normal(size=(50, k))
        with torch.no_grad():
            wanted = cell(torch.tensor(s), torch.tensor(h)).numpy()
        assert np.abs(model.run(s[:, None], h).states[:, 0] - wanted).max() < 1e-12


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    form=st.sampled_from(list(LEAKY_FORMS)),
    activation=st.sampled_from(["relu", "leaky_relu", "hardtanh", "hard_sigmoid", "abs"]),
)
def test_all_fixed_points(seed, form, activation):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 5))
    W, b = 2.0 * rng.normal(size=(m, m)), rng.normal(size=m)
    model = PLRNN.leaky_rnn(W, None, b, rng.uniform(0.1, 1.0, m), form=form, activation=activation)
    map = model.map
    expected, ambiguous = brute_force(map.A, map.W, map.V, map.c, map.h)
    if ambiguous:
        return
    found = model.fixed_points()
    assert found.complete and len(found) == len(expected)
    for point in found:
        assert min(np.abs(point.z - z).max() for _, z in expected) < 1e-8 * (1.0 + np.abs(point.z).max())


def test_fixed_points_do_not_depend_on_the_step_and_rates_correspond():
    rng = np.random.default_rng(3)
    W, b = 1.5 * rng.normal(size=(5, 5)), rng.normal(size=5)
    rates = [PLRNN.leaky_rnn(W, None, b, alpha).fixed_points() for alpha in (0.1, 0.5, 1.0)]
    current = PLRNN.leaky_rnn(W, None, b, 0.1, form="current").fixed_points()
    for found in (*rates[1:], current):
        assert found.complete and [p.bitcode for p in found] == [p.bitcode for p in rates[0]]
    for h, x in zip(rates[0], current):
        assert np.allclose(np.maximum(x.z, 0.0), h.z)


def test_three_states_of_two_units_that_inhibit_each_other():
    model = PLRNN.leaky_rnn([[0.0, -2.0], [-2.0, 0.0]], b=[1.0, 1.0], alpha=0.2)
    found = model.fixed_points()
    assert found.complete and [(p.bitcode, str(p.stability)) for p in found] == [
        ("01", "stable node"),
        ("10", "stable node"),
        ("11", "saddle"),
    ]


def test_time_constants_are_a_leak():
    W, tau = [[0.0, 1.0], [0.5, 0.0]], [50.0, 100.0]
    assert np.array_equal(
        PLRNN.leaky_rnn(W, dt=10.0, tau=tau).map.A, PLRNN.leaky_rnn(W, alpha=[10.0 / 50.0, 10.0 / 100.0]).map.A
    )
    assert PLRNN.leaky_rnn(W, dt=20, tau=100).parameters["alpha"].shape == ()


def test_low_rank_is_its_product():
    rng = np.random.default_rng(0)
    m, n = rng.normal(size=(2, 6, 2))
    model = PLRNN.low_rank_rnn(m, n, b=np.ones(6), alpha=0.1, scale=1 / 6)
    assert model.architecture == "leaky_rnn_current"
    assert np.allclose(model.parameters["W_hh"], m @ n.T / 6.0)
    assert np.array_equal(
        PLRNN.low_rank_rnn(m[:, 0], n[:, 0], alpha=0.1, form="rate").map.V, np.outer(m[:, 0], n[:, 0])
    )
    # Fixed points lie where recurrent input points, beside the constant input.
    for point in model.fixed_points():
        assert np.linalg.matrix_rank(np.column_stack([m, np.ones(6), point.z]), tol=1e-9) == 3


SQUARE = np.eye(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs its leak.*alpha = dt / tau"),
        ({"dt": 1.0}, "needs its leak"),
        ({"alpha": 0.1, "dt": 1.0, "tau": 10.0}, "not both"),
        ({"alpha": 0.1, "tau": 10.0}, "not both"),
        ({"alpha": 10.0}, r"must lie in \(0, 1\], got 10; time constants are given as dt= and tau="),
        ({"alpha": 0.0}, "alpha must be positive"),
        ({"alpha": [0.1, 0.2, 0.3]}, r"alpha must have shape \(2,\)"),
        ({"alpha": [[0.1]]}, "alpha must have shape"),
        ({"alpha": "fast"}, "alpha must be an array of real numbers"),
        ({"dt": 1.0, "tau": -5.0}, "tau must be positive"),
        ({"dt": [1.0, 1.0], "tau": 5.0}, "dt must be one number"),
        ({"dt": 10.0, "tau": 5.0}, "got 2"),
        ({"alpha": 0.1, "form": "voltage"}, "form must be one of 'rate', 'current', 'outer', got 'voltage'"),
        ({"alpha": 0.1, "mask": np.ones((2, 3))}, r"mask must have shape \(2, 2\)"),
        ({"alpha": 0.1, "dale": [1.0]}, r"dale must have shape \(2,\)"),
        ({"alpha": 0.1, "dale": [1.0, 0.8]}, "dale must hold \\+1.*got 0.8"),
        ({"alpha": 0.1, "dale": [1, -1], "mask": [[0, -1], [1, 0]]}, "negative entries, but the signs come from dale"),
        ({"alpha": 0.1, "b": [1.0]}, r"bias must have shape \(2,\)"),
        ({"alpha": 0.1, "W_in": np.ones((3, 1))}, r"W_in must have shape \(2, any\)"),
        ({"alpha": 0.1, "activation": "tanh"}, "smooth"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ModelError, match=message):
        PLRNN.leaky_rnn(SQUARE, **options)


def test_low_rank_shapes_are_checked():
    with pytest.raises(ModelError, match=r"one shape \(M, R\), got \(2,\) and \(3,\)"):
        PLRNN.low_rank_rnn([1.0, 2.0], [1.0, 2.0, 3.0], alpha=0.1)
    with pytest.raises(ModelError, match="m and n must have one shape"):
        PLRNN.low_rank_rnn(np.ones((2, 2, 2)), np.ones((2, 2, 2)), alpha=0.1)


def test_weights_are_replaced_by_name_and_the_leak_is_a_parameter():
    model = PLRNN.leaky_rnn([[1.6]], [[1.0]], [0.0], 0.5, activation="hardtanh")
    assert list(model.parameters) == ["W_hh", "bias", "alpha", "W_in", "kinks", "slopes", "offset"]
    other = model.with_parameters(alpha=0.25, slopes=[0.1, 1.0, 0.1])
    assert other.map.A[0, 0] == 0.75 + 0.25 * 0.1 * 1.6 and other.pwl_units == 2
    assert np.array_equal(model.map.A, [[0.5]])
    # Where the latch appears as its weight grows, and that the leak does not move fixed points.
    found = model.bifurcations(("W_hh", 0, 0), (0.5, 1.5), max_period=1)
    assert len(found.branches) and found.complete
    assert model.bifurcations(("alpha",), (0.1, 0.9), max_period=1).complete


def test_every_analysis_works_on_a_leaky_network(tmp_path):
    model = PLRNN.leaky_rnn(
        [[0.0, -2.0], [-2.0, 0.0]], np.eye(2), [1.0, 1.0], 0.2, form="current", activation="relu6", B=[[1.0, -1.0]]
    )
    inputs = np.random.default_rng(0).normal(size=(3, 40, 2))
    run = model.run(inputs)
    assert run.bitcodes.shape == (3, 40, 4) and run.outputs.shape == (3, 40, 1)
    assert len(model.fixed_points()) == 3 and model.cycles(3).complete
    assert len(model.regions()) == 9  # three intervals a unit
    graph = model.transition_graph(run)
    pa.write_graphml(graph, tmp_path / "graph.graphml")
    diagram = model.input_diagram(0, (-2.0, 2.0))
    assert diagram.complete and len(diagram)
    assert {str(a.kind) for a in model.attractors(n=20, steps=200)} == {"fixed point"}
    box = (np.full(2, -9.0), np.full(2, 9.0))
    reduced = model.reduce(box)
    assert len(reduced.model.fixed_points()) == 3
    for ending in (".safetensors", ".npz", ".mat"):
        pa.save(model, tmp_path / f"model{ending}")
        again = pa.load(tmp_path / f"model{ending}")
        assert again.architecture == "leaky_rnn_current" and np.array_equal(
            again.map.step(inputs[0, 0], inputs[0, 1]), model.map.step(inputs[0, 0], inputs[0, 1])
        )
    with pytest.raises(ModelError, match="no state units"):
        model.ablate(0)
