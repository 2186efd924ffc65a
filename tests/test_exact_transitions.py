"""The exact transition graph: by hand, against trajectories and against brute force over all pairs."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from exact_polyhedra import cells
from scipy.optimize import linprog
from systems import CASES, known, random_model

import plrnn_analysis as pa
from plrnn_analysis import GraphError, ModelError
from plrnn_analysis.exact_transitions import exact_transition_graph
from plrnn_analysis.maps import CanonicalMap, bits_to_string


@pytest.fixture
def tent() -> pa.PLRNN:
    return pa.PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)


ALL = [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]


@pytest.mark.parametrize(
    ("box", "nodes", "edges", "escapes"),
    [
        (1.0, ["0", "1"], ALL, [0, 0]),
        (0.4, ["0", "1"], [("0", "1"), ("1", "1")], [0, 0]),  # the image is [0.2, 1]
        (0.5, ["0", "1"], [("0", "1"), ("1", "1")], [0, 0]),  # [0, 1]: touches the boundary
        (0.51, ["0", "1"], ALL, [0, 0]),
        (([0.6], [1.0]), ["1"], [], [1]),  # the image is [-1, -0.2]
        (([0.0], [1.0]), ["1"], [("1", "1")], [1]),
    ],
)
def test_tent_map(tent, box, nodes, edges, escapes):
    """z' = 1 - 2|z|."""
    graph = tent.transition_graph(box=box, fixed_points=False)
    assert list(graph) == nodes and list(graph.edges) == edges
    assert [data["escapes"] for _, data in graph.nodes(data=True)] == escapes


def test_attributes(tent):
    graph = tent.transition_graph(box=0.9)
    assert graph.nodes["1"] == {
        "spectral_radius": 2.0, "escapes": 0, "fixed_points": 1, "continua": 0, "stability": "unstable node",
    }  # fmt: skip
    assert graph.nodes["0"]["fixed_points"] == 0  # -1 lies outside
    assert graph.graph == {
        "kind": "exact",
        "model": "PLRNN al_rnn: M=1 units, 1 ReLU, at most 2^1 subregions",
        "architecture": "al_rnn",
        "n_units": 1,
        "pwl_units": 1,
        "box": "[[-0.9], [0.9]]",
        "fixed_points_complete": True,
        "fixed_points_outside": 1,
    }
    found = [graph.graph, *(d for _, d in graph.nodes(data=True)), *(d for *_, d in graph.edges(data=True))]
    assert {type(value) for data in found for value in data.values()} <= {int, float, str, bool}
    json.dumps(nx.node_link_data(graph, edges="edges"))


def test_lozi_map():
    """x' = 1 - 2|x| + y: positive as long as 2|x| < 1 + y."""
    lozi = known(CASES["lozi_a2_b_half_exact"])
    assert sorted(lozi.transition_graph(box=2.0, fixed_points=False).edges) == ALL
    (one,) = (p for p in lozi.fixed_points() if p.z[0] > 0)
    near = lozi.transition_graph(box=(one.z - 0.01, one.z + 0.01))
    assert list(near.edges) == [(one.bitcode, one.bitcode)] and near.nodes[one.bitcode]["fixed_points"] == 1


def test_linear_map_and_constant_maps():
    linear = pa.PLRNN.al_rnn([0.5, 0.2], np.zeros((2, 2)), [1.0, 0.0], pwl_units=0)
    assert list(linear.transition_graph(box=3.0).edges) == [("-", "-")]
    # z' = h whatever z: the argument after the step is a constant; zero counts as inactive.
    for h, target in ((1.0, "1"), (-1.0, "0"), (0.0, "0")):
        constant = pa.PLRNN.al_rnn([0.0], [[0.0]], [h], pwl_units=1)
        assert list(constant.transition_graph(box=3.0).edges) == [("0", target), ("1", target)]


def test_constant_input():
    """z' = z / 2 + s."""
    model = pa.PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=1, C=[[1.0]])
    assert list(model.transition_graph(box=1.0).edges) == [("0", "0"), ("1", "1")]
    assert list(model.transition_graph(box=1.0, constant_input=[1.0]).edges) == [("0", "1"), ("1", "1")]


