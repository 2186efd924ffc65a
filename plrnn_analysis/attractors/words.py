"""The words that sequences of subregions repeat."""

from __future__ import annotations

import numpy as np

from ..engines.budget import loading

__all__ = ["Alphabet", "repeated_periods"]

# A word must have been followed this often, and for this many steps, before it is solved.
REPEATS = 2
SHORTEST_TAIL = 24
# This many periods are tried for one tail.
CANDIDATES = 5


class Alphabet:
    """Whole numbers that stand for bitcodes, and the way back.

    A sum of random 63-bit numbers, one for each active ReLU, stands for a bitcode: two bitcodes share it by an accident
    of probability 2^-62, and whatever is found through it is then solved and checked.

    Parameters
    ----------
    n_relu : int
    """

    def __init__(self, n_relu: int) -> None:
        self._weights = np.random.default_rng(0).integers(-(2**62), 2**62, n_relu, dtype=np.int64)
        self._patterns: dict[int, np.ndarray] = {}

    def codes(self, bits: np.ndarray) -> np.ndarray:
        """Numbers (n, T) of the bitcodes (n, T, H)."""
        n, length, n_relu = bits.shape
        codes = bits @ self._weights if n_relu else np.zeros((n, length), dtype=np.int64)
        flat = codes.ravel()
        # Runs stay in a subregion for a while: only where the number changes may there be a new one.
        changed = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
        values, first = np.unique(flat[changed], return_index=True)
        patterns = bits.reshape(n * length, n_relu)
        for value, index in zip(values.tolist(), changed[first].tolist(), strict=True):
            if value not in self._patterns:
                self._patterns[value] = patterns[index].copy()
        return codes

    def word(self, codes: np.ndarray) -> np.ndarray:
        """Bitcodes (k, H) of k numbers that :meth:`codes` gave."""
        return np.array([self._patterns[code] for code in codes.tolist()], dtype=bool)


def repeated_periods(codes: np.ndarray, longest: int) -> list[int]:
    """Periods with which a sequence of labels (T,) ends, those that fill the longest end first, at most `CANDIDATES`.

    The period must fill the end of the sequence at least `REPEATS` times. Several may: ``0000100`` twice, then a
    little longer pause, ends with a shorter period than the whole has.
    """
    with loading():
        from ..kernels.transitions import prefix_matches
    matches = prefix_matches(np.ascontiguousarray(codes[::-1], dtype=np.int64))
    longest = min(longest, len(codes) // REPEATS)
    periods = np.arange(1, longest + 1)
    extents = periods + matches[1 : longest + 1]
    left = extents >= np.maximum(REPEATS * periods, SHORTEST_TAIL)
    found: list[int] = []
    while len(found) < CANDIDATES and np.any(left):
        period = int(np.argmax(np.where(left, extents, 0))) + 1
        found.append(period)
        # What repeats after one period repeats after several.
        left[period - 1 : extents[period - 1] : period] = False
        left[period - 1] = False
    return found
