"""One trial over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from .._validation import whole
from ..appearance import FEW_RELUS, OTHER, PALETTE, node_labels
from ..display.abbreviation import count_words, short_bitcode
from ..maps import bits_to_string
from ..results import Trajectory
from .style import INK, bitcode_colours, drawn_channel, light, new_figure, open_frame, showable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_trial"]

#: Up to this many channels are lines; more are the rows of an image.
LINES = len(PALETTE)
#: Widths of the legends and of all else, and what a figure needs beside its panels, in inches.
WIDTH, BESIDE = 7.2, 0.8


@light
@checked
def plot_trial(
    trajectory: Trajectory,
    trial: int = 0,
    target: float | None = None,
    mark_channel: int | None = None,
    input_names: Sequence[str] = (),
    figure: Figure | None = None,
) -> Figure:
    """One trial over time: inputs, ReLU arguments, states, subregions and outputs, as far as there are any.

    Parameters
    ----------
    trajectory : Trajectory
    trial : int, optional
    target : float, optional
        Wanted output at the last step.
    mark_channel : int, optional
        Steps where this input is on are marked through all panels.
    input_names : sequence of str, optional
        By default those of the trajectory.
    figure : Figure, optional
        Empty; by default a new one.

    Returns
    -------
    Figure

    Raises
    ------
    ModelError
        If there is no such trial, or no such input.

    Notes
    -----
    Steps, units, ReLUs, inputs and outputs are counted from 0. Of more than eight inputs or outputs, and of more than
    six ReLUs, an image is drawn instead of lines. The eight most visited subregions of all trials have colours, so that
    figures of several trials can be compared; where bitcodes are long those that occur stand below the figure.
    """
    from matplotlib.ticker import MaxNLocator

    trial = whole("trial", trial, -len(trajectory.states), len(trajectory.states) - 1)
    length = trajectory.n_steps if trajectory.lengths is None else int(trajectory.lengths[trial])
    inputs = None if trajectory.inputs is None else trajectory.inputs[trial, :length]
    marked = np.zeros(0, dtype=int)
    if mark_channel is not None:
        channels = 0 if inputs is None else inputs.shape[1]
        mark_channel = whole("mark_channel", mark_channel, 0, channels - 1, remark=f"(there are {channels} inputs)")
        assert inputs is not None
        marked = np.flatnonzero(inputs[:, mark_channel] > 0.5)
    panels = _panels(trajectory, trial, length, list(input_names) or trajectory.input_names, target)
    heights = [height for height, _ in panels]
    figure = new_figure(WIDTH, sum(heights) + BESIDE) if figure is None else figure
    axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for ax, (_, draw) in zip(axes, panels, strict=True):
        draw(ax)
        if ax.images:
            for t in marked:
                ax.axvline(t, color=INK, linewidth=0.6, linestyle=":")
        elif len(ax.get_yticks()):
            open_frame(ax)
            for t in marked:
                ax.axvspan(t - 0.5, t + 0.5, color="#D9D9D9", linewidth=0, zorder=0)
    axes[-1].set_xlabel("step")
    axes[-1].set_xlim(-0.5, length - 0.5)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    figure.align_ylabels(axes)
    return figure


def _panels(
    trajectory: Trajectory, trial: int, length: int, input_names: Sequence[str], target: float | None
) -> list[tuple[float, Callable[[Axes], None]]]:
    """Height and drawing of each, from above."""
    found: list[tuple[float, Callable[[Axes], None]]] = []
    states = trajectory.states[trial, :length]
    if trajectory.inputs is not None and trajectory.inputs.shape[2]:
        inputs = trajectory.inputs[trial, :length]
        named = [drawn_channel(input_names, i, "input") for i in range(inputs.shape[1])]
        found.append((1.0, lambda ax: _draw_channels(ax, inputs, named, "input", steps=True)))
    if trajectory.bitcodes.shape[2]:
        with np.errstate(invalid="ignore", over="ignore"):  # of a run that diverges
            arguments = trajectory.map.preactivation(states)
        found.append((1.2, lambda ax: _draw_arguments(ax, arguments)))
    found.append((1.5, lambda ax: _draw_image(ax, states, "unit", "state")))
    if trajectory.bitcodes.shape[2]:
        found.append((0.34, lambda ax: _draw_bitcodes(ax, trajectory, trial, length)))
    if trajectory.outputs is not None and trajectory.outputs.shape[2]:
        outputs = trajectory.outputs[trial, :length]
        names = [drawn_channel(trajectory.output_names, i, "output") for i in range(outputs.shape[1])]
        found.append((1.0, lambda ax: _draw_channels(ax, outputs, names, "output", target)))
    return found


def _draw_channels(
    ax: Axes, values: np.ndarray, names: Sequence[str], noun: str, target: float | None = None, steps: bool = False
) -> None:
    if values.shape[1] > LINES:
        _draw_image(ax, values, noun, noun)
        return
    time = np.arange(len(values))
    for i, name in enumerate(names):
        colour = INK if len(names) == 1 and not steps else PALETTE[i]
        where = "steps-mid" if steps else "default"
        ax.plot(time, showable(values[:, i]), color=colour, linewidth=1.1, drawstyle=where, label=name)
    if target is not None:
        ax.plot(time[-1], target, "o", color=PALETTE[5], markersize=6, label="target", clip_on=False)
    ax.set_ylabel(noun)
    _side_legend(ax)


def _draw_arguments(ax: Axes, arguments: np.ndarray) -> None:
    number = arguments.shape[1]
    if number > FEW_RELUS:
        _draw_image(ax, arguments, "ReLU", "argument\n(> 0: on)")
        return
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_ylabel("ReLU\nargument")
    for i in range(number):
        # Units that do the same hide each other; dashes let the one below show through.
        dash = ("-", (0, (3, 2)), (0, (1, 2)))[i % 3]
        values = showable(arguments[:, i])
        ax.plot(np.arange(len(values)), values, color=PALETTE[i], linewidth=1.3, linestyle=dash, label=f"ReLU {i}")
    _side_legend(ax)


def _draw_image(ax: Axes, values: np.ndarray, rows: str, label: str) -> None:
    """Values (T, n) as colours, zero being white."""
    from matplotlib.ticker import MaxNLocator

    values = showable(values)
    limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    image = ax.imshow(
        values.T,
        aspect="auto",
        cmap="PuOr_r",
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
        extent=(-0.5, len(values) - 0.5, values.shape[1] - 0.5, -0.5),
    )
    ax.set_ylabel(rows)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    beside = ax.inset_axes((1.015, 0.05, 0.016, 0.9))
    bar = ax.figure.colorbar(image, cax=beside, ticks=MaxNLocator(nbins=4), format="%.3g")
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _draw_bitcodes(ax: Axes, trajectory: Trajectory, trial: int, length: int) -> None:
    from matplotlib.patches import Patch

    # Colours are those of the whole trajectory, so that figures of several trials can be compared.
    colours = bitcode_colours(trajectory)
    names = node_labels(list(colours))
    codes = np.array([bits_to_string(bits) for bits in trajectory.bitcodes[trial, :length]])
    here = set(codes.tolist())
    for colour in dict.fromkeys(colours[code] for code in colours if code in here):
        own = np.array([colours[code] == colour for code in codes])
        ax.bar(np.flatnonzero(own), 1.0, width=1.0, color=colour)
    ax.set_yticks([])
    ax.set_ylim(0, 1)
    ax.set_ylabel("subregion", rotation=0, ha="right", va="center", fontsize=9)
    named = [code for code in colours if code in here and colours[code] != OTHER]
    short = all(names[code] == code for code in named)
    handles = [Patch(color=colours[c], label=c if short else f"{names[c]:3} {short_bitcode(c)}") for c in named]
    if len(named) < len(here):
        handles.append(Patch(color=OTHER, label=f"others ({count_words(len(here) - len(named), 'subregion')})"))
    if short:
        _side_legend(ax, handles, columns=1 + (len(handles) > 1))
    else:
        ax.figure.legend(
            handles=handles,
            loc="outside lower left",
            frameon=False,
            prop={"family": "monospace", "size": 7},
            ncols=2,
            handlelength=1.0,
            columnspacing=1.2,
        )


def _side_legend(ax: Axes, handles: Sequence[object] | None = None, columns: int = 1) -> None:
    options = {} if handles is None else {"handles": handles}
    ax.legend(
        **options,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=8,
        handlelength=1.2,
        ncols=columns,
        columnspacing=0.8,
        labelspacing=0.25,
        borderaxespad=0.0,
    )
