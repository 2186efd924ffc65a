"""The best affine predictor of the copy task: at random delays it can do little more than take a vote."""

from __future__ import annotations

from collections.abc import Iterator
from math import perm

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole

from .floor import Floor

__all__ = ["copy_floor"]


@checked
def copy_floor(symbols: int, alphabet: int, shortest: int, longest: int) -> Floor:
    """What a network without ReLU, of any size, can recall after a delay that it does not know.

    Parameters
    ----------
    symbols : int
        K, symbols of a trial, drawn alike and independently.
    alphabet : int
        Different symbols.
    shortest, longest : int
        The delay is uniform on this range, both ends included.

    Returns
    -------
    Floor
        `loss` is the smallest cross-entropy of any affine predictor, `score` the accuracy of the predictor that has
        it.

    Raises
    ------
    ModelError
        On sizes that make no task.

    Notes
    -----
    A linear time-invariant network answers with logits Σ_j G(lag_j) e(s_j) + r, where e(s_j) is the one-hot code of
    the j-th symbol, lag_j the steps since it was shown and r what the cue adds. The cross-entropy is convex in G and r
    and does not change when symbols are renamed, so averaging a predictor over all names never makes it worse: what
    is left is G = g(lag) I, while r is the same for all classes and can be dropped. The minimum over g is found by
    L-BFGS, exactly summed over trials: sequences that differ by names alone are taken together.

    The accuracy of that predictor is the one of a vote, E max_c Σ_i p(i | t) [s_i = c], where p(i | t) is the chance
    that step t asks for symbol i: no answer that depends on the step and the symbols alone does better. A classifier
    that is not trained by cross-entropy might use the cue to break ties of the vote, and gain a little. With one delay
    only, g picks the right lag and the floor is perfect recall. Cost: one pass over the set partitions of K for each
    iteration and step.

    Examples
    --------
    >>> floor = copy_floor(3, 4, 10, 30)
    >>> round(floor.score, 3), round(floor.loss, 3)
    (0.58, 0.847)
    >>> copy_floor(8, 4, 100, 100).score
    1.0
    """
    K, q = whole("symbols", symbols, 1), whole("alphabet", alphabet, 2)
    delays = whole("longest", longest, whole("shortest", shortest, 0)) - shortest + 1
    if delays == 1:
        return Floor(1.0, "closed form: with a single delay, the right lag alone is read out", loss=0.0)
    from scipy.optimize import minimize

    patterns, weights = _patterns(K, q)
    # asked[t, i]: whether the t-th step at which an answer may be due asks for symbol i, for some delay.
    lag = np.arange(delays + K - 1)[:, None] - np.arange(K)
    asked = ((lag >= 0) & (lag < delays)).astype(float)
    own = (patterns[:, :, None] == np.arange(K)).astype(float)  # (patterns, K, names): a pattern has at most K names
    present = np.arange(K) < min(K, q)
    absent = max(0, q - K)

    def expected_loss(g: np.ndarray) -> tuple[float, np.ndarray]:
        # g belongs to the lags shortest + 1 - K ... longest + K - 1, relative to that at which the answer was shown.
        votes = g[lag + K - 1]  # (steps, K): weight of each symbol at each step
        logits = np.einsum("tj,pjc->tpc", votes, own)
        exponents = np.where(present, logits, -np.inf)
        top = np.maximum(exponents.max(axis=2, keepdims=True), 0.0)
        parts = np.exp(exponents - top)
        total = parts.sum(axis=2, keepdims=True) + absent * np.exp(-top)
        log_total = (top + np.log(total))[..., 0]
        right = np.einsum("tpc,pic->tpi", logits, own)
        count = asked.sum(axis=1)
        loss = (weights * (count[:, None] * log_total - np.einsum("ti,tpi->tp", asked, right))).sum()
        error = weights[:, None] * (count[:, None, None] * parts / total - np.einsum("ti,pic->tpc", asked, own))
        slope = np.zeros_like(g)
        np.add.at(slope, lag + K - 1, np.einsum("tpc,pjc->tj", error, own))
        return loss / asked.sum(), slope / asked.sum()

    best = minimize(
        expected_loss,
        np.zeros(delays + 2 * K - 2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "ftol": 1e-12},
    )
    vote = np.einsum("ti,pic->tpc", asked, own).max(axis=2)
    score = float((weights * vote).sum() / asked.sum())
    return Floor(score, "convex optimum: the least cross-entropy of an affine predictor", loss=float(best.fun))


def _patterns(symbols: int, alphabet: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences up to renaming of the symbols, (n, K), numbered as they come up, and their probabilities (n,)."""

    def grow(start: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        if len(start) == symbols:
            yield start
            return
        for name in range(min(used + 1, alphabet)):
            yield from grow((*start, name), max(used, name + 1))

    patterns = np.array(list(grow((), 0)))
    names = patterns.max(axis=1) + 1
    return patterns, np.array([perm(alphabet, int(n)) for n in names]) / float(alphabet) ** symbols
