"""Stability classes against roots known by construction, and against the Schur-Cohn test in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.engines import exact_jacobians
from plrnn_analysis.engines.spectral_bounds import eigenvalue_discs, products_with_error
from plrnn_analysis.engines.stability import jacobian_stabilities, jacobian_stability, matrix_stability


def times(*factors):
    """Product of polynomials given by their coefficients, highest power first."""
    total = [Fraction(1)]
    for factor in factors:
        longer = [Fraction(0)] * (len(total) + len(factor) - 1)
        for i, a in enumerate(total):
            for j, b in enumerate(factor):
                longer[i + j] += a * Fraction(b)
        total = longer
    return total


def companion(polynomial):
    """Companion matrix of a monic polynomial whose coefficients are doubles."""
    n = len(polynomial) - 1
    matrix = np.diag(np.ones(n - 1), -1) if n > 1 else np.zeros((1, 1))
    matrix[0] = [-float(c) for c in polynomial[1:]]
    assert all(Fraction(float(c)) == c for c in polynomial)
    return matrix


def characteristic(matrix):
    """Faddeev and LeVerrier's algorithm, in fractions."""
    n = len(matrix)
    A = [[Fraction(float(x)) for x in row] for row in matrix]
    coefficients, B = [Fraction(1)], [[Fraction(i == j) for j in range(n)] for i in range(n)]
    for k in range(1, n + 1):
        AB = [[sum(A[i][p] * B[p][j] for p in range(n)) for j in range(n)] for i in range(n)]
        coefficients.append(-sum(AB[i][i] for i in range(n)) / k)
        B = [[AB[i][j] + (coefficients[-1] if i == j else 0) for j in range(n)] for i in range(n)]
    return coefficients


def all_inside(polynomial):
    """Schur and Cohn: whether all roots have modulus below one. Coefficients highest power first."""
    p = list(polynomial)
    while len(p) > 1:
        if not abs(p[-1]) < abs(p[0]):
            return False
        p = [p[0] * a - p[-1] * b for a, b in zip(p[:-1], p[:0:-1])]
    return True


def schur_cohn(matrix):
    p = characteristic(matrix)
    if all_inside(p):
        return "stable"
    return "unstable" if p[-1] != 0 and all_inside(p[::-1]) else "neither"


CYCLOTOMIC = {
    1: [1, -1], 2: [1, 1], 3: [1, 1, 1], 4: [1, 0, 1], 5: [1, 1, 1, 1, 1], 6: [1, -1, 1], 8: [1, 0, 0, 0, 1],
    12: [1, 0, -1, 0, 1], 15: [1, -1, 0, 1, -1, 1, 0, -1, 1],
}  # fmt: skip
HALF = Fraction(1, 2)
# (x - 3/4) eightfold and others: roots inside or outside only, whose class is known.
KNOWN = [
    ([[1, -HALF]], "stable node"),
    ([[1, Fraction(63, 64)]] * 8, "stable node"),
    ([[1, Fraction(-1023, 1024)]] * 4, "stable node"),
    ([[1, -Fraction(1025, 1024)]] * 4, "unstable node"),
    ([[1, -2], [1, HALF]], "saddle"),
    ([[1, 0, Fraction(1, 4)]] * 3, "stable spiral"),
    ([[1, 0, 4]] * 3, "unstable spiral"),
    ([[1, 0, Fraction(255, 256)]] * 2, "stable spiral"),
    # A double real root and a complex pair of smaller modulus.
    ([[1, -HALF], [1, -HALF], [1, 0, Fraction(1, 8)]], "stable node"),
    # Of equal moduli the largest real part counts.
    ([[1, -HALF], [1, 0, Fraction(1, 4)]], "stable node"),
    ([[1, HALF], [1, 0, Fraction(1, 4)]], "stable spiral"),
    ([[1, 0, 0, 0, -Fraction(1, 16)]], "stable node"),
    ([[1, 0, 0, 0, Fraction(1, 16)]], "stable spiral"),
    # A root and its reciprocal: self-reciprocal without a root on the circle.
    ([[1, Fraction(-5, 2), 1]], "saddle"),
    ([[1, 0], [1, 0], [1, 0]], "stable node"),
]


@pytest.mark.parametrize(("factors", "name"), KNOWN)
def test_known_roots(factors, name):
    assert matrix_stability(companion(times(*factors)))[1] == name


@pytest.mark.parametrize("order", CYCLOTOMIC)
@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("rest", [[], [[1, -HALF]], [[1, -2], [1, 0, Fraction(1, 4)]], [[1, -3, 1]]])
def test_roots_of_unity(order, power, rest):
    matrix = companion(times(*[CYCLOTOMIC[order]] * power, *rest))
    values, name = matrix_stability(matrix)
    assert name == "marginal"
    degree = power * (len(CYCLOTOMIC[order]) - 1)
    assert np.sum(np.abs(np.abs(values) - 1.0) < 1e-14) == degree


