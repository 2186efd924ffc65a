"""GraphML files, read back by networkx and igraph."""

from __future__ import annotations

import copy
import math
import os
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plrnn_analysis as pa
from plrnn_analysis import GraphError, write_graphml

NETWORKS = Path(__file__).resolve().parent.parent / "docs" / "networks"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "graph.graphml"


def transition_graph() -> nx.DiGraph:
    rng = np.random.default_rng(0)
    model = pa.PLRNN.al_rnn(rng.random(6), rng.standard_normal((6, 6)) * 0.6, np.zeros(6), pwl_units=4)
    return model.transition_graph(model.simulate(20, n=20))


def same_without_labels(found: nx.Graph, written: nx.Graph) -> None:
    assert list(found) == list(written) and found.is_directed() == written.is_directed()
    for name, data in written.nodes(data=True):
        assert found.nodes[name] == {"label": name, **data}
        for key, value in data.items():
            assert type(found.nodes[name][key]) is type(value), key
    assert list(found.edges(data=True)) == list(written.edges(data=True))
    for key, value in written.graph.items():
        assert found.graph[key] == value and type(found.graph[key]) is type(value)


def test_transition_graph_comes_back_in_networkx(path):
    graph = transition_graph()
    assert len(graph) > 4 and any(name.startswith("0") for name in graph)
    write_graphml(graph, path)
    same_without_labels(nx.read_graphml(path), graph)


def test_transition_graph_comes_back_in_igraph(path):
    graph = transition_graph()
    write_graphml(graph, path)
    found = igraph.Graph.Read_GraphML(str(path))
    assert found.is_directed()
    assert found.vs["id"] == list(graph) and found.vs["label"] == list(graph)
    for vertex in found.vs:
        data = graph.nodes[vertex["id"]]
        assert vertex["visits"] == data["visits"] and vertex["frequency"] == data["frequency"]
        assert vertex["stability"] == data["stability"]
    edges = {(found.vs[e.source]["id"], found.vs[e.target]["id"]): (e["count"], e["probability"]) for e in found.es}
    assert edges == {(a, b): (d["count"], d["probability"]) for a, b, d in graph.edges(data=True)}
    assert found["pwl_units"] == 4 and found["fixed_points_complete"] is True


def test_leading_zeros_and_the_node_without_relu(path):
    graph = nx.DiGraph([("0010", "0001"), ("-", "0010")])
    write_graphml(graph, path)
    assert list(nx.read_graphml(path)) == ["0010", "0001", "-"]
    assert igraph.Graph.Read_GraphML(str(path)).vs["id"] == ["0010", "0001", "-"]


