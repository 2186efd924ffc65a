"""Damaged files of MATLAB."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from damage import SHAPES, ZEROS, damaged_bytes, damaged_header
from whole_networks import own_file, weights

__all__ = ["damaged_mat", "mat_seeds"]


def damaged_mat(rng: random.Random, seeds: dict[str, bytes]) -> bytes:
    data = (
        seeds[rng.choice(["own", "foreign", "struct", "sparse"])]
        if rng.random() < 0.7
        else rng.choice([*seeds.values()])
    )
    if rng.random() < 0.1:
        return data
    # The free text at the start is never read.
    start, body = data[:124], data[124:]
    damaged = damaged_bytes(rng, body)
    if rng.random() < 0.3 and len(damaged) > 12:
        packed = zlib.compress(damaged[4:]) if rng.random() < 0.9 else ZEROS
        return start + damaged[:4] + struct.pack("<II", 15, len(packed)) + packed
    return start + damaged


def mat_seeds(folder: Path) -> dict[str, bytes]:
    from scipy.sparse import csc_matrix

    rng = random.Random(0)
    found = {"own": own_file(folder, ".mat")}
    kinds: dict[str, dict[str, Any]] = {
        "foreign": {**weights(), "pwl_units": 2.0},
        "struct": {"net": {**weights(), "nonlinearity": "relu"}, "cells": np.array([1, "a"], object)},
        "sparse": {**weights(), "W": csc_matrix(np.eye(2)), "flags": np.array([True]), "z": np.ones(2) * 1j},
    }
    for index in range(40):
        header = {
            **damaged_header(rng, {"format": "plrnn", "format_version": "1"}),
            "shapes": json.dumps({"A": rng.choice(SHAPES)}),
        }
        kinds[f"own {index}"] = {**weights(), "plrnn_metadata": json.dumps(header).replace("\x00", " ")[:20_000]}
    for name, arrays in kinds.items():
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, arrays)
        found[name] = buffer.getvalue()
    return found
