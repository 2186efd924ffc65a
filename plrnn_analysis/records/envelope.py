"""The outermost part of a record: which software wrote it, in which version of the format."""

from __future__ import annotations

import json
import os
from os import PathLike
from typing import Any

from .._files import write_atomically
from .._wording import json_text
from ..errors import RecordError
from ..hooks import version

__all__ = ["SCHEMA", "read", "write"]

#: Version of the format; raised when what a reader of an older version would make of a record changes.
SCHEMA = 1

WRITER = "plrnn_analysis"
MOST_INDENT = 100


def write(record: dict[str, Any], path: str | PathLike[str] | None, indent: int | None) -> str:
    """The text of a record, also in a file if there is a path."""
    if path is not None and not isinstance(path, (str, PathLike)):
        raise RecordError(f"path must be the name of a file, got {path!r}")
    if indent is not None and (
        not isinstance(indent, int) or isinstance(indent, bool) or not 0 <= indent <= MOST_INDENT
    ):
        raise RecordError(f"indent must be a whole number in 0..{MOST_INDENT} or None, got {indent!r}")
    whole = {WRITER: version(), "schema": SCHEMA, **record}
    text = json_text(whole, indent=indent, allow_nan=False)
    if path is not None:
        write_atomically(path, (text + "\n").encode())
    return text


def read(source: Any) -> dict[str, Any]:
    """The record in a text or a file, without the envelope.

    Raises
    ------
    RecordError
        If there is none, or it is of another version.
    """
    text, name = _text_of(source)
    try:
        whole = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is no JSON: {error}") from error
    if not isinstance(whole, dict) or WRITER not in whole or "schema" not in whole:
        keys = ", ".join(map(repr, list(whole)[:6])) if isinstance(whole, dict) else type(whole).__name__
        raise RecordError(
            f'{name} is no record of a result: those say "{WRITER}" (the version that wrote it) and "schema"; '
            f"it holds {keys[:200] or 'nothing'}"
        )
    writer, schema = whole.pop(WRITER), whole.pop("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise RecordError(
            f"{name} is of schema {str(schema)[:40]}, written by plrnn_analysis {str(writer)[:40]}; this is version "
            f"{version()}, which reads schema {SCHEMA}: install the version that wrote it"
        )
    return whole


def _text_of(source: Any) -> tuple[str, str]:
    """What a text or a file holds, and what to call it."""
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, (str, os.PathLike)):
        raise RecordError(f"from_json takes a text or the name of a file, got {type(source).__name__}")
    if isinstance(source, str) and (source.lstrip()[:1] in ("{", "[") or "\n" in source):
        return source, "the text"
    name = os.fspath(source)
    # A pipe or a device would be waited for.
    if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name):
        raise RecordError(f"{str(name)[:200]} is no regular file but a pipe, socket or device")
    try:
        with open(name, encoding="utf-8") as file:
            return file.read(), str(name)
    except UnicodeDecodeError as error:
        raise RecordError(f"{name} is no JSON: it is not text in UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordError(f"{str(name)[:200]} is neither JSON nor a file that can be read ({reason})") from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON; records write it as text")
