"""The transition graph of a report: places, sizes and texts of what a page draws and a script moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..appearance import FEW_RELUS, INK, NodeLook, by_visits, graph_looks, reached_first
from ..display.abbreviation import count_words, short_bitcode
from ..plotting.style import percent, text_colour

if TYPE_CHECKING:
    import networkx

__all__ = ["BEND", "FEW", "MOST_NODES", "GraphPicture", "ShownEdge", "ShownNode", "draw_graph"]

#: Nodes that are drawn, the most visited first, and edges, the most frequent first.
MOST_NODES, MOST_EDGES = 300, 1500
#: Up to this many nodes arrows are drawn strong.
FEW = 24
# The picture in its own units, a margin for loops, and the largest radius.
WIDTH, HEIGHT, MARGIN, LARGEST = 960.0, 640.0, 36.0, 60.0
# Size of letters, least and most; as a share of the radius; and the share of it that a letter is wide.
LETTERS, LETTER_SHARE, LETTER_WIDTH = (12.0, 16.0), 0.8, 0.62
# Subregions that are named even where the name does not fit into the node.
NAMED = 12
# By how much nodes are drawn larger and smaller than others draw them, where there are many.
LARGER, SMALLER = 1.35, 0.6
#: An edge bends by this share of its length.
BEND = 0.14


@dataclass(frozen=True)
class ShownNode:
    """A subregion.

    Attributes
    ----------
    x, y, radius : float
    name : str
        Written into the node; empty where it does not fit, and the node is not among the first.
    beside : bool
        Whether the name stands above the node instead.
    colour, ink : str
        Of the node, and of its name.
    kind : str
        ``"stable"``, ``"other"`` or empty: the fixed points in it.
    rim : float
        Width of the line around it.
    numbers : tuple of str
        What is said of it.
    """

    x: float
    y: float
    radius: float
    name: str
    beside: bool
    colour: str
    ink: str
    kind: str
    rim: float
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class ShownEdge:
    """A transition.

    Attributes
    ----------
    source, target : int
        Places of the nodes in their list.
    path : str
        As SVG writes it.
    width, opacity : float
    """

    source: int
    target: int
    path: str
    width: float
    opacity: float


@dataclass(frozen=True)
class GraphPicture:
    """What is drawn.

    Attributes
    ----------
    nodes, edges : tuple
    n_nodes, n_edges : int
        How many there are, those included that are not drawn.
    width, height, letters : float
        Of the picture, and of names in it.
    meaning : str
        What colours say; empty where each is a subregion of its own.
    """

    nodes: tuple[ShownNode, ...]
    edges: tuple[ShownEdge, ...]
    n_nodes: int
    n_edges: int
    width: float
    height: float
    letters: float
    meaning: str


def draw_graph(graph: networkx.DiGraph, names: Mapping[str, str]) -> GraphPicture:
    """The most visited subregions of an empirical transition graph, where our other figures of it have them.

    Parameters
    ----------
    graph : networkx.DiGraph
    names : mapping of str to str
        Short names of all its nodes.
    """
    ranked = by_visits(graph)
    looks = graph_looks(graph, ranked[:MOST_NODES])
    place = {code: i for i, code in enumerate(looks)}
    links = [(a, b, d) for a, b, d in graph.edges(data=True) if a in place and b in place]
    links = sorted(links, key=lambda link: -link[2]["count"])[:MOST_EDGES]
    at, radii = _in_picture(list(looks.values()))
    if len(looks) > FEW:
        # Hundreds of shares differ more than radii that hold a name: within the room that each has.
        share = np.array([graph.nodes[code]["frequency"] for code in looks])
        radii *= np.clip(LARGER * np.sqrt(share / share.max()), SMALLER, LARGER)
    letters = float(np.clip(LETTER_SHARE * np.max(radii), *LETTERS))
    nodes = tuple(
        _node(graph, code, names, look.colour, (*at[i], radii[i]), letters, i < NAMED)
        for i, (code, look) in enumerate(looks.items())
    )
    few = len(looks) <= FEW
    edges = []
    for a, b, data in links:
        i, j = place[a], place[b]
        probability = data["probability"]
        width = (0.8 if few else 0.4) + (2.6 if few else 1.6) * probability**0.5
        edges.append(ShownEdge(i, j, _path(nodes[i], nodes[j]), width, (0.55 if few else 0.25) + 0.4 * probability))
    return GraphPicture(
        nodes, tuple(edges), len(ranked), graph.number_of_edges(), WIDTH, HEIGHT, letters, _meaning(graph)
    )


def _meaning(graph: networkx.DiGraph) -> str:
    """As :func:`plrnn_analysis.appearance.graph_looks` gives colours."""
    if any(len(code) > FEW_RELUS for code in graph) and reached_first(graph):
        return "Colours say which stable fixed point is most likely reached first; grey, that none is likely."
    return ""


def _in_picture(looks: Sequence[NodeLook]) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) and radii (n,) in the units of the picture, which counts downwards."""
    at = np.array([look.place for look in looks]) * np.array([1.0, -1.0])
    radii = np.array([look.radius for look in looks])
    low, high = (at - radii[:, None]).min(axis=0), (at + radii[:, None]).max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    scale = float(min(np.min(room / np.maximum(high - low, 1e-9)), LARGEST / radii.max()))
    return (at - (low + high) / 2) * scale + np.array([WIDTH, HEIGHT]) / 2, radii * scale


