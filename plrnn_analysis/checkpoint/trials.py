"""Recorded trials in a file: which arrays they are, and how they become part of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ModelError
from ..recorded_trials import MAX_NUMBERS, RecordedTrials
from .contents import Contents, shape_text

__all__ = ["CONDITION_NAMES", "encode_trials", "split_trials"]

#: Key of the metadata that names the conditions.
CONDITION_NAMES = "condition_names"

_INPUTS = "trials_inputs"
_FIELDS = {
    _INPUTS: "inputs",
    "trials_conditions": "conditions",
    "trials_lengths": "lengths",
    "trials_initial": "initial",
}


def encode_trials(trials: RecordedTrials | None) -> dict[str, np.ndarray]:
    """The arrays of a file that hold the trials; the names of the conditions go into the metadata."""
    if trials is None:
        return {}
    held = {name: getattr(trials, field) for name, field in _FIELDS.items()}
    return {name: value for name, value in held.items() if value is not None}


def split_trials(contents: Contents, metadata: Mapping[str, Any]) -> tuple[Contents, RecordedTrials | None]:
    """The file without its recorded trials, and these, where there are any.

    Parameters
    ----------
    contents : Contents
    metadata : mapping
        Of the file; ``condition_names`` may also be such a list as JSON text.

    Raises
    ------
    CheckpointError
        If the arrays do not belong together, or are larger than recorded trials may be.
    """
    if _INPUTS not in contents.entries:
        return contents, None
    for name in _FIELDS.keys() & contents.entries.keys():
        shape = contents.entries[name].shape
        if np.prod(shape, dtype=float) > MAX_NUMBERS:
            raise contents.error(f"{name} {shape_text(shape)} is larger than recorded trials may be ({MAX_NUMBERS})")
    held = {field: contents.array(name) for name, field in _FIELDS.items() if name in contents.entries}
    names = metadata.get(CONDITION_NAMES, ())
    try:
        named = json.loads(names) if isinstance(names, str) else names
        trials = RecordedTrials(**held, condition_names=named)
    except (ModelError, ValueError) as error:
        raise contents.error(f"the recorded trials in it are damaged: {error}", "Export it again.") from error
    rest = {name: entry for name, entry in contents.entries.items() if name not in _FIELDS}
    return replace(contents, entries=rest), trials
