"""How subregions and transition graphs look: names, colours and places, shared by figures, files and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from .results.naming import LONGEST_NAME

if TYPE_CHECKING:
    import networkx

__all__ = [
    "EDGE",
    "FEW_RELUS",
    "INK",
    "MOST_DRAWN",
    "OTHER",
    "PALETTE",
    "NodeLook",
    "all_looks",
    "by_visits",
    "by_way_of_others",
    "graph_looks",
    "node_colours",
    "node_labels",
    "reached_first",
    "rgb",
]

#: Okabe & Ito (2008), without black and ordered so that the first ones differ most, and a dark red by Tol (2021).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#882255")
OTHER = "#BBBBBB"
INK = "#222222"
EDGE = "#555555"
#: With more ReLUs than this there are hundreds of subregions: colours say where they lead, not which they are.
FEW_RELUS = 6
#: Up to this many nodes stand on a circle, in the order of their bitcodes; more are placed by who follows whom.
ON_A_CIRCLE = 8
#: Of more nodes than this figures draw the most visited.
MOST_DRAWN = 24
#: Above this many nodes places are computed by forces instead of by path lengths, which cost the cube of their number;
#: of still more nobody could follow the edges, and they stand in a spiral, the most visited in its middle.
BY_PATHS, BY_FORCES = 64, 300
#: Radius of the node that is visited all the time, and of the smallest, where the places are two units wide.
LARGEST, SMALLEST = 0.16, 0.05
#: Height of a picture of many nodes as a share of its width, and by how much it is stretched at most to get there.
FLAT, STRETCH = 0.75, 2.5


@dataclass(frozen=True)
class NodeLook:
    """How a subregion is drawn.

    Attributes
    ----------
    label : str
        Its short name.
    colour : str
        ``"#rrggbb"``.
    place : tuple of float
        Of its centre.
    radius : float
        In the units of the place.
    """

    label: str
    colour: str
    place: tuple[float, float]
    radius: float


def by_visits(graph: networkx.Graph) -> list[str]:
    """Nodes, the most visited first; by name where visits are equal or were not counted."""
    return sorted(graph.nodes, key=lambda node: (-_number(graph.nodes[node], "visits"), str(node)))


def _number(data: Mapping[str, object], name: str) -> float:
    """An attribute; 0 where there is none, or no number."""
    value = data.get(name)
    return float(value) if isinstance(value, Real) else 0.0


def node_colours(ranked: Sequence[str]) -> dict[str, str]:
    """One colour per node, in this order; grey once the palette is used up."""
    return {node: PALETTE[i] if i < len(PALETTE) else OTHER for i, node in enumerate(ranked)}


def node_labels(ranked: Sequence[str]) -> dict[str, str]:
    """Short names: the bitcode, or the rank by visits, ``S1``, ``S2``, ..., where bitcodes are long.

    Examples
    --------
    >>> node_labels(["01", "11"]), node_labels(["0110100110", "0110100111"])
    ({'01': '01', '11': '11'}, {'0110100110': 'S1', '0110100111': 'S2'})
    """
    if all(len(str(node)) <= LONGEST_NAME for node in ranked):
        return {node: str(node) for node in ranked}
    return {node: f"S{i}" for i, node in enumerate(ranked, 1)}


def rgb(colour: str) -> tuple[int, int, int]:
    """The parts of a colour ``"#rrggbb"``, each from 0 to 255."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def reached_first(graph: networkx.DiGraph) -> dict[str, str]:
    """For each subregion the one with a stable fixed point that is most likely to be reached first.

    Parameters
    ----------
    graph : networkx.DiGraph
        With ``probability`` of each edge and ``stability`` of each node, as an empirical transition graph has them.

    Returns
    -------
    dict of str to str
        Without the subregions from which none is reached with a probability of at least one half. Empty where no
        subregion of the graph holds a stable fixed point.

    Notes
    -----
    Probabilities to be absorbed in a Markov chain with the probabilities of the edges (Kemeny & Snell, 1960,
    ``B = (I - Q)^-1 R``), by a sparse LU factorisation.

    Examples
    --------
    >>> import networkx
    >>> graph = networkx.DiGraph()
    >>> graph.add_nodes_from([("00", {"stability": "stable node"}), ("01", {"stability": "saddle"})])
    >>> graph.add_edge("01", "00", probability=0.25)
    >>> graph.add_edge("01", "01", probability=0.75)
    >>> reached_first(graph)
    {'00': '00', '01': '00'}
    """
    ends = [n for n, data in graph.nodes(data=True) if str(data.get("stability") or "").startswith("stable")]
    share = _absorbed(graph, ends)
    first = {node: ends[int(row.argmax())] for node, row in share.items() if row.max() >= 0.5}
    return {**{end: end for end in ends}, **first}


