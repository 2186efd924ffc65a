"""One driven trial over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._validation import whole
from ..errors import ModelError
from ..maps import bits_to_string
from ..results import Trajectory
from .style import INK, PALETTE, bitcode_colours, new_figure, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_trial"]


def plot_trial(
    trajectory: Trajectory,
    trial: int = 0,
    target: float | None = None,
    mark_channel: int | None = None,
    input_names: Sequence[str] = (),
    figure: Figure | None = None,
) -> Figure:
    """One driven trial over time: inputs, units, bitcode, output.

    Parameters
    ----------
    trajectory : Trajectory
        With inputs.
    trial : int, optional
    target : float, optional
        Wanted output at the last step.
    mark_channel : int, optional
        Steps where this input is on are marked through all panels.
    input_names : sequence of str, optional
    figure : Figure, optional

    Returns
    -------
    Figure

    Raises
    ------
    ModelError
        If the trajectory has no inputs.
    """
    if trajectory.inputs is None:
        raise ModelError("plot_trial needs a trajectory that was driven by inputs: model.run(inputs)")
    trial = whole("trial", trial, -len(trajectory.states), len(trajectory.states) - 1)
    length = trajectory.n_steps if trajectory.lengths is None else int(trajectory.lengths[trial])
    inputs, states = trajectory.inputs[trial, :length], trajectory.states[trial, :length]
    figure = new_figure(7.2, 6.2) if figure is None else figure
    axes = figure.subplots(5, 1, sharex=True, height_ratios=[1.0, 1.2, 1.5, 0.32, 1.0])
    time = np.arange(1, len(states) + 1)
    _draw_inputs(axes[0], time, inputs, input_names)
    _draw_arguments(axes[1], time, trajectory, trial)
    _draw_states(axes[2], states)
    _draw_bitcodes(axes[3], time, trajectory, trial)
    _draw_outputs(axes[4], time, None if trajectory.outputs is None else trajectory.outputs[trial, :length], target)
    axes[4].set_xlabel("time step")
    axes[4].set_xlim(0.5, len(states) + 0.5)
    if mark_channel is not None:
        for t in time[inputs[:, mark_channel] > 0.5]:
            for ax in axes[[0, 1, 4]]:
                ax.axvspan(t - 0.5, t + 0.5, color="#D9D9D9", linewidth=0, zorder=0)
            axes[2].axvline(t, color=INK, linewidth=0.6, linestyle=":")
    for ax in axes[[0, 1, 4]]:
        open_frame(ax)
    return figure


def _draw_inputs(ax: Axes, time: np.ndarray, inputs: np.ndarray, names: Sequence[str]) -> None:
    for channel in range(inputs.shape[1]):
        name = names[channel] if channel < len(names) else f"input {channel}"
        ax.step(time, inputs[:, channel], where="mid", color=PALETTE[channel % 7], linewidth=1.0, label=name)
    ax.set_ylabel("input")
    _side_legend(ax)


def _draw_arguments(ax: Axes, time: np.ndarray, trajectory: Trajectory, trial: int) -> None:
    n_relu = trajectory.bitcodes.shape[2]
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_ylabel("ReLU\narguments")
    if not n_relu:
        ax.text(0.5, 0.5, "no ReLU", transform=ax.transAxes, ha="center", va="center")
        return
    arguments = trajectory.map.preactivation(trajectory.states[trial, : len(time)])
    for i in range(min(n_relu, len(PALETTE))):
        # Units that do the same hide each other; dashes let the one below show through.
        dash = ("-", (0, (3, 2)), (0, (1, 2)))[i % 3]
        ax.plot(time, arguments[:, i], color=PALETTE[i], linewidth=1.3, linestyle=dash, label=f"ReLU {i}")
    _side_legend(ax)


def _draw_states(ax: Axes, states: np.ndarray) -> None:
    limit = float(np.abs(states).max()) or 1.0
    image = ax.imshow(
        states.T,
        aspect="auto",
        cmap="PuOr_r",
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
        extent=(0.5, len(states) + 0.5, states.shape[1] + 0.5, 0.5),
    )
    ax.set_ylabel("unit")
    ax.figure.colorbar(image, ax=ax, label="state", pad=0.01, aspect=12)


def _draw_bitcodes(ax: Axes, time: np.ndarray, trajectory: Trajectory, trial: int) -> None:
    # Colours are those of the whole trajectory, so that figures of several trials can be compared.
    colours = bitcode_colours(trajectory)
    codes = np.array([bits_to_string(b) for b in trajectory.bitcodes[trial, : len(time)]])
    for code in [c for c in colours if c in set(codes.tolist())]:
        ax.bar(time[codes == code], 1.0, width=1.0, color=colours[code], label=code)
    ax.set_yticks([])
    ax.set_ylim(0, 1)
    ax.set_ylabel("bitcode", rotation=0, ha="right", va="center")
    _side_legend(ax, columns=2)


def _draw_outputs(ax: Axes, time: np.ndarray, outputs: np.ndarray | None, target: float | None) -> None:
    ax.set_ylabel("output")
    if outputs is None:
        return
    for i in range(outputs.shape[1]):
        ax.plot(time, outputs[:, i], color=INK, linewidth=1.2, label="output")
    if target is not None:
        ax.plot(time[-1], target, "o", color=PALETTE[5], markersize=6, label="target", clip_on=False)
    _side_legend(ax)


def _side_legend(ax: Axes, columns: int = 1) -> None:
    ax.legend(
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=8,
        handlelength=1.2,
        ncols=columns,
        columnspacing=0.8,
    )
