"""Block entropies and the entropy rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import whole
from ..display.abbreviation import count_words
from ..results import ResultSequence, Table
from .estimates import Estimate, confidence_level, entropy_without, estimate, log_unit, units_of
from .sequences import symbol_sequences, word_levels
from .words import growth_rates

__all__ = ["BlockEntropies", "BlockEntropy", "block_entropies"]

#: Words of a length are sampled well where each occurs so often on average.
ENOUGH_COUNTS = 20


@dataclass(frozen=True)
class BlockEntropy(Frozen):
    """Entropy of the words of one length.

    Attributes
    ----------
    length : int
        n.
    n_words, n_positions : int
        Different words seen, and positions at which one begins.
    unseen : float
        Good-Turing estimate of the probability of words not seen: the share of words that occur once.
    entropy : Estimate
        Of words of length n, H_n.
    rate : Estimate
        h_n = H_n - H_{n-1}: entropy of the next symbol given the n - 1 before it.
    growth : float
        ``log(n_words) / n``.
    growth_ratio : float
        ``log`` of n_words over that of words one shorter.
    well_sampled : bool
        Whether words occur 20 times on average; where not, entropies are too small whatever the correction.
    """

    length: int
    n_words: int
    n_positions: int
    unseen: float
    entropy: Estimate
    rate: Estimate
    growth: float
    growth_ratio: float
    well_sampled: bool


@dataclass(frozen=True, eq=False)
class BlockEntropies(ResultSequence[BlockEntropy]):
    """Block entropies for n = 1, 2, ...

    Attributes
    ----------
    n_symbols, n_trials, n_steps : int
    unit : str
        Of all entropies: ``"nats"``, ``"bits"``, ...
    resampled : str
        What was left out in turn for bias and intervals.
    notes : tuple of str
    """

    _items: tuple[BlockEntropy, ...]
    n_symbols: int
    n_trials: int
    n_steps: int
    unit: str
    resampled: str
    notes: tuple[str, ...]

    @property
    def rate(self) -> Estimate:
        """The entropy rate: h_n of the longest words that are well sampled (of length 1 if none is).

        h_n falls towards the entropy rate as n grows, so this bounds it from above, to within the interval.
        """
        good = [item for item in self if item.well_sampled]
        return (good[-1] if good else self[0]).rate

    @property
    def rate_length(self) -> int:
        """The length n that :attr:`rate` was taken at."""
        good = [item.length for item in self if item.well_sampled]
        return good[-1] if good else 1

    def table(self) -> Table:
        """One row per length: numbers of words, entropies and rates with their intervals."""
        return Table(
            length=[b.length for b in self],
            n_words=[b.n_words for b in self],
            unseen=[b.unseen for b in self],
            entropy=[b.entropy.value for b in self],
            entropy_lower=[b.entropy.lower for b in self],
            entropy_upper=[b.entropy.upper for b in self],
            rate=[b.rate.value for b in self],
            rate_lower=[b.rate.lower for b in self],
            rate_upper=[b.rate.upper for b in self],
            growth=[b.growth for b in self],
            growth_ratio=[b.growth_ratio for b in self],
            well_sampled=[b.well_sampled for b in self],
        )

    def __repr__(self) -> str:
        return f"<BlockEntropies: lengths 1 to {len(self)}; entropy rate {self.rate} at length {self.rate_length}>"


@checked
def block_entropies(
    source: Any, max_length: int = 8, *, discard: int = 0, base: float = math.e, confidence: float = 0.95
) -> BlockEntropies:
    """Entropies of words of length 1, 2, ..., and the entropy rate.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    max_length : int, optional
        Longest word.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    base : float, optional
        Of the logarithm: e for nats, 2 for bits. Nats by default, the unit of Lyapunov exponents.
    confidence : float, optional
        Of the intervals.

    Returns
    -------
    BlockEntropies

    Raises
    ------
    ModelError
        If an argument is not as described.

    Notes
    -----
    H_n is the entropy of the observed frequencies of words. In h_n = H_n - H_{n-1} the shorter words are counted where
    a longer one begins, so that h_n >= 0 as it must be.

    Observed frequencies give entropies that are too small. The jackknife (Quenouille 1956; for entropies Zahl 1977,
    Ecology 58, 907) removes the bias of order 1 / N: trials are left out in turn, or, of fewer than ten trials,
    blocks of consecutive steps. Unlike the correction (K - 1) / 2N of Miller (1955), it stays right where steps depend
    on each other. With a single block there is no interval and the correction is Miller's. Intervals are jackknife
    standard errors with Student's quantile and a second-order term (Harris 1975): they are wider than need be where
    all symbols are equally likely, and too narrow where blocks are shorter than the memory of the process, or long
    words are sampled badly.

    O(n N log N) time.

    Examples
    --------
    >>> import numpy as np
    >>> coin = np.random.default_rng(0).integers(0, 2, (50, 200))
    >>> found = block_entropies(coin, 3, base=2)
    >>> found[0].entropy.lower < 1 < found[0].entropy.upper, found.unit
    (True, 'bits')
    """
    max_length = whole("max_length", max_length, 1)
    factor, unit = log_unit(base)
    confidence = confidence_level(confidence)
    sequences = symbol_sequences(source, discard)
    units = units_of(sequences)
    items: list[BlockEntropy] = []
    n_before = 1
    numbers: list[int] = []
    for level in word_levels(sequences, max_length):
        n_words, n_positions = len(level.words), level.starts.size
        numbers.append(n_words)
        owner = units.index[level.starts]
        plug_in, without = entropy_without(level.ids, n_words, owner, units.n)
        shorter, shorter_without = entropy_without(level.prefix[level.ids], n_before, owner, units.n)
        common: dict[str, Any] = {"samples": n_positions, "sign": -1.0, "confidence": confidence, "factor": factor}
        entropy = estimate(plug_in, without, parameters=n_words - 1, unit=unit, **common)
        # Each context has its own distribution of next symbols, with one free parameter less than it has symbols.
        contexts = np.unique(level.prefix).size
        # Exactly 0 where the next symbol is certain: rounding would make it -1e-16.
        difference = max(plug_in - shorter, 0.0)
        rate = estimate(difference, without - shorter_without, parameters=n_words - contexts, unit=unit, **common)
        once = int((level.counts == 1).sum())
        good = n_positions >= ENOUGH_COUNTS * n_words
        growth, ratio = growth_rates(numbers)
        items.append(
            BlockEntropy(
                level.length, n_words, n_positions, once / n_positions, entropy, rate,
                factor * growth[-1], factor * ratio[-1], good,
            )
        )  # fmt: skip
        n_before = n_words
    return BlockEntropies(
        tuple(items), sequences.n_symbols, sequences.n_trials, sequences.n_steps, unit, units.text,
        _notes(items, max_length, units.n),
    )  # fmt: skip


def _notes(items: list[BlockEntropy], max_length: int, n_units: int) -> tuple[str, ...]:
    notes = []
    if len(items) < max_length:
        notes.append(f"no trial is longer than {count_words(len(items), 'step')}")
    bad = [item.length for item in items if not item.well_sampled]
    if bad:
        notes.append(f"words of length {bad[0]} and more occur fewer than {ENOUGH_COUNTS} times on average")
    if n_units < 2:
        notes.append("too few steps for an interval")
    return tuple(notes)
