"""Visited states and fixed points in a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import one_of, whole
from ..appearance import FEW_RELUS, node_labels
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..results import FixedPoint, FixedPoints, Trajectory
from ..slow_manifolds import distance_in_ranges
from .style import (
    INK,
    OTHER,
    PALETTE,
    SHOWABLE,
    UNSTABLE,
    axes_for,
    bitcode_colours,
    bitcode_strings,
    by_label,
    drawn_channel,
    light,
    numbered,
    percents,
    two_different,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_state_plane"]

#: Of more fixed points than this only the stable ones carry their numbers.
MOST_NUMBERS = 9


@light
@checked
def plot_state_plane(
    trajectory: Trajectory,
    fixed_points: Mapping[str, FixedPoints] | FixedPoints | None = None,
    relus: tuple[int, int] | None = None,
    max_points: int = 4000,
    ax: Axes | None = None,
    units: tuple[int, int] | None = None,
    colour: str | None = None,
) -> Axes:
    """Visited states and fixed points in the plane of two ReLU arguments, where the subregions are quadrants.

    Parameters
    ----------
    trajectory : Trajectory
    fixed_points : mapping of str to FixedPoints, or FixedPoints, optional
        Fixed points by label (the input they belong to), numbered from 0 in the order given as in
        :func:`plot_fixed_point_distances`. Stable ones are circles, others diamonds. Filled within the visited range of
        every unit; open outside, so that its place in this plane is only a projection; an arrow at the edge where even
        the projection is outside.
    relus : tuple of int, optional
        Which two ReLUs span the plane, by default the two that switch most often. With one ReLU the second axis is the
        leading principal component of the states, without any both are principal components.
    max_points : int, optional
        The number of states that are drawn at most, evenly thinned.
    ax : Axes, optional
    units : tuple of int, optional
        Two state units that span the plane instead, for a model whose first units are what was observed.
        Subregions then overlap in the picture.
    colour : {"subregion", "attractor", "output"}, optional
        What colours say: the subregion; the nearest stable fixed point (:func:`distance_in_ranges
        <plrnn_analysis.slow_manifolds.distance_in_ranges>` between both); or the first output. By default the
        subregion up to six ReLUs; of more the stable fixed point, where at least two and at most eight are given, then
        the output, where there is one.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If `relus` or `units` are no two different ones of the model, no state is finite, or there is nothing to take
        the colours from.
    """
    max_points = whole("max_points", max_points, 1)
    states = trajectory.visited()
    kept = (np.abs(states) <= SHOWABLE).all(axis=1)
    if not kept.any():
        raise ModelError("the trajectory has no finite state to draw")
    states = states[kept]
    project, names, n_boundaries = _plane(trajectory, states, relus, units)
    points = project(states)
    labelled = numbered(fixed_points)
    stable = [point for _, point in labelled if str(point.stability).startswith("stable")]
    ax = axes_for(ax, 7.4, 4.4)
    title = _draw_states(ax, trajectory, points, kept, _choice(colour, trajectory, stable), labelled, max_points)
    low, high = points.min(axis=0), points.max(axis=0)
    low[:n_boundaries] = np.minimum(low, 0)[:n_boundaries]
    high[:n_boundaries] = np.maximum(high, 0)[:n_boundaries]
    margin = 0.16 * np.where(high > low, high - low, 1.0)
    low, high = low - margin, high + margin
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.locator_params(nbins=6)
    if n_boundaries >= 1:
        ax.axvline(0, color=INK, linewidth=1.0)
    if n_boundaries == 2:
        ax.axhline(0, color=INK, linewidth=1.0)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    finite = bool(trajectory.finite().all())
    placed: list[np.ndarray] = []
    for number, (_, point) in enumerate(labelled):
        away = float(distance_in_ranges(point.z, trajectory)[0]) if finite else np.inf
        rests = any(point is other for other in stable)
        text = str(number) if len(labelled) <= MOST_NUMBERS or rests else ""
        _draw_fixed_point(ax, text, rests, project(point.z), away, (low, high), placed)
    if labelled:
        ax.set_title("fixed points: circles stable, diamonds not; filled inside the visited range", fontsize=9)
    _draw_continua(ax, by_label(fixed_points), project, states)
    _add_legend(ax, title)
    return ax


def _choice(colour: str | None, trajectory: Trajectory, stable: Sequence[FixedPoint]) -> str:
    """What colours say."""
    outputs = trajectory.outputs is not None and trajectory.outputs.shape[2] > 0
    if colour is None:
        if trajectory.bitcodes.shape[2] <= FEW_RELUS:
            return "subregion"
        if 2 <= len(stable) <= len(PALETTE):
            return "attractor"
        return "output" if outputs else "subregion"
    one_of("colour", colour, ("subregion", "attractor", "output"))
    if colour == "output" and not outputs:
        raise ModelError("colour='output' needs outputs: the model of the trajectory has no readout")
    if colour == "attractor" and not stable:
        raise ModelError("colour='attractor' needs fixed_points that are stable: none is among those given")
    return colour


def _draw_states(
    ax: Axes,
    trajectory: Trajectory,
    points: np.ndarray,
    kept: np.ndarray,
    choice: str,
    labelled: Sequence[tuple[str, FixedPoint]],
    max_points: int,
) -> str:
    """Draw them in their colours; what the legend says above them."""
    thin = max(1, len(points) // max_points)
    if choice == "output":
        assert trajectory.outputs is not None
        values = trajectory.flatten(trajectory.outputs)[kept, 0]
        x, y = points[::thin].T
        drawn = ax.scatter(x, y, c=values[::thin], s=5, linewidths=0, cmap="viridis", alpha=0.8)
        bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, shrink=0.7, anchor=(0.0, 0.0))
        bar.set_label(drawn_channel(trajectory.output_names, 0, "output"))
        return ""
    if choice == "attractor":
        numbers = [i for i, (_, point) in enumerate(labelled) if str(point.stability).startswith("stable")]
        keys, title = _nearest(trajectory, kept, [labelled[i][1] for i in numbers]), "nearest stable\nfixed point"
        names = {str(i): str(number) for i, number in enumerate(numbers)}
        colours = {key: PALETTE[i % len(PALETTE)] for i, key in enumerate(names)}
    else:
        keys, title = trajectory.flatten(bitcode_strings(trajectory))[kept], "visited"
        colours = bitcode_colours(keys)
        names = node_labels(list(colours))
    own = {key: keys == key for key in colours}
    rest = sum(colour == OTHER for colour in colours.values())
    shares = [float(own[key].mean()) for key in colours]
    texts = percents([*(s for s, c in zip(shares, colours.values(), strict=True) if c != OTHER), 1.0])
    dot = float(np.clip(3.5 * (max_points / len(points)) ** 0.25, 3.5, 6.0))
    first = True
    for (key, colour), share in zip(colours.items(), shares, strict=True):
        # Rare subregions are what one looks for: never thin them away.
        shown = points[own[key]][:: thin if own[key].sum() > max_points // 4 else 1]
        label = f"{names[key]}  {texts.pop(0)}" if colour != OTHER else None
        if colour == OTHER and first:
            label, first = f"others ({count_words(rest, 'subregion')})", False
        size = dot if share > 0.005 else 7.0
        ax.plot(*shown.T, ".", color=colour, label=label, markersize=size, alpha=0.7, markeredgewidth=0)
    return title


def _nearest(trajectory: Trajectory, kept: np.ndarray, stable: Sequence[FixedPoint]) -> np.ndarray:
    """Which of the fixed points is nearest to each state, as text."""
    states = trajectory.visited()[kept]
    widths = np.ptp(states, axis=0)
    widths = np.where(widths > 0.0, widths, widths.max() or 1.0)
    distance = [np.abs((states - point.z) / widths).max(axis=1) for point in stable]
    return np.argmin(distance, axis=0).astype(str)


def _add_legend(ax: Axes, title: str) -> None:
    if not ax.get_legend_handles_labels()[0]:
        return
    legend = ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        fontsize=8,
        handletextpad=0.2,
        frameon=False,
        title=title,
        title_fontsize=8,
        alignment="left",
    )
    for line in legend.get_lines():
        if line.get_marker() == ".":
            line.set_markersize(9)
            line.set_alpha(1.0)


def _plane(
    trajectory: Trajectory, states: np.ndarray, relus: tuple[int, int] | None, units: tuple[int, int] | None
) -> tuple[Any, tuple[str, str], int]:
    """Projection of states (..., M) to a plane, axis names, and how many axes are subregion boundaries."""
    n_relu = trajectory.map.n_relu
    if units is not None:
        i, j = two_different("units", units, states.shape[-1])

        def project_units(z: np.ndarray) -> np.ndarray:
            return z[..., [i, j]]

        return project_units, (f"unit {i}", f"unit {j}"), 0
    centre = states.mean(axis=0)
    _, _, components = np.linalg.svd(states - centre, full_matrices=False)
    components = np.vstack([components, np.zeros((2, states.shape[1]))])
    if n_relu >= 2:
        i, j = _most_switching(trajectory) if relus is None else two_different("relus", relus, n_relu)

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


def _most_switching(trajectory: Trajectory) -> tuple[int, int]:
    """The two ReLUs that switch most often from one step to the next, the first ones where several do as often."""
    switched = (trajectory.bitcodes[:, 1:] != trajectory.bitcodes[:, :-1]) & trajectory.valid[:, 1:, None]
    first, second = sorted(np.argsort(-switched.sum(axis=(0, 1)), kind="stable")[:2].tolist())
    return first, second


def _draw_fixed_point(
    ax: Axes,
    number: str,
    stable: bool,
    position: np.ndarray,
    away: float,
    window: tuple[np.ndarray, np.ndarray],
    placed: list[np.ndarray],
) -> None:
    low, high = window
    edge = INK if stable else UNSTABLE
    centre, half = (low + high) / 2, (high - low) / 2
    offset = (position - centre) / half
    reach = float(np.abs(offset).max())
    if reach > 0.93:
        # Outside the picture: an arrow at its edge, towards the point.
        offset = offset / reach
        tip, position = centre + half * offset * 0.99, centre + half * offset * 0.86
        ax.annotate(
            "", _pair(tip), _pair(position), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2}, zorder=6
        )
    else:
        ax.plot(
            *position,
            "o" if stable else "D",
            color=edge if away == 0.0 else "white",
            markeredgecolor=edge,
            markeredgewidth=1.2,
            markersize=6 if stable else 5,
            zorder=7 if stable else 6,
        )
    if not number:
        return
    # Numbers of points that coincide in the projection go side by side.
    crowd = sum(bool(np.all(np.abs(position - other) < 0.07 * half)) for other in placed)
    placed.append(position)
    ax.annotate(
        number,
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


def _draw_continua(ax: Axes, labelled: Mapping[str, FixedPoints], project: Any, states: np.ndarray) -> None:
    lines = [piece for found in labelled.values() for piece in found.continua if piece.interval is not None]
    reach = 2.0 * float(np.linalg.norm(states, axis=1).max() + 1.0)
    for number, piece in enumerate(lines):
        t = np.clip(np.asarray(piece.interval, dtype=np.float64), -reach, reach)
        path = project(piece.anchor + t[:, None] * piece.directions[0])
        label = None if number else f"line of fixed points ({len(lines)})"
        ax.plot(*path.T, "-", color=INK, linewidth=2.5, alpha=0.8, label=label, zorder=6)


def _pair(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])
