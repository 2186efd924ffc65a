"""What the tables on a terminal have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..display.abbreviation import short_bitcode
from ..results.naming import LISTED_OUTPUTS
from .printing import NAME, TextTable

__all__ = ["LISTED_ROWS", "name_cells", "named_table", "new_table", "output_cells"]

#: Rows of a table at most; files hold all.
LISTED_ROWS = 20
# Columns of text.
LEFT = (
    NAME, "bitcode", "word", "steps of the first trial", "replaced by", "stability", "z", "output", "mean output",
    "fixed points", "followed by", "condition", "input", "event", "over the range", "in A", "in B", "code in A",
    "code in B",
)  # fmt: skip


def new_table(title: str, *columns: str) -> TextTable:
    """An empty table whose columns of text are known by their names.

    Parameters
    ----------
    title : str
    *columns : str

    Returns
    -------
    TextTable
    """
    return TextTable(title, *columns, left=LEFT)


def named_table(title: str, names: Mapping[str, str], *columns: str) -> TextTable:
    """An empty table about subregions, which begins with their bitcodes and, where these are long, short names.

    Parameters
    ----------
    title : str
    names : mapping of str to str
        From bitcodes to the names that figures give them.
    *columns : str

    Returns
    -------
    TextTable
    """
    return new_table(title, *([] if _is_short(names) else [NAME]), "bitcode", *columns)


def name_cells(bitcode: str, names: Mapping[str, str]) -> list[str]:
    """The first cells of a row of :func:`named_table`.

    Examples
    --------
    >>> name_cells("01", {"01": "01"}), name_cells("0110100110", {"0110100110": "S1"})
    (['01'], ['S1', '0110100110'])
    """
    shown = short_bitcode(bitcode)
    return [shown] if _is_short(names) else [names.get(bitcode, ""), shown]


def _is_short(names: Mapping[str, str]) -> bool:
    return all(code == name for code, name in names.items())


def output_cells(output: Sequence[float] | np.ndarray | None) -> list[str]:
    """A cell of the outputs, the first of them; none where there is no readout.

    Examples
    --------
    >>> output_cells([0.98, 0.01]), output_cells(None)
    (['0.98, 0.01'], [])
    """
    if output is None:
        return []
    return [", ".join(f"{x:.4g}" for x in output[:LISTED_OUTPUTS]) + (", ..." if len(output) > LISTED_OUTPUTS else "")]
