"""The exact oracle: by hand, and against brute force in floats and an older search in rationals."""

from __future__ import annotations

from fractions import Fraction

import drawing
import exact_oracle
import numpy as np
import oracle
import pytest
from exact_rational import interior, maximise, relative_interior, solve, vertices_of_projection
from exact_spectrum import locate
from systems import degenerate_map, random_model

from plrnn_analysis import PLRNN, CanonicalMap

F = Fraction


def exact(map, period=1):
    return exact_oracle.cycles([exact_oracle.read(map)] * period)


def codes(pieces):
    return {piece.bitcodes: piece.dimension for piece in pieces}


# --- polyhedra --------------------------------------------------------------------------------------------------------


def test_linear_systems():
    assert solve([[F(1), F(2)], [F(2), F(4)]], [F(1), F(2)], 2) == ([F(1), F(0)], [[F(-2), F(1)]])
    assert solve([[F(1), F(2)], [F(2), F(4)]], [F(1), F(3)], 2) is None
    assert solve([], [], 2) == ([F(0), F(0)], [[F(1), F(0)], [F(0), F(1)]])


def test_linear_programs():
    triangle = [([F(1), F(0)], F(0)), ([F(0), F(1)], F(0)), ([F(-1), F(-1)], F(1))]
    assert maximise(triangle, ([F(2), F(1)], F(0)), most=F(100)) == (F(2), [F(1), F(0)])
    assert maximise(triangle, ([F(2), F(1)], F(0)), most=F(1))[0] == 1
    assert maximise([*triangle, ([F(-1), F(0)], F(-1))], ([F(1), F(0)], F(0)), most=F(1)) is None
    assert maximise([([F(1)], F(-5))], ([F(1)], F(0)), most=F(7)) == (F(7), [F(7)])


def test_relative_interior():
    x, y = [F(1), F(0)], [F(0), F(1)]

    def minus(v):
        return [-a for a in v]

    segment = [(x, F(0)), (minus(x), F(0)), (y, F(0)), (minus(y), F(3))]
    point, vanishing = relative_interior(segment, 2)
    assert point[0] == 0 and 0 < point[1] < 3 and vanishing == {0, 1}
    assert interior(segment, 2) is None and interior(segment[2:], 2) is not None
    far = relative_interior([(x, F(-50)), ([F(0), F(0)], F(7))], 2)
    assert far[0][0] > 50 and far[1] == set()
    assert relative_interior([([F(0), F(0)], F(-1))], 2) is None
    assert relative_interior([([], F(0)), ([], F(1))], 0) == ([], {0})


def test_shadows():
    cube = [([F(int(i == j)) * s for i in range(3)], F(1)) for j in range(3) for s in (1, -1)]
    assert vertices_of_projection(cube, 1, 2) == [(-1,), (1,)]
    assert set(vertices_of_projection(cube, 2, 1)) == {(-1, -1), (1, -1), (1, 1), (-1, 1)}
    flat = [*cube, ([F(1), F(-1), F(0)], F(0)), ([F(-1), F(1), F(0)], F(0))]
    assert set(vertices_of_projection(flat, 2, 1)) == {(-1, -1), (1, 1)}
    assert vertices_of_projection([*cube, ([F(1), F(0), F(0)], F(-2))], 2, 1) is None


# --- eigenvalues ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "counts"),
    [
        ([[0.5, 1.0], [0.0, 2.0]], (1, 0, 1)),
        ([[-3, -3, -1], [1, 0, 0], [0, 1, 0]], (0, 3, 0)),
        ([[0, -2, 0, -1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], (0, 4, 0)),
        ([[0, -1], [1, 1]], (0, 2, 0)),
        ([[2.0, 0.0], [0.0, 0.5]], (1, 0, 1)),  # a pair z, 1/z off the circle
        ([[1 - 2.0**-52]], (1, 0, 0)),
        ([[0.0, 1.0], [0.0, 0.0]], (2, 0, 0)),
    ],
)
def test_eigenvalues_by_hand(matrix, counts):
    assert locate([exact_oracle.fractions(row) for row in matrix]) == counts