def test_unit_roots_that_are_no_roots_of_unity():
    """cos = 3/5, and Lehmer's polynomial: eight roots on the circle, one inside, one outside."""
    assert matrix_stability(np.array([[0.75, -1.0], [1.0, 0.0]]))[1] == "marginal"
    lehmer = [1, 1, 0, -1, -1, -1, -1, -1, 0, 1, 1]
    values, name = matrix_stability(companion([Fraction(c) for c in lehmer]))
    assert name == "marginal"
    assert values[0] == pytest.approx(1.1762808182599175, rel=1e-15) or values[0].real < 0


def test_rounded_rotation_is_not_marginal_unless_it_is():
    for angle in np.linspace(0.1, 3.0, 40):
        c, s = np.cos(angle), np.sin(angle)
        size = Fraction(c) ** 2 + Fraction(s) ** 2
        expected = "marginal" if size == 1 else "stable spiral" if size < 1 else "unstable spiral"
        assert matrix_stability(np.array([[c, -s], [s, c]]))[1] == expected


@pytest.mark.parametrize("k", [1, 4, 10, 20, 30, 40, 50])
@pytest.mark.parametrize("size", [2, 4, 7])
def test_jordan_blocks_beside_the_circle(k, size):
    """A chain of coupled units of rate 1 - 2^-k, in coordinates that hide it."""
    for sign, name in ((-1, "stable node"), (1, "unstable node")):
        rate = 1.0 + sign * 2.0**-k
        block = rate * np.eye(size) + np.diag(np.ones(size - 1), 1)
        values, found = matrix_stability(block)
        assert found == name
        assert np.all(values == rate)
        if k <= 40:
            # An integer shear keeps the eigenvalues and leaves no zeros.
            shear = np.tril(np.ones((size, size)))
            mixed = shear @ block @ np.round(np.linalg.inv(shear))
            assert all(Fraction(r) == Fraction(float(r)) for r in mixed.ravel())
            values, found = matrix_stability(mixed)
            assert found == name
            assert np.all(values == rate)


def test_units_change_nothing():
    rng = np.random.default_rng(1)
    for _ in range(60):
        m = int(rng.integers(2, 7))
        matrix = rng.normal(size=(m, m)) / np.sqrt(m) * rng.choice([0.7, 1.0, 1.5])
        orders = rng.integers(-30, 31, size=m)
        scaled = np.ldexp(matrix, orders[:, None] - orders[None, :])
        one, other = matrix_stability(matrix), matrix_stability(scaled)
        assert one[1] == other[1]
        np.testing.assert_allclose(one[0], other[0], rtol=0, atol=1e-9)


def near_one(rng, m):
    """Spectral radius one to rounding: neither side is certain in floats."""
    matrix = rng.normal(size=(m, m))
    return matrix / np.max(np.abs(np.linalg.eigvals(matrix)))


RANDOM = {
    "doubles": lambda rng, m: rng.normal(size=(m, m)) * rng.choice([0.3, 0.6, 1.0, 3.0]),
    "integers": lambda rng, m: rng.integers(-2, 3, size=(m, m)).astype(float),
    "dyadic": lambda rng, m: rng.integers(-4, 5, size=(m, m)) / 4.0,
    "near": near_one,
}


@pytest.mark.parametrize("kind", RANDOM)
def test_random_matrices_against_schur_and_cohn(kind):
    rng = np.random.default_rng(sum(map(ord, kind)))
    seen = set()
    for _ in range(250):
        matrix = RANDOM[kind](rng, int(rng.integers(1, 6)))
        _, name = matrix_stability(matrix)
        expected = schur_cohn(matrix)
        assert name.split()[0] == expected if expected != "neither" else name in ("saddle", "marginal")
        seen.add(name)
    assert len(seen) > 3


def test_products_along_words():
    """The word's product is taken exactly: a cycle whose Jacobians cancel, one step expanding, one contracting."""
    model = PLRNN.shallow(A=[2.0], W1=[[-1.5]], W2=[[1.0]], h1=[0.0], h2=[0.0])
    maps = [model.map] * 2
    values, name = jacobian_stability(maps, [[False], [True]])
    assert name == "marginal" and values[0] == 1.0
    assert jacobian_stability(maps, [[True], [True]])[1] == "stable node"
    rng = np.random.default_rng(2)
    for k in (1, 2, 3, 5):
        model = PLRNN.shallow(
            rng.normal(size=4) * 0.6, rng.normal(size=(4, 3)), rng.normal(size=(3, 4)), np.zeros(4), np.zeros(3)
        )
        words = rng.random((40, k, 3)) < 0.5
        values, names = jacobian_stabilities([model.map] * k, words)
        for word, value, name in zip(words, values, names):
            product = np.eye(4)
            for bits in word:
                product = model.map.jacobian(bits) @ product
            reference = np.linalg.eigvals(product)
            assert np.max(np.abs(np.sort(np.abs(value)) - np.sort(np.abs(reference)))) < 1e-8 * np.abs(value[0])
            assert all(abs(a) >= abs(b) * (1 - 1e-11) for a, b in pairwise(value))
            if np.all(np.abs(np.abs(reference) - 1.0) > 1e-6):
                sides = {bool(x) for x in np.abs(reference) > 1.0}
                assert name.split()[0] == {(True,): "unstable", (False,): "stable"}.get(tuple(sides), "saddle")


