"""Words of a ring that can hold nothing but a shorter cycle repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS, gamma
from .orbits import is_repeated
from .spectral_bounds import products_with_error

__all__ = ["new_words"]


def new_words(map: CanonicalMap, words: Sequence[np.ndarray], period: int, shift: int) -> Sequence[np.ndarray]:
    """Leave out words that need not be solved.

    Parameters
    ----------
    map : CanonicalMap
        In balanced units; the maps of the ring differ from it in their offsets alone.
    words : sequence of (period H,) ndarray of bool
    period, shift : int
        Turning a word by a multiple of `shift` gives a word of the same ring.

    Returns
    -------
    sequence of ndarray

    Notes
    -----
    Where I - J_w is regular the word has one solution. If the word repeats a shorter one, so does that solution, and it
    is found at that shorter period. Regular is what an inverse R of the M by M matrix with a small ``|I - R K|``
    proves.
    """
    if period == shift or not len(words):
        return words
    rings = np.array(words, dtype=bool).reshape(len(words), period, -1)
    repeated = is_repeated(rings, shift)
    if not np.any(repeated):
        return words
    regular = np.zeros(len(words), dtype=bool)
    regular[repeated] = _are_regular(map, rings[repeated])
    return [word for word, skip in zip(words, regular, strict=True) if not skip]


def _are_regular(map: CanonicalMap, words: np.ndarray) -> np.ndarray:
    """For which words (n, period, H) one is provably no eigenvalue of the product of the Jacobians."""
    m, period = map.n_units, words.shape[1]
    A, W, V = (np.broadcast_to(a, (period, *a.shape)) for a in (map.A, map.W, map.V))
    identity = np.eye(m)
    with np.errstate(all="ignore"):
        product, error = products_with_error(A, W, V, words)
        K = identity - product
        try:
            R = np.linalg.inv(K)
        except np.linalg.LinAlgError:
            return np.zeros(len(words), dtype=bool)
        off = np.abs(identity - R @ K) + np.abs(R) @ (gamma(m) * np.abs(K) + error + EPS * np.abs(K))
        return np.asarray(np.max(np.sum(off, axis=2), axis=1) < 0.5)
