"""Input diagrams: against complete searches at random inputs, and by hand where fold points have closed forms."""

from __future__ import annotations

from itertools import product

import exact_oracle
import numpy as np
import pytest
from oracle import brute_force
from systems import degenerate_map, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.fixed_points import find_fixed_points
from plrnn_analysis.input_diagrams import input_diagram
from plrnn_analysis.input_diagrams.exclusion import surely_empty
from plrnn_analysis.input_diagrams.parametric import ParametricMap
from plrnn_analysis.input_diagrams.solutions import solve_pattern
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.network import Network
from plrnn_analysis.plotting.input_diagram import plot_fixed_point_count, plot_input_diagram


def driven(rng, kind, m=5, relus=6, inputs=2, gain=2.0):
    def n(*shape):
        return rng.normal(size=shape)

    read = {"B": np.ones((2, m)), "b": np.array([0.5, -0.5])}
    if kind == "al_rnn":
        A, W, h = 0.7 * n(m), gain * n(m, m) / np.sqrt(m), n(m)
        return PLRNN.al_rnn(A, W, h, pwl_units=min(m, relus), C=n(m, inputs), **read)
    if kind == "shallow":
        return PLRNN.shallow(0.7 * n(m), gain * n(m, relus), n(relus, m), n(m), n(relus), C=n(m, inputs), **read)
    return PLRNN.relu_rnn(gain * n(m, m), n(m), n(m, inputs), **read)


def same(found, expected):
    """Two results of searches hold the same points."""
    assert [p.bitcode for p in found] == [p.bitcode for p in expected]
    for a, b in zip(found, expected):
        assert np.max(np.abs(a.z - b.z)) <= 1e-12 * (1.0 + np.max(np.abs(b.z)))
        assert a.stability == b.stability and a.on_boundary == b.on_boundary
        assert (a.output is None) == (b.output is None)
        if b.output is not None:
            assert np.max(np.abs(a.output - b.output)) <= 1e-12 * (1.0 + np.abs(b.z).sum())
    assert found.output_names == expected.output_names
    assert sorted(c.bitcode for c in found.continua) == sorted(c.bitcode for c in expected.continua)


def compare(model, diagram, values, base):
    """Number, points and bitcodes at inputs (n, d) agree with a search; so do the affine functions of the branches."""
    numbers = diagram.count(values)
    for s, number in zip(values, numbers):
        whole = base.copy()
        whole[list(diagram.inputs)] = s
        assert np.array_equal(diagram.input_at(s), whole)
        expected = model.fixed_points(constant_input=whole)
        same(diagram.at(s), expected)
        assert number == len(expected)
        states = {branch.bitcode: branch.state(s) for branch in diagram}
        for point in expected:
            error = np.max(np.abs(states[point.bitcode] - point.z))
            assert error <= 1e-9 * (1.0 + np.max(np.abs(point.z)))


@pytest.mark.parametrize("n_inputs", [1, 2])
@pytest.mark.parametrize("kind", ["al_rnn", "shallow", "relu_rnn"])
def test_agrees_with_searches_at_random_inputs(kind, n_inputs):
    """7 models of each kind, 1,000 inputs for each number of varying inputs."""
    branches = folds = 0
    for seed in range(7):
        rng = np.random.default_rng([seed, n_inputs])
        model = driven(rng, kind, m=int(rng.integers(2, 7)), relus=int(rng.integers(3, 8)), inputs=n_inputs + seed % 2)
        inputs = [int(k) for k in rng.choice(model.n_inputs, n_inputs, replace=False)]
        ranges = rng.uniform(2, 8, size=(n_inputs, 2)) * [-1, 1]
        base = rng.normal(size=model.n_inputs)
        diagram = model.input_diagram(inputs, ranges, base=base)
        assert diagram.complete and diagram.coverage.engine == "enumeration"
        values = ranges[:, 0] + (ranges[:, 1] - ranges[:, 0]) * rng.random((48, n_inputs))
        compare(model, diagram, values, base)
        branches += len(diagram)
        folds += sum(c.kind == "nonsmooth fold" for c in diagram.collisions)
    assert branches > 15 and folds > 1


