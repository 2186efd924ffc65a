"""Cells of hyperplanes against all sign patterns, each decided in fractions."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
from exact_polyhedra import cells as all_cells

from plrnn_analysis.maps import bits_to_string
from plrnn_analysis.polytopes import programs
from plrnn_analysis.polytopes.cells import Planes, enumerate_cells, inner_double
from plrnn_analysis.polytopes.rational import rationals


def arrangement(generator, within):
    """Hyperplanes with duplicates, parallels and common points, in any units."""
    k, n = generator.integers(1, 4), generator.integers(1, 6)
    rows, room = generator.integers(-1, 2, (n, k)).astype(float), generator.integers(-1, 2, n).astype(float)
    units, size = 2.0 ** generator.integers(-60, 60, k), 2.0 ** generator.integers(-60, 60)
    lines = 2.0 ** generator.integers(-60, 60, n)
    rows, room = rows * lines[:, None] / units, room * lines * size
    if not within:
        return rows, room, None
    unit = np.eye(k)
    return rows, room, (np.vstack([unit, -unit]) / units, np.ones(2 * k) * size * generator.integers(1, 3))


def check(rows, room, within):
    k = rows.shape[1]
    planes = Planes.of(rows, room, k)
    inside = None if within is None else Planes.of(*within, k)
    cells = enumerate_cells(planes, inside)
    assert cells.complete and not cells.undecided and not cells.more
    codes = [bits_to_string(cell.bits) for cell in cells.found]
    assert codes == all_cells(rows, room, [] if within is None else list(zip(*within)))
    for cell in cells.found:
        for i, bit in enumerate(cell.bits):
            value = planes.value(i, cell.point)
            assert planes.is_constant(i) or (value > 0 if bit else value < 0)
        assert inside is None or all(inside.value(i, cell.point) > 0 for i in range(inside.n))


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("small", [0, 10**6])
def test_random_arrangements(monkeypatch, small, within):
    monkeypatch.setattr(programs, "SMALL", small)
    generator = np.random.default_rng(small + within)
    for _ in range(20 if small == 0 else 60):
        check(*arrangement(generator, within))


def test_random_planes_in_general_position():
    generator = np.random.default_rng(3)
    planes = Planes.of(generator.normal(size=(8, 3)), generator.normal(size=8), 3)
    assert len(enumerate_cells(planes).found) == 1 + 8 + 28 + 56


def test_independent_normals_need_no_decision(monkeypatch):
    monkeypatch.setattr("plrnn_analysis.polytopes.cells._part", None)
    generator = np.random.default_rng(4)
    rows, room = generator.normal(size=(5, 7)) * 2.0 ** generator.integers(-60, 60, 7), generator.normal(size=5)
    cells = enumerate_cells(Planes.of(rows, room, 7))
    assert cells.complete and len(cells.found) == 32
    for cell in cells.found:
        values = [sum(map(np.prod, zip(row, cell.point))) + b for row, b in zip(rationals(rows), rationals(room))]
        assert [value > 0 for value in values] == cell.bits.tolist() and all(values)


def test_thin_cells():
    # Between two parallel lines with nothing but rationals in between, and between two with a float.
    near = np.nextafter(1.0, 2.0)
    planes = Planes.of(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([-1.0, -near]), 2)
    cells = enumerate_cells(planes)
    assert [bits_to_string(cell.bits) for cell in cells.found] == ["00", "10", "11"]
    assert [inner_double(planes, cell) is None for cell in cells.found] == [False, True, False]
    planes = Planes.of(np.array([[1.0], [1.0]]), np.array([-1.0, -np.nextafter(near, 2.0)]), 1)
    points = [inner_double(planes, cell) for cell in enumerate_cells(planes).found]
    assert points[1] == [near]


def test_limits():
    planes = Planes.of(np.ones((4, 1)), np.arange(4.0), 1)
    some = enumerate_cells(planes, most=2)
    assert len(some.found) == 2 and some.more and not some.complete
    assert enumerate_cells(planes, most=5).complete and enumerate_cells(planes, most=5).found
    assert not enumerate_cells(planes, go_on=lambda: False).complete
    late = enumerate_cells(Planes.of(np.ones((4, 2)), np.arange(4.0), 2), deadline=0.0)
    assert not late.complete and late.undecided
    nowhere = Planes.of(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.zeros(2), 2)
    assert enumerate_cells(Planes.of(np.ones((1, 2)), np.ones(1), 2), nowhere).complete
    assert not enumerate_cells(Planes.of(np.ones((1, 2)), np.ones(1), 2), nowhere).found


def test_a_solver_that_fails_leaves_cells_undecided(monkeypatch):
    monkeypatch.setattr(programs, "SMALL", 0)
    monkeypatch.setattr(scipy.optimize, "linprog", lambda *a, **k: SimpleNamespace(status=4, x=None))
    cells = enumerate_cells(Planes.of(np.ones((3, 2)), np.arange(3.0), 2))
    assert not cells.complete and cells.undecided


def test_rationals_that_are_no_floats():
    third = rationals([1.0])[0] / 3
    planes = Planes.of([[third, -third], [third, -third]], [third, third + third**2000], 2)
    assert [bits_to_string(cell.bits) for cell in enumerate_cells(planes).found] == ["00", "01", "11"]
    assert Fraction(1, 3) == Fraction(int(third.p), int(third.q))
