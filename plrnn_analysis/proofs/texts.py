"""Whole numbers, and what is made of them, as JSON."""

from __future__ import annotations

import gzip
import json
from typing import Any

__all__ = ["packed", "step_text", "text"]

# Larger numbers are written in hexadecimal digits: readers of JSON limit decimal ones.
LARGEST = 1 << 53
# Checkers read files that unpack to a hundred times their size.
LARGEST_RATIO = 90


def text(value: Any) -> str:
    """Lists, dictionaries, strings and whole numbers as JSON, long numbers as strings of hexadecimal digits.

    Examples
    --------
    >>> text([1, -(2**64)])
    '[1,"-10000000000000000"]'
    """
    return json.dumps(_plain(value), separators=(",", ":"))


def step_text(kind: str, *evidence: Any) -> str:
    """A step of a proof as JSON."""
    return text([kind, *evidence])


def packed(content: bytes) -> bytes:
    """Compressed, but not so well that a checker takes it for a bomb."""
    result = gzip.compress(content, 6, mtime=0)
    if len(content) > LARGEST_RATIO * len(result):
        result = gzip.compress(content, 0, mtime=0)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        if set(map(type, value)) == {int} and max(value) <= LARGEST and min(value) >= -LARGEST:
            return value
        return [_plain(part) for part in value]
    return f"{value:x}" if isinstance(value, int) and abs(value) > LARGEST else value
