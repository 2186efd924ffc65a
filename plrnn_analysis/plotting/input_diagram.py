"""Fixed points against one input, and their number against two."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from ..errors import ModelError
from ..statuses import MeetingKind, Stability
from .event_labels import label_values
from .style import INK, PALETTE, drawn_channel, light, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..input_diagrams import FixedPointBranch, InputDiagram
    from ..network import Network

__all__ = ["plot_fixed_point_count", "plot_input_diagram"]

STYLES: dict[str, dict[str, Any]] = {
    "stable": {"color": PALETTE[0], "linewidth": 2.0, "linestyle": "-"},
    "unstable": {"color": PALETTE[5], "linewidth": 1.4, "linestyle": (0, (4, 2))},
    "marginal": {"color": INK, "linewidth": 1.4, "linestyle": ":"},
}
#: What happens at a boundary, in the order of the legend.
NAMES = {
    MeetingKind.NONSMOOTH_FOLD: "nonsmooth fold", MeetingKind.PERSISTENCE: "border collision",
    MeetingKind.CONTINUUM: "end in a continuum", MeetingKind.DEGENERATE: "degenerate border collision",
}  # fmt: skip
MARKERS = {
    MeetingKind.NONSMOOTH_FOLD: "s", MeetingKind.PERSISTENCE: "o", MeetingKind.CONTINUUM: "D",
    MeetingKind.DEGENERATE: "X",
}  # fmt: skip
CONTINUUM = "continuum of fixed points"
INCOMPLETE = "search not complete: there may be others"
#: Of more border collisions than this, which change nothing but the subregion, each is a small dot.
MANY = 12
#: Colours for numbers of fixed points; of more numbers neighbours share one.
MOST_COLOURS = 8


def _kind(branch: FixedPointBranch) -> str:
    if branch.stability in (Stability.MARGINAL, Stability.UNDECIDED):
        return "marginal"
    return "stable" if branch.stability.startswith("stable") else "unstable"


def _weights(readout: Any, n_units: int) -> np.ndarray:
    if np.ndim(readout) == 0:
        unit = whole("readout", readout, 0, n_units - 1, remark=f"(a unit), or a vector of {n_units} weights")
        return np.asarray(np.eye(n_units)[unit])
    return as_array("readout", readout, (n_units,), "(M,), one weight per unit; or give the number of a unit")


@light
@checked
def plot_input_diagram(
    diagram: InputDiagram, readout: Any = 0, label: str | None = None, ax: Axes | None = None
) -> Axes:
    """All fixed points against one input: stable ones solid, others dashed, border collisions marked at exact values.

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
    network = diagram.network
    weights = _weights(readout, network.n_units)
    ax = new_axes(6.4, 4.4) if ax is None else ax
    drawn: set[str] = set()

    def once(text: str) -> str | None:
        if text in drawn:
            return None
        drawn.add(text)
        return text

    low, high = (float(end) for end in diagram.ranges[0])
    for branch in diagram:
        interval = branch.interval
        kind = _kind(branch)
        ax.plot(
            interval, [float(weights @ branch.state(end)) for end in interval], **STYLES[kind], solid_capstyle="round",
            label=once(kind),
        )  # fmt: skip
    _draw_continua(ax, diagram, weights, once)
    _draw_collisions(ax, diagram, weights, once)
    ax.set_xlim(low, high)
    ax.margins(y=0.08)
    if not len(diagram):
        # Nothing has a height.
        ax.set_yticks([])
    ax.set_xlabel(drawn_channel(network.input_names, diagram.inputs[0], "input"))
    ax.set_ylabel(label or f"{_name(readout, weights, network)} at the fixed point")
    if drawn:
        order = ["stable", "unstable", "marginal", CONTINUUM, *NAMES.values()]
        handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
        names = [name for name in order if name in handles]
        legend = ax.legend(
            [handles[name] for name in names], names, fontsize=8, frameon=False, loc="upper center",
            bbox_to_anchor=(0.5, -0.16), ncols=3, title=None if diagram.complete else INCOMPLETE, title_fontsize=8,
        )  # fmt: skip
        legend.get_title().set_color(PALETTE[5])
    else:
        said = "no fixed point" if diagram.complete else "none found; the search is not complete"
        ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", color=INK)
    _name_collisions(ax, diagram, low, high)
    open_frame(ax)
    return ax


