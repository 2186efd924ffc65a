"""Exponents of motion that stays in one subregion, or goes round a few: logarithms of eigenvalues, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.stability import log_moduli
from ..maps import CanonicalMap
from ..network import Network
from ..numerics import EPS, gamma
from ..trajectories import simulate
from ..units import Units

__all__ = ["final_words", "without_rounding", "word_exponents"]

# Longest cycle of subregions that is looked for.
LONGEST_WORD = 256
# Operations that the proof for one trajectory may take.
MOST_WORK = 1e9
# Squarings of the matrix of a cycle until its powers have died out.
SQUARINGS = 60


def word_exponents(map: CanonicalMap, word: np.ndarray) -> np.ndarray | None:
    """Exponents (M,) of the motion that goes round the subregions `word` (k, H) for ever; None if too much work."""
    logarithms = log_moduli([map] * len(word), word)
    return None if logarithms is None else logarithms / len(word)


def without_rounding(map: CanonicalMap, word: np.ndarray, exponents: np.ndarray, alive: int) -> np.ndarray:
    """Exponents without those that stand for rounding of the weights: of a matrix that was to be singular.

    Parameters
    ----------
    map : CanonicalMap
        In balanced units.
    word : (k, H) ndarray of bool
    exponents : (M,) ndarray
        Exact ones, largest first.
    alive : int
        Number of tangent vectors that survived; the others met a Jacobian that is singular to rounding.
    """
    sizes = [float(np.linalg.norm(map.jacobian(bits))) for bits in np.unique(word, axis=0)]
    floor = np.log(16.0 * EPS * map.n_units * max(max(sizes), np.finfo(float).tiny))
    index = np.arange(len(exponents))
    return np.where((index >= alive) & (exponents <= floor), -np.inf, exponents)


def final_words(model: Network, units: Units, states: np.ndarray, constant_input: Any) -> list[np.ndarray | None]:
    """The subregions (k, H) that trajectories from these states go round for ever, where that can be proved.

    Parameters
    ----------
    model : Network
    units : Units
        The autonomous map under `constant_input`, in balanced units.
    states : (n, M) ndarray
    constant_input : (K,) ndarray or None

    Returns
    -------
    list of n ndarray or None
    """
    with np.errstate(all="ignore"):
        bits = simulate(model, 2 * LONGEST_WORD, z0=states, constant_input=constant_input).bitcodes
        first = units.map.bits(states / units.state)[:, None]
    words: list[np.ndarray | None] = []
    for state, own in zip(states / units.state, np.concatenate([first, bits[:, :-1]], axis=1), strict=True):
        period = _period(own)
        word = None if period is None else own[:period]
        with np.errstate(all="ignore"):
            # An orbit that leaves every bound makes NaN, which proves nothing.
            proven = word is not None and _stays(units.map, state, word)
        words.append(word if proven else None)
    return words


def _period(bits: np.ndarray) -> int | None:
    for period in range(1, LONGEST_WORD + 1):
        if np.array_equal(bits[period:], bits[:-period]):
            return period
    return None


def _stays(map: CanonicalMap, start: np.ndarray, word: np.ndarray) -> bool:
    """Whether the orbit of `start` goes round `word` for ever, proved with the error bounds of floating point.

    Notes
    -----
    Let x be the exact orbit, z the computed one. As long as the word is kept, one turn later the orbit has moved by
    ``J^n (x_k - x_0)``, J the product of the Jacobians around the word. So it never moves further than
    ``S |x_k - x_0|`` with ``S = |I| + |J| + |J^2| + ...``; where that is less than the distance to every boundary, the
    word is kept.
    """
    k, m = len(word), map.n_units
    if k * k * m**3 > MOST_WORK:
        return False
    orbit, errors, products = _orbit(map, start, word)
    total = _sum_of_powers(products[-1])
    if not np.isfinite(total):
        return False
    moved = float(np.linalg.norm(np.abs(orbit[-1] - start) + errors[-1])) * total * (1.0 + 1e-6)
    size = np.abs(map.V)
    for z, error, product, bits in zip(orbit, errors, products, word, strict=False):
        y = map.preactivation(z)
        reach = np.linalg.norm(map.V @ product, axis=1) * (1.0 + 1e-6) * moved
        slack = size @ error + reach + gamma(m + 2) * (size @ np.abs(z) + np.abs(map.c))
        # A ReLU that reads nothing never changes.
        fixed = ~np.any(map.V, axis=1)
        if not np.all(fixed | (np.where(bits, y, -y) > slack)):
            return False
    return True


def _orbit(
    map: CanonicalMap, start: np.ndarray, word: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """One turn from `start`: states, bounds of their errors, and the products of the Jacobians up to there."""
    k, m = len(word), map.n_units
    A, W, V = np.abs(map.A), np.abs(map.W), np.abs(map.V)
    orbit, errors, products = [start], [np.zeros(m)], [np.eye(m)]
    # Rounding made in each step so far, carried on by the Jacobians, one column per unit and step.
    carried = np.zeros((m, k * m))
    for t, bits in enumerate(word):
        z, J = orbit[-1], map.jacobian(bits)
        x = np.where(bits, map.preactivation(z), 0.0)
        terms = A @ np.abs(z) + (W * bits) @ (V @ np.abs(z) + np.abs(map.c)) + np.abs(map.h)
        carried = J @ carried
        carried[np.arange(m), t * m + np.arange(m)] = gamma(2 * m + map.n_relu + 4) * terms
        orbit.append(map.A @ z + map.W @ x + map.h)
        errors.append(np.abs(carried).sum(axis=1) * (1.0 + k * m * EPS + 1e-6))
        products.append(J @ products[-1])
    return orbit, errors, products


def _sum_of_powers(J: np.ndarray) -> float:
    """Bound of ``|I| + |J| + |J^2| + ...``, infinite where there is none."""
    total, power, error = 1.0, J, 0.0
    with np.errstate(all="ignore"):
        for _ in range(SQUARINGS):
            norm = (float(np.linalg.norm(power)) + error) * (1.0 + 1e-6)
            if norm < 0.5:
                return total / (1.0 - norm)
            total *= 1.0 + norm
            # What rounding has done to the power, which may be the small difference of large numbers.
            error = 2.0 * error * norm + gamma(len(J)) * norm * norm
            power = power @ power
            if not np.isfinite(total + error):
                break
    return float("inf")
