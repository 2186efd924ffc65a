"""Files as every framework writes them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from safetensors.numpy import save_file

# Without these, tests that import this are skipped.
h5py = pytest.importorskip("h5py")
torch = pytest.importorskip("torch")

Arrays = dict[str, np.ndarray]


def write_npz(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    np.savez(folder / "m.npz", **arrays, **settings)
    return folder / "m.npz"


def write_safetensors(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    plain = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    save_file(plain, folder / "m.safetensors", {key: json.dumps(value) for key, value in settings.items()} or None)
    return folder / "m.safetensors"


def write_torch(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    state = {name: torch.tensor(value) for name, value in arrays.items()}
    torch.save({"state_dict": state, **settings} if settings else state, folder / "m.pt")
    return folder / "m.pt"


def write_lightning(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    state = {name: torch.tensor(value) for name, value in arrays.items()}
    torch.save({"state_dict": state, "epoch": 3, "hyper_parameters": settings}, folder / "m.ckpt")
    return folder / "m.ckpt"


def write_mat(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    scipy.io.savemat(folder / "m.mat", {**arrays, **settings})
    return folder / "m.mat"


def write_mat73(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    """As MATLAB writes it: by columns, every vector a matrix, with a header of 512 bytes before the HDF5 part."""
    path = folder / "m.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in arrays.items():
            matrix = value if value.ndim == 2 else np.reshape(value, (-1, 1))
            file.create_dataset(name.replace(".", "/"), data=matrix.T).attrs["MATLAB_class"] = np.bytes_("double")
        for name, text in settings.items():
            codes = np.array([[ord(letter)] for letter in text], dtype=np.uint16)
            file.create_dataset(name, data=codes).attrs["MATLAB_class"] = np.bytes_("char")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def write_octave(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    with h5py.File(folder / "m.h5", "w") as file:
        for name, value in arrays.items():
            group = file.create_group(name)
            group.attrs["OCTAVE_NEW_FORMAT"] = np.uint8(1)
            group.create_dataset("type", data=np.bytes_("matrix"))
            group.create_dataset("value", data=(value if value.ndim == 2 else np.reshape(value, (-1, 1))).T)
    return folder / "m.h5"


def write_h5(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    with h5py.File(folder / "m.weights.h5", "w") as file:
        for name, value in arrays.items():
            file.create_dataset(name, data=value)
        for name, value in settings.items():
            file.attrs[name] = json.dumps(value)
    return folder / "m.weights.h5"


def write_keras(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    inner = write_h5(folder, arrays, {})
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(settings["model_config"]))
        archive.writestr("model.weights.h5", inner.read_bytes())
    inner.unlink()
    return folder / "m.keras"


def write_directory(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    home = folder / "model"
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps(settings))
    write_safetensors(home, arrays, {}).rename(home / "model.safetensors")
    return home


def write_shards(folder: Path, arrays: Arrays, settings: dict[str, Any]) -> Path:
    home = folder / "model"
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps(settings))
    weight_map = {}
    for index, part in enumerate((list(arrays)[::2], list(arrays)[1::2])):
        name = f"model-0000{index + 1}-of-00002.safetensors"
        write_safetensors(home, {key: arrays[key] for key in part}, {}).rename(home / name)
        weight_map.update(dict.fromkeys(part, name))
    (home / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return home


WRITERS: dict[str, Callable[[Path, Arrays, dict[str, Any]], Path]] = {
    ".npz": write_npz,
    ".safetensors": write_safetensors,
    ".pt": write_torch,
    ".ckpt": write_lightning,
    ".mat": write_mat,
    ".mat73": write_mat73,
    "octave": write_octave,
    ".h5": write_h5,
    ".keras": write_keras,
    "directory": write_directory,
    "shards": write_shards,
}