def _node(
    graph: networkx.DiGraph,
    code: str,
    names: Mapping[str, str],
    colour: str,
    circle: tuple[float, float, float],
    letters: float,
    among_first: bool,
) -> ShownNode:
    data = graph.nodes[code]
    x, y, radius = map(float, circle)
    name = names[code]
    numbers = [name if name == code else f"{name}: {short_bitcode(code)}"]
    numbers.append(f"{percent(data['frequency'])} of the time, {count_words(data['visits'], 'step')}")
    numbers.append(f"spectral radius {data['spectral_radius']:.6g}")
    stability = data.get("stability", "")
    numbers.append(f"fixed points: {stability or 'none'}")
    following = sorted(((d["probability"], names[b]) for b, d in graph.adj[code].items()), reverse=True)[:3]
    if following:
        numbers.append(f"followed by {', '.join(f'{b} ({p:.2g})' for p, b in following)}")
    fits = LETTER_WIDTH * letters * len(name) <= 1.8 * radius
    kind = "" if not stability else "stable" if stability.startswith("stable") else "other"
    rim = min({"": 0.8, "stable": 3.5, "other": 2.4}[kind], 0.28 * radius)
    shown, ink = name if fits or among_first else "", text_colour(colour) if fits else INK
    return ShownNode(x, y, radius, shown, not fits, colour, ink, kind, rim, tuple(numbers))


def _path(a: ShownNode, b: ShownNode) -> str:
    """A bent arrow from node to node, a loop at a node itself; the script of the page does the same."""
    if a is b:
        r = a.radius
        return (
            f"M{a.x - 0.5 * r:.1f} {a.y - 0.87 * r:.1f}C{a.x - 1.2 * r:.1f} {a.y - 2.4 * r:.1f} "
            f"{a.x + 1.2 * r:.1f} {a.y - 2.4 * r:.1f} {a.x + 0.5 * r:.1f} {a.y - 0.87 * r:.1f}"
        )
    start, end = np.array([a.x, a.y]), np.array([b.x, b.y])
    middle = (start + end) / 2 + BEND * np.array([start[1] - end[1], end[0] - start[0]])
    ends: list[Any] = []
    for node, centre, gap in ((a, start, 0.0), (b, end, 2.0)):
        out = (middle - centre) / max(float(np.linalg.norm(middle - centre)), 1e-9)
        ends.append(centre + (node.radius + gap) * out)
    (x0, y0), (x1, y1) = ends
    return f"M{x0:.1f} {y0:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {x1:.1f} {y1:.1f}"
