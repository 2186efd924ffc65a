"""Visited states and fixed points in a plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import whole
from ..results import FixedPoints, Trajectory
from .style import INK, OTHER, bitcode_colours, bitcode_strings, by_label, new_axes, numbered, percent, two_different

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_state_plane"]


def plot_state_plane(
    trajectory: Trajectory,
    fixed_points: Mapping[str, FixedPoints] | FixedPoints | None = None,
    relus: tuple[int, int] = (0, 1),
    max_points: int = 4000,
    ax: Axes | None = None,
    units: tuple[int, int] | None = None,
) -> Axes:
    """Visited states and fixed points in the plane of two ReLU arguments, where the subregions are quadrants.

    Parameters
    ----------
    trajectory : Trajectory
    fixed_points : mapping of str to FixedPoints, or FixedPoints, optional
        Fixed points by label (the input they belong to), numbered in the order given as in
        :func:`plot_fixed_point_distances`. Filled within the visited range of every unit; hollow outside, so that
        its place in this plane is only a projection; an arrow at the edge where even the projection is outside.
    relus : tuple of int, optional
        Which two ReLUs span the plane. With one ReLU the second axis is the leading principal component of the
        states, without any both are principal components.
    max_points : int, optional
        At most so many states are drawn, evenly thinned.
    ax : Axes, optional
    units : tuple of int, optional
        Two state units that span the plane instead, for a model whose first units are what was observed.
        Subregions then overlap in the picture.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If `relus` or `units` are no two different ones of the model.
    """
    from matplotlib.lines import Line2D

    from ..slow_manifolds import distance_in_ranges

    ax = new_axes() if ax is None else ax
    states = trajectory.visited()
    project, names, n_boundaries = _plane(trajectory, states, relus, units)
    codes = trajectory.flatten(bitcode_strings(trajectory))
    colours = bitcode_colours(codes)
    points = project(states)
    max_points = whole("max_points", max_points, 1)
    thin = max(1, len(points) // max_points)
    for code, colour in colours.items():
        own = codes == code
        # Rare subregions are what one looks for: never thin them away.
        shown = points[own][:: thin if own.sum() > max_points // 4 else 1]
        label = f"{code}  {percent(own.mean())}" if colour != OTHER else None
        size = 3.5 if own.mean() > 0.005 else 7.0
        ax.plot(*shown.T, ".", color=colour, label=label, markersize=size, alpha=0.7, markeredgewidth=0)
    low, high = points.min(axis=0), points.max(axis=0)
    low[:n_boundaries] = np.minimum(low, 0)[:n_boundaries]
    high[:n_boundaries] = np.maximum(high, 0)[:n_boundaries]
    margin = 0.16 * np.where(high > low, high - low, 1.0)
    low, high = low - margin, high + margin
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    if n_boundaries >= 1:
        ax.axvline(0, color=INK, linewidth=1.0)
    if n_boundaries == 2:
        ax.axhline(0, color=INK, linewidth=1.0)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    placed: list[np.ndarray] = []
    for number, (_, point) in enumerate(numbered(fixed_points), start=1):
        away = float(distance_in_ranges(point.z, trajectory)[0])
        _draw_fixed_point(ax, number, project(point.z), away, (low, high), placed)
    for found in by_label(fixed_points).values():
        _draw_continua(ax, found, project, trajectory)
    legend = ax.legend(
        fontsize=8, handletextpad=0.2, framealpha=0.9, edgecolor="none", title="visited", title_fontsize=8
    )
    for handle in legend.legend_handles:
        if isinstance(handle, Line2D):
            handle.set_markersize(9)
    return ax


def _plane(
    trajectory: Trajectory, states: np.ndarray, relus: tuple[int, int], units: tuple[int, int] | None
) -> tuple[Any, tuple[str, str], int]:
    """Projection of states (..., M) to a plane, axis names, and how many axes are subregion boundaries."""
    n_relu = trajectory.map.n_relu
    if units is not None:
        i, j = units
        n_units = states.shape[-1]
        i, j = two_different("units", (i, j), n_units)

        def project_units(z: np.ndarray) -> np.ndarray:
            return z[..., [i, j]]

        return project_units, (f"unit {i}", f"unit {j}"), 0
    centre = states.mean(axis=0)
    _, _, components = np.linalg.svd(states - centre, full_matrices=False)
    components = np.vstack([components, np.zeros((2, states.shape[1]))])
    if n_relu >= 2:
        i, j = relus
        i, j = two_different("relus", (i, j), n_relu)

        def project(z: np.ndarray) -> np.ndarray:
            return trajectory.map.preactivation(z)[..., [i, j]]

        return project, (f"argument of ReLU {i}", f"argument of ReLU {j}"), 2
    if n_relu == 1:

        def project_one(z: np.ndarray) -> np.ndarray:
            y = trajectory.map.preactivation(z)[..., 0]
            return np.stack([y, (z - centre) @ components[0]], axis=-1)

        return project_one, ("argument of the ReLU", "first principal component"), 1

    def project_none(z: np.ndarray) -> np.ndarray:
        return (z - centre) @ components[:2].T

    return project_none, ("first principal component", "second principal component"), 0


def _draw_fixed_point(
    ax: Axes,
    number: int,
    position: np.ndarray,
    away: float,
    window: tuple[np.ndarray, np.ndarray],
    placed: list[np.ndarray],
) -> None:
    low, high = window
    centre, half = (low + high) / 2, (high - low) / 2
    offset = (position - centre) / half
    reach = float(np.abs(offset).max())
    if reach > 0.97:
        # Outside the picture: an arrow at its edge, towards the point.
        offset = offset / reach
        tip, position = centre + half * offset * 0.99, centre + half * offset * 0.86
        ax.annotate(
            "", _pair(tip), _pair(position), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2}, zorder=6
        )
    else:
        face = INK if away == 0.0 else "white"
        ax.plot(*position, "o", color=face, markeredgecolor=INK, markeredgewidth=1.2, markersize=6, zorder=7)
    # Numbers of points that coincide in the projection go side by side.
    crowd = sum(bool(np.all(np.abs(position - other) < 0.07 * half)) for other in placed)
    placed.append(position)
    ax.annotate(
        str(number),
        _pair(position),
        xytext=(7 + 9 * crowd, 7),
        textcoords="offset points",
        fontsize=9,
        fontweight="bold",
        ha="center",
        va="center",
        zorder=8,
        bbox={"boxstyle": "round,pad=0.08", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )


def _draw_continua(ax: Axes, found: FixedPoints, project: Any, trajectory: Trajectory) -> None:
    for piece in found.continua:
        reach = 2.0 * float(np.linalg.norm(trajectory.visited(), axis=1).max() + 1.0)
        ends = piece.interval if piece.interval is not None else (0.0, 0.0)
        t = np.clip(np.asarray(ends, dtype=np.float64), -reach, reach)
        path = project(piece.anchor + t[:, None] * piece.directions[0])
        text = f"continuum of fixed points in {piece.bitcode}"
        ax.plot(*path.T, "-", color=INK, linewidth=2.5, alpha=0.8, label=text, zorder=6)


def _pair(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])
