"""A file that states its activation is taken at its word, wherever it says so and by whatever name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layout_files import WRITERS, write_npz, write_safetensors, write_torch

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError
from plrnn_analysis.activations import ACTIVATIONS, Activation
from plrnn_analysis.checkpoint.contents import Contents
from plrnn_analysis.checkpoint.said_activation import activation

torch = pytest.importorskip("torch")

AL = {"A": np.ones(2), "W": np.eye(2), "h": np.zeros(2)}
RNN = {
    "weight_ih_l0": np.ones((2, 1)), "weight_hh_l0": np.eye(2), "bias_ih_l0": np.zeros(2), "bias_hh_l0": np.zeros(2),
}  # fmt: skip

KEYS = (
    "nonlin nonlinearity non_linearity non-linearity NonLin nonlinear activation Activation activation_function "
    "activationFunction act act_fn actFn ACT_FN act_func phi φ transfer_function transferFcn transfer f g fn mode "
    "hidden_act hidden_activation rnn_nonlinearity neuron_activation_fn unit_nonlin nonlinearity_type rnn_type"
).split()
SMOOTH = (
    "softplus", "Softplus()", "Softplus(beta=1.0, threshold=20.0)", "torch.nn.functional.gelu", "nn.Tanh", "RNN_TANH",
    "<function softplus at 0x7f3a>", "<class 'torch.nn.modules.activation.Tanh'>", "SIGMOID",
)  # fmt: skip


def said(settings: dict[str, Any], prefix: str = "rnn") -> Activation | None:
    return activation(Contents("the file", {}, None, {}, settings), prefix)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_that_speaks_of_it(key: str) -> None:
    for value in SMOOTH:
        for nested in ({key: value}, {"cfg": {"model": {key: value}}}, {f"model.{key}": value}, {key: [value]}):
            with pytest.raises(CheckpointError, match="it says"):
                said(nested)
    for value in ("relu", "ReLU()", "nn.ReLU(inplace=True)", "torch.relu", "RNN_RELU"):
        assert said({key: value}) == ACTIVATIONS["relu"]
    assert said({key: "hardtanh"}) == ACTIVATIONS["hardtanh"]


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": {"_target_": "torch.nn.Softplus"}},
        {"activation": {"class_name": "Activation", "config": {"activation": "tanh"}}},
        {"nonlinearity": {"desc": None, "value": "softplus"}},
        {"layers": [{"type": "rnn", "nonlin": "tanh"}, {"type": "dense", "act": "relu"}]},
        {"anything": "softplus"},
        {"nonlinearity": "LeakyReLU(negative_slope=0.3)"},
        {"f": "LeakyReLU(negative_slope=0.3)"},
        {"nonlinearity": "heaviside"},
        {"nonlinearity": "something of ours"},
        {"activation": "relu", "f": "tanh"},
        {"config": json.dumps({"rnn": {"nonlin": "softplus"}})},
    ],
)
def test_what_is_not_relu_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="it says"):
        said(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"output_activation": "tanh"},
        {"out_nonlin": "softmax"},
        {"readout": {"activation": "tanh"}},
        {"encoder": {"f": "tanh"}},
        {"input_nonlinearity": "tanh"},
        {"gate_activation": "sigmoid"},
        {"init_gain": "tanh"},
        {"optimizer": {"mode": "exponential"}},
        {"layers": [{"class_name": "Dense", "config": {"activation": "softmax"}}]},
        {"f": "model.pt", "mode": "train", "activation_checkpointing": "full", "nl": "en", "act_dim": 3},
        {"loss": "softplus", "schedule": "cos"},
        {"sampling": "linear", "note": "power", "text": "tanh " * 50},
    ],
)
def test_what_is_about_something_else_does_not_count(settings: dict[str, Any]) -> None:
    assert said(settings) is None
    assert said({**settings, "nonlinearity": "relu"}) == ACTIVATIONS["relu"]


def test_where_something_speaks_clearly_other_words_do_not_count() -> None:
    assert said({"comment": "tanh", "activation": "relu"}) == ACTIVATIONS["relu"]
    assert said({"activation": {"class_name": "ReLU", "config": {"name": "re_lu", "dtype": "float32"}}}) is not None


@pytest.mark.parametrize("suffix", sorted(set(WRITERS) - {".keras", "octave"}))
@pytest.mark.parametrize("arrays", [AL, RNN], ids=["AL-RNN", "torch"])
def test_every_kind_of_file(tmp_path: Path, suffix: str, arrays: dict[str, np.ndarray]) -> None:
    path = WRITERS[suffix](tmp_path, arrays, {"nonlin": "softplus"})
    with pytest.raises(CheckpointError, match=r"it says .*nonlin = '?\"?softplus.* smooth"):
        pa.load(path, 1 if arrays is AL else None)


def test_bytes_and_settings_that_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nonlin = 'softplus'"):
        pa.load(write_npz(tmp_path, AL, {"nonlin": np.bytes_("softplus")}), 1)
    home = tmp_path / "model"
    home.mkdir()
    write_safetensors(home, AL, {})
    (home / "hparams.yaml").write_text("nonlin: softplus\n")
    assert pa.load(home, 1).metadata["notes"] == ["not read: hparams.yaml: settings that are not JSON"]


def test_modules_in_memory() -> None:
    class Cell(torch.nn.Module):
        def __init__(self, **said: Any) -> None:
            super().__init__()
            self.h2h, self.input2h = torch.nn.Linear(2, 2), torch.nn.Linear(1, 2)
            for name, value in said.items():
                setattr(self, name, value)

    class Net(torch.nn.Module):
        def __init__(self, cell: torch.nn.Module) -> None:
            super().__init__()
            self.rnn, self.sigmoid, self.transfer = cell, torch.nn.Sigmoid(), torch.nn.Linear(2, 2)

    leaky = {"architecture": "leaky_rnn", "alpha": 0.1, "form": "rate"}
    for name, value in (("f", torch.tanh), ("softplus", torch.nn.Softplus()), ("nonlin", torch.nn.functional.gelu)):
        with pytest.raises(CheckpointError, match=f"it says .*{name}"):
            pa.from_torch(Net(Cell(**{name: value})), **leaky)
    # What stands around the network acts on what it puts out, as far as names tell.
    assert "relu was assumed" in "; ".join(pa.from_torch(Net(Cell()), **leaky).metadata["notes"])
    assert pa.from_torch(Net(torch.nn.RNN(1, 2, nonlinearity="relu"))).architecture == "relu_rnn"


def test_a_torch_layer_beside_other_words(tmp_path: Path) -> None:
    path = write_torch(tmp_path, RNN, {"hyper_parameters": {"decoder": {"act": "tanh"}, "nonlin": "relu"}})
    assert pa.load(path).metadata["notes"] == [
        "weights read from the entry 'state_dict'; also in the file: hyper_parameters"
    ]
