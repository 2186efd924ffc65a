"""The search for the subregion that answers to the marks, on trajectories with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.results import Trajectory
from plrnn_training.experiments.gate import find_gate


def trajectory(bits, marks):
    model = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=1, C=[[1.0]])
    bits = np.asarray(bits, dtype=bool)[None, :, None]
    states = np.where(bits, 1.0, -1.0)
    return Trajectory(states, bits, None, np.zeros((1, 1)), np.asarray(marks, dtype=float)[None, :, None], model.map)


@pytest.mark.parametrize(
    ("bits", "bitcode", "lag"),
    [
        ([0, 0, 1, 0, 0, 0, 1, 0], "1", 0),
        ([0, 0, 0, 1, 0, 0, 0, 1], "1", 1),
    ],
)
def test_lag(bits, bitcode, lag):
    gate = find_gate(trajectory(bits, [0, 0, 1, 0, 0, 0, 1, 0]), 0)
    # With two subregions, entering one is leaving the other: the sign says which is meant.
    assert gate.lag == lag
    assert abs(gate.correlation) == pytest.approx(1.0)
    assert (gate.bitcode == bitcode) == (gate.correlation > 0)
    assert {gate.after_marks, gate.elsewhere} == {0.0, 1.0}


def test_one_subregion():
    assert find_gate(trajectory([0] * 8, [0, 0, 1, 0, 0, 0, 1, 0]), 0) is None


def test_exact_solver():
    rng = np.random.default_rng(0)
    inputs = np.zeros((50, 21, 2))
    inputs[:, :20, 0] = rng.uniform(0.05, 0.95, (50, 20))
    inputs[np.arange(50), rng.integers(0, 10, 50), 1] = 1
    inputs[np.arange(50), rng.integers(10, 20, 50), 1] = 1
    gate = find_gate(exact_addition_solver().run(inputs), 1)
    assert (gate.lag, abs(gate.correlation)) == (0, pytest.approx(1.0))


def test_needs_inputs():
    model = exact_addition_solver()
    free = Trajectory(np.zeros((1, 3, 2)), np.zeros((1, 3, 1), bool), None, np.zeros((1, 2)), None, model.map)
    with pytest.raises(ValueError, match="driven"):
        find_gate(free, 1)
