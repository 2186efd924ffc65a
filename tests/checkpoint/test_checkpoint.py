"""Checkpoint files: round trips, recognition, and every way a file can be wrong."""

from __future__ import annotations

import io
import itertools
import json
import os
import pickle
import random
import re
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError
from plrnn_analysis.activations import Activation
from plrnn_analysis.architectures import ARCHITECTURES
from plrnn_analysis.checkpoint import torch_file
from plrnn_analysis.checkpoint.mat5 import parse_mat5

torch = pytest.importorskip("torch")

FORMATS = (".safetensors", ".npz", ".mat")
# The network that docs/howto/lorenz.md is about, where the reader has it.
LORENZ = Path(os.environ.get("PLRNN_LORENZ_CHECKPOINT", "lorenz_m20_p2.pt"))


def make(architecture: str, rng: np.random.Generator, m: int, n: int, k: int, readout: str = "Bb") -> pa.PLRNN:
    """A random model; `n` is P, H or the number of bases."""
    r = rng.standard_normal
    C = r((m, k)) if k else None

    def phi() -> dict[str, np.ndarray]:
        return Activation(np.sort(r(n)), r(n + 1), r()).parameters()

    def leaky(alpha: object) -> dict[str, object]:
        return {"W_hh": r((m, m)), "bias": r(m), "alpha": alpha, "W_in": r((m, k)) if k else None}

    weights = {
        "al_rnn": lambda: {"A": r(m), "W": r((m, m)), "h": r(m), "C": C},
        "al_rnn_full": lambda: {"A": r((m, m)), "W": r((m, m)), "h": r(m), "C": C},
        "shallow": lambda: {"A": r(m), "W1": r((m, n)), "W2": r((n, m)), "h1": r(m), "h2": r(n), "C": C},
        "clipped_shallow": lambda: {"A": r(m), "W1": r((m, n)), "W2": r((n, m)), "h1": r(m), "h2": r(n), "C": C},
        "dendritic": lambda: {"A": r(m), "W": r((m, m)), "h": r(m), "alphas": r(n), "thetas": r((m, n)), "C": C},
        "relu_rnn": lambda: {"W_hh": r((m, m)), "bias": r(m), "W_ih": r((m, k)) if k else None},
        "rnn": lambda: {"W_hh": r((m, m)), "bias": r(m), "W_ih": r((m, k)) if k else None, **phi()},
        "leaky_rnn": lambda: leaky(0.3),
        "leaky_rnn_current": lambda: {**leaky(rng.uniform(0.1, 1.0, m)), **phi()},
        "leaky_rnn_outer": lambda: leaky(rng.uniform(0.1, 1.0, m)),
    }[architecture]()
    kind = architecture.removesuffix("_full")
    units = tuple(sorted(rng.choice(m, min(n, m), replace=False).tolist())) if kind == "al_rnn" else None
    B = r((2, m)) if "B" in readout else None
    b = r(2) if "b" in readout else None
    metadata = {"training": {"task": "addition", "seed": 3}, "input_names": [f"in {i}" for i in range(k)]}
    return pa.PLRNN(kind, weights, units, B, b, metadata)


def assert_same(left: pa.PLRNN, right: pa.PLRNN) -> None:
    assert left.architecture == right.architecture
    assert left.relu_units == right.relu_units
    assert left.parameters.keys() == right.parameters.keys()
    for name, value in left.parameters.items():
        assert right.parameters[name].shape == value.shape
        assert np.array_equal(right.parameters[name], value), name
    for mine, other in ((left.B, right.B), (left.b, right.b)):
        assert (mine is None) == (other is None)
        assert mine is None or np.array_equal(mine, other)
    assert left.metadata == right.metadata


