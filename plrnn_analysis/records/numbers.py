"""Numbers that JSON has no signs for: infinities, NaN with its bits, integers beyond 2^53."""

from __future__ import annotations

import math
import struct
from typing import Any

__all__ = ["EXACT_INTEGERS", "as_float", "as_int", "float_value", "int_value", "is_float_text"]

#: Integers up to this size are numbers in every reader of JSON; larger ones are written as text.
EXACT_INTEGERS = 2**53

_INFINITIES = {"Infinity": math.inf, "-Infinity": -math.inf}
_NAN = "NaN"
#: The bits of the NaN that ``float("nan")`` is.
_NAN_BITS = "7ff8000000000000"


def float_value(x: float) -> float | str:
    """A double for JSON: itself if it is finite, else a word.

    Examples
    --------
    >>> float_value(0.5), float_value(-math.inf), float_value(math.nan)
    (0.5, '-Infinity', 'NaN')
    """
    if math.isfinite(x):
        return x
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    bits = struct.pack(">d", x).hex()
    return _NAN if bits == _NAN_BITS else f"{_NAN}:{bits}"


def is_float_text(text: str) -> bool:
    """Whether a text stands for a number that is not finite."""
    return text in _INFINITIES or text == _NAN or (text.startswith(f"{_NAN}:") and len(text) == len(_NAN) + 17)


def as_float(value: Any) -> float:
    """Inverse of :func:`float_value`.

    Raises
    ------
    ValueError
        If it is neither a number nor one of the words.
    """
    if isinstance(value, str):
        if value in _INFINITIES:
            return _INFINITIES[value]
        if value == _NAN:
            return math.nan
        if is_float_text(value):
            x: float = struct.unpack(">d", bytes.fromhex(value.removeprefix(f"{_NAN}:")))[0]
            if math.isnan(x):
                return x
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"no number: {value!r}")


def int_value(n: int) -> int | dict[str, str]:
    """An integer for JSON: itself up to 2^53, else its hexadecimal digits.

    Examples
    --------
    >>> int_value(7), int_value(2**60)
    (7, {'$int': '0x1000000000000000'})
    """
    return n if abs(n) <= EXACT_INTEGERS else {"$int": hex(n)}


def as_int(value: Any) -> int:
    """Inverse of :func:`int_value`.

    Raises
    ------
    ValueError
        If it is no whole number.
    """
    if isinstance(value, dict) and value.keys() == {"$int"} and isinstance(value["$int"], str):
        return int(value["$int"], 16)
    # Tools that write every number with a point have not changed a whole one.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not float(value).is_integer():
        raise ValueError(f"no whole number: {value!r}")
    return int(value)
