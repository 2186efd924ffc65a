"""Units and order change no verdict, and hide no difference: exact changes of units over 2**60, one weight changed."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.comparison import compare


def draw(rng, shallow, wide):
    """A, W, V, h, c of a network; `wide` orders of magnitude between its weights in each direction."""
    m, p = int(rng.integers(2, 7)), 0
    p = int(rng.integers(2, m + 1))
    spread = lambda *shape: 10.0 ** rng.uniform(-wide, wide, size=shape)  # noqa: E731
    if shallow:
        A = np.diag(rng.uniform(0.3, 0.9, m)) + 0.2 * rng.normal(size=(m, m))
        W, V = rng.normal(size=(m, p)) * spread(m, p), rng.normal(size=(p, m)) * spread(p, m)
        return [A, W, V, rng.normal(size=m) * spread(m), rng.normal(size=p) * spread(p)]
    weights = rng.normal(size=(m, m)) * 0.6 / np.sqrt(m) * spread(m, m)
    A = np.diag(rng.uniform(0.3, 0.9, m))
    A[:, : m - p] += weights[:, : m - p]
    return [A, weights[:, m - p :], np.eye(m)[m - p :], rng.normal(size=m) * spread(m), np.zeros(p)]


def in_units(rng, parts, orders):
    """The same network in other units, powers of two, with signs for states, and in another order: all exact."""
    A, W, V, h, c = parts
    m, p = W.shape
    s = np.ldexp(rng.choice([-1.0, 1.0], size=m), rng.integers(-orders, orders + 1, size=m))
    d = np.ldexp(1.0, rng.integers(-orders, orders + 1, size=p))
    q, o = rng.permutation(m), rng.permutation(p)
    A, W, V, h, c = s[:, None] * A / s, s[:, None] * W / d, d[:, None] * V / s, s * h, d * c
    return [A[np.ix_(q, q)], W[q][:, o], V[o][:, q], h[q], c[o]], o, d


def network(parts):
    A, W, V, h, c = parts
    return PLRNN.shallow(A, W, V, h, c)


def both_ways(a, b):
    """Comparison of a with b, after a look at that of b with a."""
    one, other = compare(a, b, max_subregions=0), compare(b, a, max_subregions=0)
    assert one.relation == other.relation and one.mismatch == other.mismatch
    for part in ("driven", "free", "constant"):
        assert getattr(one.details, part) == getattr(other.details, part)
    assert [other.permutation[k] for k in one.permutation] == list(range(len(one.permutation)))
    np.testing.assert_allclose(one.scales * other.scales[list(one.permutation)], 1.0)
    assert one.T is None or other.T.shape == one.T.shape[::-1]
    assert (len(one.unmatched_a), len(one.unmatched_b)) == (len(other.unmatched_b), len(other.unmatched_a))
    return one


@pytest.mark.parametrize("orders", [0, 10, 30])
@pytest.mark.parametrize("shallow", [False, True])
def test_units_and_order_change_nothing(orders, shallow):
    rng = np.random.default_rng([orders, shallow])
    for trial in range(12):
        parts = draw(rng, shallow, trial % 2)
        same, order, d = in_units(rng, parts, orders)
        found = both_ways(network(parts), network(same))
        assert found.relation in ("conjugate", "same observable part") and found.mismatch < 1e-10
        assert [order[k] for k in found.permutation] == list(range(len(order)))
        # Ratios of scales are determined, the common one only as far as offsets are.
        ratio = found.scales / d
        np.testing.assert_allclose(ratio / ratio[0], 1.0, rtol=1e-6)
        if found.relation == "conjugate":
            z = rng.normal(size=(5, len(parts[0])))
            a, b = network(parts).map, network(same).map
            there = z @ found.T.T + found.t
            np.testing.assert_allclose(
                b.step(there), a.step(z) @ found.T.T + found.t, rtol=1e-6, atol=1e-6 * np.abs(there).max(axis=0).min()
            )


@pytest.mark.parametrize("share", [1e-4, 1e-2, 0.5])
@pytest.mark.parametrize("shallow", [False, True])
def test_a_changed_weight_is_found_in_any_units(share, shallow):
    rng = np.random.default_rng([int(1e6 * share), shallow])
    for trial in range(12):
        parts = draw(rng, shallow, trial % 2)
        changed = [part.copy() for part in parts]
        kind = int(rng.choice([0, 1, 2, 3, 4] if shallow else [0, 1, 3]))
        changed[kind].flat[rng.choice(np.flatnonzero(changed[kind]))] *= 1.0 + share
        found = both_ways(network(parts), network(in_units(rng, changed, 30)[0]))
        assert found.relation == "different" and found.mismatch < 50.0 * share


def test_a_weight_behind_large_scales():
    """One weight half as large again, under ReLU scales 100, 1 and 0.01: the other weights are up to 1e8 larger."""
    A, W = [0.5, 0.4, 0.3], np.array([[0.0, -1.0, 0.5], [-1.5, 0.0, 0.7], [0.3, -0.8, 0.0]])
    h, d = np.array([1.0, 2.0, 0.5]), np.array([100.0, 1.0, 0.01])
    a = PLRNN.al_rnn(A, W, h, pwl_units=3)
    scaled = d[:, None] * W / d
    assert both_ways(a, PLRNN.al_rnn(A, scaled, d * h, pwl_units=3)).relation == "conjugate"
    scaled[2, 0] *= 1.5
    found = both_ways(a, PLRNN.al_rnn(A, scaled, d * h, pwl_units=3))
    assert found.relation == "different" and found.mismatch > 0.1


def test_a_copy_in_single_precision_is_the_same():
    rng = np.random.default_rng(3)
    for trial in range(12):
        parts = draw(rng, trial % 2 == 0, 0)
        rounded = [part.astype(np.float32).astype(float) for part in parts]
        assert both_ways(network(parts), network(in_units(rng, rounded, 20)[0])).equivalent
        # Numbers of seven digits in double precision are nothing but these numbers.
        digits = [np.array([float(f"{x:.6e}") for x in part.flat]).reshape(part.shape) for part in parts]
        found = both_ways(network(parts), network(digits))
        assert found.relation == "different" and found.mismatch < 1e-6
        assert compare(network(parts), network(digits), tolerance=1e-6, max_subregions=0).equivalent


def test_one_relu_has_no_unit_of_its_own():
    """What it is at rest can be any positive number: only the sign of it is a fact."""
    a = PLRNN.shallow([[0.5]], [[0.3]], [[1.0]], [1.0], [0.5])
    other = PLRNN.shallow([[0.5]], [[0.3]], [[1.0]], [3.0], [0.5])
    opposite = PLRNN.shallow([[0.5]], [[0.3]], [[1.0]], [-1.0], [0.5])
    assert both_ways(a, other).relation == "conjugate"
    assert both_ways(a, opposite).relation == "different"
