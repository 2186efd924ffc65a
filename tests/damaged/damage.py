"""Damage of bytes, headers and texts, and values that nobody expects, of which damaged files are made."""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from typing import Any

__all__ = [
    "DTYPES",
    "KEYS",
    "LONG",
    "NAMES",
    "NASTY",
    "SHAPES",
    "ZEROS",
    "damaged_bytes",
    "damaged_header",
    "damaged_text",
    "zipped",
]


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


def damaged_header(rng: random.Random, header: dict[str, Any]) -> dict[str, Any]:
    """A header or metadata with one or two entries changed, added or taken away."""
    header = dict(header)
    for _ in range(rng.randint(1, 2)):
        key = rng.choice([*header, *KEYS])
        if rng.random() < 0.15:
            header.pop(key, None)
        elif key == "metadata" and rng.random() < 0.7:
            header[key] = json.dumps(damaged_header(rng, {"notes": ["one"], "input_names": ["x"]}))
        else:
            value = rng.choice(NASTY)
            header[key] = json.dumps(value) if rng.random() < 0.5 else value
    return header


def damaged_text(rng: random.Random, value: Any) -> bytes:
    """JSON of a value, now and then too deep, cut off or not of UTF-8."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        return damaged_bytes(rng, text)
    if rng.random() < 0.03:
        return rng.choice([b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5000 + b"]" * 5000])
    return text


def damaged_bytes(rng: random.Random, data: bytes) -> bytes:
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


def zipped(rng: random.Random, members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in members:
            kind = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            archive.writestr(name or "?", content, kind)
    return buffer.getvalue()
