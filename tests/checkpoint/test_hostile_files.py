"""Files made to hang, to fill the memory, or to act on a terminal: each is one short error, or only what it stores."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError
from plrnn_analysis.checkpoint import contents, torch_file

torch = pytest.importorskip("torch")

AL = {"A": np.full(3, 0.5), "W": np.eye(3), "h": np.zeros(3)}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may unpack to 1 MB in any case instead of 256 MB."""
    monkeypatch.setattr(contents, "_FREE", 2**20)


def write_zip(path: Path, members: dict[str, bytes | np.ndarray]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in members.items():
            buffer = io.BytesIO()
            if isinstance(value, np.ndarray):
                np.save(buffer, value)
            archive.writestr(name.rstrip("'"), buffer.getvalue() if isinstance(value, np.ndarray) else value)
    return path


@pytest.mark.parametrize(
    ("entry", "again"),
    [
        ('"format":"plrnn"', '"format":"plrnn","format":"other"'),
        ('"__metadata__":', '"__metadata__":{},"__metadata__":'),
        ('"h":', '"h":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"h":'),
        ('"pwl_units":', '"pwl_units":"7","pwl_\\u0075nits":'),
    ],
)
def test_two_entries_of_one_name_in_safetensors(tmp_path: Path, entry: str, again: str) -> None:
    path = tmp_path / "two.safetensors"
    pa.save(pa.PLRNN.al_rnn(A=[0.5, 0.5], W=np.zeros((2, 2)), h=[1, 1], pwl_units=1), path)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = whole[8 : 8 + length].decode().rstrip()
    assert header.count(entry) == 1
    header = header.replace(entry, again).ljust(length + 100)
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + whole[8 + length :])
    with pytest.raises(CheckpointError, match=r"two\.safetensors: not a whole safetensors file"):
        pa.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("suffix", [".npz", ".mat", ".pt", ".safetensors", ".h5"])
