"""Branches through a parameter, with their events at the exact values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from .event_labels import label_values
from .style import INK, OTHER, PALETTE, light, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bifurcations import Bifurcation, Bifurcations, Branch

__all__ = ["EventStyle", "event_style", "plot_bifurcation_diagram"]


class EventStyle(NamedTuple):
    """How an event is drawn, and what it is called."""

    kind: str
    marker: str
    name: str
    colour: str
    dashes: Any


SOLID, DASHED, DOTTED, MIXED = "-", (0, (4, 2)), (0, (1, 1.5)), (0, (4, 1.5, 1, 1.5))
#: By how the kind of an event begins, in the order of the legend. An event at infinity has no marker.
STYLES = (
    EventStyle("persistence + 2-cycle", "D", "border collision + cycle of twice the period", PALETTE[3], SOLID),
    EventStyle("persistence", "o", "border collision", "#777777", SOLID),
    EventStyle("nonsmooth fold + 2-cycle", "P", "nonsmooth fold + cycle of twice the period", PALETTE[3], DASHED),
    EventStyle("nonsmooth fold", "s", "nonsmooth fold", PALETTE[5], SOLID),
    EventStyle("degenerate border", "X", "degenerate border collision", PALETTE[5], DOTTED),
    EventStyle("degenerate flip", "v", "flip", INK, DASHED),
    EventStyle("degenerate Neimark-Sacker", "h", "Neimark-Sacker", INK, MIXED),
    EventStyle("through infinity", "", "through infinity", INK, DOTTED),
    EventStyle("continuum", "|", "continuum", PALETTE[2], SOLID),
)
#: Of more border collisions than this, which change nothing but the subregion, each is a small dot.
MANY = 12
#: Periods with a colour and an entry of their own in the legend.
PERIODS = 4
#: Entries of the legend, others not counted.
ENTRIES = 8


def event_style(event: Bifurcation) -> EventStyle:
    """How an event is drawn."""
    return next(style for style in STYLES if event.kind.startswith(style.kind))


@light
@checked
def plot_bifurcation_diagram(
    found: Bifurcations,
    coordinate: int | Any = 0,
    ax: Axes | None = None,
    label: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Branches over the parameter: stable ones as lines, unstable ones dashed, events marked by kind.

    Parameters
    ----------
    found : Bifurcations
    coordinate : int or (M,) array_like, optional
        A state unit, or the weights of a readout such as ``model.B[0]``.
    ax : Axes, optional
    label : str, optional
        Of the vertical axis.
    limits : pair of float, optional
        Of the vertical axis. By default it shows all branches, those that go to infinity up to three times the
        range of the others.

    Returns
    -------
    Axes
        Events are marked at their exact values. Above the axes they are named, with the value, where there is room
        for all; otherwise the border collisions that change nothing but the subregion are left out there, or all are.
        A dotted line that crosses the picture is a value at which a branch goes to infinity.

    Raises
    ------
    ModelError
        If `coordinate` is no unit and no vector of M weights.
    """
    ax = new_axes(6.8, 4.4) if ax is None else ax
    project, name = _projection(found, coordinate)
    periods = sorted({branch.period for branch in found.branches})
    colours = {period: PALETTE[i] if i < PERIODS else OTHER for i, period in enumerate(periods)}
    for branch in found.branches:
        _draw_branch(ax, branch, project, colours[branch.period])
    if not found.branches:
        said = "no fixed point or cycle" if found.complete else "none found; the search is not complete"
        ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", color=INK)
    low, high = limits if limits is not None else _limits(found, project)
    _draw_events(ax, found, project)
    ax.set_xlim(float(found.values[0]), float(found.values[-1]))
    ax.set_ylim(low, high)
    ax.set_xlabel(found.parameter)
    ax.set_ylabel(name if label is None else label)
    open_frame(ax)
    _name_events(ax, found)
    _legend(ax, colours, found)
    return ax


def _projection(found: Bifurcations, coordinate: Any) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    arrays = [branch.points for branch in found.branches] + [event.points for event in found]
    n_units = arrays[0].shape[-1] if arrays else None
    if np.ndim(coordinate) == 0:
        last = None if n_units is None else n_units - 1
        unit = whole("coordinate", coordinate, 0, last, remark="(a unit), or a vector of weights")
        return (lambda z: np.asarray(z[..., unit])), f"unit {unit}"
    weights = as_array("coordinate", coordinate, (n_units,), "(M,), weights of the units, or one unit")
    return (lambda z: np.asarray(z @ weights)), "readout"


