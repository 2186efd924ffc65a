"""Tables of a report: what is shown of each number, by what it is sorted, and the whole as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["MOST_ROWS", "Column", "Sheet", "ShownCell"]

#: Rows that a page shows; the CSV file has all.
MOST_ROWS = 500


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    heading : str
    write : callable or None
        From a value to what the page shows; None for a column that only the CSV file has.
    number : bool
        Whether it holds numbers, which stand on the right.
    code : bool
        Whether it holds bitcodes.
    long : bool
        Whether it holds text that may take several lines.
    """

    heading: str
    write: Callable[[Any], str] | None = str
    number: bool = False
    code: bool = False
    long: bool = False

    @property
    def kind(self) -> str:
        """Its class on a page."""
        return "number" if self.number else "code" if self.code else "long" if self.long else "text"


@dataclass(frozen=True)
class ShownCell:
    """A cell as a page shows it.

    Attributes
    ----------
    text : str
    key : str
        By what the column is sorted: a number, or text.
    full : str
        The whole of a text that is shown in part; else empty.
    column : Column
    """

    text: str
    key: str
    full: str
    column: Column


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes
    ----------
    name : str
        Of its CSV file, without the ending.
    title : str
    explanation : str
        What the columns mean.
    columns : sequence of Column
    rows : sequence of sequence
        Values in the order of the columns; None where there is none.
    """

    name: str
    title: str
    explanation: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]] = field(default_factory=tuple)

    @property
    def shown_columns(self) -> list[Column]:
        """The columns that a page has; those without any value are left out."""
        return [self.columns[i] for i in self._shown()]

    def _shown(self) -> list[int]:
        filled = (any(row[i] not in (None, "") for row in self.rows) for i in range(len(self.columns)))
        return [i for i, some in enumerate(filled) if some and self.columns[i].write is not None]

    def shown_rows(self) -> list[list[ShownCell]]:
        """The first rows as a page shows them."""
        shown = self._shown()
        return [[_cell(self.columns[i], row[i]) for i in shown] for row in self.rows[:MOST_ROWS]]

    def csv(self) -> str:
        """All rows and columns, with all digits.

        Examples
        --------
        >>> print(Sheet("x", "", "", [Column("bitcode"), Column("share", None)], [("01", 1 / 3)]).csv(), end="")
        bitcode,share
        01,0.3333333333333333
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([_harmless(column.heading) for column in self.columns])
        writer.writerows([[_plain(value) for value in row] for row in self.rows])
        return text.getvalue()


def _cell(column: Column, value: Any) -> ShownCell:
    assert column.write is not None  # it is shown
    text = "" if value is None else column.write(value)
    key = "" if value is None else repr(float(value)) if column.number else _plain(value)
    return ShownCell(text, key, _plain(value) if column.code and _plain(value) != text else "", column)


def _harmless(text: str) -> str:
    """A text from a file as a spreadsheet takes no formula from it."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
