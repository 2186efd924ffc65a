"""Figures of the flip-flop with three bits: 32 ReLU units, 27 fixed points."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plrnn_analysis import symbols
from plrnn_analysis.attractors import basin_slice
from plrnn_analysis.plotting import (
    plot_basins,
    plot_fixed_points,
    plot_input_diagram,
    plot_occupancy,
    plot_transition_graph,
)
from plrnn_analysis.plotting.style import INK, PALETTE

from .drawing import columns, free_axes, network, panels


@cache
def _network() -> tuple[Any, Any, Any]:
    """The network, its recorded trials and its fixed points."""
    model = network("flipflop32")
    return model, model.run(model.trials), model.fixed_points()


def flipflop_fixed_points() -> Axes:
    _, run, found = _network()
    return plot_fixed_points(found, run, ax=panels(width=8.0, height=4.8))


def flipflop_graph() -> Axes:
    model, run, _ = _network()
    return plot_transition_graph(model.transition_graph(run), ax=panels(width=6.4, height=5.6))


def flipflop_occupancy() -> Axes:
    return plot_occupancy(symbols.occupancy(_network()[1]), ax=panels(width=6.4, height=3.8))


def flipflop_basins() -> Axes:
    """The plane through three memories that differ in the first two bits."""
    model, _, found = _network()
    stable = {tuple(np.sign(p.output)): p.z for p in found if p.stability.startswith("stable")}
    origin = stable[-1, -1, -1]
    plane = [stable[1, -1, -1] - origin, stable[-1, 1, -1] - origin]
    basins = basin_slice(model, origin=origin, directions=plane, extents=((-0.4, 1.4), (-0.4, 1.4)), resolution=64)
    return plot_basins(basins, names=("from − − − to + − −", "from − − − to − + −"), ax=panels(width=6.4, height=5.2))


def flipflop_input() -> Axes:
    model = _network()[0]
    diagram = model.input_diagram(0, (-0.6, 0.6))
    return plot_input_diagram(diagram, readout=model.B[0], label="bit 0", ax=panels(width=6.8, height=4.4))


def flipflop_trial() -> Figure:
    """Inputs and outputs of one trial."""
    _, run, _ = _network()
    above, below = panels(2, 1, width=6.8, height=4.0, sharex=True, height_ratios=(1, 1.6))
    steps = np.arange(1, run.n_steps + 1)
    for k in range(3):
        above.vlines(steps, 0, run.inputs[0, :, k], color=PALETTE[k], linewidth=2.5)
        below.plot(steps, run.outputs[0, :, k], color=PALETTE[k], label=f"bit {k}", linewidth=1.8)
    above.axhline(0, color=INK, linewidth=0.6)
    above.set_ylabel("pulses")
    below.set(ylabel="outputs", xlabel="step", xlim=(0, steps[-1] + 1))
    below.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    for ax in (above, below):
        free_axes(ax)
    return below.figure


def flipflop_training() -> Axes:
    found = {name: np.array(values, dtype=float) for name, values in columns("flipflop32-training.csv").items()}
    ax = panels(width=6.4, height=3.6)
    ax.plot(found["iteration"], found["fixed points"], color=PALETTE[5], drawstyle="steps-post", label="fixed points")
    ax.plot(found["iteration"], found["stable"], color=INK, drawstyle="steps-post", label="stable ones")
    ax.set(xlabel="iteration", ylabel="number", ylim=(0, 30), xlim=(0, found["iteration"][-1]))
    ax.set_yticks([1, 8, 27])
    loss = ax.twinx()
    loss.plot(found["iteration"], found["loss"], color=PALETTE[4], linewidth=1, label="loss")
    loss.set(ylabel="loss", ylim=(0, None))
    lines = [*ax.get_lines(), *loss.get_lines()]
    ax.legend(lines, [line.get_label() for line in lines], frameon=False, loc="center right")
    return ax


def flipflop_relus() -> Axes:
    """What every ReLU reads on the domain: the range of its argument."""
    model, run, _ = _network()
    rows = sorted(model.reduce(run), key=lambda row: row.lowest + row.highest)
    ax = panels(width=6.4, height=4.8)
    for place, row in enumerate(rows):
        colour = PALETTE[0] if row.lowest < 0 < row.highest else PALETTE[5]
        ax.plot([row.lowest, row.highest], [place, place], color=colour, linewidth=4, solid_capstyle="butt")
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.plot([], [], color=PALETTE[0], linewidth=4, label="switches")
    ax.plot([], [], color=PALETTE[5], linewidth=4, label="never switches: can be removed")
    ax.set_yticks(range(len(rows)), [str(row.unit) for row in rows], fontsize=6)
    ax.set(xlabel="argument of the ReLU on the domain", ylabel="unit")
    ax.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    free_axes(ax)
    return ax


def flipflop_removal() -> Axes:
    """The largest change of a step when one ReLU is replaced."""
    model, run, _ = _network()
    rows = sorted(model.reduce(run), key=lambda row: min(row.step_linear, row.step_off))
    ax = panels(width=6.8, height=3.8)
    places = np.arange(len(rows))
    for shift, colour, name in ((-0.2, PALETTE[0], "linear"), (0.2, PALETTE[1], "off")):
        costs = [getattr(row, f"step_{name}") for row in rows]
        ax.bar(places + shift, costs, 0.4, color=colour, label=f"made {name}" if name == "linear" else "switched off")
    ax.set_xticks(places, [str(row.unit) for row in rows], fontsize=6)
    ax.set(xlabel="unit whose ReLU is replaced", ylabel="largest change of any unit in a step")
    ax.legend(frameon=False, loc="upper left")
    free_axes(ax)
    return ax
