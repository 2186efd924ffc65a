"""Stable and unstable manifolds in the phase plane of two units, or projected onto a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from ..errors import ModelError
from ..modes import principal_components
from ..results import FixedPoints
from .style import INK, OTHER, light, new_axes, open_frame, percents, two_different

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..manifolds import Intersections, Manifold

__all__ = ["plot_manifolds"]

#: Room around manifolds that are projected, as a share of their extent.
MARGIN = 0.08

_Projection = Callable[[np.ndarray], np.ndarray]

#: Blue holds, orange leads away.
COLOURS = {"stable": "#0072B2", "unstable": "#D55E00"}


@light
@checked
def plot_manifolds(
    manifolds: Manifold | Sequence[Manifold],
    intersections: Intersections | None = None,
    fixed_points: FixedPoints | None = None,
    ax: Axes | None = None,
    units: tuple[int, int] | None = None,
) -> Axes:
    """Manifolds, their saddles and common points; of two units over the subregion boundaries.

    Parameters
    ----------
    manifolds : Manifold or sequence of Manifold
        Of one model.
    intersections : Intersections, optional
        Black points; hollow where a kink is met, pieces overlap or the orbit was not verified.
    fixed_points : FixedPoints, optional
        Drawn as well: stable ones filled, others hollow.
    ax : Axes, optional
    units : tuple of int, optional
        Two state units that span the plane. By default the two units of a model that has no more, and else the
        principal components of the manifolds.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If there is no manifold, they belong to models of different sizes or of one unit, or `units` are no two
        different ones.

    Notes
    -----
    With more than two units everything is projected along the other directions: curves that cross in the picture need
    not meet, and subregion boundaries are not drawn. The axes say what they are; those of principal components with
    the share of the variance of the manifolds' corners that each has.
    """
    from matplotlib.collections import LineCollection, PolyCollection

    from ..manifolds import Manifold

    given = [manifolds] if isinstance(manifolds, Manifold) else list(manifolds)
    sizes = {manifold.points.shape[1] for manifold in given}
    if len(sizes) != 1 or min(sizes) < 2:
        raise ModelError("manifolds are drawn for one model of at least 2 units")
    n_units = sizes.pop()
    project, names = _plane(given, n_units, units)
    ax = new_axes(6.0, 4.4) if ax is None else ax
    low, high = _window(given, project)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    if names == ("unit 0", "unit 1") and n_units == 2:
        _draw_boundaries(ax, given[0], low, high)
    for manifold in given:
        colour = COLOURS[manifold.kind]
        areas = [project(piece.vertices) for piece in manifold if piece.dimension == 2]
        lines = [project(piece.vertices) for piece in manifold if piece.dimension == 1]
        if areas:
            ax.add_collection(PolyCollection(areas, facecolors=colour, edgecolors=colour, linewidths=0.4, alpha=0.25))
        if lines:
            ax.add_collection(LineCollection(lines, colors=colour, linewidths=1.3, capstyle="round"))
        # The line alone in the legend: a collection of thousands has no handle of its own.
        ax.plot([], [], "-", color=colour, linewidth=1.8, label=f"{manifold.kind} manifold")
    saddles = np.unique(np.vstack([manifold.points for manifold in given]), axis=0)
    name = "saddle" if all(manifold.dimension == 1 for manifold in given) else "point"
    ax.plot(
        *project(saddles).T, "D", color="white", markeredgecolor=INK, markeredgewidth=1.4, markersize=6, zorder=8,
        label=name if len(saddles) == 1 else f"{name}s",
    )  # fmt: skip
    others = [p for p in fixed_points or () if not np.any(np.all(p.z == saddles, axis=1))]
    for name, face in (("stable", INK), ("other", "white")):
        own = [project(p.z) for p in others if p.stability.startswith("stable") == (name == "stable")]
        inside = [z for z in own if np.all((z >= low) & (z <= high))]
        if inside:
            x, y = np.array(inside).T
            ax.plot(x, y, "o", color=face, markeredgecolor=INK, markersize=6, zorder=6, label=f"{name} fixed point")
    if intersections is not None:
        _draw_intersections(ax, intersections, project)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    open_frame(ax)
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    ax.legend(
        unique.values(), unique.keys(), fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0),
        ncols=3, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    return ax


def _window(given: Sequence[Manifold], project: _Projection) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner: of two units those of the boxes, else what the manifolds fill."""
    if given[0].points.shape[1] == 2:
        corners = np.array([project(corner) for manifold in given for corner in manifold.box])
        return corners.min(axis=0), corners.max(axis=0)
    flat = np.concatenate([project(piece.vertices) for manifold in given for piece in manifold])
    low, high = flat.min(axis=0), flat.max(axis=0)
    room = np.where(high > low, MARGIN * (high - low), 1.0)
    return low - room, high + room


def _plane(
    given: Sequence[Manifold], n_units: int, units: tuple[int, int] | None
) -> tuple[_Projection, tuple[str, str]]:
    """Projection of states, and names of the axes."""
    if units is not None or n_units == 2:
        i, j = two_different("units", (0, 1) if units is None else units, n_units)
        return lambda z: z[..., [i, j]], (f"unit {i}", f"unit {j}")
    corners = np.vstack([piece.vertices for manifold in given for piece in manifold])
    found = principal_components(corners)
    axes = np.vstack([found.components, np.zeros((1, n_units))])[:2]
    shares = (*found.explained, 0.0)[:2]
    one, two = (f"principal component {k} ({share})" for k, share in enumerate(percents(map(float, shares)), 1))
    return lambda z: (z - found.mean) @ axes.T, (one, two)


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


def _draw_intersections(ax: Axes, found: Intersections, project: _Projection) -> None:
    sure = [point.kind == "transversal" and point.verified for point in found]
    for wanted, face in ((True, INK), (False, "white")):
        z = np.array([project(point.z) for point, is_sure in zip(found, sure, strict=True) if is_sure == wanted])
        if len(z):
            size = 4.0 if len(found) <= 100 else 2.0
            label = "intersections" if wanted else "kinks, overlaps or unverified"
            ax.plot(*z.T, "o", color=face, markeredgecolor=INK, markersize=size, zorder=7, linestyle="", label=label)
