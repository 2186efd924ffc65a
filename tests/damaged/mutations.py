"""Damaged and hostile checkpoints of every format, without end and always the same for one seed.

A mutant is made where damage gets furthest: not only in the bytes of the file, where a checksum finds most of it, but
in what lies behind the checksums, in headers, names, shapes and settings, and the file is then put together again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from damaged_hdf5 import damaged_h5, damaged_keras, damaged_mat73, h5_seeds, keras_seeds, mat73_seeds
from damaged_matlab import damaged_mat, mat_seeds
from damaged_numpy import damaged_npz, npz_seeds
from damaged_series import (
    damaged_archive,
    damaged_array,
    damaged_csv,
    damaged_mat_of_series,
    series_arrays,
    series_csv,
    series_mats,
    series_npz,
    trials_mats,
    trials_npz,
)
from damaged_tensors import damaged_safetensors, safetensors_seeds
from damaged_torch import damaged_torch_legacy, damaged_torch_zip, torch_seeds

__all__ = ["KINDS", "mutants"]

KINDS: dict[str, tuple[str, Callable[[Path], dict[str, bytes]], Callable[[random.Random, dict[str, bytes]], bytes]]] = {
    "safetensors": (".safetensors", safetensors_seeds, damaged_safetensors),
    "npz": (".npz", npz_seeds, damaged_npz),
    "mat": (".mat", mat_seeds, damaged_mat),
    "pt": (".pt", lambda folder: torch_seeds(True), damaged_torch_zip),
    "legacy": (".pt", lambda folder: torch_seeds(False), damaged_torch_legacy),
    "h5": (".h5", h5_seeds, damaged_h5),
    "mat73": (".mat", mat73_seeds, damaged_mat73),
    "keras": (".keras", keras_seeds, damaged_keras),
    "trials npz": (".npz", trials_npz, damaged_archive),
    "trials mat": (".mat", trials_mats, damaged_mat_of_series),
    "trials mat73": (".mat", mat73_seeds, damaged_mat73),
    "series npy": (".npy", series_arrays, damaged_array),
    "series npz": (".npz", series_npz, damaged_archive),
    "series mat": (".mat", series_mats, damaged_mat_of_series),
    "series csv": (".csv", series_csv, damaged_csv),
    "inputs": (".npy", series_arrays, damaged_array),
}


def mutants(kind: str, folder: Path, n: int, seed: int = 0) -> Iterator[bytes]:
    """Contents of `n` damaged files; `folder` is for what is needed to make them."""
    _, make_seeds, mutate = KINDS[kind]
    seeds = make_seeds(folder)
    for index in range(n):
        # One mutant can be made again alone, and later versions may ask for more of them.
        yield mutate(random.Random(f"{kind} {seed} {index}"), seeds)
