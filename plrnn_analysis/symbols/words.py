"""Words: which sequences of subregions occur, which never do, and how fast their number grows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..results import ResultSequence, Table
from .sequences import WordLevel, rank, symbol_sequences, word_levels

__all__ = ["ForbiddenWord", "ForbiddenWords", "Words", "forbidden_words", "word_counts"]


@dataclass(frozen=True, eq=False)
class Words(Frozen):
    """Words of one length that occur, in order.

    Attributes
    ----------
    length : int
    symbols : tuple of str
        Names of the subregions; entries of `codes` are indices into it.
    codes : (n_words, length) ndarray of int64
    counts : (n_words,) ndarray of int64
    n_positions : int
        Steps at which a word begins; the counts add up to it.
    """

    length: int
    symbols: tuple[str, ...]
    codes: np.ndarray
    counts: np.ndarray
    n_positions: int

    def __len__(self) -> int:
        return len(self.counts)

    def word(self, index: int) -> tuple[str, ...]:
        """The word in a row of `codes`, as bitcodes."""
        return tuple(self.symbols[i] for i in self.codes[index])

    def most_frequent(self, n: int = 10) -> list[tuple[tuple[str, ...], int]]:
        """The `n` most frequent words with their counts."""
        order = np.argsort(-self.counts, kind="stable")[: whole("n", n, 0)]
        return [(self.word(int(i)), int(self.counts[i])) for i in order]

    def table(self) -> Table:
        """Columns ``word``, ``count`` and ``frequency``."""
        return Table(
            word=[self.word(i) for i in range(len(self))],
            count=self.counts.tolist(),
            frequency=(self.counts / self.n_positions).tolist(),
        )

    def __repr__(self) -> str:
        return f"<Words: {len(self)} of length {self.length} at {self.n_positions} positions>"


@checked
def word_counts(source: Any, length: int, *, discard: int = 0) -> Words:
    """Count the words of a length.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    length : int
        Symbols of a word, at least 1.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.

    Returns
    -------
    Words
        Overlapping words are all counted; none crosses from one trial into the next.

    Raises
    ------
    ModelError
        If no trial is so long.

    Notes
    -----
    O(n N log N) for N steps: words are grown from those one shorter, never listed beforehand.

    Examples
    --------
    >>> word_counts([0, 1, 1, 0, 1, 1], 3).most_frequent()
    [(('0', '1', '1'), 2), (('1', '0', '1'), 1), (('1', '1', '0'), 1)]
    """
    sequences = symbol_sequences(source, discard)
    level = _levels(sequences, whole("length", length, 1))[-1]
    return Words(level.length, sequences.names, level.words, level.counts, level.starts.size)


def _levels(sequences: Any, length: int) -> list[WordLevel]:
    longest = int(sequences.lengths.max())
    if longest < length:
        raise ModelError(f"there is no word of length {length}: the longest trial has {count_words(longest, 'step')}")
    return list(word_levels(sequences, length))


@dataclass(frozen=True)
class ForbiddenWord(Frozen):
    """A word that never occurs although both its parts do.

    Attributes
    ----------
    word : tuple of str
    expected : float
        How often it would occur if its last symbol did not depend on its first, given those between:
        N(first part) N(last part) / N(middle).
    """

    word: tuple[str, ...]
    expected: float


@dataclass(frozen=True, eq=False)
class ForbiddenWords(ResultSequence[ForbiddenWord]):
    """Minimal forbidden words of one length, the most expected first.

    Attributes
    ----------
    length : int
    n_words : int
        Words of this length that do occur.
    n_forbidden : int
        Forbidden ones, listed or not.
    complete : bool
        Whether all of them are listed.
    """

    columns = ("word", "expected")

    _items: tuple[ForbiddenWord, ...]
    length: int
    n_words: int
    n_forbidden: int
    complete: bool

    def __repr__(self) -> str:
        shown = "" if self.complete else f" (the {len(self)} most expected are listed)"
        return f"<ForbiddenWords: {self.n_forbidden} of length {self.length}{shown}; {self.n_words} words occur>"


@checked
def forbidden_words(source: Any, length: int, *, discard: int = 0, max_words: int = 10_000) -> ForbiddenWords:
    """Minimal forbidden words: never seen, although the word without its last and without its first symbol are.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    length : int
        At least 2.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    max_words : int, optional
        List at most this number.

    Returns
    -------
    ForbiddenWords

    Raises
    ------
    ModelError
        If no trial is so long.

    Notes
    -----
    "Forbidden" means "not in these data". A word that was expected 0.1 times says nothing by its absence; one that was
    expected 20 times is excluded by the dynamics with little doubt: under independence given the middle, e^-20. To
    *prove* that a step is impossible use ``model.transition_graph(box=...)``.

    Words are found by joining seen words at their common middle, so time and memory grow with the number of seen
    words and of forbidden ones, not with S^n. Counting is exact where listing is not.

    Examples
    --------
    The golden-mean shift: no 1 follows a 1.

    >>> forbidden_words([0, 1, 0, 0, 1, 0, 1, 0, 0, 0], 2).table()["word"]
    [('1', '1')]
    """
    length = whole("length", length, 2)
    max_words = whole("max_words", max_words, 1)
    sequences = symbol_sequences(source, discard)
    levels = _levels(sequences, length)
    parts, level = levels[-2], levels[-1]
    n_middles = 1 if length == 2 else len(levels[-3].words)
    counts = parts.counts
    # A forbidden word has a middle that both its parts share: sorted by it, heads and tails that fit stand together.
    by_suffix = np.argsort(parts.suffix, kind="stable")
    by_prefix = np.argsort(parts.prefix, kind="stable")
    heads = np.bincount(parts.suffix, minlength=n_middles)
    tails = np.bincount(parts.prefix, minlength=n_middles)
    total = int((heads * tails).sum()) - len(level.words)
    middle_counts = np.array([sequences.n_steps]) if length == 2 else levels[-3].counts
    seen, _ = rank(level.prefix * len(parts.words) + level.suffix, len(parts.words) ** 2)
    head_start = np.concatenate([[0], np.cumsum(heads)])
    tail_start = np.concatenate([[0], np.cumsum(tails)])
    best: tuple[np.ndarray, ...] = (np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    for middle in np.flatnonzero((heads > 0) & (tails > 0)):
        first = by_suffix[head_start[middle] : head_start[middle + 1]]
        last = by_prefix[tail_start[middle] : tail_start[middle + 1]]
        # Few heads at a time: with many subregions all pairs of them would not fit into memory.
        rows = max(1, 2_000_000 // last.size)
        for start in range(0, first.size, rows):
            best = _join(first[start : start + rows], last, counts, middle_counts[middle], seen, best, max_words)
    items = tuple(
        ForbiddenWord(
            tuple(sequences.names[k] for k in (*parts.words[i], parts.words[j][-1])),
            float(e),
        )
        for e, i, j in zip(*best, strict=True)
    )
    return ForbiddenWords(items, length, len(level.words), total, len(items) == total)


def _join(
    first: np.ndarray,
    last: np.ndarray,
    counts: np.ndarray,
    middle: int,
    seen: np.ndarray,
    best: tuple[np.ndarray, ...],
    max_words: int,
) -> tuple[np.ndarray, ...]:
    """Add the unseen joints of heads and tails to the most expected so far."""
    keys = (first[:, None] * counts.size + last[None, :]).ravel()
    place = np.minimum(np.searchsorted(seen, keys), seen.size - 1)
    unseen = keys[seen[place] != keys]
    head, tail = unseen // counts.size, unseen % counts.size
    numbers = counts[head] * counts[tail] / middle
    # The list is full: only what is expected more often than its last entry can enter.
    if best[0].size == max_words:
        better = numbers > best[0][-1]
        head, tail, numbers = head[better], tail[better], numbers[better]
    if head.size == 0:
        return best
    expected = np.concatenate([best[0], numbers])
    head, tail = np.concatenate([best[1], head]), np.concatenate([best[2], tail])
    order = np.lexsort((tail, head, -expected))[:max_words]
    return expected[order], head[order], tail[order]


def growth_rates(numbers: list[int]) -> tuple[list[float], list[float]]:
    """``log(N_n) / n`` and ``log(N_n / N_{n-1})`` of numbers of words, N_0 = 1."""
    mean = [math.log(number) / (i + 1) for i, number in enumerate(numbers)]
    last = [math.log(b / a) for a, b in zip([1, *numbers[:-1]], numbers, strict=True)]
    return mean, last