def write_dict(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    """A foreign file, as a user would make it."""
    if path.suffix == ".npz":
        np.savez(path, **tensors)
    elif path.suffix == ".mat":
        scipy.io.savemat(path, tensors)
    elif path.suffix == ".safetensors":
        from safetensors.numpy import save_file

        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    else:
        torch.save({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}, path)
    return path


# Round trips


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(FORMATS),
    architecture=st.sampled_from([*ARCHITECTURES, "al_rnn_full"]),
    m=st.integers(1, 5),
    n=st.integers(0, 5),
    k=st.integers(0, 3),
    readout=st.sampled_from(["", "B", "Bb"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_round_trip_is_exact(tmp_path, suffix, architecture, m, n, k, readout, seed):
    model = make(architecture, np.random.default_rng(seed), m, n, k, readout)
    path = tmp_path / f"model{suffix}"
    pa.save(model, path)
    assert_same(model, pa.load(path))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(suffix=st.sampled_from(FORMATS), metadata=st.dictionaries(st.text(), json_values, max_size=4))
def test_metadata_come_back_whole(tmp_path, suffix, metadata):
    metadata.pop("input_names", None)
    metadata.pop("output_names", None)
    model = pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1)
    path = tmp_path / f"model{suffix}"
    pa.save(model, path, metadata)
    assert pa.load(path).metadata == metadata


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_model_same_bytes(tmp_path, suffix):
    model = make("al_rnn", np.random.default_rng(1), 4, 2, 1)
    contents = set()
    for name in ("a", "b", "c"):
        path = tmp_path / f"{name}{suffix}"
        pa.save(model, path, {"z": 1, "y": 2})
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_native_header(tmp_path):
    from safetensors import safe_open

    model = pa.PLRNN.al_rnn([0.5, 0.1], np.eye(2), [1.0, 0.0], pwl_units=1, B=[[1.0, 2.0]])
    pa.save(model, tmp_path / "m.safetensors", {"output_names": ["sum"], "training": {"steps": np.int64(100)}})
    with safe_open(tmp_path / "m.safetensors", "np") as file:
        header = file.metadata()
        assert set(file.keys()) == {"A", "W", "h", "B"}
        assert file.get_slice("A").get_dtype() == "F64"
    assert header["format"] == "plrnn" and header["format_version"] == "1" and header["architecture"] == "al_rnn"
    assert header["pwl_units"] == "1" and json.loads(header["relu_units"]) == [1]
    assert json.loads(header["metadata"]) == {"output_names": ["sum"], "training": {"steps": 100}}


def test_metadata_of_numpy_types_and_non_finite_numbers(tmp_path):
    model = pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1)
    given = {"a": np.float32(0.5), "b": np.arange(3), "c": Path("x"), "d": float("inf"), "e": (1, 2)}
    pa.save(model, tmp_path / "m.npz", given)
    assert pa.load(tmp_path / "m.npz").metadata == {
        "a": 0.5, "b": [0, 1, 2], "c": "x", "d": float("inf"), "e": [1, 2],
    }  # fmt: skip


def test_save_refuses_what_it_cannot_write(tmp_path):
    model = pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1, C=[[1.0]])
    with pytest.raises(CheckpointError, match=r"m\.pt.*one of \.safetensors, \.npz, \.mat"):
        pa.save(model, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="JSON"):
        pa.save(model, tmp_path / "m.npz", {"model": object()})
    with pytest.raises(CheckpointError, match=r"input_names must be a list of 1 strings"):
        pa.save(model, tmp_path / "m.npz", {"input_names": ["a", "b"]})
    with pytest.raises(CheckpointError, match=r"nowhere.m\.npz: cannot be written"):
        pa.save(model, tmp_path / "nowhere" / "m.npz")
    assert list(tmp_path.iterdir()) == []


def test_writing_is_atomic_and_keeps_the_umask(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    old = pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1)
    pa.save(old, path)
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(CheckpointError, match="No space left"):
        pa.save(pa.PLRNN.al_rnn([0.9], [[0.1]], [1.0], pwl_units=0), path)
    assert_same(old, pa.load(path))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_saving_through_a_symbolic_link_keeps_it(tmp_path):
    (tmp_path / "link.npz").symlink_to(tmp_path / "real.npz")
    pa.save(pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1), tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink() and (tmp_path / "real.npz").is_file()


# Foreign files that are read


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt", ".pth", ".ckpt"])
@pytest.mark.parametrize("m", [1, 3])
def test_al_rnn_dict_in_every_format(tmp_path, suffix, m):
    rng = np.random.default_rng(0)
    weights = {"A": rng.random(m), "W": rng.random((m, m)), "h": rng.random(m), "B": rng.random((2, m))}
    path = write_dict(tmp_path / f"w{suffix}", weights)
    with pytest.raises(CheckpointError, match=rf"pwl_units=P with P in 0\.\.{m}") as caught:
        pa.load(path)
    assert str(path) in str(caught.value) and f"W ({m}, {m})" in str(caught.value)
    model = pa.load(path, 1)
    assert model.relu_units == (m - 1,) and model.n_outputs == 2
    assert np.array_equal(np.diag(model.map.A)[:-1], (weights["A"] + np.diag(weights["W"]))[:-1])
    assert pa.load(path, relu_units=[0]).relu_units == (0,)
    assert pa.load(path, pwl_units=0).pwl_units == 0
    for wrong in (-1, m + 1):
        with pytest.raises(CheckpointError, match=rf"0\.\.{m}"):
            pa.load(path, wrong)
    for wrong in (1.5, "1", True):
        with pytest.raises(CheckpointError, match="pwl_units must be a whole number or None, got"):
            pa.load(path, wrong)
    with pytest.raises(CheckpointError, match="relu_units must be distinct"):
        pa.load(path, relu_units=[m])
    with pytest.raises(CheckpointError, match="contradiction"):
        pa.load(path, m, relu_units=[])


