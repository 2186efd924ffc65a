"""The figure of the linear-limit experiment: error against P, the gate at work, two trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.plotting import bitcode_colours, plot_error_by_relus, plot_state_plane
from plrnn_analysis.plotting.style import INK, OTHER, PALETTE, bitcode_strings, open_frame
from plrnn_analysis.results import Trajectory

from .gate import find_gate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .linear_limit import Limits

__all__ = ["linear_limit_figure"]


def linear_limit_figure(found: Limits, pwl_units: int, seed: int, run: Trajectory, targets: np.ndarray) -> Figure:
    """Draw the three panels.

    Parameters
    ----------
    found : Limits
    pwl_units, seed : int
        Of the displayed network.
    run : Trajectory
        Two trials of it: early and late marks.
    targets : (2,) ndarray

    Returns
    -------
    Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 4.0), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.0, 1.2))
    plot_error_by_relus(
        [m.pwl_units for m in found.models],
        [m.test_mse if m.population_mse is None else m.population_mse for m in found.models],
        floor=found.affine_floor,
        threshold=found.task.threshold,
        exact=(1, found.exact_solver_mse),
        ax=left,
    )
    left.set_title(f"a  addition, T = {found.task.length}", loc="left", fontsize=10)
    marked = run.inputs[..., found.task.input_names.index("mark")] > 0.5  # type: ignore[index]
    gate = find_gate(run, mark_channel=found.task.input_names.index("mark"))
    _plane(middle, run, marked, 0 if gate is None else gate.lag)
    middle.set_title(f"b  two trials, P = {pwl_units}, seed {seed}", loc="left", fontsize=10)
    _outputs(right, run, marked, targets)
    right.set_title("c  early and late marks", loc="left", fontsize=10)
    return figure


def _plane(ax: Axes, run: Trajectory, marked: np.ndarray, lag: int) -> None:
    plot_state_plane(run, ax=ax)
    if run.map.n_relu < 2:
        return
    arguments = run.map.preactivation(run.states)[..., :2]
    for path in arguments:
        ax.plot(*path.T, "-", color=OTHER, linewidth=0.5, zorder=1)
    late = np.zeros_like(marked)
    late[:, lag:] = marked[:, : marked.shape[1] - lag]
    when = "marked steps" if lag == 0 else f"{count_words(lag, 'step')} after a mark"
    ax.plot(*arguments[late].T, "o", mfc="none", mec=INK, mew=1.1, markersize=11, label=when, zorder=8)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none")


def _outputs(ax: Axes, run: Trajectory, marked: np.ndarray, targets: np.ndarray) -> None:
    assert run.outputs is not None  # the task's networks have a readout
    colours = bitcode_colours(run)
    codes = bitcode_strings(run)
    time = np.arange(1, run.n_steps + 1)
    for trial, dash in enumerate(("-", (0, (4, 2)))):
        y = run.outputs[trial, :, 0]
        name = ("early marks", "late marks")[trial]
        ax.plot(time, y, color=INK, linewidth=1.2, linestyle=dash, label=f"output, {name}")
        for t in np.flatnonzero(marked[trial]):
            ax.annotate(
                "",
                (float(time[t]), float(y[t])),
                xytext=(0, -22),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-|>", "color": PALETTE[5], "linewidth": 1.2},
            )
        label = "target" if trial == 0 else None
        ax.plot(time[-1] + 2, targets[trial], "D", color=PALETTE[5], markersize=6, clip_on=False, label=label)
    for trial in range(2):
        for code, colour in colours.items():
            inside = codes[trial] == code
            transform = ax.get_xaxis_transform()
            label = code if trial == int(np.argmax((codes == code).any(axis=1))) and colour != OTHER else None
            ax.bar(
                time[inside], 0.035, bottom=0.005 + 0.045 * (1 - trial), width=1.0, color=colour, transform=transform,
                label=label,
            )  # fmt: skip
    low, high = float(run.outputs.min()), float(max(run.outputs.max(), targets.max()))
    room = (high - low) or 1.0
    ax.set_ylim(low - 0.3 * room, high + 0.5 * room)
    ax.set_xlabel("time step\narrows: marks; strips: bitcode, early marks on top")
    ax.set_ylabel("output")
    ax.legend(fontsize=8, frameon=False, ncols=2, loc="upper left")
    open_frame(ax)
