"""The affine map along a word."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..maps import CanonicalMap, distinct_patterns

__all__ = ["affine_along", "composition", "follows_its_word", "is_short"]

# Entries of products below this are zero.
TINY = 1e-280
# Numbers that the Jacobians of a part of a word may hold: 32 MB.
ENTRIES = 4_000_000
# Words of this many steps, and units in all steps together, are solved exactly.
SHORT, SHORT_UNITS = 32, 256


def is_short(word: np.ndarray, n_units: int) -> bool:
    """Whether a word (k, H) is short enough to be solved in exact arithmetic."""
    return len(word) <= SHORT and len(word) * n_units <= SHORT_UNITS


def composition(map: CanonicalMap, word: np.ndarray, check: Callable[[], None]) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix and offset of the affine map around a word (k, H), and the largest norm of a product from its start.

    `check` is called at each step, and may raise.
    """
    matrix, offset = np.eye(map.n_units), np.zeros(map.n_units)
    jacobians: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    growth = 1.0
    for bits in word:
        check()
        key = bits.tobytes()
        if len(jacobians) * map.n_units**2 > ENTRIES:
            jacobians.clear()
        if key not in jacobians:
            jacobians[key] = map.jacobian(bits), map.offset(bits)
        jacobian, shift = jacobians[key]
        matrix, offset = jacobian @ matrix, jacobian @ offset + shift
        # Products of numbers below the smallest normal one take a hundred times as long.
        matrix[np.abs(matrix) < TINY] = 0.0
        growth = max(growth, float(np.linalg.norm(matrix)))
    return matrix, offset, growth


def affine_along(map: CanonicalMap, word: np.ndarray, check: Callable[[], None]) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (M, M) and offset (M,) of the affine map around a word (k, H), all pairs of neighbours at once.

    In parts, where the matrices of all steps would take too much memory; `check` is called before each, and may raise.
    """
    m = map.n_units
    # A power of two: neighbours are the same as those of the whole.
    length = 1 << max(0, (ENTRIES // (m + 1) ** 2).bit_length() - 1)
    whole = np.eye(m + 1)
    for start in range(0, len(word), length):
        check()
        part = _product_along(map, word[start : start + length])
        whole = part if start == 0 else part @ whole
    return whole[:m, :m], whole[:m, m]


def _product_along(map: CanonicalMap, word: np.ndarray) -> np.ndarray:
    """The affine map (M + 1, M + 1) along a word that is not too long."""
    m = map.n_units
    first, places = distinct_patterns(word)
    patterns = word[first]
    steps = np.zeros((len(patterns), m + 1, m + 1))
    for step, bits in zip(steps, patterns, strict=True):
        step[:m, :m], step[:m, m], step[m, m] = map.jacobian(bits), map.offset(bits), 1.0
    maps = steps[places]
    while len(maps) > 1:
        odd = maps[len(maps) & ~1 :]
        maps = np.concatenate([maps[1::2] @ maps[: len(maps) & ~1 : 2], odd])
    return np.asarray(maps[0])


def follows_its_word(map: CanonicalMap, word: np.ndarray, check: Callable[[], None]) -> bool:
    """Whether the solution of a word (k, H) follows that word, to floating-point rounding."""
    matrix, offset = affine_along(map, word, check)
    with np.errstate(all="ignore"):
        try:
            z = np.linalg.solve(np.eye(map.n_units) - matrix, offset)
        except np.linalg.LinAlgError:
            return False
        for bits in word:
            y = map.preactivation(z)
            if np.any((y > 0.0) != bits):
                return False
            z = map.A @ z + map.W @ np.where(bits, y, 0.0) + map.h
    return True
