"""Values of one parameter at which something happens, written above the axes without running into each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .numerals import alike
from .style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label_values", "write_above"]

FONT = 7.5
#: Width of a letter and height of a line, in sizes of the font.
LETTER, LINE = 0.58, 1.25
#: Lines of labels above the axes; where more would be needed none is written.
ROWS = 4
POINTS_PER_INCH = 72
#: Values this near to each other, relative to the axis, are one; and what a sum of shares may be above 1.
SAME, ROUNDING = 1e-6, 1e-9


def label_values(ax: Axes, events: Sequence[tuple[float, str]], low: float, high: float) -> bool:
    """Write what happens at each value, and the value, above the axes.

    Parameters
    ----------
    ax : Axes
    events : sequence of (float, str)
        Value and name.
    low, high : float
        Ends of the horizontal axis.

    Returns
    -------
    bool
        Whether there was room for all of them; if not, nothing is written.
    """
    merged: dict[float, list[str]] = {}
    for value, name in sorted(events):
        last = next(reversed(merged), None)
        # What happens at one value is found there more than once, each to rounding.
        same = last is not None and value - last <= SAME * (high - low)
        names = merged.setdefault(last if same and last is not None else value, [])
        if name not in names:
            names.append(name)
    texts = [
        f"{', '.join(names)} {shown}"
        for names, shown in zip(merged.values(), alike(merged, 4, high - low), strict=True)
    ]
    return write_above(ax, list(merged), texts, low, high)


def write_above(ax: Axes, values: Sequence[float], texts: Sequence[str], low: float, high: float) -> bool:
    """Write texts above the axes, each over its value, on as many lines as it takes.

    Parameters
    ----------
    ax : Axes
    values : sequence of float
        Increasing.
    texts : sequence of str
    low, high : float
        Ends of the horizontal axis.

    Returns
    -------
    bool
        Whether there was room for all of them; if not, nothing is written.
    """
    width = ax.get_window_extent().width / ax.figure.dpi * POINTS_PER_INCH
    spans = [
        _span((value - low) / (high - low), LETTER * FONT * len(text) / width)
        for value, text in zip(values, texts, strict=True)
    ]
    rows = _rows(spans)
    if max(rows, default=0) >= ROWS or any(right > 1.0 + ROUNDING for _, right in spans):
        return False
    for value, text, (left, _), row in zip(values, texts, spans, rows, strict=True):
        height = (0.7 + row * LINE) * FONT
        ax.annotate(
            "", (value, 1.0), xycoords=("data", "axes fraction"), xytext=(0, height), textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )  # fmt: skip
        ax.annotate(
            text, (left, 1.0), xycoords="axes fraction", xytext=(0, height), textcoords="offset points", fontsize=FONT,
            color=INK, annotation_clip=False, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
    return True


def _span(place: float, width: float) -> tuple[float, float]:
    """Left and right end of a label around a place, inside the axes, as shares of their width."""
    left = min(max(place - 0.5 * width, 0.0), max(1.0 - width, 0.0))
    return left, left + width


def _rows(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The lowest line on which each label is clear of those before it."""
    ends: list[float] = []
    rows = []
    for left, right in spans:
        row = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        if row == len(ends):
            ends.append(right)
        ends[row] = right
        rows.append(row)
    return rows
