"""Read an HDF5 file in a process of its own; the only module that imports h5py.

A damaged file can crash the HDF5 library, or keep it busy for ever, and no check of what is in the file can foresee it.
So :mod:`plrnn_analysis.checkpoint.h5_file` runs this module as a script, under limits of time and memory, with the
request as its argument, and takes a ``.npz`` archive from its standard output. It imports nothing of this package.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["answer", "main"]

_MAX_OBJECTS = 100_000
_MAX_DEPTH = 16
_MAX_TEXT = 2**24
_MAX_LETTERS = 2**12
# deflate, shuffle, checksum, szip, n-bit, scale-offset, LZF: all others would be loaded from libraries on the machine.
_FILTERS = frozenset([1, 2, 3, 4, 5, 6, 32000])
# Attributes of the programs that write such files, about the files.
_NOT_SETTINGS = (
    "MATLAB_",
    "OCTAVE_",
    "model_config",
    "keras_version",
    "backend",
    "CLASS",
    "TITLE",
    "VERSION",
    "H5PATH",
)
# What may be claimed without being stored; beyond it no more than this many times what is stored.
_FREE = 2**26
_EXPANSION = 100
_LIBRARIES = 2**31


@dataclass
class _Found:
    """What a file holds, as the reply says it."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def answer(source: Any, matlab: bool, wanted: str | None, at_once: int) -> dict[str, Any]:
    """What is in a file, or one array of it.

    Parameters
    ----------
    source : str or binary file
    matlab : bool
        Whether its name says that MATLAB wrote it.
    wanted : str or None
        Path of the one dataset that is read; None to list what there is.
    at_once : int
        Bytes of arrays that come with the list, the smallest first.

    Returns
    -------
    dict
        ``reply``, of JSON types, and arrays under the numbers that the reply gives them.

    Notes
    -----
    Only datasets of numbers and texts that lie in the file itself are read: no link is followed, and nothing that is
    stored elsewhere, computed by a plug-in, or far larger than what is stored.
    """
    import h5py

    with h5py.File(source, "r") as file:
        # MATLAB stores by columns what HDF5 reads by rows.
        turned = matlab or any("MATLAB_class" in item.attrs for item in _top(file))
        if wanted is not None:
            return {"reply": {}, "0": _read(file[wanted], turned)}
        found = _Found()
        _note_attributes("", file, found)
        for name, item in _datasets(h5py, file, "", 0, {_address(h5py, file)}, found):
            _collect(h5py, name, item, turned, found)
            if len(found.entries) + len(found.settings) + len(found.others) > _MAX_OBJECTS:
                raise ValueError(f"more than {_MAX_OBJECTS} objects")
        arrays: dict[str, Any] = {}
        for entry in sorted((e for e in found.entries if "failure" not in e), key=lambda entry: entry["bytes"]):
            at_once -= entry["bytes"]
            if at_once < 0:
                break
            try:
                arrays[str(len(arrays))] = _read(file[entry["path"]], entry["turned"])
                entry["member"] = str(len(arrays) - 1)
            # One array that is damaged need not be one that is wanted.
            except Exception as error:
                entry["failure"] = f"{type(error).__name__}: {str(error)[:200]}"
        config = _text(file.attrs.get("model_config")) or ""
        said = {"config": config[:_MAX_TEXT], "settings": found.settings, "others": found.others}
    return {"reply": {"entries": found.entries, **said}, **arrays}


def _note_attributes(prefix: str, group: Any, found: _Found) -> None:
    """Words and numbers at the file or a group: its settings."""
    for name in group.attrs:
        if name.startswith(_NOT_SETTINGS):
            continue
        value = group.attrs[name]
        value = value.item() if getattr(value, "size", 0) == 1 else value
        value = _text(value) if isinstance(value, (str, bytes)) else value
        if isinstance(value, (str, int, float)):
            found.settings[f"{prefix}{name}"] = value[:_MAX_TEXT] if isinstance(value, str) else value


def _read(item: Any, turned: bool) -> Any:
    value = item[()]
    return value.T if turned else value


def _is_hard(group: Any, name: str) -> bool:
    return type(group.get(name, getlink=True)).__name__ == "HardLink"


def _top(file: Any) -> Iterator[Any]:
    for name in file:
        if _is_hard(file, name):
            yield file[name]


def _is_octave(item: Any) -> bool:
    # Octave's -hdf5 makes a group of each variable, with its type and value.
    return item.name.endswith("/value") and "OCTAVE_NEW_FORMAT" in item.parent.attrs


def _address(h5py: Any, item: Any) -> int:
    return int(h5py.h5o.get_info(item.id).addr)


