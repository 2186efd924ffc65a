"""Transition graphs in a line and a table, against plain counts."""

from __future__ import annotations

import itertools
import pickle

import networkx
import numpy as np
import pytest
from every_result import choice, lozi
from matplotlib.patches import Circle
from systems import random_model

from plrnn_analysis import PLRNN, GraphError, write_graphml
from plrnn_analysis.graph_summary import summarize_graph
from plrnn_analysis.transition_graphs import TransitionGraph


def entropy(counts) -> float:
    shares = np.asarray(counts, dtype=float) / np.sum(counts)
    return float(-sum(p * np.log2(p) for p in shares if p))


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_plain_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    while True:
        model = random_model(rng)
        run = model.simulate(60, n=4, seed=seed)
        if np.isfinite(run.states).all():
            break
    graph = model.transition_graph(run)
    found = graph.summary()
    codes = [["".join("01"[int(b)] for b in bits) or "-" for bits in trial] for trial in run.bitcodes]
    flat = [code for trial in codes for code in trial]
    steps = [pair for trial in codes for pair in itertools.pairwise(trial)]
    assert {node.bitcode: node.visits for node in found} == {code: flat.count(code) for code in set(flat)}
    assert [node.visits for node in found] == sorted((node.visits for node in found), reverse=True)
    assert found.n_transitions == len(set(steps)) == sum(node.n_followers for node in found)
    assert found.entropy == pytest.approx(entropy([flat.count(code) for code in set(flat)]))
    # Entropy of pairs less that of their first members.
    pairs, first = entropy([steps.count(p) for p in set(steps)]), [a for a, _ in steps]
    assert found.entropy_rate == pytest.approx(pairs - entropy([first.count(a) for a in set(first)]), abs=1e-12)
    for node in found:
        leaving = [b for a, b in steps if a == node.bitcode]
        for code, share in node.followed_by.items():
            assert share == pytest.approx(leaving.count(code) / len(leaving))


def test_what_it_says() -> None:
    model = choice()
    graph = model.transition_graph(model.simulate(40, n=30))
    line = repr(graph.summary())
    assert line.startswith("<GraphSummary: 3 subregions visited of at most 2^2, 7 transitions; ") and "bits" in line
    assert repr(graph) == line.replace("GraphSummary", "TransitionGraph")
    html = graph._repr_html_()
    assert html == graph.summary()._repr_html_().replace("GraphSummary", "TransitionGraph")
    for words in ("followed by", "stable node", "frequency"):
        assert words in html
    assert "escapes" not in html and "script" not in html and "Note" not in html
    alone = model.transition_graph(model.simulate(1, z0=[[3.0, 3.0]]), fixed_points=model.fixed_points())
    assert "3 fixed points or continua in subregions that the trajectory never visits" in alone._repr_html_()
    assert "entropy 0 bits, rate 0 bits per step>" in repr(alone)
    stopped = model.fixed_points(max_nodes=1)
    assert not stopped.complete
    assert "not complete" in model.transition_graph(model.simulate(9), fixed_points=stopped)._repr_html_()


def test_exact_graphs() -> None:
    graph = lozi().transition_graph(box=0.6)
    found = graph.summary()
    assert found.kind == "exact" and found.entropy is None and found.entropy_rate is None
    assert repr(graph) == "<TransitionGraph: 2 subregions in the box of at most 2^2, 4 transitions>"
    assert set(found.table()) == {"bitcode", "n_followers", "spectral_radius", "stability", "escapes"}
    assert found.table().claim == "every transition possible inside the box"
    assert "Note: 1 fixed point or continuum outside the box." in graph._repr_html_()
    bare = lozi().transition_graph(box=0.6, fixed_points=False).summary()
    assert bare.fixed_points_complete is None and "stability" not in bare.table()


def test_graphs_stay_what_they_are(tmp_path) -> None:
    graph = choice().transition_graph(choice().simulate(40, n=30))
    again = pickle.loads(pickle.dumps(graph))
    for same in (again, graph.copy(), graph.reverse().reverse()):
        assert type(same) is TransitionGraph and repr(same) == repr(graph)
    some = graph.subgraph(list(graph)[:1])
    assert repr(some).startswith("<TransitionGraph: 1 subregion visited") and "<table" in some._repr_html_()
    write_graphml(graph, tmp_path / "graph.graphml")
    read = networkx.read_graphml(tmp_path / "graph.graphml")
    assert summarize_graph(read).to_json() == graph.summary().to_json()
    graph.add_node("another")
    assert repr(graph) == "<TransitionGraph with 4 nodes and 7 edges>" and graph._repr_html_() is None
    with pytest.raises(GraphError, match="node 'another' has no spectral_radius"):
        graph.summary()
    for other in (networkx.Graph(), None):
        with pytest.raises(GraphError, match=r"what model\.transition_graph\(\) returns"):
            summarize_graph(other)


@pytest.mark.parametrize("n_units", [1, 2, 5])
def test_both_kinds_draw_themselves(n_units: int, tmp_path) -> None:
    rng = np.random.default_rng(0)
    W = rng.normal(size=(n_units, n_units))
    model = PLRNN.al_rnn(np.full(n_units, 0.3), W, rng.normal(size=n_units), pwl_units=n_units)
    for graph in (model.transition_graph(model.simulate(20, n=5)), model.transition_graph(box=1.0)):
        ax = graph.plot()
        shown = min(len(graph), 24)
        assert sum(isinstance(patch, Circle) for patch in ax.patches) == shown
        if len(graph) > 24 and "visits" not in next(iter(graph.nodes.values())):
            assert ax.get_title() == f"the first 24 of {len(graph)} subregions, without 8 others"
        ax.figure.savefig(tmp_path / "graph.png")