def test_load_arguments_of_the_wrong_kind(tmp_path):
    path = write_dict(tmp_path / "w.npz", {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2)})
    with pytest.raises(CheckpointError, match="relu_units must be a sequence"):
        pa.load(path, relu_units=1)
    with pytest.raises(CheckpointError, match="unknown architecture 'lstm'"):
        pa.load(path, architecture="lstm")
    with pytest.raises(CheckpointError, match="al_rnn"):
        pa.load(path, 1, architecture="shallow")
    with pytest.raises(CheckpointError, match=r"no model at prefix='rnn'.*''"):
        pa.load(path, 1, prefix="rnn")
    with pytest.raises(CheckpointError, match="no linear layer 'fc'"):
        pa.load(path, 1, readout="fc")


class ALRNNLike(torch.nn.Module):
    """What the training package saves."""

    def __init__(self, units: str) -> None:
        super().__init__()
        for name, shape in {"A": (3,), "W": (3, 3), "h": (3,), "C": (3, 2), "B": (1, 3), "b": (1,)}.items():
            setattr(self, name, torch.nn.Parameter(torch.randn(shape)))
        self.register_buffer(units, torch.tensor([1, 2] if units == "relu_units" else 2))


@pytest.mark.parametrize("units", ["relu_units", "pwl_units"])
@pytest.mark.parametrize("wrap", ["", "state_dict", "model_state_dict", "model", "other"])
@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_our_own_module_under_any_wrapper(tmp_path, units, wrap, prefix):
    module = ALRNNLike(units)
    content = {f"{prefix}{name}": value for name, value in module.state_dict().items()}
    metadata = {"training": {"seed": 1}}
    torch.save({wrap: content, "metadata": metadata, "epoch": 3} if wrap else content, tmp_path / "m.pt")
    model = pa.load(tmp_path / "m.pt")
    assert model.relu_units == (1, 2)
    assert (model.n_units, model.n_inputs, model.n_outputs) == (3, 2, 1)
    assert np.array_equal(model.parameters["W"], module.W.detach().numpy().astype(float))
    assert model.metadata.get("training") == (metadata["training"] if wrap else None)
    with pytest.raises(CheckpointError, match=r"contradiction.*\[0, 1, 2\]"):
        pa.load(tmp_path / "m.pt", 3)
    assert pa.load(tmp_path / "m.pt", 2).pwl_units == 2


def test_units_beside_the_state_dict(tmp_path):
    state = {"A": torch.ones(3), "W": torch.ones(3, 3), "h": torch.ones(3)}
    torch.save({"state_dict": state, "pwl_units": 2}, tmp_path / "m.pt")
    assert pa.load(tmp_path / "m.pt").pwl_units == 2
    torch.save({"state_dict": state, "metadata": {"relu_units": [0]}}, tmp_path / "m.pt")
    assert pa.load(tmp_path / "m.pt").relu_units == (0,)
    torch.save({**state, "pwl_units": 1}, tmp_path / "m.pt")
    assert pa.load(tmp_path / "m.pt").pwl_units == 1


def test_the_real_training_module(tmp_path):
    training = pytest.importorskip("plrnn_training.model")
    module = training.ALRNN(4, 2, 3, 1)
    torch.save(module.state_dict(), tmp_path / "m.pt")
    assert pa.load(tmp_path / "m.pt").pwl_units == 2
    stack = training.ALRNN(4, [2, 1], 3, 1)
    torch.save(stack.state_dict(), tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="a stack of 2 models"):
        pa.load(tmp_path / "m.pt")


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt"])
def test_shallow_dicts(tmp_path, suffix):
    m, n = 2, 3
    weights = {"A": np.full(m, 0.5), "W1": np.ones((m, n)), "W2": np.ones((n, m)), "h1": np.ones(m), "h2": np.ones(n)}
    path = write_dict(tmp_path / f"w{suffix}", weights)
    plain = pa.load(path)
    assert plain.architecture == "shallow" and plain.pwl_units == n
    assert "shallow was assumed" in plain.metadata["notes"][0]
    clipped = pa.load(path, architecture="clipped_shallow")
    assert clipped.pwl_units == 2 * n and "notes" not in clipped.metadata
    with pytest.raises(CheckpointError, match="have 3 ReLUs"):
        pa.load(path, 2)
    with pytest.raises(CheckpointError, match="relu_units= is for AL-RNNs"):
        pa.load(path, relu_units=[1])


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt"])
@pytest.mark.parametrize(("m", "n"), [(3, 2), (3, 1), (1, 3)])
def test_dendritic_dict(tmp_path, suffix, m, n):
    weights = {"A": np.ones(m), "W": np.eye(m), "h": np.ones(m), "alphas": np.ones(n), "thetas": np.ones((m, n))}
    model = pa.load(write_dict(tmp_path / f"w{suffix}", weights))
    assert model.architecture == "dendritic" and model.pwl_units == m * n


