"""Fixed points of two networks paired one to one, against hand-made cases and an oracle that tries every pairing."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.results import Coverage, FixedPoint, FixedPoints
from plrnn_analysis.statuses import Engine, Stability

COVERAGE = Coverage(4, 4, Engine.ENUMERATION)


def switch(h: tuple[float, float] = (1.0, 1.0), **readout: object) -> PLRNN:
    """Two units that suppress each other: two stable nodes and a saddle."""
    return PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=h, pwl_units=2, **readout)


def made(places: np.ndarray, radii: np.ndarray | None = None, complete: bool = True) -> FixedPoints:
    """Points at given places, with an eigenvalue of 0.5 and another one."""
    items = []
    for i, z in enumerate(places):
        second = 0.5 if radii is None else float(radii[i])
        values = np.array(sorted([0.5, second], reverse=True), dtype=complex)
        word = Stability.STABLE_NODE if second < 1.0 else Stability.SADDLE
        items.append(
            FixedPoint(np.array(z, dtype=float), f"{i:02b}", values, float(abs(values[0])), word, 0.0, 1.0, False)
        )
    return FixedPoints(tuple(items), complete, (), COVERAGE)


def cheapest(a: np.ndarray, b: np.ndarray, tolerance: float, scale: float) -> float:
    """Least cost of a pairing: squared distances in scales, a missed partner at the tolerance; every one is tried."""
    if len(a) > len(b):
        a, b = b, a
    best = np.inf
    for order in permutations(range(len(b)), len(a)):
        gaps = np.array([np.linalg.norm(p - b[j]) / scale for p, j in zip(a, order)])
        best = min(best, float(np.sum(np.minimum(gaps, tolerance) ** 2)))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_no_pairing_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6, 2)
    a, b = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    found = made(a).match(made(b), scale=1.0, tolerance=0.8)
    missed = min(n, m) - len(found)
    cost = sum(pair.relative_distance**2 for pair in found) + missed * 0.8**2
    assert cost == pytest.approx(cheapest(a, b, 0.8, 1.0), abs=1e-7)
    assert all(pair.relative_distance <= 0.8 for pair in found)
    sides = ([pair.a for pair in found], [pair.b for pair in found])
    for points, used, unused in ((n, sides[0], found.unmatched_a), (m, sides[1], found.unmatched_b)):
        assert len({id(point) for point in (*used, *unused)}) == points == len(used) + len(unused)


def test_a_network_is_paired_with_itself() -> None:
    points = switch().fixed_points()
    found = points.match(points)
    assert [(pair.a, pair.b) for pair in found] == [(p, p) for p in points]
    assert found.all_kept and found.kept == 3 and found.complete and found.by == "states"
    assert found.claim == "3 of 3 and 3 points paired, 3 with the same stability; both lists complete"


def test_order_of_points_that_all_moved() -> None:
    """Node and saddle about to meet, both moved by their distance: node to node, not node to saddle."""
    node_saddle, moved = np.array([[0.0, 0.0], [0.1, 0.0]]), np.array([[0.1, 0.0], [0.2, 0.0]])
    found = made(node_saddle, np.array([0.5, 1.5])).match(made(moved, np.array([0.5, 1.5])), scale=1.0)
    assert [pair.a.bitcode == pair.b.bitcode for pair in found] == [True, True] and found.all_kept


def test_equal_distances_keep_stabilities() -> None:
    a = made(np.array([[0.0, 1.0], [0.0, -1.0]]), np.array([0.5, 1.5]))
    b = made(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.5, 0.5]))
    found = a.match(b, scale=1.0, tolerance=5.0)
    assert found.kept == 2 and [pair.b.bitcode for pair in found] == ["01", "00"]


@pytest.mark.parametrize("factor", [2.0**-40, 1.0, 2.0**40])
def test_units_do_not_matter(factor: float) -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(6, 2))
    b = a[[3, 0, 5, 1]] + 0.1 * rng.normal(size=(4, 2))
    usual = made(a).match(made(b))
    found = made(factor * a).match(made(factor * b))
    assert [(p.a.bitcode, p.b.bitcode) for p in found] == [(p.a.bitcode, p.b.bitcode) for p in usual] and len(
        found
    ) == 4
    assert np.allclose([p.relative_distance for p in found], [p.relative_distance for p in usual])
    assert np.allclose([p.distance for p in found], [factor * p.distance for p in usual])


def test_points_that_are_gone_have_no_partner() -> None:
    """One input removes the choice: a stable point stays, moved by more than the points were apart."""
    before, after = switch().fixed_points(), switch((3.0, 1.0)).fixed_points()
    assert len(after) == 1
    found = before.match(after)
    assert len(found) == 0 and len(found.unmatched_a) == 3 and len(found.unmatched_b) == 1 and not found.all_kept
    wide = before.match(after, tolerance=np.inf)
    assert len(wide) == 1 and wide[0].a.bitcode == wide[0].b.bitcode == "10"
    told = wide.sentences()
    assert told[0] == "The first network has 3 fixed points, the second 1: 1 pair, 1 of them with the same stability."
    assert found.sentences()[0] == "The first network has 3 fixed points, the second 1: no pair."
    assert "Without a partner in the first network: the stable node of 01, the saddle of 11." in told


def test_a_change_of_stability_is_told() -> None:
    a = made(np.array([[0.0, 1.0], [0.0, -1.0]]), np.array([0.5, 0.5]))
    b = made(np.array([[0.0, 1.0], [0.0, -1.0]]), np.array([0.5, 1.5]), complete=False)
    found = a.match(b)
    assert [pair.same_stability for pair in found] == [True, False] and found.kept == 1 and not found.all_kept
    assert "The stable node of 01 has a saddle as its partner." in found.sentences()
    assert "A search was not complete: a partner may be missing because it was not found." in found.sentences()
    assert found.claim.endswith("NOT both lists complete")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (([0.5, 0.2], "stable node"), ([0.3 + 0.1j, 0.3 - 0.1j], "stable spiral"), True),
        (([1.5, 0.2], "saddle"), ([1.5, -1.2], "unstable node"), False),
        (([1.5, 1.2, 0.1], "saddle"), ([1.5, 0.2, 0.1], "saddle"), False),
        # A modulus that floats put on the wrong side of 1 does not contradict the word, which is proven.
        (([1.0 + 1e-16, 0.2], "stable node"), ([0.5, 0.2], "stable node"), True),
        (([1.0, 0.2], "marginal"), ([1.0, 0.4], "marginal"), True),
        (([1.0, 0.2], "marginal"), ([0.9, 0.4], "stable node"), False),
        (([1.0, 0.2], "undecided"), ([1.0, 0.2], "undecided"), False),
    ],
)
def test_what_the_same_stability_is(first: tuple, second: tuple, same: bool) -> None:
    points = []
    for values, word in (first, second):
        z = np.zeros(len(values))
        points.append(FixedPoint(z, "0", np.array(values, dtype=complex), 1.0, Stability(word), 0.0, 1.0, False))
    one, other = (FixedPoints((point,), True, (), COVERAGE) for point in points)
    assert one.match(other, scale=1.0)[0].same_stability is same


def test_networks_of_different_sizes_are_compared_by_outputs() -> None:
    B = [[1.0, -1.0]]
    small = switch(B=B).fixed_points()
    # The same with a third unit that does nothing but decay.
    A, W = np.diag([0.5, 0.5, 0.2]), np.zeros((3, 3))
    W[:2, :2] = [[0, -1], [-1, 0]]
    large = PLRNN.al_rnn(A, W, [1, 1, 0], relu_units=(0, 1), B=[[1.0, -1.0, 0.0]]).fixed_points()
    found = small.match(large)
    assert found.by == "outputs" and found.all_kept and len(found) == 3
    assert max(pair.distance for pair in found) < 1e-12
    by_states = small.match(large, state_map=[[1, 0], [0, 1], [0, 0]])
    assert by_states.by == "states" and by_states.all_kept
    assert small.match(large, state_map=lambda z: np.append(z, 0.0)).all_kept
    assert [len(column) for column in found.table().values()] == [3] * len(found.table())
    assert list(found.table())[-2:] == ["output_a", "output_b"]
    with pytest.raises(ModelError, match=r"2 and 3 units: give a state_map"):
        small.match(large, by="states")


def test_what_cannot_be_compared_is_said() -> None:
    with_output, without = switch(B=[[1.0, 0.0]]).fixed_points(), switch().fixed_points()
    with pytest.raises(ModelError, match=r"second network have no outputs .* readout B"):
        with_output.match(without, by="outputs")
    with pytest.raises(ModelError, match="1 and 2 outputs"):
        with_output.match(switch(B=np.eye(2)).fixed_points(), by="outputs")
    with pytest.raises(ModelError, match=r"state_map must have shape \(2, 2\)"):
        without.match(without, state_map=np.eye(3))
    with pytest.raises(ModelError, match=r"state_map\(z\) must have shape \(2,\)"):
        without.match(without, state_map=lambda z: z[:1])
    with pytest.raises(ModelError, match="state_map compares states"):
        without.match(without, state_map=np.eye(2), by="outputs")
    with pytest.raises(ModelError, match="by must be one of"):
        without.match(without, by="names")
    with pytest.raises(ModelError, match="tolerance must be a number > 0"):
        without.match(without, tolerance=0.0)
    with pytest.raises(ModelError, match="scale must be positive"):
        without.match(without, scale=[1.0, 0.0])
    with pytest.raises(ModelError, match="does not move"):
        without.match(without, scale=switch().simulate(3, z0=without[0].z))


def test_scale_of_a_trajectory() -> None:
    points = switch().fixed_points()
    run = switch().simulate(50, n=20)
    found = points.match(points, scale=run)
    flat = run.states.reshape(-1, 2)
    expected = np.sqrt(np.mean(np.sum((flat - flat.mean(axis=0)) ** 2, axis=1)))
    assert np.allclose(found.scale, expected)


def test_no_points_and_continua() -> None:
    nothing = FixedPoints((), True, (), COVERAGE)
    points = switch().fixed_points()
    found = nothing.match(points)
    assert len(found) == 0 and found.unmatched_b == tuple(points) and nothing.match(nothing).all_kept
    line = PLRNN.al_rnn(A=[1.0, 0.5], W=[[0, 0], [0, 0]], h=[0, 1], pwl_units=1).fixed_points()
    both = line.match(line)
    assert len(line.continua) and both.continua_a == line.continua and not both.all_kept
    assert any(s.startswith("Continua are not paired") for s in both.sentences())
