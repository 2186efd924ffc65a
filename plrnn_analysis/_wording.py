"""English for messages that name what was found."""

from __future__ import annotations

import re

__all__ = ["printable", "with_article"]

_BLANKS = "\n\t\u00a0\u202f"

# As they are spoken: an ndarray, an HDF5 file, an LSTM, but a uint8 and a unit.
_AN = re.compile(r"[aeio]|u(?!int|ni|se)|ndarray|(HDF|LSTM|RNN)", re.IGNORECASE)


def printable(text: str, longest: int | None = None) -> str:
    r"""The text as a terminal may show it: control characters, which could act on it, escaped.

    Parameters
    ----------
    text : str
    longest : int, optional
        The middle of a longer text is left out.

    Examples
    --------
    >>> print(printable("W\x1b[2J"))
    W\x1b[2J
    """
    # Cut before, since escaping takes its time, and after, since what is escaped is longer.
    shown = "".join(c if c.isprintable() or c in _BLANKS else ascii(c)[1:-1] for c in _cut(text, longest))
    return _cut(shown, longest)


def _cut(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    return f"{text[: longest - 100]} ... {text[-90:]}"


def with_article(noun: str) -> str:
    """The noun with "a" or "an" before it.

    Examples
    --------
    >>> with_article("int"), with_article("list"), with_article("ndarray"), with_article("uint8")
    ('an int', 'a list', 'an ndarray', 'a uint8')
    """
    return f"{'an' if _AN.match(noun) else 'a'} {noun}"