def _datasets(
    h5py: Any, group: Any, prefix: str, depth: int, seen: set[Any], found: _Found
) -> Iterator[tuple[str, Any]]:
    """Datasets by their names; groups are entered once, and what is not looked into is added to `found`."""
    for name in group:
        full = f"{prefix}{name}"
        # MATLAB keeps what its cells and objects are made of in such groups.
        if name.startswith("#"):
            continue
        if not _is_hard(group, name):
            found.others.append(f"{full}: a link, which is not followed")
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset):
            yield full, item
        elif not isinstance(item, h5py.Group):
            found.others.append(f"{full}: a {type(item).__name__}")
        elif depth == _MAX_DEPTH:
            found.others.append(f"{full}: groups in more than {_MAX_DEPTH} levels")
        elif (mark := _address(h5py, item)) not in seen:
            seen.add(mark)
            _note_attributes(f"{full}.", item, found)
            yield from _datasets(h5py, item, f"{full}.", depth + 1, seen, found)


def _collect(h5py: Any, name: str, item: Any, turned: bool, found: _Found) -> None:
    octave = _is_octave(item)
    name = name.removesuffix(".value") if octave else name
    kind = _text(item.attrs.get("MATLAB_class"))
    size = 0 if item.shape is None else math.prod(int(n) for n in item.shape)
    if item.shape is None or item.attrs.get("MATLAB_empty"):
        found.others.append(f"{name}: empty")
    elif item.dtype.kind in "biufc" and kind not in ("cell", "char", "function_handle"):
        turned = turned or octave
        shape = [int(n) for n in item.shape]
        reason = _reason(item, size)
        found.entries.append(
            {
                "name": name,
                "path": item.name,
                "shape": shape[::-1] if turned else shape,
                "dtype": str(item.dtype),
                "bytes": size * item.dtype.itemsize,
                "turned": turned,
                **({"failure": reason} if reason else {}),
            }
        )
    elif reason := _reason(item, size):
        found.others.append(f"{name}: {reason}")
    elif kind == "char" and item.dtype.kind in "iu" and size <= _MAX_LETTERS:
        found.settings[name] = "".join(chr(int(code)) for code in item[()].T.ravel())
    elif item.shape in ((), (1,)) and h5py.check_string_dtype(item.dtype):
        found.settings[name] = (_text(item[()] if item.shape == () else item[0]) or "")[:_MAX_TEXT]
    else:
        found.others.append(f"{name}: {kind or item.dtype}")


def _reason(item: Any, size: int) -> str:
    """Why a dataset is not read, "" if it is."""
    layout = item.id.get_create_plist()
    filters = {layout.get_filter(index)[0] for index in range(layout.get_nfilters())}
    if item.is_virtual or item.external:
        return "data in another file"
    if filters - _FILTERS:
        return "compressed by a plugin"
    stored, claimed = item.id.get_storage_size(), size * item.dtype.itemsize
    return f"{claimed} bytes, of which the file holds {stored}" if claimed > max(_FREE, _EXPANSION * stored) else ""


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str) else None


def _address_space() -> int:
    """What this process has already, libraries included, or a bound on it where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _LIBRARIES


def _restrict(seconds: int, memory: int) -> None:
    """Limits on time and on further memory, where the system has them; they hold within the HDF5 library too."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        import resource
    except ImportError:
        return
    for kind, limit in ((resource.RLIMIT_AS, _address_space() + memory), (resource.RLIMIT_CORE, 0)):
        # Not every system has each of them.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))


def main() -> None:
    """Answer the request in the argument.

    It has ``path``, null for what comes from standard input, the limits ``seconds`` and ``memory``, and the arguments
    of :func:`answer`.
    """
    request = json.loads(sys.argv[1])
    path, seconds, memory = (request.pop(name) for name in ("path", "seconds", "memory"))
    import h5py  # noqa: F401  (to start up is no part of the time)
    import numpy as np

    source = io.BytesIO(sys.stdin.buffer.read()) if path is None else path
    _restrict(seconds, memory)
    try:
        found = answer(source, **request)
    # The library raises whatever a damaged file leads to.
    except Exception as error:
        found = {"reply": {"failure": f"{type(error).__name__}: {str(error)[:200]}"}}
    found["reply"] = np.frombuffer(json.dumps(found["reply"]).encode(), np.uint8)
    np.savez(sys.stdout.buffer, **found)
    sys.stdout.buffer.flush()
    # Closing what is damaged may crash, after all is said.
    os._exit(0)


if __name__ == "__main__":
    main()
