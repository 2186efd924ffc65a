"""The canonical map: offsets under an input are rounded once, whatever machine adds them up."""

from fractions import Fraction

import numpy as np
import pytest

from plrnn_analysis import CanonicalMap
from plrnn_analysis.maps import distinct_patterns


def exact_offset(offset, row, s):
    return float(sum((Fraction(a) * Fraction(b) for a, b in zip(row, s)), Fraction(offset)))


def test_offsets_under_an_input_are_the_nearest_doubles():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        m, n, k = (int(v) for v in rng.integers(1, 5, 3))
        C, E = (rng.normal(size=(rows, k)) * 2.0 ** rng.integers(-30, 30, (rows, k)) for rows in (m, n))
        s = rng.normal(size=k) * 2.0 ** float(rng.integers(-200, 200))
        if seed % 7 == 0:
            # Products that underflow, or whose parts would overflow.
            C, E, s = C * 2.0**-900, E * 2.0**900, s * 2.0 ** float(rng.choice([-150, 50]))
        with np.errstate(over="ignore"):
            usable = np.all(np.isfinite(np.abs(C) @ np.abs(s))) and np.all(np.isfinite(np.abs(E) @ np.abs(s)))
        if not usable:
            continue
        # Sums that nearly cancel show the last bit.
        c, h = -(E @ s), -(C @ s)
        held = CanonicalMap.build(np.eye(m), np.ones((m, n)), np.ones((n, m)), c, h, C, E).with_input(s)
        assert held.c.tolist() == [exact_offset(a, row, s) for a, row in zip(c, E)]
        assert held.h.tolist() == [exact_offset(a, row, s) for a, row in zip(h, C)]


@pytest.mark.parametrize("n_relu", [0, 1, 7, 64, 65, 130])
def test_distinct_patterns_are_those_of_numpy(n_relu: int) -> None:
    rng = np.random.default_rng(n_relu)
    bits = (rng.random((20, n_relu)) < 0.5)[rng.integers(20, size=300)]
    first, places = distinct_patterns(bits)
    expected, at = np.unique(bits, axis=0, return_index=True) if n_relu else (bits[:1], [0])
    assert np.array_equal(bits[first], expected) and np.array_equal(bits[first][places], bits)
    assert np.array_equal(first, at)
    assert [len(part) for part in distinct_patterns(bits[:0])] == [0, 0]
