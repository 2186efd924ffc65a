"""Text and tables that fit a terminal of any width, with no word broken that fits a line."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Text

from .._wording import printable
from ..wrapping import wrapped

__all__ = ["NAME", "NUMBER", "TextTable", "say"]

# Bitcodes longer than this stand below a table that has no room for them.
LONG_CODE = 8
#: Columns of the short names of subregions, and of the numbers of rows.
NAME, NUMBER = "subregion", "no."
# Between two columns: half of it padding, half of it what rich puts between them.
GAP = 2


def say(*parts: str | TextTable, style: str | None = None, console: Console | None = None) -> None:
    """Print sentences and tables.

    Parameters
    ----------
    *parts : str or TextTable
        A string is a paragraph for each of its lines; none at all is an empty line.
    style : str, optional
        Of rich, such as ``"bold"``.
    console : Console, optional
        Standard output by default.
    """
    # File names and bitcodes are no markup. A console a call: tests and callers redirect stdout.
    console = console or Console(markup=False, highlight=False)
    if not console.width:
        # COLUMNS=0 says that nobody knows.
        console.width = shutil.get_terminal_size().columns
    if not parts:
        console.print()
    for part in parts:
        shown = Text(wrapped(printable(part), console.width)) if isinstance(part, str) else part
        console.print(shown, style=style, soft_wrap=isinstance(part, str))


class TextTable:
    """A table for people: side by side where there is room, else each row as a paragraph.

    Where only long bitcodes are in the way, they stand below, each with the name in the column "subregion" or "no."
    before them, or with a number.

    Parameters
    ----------
    title : str
    *columns : str
    left : collection of str, optional
        Columns of text, which begin at the left; numbers end at the right.

    Examples
    --------
    >>> table = TextTable("Fixed points", "bitcode", "stability", "multiplier", left=("bitcode", "stability"))
    >>> table.add_row("01", "stable node", "0.9")
    >>> Console(width=40).print(table)
    <BLANKLINE>
    Fixed points
    bitcode  stability    multiplier
    ─────────────────────────────────
    01       stable node         0.9
    >>> Console(width=20).print(table)
    <BLANKLINE>
    Fixed points
    bitcode: 01
      stability: stable
      node
      multiplier: 0.9
    """

    def __init__(self, title: str, *columns: str, left: Collection[str] = ()) -> None:
        self.title = printable(title)
        self.columns = tuple(printable(name) for name in columns)
        self.left = frozenset(printable(name) for name in left)
        self.rows: list[tuple[str, ...]] = []

    def add_row(self, *cells: str) -> None:
        """Add a row, one cell per column."""
        self.rows.append(tuple(printable(cell) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich prints."""
        width = options.max_width
        # A file takes no bold; the title is a line of its own in any case.
        yield Text(f"\n{wrapped(self.title, width)}", style=Style(bold=True))
        for table, below in (self, ()), self._coded():
            if table is not None and (widths := table._widths(width)) is not None:
                yield table._beside(widths)
                for line in below:
                    yield Text(wrapped(line, width, "  "))
                return
        for row in self.rows:
            yield Text("\n".join(self._record(row, width)))

    def _coded(self) -> tuple[TextTable | None, Sequence[str]]:
        """The same table with its bitcodes numbered, and the lines below it that name them."""
        if "bitcode" not in self.columns or not self.rows:
            return None, ()
        at = self.columns.index("bitcode")
        codes = [code for code in dict.fromkeys(row[at] for row in self.rows) if code]
        if max((len(code) for code in codes), default=0) <= LONG_CODE:
            return None, ()
        named = at > 0 and self.columns[at - 1] in (NAME, NUMBER)
        names = {row[at]: row[at - 1] for row in self.rows} if named else {c: str(i) for i, c in enumerate(codes, 1)}
        heading = () if named else (NUMBER,)
        table = TextTable(self.title, *self.columns[:at], *heading, *self.columns[at + 1 :], left=self.left)
        table.rows = [(*row[:at], *(names.get(row[at], "") for _ in heading), *row[at + 1 :]) for row in self.rows]
        return table, ["Bitcodes:", *(f"  {names[code]}  {code}" for code in codes)]

    def _widths(self, room: int) -> list[int] | None:
        """Widths of the columns; None where some word would have to be broken."""
        columns = [[name, *(row[i] for row in self.rows)] for i, name in enumerate(self.columns)]
        widths = [max(cell_len(cell) for cell in column) for column in columns]
        least = [max(cell_len(word) for cell in column for word in ["", *cell.split(" ")]) for column in columns]
        spare = room - GAP * len(columns) + 1
        while sum(widths) > spare:
            widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]), default=None)
            if widest is None or widths[widest] <= least[widest]:
                return None
            widths[widest] -= 1
        return widths

    def _beside(self, widths: Sequence[int]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for name, width in zip(self.columns, widths, strict=True):
            table.add_column(Text(name), justify="left" if name in self.left else "right", width=width)
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    def _record(self, row: Sequence[str], width: int) -> list[str]:
        """A row as lines, one for each cell that is not empty."""
        cells = [f"{name}: {cell}" if name else cell for name, cell in zip(self.columns, row, strict=True) if cell]
        return [wrapped(cell if i == 0 else f"  {cell}", width, "    " if i else "  ") for i, cell in enumerate(cells)]
