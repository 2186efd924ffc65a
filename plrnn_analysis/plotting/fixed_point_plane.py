"""Trials and fixed points in one plane: what is stable, what is a saddle, and its unstable directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..fixed_points import find_fixed_points
from ..maps import bits_from_string
from ..modes import principal_components
from ..network import Network
from ..readouts import with_outputs
from ..results import Continuum, FixedPoint, FixedPoints, Trajectory
from ..slow_manifolds import SlowManifolds, distance_in_ranges
from .style import (
    INK,
    PALETTE,
    SHOWABLE,
    UNSTABLE,
    axes_for,
    by_label,
    drawn_channel,
    light,
    percents,
    showable,
    two_different,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["kind_of", "plot_fixed_points"]

TRIALS = "#8FB3CC"
SLOW = PALETTE[2]
#: Half the length of the longest drawn direction, as a share of the picture's width.
DIRECTION = 0.07
#: A point further away than this many widths of what the trials fill is counted, not drawn.
FURTHER_OUT = 1.0
#: Above this many unstable directions they are no longer drawn.
MOST_DIRECTIONS = 4
#: Of more points than this each is drawn smaller, down to a share of the full size, so that they cover less.
MANY, SMALLEST = 30, 0.35
#: The slowest points that are drawn.
MOST_SLOW = 20
#: Points of the ellipse that a complex pair of eigenvectors spans.
TURN = np.exp(2j * np.pi * np.arange(49) / 48)

_Projection = Callable[[np.ndarray], np.ndarray]


@light
@checked
def plot_fixed_points(
    fixed_points: Network | Mapping[str, FixedPoints] | FixedPoints,
    trajectory: Trajectory | None = None,
    *,
    slow: SlowManifolds | Any = None,
    units: tuple[int, int] | None = None,
    outputs: tuple[int, int] | None = None,
    max_trials: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Fixed points, and the trials they govern, in the plane of two principal components.

    A model of two units is drawn in the plane of its units.

    Parameters
    ----------
    fixed_points : Network, FixedPoints, or mapping of str to FixedPoints
        Of a network all fixed points without input are searched for first. All are drawn: stable ones filled, saddles
        and unstable ones open.
    trajectory : Trajectory, optional
        Of the same model. Its states span the plane; without it the fixed points do, and no directions are drawn.
    slow : SlowManifolds or (n, M) array_like, optional
        Slow points: of slow manifolds the slowest point of each subregion, up to 20 that are no fixed points.
    units : tuple of int, optional
        Two state units that span the plane instead.
    outputs : tuple of int, optional
        Two outputs that span the plane instead; no directions and no slow points are drawn.
    max_trials : int, optional
        The number of trials that are drawn, the first ones.
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
    moduli above one; a complex pair is drawn as the ellipse in which it turns. They are projected like everything else:
    a short one points out of the plane. Points with more than four are drawn without. The title says whether the search
    was complete, and how far away those are that lie too far out to be drawn.
    """
    if isinstance(fixed_points, Network):
        fixed_points = with_outputs(find_fixed_points(fixed_points.map.with_input()), fixed_points)
    labelled = by_label(fixed_points)
    points = [point for found in labelled.values() for point in found]
    continua = [piece for found in labelled.values() for piece in found.continua]
    max_trials = whole("max_trials", max_trials, 1)
    project, names, linear = _plane(points, continua, trajectory, units, outputs)
    slowest = _slow_points(slow, linear)
    ax = axes_for(ax, 7.4, 4.4)
    positions = np.array([project(_coordinates(point, outputs)) for point in points]).reshape(-1, 2)
    runs = None
    if trajectory is not None:
        values = trajectory.states if outputs is None else trajectory.outputs
        assert values is not None  # _plane has looked
        runs = project(np.where(trajectory.valid[..., None], showable(values), np.nan)[:max_trials])
    low, high, inside = _window(positions, _nearest(continua, project, runs) if linear else positions[:0], runs)
    _draw_trials(ax, runs, "free runs" if trajectory is None or trajectory.inputs is None else "trials")
    if linear:
        _draw_continua(ax, continua, project, float(np.max(high - low)))
    size = float(np.clip(np.sqrt(MANY / max(inside.sum(), 1)), SMALLEST, 1.0))
    _draw_points(ax, [p for p, near in zip(points, inside, strict=True) if near], positions[inside], size)
    if trajectory is not None and linear:
        _draw_directions(ax, points, inside, project, trajectory, high - low, size)
    if len(slowest):
        places = project(slowest)
        near = np.all((places >= low) & (places <= high), axis=1)
        _mark(ax, places[near], "^", "white", SLOW, size, f"slow point ({near.sum()})")
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.locator_params(nbins=6)
    ax.set_xlabel(names[0])
    if names[1]:
        ax.set_ylabel(names[1])
    else:
        ax.set_yticks([])
    away = [point for point, near in zip(points, inside, strict=True) if not near]
    ax.set_title("\n".join([_verdict(labelled), *_outside(away, len(points), trajectory)]), fontsize=10)
    if ax.get_legend_handles_labels()[1]:
        # Beside the picture: inside it would cover trials and points.
        legend = ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, fontsize=8, frameon=False)
        for line in legend.get_lines():
            line.set_linewidth(max(1.6, line.get_linewidth()))
            line.set_alpha(1.0)
    return ax


