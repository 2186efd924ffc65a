"""Damaged and hostile checkpoints of every format, without end and always the same for one seed.

A mutant is made where damage gets furthest: not only in the bytes of the file, where a checksum finds most of it, but
in what lies behind the checksums, in headers, names, shapes and settings, and the file is then put together again.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import scipy.io

import plrnn_analysis as pa

__all__ = ["KINDS", "mutants"]

LONG = "n" * 50_000
# Values that a file may hold where a number, a word or a list should stand.
NASTY: list[Any] = [
    *(0, 1, -1, 2, 3, 2**31, 2**63, 2**70, -(2**70), 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf")),
    *(True, None, "", "1", "relu", "tanh", "0x1", "9" * 5000, "NaN", "\x1b]0;title\x07\x1b[2J", "\x00", "\ud800", LONG),
    *([], {}, [0], [0, 0], [-1], [99], [[0], [1, 2]], [None], {"a": {}}, {"": 0}, [["x"] * 9] * 9),
]
# 16 MB of zeros.
ZEROS = zlib.compress(bytes(2**24))
NAMES = ["A", "W", "h", "B", "b", "C", "weight_hh_l0", ".A", "A.", "", "/", "A/A", "a.b.W", "\x1b[2J", "W\n", "W₁"]
NAMES += ["trials_inputs", "relu_units", "pwl_units", "alpha", "__metadata__", "layer.bias", "n" * 3000, "\x1b" * 4000]
KEYS = [
    "format",
    "format_version",
    "architecture",
    "pwl_units",
    "relu_units",
    "metadata",
    "nonlinearity",
    "alpha",
    "dt",
]
KEYS += ["notes", "training", "input_names", "output_names", "conditions", "shapes", "activation", "form", "tau"]
SHAPES: list[Any] = [(), (0,), (1,), (2,), (2, 2), (4,), (1, 4), (2, 0), (2**40,), (2**16, 2**16), (2**32, 2**32)]
SHAPES += [(-1,), (2**63,), (0, 2**62), (1,) * 40, (10**400,), (2, -2)]
DTYPES = ["<f8", ">f8", "<f4", "<f2", "<f16", "<i8", "|i1", "<u8", "|b1", "<c16", "|O", "|S8", "<U4", "<M8[s]", "|V8"]
DTYPES += ["", "x", "<f3", "(2,)f8", "f8,f8", "|S0", "<U99999999"]


def _weights() -> dict[str, np.ndarray]:
    return {"A": np.full(2, 0.5), "W": np.array([[0.0, -1.0], [-1.0, 0.0]]), "h": np.ones(2)}


def _state() -> dict[str, np.ndarray]:
    layer = {"weight_ih_l0": np.ones((2, 1)), "weight_hh_l0": np.eye(2) / 2, "bias_ih_l0": np.ones(2)}
    part = {f"rnn.{name}": value.astype(np.float32) for name, value in {**layer, "bias_hh_l0": np.zeros(2)}.items()}
    return {**part, "fc.weight": np.ones((1, 2), np.float32), "fc.bias": np.zeros(1, np.float32)}


def _own(folder: Path, suffix: str) -> bytes:
    model = pa.PLRNN.al_rnn(*_weights().values(), pwl_units=2, C=[[1.0], [0.0]], B=[[1.0, 0.0]])
    pa.save(model, folder / f"own{suffix}", {"notes": ["one"], "input_names": ["x"], "training": {"task": "addition"}})
    return (folder / f"own{suffix}").read_bytes()


def _header(rng: random.Random, header: dict[str, Any]) -> dict[str, Any]:
    """A header or metadata with one or two entries changed, added or taken away."""
    header = dict(header)
    for _ in range(rng.randint(1, 2)):
        key = rng.choice([*header, *KEYS])
        if rng.random() < 0.15:
            header.pop(key, None)
        elif key == "metadata" and rng.random() < 0.7:
            header[key] = json.dumps(_header(rng, {"notes": ["one"], "input_names": ["x"]}))
        else:
            value = rng.choice(NASTY)
            header[key] = json.dumps(value) if rng.random() < 0.5 else value
    return header


def _text(rng: random.Random, value: Any) -> bytes:
    """JSON of a value, now and then too deep, cut off or not of UTF-8."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        return _bytes(rng, text)
    if rng.random() < 0.03:
        return rng.choice([b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5000 + b"]" * 5000])
    return text


