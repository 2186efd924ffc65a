"""Read and write `.npz` files, without pickle."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import CheckpointError
from .contents import Contents, Entry, is_inflated, largest_text

__all__ = ["array_header", "encode_npz", "members", "read_npz"]

_METADATA = "__metadata__"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
    try:
        for name, found in members(path).items():
            kind = found if isinstance(found, str) else np.dtype(found.dtype).kind
            if isinstance(found, str):
                others.append(f"{name}: {found}")
            elif kind not in "SU":
                entries[name] = found
            elif math.prod(found.shape) == 1:
                settings[name] = _text(found.read().item())
                if sum(map(len, settings.values())) > largest_text(path.stat().st_size):
                    raise ValueError(f"too much text, in {name!r} and before it")
            else:
                others.append(f"{name}: dtype {np.dtype(found.dtype)}")
        text = settings.pop(_METADATA, None)
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


def members(path: Path) -> dict[str, Entry | str]:
    """Arrays by name, each read when it is asked for; of a member that is not read why it is not.

    Raises
    ------
    ValueError
        And others, if it is not a whole `.npz` file.
    """
    found: dict[str, Entry | str] = {}
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            name = item.filename.removesuffix(".npy")
            if name in found:
                raise ValueError(f"two members are called {name!r}")
            if name == item.filename:
                found[name] = "not an array"
                continue
            with archive.open(item) as file:
                head = array_header(file, item.file_size)
            found[name] = head if isinstance(head, str) else Entry(head[0], str(head[1]), _reader(path, item))
    return found


def array_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype] | str:
    """Shape and type of the array that an open `.npy` file of `size` bytes holds, or why it is not read.

    Raises
    ------
    ValueError
        And others, if it is damaged.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        return f"format {version}"
    shape, _, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        return "Python objects, which could run code"
    if dtype.kind not in "biufcSU":
        return f"dtype {dtype}"
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if claimed > there:
        raise ValueError(f"{getattr(file, 'name', 'it')} claims {claimed} bytes and has {there}")
    return tuple(int(n) for n in shape), dtype


def _reader(path: Path, item: zipfile.ZipInfo) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        if is_inflated(item.file_size, item.compress_size):
            raise ValueError(f"{item.file_size} bytes, of which the file holds {item.compress_size}")
        with zipfile.ZipFile(path) as archive, archive.open(item) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    return read


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


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