class Wrapped(torch.nn.Module):
    def __init__(self, rnn: torch.nn.Module, second: torch.nn.Module | None = None) -> None:
        super().__init__()
        self.rnn = rnn
        self.fc = torch.nn.Linear(4, 2)
        if second is not None:
            self.second = second


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cell", [True, False])
@pytest.mark.parametrize("inside", [True, False])
def test_torch_rnn_moves_as_torch_does(tmp_path, bias, cell, inside):
    torch.manual_seed(0)
    make_rnn = torch.nn.RNNCell if cell else torch.nn.RNN
    rnn = make_rnn(3, 4, nonlinearity="relu", bias=bias)
    module = Wrapped(rnn) if inside else rnn
    torch.save(module.state_dict(), tmp_path / "m.pt")
    model = pa.load(tmp_path / "m.pt", **({"readout": "fc"} if inside else {}))
    assert any("relu was assumed" in note for note in model.metadata["notes"])
    inputs = torch.randn(5, 7, 3)
    with torch.no_grad():
        if cell:
            state = torch.zeros(5, 4)
            for t in range(7):
                state = rnn(inputs[:, t], state)
        else:
            state = rnn(inputs.transpose(0, 1))[1][0]
    mine = np.zeros((5, 4))
    for t in range(7):
        mine = model.map.step(mine, inputs[:, t].numpy())
    assert np.allclose(mine, state.numpy(), atol=1e-6)
    if inside:
        assert np.array_equal(model.B, module.fc.weight.detach().numpy())
        assert np.array_equal(model.b, module.fc.bias.detach().numpy())
        assert any("readout='fc'" in note for note in pa.load(tmp_path / "m.pt").metadata["notes"])


def test_two_rnns_need_a_prefix(tmp_path):
    module = Wrapped(torch.nn.RNN(3, 4), torch.nn.RNNCell(2, 5))
    torch.save({"model": {f"module.{k}": v for k, v in module.state_dict().items()}}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"'module\.rnn' \(relu_rnn\), 'module\.second' \(relu_rnn\).*prefix="):
        pa.load(tmp_path / "m.pt")
    for prefix in ("module.rnn", "module.rnn.", "rnn"):
        assert pa.load(tmp_path / "m.pt", prefix=prefix, readout="fc").n_outputs == 2
    assert pa.load(tmp_path / "m.pt", prefix="second").n_units == 5


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (torch.nn.LSTM(3, 4), "an LSTM"),
        (torch.nn.GRU(3, 4), "a GRU"),
        (torch.nn.LSTMCell(3, 4), "an LSTM"),
        (torch.nn.GRUCell(3, 4), "a GRU"),
        (torch.nn.LSTM(3, 4, proj_size=2), "an LSTM with projections"),
        (torch.nn.RNN(3, 4, num_layers=2), "an RNN of 2 layers"),
        (torch.nn.RNN(3, 4, bidirectional=True), "a bidirectional RNN"),
    ],
)
def test_networks_that_are_not_piecewise_linear(tmp_path, module, words):
    torch.save(Wrapped(module).state_dict(), tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=rf"{words}.*at 'rnn'.*torch\.nn\.RNN"):
        pa.load(tmp_path / "m.pt")


def test_no_place_is_named_where_the_whole_file_is_the_network(tmp_path):
    torch.save(torch.nn.GRU(3, 4).state_dict(), tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"it holds a GRU \(weight_hh_l0 is \(12, 4\)\)\. "):
        pa.load(tmp_path / "m.pt")


