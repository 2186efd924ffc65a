"""Exact polyhedra against elimination in plain fractions."""

import time
from fractions import Fraction

import numpy as np
import pytest
from exact_polyhedra import has_point
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from plrnn_analysis.polytopes.rational import (
    Undecided,
    flat_of,
    furthest,
    nearest_double,
    rational,
    rationals,
    relative_interior,
    some_point,
)


def value(row, room, point):
    return sum((Fraction(int(t.p), int(t.q)) * a for t, a in zip(point, row)), start=Fraction(room))


def agrees(rows, room, strict, **options):
    exact_rows = [[fmpq(a.numerator, a.denominator) for a in map(Fraction, row)] for row in rows]
    exact_room = [fmpq(a.numerator, a.denominator) for a in map(Fraction, room)]
    found = relative_interior(exact_rows, exact_room, strict, **options)
    conditions = [(tuple(map(Fraction, row)), Fraction(b), s) for row, b, s in zip(rows, room, strict)]
    if not has_point(conditions):
        assert found is None
        return
    assert found is not None
    point, vanishing = found
    for i, (row, b, s) in enumerate(conditions):
        can_be_positive = has_point([*conditions, (row, b, True)])
        assert vanishing[i] == (not can_be_positive)
        assert (value(row, b, point) > 0) == can_be_positive
        assert can_be_positive or (value(row, b, point) == 0 and not s)


@st.composite
def systems(draw):
    k, n = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    small = st.integers(-2, 2)
    rows = draw(st.lists(st.lists(small, min_size=k, max_size=k), min_size=n, max_size=n))
    room = draw(st.lists(small, min_size=n, max_size=n))
    strict = draw(st.lists(st.sampled_from([False, False, True]), min_size=n, max_size=n))
    for i in draw(st.lists(st.integers(0, n - 1), max_size=2)):
        # Equations, as pairs of opposite rows, make the polyhedron flat.
        rows.append([-x for x in rows[i]])
        room.append(-room[i])
        strict.append(False)
    return rows, room, strict


@given(systems())
@settings(max_examples=500, deadline=None, derandomize=True)
def test_small_systems(system):
    agrees(*system)


@given(systems(), st.integers(-60, 60), st.lists(st.floats(-3, 3), min_size=3, max_size=3))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_neither_units_nor_a_proposal_change_the_answer(system, power, proposal):
    rows, room, strict = system
    scale = Fraction(2) ** power
    rows = [[x * scale if j == 0 else x / scale for j, x in enumerate(row)] for row in rows]
    agrees(rows, room, strict, proposal=proposal[: len(rows[0])])


def test_the_rule_that_cannot_cycle_gives_the_same_answers(monkeypatch):
    monkeypatch.setattr("plrnn_analysis.polytopes.walks.EAGER_PIVOTS", 0)
    generator = np.random.default_rng(0)
    for _ in range(200):
        k, n = generator.integers(1, 4), generator.integers(1, 8)
        rows, room = generator.integers(-2, 3, (n, k)).tolist(), generator.integers(-2, 3, n).tolist()
        agrees(rows, room, [False] * n)


def test_without_unknowns_or_rows():
    assert relative_interior([], []) == ([], ())
    assert relative_interior([], [], proposal=[1.0, 2.0]) == ([0, 0], ())
    assert relative_interior([[], []], rationals([1.0, 0.0])) == ([], (False, True))
    assert relative_interior([[]], rationals([0.0]), [True]) is None
    assert relative_interior([[]], rationals([-5e-324])) is None


def test_a_point_one_bit_inside_is_told_from_one_outside():
    # Between two parallel lines whose distance is the smallest number there is.
    tiny = 5e-324
    rows = rationals([[1.0, 1.0], [-1.0, -1.0]])
    point, vanishing = relative_interior(rows, rationals([1e300, tiny - 1e300]))
    assert vanishing == (True, True)  # tiny is lost in the difference, so that the lines are one
    point, vanishing = relative_interior(rows, [rational(1e300), rational(tiny) - rational(1e300)])
    assert vanishing == (False, False) and point[0] + point[1] > -rational(1e300)
    assert relative_interior(rows, [rational(1e300), -rational(tiny) - rational(1e300)]) is None


