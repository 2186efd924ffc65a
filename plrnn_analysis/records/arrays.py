"""Arrays as nested lists, bit for bit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import RecordError
from .numbers import EXACT_INTEGERS, as_float, as_int, float_value, int_value

__all__ = ["array_value", "as_array", "as_rational"]

#: What may stand in a record for the type of an array's entries.
KINDS = re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)|complex(64|128)|str|rational")
RATIONAL = re.compile(r"-?\d+(/\d+)?")
#: Entries that an array may have at most.
MOST = 2**40


def array_value(array: np.ndarray, assumed: np.dtype | None) -> Any:
    """An array for JSON.

    Parameters
    ----------
    array : ndarray
    assumed : dtype or None
        What a reader takes nested lists for; other arrays, and those without entries, say their type and shape.

    Returns
    -------
    list or dict
    """
    kind = _kind(array)
    if assumed is not None and array.dtype == assumed and array.ndim and array.size:
        return _nested(array, kind)
    return {"dtype": kind, "shape": list(array.shape), "data": _nested(array, kind) if array.size else []}


def _kind(array: np.ndarray) -> str:
    if array.dtype.kind == "U":
        return "str"
    if array.dtype == object and all(hasattr(x, "p") and hasattr(x, "q") for x in array.flat):
        return "rational"
    name = array.dtype.newbyteorder("=").name
    if not KINDS.fullmatch(name) or np.ma.isMaskedArray(array):
        raise RecordError(f"an array of {array.dtype} cannot be written as JSON")
    return name


def _nested(array: np.ndarray, kind: str) -> Any:
    if kind == "bool" and array.ndim:
        rows = array.reshape(-1, array.shape[-1])
        return _folded(["".join("1" if bit else "0" for bit in row) for row in rows.tolist()], array.shape[:-1])
    if kind.startswith("float"):
        return array.tolist() if np.isfinite(array).all() else _mapped(array.tolist(), float_value)
    if kind.startswith("complex"):
        return _mapped(array.tolist(), lambda z: [float_value(z.real), float_value(z.imag)])
    if kind == "rational":
        return _mapped(array.tolist(), str)
    if kind.endswith("64") and np.any(np.abs(array.astype(np.float64)) >= EXACT_INTEGERS):
        return _mapped(array.tolist(), int_value)
    return array.tolist()


def _mapped(value: Any, function: Callable[[Any], Any]) -> Any:
    return [_mapped(item, function) for item in value] if isinstance(value, list) else function(value)


def _folded(items: list[Any], shape: tuple[int, ...]) -> Any:
    """A flat list as nested lists of that shape."""
    if not shape:
        return items[0]
    for n in reversed(shape[1:]):
        items = [items[i : i + n] for i in range(0, len(items), n)]
    return items


def as_array(value: Any, assumed: np.dtype, where: str) -> np.ndarray:
    """Inverse of :func:`array_value`.

    Raises
    ------
    RecordError
        If it is no array, or its shape is not what it says.
    """
    try:
        if isinstance(value, list):
            return _entries(value, assumed.name, None)
        if isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}:
            shape = tuple(as_int(n) for n in value["shape"])
            if all(0 <= n for n in shape) and math.prod(shape) <= MOST and KINDS.fullmatch(value["dtype"]):
                return _entries(value["data"], value["dtype"], shape)
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise RecordError(f"{where} must be an array: {error}") from error
    raise RecordError(f"{where} must be an array, as nested lists or with dtype, shape and data; got {_brief(value)}")


def _entries(data: Any, kind: str, shape: tuple[int, ...] | None) -> np.ndarray:
    if shape is not None and not math.prod(shape):
        return np.empty(shape, dtype=_dtype(kind))
    if kind == "bool":
        return _bits(data, shape)
    if kind == "rational":
        array = np.array(_mapped(data, as_rational), dtype=object)
    elif kind == "str":
        array = np.array(_mapped(data, _text), dtype=np.str_)
    elif kind.startswith("complex"):
        parts = np.array(_mapped(data, as_float), dtype=np.float64)
        if parts.shape[-1:] != (2,):
            raise ValueError("complex numbers are pairs")
        array = np.empty(parts.shape[:-1], np.complex128)
        array.real, array.imag = parts[..., 0], parts[..., 1]
        array = array.astype(_dtype(kind))
    elif kind.startswith("float"):
        array = _floats(data).astype(_dtype(kind))
    else:
        array = np.array(_mapped(data, as_int), dtype=_dtype(kind))
    if shape is not None and array.shape != shape:
        raise ValueError(f"it says that its shape is {shape}, and has shape {array.shape}")
    return array


def _floats(data: Any) -> np.ndarray:
    """Nested lists of numbers and of words for those that are not finite."""
    array = np.array(data)
    if array.dtype.kind == "f":
        return array
    return np.array(_mapped(data, as_float), dtype=np.float64)


def _bits(data: Any, shape: tuple[int, ...] | None) -> np.ndarray:
    if shape == ():
        if not isinstance(data, bool):
            raise ValueError(f"no truth value: {data!r}")
        return np.array(data)
    rows = _mapped(data, lambda text: [{"0": False, "1": True}.get(c) for c in _text(text)])
    array = np.array(rows)
    if array.dtype != bool or (shape is not None and array.shape != shape):
        raise ValueError("truth values are texts of 0 and 1, of one length")
    return array


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"no text: {value!r}")
    return value


def as_rational(value: Any) -> Any:
    """A rational number of python-flint."""
    from flint import fmpq

    if not isinstance(value, str) or not RATIONAL.fullmatch(value):
        raise ValueError(f"no fraction: {value!r}")
    top, _, bottom = value.partition("/")
    return fmpq(_long(top), _long(bottom) if bottom else 1)


def _long(digits: str) -> Any:
    """An integer of any length: Python's own conversion has a limit of digits."""
    from flint import fmpz

    return fmpz(digits)


def _dtype(kind: str) -> np.dtype:
    return np.dtype({"str": np.str_, "rational": object}.get(kind, kind))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