def _draw_branch(ax: Axes, branch: Branch, project: Callable[[np.ndarray], np.ndarray], colour: str) -> None:
    y = project(branch.points)
    # Stability by pieces: a segment is stable if nowhere on it a multiplier lies outside.
    radius = np.abs(branch.multipliers[:, 0])
    segment = np.maximum(radius[:-1], radius[1:]) <= 1.0 + 1e-6
    for t in range(branch.period):
        for start, stop, stable in _runs(segment):
            ax.plot(
                branch.values[start : stop + 1],
                y[start : stop + 1, t],
                linestyle="-" if stable else (0, (4, 2)),
                color=colour,
                linewidth=2.0 if stable else 1.3,
                zorder=3 if stable else 2.5,
                solid_capstyle="butt",
            )


def _runs(flags: np.ndarray) -> list[tuple[int, int, bool]]:
    """Runs of equal flags as (first, one past the last, flag)."""
    if not len(flags):
        return []
    edges = np.flatnonzero(np.diff(flags.astype(np.int8))) + 1
    starts = [0, *edges.tolist()]
    return [(a, b, bool(flags[a])) for a, b in zip(starts, [*starts[1:], len(flags)], strict=True)]


def _limits(found: Bifurcations, project: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    infinite = [event.value for event in found if event.kind == "through infinity"]
    tame, all_values = [], []
    for branch in found.branches:
        y = project(branch.points).ravel()
        all_values.append(y)
        if branch.start not in infinite and branch.stop not in infinite:
            tame.append(y)
        else:
            # The half of the branch that is farther from infinity.
            tame.append(y[np.abs(y) <= 2.0 * np.median(np.abs(y))])
    pool = np.concatenate(tame) if tame else np.concatenate(all_values) if all_values else np.zeros(1)
    low, high = (float(np.min(pool)), float(np.max(pool))) if pool.size else (0.0, 0.0)
    margin = 0.08 * (high - low if high > low else 1.0)
    return low - margin, high + margin


def _draw_events(ax: Axes, found: Bifurcations, project: Callable[[np.ndarray], np.ndarray]) -> None:
    grouped: dict[EventStyle, list[Bifurcation]] = {}
    for event in found:
        grouped.setdefault(event_style(event), []).append(event)
    for style, events in grouped.items():
        if not style.marker:
            for value in {event.value for event in events}:
                ax.axvline(value, color=INK, linewidth=0.9, linestyle=DOTTED, zorder=1)
            continue
        heights = [project(event.points) for event in events]
        x = np.concatenate([np.full(len(y), e.value) for e, y in zip(events, heights, strict=True)])
        y = np.concatenate(heights)
        small = style.kind == "persistence" and len(events) > MANY
        size, edge = (2.5, 0.5) if small else (6.5, 1.0)
        shown = np.isfinite(y)
        ax.plot(
            x[shown], y[shown], style.marker, color="white", markeredgecolor=INK, zorder=4 if small else 5,
            clip_on=False, markersize=size, markeredgewidth=edge,
        )  # fmt: skip


def _name_events(ax: Axes, found: Bifurcations) -> None:
    """Names and values above the axes: of all events, or of those that change more than the subregion."""
    low, high = float(found.values[0]), float(found.values[-1])
    named = [(event.value, event_style(event).name) for event in found]
    major = [(event.value, event_style(event).name) for event in found if event_style(event).kind != "persistence"]
    if not label_values(ax, named, low, high):
        label_values(ax, major, low, high)


def _legend(ax: Axes, colours: dict[int, str], found: Bifurcations) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, linewidth=2, label="fixed point" if period == 1 else f"cycle of period {period}")
        for period, colour in colours.items()
        if colour != OTHER
    ]
    rest = [period for period, colour in colours.items() if colour == OTHER]
    if rest:
        handles.append(Line2D([], [], color=OTHER, linewidth=2, label=f"others, of period {rest[0]} to {rest[-1]}"))
    if any(not branch.stable.all() for branch in found.branches):
        handles.append(Line2D([], [], color=INK, linewidth=1.3, linestyle=DASHED, label="unstable"))
    numbers: dict[EventStyle, int] = {}
    for event in found:
        numbers[event_style(event)] = numbers.get(event_style(event), 0) + 1
    room = ENTRIES - sum(colour != OTHER for colour in colours.values()) - 1
    frequent = sorted(numbers, key=lambda style: -numbers[style])[:room]
    for style in STYLES:
        if style in frequent:
            text = style.name if numbers[style] == 1 else f"{style.name} ({numbers[style]})"
            if style.marker:
                marker = Line2D(
                    [], [], marker=style.marker, color="white", markeredgecolor=INK, markersize=6.5, linewidth=0
                )
            else:
                marker = Line2D([], [], color=INK, linewidth=0.9, linestyle=DOTTED)
            marker.set_label(text)
            handles.append(marker)
    left_out = sum(number for style, number in numbers.items() if style not in frequent)
    if left_out:
        handles.append(Line2D([], [], linestyle="", label=f"other events ({left_out})"))
    if handles:
        legend = ax.legend(
            handles=handles, fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2,
            title=None if found.complete else "search not complete: there may be others", title_fontsize=8,
        )  # fmt: skip
        legend.get_title().set_color(PALETTE[5])
