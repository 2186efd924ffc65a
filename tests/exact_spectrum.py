"""Where the eigenvalues of a rational matrix lie against the unit circle, counted exactly.

Polynomials are lists of Fraction, highest power first. Imports the standard library only.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from exact_rational import ZERO, identity, product


def characteristic_polynomial(A):
    """det(x I - A) by Faddeev and LeVerrier."""
    n = len(A)
    coefficients, M = [Fraction(1)], identity(n)
    for k in range(1, n + 1):
        AM = product(A, M)
        c = -sum((AM[i][i] for i in range(n)), ZERO) / k
        coefficients.append(c)
        M = [[AM[i][j] + (c if i == j else 0) for j in range(n)] for i in range(n)]
    return coefficients


def _strip(p):
    first = next((i for i, c in enumerate(p) if c), len(p))
    return p[first:]


def _divide(p, q):
    """Quotient and remainder."""
    p, quotient = list(p), []
    while len(p) >= len(q):
        factor = p[0] / q[0]
        quotient.append(factor)
        p = [a - factor * b for a, b in zip(p, [*q, *[ZERO] * (len(p) - len(q))])][1:]
    return quotient, _strip(p)


def _gcd(p, q):
    p, q = _strip(p), _strip(q)
    while q:
        p, q = q, _divide(p, q)[1]
        q = [c / q[0] for c in q] if q else q
    return [c / p[0] for c in p]


def _derivative(p):
    n = len(p) - 1
    return [c * (n - i) for i, c in enumerate(p[:-1])]


def _square_free(p):
    """Factors (q, multiplicity) of p, each q without repeated root, of degree >= 1 (Yun)."""
    factors, power = [], 0
    common = _gcd(p, _derivative(p)) if len(p) > 1 else [Fraction(1)]
    rest = _divide(p, common)[0]
    while len(rest) > 1:
        power += 1
        shared = _gcd(rest, common)
        factor = _divide(rest, shared)[0]
        if len(factor) > 1:
            factors.append((factor, power))
        rest, common = shared, _divide(common, shared)[0]
    return factors


def _value(p, x):
    total = ZERO
    for c in p:
        total = total * x + c
    return total


def _sturm_chain(p, q):
    chain = [p, q]
    while chain[-1]:
        chain.append([-c for c in _divide(chain[-2], chain[-1])[1]])
    return chain[:-1]


def _changes(values):
    signs = [v > 0 for v in values if v]
    return sum(a != b for a, b in pairwise(signs))


def _roots_between(p, low, high):
    """Distinct real roots in (low, high) of a square-free p that vanishes at neither end (Sturm)."""
    if len(p) < 2:
        return 0
    chain = _sturm_chain(p, _derivative(p))
    return _changes([_value(q, low) for q in chain]) - _changes([_value(q, high) for q in chain])


def _on_circle(p):
    """Roots of modulus 1 of a square-free polynomial whose roots come in pairs z, 1/z."""
    count = 0
    for root in (1, -1):
        if _value(p, root) == 0:
            p, count = _divide(p, [Fraction(1), Fraction(-root)])[0], count + 1
    degree = len(p) - 1
    if degree <= 0:
        return count
    # Palindromic now: z^-d p(z) is a polynomial of degree d in x = z + 1/z, by T_{k+1} = x T_k - T_{k-1}.
    d = degree // 2
    powers = [[Fraction(2)], [Fraction(1), ZERO]]
    while len(powers) <= d:
        a, b = [*powers[-1], ZERO], powers[-2]
        powers.append([x - y for x, y in zip(a, [*[ZERO] * (len(a) - len(b)), *b])])
    powers[0] = [Fraction(1)]
    folded = [ZERO] * (d + 1)
    for k in range(d + 1):
        for i, c in enumerate(powers[k]):
            folded[d - len(powers[k]) + 1 + i] += p[d - k] * c
    return count + 2 * _roots_between(_strip(folded), Fraction(-2), Fraction(2))


def _inside(p):
    """Roots inside the unit circle of a p with no two roots z, 1/z (so none on the circle), by the Cauchy index."""
    n = len(p) - 1
    if n <= 0:
        return 0
    # z = (1 + w) / (1 - w): inside becomes left; z = -1 is no root, so the degree stays n.
    half_plane = [ZERO] * (n + 1)
    for i, c in enumerate(p):
        term = [c]
        for factor in [[1, 1]] * (n - i) + [[-1, 1]] * i:
            term = [
                a + b for a, b in zip([x * factor[0] for x in [*term, ZERO]], [x * factor[1] for x in [ZERO, *term]])
            ]
        half_plane = [a + b for a, b in zip(half_plane, term)]
    # At w = i x the value is E(x) + i O(x). Its argument turns by pi for each left root and by -pi for each right
    # one; the sign changes of a Sturm chain count the turns (Routh, Hurwitz). No pair w, -w: the chain ends regular.
    real, imaginary = [ZERO] * (n + 1), [ZERO] * (n + 1)
    for i, c in enumerate(half_plane):
        power = n - i
        (imaginary if power % 2 else real)[i] = -c if power // 2 % 2 else c
    top, bottom = (imaginary, real) if n % 2 else (real, imaginary)
    chain = _sturm_chain(_strip(top), _strip(bottom))
    index = _changes([q[0] * (-1) ** (len(q) - 1) for q in chain]) - _changes([q[0] for q in chain])
    left_minus_right = index if n % 2 else -index
    return (n + left_minus_right) // 2


def locate(A):
    """How many eigenvalues of a rational matrix lie (inside, on, outside) the unit circle, with multiplicity."""
    p = characteristic_polynomial(A)
    n = len(p) - 1
    zeros = 0
    while len(p) > 1 and p[-1] == 0:
        p, zeros = p[:-1], zeros + 1
    paired = _gcd(p, p[::-1])
    on = sum(power * _on_circle(factor) for factor, power in _square_free(paired))
    pairs_inside = (len(paired) - 1 - on) // 2
    inside = zeros + pairs_inside + _inside(_divide(p, paired)[0])
    return inside, on, n - inside - on


def stability(A):
    """'stable', 'unstable', 'saddle' or 'marginal'."""
    inside, on, outside = locate(A)
    if on:
        return "marginal"
    return "stable" if not outside else "unstable" if not inside else "saddle"
