"""How strongly Lyapunov exponents answer to rounding: condition numbers from covariant vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen

__all__ = ["WINDOW", "Sensitivity", "sensitivity"]

# Steps over which the covariant vectors are computed, half of them for networks of more units than this.
WINDOW, SMALL = 256, 32
# Fewer steps say nothing.
SHORTEST = 8
# Part of R's diagonal, relative to its row, below which an exponent is minus infinity.
DEAD = 1e-13
# A condition number that grows with the window faster than this power of it goes on growing.
GROWING = 0.7
# Condition numbers beyond the first are lower bounds, since they are themselves computed with rounding.
UNKNOWN, LARGEST = 1e11, 1e200
# Estimates are estimates.
MARGIN = 4.0


@dataclass(frozen=True, eq=False)
class Sensitivity(Frozen):
    """Condition numbers of Lyapunov exponents, largest exponent first.

    Attributes
    ----------
    condition : (N,) ndarray
        How far an exponent moves, at first, for a relative change of the Jacobians: one over the cosine between
        covariant vector and its adjoint.
    growth : (N,) ndarray
        Power of the number of steps with which it grows; 0 where it does not.
    window : int
        Steps from which they are estimated.
    n_units : int
    """

    condition: np.ndarray
    growth: np.ndarray
    window: int
    n_units: int

    def error(self, rounding: float, steps: int) -> float:
        """Error of the exponents over `steps` steps, if each step's result is off by the share `rounding`.

        Notes
        -----
        The condition number of p + 1 exponents that are equal without being independent grows as c T^p. It cannot act
        for longer than 1 / d steps, d the change of the exponent: ``d = c d^-p rounding``, the well-known root of order
        p + 1. A condition number near one over the precision is only a lower bound; then p may be as large as M - 1.
        """
        if not len(self.condition):
            return MARGIN * rounding
        known = self.condition < UNKNOWN
        power = np.where(known, self.growth, self.n_units - 1.0)
        linear = self.condition * max(1.0, steps / self.window) ** power * rounding
        share = np.maximum(self.condition / float(self.window) ** power, 1.0)
        root = (share * rounding) ** (1.0 / (power + 1.0))
        return MARGIN * float(np.max(np.where(known & (power == 0.0), linear, np.minimum(linear, root))))


def sensitivity(turned: np.ndarray, regions: np.ndarray, n_vectors: int) -> Sensitivity:
    """Condition numbers of the first exponents from the last steps of a way.

    Parameters
    ----------
    turned : (U, M, M) ndarray
        Transposed Jacobians.
    regions : (T,) ndarray of int
        Which of them each step has.
    n_vectors : int

    Notes
    -----
    Exponents of a cocycle answer to a change E of its Jacobians like eigenvalues: by the mean of ``w' E v``, v the
    covariant vector and w the dual one (``w' v = 1``). Both come from a QR decomposition forwards and a
    triangular solution backwards (Ginelli et al. 2007, doi:10.1103/PhysRevLett.99.130601); in the middle of
    the window both have converged, as far as they do. O(T M^3), T = 256.
    """
    m = turned.shape[1]
    window = regions[-(WINDOW if m <= SMALL else WINDOW // 2) :]
    if len(window) < SHORTEST:
        return Sensitivity(np.zeros(0), np.zeros(0), len(window), m)
    measure = _leading_condition if n_vectors == 1 else _conditions
    whole, half = measure(turned, window), measure(turned, window[len(window) // 2 :])
    n = min(len(whole), len(half), n_vectors)
    whole, half = whole[:n], half[:n]
    growth = np.log2(whole / half)
    return Sensitivity(whole, np.where(growth > GROWING, np.minimum(growth, m - 1.0), 0.0), len(window), m)


def _middle(steps: int) -> slice:
    """Where vectors that started at either end have had time to converge."""
    return slice(steps // 3, max(steps - steps // 3, steps // 3 + 1))


def _leading_condition(turned: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """The same for the largest exponent alone, from one vector forwards and one backwards: O(T M^2)."""
    rng = np.random.default_rng(0)
    forwards: list[np.ndarray] = []
    backwards: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for found, codes, transposed in ((forwards, regions, True), (backwards, regions[::-1], False)):
            vector = rng.standard_normal(turned.shape[1])
            for code in codes:
                vector = turned[code].T @ vector if transposed else turned[code] @ vector
                vector = vector / np.linalg.norm(vector)
                found.append(vector)
        # Forwards t has met steps 0 ... t, its dual those behind it.
        cosines = np.abs(np.einsum("tm,tm->t", forwards[:-1], backwards[-2::-1]))[_middle(len(regions))]
        lengths = np.minimum(1.0 / cosines, LARGEST)
    # No vector survives a nilpotent product.
    return np.array([np.mean(lengths)]) if lengths.size and np.all(np.isfinite(lengths)) else np.zeros(0)


def _conditions(turned: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Mean lengths of the dual vectors in the middle third of a way."""
    m, steps = turned.shape[1], len(regions)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((m, m)))[0]
    triangles = np.empty((steps, m, m))
    for t, code in enumerate(regions):
        Q, triangles[t] = np.linalg.qr(turned[code].T @ Q)
    dead = np.any(np.abs(np.einsum("tii->ti", triangles)) <= DEAD * np.linalg.norm(triangles, axis=1), axis=0)
    alive = int(np.argmax(dead)) if np.any(dead) else m
    if alive == 0:
        return np.zeros(0)
    vectors = np.empty((steps, alive, alive))
    C: np.ndarray = np.eye(alive)
    with np.errstate(all="ignore"):
        for t in range(steps - 1, -1, -1):
            vectors[t] = C
            C = np.linalg.solve(triangles[t, :alive, :alive], C)
            C /= np.linalg.norm(C, axis=0)
        chosen = vectors[_middle(steps)]
        if not np.all(np.isfinite(chosen)):
            return np.full(alive, LARGEST)
        try:
            lengths = np.linalg.norm(np.linalg.inv(chosen), axis=2)
        except np.linalg.LinAlgError:
            return np.full(alive, LARGEST)
        return np.nan_to_num(np.minimum(lengths, LARGEST), nan=LARGEST).mean(axis=0)
