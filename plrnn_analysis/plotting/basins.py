"""Basins of attraction in a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..results import Cycle, FixedPoint
from .style import INK, OTHER, PALETTE, new_axes, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..attractors import Attractor, BasinSlice

__all__ = ["plot_basins"]

# Basins that get a colour and a line in the legend of their own; the smaller ones share the grey.
SHOWN = 6
# An object this near the plane, relative to its size and that of the plane's origin, lies in it.
IN_PLANE = 1e-6


def plot_basins(basins: BasinSlice, names: tuple[str, str] | None = None, ax: Axes | None = None) -> Axes:
    """Basins of attraction, one colour each, with the attractors that lie near the plane.

    Parameters
    ----------
    basins : BasinSlice
    names : tuple of str, optional
        Of the axes.
    ax : Axes, optional

    Returns
    -------
    Axes
        What diverges is white, what is undecided hatched grey. An attractor is drawn filled where it lies in the
        plane, hollow where it is only projected onto it.
    """
    from matplotlib.colors import ListedColormap, to_rgb
    from matplotlib.patches import Patch

    ax = new_axes(6.4, 4.2) if ax is None else ax
    strong: list[str] = []
    handles: list[Patch] = []
    rest = 0
    for item in basins.attractors:
        special = {"divergent": "#FFFFFF", "undecided": OTHER}.get(item.kind)
        coloured = sum(colour not in ("#FFFFFF", OTHER) for colour in strong)
        colour = special or (PALETTE[coloured] if coloured < SHOWN else OTHER)
        strong.append(colour)
        if special is None and colour == OTHER:
            rest += item.count
            continue
        hatch = "///" if item.kind == "undecided" else None
        handles.append(Patch(facecolor=_soft(colour), edgecolor=INK, linewidth=0.6, hatch=hatch, label=_label(item)))
    if rest:
        share = percent(rest / basins.labels.size)
        handles.append(Patch(facecolor=_soft(OTHER), edgecolor=INK, linewidth=0.6, label=f"others  {share}"))
    edges = [_edges(basins.first), _edges(basins.second)]
    colours = ListedColormap([to_rgb(_soft(colour)) for colour in strong])
    ax.pcolormesh(*edges, basins.labels, cmap=colours, vmin=-0.5, vmax=len(strong) - 0.5, rasterized=True)
    project = np.linalg.pinv(basins.directions)
    for item, colour in zip(basins.attractors, strong, strict=True):
        points = _points(item)
        if len(points):
            flat = (points - basins.origin) @ project
            off = np.max(np.abs(points - basins.origin - flat @ basins.directions), axis=1)
            inside = off <= IN_PLANE * max(float(np.max(np.abs(points))), float(np.max(np.abs(basins.origin))))
            for chosen, face in ((inside, colour), (~inside, "none")):
                ax.plot(*flat[chosen].T, "o", markerfacecolor=face, markeredgecolor=INK, markersize=5, clip_on=True)
    ax.set_xlim(edges[0][0], edges[0][-1])
    ax.set_ylim(edges[1][0], edges[1][-1])
    ax.set_xlabel("first direction" if names is None else names[0])
    ax.set_ylabel("second direction" if names is None else names[1])
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize="small")
    return ax


def _soft(colour: str) -> str:
    """The colour mixed with white, so that points on it are seen."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(0.55 * part + 0.45 * 255):02X}" for part in parts)


def _label(item: Attractor) -> str:
    name = f"{item.period}-cycle" if item.kind == "cycle" else item.kind
    return f"{name}  {percent(item.fraction)}"


def _points(item: Attractor) -> np.ndarray:
    found = item.object
    if isinstance(found, FixedPoint):
        return found.z[None]
    if isinstance(found, Cycle):
        return found.points
    return np.zeros((0, 0))


def _edges(centres: np.ndarray) -> np.ndarray:
    half = 0.5 * (centres[1] - centres[0])
    return np.append(centres - half, centres[-1] + half)
