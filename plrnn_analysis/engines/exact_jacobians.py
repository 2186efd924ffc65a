"""Jacobians and their products along words in exact arithmetic, and their eigenvalues with certificates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import flint
import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS
from .unit_circle import Enclosure, all_enclosed, side_of, stability_name

__all__ = ["ExactJacobians"]

# Effort of an exact characteristic polynomial, a few seconds; what costs more is enclosed in balls.
MOST_EXACT_WORK = 1e11
# Effort of that kind in a second, and seconds for M^3 operations with balls: no less than computers of today need.
EXACT_WORK_A_SECOND, BALL_SECONDS = 5e9, 1e-6
# Bits of coefficients beyond which effort grows with their square.
QUADRATIC = 1e5
# Bits of those balls, and the largest matrix for which they are tried.
BALL_BITS, MOST_UNITS = (128, 512, 2048), 100


class Scaled(NamedTuple):
    """A matrix of whole numbers that count powers of two, and the length of the largest in bits."""

    matrix: flint.fmpz_mat
    exponent: int
    bits: int

    @classmethod
    def of(cls, matrix: flint.fmpz_mat, exponent: int) -> Scaled:
        """With the length of its numbers."""
        return cls(matrix, exponent, max((int(abs(x).height_bits()) for x in matrix.entries()), default=0))

    def __matmul__(self, other: Scaled) -> Scaled:
        """The product, whose length is only bounded."""
        return Scaled(self.matrix * other.matrix, self.exponent + other.exponent, self.bits + other.bits)


class ExactJacobians:
    """Exact Jacobians of some maps that act one after the other.

    Doubles are whole numbers times powers of two, and so are all their sums and products: nothing is divided.

    Parameters
    ----------
    maps : sequence of k CanonicalMap
    """

    def __init__(self, maps: Sequence[CanonicalMap]) -> None:
        self.maps = maps
        first: dict[int, int] = {}
        self.same = [first.setdefault(id(map), t) for t, map in enumerate(maps)]
        self.step = lru_cache(maxsize=256)(self._step)
        self.arrays = lru_cache(maxsize=None)(self._arrays)

    def stability(self, word: np.ndarray) -> tuple[np.ndarray | None, str]:
        """Eigenvalues and class; None in place of eigenvalues that are no better than those of floats."""
        enclosures, name = self.enclosures(word)
        if not enclosures:
            return None, name
        return np.array([e.value for e in enclosures for _ in range(e.count)], dtype=np.complex128), name

    def enclosures(self, word: np.ndarray) -> tuple[list[Enclosure], str]:
        """Discs around the eigenvalues of the product along a word, none if that is too much work; and their class."""
        steps = self._steps(word)
        if _work(steps) <= MOST_EXACT_WORK:
            return all_enclosed(_block_polynomials(_product(steps)))
        return _in_balls(steps)

    def work(self, word: np.ndarray) -> float:
        """Effort that the exact characteristic polynomial of a word takes."""
        return _work(self._steps(word))

    def seconds(self, word: np.ndarray) -> float:
        """About how long :meth:`enclosures` takes, rather more than less."""
        work = self.work(word)
        if work <= MOST_EXACT_WORK:
            return work / EXACT_WORK_A_SECOND
        return BALL_SECONDS * (len(word) + len(BALL_BITS)) * float(self.maps[0].n_units) ** 3

    def rounded(self, word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The product along a word (k, H) in doubles, and bounds of what rounding it once has done, entry by entry."""
        single = _sum_of_two(self.maps[0], word[0]) if len(word) == 1 else None
        if single is not None:
            return single
        product = _product(self._steps(word))
        m = product.matrix.nrows()
        entries = [int(v) for v in product.matrix.entries()]
        # Doubles hold whole numbers of up to 1023 bits.
        spare = max(max((abs(v).bit_length() for v in entries), default=0) - 1000, 0)
        whole = np.array([float(v >> spare) for v in entries]).reshape(m, m)
        with np.errstate(over="ignore", under="ignore"):
            values = np.ldexp(whole, product.exponent + spare)
            lost = np.ldexp(1.0, product.exponent + spare) if spare else 0.0
        return values, 2.0 * EPS * np.abs(values) + lost + np.nextafter(0.0, 1.0) * (whole != 0.0)

    def _steps(self, word: np.ndarray) -> list[Scaled]:
        return [self.step(self.same[t], bits.tobytes()) for t, bits in enumerate(word)]

    def _arrays(self, t: int) -> tuple[Scaled, Scaled, Scaled]:
        map = self.maps[t]
        return _whole(map.A), _whole(map.W), _whole(map.V)

    def _step(self, t: int, pattern: bytes) -> Scaled:
        (A, a, _), (W, w, _), (V, v, _) = self.arrays(t)
        active = np.flatnonzero(np.frombuffer(pattern, dtype=bool)).tolist()
        if not active:
            return Scaled.of(A, a)
        m = A.nrows()
        columns = flint.fmpz_mat(m, len(active), [W[i, j] for i in range(m) for j in active])
        written = columns * flint.fmpz_mat(len(active), m, [V[j, i] for j in active for i in range(m)])
        least = min(a, w + v)
        return Scaled.of(A * 2 ** (a - least) + written * 2 ** (w + v - least), least)


