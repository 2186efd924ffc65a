"""The types that records may name: classes that were defined, never names that are looked up or imported."""

from __future__ import annotations

from ..errors import RecordError
from ..hooks import import_all_results

__all__ = ["register", "type_named"]

_TYPES: dict[str, type] = {}


def register(cls: type) -> None:
    """Make a class known under its name.

    The first class of a name keeps it, so that no class defined later changes what a file means; only a class that is
    defined anew, as a notebook's cell that is run twice does, takes the place of its older self.
    """
    known = _TYPES.setdefault(cls.__name__, cls)
    if (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__):
        _TYPES[cls.__name__] = cls


def type_named(name: object) -> type:
    """The class of that name.

    Raises
    ------
    RecordError
        If there is none.
    """
    if not isinstance(name, str):
        raise RecordError(f'a result says by "type" what it is, as text; got {name!r}')
    if name not in _TYPES:
        import_all_results()
    if name not in _TYPES:
        raise RecordError(
            f"{name[:80]!r} is no result type of this package: the file is of another program, of a newer version, or "
            "needs a package that defines the type and is not imported"
        )
    return _TYPES[name]
