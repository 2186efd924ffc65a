"""Values in a few words: arrays by shape, long bitcodes by their beginning, numbers in four digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import wraps
from typing import Any

import numpy as np

from .._wording import printable

__all__ = [
    "call_text",
    "count_words",
    "one_line",
    "short",
    "short_bitcode",
    "short_number",
    "short_state",
    "short_word",
    "upper_number",
    "verb",
]

#: Characters of a line that stands for a whole result.
LINE = 200
#: Of those, what is kept of the end, where a result says what it proved.
LINE_END = 60
#: Characters of a bitcode that is shown whole, and of the beginning that stands for a longer one.
CODE, CODE_START = 32, 24
#: Characters of other text inside a line.
TEXT = 40
#: Entries of a tuple, or coordinates of a state, that are shown one by one.
FEW = 4


def one_line(written: Callable[[Any], str]) -> Callable[[Any], str]:
    """Decorate a ``__repr__`` so that it returns one line of at most 200 characters.

    Parameters
    ----------
    written : callable
        From an object to its description. Of one that is too long the beginning and the end stay.
    """

    @wraps(written)
    def bounded(self: Any) -> str:
        text = printable(" ".join(written(self).split()))
        return text if len(text) <= LINE else f"{text[: LINE - LINE_END - 5]} ... {text[-LINE_END:]}"

    return bounded


def call_text(name: str, fields: Iterable[tuple[str, Any]]) -> str:
    """``Name(field=value, ...)``, with as many fields as a line holds.

    Parameters
    ----------
    name : str
    fields : iterable of (str, value)

    Examples
    --------
    >>> call_text("FixedPoint", [("z", np.zeros(3)), ("bitcode", "01"), ("residual", 1 / 3)])
    "FixedPoint(z=array (3,), bitcode='01', residual=0.3333)"
    """
    shown: list[str] = []
    room = LINE - len(name) - len("(, ...)")
    for field, value in fields:
        text = f"{field}={short(value)}"
        room -= len(text) + 2
        if room < 0:
            shown.append("...")
            break
        shown.append(text)
    return f"{name}({', '.join(shown)})"


def count_words(n: int, noun: str, plural: str = "") -> str:
    """``1 fixed point``, ``3 fixed points``.

    Parameters
    ----------
    n : int
    noun : str
    plural : str, optional
        By default the noun with an s.

    Examples
    --------
    >>> count_words(0, "fixed point"), count_words(1, "continuum", "continua")
    ('0 fixed points', '1 continuum')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def verb(n: int, one: str, many: str) -> str:
    """What `n` things do: ``1 of 3 runs ends``, ``2 of 3 runs end``.

    Parameters
    ----------
    n : int
    one, many : str

    Examples
    --------
    >>> [f"{n} of 3 runs {verb(n, 'ends', 'end')} there" for n in (1, 2)]
    ['1 of 3 runs ends there', '2 of 3 runs end there']
    """
    return one if n == 1 else many


def short(value: Any) -> str:
    """A value in a few words, whatever its size.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> short(np.zeros((2, 3), dtype=bool)), short(2**80), short(("0", "1")), short(["01"] * 30)
    ('bool array (2, 3)', '2^80', "('0', '1')", 'list of 30')
    """
    if isinstance(value, np.ndarray):
        kind = "" if value.dtype == np.float64 else f"{(value.dtype.kind == 'U' and 'str') or value.dtype.name} "
        return f"{kind}array {value.shape}".replace("complex128", "complex").replace("int64", "int")
    if isinstance(value, Enum):
        return repr(value.value)
    if isinstance(value, str):
        if len(value) > CODE and set(value) <= {"0", "1"}:
            return short_bitcode(value)
        return repr(value if len(value) <= TEXT else f"{value[: TEXT - 3]}...")
    if value is None or isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (int, float, complex, np.number)):
        return short_number(value)
    if isinstance(value, (tuple, list)):
        return _short_sequence(value)
    if isinstance(value, Mapping):
        return f"dict of {len(value)}"
    text = repr(value)
    worded = text.startswith("<") and " at 0x" not in text
    return text if worded and len(text) <= 2 * TEXT else f"<{type(value).__name__}>"


