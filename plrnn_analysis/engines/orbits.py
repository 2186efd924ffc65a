"""Orbits of a map: which rotations of a cycle are one."""

from __future__ import annotations

import numpy as np

from ..maps import distinct_patterns

__all__ = ["is_repeated", "least_rotations", "shifts_of"]

# Words of more rotations than this are rotated one by one, in linear time.
LONG = 64


def least_rotations(bits: np.ndarray, shift: int) -> np.ndarray:
    """For each word of `bits` (n, period, H) the rotation, a multiple of `shift`, that reads least."""
    count, period, _ = bits.shape
    _, symbols = distinct_patterns(bits.reshape(count * period, bits.shape[2]))
    words = symbols.reshape(count, period)
    if period // shift > LONG:
        return np.array([_least_rotation(word.reshape(-1, shift).tolist()) * shift for word in words], dtype=np.intp)
    best, turns = words, np.zeros(count, dtype=np.intp)
    for r in range(shift, period, shift):
        turned = np.roll(words, -r, 1)
        differ = turned != best
        first = np.argmax(differ, axis=1)
        rows = np.arange(count)
        less = turned[rows, first] < best[rows, first]
        best = np.where(less[:, None], turned, best)
        turns[less] = r
    return turns


def _least_rotation(word: list[list[int]]) -> int:
    """The first rotation of a word that reads least, in linear time (Booth 1980, doi:10.1016/0020-0190(80)90149-0)."""
    n = len(word)
    first, second, same = 0, 1, 0
    # Two candidates: the one that loses, and all starts up to where it lost, cannot be least.
    while first < n and second < n and same < n:
        one, other = word[(first + same) % n], word[(second + same) % n]
        if one == other:
            same += 1
            continue
        if one > other:
            first += same + 1
        else:
            second += same + 1
        if first == second:
            second += 1
        same = 0
    return min(first, second)


def shifts_of(period: int, shift: int) -> list[int]:
    """Proper divisors of a period that are multiples of `shift`: by which a repeated orbit returns to itself."""
    return [d for d in range(shift, period, shift) if period % d == 0]


def is_repeated(words: np.ndarray, shift: int) -> np.ndarray:
    """Which words (n, period, H) are a shorter one, of a length divisible by `shift`, repeated."""
    repeated = np.zeros(len(words), dtype=bool)
    for d in shifts_of(words.shape[1], shift):
        repeated |= np.all(np.roll(words, d, 1) == words, axis=(1, 2))
    return repeated