def test_torch_rnn_with_parts_missing(tmp_path):
    state = torch.nn.RNN(3, 4).state_dict()
    for missing, words in (("weight_ih_l0", "missing weight_ih_l0"), ("bias_hh_l0", "only one of bias_ih_l0")):
        torch.save({k: v for k, v in state.items() if k != missing}, tmp_path / "m.pt")
        with pytest.raises(CheckpointError, match=words):
            pa.load(tmp_path / "m.pt")
    torch.save({**state, "bias_hh_l0": torch.ones(3)}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"bias_hh_l0 must have shape \(4,\)"):
        pa.load(tmp_path / "m.pt")


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int64, torch.bool]
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_every_dtype_converts_exactly(tmp_path, dtype, suffix):
    from safetensors.torch import save_file

    value = torch.tensor([[0.1, 1.0], [1e-4, -3.0]])
    state = {"A": torch.zeros(2), "W": value.to(dtype), "h": torch.zeros(2)}
    if suffix == ".pt":
        torch.save(state, tmp_path / "m.pt")
    else:
        save_file(state, tmp_path / "m.safetensors")
    model = pa.load(tmp_path / f"m{suffix}", 1)
    assert model.parameters["W"].dtype == np.float64
    assert np.array_equal(model.parameters["W"], state["W"].to(torch.float64).numpy())


def test_values_that_do_not_convert(tmp_path):
    base = {"A": np.ones(2), "h": np.ones(2)}
    for W in (np.full((2, 2), 2**60 + 1), np.full((2, 2), 1j)):
        with pytest.raises(CheckpointError, match=r"W \(2, 2\).*without changing values"):
            pa.load(write_dict(tmp_path / "m.npz", {**base, "W": W}), 1)
    assert pa.load(write_dict(tmp_path / "m.npz", {**base, "W": np.ones((2, 2), complex)}), 1).n_units == 2
    torch.save({"A": torch.ones(2), "h": torch.ones(2), "W": torch.eye(2).to_sparse()}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="only dense"):
        pa.load(tmp_path / "m.pt", 1)
    n = 1 << 20
    huge = {"A": torch.ones(1).expand(n), "h": torch.ones(1).expand(n), "W": torch.ones(1).expand(n, n)}
    torch.save(huge, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="larger than any network"):
        pa.load(tmp_path / "m.pt", 1)


def test_matlab_structs_and_sparse_matrices(tmp_path):
    net = {"A": np.array([[0.5], [0.2]]), "W": scipy.sparse.csc_array(np.eye(2)), "h": np.zeros((1, 2)), "pwl_units": 1}
    scipy.io.savemat(tmp_path / "m.mat", {"net": net, "note": "hello"})
    model = pa.load(tmp_path / "m.mat")
    assert model.pwl_units == 1 and np.array_equal(model.parameters["A"], [0.5, 0.2])


def test_safetensors_written_by_torch_users_keep_their_metadata(tmp_path):
    from safetensors.numpy import save_file

    weights = {"A": np.ones(2, np.float32), "W": np.ones((2, 2), np.float32), "h": np.ones(2, np.float32)}
    save_file(weights, tmp_path / "m.safetensors", {"format": "pt", "pwl_units": "1", "architecture": "mine"})
    model = pa.load(tmp_path / "m.safetensors")
    assert model.pwl_units == 1 and model.metadata == {"format": "pt", "architecture": "mine"}


def test_unused_tensors_are_noted(tmp_path):
    weights = {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2), "z0": np.ones(2)}
    weights["Gamma"] = np.ones(5)
    notes = pa.load(write_dict(tmp_path / "m.npz", weights), 1).metadata["notes"]
    assert notes == ["not used: z0, Gamma"]


@pytest.mark.skipif(not LORENZ.exists(), reason="the published checkpoint is not here")
def test_published_lorenz_network():
    with pytest.raises(CheckpointError, match=r"pwl_units=P with P in 0\.\.20"):
        pa.load(LORENZ)
    model = pa.load(LORENZ, pwl_units=2)
    assert (model.n_units, model.pwl_units, model.n_outputs) == (20, 2, 3)
    radii = {
        code: max(abs(np.linalg.eigvals(model.map.jacobian([int(ch) for ch in code]))))
        for code in ("00", "01", "10", "11")
    }
    expected = {"00": 1.07819, "01": 1.00234, "10": 1.00088, "11": 1.09071}
    assert radii == pytest.approx(expected, abs=1e-5)


