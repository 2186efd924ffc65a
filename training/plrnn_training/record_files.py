"""Read the JSON files that runs leave behind, which may be damaged or changed by hand."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from plrnn_analysis._validation import shown
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.errors import CheckpointError

__all__ = ["fields_of", "read_object"]

# Whole numbers beyond it are no counts.
_LARGEST = 2**63


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If it holds no JSON object.
    CheckpointError
        If it is a pipe, a device or a directory.
    """
    if path.exists():
        check_regular(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    return content


def fields_of(kind: type, content: Mapping[str, Any], path: Path, but: Collection[str] = ()) -> dict[str, Any]:
    """What the constructor of a dataclass takes, each value of the type that it must have.

    Parameters
    ----------
    kind : type
        A dataclass of texts, numbers, truth values, None and dicts of numbers.
    content : mapping of str to object
        From the file; other entries than the fields are refused.
    path : Path
        For the message.
    but : collection of str, optional
        Fields that are not in the file.

    Raises
    ------
    CheckpointError
        If something is missing, unknown or of another type.
    """
    damaged = f"{path} is damaged, or was changed"
    hints = _hints(kind)
    own = [field for field in fields(kind) if field.name not in but]
    for name in content:
        if name not in [field.name for field in own]:
            raise CheckpointError(f"{damaged}: nothing is called {shown(name)}")
    for field in own:
        if field.name not in content:
            if field.default is MISSING and field.default_factory is MISSING:
                raise CheckpointError(f"{damaged}: {field.name} is missing")
        elif not _fits(content[field.name], hints[field.name]):
            raise CheckpointError(f"{damaged}: its {field.name} is {shown(content[field.name])}")
    return dict(content)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, kind) for kind in get_args(hint))
    if get_origin(hint) is dict:
        return isinstance(value, dict) and all(_fits(item, get_args(hint)[1]) for item in value.values())
    if hint is None or hint is NoneType:
        return value is None
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if isinstance(value, int):
        return hint in (int, float) and abs(value) < _LARGEST
    return isinstance(value, hint)
