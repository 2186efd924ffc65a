"""Transition graphs between subregions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from ..appearance import EDGE, FEW_RELUS, MOST_DRAWN, NodeLook, by_visits, by_way_of_others, graph_looks, reached_first
from ..display.abbreviation import count_words
from .bitcode_tables import axes_beside_table
from .style import INK, axes_for, light, percent, percents, text_colour

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes

__all__ = ["plot_transition_graph"]

#: Up to this many nodes edges carry their probabilities and nodes their spectral radius.
_DETAILED = 8
#: Radius above which a node holds larger letters, and length above which edges of a graph on a circle cross.
_ROOMY, _LONG = 0.19, 0.95
#: Width of a ring around a node that is never left, in points.
_RING = 2.2


@light
@checked
def plot_transition_graph(graph: networkx.DiGraph, ax: Axes | None = None) -> Axes:
    """Which subregion follows which.

    Parameters
    ----------
    graph : networkx.DiGraph
        From :meth:`plrnn_analysis.PLRNN.transition_graph`. Nodes carry ``spectral_radius``; where the graph is
        empirical also ``visits`` and ``frequency``, edges ``probability``.
    ax : Axes, optional
        By default axes of their own, with a table of the bitcodes where they are too long to stand in the nodes.

    Returns
    -------
    Axes

    Notes
    -----
    Of more than 24 subregions the 24 most visited are drawn, or the first 24 of an exact graph, and the title says so.
    With two ReLUs a node stands in its quadrant. Up to eight stand on a circle, ordered by bitcode, and edges carry
    their probabilities. More are placed so that those stand near each other that follow each other: areas are shares of
    time, and the thickness of the ring around a node is the probability to stay.

    A dashed edge leads through subregions that are not drawn, with a probability of at least 0.05.

    Colours tell subregions apart up to six ReLUs. With more ReLUs they say where the trajectory goes: nodes have the
    colour of the subregion with a stable fixed point that is most likely reached first, with a probability of at least
    one half, and are grey where there is none.
    """
    nodes = by_visits(graph)
    looks = graph_looks(graph, nodes[:MOST_DRAWN])
    detailed = len(looks) <= _DETAILED
    given = ax is not None
    if ax is None and any(look.label != str(node) for node, look in looks.items()):
        height = 4.2 if detailed else 5.0
        ax = axes_beside_table(1.2 * height, height, *_table(graph, looks))
    ax = axes_for(ax)
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[:].set_visible(False)
    centre = np.mean([look.place for look in looks.values()], axis=0) if looks else np.zeros(2)
    for source, target, data in graph.edges(data=True):
        if source in looks and target in looks:
            _draw_edge(ax, looks[source], looks[target], data.get("probability"), centre, detailed)
    indirect = by_way_of_others(graph, list(looks)) if len(looks) < len(nodes) else {}
    for (source, target), probability in indirect.items():
        if not graph.has_edge(source, target):
            _draw_edge(ax, looks[source], looks[target], probability, centre, detailed, dashed=True)
    for node, look in looks.items():
        _draw_node(ax, look, graph, node, centre, detailed)
    if looks:
        _set_limits(ax, list(looks.values()), 3.1 if detailed else 1.6)
    lines = _caption(graph, nodes, looks, bool(indirect))
    if lines:
        # Axes that are given may be narrow: there the title says only how many are left out.
        ax.set_title(lines[0].partition(" (")[0] if given else "\n".join(lines), fontsize=9)
    return ax


def _caption(graph: networkx.DiGraph, nodes: Sequence[str], looks: dict[str, NodeLook], indirect: bool) -> list[str]:
    """What is drawn, and how to read it."""
    lines = []
    counted = all("frequency" in graph.nodes[node] for node in nodes)
    if len(nodes) > len(looks):
        share = f" ({percent(sum(graph.nodes[node]['frequency'] for node in looks))} of the time)" if counted else ""
        which = f"{len(looks)} most visited" if counted else f"first {len(looks)}"
        lines.append(f"the {which} of {len(nodes)} subregions{share}, without {len(nodes) - len(looks)} others")
    if not nodes:
        lines.append("no subregion")
    if len(looks) > _DETAILED and counted:
        dashes = "; dashed: by way of others" if indirect else ""
        lines.append("areas: share of time; rings: probability to stay" + dashes)
    if any(len(str(node)) > FEW_RELUS for node in nodes) and (ends := set(reached_first(graph).values())):
        lines.append(f"colours: which of the {count_words(len(ends), 'stable fixed point')} is likely reached first"
                     if len(ends) > 1 else "coloured: the stable fixed point is likely reached")  # fmt: skip
    return lines


def _table(graph: networkx.DiGraph, looks: dict[str, NodeLook]) -> tuple[list[str], list[list[str]], list[str]]:
    """Header, rows and colours: name, bitcode, share of time, spectral radius, fixed points."""
    data = [graph.nodes[node] for node in looks]
    columns = {
        "": [look.label for look in looks.values()],
        "bitcode": [str(node) for node in looks],
        "time": percents(d["frequency"] for d in data) if all("frequency" in d for d in data) else [],
        "ρ": [f"{d['spectral_radius']:.4f}" if "spectral_radius" in d else "" for d in data],
        "fixed point": [str(d.get("stability") or "") for d in data],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    return list(kept), [list(row) for row in zip(*kept.values(), strict=True)], [k.colour for k in looks.values()]


def _draw_node(
    ax: Axes, look: NodeLook, graph: networkx.DiGraph, node: str, centre: np.ndarray, detailed: bool
) -> None:
    from matplotlib.patches import Circle

    data = graph.nodes[node]
    x, y = look.place
    stay = graph.edges[node, node].get("probability", 0.0) if graph.has_edge(node, node) else 0.0
    line = 0.8 if detailed else 0.5 + _RING * float(stay)
    ax.add_patch(Circle((x, y), look.radius, facecolor=look.colour, edgecolor=INK, linewidth=line, zorder=3))
    counted = detailed and "frequency" in data
    ax.text(
        x,
        y,
        f"{look.label}\n{percent(data['frequency'])}" if counted else look.label,
        ha="center",
        va="center",
        fontsize=(9 if look.radius > _ROOMY else 7) if detailed else 6.5,
        zorder=4,
        color=text_colour(look.colour),
    )
    if detailed and "spectral_radius" in data:
        upward = 1.0 if y > centre[1] else -1.0
        # Beyond the loop, if that is above or below, and away from the edges to neighbours on the circle.
        beyond = 2.7 if stay and _is_pole(look, centre) else 1.45
        aside = float(np.sign(x - centre[0])) if look.radius < _ROOMY and not _is_pole(look, centre) else 0.0
        ax.text(
            x - 0.6 * aside * look.radius,
            y + upward * beyond * look.radius,
            f"ρ = {data['spectral_radius']:.5f}",
            ha={-1.0: "right", 0.0: "center", 1.0: "left"}[aside],
            va="center",
            fontsize=8,
            zorder=5,
            color=INK,
        )


def _is_pole(look: NodeLook, centre: np.ndarray) -> bool:
    """Whether a node is the uppermost or lowest on the circle, in the middle."""
    return abs(look.place[0] - centre[0]) < 1e-6 and abs(look.place[1] - centre[1]) > 0.5


def _set_limits(ax: Axes, looks: Sequence[NodeLook], margin: float) -> None:
    places = np.array([look.place for look in looks])
    reach = margin * np.array([look.radius for look in looks])[:, None]
    low, high = (places - reach).min(axis=0), (places + reach).max(axis=0)
    # As data that must be seen: limits that are set would be moved, with a complaint, for equal scales.
    ax.update_datalim([(low[0], low[1]), (high[0], high[1])])
    ax.margins(0.0)
    ax.autoscale_view()


def _draw_edge(
    ax: Axes,
    source: NodeLook,
    target: NodeLook,
    probability: float | None,
    centre: np.ndarray,
    detailed: bool,
    dashed: bool = False,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    share, beside = 0.2 if probability is None else probability, "center"
    start, end = np.array(source.place), np.array(target.place)
    if source is target:
        if not detailed:
            return  # the ring says it
        # To the side: above and below a node stands its spectral radius. There is room for both only on the circle.
        pole = _is_pole(source, centre)
        outward = np.array([1.0 if start[0] > centre[0] + 1e-9 else -1.0, 0.0])
        outward = np.array([0.0, np.sign(start[1] - centre[1])]) if pole else outward
        angle = np.arctan2(outward[1], outward[0])
        ends = [start + source.radius * np.array([np.cos(angle + d), np.sin(angle + d)]) for d in (0.55, -0.55)]
        style, middle = "arc3,rad=-1.7", start + 2.05 * source.radius * outward
        beside = "center" if pole else "left" if outward[0] > 0.0 else "right"
    else:
        length = float(np.linalg.norm(end - start))
        along = (end - start) / length
        side = np.array([-along[1], along[0]])
        # Two edges between the same nodes part to either side.
        ends = [
            start + source.radius * (along * 0.97 + side * 0.25),
            end - target.radius * (along * 0.97 - side * 0.25),
        ]
        style = "arc3,rad=-0.14"
        # Long edges cross near their middle; short ones have names of nodes near their ends.
        way = 0.36 if length > _LONG else 0.5
        middle = start + way * (end - start) + side * (source.radius * 0.25 + 0.062 * length)
    width = (0.5 + 2.5 * share**0.5) * (1.0 if detailed else 0.6)
    ax.add_patch(
        FancyArrowPatch(
            (float(ends[0][0]), float(ends[0][1])),
            (float(ends[1][0]), float(ends[1][1])),
            connectionstyle=style,
            arrowstyle="-|>",
            mutation_scale=8 + 2 * width if detailed else 5 + 2 * width,
            linewidth=width,
            color=EDGE,
            alpha=None if detailed else 0.35 + 0.6 * share**0.5,
            linestyle=(0, (4, 2)) if dashed else "-",
            shrinkA=0,
            shrinkB=1,
            zorder=2,
        )
    )
    if detailed and probability is not None:
        box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        x, y = (float(v) for v in middle)
        ax.text(x, y, _three_digits(probability), fontsize=8, ha=beside, va="center", bbox=box, zorder=5, color=INK)


def _three_digits(probability: float) -> str:
    """Only what cannot happen is 0.000, and only what always does 1.000."""
    if 0.0 < probability < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= probability < 1.0 else f"{probability:.3f}"