def test_long_words_are_enclosed_in_balls(monkeypatch):
    monkeypatch.setattr(exact_jacobians, "MOST_EXACT_WORK", 0.0)
    for factors, name in KNOWN:
        # Balls cannot tell a multiple real root from a pair.
        assert matrix_stability(companion(times(*factors)))[1] in (name, "undecided")
    assert matrix_stability(companion(times([1, -2], [1, 0, HALF])))[1] == "saddle"
    assert matrix_stability(companion(times([1, 1], [1, 1], [1, 1])))[1] == "undecided"
    monkeypatch.setattr(exact_jacobians, "MOST_UNITS", 1)
    assert matrix_stability(companion(times([1, 1], [1, 1], [1, 1])))[1] == "undecided"


def test_discs_hold_the_exact_eigenvalues():
    """Companion matrices of known real roots, entries moved by up to the error given with them."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        roots = rng.choice(np.arange(-12, 13), size=4, replace=False) / 8.0
        exact = companion(times(*([1, -Fraction(r)] for r in roots)))
        error = np.abs(rng.normal(size=(4, 4))) * 10.0 ** rng.uniform(-16, -8)
        moved = exact + error * rng.uniform(-1, 1, size=(4, 4))
        error = error + np.abs(moved - exact)
        centres, radii = eigenvalue_discs(moved[None], error[None])
        for root in roots:
            assert np.any(np.abs(centres[0] - root) <= radii[0])


def test_product_errors_are_bounds():
    rng = np.random.default_rng(4)
    for _ in range(20):
        k, m, n = 3, 3, 2
        A, W, V = rng.normal(size=(k, m, m)), rng.normal(size=(k, m, n)), rng.normal(size=(k, n, m))
        words = rng.random((1, k, n)) < 0.7
        product, error = products_with_error(A, W, V, words)
        exact = [[Fraction(i == j) for j in range(m)] for i in range(m)]
        for t in range(k):
            active = np.flatnonzero(words[0, t])
            J = [[Fraction(A[t, i, j]) + sum(Fraction(W[t, i, p]) * Fraction(V[t, p, j]) for p in active)
                  for j in range(m)] for i in range(m)]  # fmt: skip
            exact = [[sum(J[i][p] * exact[p][j] for p in range(m)) for j in range(m)] for i in range(m)]
        for i in range(m):
            for j in range(m):
                assert abs(exact[i][j] - Fraction(product[0, i, j])) <= Fraction(error[0, i, j])


def test_defective_eigenvalues_are_reported_as_they_are():
    values, name = matrix_stability(companion(times(*[[1, -HALF]] * 8)))
    assert name == "stable node"
    assert np.all(values == 0.5)
    # Not even the class hangs on it here, but floats are off by 2 %.
    values, _ = matrix_stability(companion(times(*[[1, -HALF]] * 8, [1, -2])))
    assert np.all(values[1:] == 0.5)


def test_extreme_numbers():
    for matrix in (
        [[1e200, 1e200], [1e200, 1e200]],
        [[0.0, 1e300], [1e-310, 0.0]],
        [[5e-324]],
        [[0.0, 1.0], [0.0, 0.0]],
    ):
        matrix = np.array(matrix)
        assert matrix_stability(matrix)[1].split()[0] == {"neither": "saddle"}.get(
            schur_cohn(matrix), schur_cohn(matrix)
        )


def test_long_words_of_rotations_are_decided_by_floats(monkeypatch):
    """Errors are multiplied with whole products, which a rotation keeps small, not with products of many sizes."""

    def exactly(self, word):
        raise AssertionError("floats should have decided")

    monkeypatch.setattr(exact_jacobians.ExactJacobians, "stability", exactly)
    R = 0.9999 * np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    turning = PLRNN.shallow(R, np.zeros((2, 1)), np.ones((1, 2)), [0.0, 0.0], [0.0]).map
    values, name = jacobian_stability([turning] * 2000, np.zeros((2000, 1), dtype=bool))
    assert name == "stable spiral"
    np.testing.assert_allclose(np.abs(values), np.linalg.det(R) ** 1000, rtol=1e-10)