def by_way_of_others(
    graph: networkx.DiGraph, nodes: Sequence[str], least: float = 0.05
) -> dict[tuple[str, str], float]:
    """Probabilities of going from one subregion to another through those that are left out.

    Parameters
    ----------
    graph : networkx.DiGraph
        With ``probability`` of each edge.
    nodes : sequence of str
        Those that are kept.
    least : float, optional
        Smaller ones are left out too.

    Returns
    -------
    dict of (str, str) to float
        Without the direct transitions, and without those back to where it came from.

    Notes
    -----
    The chain as it is seen on `nodes` alone: ``P_no (I - P_oo)^-1 P_on`` (its stochastic complement, Meyer, 1989).

    Examples
    --------
    >>> import networkx
    >>> graph = networkx.DiGraph()
    >>> graph.add_edge("00", "01", probability=0.25)
    >>> graph.add_edge("01", "11", probability=1.0)
    >>> by_way_of_others(graph, ["00", "11"])
    {('00', '11'): 0.25}
    """
    column = {node: i for i, node in enumerate(nodes)}
    share = _absorbed(graph, nodes)
    found = np.zeros((len(nodes), len(nodes)))
    for source, target, data in graph.edges(data=True):
        if source in column and target in share:
            found[column[source]] += _number(data, "probability") * share[target]
    np.fill_diagonal(found, 0.0)
    return {(nodes[i], nodes[j]): float(found[i, j]) for i, j in np.argwhere(found >= least).tolist()}


def _absorbed(graph: networkx.DiGraph, ends: Sequence[str]) -> dict[str, np.ndarray]:
    """Which of `ends` each other node reaches first, as probabilities (n_ends,); without nodes that reach none."""
    import networkx
    from scipy.sparse import csc_array, identity
    from scipy.sparse.linalg import splu

    if not graph.is_directed():
        return {}
    backwards = graph.reverse(copy=False)
    able = set().union(*(networkx.descendants(backwards, end) for end in ends)) - set(ends)
    others = [node for node in graph if node in able]
    if not others:
        return {}
    column = {node: i for i, node in enumerate([*others, *ends])}
    steps = [
        (column[source], column[target], _number(data, "probability"))
        for source, target, data in graph.out_edges(others, data=True)
        if target in column
    ]
    rows, columns, values = zip(*steps, strict=True)
    table = csc_array((values, (rows, columns)), shape=(len(others), len(column)))
    # Every one of them reaches an end: the matrix is regular.
    stays = identity(len(others), format="csc") - table[:, : len(others)]
    share = splu(csc_array(stays)).solve(table[:, len(others) :].toarray())
    return dict(zip(others, share, strict=True))


