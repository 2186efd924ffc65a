"""Settings beside the arrays that change the step: clipped bases, limits on states."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.errors import CheckpointError

RNG = np.random.default_rng(0)
M, H = 4, 3
DENDRITIC = {
    "A": RNG.uniform(0.1, 0.9, M), "W": RNG.normal(0, 0.3, (M, M)), "h": RNG.normal(0, 0.3, M),
    "alphas": RNG.normal(0, 0.5, H), "thetas": RNG.normal(0, 0.5, (M, H)),
}  # fmt: skip
SHALLOW = {
    "A": RNG.uniform(0.1, 0.9, M), "W1": RNG.normal(0, 0.3, (M, H)), "W2": RNG.normal(0, 0.3, (H, M)),
    "h1": RNG.normal(0, 0.3, M), "h2": RNG.normal(0, 0.3, H),
}  # fmt: skip


def saved(home, arrays, **settings):
    np.savez(home / "weights.npz", **arrays)
    (home / "config.json").write_text(json.dumps(settings))
    return home


def relu(x):
    return np.maximum(x, 0.0)


@pytest.mark.parametrize(
    "settings", [{}, {"use_clipping": False}, {"use_clipping": True}, {"model": {"clipped": True}}]
)
def test_a_dendritic_network_is_clipped_where_its_settings_say_so(settings, tmp_path):
    model = pa.load(saved(tmp_path, DENDRITIC, **settings))
    clipped = bool(settings) and settings != {"use_clipping": False}
    d = DENDRITIC
    for z in RNG.normal(0, 2, (50, M)):
        basis = relu(z[:, None] - d["thetas"]) - (relu(z)[:, None] if clipped else 0.0)
        np.testing.assert_allclose(model.map.step(z), d["A"] * z + d["W"] @ (basis @ d["alphas"]) + d["h"], atol=1e-12)


@pytest.mark.parametrize("clipped", [False, True])
def test_so_is_a_shallow_one(clipped, tmp_path):
    model = pa.load(saved(tmp_path, SHALLOW, use_clipping=clipped))
    assert model.architecture == ("clipped_shallow" if clipped else "shallow")
    s = SHALLOW
    for z in RNG.normal(0, 2, (50, M)):
        basis = relu(s["W2"] @ z + s["h2"]) - (relu(s["W2"] @ z) if clipped else 0.0)
        np.testing.assert_allclose(model.map.step(z), s["A"] * z + s["W1"] @ basis + s["h1"], atol=1e-12)


@pytest.mark.parametrize("settings", [{"clip_range": 10.0}, {"model": {"state_clip": [-5, 5]}}])
def test_limits_on_states_are_refused_unless_the_caller_says_that_none_is_reached(settings, tmp_path):
    home = saved(tmp_path, DENDRITIC, **settings)
    with pytest.raises(CheckpointError, match="held within limits"):
        pa.load(home)
    name = "clip_range" if "clip_range" in settings else "state_clip"
    assert pa.load(home, ignore=[name]).architecture == "dendritic"


@pytest.mark.parametrize("settings", [{"clip_range": None}, {"grad_clip": 1.0, "clip_norm": 5, "gradient_clipping": 1}])
def test_limits_that_are_none_and_those_of_gradients_say_nothing(settings, tmp_path):
    assert pa.load(saved(tmp_path, DENDRITIC, **settings)).architecture == "dendritic"


@pytest.mark.parametrize("arrays", [DENDRITIC, SHALLOW])
def test_a_learnt_first_state_is_no_readout(arrays, tmp_path):
    B = RNG.standard_normal((2, M))
    assert pa.load(saved(tmp_path, {**arrays, "B": B}, learn_z0=False)).n_outputs == 2
    model = pa.load(saved(tmp_path, {**arrays, "B": B}, learn_z0=True))
    assert model.B is None and any("first state is learnt" in note for note in model.metadata["notes"])