def _draw_trials(ax: Axes, runs: np.ndarray | None, called: str) -> None:
    for number, run in enumerate([] if runs is None else runs):
        steps = np.isfinite(run).all(axis=1)
        if steps.any():
            dot = "." if steps.sum() == 1 else ""
            label = None if number else called
            ax.plot(*run.T, color=TRIALS, linewidth=0.7, marker=dot, alpha=0.6, label=label, zorder=1)


def _slow_points(slow: SlowManifolds | Any, linear: bool) -> np.ndarray:
    """Slow points (n, M), the slowest ones."""
    if slow is None:
        return np.zeros((0, 0))
    if not linear:
        raise ModelError("slow points have no outputs: draw them in the plane of two units or of principal components")
    if isinstance(slow, SlowManifolds):
        moving = sorted((item for item in slow if item.least_drift > item.rounding), key=lambda item: item.least_drift)
        return np.array([item.slowest for item in moving[:MOST_SLOW]])
    return as_array("slow", slow, (None, None), "(n, M)")


def _outside(away: Sequence[FixedPoint], total: int, trajectory: Trajectory | None) -> list[str]:
    """How many fixed points are not in the picture, and how far away they are."""
    if not away or trajectory is None:
        return []
    which = {1: "it"}.get(total, "all" if len(away) == total else f"{len(away)} of them")
    text = f"{which} {'lies' if len(away) == 1 else 'lie'} outside the picture"
    if not trajectory.finite().all():
        return [text]
    far = distance_in_ranges(away, trajectory)
    ends = dict.fromkeys(f"{d:,.{int(far.min() < 1.0)}f}" for d in (far.min(), far.max()))
    return [f"{text}, {' to '.join(ends).replace('inf', '∞')} visited ranges away"]


def _coordinates(point: FixedPoint, outputs: tuple[int, int] | None) -> np.ndarray:
    if outputs is None:
        return point.z
    if point.output is None:
        raise ModelError("the fixed points have no outputs: find them with a model that has a readout")
    return point.output