@pytest.mark.parametrize("kind", ["al_rnn", "shallow", "relu_rnn"])
def test_agrees_with_all_sign_patterns(kind):
    """The slow, obvious answer: every pattern solved at every input, NumPy only."""
    clear = 0
    for seed in range(8):
        rng = np.random.default_rng([seed, 7])
        model = driven(rng, kind, m=4, relus=4, inputs=2, gain=3.0)
        diagram = model.input_diagram([1, 0], [(-3, 3), (-3, 3)])
        for s in rng.uniform(-3, 3, (25, 2)):
            held = model.map.with_input(s[::-1])
            expected, ambiguous = brute_force(held.A, held.W, held.V, held.c, held.h)
            if ambiguous:
                continue
            clear += 1
            assert diagram.count(s) == len(expected)
            found = {point.bitcode: point.z for point in diagram.at(s)}
            branches = {branch.bitcode: branch.state(s) for branch in diagram}
            for bits, z in expected:
                code = "".join("1" if bit else "0" for bit in bits)
                assert np.allclose(found[code], z, rtol=0, atol=1e-9 * (1 + np.abs(z).max()))
                assert np.allclose(branches[code], z, rtol=0, atol=1e-9 * (1 + np.abs(z).max()))
    assert clear > 190


@pytest.mark.parametrize("seed", range(12))
def test_the_tree_finds_the_branches_of_the_enumeration(seed):
    rng = np.random.default_rng(seed)
    model = driven(rng, ["al_rnn", "shallow", "relu_rnn"][seed % 3], m=6, relus=8, inputs=2)
    arguments = ([0, 1], [(-2, 1), (-1, 3)]) if seed % 2 else (1, (-3, 2))
    first = model.input_diagram(*arguments)
    second = model.input_diagram(*arguments, method="linear programs")
    assert first.complete and second.complete and second.coverage.engine == "linear programs"
    assert [b.bitcode for b in first] == [b.bitcode for b in second]
    for a, b in zip(first, second):
        assert np.array_equal(a.corners, b.corners) and np.array_equal(a.slope, b.slope)
    assert second.coverage.decided == second.coverage.subregions == 2**model.pwl_units


def test_thirty_relus_by_the_tree():
    """2^20 to 2^30 subregions: searched for all inputs at once, and compared at single ones."""
    branches = 0
    for units, relus, n_inputs, seed in [
        (40, 20, 1, 0),
        (40, 20, 2, 1),
        (50, 25, 1, 1),
        (50, 25, 2, 1),
        (60, 30, 2, 3),
    ]:
        rng = np.random.default_rng(seed)
        model = PLRNN.al_rnn(
            rng.uniform(0.1, 0.9, units), rng.normal(size=(units, units)) / np.sqrt(units), rng.normal(size=units),
            pwl_units=relus, C=rng.normal(size=(units, 2)),
        )  # fmt: skip
        diagram = model.input_diagram(list(range(n_inputs)), [(-1, 1)] * n_inputs)
        assert diagram.complete and not diagram.coverage.notes
        compare(model, diagram, rng.uniform(-1, 1, (6, n_inputs)), np.zeros(2))
        branches += len(diagram)
    assert branches > 300


