"""Fixed points against one input, and their number against two."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import as_array, whole
from ..errors import ModelError
from ..statuses import Stability
from .style import INK, OTHER, PALETTE, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..input_diagrams import FixedPointBranch, InputDiagram

__all__ = ["plot_fixed_point_count", "plot_input_diagram"]

STYLES: dict[str, dict[str, Any]] = {
    "stable": {"color": PALETTE[0], "linewidth": 2.0, "linestyle": "-"},
    "unstable": {"color": PALETTE[5], "linewidth": 1.4, "linestyle": (0, (4, 2))},
    "marginal": {"color": INK, "linewidth": 1.4, "linestyle": ":"},
}
# Colours for so many numbers of fixed points; larger numbers share the last.
MOST_COLOURS = 9


def _kind(branch: FixedPointBranch) -> str:
    if branch.stability in (Stability.MARGINAL, Stability.UNDECIDED):
        return "marginal"
    return "stable" if branch.stability.startswith("stable") else "unstable"


def _weights(readout: Any, n_units: int) -> np.ndarray:
    if np.ndim(readout) == 0:
        unit = whole("readout", readout, 0, n_units - 1, remark=f"(a unit), or a vector of {n_units} weights")
        return np.asarray(np.eye(n_units)[unit])
    return as_array("readout", readout, (n_units,), "(M,), one weight a unit; or give the number of a unit")


def plot_input_diagram(
    diagram: InputDiagram, readout: Any = 0, label: str | None = None, ax: Axes | None = None
) -> Axes:
    """All fixed points against one input: stable ones solid, others dashed, border collisions marked.

    Parameters
    ----------
    diagram : InputDiagram
        Over one input.
    readout : int or (M,) array_like, optional
        What is drawn of a fixed point: the state of a unit, or a weighted sum, such as a row of the readout matrix B.
    label : str, optional
        Of the vertical axis.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If two inputs vary, or the readout does not fit.
    """
    if len(diagram.inputs) != 1:
        raise ModelError("two inputs vary: use plot_fixed_point_count")
    weights = _weights(readout, diagram.network.n_units)
    ax = new_axes() if ax is None else ax
    labelled: set[str] = set()

    def once(text: str) -> str | None:
        if text in labelled:
            return None
        labelled.add(text)
        return text

    for continuum in diagram.continua:
        low, high = continuum.corners.min(), continuum.corners.max()
        if high > low:
            ax.axvspan(low, high, color=OTHER, alpha=0.3, linewidth=0, label=once("continuum"))
    for branch in diagram:
        interval = branch.interval
        drawn = [float(weights @ branch.state(end)) for end in interval]
        kind = _kind(branch)
        ax.plot(interval, drawn, **STYLES[kind], solid_capstyle="round", label=once(kind))
    _draw_collisions(ax, diagram, weights, once)
    low, high = diagram.ranges[0]
    ax.set_xlim(low, high)
    ax.margins(y=0.08)
    ax.set_xlabel(f"input {diagram.inputs[0]}")
    ax.set_ylabel(label or ("readout" if np.ndim(readout) else f"unit {readout}") + " at the fixed point")
    if labelled:
        order = ["stable", "unstable", "marginal", "continuum", "nonsmooth fold", "border crossed"]
        handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
        names = [name for name in order if name in handles]
        ax.legend([handles[name] for name in names], names, fontsize=8, frameon=False)
    else:
        ax.text(0.5, 0.5, "no fixed point", transform=ax.transAxes, ha="center", color=INK)
    if not diagram.complete:
        ax.set_title("search not complete: there may be others", fontsize=9, color=PALETTE[5], loc="left")
    open_frame(ax)
    return ax


def _draw_collisions(ax: Axes, diagram: InputDiagram, weights: np.ndarray, once: Callable[[str], str | None]) -> None:
    """Dots where branches meet boundaries, and the continua of single inputs as lines between the branches' ends."""
    ends: dict[float, list[float]] = {}
    for collision in diagram.collisions:
        s, value = float(collision.location[0, 0]), float(weights @ collision.states[0])
        fold = collision.kind == "nonsmooth fold"
        if collision.kind == "continuum":
            ends.setdefault(round(s, 9), []).append(value)
        name = "nonsmooth fold" if fold else "border crossed" if collision.kind == "persistence" else None
        ax.plot(
            s, value, "o", markersize=5.5 if fold else 4, color=INK, markerfacecolor=INK if fold else "white",
            markeredgewidth=1.0, zorder=3, label=None if name is None else once(name),
        )  # fmt: skip
    for s, stops in ends.items():
        if len(stops) > 1:
            ax.plot([s] * len(stops), stops, color=PALETTE[2], linewidth=2.0, zorder=2, label=once("continuum"))


