"""Collections of results: sequences that make tables, and tables that pandas takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar, overload

from ._frozen import Frozen

__all__ = ["Item", "ResultSequence", "Table"]

Item = TypeVar("Item")


class Table(dict[str, list[Any]]):
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