def test_eigenvalues_against_numpy():
    rng = np.random.default_rng(0)
    clear = 0
    for _ in range(300):
        n = int(rng.integers(1, 7))
        A = rng.integers(-3, 4, (n, n)) / rng.choice([1, 2, 3])
        modulus = np.abs(np.linalg.eigvals(A))
        if np.min(np.abs(modulus - 1.0)) > 1e-3:
            clear += 1
            counts = (int(np.sum(modulus < 1)), 0, int(np.sum(modulus > 1)))
            assert locate([exact_oracle.fractions(row) for row in A]) == counts
    assert clear > 200


# --- fixed points and cycles ------------------------------------------------------------------------------------------


def test_tent_map():
    tent = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map
    assert [(p.bitcodes, p.orbit[0]) for p in exact(tent)[0]] == [(("0",), [F(-1)]), (("1",), [F(1, 3)])]
    # Moreau's count: 2^k words, of which those of a shorter period are taken off, and k rotations each.
    assert [len(exact(tent, k)[0]) for k in range(1, 7)] == [2, 1, 2, 3, 6, 9]


def test_half_open_cells_name_a_boundary_point_once():
    # z' = relu(z) - 1 + 1 at the corner: both sides have the fixed point 0.
    corner = PLRNN.al_rnn([0.5], [[0.25]], [0.0], pwl_units=1).map
    assert codes(exact(corner)[0]) == {("0",): 0}


def test_continua_and_what_they_swallow():
    # z' = z: both half-lines; neither lies in the closure of the other.
    line = PLRNN.al_rnn([1.0], [[0.0]], [0.0], pwl_units=1).map
    assert codes(exact(line)[1]) == {("0",): 1, ("1",): 1} and not exact(line)[0]
    # z' = relu(z): the negative half has the point 0 alone, which ends the other half.
    half = PLRNN.relu_rnn([[1.0]], [0.0]).map
    assert codes(exact(half)[1]) == {("1",): 1} and not exact(half)[0]
    # A plane cut down to a line: (x, y, z)' = (x, y, z/2), and a ReLU pushes wherever |x| > 0.
    pushed = CanonicalMap.build(
        np.diag([1.0, 1.0, 0.5]), [[1, -1], [0, 0], [0, 0]], [[1, 0, 0], [-1, 0, 0]], [0, 0], [0, 0, 0]
    )
    assert codes(exact(pushed)[1]) == {("00",): 1}


def test_families_of_cycles():
    # z' = -z: every point but 0 is on a 2-cycle.
    flip = CanonicalMap.build([[-1.0]], np.zeros((1, 0)), np.zeros((0, 1)), [], [0.0])
    assert codes(exact(flip, 1)[0]) == {("-",): 0}
    assert codes(exact(flip, 2)[1]) == {("-", "-"): 1} and not exact(flip, 2)[0]
    assert exact(flip, 4) == ([], [])
    turn = CanonicalMap.build([[0.0, -1.0], [1.0, 1.0]], np.zeros((2, 0)), np.zeros((0, 2)), [], [0.0, 0.0])
    assert [len(exact(turn, k)[1]) for k in range(1, 7)] == [0, 0, 0, 0, 0, 1]


def test_systems_side_by_side():
    """Combinations of fixed points against all patterns of the sum."""
    several = 0
    for seed in range(40):
        map, parts, T, inverse = drawing.draw_sum(np.random.default_rng(seed), 4)
        assert np.array_equal(T @ inverse, np.eye(map.n_units))
        turns = [exact_oracle.matrix(T), exact_oracle.matrix(inverse)]
        points, continua, _ = exact_oracle.fixed_points_of_sum([exact_oracle.read(part) for part in parts], *turns)
        expected = exact(map) if map.n_relu <= 7 else None
        if expected is not None:
            several += len(expected[0]) + len(expected[1]) > 1
            assert {p.word: p.orbit for p in points} == {p.word: p.orbit for p in expected[0]}
            assert codes(continua) == codes(expected[1])
            assert {p.word: p.jacobian for p in points} == {p.word: p.jacobian for p in expected[0]}
    assert several > 2


