"""Entries of a network's metadata that mean something here, and of which kind each must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._validation import shown

__all__ = ["mapping_entry", "misfits", "texts_entry"]

_OBJECTS = ("training", "probes", "initial_state")
_TEXTS = ("notes", "input_names", "output_names")


def mapping_entry(metadata: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An entry that is an object, with texts for keys; empty where it is missing or of another kind.

    Examples
    --------
    >>> mapping_entry({"training": {"task": "copy"}}, "training"), mapping_entry({"training": "long"}, "training")
    ({'task': 'copy'}, {})
    """
    value = metadata.get(key)
    return value if isinstance(value, Mapping) and all(isinstance(name, str) for name in value) else {}


def texts_entry(metadata: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """An entry that is a list of texts; empty where it is missing or of another kind.

    Examples
    --------
    >>> texts_entry({"notes": ["by hand"]}, "notes"), texts_entry({"notes": "by hand"}, "notes")
    (('by hand',), ())
    """
    value = metadata.get(key)
    fits = isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)
    return tuple(value) if fits and value is not None else ()


def misfits(metadata: Mapping[str, Any]) -> list[str]:
    """A sentence for each entry that is of another kind than it must be, and so is not used.

    Examples
    --------
    >>> misfits({"training": "three days", "seed": "anything"})
    ["the metadata's training is not used, since it is no object: 'three days'"]
    """
    said = []
    for keys, kind, read in ((_OBJECTS, "object", mapping_entry), (_TEXTS, "list of texts", texts_entry)):
        for key in keys:
            value = metadata.get(key)
            if value is not None and not read(metadata, key) and not _is_empty(value):
                said.append(f"the metadata's {key} is not used, since it is no {kind}: {shown(value)}")
    return said


def _is_empty(value: Any) -> bool:
    return isinstance(value, (list, tuple, Mapping)) and not value
