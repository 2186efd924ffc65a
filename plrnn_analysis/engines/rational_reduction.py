"""The reduction where floats are not enough: which patterns are regular, and G and g with more digits."""

from __future__ import annotations

import numpy as np
from flint import arb_mat, ctx, nmod_mat

from ..maps import CanonicalMap
from ..numerics import EPS
from .reduced_problem import Reduction

__all__ = ["enclosed", "is_singular", "regular_pattern"]

# Odd, so every double has a value modulo it.
PRIME = (1 << 61) - 1
# Bits of the balls that are tried one after the other.
PRECISIONS = (128, 256, 512, 1024, 2048)


def _residues(array: np.ndarray) -> list[list[int]]:
    """Doubles modulo the prime: a double is a whole number times a power of two, which has an inverse."""
    out = []
    for row in array.tolist():
        line = []
        for value in row:
            numerator, denominator = float(value).as_integer_ratio()
            line.append(numerator % PRIME * pow(denominator, -1, PRIME) % PRIME)
        out.append(line)
    return out


class _Residues:
    """``I - A - W diag(b) V`` modulo a prime, for b with whole entries."""

    def __init__(self, map: CanonicalMap) -> None:
        self.m, self.n = map.n_units, map.n_relu
        identity = np.eye(self.m)
        A = _residues(map.A)
        self.K = [[int(identity[i, j]) - A[i][j] for j in range(self.m)] for i in range(self.m)]
        self.W = _residues(map.W)
        self.V = nmod_mat(self.n, self.m, [v for row in _residues(map.V) for v in row], PRIME) if self.n else None

    def regular(self, weights: list[int]) -> bool:
        K = nmod_mat(self.m, self.m, [v % PRIME for row in self.K for v in row], PRIME)
        if self.V is not None:
            scaled = [w * weight % PRIME for row in self.W for w, weight in zip(row, weights, strict=True)]
            K = K - nmod_mat(self.m, self.n, scaled, PRIME) * self.V
        return bool(K.rank() == self.m)


def is_singular(map: CanonicalMap, bits: np.ndarray) -> bool:
    """Whether I - J_b is singular modulo a prime of 61 bits: if not, it is regular."""
    return not _Residues(map).regular([int(b) for b in bits])


def regular_pattern(map: CanonicalMap) -> np.ndarray | None:
    """A pattern b for which I - J_b is regular.

    Returns
    -------
    (H,) ndarray of bool or None
        None if, as it seems, every pattern is singular: then the polynomial det(I - J_b) vanishes at a random point
        modulo a prime, which a polynomial that is not zero does with a probability of less than H / 2^61.

    Notes
    -----
    det(I - J_b) is linear in each b_i, so from a point where it is not zero every entry can be moved to 0 or to 1
    without its reaching zero. Of two such ends the one with the larger determinant, in floats, is taken.
    """
    residues = _Residues(map)
    rng = np.random.default_rng(0)
    weights = [int(w) for w in rng.integers(2, 1 << 40, map.n_relu)]
    if not residues.regular(weights):
        return None
    floats = np.full(map.n_relu, 0.5)
    identity = np.eye(map.n_units)
    for i in range(map.n_relu):
        sizes = []
        for end in (0, 1):
            weights[i], floats[i] = end, end
            size = np.linalg.slogdet(identity - map.A - (map.W * floats) @ map.V)[1]
            sizes.append(size if residues.regular(weights) else None)
        take = 1 if sizes[0] is None or (sizes[1] is not None and sizes[1] > sizes[0]) else 0
        weights[i], floats[i] = take, take
    return np.array(weights, dtype=bool)


def enclosed(map: CanonicalMap, base: np.ndarray) -> Reduction | None:
    """The reduction about `base` with balls of rising precision, rounded to doubles with their errors.

    Returns
    -------
    Reduction or None
        None if even the last precision does not prove that I - J_base is regular.
    """
    m, n = map.n_units, map.n_relu
    sign = np.where(base, -1.0, 1.0)
    before = ctx.prec
    try:
        for precision in PRECISIONS:
            ctx.prec = precision
            A, W, V = (_balls(a) for a in (map.A, map.W, map.V))
            chosen = [i for i in range(n) if base[i]]
            K = _balls(np.eye(m)) - A
            h = _balls(map.h[:, None])
            if chosen:
                write = arb_mat(m, len(chosen), [W[r, i] for r in range(m) for i in chosen])
                K = K - write * arb_mat(len(chosen), m, [V[i, j] for i in chosen for j in range(m)])
                h = h + write * _balls(map.c[base][:, None])
            right = arb_mat(m, n + 1, [W[r, j] if j < n else h[r, 0] for r in range(m) for j in range(n + 1)])
            try:
                X = K.solve(right)
            except ZeroDivisionError:
                continue
            Y = _balls(sign[:, None] * map.V) * X
            constants = _balls((sign * map.c)[:, None])
            g_balls = arb_mat(n, 1, [Y[i, n] + constants[i, 0] for i in range(n)])
            x, x_error = _rounded(X)
            y, y_error = _rounded(Y)
            g, g_error = _rounded(g_balls)
            if all(np.all(np.isfinite(a)) for a in (x, x_error, y, y_error, g, g_error)) and _tight(
                y, y_error, g, g_error
            ):
                return Reduction(
                    base, y[:, :n], g[:, 0], y_error[:, :n], g_error[:, 0],
                    x[:, :n], x[:, n], x_error[:, :n], x_error[:, n],
                )  # fmt: skip
    finally:
        ctx.prec = before
    return None


def _balls(array: np.ndarray) -> arb_mat:
    return arb_mat(array.shape[0], array.shape[1], array.ravel().tolist())


def _rounded(balls: arb_mat) -> tuple[np.ndarray, np.ndarray]:
    """Midpoints as doubles, and bounds of radius and rounding together; what is exact stays exact."""
    entries = balls.entries()
    shape = balls.nrows(), balls.ncols()
    middle = np.array([float(v.mid()) for v in entries], dtype=np.float64).reshape(shape)
    radius = np.array([float(v.rad()) for v in entries], dtype=np.float64).reshape(shape)
    # Small whole numbers and the like are doubles themselves.
    rounded = np.array([not v.is_exact() or v != m for v, m in zip(entries, middle.ravel().tolist(), strict=True)])
    return middle, radius * (1.0 + 4.0 * EPS) + EPS * np.abs(middle) * rounded.reshape(shape)


def _tight(y: np.ndarray, y_error: np.ndarray, g: np.ndarray, g_error: np.ndarray) -> bool:
    """Whether the errors are those of rounding to doubles, or negligible beside the largest entry."""
    small = 1e-13
    return bool(
        np.all(y_error <= small * (np.abs(y) + np.abs(y).max(initial=0.0)))
        and np.all(g_error <= small * (np.abs(g) + np.abs(g).max(initial=0.0)))
    )
