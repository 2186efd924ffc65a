"""Figures that explain: what a checkpoint holds, how a search is cut, how activations are made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from plrnn_analysis.activations import ACTIVATIONS
from plrnn_analysis.appearance import EDGE, INK, OTHER, PALETTE

from .drawing import free_axes, network, panels


def checkpoint_weights() -> Figure:
    """The parameters of a checkpoint as pictures."""
    model = network("addition")
    parts = {"A": np.diag(model.parameters["A"]), "W": model.parameters["W"], "C": model.parameters["C"]}
    parts |= {"h": model.parameters["h"][:, None], "B": model.B}
    widths = [4, 4, 1.2, 0.8, 4]
    axes = panels(1, 5, width=8.8, height=2.9, width_ratios=widths)
    for ax, (name, values) in zip(axes, parts.items(), strict=True):
        limit = np.abs(values).max()
        ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto" if name == "B" else "equal")
        ax.set_title(f"{name}\n{' × '.join(map(str, values.shape))}", fontsize=9)
        ax.set_xticks([])
        ax.set_yticks([])
    return axes[0].figure


def search_tree() -> Axes:
    """A search tree that is cut into tasks."""
    ax = panels(width=6.8, height=3.6)
    ax.set(xlim=(-0.6, 8.6), ylim=(-1.35, 3.3))
    ax.axis("off")
    levels = [[4.0], [2.0, 6.0], [1.0, 3.0, 5.0, 7.0]]
    for depth, (above, below) in enumerate(pairwise(levels)):
        for i, x in enumerate(below):
            ax.plot([above[i // 2], x], [3 - depth, 2 - depth], color=EDGE, linewidth=1.2, zorder=1)
    for depth, level in enumerate(levels):
        ax.plot(level, [3 - depth] * len(level), "o", color=PALETTE[0], markersize=13, zorder=2)
    ax.text(4.35, 3, "all 2^P subregions", va="center")
    ax.text(6.3, 2, "one ReLU on or off", va="center")
    for i, (x, colour) in enumerate(zip(levels[2], (PALETTE[1], PALETTE[2], PALETTE[3], OTHER), strict=True)):
        if colour == OTHER:
            ax.text(x, 0.62, "cut off:\nno fixed point\ncan lie here", ha="center", va="top", fontsize=8)
            ax.plot([x], [1], "x", color="white", markersize=7, markeredgewidth=2, zorder=3)
            continue
        ax.plot([x, x - 0.7, x + 0.7, x], [1, 0, 0, 1], color=EDGE, linewidth=1, zorder=1)
        box = FancyBboxPatch((x - 0.75, -0.35), 1.5, 0.5, boxstyle="round,pad=0.05", facecolor=colour, edgecolor="none")
        ax.add_patch(box)
        ax.text(x, -0.1, f"task {i}", ha="center", va="center", fontsize=9, color=INK)
        ax.text(x, -0.75, f"worker {i % 2}", ha="center", va="center", fontsize=9)
    ax.text(4, -1.25, "points from all tasks, put together in order: the answer of one core", ha="center", fontsize=9)
    return ax


def search_progress() -> Axes:
    """What a search has found and decided when it is ended after a number of nodes."""
    model = network("flipflop32")
    nodes = np.unique(np.geomspace(20, 2 * model.fixed_points().coverage.nodes, 24).astype(int))
    ended = [model.fixed_points(max_nodes=int(n)) for n in nodes]
    ax = panels(width=6.4, height=3.6)
    found = [len(result) for result in ended]
    ax.plot(nodes, found, color=PALETTE[5], drawstyle="steps-post", linewidth=2, label="fixed points found")
    ax.set(xscale="log", xlabel="nodes after which the search is ended", ylabel="fixed points found", ylim=(0, None))
    share = [result.coverage.decided / result.coverage.subregions for result in ended]
    decided = ax.twinx()
    decided.plot(nodes, share, color=PALETTE[0], linewidth=2, label="share of subregions decided")
    decided.set(ylabel="share of subregions decided", ylim=(0, 1.05))
    proved = next((n for n, result in zip(nodes, ended, strict=True) if result.complete), None)
    if proved is not None:
        ax.axvline(proved, color=INK, linewidth=0.9, linestyle=":")
        ax.annotate("complete", (proved, 1), (4, 0), textcoords="offset points", fontsize=9)
    ax.legend(handles=[*ax.get_lines()[:1], *decided.get_lines()], frameon=False, loc="upper left")
    return ax


def activation_shapes() -> Figure:
    """The activations that have a name."""
    x = np.linspace(-4.5, 7.5, 600)
    shapes = {name: shape for name, shape in ACTIVATIONS.items() if len(shape.kinks)}
    axes = panels(3, 3, width=7.2, height=5.4, sharex=True)
    for ax, (name, shape) in zip(axes.flat, shapes.items(), strict=True):
        ax.plot(x, shape(x), color=PALETTE[0])
        ax.plot(shape.kinks, shape(shape.kinks), "o", color=PALETTE[5], markersize=5)
        ax.set_title(name, fontsize=10)
        free_axes(ax)
    return axes.flat[0].figure