def test_hysteresis_by_hand():
    """z' = a z + w relu(z) - w relu(z - 1) + s: with a + w > 1 > a, three fixed points for s in (1 - a - w, 0).

    Off: z = s / (1 - a) while z <= 0. Middle: z = s / (1 - a - w) in (0, 1). On: z = (s + w) / (1 - a) beyond 1.
    """
    a, w = 0.5, 1.25
    model = PLRNN.shallow([a], [[w, -w]], [[1.0], [1.0]], [0.0], [0.0, -1.0], C=[[1.0]])
    diagram = model.input_diagram(0, (-2, 1))
    assert diagram.complete and not diagram.continua
    low, high = 1 - a - w, 0.0
    assert [(b.bitcode, b.interval, b.stability) for b in diagram] == [
        ("00", (-2.0, pytest.approx(high, abs=1e-15)), "stable node"),
        ("10", (pytest.approx(low), pytest.approx(high, abs=1e-15)), "unstable node"),
        ("11", (pytest.approx(low), 1.0), "stable node"),
    ]
    for branch, offset, slope in zip(diagram, [0, 0, w / (1 - a)], [1 / (1 - a), 1 / (1 - a - w), 1 / (1 - a)]):
        assert branch.offset[0] == pytest.approx(offset, abs=1e-14) and branch.slope[0, 0] == pytest.approx(slope)
    first, second = diagram.collisions
    assert (first.kind, first.units, first.below, first.above) == ("nonsmooth fold", (1,), (), ("10", "11"))
    assert (second.kind, second.units, second.below, second.above) == ("nonsmooth fold", (0,), ("00", "10"), ())
    assert first.location[0, 0] == pytest.approx(low) and first.states[0, 0] == pytest.approx(1.0)
    table = diagram.intervals()
    assert table["fixed_points"] == [1, 3, 1] and table["stable"] == [1, 2, 1]
    assert table["low"] == [-2.0, pytest.approx(low), pytest.approx(high, abs=1e-15)]
    assert diagram.count([-1.9, -0.7, -0.1, 0.5]).tolist() == [1, 3, 3, 1]
    assert diagram.count(-0.1, stable_only=True) == 2
    text = diagram.sentences()
    assert text[0] == "Input 0 from -2 to 1: 3 branches of fixed points, 2 stable; there are no others."
    assert "At -0.75: nonsmooth fold, subregions 10, 11." in text
    # Exactly at a fold two branches are one point.
    assert [p.bitcode for p in diagram.at(0.0)] == [p.bitcode for p in model.fixed_points([0.0])]
    assert diagram.count(low) == len(model.fixed_points([low]))


def test_persistence_by_hand():
    """z' = z / 2 + relu(z) / 4 + s: a kink at 0, nothing else."""
    diagram = PLRNN.al_rnn([0.5], [[0.25]], [0.0], pwl_units=1, C=[[1.0]]).input_diagram(0, (-1, 1))
    (collision,) = diagram.collisions
    assert (collision.kind, collision.below, collision.above) == ("persistence", ("0",), ("1",))
    assert diagram.intervals() == {"low": [-1.0], "high": [1.0], "fixed_points": [1], "stable": [1]}


@pytest.mark.parametrize("seed", range(15))
def test_branches_meet_at_their_borders(seed):
    """At every border collision the branches on both sides have the same state, and a ReLU argument of zero."""
    rng = np.random.default_rng(seed)
    n_inputs = 1 + seed % 2
    model = driven(rng, "al_rnn", m=6, relus=6, inputs=n_inputs)
    diagram = model.input_diagram(list(range(n_inputs)), [(-4, 4)] * n_inputs)
    branches = {branch.bitcode: branch for branch in diagram}
    seen = {code: 0 for code in branches}
    for collision in diagram.collisions:
        assert collision.kind in ("persistence", "nonsmooth fold")
        codes = collision.below + collision.above
        assert len(codes) == 2 and len(collision.units) == 1
        (unit,) = collision.units
        assert [i for i, (a, b) in enumerate(zip(*codes)) if a != b] == [unit]
        for s, z in zip(collision.location, collision.states):
            for code in codes:
                assert np.max(np.abs(branches[code].state(s) - z)) < 1e-9 * (1 + np.abs(z).max())
            y = model.map.preactivation(z, s)
            assert abs(y[unit]) < 1e-9 * (1 + np.abs(z).max())
            assert np.max(np.abs(model.map.step(z, s) - z)) < 1e-9 * (1 + np.abs(z).max())
        # Signs of det(I - J) on both sides decide: equal where the point persists, opposite in a fold.
        signs = [np.sign(np.linalg.det(np.eye(6) - model.map.jacobian([c == "1" for c in code]))) for code in codes]
        assert (signs[0] == signs[1]) == (collision.kind == "persistence")
        for code in codes:
            seen[code] += 1
    # Every end of every branch is an end of the range or a collision.
    for code, branch in branches.items():
        if n_inputs == 1:
            inner = sum(-4 < end < 4 for end in branch.interval)
        else:
            after = np.roll(branch.corners, -1, axis=0)
            on_rim = ((np.abs(branch.corners) == 4) & (branch.corners == after)).any(axis=1)
            inner = len(branch.corners) - int(on_rim.sum())
        assert seen[code] == inner


