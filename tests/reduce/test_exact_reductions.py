"""Reductions on polytopes against elimination in fractions: small whole numbers, in any units."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from exact_polyhedra import has_point

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.reduce import Polytope


def drawn(rng, scaled):
    """A shallow network and a bounded polytope, both with whole numbers but for powers of two."""
    m, n = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    size = 2.0 ** rng.integers(-40, 41) if scaled else 1.0
    u = 2.0 ** rng.integers(-20, 21, m) if scaled else np.ones(m)
    model = PLRNN.shallow(
        rng.integers(-1, 2, (m, m)) * u[:, None] / u / 2.0,
        rng.integers(-1, 2, (m, n)) * u[:, None] / 2.0,
        rng.integers(-1, 2, (n, m)) / u,
        rng.integers(-1, 2, m) * u * size,
        rng.integers(-2, 3, n) * size,
    )
    some = int(rng.integers(1, 3))
    L = np.vstack([np.eye(m), -np.eye(m), rng.integers(-1, 2, (some, m))]) / u
    return model, Polytope(L, np.append(np.full(2 * m, 2.0), rng.integers(-1, 3, some)) * size)


def exactly(array):
    return [tuple(map(Fraction, row)) for row in np.asarray(array, dtype=float).tolist()]


def leaves(map, conditions):
    """Whether some state of the domain is mapped out of it, by all sign patterns."""
    A, W, V = exactly(map.A), exactly(map.W), exactly(map.V)
    c, h = [Fraction(x) for x in map.c], [Fraction(x) for x in map.h]
    m, n = len(A), len(V)
    for bits in product((0, 1), repeat=n):
        on = [i for i in range(n) if bits[i]]
        cell = [(tuple((2 * b - 1) * x for x in V[i]), (2 * b - 1) * c[i], False) for i, b in enumerate(bits)]
        J = [[A[p][q] + sum(W[p][i] * V[i][q] for i in on) for q in range(m)] for p in range(m)]
        offset = [h[p] + sum(W[p][i] * c[i] for i in on) for p in range(m)]
        for row, b, _ in conditions:
            image = tuple(-sum(row[p] * J[p][q] for p in range(m)) for q in range(m))
            outside = (image, -sum(r * o for r, o in zip(row, offset)) - b, True)
            if has_point([*conditions, *cell, outside]):
                return True
    return False


@pytest.mark.parametrize("scaled", [False, True])
def test_statuses_and_invariance(scaled):
    invariant = touching = 0
    for seed in range(60):
        model, domain = drawn(np.random.default_rng([seed, scaled]), scaled)
        conditions = [(row, Fraction(b), False) for row, b in zip(exactly(domain.L), domain.offset)]
        if not has_point(conditions):
            with pytest.raises(ModelError, match="is empty"):
                model.reduce(domain)
            continue
        small = model.reduce(domain, samples=2)
        assert small.complete
        for row, v, c in zip(small, exactly(model.map.V), model.map.c):
            up = has_point([*conditions, (v, Fraction(c), True)])
            down = has_point([*conditions, (tuple(-x for x in v), -Fraction(c), True)])
            if row.status not in ("merged", "no effect"):
                assert row.status == ("always off" if not up else "always on" if not down else "switches")
                touching += not (up and down)
        assert small.invariant is not leaves(model.map, conditions)
        invariant += bool(small.invariant)
    assert invariant > 5 and touching > 5
