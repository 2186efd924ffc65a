"""Bitcode statistics: how time is shared among subregions, and which conditions share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from ..appearance import FEW_RELUS, node_colours, node_labels
from ..display.abbreviation import count_words
from .bitcode_tables import axes_beside_table
from .style import INK, PALETTE, axes_for, drawn_name, light, new_figure, open_frame, percents

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..symbols import DivergenceMatrix, Occupancy

__all__ = ["plot_condition_divergences", "plot_occupancy"]

# Bars that still can carry a name, rows of the table of bitcodes, and matrices whose entries can carry numbers.
_MAX_BARS = 32
_MAX_ROWS = 24
_MAX_NUMBERS = 12


@light
@checked
def plot_occupancy(occupancy: Occupancy, ax: Axes | None = None) -> Axes:
    """Share of time in each visited subregion, and the occupancy curve.

    Parameters
    ----------
    occupancy : Occupancy
        From :func:`plrnn_analysis.symbols.occupancy`.
    ax : Axes, optional
        By default axes of their own, with a table of the bitcodes of the most visited subregions where bitcodes are
        long.

    Returns
    -------
    Axes

    Notes
    -----
    Bars are single subregions, the most visited first; the line is their running sum. Dotted lines say how many
    subregions hold 50, 90, 95 and 99 % of the time. More than 32 subregions are drawn on a logarithmic axis of ranks.
    """
    number = len(occupancy)
    ranked = [str(item.bitcode) for item in occupancy]
    labels = node_labels(ranked)
    many = any(len(code) > FEW_RELUS for code in ranked)
    colours = dict.fromkeys(ranked, PALETTE[0]) if many else node_colours(ranked)
    if ax is None and any(labels[code] != code for code in ranked):
        listed = ranked[:_MAX_ROWS]
        shares = percents(item.frequency for item in occupancy[:_MAX_ROWS])
        rows = [[labels[code], code, share] for code, share in zip(listed, shares, strict=True)]
        if number > len(rows):
            rows.append(["", f"and {count_words(number - len(rows), 'other')}", ""])
        ax = axes_beside_table(6.4, 4.0, ["", "bitcode", "time"], rows, [*(colours[c] for c in listed), "white"])
    ax = axes_for(ax, 6.4, 4.0)
    edges = np.arange(number + 1) + 0.5
    ranks = np.arange(1, number + 1)
    if number <= _MAX_BARS:
        ax.bar(ranks, occupancy.frequencies, color=[colours[code] for code in ranked], width=0.8, zorder=2)
        ax.plot(ranks, occupancy.curve, "o-", color=INK, markersize=3.5, linewidth=1.2, zorder=3)
        names = [labels[code] for code in ranked]
        narrow = sum(len(name) + 1 for name in names) <= 60
        ax.set_xticks(ranks, names, rotation=0 if narrow else 90, fontsize=8, family="monospace")
        ax.set_xlim(0.4, number + 0.6)
        ax.set_xlabel("subregion, the most visited first")
    else:
        ax.stairs(occupancy.frequencies, edges, fill=True, color=PALETTE[0], linewidth=0, zorder=2)
        ax.stairs(occupancy.curve, edges, baseline=None, color=INK, linewidth=1.4, zorder=3)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlim(0.5, number * 1.1)
        ax.set_xlabel("rank of the subregion, the most visited first")
    _mark_shares(ax, occupancy)
    ax.set_ylim(0, 1.04)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.set_ylabel("share of time")
    effective = occupancy.effective_number.plug_in
    ax.set_title(
        f"{count_words(number, 'visited subregion')}, effective number {effective:.3g}", fontsize=10, loc="left"
    )
    open_frame(ax)
    return ax


def _mark_shares(ax: Axes, occupancy: Occupancy) -> None:
    """Texts beside it: how many subregions hold a share; those of equal number share a line."""
    needed: dict[int, list[int]] = {}
    for percent in (50, 90, 95, 99):
        needed.setdefault(occupancy.n_for(percent / 100), []).append(percent)
    lines = []
    for count, held in needed.items():
        height = occupancy.curve[count - 1]
        ax.plot([count, count], [0, height], color="#999999", linewidth=0.8, linestyle=":", zorder=1)
        lines.append(f"{', '.join(map(str, held))} %: {count}")
    # Below the curve, and above the bars, is the only room that is always free: on the right, beside the frame.
    ax.annotate(
        "held by the\nmost visited\n" + "\n".join(lines),
        (1.01, 0.5),
        xycoords="axes fraction",
        ha="left",
        va="center",
        fontsize=8,
        color=INK,
    )


@light
@checked
def plot_condition_divergences(
    divergences: DivergenceMatrix, figure: Figure | None = None, clusters: int | None = None
) -> Figure:
    """Jensen-Shannon divergences between conditions, ordered by their dendrogram, which stands beside them.

    Parameters
    ----------
    divergences : DivergenceMatrix
        From :func:`plrnn_analysis.symbols.compare_conditions`.
    figure : Figure, optional
        Empty; by default a new one.
    clusters : int, optional
        Frame this number of clusters in the matrix.

    Returns
    -------
    Figure

    Notes
    -----
    Of up to 12 conditions each entry carries its value in bits; a circle beside it says that shuffling the trials
    gives as much in more than 5 % of the shuffles, so that the pair may not differ at all. The dendrogram's axis is
    the Jensen-Shannon distance, the square root of the divergence.
    """
    number = len(divergences.conditions)
    size = float(np.clip(0.55 * number, 2.6, 9.0))
    if figure is None:
        figure = new_figure(size + 3.4, size + 0.9)
    tree, heat = figure.subplots(1, 2, width_ratios=(1.5, size), squeeze=True)
    order = list(divergences.order)
    values = divergences.matrix[np.ix_(order, order)]
    top = float(values.max()) or 1.0
    image = heat.imshow(values, cmap="Blues", vmin=0.0, vmax=top, aspect="auto")
    names = [drawn_name(divergences.conditions[i]) for i in order]
    heat.set_xticks(range(number), names, rotation=45 if max(map(len, names)) > 3 else 0, ha="right", fontsize=9)
    if max(map(len, names)) <= 3:
        heat.set_xticks(range(number), names, rotation=0, ha="center", fontsize=9)
    heat.set_yticks(range(number), names, fontsize=9)
    heat.yaxis.tick_right()
    heat.tick_params(length=0)
    heat.spines[:].set_visible(False)
    if number <= _MAX_NUMBERS:
        p_values = divergences.p_value[np.ix_(order, order)]
        _write_numbers(heat, values, p_values, top)
        if (p_values > 0.05).any():
            heat.set_title("○ shuffled trials give as much (p > 0.05)", fontsize=8, loc="left")
    if clusters is not None:
        _frame_clusters(heat, divergences.clusters(clusters), order)
    _draw_tree(tree, divergences)
    bar = figure.colorbar(image, ax=heat, shrink=0.85, pad=0.02)
    bar.set_label("Jensen-Shannon divergence (bits)", fontsize=9)
    bar.outline.set_visible(False)
    return figure


def _write_numbers(ax: Axes, values: np.ndarray, p_values: np.ndarray, top: float) -> None:
    others = values[~np.eye(len(values), dtype=bool)]
    digits = 3 if others.size and (others < 0.01).any() else 2
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            if i == j:
                continue
            colour = "white" if value > 0.55 * top else INK
            ax.text(j, i, f"{value:.{digits}f}", ha="center", va="center", fontsize=8, color=colour)
            if p_values[i, j] > 0.05:
                ax.plot(j + 0.38, i - 0.36, "o", color="none", markeredgecolor=colour, markersize=4)


def _frame_clusters(ax: Axes, cluster: tuple[int, ...], order: list[int]) -> None:
    from matplotlib.patches import Rectangle

    members = [cluster[i] for i in order]
    starts = [i for i in range(len(members)) if i == 0 or members[i] != members[i - 1]]
    for start, end in zip(starts, [*starts[1:], len(members)], strict=True):
        corner = (start - 0.5, start - 0.5)
        width = end - start
        ax.add_patch(
            Rectangle(corner, width, width, fill=False, edgecolor=PALETTE[1], linewidth=2.0, zorder=4, clip_on=False)
        )


def _draw_tree(ax: Axes, divergences: DivergenceMatrix) -> None:
    """Leaves at the rows of the matrix, so that each joins its row without a line between the axes."""
    count = len(divergences.conditions)
    place = {leaf: float(row) for row, leaf in enumerate(divergences.order)}
    height = dict.fromkeys(range(count), 0.0)
    for step, (a, b, distance, _) in enumerate(divergences.linkage):
        a, b = int(a), int(b)
        ax.plot(
            [height[a], distance, distance, height[b]],
            [place[a], place[a], place[b], place[b]],
            color=INK, linewidth=1.2, solid_capstyle="round",
        )  # fmt: skip
        place[count + step] = 0.5 * (place[a] + place[b])
        height[count + step] = float(distance)
    top = max(height.values()) or 1.0
    ax.set_xlim(1.08 * top, 0.0)
    ax.set_ylim(count - 0.5, -0.5)
    ax.set_yticks([])
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.tick_params(labelsize=8)
    ax.set_xlabel("Jensen-Shannon\ndistance (√bits)", fontsize=8)