# Files that are refused


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"nope\.pt: there is no such file"):
        pa.load(tmp_path / "nope.pt")
    with pytest.raises(CheckpointError, match="a directory"):
        pa.load(tmp_path)
    (tmp_path / "m.safetensors").mkdir()
    with pytest.raises(CheckpointError, match="a directory"):
        pa.load(tmp_path / "m.safetensors")
    with pytest.raises(CheckpointError):
        pa.load("a\0b.npz")
    with pytest.raises(CheckpointError):
        pa.load("x" * 5000 + ".npz")


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt", ".pth", ".ckpt", ".bin", ""])
def test_empty_file(tmp_path, suffix):
    path = tmp_path / f"m{suffix}"
    path.touch()
    with pytest.raises(CheckpointError, match=rf"{re.escape(str(path))}: the file is empty"):
        pa.load(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path):
    path = write_dict(tmp_path / "m.npz", {"A": np.ones(1)})
    path.chmod(0)
    with pytest.raises(CheckpointError, match="cannot be opened"):
        pa.load(path)


def test_content_under_a_wrong_name(tmp_path):
    weights = {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2)}
    for suffix, other in itertools.permutations([*FORMATS, ".pt"], 2):
        path = write_dict(tmp_path / f"w{suffix}", weights)
        wrong = tmp_path / f"wrong{other}"
        wrong.write_bytes(path.read_bytes())
        with pytest.raises(CheckpointError, match=rf"looks like.*{re.escape(suffix)}") as caught:
            pa.load(wrong)
        assert str(wrong) in str(caught.value)


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "HDF5"),
        (b"MATLAB 7.3 MAT-file, Platform: PCWIN64".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n", "HDF5"),
        (b"\x93NUMPY\x01\x00" + bytes(100), "a single NumPy array"),
        (b"name,value\n1,2\n", "m"),
    ],
)
def test_other_kinds_of_files(tmp_path, suffix, content, words):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        pa.load(path)


def test_matlab_73_says_how_to_save(tmp_path):
    path = tmp_path / "m.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(CheckpointError, match=r"7\.3.*'-v7'"):
        pa.load(path)


def test_foreign_arrays_are_listed(tmp_path):
    path = write_dict(tmp_path / "m.npz", {"A": np.ones(2), "W": np.ones((2, 2)), "x": np.ones(3)})
    with pytest.raises(
        CheckpointError, match=r"Found: A \(2,\), W \(2, 2\), x \(3,\)\. Nearest is al_rnn: missing h\."
    ):
        pa.load(path)
    path = write_dict(tmp_path / "many.npz", {f"layer{i}": np.ones(1) for i in range(40)})
    with pytest.raises(CheckpointError, match="and 28 more"):
        pa.load(path)


def test_shapes_that_do_not_fit(tmp_path):
    path = write_dict(tmp_path / "m.npz", {"A": np.ones(2), "W": np.ones((3, 3)), "h": np.ones(3)})
    with pytest.raises(CheckpointError, match=r"A must have shape \(3,\).*got \(2,\)"):
        pa.load(path, 1)
    path = write_dict(tmp_path / "m.npz", {"A": np.ones(2), "W": np.ones(2), "h": np.ones(2)})
    with pytest.raises(CheckpointError, match="W must have shape"):
        pa.load(path, 1)
    path = write_dict(tmp_path / "m.npz", {"A": np.ones(0), "W": np.ones((0, 0)), "h": np.ones(0)})
    with pytest.raises(CheckpointError, match="at least one unit"):
        pa.load(path, 0)


@pytest.mark.parametrize("suffix", [*FORMATS, ".pt"])
def test_nan_weights_name_file_and_tensor(tmp_path, suffix):
    W = np.ones((2, 2))
    W[1, 0] = np.nan
    path = write_dict(tmp_path / f"m{suffix}", {"A": np.ones(2), "W": W, "h": np.ones(2)})
    with pytest.raises(CheckpointError, match=rf"{re.escape(str(path))}: W \(2, 2\) holds 1 value that is NaN"):
        pa.load(path, 1)


