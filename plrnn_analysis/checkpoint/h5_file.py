"""Read HDF5 files: MATLAB 7.3, Keras weights, and plain arrays, each in a process of its own."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._wording import with_article
from ..errors import CheckpointError
from .contents import Contents, Entry, is_inflated, largest_text

__all__ = ["read_h5", "read_keras"]

_CHILD = Path(__file__).with_name("h5_child.py")
# Seconds for what is read, and before that for Python to start on a busy machine; bytes of memory beside the array and
# the libraries.
_SECONDS = 10
_START_UP = 60
_MEMORY = 2**28
# Arrays up to this many bytes together come with the list of what is in the file.
_AT_ONCE = 2**26
_BYTES_A_SECOND = 2**25
_MAX_TEXT = 2**24
_MAX_DEPTH = 16
_RECURRENT = frozenset(["SimpleRNN", "SimpleRNNCell", "RNN", "LSTM", "GRU"])


def read_h5(path: Path) -> Contents:
    """Read all datasets of numbers, names of groups joined with dots.

    No link is followed, and nothing is read from outside of the file.

    Raises
    ------
    CheckpointError
        If h5py is missing, if it is no HDF5 file, or if reading it does not end or crashes the HDF5 library.
    """
    return _contents(path, None)


def read_keras(path: Path) -> Contents:
    """Read the weights in a ``.keras`` archive.

    Raises
    ------
    CheckpointError
        If it is not one, and as for :func:`read_h5`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in ("model.weights.h5", "config.json"):
                item = archive.getinfo(name)
                if is_inflated(item.file_size, item.compress_size):
                    raise ValueError(f"{name}: {item.file_size} bytes, of which the archive holds {item.compress_size}")
            if archive.getinfo("config.json").file_size > largest_text(path.stat().st_size):
                raise ValueError("config.json has more letters than the archive can hold")
            data = archive.read("model.weights.h5")
            config = archive.read("config.json")
            config_text = config.decode("utf-8")[:_MAX_TEXT]
    # zipfile and zlib raise a dozen types on damaged files.
    except Exception as error:
        raise CheckpointError(
            f"{path}: not readable as a .keras archive ({type(error).__name__}: {str(error)[:200]}). "
            "Save it again, or its weights: model.save_weights('name.weights.h5')."
        ) from error
    return _contents(path, data, config_text)


def _contents(path: Path, data: bytes | None, config: str = "") -> Contents:
    try:
        found, arrays = _ask(path, data, None, 0)
    except ValueError as error:
        matlab = path.suffix.lower() == ".mat"
        kind = "MATLAB 7.3 (HDF5) file" if matlab else "HDF5 file"
        advice = "In MATLAB: save(file, ..., '-v7')." if matlab else "Copy or export it again."
        raise CheckpointError(f"{path}: not readable as {with_article(kind)} ({error}). {advice}") from error
    entries = {
        entry["name"]: Entry(tuple(entry["shape"]), entry["dtype"], _reader(path, data, entry, arrays))
        for entry in found["entries"]
    }
    facts = _layer_facts(config or found["config"])
    return Contents(path, entries, None, {}, found["settings"], tuple(found["others"]), facts=facts)


def _reader(
    path: Path, data: bytes | None, entry: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        if "failure" in entry:
            raise OSError(entry["failure"])
        if "member" in entry:
            return arrays[entry["member"]]
        return _ask(path, data, entry["path"], entry["bytes"])[1]["0"]

    return read


def _ask(path: Path, data: bytes | None, wanted: str | None, size: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the process that reads the file replies, and the arrays.

    Raises
    ------
    CheckpointError
        If h5py is missing.
    ValueError
        Why nothing can be read.
    """
    if importlib.util.find_spec("h5py") is None:
        raise CheckpointError(
            f"{path}: an HDF5 file (MATLAB 7.3, Keras), and reading it needs h5py, which is not installed: "
            "pip install h5py. Or save it in MATLAB with save(file, ..., '-v7')."
        )
    seconds = _SECONDS + size // _BYTES_A_SECOND
    request = {
        "path": None if data is not None else str(path),
        "matlab": path.suffix.lower() == ".mat",
        "wanted": wanted,
        "at_once": _AT_ONCE,
        "seconds": seconds,
        "memory": _MEMORY + 3 * size + len(data or b""),
    }
    try:
        # A single thread of BLAS, whose buffers count as memory, and no plug-ins of HDF5.
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", str(_CHILD), json.dumps(request)],
            input=b"" if data is None else data,
            capture_output=True,
            timeout=_START_UP + seconds,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "OPENBLAS_NUM_THREADS": "1",
                "HDF5_PLUGIN_PRELOAD": "::",
            },
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"reading it did not end within {seconds} seconds") from error
    except OSError as error:
        raise ValueError(f"it is read in a process of its own, which could not be started: {error}") from error
    if done.returncode:
        raise ValueError(_death(done, seconds))
    try:
        with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
            arrays = dict(archive)
        found = json.loads(arrays.pop("reply").tobytes())
    # Whatever half a reply leads to.
    except Exception as error:
        raise ValueError(f"no whole reply came from the process that reads it ({type(error).__name__})") from error
    if "failure" in found:
        raise ValueError(found["failure"])
    return found, arrays


def _death(done: subprocess.CompletedProcess[bytes], seconds: int) -> str:
    """Why the process ended without a reply."""
    if done.returncode == -getattr(signal, "SIGALRM", 0):
        return f"reading it did not end within {seconds} seconds"
    last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1][:200]
    try:
        return f"the HDF5 library crashed on it, {signal.Signals(-done.returncode).name}"
    except ValueError:
        return f"reading it ended with exit code {done.returncode}{': ' if last else ''}{last}"


def _layer_facts(config: str) -> Mapping[str, Mapping[str, Any]]:
    """What a Keras configuration says of its recurrent layers, by their names."""
    try:
        parsed = json.loads(config) if config and len(config) <= _MAX_TEXT else None
    except (ValueError, RecursionError):
        return {}
    facts: dict[str, dict[str, Any]] = {}
    for layer in _layers(parsed, 0):
        settings = layer["config"]
        cell = settings.get("cell")
        inner = cell.get("config", {}) if isinstance(cell, Mapping) else {}
        said = {key: value for key, value in {**settings, **inner}.items() if isinstance(value, (str, int, float))}
        facts[str(settings.get("name", ""))] = said
    # Of one layer whatever the file calls it is meant.
    return {"": next(iter(facts.values())), **facts} if len(facts) == 1 else facts


def _layers(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        if value.get("class_name") in _RECURRENT and isinstance(value.get("config"), Mapping):
            yield value
        else:
            for inner in value.values():
                yield from _layers(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _layers(inner, depth + 1)
