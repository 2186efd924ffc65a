"""What the fields of a class hold, read from its annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["ComplexArray", "alternatives", "array_kind", "field_hints", "item_hints"]

#: An array of complex numbers, which a record holds as pairs (real, imaginary) without saying so each time.
ComplexArray = Annotated[np.ndarray, np.complex128]


@cache
def field_hints(cls: Any) -> dict[str, Any]:
    """Annotations of a class and its bases, resolved."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar and hint is not ClassVar}


def alternatives(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the hint alone; type variables stand for anything."""
    if isinstance(hint, TypeVar):
        return (Any,)
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(member for part in get_args(hint) for member in alternatives(part))
    return (hint,)


def array_kind(hint: Any) -> np.dtype | None:
    """The type of numbers that an array with this annotation has if its record does not say; None for no array."""
    for member in alternatives(hint):
        if get_origin(member) is Annotated:
            base, kind = get_args(member)[:2]
            if base is np.ndarray:
                return np.dtype(kind)
        elif member is np.ndarray or get_origin(member) is np.ndarray:
            return np.dtype(np.float64)
    return None


def item_hints(hint: Any, n: int, kind: type) -> list[Any] | None:
    """Annotations of the items of a tuple, a list or another sequence of n items; None if there is no such annotation.

    Parameters
    ----------
    hint : object
    n : int
    kind : {tuple, list}
    """
    for member in alternatives(hint):
        origin, arguments = get_origin(member) or member, get_args(member)
        if not isinstance(origin, type) or issubclass(origin, (str, Enum, Mapping)):
            continue
        if kind is tuple and origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return [arguments[0]] * n
            if not arguments:
                return [Any] * n
            if len(arguments) == n:
                return list(arguments)
        elif kind is list and (origin is list or origin is Sequence):
            return [arguments[0] if arguments else Any] * n
    return None
