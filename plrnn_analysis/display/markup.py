"""HTML of results for notebooks: a verdict, short tables, notes.

There is no script and no style sheet, only inline styles without colours, so that a fragment looks right on a light
and on a dark page. Everything that is shown is escaped, and everything is bounded: rows, cells and text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as escape_signs
from typing import Any, NamedTuple

import numpy as np

from .abbreviation import FEW, short, short_bitcode, short_number, short_state, short_word

__all__ = ["Grid", "cell", "fragment", "paragraph"]

#: Rows and columns of a table, and notes below it.
ROWS, COLUMNS, NOTES = 20, 10, 10
#: Characters of a cell, and of a sentence.
CELL, SENTENCE = 80, 1200
#: Eigenvalues that are shown one by one.
VALUES = 3

#: Bytes of a fragment; where rows of long cells would exceed it, fewer are shown.
BYTES = 48_000

_FRAME = "max-width:100%;overflow-x:auto;line-height:1.4"
_LINE = "margin:.2em 0"
_SMALL = "margin:.2em 0;opacity:.75"
_TITLE = "margin:.6em 0 0"
_TABLE = "border-collapse:collapse;margin:.3em 0;white-space:nowrap;font-variant-numeric:tabular-nums"
_ALIGN = "text-align:{};padding:.1em .7em"


class Grid(NamedTuple):
    """A table to be drawn.

    Attributes
    ----------
    columns : sequence of str
        Names with underscores or spaces.
    rows : sequence of sequences
        Values in the order of the columns; only the first 20 are looked at.
    total : int
        Number of rows, those included that are not given.
    title : str
        A line above; none if empty.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    total: int
    title: str = ""


def fragment(name: str, verdict: str, grids: Sequence[Grid] = (), notes: Sequence[str] = ()) -> str:
    """An HTML fragment for one result.

    Parameters
    ----------
    name : str
        The kind of result, in bold before the verdict.
    verdict : str
        What was found and proved.
    grids : sequence of Grid, optional
    notes : sequence of str, optional
        Sentences below; the first ten are shown.

    Returns
    -------
    str
        One ``<div>``.

    Examples
    --------
    >>> fragment("Cycles", "1 & complete")
    '<div style="max-width:100%;overflow-x:auto;line-height:1.4"><p style="margin:.2em 0"><b>Cycles</b>: 1 &amp; complete</p></div>'
    """  # noqa: E501 - the fragment has no line ends
    rows = ROWS
    while True:
        parts = [f'<p style="{_LINE}"><b>{escape(name)}</b>{": " if verdict else ""}{_text(verdict)}</p>']
        parts += [_table(grid, rows) for grid in grids if grid.total and grid.columns]
        parts += [paragraph(note) for note in notes[:NOTES]]
        if len(notes) > NOTES:
            parts.append(paragraph(f"and {len(notes) - NOTES:,} more notes"))
        whole = f'<div style="{_FRAME}">{"".join(parts)}</div>'
        if len(whole.encode()) <= BYTES or not rows:
            return whole
        rows //= 2


def escape(text: str) -> str:
    """Text without signs that mean something in HTML, and without characters that must not be in it."""
    return escape_signs("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def paragraph(text: str) -> str:
    """A sentence below or above a table."""
    return f'<p style="{_SMALL}">{_text(text)}</p>'


def _text(text: str) -> str:
    return escape(text if len(text) <= SENTENCE else f"{text[:SENTENCE]}...")


def _table(grid: Grid, most: int) -> str:
    names = list(grid.columns[:COLUMNS])
    rows = [list(row[: len(names)]) for row in grid.rows[:most]]
    sides = ["right" if rows and all(_is_number(row[i]) for row in rows) else "left" for i in range(len(names))]
    styles = [f' style="{_ALIGN.format(side)}"' for side in sides]
    titles = [escape(_spaced(name)) for name in names]
    head = "".join(f"<th{style}>{title}</th>" for style, title in zip(styles, titles, strict=True))
    body = ["".join(f"<td{style}>{cell(value)}</td>" for style, value in zip(styles, row, strict=True)) for row in rows]
    table = f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>'
    table += "".join(f"<tr>{row}</tr>" for row in body) + "</tbody></table>"
    title = f'<p style="{_TITLE}"><b>{_text(grid.title)}</b></p>' if grid.title else ""
    left = [f"and {grid.total - len(rows):,} more rows"] if grid.total > len(rows) else []
    if len(grid.columns) > len(names):
        left.append(f"columns not shown: {', '.join(map(_spaced, grid.columns[len(names) :]))}")
    return title + table + "".join(map(paragraph, left))


def _spaced(name: Any) -> str:
    return str(name).replace("_", " ").strip()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))


def cell(value: Any) -> str:
    """A value as HTML: a few digits, a short bitcode, an array by its entries if they are few.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> cell(True), cell(None), cell(0.5 + 0.25j), cell(np.array([0.5, 2.0])), cell("a < b")
    ('yes', '', '0.5 + 0.25i', '0.5, 2', 'a &lt; b')
    """
    if value is None:
        text = ""
    elif isinstance(value, (bool, np.bool_)):
        text = "yes" if value else "no"
    elif isinstance(value, str):
        text = _code_or_text(value)
    elif isinstance(value, np.ndarray):
        text = _array(value)
    elif isinstance(value, (tuple, list)):
        text = _sequence(value)
    elif isinstance(value, Mapping) and len(value) <= FEW:
        text = ", ".join(f"{_code_or_text(key)}: {short(item)}" for key, item in value.items())
    elif isinstance(value, (int, float, complex, np.number)):
        text = short_number(value)
    else:
        # What has words of its own, such as an estimate with its interval, says them.
        text = str(value) if "__str__" in vars(type(value)) else short(value)
    return escape(text if len(text) <= CELL else f"{text[: CELL - 3]}...")


def _code_or_text(value: Any) -> str:
    text = str(value)
    return short_bitcode(text) if set(text) <= {"0", "1"} else text


def _sequence(value: Sequence[Any]) -> str:
    """Bitcodes as a word, other texts one after another, a single value without brackets."""
    if not value:
        return ""
    if all(isinstance(x, str) for x in value):
        return short_word(value, CELL - 3) if set("".join(value)) <= set("01-") else ", ".join(value)
    return short(value[0] if len(value) == 1 else value)


def _array(array: np.ndarray) -> str:
    if array.ndim == 2 and 0 < array.size <= FEW and array.dtype.kind in "fiu":
        return "; ".join(map(_array, array))
    if array.ndim != 1 or not 0 < array.size or array.dtype.kind not in "fciu":
        return short(array)
    if array.dtype.kind == "c":
        return _eigenvalues(array)
    if array.dtype.kind == "f":
        return short_state(array) if array.size <= FEW else f"norm {np.linalg.norm(array):.4g}"
    return ", ".join(map(str, array[:FEW])) + (", ..." if array.size > FEW else "")


def _eigenvalues(values: np.ndarray) -> str:
    """The first of them, a conjugate pair as one."""
    texts: list[str] = []
    rest = list(values)
    while rest and len(texts) < VALUES:
        value = complex(rest.pop(0))
        if value.imag and rest and complex(rest[0]) == value.conjugate():
            rest.pop(0)
            texts.append(f"{value.real:.4g} ± {abs(value.imag):.4g}i")
        else:
            texts.append(short_number(value))
    return ", ".join(texts) + (", ..." if rest else "")