def test_large_systems():
    generator = np.random.default_rng(1)
    rows, inside = generator.normal(size=(60, 30)), generator.normal(size=30)
    room = [-sum((a * t for a, t in zip(row, rationals(inside))), start=fmpq(0)) for row in rationals(rows)]
    point, _ = relative_interior(rationals(rows), room)
    assert len(point) == 30
    # A positive combination of all rows that is negative leaves nothing.
    extra = [-sum(column) for column in zip(*rationals(rows))]
    assert relative_interior([*rationals(rows), extra], [*room, -sum(room) - 1]) is None


def test_the_deadline():
    rows = rationals(np.random.default_rng(2).normal(size=(8, 3)))
    with pytest.raises(Undecided):
        relative_interior(rows, rationals(-np.ones(8)), deadline=time.perf_counter() - 1.0)


def test_floats_are_taken_at_their_word():
    assert rational(0.1) == fmpq(3602879701896397, 2**55)
    assert rationals([[0.5], [0.25]]) == [[fmpq(1, 2)], [fmpq(1, 4)]]
    assert nearest_double(fmpq(1, 3)) == 1 / 3
    assert nearest_double(rational(1e308) * -100) == -np.inf
    assert nearest_double(rational(5e-324)) == 5e-324


def test_furthest_points():
    square = rationals([[1, 0], [0, 1], [-1, 0], [0, -1]])
    room = rationals([0, 0, 1, 1])
    assert furthest(square, room, rationals([1, 2])) == [1, 1]
    assert furthest(square, room, rationals([-1, 0]))[0] == 0
    assert furthest(square, rationals([0, 0, -1, 1]), rationals([1, 1])) is None
    strip, bound = rationals([[1, 1], [-1, -1]]), rationals([0, 1])
    assert sum(furthest(strip, bound, rationals([2, 2]))) == 1
    for unbounded in ([1, 0], [1, -1]):
        assert furthest(strip, bound, rationals(unbounded)) is None
    assert furthest(square[:2], room[:2], rationals([1, 0])) is None
    assert furthest(square[:2], room[:2], rationals([-1, -1])) == [0, 0]
    assert furthest([], [], rationals([0, 0])) == [0, 0] and furthest([], [], rationals([0, 1])) is None


@given(systems(), st.lists(st.integers(-2, 2), min_size=3, max_size=3))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_nothing_lies_further(system, direction):
    rows, room, _ = system
    direction = direction[: len(rows[0])]
    found = furthest(rationals(rows), rationals(room), rationals(direction))
    conditions = [(tuple(map(Fraction, row)), Fraction(b), False) for row, b in zip(rows, room)]
    if found is None:
        for far in (10**6, 10**9) if has_point(conditions) else ():
            assert has_point([*conditions, (tuple(map(Fraction, direction)), Fraction(-far), False)])
        return
    assert all(value(row, b, found) >= 0 for row, b, _ in conditions)
    best = value(tuple(map(Fraction, direction)), 0, found)
    assert not has_point([*conditions, (tuple(map(Fraction, direction)), -best, True)])


def test_solutions_of_equations():
    flat = flat_of(rationals([[1, 1, 0]]), rationals([-1]), 3)
    assert flat.free == (1, 2) and flat.point(rationals([3, 5])) == [-2, 3, 5]
    assert flat.restrict(rationals([[1, 0, 1]]), rationals([0])) == ([[-1, 1]], [1])
    assert flat_of(rationals([[0, 0]]), rationals([1]), 2) is None
    assert flat_of([], [], 2).point(rationals([1, 2])) == [1, 2]
    assert flat_of(rationals([[2]]), rationals([-1]), 1).point([]) == [fmpq(1, 2)]


@given(systems())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_some_point_is_enough_where_no_more_is_asked(system):
    rows, room, strict = system
    point = some_point(rationals(rows), rationals(room), strict)
    conditions = [(tuple(map(Fraction, row)), Fraction(b), s) for row, b, s in zip(rows, room, strict)]
    assert (point is not None) == has_point(conditions)
    if point is not None:
        values = [(value(row, b, point), s) for row, b, s in conditions]
        assert all(v > 0 if s else v >= 0 for v, s in values)
