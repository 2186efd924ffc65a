"""Damaged HDF5 files: of any program, of MATLAB 7.3, and within Keras archives."""

from __future__ import annotations

import io
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from damage import damaged_bytes, damaged_header, damaged_text, zipped
from whole_networks import state, trials, weights

__all__ = ["damaged_h5", "damaged_keras", "damaged_mat73", "h5_seeds", "keras_seeds", "mat73_seeds"]


def damaged_h5(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    return damaged_bytes(rng, rng.choice(list(seeds.values())))


def h5_seeds(folder: Path) -> dict[str, bytes]:
    import h5py

    found = {}
    for name, arrays in {"foreign": weights(), "torch": state()}.items():
        with h5py.File(folder / "m.h5", "w", track_order=name == "torch") as file:
            file.attrs["pwl_units"] = 2
            for part, value in arrays.items():
                file[part.replace(".", "/")] = value
        found[name] = (folder / "m.h5").read_bytes()
    return found


def damaged_mat73(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    """Bytes of a file changed, or a whole one in which variables have odd names, types, shapes and attributes."""
    if rng.random() < 0.4:
        # The free text at the start is never read.
        data = rng.choice(list(seeds.values()))
        return data[:512] + damaged_bytes(rng, data[512:])
    arrays: dict[str, Any] = dict(rng.choice([weights(), trials()]))
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(list(arrays))
        value = np.asarray(arrays[name])
        value = np.ones((2, 2)) if value.dtype.kind in "SU" or not value.ndim else value
        kind = rng.choice(["f4", "f2", "i1", "u8", "?", "c16", "f8"])
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            turned = value.astype(kind)
        values = [turned, np.full(value.shape, np.nan), value[:0], "text", np.bytes_("x"), value.ravel()]
        arrays[
            rng.choice([name, "pwl_units", "dt", "labels", "W\x1b[2J", "names", "a/b", "#refs#/a", "plrnn_metadata"])
        ] = values[rng.randrange(len(values))]
    return _mat73(arrays, rng)


def mat73_seeds(folder: Path) -> dict[str, bytes]:
    return {"weights": _mat73(weights()), "trials": _mat73(trials())}


def _mat73(arrays: dict[str, Any], rng: random.Random | None = None) -> bytes:
    """A file as MATLAB writes it: 512 bytes of its own, then HDF5 whose arrays are transposed and say their class."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        for name, value in arrays.items():
            if name in file:
                continue
            value = np.asarray(value).T if isinstance(value, np.ndarray) else value
            options: dict[str, Any] = {}
            if isinstance(value, np.ndarray) and value.size and rng is not None and rng.random() < 0.3:
                options = {"chunks": True, "compression": "gzip", "shuffle": True}
                if rng.random() < 0.2:
                    value, options = None, {"shape": (2**20, rng.choice([1, 2**10, 2**20])), "dtype": "f8", **options}
            made = file.create_dataset(name, data=value, **options)
            said = ["double", "char", "cell", "logical", "struct", "function_handle", "", "\x1b[2J", 5, "x" * 1000]
            kind = "double" if rng is None or rng.random() < 0.6 else rng.choice(said)
            made.attrs["MATLAB_class"] = np.bytes_(kind) if isinstance(kind, str) and kind else kind
            if rng is not None and rng.random() < 0.2:
                made.attrs[rng.choice(["MATLAB_empty", "MATLAB_int_decode", "MATLAB_fields"])] = rng.choice(
                    [1, -1, "x"]
                )
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    return head.ljust(512, b"\0") + buffer.getvalue()[512:]


def damaged_keras(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    config = {"class_name": "SimpleRNN", "config": {"name": "rnn", "activation": "relu"}}
    config["config"] = damaged_header(rng, config["config"])  # type: ignore[arg-type]
    weights = seeds["weights"] if rng.random() < 0.6 else damaged_bytes(rng, seeds["weights"])
    return zipped(
        rng, [("config.json", damaged_text(rng, config)), ("metadata.json", b"{}"), ("model.weights.h5", weights)]
    )


def keras_seeds(folder: Path) -> dict[str, bytes]:
    import h5py

    with h5py.File(folder / "m.h5", "w") as file:
        for index, value in enumerate([np.ones((1, 2)), np.eye(2) / 2, np.zeros(2)]):
            file[f"layers/simple_rnn/cell/vars/{index}"] = value.astype(np.float32)
    return {"weights": (folder / "m.h5").read_bytes()}
