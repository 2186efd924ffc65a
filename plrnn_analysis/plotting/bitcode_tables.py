"""The bitcodes behind short names, in a table beside a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..display.abbreviation import short_bitcode
from .style import INK, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["axes_beside_table"]

#: Size of its letters in points, the width of one of them in inches (DejaVu Sans Mono), and the height of a line.
SIZE, LETTER, LINE = 7.0, 7.0 * 0.602 / 72, 0.16
#: Room for the colours, in inches.
MARKS = 0.2


def axes_beside_table(
    width: float, height: float, header: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str]
) -> Axes:
    """Axes with a table on their right, on a figure of their own.

    Parameters
    ----------
    width, height : float
        Of the figure without the table, in inches.
    header : sequence of str
    rows : sequence of sequence of str
        Cells; long bitcodes are abbreviated. Without rows there is no table.
    colours : sequence of str
        Of each row.
    """
    if not rows:
        return new_axes(width, height)
    from .shown import ShownAxes

    lines = _lines([header, *rows])
    beside = MARKS + LETTER * max(map(len, lines)) + 0.05
    height = max(height, LINE * (len(lines) + 2))
    figure = new_figure(width + beside, height)
    grid = figure.add_gridspec(1, 2, width_ratios=(width, beside))
    ax = figure.add_subplot(grid[0], axes_class=ShownAxes)
    table = figure.add_subplot(grid[1])
    table.set_axis_off()
    table.set_xlim(0.0, beside)
    table.set_ylim(height - LINE, -LINE)
    for row, line in enumerate(lines):
        place = row * LINE
        table.text(MARKS, place, line, family="monospace", fontsize=SIZE, va="center", color=INK if row else "#666666")
        if row:
            table.plot(MARKS / 2, place, "s", color=colours[row - 1], markersize=6, markeredgewidth=0)
    return ax


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines of text, each column as wide as it must be: numbers to the right, the rest to the left."""
    columns = [[short_bitcode(cell) for cell in column] for column in zip(*rows, strict=True)]
    padded = []
    for header, *cells in columns:
        width = max(map(len, (header, *cells)))
        bitcodes = set("".join(cells)) <= {"0", "1"}
        numbers = not bitcodes and all(cell[:1].isdigit() or cell[:1] in ("", "<") for cell in cells)
        padded.append([cell.rjust(width) if numbers else cell.ljust(width) for cell in (header, *cells)])
    return ["  ".join(line).rstrip() for line in zip(*padded, strict=True)]
