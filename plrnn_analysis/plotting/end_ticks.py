"""Logarithmic axes on which 0 and infinity have ticks of their own, apart from the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from .style import OTHER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["log_with_ends"]

#: Room on each side of the values, and from there to an end, as shares of the scale.
MARGIN, GAP = 0.05, 0.1
#: Ticks of the scale, about.
TICKS = 6
#: Below this many decades the scale has ticks between the powers of ten.
FEW_DECADES = 2.0
#: Numbers in this range are written without a power of ten.
SHORT = (1e-3, 1e4)


def log_with_ends(
    ax: Axes,
    which: Literal["x", "y"],
    values: np.ndarray,
    least: float = 0.0,
    most: float = np.inf,
    names: tuple[str, str] = ("0", "∞"),
) -> np.ndarray:
    """Make an axis logarithmic, and say where values stand on it.

    Parameters
    ----------
    ax : Axes
    which : str
    values : (n,) ndarray
        All that will be drawn. NaN has no place.
    least, most : float, optional
        What is below or above stands at the ends, too, whose ticks then say so.
    names : tuple of str, optional
        Of the ends, if nothing stands there but 0 (and what is below it) and infinity.

    Returns
    -------
    (n,) ndarray
        Places on the axis: inside the scale the values themselves.
    """
    low, high = values < max(least, np.nextafter(0.0, 1.0)), values > most
    high |= np.isposinf(values)
    inner = values[~low & ~high & np.isfinite(values)]
    first, last = (float(inner.min()), float(inner.max())) if len(inner) else (1.0, 1.0)
    short = max(1.0 - np.log10(last / first), 0.0)
    first, last = first / 10 ** (short / 2), last * 10 ** (short / 2)
    decades = float(np.log10(last / first))
    first, last = first / 10 ** (MARGIN * decades), last * 10 ** (MARGIN * decades)
    room = 10 ** (GAP * decades)
    ends = (first / room, last * room)
    places = np.where(low, ends[0], np.where(high, ends[1], values))
    ticks = _ticks(first, last) if len(inner) else []
    texts = _texts(ticks)
    limits = [first, last]
    line = ax.axvline if which == "x" else ax.axhline
    for side, (there, bound, sign) in enumerate(((low, least, "<"), (high, most, ">"))):
        if there.any():
            beyond = np.any((values[there] > 0.0) & np.isfinite(values[there]))
            ticks.append(ends[side])
            texts.append(f"{sign} {_power(bound)}" if beyond else names[side])
            limits[side] = ends[side] / room**0.6 if side == 0 else ends[side] * room**0.6
            edge = (first, last)[side] * (room**-0.4 if side == 0 else room**0.4)
            line(edge, color=OTHER, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    # Limits before the scale: matplotlib cannot find limits where nothing is positive.
    if which == "x":
        ax.set_xlim(*limits)
        ax.set_xscale("log")
        ax.set_xticks(ticks, texts)
        ax.set_xticks([], minor=True)
    else:
        ax.set_ylim(*limits)
        ax.set_yscale("log")
        ax.set_yticks(ticks, texts)
        ax.set_yticks([], minor=True)
    return np.asarray(places)


def _ticks(first: float, last: float) -> list[float]:
    low, high = int(np.ceil(np.log10(first))), int(np.floor(np.log10(last)))
    if np.log10(last / first) < FEW_DECADES:
        steps = [m * 10.0**k for k in range(low - 1, high + 1) for m in (1, 2, 5)]
        return [tick for tick in steps if first <= tick <= last]
    stride = max(1, -(-(high - low) // TICKS))
    return [10.0**k for k in range(low, high + 1) if k % stride == 0]


def _texts(ticks: list[float]) -> list[str]:
    """All as they are where all are short, else all as powers of ten."""
    short = all(SHORT[0] <= tick <= SHORT[1] for tick in ticks)
    return [f"{tick:g}" if short else _power(tick) for tick in ticks]


def _power(value: float) -> str:
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    head = "" if abs(factor - 1.0) < 1e-6 else f"{factor:g} \\times "
    return f"${head}10^{{{exponent}}}$"
