"""Figures of what was measured: the numbers are read from the tables of the pages."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes

from plrnn_analysis.plotting.style import INK, OTHER, PALETTE

from .drawing import free_axes, numbers, panels, table_of_page


def heuristic_recall() -> Axes:
    """Share of the cycles that each method finds, by the number of ReLUs."""
    head, _, *rows = table_of_page("howto/heuristic", "P|periods")
    relus = np.array([int(row[0]) for row in rows])
    found = {name: numbers([row[head.index(name)] for row in rows]) for name in head[3:7]}
    values = np.unique(relus)
    ax = panels(width=6.4, height=3.8)
    colours = {"exact": INK, "published": PALETTE[5], "`scyfi`": PALETTE[1], "`scyfi` × 10": PALETTE[2]}
    for name, colour in colours.items():
        share = [100 * found[name][relus == p].sum() / found["exact"][relus == p].sum() for p in values]
        ax.plot(values, share, "o-", color=colour, label=name.replace("`", "").replace("scyfi", "method “scyfi”"))
    ax.set(xlabel="number of ReLUs P", ylabel="cycles found, per cent", ylim=(0, 105))
    ax.set_xticks(values)
    ax.legend(frameon=False, loc="lower left")
    free_axes(ax)
    return ax


def baseline_accuracy() -> Axes:
    """Median accuracy on the contextual task, and the worst seed."""
    head, _, median, worst = table_of_page("howto/baselines", "|P 0")
    names = [name.strip("`") for name in head[1:]]
    ax = panels(width=6.8, height=3.4)
    places = np.arange(len(names))
    colours = [OTHER if name in ("P 0", "lru", "affine") else PALETTE[0] for name in names]
    ax.bar(places, numbers(median[1:]), color=colours, width=0.7)
    ax.plot(places, numbers(worst[1:]), "_", color=INK, markersize=16, markeredgewidth=2, label="worst of three seeds")
    ax.axhline(0.5, color=INK, linewidth=0.9, linestyle="--")
    ax.annotate("chance", (len(names) - 0.5, 0.5), (0, 3), textcoords="offset points", ha="right", fontsize=8)
    ax.bar([0], [0], color=OTHER, label="linear")
    ax.bar([0], [0], color=PALETTE[0], label="nonlinear")
    ax.set_xticks(places, [name.replace("P ", "P = ") for name in names])
    ax.set(ylabel="accuracy", ylim=(0, 1.02))
    ax.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    free_axes(ax)
    return ax


def task_recall() -> Axes:
    """Recall on the copy task against P: median and range of three seeds."""
    head, _, scores = table_of_page("howto/tasks", "P|0|1|2|4|8|16")
    cells = [re.findall(r"[0-9.]+", cell) for cell in scores[1:-1]]
    middle, low, high = np.array(cells, dtype=float).T
    floor = float(scores[-1])
    ax = panels(width=6.4, height=3.6)
    places = np.arange(len(middle))
    ax.errorbar(places, middle, [middle - low, high - middle], fmt="o-", color=PALETTE[0], capsize=3)
    ax.axhline(floor, color=INK, linewidth=0.9, linestyle="--")
    ax.annotate("the best affine predictor", (places[-1], floor), (0, 4), textcoords="offset points", ha="right")
    ax.axhline(0.25, color=OTHER, linewidth=0.9, linestyle="--")
    ax.annotate("chance", (places[-1], 0.25), (0, 4), textcoords="offset points", ha="right")
    ax.set_xticks(places, head[1:-1])
    ax.set(xlabel="number of ReLUs P", ylabel="recalled symbols", ylim=(0, 1.05))
    free_axes(ax)
    return ax
