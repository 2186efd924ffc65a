"""What a file or module says of its network beside the arrays: nonlinearity, time constants, numbers of units."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..activations import Activation, as_activation
from ..errors import ModelError
from .contents import Contents
from .naming import is_other_part

__all__ = ["activation", "leak", "parsed", "said_of"]

_ACTIVATION = re.compile(
    r"(hidden_|rnn_|recurrent_)?(non_?linearity|activation|act|phi|transfer)(_?(fn|func|function|name|type))?"
)
_NOT_ABOUT_IT = "If that is not about this network, leave it out of the file, or give from_torch the state dict alone."
_LEAKS = ("alpha", "α", "leak", "leak_rate")
_MAX_DEPTH = 8
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
    yield from _of_modules(contents, prefix)
    for said in (contents.about, contents.settings):
        for way, value in _flat(said, ()):
            if way and not any(is_other_part(part) for part in way[:-1]):
                yield way, value


def _of_modules(contents: Contents, prefix: str) -> Iterator[tuple[Way, Any]]:
    parts = prefix.split(".") if prefix else []
    for depth in range(len(parts), -1, -1):
        # Files call a layer by its own name alone.
        for name in dict.fromkeys((".".join(parts[:depth]), parts[depth - 1] if depth else "")):
            for key, value in contents.facts.get(name, {}).items():
                yield (*parts[:depth], key), value


def _flat(value: Any, way: Way) -> Iterator[tuple[Way, Any]]:
    value = parsed(value)
    if isinstance(value, Mapping) and len(way) < _MAX_DEPTH:
        for key, inner in value.items():
            yield from _flat(inner, (*way, *(part for part in re.split(r"[./]", str(key)) if part)))
    else:
        yield way, value


def parsed(value: Any) -> Any:
    """A text that is JSON as what it says: the metadata of .safetensors files are texts."""
    try:
        return json.loads(value) if isinstance(value, str) and len(value) <= _MAX_TEXT else value
    except (ValueError, RecursionError):
        return value


def activation(contents: Contents, prefix: str) -> Activation | None:
    """The activation of the network at `prefix`, if anything says it.

    Raises
    ------
    CheckpointError
        If it is not piecewise linear, or two are named.
    """
    found: Activation | None = None
    source = ""
    own = len(list(_of_modules(contents, prefix)))
    for index, (way, value) in enumerate(said_of(contents, prefix)):
        if not _ACTIVATION.fullmatch(way[-1].lower()) or not (isinstance(value, str) or callable(value)) or not value:
            continue
        here = f"{'.'.join(way)} = {value if isinstance(value, str) else _name(value)!r}"
        word = value.strip().rpartition(".")[2] if isinstance(value, str) else value
        try:
            meant = as_activation(word)
        except ModelError as error:
            raise contents.error(f"it says {here}: {error}", _NOT_ABOUT_IT) from error
        if index < own:
            # The module itself speaks first, those around it only if it is silent.
            return meant
        if found is not None and meant != found:
            raise contents.error(f"it says both {source} and {here}", "Save the one network alone.")
        found, source = meant, here
    return found


def _name(value: Any) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


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
    for way, value in _of_modules(contents, prefix) if modules_only else said_of(contents, prefix):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            said.setdefault(way[-1].lower(), float(value))
    for name in _LEAKS:
        if name in said:
            return said[name], f"{name} = {said[name]!r}"
    tau = next((said[name] for name in ("tau", "τ") if name in said), 0.0)
    if "dt" in said and tau > 0.0:
        return said["dt"] / tau, f"dt/tau = {said['dt']!r}/{tau!r}"
    return None, ""