def test_pipes_and_devices(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")
    os.symlink("/dev/zero", tmp_path / f"zero{suffix}")
    for name in ("pipe", "zero"):
        with pytest.raises(CheckpointError, match="not a file but a pipe, socket or device"):
            pa.load(tmp_path / f"{name}{suffix}")


@pytest.mark.usefixtures("small")
def test_bombs_of_npz(tmp_path: Path) -> None:
    weights = {f"{name}.npy": value for name, value in AL.items()}
    path = write_zip(tmp_path / "m.npz", {**weights, "encoder.junk.npy": np.zeros(2**19)})
    assert pa.load(path, 1).metadata["notes"] == ["not used: encoder.junk"]
    large = {"A.npy": np.ones(1024), "W.npy": np.zeros((1024, 1024)), "h.npy": np.ones(1024)}
    path = write_zip(tmp_path / "m.npz", large)
    with pytest.raises(CheckpointError, match=r"with W \(1024, 1024\) .* it would unpack to 8388608 bytes"):
        pa.load(path, 1)


def test_two_members_of_one_name(tmp_path: Path) -> None:
    weights = {f"{name}.npy": value for name, value in AL.items()}
    with pytest.raises(CheckpointError, match="two members are called 'W'"):
        pa.load(write_zip(tmp_path / "m.npz", {**weights, "W.npy'": 2.0 * np.eye(3)}), 1)


@pytest.mark.usefixtures("small")
def test_bombs_of_matlab(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "m.mat", {**AL, "junk": np.zeros(2**19)}, do_compression=True)
    with pytest.raises(CheckpointError, match="cut off or too large"):
        pa.load(tmp_path / "m.mat", 1)
    sparse = scipy.sparse.csc_matrix((1024, 1024))
    scipy.io.savemat(tmp_path / "m.mat", {"A": np.ones(1024), "h": np.ones(1024), "W": sparse}, do_compression=True)
    with pytest.raises(CheckpointError, match=r"W: sparse matrix of shape \(1024, 1024\)"):
        pa.load(tmp_path / "m.mat", 1)


@pytest.mark.usefixtures("small")
def test_bombs_of_torch_and_keras(tmp_path: Path) -> None:
    one = torch.ones(1, 1)
    torch.save({"A": one[0].expand(1024), "h": one[0].expand(1024), "W": one.expand(1024, 1024)}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"with W \(1024, 1024\) .* it would unpack to 8388608 bytes"):
        pa.load(tmp_path / "m.pt", 1)
    path = write_zip(tmp_path / "m.keras", {"config.json": b"{}", "model.weights.h5": bytes(2**22)})
    with pytest.raises(CheckpointError, match="4194304 bytes, of which the archive holds"):
        pa.load(path)


@pytest.mark.usefixtures("small")
def test_parts_that_are_large_together(tmp_path: Path) -> None:
    n = 200
    zeros, ones = np.zeros((n, n)), np.ones(n)
    arrays = {"A": ones, "W1": zeros, "W2": zeros, "h1": ones, "h2": ones, "C": zeros, "B": zeros}
    with pytest.raises(
        CheckpointError, match=r"with [BC] \(200, 200\).* it would unpack to \d+ bytes, and the file has"
    ):
        pa.load(write_zip(tmp_path / "m.npz", {f"{name}.npy": value for name, value in arrays.items()}))
    # As numbers of eight bytes, booleans are eight times as large.
    masks = {"A": np.ones(400), "W": np.zeros((400, 400), bool), "h": np.ones(400)}
    with pytest.raises(CheckpointError, match="it would unpack to 1280000 bytes"):
        pa.load(write_zip(tmp_path / "m.npz", {f"{name}.npy": value for name, value in masks.items()}), 1)


@pytest.mark.usefixtures("small")
def test_torch_archives_are_not_unpacked_beyond_measure(tmp_path: Path) -> None:
    torch.save({name: torch.tensor(value) for name, value in AL.items()}, tmp_path / "plain.pt")
    with zipfile.ZipFile(tmp_path / "plain.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_zip(tmp_path / "m.pt", members)
    assert pa.load(tmp_path / "m.pt", 1).pwl_units == 1
    write_zip(tmp_path / "m.pt", {**members, "plain/data/9": bytes(2**21)})
    with pytest.raises(CheckpointError, match="it would unpack to 209"):
        pa.load(tmp_path / "m.pt", 1)


def test_metadata_are_no_longer_than_a_file_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_FREE_TEXT", 2**16)
    lists = "[" + "[]," * 2**16 + "[]]"
    np.savez_compressed(tmp_path / "m.npz", **AL, __metadata__=np.array(lists))
    scipy.io.savemat(tmp_path / "m.mat", {**AL, "plrnn_metadata": lists}, do_compression=True)
    write_zip(tmp_path / "m.keras", {"config.json": lists.encode(), "model.weights.h5": b"\x89HDF"})
    for suffix in (".npz", ".mat", ".keras"):
        with pytest.raises(CheckpointError, match=r"too much text|letters"):
            pa.load(tmp_path / f"m{suffix}", 1)
    said = {"pwl_units": 1, "notes": ["x" * 1000]}
    np.savez_compressed(tmp_path / "m.npz", **AL, __metadata__=np.array(json.dumps(said)))
    assert pa.load(tmp_path / "m.npz").metadata["notes"] == said["notes"]


def test_nested_tensors_are_named(tmp_path: Path) -> None:
    state = {name: torch.tensor(value) for name, value in AL.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    torch.save({**state, "W": nested}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="W: a nested tensor"):
        pa.load(tmp_path / "m.pt", 1)
    torch.save(nested, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="expected a dict of tensors, found a Tensor"):
        pa.load(tmp_path / "m.pt", 1)


def test_what_libraries_warn_of_is_not_shown(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }".ljust(117) + b"\n"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    members = {f"{name}.npy": value for name, value in AL.items()}
    # As Python 2 wrote it.
    path = write_zip(tmp_path / "m.npz", {**members, "h.npy": start + bytes(24)})
    assert np.array_equal(pa.load(path, 1).parameters["h"], np.zeros(3))
    invalid = start.replace(b"'descr': '<f8'", b"'descr': '\\d8'")
    with pytest.raises(CheckpointError, match=r"not readable as \.npz"):
        pa.load(write_zip(path, {**members, "h.npy": invalid + bytes(24)}), 1)


def test_what_holds_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "_MAX_VISITS", 10_000)
    text = lambda s: b"X" + struct.pack("<I", len(s)) + s  # noqa: E731
    pickled = b"\x80\x02}q\x00(" + b"".join(text(b"k%d" % i) + b"h\x00" for i in range(60)) + b"u."
    parts = {"archive/data.pkl": pickled, "archive/version": b"3\n", "archive/byteorder": b"little"}
    laughs: list = ["a"] * 10
    for _ in range(9):
        laughs = [laughs] * 10
    itself: list = []
    itself.append(itself)
    state = {name: torch.tensor(value) for name, value in AL.items()}
    with zipfile.ZipFile(tmp_path / "0.pt", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    torch.save({**state, "metadata": {"x": laughs}}, tmp_path / "1.pt")
    torch.save({**state, "pwl_units": itself}, tmp_path / "2.pt")
    for index in range(3):
        with pytest.raises(CheckpointError, match="refers to itself, or is more than"):
            pa.load(tmp_path / f"{index}.pt")


def test_values_that_nobody_foresaw(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", **AL, __metadata__=np.array('{"pwl_units": 1' + "0" * 400 + "}"))
    with pytest.raises(CheckpointError, match=r"m\.npz"):
        pa.load(tmp_path / "m.npz")
    model = pa.PLRNN.al_rnn([0.5], [[-1.0]], [1.0], pwl_units=1)
    pa.save(model, tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    long = content.replace(b'"format_version":"1"', b'"format_version":"' + b"9" * 5000 + b'"')
    size = int.from_bytes(content[:8], "little") + len(long) - len(content)
    (tmp_path / "m.safetensors").write_bytes(size.to_bytes(8, "little") + long[8:])
    with pytest.raises(CheckpointError, match=r"m\.safetensors"):
        pa.load(tmp_path / "m.safetensors")
    torch.save(
        {**{name: torch.tensor(value) for name, value in AL.items()}, "pwl_units": [[1], [1, 2]]}, tmp_path / "m.pt"
    )
    with pytest.raises(CheckpointError, match=r"m\.pt"):
        pa.load(tmp_path / "m.pt")


def test_messages_are_short_and_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, **AL, **{"\x1b]0;title\x07\x1b[2J": np.zeros(1), "x" * 60_000: np.zeros(1)})
    with pytest.raises(CheckpointError, match=r"\\x1b\]0;title\\x07") as caught:
        pa.load(path, 1)
    assert len(str(caught.value)) < 5000 and str(caught.value).isprintable()
    # Escaped, each letter is ten.
    np.savez(path, **AL, **{"\U0010ffff" * 4000: np.zeros(1)})
    with pytest.raises(CheckpointError, match=r"\\U0010ffff") as caught:
        pa.load(path, 1)
    assert len(str(caught.value)) < 5000 and str(caught.value).isprintable()
