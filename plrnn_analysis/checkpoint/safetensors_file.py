"""Read and write `.safetensors` files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ..errors import CheckpointError
from .contents import Contents, Entry

__all__ = ["encode_safetensors", "read_safetensors"]


def read_safetensors(path: Path) -> Contents:
    """Read names, shapes and metadata; tensors are read when asked for.

    Raises
    ------
    CheckpointError
        If it is not a whole safetensors file, or has two entries of one name.
    """
    entries: dict[str, Entry] = {}
    try:
        with safetensors.safe_open(path, framework="np") as file:
            _check_names(path)
            metadata: dict[str, str] = dict(file.metadata() or {})
            for name in file.keys():
                view = file.get_slice(name)
                entries[name] = Entry(tuple(view.get_shape()), view.get_dtype(), _reader(path, name, view.get_dtype()))
    # The parser's own SafetensorError, and from Python's side whatever a damaged header leads to.
    except Exception as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file ({type(error).__name__}: {str(error)[:200]}). "
            "Copy or export it again."
        ) from error
    if metadata.get("format") == "plrnn":
        return Contents(path, entries, metadata)
    return Contents(path, entries, None, metadata)


def _check_names(path: Path) -> None:
    """See that the header holds no name twice: the library would take one of the two, and others the other."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        json.loads(file.read(length), object_pairs_hook=_different)


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"two entries are called {name[:100]!r}")
        found[name] = value
    return found


def _reader(path: Path, name: str, dtype: str) -> Any:
    def read() -> np.ndarray:
        if dtype != "BF16":
            with safetensors.safe_open(path, framework="np") as file:
                return np.asarray(file.get_tensor(name))
        # NumPy has no bfloat16; it is the upper half of a float32.
        raw = dict(safetensors.deserialize(path.read_bytes()))[name]
        upper = np.frombuffer(bytes(raw["data"]), "<u2").astype(np.uint32)
        return (upper << 16).view(np.float32).reshape(raw["shape"])

    return read


def encode_safetensors(tensors: dict[str, np.ndarray], header: dict[str, str]) -> bytes:
    """The bytes of a file; the same model always gives the same bytes."""
    data = safetensors.numpy.save({name: np.asarray(t, order="C") for name, t in tensors.items()}, header)
    # The library writes metadata in the order of a randomised hash table.
    length = int.from_bytes(data[:8], "little")
    parsed = json.loads(data[8 : 8 + length])
    parsed["__metadata__"] = dict(sorted(parsed["__metadata__"].items()))
    text = json.dumps(parsed, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
