"""Figures of networks of two units, small enough to check by hand."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import plrnn_analysis as pa
from plrnn_analysis import symbols
from plrnn_analysis.attractors import basin_slice
from plrnn_analysis.bifurcations import bifurcation_plane
from plrnn_analysis.exports.known import known_ones
from plrnn_analysis.exports.surroundings import box_around, without
from plrnn_analysis.manifolds import intersections
from plrnn_analysis.plotting import (
    plot_basins,
    plot_bifurcation_diagram,
    plot_bifurcation_plane,
    plot_condition_divergences,
    plot_fixed_point_count,
    plot_input_diagram,
    plot_manifolds,
    plot_transition_graph,
)
from plrnn_analysis.plotting.style import INK, OTHER, PALETTE
from plrnn_analysis.polytopes.boxes import read_box

from .drawing import free_axes, panels

_CHOICE = pa.PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=[[1, 0], [0, 1]], pwl_units=2, B=[[1, -1]])
_LOZI = pa.PLRNN.al_rnn(A=[[0, 0.5], [1, 1.7]], W=[[0, 0], [0, -3.4]], h=[0, 1], pwl_units=1)
_HIDDEN = pa.PLRNN.shallow(
    A=[2.1, 0.3],
    W1=[[1.6, 0.1, 0.1, -0.4], [1.3, -3.4, 1.9, -0.1]],
    W2=[[0.2, -0.7], [-0.8, -0.1], [-0.5, 2.1], [0.6, 1.3]],
    h1=[-1.6, -0.6],
    h2=[0.2, -0.5, -1.5, 1.3],
)


def choice_fixed_points() -> Axes:
    return _CHOICE.fixed_points().plot(run=_CHOICE.simulate(40, n=20, seed=0), ax=panels(width=5.6, height=4.2))


def choice_basins() -> Axes:
    basins = basin_slice(_CHOICE, extents=4.0, resolution=80)
    return plot_basins(basins, names=("unit 0", "unit 1"), ax=panels(width=5.6, height=4.6))


def choice_possible_steps() -> Axes:
    """Every step that a state of the box can make, seen or not."""
    return plot_transition_graph(_CHOICE.transition_graph(box=4.0), ax=panels(width=5.0, height=4.2))


def choice_input() -> Figure:
    left, right = panels(1, 2, width=8.6, height=3.8)
    plot_input_diagram(_CHOICE.input_diagram(0, (-2, 2)), ax=left)
    plot_fixed_point_count(_CHOICE.input_diagram([0, 1], [(-2, 2), (-2, 2)]), ax=right)
    return left.figure


def choice_bifurcations() -> Figure:
    left, right = panels(1, 2, width=8.6, height=3.8)
    found = _CHOICE.bifurcations(("input", [1, -1]), np.linspace(-1, 1, 5))
    plot_bifurcation_diagram(found, coordinate=_CHOICE.B[0], label="output 0", ax=left)
    grid = np.linspace(-1.9, 2.1, 11)
    plot_bifurcation_plane(bifurcation_plane(_CHOICE, (("input", 0), ("input", 1)), grid, grid), ax=right)
    return left.figure


def choice_conditions() -> Figure:
    """Four conditions of which two cannot be told apart by their bitcodes."""
    rng = np.random.default_rng(1)
    drives = {"left": (0.2, 0), "left, weak": (0.1, 0), "none": (0, 0), "right": (0, 0.2)}
    runs = {name: _CHOICE.run(0.3 * rng.normal(size=(40, 30, 2)) + drive) for name, drive in drives.items()}
    return plot_condition_divergences(symbols.compare_conditions(runs), clusters=2)


def manifolds() -> Figure:
    """The border of two basins, and the tangle of the Lozi map."""
    left, right = panels(1, 2, width=8.6, height=4.2)
    points = _CHOICE.fixed_points()
    saddle = next(point for point in points if point.stability == "saddle")
    ways = [_CHOICE.manifold(saddle, kind, box=4.0, iterations=60) for kind in ("stable", "unstable")]
    plot_manifolds(ways, fixed_points=points, ax=left)
    saddle = _LOZI.fixed_points()[1]
    stable = _LOZI.manifold(saddle, "stable", iterations=4, box=2.5)
    unstable = _LOZI.manifold(saddle, "unstable", iterations=7, box=2.5)
    plot_manifolds([stable, unstable], intersections(stable, unstable), ax=right)
    return left.figure


def cycles() -> Axes:
    """All cycles of the Lozi map up to period 8, on its attractor."""
    ax = panels(width=5.6, height=4.2)
    run = _LOZI.simulate(4000, z0=[0.05, 0.1])
    ax.plot(run.states[0, 100:, 1], run.states[0, 100:, 0], ".", color=OTHER, markersize=1.5)
    found = _LOZI.cycles(8)
    for period, colour in zip((1, 2, 4, 6, 7, 8), PALETTE, strict=False):
        chosen = [cycle for cycle in found if cycle.period == period]
        points = np.concatenate([cycle.points for cycle in chosen])
        ax.plot(points[:, 1], points[:, 0], "o", color=colour, markersize=5, label=f"period {period}: {len(chosen)}")
    ax.set(xlabel="unit 1", ylabel="unit 0")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    free_axes(ax)
    return ax


def comparison() -> Axes:
    """Eigenvalues in corresponding subregions of two networks that differ by one per cent."""
    rng = np.random.default_rng(1)
    A, W, h = rng.uniform(0.3, 0.9, 4), 0.6 * rng.normal(size=(4, 4)), rng.normal(size=4)
    one = pa.PLRNN.al_rnn(A, W, h, pwl_units=2)
    other = pa.PLRNN.al_rnn(A, W * (1 + 0.01 * rng.normal(size=(4, 4))), h, pwl_units=2)
    ax = panels(width=6.8, height=3.6)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 200)
    ax.plot(np.cos(angle), np.sin(angle), color=INK, linestyle=":", linewidth=1, label="modulus 1")
    for colour, bitcode in zip(PALETTE, ("00", "10", "01", "11"), strict=False):
        first, second = (np.linalg.eigvals(model.jacobian(bitcode)) for model in (one, other))
        ax.plot(first.real, first.imag, "o", color=colour, markersize=9, markerfacecolor="none")
        ax.plot(second.real, second.imag, ".", color=colour, markersize=7)
        ax.plot([], [], "o", color=colour, markerfacecolor="none", label=f"subregion {bitcode}")
    ax.set(xlabel="real part", ylabel="imaginary part", xlim=(-0.15, 1.6), ylim=(-0.4, 0.4))
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    free_axes(ax)
    return ax


def what_is_left_to_ask() -> Figure:
    """The boxes in which a verifier looks for another fixed point, over how far each state moves."""
    half, tolerance = 6.0, 0.15
    found = _HIDDEN.fixed_points()
    within = read_box(half, 2)
    holes = [box_around(_HIDDEN.map, known, within) for known in known_ones(_HIDDEN.map, found)]
    axis = np.linspace(-half, half, 601)
    states = np.stack(np.meshgrid(axis, axis), axis=-1)
    moves = np.abs(_HIDDEN.map.step(states) - states).max(axis=-1)
    ax = panels(width=6.6, height=4.8)
    shown = ax.pcolormesh(axis, axis, moves, cmap="Blues_r", norm=LogNorm(0.05, 10), rasterized=True)
    ax.contour(axis, axis, moves, levels=[tolerance], colors=[PALETTE[1]], linewidths=1.4)
    for hole in holes:
        ax.add_patch(Rectangle(hole.low, *(hole.high - hole.low), facecolor="white", edgecolor=INK, linewidth=1.2))
    for piece in without(within, holes):
        ax.add_patch(Rectangle(piece.low, *(piece.high - piece.low), fill=False, edgecolor=OTHER, linewidth=0.6))
    ax.plot(*np.array([point.z for point in found]).T, "o", color=INK, markersize=3)
    ax.set(xlabel="unit 0", ylabel="unit 1", aspect="equal", xlim=(-half, half), ylim=(-half, half))
    bar = ax.figure.colorbar(shown, label="largest move of a unit in one step", extend="both")
    bar.ax.axhline(tolerance, color=PALETTE[1], linewidth=1.4)
    return ax.figure