def short_number(value: Any) -> str:
    """A number in four digits; a large power of two as such.

    Parameters
    ----------
    value : int, float or complex

    Examples
    --------
    >>> short_number(2 / 3), short_number(1234567), short_number(0.5 - 0.25j), short_number(np.float64("inf"))
    ('0.6667', '1234567', '0.5 - 0.25i', 'inf')
    """
    if isinstance(value, (complex, np.complexfloating)):
        sign = "-" if np.signbit(value.imag) else "+"
        return f"{value.real:.4g} {sign} {abs(value.imag):.4g}i" if value.imag else f"{value.real:.4g}"
    if isinstance(value, (int, np.integer)):
        value = int(value)
        if abs(value) < 10**9:
            return str(value)
        power = abs(value).bit_length() - 1
        exact = abs(value) == 1 << power
        return f"{'-' if value < 0 else ''}{'' if exact else 'about '}2^{power}"
    return f"{value + 0.0:.4g}"  # no negative zero


def upper_number(value: float) -> str:
    """An upper bound that is not negative in two digits, rounded up.

    Examples
    --------
    >>> upper_number(1.01e-16), upper_number(0.25), upper_number(0.0), upper_number(float("inf"))
    ('1.1e-16', '0.25', '0', 'inf')
    """
    text = f"{value:.1e}"
    if float(text) < value:
        mantissa, _, order = text.partition("e")
        text = f"{(round(10 * float(mantissa)) + 1) / 10:.1f}e{order}"
    return f"{float(text):.2g}"


def short_bitcode(bitcode: str) -> str:
    """A bitcode; of more than 32 ReLUs its beginning and how many are on.

    Parameters
    ----------
    bitcode : str

    Examples
    --------
    >>> short_bitcode("0110"), short_bitcode("10" * 50)
    ('0110', '101010101010101010101010... (50 of 100 on)')
    """
    if len(bitcode) <= CODE:
        return bitcode
    return f"{bitcode[:CODE_START]}... ({bitcode.count('1')} of {len(bitcode)} on)"


def short_word(word: Sequence[str], limit: int = TEXT) -> str:
    """Bitcodes one after another, runs of one as a power.

    Parameters
    ----------
    word : sequence of str
    limit : int, optional
        Most characters.

    Examples
    --------
    >>> short_word(("0", "0", "0", "1"))
    '0^3 1'
    """
    runs: list[tuple[str, int]] = []
    for code in word:
        if runs and runs[-1][0] == code:
            runs[-1] = (code, runs[-1][1] + 1)
        else:
            runs.append((code, 1))
    text = " ".join(short_bitcode(code) + (f"^{n}" if n > 1 else "") for code, n in runs)
    return text if len(text) <= limit else f"{text[:limit]}..."


def short_state(z: np.ndarray) -> str:
    """The coordinates of a state; of more than four units its length.

    Parameters
    ----------
    z : (M,) ndarray

    Examples
    --------
    >>> short_state(np.array([1.0, -0.5])), short_state(np.ones(9))
    ('1, -0.5', '|z| = 3')
    """
    return ", ".join(map(short_number, z)) if z.size <= FEW else f"|z| = {np.linalg.norm(z):.4g}"


def _short_sequence(value: Sequence[Any]) -> str:
    kind = type(value).__name__
    simple = all(isinstance(x, (str, int, float, complex, np.generic, type(None))) for x in value)
    if len(value) > FEW or not simple:
        return f"{kind} of {len(value)}"
    inner = ", ".join(map(short, value)) + ("," if kind == "tuple" and len(value) == 1 else "")
    return f"[{inner}]" if kind == "list" else f"({inner})"
