"""How far two linear systems are from being one, measured weight by weight so that no scale hides another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen
from ..numerics import EPS
from .realisation import INVISIBLE, LinearSystem, pace_of

__all__ = ["Match", "match_systems"]


@dataclass(frozen=True, eq=False)
class Match(Frozen):
    """How far two linear systems are from being one.

    Each difference is relative to the terms that the number in question is the sum of, and divided by the number of
    steps that its lag lets errors add up: about what single weights differ by, relatively.

    Attributes
    ----------
    driven : float
        Largest difference of Markov parameters (ReLU or input to ReLU or readout).
    free : float
        Largest difference of the free responses of either system from the nearest that the other can give.
    constant : float
        What the offsets make a difference of, beyond a shift of the origin.
    T : (M_b, M_a) ndarray
        Change of coordinates, exact where both are fully observed and the mismatch is rounding.
    t : (M_b,) ndarray
        Shift.
    T_back : (M_a, M_b) ndarray
        The same from the second system to the first.
    t_back : (M_a,) ndarray
    """

    driven: float
    free: float
    constant: float
    T: np.ndarray
    t: np.ndarray
    T_back: np.ndarray
    t_back: np.ndarray

    @property
    def mismatch(self) -> float:
        """The largest of the three."""
        return max(self.driven, self.free, self.constant)


def match_systems(a: LinearSystem, b: LinearSystem) -> Match:
    """Compare two systems whose ReLUs are already in one order and scale.

    Notes
    -----
    Both systems together have order n = M_a + M_b; if their first n Markov parameters agree, all do (Ho and Kalman
    1966). The free responses agree if the observability matrices over n lags have one range; the offsets agree if their
    difference lies in that range. A change of units, being the same factor in a number and in its terms, cancels.
    """
    horizon, pace = max(1, a.n_units + b.n_units), pace_of(a, b)
    terms_a, terms_b = a.sizes(), b.sizes()
    lags = np.arange(horizon)
    steps = np.maximum(lags, 1.0)
    # Each of the lag + 2 factors of a term is known to so much, and summed in floating point.
    noise_a, noise_b = ((lags + 2.0) * (2.0 * x.noise + (x.n_units + 2) * EPS) for x in (a, b))
    first, second = a.markov(horizon, pace), b.markov(horizon, pace)
    size_a, size_b = terms_a.markov(horizon, pace), terms_b.markov(horizon, pace)
    error_a, error_b, lag = (x[:, None, None] for x in (noise_a, noise_b, steps))
    beyond = np.abs(first - second) - error_a * size_a - error_b * size_b
    driven = _largest(beyond / lag, np.maximum(size_a, size_b))
    beyond = np.abs(a.E - b.E) - noise_a[0] * terms_a.E - noise_b[0] * terms_b.E
    driven = max(driven, _largest(beyond, np.maximum(terms_a.E, terms_b.E)))
    per_row = len(a.V) + len(a.B)
    noise_a, noise_b, steps = (np.repeat(x, per_row) for x in (noise_a, noise_b, steps))
    rows_a, seen_a = a.free(horizon, pace)
    rows_b, seen_b = b.free(horizon, pace)
    sizes_a, terms_seen_a = terms_a.free(horizon, pace)
    sizes_b, terms_seen_b = terms_b.free(horizon, pace)
    T, T_back = _coordinates(rows_b, sizes_b, rows_a, sizes_a), _coordinates(rows_a, sizes_a, rows_b, sizes_b)
    free = 0.0
    for rows, size, noise, other, other_size, other_noise, X in (
        (rows_a, sizes_a, noise_a, rows_b, sizes_b, noise_b, T),
        (rows_b, sizes_b, noise_b, rows_a, sizes_a, noise_a, T_back),
    ):
        fitted = np.outer(noise + other_noise, _norms(other) @ np.abs(X) + _norms(rows))
        terms = other_size @ np.abs(X)
        beyond = np.abs(rows - other @ X) - noise[:, None] * size - other_noise[:, None] * terms - fitted
        free = max(free, _largest(beyond / steps[:, None], _reference(size, terms)))
    # What the offsets do to an argument at any lag is the unit in which their effect on it is measured.
    usual = np.max(np.maximum(np.abs(seen_a), np.abs(seen_b)).reshape(horizon, per_row), axis=0, initial=0.0)
    usual = np.maximum(np.tile(usual, horizon), np.maximum(terms_seen_a, terms_seen_b))
    t, t_back = _shift(rows_b, sizes_b, seen_a - seen_b, usual), _shift(rows_a, sizes_a, seen_b - seen_a, usual)
    shifted = terms_seen_b + sizes_b @ np.abs(t)
    fit = float(_norms(rows_b) @ np.abs(t) + np.linalg.norm(seen_a) + np.linalg.norm(seen_b))
    beyond = np.abs(seen_a - seen_b - rows_b @ t) - noise_a * (terms_seen_a + fit) - noise_b * (shifted + fit)
    constant = _largest(beyond / steps, np.maximum(usual, shifted))
    return Match(driven, free, constant, T, t, T_back, t_back)


def _norms(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(matrix, axis=0))


def _reference(size: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """What differences between rows and what the other system makes of them are measured by.

    An entry counts relative to its row and column, as in balanced units, or to the terms of what it is compared with.
    """
    columns = np.max(size, axis=0, initial=0.0)
    return np.maximum(np.outer(_row_sizes(size, columns), columns), terms)


def _row_sizes(size: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Largest entry of each row where columns are measured in these units."""
    shares = np.divide(size, columns, out=np.zeros_like(size), where=columns > 0.0)
    return np.asarray(np.max(shares, axis=1, initial=0.0))


def _largest(difference: np.ndarray, size: np.ndarray) -> float:
    """Largest difference, where there is one, relative to size; a difference without size is infinite."""
    there = difference > 0.0
    if not np.any(there):
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.max(difference[there] / size[there]))


def _coordinates(rows: np.ndarray, sizes: np.ndarray, goal: np.ndarray, goal_sizes: np.ndarray) -> np.ndarray:
    """Least squares solution of ``rows X = goal``, differences measured as in the comparison."""
    columns = np.max(goal_sizes, axis=0, initial=0.0)
    own = np.maximum(_row_sizes(goal_sizes, columns), _row_sizes(sizes, np.max(sizes, axis=0, initial=0.0)))
    X = _solve(rows, goal, own)
    return _solve(rows, goal, _row_sizes(_reference(goal_sizes, sizes @ np.abs(X)), columns))


def _shift(rows: np.ndarray, sizes: np.ndarray, gap: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Shift t of the origin with ``rows t = gap``, differences measured as in the comparison."""
    t = _solve(rows, gap, usual)
    return _solve(rows, gap, np.maximum(usual, sizes @ np.abs(t)))


def _solve(rows: np.ndarray, goal: np.ndarray, row_size: np.ndarray) -> np.ndarray:
    """Least squares solution of ``rows X = goal``, each row in units of its size."""
    weight = np.divide(1.0, row_size, out=np.zeros_like(row_size), where=row_size > 0.0)
    rows, goal = rows * weight[:, None], (goal.T * weight).T
    columns = _norms(rows)
    columns[columns == 0.0] = 1.0
    X = np.linalg.lstsq(rows / columns, goal, rcond=INVISIBLE)[0]
    # Where rows differ much in size, one more step takes the rounding of the large out of the small.
    X += np.linalg.lstsq(rows / columns, goal - rows / columns @ X, rcond=INVISIBLE)[0]
    return np.asarray((X.T / columns).T)
