"""Whether motion along a word leaves every bound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS, UNIT_CIRCLE
from .compositions import affine_along, composition

__all__ = ["expands_once", "flies_apart", "grows_like_a_power", "keeps_its_size"]

# Share of a step in an expanding direction that is no rounding.
EXPANDING = 1e-6
# A power of this order is compared with its square: where a multiplier of modulus one comes without an eigenvector of
# its own the second is twice as large, else about as large as the first.
SQUARINGS, LARGER = 12, 1.5


def flies_apart(matrix: np.ndarray, orbit: np.ndarray) -> bool:
    """Whether an orbit of a linear map moves along a direction that expands, and so for ever.

    Growing steps alone would not do: those of a stable map far from normal grow for a while. A left eigenvector of an
    eigenvalue beyond the unit circle measures the part of the last step that is multiplied by it from then on.
    """
    values, left = np.linalg.eig(matrix.T)
    step = orbit[-1] - orbit[-2]
    with np.errstate(all="ignore"):
        share = np.abs(left.T @ (step / np.linalg.norm(step)))
    return bool(np.any((np.abs(values) > 1.0 + UNIT_CIRCLE) & (share > EXPANDING)))


def expands_once(map: CanonicalMap, word: np.ndarray, check: Callable[[], None]) -> bool:
    """Whether exactly one multiplier of a word is larger than one, and all others are smaller."""
    with np.errstate(all="ignore"):
        matrix = composition(map, word, check)[0]
    if not np.all(np.isfinite(matrix)):
        return False
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
    return bool(moduli[0] > 1.0 and np.all(moduli[1:] < 1.0 - UNIT_CIRCLE))


def keeps_its_size(map: CanonicalMap, word: np.ndarray, check: Callable[[], None]) -> bool:
    """Whether motion along a word with multipliers of modulus one neither grows nor shrinks, as a rotation."""
    power = affine_along(map, word, check)[0]
    for _ in range(SQUARINGS):
        power = power @ power
    with np.errstate(all="ignore"):
        return bool(np.linalg.norm(power @ power) <= LARGER * np.linalg.norm(power))


def grows_like_a_power(map: CanonicalMap, word: np.ndarray, orbit: np.ndarray, check: Callable[[], None]) -> bool:
    """Whether a run that repeats a word leaves every bound like a power of time, its steps growing from each other.

    Parameters
    ----------
    map : CanonicalMap
    word : (k, H) ndarray of bool
    orbit : (T, M) ndarray
        Its states ``-k - 1`` to ``-2`` lie in the subregions of the word.
    check : callable
        Called again and again; may raise.

    Notes
    -----
    Where the states of every k-th step have only finitely many differences, Δz = (G - I) z and so on, which end in
    zero, they are a polynomial in time: by Newton's forward formula the sum of binomials times these differences. If no
    difference moves a ReLU argument towards its boundary, none is ever reached. Where it also goes to and fro, two
    rounds of the word are one.
    """
    return any(
        _differences_end(map, np.tile(word, (rounds, 1)), orbit, check)
        for rounds in (1, 2)
        if len(orbit) > rounds * len(word)
    )


def _differences_end(map: CanonicalMap, word: np.ndarray, orbit: np.ndarray, check: Callable[[], None]) -> bool:
    period, m = len(word), map.n_units
    matrix = affine_along(map, word, check)[0]
    difference = orbit[-1] - orbit[-period - 1]
    rounding = 64.0 * EPS * period * float(np.max(np.abs(orbit[-period - 1 :])))
    grows = False
    for _ in range(m + 1):
        if np.max(np.abs(difference)) <= rounding:
            return grows
        grows = True
        moved = difference
        for bits in word:
            check()
            if np.any(np.where(bits, 1.0, -1.0) * (map.V @ moved) < -np.abs(map.V).sum(axis=1) * rounding):
                return False
            moved = map.jacobian(bits) @ moved
        difference = (matrix - np.eye(m)) @ difference
        rounding *= 1.0 + float(np.abs(matrix).sum(axis=1).max())
    return False
