"""Stable and unstable manifolds in the phase plane of a model of two units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ModelError
from ..results import FixedPoints
from .style import INK, OTHER, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..manifolds import Intersections, Manifold

__all__ = ["plot_manifolds"]

#: Blue holds, orange leads away.
COLOURS = {"stable": "#0072B2", "unstable": "#D55E00"}


def plot_manifolds(
    manifolds: Manifold | Sequence[Manifold],
    intersections: Intersections | None = None,
    fixed_points: FixedPoints | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Manifolds, their saddles and common points, over the subregion boundaries.

    Parameters
    ----------
    manifolds : Manifold or sequence of Manifold
        Of one model of two units.
    intersections : Intersections, optional
        Black points; hollow where a kink is met, pieces overlap or the orbit was not verified.
    fixed_points : FixedPoints, optional
        Drawn as well: stable ones filled, others hollow.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If a model does not have two units.
    """
    from matplotlib.collections import LineCollection, PolyCollection

    from ..manifolds import Manifold

    given = [manifolds] if isinstance(manifolds, Manifold) else list(manifolds)
    if not given or any(manifold.points.shape[1] != 2 for manifold in given):
        raise ModelError("manifolds are drawn for models of 2 units")
    ax = new_axes() if ax is None else ax
    low = np.min([manifold.box[0] for manifold in given], axis=0)
    high = np.max([manifold.box[1] for manifold in given], axis=0)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    _draw_boundaries(ax, given[0], low, high)
    for manifold in given:
        colour = COLOURS[manifold.kind]
        areas = [piece.vertices for piece in manifold if piece.dimension == 2]
        lines = [piece.vertices for piece in manifold if piece.dimension == 1]
        if areas:
            ax.add_collection(PolyCollection(areas, facecolors=colour, edgecolors=colour, linewidths=0.4, alpha=0.25))
        if lines:
            ax.add_collection(LineCollection(lines, colors=colour, linewidths=1.3, capstyle="round"))
        # The line alone in the legend: a collection of thousands has no handle of its own.
        ax.plot([], [], "-", color=colour, linewidth=1.8, label=f"{manifold.kind} manifold")
    if fixed_points is not None:
        for point in fixed_points:
            face = INK if point.stability.startswith("stable") else "white"
            ax.plot(*point.z, "o", color=face, markeredgecolor=INK, markersize=6, zorder=6)
    saddles = np.unique(np.vstack([manifold.points for manifold in given]), axis=0)
    name = "saddle" if all(manifold.dimension == 1 for manifold in given) else "point"
    label = name if len(saddles) == 1 else f"{name}s"
    ax.plot(
        *saddles.T, "D", color="white", markeredgecolor=INK, markeredgewidth=1.4, markersize=6, zorder=8, label=label
    )
    if intersections is not None:
        _draw_intersections(ax, intersections)
    ax.set_xlabel("unit 0")
    ax.set_ylabel("unit 1")
    open_frame(ax)
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    ax.legend(
        unique.values(), unique.keys(), fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.12),
        ncols=len(unique), handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    return ax


def _draw_boundaries(ax: Axes, manifold: Manifold, low: np.ndarray, high: np.ndarray) -> None:
    """The lines where a ReLU argument is zero, from rim to rim."""
    centre, reach = (low + high) / 2.0, float(np.linalg.norm(high - low))
    for normal, offset in zip(manifold.map.V, manifold.map.c, strict=True):
        length = float(normal @ normal)
        if length == 0.0:
            continue
        foot = centre - (normal @ centre + offset) / length * normal
        along = reach * np.array([-normal[1], normal[0]]) / np.sqrt(length)
        ax.plot(*np.stack([foot - along, foot + along]).T, "--", color=OTHER, linewidth=1.0, zorder=1)


def _draw_intersections(ax: Axes, found: Intersections) -> None:
    sure = [point.kind == "transversal" and point.verified for point in found]
    for wanted, face in ((True, INK), (False, "white")):
        z = np.array([point.z for point, is_sure in zip(found, sure, strict=True) if is_sure == wanted]).reshape(-1, 2)
        if len(z):
            size = 4.0 if len(found) <= 100 else 2.0
            label = "intersections" if wanted else "kinks, overlaps or unverified"
            ax.plot(*z.T, "o", color=face, markeredgecolor=INK, markersize=size, zorder=7, linestyle="", label=label)
