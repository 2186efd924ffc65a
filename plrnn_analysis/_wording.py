"""English for messages that name what was found."""

from __future__ import annotations

import re

__all__ = ["with_article"]

# As they are spoken: an ndarray, an HDF5 file, an LSTM, but a uint8 and a unit.
_AN = re.compile(r"[aeio]|u(?!int|ni|se)|ndarray|(HDF|LSTM|RNN)", re.IGNORECASE)


def with_article(noun: str) -> str:
    """The noun with "a" or "an" before it.

    Examples
    --------
    >>> with_article("int"), with_article("list"), with_article("ndarray"), with_article("uint8")
    ('an int', 'a list', 'an ndarray', 'a uint8')
    """
    return f"{'an' if _AN.match(noun) else 'a'} {noun}"
