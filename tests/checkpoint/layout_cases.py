"""Every layout that is read: a file of it, how it is loaded, and its step."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import layout_steps as steps
import numpy as np
from layout_files import WRITERS, Arrays
from layout_steps import Step, by_names, current, layer, rate, torch_rnn

M, K, H, BASES, N = 3, 2, 4, 2, 2


@dataclass(frozen=True)
class Case:
    """A layout.

    `shapes` are those of its arrays by name; `step(arrays, z, s)` is its next state, a row a state.
    """

    name: str
    suffix: str
    shapes: dict[str, tuple[int, ...]]
    step: Step
    load: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    prefix: str = ""
    fixed: Arrays = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def arrays(self, rng: np.random.Generator) -> Arrays:
        return {name: rng.normal(size=shape) for name, shape in self.shapes.items()} | self.fixed

    def write(self, folder: Path, arrays: Arrays) -> Path:
        full = {f"{self.prefix}{name}": value for name, value in arrays.items()}
        return WRITERS[self.suffix](folder, full, self.settings)


AL = {"A": (M,), "W": (M, M), "h": (M,), "C": (M, K)}
SHALLOW = {"A": (M,), "W1": (M, H), "W2": (H, M), "h1": (M,), "h2": (H,)}
DENDRITIC = {"A": (M,), "W": (M, M), "h": (M,), "alphas": (BASES,), "thetas": (M, BASES)}
ONE = {"AW": (M, M), "h": (M,), "alphas": (BASES,), "thetas": (M, BASES)}
TORCH = {"weight_ih_l0": (M, K), "weight_hh_l0": (M, M), "bias_ih_l0": (M,), "bias_hh_l0": (M,)}
CELL = {"weight_ih": (M, K), "weight_hh": (M, M), "bias_ih": (M,), "bias_hh": (M,)}
INPUT_SIDE = {"weight_ih_l0": (M, K), "bias_ih_l0": (M,), "bias_hh_l0": (M,)}
CTRNN = {"input2h.weight": (M, K), "input2h.bias": (M,), "h2h.weight": (M, M), "h2h.bias": (M,)}
OWN = {"weight_ih": (M, K), "weight_hh": (M, M), "bias": (M,)}
BY_NAME = {"W_rec": (M, M), "W_in": (M, K), "b_rec": (M,)}
PSYCHRNN = {**BY_NAME, "W_out": (N, M), "b_out": (N,), "init_state": (1, M)}
KERAS = {"kernel": (K, M), "recurrent_kernel": (M, M), "bias": (M,)}
KERAS_3 = {"vars/0": (K, M), "vars/1": (M, M), "vars/2": (M,)}
FLAX = {"i/kernel": (K, M), "i/bias": (M,), "h/kernel": (M, M)}
NNX = {"dense_i.kernel": (K, M), "dense_i.bias": (M,), "dense_h.kernel": (M, M)}
HAIKU = {"linear/w": (K, M), "linear/b": (M,), "linear_1/w": (M, M), "linear_1/b": (M,)}
LEAKY = {"W_hh": (M, M), "W_in": (M, K), "bias": (M,)}

P2 = {"pwl_units": 2}
ASSUMED = "relu was assumed"
CTRNN_DRIVE = by_names("h2h.weight", "input2h.weight", "input2h.bias", "h2h.bias")
OWN_DRIVE = by_names("weight_hh", "weight_ih", "bias")
KERAS_DRIVE = by_names("recurrent_kernel", "kernel", "bias", turned=True)
KERAS_3_DRIVE = by_names("vars/1", "vars/0", "vars/2", turned=True)


def keras_config(activation: str) -> dict[str, Any]:
    rnn = {"class_name": "SimpleRNN", "config": {"name": "simple_rnn", "units": M, "activation": activation}}
    dense = {"class_name": "Dense", "config": {"name": "dense", "activation": "softmax"}}
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": [rnn, dense]}}


CASES = [
    *(Case(f"AL-RNN in {suffix}", suffix, AL, steps.al_rnn, P2) for suffix in WRITERS if suffix != ".keras"),
    Case("AL-RNN, P beside it", ".npz", AL, steps.al_rnn, fixed={"pwl_units": np.array(2)}),
    Case("AL-RNN, named units", ".safetensors", AL, steps.al_rnn, fixed={"relu_units": np.array([1, 2])}),
    Case("AL-RNN with names of pytrees", ".npz", AL, steps.al_rnn, P2, prefix="params/rnn/"),
    Case("AL-RNN, config with n_linear", "directory", AL, steps.al_rnn, settings={"model": {"n_linear": 1}}),
    Case("AL-RNN, config with P in two shards", "shards", AL, steps.al_rnn, settings={"pwl_units": 2}),
    Case("AL-RNN of Lightning", ".ckpt", AL, steps.al_rnn, settings={"pwl_units": 2}, prefix="model."),
    Case("shallow", ".npz", SHALLOW, steps.shallow, note="shallow was assumed"),
    Case("clipped shallow", ".pt", SHALLOW, steps.clipped, {"architecture": "clipped_shallow"}),
    Case(
        "shallow of Julia",
        ".npz",
        {"A": (M,), "W₁": (M, H), "W₂": (H, M), "h₁": (M,), "h₂": (H,)},
        steps.julia_shallow,
        note="shallow was assumed",
    ),
    Case(
        "shallow, roles exchanged",
        ".mat",
        {"A": (M,), "W1": (H, M), "W2": (M, H), "h1": (H,), "h2": (M,)},
        steps.exchanged,
        note="roles of 1 and 2 were exchanged",
    ),
    Case(
        "shallow, all square",
        ".npz",
        {"A": (M,), **dict.fromkeys(("W1", "W2"), (M, M)), "h1": (M,), "h2": (M,)},
        steps.shallow,
        note="both square: W1 was taken",
    ),
    Case("dendritic", ".mat", DENDRITIC, steps.dendritic),
    Case(
        "dendritic of Julia",
        ".npz",
        {"A": (M,), "W": (M, M), "h": (M,), "α": (BASES,), "H": (M, BASES)},
        steps.julia_dendritic,
    ),
    Case("A and W in one matrix", ".pt", {"AW": (M, M), "h": (M,)}, steps.one_matrix, prefix="latent_step."),
    Case(
        "dendritic in one matrix", ".pt", ONE, steps.one_matrix_plus, note=r"relu\(z \+ theta\)", prefix="latent_step."
    ),
    Case(
        "dendritic in one matrix, subtracted",
        ".pt",
        ONE,
        steps.one_matrix_minus,
        {"thresholds": "subtracted"},
        note=r"relu\(z - theta\)",
    ),
    Case(
        "PLRNN of 2017",
        ".mat",
        {"A": (M, M), "W": (M, M), "h": (M,), "C": (M, K), "S": (M, M), "G": (N, N), "mu0": (M,)},
        steps.thresholds,
        note=r"PLRNN\.dendritic\(A, W, 0, \[1\], h\).*relu\(z\) \+ h",
    ),
    Case("torch.nn.RNN", ".pt", TORCH, torch_rnn(), note=ASSUMED),
    Case("torch.nn.RNN that says relu", ".ckpt", TORCH, torch_rnn(), prefix="rnn.", settings={"nonlinearity": "relu"}),
    Case("torch.nn.RNNCell", ".safetensors", CELL, torch_rnn(""), note=ASSUMED),
    Case(
        "a layer that says hardtanh",
        ".ckpt",
        CELL,
        layer(by_names("weight_hh", "weight_ih", "bias_ih", "bias_hh"), steps.hardtanh),
        settings={"cfg": {"activation": "hardtanh"}},
    ),
    Case(
        "pruned",
        ".pt",
        {**INPUT_SIDE, "weight_hh_l0_orig": (M, M)},
        torch_rnn(W_hh=steps.pruned),
        note="pruned",
        fixed={"weight_hh_l0_mask": np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])},
    ),
    Case(
        "weight-normed",
        ".pt",
        {**INPUT_SIDE, "weight_hh_l0_g": (M, 1), "weight_hh_l0_v": (M, M)},
        torch_rnn(W_hh=steps.weight_normed("weight_hh_l0_g", "weight_hh_l0_v")),
        note="weight-normed",
    ),
    Case(
        "weight-normed parametrisation",
        ".pt",
        {
            **INPUT_SIDE,
            "parametrizations.weight_hh_l0.original0": (M, 1),
            "parametrizations.weight_hh_l0.original1": (M, M),
        },
        torch_rnn(W_hh=steps.weight_normed(*(f"parametrizations.weight_hh_l0.original{i}" for i in "01"))),
        note="weight-normed",
    ),
    Case(
        "spectral-normed",
        ".pt",
        {**INPUT_SIDE, "weight_hh_l0_orig": (M, M), "weight_hh_l0_u": (M,), "weight_hh_l0_v": (M,)},
        torch_rnn(W_hh=steps.spectral_normed("weight_hh_l0_orig", "weight_hh_l0_u", "weight_hh_l0_v")),
        note="spectral-normed",
    ),
    Case(
        "spectral-normed parametrisation",
        ".pt",
        {
            **INPUT_SIDE,
            "parametrizations.weight_hh_l0.original": (M, M),
            "parametrizations.weight_hh_l0.0._u": (M,),
            "parametrizations.weight_hh_l0.0._v": (M,),
        },
        torch_rnn(
            W_hh=steps.spectral_normed(
                *(f"parametrizations.weight_hh_l0.{end}" for end in ("original", "0._u", "0._v"))
            )
        ),
        note="spectral-normed",
    ),
    Case(
        "own cell, leaky",
        ".pt",
        OWN,
        rate(OWN_DRIVE),
        {"architecture": "leaky_rnn", "alpha": 0.2, "form": "rate"},
        note=ASSUMED,
    ),
    Case(
        "own cell, leak in it",
        ".npz",
        OWN,
        rate(OWN_DRIVE, "alpha"),
        {"architecture": "leaky_rnn"},
        note="form='rate' was assumed",
        fixed={"alpha": np.array(0.3)},
    ),
    Case(
        "own cell, insisted",
        ".npz",
        OWN,
        layer(OWN_DRIVE),
        {"architecture": "relu_rnn"},
        note="not used: alpha",
        fixed={"alpha": np.array(0.3)},
    ),
    Case(
        "Equinox, keys of the tree",
        ".npz",
        {f".cell.{name}": shape for name, shape in OWN.items()},
        layer(by_names(".cell.weight_hh", ".cell.weight_ih", ".cell.bias")),
        {"architecture": "relu_rnn"},
        note=ASSUMED,
    ),
    Case(
        "CTRNN of NeuroGym",
        ".pt",
        CTRNN,
        rate(CTRNN_DRIVE),
        {"architecture": "leaky_rnn", "alpha": 0.2, "form": "rate"},
        prefix="rnn.",
        note=ASSUMED,
    ),
    Case(
        "CTRNN of currents",
        ".safetensors",
        CTRNN,
        current(CTRNN_DRIVE),
        {"architecture": "leaky_rnn", "alpha": 0.2, "form": "current"},
        settings={"config": {"dropout": 0.1}},
        note=ASSUMED,
    ),
    Case(
        "CTRNN, leak in the settings",
        ".ckpt",
        CTRNN,
        rate(CTRNN_DRIVE),
        {"form": "rate"},
        prefix="rnn.",
        settings={"dt": 20, "tau": 100.0},
        note=ASSUMED,
    ),
    Case(
        "rate network by name",
        ".npz",
        BY_NAME,
        rate(by_names("W_rec", "W_in", "b_rec")),
        {"alpha": 0.2},
        note="form='rate'",
    ),
    Case(
        "PsychRNN",
        ".npz",
        PSYCHRNN,
        current(by_names("W_rec", "W_in", "b_rec"), 0.1),
        {"alpha": 0.1},
        note="W_out acts on",
    ),
    Case(
        "PsychRNN, raw, Dale's law",
        ".npz",
        PSYCHRNN,
        steps.psychrnn,
        {"alpha": 0.1},
        note="form='current'",
        fixed={
            "rec_Connectivity": np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]),
            "input_Connectivity": np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]),
            "output_Connectivity": np.ones((N, M)),
            "dale_ratio": np.array(0.8),
        },
    ),
    Case("Keras by name", ".npz", KERAS, layer(KERAS_DRIVE), note=ASSUMED, prefix="simple_rnn/simple_rnn_cell/"),
    Case(
        "Keras 3, weights alone", ".h5", KERAS_3, layer(KERAS_3_DRIVE), note=ASSUMED, prefix="layers/simple_rnn/cell/"
    ),
    Case(
        "Keras 3, archive",
        ".keras",
        KERAS_3,
        layer(KERAS_3_DRIVE),
        prefix="layers/simple_rnn/cell/",
        settings={"model_config": keras_config("relu")},
    ),
    Case(
        "Keras 2, whole model",
        ".h5",
        {f"{name}:0": shape for name, shape in KERAS.items()},
        layer(by_names("recurrent_kernel:0", "kernel:0", "bias:0", turned=True), steps.relu),
        prefix="model_weights/simple_rnn/simple_rnn/simple_rnn_cell/",
        settings={"model_config": keras_config("relu")},
    ),
    Case(
        "Flax",
        ".npz",
        FLAX,
        layer(by_names("h/kernel", "i/kernel", "i/bias", turned=True)),
        note=ASSUMED,
        prefix="params/SimpleCell_0/",
    ),
    Case(
        "Flax NNX",
        ".safetensors",
        NNX,
        layer(by_names("dense_h.kernel", "dense_i.kernel", "dense_i.bias", turned=True)),
        note=ASSUMED,
    ),
    Case(
        "Haiku",
        ".npz",
        HAIKU,
        layer(by_names("linear_1/w", "linear/w", "linear/b", "linear_1/b", turned=True)),
        prefix="deep_rnn/~/vanilla_rnn/",
    ),
    Case(
        "leaky RNN by our names",
        ".npz",
        LEAKY,
        rate(by_names("W_hh", "W_in", "bias"), "alpha"),
        note="leaky_rnn|form='rate'",
        fixed={"alpha": np.array([0.2, 0.5, 1.0])},
    ),
    Case(
        "ReLU RNN by our names",
        ".mat",
        {"W_hh": (M, M), "W_ih": (M, K), "bias": (M,)},
        layer(by_names("W_hh", "W_ih", "bias")),
    ),
]