@pytest.mark.parametrize(
    ("value", "kind", "text", "back"),
    [
        (True, "boolean", "true", True),
        (np.bool_(False), "boolean", "false", False),
        (3, "long", "3", 3),
        (np.int8(3), "long", "3", 3),
        (np.uint64(2**63 - 1), "long", str(2**63 - 1), 2**63 - 1),
        (np.uint64(2**64 - 1), "string", str(2**64 - 1), str(2**64 - 1)),
        (-(2**70), "string", str(-(2**70)), str(-(2**70))),
        (0.1, "double", "0.1", 0.1),
        (np.float32(0.1), "double", repr(float(np.float32(0.1))), float(np.float32(0.1))),
        (np.array(2.5), "double", "2.5", 2.5),
        (np.inf, "double", "Infinity", math.inf),
        (-np.inf, "double", "-Infinity", -math.inf),
        (np.float64("nan"), "double", "NaN", None),
        (5e-324, "double", "0.0", 0.0),
        (-2.3e-308, "double", "-2.3e-308", -2.3e-308),
        ("0010", "string", "0010", "0010"),
        (np.str_("0010"), "string", "0010", "0010"),
        ("", "string", None, ""),
        ("<&\">' ü \t\n", "string", "<&\">' ü \t\n", "<&\">' ü \t\n"),
        (1 + 2j, "string", "(1+2j)", "(1+2j)"),
        (np.complex128(1j), "string", "1j", "1j"),
        ((1, 2.5), "string", "[1, 2.5]", "[1, 2.5]"),
        ([np.int64(1), "a", None], "string", '[1, "a", null]', '[1, "a", null]'),
        (np.array([[1.0], [2.0]]), "string", "[[1.0], [2.0]]", "[[1.0], [2.0]]"),
        ({"a": (1,)}, "string", '{"a": [1]}', '{"a": [1]}'),
        ({2, 1}, "string", "[1, 2]", "[1, 2]"),
        ({(1, 2): 3}, "string", "{(1, 2): 3}", "{(1, 2): 3}"),
        ([1j], "string", '["1j"]', '["1j"]'),
        (Path("a/b"), "string", str(Path("a/b")), str(Path("a/b"))),
    ],
)
def test_every_type_has_a_place(path, value, kind, text, back):
    graph = nx.DiGraph(v=value)
    graph.add_node("0", v=value)
    graph.add_edge("0", "1", v=value)
    write_graphml(graph, path)
    root = ET.parse(path).getroot()
    namespace = "{http://graphml.graphdrawing.org/xmlns}"
    keys = {(k.get("for"), k.get("attr.name")): (k.get("attr.type"), k.get("id")) for k in root.iter(f"{namespace}key")}
    for domain in ("graph", "node", "edge"):
        found_kind, identifier = keys[domain, "v"]
        assert found_kind == kind
        (data,) = (d for d in root.iter(f"{namespace}data") if d.get("key") == identifier)
        assert data.text == text
    found, other = nx.read_graphml(path), igraph.Graph.Read_GraphML(str(path))
    for read in (found.graph["v"], found.nodes["0"]["v"], found.edges["0", "1"]["v"]):
        if back is None:
            assert math.isnan(read)
        else:
            assert read == back and type(read) is type(back)
    for read in (other["v"], other.vs[0]["v"], other.es[0]["v"]):
        assert math.isnan(read) if back is None else read == (float(back) if kind == "long" else back)


def test_one_type_for_an_attribute_in_the_whole_file(path):
    graph = nx.DiGraph()
    graph.add_node("a", mixed=1, number=True, gone=None, word=1)
    graph.add_node("b", mixed=0.5, gone=2, word="x")
    graph.add_node("c", number=2)
    write_graphml(graph, path)
    assert path.read_text().count('attr.name="mixed"') == 1
    found = nx.read_graphml(path)
    assert found.nodes["a"] == {"label": "a", "mixed": 1.0, "number": "True", "word": "1"}
    assert found.nodes["b"] == {"label": "b", "mixed": 0.5, "gone": 2, "word": "x"}
    assert found.nodes["c"] == {"label": "c", "number": "2"}


def test_labels_of_the_user_stay(path):
    graph = nx.DiGraph()
    graph.add_node("0", label="rest")
    graph.add_node("1")
    write_graphml(graph, path)
    assert [data["label"] for _, data in nx.read_graphml(path).nodes(data=True)] == ["rest", "1"]


def test_names_of_attributes(path):
    graph = nx.DiGraph(weight=1)
    graph.add_node("0", **{"weight": 2, "two words": 3, "größe": 4, "node.0": 5})
    graph.nodes["0"][7] = "seven"
    graph.add_edge("0", "0", weight=6, node=1, label="loop")
    write_graphml(graph, path)
    found = nx.read_graphml(path)
    assert found.nodes["0"] == {
        "label": "0", "weight": 2, "two words": 3, "größe": 4, "node.0": 5, "7": "seven",
    }  # fmt: skip
    assert found.edges["0", "0"] == {"weight": 6, "node": 1, "label": "loop"} and found.graph["weight"] == 1
    identifiers = re.findall(r'<key id="([^"]*)"', path.read_text())
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_all_kinds_of_graphs(path, kind):
    graph = kind([("a", "b"), ("b", "c")])
    if graph.is_multigraph():
        graph.add_edge("a", "b", n=2)
    write_graphml(graph, path)
    found, other = nx.read_graphml(path), igraph.Graph.Read_GraphML(str(path))
    assert type(found) is kind
    assert found.number_of_edges() == other.ecount() == graph.number_of_edges()
    assert other.is_directed() == graph.is_directed()


