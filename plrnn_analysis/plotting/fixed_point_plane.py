"""Trials and fixed points in one plane: what is stable, what is a saddle, and which way it lets go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .._validation import whole
from ..errors import ModelError
from ..maps import bits_from_string
from ..modes import principal_components
from ..results import FixedPoint, FixedPoints, Trajectory
from .style import INK, by_label, new_axes, percent, two_different

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_fixed_points"]

TRIALS = "#8FB3CC"
UNSTABLE = "#D55E00"
#: Length of the longest drawn direction, as a share of the picture's width.
DIRECTION = 0.07
#: A point further away than this many widths of what the trials fill is counted, not drawn.
FURTHER_OUT = 1.0
#: Above so many unstable directions they are no longer drawn.
MOST_DIRECTIONS = 4
#: Of more points than this each is drawn smaller, down to a share of the full size, so that they cover less.
MANY, SMALLEST = 30, 0.35
#: Then the legend gets room of its own above them: for each line so much of the picture's height.
LEGEND_LINE = 0.075

#: States beyond it belong to runs that diverge: their squares overflow.
SHOWABLE = 1e100

_Projection = Callable[[np.ndarray], np.ndarray]


def plot_fixed_points(
    fixed_points: Mapping[str, FixedPoints] | FixedPoints,
    trajectory: Trajectory | None = None,
    *,
    units: tuple[int, int] | None = None,
    outputs: tuple[int, int] | None = None,
    max_trials: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Fixed points, and the trials they govern, in the plane of two principal components.

    A model of two units is drawn in the plane of its units.

    Parameters
    ----------
    fixed_points : FixedPoints, or mapping of str to FixedPoints
        All are drawn: stable ones filled, saddles and unstable ones open.
    trajectory : Trajectory, optional
        Of the same model. Its states span the plane; without it the fixed points do, and no directions are drawn.
    units : tuple of int, optional
        Two state units that span the plane instead.
    outputs : tuple of int, optional
        Two outputs that span the plane instead; no directions are drawn.
    max_trials : int, optional
        At most so many trials are drawn, the first ones.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If there is nothing to draw, the plane is not one of the model's, or both `units` and `outputs` are given.

    Notes
    -----
    Lines through open points are the eigenvectors, of the Jacobian of the point's subregion, whose multipliers have
    moduli above one; of a complex pair both real and imaginary part. They are projected like everything else: a short
    one points out of the plane. The title says whether the search was complete, and points too far out to be drawn are
    counted in the legend.
    """
    labelled = by_label(fixed_points)
    points = [point for found in labelled.values() for point in found]
    max_trials = whole("max_trials", max_trials, 1)
    project, names, linear = _plane(points, trajectory, units, outputs)
    ax = new_axes() if ax is None else ax
    positions = np.array([project(_coordinates(point, outputs)) for point in points]).reshape(-1, 2)
    runs = None
    if trajectory is not None:
        values = trajectory.states if outputs is None else trajectory.outputs
        assert values is not None  # _plane has looked
        shown = (np.abs(values) <= SHOWABLE) & trajectory.valid[..., None]
        runs = project(np.where(shown, values, np.nan)[:max_trials])
    low, high, inside = _window(positions, runs)
    if runs is not None:
        for number, run in enumerate(runs):
            ax.plot(*run.T, color=TRIALS, linewidth=0.7, alpha=0.6, label=None if number else "trials", zorder=1)
    for found in labelled.values():
        _draw_continua(ax, found, project, linear, float(np.max(high - low)))
    size = float(np.clip(np.sqrt(MANY / max(inside.sum(), 1)), SMALLEST, 1.0))
    _draw_points(ax, [p for p, near in zip(points, inside, strict=True) if near], positions[inside], size)
    if trajectory is not None and linear:
        _draw_directions(ax, points, inside, project, trajectory, high - low, size)
    away = len(points) - int(inside.sum())
    if away:
        ax.plot([], [], " ", label=f"further out ({away})")
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_xlabel(names[0])
    if names[1]:
        ax.set_ylabel(names[1])
    else:
        ax.set_yticks([])
    ax.set_title(_verdict(labelled), fontsize=10)
    entries = len(ax.get_legend_handles_labels()[1])
    crowded = int(inside.sum()) > MANY
    if crowded:
        ax.set_ylim(low[1], high[1] + LEGEND_LINE * entries * (high[1] - low[1]))
    if entries:
        ax.legend(
            loc="upper left" if crowded else "best", fontsize=8, framealpha=0.9, edgecolor="none", handletextpad=0.4
        )
    return ax


def _coordinates(point: FixedPoint, outputs: tuple[int, int] | None) -> np.ndarray:
    if outputs is None:
        return point.z
    if point.output is None:
        raise ModelError("the fixed points have no outputs: find them with a model that has a readout")
    return point.output


