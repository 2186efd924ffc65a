"""English for messages that name what was found."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["in_a_line", "json_text", "printable", "with_article"]

_BLANKS = "\n\t\u00a0\u202f"
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")

# Letters of a name within a sentence or a figure.
_LONGEST_NAME = 200

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


def in_a_line(name: str, longest: int = _LONGEST_NAME) -> str:
    r"""A name or a text from a file as it may stand in a sentence: no character acts, and none begins a line.

    Parameters
    ----------
    name : str
    longest : int, optional
        The middle of a longer one is left out.

    Examples
    --------
    >>> print(in_a_line("go\nComplete: yes"))
    go\nComplete: yes
    """
    shown = printable(name, longest).replace("\n", r"\n").replace("\t", r"\t")
    return _cut(shown, longest)


def json_text(value: Any, **options: Any) -> str:
    r"""JSON in the letters of its texts, but with an escape for each character that would act on a terminal.

    Parameters
    ----------
    value : object
    **options
        Of :func:`json.dumps`.

    Examples
    --------
    >>> print(json_text(["τ", "\u202eabc"]))
    ["τ", "\u202eabc"]
    """
    text = json.dumps(value, ensure_ascii=False, **options)
    # Those below a space are escaped already, where they are not between values.
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def _cut(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    end = min(90, longest // 3)
    return f"{text[: longest - end - 5]} ... {text[-end:]}"


def with_article(noun: str) -> str:
    """The noun with "a" or "an" before it.

    Examples
    --------
    >>> with_article("int"), with_article("list"), with_article("ndarray"), with_article("uint8")
    ('an int', 'a list', 'an ndarray', 'a uint8')
    """
    return f"{'an' if _AN.match(noun) else 'a'} {noun}"
