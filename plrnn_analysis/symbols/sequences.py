"""Symbol sequences: each step of each trial as a whole number that names its subregion, and words of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import whole
from ..display.abbreviation import count_words, verb
from ..errors import ModelError
from ..maps import bits_to_string
from ..results import Trajectory

__all__ = ["SymbolSequences", "WordLevel", "rank", "symbol_sequences", "trial_counts", "word_levels"]


@dataclass(frozen=True, eq=False)
class SymbolSequences(Frozen):
    """Trials as sequences of symbols.

    Attributes
    ----------
    codes : (n_steps,) ndarray of int64
        All trials one after the other; entries are indices into `names`.
    offsets : (n_trials + 1,) ndarray of int64
        Trial i is ``codes[offsets[i]:offsets[i + 1]]``.
    names : tuple of str
        The symbols that occur, sorted: bitcodes, or whole numbers as text.
    bits : int or None
        Length of a bitcode; None for symbols that are no bitcodes.
    """

    codes: np.ndarray
    offsets: np.ndarray
    names: tuple[str, ...]
    bits: int | None

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.offsets) - 1

    @property
    def n_steps(self) -> int:
        """Steps of all trials together."""
        return len(self.codes)

    @property
    def n_symbols(self) -> int:
        """How many symbols occur."""
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each trial."""
        return np.diff(self.offsets)

    @property
    def trial(self) -> np.ndarray:
        """The trial of each step."""
        return np.repeat(np.arange(self.n_trials), self.lengths)

    def __repr__(self) -> str:
        sizes = ((self.n_trials, "trial"), (self.n_steps, "step"), (self.n_symbols, "symbol"))
        return f"<SymbolSequences: {', '.join(count_words(n, noun) for n, noun in sizes)}>"


@checked
def symbol_sequences(source: Any, discard: int = 0) -> SymbolSequences:
    """Name the subregion of every step by a whole number.

    Every function on bitcode statistics takes what this one takes.

    Parameters
    ----------
    source : Trajectory, array_like, or sequence of array_like
        One of

        - a trajectory, whose padding is left out;
        - bitcodes, (batch, T, H) or (T, H) of bool; (batch, T, H) of 0 and 1 too;
        - symbols, (batch, T) or (T,) of whole numbers or of text;
        - a list of trials of different lengths, each (T, H) of bool or (T,) of whole numbers or text.

        A matrix of *integers* holds symbols, a matrix of *truth values* one trial of bitcodes.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.

    Returns
    -------
    SymbolSequences

    Raises
    ------
    ModelError
        If it is none of these, a trajectory diverges, or a trial has no step left.

    Notes
    -----
    O(N H / 8 + N log N) for N steps; H may be any number, beyond 64 too.

    Examples
    --------
    >>> s = symbol_sequences([[False, True], [True, True], [False, True]])
    >>> s.names, s.codes.tolist()
    (('01', '11'), [0, 1, 0])
    """
    discard = whole("discard", discard, 0)
    if isinstance(source, SymbolSequences):
        trials = [source.codes[a:b] for a, b in zip(source.offsets[:-1], source.offsets[1:], strict=True)]
        names: tuple[str, ...] | None = source.names
        bits = source.bits
    else:
        trials, bits = _trials(source, int(discard))
        names = None
    lengths = np.array([len(trial) for trial in trials], dtype=np.int64)
    if lengths.size == 0 or lengths.min() <= discard:
        found = "there is no trial" if lengths.size == 0 else f"the shortest trial has {lengths.min()} steps"
        raise ModelError(f"no step is left: {found}, and the first {discard} are discarded")
    offsets = np.concatenate([[0], np.cumsum(lengths - discard)])
    flat = np.concatenate([trial[discard:] for trial in trials])
    if bits is not None and names is None:
        distinct, codes = _rank_bits(flat)
        names = tuple(bits_to_string(row) for row in distinct)
    else:
        values, codes = np.unique(flat, return_inverse=True)
        # NumPy 2.0 gave the inverse the shape of its input, other versions not.
        codes = codes.reshape(-1)
        names = tuple(str(v) for v in values) if names is None else tuple(names[int(v)] for v in values)
    return SymbolSequences(codes.astype(np.int64), offsets.astype(np.int64), names, bits)


def _trials(source: Any, discard: int) -> tuple[list[np.ndarray], int | None]:
    """Arrays of the trials, and the length of a bitcode."""
    if isinstance(source, Trajectory):
        finite = source.finite(discard)
        if not finite.all():
            lost = int((~finite).sum())
            raise ModelError(
                f"{lost} of {finite.size} trajectories {verb(lost, 'diverges', 'diverge')} (number "
                f"{int(np.flatnonzero(~finite)[0])} is the first): states that are not finite have no subregion. "
                "Run fewer steps or leave those trajectories out."
            )
        if source.lengths is None:
            return list(source.bitcodes), int(source.bitcodes.shape[2])
        trials = [bits[:n] for bits, n in zip(source.bitcodes, source.lengths, strict=True)]
        return trials, int(source.bitcodes.shape[2])
    if isinstance(source, Sequence) and not isinstance(source, str) and len(source) > 0:
        parts = [np.asarray(part) for part in source if not np.isscalar(part)]
        if len(parts) == len(source) and len({part.shape for part in parts}) > 1:
            return _ragged(parts)
    array = np.asarray(source)
    if array.dtype == bool and array.ndim in (2, 3):
        stack = array[None] if array.ndim == 2 else array
        return list(stack), int(stack.shape[2])
    if array.dtype.kind in "iuf" and array.ndim == 3 and np.isin(array, (0, 1)).all():
        return list(array.astype(bool)), int(array.shape[2])
    if array.dtype.kind in "iuU" and array.ndim in (1, 2):
        return list(array[None] if array.ndim == 1 else array), None
    raise ModelError(
        "source must be a trajectory, bitcodes (batch, T, H) of truth values, symbols (batch, T) of whole numbers or "
        f"text, or a list of such trials; got an array of {array.dtype} of shape {array.shape}"
    )


