"""Modes by how slow they are and what passes through them, and the drift along slow lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from ..appearance import FEW_RELUS, node_labels
from ..errors import ModelError
from .end_ticks import log_with_ends
from .style import INK, OTHER, PALETTE, drawn_channel, light, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..modes import SubregionModes
    from ..slow_manifolds import SlowManifolds

__all__ = ["plot_drift", "plot_modes"]

_MARKERS = {
    "integrator": "o", "marginal rotation": "D", "decaying": "s", "oscillating": "^", "unstable": "X",
    "unstable rotation": "P",
}  # fmt: skip
#: Beyond these a mode stands at the end of the axis: time constants in steps, and gains relative to the largest.
_SHORTEST, _LONGEST, _SMALLEST = 1e-2, 1e6, 1e-6
#: Entries of a legend, others not counted.
_ENTRIES = 8
#: Where a probe moves the state this many times faster than it moves by itself, the scale is linear near 0 alone.
_FASTER = 20.0


@light
@checked
def plot_modes(subregions: Iterable[SubregionModes], ax: Axes | None = None, output_names: Sequence[str] = ()) -> Axes:
    """Every mode by its time constant and by what passes from the input through it to the readout.

    Parameters
    ----------
    subregions : iterable of SubregionModes
        From ``model.modes`` or ``model.explain``.
    ax : Axes, optional
    output_names : sequence of str, optional
        What the outputs are called, such as ``model.output_names``.

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If there is no mode, or the model has no readout or no input.

    Notes
    -----
    Up: input gain times readout gain, which does not depend on how eigenvectors are scaled. Right: slow, whether the
    mode decays or grows. A memory that is written by the input and read by the readout lies top right. Time constants
    of 0 and infinity have ticks of their own, and so have gains that are 0 or tiny. Colours are those of the first
    subregions; of more than six ReLUs, where there would be too many, they say which output reads the mode most.
    Defective modes, which have no gain, are left out and counted.
    """
    ax = new_axes(6.4, 4.2) if ax is None else ax
    regions = list(subregions)
    modes = [(region, mode) for region in regions for mode in region.modes]
    drawn = [(region, mode) for region, mode in modes if not mode.defective]
    if not drawn or drawn[0][1].readout_gains.size == 0 or drawn[0][1].input_gains.size == 0:
        raise ModelError("plot_modes needs modes of a model with inputs and a readout")
    gains = np.array([mode.input_gain * mode.readout_gain for _, mode in drawn])
    times = np.array([abs(mode.time_constant) for _, mode in drawn])
    top = float(gains.max())
    smallest = 10.0 ** np.floor(np.log10(_SMALLEST * top)) if top > 0.0 else 0.0
    x = log_with_ends(ax, "x", times, _SHORTEST, _LONGEST)
    y = log_with_ends(ax, "y", gains, smallest)
    kinds = [kind for kind in _MARKERS if any(mode.kind == kind for _, mode in drawn)]
    codes = list(dict.fromkeys(region.bitcode for region in regions))
    room = min(_ENTRIES - len(kinds), len(PALETTE))
    if len(codes[0]) > FEW_RELUS and 1 < drawn[0][1].readout_gains.size <= room:
        groups = [drawn_channel(output_names, i, "output") for i in range(drawn[0][1].readout_gains.size)]
        owners, title = [groups[int(np.argmax(mode.readout_gains))] for _, mode in drawn], "mostly read by, mode"
    else:
        labels = node_labels(codes)
        owners, groups, title = (
            [labels[region.bitcode] for region, _ in drawn],
            list(labels.values()),
            "subregion, mode",
        )
    colours = {group: PALETTE[i] if i < room else OTHER for i, group in enumerate(groups)}
    of_mode = [(colours[owner], str(mode.kind)) for owner, (_, mode) in zip(owners, drawn, strict=True)]
    # Those without a colour of their own lie below the others.
    for colour, kind in sorted(dict.fromkeys(of_mode), key=lambda look: look[0] != OTHER):
        own = [look == (colour, kind) for look in of_mode]
        ax.plot(
            x[own], y[own], _MARKERS[kind], color=colour, markeredgecolor=INK, markeredgewidth=0.6, markersize=7,
            alpha=0.85, clip_on=False, zorder=2 if colour == OTHER else 3,
        )  # fmt: skip
    ax.set_xlabel("time constant (steps)")
    ax.set_ylabel("input gain × readout gain")
    _legend(ax, colours, kinds, title)
    left_out = len(modes) - len(drawn)
    if left_out:
        ax.set_title(f"{left_out} defective {'mode' if left_out == 1 else 'modes'} not drawn", fontsize=8, loc="left")
    open_frame(ax)
    return ax


def _legend(ax: Axes, colours: dict[str, str], kinds: Sequence[str], title: str) -> None:
    from matplotlib.lines import Line2D

    shown = [name for name, colour in colours.items() if colour != OTHER]
    handles = [Line2D([], [], marker="o", linestyle="", color=colours[name], label=name) for name in shown]
    more = len(colours) - len(shown)
    if more:
        handles.append(Line2D([], [], marker="o", linestyle="", color=OTHER, label=f"others ({more})"))
    handles += [
        Line2D([], [], marker=_MARKERS[kind], linestyle="", markerfacecolor="none", markeredgecolor=INK, label=kind)
        for kind in kinds
    ]
    ax.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8,
        title=title, title_fontsize=8, alignment="left",
    )  # fmt: skip


@light
@checked
def plot_drift(found: SlowManifolds, probe_names: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """The drift along every slow line that passes through the visited range.

    Parameters
    ----------
    found : SlowManifolds
    probe_names : sequence of str, optional
        Names of the probe inputs.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If no subregion has a slow line (one slow direction) in range.

    Notes
    -----
    Across: position on the line, from one end of the visited piece (0) to the other (1). Up: what a step adds to
    the position, as a share of the piece. Where a curve crosses zero the network rests; above it moves right.
    Dashed: under a probe input, as long as the ReLUs keep their pattern. Where a probe is much faster than the drift,
    the scale is linear near 0 and logarithmic beyond, and a band shows where it is linear. Where bitcodes are long,
    subregions are called S1, S2, ..., the most visited first.
    """
    lines = [piece for piece in found if piece.dimension == 1 and piece.extents is not None and np.ptp(piece.extents)]
    if not lines:
        raise ModelError("plot_drift needs a subregion with one slow direction in range")
    ax = new_axes(6.4, 4.2) if ax is None else ax
    n_probes = len(lines[0].probe_drifts)
    named = min(len(lines), _ENTRIES - min(n_probes, _ENTRIES - 2) - bool(n_probes), len(PALETTE))
    dashes = ((0, (4, 2)), (0, (1, 1.5)), (0, (4, 1, 1, 1)))
    labels = node_labels([piece.bitcode for piece in found])
    own, probed = 0.0, 0.0
    for i, piece in enumerate(lines):
        assert piece.extents is not None  # chosen so
        colour = PALETTE[i] if i < named else OTHER
        length = float(np.ptp(piece.extents))
        ends = piece.drift_ends / length
        label = labels[piece.bitcode] if i < named else f"others ({len(lines) - named})" if i == named else None
        ax.plot([0.0, 1.0], ends, color=colour, linewidth=1.8, label=label, zorder=2 if colour == OTHER else 3)
        own = max(own, float(np.abs(ends).max()))
        for j, drift in enumerate(piece.probe_drifts):
            moved = ends + (drift[0] - piece.drift[0]) / length
            ax.plot([0.0, 1.0], moved, color=colour, linewidth=1.2, linestyle=dashes[j % len(dashes)])
            probed = max(probed, float(np.abs(moved).max()))
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("position on the line (0 to 1: the visited piece)")
    ax.set_ylabel("drift per step, in lengths of the piece")
    if own > 0.0 and probed > _FASTER * own:
        ax.set_yscale("symlog", linthresh=own)
        ax.axhspan(-own, own, color=OTHER, alpha=0.2, linewidth=0)
    else:
        ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    for j in range(n_probes):
        name = probe_names[j] if j < len(probe_names) else f"probe {j}"
        label = f"under {name}" if j < _ENTRIES - 2 else f"others ({n_probes - j})" if j == _ENTRIES - 2 else None
        if label:
            ax.plot([], [], color=INK, linewidth=1.2, linestyle=dashes[j % len(dashes)], label=label)
    ax.legend(
        loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8, title="subregion", title_fontsize=8,
        alignment="left",
    )  # fmt: skip
    open_frame(ax)
    return ax
