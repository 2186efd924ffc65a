"""Damaged files of torch, as zip archives and as pickles."""

from __future__ import annotations

import io
import pickle
import random
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from damage import KEYS, NAMES, NASTY, damaged_bytes, zipped
from whole_networks import state, weights

__all__ = ["damaged_torch_legacy", "damaged_torch_zip", "torch_seeds"]


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

    base = weights() if rng.random() < 0.5 else state()
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
        return damaged_bytes(rng, data)
    at = rng.randrange(2, len(data))
    call = rng.choice(
        [b"cos\nsystem\n(X\x06\x00\x00\x00touch x", b"cbuiltins\neval\n(", b"ctorch\nload\n(", b"ccollections\nx\n("]
    )
    return data[:at] + call + rng.choice([b"tR", b"R", b"\x81", b"b", b""]) + data[at:]


def damaged_torch_zip(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values())) if rng.random() < 0.5 else _saved(_torch_content(rng))
    if rng.random() < 0.3:
        return damaged_bytes(rng, data) if rng.random() < 0.5 else data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    action = rng.randrange(5)
    for at, (name, content) in enumerate(members):
        if name.endswith("data.pkl") and action < 3:
            members[at] = (name, _pickled(rng, content))
        elif "/data/" in name and action == 3:
            members[at] = (name, damaged_bytes(rng, content))
    if action == 4:
        members.pop(rng.randrange(len(members)))
    return zipped(rng, members)


def damaged_torch_legacy(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = rng.choice(list(seeds.values())) if rng.random() < 0.5 else _saved(_torch_content(rng), zipped=False)
    return data if rng.random() < 0.1 else _pickled(rng, data)


def torch_seeds(zipped: bool) -> dict[str, bytes]:
    import torch

    recurrent = {name: torch.tensor(value) for name, value in state().items()}
    plain = {name: torch.tensor(value) for name, value in weights().items()}
    return (
        {
            "foreign": _saved({**plain, "pwl_units": 2}, zipped),
            "torch": _saved({"state_dict": recurrent, "hyper_parameters": {"nonlinearity": "relu"}}, zipped),
            "bare": pickle.dumps({"A": [1.0]}, 2),
        }
        if not zipped
        else {
            "foreign": _saved({**plain, "pwl_units": 2}),
            "torch": _saved({"state_dict": recurrent, "hyper_parameters": {"nonlinearity": "relu"}}),
        }
    )
