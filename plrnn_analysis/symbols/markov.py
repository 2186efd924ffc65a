"""The Markov chain of the observed transitions: stationary distribution and entropy rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from ..errors import ModelError
from .estimates import Estimate, confidence_level, estimate, log_unit, units_of
from .sequences import rank, symbol_sequences, word_levels

__all__ = ["MarkovChain", "markov_chain", "markov_entropy_rate"]

# Groups of trials that are left out in turn: each takes the solution of a linear system.
_GROUPS = 40
# Numbers of states up to which that system is dense.
_DENSE = 400


@dataclass(frozen=True, eq=False)
class MarkovChain(Frozen):
    """The chain of first order that the observed transitions suggest.

    Attributes
    ----------
    symbols : tuple of str
        All visited subregions.
    source, target : (n_edges,) ndarray of int64
        Transitions seen, as indices into `symbols`, in order.
    count : (n_edges,) ndarray of int64
    probability : (n_edges,) ndarray
        Of the transition, given its source.
    stationary : (n_symbols,) ndarray
        Stationary distribution; where several sets of subregions are never left, the one that is reached from where
        trials begin.
    recurrent_share : float
        Share of the observed steps in subregions of positive stationary probability. A small share says that the
        stationary distribution rests on few of the data.
    entropy_rate : Estimate
        ``- sum_i p_i sum_j P_ij log P_ij``.
    notes : tuple of str
    """

    symbols: tuple[str, ...]
    source: np.ndarray
    target: np.ndarray
    count: np.ndarray
    probability: np.ndarray
    stationary: np.ndarray
    recurrent_share: float
    entropy_rate: Estimate
    notes: tuple[str, ...]

    def matrix(self) -> np.ndarray:
        """Transition matrix (n_symbols, n_symbols); the row of a subregion never left is zero."""
        dense = np.zeros((len(self.symbols),) * 2)
        dense[self.source, self.target] = self.probability
        return dense

    def __repr__(self) -> str:
        return f"<MarkovChain: {len(self.symbols)} states, {self.count.size} transitions; rate {self.entropy_rate}>"


@checked
def markov_chain(source: Any, *, discard: int = 0, base: float = math.e, confidence: float = 0.95) -> MarkovChain:
    """Transition probabilities, their stationary distribution, and the entropy rate of the chain.

    Parameters
    ----------
    source : Trajectory or array_like
        See :func:`symbol_sequences`.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    base : float, optional
        Of the logarithm: e for nats, 2 for bits.
    confidence : float, optional
        Of the interval.

    Returns
    -------
    MarkovChain

    Raises
    ------
    ModelError
        If no trial has a second step.

    Notes
    -----
    The rate is that of a chain without memory beyond one step: at least the entropy rate of the process if that is
    stationary, and equal to it if :func:`markov_order_test` finds order 1. Against h_2 of :func:`block_entropies` it
    weighs subregions by the stationary distribution, not by where short trials happened to be.

    A subregion that only ends trials has no successor; steps into it are left out and a note says so. Bias and
    interval by the jackknife, as in :func:`block_entropies`, over at most 40 groups of trials or blocks.

    Examples
    --------
    >>> chain = markov_chain([0, 1, 0, 0, 1, 0, 1, 0, 0, 0])
    >>> chain.matrix().tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    >>> chain.stationary.round(4).tolist()
    [0.6667, 0.3333]
    """
    factor, unit = log_unit(base)
    confidence = confidence_level(confidence)
    sequences = symbol_sequences(source, discard)
    level = list(word_levels(sequences, 2))[-1]
    if level.length < 2:
        raise ModelError("there is no transition: every trial has one step")
    n = sequences.n_symbols
    a, b = level.words[:, 0], level.words[:, 1]
    begin = np.bincount(sequences.codes[sequences.offsets[:-1]], minlength=n) / sequences.n_trials
    units = units_of(sequences, _GROUPS)
    owner = units.index[level.starts]
    pairs, place = rank(owner * len(a) + level.ids, units.n * len(a))
    inside = np.bincount(place)
    counts = level.counts.astype(np.float64)
    stationary, probability, dropped = _stationary(a, b, counts, begin)
    plug_in = _rate(a, probability, stationary)
    without = np.full(units.n, np.nan)
    limits = np.searchsorted(pairs, np.arange(units.n + 1) * len(a))
    # Leaving out a unit takes its transitions away; where trials began stays, for that was the experiment's choice.
    for i in range(units.n):
        rest = counts.copy()
        part = slice(limits[i], limits[i + 1])
        rest[pairs[part] % len(a)] -= inside[part]
        if rest.any():
            p, q, _ = _stationary(a, b, rest, begin)
            without[i] = _rate(a, q, p)
    parameters = len(a) - np.unique(a).size
    rate = estimate(
        plug_in, without,
        parameters=parameters, samples=level.starts.size, sign=-1, confidence=confidence, factor=factor, unit=unit,
    )  # fmt: skip
    visits = np.bincount(sequences.codes, minlength=n)
    # Subregions that the chain leaves for good have no weight in the rate: say how much of the data they are.
    share = float(visits[stationary > 0].sum() / sequences.n_steps)
    notes = []
    if dropped:
        notes.append(f"{dropped} steps into subregions without a successor were left out")
    if units.n < 2:
        notes.append("too few steps for an interval")
    return MarkovChain(
        symbols=sequences.names,
        source=a.copy(),
        target=b.copy(),
        count=level.counts,
        probability=probability,
        stationary=stationary,
        recurrent_share=share,
        entropy_rate=rate,
        notes=tuple(notes),
    )


@checked
def markov_entropy_rate(transition_matrix: Any, *, base: float = math.e) -> float:
    """Entropy rate of a Markov chain whose transition matrix is known.

    Parameters
    ----------
    transition_matrix : (S, S) array_like
        Rows sum to 1.
    base : float, optional

    Returns
    -------
    float

    Raises
    ------
    ModelError
        If it is no transition matrix, or several sets of states are never left: then there are several rates.

    Examples
    --------
    >>> round(markov_entropy_rate([[0.5, 0.5], [1.0, 0.0]], base=2), 6)
    0.666667
    """
    from .._validation import as_array

    factor, _ = log_unit(base)
    matrix = as_array("transition_matrix", transition_matrix, (None, None))
    if matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ModelError(f"transition_matrix must be square, got {matrix.shape}")
    if (matrix < 0).any() or np.abs(matrix.sum(axis=1) - 1.0).max() > 1e-9:
        raise ModelError("each row of transition_matrix must be non-negative and sum to 1")
    a, b = np.nonzero(matrix)
    n = len(matrix)
    closed, _ = _closed_classes(a, b, n)
    if closed.max() > 0:
        raise ModelError(
            f"{int(closed.max()) + 1} sets of states are never left, so there is no single stationary distribution: "
            "give the matrix of one of them"
        )
    stationary, probability, _ = _stationary(a, b, matrix[a, b], np.full(n, 1.0 / n))
    return factor * _rate(a, probability, stationary)


def _rate(source: np.ndarray, probability: np.ndarray, stationary: np.ndarray) -> float:
    return float(-(stationary[source] * probability * np.log(np.where(probability > 0, probability, 1.0))).sum()) + 0.0


def _closed_classes(source: np.ndarray, target: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """For each state the closed class it is in, or -1; and its strongly connected component."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    graph = csr_matrix((np.ones(source.size), (source, target)), shape=(n, n))
    n_components, label = connected_components(graph, directed=True, connection="strong")
    is_open = np.zeros(n_components, dtype=bool)
    # A component with an edge out of it is left sooner or later, and has no stationary weight.
    is_open[label[source[label[source] != label[target]]]] = True
    number = np.where(is_open, -1, np.cumsum(~is_open) - 1)
    return number[label], label


