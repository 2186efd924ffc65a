"""Damaged files of trials and of time series."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from damage import LONG, NASTY, damaged_bytes, zipped
from damaged_matlab import damaged_mat
from damaged_numpy import damaged_npy
from whole_networks import trials

__all__ = [
    "damaged_archive",
    "damaged_array",
    "damaged_csv",
    "damaged_mat_of_series",
    "series_arrays",
    "series_csv",
    "series_mats",
    "series_npz",
    "trials_mats",
    "trials_npz",
]

# Names of trials and of series that mean something to their readers.
NAMES = ["x", "u", "y", "values", "data", "labels", "mask", "lengths", "conditions", "condition_names", "dt", "names"]
NAMES += [
    "system",
    "noise",
    "seed",
    "lambda_max",
    "trial_0",
    "trial_" + "9" * 5000,
    "output_names",
    "\x1b]0;t\x07",
    "W",
]
FIELDS = [
    "",
    "NaN",
    "-",
    "1e999",
    "-inf",
    "1_000",
    "0x1",
    "x",
    "\x00",
    '"',
    '"a\nb"',
    "1" * 5000,
    "9" * 400,
    "\x1b[2J",
    LONG,
]


def _values(rng: random.Random, value: np.ndarray) -> Any:
    """Something else in the place of an array."""
    texts = [np.array("text"), np.array(list("ab" * 3)), np.array(["", "\x1b[2J", "\u202e"] * 2)]
    if value.dtype.kind in "SUM" or rng.random() < 0.2:
        return rng.choice([*texts, np.arange(6), np.array(2**62), np.float64(0.1), np.zeros((0, 3))])
    kind = rng.choice(["f4", "f2", "i1", "u1", "i8", "?", "c16", ">f8", "U3", "S3", "M8[s]"])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turned = value.astype("i8").astype(kind) if kind == "M8[s]" else value.astype(kind)
        odd = [
            turned,
            turned,
            turned,
            value.ravel(),
            np.atleast_1d(value)[:1],
            np.atleast_2d(value)[:, :1],
            value[None],
        ]
        odd += [np.full(value.shape, rng.choice([np.nan, np.inf, 1e308, -1.0, 0.5])), value.T, value * -1.0]
    return rng.choice(odd)


def _changed(rng: random.Random, arrays: dict[str, Any]) -> dict[str, Any]:
    arrays = dict(arrays)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(list(arrays))
        value = _values(rng, np.asarray(arrays[name]))
        if rng.random() < 0.1:
            arrays.pop(name)
        arrays[rng.choice([name, rng.choice(NAMES)])] = value
    return arrays


def _saved(arrays: dict[str, Any], compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def damaged_archive(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    """An .npz file of trials or of a series."""
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.2:
        return damaged_bytes(rng, data)
    with np.load(io.BytesIO(data)) as archive:
        arrays = dict(archive)
    if rng.random() < 0.6:
        return _saved(_changed(rng, arrays), rng.random() < 0.3)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(members))
    members[at] = (members[at][0], damaged_npy(rng, arrays[members[at][0].removesuffix(".npy")]))
    return zipped(rng, members)


def trials_npz(folder: Path) -> dict[str, bytes]:
    classes = {**trials(), "labels": np.array(["left", "right"] * 3)}
    classes.pop("targets")
    return {"values": _saved(trials()), "classes": _saved(classes)}


def series_npz(folder: Path) -> dict[str, bytes]:
    values = trials()["inputs"]
    facts = {"dt": np.array(0.1), "names": np.array(["a", "b"]), "system": np.array("lorenz63")}
    numbered = {f"trial_{i}": value for i, value in enumerate(values)}
    return {"facts": _saved({"values": values, "inputs": trials()["targets"], **facts}), "numbered": _saved(numbered)}


def damaged_array(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    """An .npy file."""
    array = np.load(io.BytesIO(rng.choice(list(seeds.values()))))
    return damaged_npy(rng, _values(rng, array) if rng.random() < 0.5 else array)


def series_arrays(folder: Path) -> dict[str, bytes]:
    found = {}
    for name, array in trials().items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        found[name] = buffer.getvalue()
    return found


def damaged_mat_of_series(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    """A .mat file of trials or of a series."""
    if rng.random() < 0.5:
        first, *_ = seeds.values()
        return damaged_mat(rng, dict.fromkeys(["own", "foreign", "struct", "sparse"], first) | seeds)
    arrays = _changed(rng, trials())
    buffer = io.BytesIO()
    names = {name[:31]: value for name, value in arrays.items() if name.isidentifier()}
    plain = {name: value for name, value in names.items() if np.asarray(value).dtype.kind in "biufcU"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scipy.io.savemat(buffer, plain, do_compression=rng.random() < 0.3)
    return buffer.getvalue()


def _mats(**kinds: dict[str, Any]) -> dict[str, bytes]:
    found = {}
    for name, arrays in kinds.items():
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, arrays)
        found[name] = buffer.getvalue()
    return found


def trials_mats(folder: Path) -> dict[str, bytes]:
    return _mats(plain=trials(), cells={**trials(), "input_names": np.array(["a", "b"], object)})


def series_mats(folder: Path) -> dict[str, bytes]:
    return _mats(
        plain={"values": trials()["inputs"], "dt": 0.1}, two={"x": trials()["inputs"][0], "u": np.ones((9, 1))}
    )


def damaged_csv(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    """A table whose bytes, fields, rows or times are changed."""
    data = rng.choice(list(seeds.values()))
    if rng.random() < 0.3:
        return damaged_bytes(rng, data)
    rows = [line.split(",") for line in data.decode().splitlines()]
    for _ in range(rng.randint(1, 3)):
        row = rng.choice(rows)
        action = rng.randrange(7)
        if action < 3:
            said = rng.choice(FIELDS) if rng.random() < 0.7 else str(rng.choice(NASTY))
            row[:1] = [said] if rng.random() < 0.5 else [*row[:1], said]
        elif action == 3:
            row[:] = row[: rng.randint(0, len(row))] or row * 2
        elif action == 4:
            # A time far away.
            rows[-1][:1] = [rng.choice(["1e6", "1e12", "1e300", "-1", "0", "nan", "0.35"])]
        elif action == 5:
            rows[0] = rng.choice([rows[0][::-1], ["time"] * len(rows[0]), [""] * len(rows[0]), ["x" * 200_000]])
        else:
            rows.insert(rng.randrange(len(rows)), rng.choice([[], ["#"], row, ["1"] * 5000]))
    separator = rng.choice([",", ",", ",", ";", "\t", " "])
    text = rng.choice(["\n", "\n", "\r\n", "\r", "\x85"]).join(separator.join(row) for row in rows)
    return text.encode("utf-8", "surrogatepass")


def series_csv(folder: Path) -> dict[str, bytes]:
    times = [f"{0.1 * i:.1f},{np.sin(i):.6f},{i % 3}" for i in range(12)]
    split = [f"{i // 6},{i},{i * i}" for i in range(18)]
    plain = [f"{i},{-i}" for i in range(9)]
    tables = {"times": ["time,a,b", *times], "trials": ["trial,a,b", *split], "plain": plain}
    return {name: "\n".join(lines).encode() for name, lines in tables.items()}