def naive(map, half):
    """One linear program for each pair of sign patterns."""
    codes = [np.array(bits, bool) for bits in itertools.product((0, 1), repeat=map.n_relu)]

    def margin(rows, constants):
        length = np.linalg.norm(rows, axis=1)
        result = linprog(
            np.append(np.zeros(map.n_units), -1.0),
            A_ub=np.hstack([-rows, length[:, None]]),
            b_ub=constants,
            bounds=[(-half, half)] * map.n_units + [(None, half)],
        )
        return -result.fun if result.status == 0 else -np.inf

    edges = {}
    for a in codes:
        sign = np.where(a, 1.0, -1.0)
        rows, constants = sign[:, None] * map.V, sign * map.c
        if margin(rows, constants) <= 1e-7:
            continue
        edges[bits_to_string(a)] = set()
        V, c = map.V @ map.jacobian(a), map.V @ map.offset(a) + map.c
        for b in codes:
            turn = np.where(b, 1.0, -1.0)
            if margin(np.vstack([rows, turn[:, None] * V]), np.concatenate([constants, turn * c])) > 1e-7:
                edges[bits_to_string(a)].add(bits_to_string(b))
    return edges


@pytest.mark.parametrize("seed", range(25))
def test_against_all_pairs(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    if model.pwl_units > 5:
        model = pa.PLRNN.al_rnn(rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=3), pwl_units=3)
    expected = naive(model.map, 2.0)
    graph = model.transition_graph(box=2.0, fixed_points=False)
    assert list(graph) == sorted(expected)
    for name, targets in expected.items():
        assert set(graph.successors(name)) == targets & set(expected)
        assert graph.nodes[name]["escapes"] == len(targets - set(expected))


@pytest.mark.parametrize("seed", range(12))
def test_steps_of_trajectories_are_edges(seed):
    rng = np.random.default_rng(100 + seed)
    model = random_model(rng)
    z = rng.uniform(-3.0, 3.0, (4000, model.n_units))
    after = model.map.step(z)
    kept = np.all(np.abs(after) <= 3.0, axis=1)
    graph = model.transition_graph(box=3.0, fixed_points=False)
    made = {
        (bits_to_string(a), bits_to_string(b))
        for a, b in zip(model.map.bits(z[kept]), model.map.bits(after[kept]), strict=True)
    }
    assert made <= set(graph.edges)


def test_empirical_graph_is_a_subgraph():
    lozi = known(CASES["lozi_a2_b_half_exact"])
    run = lozi.simulate(12, z0=[[0.1, 0.1], [0.3, -0.1], [-0.2, 0.0]])
    inside = float(np.abs(run.states).max())
    empirical = lozi.transition_graph(run)
    exact = lozi.transition_graph(box=inside)
    assert set(empirical.edges) <= set(exact.edges)
    for name in empirical:
        assert exact.nodes[name]["spectral_radius"] == empirical.nodes[name]["spectral_radius"]
    assert (empirical.graph["kind"], exact.graph["kind"]) == ("empirical", "exact")


def test_every_cycle_of_the_map_is_a_walk_in_the_graph():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        model = pa.PLRNN.al_rnn(rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=3), pwl_units=2)
        edges = set(model.transition_graph(box=10.0, fixed_points=False).edges)
        for cycle in model.cycles(4, box=9.0):
            if not cycle.on_boundary:
                assert set(zip(cycle.word, cycle.word[1:] + cycle.word[:1], strict=True)) <= edges


def test_graphml_round_trip(tent, tmp_path):
    graph = tent.transition_graph(box=0.4)
    pa.write_graphml(graph, tmp_path / "exact.graphml")
    back = nx.read_graphml(tmp_path / "exact.graphml")
    assert list(back.edges) == list(graph.edges) and back.graph["kind"] == "exact"
    assert {n: {**d, "label": n} for n, d in graph.nodes(data=True)} == dict(back.nodes(data=True))
    assert json.loads(back.graph["box"]) == [[-0.4], [0.4]]