def _plane(
    points: list[FixedPoint],
    continua: Sequence[Continuum],
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
        called = trajectory.output_names if trajectory is not None else ()
        return lambda y: y[..., [i, j]], (drawn_channel(called, i, "output"), drawn_channel(called, j, "output")), False
    if trajectory is None and not points and not continua:
        raise ModelError("there is no fixed point to draw, and no trajectory")
    if trajectory is not None:
        states = trajectory.visited()
    else:
        of_lines = [piece.anchor + step for piece in continua for step in (0.0 * piece.anchor, *piece.directions)]
        states = np.array([*(point.z for point in points), *of_lines])
    n_units = states.shape[-1]
    if units is not None or n_units == 2:
        i, j = two_different("units", (0, 1) if units is None else units, n_units)
        return lambda z: z[..., [i, j]], (f"unit {i}", f"unit {j}"), True
    found = principal_components(states[(np.abs(states) <= SHOWABLE).all(axis=1)])
    axes = np.vstack([found.components, np.zeros((1, found.mean.size))])[:2]
    shares = (*found.explained, 0.0)[:2]
    if n_units == 1:
        return lambda z: z @ np.array([[1.0, 0.0]]), ("unit 0", ""), True
    first, second = (f"principal component {k} ({p})" for k, p in enumerate(percents(map(float, shares)), 1))
    return lambda z: (z - found.mean) @ axes.T, (first, second), True


def _nearest(continua: Sequence[Continuum], project: _Projection, runs: np.ndarray | None) -> np.ndarray:
    """Of each continuum a point that should be seen (n, 2): the anchor, of a line that nearest to the trials."""
    seen = np.zeros((0, 2)) if runs is None else runs.reshape(-1, 2)
    seen = seen[np.isfinite(seen).all(axis=1)]
    places = []
    for piece in continua:
        place = project(piece.anchor)
        if piece.interval is not None and len(seen):
            step = project(piece.anchor + piece.directions[0]) - place
            along = float((seen.mean(axis=0) - place) @ step) / max(float(step @ step), 1e-300)
            place = place + np.clip(along, *piece.interval) * step
        places.append(place)
    return np.array(places).reshape(-1, 2)


def _window(
    positions: np.ndarray, lines: np.ndarray, runs: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper corner of the picture, and which fixed points are in it."""
    near = np.ones(len(positions), dtype=bool)
    seen = np.vstack([positions, lines])
    if runs is not None:
        run = runs.reshape(-1, 2)
        run = run[np.isfinite(run).all(axis=1)]
        if len(run):
            low, high = run.min(axis=0), run.max(axis=0)
            reach = FURTHER_OUT * np.where(high > low, high - low, 1.0)
            close = np.all((seen >= low - reach) & (seen <= high + reach), axis=1)
            near = close[: len(positions)]
            seen = np.vstack([run, seen[close]])
    low, high = (seen.min(axis=0), seen.max(axis=0)) if len(seen) else (np.zeros(2), np.zeros(2))
    margin = np.where(high > low, 0.08 * (high - low), 1.0)
    return low - margin, high + margin, near


def _directions(point: FixedPoint) -> int:
    """Number of unstable directions."""
    return int(np.count_nonzero(np.abs(point.eigenvalues) > 1.0))


def kind_of(point: FixedPoint) -> tuple[int, str, str, str, str]:
    """Place in the legend, name there, marker, fill and edge."""
    word = str(point.stability).split()[0]
    if word == "stable":
        return 0, "stable", "o", INK, INK
    if word == "saddle":
        n = _directions(point)
        if n == 1:
            return 1, "saddle, 1 unstable direction", "o", "white", UNSTABLE
        many = f"{n}" if n == 2 else "3 or more"
        return min(n, 3), f"saddle, {many} unstable directions", "D" if n == 2 else "s", "white", UNSTABLE
    if word == "unstable":
        return 4, "unstable in all directions", "p", "white", INK
    return 5, "marginal or undecided", "X", "#BBBBBB", INK


def _draw_points(ax: Axes, points: list[FixedPoint], positions: np.ndarray, size: float) -> None:
    kinds = [kind_of(point) for point in points]
    for kind in sorted(set(kinds)):
        own = positions[[k == kind for k in kinds]]
        _, name, marker, face, edge = kind
        _mark(ax, own, marker, face, edge, size, f"{name} ({len(own)})", 6 if name == "stable" else 5)


def _mark(
    ax: Axes, places: np.ndarray, marker: str, face: str, edge: str, size: float, label: str, zorder: int = 4
) -> None:
    if len(places):
        ax.plot(
            *places.T,
            marker,
            color=face,
            markeredgecolor=edge,
            markeredgewidth=1.4 * size**0.5,
            markersize=size * (7 if marker == "o" else 6),
            label=label,
            zorder=zorder,
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
    drawn = []
    for point, near in zip(points, inside, strict=True):
        if not near or not 0 < _directions(point) <= MOST_DIRECTIONS:
            continue
        values, vectors = np.linalg.eig(trajectory.map.jacobian(bits_from_string(point.bitcode, trajectory.map.n_relu)))
        centre = project(point.z)
        for value, vector in zip(values, vectors.T, strict=True):
            # Of a complex pair one is enough: its real and imaginary parts span the ellipse.
            if abs(value) > 1.0 and value.imag >= 0.0:
                turn = TURN if value.imag > 0.0 else np.array([-1.0, 1.0])
                drawn.append((centre, project(point.z + np.real(turn[:, None] * vector)) - centre))
    # Lengths as they are seen: the two axes may differ in scale.
    longest = max((float(np.linalg.norm(steps / extent, axis=1).max()) for _, steps in drawn), default=0.0)
    if longest > 0.0:
        for centre, steps in drawn:
            path = centre + size * DIRECTION / longest * steps
            ax.plot(*path.T, color=UNSTABLE, linewidth=1.6 * size, zorder=4, solid_capstyle="round")


def _draw_continua(ax: Axes, continua: Sequence[Continuum], project: _Projection, reach: float) -> None:
    lines = [piece for piece in continua if piece.interval is not None]
    for number, piece in enumerate(lines):
        t = np.clip(np.asarray(piece.interval), -4.0 * reach, 4.0 * reach)
        path = project(piece.anchor + t[:, None] * piece.directions[0])
        label = None if number else f"line of fixed points ({len(lines)})"
        ax.plot(*path.T, color=INK, linewidth=2.5, alpha=0.8, label=label, zorder=3)


def _verdict(labelled: Mapping[str, FixedPoints]) -> str:
    """How many there are, and whether these are all."""
    points = sum(len(found) for found in labelled.values())
    dimensions = [piece.dimension for found in labelled.values() for piece in found.continua]
    lines, wider = dimensions.count(1), sum(dimension > 1 for dimension in dimensions)
    counts = [
        count_words(points, "fixed point") if points or not dimensions else "",
        count_words(lines, "line of fixed points", "lines of fixed points") if lines else "",
        count_words(wider, "wider continuum of fixed points", "wider continua of fixed points") if wider else "",
    ]
    claims = dict.fromkeys(found.claim for found in labelled.values())
    return "; ".join([" and ".join(filter(None, counts)), *claims])
