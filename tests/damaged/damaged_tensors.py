"""Damaged .safetensors files."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import numpy as np
import safetensors.numpy
from damage import NAMES, NASTY, SHAPES, damaged_bytes, damaged_header, damaged_text
from whole_networks import own_file, state, weights

__all__ = ["damaged_safetensors", "safetensors_seeds"]


def _well_formed(rng: random.Random) -> bytes:
    """A whole file, of arrays and words that do not belong together."""
    arrays = weights() if rng.random() < 0.6 else state()
    for _ in range(rng.randint(0, 2)):
        name = rng.choice(list(arrays))
        value = np.nan_to_num(arrays[name], posinf=5.0).astype(rng.choice(["f8", "f4", "f2", "i8", "i2", "?"]))
        value = rng.choice([value, value.ravel(), value[None], value[:1], value[:0], np.full(value.shape, 1e400)])
        arrays[rng.choice([name, *NAMES[:13]])] = value
    said = damaged_header(rng, {"pwl_units": "2"} if rng.random() < 0.5 else {"format": "plrnn", "format_version": "1"})
    said = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    said = {key: value.encode("utf-8", "replace").decode() for key, value in said.items()}
    return safetensors.numpy.save({name: np.ascontiguousarray(value) for name, value in arrays.items()}, said)


def damaged_safetensors(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    if rng.random() < 0.5:
        return _well_formed(rng)
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.3:
        return damaged_bytes(rng, data)
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(list(header) or [""])
        action, entry = rng.randrange(6), header.get(name, {})
        if action == 0 or name == "__metadata__":
            header["__metadata__"] = damaged_header(rng, header.get("__metadata__") or {})
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
        body = rng.choice(
            [damaged_bytes(rng, body), np.full(len(body) // 8, rng.choice([np.nan, np.inf, 1e308])).tobytes()]
        )
    text = damaged_text(rng, header)
    length = rng.choice([len(text)] * 20 + [0, 2**63, 2**64 - 1, len(text) - 1, 10**8])
    return struct.pack("<Q", length) + text + body


def safetensors_seeds(folder: Path) -> dict[str, bytes]:
    foreign = safetensors.numpy.save(weights(), {"pwl_units": "2"})
    return {"own": own_file(folder, ".safetensors"), "foreign": foreign, "torch": safetensors.numpy.save(state())}
