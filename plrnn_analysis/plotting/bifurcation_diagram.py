"""Branches through a parameter with their events, and the plane of two parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import whole
from ..errors import ModelError
from .style import INK, OTHER, PALETTE, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bifurcations import Bifurcation, BifurcationPlane, Bifurcations, Branch

__all__ = ["plot_bifurcation_diagram", "plot_bifurcation_plane"]

# Marker and words of an event, by how its kind begins, in the order of the legend.
MARKERS = (
    ("persistence + 2-cycle", "D", "border collision: persistence + 2-cycle"),
    ("persistence", "o", "border collision: persistence"),
    ("nonsmooth fold + 2-cycle", "P", "border collision: nonsmooth fold + 2-cycle"),
    ("nonsmooth fold", "s", "border collision: nonsmooth fold"),
    ("degenerate border", "X", "border collision: degenerate"),
    ("degenerate flip", "v", "flip (multiplier -1)"),
    ("degenerate Neimark-Sacker", "h", "Neimark-Sacker (complex pair)"),
    ("through infinity", "^", "through infinity (multiplier 1)"),
    ("continuum", "|", "continuum (multiplier 1)"),
)


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

    Raises
    ------
    ModelError
        If `coordinate` is no unit and no vector of M weights.
    """
    ax = new_axes(6.8, 4.2) if ax is None else ax
    project, name = _projection(found, coordinate)
    periods = sorted({branch.period for branch in found.branches})
    colours = {period: PALETTE[i] if i < len(PALETTE) else OTHER for i, period in enumerate(periods)}
    for branch in found.branches:
        _draw_branch(ax, branch, project, colours[branch.period])
    if not found.branches:
        said = "no fixed point or cycle" if found.complete else "none found; the search is not complete"
        ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", color=INK)
    low, high = limits if limits is not None else _limits(found, project)
    for event in found:
        heights = project(event.points)
        shown = heights[np.isfinite(heights)]
        marker = _marker(event)
        if not len(shown):
            # At infinity: marked at the frame.
            shown = np.array([high])
        for y in shown:
            inside = min(max(float(y), low), high)
            ax.plot(
                event.value, inside, marker[1], color="white", markeredgecolor=INK, markersize=6.5, zorder=5,
                clip_on=False,
            )  # fmt: skip
    ax.set_xlim(float(found.values[0]), float(found.values[-1]))
    ax.set_ylim(low, high)
    ax.set_xlabel(found.parameter)
    ax.set_ylabel(name if label is None else label)
    open_frame(ax)
    _legend(ax, colours, found)
    return ax


def _projection(found: Bifurcations, coordinate: Any) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    arrays = [branch.points for branch in found.branches] + [event.points for event in found]
    n_units = arrays[0].shape[-1] if arrays else None
    if np.ndim(coordinate) == 0:
        last = None if n_units is None else n_units - 1
        unit = whole("coordinate", coordinate, 0, last, remark="(a unit), or a vector of weights")
        return (lambda z: np.asarray(z[..., unit])), f"z[{unit}]"
    weights = np.asarray(coordinate, dtype=np.float64)
    if n_units is not None and weights.shape != (n_units,):
        raise ModelError(f"coordinate must be a unit or a vector of {n_units} weights, got shape {weights.shape}")
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
                zorder=3 if stable else 2,
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


def _marker(event: Bifurcation) -> tuple[str, str, str]:
    return next(row for row in MARKERS if event.kind.startswith(row[0]))


def _legend(ax: Axes, colours: dict[int, str], found: Bifurcations) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, linewidth=2, label="fixed point" if period == 1 else f"{period}-cycle")
        for period, colour in colours.items()
    ]
    if any(not branch.stable.all() for branch in found.branches):
        handles.append(Line2D([], [], color=INK, linewidth=1.3, linestyle=(0, (4, 2)), label="unstable"))
    kinds = {_marker(event) for event in found}
    for row in MARKERS:
        if row in kinds:
            handles.append(
                Line2D([], [], marker=row[1], color="white", markeredgecolor=INK, markersize=6.5, linewidth=0,
                       label=row[2])
            )  # fmt: skip
    if handles:
        ax.legend(
            handles=handles, fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2
        )


