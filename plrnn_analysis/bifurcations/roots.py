"""Where the cycle of a word meets a boundary, or its linear system is singular.

If the entries of the map are affine in the parameter, these values are eigenvalues of a small matrix pencil: all of
them are found at once, without sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .words import Arrays, Stretch, WordPath, refine

__all__ = ["minus_ones", "zeros_and_poles"]

# Roots are wanted up to this far beyond the edges of a stretch, in units of its width.
SNAP = 1e-9
# Real part taken for a double root that rounding has split into a complex pair with this imaginary part.
SPLIT = 1e-6
# Beyond this condition number what is left of a word's system says nothing.
LARGEST_CONDITION = 1e14
# A sign change is a root, and not a pole, if the argument there is this small beside its values around it.
THROUGH_ZERO = 1e-6
# How exactly the bottom of a dip is found, as a share of the interval, and how deep it must reach to touch zero.
BOTTOM, TOUCHING = 1e-12, 1e-11
# Samples of a stretch on which the map is not affine.
SAMPLES = 65

Zeros = list[tuple[float, tuple[int, int]]]


def zeros_and_poles(path: WordPath) -> tuple[Zeros, list[float]]:
    """Values where ReLU arguments may vanish, each with (step, ReLU), and where I - J may be singular."""
    return _by_pencil(path) if path.stretch.affine else _by_sampling(path)


def minus_ones(path: WordPath) -> list[float]:
    """Values where a multiplier may be -1, where the map is affine in the parameter."""
    if path.stretch.rigid or not path.stretch.affine:
        return []
    reduced = _reduce(path, -1.0)
    return [] if reduced is None else _real(_inverses(reduced.G), path.stretch, reduced.centre)


@dataclass(frozen=True)
class _Reduced:
    """The system (L + tau X B) x = p0 + tau q0 of a word, solved for the part that changes.

    x = p + tau q - tau U u with (I + tau G) u = Bp + tau Bq.
    """

    centre: float
    p: np.ndarray
    q: np.ndarray
    U: np.ndarray
    G: np.ndarray
    Bp: np.ndarray
    Bq: np.ndarray


def _matrix(arrays: Arrays, bits: np.ndarray, turn: float) -> np.ndarray:
    """Rows of the states and ReLU arguments of a ring, without the identity."""
    A, W, V, *_ = arrays
    k, n = bits.shape
    m = len(A)
    L = np.zeros((k, m + n, k, m + n))
    for t in range(k):
        sign = turn if t == k - 1 else 1.0
        L[(t + 1) % k, :m, t, :m] -= sign * A
        L[(t + 1) % k, :m, t, m:] -= sign * W * bits[t]
        L[t, m:, t, :m] -= V
    return L.reshape(k * (m + n), k * (m + n))


def _right(arrays: Arrays, k: int) -> np.ndarray:
    return np.tile(np.concatenate([arrays[4], arrays[3]]), k)


def _reduce(path: WordPath, turn: float = 1.0) -> _Reduced | None:
    """The part of the word's system that changes with the parameter; None if it is singular wherever tried."""
    stretch, bits = path.stretch, path.bits
    slopes = stretch.slopes()
    L1 = _matrix(slopes, bits, turn)
    # One entry of W that changes is a pencil of size one: only what changes takes part.
    rows, columns = np.flatnonzero(L1.any(axis=1)), np.flatnonzero(L1.any(axis=0))
    eye = np.eye(len(L1))
    X, B = (eye[:, rows], L1[rows]) if len(rows) <= len(columns) else (L1[:, columns], eye[columns])
    # Singular at one value is bad luck; singular at three unrelated ones is singular everywhere, for this purpose.
    for t in (0.5, 0.3819, 0.7071):
        centre = stretch.low + t * stretch.width
        arrays = stretch.arrays(centre)
        L = _matrix(arrays, bits, turn) + eye
        try:
            solved = np.linalg.solve(L, np.column_stack([X, _right(arrays, len(bits)), _right(slopes, len(bits))]))
        except np.linalg.LinAlgError:
            continue
        U, p, q = solved[:, :-2], solved[:, -2], solved[:, -1]
        if np.all(np.isfinite(solved)) and np.linalg.cond(L, 1) < LARGEST_CONDITION:
            return _Reduced(centre, p, q, U, B @ U, B @ p, B @ q)
    return None


def _inverses(G: np.ndarray) -> np.ndarray:
    """All tau with det(I + tau G) = 0."""
    values = np.linalg.eigvals(G) if len(G) else np.zeros(0)
    return np.asarray(-1.0 / values[values != 0.0])


