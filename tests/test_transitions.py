"""Transition counts against a dictionary, and the graph made of them."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plrnn_analysis as pa
from plrnn_analysis import GraphError, transitions
from plrnn_analysis.engines import stability
from plrnn_analysis.maps import bits_to_string
from plrnn_analysis.transitions import count_transitions, transition_graph


def naive(bitcodes: np.ndarray, discard: int = 0) -> tuple[Counter, Counter]:
    """Visits and steps, by their names."""
    visits, steps = Counter(), Counter()
    for trajectory in bitcodes:
        names = [bits_to_string(bits) for bits in trajectory[discard:]]
        visits.update(names)
        steps.update(itertools.pairwise(names))
    return visits, steps


def assert_counts(bitcodes: np.ndarray, discard: int = 0) -> None:
    got = count_transitions(bitcodes, discard)
    visits, steps = naive(bitcodes, discard)
    names = [bits_to_string(bits) for bits in got.bitcodes]
    assert names == sorted(visits)
    assert dict(zip(names, got.visits.tolist(), strict=True)) == visits
    pairs = [(names[i], names[j]) for i, j in zip(got.source, got.target, strict=True)]
    assert pairs == sorted(steps)
    assert dict(zip(pairs, got.count.tolist(), strict=True)) == steps


@settings(max_examples=100, deadline=None)
@given(
    n_bits=st.sampled_from([0, 1, 2, 5, 10, 12, 13, 20, 63, 64, 65, 130]),
    batch=st.integers(1, 4),
    steps=st.integers(1, 40),
    n_codes=st.integers(1, 30),
    stay=st.floats(0, 1),
    data=st.data(),
)
def test_counts_agree_with_a_dictionary(n_bits, batch, steps, n_codes, stay, data):
    discard = data.draw(st.integers(0, steps - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    codes = rng.random((n_codes, n_bits)) < 0.5
    which = rng.integers(0, n_codes, (batch, steps))
    for t in range(1, steps):
        which[:, t] = np.where(rng.random(batch) < stay, which[:, t - 1], which[:, t])
    assert_counts(codes[which], discard)


@pytest.mark.parametrize("n_bits", [13, 16, 63, 64, 65, 200])
def test_tables_grow(n_bits, monkeypatch):
    monkeypatch.setattr(transitions, "_NODES", 2)
    monkeypatch.setattr(transitions, "_EDGES", 4)
    monkeypatch.setattr(transitions, "_DENSE", 3)
    assert_counts(np.random.default_rng(0).random((3, 400, n_bits)) < 0.5)


def test_many_different_codes_without_shrunken_tables():
    rng = np.random.default_rng(1)
    assert_counts(rng.random((2, 9000, 30)) < 0.5)
    assert_counts(rng.random((2, 9000, 12)) < 0.5)


def test_codes_that_differ_in_one_bit_only():
    for n_bits in (10, 64, 100):
        assert_counts(np.eye(n_bits, dtype=bool)[None])


def test_trajectory_borders_are_no_steps():
    got = count_transitions([[[0], [0]], [[1], [1]]])
    assert got.source.tolist() == [0, 1] and got.target.tolist() == [0, 1] and got.count.tolist() == [1, 1]


def test_single_steps_have_no_transitions():
    got = count_transitions(np.zeros((5, 1, 3), bool))
    assert got.visits.tolist() == [5] and got.count.size == 0
    assert count_transitions(np.zeros((5, 7, 3), bool), discard=6).visits.tolist() == [5]


def test_other_layouts_and_types():
    bits = np.random.default_rng(2).random((3, 20, 4)) < 0.5
    whole = count_transitions(bits)
    for same in (bits.astype(int), bits.astype(float), np.asfortranarray(bits), bits[:, ::-1][:, ::-1], bits.tolist()):
        assert np.array_equal(count_transitions(same).count, whole.count)
    assert np.array_equal(count_transitions(bits[0]).count, count_transitions(bits[:1]).count)


def test_counts_are_read_only():
    got = count_transitions(np.ones((1, 3, 1), bool))
    for array in (got.bitcodes, got.visits, got.source, got.target, got.count):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("bitcodes", "discard", "words"),
    [
        (np.zeros(3, bool), 0, r"shape \(batch, T, P\)"),
        (np.zeros((1, 1, 1, 1), bool), 0, r"shape \(batch, T, P\)"),
        (np.zeros((0, 3, 1), bool), 0, "nothing to count"),
        (np.zeros((3, 0, 1), bool), 0, "nothing to count"),
        (np.full((1, 3, 1), 2), 0, "0 and 1"),
        (np.full((1, 3, 1), 0.5), 0, "0 and 1"),
        (np.full((1, 3, 1), "1"), 0, "truth values"),
        (np.zeros((1, 3, 1), bool), 3, r"discard must be a whole number in 0\.\.2"),
        (np.zeros((1, 3, 1), bool), -1, "discard"),
        (np.zeros((1, 3, 1), bool), 1.0, "discard"),
        (np.zeros((1, 3, 1), bool), True, "discard"),
    ],
)
def test_wrong_arguments(bitcodes, discard, words):
    with pytest.raises(GraphError, match=words):
        count_transitions(bitcodes, discard)


# The graph


@pytest.fixture
def tent() -> pa.PLRNN:
    return pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)


def test_graph_of_the_tent_map(tent):
    """z' = 1 - 2|z| has the fixed points 1/3 (in "1") and -1 (in "0")."""
    run = tent.simulate(200, z0=[[0.1], [0.2]])
    graph = transition_graph(tent, run, discard=3)
    visits, steps = naive(run.bitcodes, 3)
    assert isinstance(graph, nx.DiGraph) and list(graph) == ["0", "1"]
    assert {name: data["visits"] for name, data in graph.nodes(data=True)} == visits
    assert {(a, b): data["count"] for a, b, data in graph.edges(data=True)} == steps
    assert sum(data["frequency"] for _, data in graph.nodes(data=True)) == pytest.approx(1.0)
    for name, data in graph.nodes(data=True):
        assert sum(d["probability"] for _, _, d in graph.out_edges(name, data=True)) == pytest.approx(1.0)
        assert data["spectral_radius"] == 2.0
        assert (data["fixed_points"], data["continua"], data["stability"]) == (1, 0, "unstable node")
    assert graph.graph == {
        "kind": "empirical",
        "model": "PLRNN al_rnn: M=1 units, 1 ReLU, at most 2^1 subregions",
        "architecture": "al_rnn",
        "n_units": 1,
        "pwl_units": 1,
        "n_trajectories": 2,
        "n_steps": 200,
        "discard": 3,
        "n_transitions": 2 * 196,
        "fixed_points_input": "that of the trajectory",
        "fixed_points_complete": True,
        "fixed_points_unvisited": 0,
    }


