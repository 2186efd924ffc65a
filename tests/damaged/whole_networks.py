"""Networks and trials that are whole, before they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import plrnn_analysis as pa

__all__ = ["own_file", "state", "trials", "weights"]


def weights() -> dict[str, np.ndarray]:
    return {"A": np.full(2, 0.5), "W": np.array([[0.0, -1.0], [-1.0, 0.0]]), "h": np.ones(2)}


def state() -> dict[str, np.ndarray]:
    layer = {"weight_ih_l0": np.ones((2, 1)), "weight_hh_l0": np.eye(2) / 2, "bias_ih_l0": np.ones(2)}
    part = {f"rnn.{name}": value.astype(np.float32) for name, value in {**layer, "bias_hh_l0": np.zeros(2)}.items()}
    return {**part, "fc.weight": np.ones((1, 2), np.float32), "fc.bias": np.zeros(1, np.float32)}


def own_file(folder: Path, suffix: str) -> bytes:
    model = pa.PLRNN.al_rnn(*weights().values(), pwl_units=2, C=[[1.0], [0.0]], B=[[1.0, 0.0]])
    pa.save(model, folder / f"own{suffix}", {"notes": ["one"], "input_names": ["x"], "training": {"task": "addition"}})
    return (folder / f"own{suffix}").read_bytes()


def trials() -> dict[str, np.ndarray]:
    """Arrays that are trials, and a series too."""
    rng = np.random.default_rng(0)
    return {
        "inputs": rng.normal(size=(6, 9, 2)),
        "targets": rng.normal(size=(6, 9, 1)),
        "lengths": np.array([9, 9, 5, 9, 4, 9]),
        "conditions": np.array([0, 1] * 3),
    }
