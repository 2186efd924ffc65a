"""Loss curves against an exact floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError
from .style import INK, PALETTE, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_loss_curves"]


def plot_loss_curves(
    iterations: Any,
    losses: Mapping[str, Any],
    floor: float | None = None,
    floor_label: str = "exact affine floor",
    excess: bool = False,
    stages: Sequence[tuple[float, str]] = (),
    top: float | None = None,
    ylabel: str = "mean squared error",
    ax: Axes | None = None,
) -> Axes:
    """Loss against iteration, one colour per group of models, with an exact lower bound.

    Parameters
    ----------
    iterations : (n,) array_like
    losses : mapping of str to (n_models, n) array_like
        Groups by label; each model is a thin line, the median of its group a thick one.
    floor : float, optional
        Drawn as a dashed line.
    floor_label : str, optional
    excess : bool, optional
        Draw what the losses have above `floor` instead, on a logarithmic axis; a loss at or below it cannot be
        drawn there.
    stages : sequence of (float, str), optional
        Iteration at which a stage of the curriculum begins, and its name.
    top : float, optional
        Upper end of the axis; losses at the start of a curriculum can be enormous at full length.
    ylabel : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If `excess` is asked for without a floor.
    """
    if excess and floor is None:
        raise ModelError("plot_loss_curves(excess=True) needs the floor")
    ax = new_axes() if ax is None else ax
    x = np.asarray(iterations, dtype=np.float64)
    for (label, values), colour in zip(losses.items(), PALETTE * (1 + len(losses) // len(PALETTE)), strict=False):
        y = np.atleast_2d(np.asarray(values, dtype=np.float64))
        if excess and floor is not None:
            y = y - floor
        for row in y:
            ax.plot(x, row, color=colour, linewidth=0.7, alpha=0.45)
        ax.plot(x, np.median(y, axis=0), color=colour, linewidth=2.0, label=f"{label} (median of {len(y)})")
    if floor is not None and not excess:
        ax.axhline(floor, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=f"{floor_label} {floor:.5f}")
    ax.set_yscale("log")
    ax.set_xlim(0, float(x[-1]))
    if top is not None:
        ax.set_ylim(top=top)
    for start, name in stages:
        ax.axvline(start, color="#999999", linewidth=0.6, linestyle=":")
        ax.text(start, 1.01, name, transform=ax.get_xaxis_transform(), fontsize=7, va="bottom", color="#666666")
    ax.set_xlabel("iteration")
    ax.set_ylabel(f"{ylabel} − floor" if excess else ylabel)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)
    open_frame(ax)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none")
    return ax
