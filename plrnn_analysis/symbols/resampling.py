"""Resampling of trials: bootstrap intervals and shuffles of Jensen-Shannon divergences."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["bootstrap", "divergence_of_rows", "shares_of", "shuffle"]


def divergence_of_rows(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Divergence in bits of the rows of two arrays of distributions."""
    m = 0.5 * (p + q)
    safe = np.where(m > 0, m, 1.0)
    # Ratios lie between 0 and 2, so each term keeps its digits where p and q are close.
    left = p * np.log2(np.where(p > 0, p / safe, 1.0))
    right = q * np.log2(np.where(q > 0, q / safe, 1.0))
    return np.clip(0.5 * (left.sum(axis=-1) + right.sum(axis=-1)), 0.0, 1.0)


def shares_of(counts: np.ndarray) -> np.ndarray:
    """Rows of counts as distributions."""
    return counts / counts.sum(axis=-1, keepdims=True)


def _entropy(shares: np.ndarray) -> np.ndarray:
    """Entropy of rows in bits; one logarithm per entry, but fewer digits for rows that hardly differ."""
    return -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def bootstrap(
    tables: list[Any],
    matrix: np.ndarray,
    n_resamples: int,
    confidence: float,
    lower: np.ndarray,
    upper: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Fill in the intervals; pairs with a condition of one trial stay as they are."""
    n = len(tables)
    base = np.vstack([shares_of(np.asarray(table.sum(axis=0))).reshape(1, -1) for table in tables])
    own_base = _entropy(base)
    found = np.empty((n_resamples, n, n))
    # The same with only the first condition of a pair resampled.
    alone = np.empty((n_resamples, n, n))
    for sample in range(n_resamples):
        rows = []
        for table in tables:
            weights = np.bincount(rng.integers(0, table.shape[0], table.shape[0]), minlength=table.shape[0])
            rows.append(shares_of(weights @ table))
        shares = np.vstack(rows)
        own = _entropy(shares)
        for i in range(n):
            mixed = _entropy(0.5 * (shares[i] + shares[i + 1 :]))
            found[sample, i, i + 1 :] = mixed - 0.5 * (own[i] + own[i + 1 :])
            alone[sample, i] = _entropy(0.5 * (shares[i] + base)) - 0.5 * (own[i] + own_base)
    from scipy.special import stdtrit

    sizes = [table.shape[0] for table in tables]
    for i in range(n):
        for j in range(i + 1, n):
            if min(sizes[i], sizes[j]) < 2:
                continue
            inflate, freedom = _welch(alone[:, i, j].var(), alone[:, j, i].var(), sizes[i], sizes[j])
            error = found[:, i, j].std() * np.sqrt(inflate)
            half = stdtrit(freedom, 0.5 + 0.5 * confidence) * error
            centre = 2.0 * matrix[i, j] - found[:, i, j].mean()
            lower[i, j] = lower[j, i] = np.clip(centre - half, 0.0, 1.0)
            upper[i, j] = upper[j, i] = np.clip(centre + half, 0.0, 1.0)


def _welch(first: float, second: float, n: int, m: int) -> tuple[float, float]:
    """By what to multiply a bootstrap variance with these two parts, of n and m trials, and its degrees of freedom.

    Resampling n trials shows (n - 1) / n of their variance; the degrees of freedom are Welch's (1947).
    """
    total = first + second
    share = first / total if total > 0.0 else 0.5
    parts = share * n / (n - 1), (1.0 - share) * m / (m - 1)
    return sum(parts), sum(parts) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))


def shuffle(
    tables: list[Any],
    matrix: np.ndarray,
    n_permutations: int,
    noise: np.ndarray,
    p_value: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Fill in the mean divergence of shuffled trials, and the share of shuffles that diverge as much."""
    from scipy.sparse import vstack

    for i, first in enumerate(tables):
        for j in range(i + 1, len(tables)):
            both = vstack([first, tables[j]]).tocsc()
            # Only the words that this pair has.
            both = both[:, np.flatnonzero(np.diff(both.indptr))].tocsr()
            total = np.asarray(both.sum(axis=0)).ravel()
            chunk = max(1, min(n_permutations, 4_000_000 // max(both.shape)))
            values: list[np.ndarray] = []
            for start in range(0, n_permutations, chunk):
                number = min(chunk, n_permutations - start)
                chosen = np.zeros((number, both.shape[0]))
                chosen[:, : first.shape[0]] = 1.0
                mine = rng.permuted(chosen, axis=1) @ both
                p, q = shares_of(mine), shares_of(total - mine)
                values.append(_entropy(0.5 * (p + q)) - 0.5 * (_entropy(p) + _entropy(q)))
            found = np.concatenate(values)
            # Differences of entropies carry a rounding error, ties are ties all the same.
            at_least = int((found >= matrix[i, j] - 1e-10).sum())
            noise[i, j] = noise[j, i] = found.mean()
            p_value[i, j] = p_value[j, i] = (1 + at_least) / (1 + n_permutations)
