"""The cycle of one word through a parameter.

A word fixes which ReLUs are active at each step, so its cycle solves a linear system at every parameter value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..engines.stability import ordered_eigenvalues
from ..maps import bits_to_string
from .parameters import Family

__all__ = ["BESIDE", "TOGETHER", "Arrays", "Stretch", "WordPath", "refine", "word_name"]

# Events nearer than this, in units of the width of a stretch, may be one.
TOGETHER = 1e-8
# How far beside a value "just below" and "just above" are, in the same units: further than one event is wide.
BESIDE = 1e-7

Arrays = tuple[np.ndarray, ...]

# Relative size below which a ReLU argument counts as zero all along a stretch.
FLAT = 1e-12
# Relative deviation up to which a map counts as affine where it was tried.
STRAIGHT = 1e-12


def word_name(bits: np.ndarray) -> tuple[str, ...]:
    """Bitcodes of a word (k, H)."""
    return tuple(bits_to_string(b) for b in bits)


def refine(f: Callable[[float], float], low: float, high: float) -> float:
    """A sign change of `f` between two values, to the last digits."""
    from scipy.optimize import brentq

    # Roots of higher order take more than the usual 100 iterations; Brent's bound is the square of the bisections.
    return float(brentq(f, low, high, xtol=4e-16 * max(abs(low), abs(high), high - low), rtol=1e-15, maxiter=4000))


class Stretch:
    """The maps between two values of the parameter.

    Attributes
    ----------
    affine : bool
        Whether all entries are affine in the parameter, by construction or as far as five points between show.
    rigid : bool
        Whether only the offsets c and h change: Jacobians then stay the same.
    check : callable
        Called whenever weights are asked for; may raise.
    """

    def __init__(self, family: Family, low: float, high: float, check: Callable[[], None] = lambda: None) -> None:
        self.family, self.low, self.high, self.check = family, low, high, check
        self.width = high - low
        self._ends = tuple(_arrays(family, value) for value in (low, high))
        self._slopes = tuple(b - a for a, b in zip(*self._ends, strict=True))
        # A user's function often is affine without saying so, and then all events are eigenvalues of pencils.
        self.affine = family.affine or all(self._straight(t) for t in (0.11, 0.3, 0.5, 0.71, 0.93))
        self.rigid = self.affine and not any(np.any(d) for d in self._slopes[:3])

    def _straight(self, t: float) -> bool:
        there = _arrays(self.family, self.low + t * self.width)
        return all(
            bool(np.all(np.abs(x - (a + t * d)) <= STRAIGHT * (np.abs(a) + np.abs(d) + np.max(np.abs(a), initial=0.0))))
            for x, a, d in zip(there, self._ends[0], self._slopes, strict=True)
        )

    def arrays(self, value: float) -> Arrays:
        """A, W, V, c, h at one value."""
        self.check()
        if not self.affine:
            return _arrays(self.family, value)
        t = (value - self.low) / self.width
        if t == 1.0:
            return self._ends[1]
        return tuple(a + t * d for a, d in zip(self._ends[0], self._slopes, strict=True))

    def slopes(self) -> Arrays:
        """Derivatives of A, W, V, c, h where they are affine."""
        return tuple(d / self.width for d in self._slopes)


def _arrays(family: Family, value: float) -> Arrays:
    map = family.map_at(min(max(value, family.domain[0]), family.domain[1]))
    return map.A, map.W, map.V, map.c, map.h


class WordPath:
    """The solution of one word (k, H) along a stretch."""

    def __init__(self, stretch: Stretch, bits: np.ndarray) -> None:
        self.stretch, self.bits = stretch, bits
        self.period = len(bits)
        self._multipliers: dict[float, np.ndarray] = {}

    def solve(self, value: float) -> tuple[np.ndarray, np.ndarray] | None:
        """States (k, M) and ReLU arguments (k, H) of the word; None where I - J is singular."""
        A, W, V, c, h = self.stretch.arrays(value)
        k, m = self.period, len(A)
        J = A + (W[None] * self.bits[:, None, :]) @ V
        K = np.zeros((k, m, k, m))
        rhs = np.zeros((k, m))
        for t in range(k):
            K[t, :, t] += np.eye(m)
            K[(t + 1) % k, :, t] -= J[t]
            rhs[(t + 1) % k] = h + W[:, self.bits[t]] @ c[self.bits[t]]
        try:
            z = np.linalg.solve(K.reshape(k * m, k * m), rhs.ravel()).reshape(k, m)
        except np.linalg.LinAlgError:
            return None
        return (z, z @ V.T + c) if np.all(np.isfinite(z)) else None

    def jacobian(self, value: float) -> np.ndarray:
        """Product of the Jacobians around the word."""
        A, W, V, *_ = self.stretch.arrays(value)
        product = np.eye(len(A))
        for b in self.bits:
            product = (A + W[:, b] @ V[b]) @ product
        return product

    def multipliers(self, value: float) -> np.ndarray:
        """Eigenvalues of that product, largest modulus first."""
        if value not in self._multipliers:
            self._multipliers[value] = ordered_eigenvalues(self.jacobian(value))
        return self._multipliers[value]

    @cached_property
    def scale(self) -> np.ndarray:
        """Size (k, H) of the terms that the ReLU arguments are made of, over the stretch."""
        sizes = [np.zeros(self.bits.shape)]
        for t in (0.137, 0.5, 0.871):
            value = self.stretch.low + t * self.stretch.width
            solved = self.solve(value)
            if solved is not None:
                _, _, V, c, _ = self.stretch.arrays(value)
                # Sizes before cancellation: an argument that is small beside them is zero to rounding.
                size = np.abs(V).sum(axis=1) * np.max(np.abs(solved[0])) + np.abs(c)
                sizes.append(np.broadcast_to(size, self.bits.shape))
        return np.max(sizes, axis=0)

    @cached_property
    def flat(self) -> np.ndarray:
        """Which ReLU arguments (k, H) vanish all along: the point never leaves that boundary."""
        flat = np.ones(self.bits.shape, dtype=bool)
        for t in (0.137, 0.5, 0.871):
            solved = self.solve(self.stretch.low + t * self.stretch.width)
            if solved is not None:
                flat &= np.abs(solved[1]) <= FLAT * self.scale
        return flat

    def margin(self, value: float) -> float:
        """Smallest ReLU argument, with its sign by the word; negative where the word is not followed."""
        solved = self.solve(value)
        if solved is None or np.any(self.flat & self.bits):
            return -np.inf
        signed = np.where(self.bits, solved[1], -solved[1])[~self.flat]
        return float(np.min(signed, initial=np.inf))
