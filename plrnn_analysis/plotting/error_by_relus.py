"""Error against the number of ReLU units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._signatures import checked
from .._validation import number
from ..errors import ModelError
from .end_ticks import log_with_ends
from .style import INK, PALETTE, light, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_error_by_relus"]

#: An error below this share of the smallest one trained stands at the end of the axis.
LEAST = 1e-3
#: Numbers on the axis of P.
TICKS = 17


@light
@checked
def plot_error_by_relus(
    pwl_units: Sequence[int],
    errors: Sequence[float],
    floor: float | None = None,
    floor_label: str = "no affine predictor is below",
    threshold: float | None = None,
    exact: tuple[int, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Errors of trained models against P, on a logarithmic axis, with the floor of P = 0.

    Parameters
    ----------
    pwl_units : sequence of int
        P of each model; the values stand at equal distances.
    errors : sequence of float
        Error of each model. 0 has a tick of its own, and so has what has diverged: infinity, and what is not a number.
    floor : float, optional
        Smallest error of any affine predictor.
    floor_label : str, optional
    threshold : float, optional
        A model below it counts as a solution.
    exact : tuple of int and float, optional
        P and error of a construction. An error of 0, or one very far below the others, stands at the lower tick.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ModelError
        If there are no models, or not one error for each.
    """
    p, e = np.asarray(pwl_units), np.asarray(errors, dtype=np.float64)
    if p.size == 0 or p.shape != e.shape:
        raise ModelError(f"give one error for each model, got {p.size} and {e.size}")
    floor = None if floor is None else number("floor", floor)
    threshold = None if threshold is None else number("threshold", threshold)
    ax = new_axes(6.4, 4.4) if ax is None else ax
    values = sorted({*p.tolist(), *([] if exact is None else [int(exact[0])])})
    place = {value: i for i, value in enumerate(values)}
    # What is not a number has diverged, as what is infinite has.
    reached = np.where(np.isfinite(e), e, np.inf)
    lines = [x for x in (floor, threshold) if x is not None and x > 0.0]
    least = LEAST * min([float(np.min(reached[reached > 0.0], initial=np.inf)), *lines])
    least = 10.0 ** np.floor(np.log10(least)) if np.isfinite(least) else 0.0
    of_exact = [] if exact is None else [float(exact[1])]
    every = np.array([*reached, *of_exact, *lines])
    heights = log_with_ends(ax, "y", every, least, names=("0", "diverged"))
    y = heights[: e.size]
    for value in sorted(set(p.tolist())):
        own = np.sort(y[p == value])
        spread = 0.12 * (np.arange(own.size) - (own.size - 1) / 2) / max(1, (own.size - 1) / 2)
        label = "trained, one dot per seed" if value == p.min() else None
        ax.plot(place[value] + spread, own, "o", color=PALETTE[0], markersize=4.5, alpha=0.8, label=label, mew=0)
        middle = np.median(reached[p == value])
        if least <= middle < np.inf:
            label = "median" if value == p.min() else None
            ax.plot(place[value] + np.array([-0.22, 0.22]), [middle] * 2, color=PALETTE[0], linewidth=1.6, label=label)
    if floor is not None and floor > 0.0:
        ax.axhline(floor, color=PALETTE[5], linewidth=1.3, label=f"{floor_label} {floor:.5f}", zorder=1)
    if threshold is not None:
        ax.axhline(threshold, color=INK, linewidth=0.8, linestyle=":", label=f"solved: below {threshold:g}", zorder=1)
    if exact is not None:
        label = f"construction with P = {exact[0]}: error {exact[1]:.1g}"
        ax.plot(place[int(exact[0])], heights[e.size], "v", color=PALETTE[2], markersize=8, clip_on=False, label=label)
    shown = _apart(values)
    ax.set_xticks([place[value] for value in shown], [str(value) for value in shown])
    ax.set_xticks(range(len(values)), minor=True)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylabel("mean squared error")
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    open_frame(ax)
    return ax


def _apart(values: Sequence[int]) -> list[int]:
    """Values that have a tick with a number: not more than there is room for."""
    return list(values[:: -(-len(values) // TICKS)])
