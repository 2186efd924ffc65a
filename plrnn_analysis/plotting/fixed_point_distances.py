"""How far fixed points lie from the states that are visited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..results import FixedPoints, Trajectory
from .style import INK, bitcode_colours, new_axes, numbered, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["distance_in_visited_ranges", "plot_fixed_point_distances"]


def distance_in_visited_ranges(point: Any, trajectory: Trajectory) -> float:
    """How far a point lies from where a model moves.

    Parameters
    ----------
    point : (M,) array_like
    trajectory : Trajectory

    Returns
    -------
    float
        Euclidean distance to the mean of the visited states, in units of the largest such distance of a visited
        state: at most 1 within the visited range, 1000 a thousand times as far out as the model ever was.
    """
    states = trajectory.states.reshape(-1, trajectory.states.shape[-1])
    centre = states.mean(axis=0)
    radius = float(np.linalg.norm(states - centre, axis=1).max())
    distance = float(np.linalg.norm(np.asarray(point, dtype=np.float64) - centre))
    return distance / radius if radius > 0 else (0.0 if distance == 0 else np.inf)


def plot_fixed_point_distances(
    fixed_points: Mapping[str, FixedPoints] | FixedPoints,
    trajectory: Trajectory,
    ax: Axes | None = None,
) -> Axes:
    """How far each fixed point lies from the states that are visited, on a logarithmic axis.

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
    Distances are those of :func:`distance_in_visited_ranges`; the band up to 1 is where the model moves. rho is the
    spectral radius of the fixed point's subregion.
    """
    ax = new_axes() if ax is None else ax
    points = numbered(fixed_points)
    colours = bitcode_colours(trajectory)
    distances = [distance_in_visited_ranges(p.z, trajectory) for _, p in points]
    finite = [d for d in distances if 0 < d < np.inf]
    right = 1.5 * max([10.0, *finite])
    left = 10 ** np.floor(np.log10(min([0.3, *finite])))
    ax.axvspan(left, 1.0, color="#E4EEF5", linewidth=0)
    ax.text(left**0.5, -0.75, "visited\nrange", fontsize=8, ha="center", va="center", color="#0072B2")
    for row, ((label, point), distance) in enumerate(zip(points, distances, strict=True)):
        text = f"{label}: " if label else ""
        text += f"{point.bitcode}, {point.stability}, ρ = {point.spectral_radius:.6g}"
        x = float(np.clip(distance, left, right))
        ax.plot([left, x], [row, row], color="#AAAAAA", linewidth=0.8, zorder=1)
        colour = colours.get(point.bitcode, "white")
        ax.plot(x, row, "o", color=colour, markeredgecolor=INK, markersize=7, zorder=3)
        ax.text(left * 1.15, row - 0.22, text, fontsize=7.5, va="bottom", zorder=4)
        ax.annotate(
            f"{distance:.3g}", (x, row), xytext=(7, 0), textcoords="offset points", fontsize=7.5, va="center", zorder=4
        )
    if not points:
        ax.text(left * 1.15, 0, "no isolated fixed point", fontsize=9, va="center")
    ax.set_xscale("log")
    ax.set_xlim(left, right * 6)
    ax.set_ylim(max(len(points), 1) - 0.4, -1.25)
    ax.set_yticks(range(len(points)), [str(i + 1) for i in range(len(points))])
    ax.set_ylabel("fixed point")
    ax.set_xlabel("distance from the visited states, in visited ranges")
    open_frame(ax)
    return ax