def _stationary(
    source: np.ndarray, target: np.ndarray, counts: np.ndarray, begin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Long-run distribution from `begin`, transition probabilities, and how many steps into dead ends were dropped."""
    n = begin.size
    counts = counts.copy()
    dropped = 0.0
    while True:
        leaving = np.bincount(source, weights=counts, minlength=n)
        dead = (counts > 0) & (leaving[target] == 0)
        if not dead.any() or dead.sum() == np.count_nonzero(counts):
            break
        dropped += float(counts[dead].sum())
        counts[dead] = 0.0
    probability = np.divide(counts, leaving[source], out=np.zeros_like(counts), where=leaving[source] > 0)
    used = counts > 0
    alive = np.zeros(n, dtype=bool)
    alive[source[used]] = True
    alive[target[used]] = True
    states = np.flatnonzero(alive)
    new = np.cumsum(alive) - 1
    a, b, p = new[source[used]], new[target[used]], probability[used]
    closed, _ = _closed_classes(a, b, states.size)
    start = begin[states]
    start = start / start.sum() if start.sum() > 0 else np.full(states.size, 1.0 / states.size)
    weights = _absorbed(a, b, p, closed, start)
    found = np.zeros(states.size)
    for k, weight in enumerate(weights):
        inside = np.flatnonzero(closed == k)
        rows = closed[a] == k
        place = np.searchsorted(inside, a[rows]), np.searchsorted(inside, b[rows])
        found[inside] = weight * _perron(inside.size, *place, p[rows])
    stationary = np.zeros(n)
    stationary[states] = found
    return stationary, probability, int(dropped)


def _absorbed(a: np.ndarray, b: np.ndarray, p: np.ndarray, closed: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Probability of ending in each closed class."""
    weights = np.bincount(closed[closed >= 0], weights=start[closed >= 0], minlength=int(closed.max()) + 1)
    transient = np.flatnonzero(closed < 0)
    if transient.size == 0 or weights.size == 1:
        return weights / weights.sum() if weights.size > 1 else np.ones(1)
    # Expected visits v of transient states solve (I - T)' v = start.
    stay = (closed[a] < 0) & (closed[b] < 0)
    visits = _solve_transposed(
        transient.size, np.searchsorted(transient, a[stay]), np.searchsorted(transient, b[stay]), p[stay],
        start[transient],
    )  # fmt: skip
    leave = (closed[a] < 0) & (closed[b] >= 0)
    flow = visits[np.searchsorted(transient, a[leave])] * p[leave]
    weights = weights + np.bincount(closed[b[leave]], weights=flow, minlength=weights.size)
    return weights / weights.sum()


def _solve_transposed(n: int, a: np.ndarray, b: np.ndarray, p: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve (I - P') v = right."""
    if n <= _DENSE:
        system = np.eye(n)
        np.subtract.at(system, (b, a), p)
        return np.linalg.solve(system, right)
    from scipy.sparse import csc_matrix, identity
    from scipy.sparse.linalg import spsolve

    return np.asarray(spsolve((identity(n) - csc_matrix((p, (b, a)), shape=(n, n))).tocsc(), right))


def _perron(n: int, a: np.ndarray, b: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Stationary distribution of an irreducible chain: fix the first entry to 1 and solve for the others."""
    if n == 1:
        return np.ones(1)
    inner = (a > 0) & (b > 0)
    right = np.bincount(b[a == 0], weights=p[a == 0], minlength=n)[1:]
    rest = _solve_transposed(n - 1, a[inner] - 1, b[inner] - 1, p[inner], right)
    found = np.concatenate([[1.0], rest])
    return found / found.sum()
