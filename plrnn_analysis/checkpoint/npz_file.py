"""Read and write `.npz` files, without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import CheckpointError
from .contents import MAX_ELEMENTS, Contents, Entry

__all__ = ["encode_npz", "read_npz"]

_METADATA = "__metadata__"


def read_npz(path: Path) -> Contents:
    """Read all arrays and the metadata; members that hold Python objects are listed, not read.

    Raises
    ------
    CheckpointError
        If it is not a whole `.npz` file.
    """
    entries: dict[str, Entry] = {}
    settings: dict[str, Any] = {}
    others: list[str] = []
    text: str | None = None
    try:
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                name = item.filename.removesuffix(".npy")
                if name == item.filename:
                    others.append(f"{name}: not an array")
                elif item.file_size > 16 * MAX_ELEMENTS:
                    others.append(f"{name}: {item.file_size} bytes")
                else:
                    with archive.open(item) as file:
                        array = _array(file)
                    if array is None:
                        others.append(f"{name}: Python objects, which could run code")
                    elif name == _METADATA and array.dtype.kind == "U" and array.size == 1:
                        text = str(array.item())
                    elif array.dtype.kind in "biufc":
                        entries[name] = Entry.of(array)
                    elif array.dtype.kind in "SU" and array.size == 1:
                        value = array.item()
                        settings[name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                    else:
                        others.append(f"{name}: dtype {array.dtype}")
        if others and not entries:
            raise ValueError("a zip archive without arrays")
        metadata = {} if text is None else json.loads(text)
        if not isinstance(metadata, dict):
            raise ValueError(f"{_METADATA} is not a JSON object")
    # zipfile, zlib and NumPy's header parser raise a dozen types on damaged files.
    except Exception as error:
        raise CheckpointError(
            f"{path}: not readable as .npz ({type(error).__name__}: {str(error)[:200]}). Copy or export it again."
        ) from error
    if metadata.get("format") == "plrnn":
        return Contents(path, entries, {str(k): str(v) for k, v in metadata.items()}, others=tuple(others))
    return Contents(path, entries, None, metadata, settings, tuple(others))


def _array(file: IO[bytes]) -> np.ndarray | None:
    """The array of a member, None if it is one of objects, which only unpickling could read."""
    try:
        return np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            return None
        raise


def encode_npz(tensors: dict[str, np.ndarray], header: dict[str, str]) -> bytes:
    """The bytes of a file; the same model always gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {_METADATA: np.array(json.dumps(header, sort_keys=True)), **tensors}.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            # A fixed time stamp, where numpy.savez would write the present.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
