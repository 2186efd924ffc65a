"""What a file or module says of its network beside the arrays: where such things stand, and time constants."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .contents import Contents
from .naming import is_other_part

__all__ = ["leak", "of_modules", "parsed", "said_of"]

_LEAKS = ("alpha", "α", "leak", "leak_rate")
# By which the parts of a model say what they are.
_KINDS = ("class_name", "type", "kind", "name")
_MAX_DEPTH = 12
_MAX_SAID = 100_000
_MAX_TEXT = 2**20

Way = tuple[str, ...]


def said_of(contents: Contents, prefix: str) -> Iterator[tuple[Way, Any]]:
    """What the modules say of the network at `prefix`, from the inside to the outside, then the settings of the file.

    Yields
    ------
    way : tuple of str
        Where it is said; the last part is what is spoken of.
    value : object
    """
    yield from of_modules(contents, prefix)
    for said in (contents.about, contents.settings):
        for way, value in itertools.islice(_flat(said, ()), _MAX_SAID):
            if way and not any(is_other_part(part) for part in way[:-1]):
                yield way, value


def of_modules(contents: Contents, prefix: str) -> Iterator[tuple[Way, Any]]:
    """What the modules say alone, from the inside to the outside."""
    parts = prefix.split(".") if prefix else []
    for depth in range(len(parts), -1, -1):
        # Files call a layer by its own name alone.
        for name in dict.fromkeys((".".join(parts[:depth]), parts[depth - 1] if depth else "")):
            for key, value in contents.facts.get(name, {}).items():
                yield (*parts[:depth], key), value


def _flat(value: Any, way: Way, depth: int = 0) -> Iterator[tuple[Way, Any]]:
    value = parsed(value)
    if isinstance(value, Mapping) and depth < _MAX_DEPTH:
        # Lists of layers say by a word what each is.
        if depth and any(is_other_part(str(value[key])) for key in _KINDS if isinstance(value.get(key), str)):
            return
        for key, inner in value.items():
            yield from _flat(inner, (*way, *(part for part in re.split(r"[./]", str(key)) if part)), depth + 1)
    elif isinstance(value, list) and depth < _MAX_DEPTH and any(isinstance(item, (str, Mapping)) for item in value):
        for item in value:
            yield from _flat(item, way, depth + 1)
    else:
        yield way, value


def parsed(value: Any) -> Any:
    """A text that is JSON as what it says: the metadata of .safetensors files are texts."""
    try:
        return json.loads(value) if isinstance(value, str) and len(value) <= _MAX_TEXT else value
    except (ValueError, RecursionError):
        return value


def leak(contents: Contents, prefix: str, *, modules_only: bool = False) -> tuple[float | None, str]:
    """The leak α, or dt/τ, that is said of the network at `prefix`, and in what words.

    Parameters
    ----------
    contents : Contents
    prefix : str
    modules_only : bool, optional
        Ask what modules in memory say, not the settings of a file, where α may be anything.
    """
    said: dict[str, float] = {}
    for way, value in of_modules(contents, prefix) if modules_only else said_of(contents, prefix):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            said.setdefault(way[-1].lower(), float(value))
    for name in _LEAKS:
        if name in said:
            return said[name], f"{name} = {said[name]!r}"
    tau = next((said[name] for name in ("tau", "τ") if name in said), 0.0)
    if "dt" in said and tau > 0.0:
        return said["dt"] / tau, f"dt/tau = {said['dt']!r}/{tau!r}"
    return None, ""
