"""Collections of results: sequences that make tables, and tables that pandas takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from ._frozen import Frozen
from .display.abbreviation import one_line
from .display.markup import ROWS, Grid, fragment
from .records import Recorded

__all__ = ["Item", "ResultSequence", "Table"]

Item = TypeVar("Item")

#: Collections beside the items, such as continua, that a notebook shows.
MORE_GRIDS = 3


class Table(Recorded, dict[str, list[Any]]):
    """Columns of equal length, keyed by name.

    Attributes
    ----------
    claim : str
        What the search behind it proved, in a few words.

    Examples
    --------
    >>> Table(bitcode=["01"], residual=[0.0])["bitcode"]
    ['01']
    """

    claim: str = ""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values()), ()))

    @one_line
    def __repr__(self) -> str:
        claim = f"; {self.claim}" if self.claim else ""
        return f"<Table: {_rows(self.n_rows)} of {', '.join(self) or 'no columns'}{claim}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the first rows, at most 50 kB of HTML without any script."""
        rows = list(zip(*self.values(), strict=True))
        verdict = "; ".join(filter(None, (_rows(len(rows)), self.claim)))
        return fragment("Table", verdict, [Grid(tuple(self), rows, len(rows))])

    def record_values(self) -> dict[str, Any]:
        """The claim and the columns."""
        return {"claim": self.claim, "columns": dict(self)}

    @classmethod
    def record_hints(cls) -> dict[str, Any]:
        """Columns hold anything."""
        return {"claim": str, "columns": dict[str, list[Any]]}

    @classmethod
    def from_record_values(cls, values: dict[str, Any]) -> Self:
        """A table from its claim and its columns."""
        table = cls(values["columns"])
        table.claim = values["claim"]
        return table

    def to_pandas(self) -> Any:
        """The same table as a :class:`pandas.DataFrame`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("Table.to_pandas() needs pandas: pip install pandas") from error
        return pandas.DataFrame(dict(self))


class ResultSequence(Frozen, Sequence[Item], Generic[Item]):
    """A read-only sequence of results; subclasses add what the search proved."""

    #: Columns of the table: attributes of the items.
    columns: ClassVar[tuple[str, ...]] = ()
    #: Those of them that are left out where no item has a value.
    optional_columns: ClassVar[tuple[str, ...]] = ()

    _items: tuple[Item, ...]

    def table(self) -> Table:
        """One row per item, with the names in ``columns`` as columns."""
        table = Table({name: [getattr(item, name) for item in self] for name in self.columns})
        for name in self.optional_columns:
            if all(value is None for value in table[name]):
                del table[name]
        table.claim = self.claim
        return table

    @property
    def claim(self) -> str:
        """What was proved, in a few words; empty where nothing is claimed."""
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)}{'; ' if self.claim else ''}{self.claim}>"

    def _grids(self) -> list[Grid]:
        """The items, and below them other collections of results that the fields hold, such as continua."""
        held = [(name, value) for name, value in self.shown_fields() if _is_collection(value)]
        return [self._own_grid(), *(_grid_of(value, name) for name, value in held[:MORE_GRIDS])]

    def _own_grid(self) -> Grid:
        table = self.table()
        if not table:
            return _grid_of(self._items, "")
        return Grid(tuple(table), list(zip(*table.values(), strict=True)), len(self))

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _is_collection(value: Any) -> bool:
    """Whether a field holds results of one type."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, Frozen) for item in value)


def _grid_of(items: tuple[Any, ...], field: str) -> Grid:
    """A table of the fields of results, under the name of the field that holds them."""
    rows = [item.shown_fields() for item in items[:ROWS]]
    names = tuple(name for name, _ in rows[0]) if rows else ()
    return Grid(names, [[value for _, value in row] for row in rows], len(items), field.replace("_", " ").capitalize())