def test_the_integrator_has_a_continuum_for_one_input_only():
    """acc' = acc + relu(gate): every acc is fixed as long as the gate is shut, u + m <= 1, and none otherwise."""
    model = exact_addition_solver()
    diagram = model.input_diagram(0, (0, 2), base=[0, 0.5])
    assert len(diagram) == 0 and diagram.complete
    (continuum,) = diagram.continua
    assert continuum.bitcode == "0" and continuum.dimension == 1
    assert np.allclose(continuum.corners, [[0.0], [0.5]], atol=1e-8)
    for s in (0.1, 0.499, 0.501, 1.7):
        expected = model.fixed_points(constant_input=[s, 0.5])
        same(diagram.at(s), expected)
        assert diagram.count(s) == 0 and len(expected.continua) == (s < 0.5)
    both = model.input_diagram([0, 1], [(0, 1), (0, 1)])
    (triangle,) = both.continua
    assert len(triangle.corners) == 3 and sorted(np.round(triangle.corners.sum(axis=1), 6)) == [0, 1, 1]
    assert "continuum of dimension 1" in both.sentences()[-1]


def test_a_branch_can_end_in_a_continuum():
    """z' = (z + relu(z) - relu(z - 1)) / 2 + s: all z in (0, 1) are fixed at s = 0, and only there."""
    model = PLRNN.shallow([0.5], [[0.5, -0.5]], [[1.0], [1.0]], [0.0], [0.0, -1.0], C=[[1.0]])
    diagram = model.input_diagram(0, (-1, 1))
    assert [b.interval for b in diagram] == [(-1.0, pytest.approx(0, abs=1e-9)), (pytest.approx(0, abs=1e-9), 1.0)]
    assert [c.kind for c in diagram.collisions] == ["continuum", "continuum"]
    (continuum,) = diagram.continua
    assert continuum.bitcode == "10" and np.allclose(continuum.corners, [[0.0]], atol=1e-8)
    same(diagram.at(0.0), model.fixed_points([0.0]))
    assert diagram.at(0.0).continua[0].interval[1] - diagram.at(0.0).continua[0].interval[0] == pytest.approx(1.0)


class Held(Network):
    """A map in place of a model."""

    def __init__(self, map):
        self.map, self.B, self.b, self.metadata = map, None, None, {}


