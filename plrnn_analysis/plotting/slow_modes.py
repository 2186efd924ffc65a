"""Modes by how slow they are and what passes through them, and the drift along slow lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ModelError
from .style import INK, OTHER, PALETTE, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..modes import SubregionModes
    from ..slow_manifolds import SlowManifolds

__all__ = ["plot_drift", "plot_modes"]

_MARKERS = {
    "integrator": "o", "marginal rotation": "D", "decaying": "s", "oscillating": "^", "unstable": "X",
    "unstable rotation": "P",
}  # fmt: skip
# Beyond these a mode is drawn at the edge: of time constants in steps, and of gains relative to the largest.
_LONGEST, _SMALLEST = 1e6, 1e-6


def plot_modes(subregions: Iterable[SubregionModes], ax: Axes | None = None) -> Axes:
    """Every mode by its time constant and by what passes from the input through it to the readout.

    Parameters
    ----------
    subregions : iterable of SubregionModes
        From ``model.modes`` or ``model.explain``.
    ax : Axes, optional

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
    mode decays or grows. A memory that is written by the input and read by the readout lies top right. Modes
    beyond the axes are drawn on their edges; defective ones, which have no gain, are left out and counted.
    """
    ax = new_axes() if ax is None else ax
    regions = list(subregions)
    modes = [(region, mode) for region in regions for mode in region.modes]
    drawn = [(region, mode) for region, mode in modes if not mode.defective]
    if not drawn or drawn[0][1].readout_gains.size == 0 or drawn[0][1].input_gains.size == 0:
        raise ModelError("plot_modes needs modes of a model with inputs and a readout")
    gains = np.array([mode.input_gain * mode.readout_gain for _, mode in drawn])
    times = np.array([abs(mode.time_constant) for _, mode in drawn])
    top = float(gains.max()) or 1.0
    bottom = max(float(np.min(gains[gains > 0.0], initial=top)), _SMALLEST * top) / 10.0
    right = min(10.0 * float(np.max(times[np.isfinite(times)], initial=10.0)), _LONGEST)
    left = 0.1
    codes = list(dict.fromkeys(region.bitcode for region in regions))
    colours = {code: PALETTE[i] if i < len(PALETTE) else OTHER for i, code in enumerate(codes)}
    for (region, mode), gain, time in zip(drawn, gains, times, strict=True):
        ax.plot(
            np.clip(time, left, right),
            np.clip(gain, bottom, top),
            _MARKERS[mode.kind],
            color=colours[region.bitcode],
            markeredgecolor=INK,
            markeredgewidth=0.6,
            markersize=7,
            alpha=0.85,
            clip_on=False,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, 2.0 * top)
    ax.set_xlabel("time constant in steps (right edge: longer)")
    ax.set_ylabel("input gain × readout gain\n(bottom edge: less, or none)")
    _legend(ax, colours, [kind for kind in _MARKERS if any(mode.kind == kind for _, mode in drawn)])
    if len(drawn) < len(modes):
        ax.set_title(f"{len(modes) - len(drawn)} defective modes not drawn", fontsize=8, loc="left")
    open_frame(ax)
    return ax


def _legend(ax: Axes, colours: dict[str, str], kinds: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    shown = list(colours)[: len(PALETTE)]
    handles = [Line2D([], [], marker="o", linestyle="", color=colours[code], label=code) for code in shown]
    if len(colours) > len(shown):
        more = f"{len(colours) - len(shown)} more"
        handles.append(Line2D([], [], marker="o", linestyle="", color=OTHER, label=more))
    handles += [
        Line2D([], [], marker=_MARKERS[kind], linestyle="", markerfacecolor="none", markeredgecolor=INK, label=kind)
        for kind in kinds
    ]
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8)


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
    Dashed: under a probe input, as long as the ReLUs keep their pattern.
    """
    lines = [piece for piece in found if piece.dimension == 1 and piece.extents is not None and np.ptp(piece.extents)]
    if not lines:
        raise ModelError("plot_drift needs a subregion with one slow direction in range")
    ax = new_axes() if ax is None else ax
    dashes = ((0, (4, 2)), (0, (1, 1.5)), (0, (4, 1, 1, 1)))
    for i, piece in enumerate(lines):
        assert piece.extents is not None  # chosen so
        colour = PALETTE[i] if i < len(PALETTE) else OTHER
        length = float(np.ptp(piece.extents))
        ends = piece.drift_ends / length
        ax.plot([0.0, 1.0], ends, color=colour, linewidth=1.8, label=piece.bitcode)
        for j, drift in enumerate(piece.probe_drifts):
            name = probe_names[j] if j < len(probe_names) else f"probe {j}"
            shift = (drift[0] - piece.drift[0]) / length
            style = dashes[j % len(dashes)]
            label = f"{piece.bitcode}, {name}"
            ax.plot([0.0, 1.0], ends + shift, color=colour, linewidth=1.2, linestyle=style, label=label)
    ax.axhline(0.0, color=INK, linewidth=0.8)
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("position on the line, in lengths of the visited piece")
    ax.set_ylabel("drift per step, in lengths of the piece")
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8, title="subregion")
    open_frame(ax)
    return ax
