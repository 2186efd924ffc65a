"""Write graphs as GraphML: the one place where attributes become types that other programs read."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from ._files import write_atomically
from ._signatures import checked
from ._validation import one_of
from .appearance import EDGE, all_looks, rgb
from .errors import GraphError

if TYPE_CHECKING:
    import networkx

__all__ = ["encode_graphml", "write_graphml"]

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_SCHEMA = f"{_NAMESPACE} http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
_LONG = 2**63
# Pixels of a unit of the figure, and the smallest radius of a node.
SCALE, SMALLEST = 200.0, 4.0
# What no XML 1.0 document can hold, however it is escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@checked(error=GraphError)
def write_graphml(graph: networkx.Graph, path: str | os.PathLike[str], flavour: str = "plain") -> None:
    """Write a graph to a GraphML file that networkx, igraph, Gephi, Cytoscape and yEd read.

    Parameters
    ----------
    graph : networkx.Graph
        Directed or not, also with parallel edges; never changed.
    path : path-like
        An existing file is replaced, whole or not at all.
    flavour : {"plain", "gephi"}, optional
        ``"plain"``: what the graph holds and nothing else. ``"gephi"``: nodes also get what Gephi takes for their
        looks, ``x``, ``y``, ``size``, ``r``, ``g``, ``b`` and a short ``label``, edges their colour, so that the graph
        opens looking as :func:`plrnn_analysis.plotting.plot_transition_graph` draws it, with the subregions that the
        figure leaves out in rings around the others. Attributes of the graph itself, each an error in Gephi's import
        report, are left out. What the graph has under these names stays.

    Raises
    ------
    GraphError
        If it is no networkx graph, a node's name is empty, two nodes have the same name as text, or a text
        holds characters that XML does not have; or the flavour is unknown.
    OSError
        If the file cannot be written; the message names it.

    Notes
    -----
    Node ids are the nodes themselves as text, so that ``"0010"`` keeps its zeros. Nodes without an
    attribute ``label`` get their id as label, which is what Gephi shows.

    An attribute has one type in the whole file: ``boolean``, ``long`` (whole numbers of 64 bits), ``double``
    where whole and broken numbers are mixed, and ``string`` for everything else. NumPy scalars count
    as what they hold. Whole numbers beyond 64 bits and complex numbers become strings; lists, tuples, sets,
    dicts and arrays JSON strings. None is left out. NaN and infinity are written as ``NaN``, ``Infinity``
    and ``-Infinity``, which Python's ``float``, Java's ``Double.parseDouble`` and C's ``strtod`` all read.
    Numbers below 2.3e-308 become zero: igraph takes them for an overflow and refuses the whole file.

    Examples
    --------
    >>> import tempfile, networkx
    >>> graph = networkx.DiGraph()
    >>> graph.add_edge("00", "01", probability=np.float32(0.5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_graphml(graph, folder + "/graph.graphml")
    ...     networkx.read_graphml(folder + "/graph.graphml").edges["00", "01"]
    {'probability': 0.5}
    """
    import networkx

    if not isinstance(graph, networkx.Graph):
        raise GraphError(f"graph must be a networkx graph, got {type(graph).__name__}")
    one_of("flavour", flavour, ("plain", "gephi"), error=GraphError)
    write_atomically(path, encode_graphml(graph, flavour))


def encode_graphml(graph: networkx.Graph, flavour: str) -> bytes:
    """What :func:`write_graphml` writes."""
    root = ElementTree.Element(
        "graphml",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": _SCHEMA,
        },
    )
    ids = _node_ids(graph)
    looks = _looks(graph) if flavour == "gephi" else {}
    lines = dict(zip("rgb", rgb(EDGE), strict=True)) if looks else {}
    of_graph = {} if flavour == "gephi" else _named(graph.graph)
    nodes = [{"label": ids[node], **looks.get(node, {}), **_named(data)} for node, data in graph.nodes(data=True)]
    edges = [{**lines, **_named(data)} for *_, data in graph.edges(data=True)]
    node_keys = _Keys(root, "node", nodes)
    edge_keys = _Keys(root, "edge", edges)
    graph_keys = _Keys(root, "graph", [of_graph])
    body = ElementTree.SubElement(root, "graph", {"edgedefault": "directed" if graph.is_directed() else "undirected"})
    graph_keys.write(body, of_graph)
    for node, data in zip(graph.nodes, nodes, strict=True):
        node_keys.write(ElementTree.SubElement(body, "node", {"id": ids[node]}), data)
    for number, (edge, data) in enumerate(zip(graph.edges, edges, strict=True)):
        place = {"source": ids[edge[0]], "target": ids[edge[1]]}
        if graph.is_multigraph():
            # Where edges have no ids, readers take parallel ones for one.
            place["id"] = f"e{number}"
        edge_keys.write(ElementTree.SubElement(body, "edge", place), data)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _looks(graph: networkx.Graph) -> dict[Hashable, dict[str, Any]]:
    """What Gephi takes for the looks of nodes, as in the figure; its units are about a pixel."""
    looks = all_looks(graph)
    scale = max(SCALE, SMALLEST / min((look.radius for look in looks.values()), default=1.0))
    return {
        node: {
            "label": look.label,
            "x": scale * look.place[0],
            "y": scale * look.place[1],
            "size": scale * look.radius,
            **dict(zip("rgb", rgb(look.colour), strict=True)),
        }
        for node, look in looks.items()
    }


def _node_ids(graph: networkx.Graph) -> dict[Hashable, str]:
    ids: dict[Hashable, str] = {}
    taken: dict[str, Hashable] = {}
    for node in graph.nodes:
        name = _text(node, "a node's name")
        if not name:
            raise GraphError("a node's name is empty, which GraphML does not allow; the subregion without ReLU is '-'")
        if name in taken:
            raise GraphError(f"the nodes {taken[name]!r} and {node!r} have the same name {name!r} as text")
        ids[node] = name
        taken[name] = node
    return ids


def _named(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes by name, in types of Python, without those that have no value."""
    return {
        _text(key, "an attribute's name"): plain for key, value in data.items() if (plain := _plain(value)) is not None
    }


def _plain(value: Any) -> bool | int | float | str | None:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if -_LONG <= value < _LONG else str(value)
    if isinstance(value, np.ndarray | list | tuple | Mapping | set | frozenset):
        try:
            return json.dumps(value, default=_json)
        # Keys that are no text, or a list within itself.
        except (TypeError, ValueError):
            return str(value)
    return str(value)


def _json(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return dict(value) if isinstance(value, Mapping) else str(value)


def _text(value: Any, what: str) -> str:
    text = str(value.item() if isinstance(value, np.generic) else value)
    bad = _NO_XML.search(text)
    if bad:
        raise GraphError(f"{what} {text!r} holds the character {bad[0]!r}, which XML does not have")
    return text


class _Keys:
    """The declared attributes of one kind of element."""

    def __init__(self, root: ElementTree.Element, domain: str, elements: Iterable[Mapping[str, Any]]) -> None:
        kinds: dict[str, set[type]] = {}
        for data in elements:
            for name, value in data.items():
                kinds.setdefault(name, set()).add(type(value))
        self.types: dict[str, str] = {name: _common_type(found) for name, found in kinds.items()}
        self.ids: dict[str, str] = {}
        taken = {key.get("id") for key in root}
        for name, kind in self.types.items():
            # Gephi knows its own columns, as "label", by the id of the key.
            readable = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name not in taken
            self.ids[name] = name if readable else f"{domain}.{len(self.ids)}"
            ElementTree.SubElement(
                root, "key", {"id": self.ids[name], "for": domain, "attr.name": name, "attr.type": kind}
            )

    def write(self, element: ElementTree.Element, data: Mapping[str, Any]) -> None:
        for name, value in data.items():
            ElementTree.SubElement(element, "data", {"key": self.ids[name]}).text = _written(
                value, self.types[name], name
            )


def _common_type(kinds: set[type]) -> str:
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "long"
    return "double" if kinds <= {int, float} else "string"


def _written(value: Any, kind: str, name: str) -> str:
    if kind == "double":
        value = float(value)
        if math.isnan(value):
            return "NaN"
        if abs(value) < sys.float_info.min:
            return "0.0"
        return repr(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if kind == "boolean":
        return "true" if value else "false"
    return _text(value, f"the attribute {name!r} =")
