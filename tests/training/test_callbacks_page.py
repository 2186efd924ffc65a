"""The callbacks of docs/howto/callbacks.md, run by stand-ins for Lightning and Keras."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "callbacks.md"
# The choice between two: three fixed points, two of them stable.
W, BIAS = np.array([[0.0, -2.0], [-2.0, 0.0]]), np.ones(2)


@pytest.fixture
def page(monkeypatch):
    """The names that the page's code defines; a base class of the two frameworks is all that it imports."""
    lightning, keras = ModuleType("lightning.pytorch"), ModuleType("keras")
    lightning.Callback = type("Callback", (), {})
    keras.callbacks = SimpleNamespace(Callback=type("Callback", (), {}))
    monkeypatch.setitem(sys.modules, "lightning", ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", lightning)
    monkeypatch.setitem(sys.modules, "keras", keras)
    names: dict[str, object] = {}
    for body in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(body, names)
    return names


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.readout = torch.nn.RNN(1, 2, nonlinearity="relu"), torch.nn.Linear(2, 1)
        self.logged = []


def test_lightning(page):
    module = Module()
    with torch.no_grad():
        module.rnn.weight_hh_l0.copy_(torch.from_numpy(W))
        module.rnn.bias_hh_l0.copy_(torch.from_numpy(BIAS))
        module.rnn.bias_ih_l0.zero_()
    module.log_dict = module.logged.append
    callback = page["LogFixedPoints"](every=2)
    for epoch in range(4):
        callback.on_train_epoch_end(SimpleNamespace(current_epoch=epoch), module)
    assert module.logged == [{"fixed_points": 3.0, "stable_fixed_points": 2.0}] * 2
    assert [epoch for epoch, _ in callback.tables] == [0, 2]
    assert sorted(callback.tables[0][1]["bitcode"]) == ["01", "10", "11"]
    assert module.rnn.weight_hh_l0.requires_grad


def test_keras(page):
    layers = {
        "rnn": SimpleNamespace(get_weights=lambda: [np.ones((3, 2)), W.T, BIAS]),
        "readout": SimpleNamespace(get_weights=lambda: [np.ones((2, 1)), np.zeros(1)]),
    }
    callback = page["LogFixedPointsKeras"]()
    callback.model = SimpleNamespace(get_layer=layers.__getitem__)
    logs = {"loss": 0.5}
    callback.on_epoch_end(0, logs)
    callback.on_epoch_end(1, {})
    assert logs == {"loss": 0.5, "fixed_points": 3.0, "stable_fixed_points": 2.0}
    assert [epoch for epoch, _ in callback.tables] == [0]
