"""Records back into results. Nothing is executed or imported: a record can only name types that exist already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from os import PathLike
from typing import Any, get_args, get_origin

import numpy as np

from .._wording import with_article
from ..errors import PLRNNError, RecordError
from .arrays import as_array, as_rational
from .envelope import read
from .hints import alternatives, array_kind, item_hints
from .numbers import as_float, as_int, is_float_text
from .registry import type_named

__all__ = ["decode_object", "from_json"]


def from_json(source: str | PathLike[str]) -> Any:
    """Read a result that its method ``to_json`` or a ``--json`` option of the command line wrote.

    Parameters
    ----------
    source : str or path-like
        The text of the record, or the name of a file that holds it.

    Returns
    -------
    Recorded
        Of the type that the record names, with the same fields bit for bit.

    Raises
    ------
    RecordError
        If it is no JSON, of another version, of an unknown type, or fields are missing, unknown or wrong.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> from_json(tent.fixed_points().to_json())
    <FixedPoints: 2 isolated; complete>
    """
    return decode_object(read(source), "the record")


def decode_object(data: Mapping[str, Any], where: str) -> Any:
    """A result from its record."""
    cls: Any = type_named(data.get("type"))
    hints = cls.record_hints()
    keys = {cls.record_key(name): name for name in hints}
    unknown = [key for key in data if key not in keys and key != "type" and key not in cls.also_written]
    if unknown:
        raise RecordError(
            f"{where}: {with_article(cls.__name__)} of this version has no {', '.join(map(repr, unknown))}"
        )
    values = {
        name: decode(data[key], hints[name], f"{where}: {key} of {cls.__name__}")
        for key, name in keys.items()
        if key in data
    }
    try:
        return cls.from_record_values(values)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, PLRNNError) as error:
        missing = [key for key, name in keys.items() if name not in values]
        said = f"without {', '.join(missing)}" if missing and isinstance(error, TypeError) else f"({error})"
        raise RecordError(f"{where} is no {cls.__name__} {said}") from error


def decode(value: Any, hint: Any, where: str) -> Any:
    """Inverse of :func:`plrnn_analysis.records.encoding.encode`."""
    members = alternatives(hint)
    if Any in members:
        return _anything(value, where)
    kind = array_kind(hint)
    if isinstance(value, dict):
        if "dtype" in value and kind is not None:
            return as_array(value, kind, where)
        if "type" in value or "$" in next(iter(value), "")[:1]:
            return _checked(_anything(value, where), members, where)
        return _mapping(value, members, where)
    if isinstance(value, list):
        hints = item_hints(hint, len(value), tuple)
        if hints is not None:
            return tuple(decode(item, hints[i], where) for i, item in enumerate(value))
        if kind is not None:
            return as_array(value, kind, where)
        hints = item_hints(hint, len(value), list)
        if hints is not None:
            return [decode(item, hints[i], where) for i, item in enumerate(value)]
    return _scalar(value, members, where)


def _scalar(value: Any, members: tuple[Any, ...], where: str) -> Any:
    """A number, a word, a truth value or nothing, as one of the annotations wants it."""
    if value is None and type(None) in members:
        return None
    if isinstance(value, bool) and bool in members:
        return value
    for member in members:
        if isinstance(member, type) and issubclass(member, Enum):
            try:
                return member(value)
            except ValueError:
                continue
    wanted: list[tuple[type, Callable[[Any], Any]]] = [(int, as_int), (float, as_float), (complex, as_float)]
    # A whole number stays one where the annotation allows both.
    for kind, convert in wanted if not isinstance(value, float) else [*wanted[1:], wanted[0]]:
        if kind in members:
            try:
                return convert(value)
            except (ValueError, OverflowError):
                continue
    if isinstance(value, str) and str in members:
        return value
    raise RecordError(f"{where} cannot be {_brief(value)}")


def _mapping(value: dict[str, Any], members: tuple[Any, ...], where: str) -> dict[Any, Any]:
    for member in members:
        origin, arguments = get_origin(member), get_args(member)
        if isinstance(origin, type) and issubclass(origin, Mapping) and arguments[0] in (str, int):
            try:
                keys = [arguments[0](key) for key in value]
            except ValueError as error:
                raise RecordError(f"{where} has numbers as keys, got {_brief(value)}") from error
            return {key: decode(item, arguments[1], where) for key, item in zip(keys, value.values(), strict=True)}
    raise RecordError(f"{where} cannot be {_brief(value)}")


def _checked(found: Any, members: tuple[Any, ...], where: str) -> Any:
    """What a record says to be, if the annotation allows it."""
    classes = tuple(get_origin(member) or member for member in members)
    if not isinstance(found, tuple(kind for kind in classes if isinstance(kind, type))):
        raise RecordError(f"{where} cannot be {with_article(type(found).__name__)}")
    return found


def _anything(value: Any, where: str) -> Any:
    """A value about which no annotation says anything."""
    if isinstance(value, list):
        return [_anything(item, where) for item in value]
    if isinstance(value, str) and is_float_text(value):
        return as_float(value)
    if not isinstance(value, dict):
        return value
    if "type" in value:
        return decode_object(value, where)
    if value.keys() == {"dtype", "shape", "data"}:
        return as_array(value, np.dtype(np.float64), where)
    if len(value) == 1 and next(iter(value)).startswith("$"):
        return _tagged(*next(iter(value.items())), where)
    return {key: _anything(item, where) for key, item in value.items()}


def _tagged(tag: str, value: Any, where: str) -> Any:
    readers: dict[str, Callable[[], Any]] = {
        "$int": lambda: as_int({"$int": value}),
        "$text": lambda: str(value),
        "$complex": lambda: complex(*map(as_float, value)),
        "$rational": lambda: as_rational(value),
        "$tuple": lambda: tuple(_anything(item, where) for item in value),
        "$dict": lambda: {_anything(key, where): _anything(item, where) for key, item in value},
    }
    if tag not in readers:
        raise RecordError(f"{where} holds {tag!r}, which this version does not know")
    try:
        return readers[tag]()
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise RecordError(f"{where} holds a {tag} that cannot be read: {_brief(value)}") from error


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
