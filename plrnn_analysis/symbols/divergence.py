"""Jensen-Shannon divergence between conditions, and which conditions belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, one_of, random_generator, whole
from ..errors import ModelError
from ..results import Table
from .estimates import confidence_level
from .resampling import bootstrap, divergence_of_rows, shares_of, shuffle
from .sequences import SymbolSequences, symbol_sequences, trial_counts

__all__ = ["DivergenceMatrix", "compare_conditions", "jensen_shannon"]

_LINKAGES = ("average", "complete", "single", "weighted", "ward")


@checked
def jensen_shannon(p: Any, q: Any) -> float:
    """Jensen-Shannon divergence of two distributions, in bits.

    Parameters
    ----------
    p, q : (n,) array_like
        Non-negative; each is divided by its sum.

    Returns
    -------
    float
        0 if they are equal, 1 if they have no outcome in common.

    Raises
    ------
    ModelError
        If an entry is negative, all are 0, or the lengths differ.

    Notes
    -----
    H((p + q) / 2) - (H(p) + H(q)) / 2 (Lin 1991, doi:10.1109/18.61115). Its square root is a metric (Endres &
    Schindelin 2003, doi:10.1109/TIT.2003.813506).

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1]), jensen_shannon([1, 1], [2, 2])
    (1.0, 0.0)
    """
    p = as_array("p", p, (None,))
    q = as_array("q", q, (p.size,))
    for name, values in (("p", p), ("q", q)):
        if (values < 0).any() or values.sum() <= 0:
            raise ModelError(f"{name} must be non-negative and not all 0")
    return float(divergence_of_rows((p / p.sum())[None], (q / q.sum())[None])[0])


@dataclass(frozen=True, eq=False)
class DivergenceMatrix(Frozen):
    """Divergences between the bitcode statistics of conditions.

    Attributes
    ----------
    conditions : tuple of str
    matrix : (C, C) ndarray
        Jensen-Shannon divergence in bits of the observed frequencies: 0 equal, 1 without any word in common.
    lower, upper : (C, C) ndarray
        Bootstrap interval of the true divergence; NaN where a condition has one trial.
    noise : (C, C) ndarray
        Mean divergence of the two conditions after their trials were shuffled: what no difference looks like.
    p_value : (C, C) ndarray
        Share of those shuffles, the data among them, that diverge at least as much; not corrected for the number of
        pairs. NaN on the diagonal, and everywhere without shuffles.
    linkage : (C - 1, 4) ndarray
        Hierarchical clustering of the Jensen-Shannon distance, the square root of `matrix`, as scipy gives it.
    method : str
        Of the clustering.
    order : tuple of int
        Conditions in the order of the dendrogram's leaves.
    n_trials, n_words_counted : tuple of int
        Of each condition: trials, and words counted, for words of length 1 the steps.
    n_words : int
        Different words in all conditions.
    word_length : int
    confidence : float
    n_resamples, n_permutations : int
    notes : tuple of str
    """

    conditions: tuple[str, ...]
    matrix: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    noise: np.ndarray
    p_value: np.ndarray
    linkage: np.ndarray
    method: str
    order: tuple[int, ...]
    n_trials: tuple[int, ...]
    n_words_counted: tuple[int, ...]
    n_words: int
    word_length: int
    confidence: float
    n_resamples: int
    n_permutations: int
    notes: tuple[str, ...]

    @property
    def distance(self) -> np.ndarray:
        """Jensen-Shannon distance, the square root of `matrix`: a metric."""
        return np.sqrt(self.matrix)

    def clusters(self, n: int) -> tuple[int, ...]:
        """Cut the dendrogram into exactly `n` clusters.

        Parameters
        ----------
        n : int
            From 1 to the number of conditions.

        Returns
        -------
        tuple of int
            The cluster of each condition, numbered from 0 in order of their first condition.

        Raises
        ------
        ModelError
            If `n` is out of range.
        """
        count = len(self.conditions)
        if whole("n", n, 1) > count:
            raise ModelError(f"there are {count} conditions, they cannot make {n} clusters")
        groups = {i: [i] for i in range(count)}
        for step, (a, b) in enumerate(self.linkage[: count - n, :2].astype(int).tolist()):
            groups[count + step] = groups.pop(a) + groups.pop(b)
        found = [0] * count
        for number, members in enumerate(sorted(sorted(group) for group in groups.values())):
            for member in members:
                found[member] = number
        return tuple(found)

    def table(self) -> Table:
        """One row per pair of conditions.

        Columns ``first``, ``second``, ``divergence``, ``lower``, ``upper``, ``noise`` and ``p_value``.
        """
        rows, columns = np.triu_indices(len(self.conditions), 1)
        return Table(
            first=[self.conditions[i] for i in rows],
            second=[self.conditions[j] for j in columns],
            divergence=self.matrix[rows, columns].tolist(),
            lower=self.lower[rows, columns].tolist(),
            upper=self.upper[rows, columns].tolist(),
            noise=self.noise[rows, columns].tolist(),
            p_value=self.p_value[rows, columns].tolist(),
        )

    def __repr__(self) -> str:
        n = len(self.conditions)
        off = self.matrix[np.triu_indices(n, 1)]
        span = f"{off.min():.3g} to {off.max():.3g} bits" if off.size else "a single condition"
        return f"<DivergenceMatrix: {n} conditions, words of length {self.word_length}; {span}>"


@checked
def compare_conditions(
    source: Any,
    labels: Any = None,
    *,
    word_length: int = 1,
    discard: int = 0,
    confidence: float = 0.95,
    n_resamples: int = 499,
    n_permutations: int = 499,
    linkage: str = "average",
    seed: int = 0,
) -> DivergenceMatrix:
    """Jensen-Shannon divergences between conditions (tasks, stimuli, networks), and a clustering of them.

    Parameters
    ----------
    source : mapping of str to (Trajectory or array_like), or Trajectory or array_like
        For each condition its trials, as :func:`symbol_sequences` takes them; or all trials together, with `labels`.
    labels : (batch,) array_like, optional
        The condition of each trial, where `source` is no mapping. Conditions are in sorted order.
    word_length : int, optional
        1 compares how often each subregion is visited, 2 the transitions too, and so on.
    discard : int, optional
        Leave out this many steps at the beginning of each trial.
    confidence : float, optional
        Of the intervals.
    n_resamples, n_permutations : int, optional
        Bootstrap samples and shuffles; 0 for none.
    linkage : {"average", "complete", "single", "weighted", "ward"}, optional
    seed : int, optional

    Returns
    -------
    DivergenceMatrix

    Raises
    ------
    ModelError
        If labels do not fit, bitcodes differ in length, or an argument is not as described.

    Notes
    -----
    Two samples of one source never agree exactly: the divergence of observed frequencies is too large, by about
    (K - 1) (1/N + 1/N') / (8 ln 2) bits for K words in N and N' independent steps, and more where steps depend on
    each other. So it comes with `noise`, the mean over shuffles of the trials of both conditions, and the p-value of
    the same shuffles; a divergence at its noise means nothing. Trials are shuffled and resampled, never steps.

    Intervals are bootstrap normal intervals (Davison & Hinkley 1997, doi:10.1017/CBO9780511802843, section 5.2): the
    bias seen in the resamples is taken off, their standard deviation is multiplied by Student's quantile, and the
    result clipped to [0, 1]. So they can lie below the divergence observed. Factor and degrees of freedom weigh the
    variances of the two conditions apart (Welch 1947, doi:10.1093/biomet/34.1-2.28), which matters where one has far
    fewer trials. Conditions that share no word in any resample get an interval without width, which says no more than
    that.

    O((n_resamples + n_permutations) C² K).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> tasks = {name: rng.random((30, 40, 1)) < p for name, p in [("a", 0.2), ("b", 0.2), ("c", 0.7)]}
    >>> found = compare_conditions(tasks)
    >>> found.clusters(2)
    (0, 0, 1)
    >>> bool(found.p_value[0, 1] > 0.05), float(found.p_value[0, 2])
    (True, 0.002)
    """
    word_length = whole("word_length", word_length, 1)
    n_resamples = whole("n_resamples", n_resamples, 0)
    n_permutations = whole("n_permutations", n_permutations, 0)
    rng = random_generator(seed)
    confidence = confidence_level(confidence)
    one_of("linkage", linkage, _LINKAGES)
    sequences, group, names = _conditions(source, labels, discard)
    counts = trial_counts(sequences, word_length)
    n = len(names)
    members = [np.flatnonzero(group == i) for i in range(n)]
    tables = [counts[trials] for trials in members]
    shares = np.vstack([shares_of(np.asarray(table.sum(axis=0))) for table in tables])
    matrix = np.zeros((n, n))
    lower, upper = np.full((n, n), np.nan), np.full((n, n), np.nan)
    noise, p_value = np.full((n, n), np.nan), np.full((n, n), np.nan)
    np.fill_diagonal(lower, 0.0)
    np.fill_diagonal(upper, 0.0)
    np.fill_diagonal(noise, 0.0)
    for i in range(n):
        matrix[i] = divergence_of_rows(shares[i][None], shares)
        matrix[i, i] = 0.0
    # Symmetric by definition, but not in its last bit: clustering insists.
    matrix = 0.5 * (matrix + matrix.T)
    if n_resamples:
        bootstrap(tables, matrix, n_resamples, confidence, lower, upper, rng)
    if n_permutations:
        shuffle(tables, matrix, n_permutations, noise, p_value, rng)
    tree, order = _cluster(np.sqrt(matrix), linkage)
    single = [names[i] for i in range(n) if len(members[i]) < 2]
    notes = (f"no interval for conditions of one trial: {', '.join(single[:10])}",) if single else ()
    words = counts.sum(axis=1)
    return DivergenceMatrix(
        conditions=names,
        matrix=matrix,
        lower=lower,
        upper=upper,
        noise=noise,
        p_value=p_value,
        linkage=tree,
        method=linkage,
        order=order,
        n_trials=tuple(len(m) for m in members),
        n_words_counted=tuple(int(words[m].sum()) for m in members),
        n_words=counts.shape[1],
        word_length=word_length,
        confidence=confidence,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
        notes=notes,
    )


def _conditions(source: Any, labels: Any, discard: int) -> tuple[SymbolSequences, np.ndarray, tuple[str, ...]]:
    """All trials together, the condition of each, and the names of the conditions."""
    if isinstance(source, Mapping):
        if labels is not None:
            raise ModelError("labels are for a single source; a mapping names its conditions already")
        if not source:
            raise ModelError("there is no condition")
        parts = [symbol_sequences(value, discard) for value in source.values()]
        if len({part.bits for part in parts}) > 1:
            found = sorted({"no bitcodes" if p.bits is None else f"{p.bits} bits" for p in parts})
            raise ModelError(f"conditions must have bitcodes of one length; got {', '.join(found)}")
        group = np.repeat(np.arange(len(parts)), [part.n_trials for part in parts])
        return _together(parts), group, tuple(str(name) for name in source)
    sequences = symbol_sequences(source, discard)
    if labels is None:
        raise ModelError("give the condition of each trial in labels, or a mapping from conditions to their trials")
    array = np.asarray(labels)
    if array.shape != (sequences.n_trials,):
        raise ModelError(f"labels must be one per trial, ({sequences.n_trials},); got {array.shape}")
    if array.dtype.kind not in "iubU":
        raise ModelError(f"labels must be whole numbers or text, got an array of {array.dtype}")
    values, group = np.unique(array, return_inverse=True)
    return sequences, group.reshape(-1), tuple(str(v) for v in values)


def _together(parts: list[SymbolSequences]) -> SymbolSequences:
    """One alphabet for several sources."""
    names = tuple(sorted({name for part in parts for name in part.names}))
    place = {name: i for i, name in enumerate(names)}
    # Each source has numbered its subregions by itself; the same name must be the same number.
    codes = [np.array([place[name] for name in part.names])[part.codes] for part in parts]
    lengths = np.concatenate([part.lengths for part in parts])
    return SymbolSequences(np.concatenate(codes), np.concatenate([[0], np.cumsum(lengths)]), names, parts[0].bits)


def _cluster(distance: np.ndarray, method: str) -> tuple[np.ndarray, tuple[int, ...]]:
    n = len(distance)
    if n < 2:
        return np.zeros((0, 4)), tuple(range(n))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(distance, checks=False), method=method, optimal_ordering=True)
    return tree, tuple(int(i) for i in leaves_list(tree))