def plot_bifurcation_plane(plane: BifurcationPlane, ax: Axes | None = None, max_classes: int = 8) -> Axes:
    """The plane of two parameters, coloured by what exists there; events on grid lines as dots.

    Parameters
    ----------
    plane : BifurcationPlane
    ax : Axes, optional
    max_classes : int, optional
        The most frequent combinations of numbers get a colour, the others are grey.

    Returns
    -------
    Axes

    Notes
    -----
    Each cell stands for the grid point at its centre. A class is the number of fixed points and cycles and how many
    of them are stable; hatched cells were not searched to the end. Border collisions are dots, the others crosses.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    ax = new_axes(6.8, 4.6) if ax is None else ax
    x, y = plane.values
    classes, names, unknown = _classes(plane, max_classes)
    palette = [*PALETTE[: len(names) - 1], OTHER] if names[-1] == "other" else list(PALETTE[: len(names)])
    pale = [_pale(colour) for colour in palette]
    ax.pcolormesh(
        _cells(x), _cells(y), classes.T, cmap=ListedColormap(pale), vmin=-0.5, vmax=len(names) - 0.5, rasterized=True
    )
    if unknown.any():
        hidden = np.ma.masked_where(~unknown.T, np.ones_like(unknown.T, dtype=np.float64))
        ax.pcolor(_cells(x), _cells(y), hidden, hatch="///", alpha=0.0)
    events = plane.events()
    border = np.array([(a, b) for a, b, e in events if e.at_border]).reshape(-1, 2)
    other = np.array([(a, b) for a, b, e in events if not e.at_border]).reshape(-1, 2)
    handles: list[Any] = [Patch(color=colour, label=name) for colour, name in zip(pale, names, strict=True)]
    if len(border):
        handles += ax.plot(*border.T, ".", color=INK, markersize=3.5, label="border collision")
    if len(other):
        handles += ax.plot(*other.T, "x", color=INK, markersize=3.5, label="multiplier on the unit circle")
    ax.set_xlim(float(_cells(x)[0]), float(_cells(x)[-1]))
    ax.set_ylim(float(_cells(y)[0]), float(_cells(y)[-1]))
    ax.set_xlabel(plane.parameters[0])
    ax.set_ylabel(plane.parameters[1])
    ax.legend(
        handles=handles, fontsize=7.5, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5),
        title="number (stable)", title_fontsize=8,
    )  # fmt: skip
    return ax


def _cells(values: np.ndarray) -> np.ndarray:
    middles = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])


def _pale(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (0.45 + 0.55 * red, 0.45 + 0.55 * green, 0.45 + 0.55 * blue)


def _classes(plane: BifurcationPlane, max_classes: int) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Class of each grid point, names of classes (the most frequent first), and where nothing is proved."""
    n1, n2, periods = plane.counts.shape
    both = np.concatenate([plane.counts, plane.stable], axis=2).reshape(n1 * n2, 2 * periods)
    rows, inverse, frequency = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-frequency, kind="stable")
    rank = np.empty(len(rows), dtype=np.intp)
    rank[order] = np.arange(len(rows))
    shown = len(rows) if len(rows) <= max_classes else max_classes - 1
    names = [_class_name(rows[i], periods) for i in order[:shown]]
    if shown < len(rows):
        names.append("other")
    return np.minimum(rank[np.ravel(inverse)], len(names) - 1).reshape(n1, n2), names, ~plane.complete


def _class_name(row: np.ndarray, periods: int) -> str:
    if row[0] < 0:
        return "not searched"
    parts = []
    for period in range(1, periods + 1):
        number, stable = int(row[period - 1]), int(row[periods + period - 1])
        if number:
            what = "fixed point" if period == 1 else f"{period}-cycle"
            parts.append(f"{number} {what}{'s' if number > 1 else ''} ({stable})")
    return ", ".join(parts) or "nothing"