def _ragged(parts: list[np.ndarray]) -> tuple[list[np.ndarray], int | None]:
    if all(part.dtype == bool and part.ndim == 2 for part in parts):
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise ModelError(f"bitcodes of one source must have one length, got {sorted(widths)}")
        return parts, widths.pop()
    if all(part.dtype.kind in "iu" and part.ndim == 1 for part in parts) or all(
        part.dtype.kind == "U" and part.ndim == 1 for part in parts
    ):
        return parts, None
    found = sorted({f"{part.ndim}-D {part.dtype}" for part in parts})
    raise ModelError(f"each trial of a list must be (T, H) of bool, or (T,) of whole numbers or text; got {found}")


def _rank_bits(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows in the order of their strings, and which of them each row is."""
    n, width = bits.shape
    codes = np.zeros(n, dtype=np.int64)
    packed = np.packbits(bits, axis=1)
    # Seven octets at a time: products of two ranks stay below 2^63 for every array that fits into memory.
    for start in range(0, packed.shape[1], 7):
        part = packed[:, start : start + 7]
        octets = np.zeros((n, 8), dtype=np.uint8)
        octets[:, 8 - part.shape[1] :] = part
        word = octets.view(">i8").reshape(n).astype(np.int64)
        values, word = rank(word, 1 << min(8 * part.shape[1], 62))
        _, codes = rank(codes * len(values) + word, (int(codes.max(initial=0)) + 1) * len(values))
    first = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    first[codes] = np.arange(n)
    return bits[first].reshape(len(first), width), codes


def rank(keys: np.ndarray, bound: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct values of `keys`, all in ``range(bound)``, and the index of each key among them."""
    if bound <= 4 * keys.size + 65536:
        seen = np.zeros(bound, dtype=bool)
        seen[keys] = True
        place = np.cumsum(seen) - 1
        return np.flatnonzero(seen), place[keys]
    values, inverse = np.unique(keys, return_inverse=True)
    return values, inverse.reshape(-1)


@dataclass(frozen=True, eq=False)
class WordLevel:
    """All words of one length.

    Attributes
    ----------
    length : int
    starts : ndarray of int64
        Steps at which a word begins: those with enough of their trial behind them.
    ids : ndarray of int64
        The word at each start, an index into `words`.
    words : (n_words, length) ndarray of int64
        Distinct words in order.
    prefix, suffix : (n_words,) ndarray of int64
        The word without its last and without its first symbol, indices into the words one shorter; at length 1
        all are 0, the empty word.
    """

    length: int
    starts: np.ndarray
    ids: np.ndarray
    words: np.ndarray
    prefix: np.ndarray
    suffix: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How often each word occurs."""
        return np.bincount(self.ids, minlength=len(self.words))


def word_levels(sequences: SymbolSequences, max_length: int) -> Iterator[WordLevel]:
    """Words of length 1, 2, ... up to `max_length`, or up to the longest trial.

    Each level extends the words of the one before: O(N log N) time and O(N) memory a level, however many words
    there could be. No word crosses from one trial into the next.
    """
    codes, n_symbols = sequences.codes, sequences.n_symbols
    left = np.repeat(sequences.offsets[1:], sequences.lengths) - np.arange(sequences.n_steps)
    previous = np.zeros(sequences.n_steps + 1, dtype=np.int64)
    words = np.zeros((1, 0), dtype=np.int64)
    for length in range(1, max_length + 1):
        starts = np.flatnonzero(left >= length)
        if starts.size == 0:
            return
        keys = previous[starts] * n_symbols + codes[starts + length - 1]
        values, ids = rank(keys, len(words) * n_symbols)
        prefix = values // n_symbols
        suffix = np.zeros(len(values), dtype=np.int64)
        suffix[ids] = previous[starts + 1]
        words = np.column_stack([words[prefix], values % n_symbols])
        yield WordLevel(length, starts, ids, words, prefix, suffix)
        previous = np.zeros(sequences.n_steps + 1, dtype=np.int64)
        previous[starts] = ids


def trial_counts(sequences: SymbolSequences, length: int) -> Any:
    """Sparse (n_trials, n_words) numbers of words."""
    from scipy.sparse import csr_matrix

    shortest = int(sequences.lengths.min())
    if shortest < length:
        raise ModelError(f"there is no word of length {length} in the shortest trial, of {shortest} steps")
    level = list(word_levels(sequences, length))[-1]
    pairs, place = rank(sequences.trial[level.starts] * len(level.words) + level.ids,
                        sequences.n_trials * len(level.words))  # fmt: skip
    numbers = np.bincount(place).astype(np.float64)
    where = (pairs // len(level.words), pairs % len(level.words))
    return csr_matrix((numbers, where), shape=(sequences.n_trials, len(level.words)))