def graph_looks(graph: networkx.DiGraph, nodes: Sequence[str] | None = None) -> dict[str, NodeLook]:
    """How the subregions of a transition graph are drawn, here and in files for other programs.

    Parameters
    ----------
    graph : networkx.DiGraph
    nodes : sequence of str, optional
        Those to be drawn; by default all.

    Returns
    -------
    dict of str to NodeLook
        The most visited first. Up to six ReLUs each of the first eight has a colour; with more ReLUs the colour is that
        of the subregion with a stable fixed point that is most likely reached first (:func:`reached_first`), where
        there are any. With two ReLUs nodes stand in their quadrants, and up to eight stand on a circle in the order of
        their bitcodes. Of up to 300 those stand near each other that follow each other; of more the most visited stand
        in the middle. Above eight nodes sizes grow with visits.
    """
    ranked = by_visits(graph)
    wanted = set(ranked if nodes is None else nodes)
    shown = [node for node in ranked if node in wanted]
    labels, colours = node_labels(ranked), _colours(graph, ranked)
    if len(shown) <= ON_A_CIRCLE:
        places = _places_by_bitcode(sorted(shown, key=str))
        radii = dict.fromkeys(shown, min(0.2, 1.4 / max(len(shown), 1)))
    else:
        radii = _radii(graph, shown)
        places = _places_by_steps(graph, shown, radii) if len(shown) <= BY_FORCES else _spiral(shown)
    return {n: NodeLook(labels[n], colours[n], (float(places[n][0]), float(places[n][1])), radii[n]) for n in shown}


def all_looks(graph: networkx.DiGraph) -> dict[str, NodeLook]:
    """How all subregions are drawn: the most visited as in the figure, the others small and in rings around them.

    Parameters
    ----------
    graph : networkx.DiGraph

    Returns
    -------
    dict of str to NodeLook
        The most visited first. Each of the others stands on the side of those that it follows or is followed by.
    """
    ranked = by_visits(graph)
    drawn, others = ranked[:MOST_DRAWN], ranked[MOST_DRAWN:]
    looks = graph_looks(graph, drawn)
    if not others:
        return looks
    labels, colours = node_labels(ranked), _colours(graph, ranked)
    radius = min(look.radius for look in looks.values()) / 2.0
    places = {node: np.array(look.place) for node, look in looks.items()}
    for node, place in _rings(graph, places, others, radius).items():
        looks[node] = NodeLook(labels[node], colours[node], (float(place[0]), float(place[1])), radius)
    return looks


def _colours(graph: networkx.DiGraph, ranked: Sequence[str]) -> dict[str, str]:
    colours = node_colours(ranked)
    if any(len(str(node)) > FEW_RELUS for node in ranked) and (reached := reached_first(graph)):
        of_end = node_colours([node for node in ranked if reached.get(node) == node])
        colours = {node: of_end[reached[node]] if node in reached else OTHER for node in ranked}
    return colours


def _rings(
    graph: networkx.Graph, places: dict[str, np.ndarray], nodes: Sequence[str], radius: float
) -> dict[str, np.ndarray]:
    """Places on rings around `places`, from the inside, turned so that neighbours are near."""
    centre = np.mean(list(places.values()), axis=0)
    reach = max(float(np.linalg.norm(place - centre)) for place in places.values()) + 4.0 * radius
    near = graph.to_undirected(as_view=True) if graph.is_directed() else graph
    placed, first = dict(places), 0
    while first < len(nodes):
        reach += 4.0 * radius
        ring = nodes[first : first + max(1, int(2.0 * np.pi * reach / (3.0 * radius)))]
        first += len(ring)
        angles = {}
        for i, node in enumerate(ring):
            known = [placed[other] - centre for other in near[node] if other in placed]
            x, y = np.sum(known, axis=0) if known else (np.cos(i), np.sin(i))
            angles[node] = float(np.arctan2(y, x))
        ring = sorted(ring, key=lambda node: angles[node])
        slots = 2.0 * np.pi * np.arange(len(ring)) / len(ring)
        turn = np.angle(np.sum(np.exp(1j * (np.array([angles[node] for node in ring]) - slots))))
        for node, angle in zip(ring, slots + turn, strict=True):
            placed[node] = centre + reach * np.array([np.cos(angle), np.sin(angle)])
    return {node: placed[node] for node in nodes}


