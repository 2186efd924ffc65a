"""Transition graphs between subregions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..appearance import EDGE, by_visits, node_colours, node_places, node_radius
from .style import INK, new_axes, percent, text_colour

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes

__all__ = ["plot_transition_graph"]

_MAX_NODES = 24


def plot_transition_graph(graph: networkx.DiGraph, ax: Axes | None = None) -> Axes:
    """Which subregion follows which.

    Parameters
    ----------
    graph : networkx.DiGraph
        From :meth:`plrnn_analysis.PLRNN.transition_graph`. Nodes carry ``spectral_radius``; where the graph is
        empirical also ``visits`` and ``frequency``, edges ``probability``.
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    With two ReLUs a node stands in its quadrant; otherwise nodes stand on a circle, ordered by bitcode. Of more than
    24 subregions the 24 most visited are drawn, or the first 24 of an exact graph, and the title says so.
    """
    ax = new_axes() if ax is None else ax
    nodes = by_visits(graph)
    shown = nodes[:_MAX_NODES]
    colours = node_colours(nodes)
    place = node_places(sorted(shown))
    detailed = len(shown) <= 8
    radius = node_radius(len(shown))
    centre = np.mean(list(place.values()), axis=0)
    for source, target, data in graph.edges(data=True):
        if source in place and target in place:
            _draw_edge(ax, place[source], place[target], data.get("probability"), radius, centre, detailed)
    from matplotlib.patches import Circle

    for node in shown:
        attributes = graph.nodes[node]
        x, y = (float(v) for v in place[node])
        ax.add_patch(Circle((x, y), radius, facecolor=colours[node], edgecolor=INK, linewidth=0.8, zorder=3))
        counted = detailed and "frequency" in attributes
        text = f"{node}\n{percent(attributes['frequency'])}" if counted else node
        ax.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=9 if detailed else 6,
            zorder=4,
            color=text_colour(colours[node]),
        )
        if detailed:
            upward = 1.0 if y > centre[1] else -1.0
            ax.text(
                x,
                y + upward * 1.45 * radius,
                f"ρ = {attributes['spectral_radius']:.5f}",
                ha="center",
                va="center",
                fontsize=8,
                zorder=5,
                color=INK,
            )
    spread = np.array(list(place.values()))
    low, high = spread.min(axis=0) - 2.9 * radius, spread.max(axis=0) + 2.9 * radius
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    if len(nodes) > len(shown):
        counted = "frequency" in graph.nodes[nodes[0]]
        chosen = f"the {len(shown)} most visited" if counted else f"the first {len(shown)}"
        ax.set_title(f"{chosen} of {len(nodes)} subregions", fontsize=9)
    return ax


def _draw_edge(
    ax: Axes,
    start: np.ndarray,
    end: np.ndarray,
    probability: float | None,
    radius: float,
    centre: np.ndarray,
    label: bool,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    width = 1.2 if probability is None else 0.5 + 2.5 * probability**0.5
    if np.array_equal(start, end):
        # To the side: above and below a node stands its spectral radius.
        outward = np.array([1.0 if start[0] > centre[0] + 1e-9 else -1.0, 0.0])
        angle = np.arctan2(outward[1], outward[0])
        ends = [start + radius * np.array([np.cos(angle + d), np.sin(angle + d)]) for d in (0.55, -0.55)]
        style, middle = "arc3,rad=-1.7", start + 2.35 * radius * outward
    else:
        along = (end - start) / np.linalg.norm(end - start)
        side = np.array([-along[1], along[0]])
        # Two edges between the same nodes part to either side.
        ends = [start + radius * (along * 0.97 + side * 0.25), end - radius * (along * 0.97 - side * 0.25)]
        style = "arc3,rad=-0.14"
        middle = start + (end - start) * 0.36 + side * (radius * 0.25 + 0.062 * float(np.linalg.norm(end - start)))
    arrow = FancyArrowPatch(
        tuple(ends[0]),
        tuple(ends[1]),
        connectionstyle=style,
        arrowstyle="-|>",
        mutation_scale=8 + 2 * width,
        linewidth=width,
        color=EDGE,
        shrinkA=0,
        shrinkB=1,
        zorder=2,
    )
    ax.add_patch(arrow)
    if label and probability is not None:
        box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        x, y = (float(v) for v in middle)
        ax.text(x, y, _probability(probability), fontsize=8, ha="center", va="center", bbox=box, zorder=5, color=INK)


def _probability(value: float) -> str:
    return f"{value:.3g}" if value > 0.9 else f"{value:.2g}" if value >= 0.1 else f"{value:.1g}"