@pytest.mark.parametrize("block", range(3))
def test_degenerate_maps_at_random_and_at_whole_numbers(block):
    """Small integer weights: singular subregions, continua, several ReLUs at zero at once, points on borders."""
    continua = 0
    for seed in range(25 * block, 25 * block + 25):
        rng = np.random.default_rng(seed)
        plain = degenerate_map(rng)
        C = rng.integers(-1, 2, (plain.n_units, 2))
        E = rng.integers(-1, 2, (plain.n_relu, 2)) if seed % 3 == 0 else None
        map = type(plain).build(plain.A, plain.W, plain.V, plain.c, plain.h, C, E)
        d = 1 + seed % 2
        diagram = input_diagram(Held(map), list(range(d)), [(-2, 2)] * d)
        tree = input_diagram(Held(map), list(range(d)), [(-2, 2)] * d, method="linear programs")
        assert diagram.complete and tree.complete
        assert [b.bitcode for b in diagram] == [b.bitcode for b in tree]
        assert [c.bitcode for c in diagram.continua] == [c.bitcode for c in tree.continua]
        continua += len(diagram.continua)
        values = np.vstack([rng.uniform(-2, 2, (4, d)), rng.integers(-2, 3, (4, d))])
        for s, number in zip(values, diagram.count(values)):
            expected = find_fixed_points(map.with_input(np.append(s, np.zeros(2 - d))))
            same(diagram.at(s), expected)
            assert number == len(expected)
    assert continua > 3


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**-60, 2.0**20, 2.0**60])
def test_units_of_states_and_inputs_do_not_matter(scale):
    """Offsets and inputs times a factor: the same diagram in other units, continua of singular subregions included."""
    continua = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        plain = degenerate_map(rng)
        C = rng.integers(-1, 2, (plain.n_units, 2))
        E = rng.integers(-1, 2, (plain.n_relu, 2))
        one, other = (
            Held(type(plain).build(plain.A, plain.W, plain.V, c, h, C, E))
            for c, h in ((plain.c, plain.h), (scale**2 * plain.c, scale**2 * plain.h))
        )
        other = Held(type(plain).build(plain.A, plain.W, plain.V, other.map.c, other.map.h, scale * C, scale * E))
        d = 1 + seed % 2
        small = input_diagram(one, list(range(d)), [(-2, 2)] * d)
        large = input_diagram(other, list(range(d)), [(-2 * scale, 2 * scale)] * d)
        assert [b.bitcode for b in small] == [b.bitcode for b in large]
        assert [c.bitcode for c in small.continua] == [c.bitcode for c in large.continua]
        for a, b in zip(small.continua, large.continua, strict=True):
            assert a.dimension == b.dimension and a.corners.shape == b.corners.shape
            assert np.allclose(scale * a.corners, b.corners, rtol=0.0, atol=1e-6 * scale)
        continua += len(small.continua)
    assert continua > 3


def test_scales_far_apart():
    """An integrator of an input that is 1e-12 of the other unit's offset: a line attractor at input zero alone."""
    model = PLRNN.al_rnn([1.0, 0.5], np.zeros((2, 2)), [0.0, 1.0], pwl_units=1, C=[[1.0], [0.0]])
    for reach in (1e-12, 1.0):
        diagram = input_diagram(model, 0, (-reach, reach))
        assert diagram.complete and not len(diagram)
        (continuum,) = diagram.continua
        assert continuum.bitcode == "1" and continuum.corners.tolist() == [[0.0]]
        assert len(diagram.at(0.0).continua) == len(model.fixed_points([0.0]).continua) == 1


def line(continuum):
    return sorted(continuum.corners.tolist())


def test_line_attractors_of_two_inputs():
    """Each was lost, or hung on the last bit of a corner that a linear program had widened."""
    integrator = PLRNN.al_rnn([1, 0.5], np.zeros((2, 2)), [0, 1], pwl_units=1, C=[[1, -1], [0, 0]])
    diagram = integrator.input_diagram([0, 1], [(-1, 1), (0, 2)])
    (continuum,) = diagram.continua
    assert diagram.complete and not len(diagram) and continuum.dimension == 1
    assert continuum.bitcode == "1" and line(continuum) == [[0.0, 0.0], [1.0, 1.0]]
    assert len(diagram.at([0.5, 0.5]).continua) == 1 and not diagram.at([0.5, 0.25]).continua

    one = PLRNN.shallow([[0]], [[1]], [[1]], [0], [1], E=[[1, -1]])
    diagram = one.input_diagram([0, 1], [(-2, 2)] * 2)
    (continuum,) = diagram.continua
    assert diagram.complete and continuum.bitcode == "1" and line(continuum) == [[-2.0, -1.0], [1.0, 2.0]]