def _plane(
    points: list[FixedPoint],
    trajectory: Trajectory | None,
    units: tuple[int, int] | None,
    outputs: tuple[int, int] | None,
) -> tuple[_Projection, tuple[str, str], bool]:
    """Projection of states (or outputs), names of the axes, and whether it projects directions of state space too."""
    if units is not None and outputs is not None:
        raise ModelError("give units or outputs, not both")
    if outputs is not None:
        if trajectory is not None and trajectory.outputs is None:
            raise ModelError("the trajectory has no outputs: its model has no readout")
        arrays = [p.output for p in points] if trajectory is None else [trajectory.outputs]
        sizes = [array.shape[-1] for array in arrays if array is not None]
        i, j = two_different("outputs", outputs, min(sizes, default=0))
        names = trajectory.output_names if trajectory is not None else ()
        label = (names[i], names[j]) if names else (f"output {i}", f"output {j}")
        return lambda y: y[..., [i, j]], label, False
    if trajectory is None and not points:
        raise ModelError("there is no fixed point to draw, and no trajectory")
    n_units = trajectory.states.shape[-1] if trajectory is not None else points[0].z.size
    if units is not None or n_units == 2:
        i, j = two_different("units", (0, 1) if units is None else units, n_units)
        return lambda z: z[..., [i, j]], (f"unit {i}", f"unit {j}"), True
    states = np.array([p.z for p in points]) if trajectory is None else trajectory.visited()
    found = principal_components(states[(np.abs(states) <= SHOWABLE).all(axis=1)])
    axes = np.vstack([found.components, np.zeros((1, found.mean.size))])[:2]
    shares = (*found.explained, 0.0)[:2]
    if n_units == 1:
        return lambda z: z @ np.array([[1.0, 0.0]]), ("unit 0", ""), True
    names = tuple(f"principal component {k + 1} ({percent(float(share))})" for k, share in enumerate(shares))
    return lambda z: (z - found.mean) @ axes.T, (names[0], names[1]), True


def _window(positions: np.ndarray, runs: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper corner of the picture, and which fixed points are in it."""
    near = np.ones(len(positions), dtype=bool)
    seen = positions
    if runs is not None:
        seen = runs.reshape(-1, 2)
        seen = seen[np.isfinite(seen).all(axis=1)]
    if runs is not None and len(seen):
        low, high = seen.min(axis=0), seen.max(axis=0)
        reach = FURTHER_OUT * np.where(high > low, high - low, 1.0)
        near = np.all((positions >= low - reach) & (positions <= high + reach), axis=1)
        seen = np.vstack([seen, positions[near]])
    low, high = (seen.min(axis=0), seen.max(axis=0)) if len(seen) else (np.zeros(2), np.zeros(2))
    margin = np.where(high > low, 0.08 * (high - low), 1.0)
    return low - margin, high + margin, near


def _directions(point: FixedPoint) -> int:
    """Number of unstable directions."""
    return int(np.count_nonzero(np.abs(point.eigenvalues) > 1.0))


def _kind(point: FixedPoint) -> tuple[str, str, str, str]:
    """Name in the legend, marker, fill and edge."""
    word = str(point.stability).split()[0]
    if word == "stable":
        return "stable", "o", INK, INK
    if word == "saddle":
        n = _directions(point)
        return (
            ("saddle, 1 unstable direction", "o", "white", UNSTABLE)
            if n == 1
            else (f"saddle, {n} unstable directions", "D", "white", UNSTABLE)
        )
    return word, "s", "white" if word == "unstable" else "#BBBBBB", INK


def _draw_points(ax: Axes, points: list[FixedPoint], positions: np.ndarray, size: float) -> None:
    kinds = [_kind(point) for point in points]
    # Stable ones first, saddles by the number of their directions.
    for kind in sorted(set(kinds), key=lambda k: (k[0] != "stable", k[0])):
        own = positions[[k == kind for k in kinds]]
        name, marker, face, edge = kind
        ax.plot(
            *own.T,
            marker,
            color=face,
            markeredgecolor=edge,
            markeredgewidth=1.4 * size**0.5,
            markersize=size * (7 if marker == "o" else 6),
            label=f"{name} ({len(own)})",
            zorder=6 if name == "stable" else 5,
        )


def _draw_directions(
    ax: Axes,
    points: list[FixedPoint],
    inside: np.ndarray,
    project: _Projection,
    trajectory: Trajectory,
    extent: np.ndarray,
    size: float,
) -> None:
    lines = []
    for point, near in zip(points, inside, strict=True):
        if not near or not 0 < _directions(point) <= MOST_DIRECTIONS:
            continue
        values, vectors = np.linalg.eig(trajectory.map.jacobian(bits_from_string(point.bitcode, trajectory.map.n_relu)))
        centre = project(point.z)
        for value, vector in zip(values, vectors.T, strict=True):
            if abs(value) > 1.0:
                parts = (vector.real,) if value.imag == 0.0 else (vector.real, vector.imag)
                lines += [(centre, project(point.z + part) - centre) for part in parts]
    # Lengths as they are seen: the two axes may differ in scale.
    longest = max((float(np.linalg.norm(step / extent)) for _, step in lines), default=0.0)
    if longest > 0.0:
        for centre, step in lines:
            half = size * DIRECTION / longest * step
            ends = np.array([centre - half, centre + half])
            ax.plot(*ends.T, color=UNSTABLE, linewidth=1.6 * size, zorder=4, solid_capstyle="round")


def _draw_continua(ax: Axes, found: FixedPoints, project: _Projection, linear: bool, reach: float) -> None:
    for piece in found.continua if linear else ():
        if piece.interval is not None:
            t = np.clip(piece.interval, -2.0 * reach, 2.0 * reach)
            path = project(piece.anchor + t[:, None] * piece.directions[0])
            ax.plot(*path.T, color=INK, linewidth=2.5, alpha=0.8, label=f"line of fixed points in {piece.bitcode}")


def _verdict(labelled: Mapping[str, FixedPoints]) -> str:
    number = sum(len(found) for found in labelled.values())
    noun = "fixed point" if number == 1 else "fixed points"
    return f"{number} {noun}; " + "; ".join(dict.fromkeys(found.claim for found in labelled.values()))
