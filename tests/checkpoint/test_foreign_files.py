"""Files as people have them: what they mean, what is refused, and what the messages offer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from layout_files import write_h5, write_npz, write_safetensors, write_torch

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError

torch = pytest.importorskip("torch")

CELL = {"weight_ih": np.zeros((2, 1)), "weight_hh": np.array([[0.0, -2.0], [-2.0, 0.0]]), "bias": np.ones(2)}
TORCH = {
    "rnn.weight_ih_l0": np.ones((3, 2)), "rnn.weight_hh_l0": np.eye(3),
    "rnn.bias_ih_l0": np.zeros(3), "rnn.bias_hh_l0": np.zeros(3),
}  # fmt: skip


def fixed_points(model: pa.PLRNN) -> list[np.ndarray]:
    found = model.fixed_points()
    assert found.complete
    return [point.z for point in found]


@pytest.mark.parametrize("leak", [{}, {"alpha": np.array(0.2)}])
def test_a_cell_of_ones_own_is_never_torchs(tmp_path: Path, leak: dict[str, np.ndarray]) -> None:
    path = write_torch(tmp_path, {**CELL, **leak}, {})
    with pytest.raises(CheckpointError, match=r'bias.*architecture="leaky_rnn", alpha=.*architecture="relu_rnn"'):
        pa.load(path)
    leaky = pa.load(path, architecture="leaky_rnn", alpha=0.2)
    assert len(fixed_points(leaky)) == 3
    insisted = pa.load(path, architecture="relu_rnn")
    assert insisted.architecture == "relu_rnn" and np.array_equal(insisted.parameters["bias"], np.ones(2))
    assert ("not used: alpha" in insisted.metadata["notes"]) == bool(leak)
    with pytest.raises(CheckpointError, match="contradiction about the leak"):
        pa.load(write_torch(tmp_path, {**CELL, "alpha": np.array(0.5)}, {}), architecture="leaky_rnn", alpha=0.2)


@pytest.mark.parametrize(
    "said",
    [
        {"hyper_parameters": {"nonlinearity": "tanh"}},
        {"nonlinearity": "tanh"},
        {"config": {"activation": "torch.nn.Tanh"}},
        {"hyper_parameters": {"model": {"rnn": {"activation_fn": "sigmoid"}}}},
    ],
)
def test_a_file_that_says_tanh_is_refused(tmp_path: Path, said: dict) -> None:
    with pytest.raises(CheckpointError, match=r"says.*(?i:tanh|sigmoid).*smooth"):
        pa.load(write_torch(tmp_path, TORCH, said))
    with pytest.raises(CheckpointError, match=r"says.*(?i:tanh|sigmoid).*smooth"):
        pa.load(write_safetensors(tmp_path, TORCH, said))
    text = {key: value for key, value in said.items() if isinstance(value, str)}
    if text:
        with pytest.raises(CheckpointError, match=r"says.*tanh.*smooth"):
            pa.load(write_npz(tmp_path, TORCH, text))


def test_statements_about_other_parts_do_not_count(tmp_path: Path) -> None:
    said = {"hyper_parameters": {"encoder": {"activation": "tanh"}, "optimizer": {"alpha": 0.9}}}
    model = pa.load(write_torch(tmp_path, TORCH, said))
    assert "relu was assumed" in model.metadata["notes"][1]
    said["hyper_parameters"]["rnn"] = {"nonlinearity": "relu"}
    assert not any("assumed" in note for note in pa.load(write_torch(tmp_path, TORCH, said)).metadata["notes"])
    with pytest.raises(CheckpointError, match="both"):
        pa.load(write_torch(tmp_path, TORCH, {"nonlinearity": "relu", "config": {"activation": "hardtanh"}}))


def test_julia_names_of_a_dendritic_network(tmp_path: Path) -> None:
    arrays = {"A": [0.3], "W": [[0.5]], "h": [0.1], "α": [1.0], "H": [[-2.0]]}
    model = pa.load(write_npz(tmp_path, arrays, {}))
    assert model.architecture == "dendritic"
    assert any(np.allclose(z, 5.5) for z in fixed_points(model))


@pytest.mark.parametrize("name", ["mask", "W_mask", "H", "alphas", "thetas", "E", "gain"])
def test_what_may_change_the_model_is_never_left_over(tmp_path: Path, name: str) -> None:
    arrays = {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2), name: np.ones((2, 2))}
    path = write_npz(tmp_path, arrays, {})
    with pytest.raises(CheckpointError, match=rf"{name} \(2, 2\).*may change the network.*ignore=\['{name}'\]"):
        pa.load(path, 1)
    assert pa.load(path, 1, ignore=[name]).metadata["notes"] == [f"not used: {name}"]
    assert pa.load(path, 1, ignore=name[:2] + "*").pwl_units == 1


def test_what_is_inside_or_around_the_module_counts_and_what_is_elsewhere_is_noted(tmp_path: Path) -> None:
    for name in ("rnn.norm.weight", "mask", "rnn.gate.weight"):
        with pytest.raises(CheckpointError, match=name):
            pa.load(write_torch(tmp_path, {**TORCH, name: np.ones(3)}, {}))
    rest = {"encoder.0.weight": np.ones((3, 3)), "fc.weight": np.ones((1, 3)), "head.norm.weight": np.ones(3)}
    model = pa.load(write_torch(tmp_path, {**TORCH, **rest}, {}))
    assert model.n_outputs == 1 and model.metadata["notes"][1:] == [
        "the readout is the linear layer 'fc' (readout='fc')",
        "not used: encoder.0.weight, head.norm.weight",
    ]


def test_thresholds_of_2017(tmp_path: Path) -> None:
    arrays = {"A": np.diag([0.1, 0.4]), "W": [[0, 1.5], [0.3, 0]], "h": [[0.9], [-0.8]]}
    beside = {"S": np.eye(2), "G": np.eye(3), "mu0": np.zeros((2, 1)), "B": np.ones((3, 2))}
    scipy.io.savemat(tmp_path / "m.mat", {**arrays, **beside})
    model = pa.load(tmp_path / "m.mat")
    points = model.fixed_points()
    assert [(point.bitcode, *point.z.round(12)) for point in points] == [("11", 3.5, 1.3)]
    note = model.metadata["notes"][0]
    assert "PLRNN.dendritic(A, W, 0, [1], h)" in note and "z' = A z + W relu(z) + h" in note
    other = pa.load(tmp_path / "m.mat", 2, architecture="al_rnn")
    assert other.architecture == "al_rnn" and other.metadata["notes"] == ["not used: mu0, S, G, B"]


def test_one_matrix_for_A_and_W(tmp_path: Path) -> None:
    arrays = {"AW": [[0.3, 0.5], [0.2, 0.4]], "h": [0.1, -0.2], "thetas": [2.0, 1.0], "alphas": [1.0]}
    model = pa.load(write_torch(tmp_path, arrays, {}))
    assert any(np.allclose(z, (1.4375, 0.8125)) for z in fixed_points(model))
    assert "relu(z + theta)" in model.metadata["notes"][0]
    subtracted = pa.load(tmp_path / "m.pt", thresholds="subtracted")
    assert np.array_equal(subtracted.parameters["thetas"], [[2.0], [1.0]])
    with pytest.raises(CheckpointError, match=r"thresholds= is for dendritic"):
        pa.load(write_npz(tmp_path, {"A": [1.0], "W": [[1.0]], "h": [1.0]}, {}), 1, thresholds="added")


def test_python_objects_are_listed_and_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", A=np.ones(2), W=np.ones((2, 2)), h=np.ones(2), pwl_units=2, dale_ratio=None)
    model = pa.load(tmp_path / "run.npz")
    assert model.pwl_units == 2
    assert model.metadata["notes"] == ["not read: dale_ratio: Python objects, which could run code"]


@pytest.mark.parametrize("ending", [".jld2", ".bson"])
def test_files_of_julia_say_how_to_go_on(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"m{ending}").write_bytes(b"something")
    with pytest.raises(CheckpointError, match=r"NPZ\.npzwrite.*howto/checkpoints"):
        pa.load(tmp_path / f"m{ending}")


@pytest.mark.parametrize(
    ("arrays", "missing"),
    [
        ({"input2h.weight": (2, 1), "h2h.weight": (2, 2)}, "alpha="),
        ({"W_in": (2, 1), "W_rec": (2, 2), "W_out": (1, 2), "b_rec": (2,)}, "alpha="),
        ({"params/rnn/A": (2,), "params/rnn/W": (2, 2), "params/rnn/h": (2,)}, "pwl_units=P"),
    ],
)
def test_errors_say_what_is_missing(tmp_path: Path, arrays: dict[str, tuple[int, ...]], missing: str) -> None:
    path = write_npz(tmp_path, {name: np.ones(shape) for name, shape in arrays.items()}, {})
    with pytest.raises(CheckpointError, match=missing):
        pa.load(path)


def test_a_leak_is_asked_for_where_the_architecture_needs_one(tmp_path: Path) -> None:
    path = write_npz(tmp_path, CELL, {})
    with pytest.raises(CheckpointError, match=r"not its leak.*alpha=dt/tau.*PLRNN\.leaky_rnn"):
        pa.load(path, architecture="leaky_rnn")
    with pytest.raises(CheckpointError, match="alpha = dt / tau must lie in"):
        pa.load(path, architecture="leaky_rnn", alpha=20.0)
    with pytest.raises(CheckpointError, match="form must be one of"):
        pa.load(path, architecture="leaky_rnn", alpha=0.1, form="rates")
    with pytest.raises(CheckpointError, match="alpha= is for leaky networks"):
        pa.load(write_torch(tmp_path, TORCH, {}), alpha=0.1)
    with pytest.raises(CheckpointError, match=r"form='rate' contradicts architecture='leaky_rnn_current'"):
        pa.load(path, architecture="leaky_rnn_current", alpha=0.1, form="rate")


def test_shallow_with_exchanged_roles(tmp_path: Path) -> None:
    wide = {"A": [0.5, 0.5], "W1": np.ones((3, 2)), "W2": np.ones((2, 3)), "h1": np.ones(3), "h2": np.zeros(2)}
    assert "exchanged" in pa.load(write_npz(tmp_path, wide, {})).metadata["notes"][0]
    square = {"A": [0.5], "W1": [[1.0]], "W2": [[2.0]], "h1": [1.0], "h2": [0.0]}
    assert any("outside of the ReLU" in note for note in pa.load(write_npz(tmp_path, square, {})).metadata["notes"])
    wrong = {**wide, "h1": np.ones(5)}
    with pytest.raises(CheckpointError, match=r"must have shape"):
        pa.load(write_npz(tmp_path, wrong, {}))


def test_directories(tmp_path: Path) -> None:
    weights = {"A": np.ones(3), "W": np.eye(3), "h": np.zeros(3)}
    home = tmp_path / "model"
    home.mkdir()
    with pytest.raises(CheckpointError, match="a directory with no checkpoint in it"):
        pa.load(home)
    write_safetensors(tmp_path, weights, {}).rename(home / "model.safetensors")
    (home / "config.json").write_text(json.dumps({"n_linear": 1, "pwl_units": 2}))
    assert pa.load(home).relu_units == (1, 2)
    (home / "config.json").write_text(json.dumps({"n_linear": 1, "pwl_units": 1}))
    with pytest.raises(CheckpointError, match="contradiction"):
        pa.load(home)
    (home / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json: not readable as JSON"):
        pa.load(home)
    (home / "config.json").unlink()
    write_torch(home, weights, {})
    assert pa.load(home, 2).pwl_units == 2, "model.safetensors is the one that is named as weights"
    (home / "model.safetensors").rename(home / "x.safetensors")
    with pytest.raises(CheckpointError, match=r"several checkpoints: m\.pt, x\.safetensors"):
        pa.load(home, 2)


def test_shards(tmp_path: Path) -> None:
    shard = tmp_path / "model-00001-of-00002.safetensors"
    write_safetensors(tmp_path, {"A": np.ones(2)}, {}).rename(shard)
    with pytest.raises(CheckpointError, match=r"as model\.safetensors\.index\.json says.*Load the directory"):
        pa.load(shard)
    index = tmp_path / "model.safetensors.index.json"
    for names in ({"A": "../secret.safetensors"}, {"A": shard.name, "W": "model-00002-of-00002.safetensors"}):
        index.write_text(json.dumps({"weight_map": names}))
        with pytest.raises(CheckpointError, match="not a checkpoint in this directory"):
            pa.load(tmp_path)
    index.write_text("{}")
    with pytest.raises(CheckpointError, match="no weight_map"):
        pa.load(tmp_path)


def test_parametrisations_that_are_not_known(tmp_path: Path) -> None:
    arrays = {name: value for name, value in TORCH.items() if name != "rnn.weight_hh_l0"}
    arrays["rnn.parametrizations.weight_hh_l0.original"] = np.eye(3)
    with pytest.raises(CheckpointError, match="remove_parametrizations"):
        pa.load(write_torch(tmp_path, arrays, {}))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"layers/lstm/cell/vars/0": (2, 12), "layers/lstm/cell/vars/1": (3, 12)}, "an LSTM"),
        ({"simple_rnn/simple_rnn_cell/kernel": (2, 9), "simple_rnn/simple_rnn_cell/recurrent_kernel": (3, 9)}, "a GRU"),
        ({"cell/hf/kernel": (3, 3), "cell/if/kernel": (2, 3)}, "an LSTM"),
        ({"weight_ih": (9, 2), "weight_hh": (9, 3), "bias": (9,), "bias_n": (3,)}, "a GRU"),
    ],
)
def test_gated_networks_of_other_frameworks(tmp_path: Path, names: dict[str, tuple[int, ...]], kind: str) -> None:
    with pytest.raises(CheckpointError, match=f"it holds {kind}"):
        pa.load(write_h5(tmp_path, {name: np.ones(shape) for name, shape in names.items()}, {}))


def test_one_readout_that_fits_is_taken_and_several_are_offered(tmp_path: Path) -> None:
    one = {**TORCH, "fc.weight": np.ones((2, 3)), "fc.bias": np.ones(2)}
    model = pa.load(write_torch(tmp_path, one, {}))
    assert model.n_outputs == 2 and any("readout='fc'" in note for note in model.metadata["notes"])
    assert pa.load(tmp_path / "m.pt", readout="").n_outputs == 0
    two = {**one, "fc2.weight": np.ones((2, 2))}
    model = pa.load(write_torch(tmp_path, two, {}))
    assert model.n_outputs == 0 and any("readout='fc'" in note for note in model.metadata["notes"])
    keras = {
        "layers/simple_rnn/cell/vars/0": np.ones((2, 3)), "layers/simple_rnn/cell/vars/1": np.ones((3, 3)),
        "layers/dense/vars/0": np.arange(6.0).reshape(3, 2), "layers/dense/vars/1": np.ones(2),
    }  # fmt: skip
    model = pa.load(write_h5(tmp_path, keras, {}))
    assert np.array_equal(model.B, np.arange(6.0).reshape(3, 2).T)


def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    arrays = {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2), "ｈ": np.ones(2)}
    with pytest.raises(CheckpointError, match="two arrays are both called h"):
        pa.load(write_npz(tmp_path, arrays, {}), 1)
