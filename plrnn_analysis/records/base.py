"""The base of everything that is written as JSON."""

from __future__ import annotations

from dataclasses import fields
from os import PathLike
from typing import Any, ClassVar, Self, cast

from ..errors import RecordError
from .decoding import decode_object
from .encoding import object_record
from .envelope import read, write
from .hints import field_hints
from .registry import register

__all__ = ["Recorded"]


class Recorded:
    """What can be written as JSON and read back; every subclass is known by its name.

    A dataclass needs nothing more. Other classes say what their record holds by :meth:`record_values` and
    :meth:`record_hints`, and are made from that by :meth:`from_record_values`.
    """

    #: Properties that are written beside the fields, for readers in other languages, and not read.
    also_written: ClassVar[tuple[str, ...]] = ()

    #: What the record calls the items of a collection.
    items_key: ClassVar[str] = "items"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        register(cls)

    def to_json(self, path: str | PathLike[str] | None = None, *, indent: int | None = None) -> str:
        """The result as JSON, exactly: :meth:`from_json` gives it back bit for bit.

        Parameters
        ----------
        path : path-like, optional
            A file to write as well, whole or not at all.
        indent : int, optional
            Spread over lines, for reading; by default one line.

        Returns
        -------
        str

        Raises
        ------
        RecordError
            If it holds something that cannot be written, such as an open file among the metadata.
        OSError
            If the file cannot be written.
        """
        return write(object_record(self), path, indent)

    @classmethod
    def from_json(cls, source: str | PathLike[str]) -> Self:
        """Read a result of this type that its ``to_json`` wrote.

        Parameters
        ----------
        source : str or path-like
            The text, or the name of a file.

        Raises
        ------
        RecordError
            If it is no record, of another version or holds another type;
            :func:`plrnn_analysis.from_json` takes any type.
        """
        data = read(source)
        found = decode_object(data, "the record")
        if not isinstance(found, cls):
            raise RecordError(
                f"the record holds {type(found).__name__}, not {cls.__name__}: plrnn_analysis.from_json reads any type"
            )
        return found

    def record_values(self) -> dict[str, Any]:
        """What is written, by field."""
        return {name: getattr(self, name) for name in self.record_hints()}

    @classmethod
    def record_hints(cls) -> dict[str, Any]:
        """The annotation of each field."""
        hints = field_hints(cast(Any, cls))
        return {field.name: hints[field.name] for field in fields(cast(Any, cls)) if field.init}

    @classmethod
    def record_key(cls, field: str) -> str:
        """What the record calls a field."""
        return cls.items_key if field == "_items" else field.lstrip("_")

    @classmethod
    def from_record_values(cls, values: dict[str, Any]) -> Self:
        """The object from what was written."""
        return cls(**values)