def test_empty_graph(path):
    write_graphml(nx.DiGraph(), path)
    assert len(nx.read_graphml(path)) == 0


def test_the_graph_is_not_changed(path):
    graph = nx.DiGraph(a=np.float64(1.0), b=None)
    graph.add_node(np.str_("0"), c=[1, 2], d=None)
    graph.add_edge("0", "1", e=np.bool_(True))
    before = copy.deepcopy(graph)
    write_graphml(graph, path)
    assert graph.graph == before.graph and dict(graph.nodes(data=True)) == dict(before.nodes(data=True))
    assert list(graph.edges(data=True)) == list(before.edges(data=True))
    assert type(graph.graph["a"]) is np.float64 and type(graph.edges["0", "1"]["e"]) is np.bool_


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    nodes=st.lists(st.text("01", min_size=1, max_size=70), min_size=1, max_size=6, unique=True),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="￾￿\r")),
    number=st.floats(),
    whole=st.integers(-(2**63), 2**63 - 1),
)
def test_round_trip_of_anything(tmp_path, nodes, text, number, whole):
    graph = nx.DiGraph()
    for node in nodes:
        graph.add_node(node, text=text, number=number, whole=whole)
    graph.add_edge(nodes[0], nodes[-1], number=number)
    path = tmp_path / "graph.graphml"
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        with pytest.raises(GraphError, match="which XML does not have"):
            write_graphml(graph, path)
        return
    write_graphml(graph, path)
    found = nx.read_graphml(path)
    assert list(found) == nodes
    for node in nodes:
        data = found.nodes[node]
        assert data["text"] == text and data["whole"] == whole
        assert data["number"] == (0.0 if abs(number) < sys.float_info.min else number) or math.isnan(number)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([""], "empty"),
        ([1, "1"], "the nodes 1 and '1' have the same name '1'"),
        (["a\0"], "XML"),
        (["\ud800"], "XML"),
    ],
)
def test_names_that_graphml_cannot_hold(path, nodes, words):
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    with pytest.raises(GraphError, match=words):
        write_graphml(graph, path)
    assert not path.exists()


def test_no_graph(path):
    with pytest.raises(GraphError, match="must be a networkx graph, got"):
        write_graphml({"a": 1}, path)


def test_nodes_that_are_no_strings(path):
    graph = nx.DiGraph([(1, (2, 3)), (np.int64(4), 1)])
    write_graphml(graph, path)
    assert list(nx.read_graphml(path)) == ["1", "(2, 3)", "4"]


def test_folder_that_does_not_exist(tmp_path):
    target = tmp_path / "nowhere" / "graph.graphml"
    with pytest.raises(FileNotFoundError, match=r"\(No such file or directory\); its directory") as caught:
        write_graphml(nx.DiGraph(), target)
    assert str(target) in str(caught.value)
    with pytest.raises(IsADirectoryError, match="cannot be written"):
        write_graphml(nx.DiGraph(), tmp_path)