def plot_fixed_point_count(
    diagram: InputDiagram, stable_only: bool = False, resolution: int = 240, ax: Axes | None = None
) -> Axes:
    """How many fixed points there are, over two inputs, with the exact lines on which they appear and vanish.

    Parameters
    ----------
    diagram : InputDiagram
        Over two inputs.
    stable_only : bool, optional
        Count stable fixed points only.
    resolution : int, optional
        Pixels per side for the colours; the lines are exact.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If one input varies, or the resolution is not positive.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    if len(diagram.inputs) != 2:
        raise ModelError("one input varies: use plot_input_diagram")
    resolution = whole("resolution", resolution, 1)
    ax = new_axes(5.6, 4.6) if ax is None else ax
    (x0, x1), (y0, y1) = diagram.ranges
    middle = (np.arange(resolution) + 0.5) / resolution
    grid = np.stack(np.meshgrid(x0 + (x1 - x0) * middle, y0 + (y1 - y0) * middle), axis=-1)
    numbers = diagram.count(grid.reshape(-1, 2), stable_only).reshape(resolution, resolution)
    present = np.unique(numbers)
    shown = present[:MOST_COLOURS]
    # From near white to dark blue, so that more points are darker, also in grey.
    shades = np.linspace(0.0, 1.0, len(shown))[:, None]
    pale, dark = np.array([0.94, 0.96, 0.98]), np.array([0.03, 0.25, 0.45])
    colours = ListedColormap(list(pale + (dark - pale) * shades))
    place = np.minimum(np.searchsorted(present, numbers), len(shown) - 1)
    norm = BoundaryNorm(np.arange(len(shown) + 1) - 0.5, len(shown)) if len(shown) > 1 else None
    image = ax.imshow(
        place, origin="lower", extent=(x0, x1, y0, y1), aspect="auto", cmap=colours, norm=norm, interpolation="nearest"
    )
    labelled = False
    for collision in diagram.collisions:
        if collision.kind == "nonsmooth fold":
            (xa, ya), (xb, yb) = collision.location
            label = None if labelled else "nonsmooth fold"
            ax.plot([xa, xb], [ya, yb], color=PALETTE[5], linewidth=1.2, solid_capstyle="round", label=label)
            labelled = True
    figure = ax.figure
    bar = figure.colorbar(image, ax=ax, ticks=np.arange(len(shown)), shrink=0.9)
    texts = [str(number) for number in shown]
    if len(present) > len(shown):
        texts[-1] = f"≥ {shown[-1]}"
    bar.ax.set_yticks(np.arange(len(shown)), texts)
    bar.ax.tick_params(length=0)
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("stable fixed points" if stable_only else "fixed points")
    if labelled:
        ax.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)
    if not diagram.complete:
        ax.set_title("search not complete: there may be others", fontsize=9, color=PALETTE[5], loc="left")
    ax.set_xlabel(f"input {diagram.inputs[0]}")
    ax.set_ylabel(f"input {diagram.inputs[1]}")
    ax.set_xlim(x0, x1)
    ax.set_ylim(y0, y1)
    ax.locator_params(nbins=6)
    open_frame(ax)
    return ax
