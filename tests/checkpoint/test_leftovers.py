"""What may stand beside a network: judged by name and shape, never by the name alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from layout_files import write_npz

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError

M, N = 3, 5
AL = {"A": np.ones(M), "W": np.eye(M), "h": np.zeros(M)}
DENDRITIC = {**AL, "alphas": np.ones(2), "thetas": np.zeros((M, 2))}
RNN = {"rnn.weight_ih_l0": np.ones((M, 2)), "rnn.weight_hh_l0": np.eye(M)}


def load(folder: Path, arrays: dict[str, np.ndarray], **options) -> pa.PLRNN:
    return pa.load(
        write_npz(folder, arrays, {}),
        **({} if "thetas" in arrays or "rnn" in str(arrays) else {"pwl_units": 1}),
        **options,
    )


@pytest.mark.parametrize(
    "name", "S G Sigma Gamma Q_noise process_noise sigma log_sigma std mean z0 mu0 losses W_noise epochs lr".split()
)
@pytest.mark.parametrize("network", [AL, DENDRITIC, RNN], ids=["AL-RNN", "dendritic", "torch"])
def test_a_matrix_like_W_is_refused_by_whatever_name(tmp_path: Path, network: dict, name: str) -> None:
    for name_there in (name, f"rnn.{name}") if network is RNN else (name,):
        arrays = {**network, name_there: np.full((M, M), 0.5)}
        with pytest.raises(CheckpointError, match=rf"{name} \(3, 3\).*may change the network.*ignore=\["):
            load(tmp_path, arrays)
        assert f"not used: {name_there}" in load(tmp_path, arrays, ignore=[name_there]).metadata["notes"]


@pytest.mark.parametrize("name", "S G Sigma Gamma sigma log_sigma std mean W_std".split())
def test_so_are_vectors_and_thresholds(tmp_path: Path, name: str) -> None:
    for shape in ((M,), (M, 1), (1, M)):
        with pytest.raises(CheckpointError, match=f"{name} .*may change"):
            load(tmp_path, {**AL, name: np.ones(shape)})
    for shape in ((M, 2), (2, M), (2,)):
        with pytest.raises(CheckpointError, match=f"{name} .*may change"):
            load(tmp_path, {**DENDRITIC, name: np.ones(shape)})


@pytest.mark.parametrize(
    ("name", "shape"),
    [("Gamma", (N, N)), ("Sigma", (N,)), ("sigma", ()), ("z0", (M,)), ("mu0", (1, M)), ("h0", (7, 1, M)),
     ("noise_std", ()), ("process_noise", (M,)), ("losses", (100,)), ("loss_history", (M,)), ("epoch", ()),
     ("steps", (M,)), ("lr", ())],
)  # fmt: skip
def test_what_names_and_shapes_together_say_is_harmless(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    model = load(tmp_path, {**AL, name: np.ones(shape)})
    assert model.metadata["notes"] == [f"not used: {name}"]


def test_a_step_that_is_no_count_may_be_one_of_time(tmp_path: Path) -> None:
    assert load(tmp_path, {**AL, "step": np.array(1200.0)}).metadata["notes"] == ["not used: step"]
    with pytest.raises(CheckpointError, match=r"step \(\), which may change"):
        load(tmp_path, {**AL, "step": np.array(0.1)})


def test_a_single_unit(tmp_path: Path) -> None:
    one = {"A": np.ones(1), "W": np.ones((1, 1)), "h": np.ones(1)}
    assert load(tmp_path, {**one, "sigma": np.array(0.1), "epoch": np.array([3])}).n_units == 1
    with pytest.raises(CheckpointError, match=r"Sigma \(1, 1\), which may change"):
        load(tmp_path, {**one, "Sigma": np.ones((1, 1))})


def test_readouts_around_the_module(tmp_path: Path) -> None:
    assert (
        "not used: W_out, b_out" in load(tmp_path, {**RNN, "W_out": np.eye(M), "b_out": np.ones(M)}).metadata["notes"]
    )
    with pytest.raises(CheckpointError, match=r"b_out \(3, 3\), which may change"):
        load(tmp_path, {**RNN, "b_out": np.eye(M)})


def test_the_row_of_2017_knows_its_covariances_by_shape(tmp_path: Path) -> None:
    files = {**AL, "mu0": np.zeros(M), "S": np.eye(M), "G": np.eye(N), "V": np.eye(M)}
    assert pa.load(write_npz(tmp_path, files, {})).metadata["notes"][-1] == "not used: mu0, S, G, V"
    for name, shape in (("G", (M, 2)), ("V", (M, 2)), ("D", (M, M))):
        with pytest.raises(CheckpointError, match=f"{name} .*may change the network"):
            pa.load(write_npz(tmp_path, {**files, "C": np.ones((M, 2)), name: np.ones(shape)}, {}))