def test_box_and_periodic_input():
    tent = exact_oracle.read(PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map)
    inside = exact_oracle.cycles([tent], box=[(F(-1, 2), F(1, 2))])
    assert codes(inside[0]) == {("1",): 0}
    # z' = z/2 + s with s = 1, -2: z_0 = (2 s_0 + s_1) 2/3 where s_t leads into z_t.
    driven = exact_oracle.read(PLRNN.al_rnn([0.5], [[0.0]], [0.0], pwl_units=1, C=[[1.0]]).map)
    maps = [driven.with_input([F(s)]) for s in (1, -2)]
    (cycle,), families = exact_oracle.cycles(maps, shift=2)
    assert cycle.orbit == [[F(0)], [F(-2)]] and not families
    for t in range(2):
        assert maps[(t + 1) % 2].step(cycle.orbit[t]) == cycle.orbit[(t + 1) % 2]


def test_against_brute_force():
    rng = np.random.default_rng(1)
    clear = 0
    for _ in range(60):
        map = random_model(rng).map
        found, ambiguous = oracle.brute_force(map.A, map.W, map.V, map.c, map.h)
        if ambiguous:
            continue
        clear += 1
        points, continua = exact(map)
        assert not continua
        assert [p.word[0] for p in points] == [tuple(bits.astype(int)) for bits, _ in found]
        for point, (_, z) in zip(points, found):
            np.testing.assert_allclose([float(v) for v in point.orbit[0]], z, atol=1e-6 * (1.0 + np.abs(z).max()))
    assert clear > 40


def test_against_the_older_rational_search():
    rng = np.random.default_rng(2)
    continua = 0
    for _ in range(400):
        map = degenerate_map(rng)
        points, families = oracle.exact(map.A, map.W, map.V, map.c, map.h)
        found = exact(map)
        assert {p.word[0]: p.orbit[0] for p in found[0]} == dict(points)
        assert {p.word[0]: p.dimension for p in found[1]} == families
        continua += len(families)
    assert continua > 50


def test_cycles_against_brute_force():
    rng = np.random.default_rng(3)
    found_some = 0
    for _ in range(40):
        m = int(rng.integers(1, 4))
        model = PLRNN.al_rnn(rng.normal(size=m), 2 * rng.normal(size=(m, m)), rng.normal(size=m), pwl_units=min(m, 2))
        map = model.map
        for period in (2, 3, 4):
            expected, ambiguous = oracle.brute_force_cycles(map.A, map.W, map.V, map.c, map.h, period)
            if not ambiguous:
                assert {p.word for p in exact(map, period)[0]} == set(expected)
                found_some += len(expected)
    assert found_some > 20


# --- subregions, steps, inputs ----------------------------------------------------------------------------------------


def test_subregions():
    lines = PLRNN.shallow([0.5, 0.5], np.zeros((2, 3)), [[1, 0], [0, 1], [1, 1]], [0, 0], [0, 0, -1e-9]).map
    assert [exact_oracle.as_code(b) for b in exact_oracle.subregions(exact_oracle.read(lines))] == [
        "000", "010", "011", "100", "101", "110", "111",
    ]  # fmt: skip
    copies = PLRNN.shallow([0.5, 0.5], np.ones((2, 3)), [[1, 0], [1, 0], [0, 0]], [0, 0], [0.0, 0.0, 1.0]).map
    assert exact_oracle.subregions(exact_oracle.read(copies)) == [(0, 0, 1), (1, 1, 1)]