def _sum_of_two(map: CanonicalMap, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A Jacobian whose entries are sums of two of the weights, and its rounding errors; None for other maps."""
    V = map.V[bits]
    if np.any((V != 0.0) & (np.abs(V) != 1.0)) or np.any(np.count_nonzero(V, axis=0) > 1):
        return None
    written = map.W[:, bits] @ V
    total = map.A + written
    # Exactly what rounding did (Knuth's sum of two).
    back = total - map.A
    return total, np.abs((map.A - (total - back)) + (written - back))


def _whole(array: np.ndarray) -> Scaled:
    """Doubles as whole numbers, as small as can be, times one power of two."""
    fractions, exponents = np.frexp(array)
    mantissas = np.ldexp(fractions, 53).astype(np.int64)
    # The lowest bit that is set: whole numbers stay short.
    lowest = np.log2((mantissas & -mantissas).astype(np.float64), out=np.zeros(array.shape), where=mantissas != 0)
    lowest = lowest.astype(np.int64)
    exponents = exponents + lowest - 53
    least = int(np.min(exponents, where=array != 0.0, initial=np.max(exponents, initial=0)))
    shifts = np.where(array != 0.0, exponents - least, 0)
    pairs = zip((mantissas >> lowest).ravel().tolist(), shifts.ravel().tolist(), strict=True)
    entries = [mantissa << shift for mantissa, shift in pairs]
    return Scaled(flint.fmpz_mat(array.shape[0], array.shape[1], entries), least, 0)


def _product(steps: list[Scaled]) -> Scaled:
    """``J_k ... J_1``, in pairs: numbers of equal length are multiplied fast."""
    while len(steps) > 1:
        pairs = [steps[i + 1] @ steps[i] for i in range(0, len(steps) - 1, 2)]
        steps = pairs + steps[2 * len(pairs) :]
    return steps[0]


def _work(steps: list[Scaled]) -> float:
    # Residues modulo many primes, each of M^3 operations; putting them together is quadratic in the end.
    bits, m = float(sum(step.bits for step in steps)), steps[0].matrix.nrows()
    return bits * m**4 * (1.0 + bits * m / QUADRATIC)


def _block_polynomials(product: Scaled) -> list[flint.fmpz_poly]:
    """Characteristic polynomials, up to whole factors, of the irreducible diagonal blocks of a matrix."""
    from scipy.sparse.csgraph import connected_components

    rows, exponent = product.matrix.tolist(), product.exponent
    count, label = connected_components(
        np.array([[bool(x) for x in row] for row in rows]), directed=True, connection="strong"
    )
    polynomials = []
    for block in range(count):
        units = np.flatnonzero(label == block).tolist()
        part = flint.fmpz_mat([[rows[i][j] for j in units] for i in units])
        # An eigenvalue x of the matrix is y = x / 2**exponent for the whole numbers.
        coefficients = part.charpoly().coeffs()
        n = len(coefficients) - 1
        if exponent < 0:
            scaled = [c * 2 ** (-exponent * j) for j, c in enumerate(coefficients)]
        else:
            scaled = [c * 2 ** (exponent * (n - j)) for j, c in enumerate(coefficients)]
        polynomials.append(flint.fmpz_poly(scaled))
    return polynomials


def _in_balls(steps: list[Scaled]) -> tuple[list[Enclosure], str]:
    """Enclosures by ball arithmetic, for products too long or too large for the exact characteristic polynomial."""
    if steps[0].matrix.nrows() > MOST_UNITS:
        return [], "undecided"
    enclosures: list[Enclosure] = []
    name = "undecided"
    for bits in BALL_BITS:
        with flint.ctx.workprec(bits):
            product = _ball(steps[0])
            for step in steps[1:]:
                product = _ball(step) * product
            try:
                balls = flint.acb_mat(product).eig(multiple=True)
            except ValueError:
                continue
            enclosures = [Enclosure.of(ball, _is_real(ball, balls), 1) for ball in balls]
            name = stability_name(side_of(enclosures))
        if name != "undecided":
            break
    return enclosures, name


def _ball(step: Scaled) -> flint.arb_mat:
    return flint.arb_mat(step.matrix) * (flint.arb(2) ** step.exponent)


def _is_real(ball: flint.acb, balls: list[flint.acb]) -> bool | None:
    if not ball.imag.contains(0):
        return False
    return True if sum(ball.overlaps(other) for other in balls) == 1 else None
