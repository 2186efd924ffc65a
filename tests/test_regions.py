"""Enumeration of non-empty subregions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from exact_polyhedra import cells
from systems import CASES, known, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.maps import bits_from_string, bits_to_string


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "regions_nonempty_in_plane" in case])
def test_known_count_in_the_plane(name):
    regions = known(CASES[name]).regions()
    assert regions.complete
    assert len(regions) == CASES[name]["regions_nonempty_in_plane"]


def test_al_rnn_has_all_of_them():
    rng = np.random.default_rng(0)
    model = PLRNN.al_rnn(rng.normal(size=6), rng.normal(size=(6, 6)), rng.normal(size=6), pwl_units=4)
    regions = model.regions()
    assert regions.complete
    assert [r.bitcode for r in regions] == ["".join(code) for code in product("01", repeat=4)]
    assert PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0).regions()[0].bitcode == "-"


def test_points_matrices_and_fixed_points_are_right():
    rng = np.random.default_rng(1)
    for _ in range(40):
        model = random_model(rng)
        regions = model.regions()
        assert regions.complete
        codes = [r.bitcode for r in regions]
        assert codes == sorted(set(codes))
        # Random states never fall outside the regions listed.
        z = 10.0 * rng.normal(size=(200, model.n_units))
        assert {bits_to_string(b) for b in model.map.bits(z)} <= set(codes)
        inside = []
        for region in regions:
            bits = bits_from_string(region.bitcode, model.pwl_units)
            assert np.array_equal(model.map.bits(region.interior_point), bits)
            np.testing.assert_allclose(region.jacobian, model.map.jacobian(bits))
            if region.fixed_point is not None:
                scale = 1.0 + np.abs(region.fixed_point).max()
                affine = region.jacobian @ region.fixed_point + model.map.offset(bits)
                np.testing.assert_allclose(affine, region.fixed_point, atol=1e-7 * scale)
            if region.contains_fixed_point:
                inside.append(region.bitcode)
        assert inside == [p.bitcode for p in model.fixed_points() if not p.on_boundary]


def test_limits():
    rng = np.random.default_rng(2)
    model = PLRNN.al_rnn(rng.normal(size=20), rng.normal(size=(20, 20)), rng.normal(size=20), pwl_units=20)
    regions = model.regions(max_regions=10)
    assert len(regions) == 10 and not regions.complete
    assert not model.regions(time_limit=0.0).complete
    with pytest.raises(ModelError, match="max_regions"):
        model.regions(max_regions=0)


def test_parallel_and_constant_relus():
    # Two copies of one hyperplane, and a ReLU that reads nothing.
    model = PLRNN.shallow([0.5, 0.5], np.ones((2, 3)), [[1, 0], [1, 0], [0, 0]], [0, 0], [0.0, 0.0, 1.0])
    assert [r.bitcode for r in model.regions()] == ["001", "111"]


def test_small_offsets_invent_no_subregions():
    """Three lines in general position, whatever the units of their offsets: at 1e-9 an eighth one was listed."""
    for scale in (1.0, 1e-9, 2.0**-60, 2.0**60):
        model = PLRNN.shallow([0.5, 0.5], np.zeros((2, 3)), [[1, 0], [0, 1], [1, 1]], [0, 0], [0, 0, -scale])
        regions = model.regions()
        assert regions.complete
        assert [r.bitcode for r in regions] == ["000", "010", "011", "100", "101", "110", "111"]


def test_against_all_patterns_in_fractions():
    """Integer arrangements, most of them degenerate, in units of states and of ReLU arguments that are far apart."""
    rng = np.random.default_rng(7)
    for _ in range(60):
        m, n = rng.integers(1, 4), rng.integers(1, 6)
        units, relus = 2.0 ** rng.integers(-60, 61, m), 2.0 ** rng.integers(-60, 61, n)
        V = rng.integers(-1, 2, (n, m)) * relus[:, None] / units
        c = rng.integers(-1, 2, n) * relus * 2.0 ** rng.integers(-60, 61)
        regions = PLRNN.shallow(np.full(m, 0.5), np.zeros((m, n)), V, np.zeros(m), c).regions()
        assert regions.complete
        assert [r.bitcode for r in regions] == cells(V, c)
        for region in regions:
            for row, b, bit in zip(V, c, region.bitcode):
                value = sum(Fraction(a) * Fraction(z) for a, z in zip(row, region.interior_point)) + Fraction(b)
                assert (value > 0) == (bit == "1") and (value != 0 or not row.any())


def test_a_subregion_without_floats_is_not_passed_over():
    near = np.nextafter(1.0, 2.0)
    regions = PLRNN.shallow([0.5, 0.5], np.zeros((2, 2)), [[1, 0], [1, 0]], [0, 0], [-1.0, -near]).regions()
    assert [r.bitcode for r in regions] == ["00", "11"] and not regions.complete


def test_a_solver_that_fails_makes_the_list_incomplete(monkeypatch):
    monkeypatch.setattr("scipy.optimize.linprog", lambda *a, **k: SimpleNamespace(status=4, x=None))
    rng = np.random.default_rng(3)
    model = PLRNN.shallow(np.zeros(8), np.zeros((8, 10)), rng.normal(size=(10, 8)), np.zeros(8), rng.normal(size=10))
    assert not model.regions().complete