def test_attributes_are_plain_python(tent):
    graph = tent.transition_graph(tent.simulate(50))
    found = [graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for *_, d in graph.edges(data=True))]
    assert {type(value) for data in found for value in data.values()} <= {int, float, str, bool}
    json.dumps(nx.node_link_data(graph, edges="edges"))


def test_linear_model_has_one_node():
    model = pa.PLRNN.al_rnn([0.5, 0.2], np.zeros((2, 2)), [1.0, 0.0], pwl_units=0)
    graph = model.transition_graph(model.simulate(10, n=3))
    assert list(graph) == ["-"] and graph.edges["-", "-"] == {"count": 27, "probability": 1.0, "weight": 1.0}
    assert graph.nodes["-"]["stability"] == "stable node" and graph.nodes["-"]["spectral_radius"] == 0.5


def test_fixed_points_in_subregions_never_visited(tent):
    graph = tent.transition_graph(tent.simulate(5, z0=[1 / 3]))
    assert list(graph) == ["1"]
    assert graph.graph["fixed_points_unvisited"] == 1


def test_fixed_points_under_the_constant_input():
    """z' = relu(z)/2 + s: fixed point 2 s for s > 0, s for s < 0."""
    model = pa.PLRNN.al_rnn([0.0], [[0.5]], [0.0], pwl_units=1, C=[[1.0]])
    for s, code in ((1.0, "1"), (-1.0, "0")):
        graph = model.transition_graph(model.simulate(20, constant_input=[s]), discard=5)
        assert {name: data["fixed_points"] for name, data in graph.nodes(data=True)} == {code: 1}
    driven = model.transition_graph(model.run([[1.0], [1.0]]))
    assert driven.graph["fixed_points_input"] == "zero"


