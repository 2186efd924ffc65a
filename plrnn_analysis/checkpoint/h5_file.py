"""Read HDF5 files: MATLAB 7.3, Keras weights, and plain arrays. The only place that imports h5py."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError
from .contents import Contents, Entry

__all__ = ["read_h5", "read_keras"]

_MAX_OBJECTS = 100_000
_MAX_DEPTH = 16
_MAX_TEXT = 2**24
# deflate, shuffle, checksum, szip, n-bit, scale-offset, LZF: all others would be loaded from libraries on the machine.
_FILTERS = frozenset([1, 2, 3, 4, 5, 6, 32000])
_RECURRENT = frozenset(["SimpleRNN", "SimpleRNNCell", "RNN", "LSTM", "GRU"])


def read_h5(path: Path) -> Contents:
    """Read all datasets of numbers, names of groups joined with dots.

    Links to other files are not followed, and nothing is read from outside of the file.

    Raises
    ------
    CheckpointError
        If h5py is missing, or it is no HDF5 file.
    """
    return _contents(path, path)


def read_keras(path: Path) -> Contents:
    """Read the weights in a ``.keras`` archive.

    Raises
    ------
    CheckpointError
        If it is not one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
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


def _contents(path: Path, source: Path | bytes, config: str = "") -> Contents:
    try:
        import h5py
    except ImportError as error:
        raise CheckpointError(
            f"{path}: an HDF5 file (MATLAB 7.3, Keras), and reading it needs h5py, which is not installed: "
            "pip install h5py. Or save it in MATLAB with save(file, ..., '-v7')."
        ) from error
    entries: dict[str, Entry] = {}
    settings: dict[str, Any] = {}
    others: list[str] = []
    try:
        with h5py.File(_open(source), "r") as file:
            config = config or _text(file.attrs.get("model_config")) or ""
            # MATLAB stores by columns what HDF5 reads by rows.
            turned = _is_matlab(path, file)
            for name, item in _datasets(h5py, file, "", 0):
                _collect(h5py, name, item, source, turned or _is_octave(item), entries, settings, others)
    # The library raises whatever a damaged file leads to.
    except Exception as error:
        kind = "MATLAB 7.3 (HDF5) file" if path.suffix.lower() == ".mat" else "HDF5 file"
        advice = " In MATLAB: save(file, ..., '-v7')." if path.suffix.lower() == ".mat" else " Copy or export it again."
        raise CheckpointError(
            f"{path}: not readable as {'a' if kind[0] == 'M' else 'an'} {kind} "
            f"({type(error).__name__}: {str(error)[:200]}).{advice}"
        ) from error
    return Contents(path, entries, None, {}, settings, tuple(others), facts=_layer_facts(config))


def _open(source: Path | bytes) -> Any:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _is_matlab(path: Path, file: Any) -> bool:
    return path.suffix.lower() == ".mat" or any("MATLAB_class" in item.attrs for item in _top(file))


def _top(file: Any) -> Iterator[Any]:
    for name in file:
        if _is_hard(file, name):
            yield file[name]


def _is_hard(group: Any, name: str) -> bool:
    return type(group.get(name, getlink=True)).__name__ == "HardLink"


def _is_octave(item: Any) -> bool:
    # Octave's -hdf5 makes a group of each variable, with its type and value.
    return item.name.endswith("/value") and "OCTAVE_NEW_FORMAT" in item.parent.attrs


def _datasets(
    h5py: Any, group: Any, prefix: str, depth: int, seen: set[Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """Every dataset once, by its name; links that are not hard are passed over."""
    seen = set() if seen is None else seen
    if depth > _MAX_DEPTH:
        return
    for name in group:
        if name.startswith("#") or not _is_hard(group, name):
            continue
        item = group[name]
        mark = h5py.h5o.get_info(item.id).addr
        if mark in seen:
            continue
        seen.add(mark)
        if len(seen) > _MAX_OBJECTS:
            raise ValueError(f"more than {_MAX_OBJECTS} objects")
        if isinstance(item, h5py.Group):
            yield from _datasets(h5py, item, f"{prefix}{name}.", depth + 1, seen)
        elif isinstance(item, h5py.Dataset):
            yield f"{prefix}{name}", item


def _collect(
    h5py: Any,
    name: str,
    item: Any,
    source: Path | bytes,
    turned: bool,
    entries: dict[str, Entry],
    settings: dict[str, Any],
    others: list[str],
) -> None:
    name = name.removesuffix(".value") if _is_octave(item) else name
    kind = _text(item.attrs.get("MATLAB_class"))
    reason = _reason(item)
    if reason or item.attrs.get("MATLAB_empty"):
        others.append(f"{name}: {reason or 'empty'}")
    elif kind == "char":
        settings[name] = "".join(chr(int(code)) for code in np.asarray(item[()]).T.ravel()[: _MAX_DEPTH**3])
    elif item.dtype.kind in "biufc" and kind not in ("cell", "function_handle"):
        shape = tuple(int(n) for n in item.shape)
        entries[name] = Entry(
            shape[::-1] if turned else shape, str(item.dtype), _reader(h5py, source, item.name, turned)
        )
    elif item.shape in ((), (1,)) and h5py.check_string_dtype(item.dtype):
        settings[name] = _text(item[()] if item.shape == () else item[0]) or ""
    else:
        others.append(f"{name}: {kind or item.dtype}")


def _reason(item: Any) -> str:
    """Why a dataset is not read, "" if it is."""
    layout = item.id.get_create_plist()
    filters = {layout.get_filter(index)[0] for index in range(layout.get_nfilters())}
    if item.shape is None:
        return "empty"
    if item.is_virtual or item.external:
        return "data in another file"
    return "compressed by a plugin" if filters - _FILTERS else ""


def _reader(h5py: Any, source: Path | bytes, name: str, turned: bool) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        with h5py.File(_open(source), "r") as file:
            value = np.asarray(file[name][()])
        return value.T if turned else value

    return read


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str) else None


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
