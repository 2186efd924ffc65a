"""What a transition graph says, in a line and a short table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._frozen import Frozen
from .appearance import by_visits
from .display.abbreviation import count_words, short_bitcode
from .errors import GraphError
from .results import ResultSequence

if TYPE_CHECKING:
    import networkx

__all__ = ["GraphNode", "GraphSummary", "summarize_graph"]

#: Subregions that are named as those that follow another.
FOLLOWERS = 3


@dataclass(frozen=True, eq=False)
class GraphNode(Frozen):
    """A subregion in a transition graph.

    Attributes
    ----------
    bitcode : str
    frequency : float or None
        Share of all steps that are spent there; None in an exact graph.
    followed_by : dict of str to float
        The most likely next subregions, three at most, with their probabilities; empty in an exact graph.
    n_followers : int
        How many subregions follow, itself included if a step may stay.
    spectral_radius : float
        Of the Jacobian of the subregion.
    stability : str or None
        Of the fixed points in it, separated by ``", "``; empty where there is none, None where they were left out.
    visits : int or None
        Steps spent there; None in an exact graph.
    escapes : int or None
        In an exact graph, how many subregions outside the box it is mapped into; else None.
    """

    bitcode: str
    frequency: float | None
    followed_by: dict[str, float]
    n_followers: int
    spectral_radius: float
    stability: str | None
    visits: int | None
    escapes: int | None


@dataclass(frozen=True, eq=False)
class GraphSummary(ResultSequence[GraphNode]):
    """The subregions of a transition graph, the most visited first, and what they have in common.

    Attributes
    ----------
    kind : str
        ``"empirical"``: what a trajectory did; ``"exact"``: what points of a box can do.
    n_transitions : int
        Number of edges.
    pwl_units : int or None
        Number of ReLUs P of the model, which has 2^P subregions at most; None where the graph does not say it.
    entropy : float or None
        Of the subregion visited, in bits: 0 if there is one, log2 n if n are visited equally often. None if exact.
    entropy_rate : float or None
        Of the next subregion if the present one is known, in bits per step: 0 if each is always followed by the same
        one; the entropy rate, if the next subregion depends on the present one alone. None if exact.
    fixed_points_complete : bool or None
        Whether the search for fixed points proved that there are no others; None if they were left out.
    fixed_points_elsewhere : int
        Fixed points and continua in subregions that the trajectory did not visit, or fixed points outside the box.
    """

    columns = (
        "bitcode", "frequency", "followed_by", "n_followers", "spectral_radius", "stability", "visits", "escapes",
    )  # fmt: skip
    optional_columns = ("frequency", "stability", "visits", "escapes")

    _items: tuple[GraphNode, ...]
    kind: str
    n_transitions: int
    pwl_units: int | None
    entropy: float | None
    entropy_rate: float | None
    fixed_points_complete: bool | None
    fixed_points_elsewhere: int

    def table(self) -> Any:
        """One row per subregion, with those of the columns that graphs of this kind have."""
        table = super().table()
        if self.kind == "exact":
            del table["followed_by"]
        return table

    @property
    def claim(self) -> str:
        """What the table holds: everything that is possible, or what was seen."""
        return "every transition possible inside the box" if self.kind == "exact" else "what the trajectory did"

    def __repr__(self) -> str:
        return f"<GraphSummary: {self._verdict()}>"

    def _verdict(self) -> str:
        place = "in the box" if self.kind == "exact" else "visited"
        most = f" of at most 2^{self.pwl_units}" if self.pwl_units is not None else ""
        text = f"{count_words(len(self), 'subregion')} {place}{most}, {count_words(self.n_transitions, 'transition')}"
        if self.entropy is None or not len(self):
            return text
        first = f"{short_bitcode(self[0].bitcode)} {self[0].frequency:.1%} of the time"
        return f"{text}; {first}; entropy {self.entropy:.3g} bits, rate {self.entropy_rate:.3g} bits per step"

    def _notes(self) -> list[str]:
        notes = []
        if self.fixed_points_elsewhere:
            where = "outside the box" if self.kind == "exact" else "in subregions that the trajectory never visits"
            many = count_words(self.fixed_points_elsewhere, "fixed point or continuum", "fixed points or continua")
            notes.append(f"Note: {many} {where}.")
        if self.fixed_points_complete is False:
            notes.append("Note: the search for fixed points was not complete; there may be more of them.")
        return notes


def summarize_graph(graph: networkx.DiGraph) -> GraphSummary:
    """What a transition graph says, in a line and a short table.

    Parameters
    ----------
    graph : networkx.DiGraph
        From :meth:`plrnn_analysis.PLRNN.transition_graph`, empirical or exact, or read back from its GraphML file.

    Returns
    -------
    GraphSummary

    Raises
    ------
    GraphError
        If it is no transition graph.

    Notes
    -----
    ``O(n log n + edges)``. Entropies are those of the counts, without correction for what was not seen: see
    :func:`plrnn_analysis.symbols.block_entropies` for estimates with intervals.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> summarize_graph(tent.transition_graph(tent.simulate(5, z0=[0.1])))
    <GraphSummary: 2 subregions visited of at most 2^1, 3 transitions; 0 60.0% of the time; entropy ...>
    """
    nodes = _checked(graph)
    empirical = all("visits" in data for data in nodes.values())
    items = tuple(_node(graph, name, nodes[name], empirical) for name in by_visits(graph))
    about = graph.graph
    elsewhere = about.get("fixed_points_unvisited", about.get("fixed_points_outside", 0))
    return GraphSummary(
        _items=items,
        kind="empirical" if empirical else "exact",
        n_transitions=graph.number_of_edges(),
        pwl_units=about.get("pwl_units"),
        entropy=_bits(np.array([item.frequency for item in items], dtype=np.float64)) if empirical else None,
        entropy_rate=_entropy_rate(graph) if empirical else None,
        fixed_points_complete=about.get("fixed_points_complete"),
        fixed_points_elsewhere=int(elsewhere),
    )


def _checked(graph: Any) -> dict[str, dict[str, Any]]:
    """The attributes of each node."""
    import networkx

    if not isinstance(graph, networkx.DiGraph):
        raise GraphError(f"graph must be what model.transition_graph() returns, got {type(graph).__name__}")
    nodes = dict(graph.nodes(data=True))
    lacking = next((name for name, data in nodes.items() if "spectral_radius" not in data), None)
    if lacking is not None:
        raise GraphError(f"this is no transition graph: its node {lacking!r} has no spectral_radius")
    return nodes


def _node(graph: networkx.DiGraph, name: str, data: dict[str, Any], empirical: bool) -> GraphNode:
    following = graph.adj[name]
    ranked = (
        sorted(((edge["probability"], target) for target, edge in following.items()), reverse=True) if empirical else []
    )
    return GraphNode(
        bitcode=str(name),
        frequency=data["frequency"] if empirical else None,
        followed_by={target: share for share, target in ranked[:FOLLOWERS]},
        n_followers=len(following),
        spectral_radius=float(data["spectral_radius"]),
        stability=data.get("stability"),
        visits=data["visits"] if empirical else None,
        escapes=data.get("escapes"),
    )


def _bits(shares: np.ndarray) -> float:
    positive = shares[shares > 0.0]
    return float(-np.sum(positive * np.log2(positive))) + 0.0


def _entropy_rate(graph: networkx.DiGraph) -> float:
    """Of the edge, less that of the node it leaves, in bits."""
    edges = np.array([(edge["count"], edge["probability"]) for *_, edge in graph.edges(data=True)]).reshape(-1, 2)
    count, probability = edges.T
    return float(-np.sum(count * np.log2(probability)) / max(count.sum(), 1.0)) + 0.0