def _places_by_bitcode(nodes: Sequence[str]) -> dict[str, np.ndarray]:
    """With two ReLUs in their quadrants, two on a line, else on a circle in this order."""
    if nodes and all(len(str(n)) == 2 and set(str(n)) <= {"0", "1"} for n in nodes):
        return {n: np.array([float(digit) for digit in str(n)]) for n in nodes}
    if len(nodes) <= 2:
        return {n: np.array([float(i), 0.0]) for i, n in enumerate(nodes)}
    return _circle(nodes)


def _circle(nodes: Sequence[str]) -> dict[str, np.ndarray]:
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(nodes)) / len(nodes)
    return {n: np.array([np.cos(a), np.sin(a)]) for n, a in zip(nodes, angle, strict=True)}


def _spiral(nodes: Sequence[str]) -> dict[str, np.ndarray]:
    """Like the seeds of a sunflower, which leave each the same room (Vogel, 1979)."""
    k = np.arange(len(nodes))
    angle, radius = k * np.pi * (3.0 - 5.0**0.5), np.sqrt(k / len(nodes))
    return dict(zip(nodes, np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), strict=True))


def _radii(graph: networkx.DiGraph, nodes: Sequence[str]) -> dict[str, float]:
    """Areas grow with the share of time; the smallest still hold a name."""
    shrink = min(1.0, (24 / len(nodes)) ** 0.5)
    shares = {node: _number(graph.nodes[node], "frequency") for node in nodes}
    return {node: shrink * max(SMALLEST, LARGEST * share**0.5) for node, share in shares.items()}


def _places_by_steps(graph: networkx.DiGraph, nodes: Sequence[str], radii: dict[str, float]) -> dict[str, np.ndarray]:
    """Who follows whom stands near: the wider way across, two units wide, and no two nodes over each other."""
    import networkx

    part = networkx.Graph(graph.subgraph(nodes).to_undirected(as_view=True))
    part.add_edges_from(by_way_of_others(graph, nodes))
    start = _circle(nodes)
    if len(nodes) <= BY_PATHS:
        apart = dict(networkx.all_pairs_shortest_path_length(part))
        longest = max(max(lengths.values()) for lengths in apart.values())
        distances = {a: {b: apart[a].get(b, longest + 1) for b in nodes} for a in nodes}
        found = networkx.kamada_kawai_layout(part, dist=distances, pos=start, weight=None)
    else:
        found = networkx.spring_layout(part, pos=start, weight=None, iterations=100, seed=0)
    points = np.array([found[node] for node in nodes])
    points -= points.mean(axis=0)
    across = np.linalg.svd(points, full_matrices=False)[2]
    # Of the two signs of each axis the one that has the most visited node on the left and above.
    points = points @ across.T
    points *= np.where(points[0] * [1.0, -1.0] > 0.0, -1.0, 1.0)
    # Path lengths have no aspect: a flat picture is stretched to the shape of figures.
    width, height = np.maximum(np.ptp(points, axis=0), 1e-9)
    points *= 2.0 / width * np.array([1.0, np.clip(FLAT * width / height, 1.0, STRETCH)])
    return dict(zip(nodes, _moved_apart(points, np.array([radii[node] for node in nodes])), strict=True))


def _moved_apart(points: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Push circles that touch away from each other."""
    room = 1.35 * (radii[:, None] + radii)
    for _ in range(200):
        difference = points[:, None] - points
        distance = np.linalg.norm(difference, axis=-1)
        overlap = np.where(np.eye(len(points), dtype=bool), 0.0, room - distance)
        if overlap.max() <= 1e-3:
            break
        direction = difference / np.maximum(distance, 1e-9)[..., None]
        points = points + 0.5 * (np.maximum(overlap, 0.0)[..., None] * direction).sum(axis=1)
    return points
