"""Loss curves against an exact floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, number, rows
from ..errors import ModelError
from .end_ticks import log_with_ends
from .event_labels import write_above
from .style import INK, PALETTE, light, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_loss_curves"]

#: Groups that the legend names, one less than its entries for the floor.
ENTRIES = 7


@light
@checked
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
        Groups by label; each model is a thin line, the median of its group a thick one. A line ends where the loss is
        not finite, and the median does where that of half of the models is not. Of more than seven groups, shaded from
        dark to light in their order, seven are named.
    floor : float, optional
        Drawn as a dashed line.
    floor_label : str, optional
    excess : bool, optional
        Draw what the losses have above `floor` instead, on a logarithmic axis; a loss at or below it stands at a tick
        of its own.
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
    x = as_array("iterations", iterations, (None,), "one per loss")
    if not x.size:
        raise ModelError("iterations must name at least one")
    top = None if top is None else number("top", top, above=0.0)
    floor = None if floor is None else number("floor", floor)
    below = float(floor) if excess and floor is not None else 0.0
    groups = {
        label: np.atleast_2d(rows(f"losses[{label!r}]", values, x.size)) - below for label, values in losses.items()
    }
    drawn = np.concatenate([y.ravel() for y in groups.values()]) if groups else np.zeros(0)
    lines = np.array([] if floor is None or excess else [floor])
    log_with_ends(ax, "y", np.concatenate([drawn[np.isfinite(drawn)], lines]), names=("≤ 0" if excess else "0", ""))
    lowest = _end(ax)
    mark = "o" if x.size == 1 else None
    for (label, y), (colour, named) in zip(groups.items(), _looks(len(groups)), strict=True):
        # What is not a number has diverged; a line ends there.
        known = np.where(np.isfinite(y), y, np.inf)
        for row in known:
            ax.plot(x, _placed(row, lowest), marker=mark, color=colour, linewidth=0.7, alpha=0.45, clip_on=mark is None)
        text = f"{label} (median of {len(y)})" if named else None
        middle = _placed(np.median(known, axis=0), lowest)
        ax.plot(x, middle, marker=mark, color=colour, linewidth=2.0, label=text, clip_on=mark is None)
    if floor is not None and not excess:
        ax.axhline(floor, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=f"{floor_label} {floor:.5f}")
    last = float(x[-1]) if x.size and x[-1] > 0 else 1.0
    ax.set_xlim(0, last)
    if top is not None:
        ax.set_ylim(top=top)
    _draw_stages(ax, stages, last)
    ax.set_xlabel("iteration")
    ax.set_ylabel(f"{ylabel} − floor" if excess else ylabel)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)
    open_frame(ax)
    ax.legend(fontsize=8, framealpha=0.9, edgecolor="none")
    return ax


def _looks(n: int) -> list[tuple[str, bool]]:
    """Colour of each group, and whether the legend names it: of many groups the first, the last and some between."""
    if n <= ENTRIES:
        return [(colour, True) for colour in PALETTE[:n]]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    shades = colormaps["viridis"](np.linspace(0.0, 0.92, n))
    named = set(np.linspace(0, n - 1, ENTRIES).round().astype(int).tolist())
    return [(to_hex(shade), i in named) for i, shade in enumerate(shades)]


def _end(ax: Axes) -> float:
    """The place of what is not above 0, if it has one: the lowest tick."""
    return float(ax.get_yticks()[-1]) if ax.get_yticks().size else 1.0


def _placed(y: np.ndarray, lowest: float) -> np.ndarray:
    return np.where(np.isinf(y), np.nan, np.where(y > 0.0, y, lowest))


def _draw_stages(ax: Axes, stages: Sequence[tuple[float, str]], last: float) -> None:
    shown = [(start, name) for start, name in stages if start <= last]
    for start, _ in shown:
        ax.axvline(start, color="#999999", linewidth=0.6, linestyle=":")
    write_above(ax, [start for start, _ in shown], [name for _, name in shown], 0.0, last)
