"""Roots of integer polynomials: certified enclosures, and on which side of the unit circle they lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import flint

__all__ = ["Enclosure", "Side", "all_enclosed", "has_unit_roots", "side_of", "stability_name"]

# Bits of the enclosures: doubled from the first until they decide, but not beyond the last.
FIRST_BITS, LAST_BITS = 64, 1 << 15
# Largest moduli that agree to this many bits count as equal where only "node" or "spiral" hangs on it.
TIE_BITS = 1024


@dataclass(frozen=True)
class Enclosure:
    """A disc that contains exactly `count` eigenvalues, counted with multiplicity.

    Attributes
    ----------
    value : complex
        Its centre.
    lower, upper : flint.arb
        Bounds of the moduli in it.
    real : bool or None
        Whether the eigenvalues are real; None if that is not known.
    count : int
    radius : float
        No eigenvalue in it is further from its centre.
    """

    value: complex
    lower: flint.arb
    upper: flint.arb
    real: bool | None
    count: int
    radius: float

    @classmethod
    def of(cls, ball: flint.acb, real: bool | None, count: int) -> Enclosure:
        """From a complex ball."""
        value = complex(_nearest(ball.real), 0.0 if real else _nearest(ball.imag))
        distance = (ball - flint.acb(value.real, value.imag)).abs_upper()
        radius = math.nextafter(float(distance), math.inf) if distance > 0 else 0.0
        return cls(value, ball.abs_lower(), ball.abs_upper(), real, count, radius)

    @property
    def log_modulus(self) -> tuple[float, float]:
        """Bounds of the logarithm of the modulus."""
        low, high = (float(x.log()) if x > 0 else float("-inf") for x in (self.lower, self.upper))
        return low, high


@dataclass(frozen=True)
class Side:
    """What enclosures say about the unit circle.

    Attributes
    ----------
    inside, outside : int
        Eigenvalues proved to have modulus below, above one.
    touching : int
        Eigenvalues about which nothing is proved.
    rotating : bool or None
        Whether the largest eigenvalue is not real; None if that is not known. Of several that are largest the one
        with the largest real part counts.
    """

    inside: int
    outside: int
    touching: int
    rotating: bool | None


def side_of(enclosures: Sequence[Enclosure]) -> Side:
    """Count eigenvalues inside and outside of the unit circle, and look at the largest."""
    inside = sum(e.count for e in enclosures if e.upper < 1)
    outside = sum(e.count for e in enclosures if e.lower > 1)
    touching = sum(e.count for e in enclosures) - inside - outside
    floor = max((e.lower for e in enclosures), default=flint.arb(0))
    kinds = {e.real for e in enclosures if not e.upper < floor}
    rotating = not kinds.pop() if len(kinds) == 1 and None not in kinds else None
    return Side(inside, outside, touching, rotating)


def stability_name(side: Side) -> str:
    """The class of eigenvalues none of which has modulus one; "undecided" where enclosures are too wide."""
    if side.inside and side.outside:
        return "saddle" if not side.touching else "undecided"
    if side.touching or side.rotating is None:
        return "undecided"
    return ("unstable " if side.outside else "stable ") + ("spiral" if side.rotating else "node")


def all_enclosed(polynomials: Iterable[flint.fmpz_poly]) -> tuple[list[Enclosure], str]:
    """Enclose all roots of some integer polynomials and decide the class of the eigenvalues that they are.

    Parameters
    ----------
    polynomials : iterable of flint.fmpz_poly
        Characteristic polynomials of the diagonal blocks of a matrix, times any whole numbers.

    Returns
    -------
    enclosures : list of Enclosure
    stability : str
        ``"marginal"`` if and only if a root has modulus exactly one.

    Notes
    -----
    Squarefree factors separate multiple roots, so that every enclosure shrinks as fast as the precision grows; real
    roots come out as real. Enclosures that go on touching the circle are decided by :func:`has_unit_roots`.

    Examples
    --------
    >>> import flint
    >>> all_enclosed([flint.fmpz_poly([1, 3, 3, 1])])[1]
    'marginal'
    >>> all_enclosed([flint.fmpz_poly([-63, 64]) ** 8])[1]
    'stable node'
    """
    factors = _factors(polynomials)
    checked = False
    bits = FIRST_BITS
    while True:
        with flint.ctx.workprec(bits):
            found = [
                (factor, Enclosure.of(ball, bool(ball.imag.is_zero()), count))
                for factor, count in factors
                for ball in _roots(factor)
            ]
            enclosures = [enclosure for _, enclosure in found]
            side = side_of(enclosures)
        if side.touching and not checked:
            touching = {id(f): f for f, e in found if not (e.upper < 1 or e.lower > 1)}
            if any(has_unit_roots(factor) for factor in touching.values()):
                return enclosures, "marginal"
            checked = True
        if not side.touching and side.rotating is None and bits >= TIE_BITS:
            side = Side(side.inside, side.outside, 0, _rotating_in_tie(enclosures))
        name = stability_name(side)
        if name != "undecided" or bits >= LAST_BITS:
            return enclosures, name
        bits *= 2


def _roots(polynomial: flint.fmpz_poly) -> list[flint.acb]:
    found: Any = polynomial.complex_roots()
    return [ball for ball, _ in found]


def _factors(polynomials: Iterable[flint.fmpz_poly]) -> list[tuple[flint.fmpz_poly, int]]:
    """Squarefree factors and multiplicities; equal factors of several polynomials are joined."""
    found: dict[tuple[str, ...], tuple[flint.fmpz_poly, int]] = {}
    for polynomial in polynomials:
        for factor, count in polynomial.factor_squarefree()[1]:
            key = tuple(str(c) for c in factor.coeffs())
            found[key] = (factor, count + (found[key][1] if key in found else 0))
    return list(found.values())


def _rotating_in_tie(enclosures: list[Enclosure]) -> bool:
    floor = max(e.lower for e in enclosures)
    largest = max((e for e in enclosures if not e.upper < floor), key=lambda e: e.value.real)
    return not largest.real


def has_unit_roots(polynomial: flint.fmpz_poly) -> bool:
    """Whether a squarefree integer polynomial has a root of modulus exactly one.

    Notes
    -----
    Such a root r comes with its conjugate 1/r, so it is a root of the greatest common divisor of p(x) and
    x^n p(1/x). Once the roots 1 and -1 are gone that divisor is x^d q(x + 1/x), and its roots on the circle are the
    real roots of q between -2 and 2, which are isolated with certificates.
    """
    if polynomial(1) == 0 or polynomial(-1) == 0:
        return True
    shared = polynomial.gcd(flint.fmpz_poly(polynomial.coeffs()[::-1]))
    if shared.degree() < 1:
        return False
    traces = _in_trace(shared)
    bits = FIRST_BITS
    # Neither 2 nor -2 is a root of it, so the loop ends.
    while True:
        with flint.ctx.workprec(bits):
            real = [ball.real for ball in _roots(traces) if ball.imag.is_zero()]
            if any(-2 < r < 2 for r in real):
                return True
            if all(r < -2 or r > 2 for r in real):
                return False
        bits *= 2


def _in_trace(polynomial: flint.fmpz_poly) -> flint.fmpz_poly:
    """The polynomial q with ``p(x) = x^d q(x + 1/x)``, p palindromic of degree 2 d."""
    coefficients = polynomial.coeffs()
    d = len(coefficients) // 2
    trace = flint.fmpz_poly([0, 1])
    before, power = flint.fmpz_poly([2]), trace
    total = flint.fmpz_poly([coefficients[d]])
    for j in range(1, d + 1):
        total += coefficients[d + j] * power
        before, power = power, trace * power - before
    return total


def _nearest(ball: flint.arb) -> float:
    # Zero, where it is in there, is better than a middle made of rounding: roots on the imaginary axis.
    return 0.0 if ball.contains(0) else float(ball.mid())
