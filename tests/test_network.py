"""The network below the analyses and the facade above them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.network import Network
from plrnn_analysis.trajectories import simulate

WEIGHTS = {"A": [0.5, 0.2], "W": [[0.0, -1.0], [-1.0, 0.0]], "h": [1.0, 1.0], "pwl_units": 2}


@pytest.mark.parametrize("kind", [Network, pa.PLRNN])
def test_what_is_made_of_a_network_is_of_its_class(kind: type[Network]) -> None:
    model = kind.al_rnn(**WEIGHTS)
    for made in (model, model.ablate(0), model.with_parameters(h=[2.0, 2.0]), pickle.loads(pickle.dumps(model))):
        assert type(made) is kind
        assert repr(made).startswith(f"<{kind.__name__} al_rnn: M=2")


def test_weights_are_read_only_after_pickling_too() -> None:
    model = pa.PLRNN.al_rnn(**WEIGHTS, B=[[1.0, 2.0]])
    for made in (model, pickle.loads(pickle.dumps(model))):
        for array in (*made.parameters.values(), made.B, made.map.A, made.map.c):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0.0


def test_other_weights_leave_the_rest_alone() -> None:
    model = pa.PLRNN("al_rnn", {k: WEIGHTS[k] for k in "AWh"}, (0, 1), B=[[1.0, 2.0]], metadata={"notes": ["kept"]})
    other = model.with_parameters(h=[2.0, 3.0])
    assert np.array_equal(other.map.h, [2.0, 3.0]) and np.array_equal(model.map.h, [1.0, 1.0])
    assert np.array_equal(other.map.A, model.map.A) and np.array_equal(other.map.W, model.map.W)
    assert np.array_equal(other.B, model.B) and other.relu_units == (0, 1) and other.metadata == {"notes": ["kept"]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"g": [1.0]}, "A, W, h; got g"), ({"h": [1.0]}, "h must have shape"), ({"h": None}, "h must be")],
)
def test_wrong_weights_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(pa.ModelError, match=message):
        pa.PLRNN.al_rnn(**WEIGHTS).with_parameters(**wrong)


def test_analyses_need_no_facade() -> None:
    """An analysis takes a network: none of them calls a method of the facade."""
    from plrnn_analysis.attractors import find_attractors
    from plrnn_analysis.bifurcations import bifurcations
    from plrnn_analysis.comparison import compare
    from plrnn_analysis.explain import ablation_table, explain
    from plrnn_analysis.fixed_points import find_fixed_points
    from plrnn_analysis.input_diagrams import input_diagram
    from plrnn_analysis.lyapunov import lyapunov_spectrum
    from plrnn_analysis.manifolds import invariant_manifold
    from plrnn_analysis.modes import find_modes
    from plrnn_analysis.reduce import reduce
    from plrnn_analysis.slow_manifolds import find_slow_manifolds
    from plrnn_analysis.transitions import transition_graph
    from plrnn_analysis.windings import count_turns

    network = Network.al_rnn(**WEIGHTS, C=[[1.0], [0.0]], B=[[1.0, 1.0]])
    run = simulate(network, 20)
    saddle = next(p for p in find_fixed_points(network.map) if p.stability == "saddle")
    box = (np.full(2, -3.0), np.full(2, 3.0))
    for found in (
        find_attractors(network, n=10, steps=200),
        bifurcations(network, ("h", 0), [0.9, 1.0], max_period=1).branches,
        compare(network, network),
        ablation_table(network, np.zeros((2, 3, 1)), np.zeros((2, 1))),
        explain(network, run),
        find_modes(network, "11"),
        input_diagram(network, 0, (-0.1, 0.1)),
        lyapunov_spectrum(network, 100).exponents,
        invariant_manifold(network, saddle, "unstable"),
        reduce(network, box),
        transition_graph(network, run),
    ):
        assert len(found)
    assert type(reduce(network, box).model) is Network
    assert find_slow_manifolds(network, box).complete
    assert count_turns(network, run) is not None


def test_jacobian_of_a_subregion() -> None:
    rng = np.random.default_rng(0)
    model = pa.PLRNN.al_rnn(rng.normal(size=5), rng.normal(size=(5, 5)), rng.normal(size=5), pwl_units=4)
    for bits in ([0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]):
        code = "".join(map(str, bits))
        expected = np.diag(model.parameters["A"]) + model.parameters["W"] * np.array([1, *bits])
        for way in (code, bits, tuple(bits), np.array(bits), np.array(bits, dtype=bool), np.array(bits, dtype=float)):
            assert np.allclose(model.jacobian(way), expected)
    point = model.fixed_points()[0]
    values = np.linalg.eigvals(model.jacobian(point.bitcode))
    assert np.allclose(np.sort_complex(values), np.sort_complex(point.eigenvalues))


def test_jacobian_without_relus() -> None:
    model = pa.PLRNN.al_rnn(A=[0.5], W=[[0.25]], h=[0.0], pwl_units=0)
    for way in ("-", "", [], np.zeros(0, dtype=bool)):
        assert model.jacobian(way).tolist() == [[0.75]]
    with pytest.raises(pa.ModelError, match="0 characters"):
        model.jacobian("1")
    with pytest.raises(pa.ModelError, match="P = 0"):
        model.jacobian([1])


@pytest.mark.parametrize(
    "wrong", ["011", "0a", "2", [0, 1, 1], [[0, 1]], [0, 2], [0.5, 1], None, 1, ["0", "1"], [[0], [0, 1]]]
)
def test_what_is_no_subregion_is_refused(wrong: object) -> None:
    model = pa.PLRNN.al_rnn(**WEIGHTS)
    with pytest.raises(pa.ModelError, match=r"2 characters|P = 2"):
        model.jacobian(wrong)