def test_refusals(tent):
    rng = np.random.default_rng(0)
    large = pa.PLRNN.al_rnn(rng.random(12), rng.normal(size=(12, 12)), np.zeros(12), pwl_units=12)
    with pytest.raises(GraphError, match=r"more than max_regions = 1024 subregions meet the box: .* smaller box"):
        large.transition_graph(box=1.0)
    with pytest.raises(GraphError, match="max_regions = 1 "):
        tent.transition_graph(box=1.0, max_regions=1)
    with pytest.raises(GraphError, match="not finished within the time limit"):
        tent.transition_graph(box=1.0, time_limit=0.0)
    with pytest.raises(GraphError, match="max_regions must"):
        tent.transition_graph(box=1.0, max_regions=0)
    with pytest.raises(GraphError, match="needs a box"):
        exact_transition_graph(tent.map, None)
    for box in (-1.0, np.inf, "3", True, ([0.0], [np.inf])):
        with pytest.raises(ModelError, match="box"):
            tent.transition_graph(box=box)
    for arguments in ({}, {"trajectory": tent.simulate(3), "box": 1.0}):
        with pytest.raises(ModelError, match="exactly one of trajectory"):
            tent.transition_graph(**arguments)
    with pytest.raises(ModelError, match="a trajectory has its own input"):
        tent.transition_graph(tent.simulate(3), constant_input=[])
    with pytest.raises(GraphError, match="fixed_points must be a FixedPoints"):
        tent.transition_graph(box=1.0, fixed_points=[1])


def test_a_solver_that_fails_gives_no_graph(monkeypatch):
    monkeypatch.setattr("scipy.optimize.linprog", lambda *a, **k: SimpleNamespace(status=4, x=None))
    rng = np.random.default_rng(0)
    model = pa.PLRNN.al_rnn(rng.random(8), rng.normal(size=(8, 8)), rng.normal(size=8), pwl_units=3)
    with pytest.raises(GraphError, match="not decided"):
        model.transition_graph(box=3.0, fixed_points=False)


def exact_graph(map, half):
    """Nodes, and targets of each, by all pairs of patterns in fractions."""
    m, n = map.n_units, map.n_relu
    A, W, V = ([[Fraction(x) for x in row] for row in array] for array in (map.A, map.W, map.V))
    h, c = [Fraction(x) for x in map.h], [Fraction(x) for x in map.c]
    box = [(tuple(s * (i == j) for j in range(m)), half) for i in range(m) for s in (1, -1)]
    edges = {}
    for code in cells(V, c, box):
        inside = list(box)
        for row, b, bit in zip(V, c, code):
            sign = 1 if bit == "1" else -1
            if any(row):
                inside.append((tuple(sign * x for x in row), sign * b))
        J = [[A[i][j] + sum(W[i][k] * V[k][j] for k in range(n) if code[k] == "1") for j in range(m)] for i in range(m)]
        shift = [h[i] + sum(W[i][k] * c[k] for k in range(n) if code[k] == "1") for i in range(m)]
        rows = [[sum(V[i][k] * J[k][j] for k in range(m)) for j in range(m)] for i in range(n)]
        room = [sum(V[i][k] * shift[k] for k in range(m)) + c[i] for i in range(n)]
        edges[code] = set(cells(rows, room, inside))
    return edges


def test_against_fractions_in_any_units():
    """Integer weights, so that boundaries coincide and images touch them; units of states and ReLUs far apart."""
    rng = np.random.default_rng(11)
    for _ in range(40):
        m, n = rng.integers(1, 3), rng.integers(1, 4)
        units, relus = 2.0 ** rng.integers(-20, 21, m), 2.0 ** rng.integers(-20, 21, n)
        size = 2.0 ** rng.integers(-40, 41)
        map = CanonicalMap.build(
            rng.integers(-1, 2, (m, m)) * units[:, None] / units,
            rng.integers(-1, 2, (m, n)) * units[:, None] / relus,
            rng.integers(-1, 2, (n, m)) * relus[:, None] / units,
            rng.integers(-1, 2, n) * relus * size,
            rng.integers(-1, 2, m) * units * size,
        )
        half = float(size * units.min())
        expected = exact_graph(map, Fraction(half))
        graph = exact_transition_graph(map, half, fixed_points=False)
        assert list(graph) == sorted(expected)
        for name, targets in expected.items():
            assert set(graph.successors(name)) == targets & set(expected)
            assert graph.nodes[name]["escapes"] == len(targets - set(expected))
