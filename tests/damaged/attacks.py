"""Files made to hang, to fill the memory, to run code or to act on a terminal: a list, each with its reason."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from limited_loads import CANARY

__all__ = ["ATTACKS"]

LARGE = 2**29
SMALL = {"A": np.full(2, 0.5), "W": np.eye(2), "h": np.ones(2)}


class Code:
    """Pickled, it is a command that leaves a file behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {CANARY}",)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _claim(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """The start of a member of an .npz file."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _zip(path: Path, members: dict[str, bytes], zeros: int = 0, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive; the last member goes on with so many zeros."""
    with zipfile.ZipFile(path, "w", kind, compresslevel=1) as archive:
        for index, (name, content) in enumerate(members.items()):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
                for _ in range(zeros // 2**24 if index == len(members) - 1 else 0):
                    member.write(bytes(2**24))
    return path


def _npz_with(path: Path, **arrays: Any) -> Path:
    return _zip(path, {f"{name}.npy": _npy(value) for name, value in {**SMALL, **arrays}.items()})


def npz_of_zeros(folder: Path) -> Path:
    n = 2**13
    members = {"A.npy": _npy(np.ones(n)), "h.npy": _npy(np.ones(n)), "W.npy": _claim((n, n))}
    return _zip(folder / "m.npz", members, LARGE)


def npz_of_bytes(folder: Path) -> Path:
    n = 2**14 - 16
    members = {"A.npy": _npy(np.ones(n)), "h.npy": _npy(np.ones(n)), "W.npy": _claim((n, n), "|b1")}
    with zipfile.ZipFile(folder / "m.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content + bytes(n * n if name == "W.npy" else 0))
    return folder / "m.npz"


def npz_of_many_parts(folder: Path) -> Path:
    """Each of the arrays of the network is as large as one may be."""
    n = 2**11
    zeros = np.zeros((n, n))
    arrays = {name: _npy(zeros) for name in ("W1", "W2", "C", "B")}
    members = {f"{name}.npy": value for name, value in {**arrays, "A": _npy(np.ones(n))}.items()}
    members |= {"h1.npy": _npy(np.ones(n)), "h2.npy": _npy(np.ones(n))}
    return _zip(folder / "m.npz", members)


def npz_with_junk(folder: Path) -> Path:
    members = {f"{name}.npy": _npy(value) for name, value in SMALL.items()}
    return _zip(folder / "m.npz", {**members, "fc.junk.npy": _claim((LARGE // 8,))}, LARGE)


def npz_with_long_metadata(folder: Path) -> Path:
    members = {f"{name}.npy": _npy(value) for name, value in SMALL.items()}
    return _zip(folder / "m.npz", {**members, "__metadata__.npy": _claim((), f"<U{LARGE // 4}")}, LARGE)


def npz_of_many_texts(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", **{f"text{index}": np.array("x" * 2**22) for index in range(8)})


def npz_of_many_lists(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", __metadata__=np.array(("[" + "[]," * 2**22 + "[]]").encode()))


def npz_of_many_members(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", **{f"fc.{index}": np.ones(1) for index in range(3000)})


def npz_with_long_name(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", **{"\x1b" * 60_000: np.ones(1)})


def npz_of_objects(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", W=np.array([Code(), Code()], object))


def npz_inside_npz(folder: Path) -> Path:
    inner = _npz_with(folder / "inner.npz").read_bytes()
    return _zip(folder / "m.npz", {"A.npy": inner, "W.npz": inner})


def npz_of_parent_directories(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", **{"../../outside": np.ones(1), "/tmp/outside": np.ones(1)})


def npz_that_is_deep(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", __metadata__=np.array("[" * 100_000 + "]" * 100_000))


def npz_named_mat(folder: Path) -> Path:
    return _npz_with(folder / "m.npz").rename(folder / "m.mat")


def _safetensors(path: Path, header: Any, body: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def safetensors_with_huge_header(folder: Path) -> Path:
    return _safetensors(folder / "m.safetensors", b"{}", length=2**63)


def safetensors_that_is_deep(folder: Path) -> Path:
    return _safetensors(folder / "m.safetensors", b'{"A":' * 200_000)


def safetensors_of_many_tensors(folder: Path) -> Path:
    entry = {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}
    return _safetensors(folder / "m.safetensors", {f"\x1b{index}": entry for index in range(20_000)})


def safetensors_with_long_name(folder: Path) -> Path:
    entry = {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}
    return _safetensors(folder / "m.safetensors", {"\x1b" * 10**7: entry}, length=None)


def safetensors_with_long_words(folder: Path) -> Path:
    words = {"format": "plrnn", "format_version": "1", "architecture": "\U0010ffff" * 10**6, "pwl_units": "9" * 10**6}
    return _safetensors(folder / "m.safetensors", {"__metadata__": words})


def safetensors_with_wide_axes(folder: Path) -> Path:
    entry = {"dtype": "F64", "shape": [0, 2**62], "data_offsets": [0, 0]}
    return _safetensors(folder / "m.safetensors", {name: entry for name in ("A", "W", "h")})


def safetensors_that_is_sparse(folder: Path) -> Path:
    """Eight exabytes are claimed, and a gigabyte is there without taking room on the disk."""
    path = _safetensors(folder / "m.safetensors", {"W": {"dtype": "F64", "shape": [2**60], "data_offsets": [0, 2**63]}})
    os.truncate(path, 2**30)
    return path


def mat_of_zeros(folder: Path) -> Path:
    return _mat(folder, (2**13, 2**13), LARGE)


def _mat(folder: Path, shape: tuple[int, int], zeros: int) -> Path:
    flags = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, *shape) + struct.pack("<HH4s", 1, 1, b"W")
    start = struct.pack("<II", 14, len(flags) + 8 + zeros) + flags + struct.pack("<II", 9, zeros)
    packer = zlib.compressobj(1)
    packed = (
        packer.compress(start) + b"".join(packer.compress(bytes(2**24)) for _ in range(zeros // 2**24)) + packer.flush()
    )
    head = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    (folder / "m.mat").write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
    return folder / "m.mat"


def mat_with_wide_sparse(folder: Path) -> Path:
    import scipy.io
    import scipy.sparse

    n = 2**14
    arrays = {"A": np.ones(n), "h": np.ones(n), "W": scipy.sparse.csc_matrix((n, n))}
    scipy.io.savemat(folder / "m.mat", arrays, do_compression=True)
    return folder / "m.mat"


def mat_with_overflowing_numbers(folder: Path) -> Path:
    import scipy.io

    arrays = {**SMALL, "W": np.full((2, 2), complex(np.inf, np.inf)), "A": np.array([1e308, np.nan])}
    scipy.io.savemat(folder / "m.mat", arrays)
    return folder / "m.mat"


def _torch(folder: Path, content: Any, zipped: bool = True) -> Path:
    import torch

    torch.save(content, folder / "m.pt", _use_new_zipfile_serialization=zipped)
    return folder / "m.pt"


def torch_that_is_expanded(folder: Path) -> Path:
    import torch

    one, n = torch.ones(1, 1), 2**14
    return _torch(folder, {"A": one[0].expand(n), "h": one[0].expand(n), "W": one.expand(n, n)})


def torch_of_zeros(folder: Path) -> Path:
    """A storage that unpacks to half a gigabyte."""
    import torch

    n = 2**7
    path = _torch(folder, {"A": torch.ones(n), "h": torch.ones(n), "W": torch.zeros(n, n)})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    last = max((name for name in members if "/data/" in name), key=lambda name: len(members[name]))
    members[last] = members.pop(last)
    return _zip(path, members, LARGE)


def torch_with_code(folder: Path) -> Path:
    return _torch(folder, {"A": Code()})


def torch_legacy_with_code(folder: Path) -> Path:
    return _torch(folder, {"A": Code()}, zipped=False)


def pickle_with_code(folder: Path) -> Path:
    (folder / "m.pt").write_bytes(pickle.dumps({"A": Code()}))
    return folder / "m.pt"


def pickle_named_npz(folder: Path) -> Path:
    (folder / "m.npz").write_bytes(pickle.dumps({"A": Code()}))
    return folder / "m.npz"


def torch_of_billion_laughs(folder: Path) -> Path:
    import torch

    laughs: list[Any] = ["a"] * 10
    for _ in range(9):
        laughs = [laughs] * 10
    return _torch(folder, {"A": torch.ones(1), "metadata": laughs})


def torch_of_nested_tensors(folder: Path) -> Path:
    import torch

    state = {name: torch.tensor(value) for name, value in SMALL.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    return _torch(folder, {**state, "fc.weight": nested})


def torch_with_deep_names(folder: Path) -> Path:
    content: dict[Any, Any] = {"A": 1.0}
    for _ in range(150):
        content = {"\x1b" * 200: content}
    return _torch(folder, content)


def torch_with_huge_count(folder: Path) -> Path:
    """A pickle whose long integer has two gigabytes, as it says."""
    (folder / "m.pt").write_bytes(b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"1.")
    return folder / "m.pt"


def h5_named_keras(folder: Path) -> Path:
    return _zip(
        folder / "m.keras", {"config.json": b"[" * 50_000, "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(500)}
    )


def keras_of_many_lists(folder: Path) -> Path:
    config = ("[" + "[]," * 2**22 + "[]]").encode()
    return _zip(folder / "m.keras", {"config.json": config, "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(500)})


def mat_of_many_lists(folder: Path) -> Path:
    import scipy.io

    text = "[" + "[]," * 2**22 + "[]]"
    scipy.io.savemat(folder / "m.mat", {**SMALL, "plrnn_metadata": text}, do_compression=True)
    return folder / "m.mat"


def keras_of_zeros(folder: Path) -> Path:
    return _zip(folder / "m.keras", {"config.json": b"{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n"}, LARGE)


def _place(make: Callable[[Path], object], suffix: str) -> Callable[[Path], Path]:
    def attack(folder: Path) -> Path:
        make(folder / f"m{suffix}")
        return folder / f"m{suffix}"

    return attack


def _places() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """What a path may lead to instead of a file."""
    kinds: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "terminal": lambda path: path.symlink_to("/dev/tty"),
        "directory": lambda path: path.mkdir(),
        "link to itself": lambda path: path.symlink_to(path.name),
        "link to nowhere": lambda path: path.symlink_to("nowhere"),
        "link to the folder": lambda path: path.symlink_to("."),
        "empty": lambda path: path.touch(),
        "nothing": lambda path: None,
    }
    for name, make in kinds.items():
        for suffix in (".safetensors", ".npz", ".mat", ".pt", ".h5", ".keras"):
            yield f"{name} {suffix}", _place(make, suffix)


def directory_of_pipes(folder: Path) -> Path:
    os.mkfifo(folder / "model.safetensors")
    os.mkfifo(folder / "config.json")
    return folder


def directory_with_deep_config(folder: Path) -> Path:
    _npz_with(folder / "m.npz")
    (folder / "config.json").write_text("[" * 100_000)
    return folder


def names_of_files(folder: Path) -> Path:
    return _npz_with(folder / "m.npz", A=np.ones(9)).rename(folder / "m\x1b]0;title\x07\n.npz")


MADE = (
    npz_of_many_texts,
    npz_of_many_lists,
    keras_of_many_lists,
    mat_of_many_lists,
    npz_of_zeros,
    npz_of_bytes,
    npz_of_many_parts,
    npz_with_junk,
    npz_with_long_metadata,
    npz_of_many_members,
)
MADE += (npz_with_long_name, npz_of_objects, npz_inside_npz, npz_of_parent_directories, npz_that_is_deep, npz_named_mat)
MADE += (
    safetensors_with_huge_header,
    safetensors_that_is_deep,
    safetensors_of_many_tensors,
    safetensors_with_long_name,
)
MADE += (safetensors_with_long_words, safetensors_with_wide_axes, safetensors_that_is_sparse)
MADE += (mat_of_zeros, mat_with_wide_sparse, mat_with_overflowing_numbers)
MADE += (torch_that_is_expanded, torch_of_zeros, torch_with_code, torch_legacy_with_code, pickle_with_code)
MADE += (
    pickle_named_npz,
    torch_of_billion_laughs,
    torch_of_nested_tensors,
    torch_with_deep_names,
    torch_with_huge_count,
)
MADE += (h5_named_keras, keras_of_zeros, directory_of_pipes, directory_with_deep_config, names_of_files)

ATTACKS: dict[str, Callable[[Path], Path]] = {make.__name__: make for make in MADE} | dict(_places())