def _real(taus: np.ndarray, stretch: Stretch, centre: float) -> list[float]:
    taus = np.asarray(taus, dtype=np.complex128)
    reach = stretch.width * (1.0 + SNAP)
    taus = taus[np.isfinite(taus) & (np.abs(taus.imag) <= SPLIT * stretch.width) & (np.abs(taus.real) <= reach)]
    values = centre + taus.real
    slack = SNAP * stretch.width
    return [float(v) for v in values if stretch.low - slack <= v <= stretch.high + slack]


def _by_pencil(path: WordPath) -> tuple[Zeros, list[float]]:
    reduced = _reduce(path)
    if reduced is None:
        return [], []
    stretch = path.stretch
    k, n = path.bits.shape
    m = len(reduced.p) // k - n
    zeros = []
    for t, i in zip(*np.nonzero(~path.flat), strict=True):
        taus = _roots(reduced, t * (m + n) + m + i)
        zeros += [(value, (int(t), int(i))) for value in _real(taus, stretch, reduced.centre)]
    return zeros, _real(_inverses(reduced.G), stretch, reduced.centre)


def _roots(r: _Reduced, row: int) -> np.ndarray:
    """All tau at which one unknown vanishes: det [[I + tau G, -(Bp + tau Bq)], [-tau U_i, p_i + tau q_i]] = 0."""
    size = len(r.G)
    p, q, U = r.p[row], r.q[row], r.U[row]
    if size <= 1:
        G, u, Bp, Bq = (float(a.ravel()[0]) if size else 0.0 for a in (r.G, U, r.Bp, r.Bq))
        return np.roots([G * q - u * Bq, q + G * p - u * Bp, p])
    from scipy.linalg import eigvals

    still, moving = np.eye(size + 1), np.zeros((size + 1, size + 1))
    still[:size, size], still[size, size] = -r.Bp, p
    moving[:size, :size], moving[:size, size] = r.G, -r.Bq
    moving[size, :size], moving[size, size] = -U, q
    alpha, beta = eigvals(still, -moving, homogeneous_eigvals=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(alpha / beta)


def _by_sampling(path: WordPath) -> tuple[Zeros, list[float]]:
    """The same from samples: sign changes, and dips that might hide two."""
    stretch = path.stretch
    # Nothing is known of how a function of the user moves: samples are all there is, and a note says so.
    values = np.linspace(stretch.low, stretch.high, SAMPLES)
    solved = [path.solve(value) for value in values]
    sides = [_side(path, value) for value in values]
    poles = [
        refine(lambda v: _side(path, v), values[j], values[j + 1])
        for j in range(len(values) - 1)
        if sides[j] * sides[j + 1] < 0.0
    ]
    poles += [float(v) for v, s in zip(values, sides, strict=True) if s == 0.0]
    zeros: Zeros = []
    for t, i in zip(*np.nonzero(~path.flat), strict=True):

        def argument(value: float, t: int = t, i: int = i) -> float:
            at = path.solve(value)
            return np.nan if at is None else float(at[1][t, i])

        y = np.array([np.nan if at is None else at[1][t, i] for at in solved])
        for a, b in _brackets(argument, values, y):
            try:
                root = a if a == b else refine(argument, a, b)
            except ValueError:  # it met a value at which I - J is singular
                continue
            # A sign also changes through infinity.
            if abs(argument(root)) <= THROUGH_ZERO * max(abs(argument(a)), abs(argument(b))) or a == b:
                zeros.append((root, (int(t), int(i))))
    return zeros, poles


def _side(path: WordPath, value: float) -> float:
    return float(np.linalg.slogdet(np.eye(path.stretch.arrays(value)[0].shape[0]) - path.jacobian(value))[0])


def _brackets(f: Callable[[float], float], values: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    """Intervals with a sign change, those found at the bottom of a dip included; touching roots as (v, v)."""
    from scipy.optimize import minimize_scalar

    found = [(float(v), float(v)) for v, at in zip(values, y, strict=True) if at == 0.0]
    with np.errstate(invalid="ignore"):
        change = y[:-1] * y[1:] < 0.0
        size = np.abs(y)
        dip = (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & ~change[:-1] & ~change[1:] & (size[1:-1] > 0.0)
    found += [(float(values[j]), float(values[j + 1])) for j in np.flatnonzero(change)]
    for j in np.flatnonzero(dip) + 1:
        sign = np.sign(y[j])
        left, right = float(values[j - 1]), float(values[j + 1])
        bounds, options = (left, right), {"xatol": BOTTOM * (right - left)}
        best = minimize_scalar(lambda v, sign=sign: sign * f(v), bounds=bounds, method="bounded", options=options)
        if best.fun < 0.0:
            found += [(left, float(best.x)), (float(best.x), right)]
        elif best.fun <= TOUCHING * size.max():
            found.append((float(best.x), float(best.x)))
    return found
