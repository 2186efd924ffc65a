"""Whether a trajectory enters the subregion of a fixed point, against a plain search through its bitcodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.maps import bits_to_string
from plrnn_analysis.results import Trajectory
from plrnn_analysis.results.visits import visited_words


def trajectory(bits: np.ndarray) -> Trajectory:
    model = PLRNN.al_rnn(A=np.zeros(1), W=np.zeros((1, 1)), h=np.zeros(1), pwl_units=0)
    return replace(model.simulate(1), bitcodes=bits)


@pytest.mark.parametrize("n_relu", [1, 3, 7, 8, 9, 63, 64, 65, 130])
def test_agrees_with_a_plain_search(n_relu: int) -> None:
    rng = np.random.default_rng(n_relu)
    pool = rng.random((12, n_relu)) < 0.5
    bits = pool[rng.integers(0, 8, (5, 40))]
    entered = {bits_to_string(row) for row in bits.reshape(-1, n_relu)}
    near = pool.copy()
    near[:, -1] ^= True
    words = [[bits_to_string(row) for row in rows] for rows in (*pool[:, None], *near[:, None], pool[:3], pool[5:], [])]
    expected = [set(word) <= entered for word in words]
    assert visited_words(words, trajectory(bits)).tolist() == expected
    assert any(expected) and (n_relu == 1 or not all(expected))


def test_fixed_points_and_cycles() -> None:
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    left, both = tent.simulate(3, z0=[-2.0]), tent.simulate(30, z0=[0.1])
    assert [p.bitcode for p in tent.fixed_points()] == ["0", "1"]
    assert tent.fixed_points().visited(left).tolist() == [True, False]
    assert tent.fixed_points().table(left)["visited"] == [True, False]
    assert "visited" not in tent.fixed_points().table()
    cycles = tent.cycles(3)
    assert cycles.visited(left).tolist() == [set(cycle.word) == {"0"} for cycle in cycles]
    assert cycles.visited(both).all() and cycles.table(both)["visited"] == [True] * len(cycles)


def test_without_relus_and_without_points() -> None:
    decay = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0)
    assert decay.fixed_points().visited(decay.simulate(3)).tolist() == [True]
    away = PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[1.0], pwl_units=0)
    assert away.fixed_points().visited(away.simulate(3)).shape == (0,)


def test_a_trajectory_of_another_model_is_refused() -> None:
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    decay = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0)
    with pytest.raises(ModelError, match="its bitcodes have 0 characters, those asked for 1"):
        tent.fixed_points().visited(decay.simulate(3))
