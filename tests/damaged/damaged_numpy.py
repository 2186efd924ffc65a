"""Damaged files of NumPy's arrays."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
from damage import DTYPES, LONG, NAMES, SHAPES, damaged_bytes, damaged_header, damaged_text, zipped
from whole_networks import own_file, state, weights

__all__ = ["damaged_npy", "damaged_npz", "npz_seeds"]


def damaged_npy(rng: random.Random, array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    data = buffer.getvalue()
    if rng.random() < 0.3:
        return damaged_bytes(rng, data)
    shape = repr(rng.choice([*SHAPES, "x", [2], LONG, (True,), (1.5,)]))
    shape = shape if rng.random() < 0.5 else repr(array.shape)
    descr = repr(rng.choice([*DTYPES, array.dtype.str, [("a", "<f8")], ("<f8", (2,)), 5, "\\d"]))
    text = f"{{'descr': {descr}, 'fortran_order': {rng.choice(['False', 'True', '1', 'x'])}, 'shape': {shape}, }}"
    if rng.random() < 0.2:
        text = rng.choice(
            [text.replace(", }", "}"), "(" * 300 + ")" * 300, "{" * 2000, "'\\d'", text.replace(",)", "L,)")]
        )
    header = text.encode().ljust(118)[: 2**16 - 2] + b"\n"
    version = rng.choice([b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"])
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + array.tobytes()


def damaged_npz(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.2:
        return damaged_bytes(rng, data)
    members: list[tuple[str, bytes]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            members.append((name, archive.read(name)))
    at = rng.randrange(len(members))
    name, content = members[at]
    action = rng.randrange(5)
    if action == 0:
        members[at] = (f"{rng.choice(NAMES)}{rng.choice(['.npy', '', '.NPY'])}", content)
    elif action == 1:
        header = damaged_text(
            rng, damaged_header(rng, {"format": "plrnn", "format_version": "1"} if rng.random() < 0.5 else {})
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = np.array(header if rng.random() < 0.2 else header.decode("utf-8", "replace"))
        buffer = io.BytesIO()
        np.save(buffer, stored)
        members = [part for part in members if part[0] != "__metadata__.npy"] + [
            ("__metadata__.npy", buffer.getvalue())
        ]
    elif action == 2:
        members.append((f"{rng.choice(NAMES)}.npy", damaged_npy(rng, np.ones(rng.choice([(2,), (2, 2), (), (1, 2)])))))
    else:
        array = np.load(io.BytesIO(content))
        members[at] = (
            name,
            damaged_npy(rng, array if rng.random() < 0.5 else np.full(array.shape, rng.choice([np.nan, 1e308]))),
        )
    return zipped(rng, members)


def npz_seeds(folder: Path) -> dict[str, bytes]:
    found = {"own": own_file(folder, ".npz")}
    for name, arrays in {"foreign": {**weights(), "pwl_units": np.array(2)}, "torch": state()}.items():
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        found[name] = buffer.getvalue()
    return found