def _name(readout: Any, weights: np.ndarray, network: Network) -> str:
    """What is drawn of a fixed point, in a word."""
    if np.ndim(readout) == 0:
        return f"unit {readout}"
    rows = [] if network.B is None else [i for i, row in enumerate(network.B) if np.array_equal(row, weights)]
    return drawn_channel(network.output_names, rows[0], "output") if rows else "readout"


def _draw_continua(ax: Axes, diagram: InputDiagram, weights: np.ndarray, once: Callable[[str], str | None]) -> None:
    """Intervals of inputs with a continuum as bands; those of single inputs as lines between the branches' ends."""
    for continuum in diagram.continua:
        low, high = continuum.corners.min(), continuum.corners.max()
        if high > low:
            ax.axvspan(low, high, color=PALETTE[2], alpha=0.25, linewidth=0, label=once(CONTINUUM))
    ends: dict[float, list[float]] = {}
    for collision in diagram.collisions:
        if collision.kind == MeetingKind.CONTINUUM:
            place = round(float(collision.location[0, 0]), 9)
            ends.setdefault(place, []).append(float(weights @ collision.states[0]))
    for place, stops in ends.items():
        if len(stops) > 1:
            ax.plot([place] * len(stops), stops, color=PALETTE[2], linewidth=2.0, zorder=2, label=once(CONTINUUM))


def _draw_collisions(ax: Axes, diagram: InputDiagram, weights: np.ndarray, once: Callable[[str], str | None]) -> None:
    """Points where branches meet boundaries: small dots where many only go on in another subregion."""
    for kind, name in NAMES.items():
        met = [collision for collision in diagram.collisions if collision.kind == kind]
        if not met:
            continue
        small = kind == MeetingKind.PERSISTENCE and len(met) > MANY
        size, edge = (2.5, 0.5) if small else (5.5, 1.0)
        ax.plot(
            [float(c.location[0, 0]) for c in met], [float(weights @ c.states[0]) for c in met], MARKERS[kind],
            color=INK if kind == MeetingKind.NONSMOOTH_FOLD else "white", markeredgecolor=INK, markersize=size,
            markeredgewidth=edge, zorder=3, label=once(name),
        )  # fmt: skip


def _name_collisions(ax: Axes, diagram: InputDiagram, low: float, high: float) -> None:
    """Names and values above the axes: of all, or of those where more than the subregion changes."""
    named = [(float(c.location[0, 0]), NAMES[c.kind]) for c in diagram.collisions]
    major = [event for event in named if event[1] != NAMES[MeetingKind.PERSISTENCE]]
    if not label_values(ax, named, low, high):
        label_values(ax, major, low, high)


@light
@checked
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
        Pixels per side for the colours; the lines are exact, and neighbouring numbers that are rare share a colour.
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
    present, frequent = np.unique(numbers, return_counts=True)
    shown = _steps(present, frequent)
    # From near white to dark blue, so that more points are darker, also in grey.
    shades = np.linspace(0.0, 1.0, len(shown))[:, None]
    pale, dark = np.array([0.94, 0.96, 0.98]), np.array([0.03, 0.25, 0.45])
    colours = ListedColormap(list(pale + (dark - pale) * shades))
    place = np.searchsorted([last for _, last in shown], numbers)
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
    texts = [str(first) if first == last else f"{first} to {last}" for first, last in shown]
    bar.ax.set_yticks(np.arange(len(shown)), texts)
    bar.ax.tick_params(length=0)
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("stable fixed points" if stable_only else "fixed points")
    if labelled:
        ax.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)
    if not diagram.complete:
        ax.set_title(INCOMPLETE, fontsize=9, color=PALETTE[5], loc="left")
    names = diagram.network.input_names
    ax.set_xlabel(drawn_channel(names, diagram.inputs[0], "input"))
    ax.set_ylabel(drawn_channel(names, diagram.inputs[1], "input"))
    ax.set_xlim(x0, x1)
    ax.set_ylim(y0, y1)
    ax.locator_params(nbins=6)
    open_frame(ax)
    return ax


def _steps(present: np.ndarray, frequent: np.ndarray) -> list[tuple[int, int]]:
    """Numbers that have a colour each; of too many the rarest neighbours share one, from the first to the last."""
    steps = [(int(number), int(number), int(n)) for number, n in zip(present, frequent, strict=True)]
    while len(steps) > MOST_COLOURS:
        k = min(range(len(steps) - 1), key=lambda k: steps[k][2] + steps[k + 1][2])
        steps[k : k + 2] = [(steps[k][0], steps[k + 1][1], steps[k][2] + steps[k + 1][2])]
    return [(first, last) for first, last, _ in steps]
