"""How far fixed points lie from the states that are visited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..results import FixedPoints, Trajectory
from .style import INK, bitcode_colours, new_axes, numbered, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_fixed_point_distances"]


def plot_fixed_point_distances(
    fixed_points: Mapping[str, FixedPoints] | FixedPoints,
    trajectory: Trajectory,
    ax: Axes | None = None,
) -> Axes:
    """How far each fixed point lies outside the range that is visited, on an axis that is logarithmic beyond 1.

    A plane shows two directions of many; this shows the distance in all of them.

    Parameters
    ----------
    fixed_points : mapping of str to FixedPoints, or FixedPoints
        By label (the input they belong to).
    trajectory : Trajectory
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    Distances are those of :func:`plrnn_analysis.slow_manifolds.distance_in_ranges`; the band is where the model moves.
    rho is the spectral radius of the fixed point's subregion.
    """
    from ..slow_manifolds import distance_in_ranges

    ax = new_axes() if ax is None else ax
    points = numbered(fixed_points)
    colours = bitcode_colours(trajectory)
    distances = [float(distance_in_ranges(p.z, trajectory)[0]) for _, p in points]
    right = 1.5 * max([10.0, *(d for d in distances if d < np.inf)])
    left = -0.6
    ax.axvspan(left, 0.0, color="#E4EEF5", linewidth=0)
    ax.text(left / 2, -0.75, "visited\nrange", fontsize=8, ha="center", va="center", color="#0072B2")
    for row, ((label, point), distance) in enumerate(zip(points, distances, strict=True)):
        text = f"{label}: " if label else ""
        text += f"{point.bitcode}, {point.stability}, ρ = {point.spectral_radius:.6g}"
        x = float(np.clip(distance, left, right))
        ax.plot([left, x], [row, row], color="#AAAAAA", linewidth=0.8, zorder=1)
        colour = colours.get(point.bitcode, "white")
        ax.plot(x, row, "o", color=colour, markeredgecolor=INK, markersize=7, zorder=3)
        ax.text(left + 0.05, row - 0.22, text, fontsize=7.5, va="bottom", zorder=4)
        ax.annotate(
            f"{distance:.3g}", (x, row), xytext=(7, 0), textcoords="offset points", fontsize=7.5, va="center", zorder=4
        )
    if not points:
        ax.text(left + 0.05, 0, "no isolated fixed point", fontsize=9, va="center")
    ax.set_xscale("symlog", linthresh=1.0)
    ax.set_xlim(left, right * 6)
    ax.set_ylim(max(len(points), 1) - 0.4, -1.25)
    ax.set_yticks(range(len(points)), [str(i + 1) for i in range(len(points))])
    ax.set_ylabel("fixed point")
    ax.set_xlabel("distance outside the visited range, in visited ranges")
    open_frame(ax)
    return ax