@pytest.mark.parametrize(
    ("box", "edges"),
    [((-1, 1), {0: {0, 1}, 1: {0, 1}}), ((F(-1, 2), F(1, 2)), {0: {1}, 1: {1}}), ((F(3, 5), 1), {1: {0}})],
)
def test_transitions_of_the_tent_map(box, edges):
    tent = exact_oracle.read(PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1).map)
    graph = exact_oracle.transitions(tent, [tuple(map(F, box))])
    assert graph == {(a,): {(b,) for b in targets} for a, targets in edges.items()}


def test_input_diagram_by_hand():
    # z' = z/2 + 3/2 relu(z) + s: two fixed points for s < 0.
    fold = exact_oracle.read(PLRNN.al_rnn([0.5], [[1.5]], [0.0], pwl_units=1, C=[[1.0]]).map)
    branches, continua, unclear = exact_oracle.input_diagram(fold, [0], [(F(-1), F(1))], [F(0)])
    assert [(b.bits, b.corners) for b in branches] == [((0,), [(-1,), (0,)]), ((1,), [(-1,), (0,)])]
    assert not continua and not unclear
    # z' = relu(z + 1 + s0 - s1): a half-line where s1 = 1 + s0.
    line = PLRNN.shallow([[0]], [[1]], [[1]], [0], [1], E=[[1, -1]]).map
    span = (F(-2), F(2))
    branches, continua, _ = exact_oracle.input_diagram(exact_oracle.read(line), [0, 1], [span, span], [F(0)] * 2)
    assert [b.bits for b in branches] == [(0,)]
    (continuum,) = continua
    assert continuum.bits == (1,) and continuum.dimension == 1
    assert set(continuum.corners) == {(-2, -1), (1, 2)}


def test_ranges_of_arguments():
    system = exact_oracle.read(PLRNN.shallow([0.5], [[1, 1]], [[2], [-1]], [0], [1, 0]).map)
    assert exact_oracle.argument_ranges(system, [(F(0), F(3))]) == [(1, 7), (-3, 0)]


# --- the drawn systems ------------------------------------------------------------------------------------------------


def test_other_units_have_the_same_answer_in_other_numbers():
    for seed in range(60):
        rng = np.random.default_rng([seed, 1])
        map, _ = drawing.draw(rng)
        t, r = (2.0 ** rng.integers(-30, 31, n) for n in (map.n_units, map.n_relu))
        for other, factor in ((drawing.in_other_units(map, t, r), t), (drawing.with_offsets(map, 2.0**-40), 2.0**-40)):
            before, after = exact(map), exact(other)
            assert codes(before[0]) == codes(after[0]) and codes(before[1]) == codes(after[1])
            scale = [F(float(f)) for f in np.broadcast_to(factor, map.n_units)]
            for a, b in zip(before[0], after[0]):
                assert [x * f for x, f in zip(a.orbit[0], scale)] == b.orbit[0]
            for a, b in zip([*before[0], *before[1]], [*after[0], *after[1]]):
                assert exact_oracle.count_multipliers(a) == exact_oracle.count_multipliers(b)


def test_drawn_systems_are_of_every_kind():
    dimensions, names, near = set(), set(), []
    for seed in range(150):
        rng = np.random.default_rng([seed, 2])
        map, name = drawing.draw(rng)
        names.add(name.split()[1])
        dimensions |= {piece.dimension for piece in exact(map)[1]}
        near += [d for d in drawing.variants(rng, map, name) if "singular" in d.name]
    assert names == set(drawing.ARCHITECTURES) and dimensions >= {1, 2} and max(dimensions) >= 3 and len(near) > 80
    conditions = [
        min(
            1.0 / np.linalg.cond(np.eye(d.map.n_units) - d.map.jacobian(bits))
            for bits in exact_oracle.read(d.map).patterns()
        )
        for d in near
    ]
    assert np.median(conditions) < 1e-6
