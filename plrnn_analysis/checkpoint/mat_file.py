"""Read and write MATLAB files, version 5; those of 7.3 are HDF5."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from ..errors import CheckpointError
from .contents import MAX_ELEMENTS, Contents, Entry, largest_text
from .h5_file import read_h5
from .mat5 import Opaque, parse_mat5

__all__ = ["encode_mat", "read_mat"]

_METADATA = "plrnn_metadata"


def read_mat(path: Path) -> Contents:
    """Read all numeric variables, also those inside structs (their names joined with dots).

    MATLAB has no vectors: they are matrices with one row or one column.

    Raises
    ------
    CheckpointError
        If it is not a whole file of version 5 or 7.3.
    """
    try:
        variables = parse_mat5(path.read_bytes(), MAX_ELEMENTS)
    except NotImplementedError:
        return read_h5(path)
    except (OSError, ValueError, MemoryError) as error:
        raise CheckpointError(
            f"{path}: not readable as a MATLAB version 5 file ({error}). "
            "Save it again, in MATLAB with save(file, ..., '-v7')."
        ) from error
    entries: dict[str, Entry] = {}
    settings: dict[str, Any] = {}
    others: list[str] = []
    text: str | None = None
    for name, value in variables.items():
        if name == _METADATA and isinstance(value, str) and not isinstance(value, Opaque):
            text = value
        else:
            _collect(name, value, entries, settings, others)
    try:
        if len(text or "") > largest_text(path.stat().st_size):
            raise ValueError(f"{len(text or '')} letters, more than the file can hold")
        metadata = {} if text is None else json.loads(text)
        if not isinstance(metadata, dict):
            raise ValueError("not a JSON object")
        shapes = {str(k): tuple(int(n) for n in v) for k, v in json.loads(metadata.pop("shapes", "{}")).items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: the variable {_METADATA} is not what plrnn_analysis writes ({error})"
        ) from error
    entries = {name: _reshaped(entry, shapes.get(name)) for name, entry in entries.items()}
    if metadata.get("format") == "plrnn":
        return Contents(path, entries, {str(k): str(v) for k, v in metadata.items()}, others=tuple(others))
    return Contents(path, entries, None, metadata, settings, tuple(others))


def _collect(name: str, value: Any, entries: dict[str, Entry], settings: dict[str, Any], others: list[str]) -> None:
    if isinstance(value, np.ndarray):
        entries[name] = Entry.of(value)
    elif isinstance(value, dict):
        for part, inner in value.items():
            _collect(f"{name}.{part}", inner, entries, settings, others)
    elif isinstance(value, Opaque):
        others.append(f"{name}: {value}")
    else:
        settings[name] = value


def _reshaped(entry: Entry, shape: tuple[int, ...] | None) -> Entry:
    if shape is None or min(shape, default=0) < 0 or math.prod(shape) != math.prod(entry.shape):
        return entry
    return Entry.of(entry.read().reshape(shape))


def encode_mat(tensors: dict[str, np.ndarray], header: dict[str, str]) -> bytes:
    """The bytes of a file; true shapes go into the metadata."""
    shapes = {name: list(array.shape) for name, array in tensors.items()}
    metadata = json.dumps({**header, "shapes": json.dumps(shapes)}, sort_keys=True)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {**tensors, _METADATA: metadata}, format="5", oned_as="row")
    data = buffer.getvalue()
    # The first 116 bytes are free text, in which SciPy puts the time.
    return b"MATLAB 5.0 MAT-file, written by plrnn_analysis".ljust(116) + data[116:]
