"""Networks in memory: modules, state dicts and arrays by name."""

from __future__ import annotations

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis import CheckpointError

torch = pytest.importorskip("torch")
nn = torch.nn


class Net(nn.Module):
    """An RNN and a readout, as users write it."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.rnn = rnn
        self.fc = nn.Linear(4, 2)


def assert_moves_as(module: nn.Module, model: pa.PLRNN, n_inputs: int = 3) -> None:
    rng = np.random.default_rng(0)
    state, inputs = rng.normal(size=(20, 4)), rng.normal(size=(20, n_inputs))
    parameters = {name: value.detach().double() for name, value in module.state_dict().items()}
    end = "_l0" if isinstance(module, nn.RNN) else ""
    drive = inputs @ parameters[f"weight_ih{end}"].numpy().T + state @ parameters[f"weight_hh{end}"].numpy().T
    if module.bias:
        drive = drive + (parameters[f"bias_ih{end}"] + parameters[f"bias_hh{end}"]).numpy()
    assert np.allclose(model.map.step(state, inputs), np.maximum(drive, 0.0), rtol=0, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [nn.RNN, nn.RNNCell])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_torch_layers(kind, bias, dtype):
    module = kind(3, 4, nonlinearity="relu", bias=bias, dtype=dtype)
    model = pa.from_torch(module)
    assert_moves_as(module, model)
    assert "notes" not in model.metadata
    assert_moves_as(module, pa.from_torch(Net(module)))
    assert_moves_as(module, pa.from_torch(module.state_dict()))
    assert "relu was assumed" in pa.from_torch(module.state_dict()).metadata["notes"][0]


def test_the_model_does_not_change_when_training_goes_on():
    module = nn.RNN(3, 4, nonlinearity="relu", dtype=torch.float64)
    model = pa.from_torch(module)
    before = model.parameters["W_hh"].copy()
    with torch.no_grad():
        module.weight_hh_l0.mul_(2.0)
    assert np.array_equal(model.parameters["W_hh"], before)


def test_readout_of_a_module():
    net = Net(nn.RNN(3, 4, nonlinearity="relu"))
    model = pa.from_torch(net, readout="fc")
    assert np.array_equal(model.B, net.fc.weight.detach().numpy())
    assert np.array_equal(model.b, net.fc.bias.detach().numpy())


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.RNN(3, 4), "tanh"),
        (nn.RNNCell(3, 4), "tanh"),
        (nn.LSTM(3, 4), "an LSTM"),
        (nn.GRUCell(3, 4), "a GRU"),
        (nn.RNN(3, 4, num_layers=2, nonlinearity="relu"), "2 layers"),
        (nn.RNN(3, 4, bidirectional=True, nonlinearity="relu"), "bidirectional"),
    ],
)
def test_what_is_refused(module, words):
    for network in (module, Net(module)):
        with pytest.raises(CheckpointError, match=words):
            pa.from_torch(network)


def test_several_networks_need_a_prefix():
    net = Net(nn.RNN(3, 4, nonlinearity="relu"))
    net.second = nn.RNNCell(2, 5, nonlinearity="relu")
    with pytest.raises(CheckpointError, match=r"'rnn'.*'second'.*prefix="):
        pa.from_torch(net)
    assert pa.from_torch(net, prefix="second").n_units == 5


def test_our_own_module():
    training = pytest.importorskip("plrnn_training.model")
    model = pa.from_torch(training.ALRNN(4, 2, 3, 1))
    assert (model.n_units, model.pwl_units, model.n_inputs, model.n_outputs) == (4, 2, 3, 1)


def test_arrays_by_name_nested_and_as_lists():
    weights = {"A": [0.5, 0.2], "W": torch.ones(2, 2, requires_grad=True), "h": np.zeros(2), "pwl_units": 1}
    assert pa.from_torch({"params": {"net": weights}}).pwl_units == 1
    assert pa.from_torch(weights, relu_units=[1]).relu_units == (1,)
    with pytest.raises(CheckpointError, match="pwl_units=P"):
        pa.from_torch({name: value for name, value in weights.items() if name != "pwl_units"})


def test_wrong_doors():
    with pytest.raises(CheckpointError, match=r"got a Net: use plrnn_analysis\.from_torch"):
        pa.load(Net(nn.RNN(3, 4)))
    with pytest.raises(CheckpointError, match=r"got a dict: use plrnn_analysis\.from_torch"):
        pa.load({"A": [1.0]})
    with pytest.raises(CheckpointError, match=r"got an int\. A file is read by"):
        pa.from_torch(3)
    with pytest.raises(CheckpointError, match=r"got a str.*plrnn_analysis\.load"):
        pa.from_torch("model.pt")
    with pytest.raises(CheckpointError, match="meta"):
        pa.from_torch(nn.RNN(3, 4, nonlinearity="relu", device="meta"))


def test_constructors_take_tensors_that_require_gradients():
    module = nn.RNN(3, 4, nonlinearity="relu", dtype=torch.bfloat16)
    bias = module.bias_ih_l0 + module.bias_hh_l0
    B = torch.ones(1, 4, requires_grad=True)
    model = pa.PLRNN.relu_rnn(module.weight_hh_l0, bias, module.weight_ih_l0, B=B)
    assert np.array_equal(model.parameters["W_hh"], module.weight_hh_l0.detach().double().numpy())
    with pytest.raises(pa.ModelError, match="to_dense"):
        pa.PLRNN.relu_rnn(torch.eye(3).to_sparse(), torch.ones(3))


class LeakyCell(nn.RNNCell):
    """Has the arrays of an RNNCell and a step of its own."""

    def forward(self, x, h):
        return 0.9 * h + 0.1 * super().forward(x, h)


def test_a_step_or_leak_of_ones_own_is_not_torchs():
    with pytest.raises(CheckpointError, match=r'a forward of its own.*architecture="leaky_rnn"'):
        pa.from_torch(LeakyCell(3, 4, nonlinearity="relu"))
    net = Net(nn.RNNCell(3, 4, nonlinearity="relu"))
    net.alpha = 0.2
    with pytest.raises(CheckpointError, match=r"alpha = 0\.2.*architecture="):
        pa.from_torch(net)
    model = pa.from_torch(net, architecture="leaky_rnn", form="rate")
    assert model.parameters["alpha"] == 0.2 and model.n_outputs == 2
    with pytest.raises(CheckpointError, match="contradiction about the leak"):
        pa.from_torch(net, architecture="leaky_rnn", alpha=0.3)


def test_activations_that_a_module_names():
    cell = nn.ModuleDict({"h2h": nn.Linear(4, 4), "input2h": nn.Linear(3, 4)})
    cell.activation = nn.Hardtanh()
    assert pa.from_torch(cell, alpha=0.5, form="rate").pwl_units == 8
    del cell.activation
    cell.activation = torch.tanh
    with pytest.raises(CheckpointError, match="tanh is smooth"):
        pa.from_torch(cell, alpha=0.5, form="rate")


def test_parametrised_modules_are_computed_and_not_changed():
    module = nn.utils.parametrizations.spectral_norm(nn.RNN(3, 4, nonlinearity="relu"), "weight_hh_l0")
    before = module.parametrizations.weight_hh_l0[0]._u.clone()
    model = pa.from_torch(module)
    assert torch.equal(module.parametrizations.weight_hh_l0[0]._u, before)
    assert np.allclose(model.parameters["W_hh"], module.eval().weight_hh_l0.detach().numpy(), atol=1e-6)


def test_readouts_that_are_not_part_of_the_module():
    module, layer = nn.RNN(3, 4, nonlinearity="relu"), nn.Linear(4, 3)
    assert np.array_equal(pa.from_torch(module, readout=layer).B, layer.weight.detach().numpy())
    assert pa.from_torch(module, readout=(np.ones((1, 4)), np.ones(1))).b == 1.0
    assert pa.from_torch(module, readout=np.ones((1, 4))).b is None
