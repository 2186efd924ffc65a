"""How far fixed points lie from the states that are visited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from ..appearance import node_labels
from ..results import FixedPoints, Trajectory
from ..results.naming import LONGEST_NAME
from ..slow_manifolds import distance_in_ranges
from .end_ticks import log_with_ends
from .fixed_point_plane import kind_of
from .style import INK, axes_for, bitcode_colours, light, numbered, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_fixed_point_distances"]

#: From this share of the width on, distances stand to the left of their markers.
LEFT_FROM = 0.85
#: Rows of a figure of their own, and how high each is, in inches.
MOST_ROWS, ROW, BESIDE = 40, 0.2, 1.3


@light
@checked
def plot_fixed_point_distances(
    fixed_points: Mapping[str, FixedPoints] | FixedPoints,
    trajectory: Trajectory,
    ax: Axes | None = None,
) -> Axes:
    """How far each fixed point lies outside the range that is visited, on a logarithmic axis.

    A plane shows two directions of many; this shows the distance in all of them.

    Parameters
    ----------
    fixed_points : mapping of str to FixedPoints, or FixedPoints
        By label (the input they belong to).
    trajectory : Trajectory
    ax : Axes, optional
        By default of a height that holds a row for each point.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If the trajectory diverges.

    Notes
    -----
    Distances are those of :func:`plrnn_analysis.slow_manifolds.distance_in_ranges`. A point inside the visited range
    has distance 0, which has a place of its own on the left; so has an infinite distance on the right, where no unit
    moves. Each row names a point: its number, counted from 0, its subregion (``S1`` is the most visited one where
    bitcodes are long, and others are not visited), and its stability with the spectral radius rho of the subregion.
    Markers are those of :func:`plot_fixed_points`. Of more than 40 points the nearest are drawn, and the title says so.
    """
    points = numbered(fixed_points)
    distances = np.array([float(distance_in_ranges(point.z, trajectory)[0]) for _, point in points])
    shown = np.arange(len(points))
    if len(points) > MOST_ROWS:
        shown = np.sort(np.argsort(distances, kind="stable")[:MOST_ROWS])
    ax = axes_for(ax, 6.8, max(ROW * len(shown) + BESIDE, 1.8))
    names = node_labels(list(bitcode_colours(trajectory)))
    # Zero has a place where no point is inside, too. Where no unit moves distances are infinite, or no numbers.
    drawn = np.nan_to_num(np.concatenate([[0.0], distances[shown]]), nan=np.inf, posinf=np.inf)
    inside, *places = log_with_ends(ax, "x", drawn, names=("0\ninside", "∞"))
    labels = []
    for row, i in enumerate(shown):
        label, point = points[i]
        subregion = point.bitcode if len(point.bitcode) <= LONGEST_NAME else names.get(point.bitcode, "not visited")
        labels.append("  ".join(filter(None, (f"{i}", label, subregion.strip("-")))))
        _, _, marker, face, edge = kind_of(point)
        x = float(places[row])
        ax.plot([inside, x], [row, row], color="#AAAAAA", linewidth=0.8, zorder=1)
        ax.plot(x, row, marker, color=face, markeredgecolor=edge, markeredgewidth=1.3, markersize=6.5, zorder=3)
        text = f"{point.stability}, ρ = {point.spectral_radius:.6f}"
        ax.annotate(
            text, (1.01, row), xycoords=("axes fraction", "data"), fontsize=7.5, va="center", color=INK,
            annotation_clip=False,
        )  # fmt: skip
        if 0.0 < distances[i] < np.inf:
            _write_beside(ax, x, row, _digits(distances[i]))
    left = ax.get_xlim()[0]
    ax.axvspan(left, inside * inside / left, color="#E4EEF5", linewidth=0, zorder=-1)
    ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    ax.set_yticks(range(len(shown)), labels, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("fixed point")
    ax.set_xlabel("distance outside the visited range, in visited ranges")
    if not points:
        ax.text(0.5, 0.5, "no isolated fixed point", transform=ax.transAxes, fontsize=9, ha="center", va="center")
    if len(shown) < len(points):
        ax.set_title(f"the {len(shown)} nearest of {len(points)} fixed points", fontsize=9)
    open_frame(ax)
    return ax


def _write_beside(ax: Axes, x: float, row: int, text: str) -> None:
    """To the right of a marker, but to the left where words about the point stand there."""
    left, right = ax.get_xlim()
    inside = np.log(x / left) < LEFT_FROM * np.log(right / left)
    ax.annotate(
        text,
        (x, row),
        xytext=(7 if inside else -7, 0),
        textcoords="offset points",
        fontsize=7.5,
        ha="left" if inside else "right",
        va="center",
        zorder=2,
        bbox=None if inside else {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )


def _digits(distance: float) -> str:
    """Three digits, without a power of ten where that is short."""
    if 1e-3 <= distance < 1e5:
        return f"{distance:,.3g}" if distance < 999.5 else f"{distance:,.0f}"
    return f"{distance:.2e}"