def test_newer_or_damaged_native_headers(tmp_path):
    from safetensors.numpy import save_file

    good = {
        "format": "plrnn", "format_version": "1", "architecture": "al_rnn", "relu_units": "[1]", "pwl_units": "1",
        "metadata": "{}",
    }  # fmt: skip
    tensors = {"A": np.ones(2), "W": np.ones((2, 2)), "h": np.ones(2)}
    path = tmp_path / "m.safetensors"

    def attempt(changes: dict, **more: np.ndarray) -> pa.PLRNN:
        header = {k: v for k, v in {**good, **changes}.items() if v is not None}
        save_file({**tensors, **more}, path, header)
        return pa.load(path)

    assert attempt({}).pwl_units == 1
    for changes, words in (
        ({"format_version": "2"}, "up to version 1.*Upgrade"),
        ({"format_version": "one"}, "format_version 'one'"),
        ({"format_version": None}, "format_version ''"),
        ({"architecture": "transformer"}, "unknown architecture 'transformer'"),
        ({"relu_units": "[1"}, "header is damaged"),
        ({"relu_units": "{}"}, "header is damaged"),
        ({"relu_units": "[5]"}, "relu_units must lie in"),
        ({"relu_units": "null"}, "does not name the ReLU units"),
        ({"pwl_units": None}, "header is damaged"),
        ({"pwl_units": "2"}, "pwl_units = 2"),
        ({"metadata": "[]"}, "header is damaged"),
        ({"metadata": "[" * 100_000}, "header is damaged"),
        ({"architecture": "shallow"}, "missing W1, W2, h1, h2, unknown W, h"),
    ):
        with pytest.raises(CheckpointError, match=words) as caught:
            attempt(changes)
        assert str(path) in str(caught.value)
    with pytest.raises(CheckpointError, match="unknown D"):
        attempt({}, D=np.ones(2))


@pytest.mark.parametrize("suffix", FORMATS)
def test_arguments_never_override_the_file(tmp_path, suffix):
    path = tmp_path / f"m{suffix}"
    pa.save(pa.PLRNN.al_rnn([0.5] * 3, np.eye(3), [1.0] * 3, relu_units=[0, 2]), path)
    assert pa.load(path, relu_units=[2, 0], architecture="al_rnn").relu_units == (0, 2)
    with pytest.raises(CheckpointError, match="asked for, the file says 2"):
        pa.load(path, pwl_units=1)
    with pytest.raises(CheckpointError, match=r"names the last units, the file says relu_units=\(0, 2\)"):
        pa.load(path, pwl_units=2)
    with pytest.raises(CheckpointError, match=r"the file says \(0, 2\)"):
        pa.load(path, relu_units=[1, 2])
    with pytest.raises(CheckpointError, match="the file says 'al_rnn'"):
        pa.load(path, architecture="shallow")
    with pytest.raises(CheckpointError, match="foreign files"):
        pa.load(path, prefix="rnn")
    with pytest.raises(CheckpointError, match="foreign files"):
        pa.load(path, readout="fc")


# Malice


class Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def test_no_code_in_a_file_is_run(tmp_path):
    trace = tmp_path / "trace"
    evil = Malicious(trace)
    torch.save({"A": torch.ones(2), "W": evil}, tmp_path / "zip.pt")
    torch.save({"A": evil}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"A": evil}))
    (tmp_path / "two.pt").write_bytes(pickle.dumps({"A": evil}, protocol=2))
    np.savez(tmp_path / "object.npz", A=np.array([evil], dtype=object), W=np.ones((1, 1)), h=np.ones(1))
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(CheckpointError) as caught:
            pa.load(path, 1)
        assert str(path) in str(caught.value)
        assert not trace.exists()
    with pytest.raises(CheckpointError, match=r"posix\.system|nt\.system"):
        pa.load(tmp_path / "zip.pt")
    pickle.loads((tmp_path / "two.pt").read_bytes())
    assert trace.exists(), "the test file would not have done harm"


def test_whole_pickled_module(tmp_path):
    torch.save(Wrapped(torch.nn.RNN(3, 4)), tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"Python object.*model\.state_dict\(\)"):
        pa.load(tmp_path / "m.pt")


def test_torch_files_that_are_no_dicts(tmp_path):
    torch.save(torch.ones(3), tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"a single tensor of shape \(3,\)"):
        pa.load(tmp_path / "m.pt")
    torch.save([1, 2], tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match=r"a list.*state_dict"):
        pa.load(tmp_path / "m.pt")
    torch.save({"epoch": 3, 5: "x", "metadata": {"a": 1}}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="Found: epoch: an int, 5: a str"):
        pa.load(tmp_path / "m.pt")


def test_old_or_missing_torch(tmp_path, monkeypatch):
    path = write_dict(tmp_path / "m.pt", {"A": np.ones(2)})
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(CheckpointError, match=r"torch>=2\.6"):
        torch_file.read_torch(path)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match="pip install torch"):
        pa.load(path)


