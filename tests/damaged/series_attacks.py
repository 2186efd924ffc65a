"""Files of trials and of series made to hang, to fill the memory, to run code or to act on a terminal."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.io
from attacks import Code

__all__ = ["SERIES_ATTACKS"]


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _archive(path: Path, zeros: int = 0, descr: str = "|i1", **arrays: np.ndarray) -> Path:
    """An archive whose inputs are deflated zeros, as many as said, in trials of 1000 steps."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if zeros:
            size = np.dtype(descr).itemsize
            with archive.open("inputs.npy", "w", force_zip64=True) as member:
                shape = (zeros // 1000, 1000, 1)
                header = {"descr": descr, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range(shape[0]):
                    member.write(bytes(1000 * size))
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", _npy(array))
    return path


def zeros_of_one_byte(folder: Path) -> Path:
    """Fifty megabytes, of which eight times as many would become."""
    return _archive(folder / "m.npz", 50_000_000)


def zeros_of_eight_bytes(folder: Path) -> Path:
    return _archive(folder / "m.npz", 60_000_000, "<f8")


def many_zeros_beside_trials(folder: Path) -> Path:
    junk = {f"junk{i}": np.zeros(2**22) for i in range(20)}
    return _archive(folder / "m.npz", 4000, labels=np.array([0, 1, 0, 1]), **junk)


def zeros_in_mat(folder: Path) -> Path:
    scipy.io.savemat(folder / "m.mat", {"inputs": np.zeros((500, 1000, 100), np.int8)}, do_compression=True)
    return folder / "m.mat"


def code_in_archive(folder: Path) -> Path:
    return _archive(folder / "m.npz", 4000, labels=np.array([Code()] * 4, object), values=np.array([Code()], object))


def code_in_array(folder: Path) -> Path:
    (folder / "m.npy").write_bytes(_npy(np.array([Code()], object)))
    return folder / "m.npy"


def claim_without_data(folder: Path) -> Path:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 3)})
    (folder / "m.npy").write_bytes(header.getvalue() + bytes(100))
    return folder / "m.npy"


def sparse_file(folder: Path) -> Path:
    path = claim_without_data(folder)
    os.truncate(path, 2**34)
    return path


def archive_named_array(folder: Path) -> Path:
    return _archive(folder / "m.npz", 4000).rename(folder / "m.npy")


def times_far_apart(folder: Path) -> Path:
    (folder / "m.csv").write_text("time,x\n0,1\n1,2\n2,3\n1e11,4\n")
    return folder / "m.csv"


def one_line(folder: Path) -> Path:
    (folder / "m.csv").write_text("1," * 2_000_000 + "1")
    return folder / "m.csv"


def one_field(folder: Path) -> Path:
    (folder / "m.csv").write_text("x\n" + "1" * 2_000_000 + "\n2\n")
    return folder / "m.csv"


def wide_rows(folder: Path) -> Path:
    """Two numbers a row, and a header of a hundred thousand names."""
    (folder / "m.csv").write_text(",".join(f"x{i}" for i in range(100_000)) + "\n1,2" * 1000)
    return folder / "m.csv"


def open_quote(folder: Path) -> Path:
    (folder / "m.csv").write_text('a,b\n1,"2' + "\n3,4" * 200_000)
    return folder / "m.csv"


def short_rows(folder: Path) -> Path:
    (folder / "m.csv").write_text("x\n" + "1\n" * 1_000_000)
    return folder / "m.csv"


def names_that_act(folder: Path) -> Path:
    names = np.array(["\x1b]0;PWNED\x07\x1b[2J", "\u202ecba"])
    odd = {"\x1b[31mEVIL": np.zeros(3), "conditions": np.array(["\x1b[2J", "b"] * 2)}
    values = np.random.default_rng(0).normal(size=(4, 9, 2))
    return _archive(folder / "m.npz", inputs=values, labels=np.array([0, 1, 0, 1]), input_names=names, **odd)


def long_names(folder: Path) -> Path:
    return _archive(folder / "m.npz", **{f"{i}" + "n" * 60_000: np.zeros(3) for i in range(40)})


def _place(make: Callable[[Path], object], suffix: str) -> Callable[[Path], Path]:
    def attack(folder: Path) -> Path:
        make(folder / f"m{suffix}")
        return folder / f"m{suffix}"

    return attack


def directory_of_pipes(path: Path) -> None:
    path.mkdir()
    for name in ("inputs", "labels"):
        os.mkfifo(path / f"{name}.npy")


def directory_of_directories(path: Path) -> None:
    (path / "inputs.npy").mkdir(parents=True)


def _places() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    kinds: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "directory": lambda path: path.mkdir(),
        "link to itself": lambda path: path.symlink_to(path.name),
        "empty": lambda path: path.touch(),
        "nothing": lambda path: None,
    }
    for name, make in kinds.items():
        for suffix in (".npy", ".npz", ".mat", ".csv"):
            yield f"{name} {suffix}", _place(make, suffix)
    yield "directory of pipes", _place(directory_of_pipes, "")
    yield "directory of directories", _place(directory_of_directories, "")


MADE = (zeros_of_one_byte, zeros_of_eight_bytes, many_zeros_beside_trials, zeros_in_mat, code_in_archive, code_in_array)
MADE += (claim_without_data, sparse_file, archive_named_array, times_far_apart, one_line, one_field, wide_rows)
MADE += (open_quote, short_rows, names_that_act, long_names)

SERIES_ATTACKS: dict[str, Callable[[Path], Path]] = {make.__name__: make for make in MADE} | dict(_places())