def _bytes(rng: random.Random, data: bytes) -> bytes:
    """Bytes changed, left out, put in or cut off; most often near the start, where headers are."""
    content = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 3])):
        at = rng.randrange(min(len(content), rng.choice([64, 512, 2**20])) or 1)
        action = rng.randrange(6)
        if action < 3 and content:
            content[at] = rng.choice([0, 255, content[at] ^ (1 << rng.randrange(8)), rng.randrange(256)])
        elif action == 3:
            del content[at : at + rng.choice([1, 4, 8, 100])]
        elif action == 4:
            content[at:at] = rng.choice([bytes(8), rng.randbytes(rng.choice([1, 4, 8])), content[at : at + 40]])
        else:
            content[at : at + 8] = struct.pack(rng.choice("<>") + "Q", rng.choice([0, 1, 2**31, 2**63, 2**64 - 1]))
    return bytes(content[: rng.randint(0, len(content))] if rng.random() < 0.15 else content)


def _zip(rng: random.Random, members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in members:
            kind = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            archive.writestr(name or "?", content, kind)
    return buffer.getvalue()


# safetensors


def _well_formed(rng: random.Random) -> bytes:
    """A whole file, of arrays and words that do not belong together."""
    arrays = _weights() if rng.random() < 0.6 else _state()
    for _ in range(rng.randint(0, 2)):
        name = rng.choice(list(arrays))
        value = np.nan_to_num(arrays[name], posinf=5.0).astype(rng.choice(["f8", "f4", "f2", "i8", "i2", "?"]))
        value = rng.choice([value, value.ravel(), value[None], value[:1], value[:0], np.full(value.shape, 1e400)])
        arrays[rng.choice([name, *NAMES[:13]])] = value
    said = _header(rng, {"pwl_units": "2"} if rng.random() < 0.5 else {"format": "plrnn", "format_version": "1"})
    said = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    said = {key: value.encode("utf-8", "replace").decode() for key, value in said.items()}
    return safetensors.numpy.save({name: np.ascontiguousarray(value) for name, value in arrays.items()}, said)


def _safetensors(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    if rng.random() < 0.5:
        return _well_formed(rng)
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.3:
        return _bytes(rng, data)
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(list(header) or [""])
        action, entry = rng.randrange(6), header.get(name, {})
        if action == 0 or name == "__metadata__":
            header["__metadata__"] = _header(rng, header.get("__metadata__") or {})
        elif action == 1:
            header[rng.choice(NAMES)] = header.pop(name, {})
        elif action == 2 and isinstance(entry, dict):
            header[name] = {
                **entry,
                "dtype": rng.choice(["F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "X"]),
            }
        elif action == 3 and isinstance(entry, dict):
            header[name] = {**entry, "shape": list(rng.choice(SHAPES))}
        elif action == 4 and isinstance(entry, dict):
            header[name] = {**entry, "data_offsets": [rng.choice([0, 8, 16, -1, 2**63, len(body)]) for _ in range(2)]}
        else:
            header[name] = rng.choice(NASTY)
    if rng.random() < 0.3:
        body = rng.choice([_bytes(rng, body), np.full(len(body) // 8, rng.choice([np.nan, np.inf, 1e308])).tobytes()])
    text = _text(rng, header)
    length = rng.choice([len(text)] * 20 + [0, 2**63, 2**64 - 1, len(text) - 1, 10**8])
    return struct.pack("<Q", length) + text + body


def _safetensors_seeds(folder: Path) -> dict[str, bytes]:
    foreign = safetensors.numpy.save(_weights(), {"pwl_units": "2"})
    return {"own": _own(folder, ".safetensors"), "foreign": foreign, "torch": safetensors.numpy.save(_state())}


# npz


def _npy(rng: random.Random, array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    data = buffer.getvalue()
    if rng.random() < 0.3:
        return _bytes(rng, data)
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


def _npz(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.2:
        return _bytes(rng, data)
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
        header = _text(rng, _header(rng, {"format": "plrnn", "format_version": "1"} if rng.random() < 0.5 else {}))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = np.array(header if rng.random() < 0.2 else header.decode("utf-8", "replace"))
        buffer = io.BytesIO()
        np.save(buffer, stored)
        members = [part for part in members if part[0] != "__metadata__.npy"] + [
            ("__metadata__.npy", buffer.getvalue())
        ]
    elif action == 2:
        members.append((f"{rng.choice(NAMES)}.npy", _npy(rng, np.ones(rng.choice([(2,), (2, 2), (), (1, 2)])))))
    else:
        array = np.load(io.BytesIO(content))
        members[at] = (
            name,
            _npy(rng, array if rng.random() < 0.5 else np.full(array.shape, rng.choice([np.nan, 1e308]))),
        )
    return _zip(rng, members)


def _npz_seeds(folder: Path) -> dict[str, bytes]:
    found = {"own": _own(folder, ".npz")}
    for name, arrays in {"foreign": {**_weights(), "pwl_units": np.array(2)}, "torch": _state()}.items():
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        found[name] = buffer.getvalue()
    return found


# MATLAB


def _mat(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = (
        seeds[rng.choice(["own", "foreign", "struct", "sparse"])]
        if rng.random() < 0.7
        else rng.choice([*seeds.values()])
    )
    if rng.random() < 0.1:
        return data
    # The free text at the start is never read.
    start, body = data[:124], data[124:]
    damaged = _bytes(rng, body)
    if rng.random() < 0.3 and len(damaged) > 12:
        packed = zlib.compress(damaged[4:]) if rng.random() < 0.9 else ZEROS
        return start + damaged[:4] + struct.pack("<II", 15, len(packed)) + packed
    return start + damaged


def _mat_seeds(folder: Path) -> dict[str, bytes]:
    from scipy.sparse import csc_matrix

    rng = random.Random(0)
    found = {"own": _own(folder, ".mat")}
    kinds: dict[str, dict[str, Any]] = {
        "foreign": {**_weights(), "pwl_units": 2.0},
        "struct": {"net": {**_weights(), "nonlinearity": "relu"}, "cells": np.array([1, "a"], object)},
        "sparse": {**_weights(), "W": csc_matrix(np.eye(2)), "flags": np.array([True]), "z": np.ones(2) * 1j},
    }
    for index in range(40):
        header = {
            **_header(rng, {"format": "plrnn", "format_version": "1"}),
            "shapes": json.dumps({"A": rng.choice(SHAPES)}),
        }
        kinds[f"own {index}"] = {**_weights(), "plrnn_metadata": json.dumps(header).replace("\x00", " ")[:20_000]}
    for name, arrays in kinds.items():
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, arrays)
        found[name] = buffer.getvalue()
    return found


# torch


def _saved(content: Any, zipped: bool = True) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def _torch_content(rng: random.Random) -> Any:
    import torch

    def tensor(value: np.ndarray) -> Any:
        plain = torch.tensor(value)
        kinds: list[Callable[[], Any]] = [
            *[lambda: plain] * 12,
            lambda: plain.to(rng.choice([torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.complex64])),
            lambda: plain.to_sparse(),
            lambda: plain.reshape(-1)[0].expand(rng.choice([2, 2**20, 2**40])),
            lambda: plain.to("meta"),
            lambda: torch.full_like(plain, rng.choice([float("nan"), float("inf"), 1e38])),
            lambda: plain.reshape(-1)[rng.randrange(2) :],
            lambda: torch.nn.Parameter(plain),
            lambda: torch.zeros(rng.choice([(0,), (1, 1, 1), (2, 3), (1,) * 30])),
        ]
        return rng.choice(kinds)()

    base = _weights() if rng.random() < 0.5 else _state()
    content: dict[Any, Any] = {name: tensor(value) for name, value in base.items()}
    for _ in range(rng.randint(0, 2)):
        content[rng.choice([*NAMES, *KEYS, 5, None, (1, 2), 1.5])] = rng.choice([*NASTY, *content.values()])
    if rng.random() < 0.3:
        content = {rng.choice(["state_dict", "model", "x"]): content, rng.choice(KEYS): rng.choice(NASTY)}
    if rng.random() < 0.1:
        content["metadata"] = rng.choice([content, {"x": rng.choice(NASTY)}])
    return content if rng.random() < 0.97 else [content]


def _pickled(rng: random.Random, data: bytes) -> bytes:
    """A pickle with a few instructions changed, or with calls in it, none of which may be made."""
    if rng.random() < 0.7:
        return _bytes(rng, data)
    at = rng.randrange(2, len(data))
    call = rng.choice(
        [b"cos\nsystem\n(X\x06\x00\x00\x00touch x", b"cbuiltins\neval\n(", b"ctorch\nload\n(", b"ccollections\nx\n("]
    )
    return data[:at] + call + rng.choice([b"tR", b"R", b"\x81", b"b", b""]) + data[at:]


def _torch_zip(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values())) if rng.random() < 0.5 else _saved(_torch_content(rng))
    if rng.random() < 0.3:
        return _bytes(rng, data) if rng.random() < 0.5 else data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    action = rng.randrange(5)
    for at, (name, content) in enumerate(members):
        if name.endswith("data.pkl") and action < 3:
            members[at] = (name, _pickled(rng, content))
        elif "/data/" in name and action == 3:
            members[at] = (name, _bytes(rng, content))
    if action == 4:
        members.pop(rng.randrange(len(members)))
    return _zip(rng, members)


def _torch_legacy(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values())) if rng.random() < 0.5 else _saved(_torch_content(rng), zipped=False)
    return data if rng.random() < 0.1 else _pickled(rng, data)


def _torch_seeds(zipped: bool) -> dict[str, bytes]:
    import torch

    state = {name: torch.tensor(value) for name, value in _state().items()}
    plain = {name: torch.tensor(value) for name, value in _weights().items()}
    return (
        {
            "foreign": _saved({**plain, "pwl_units": 2}, zipped),
            "torch": _saved({"state_dict": state, "hyper_parameters": {"nonlinearity": "relu"}}, zipped),
            "bare": pickle.dumps({"A": [1.0]}, 2),
        }
        if not zipped
        else {
            "foreign": _saved({**plain, "pwl_units": 2}),
            "torch": _saved({"state_dict": state, "hyper_parameters": {"nonlinearity": "relu"}}),
        }
    )


# HDF5


def _h5(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    return _bytes(rng, rng.choice(list(seeds.values())))


def _h5_seeds(folder: Path) -> dict[str, bytes]:
    import h5py

    found = {}
    for name, arrays in {"foreign": _weights(), "torch": _state()}.items():
        with h5py.File(folder / "m.h5", "w", track_order=name == "torch") as file:
            file.attrs["pwl_units"] = 2
            for part, value in arrays.items():
                file[part.replace(".", "/")] = value
        found[name] = (folder / "m.h5").read_bytes()
    return found


def _keras(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    config = {"class_name": "SimpleRNN", "config": {"name": "rnn", "activation": "relu"}}
    config["config"] = _header(rng, config["config"])  # type: ignore[arg-type]
    weights = seeds["weights"] if rng.random() < 0.6 else _bytes(rng, seeds["weights"])
    return _zip(rng, [("config.json", _text(rng, config)), ("metadata.json", b"{}"), ("model.weights.h5", weights)])


def _keras_seeds(folder: Path) -> dict[str, bytes]:
    import h5py

    with h5py.File(folder / "m.h5", "w") as file:
        for index, value in enumerate([np.ones((1, 2)), np.eye(2) / 2, np.zeros(2)]):
            file[f"layers/simple_rnn/cell/vars/{index}"] = value.astype(np.float32)
    return {"weights": (folder / "m.h5").read_bytes()}


KINDS: dict[str, tuple[str, Callable[[Path], dict[str, bytes]], Callable[[random.Random, dict[str, bytes]], bytes]]] = {
    "safetensors": (".safetensors", _safetensors_seeds, _safetensors),
    "npz": (".npz", _npz_seeds, _npz),
    "mat": (".mat", _mat_seeds, _mat),
    "pt": (".pt", lambda folder: _torch_seeds(True), _torch_zip),
    "legacy": (".pt", lambda folder: _torch_seeds(False), _torch_legacy),
    "h5": (".h5", _h5_seeds, _h5),
    "keras": (".keras", _keras_seeds, _keras),
}


def mutants(kind: str, folder: Path, n: int, seed: int = 0) -> Iterator[bytes]:
    """Contents of `n` damaged files; `folder` is for what is needed to make them."""
    _, make_seeds, mutate = KINDS[kind]
    seeds = make_seeds(folder)
    for index in range(n):
        # One mutant can be made again alone, and later versions may ask for more of them.
        yield mutate(random.Random(f"{kind} {seed} {index}"), seeds)
