"""Piecewise-linear activations: against PyTorch's own, through the canonical map, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import brute_force

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.activations import ACTIVATIONS, Activation, as_activation, hardtanh, leaky_relu, softshrink

torch = pytest.importorskip("torch")
functional = torch.nn.functional

# Keras 2 is not PyTorch, and the identity is no function of torch.nn.functional.
REFERENCES = {
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "relu6": functional.relu6,
    "hardtanh": functional.hardtanh,
    "hard_sigmoid": functional.hardsigmoid,
    "hard_sigmoid_keras2": lambda x: torch.clip(0.2 * x + 0.5, 0.0, 1.0),
    "abs": torch.abs,
    "softshrink": functional.softshrink,
    "saturated_relu": lambda x: torch.clip(x, 0.0, 1.0),
    "identity": lambda x: x,
}


def test_every_name_has_a_reference() -> None:
    assert REFERENCES.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_those_of_pytorch(name: str) -> None:
    x = np.concatenate([np.linspace(-9.0, 9.0, 1001), ACTIVATIONS[name].kinks])
    assert np.allclose(ACTIVATIONS[name](x), REFERENCES[name](torch.tensor(x)).numpy(), rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_plain_rnn_steps_as_in_pytorch(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        m, k = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        W, U, b = rng.normal(size=(m, m)), rng.normal(size=(m, k)), rng.normal(size=m)
        z, s = 3.0 * rng.normal(size=(10, m)), rng.normal(size=(10, k))
        wanted = REFERENCES[name](torch.tensor(z @ W.T + s @ U.T + b)).numpy()
        model = PLRNN.rnn(W, b, U, activation=name)
        assert np.abs(model.run(s[:, None], z).states[:, 0] - wanted).max() < 1e-12
        assert model.pwl_units == m * len(ACTIVATIONS[name].kinks)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_shallow_plrnn_takes_any_activation(name: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        m, n, k = (int(v) for v in rng.integers(1, 6, 3))
        A, W1, W2, C, E = (rng.normal(size=shape) for shape in (m, (m, n), (n, m), (m, k), (n, k)))
        h1, h2, z, s = rng.normal(size=m), rng.normal(size=n), rng.normal(size=(10, m)), rng.normal(size=(10, k))
        phi = REFERENCES[name](torch.tensor(z @ W2.T + h2 + s @ E.T)).numpy()
        step = PLRNN.shallow(A, W1, W2, h1, h2, C, E=E, activation=name).map.step(z, s)
        assert np.abs(step - (A * z + phi @ W1.T + h1 + s @ C.T)).max() < 1e-12


def test_parametrised_modules_are_read_not_called() -> None:
    nn = torch.nn
    assert as_activation(nn.LeakyReLU(0.2)) == leaky_relu(0.2)
    assert as_activation(nn.Hardtanh(-2.0, 3.0)) == hardtanh(-2.0, 3.0)
    assert as_activation(nn.Softshrink(0.25)) == softshrink(0.25)
    assert as_activation(nn.ReLU6()) == ACTIVATIONS["relu6"] and as_activation(nn.Identity()) == ACTIVATIONS["identity"]
    assert as_activation(torch.relu) == as_activation(nn.ReLU()) == as_activation("ReLU") == ACTIVATIONS["relu"]
    assert as_activation(nn.Hardsigmoid()) == as_activation("hard-sigmoid") == ACTIVATIONS["hard_sigmoid"]
    assert as_activation("linear") == as_activation(((), (1.0,))) == ACTIVATIONS["identity"]
    assert as_activation({"kinks": [0.0], "slopes": [0.0, 1.0]}) == ACTIVATIONS["relu"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tanh", "tanh is smooth.*FixedPointFinder.*'hardtanh'"),
        (torch.sigmoid, "sigmoid is smooth.*'hard_sigmoid'"),
        (torch.nn.GELU(), "GELU is smooth.*'relu'"),
        ("hardswish", "smooth"),
        ("heaviside", "jumps"),
        ("relu7", "activation must be one of 'relu'.*got 'relu7'"),
        (3, "activation must be one of"),
        (lambda x: x, "activation must be one of"),
        (((1.0, 0.0), (0.0, 1.0, 2.0)), "must ascend"),
        (((0.0, 0.0), (0.0, 1.0, 2.0)), "must ascend"),
        (((0.0,), (0.0, 1.0, 2.0)), "slopes must have shape"),
        (((0.0,), (0.0, np.inf)), "slopes holds 1 value"),
        ({"kinks": [0.0]}, "kinks, slopes and perhaps an offset"),
    ],
)
def test_what_is_refused(value: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        PLRNN.rnn([[1.0]], [0.0], activation=value)


def test_an_activation_among_the_parameters_is_whole() -> None:
    with pytest.raises(ModelError, match="kinks and slopes"):
        PLRNN("leaky_rnn", {"W_hh": [[1.0]], "bias": [0.0], "alpha": 0.5, "kinks": [0.0]})
    with pytest.raises(ModelError, match="missing: kinks, slopes"):
        PLRNN("rnn", {"W_hh": [[1.0]], "bias": [0.0]})
    with pytest.raises(ModelError, match="high must be a number > 1"):
        hardtanh(1.0, 1.0)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 4), n=st.integers(0, 3))
def test_all_fixed_points_with_any_kinks(seed: int, m: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    n = min(n, 9 // m)
    phi = Activation(np.sort(rng.normal(size=n)), 1.5 * rng.normal(size=n + 1), rng.normal())
    model = PLRNN.rnn(1.5 * rng.normal(size=(m, m)), rng.normal(size=m), activation=phi)
    map = model.map
    expected, ambiguous = brute_force(map.A, map.W, map.V, map.c, map.h)
    if ambiguous:
        return
    found = model.fixed_points()
    assert found.complete and len(found) == len(expected)
    codes = {"".join("01"[int(b)] for b in bits) or "-": z for bits, z in expected}
    for point in found:
        assert np.allclose(point.z, codes[point.bitcode], atol=1e-8 * (1.0 + np.abs(point.z).max()))
        # By the activation itself, not by its ReLUs.
        W, bias = model.parameters["W_hh"], model.parameters["bias"]
        assert np.allclose(phi(W @ point.z + bias), point.z, atol=1e-8 * (1.0 + np.abs(point.z).max()))
        # Bits come kink by kink: bit k M + i says whether unit i is above kink k.
        above = (W @ point.z + bias)[None, :] > np.array(phi.kinks)[:, None]
        assert point.bitcode == ("".join("01"[int(b)] for b in above.ravel()) or "-")


def test_a_latch_with_two_kinks_has_three_states() -> None:
    found = PLRNN.rnn([[2.0]], [0.0], activation="hardtanh").fixed_points()
    assert found.complete and {p.bitcode: (float(p.z[0]), p.stability) for p in found} == {
        "00": (-1.0, "stable node"),
        "10": (0.0, "unstable node"),
        "11": (1.0, "stable node"),
    }
