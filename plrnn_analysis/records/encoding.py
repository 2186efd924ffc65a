"""Values as what :mod:`json` accepts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from os import PathLike, fspath
from typing import Any, get_args, get_origin

import numpy as np

from .._wording import with_article
from ..errors import RecordError
from .arrays import array_value
from .hints import alternatives, array_kind, item_hints
from .numbers import EXACT_INTEGERS, float_value, int_value, is_float_text

__all__ = ["encode", "object_record"]


def object_record(value: Any) -> dict[str, Any]:
    """A result as a dict: its type, its fields, and what readers in other languages may want beside them.

    Parameters
    ----------
    value : Recorded
    """
    hints = value.record_hints()
    record = {"type": type(value).__name__}
    for name, held in value.record_values().items():
        record[value.record_key(name)] = encode(held, hints[name])
    record.update({name: encode(getattr(value, name), Any) for name in value.also_written})
    return record


def encode(value: Any, hint: Any) -> Any:
    """A value for JSON.

    Parameters
    ----------
    value : object
    hint : object
        What the field that holds it is annotated with; what the annotation says, the record does not repeat.

    Raises
    ------
    RecordError
        If the value is of a kind that no record holds.
    """
    if value is None or isinstance(value, (bool, np.bool_)):
        return None if value is None else bool(value)
    if isinstance(value, np.ndarray):
        return array_value(value, array_kind(hint))
    if isinstance(value, (str, Enum, PathLike)):
        text = str(value.value) if isinstance(value, Enum) else str(fspath(value))
        return {"$text": text} if is_float_text(text) else text
    number = _number(value)
    if number is not None:
        return number
    if hasattr(value, "record_values"):
        return object_record(value)
    if isinstance(value, (tuple, list)):
        return _sequence(value, hint)
    if isinstance(value, Mapping):
        return _mapping(value, hint)
    if hasattr(value, "p") and hasattr(value, "q"):
        return {"$rational": str(value)}
    raise RecordError(f"{with_article(type(value).__name__)} cannot be written as JSON: {str(value)[:80]!r}")


def _number(value: Any) -> Any:
    if isinstance(value, (int, np.integer)):
        return int_value(int(value))
    if isinstance(value, (float, np.floating)):
        return float_value(float(value))
    if isinstance(value, (complex, np.complexfloating)):
        return {"$complex": [float_value(float(value.real)), float_value(float(value.imag))]}
    return None


def _sequence(value: Any, hint: Any) -> Any:
    kind: type = tuple if isinstance(value, tuple) else list
    hints = item_hints(hint, len(value), kind)
    items = [encode(item, Any if hints is None else hints[i]) for i, item in enumerate(value)]
    return {"$tuple": items} if hints is None and kind is tuple else items


def _mapping(value: Mapping[Any, Any], hint: Any) -> Any:
    item = _item_hint(value, hint)
    names = [str(key) for key in value] if all(type(key) in (str, int) for key in value) else []
    # A key that could be taken for a type or a tag, or a number for a text, is written beside its item instead.
    if len(names) == len(value) and not any(name == "type" or name.startswith("$") for name in names):
        if item is not None:
            return {name: encode(held, item) for name, held in zip(names, value.values(), strict=True)}
        if all(isinstance(key, str) for key in value):
            return {name: encode(held, Any) for name, held in zip(names, value.values(), strict=True)}
    return {"$dict": [[encode(key, Any), encode(held, Any)] for key, held in value.items()]}


def _item_hint(value: Mapping[Any, Any], hint: Any) -> Any:
    """The annotation of the items, where one says that the keys are what they are: texts, or numbers of usual size."""
    for member in alternatives(hint):
        origin, arguments = get_origin(member), get_args(member)
        if isinstance(origin, type) and issubclass(origin, Mapping) and arguments[0] in (str, int):
            if all(type(key) is arguments[0] and (arguments[0] is str or abs(key) <= EXACT_INTEGERS) for key in value):
                return arguments[1]
    return None
