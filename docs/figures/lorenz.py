"""Figures of the almost-linear RNN that generates the Lorenz attractor."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from plrnn_analysis.plotting import plot_transition_graph
from plrnn_analysis.plotting.style import INK, OTHER, PALETTE, bitcode_colours, bitcode_strings

from .drawing import free_axes, network, panels

_START = (5.0, 5.0, 20.0)


@cache
def _network() -> tuple[Any, Any, Any]:
    """The network, a free run from near the attractor, without its first 500 steps, and the fixed points."""
    model = network("lorenz")
    run = model.simulate(500, z0=_state(model, _START))
    return model, model.simulate(6000, z0=run.states[0, -1]), model.fixed_points()


def _state(model: Any, observed: Any) -> np.ndarray:
    """The state that the fit gives to an observation."""
    start = model.metadata["initial_state"]
    return np.array(start["matrix"]) @ observed + start["offset"]


def lorenz_attractor() -> Axes:
    """The free run in the plane of x and z, coloured by subregion, with the fixed points that lie in the plane."""
    _, run, found = _network()
    codes = bitcode_strings(run)[0]
    ax = panels(width=6.4, height=5.0)
    x, z = run.outputs[0, :, 0], run.outputs[0, :, 2]
    for code, colour in bitcode_colours(run).items():
        inside = codes == code
        ax.plot(x[inside], z[inside], ".", color=colour, markersize=2.5)
        ax.plot([], [], ".", color=colour, markersize=9, label=f"{code} ({inside.mean():.1%})")
    for point in found:
        if z.min() - 5 < point.output[2] < z.max() + 5:
            ax.plot(point.output[0], point.output[2], "X", color=INK, markeredgecolor="white", markersize=10)
            ax.annotate(point.bitcode, (point.output[0], point.output[2]), (7, 5), textcoords="offset points")
    ax.plot([], [], "X", color=INK, markersize=8, label="saddles")
    ax.set(xlabel="x", ylabel="z")
    ax.legend(frameon=False, fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    free_axes(ax)
    return ax


def lorenz_graph() -> Axes:
    model, run, _ = _network()
    return plot_transition_graph(model.transition_graph(run), ax=panels(width=6.4, height=5.6))


def lorenz_forecast() -> Figure:
    """The equations and the network from one start, in time and in space."""
    model, _, _ = _network()
    steps = 3000

    def equations(_: float, state: np.ndarray) -> list[float]:
        x, y, z = state
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    time = 0.01 * np.arange(1, steps + 1)
    settled = solve_ivp(equations, (0, 20), _START, rtol=1e-9, atol=1e-9).y[:, -1]
    true = solve_ivp(equations, (0, time[-1]), settled, t_eval=time, rtol=1e-9, atol=1e-9).y
    fitted = model.simulate(steps, z0=_state(model, settled)).outputs[0].T
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    parts = figure.subplot_mosaic([["data", "network"], ["time", "time"]], height_ratios=(1.7, 1))
    for name, path, colour in (("data", true, OTHER), ("network", fitted, PALETTE[0])):
        parts[name].plot(path[0], path[2], color=colour, linewidth=0.7)
        parts[name].set(title=name, xlabel="x", ylabel="z", xlim=(-22, 22), ylim=(0, 52))
        parts["time"].plot(time[:1200], path[0][:1200], color=colour, linewidth=1.6, label=name)
    parts["time"].set(xlabel="time", ylabel="x", xlim=(0, 12))
    parts["time"].legend(frameon=False, ncols=2, loc="upper right", bbox_to_anchor=(1, 1.2))
    for ax in parts.values():
        free_axes(ax)
    return figure
