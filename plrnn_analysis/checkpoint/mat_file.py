"""Read and write MATLAB files, version 5."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from ..errors import CheckpointError
from .contents import MAX_ELEMENTS, Contents, Entry
from .mat5 import Opaque, parse_mat5

__all__ = ["encode_mat", "read_mat"]

_METADATA = "plrnn_metadata"
# MATLAB has no vectors, only matrices with one row or one column.
_VECTORS = frozenset("h b h1 h2 alphas bias relu_units bias_ih bias_hh bias_ih_l0 bias_hh_l0".split())


def read_mat(path: Path) -> Contents:
    """Read all numeric variables, also those inside structs (their names joined with dots).

    Raises
    ------
    CheckpointError
        If it is not a whole version 5 file.
    """
    try:
        variables = parse_mat5(path.read_bytes(), MAX_ELEMENTS)
    except NotImplementedError as error:
        raise CheckpointError(
            f"{path}: a MATLAB 7.3 (HDF5) file, which is not read. In MATLAB: save(file, ..., '-v7')."
        ) from error
    except (OSError, ValueError, MemoryError) as error:
        raise CheckpointError(
            f"{path}: not readable as a MATLAB version 5 file ({error}). "
            "Save it again, in MATLAB with save(file, ..., '-v7')."
        ) from error
    entries: dict[str, Entry] = {}
    others: list[str] = []
    text: str | None = None
    for name, value in variables.items():
        if name == _METADATA and isinstance(value, str) and not isinstance(value, Opaque):
            text = value
        else:
            _collect(name, value, entries, others)
    try:
        metadata = {} if text is None else json.loads(text)
        if not isinstance(metadata, dict):
            raise ValueError("not a JSON object")
        shapes = {str(k): tuple(int(n) for n in v) for k, v in json.loads(metadata.pop("shapes", "{}")).items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: the variable {_METADATA} is not what plrnn_analysis writes ({error})"
        ) from error
    entries = {name: _reshaped(name, entry, shapes.get(name)) for name, entry in entries.items()}
    if metadata.get("format") == "plrnn":
        return Contents(path, entries, {str(k): str(v) for k, v in metadata.items()}, others=tuple(others))
    return Contents(path, entries, None, metadata, tuple(others))


def _collect(name: str, value: Any, entries: dict[str, Entry], others: list[str]) -> None:
    if isinstance(value, np.ndarray):
        entries[name] = Entry.of(value)
    elif isinstance(value, dict):
        for part, inner in value.items():
            _collect(f"{name}.{part}", inner, entries, others)
    else:
        others.append(f"{name}: {value if isinstance(value, Opaque) else 'text'}")


def _reshaped(name: str, entry: Entry, shape: tuple[int, ...] | None) -> Entry:
    array = entry.read()
    leaf = name.rpartition(".")[2]
    if shape is not None:
        if min(shape, default=0) >= 0 and math.prod(shape) == array.size:
            array = array.reshape(shape)
    elif array.ndim == 2 and 1 in array.shape and (leaf in _VECTORS or (leaf == "A" and array.size > 1)):
        array = array.ravel()
    return Entry.of(array)


def encode_mat(tensors: dict[str, np.ndarray], header: dict[str, str]) -> bytes:
    """The bytes of a file; true shapes go into the metadata."""
    shapes = {name: list(array.shape) for name, array in tensors.items()}
    metadata = json.dumps({**header, "shapes": json.dumps(shapes)}, sort_keys=True)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {**tensors, _METADATA: metadata}, format="5", oned_as="row")
    data = buffer.getvalue()
    # The first 116 bytes are free text, in which SciPy puts the time.
    return b"MATLAB 5.0 MAT-file, written by plrnn_analysis".ljust(116) + data[116:]
