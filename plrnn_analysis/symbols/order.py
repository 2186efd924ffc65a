"""The Markov order: how many past symbols the next one depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import number, random_generator, whole
from ..display.abbreviation import count_words
from ..errors import ModelError
from ..results import ResultSequence
from .sequences import SymbolSequences, WordLevel, rank, symbol_sequences, word_levels

__all__ = ["MarkovOrderTest", "OrderComparison", "markov_order_test"]

#: Share of cells that may expect fewer than 5 (Cochran 1954).
SPARSE = 0.2


@dataclass(frozen=True)
class OrderComparison(Frozen):
    """Test of Markov order k against k + 1.

    Attributes
    ----------
    order : int
        k, of the null hypothesis.
    statistic : float
        Likelihood ratio G² = 2 sum N(a v b) log(N(a v b) N(v) / (N(a v) N(v b))), v of length k.
    pearson : float
        Pearson's X² for the same table.
    degrees : int
        Degrees of freedom: the sum over contexts v of (seen a - 1) (seen b - 1).
    p_value, pearson_p_value : float
        From the chi-squared distribution; 1 without degrees of freedom.
    sparse_share : float
        Share of the cells whose expected count is below 5: the p-values above need it to be small.
    exact_p_value : float
        From surrogates with the same numbers of words of length k + 1; NaN if none were asked for.
    """

    order: int
    statistic: float
    pearson: float
    degrees: int
    p_value: float
    pearson_p_value: float
    sparse_share: float
    exact_p_value: float


@dataclass(frozen=True, eq=False)
class MarkovOrderTest(ResultSequence[OrderComparison]):
    """Tests of order 0, 1, 2, ...

    Attributes
    ----------
    level : float
        Below which a p-value rejects.
    n_surrogates : int
    n_steps : int
    notes : tuple of str
    """

    columns = (
        "order", "statistic", "degrees", "p_value", "pearson", "pearson_p_value", "sparse_share", "exact_p_value",
    )  # fmt: skip

    _items: tuple[OrderComparison, ...]
    level: float
    n_surrogates: int
    n_steps: int
    notes: tuple[str, ...]

    @property
    def order(self) -> int | None:
        """The lowest order that is not rejected, by the exact p-value if there is one.

        None if all are, or if the first that is not has too small expected counts for its p-value to mean much.
        """
        item = self._first_kept()
        return None if item is None or self._is_sparse(item) else item.order

    def _first_kept(self) -> OrderComparison | None:
        for item in self:
            p = item.p_value if math.isnan(item.exact_p_value) else item.exact_p_value
            if p > self.level:
                return item
        return None

    def _is_sparse(self, item: OrderComparison) -> bool:
        return math.isnan(item.exact_p_value) and item.degrees > 0 and item.sparse_share > SPARSE

    def __repr__(self) -> str:
        kept = self._first_kept()
        if kept is None:
            found = f"more than order {self[-1].order}"
        elif self._is_sparse(kept):
            found = f"undecided at order {kept.order}, too few steps for chi-squared: use surrogates"
        else:
            found = f"order {kept.order}"
        return f"<MarkovOrderTest: {found} at level {self.level:g}, {count_words(self.n_steps, 'step')}>"


@checked
def markov_order_test(
    source: Any, max_order: int = 3, *, discard: int = 0, level: float = 0.05, surrogates: int = 0, seed: int = 0
) -> MarkovOrderTest:
    """Test whether the next subregion depends on k past ones, or on one more: k = 0, 1, ..., `max_order`.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    max_order : int, optional
        Largest k tested.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    level : float, optional
        Of :attr:`MarkovOrderTest.order`.
    surrogates : int, optional
        How many surrogates the exact test draws; 0 for none, 199 is usual.
    seed : int, optional
        Of the surrogates.

    Returns
    -------
    MarkovOrderTest

    Raises
    ------
    ModelError
        If an argument is not as described, or no trial has two steps.

    Notes
    -----
    G² and X² are chi-squared under order k (Anderson & Goodman 1957, doi:10.1214/aoms/1177707039), with degrees of
    freedom for the contexts and symbols that occur only. That needs expected counts of about 5; `sparse_share` says
    how many cells fall short. With many subregions most do, G² is then far too small, and the test keeps anything:
    where more than a fifth of the cells fall short, an order that is kept is not reported.

    The exact test needs no large counts: each surrogate keeps, trial by trial, the first and last k symbols and the
    numbers of all words of length k + 1, and is drawn uniformly from the sequences that do (Pethel & Hahs 2014,
    Physica D 269, 42; arXiv:1302.1500). Here they are drawn as random Eulerian trails: a uniform spanning tree of last
    exits (Wilson 1996) and a shuffle of the others. Its p-value is valid in samples of any size; short trials leave
    little to shuffle and so little power. O(surrogates · N) in plain Python, about a microsecond per step.

    One test per k is made; the first order not rejected is wrong by chance in about `level` of the cases where it could
    be right. A deterministic map's subregions need not have a finite order at all.

    Examples
    --------
    >>> import numpy as np
    >>> coin = np.random.default_rng(1).integers(0, 2, (20, 100))
    >>> test = markov_order_test(coin, 2)
    >>> test.order, [c.degrees for c in test]
    (0, [1, 2, 4])
    """
    max_order = whole("max_order", max_order, 0)
    surrogates = whole("surrogates", surrogates, 0)
    level = number("level", level, above=0.0, below=1.0)
    sequences = symbol_sequences(source, discard)
    levels = list(word_levels(sequences, max_order + 2))
    if len(levels) < 2:
        raise ModelError("there is no transition: every trial has one step")
    rng = random_generator(seed)
    items = []
    for k in range(len(levels) - 1):
        contexts = np.zeros(1, dtype=np.int64) if k == 0 else np.arange(len(levels[k - 1].words))
        g, x, degrees, sparse = _statistics(levels[k], levels[k + 1], contexts.size)
        exact = _exact(sequences, levels, k, g, surrogates, rng) if surrogates else math.nan
        items.append(OrderComparison(k, g, x, degrees, _tail(g, degrees), _tail(x, degrees), sparse, exact))
    notes = []
    if len(items) <= max_order:
        notes.append(f"orders above {len(items) - 1} need longer trials")
    sparse_orders = [item.order for item in items if item.sparse_share > SPARSE and item.degrees]
    if sparse_orders and not surrogates:
        notes.append(f"many expected counts are below 5 at order {sparse_orders[0]} and above: use surrogates=199")
    return MarkovOrderTest(tuple(items), level, surrogates, sequences.n_steps, tuple(notes))


def _tail(statistic: float, degrees: int) -> float:
    if degrees == 0:
        return 1.0
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))


def _statistics(parts: WordLevel, level: WordLevel, n_contexts: int) -> tuple[float, float, int, float]:
    """G², X², degrees of freedom, and the share of cells with small expectation, of words a v b."""
    counts = level.counts.astype(np.float64)
    # Margins of the table itself, so that the ends of trials cannot make G² negative.
    heads = np.bincount(level.prefix, weights=counts, minlength=len(parts.words))
    tails = np.bincount(level.suffix, weights=counts, minlength=len(parts.words))
    head_middle, tail_middle = parts.suffix, parts.prefix
    middles = np.bincount(head_middle, weights=heads, minlength=n_contexts)
    n_heads = np.bincount(head_middle[heads > 0], minlength=n_contexts)
    n_tails = np.bincount(tail_middle[tails > 0], minlength=n_contexts)
    seen = middles > 0
    degrees = int(((n_heads - 1) * (n_tails - 1))[seen].sum())
    # Under order k, what comes before and after the middle v is independent given v.
    expected = heads[level.prefix] * tails[level.suffix] / middles[head_middle[level.prefix]]
    g = max(0.0, 2.0 * float((counts * np.log(counts / expected)).sum()))
    # Cells that were not seen add their expectation: all expectations add up to the number of words.
    x = float(((counts - expected) ** 2 / expected).sum() + max(counts.sum() - expected.sum(), 0.0))
    cells = int((n_heads * n_tails)[seen].sum())
    filled = int((expected >= 5).sum())
    return g, x, degrees, 1.0 - _large_cells(heads, tails, middles, head_middle, tail_middle, cells, filled) / cells


def _large_cells(
    heads: np.ndarray,
    tails: np.ndarray,
    middles: np.ndarray,
    head_middle: np.ndarray,
    tail_middle: np.ndarray,
    cells: int,
    filled: int,
) -> int:
    """How many cells, unseen ones included, expect at least 5; of a very large table the seen ones only."""
    if cells > 5_000_000:
        return filled
    large = 0
    by_head, by_tail = np.argsort(head_middle, kind="stable"), np.argsort(tail_middle, kind="stable")
    head_ends = np.cumsum(np.bincount(head_middle, minlength=middles.size))
    tail_ends = np.cumsum(np.bincount(tail_middle, minlength=middles.size))
    for v in np.flatnonzero(middles):
        left = heads[by_head[head_ends[v - 1] if v else 0 : head_ends[v]]]
        right = tails[by_tail[tail_ends[v - 1] if v else 0 : tail_ends[v]]]
        large += int((left[:, None] * right[None, :] >= 5 * middles[v]).sum())
    return large


def _exact(
    sequences: SymbolSequences,
    levels: list[WordLevel],
    k: int,
    statistic: float,
    surrogates: int,
    rng: np.random.Generator,
) -> float:
    """Share of surrogates, the data among them, whose G² is at least that of the data."""
    if k == 0:
        # Order 0 keeps the symbols alone: any permutation of a trial is as likely.
        nodes = [sequences.codes[a:b] for a, b in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)]
        last = np.arange(sequences.n_symbols)
    else:
        level = levels[k - 1]
        trial = np.searchsorted(sequences.offsets, level.starts, side="right") - 1
        nodes = np.split(level.ids, np.cumsum(np.bincount(trial, minlength=sequences.n_trials))[:-1])
        last = level.words[:, -1]
    at_least = 0
    for _ in range(surrogates):
        pieces = []
        for i, trail in enumerate(nodes):
            start = sequences.codes[sequences.offsets[i] : sequences.offsets[i + 1]]
            if trail.size < 2:
                pieces.append(start)
            elif k == 0:
                pieces.append(rng.permutation(trail))
            else:
                new = _random_trail(trail, rng)
                pieces.append(np.concatenate([start[: k - 1], last[new]]))
        fake = SymbolSequences(np.concatenate(pieces), sequences.offsets, sequences.names, sequences.bits)
        words = list(word_levels(fake, k + 2))
        n_contexts = 1 if k == 0 else len(words[k - 1].words)
        at_least += _statistics(words[k], words[k + 1], n_contexts)[0] >= statistic * (1 - 1e-12) - 1e-9
    return (1 + at_least) / (1 + surrogates)


def _random_trail(trail: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random walk with the first and last node and the steps of `trail`, each as often."""
    nodes, walk = rank(trail, int(trail.max()) + 1)
    order = rng.permutation(walk.size - 1)
    exits: list[list[int]] = [[] for _ in nodes]
    for a, b in zip(walk[:-1][order].tolist(), walk[1:][order].tolist(), strict=True):
        exits[a].append(b)
    end = int(walk[-1])
    # Wilson: a uniform tree of last exits towards the end, by walks whose loops are erased.
    choice = [-1] * len(nodes)
    done = [False] * len(nodes)
    done[end] = True
    draws = iter(rng.random(4 * len(nodes) + 64).tolist())
    for start in range(len(nodes)):
        at = start
        while not done[at]:
            draw = next(draws, None)
            if draw is None:
                draws = iter(rng.random(1024).tolist())
                draw = next(draws)
            choice[at] = int(draw * len(exits[at]))
            at = exits[at][choice[at]]
        at = start
        while not done[at]:
            done[at] = True
            at = exits[at][choice[at]]
    for node, last in enumerate(choice):
        if node != end:
            # The rest stays in its random order; exits are taken from the end of the list.
            exits[node][0], exits[node][last] = exits[node][last], exits[node][0]
    new = [int(walk[0])]
    for _ in range(walk.size - 1):
        new.append(exits[new[-1]].pop())
    return nodes[np.array(new)]
