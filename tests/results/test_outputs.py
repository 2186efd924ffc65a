"""What a network reads out at its fixed points and along its cycles, and how sentences name them."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.results.naming import LONGEST_NAME, place_in_words
from plrnn_analysis.story import tell_story

B, b = np.array([[1.0, -1.0], [0.5, 0.25], [0.0, 2.0]]), np.array([0.1, 0.2, 0.3])


def switch(readout: bool = True) -> PLRNN:
    given = {"B": B, "b": b} if readout else {}
    return PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2, C=[[1], [0]], **given)


def test_outputs_of_fixed_points_are_the_readout() -> None:
    for held in (None, [0.3]):
        points = switch().fixed_points(held)
        assert len(points) == 3
        for point in points:
            assert point.output is not None and np.array_equal(point.output, B @ point.z + b)
            assert not point.output.flags.writeable
        # What a run that stays there puts out is the same.
        run = switch().simulate(1, z0=points[0].z, constant_input=held)
        assert run.outputs is not None and np.allclose(run.outputs[0, 0], points[0].output)
        assert [np.array_equal(o, p.output) for o, p in zip(points.table()["output"], points)] == [True] * 3


def test_without_a_readout_there_are_none() -> None:
    points, cycles = switch(readout=False).fixed_points(), switch(readout=False).cycles(2)
    assert all(point.output is None for point in points) and all(cycle.outputs is None for cycle in cycles)
    assert "output" not in points.table() and "outputs" not in cycles.table()
    assert switch(readout=False).read_out(np.zeros((4, 2))) is None


def test_outputs_along_cycles_and_continua() -> None:
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1, B=[[3.0]], b=[1.0])
    cycles = tent.cycles(4)
    assert any(cycle.period == 4 for cycle in cycles)
    for cycle in cycles:
        assert cycle.outputs is not None and np.array_equal(cycle.outputs, 3.0 * cycle.points + 1.0)
    assert len(cycles.table()["outputs"]) == len(cycles)
    line = PLRNN.al_rnn(A=[1.0], W=[[0.0]], h=[0.0], pwl_units=0, B=[[3.0]]).fixed_points().continua[0]
    assert line.output is not None and np.array_equal(line.output, 3.0 * line.anchor)
    turn = PLRNN.al_rnn(A=[[0.0, -1.0], [1.0, 0.0]], W=np.zeros((2, 2)), h=[0, 0], pwl_units=0, B=[[1.0, 2.0]])
    family = turn.cycles(4).continua[-1]
    assert family.outputs is not None and family.outputs.shape == (4, 1)
    assert np.array_equal(family.outputs, family.anchor @ np.array([[1.0], [2.0]]))


def test_outputs_of_attractors_and_certificates() -> None:
    ends = switch().attractors(n=40)
    assert len(ends) == 2
    for end in ends:
        assert end.object is not None and np.array_equal(end.object.output, B @ end.object.z + b)
    flip = PLRNN.al_rnn(A=[0.0], W=[[-0.5]], h=[1.0], pwl_units=1, B=[[2.0]])
    point = flip.uniqueness().fixed_point
    assert point is not None and np.array_equal(point.output, 2.0 * point.z)


def many_relus(names: tuple[str, ...] = ()) -> PLRNN:
    """The switch with eight more ReLU units that do nothing but decay: bitcodes of ten digits."""
    A, W, h = np.full(10, 0.5), np.zeros((10, 10)), np.ones(10)
    W[:2, :2] = [[0, -1], [-1, 0]]
    read = np.zeros((2, 10))
    read[0, 0] = read[1, 1] = 0.5
    model = PLRNN.al_rnn(A, W, h, pwl_units=10, B=read)
    model.metadata["output_names"] = list(names)
    return model


def test_sentences_name_outputs_where_bitcodes_are_long() -> None:
    story = tell_story(many_relus(("left", "right")), n_states=20).text()
    assert "end in the stable node where left = 1, right = -1 (leading" in story
    assert (
        "end in the stable node where output 0 = 1, output 1 = -1 (leading"
        in tell_story(many_relus(), n_states=20).text()
    )
    short = tell_story(switch(), n_states=20).text()
    assert "end in the stable node of 10 (leading" in short
    trials = np.zeros((3, 20, 0))
    driven = tell_story(many_relus(("left", "right")), n_states=20, trials=trials).text()
    assert "where on average left = " in driven


@pytest.mark.parametrize("digits", [LONGEST_NAME, LONGEST_NAME + 1])
def test_the_longest_bitcode_that_is_a_name(digits: int) -> None:
    code = "01" * 10
    words = place_in_words(code[:digits], np.arange(6.0), ["a", "b"])
    assert words == (
        f" of {code[:digits]}"
        if digits == LONGEST_NAME
        else " where a = 0, b = 1, output 2 = 2, output 3 = 3 and 2 more"
    )
    assert place_in_words(code[:digits], None) == f" of {code[:digits]}" and place_in_words("-", np.ones(1)) == ""


def test_a_long_cycle_is_named_by_the_range_of_its_outputs() -> None:
    A, W, h = np.full(9, 0.5), np.zeros((9, 9)), np.ones(9)
    # One unit that jumps: x -> 0.5 x + 1 - 2.25 relu(x), a stable 2-cycle.
    A[8], W[8, 8], h[8] = 0.4, -1.9, 1.0
    model = PLRNN.al_rnn(A, W, h, pwl_units=9, B=np.eye(1, 9, 8))
    model.metadata["output_names"] = ["gate"]
    found = model.attractors(n=10)
    cycle = found[0].object
    assert found[0].kind == "cycle" and cycle.period > 1
    low, high = cycle.outputs.min(), cycle.outputs.max()
    text = tell_story(model, n_states=10).text()
    assert f"with gate from {low:.3g} to {high:.3g} (leading multiplier" in text
