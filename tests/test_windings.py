"""Turns around fixed points: counts that are known, and what cannot be counted."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.windings import count_turns


def rotation(angle: float, modulus: float) -> np.ndarray:
    return modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def coiling(angle: float = 0.3, modulus: float = 0.98) -> PLRNN:
    """A spiral in the plane that crosses a weak kink on its way around."""
    R = rotation(angle, modulus)
    W = np.zeros((2, 2))
    W[:, 1] = 0.05 * R[:, 1]
    return PLRNN.al_rnn(A=R, W=W, h=[0.1, -0.2], relu_units=[1])


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_linear_spiral_has_known_turns_in_a_skewed_plane(sign: float) -> None:
    rng = np.random.default_rng(0)
    T = rng.normal(size=(3, 3))
    J = np.zeros((3, 3))
    J[:2, :2] = rotation(sign * 0.37, 0.999)
    J[2, 2] = 0.5
    h = rng.normal(size=3)
    model = PLRNN.al_rnn(A=T @ J @ np.linalg.inv(T), W=np.zeros((3, 3)), h=h, pwl_units=0)
    found = count_turns(model, model.simulate(201, n=4, seed=2))
    assert found[0].visits == 4
    np.testing.assert_allclose(found[0].turns, 200 * 0.37 / (2 * np.pi), rtol=1e-9)
    assert found[0].steps_a_turn == pytest.approx(2 * np.pi / 0.37)
    assert found[0].circled


def test_turns_through_other_subregions_are_counted_against_the_plane() -> None:
    model = coiling()
    run = model.simulate(400, z0=[3.0, 0.0])
    points = model.fixed_points()
    assert len({tuple(b) for b in run.bitcodes[0, :, :]}) == 2, "the orbit is to cross the kink"
    found = count_turns(model, run, points)
    # In two dimensions the winding number around a point does not depend on linear coordinates.
    z = run.states[0] - points[0].z
    cross = z[:-1, 0] * z[1:, 1] - z[:-1, 1] * z[1:, 0]
    angle = np.arctan2(cross, np.sum(z[:-1] * z[1:], axis=1))
    first = int(np.flatnonzero(np.array([str(int(b)) for b in run.bitcodes[0, :, 0]]) == points[0].bitcode)[0])
    assert found[0].total_turns == pytest.approx(np.sum(angle[first:]) / (2 * np.pi), abs=0.2)
    assert found[0].total_turns > 10


def test_point_without_rotation_is_named_and_not_counted() -> None:
    model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    found = count_turns(model, model.simulate(50, n=3))
    assert len(found) == 0 and len(found.not_spirals) == 3
    assert repr(found) == "<Windings: none>"


def test_a_visit_without_a_full_turn_is_no_circling() -> None:
    model = PLRNN.al_rnn(A=[0.0, 0.0], W=rotation(0.1, 0.5), h=[0.0, 0.0], pwl_units=0)
    found = count_turns(model, model.simulate(10, z0=[1.0, 0.0]))
    assert found.table()["circled"] == [False]
    assert found[0].total_turns == pytest.approx(0.9 / (2 * np.pi))


def test_refusals() -> None:
    model = PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[0.0], pwl_units=0, C=[[1.0]])
    with pytest.raises(ModelError, match="driven by inputs"):
        count_turns(model, model.run(np.zeros((3, 1))))
    other = PLRNN.al_rnn(A=[0.5, 0.5], W=np.zeros((2, 2)), h=[0.0, 0.0], pwl_units=1)
    with pytest.raises(ModelError, match="2 units and 1 ReLUs, the model 1 and 0"):
        count_turns(model, other.simulate(3))
    runaway = PLRNN.al_rnn(A=[1e200], W=[[0.0]], h=[1.0], pwl_units=0)
    with pytest.raises(ModelError, match="diverges"):
        count_turns(runaway, runaway.simulate(5))