def test_fixed_points_may_be_given_or_left_out(tent):
    run = tent.simulate(50)
    found = tent.fixed_points()
    graph = tent.transition_graph(run, fixed_points=replace(found, complete=False))
    assert graph.graph["fixed_points_complete"] is False and graph.nodes["1"]["fixed_points"] == 1
    bare = tent.transition_graph(run, fixed_points=False)
    assert "fixed_points" not in bare.nodes["1"] and "fixed_points_complete" not in bare.graph
    with pytest.raises(GraphError, match="fixed_points must be a FixedPoints"):
        tent.transition_graph(run, fixed_points=[1])
    other = pa.PLRNN.al_rnn([2.0, 0.0], [[-4.0, 0.0], [0.0, 0.0]], [1.0, 1.0], pwl_units=2).fixed_points()
    with pytest.raises(GraphError, match="fixed points are of another model"):
        tent.transition_graph(run, fixed_points=other)


def test_continua_are_marked():
    """z1' = z1 + relu(z2), z2' = z2/2 - 1: every (z1, -2) is fixed."""
    model = pa.PLRNN.al_rnn([1.0, 0.5], [[0.0, 1.0], [0.0, 0.0]], [0.0, -1.0], pwl_units=1)
    graph = model.transition_graph(model.simulate(20, z0=[0.0, -1.0]))
    assert graph.nodes["0"]["continua"] == 1 and graph.nodes["0"]["fixed_points"] == 0
    assert graph.nodes["0"]["stability"] == "continuum of dimension 1"


def test_trajectories_of_other_models_and_diverged_ones(tent):
    other = pa.PLRNN.al_rnn([2.5], [[-4.0]], [1.0], pwl_units=1)
    with pytest.raises(GraphError, match="another model"):
        tent.transition_graph(other.simulate(5))
    run = other.simulate(3000, z0=[[3.0], [0.1]])
    with pytest.raises(GraphError, match=r"trajectories diverges? \(number 0 first at step \d+\)"):
        other.transition_graph(run)


def test_spectral_radii_of_many_subregions(monkeypatch):
    monkeypatch.setattr(stability, "BATCH_ENTRIES", 32 * 81)
    rng = np.random.default_rng(3)
    model = pa.PLRNN.al_rnn(rng.random(9), rng.standard_normal((9, 9)) * 0.4, np.zeros(9), pwl_units=9)
    graph = model.transition_graph(model.simulate(1, n=5000), fixed_points=False)
    assert len(graph) > 32
    for name in list(graph)[::20]:
        J = model.map.jacobian([ch == "1" for ch in name])
        assert graph.nodes[name]["spectral_radius"] == pytest.approx(max(abs(np.linalg.eigvals(J))), rel=1e-12)


def test_spectral_radius_of_a_defective_jacobian():
    """A chain of rate 0.8, whose eigenvalues floating point scatters beyond 1."""
    chain = 0.8 * np.eye(25) + np.diag(np.ones(24), 1)
    model = pa.PLRNN.shallow(chain, np.zeros((25, 1)), np.eye(25)[:1], np.zeros(25), [0.0])
    for name, node in model.transition_graph(model.simulate(3, n=20), fixed_points=False).nodes.items():
        assert name in "01" and node["spectral_radius"] == 0.8
    assert [region.spectral_radius for region in model.regions()] == [0.8, 0.8]