def test_reading_needs_no_torch(tmp_path):
    pa.save(pa.PLRNN.al_rnn([0.5], [[0.1]], [1.0], pwl_units=1), tmp_path / "m.safetensors")
    program = (
        "import sys; sys.modules['torch'] = None; import plrnn_analysis as pa; "
        f"print(pa.load({str(tmp_path / 'm.safetensors')!r}).pwl_units)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


# Damage


def _victims(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = []
    for suffix in FORMATS:
        paths.append(folder / f"native{suffix}")
        pa.save(make("al_rnn", rng, 2, 1, 1), paths[-1])
    state = {"A": torch.ones(2), "W": torch.ones(2, 2), "h": torch.ones(2), "pwl_units": torch.tensor(1)}
    torch.save(state, folder / "new.pt")
    torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    return [*paths, folder / "new.pt", folder / "legacy.pt"]


def _load_or_refuse(path: Path) -> None:
    """Anything but a model or a CheckpointError fails the test."""
    model = _loaded(path)
    if isinstance(model, CheckpointError):
        assert str(path) in str(model) and "weights_only" not in str(model)
    else:
        assert isinstance(model, pa.PLRNN)


def _loaded(path: Path) -> pa.PLRNN | CheckpointError:
    """The model, or the refusal."""
    try:
        return pa.load(path)
    except CheckpointError as error:
        return error


@pytest.mark.parametrize("index", range(5))
def test_truncated_files(tmp_path, index):
    victim = _victims(tmp_path)[index]
    whole = victim.read_bytes()
    original = pa.load(victim)
    path = tmp_path / f"cut{victim.suffix}"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        model = _loaded(path)
        if isinstance(model, CheckpointError):
            assert str(path) in str(model)
        else:
            # Only padding at the end may be missing unnoticed.
            assert_same(original, model)


@pytest.mark.parametrize("index", range(5))
def test_damaged_files(tmp_path, index):
    victim = _victims(tmp_path)[index]
    whole = victim.read_bytes()
    path = tmp_path / f"damaged{victim.suffix}"
    rng = random.Random(index)
    for _ in range(250):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3, 20])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        _load_or_refuse(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from([*FORMATS, ".pt"]),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"MATLAB 5.0".ljust(124) + b"\x00\x01IM", bytes(8) + b"{"]),
    data=st.binary(min_size=1, max_size=400),
)
def test_random_bytes(tmp_path, suffix, start, data):
    path = tmp_path / f"random{suffix}"
    path.write_bytes(start + data)
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        pa.load(path)


def test_zip_with_a_lying_array_header(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000), }"
    member = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.ljust(117) + b"\n" + bytes(64)
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("A.npy", member)
    with pytest.raises(CheckpointError, match="not readable"):
        pa.load(tmp_path / "m.npz")


# The MATLAB parser against SciPy's writer


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?", "c16"]),
    shape=st.lists(st.integers(0, 4), min_size=2, max_size=3),
    name=st.sampled_from(["x", "long_name_of_a_variable"]),
    compress=st.booleans(),
    seed=st.integers(0, 99),
)
def test_mat5_parser_reads_what_scipy_writes(dtype, shape, name, compress, seed):
    rng = np.random.default_rng(seed)
    array = (rng.integers(0, 100, shape) + (1j if dtype == "c16" else 0)).astype(dtype)
    nested = {"a": array, "b": {"c": "text", "d": 1.5}, "e": np.array([1, "x"], dtype=object)}
    sparse = scipy.sparse.random_array((3, 5), density=0.4, rng=rng, format="csc")
    content = {name: array, "s": nested, "sparse": sparse, "word": "grüße", "empty": ""}
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, content, do_compression=compress)
    read = parse_mat5(buffer.getvalue(), 10_000)
    assert list(read) == list(content)
    for found in (read[name], read["s"]["a"]):
        assert found.shape == array.shape and np.array_equal(found, array)
    assert read["s"]["b"] == {"c": "text", "d": np.array([[1.5]])}
    assert read["s"]["e"] == "cell array"
    assert np.array_equal(read["sparse"], sparse.toarray())
    assert read["word"] == "grüße" and read["empty"] == ""


def test_mat5_of_the_other_byte_order():
    name = b"x\0\0\0"
    inner = b"".join(
        [
            struct.pack(">IIII", 6, 8, 6, 0),
            struct.pack(">IIii", 5, 8, 1, 2),
            struct.pack(">HH", 1, 1) + name,
            struct.pack(">IIdd", 9, 16, 1.5, -2.0),
        ]
    )
    data = b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + struct.pack(">II", 14, len(inner)) + inner
    assert parse_mat5(data, 100)["x"].tolist() == [[1.5, -2.0]]


def test_mat5_never_grows_beyond_its_limits():
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"big": np.zeros((500, 500))}, do_compression=True)
    with pytest.raises(ValueError, match="too large"):
        parse_mat5(buffer.getvalue(), 100)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"big": np.zeros((500, 500))})
    assert parse_mat5(buffer.getvalue(), 100)["big"] == "array of shape (500, 500)"
