"""Transition graphs: what colours, places and dashes say, and how they look."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from plrnn_analysis import PLRNN
from plrnn_analysis.appearance import by_way_of_others, graph_looks, reached_first
from plrnn_analysis.plotting import plot_transition_graph


def chain(probabilities, stable=()):
    """A graph from a matrix of probabilities; its nodes are S0, S1, ..."""
    graph = networkx.DiGraph()
    for i, row in enumerate(probabilities):
        graph.add_node(f"S{i}", visits=100 - i, frequency=0.1, spectral_radius=0.9, stability="")
        graph.add_edges_from((f"S{i}", f"S{j}", {"probability": p}) for j, p in enumerate(row) if p)
    for i in stable:
        graph.nodes[f"S{i}"]["stability"] = "stable node"
    return graph


def test_what_is_reached_first_is_the_gambler_who_wins():
    fair = chain(
        [[1, 0, 0, 0, 0], [0.5, 0, 0.5, 0, 0], [0, 0.5, 0, 0.5, 0], [0, 0, 0.5, 0, 0.5], [0, 0, 0, 0, 1]], (0, 4)
    )
    assert reached_first(fair) == {"S0": "S0", "S1": "S0", "S2": "S0", "S3": "S4", "S4": "S4"}
    # From S2 each of three is reached with one third; S4 is never left, and S5 leads nowhere.
    split = chain([[1], [0, 1], [1 / 3, 1 / 3, 0, 1 / 3], [0, 0, 0, 1], [0, 0, 0, 0, 1], []], (0, 1, 3))
    assert reached_first(split) == {"S0": "S0", "S1": "S1", "S3": "S3"}
    assert reached_first(chain([[0, 1], [1, 0]])) == {}


def test_detours_are_the_chain_seen_on_the_nodes_that_are_shown():
    rng = np.random.default_rng(0)
    full = rng.dirichlet(np.full(12, 0.4), 12)
    shown, left_out = full[:5], full[5:]
    wanted = shown[:, 5:] @ np.linalg.solve(np.eye(7) - left_out[:, 5:], left_out[:, :5])
    np.fill_diagonal(wanted, 0.0)
    found = by_way_of_others(chain(full), [f"S{i}" for i in range(5)], least=0.02)
    assert found.keys() == {(f"S{i}", f"S{j}") for i, j in np.argwhere(wanted >= 0.02)}
    for (a, b), share in found.items():
        assert share == pytest.approx(wanted[int(a[1]), int(b[1])])


@pytest.mark.parametrize("n", [9, 24, 100, 700])
def test_no_node_lies_over_another(n):
    rng = np.random.default_rng(n)
    graph = networkx.DiGraph()
    share = rng.dirichlet(np.full(n, 0.3))
    for i in range(n):
        graph.add_node(f"{i:010b}", visits=int(1e6 * share[i]), frequency=share[i], spectral_radius=1.0)
        graph.add_edges_from((f"{i:010b}", f"{j:010b}", {"probability": 0.5}) for j in rng.integers(n, size=2))
    looks = list(graph_looks(graph).values())
    places = np.array([look.place for look in looks])
    radii = np.array([look.radius for look in looks])
    apart = np.linalg.norm(places[:, None] - places, axis=-1) - radii[:, None] - radii
    assert (apart[~np.eye(n, dtype=bool)] > 0.0).all()
    assert {look.label for look in looks} == {f"S{i}" for i in range(1, n + 1)}
    assert (np.diff(radii) <= 0.0).all() and (n == 700 or radii[0] > radii[-1])


def network(relus, units=None, seed=1):
    rng = np.random.default_rng(seed)
    m = units or max(relus, 2)
    return PLRNN.al_rnn(rng.random(m), rng.normal(size=(m, m)) / m**0.5, rng.normal(size=m), pwl_units=relus)


@pytest.mark.parametrize("relus", [0, 1, 2, 32])
def test_pictures(looks, relus):
    model = network(relus)
    looks(plot_transition_graph(model.transition_graph(model.simulate(40, n=40))).figure)


def ring(shares, probability):
    """Subregions of three ReLUs, each followed by the next one, rarely, by the third next one, and by itself."""
    graph = networkx.DiGraph()
    codes = [f"{i:03b}" for i in range(8)]
    for i, (code, share) in enumerate(zip(codes, shares, strict=True)):
        graph.add_node(code, visits=int(1e6 * share), frequency=share, spectral_radius=0.9)
        graph.add_edge(code, codes[(i + 1) % 8], probability=probability)
        graph.add_edge(code, codes[(i + 3) % 8], probability=0.3)
        graph.add_edge(code, code, probability=0.7 - probability)
    return graph


def test_shares_fit_into_nodes_and_rare_steps_are_not_impossible(looks):
    ax = plot_transition_graph(ring([0.9973, 0.3452, 0.2, 0.1, 0.05, 0.03, 0.00019, 0.00002], 0.0002))
    looks(ax.figure)
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("<0.001") == 8 and "0.000" not in texts
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    inside = [text for text in ax.texts if "\n" in text.get_text()]
    assert len(inside) == 8
    for text, node in zip(inside, ax.patches[-8:], strict=True):
        assert text.get_window_extent(renderer).width < node.get_window_extent(renderer).width
    always = plot_transition_graph(ring([0.125] * 8, 0.39999))
    assert "0.300" in [text.get_text() for text in always.texts]


def test_trained(looks, flipflop):
    model, run = flipflop
    figure = plot_transition_graph(model.transition_graph(run)).figure
    assert "8 stable fixed points" in figure.axes[0].get_title()
    looks(figure)


def test_exact_graphs_and_empty_ones(looks):
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    looks(plot_transition_graph(tent.transition_graph(box=1.0)).figure, "exact")
    looks(plot_transition_graph(networkx.DiGraph()).figure, "empty")