def test_line_attractors_that_no_float_meets():
    """Lines s1 = 1 + 2 s0 and s0 = -2/3 in tenths, all weights rounded decimals."""
    model = PLRNN.shallow(
        [[0]], [[1, 1, -1, 0]], [[1], [0], [0], [0]], [0], [0.01, 0.01, 0, 0.01],
        C=[[0, 0]], E=[[0.1, -0.1], [0.1, 0.1], [-0.1, 0], [0, 0]],
    )  # fmt: skip
    diagram = model.input_diagram([0, 1], [(-0.2, 0.2)] * 2)
    assert diagram.complete and [c.bitcode for c in diagram.continua] == ["1011", "1111"]
    first, second = diagram.continua
    assert np.allclose(line(first), [[-0.15, -0.2], [-0.2 / 3, -0.1 / 3]], rtol=1e-12)
    assert np.allclose(line(second), [[-0.2 / 3, -0.1 / 3], [-0.2 / 3, 0.2]], rtol=1e-12)


def test_a_unit_much_smaller_than_the_others_is_no_twin():
    """A ReLU argument of 1 beside states of 1e12: neither zero nor certain to rounding, and there in any case."""
    A, W = [[-1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], [[0.0, -1.0, 1.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]
    model = PLRNN.al_rnn(A, W, [1.0, 1.0, 0.0], pwl_units=2, C=[[-1e6], [-1e6], [1e6]])
    diagram = input_diagram(model, 0, (-2e6, 2e6))
    same(diagram.at(2e6), model.fixed_points([2e6]))
    assert len(diagram.at(2e6)) == 1


def test_no_relu_no_offsets_and_a_batch_of_shapes():
    linear = PLRNN.al_rnn([0.5, 0.2], [[0.0, 0.1], [0.0, 0.0]], [0.0, 0.0], pwl_units=0, C=[[1.0], [2.0]])
    diagram = linear.input_diagram(0, (-1, 3))
    (branch,) = diagram
    assert branch.bitcode == "-" and branch.interval == (-1.0, 3.0) and not diagram.collisions
    assert np.allclose(branch.slope[:, 0], np.linalg.solve([[0.5, -0.1], [0.0, 0.8]], [1.0, 2.0]))
    # Without offsets the origin is a fixed point of every pattern at s = 0.
    model = PLRNN.al_rnn([0.5], [[1.5]], [0.0], pwl_units=1, C=[[1.0]])
    for method in ("enumeration", "linear programs"):
        diagram = model.input_diagram([0], [(0, 1)], method=method)
        assert diagram.complete and len(diagram) == 0 and len(diagram.at(0.0)) == 1 and diagram.count(0.5) == 0
        assert "single inputs" in diagram.coverage.notes[-1]
    assert diagram.table()["bitcode"] == []
    two = PLRNN.al_rnn([0.5], [[0.1]], [0.0], pwl_units=1, C=[[1.0, 1.0]]).input_diagram([1, 0], [(0, 1), (1, 2)])
    assert two.inputs == (1, 0) and two.count([0.5, 1.5]) == 1 and two.count([[0.5, 1.5], [0.1, 1.0]]).shape == (2,)
    with pytest.raises(ModelError, match="two inputs"):
        _ = two[0].interval
    with pytest.raises(ModelError, match="intervals are for one"):
        two.intervals()


def test_limits_are_said():
    rng = np.random.default_rng(0)
    model = PLRNN.al_rnn(
        rng.uniform(0.1, 0.9, 40), rng.normal(size=(40, 40)) / 6, rng.normal(size=40), 20, C=rng.normal(size=(40, 1))
    )
    short = model.input_diagram(0, (-1, 1), max_nodes=20)
    assert not short.complete and short.coverage.stopped_by == "max_nodes"
    assert "NOT complete" in repr(short) and "there may be others" in short.sentences()[0]
    assert not model.input_diagram(0, (-1, 1), time_limit=0.0).complete
    assert not short.at(0.0).complete


def test_bad_arguments_are_refused():
    model = PLRNN.al_rnn([0.5], [[1.5]], [0.0], pwl_units=1, C=[[1.0, 2.0]])
    for arguments, message in [
        (dict(inputs=2, ranges=(0, 1)), "numbered from 0"),
        (dict(inputs=-1, ranges=(0, 1)), "numbered from 0"),
        (dict(inputs=True, ranges=(0, 1)), "whole number"),
        (dict(inputs=[0, 0], ranges=[(0, 1)] * 2), "twice"),
        (dict(inputs=[0, 1], ranges=(0, 1)), "ranges must have shape"),
        (dict(inputs=0, ranges=(1, 1)), "constant_input"),
        (dict(inputs=0, ranges=(0, np.inf)), "infinite"),
        (dict(inputs=0, ranges=[(0, 1), (0,)]), "ranges must be"),
        (dict(inputs=0, ranges=(0, 1), base=[1.0]), "base"),
        (dict(inputs=0, ranges=(0, 1), method="scyfi"), "method"),
        (dict(inputs=0, ranges=(0, 1), workers=0), "workers"),
        (dict(inputs=0, ranges=("a", "b")), "array of real numbers"),
    ]:
        with pytest.raises(ModelError, match=message):
            model.input_diagram(**arguments)
    diagram = model.input_diagram(0, (0, 1))
    with pytest.raises(ModelError, match="covers 0 to 1"):
        diagram.at(2.0)
    with pytest.raises(ModelError, match="covers 0 to 1"):
        diagram.count([0.5, -1.0])
    many = PLRNN.al_rnn(np.full(17, 0.5), np.zeros((17, 17)), np.ones(17), pwl_units=17, C=np.ones((17, 1)))
    with pytest.raises(ModelError, match="up to 16"):
        many.input_diagram(0, (0, 1), method="enumeration")
    free = PLRNN.al_rnn([0.5], [[1.5]], [0.0], pwl_units=1)
    with pytest.raises(ModelError, match="0 inputs"):
        free.input_diagram(0, (0, 1))


def test_figures_show_what_the_diagram_says(tmp_path):
    model = PLRNN.shallow([0.5], [[1.25, -1.25]], [[1.0], [1.0]], [0.0], [0.0, -1.0], C=[[1.0]])
    ax = plot_input_diagram(model.input_diagram(0, (-2, 1)), readout=[2.0])
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-"]
    assert np.allclose(lines[0].get_ydata(), [-8.0, 0.0]) and np.allclose(lines[2].get_xdata(), [-0.75, 1.0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["stable", "unstable", "nonsmooth fold"]
    ax.figure.savefig(tmp_path / "one.png")
    flat = PLRNN.shallow([0.5], [[0.5, -0.5]], [[1.0], [1.0]], [0.0], [0.0, -1.0], C=[[1.0]])
    ax = plot_input_diagram(flat.input_diagram(0, (-1, 1)))
    assert "continuum of fixed points" in [text.get_text() for text in ax.get_legend().get_texts()]
    ax = plot_input_diagram(exact_addition_solver().input_diagram(0, (0, 2), base=[0, 0.5]), readout=1, label="gate")
    assert ax.get_ylabel() == "gate" and len(ax.patches) == 1
    empty = PLRNN.al_rnn([0.5], [[1.5]], [0.0], pwl_units=1, C=[[1.0]]).input_diagram(0, (1, 2))
    assert plot_input_diagram(empty).texts[0].get_text() == "no fixed point"
    choice = PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2, C=[[1, 0], [0, 1]])
    plane = choice.input_diagram([0, 1], [(-2, 2), (-2, 2)])
    ax = plot_fixed_point_count(plane, resolution=20)
    assert len(ax.lines) == 2 and [t.get_text() for t in ax.figure.axes[1].get_yticklabels()] == ["1", "3"]
    assert plot_fixed_point_count(plane, stable_only=True, resolution=8, ax=ax) is ax
    ax.figure.savefig(tmp_path / "two.png")
    for draw, diagram in [(plot_input_diagram, plane), (plot_fixed_point_count, empty)]:
        with pytest.raises(ModelError, match="use plot_"):
            draw(diagram)
    with pytest.raises(ModelError, match="a unit"):
        plot_input_diagram(empty, readout=1)
    with pytest.raises(ModelError, match="resolution"):
        plot_fixed_point_count(plane, resolution=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(150))
def test_many_random_models_of_every_architecture(seed):
    rng = np.random.default_rng(seed)
    plain = random_model(rng)
    C = rng.normal(size=(plain.n_units, 2))
    map = type(plain.map).build(plain.map.A, plain.map.W, plain.map.V, plain.map.c, plain.map.h, C)
    d = 1 + seed % 2
    ranges = np.sort(rng.normal(size=(d, 2)) * 3, axis=1)
    diagram = input_diagram(Held(map), list(range(d)), ranges)
    values = ranges[:, 0] + (ranges[:, 1] - ranges[:, 0]) * rng.random((50, d))
    for s, number in zip(values, diagram.count(values)):
        expected = find_fixed_points(map.with_input(np.append(s, np.zeros(2 - d))))
        same(diagram.at(s), expected)
        assert number == len(expected)


def units_of(map, rng):
    """The same map with states, ReLU arguments and offsets in units that are powers of two."""
    u, r = 2.0 ** rng.integers(-30, 31, map.n_units), 2.0 ** rng.integers(-30, 31, map.n_relu)
    q = 2.0 ** rng.integers(-40, 41)
    return type(map).build(
        map.A * u[:, None] / u, map.W * u[:, None] / r, map.V * r[:, None] / u, map.c * r * q, map.h * u * q,
        map.C * u[:, None] * q, map.E * r[:, None] * q,
    )  # fmt: skip


def named(pieces):
    """Bitcode, dimension and corners of branches or continua, of the package or of the oracle."""
    return [
        (exact_oracle.as_code(p.bits) if hasattr(p, "bits") else p.bitcode, getattr(p, "dimension", 0),
         sorted([float(x) for x in corner] for corner in p.corners))
        for p in pieces
    ]  # fmt: skip


def agree(mine, exact):
    mine, exact = sorted(named(mine)), sorted(named(exact))
    assert [item[:2] for item in mine] == [item[:2] for item in exact]
    for (_, _, a), (_, _, b) in zip(mine, exact):
        assert np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("block", range(3))
def test_against_fractions_in_any_units(block):
    """Branches and continua and their corners: all patterns in fractions. Small whole numbers: most are degenerate."""
    pieces = 0
    for seed in range(40 * block, 40 * block + 40):
        rng = np.random.default_rng(seed)
        plain = degenerate_map(rng)
        if plain.n_relu > 4 or plain.n_units > 3:
            continue
        C, E = rng.integers(-1, 2, (plain.n_units, 2)), rng.integers(-1, 2, (plain.n_relu, 2)) * (seed % 2)
        map = type(plain).build(plain.A, plain.W, plain.V, plain.c, plain.h, C, E)
        map = units_of(map, rng) if seed % 3 == 0 else map
        d = 1 + seed % 2
        diagram = input_diagram(Held(map), list(range(d)), [(-2, 2)] * d, method="enumeration")
        ranges = [tuple(exact_oracle.fractions([-2, 2]))] * d
        branches, continua, _ = exact_oracle.input_diagram(
            exact_oracle.read(map), list(range(d)), ranges, exact_oracle.fractions([0, 0])
        )
        assert diagram.complete
        agree(diagram, branches)
        agree(diagram.continua, continua)
        pieces += len(branches) + len(continua)
    assert pieces > 100


@pytest.mark.parametrize("d", [1, 2])
def test_floats_exclude_nearly_all_that_is_empty_and_nothing_else(d):
    """So that exact arithmetic has little to do: it finds every branch among what is left, and few patterns besides."""
    excluded = empty = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        model = driven(rng, ["al_rnn", "shallow", "relu_rnn"][seed % 3], m=6, relus=6, inputs=d)
        problem = ParametricMap.of(model.map, np.zeros(d), tuple(range(d)), np.array([[-2.0, 2.0]] * d))
        patterns = np.array(list(product([False, True], repeat=6)))
        gone = np.array(list(surely_empty(problem, patterns)))
        solved = [solve_pattern(problem, bits) for bits in patterns]
        assert all(solution is None for solution, out in zip(solved, gone) if out)
        empty += sum(solution is None for solution in solved)
        excluded += int(gone.sum())
    assert excluded > 0.99 * empty > 500
