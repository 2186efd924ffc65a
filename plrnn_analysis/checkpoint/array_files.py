"""Arrays of a file by name: trials, time series and inputs, of which none is a network."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, PLRNNError
from .contents import Contents, Entry, is_inflated
from .mat5 import Opaque
from .mat_file import read_mat
from .npz_file import array_header, members

__all__ = ["Opaque", "check_regular", "read_arrays"]

_NUMBER = np.dtype(np.float64).itemsize


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Arrays of numbers and of text in a file, without running any code of it.

    Parameters
    ----------
    path : path-like
        ``.npy``, ``.npz``, or ``.mat`` of MATLAB 5 to 7.3.

    Returns
    -------
    dict
        By name, arrays as :class:`numpy.ndarray`, and why something was not read as :class:`Opaque`. The one array of
        an ``.npy`` file has the name of the file.

    Raises
    ------
    CheckpointError
        If it is no such file, is damaged, or would unpack to far more than it has.

    Notes
    -----
    Of each number eight bytes are counted, which is what becomes of it.
    """
    path = Path(path)
    check_regular(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise CheckpointError(f"{path}: arrays are read from {', '.join(_READERS)}, not from {path.suffix!r}")
    try:
        # What NumPy says of old or odd headers is nothing that the user can act on.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _unpacked(path, reader(path))
    except CheckpointError:
        raise
    # zipfile, zlib and NumPy's parser of headers raise a dozen types on damaged files.
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise CheckpointError(f"{path}: not readable as {path.suffix} ({reason})") from error


def check_regular(path: Path, error: type[PLRNNError] = CheckpointError) -> None:
    """See that a path is a file: a pipe or a device would be waited for, or has no end.

    Parameters
    ----------
    path : Path
    error : type, optional
        What is raised if not.
    """
    if path.is_dir():
        raise error(f"{path}: this is a directory, not a file")
    if not path.exists():
        raise error(f"{path}: there is no such file")
    if not path.is_file():
        raise error(f"{path}: not a file but a pipe, socket or device")


def _unpacked(path: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Read what was found, unless all of it together is far more than the file."""
    claimed = sum(_size(value) for value in found.values() if isinstance(value, Entry))
    if is_inflated(claimed, stored := path.stat().st_size):
        raise CheckpointError(
            f"{path}: it would unpack to {claimed} bytes, and the file has {stored}. If it is whole, save it without "
            "compression: numpy.savez, or save(file, ..., '-v6') in MATLAB."
        )
    return {name: _read(value) if isinstance(value, Entry) else value for name, value in found.items()}


def _size(entry: Entry) -> int:
    """Bytes that an array takes, as numbers of double precision."""
    return math.prod(entry.shape) * max(_NUMBER, np.dtype(entry.dtype).itemsize)


def _read(entry: Entry) -> np.ndarray:
    array = np.asarray(entry.read())
    return np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array


def _npy(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = array_header(file, path.stat().st_size)
    if isinstance(head, str):
        return {path.stem: Opaque(head)}
    shape, dtype = head
    return {path.stem: Entry(shape, str(dtype), lambda: np.load(path, allow_pickle=False))}


def _npz(path: Path) -> dict[str, Any]:
    return {name: Opaque(value) if isinstance(value, str) else value for name, value in members(path).items()}


def _mat(path: Path) -> dict[str, Any]:
    contents: Contents = read_mat(path)
    texts = {name: Entry.of(np.asarray(text)) for name, text in contents.settings.items()}
    opaque = {name: Opaque(kind) for name, _, kind in (other.partition(": ") for other in contents.others)}
    return {**contents.entries, **texts, **opaque}


_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {".npy": _npy, ".npz": _npz, ".mat": _mat}
