"""Error against the number of ReLU units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ModelError
from .style import INK, PALETTE, new_axes, open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_error_by_relus"]


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
        Error of each model; 0 is drawn at the lower edge.
    floor : float, optional
        Smallest error of any affine predictor.
    floor_label : str, optional
    threshold : float, optional
        A model below it counts as a solution.
    exact : tuple of int and float, optional
        P and error of a construction. An error of 0 has no place on a logarithmic axis: it is drawn at the lower edge
        and labelled so.
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
    ax = new_axes() if ax is None else ax
    values = sorted({*p.tolist(), *([] if exact is None else [exact[0]])})
    place = {value: i for i, value in enumerate(values)}
    positive = e[e > 0]
    low = min([float(positive.min(initial=1.0)), *([] if threshold is None else [threshold])])
    high = max([float(e.max()), low, *([] if floor is None else [floor])])
    bottom = low / 12
    # Limits before the scale: matplotlib cannot find limits on a logarithmic axis where all errors are 0.
    ax.set_ylim(bottom, high * 4)
    ax.set_yscale("log")
    for value in sorted(set(p.tolist())):
        own = np.sort(np.maximum(e[p == value], bottom * 1.2))
        spread = 0.12 * (np.arange(own.size) - (own.size - 1) / 2) / max(1, (own.size - 1) / 2)
        label = "trained, one dot a seed" if value == values[0] else None
        ax.plot(place[value] + spread, own, "o", color=PALETTE[0], markersize=4.5, alpha=0.8, label=label, mew=0)
        ax.plot(place[value] + np.array([-0.22, 0.22]), [np.median(own)] * 2, color=PALETTE[0], linewidth=1.6)
    if floor is not None:
        ax.axhline(floor, color=PALETTE[5], linewidth=1.3)
        ax.annotate(
            f"{floor_label} {floor:.5f}",
            (1.0, floor),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=PALETTE[5],
        )
    if threshold is not None:
        ax.axhline(threshold, color=INK, linewidth=0.8, linestyle=":", label=f"solved: below {threshold:g}")
    if exact is not None:
        ax.plot(
            place[exact[0]],
            max(exact[1], bottom * 1.5),
            "v",
            color=PALETTE[2],
            markersize=8,
            clip_on=False,
            label=f"construction with P = {exact[0]}: MSE {exact[1]:.1g}"
            + (" (off the axis)" if exact[1] < low else ""),
        )
    ax.set_xticks(range(len(values)), [str(v) for v in values])
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.set_xlabel("number of ReLU units P")
    ax.set_ylabel("mean squared error")
    ax.legend(fontsize=8, frameon=False, loc="center right")
    open_frame(ax)
    return ax