def test_writing_is_atomic(path, monkeypatch):
    write_graphml(nx.DiGraph([("old", "b")]), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left on device"):
        write_graphml(nx.DiGraph([("new", "b")]), path)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def gephi_reads(path: Path) -> tuple[dict, list, list]:
    """Properties of nodes and edges, and complaints, as Gephi's importer takes them: by the id or name of a key."""
    aliases = {"d3": "label", "xpos": "x", "ypos": "y"}, {"edgelabel": "label", "d7": "label", "Edge Weight": "weight"}
    of_nodes = {name: name for name in ("label", "x", "y", "z", "size", "r", "g", "b", "color")} | aliases[0]
    of_edges = {name: name for name in ("label", "weight", "id", "r", "g", "b", "color")} | aliases[1]
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ET.parse(path).getroot()
    complaints, properties = [], {"node": {}, "edge": {}}
    for key in root.iter(f"{space}key"):
        domain, names = key.get("for"), (key.get("id"), key.get("attr.name"))
        if domain not in properties:
            complaints.append(names[1])
            continue
        known = of_nodes if domain == "node" else of_edges
        if (name := next((known[name] for name in names if name in known), None)) is not None:
            properties[domain][key.get("id")] = name

    def data(element: ET.Element, domain: str) -> dict:
        found = {properties[domain].get(d.get("key")): d.text for d in element.iter(f"{space}data")}
        return {name: text for name, text in found.items() if name}

    nodes = {node.get("id"): data(node, "node") for node in root.iter(f"{space}node")}
    edges = [(e.get("source"), e.get("target"), data(e, "edge")) for e in root.iter(f"{space}edge")]
    return nodes, edges, complaints


@pytest.mark.parametrize("flavour", ["plain", "gephi"])
def test_weight_is_the_probability_for_every_reader(path, flavour):
    graph = transition_graph()
    write_graphml(graph, path, flavour=flavour)
    assert nx.read_graphml(path).size(weight="weight") == pytest.approx(sum(1 for n in graph if graph.out_degree(n)))
    for _, _, data in nx.read_graphml(path).edges(data=True):
        assert data["weight"] == data["probability"] and data["count"] >= 1
    found = igraph.Graph.Read_GraphML(str(path))
    assert found.is_weighted() and found.es["weight"] == found.es["probability"]
    assert [float(data["weight"]) for *_, data in gephi_reads(path)[1]] == found.es["weight"]


def test_exact_graphs_have_weights_too(path):
    tent = pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    write_graphml(tent.transition_graph(box=1.0), path, "gephi")
    assert igraph.Graph.Read_GraphML(str(path)).es["weight"] == [1.0] * 4
    nodes, _, complaints = gephi_reads(path)
    assert not complaints and {n: data["label"] for n, data in nodes.items()} == {"0": "0", "1": "1"}


def drawn(graph: nx.DiGraph) -> dict[str, tuple]:
    """Places, radii and colours of the figure, by the names that stand in its nodes."""
    from matplotlib.patches import Circle

    from plrnn_analysis.plotting import plot_transition_graph

    ax = plot_transition_graph(graph)
    names = {tuple(np.round(text.get_position(), 6)): text.get_text().split("\n")[0] for text in ax.texts}
    circles = [patch for patch in ax.patches if isinstance(patch, Circle)]
    return {
        names[tuple(np.round(c.center, 6))]: (
            *c.center,
            c.radius,
            *(round(255 * part) for part in c.get_facecolor()[:3]),
        )
        for c in circles
    }


def from_the_file_alone(path: Path) -> tuple[dict[str, tuple], list[dict]]:
    """The same as Gephi reads it: a size is a radius, and y points upwards."""
    nodes, edges, complaints = gephi_reads(path)
    assert complaints == []
    numbers = ("x", "y", "size")
    looks = {d["label"]: (*(float(d[n]) for n in numbers), *(int(d[c]) for c in "rgb")) for d in nodes.values()}
    assert len(looks) == len(nodes)
    return looks, [data for *_, data in edges]


def assert_alike(figure: dict[str, tuple], file: dict[str, tuple]) -> None:
    """Every node of the figure stands in the file, in one scale, with its name, place, size and colour."""
    assert figure.keys() <= file.keys()
    scale = next(file[name][2] / figure[name][2] for name in figure)
    for name, (x, y, radius, *colour) in figure.items():
        assert file[name][:3] == pytest.approx((scale * x, scale * y, scale * radius), abs=1e-6)
        assert list(file[name][3:]) == colour


@pytest.mark.parametrize("relus", [0, 1, 2, 4, 9])
def test_in_gephi_it_looks_like_the_figure(path, relus):
    rng = np.random.default_rng(1)
    m = max(relus, 2)
    model = pa.PLRNN.al_rnn(
        rng.random(m) * 0.9, rng.standard_normal((m, m)) * 0.4, rng.standard_normal(m), pwl_units=relus
    )
    graph = model.transition_graph(model.simulate(12, n=6))
    assert len(graph) <= 24
    write_graphml(graph, path, "gephi")
    file, edges = from_the_file_alone(path)
    figure = drawn(graph)
    assert file.keys() == figure.keys()
    assert_alike(figure, file)
    assert all([data[c] for c in "rgb"] == ["85"] * 3 and float(data["weight"]) > 0.0 for data in edges)
    assert max(map(len, file)) <= 8 and (file.keys() == set(graph)) is (relus <= 8)


def test_a_trained_network_looks_in_gephi_like_its_figure(path):
    """With 32 ReLUs the most visited subregions are where the figure draws them, the others around them."""
    model = pa.load(NETWORKS / "flipflop32.safetensors")
    graph = model.transition_graph(model.run(model.trials))
    write_graphml(graph, path, "gephi")
    file, _ = from_the_file_alone(path)
    figure = drawn(graph)
    assert set(figure) == {f"S{i}" for i in range(1, 25)} and len(file) == len(graph) > 200
    assert_alike(figure, file)
    x, y, size = np.array([look[:3] for look in file.values()]).T
    inside = np.array([name in figure for name in file])
    middle = np.array([x[inside].mean(), y[inside].mean()])
    away = np.hypot(x - middle[0], y - middle[1])
    assert away[inside].max() < away[~inside].min() and size[inside].min() > size[~inside].max()
    apart = np.hypot(x[:, None] - x, y[:, None] - y) - (size[:, None] + size)
    assert apart[~np.eye(len(x), dtype=bool)].min() > 0.0
    # Most of the others stand on the side of those that they follow, or that follow them.
    names = dict(zip((data["label"] for data in gephi_reads(path)[0].values()), graph))
    turns = []
    for name, node in names.items():
        near = [
            n
            for n, other in names.items()
            if n in figure and (graph.has_edge(node, other) or graph.has_edge(other, node))
        ]
        if name not in figure and near:
            there = np.mean([file[n][:2] for n in near], axis=0) - middle
            here = np.array(file[name][:2]) - middle
            turns.append(here @ there / np.linalg.norm(here) / np.linalg.norm(there))
    assert len(turns) > 50 and np.mean(turns) > 0.5


def test_gephi_complains_of_attributes_of_the_graph(path):
    graph = transition_graph()
    write_graphml(graph, path)
    assert len(gephi_reads(path)[2]) == len(graph.graph) == 12
    plain = nx.read_graphml(path)
    write_graphml(graph, path, "gephi")
    found = nx.read_graphml(path)
    assert set(found.graph) <= {"node_default", "edge_default"} and "x" not in next(iter(plain.nodes(data=True)))[1]
    assert list(found) == list(plain) and igraph.Graph.Read_GraphML(str(path)).vs["id"] == list(graph)


def test_looks_of_the_user_stay(path):
    graph = nx.Graph()
    graph.add_node(10, label="mine", x=3.0, r=7, visits="many")
    graph.add_edge(10, "b", weight=2.5, color="red")
    write_graphml(graph, path, "gephi")
    nodes, edges, _ = gephi_reads(path)
    assert nodes["10"]["label"] == "mine" and float(nodes["10"]["x"]) == 3.0 and nodes["10"]["r"] == "7"
    assert edges[0][2]["weight"] == "2.5" and edges[0][2]["color"] == "red"


@pytest.mark.parametrize("nodes", [0, 1, 2, 3, 2000])
def test_nodes_of_any_number_stand_apart(path, nodes):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    write_graphml(graph, path, "gephi")
    found = list(gephi_reads(path)[0].values())
    at = np.array([[float(data["x"]), float(data["y"])] for data in found]).reshape(nodes, 2)
    sizes = np.array([float(data["size"]) for data in found])
    assert not found or sizes.min() >= 3.999
    for i in range(0, nodes, 37):
        assert np.count_nonzero(np.linalg.norm(at - at[i], axis=1) < sizes + sizes[i]) == 1


def test_an_unknown_flavour(path):
    with pytest.raises(GraphError, match="flavour must be one of 'plain', 'gephi'"):
        write_graphml(nx.DiGraph(), path, "yed")
