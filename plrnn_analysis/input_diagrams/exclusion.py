"""Subregions without a fixed point for any parameter, as far as floats can prove it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..maps import CanonicalMap
from ..numerics import EPS
from ..polytopes.clipping import cut
from ..units import balanced, is_safe
from .parametric import ParametricMap

__all__ = ["surely_empty"]

# Matrix entries treated at once.
BATCH_ENTRIES = 1 << 17
# A computed inverse X proves that K is regular, and bounds its own error, where |I - X K| is at most this.
REGULAR = 0.5


def surely_empty(problem: ParametricMap, patterns: np.ndarray) -> Iterator[bool]:
    """For each subregion (n, H), whether it has no fixed point for any t, beyond the error bounds of floats.

    Notes
    -----
    An approximate inverse X of K = I - J gives z, whose true error is at most ``|X| |r|`` for the residual r, enlarged
    by ``1 / (1 - |I - X K|)`` (S. M. Rump, *Verification methods*, Acta Numerica 2010,
    doi:10.1017/S096249291000005X); rounding of K, r and of the offsets is added from the sizes of their terms. A ReLU
    argument of the wrong sign for all t excludes the subregion, and so does a positive combination of several arguments
    (Farkas); which combination is proposed by clipping.
    """
    h, c = np.column_stack([problem.map.h, problem.h1]), np.column_stack([problem.map.c, problem.c1])
    largest = replace(problem.map, h=np.abs(h).max(axis=1), c=np.abs(c).max(axis=1, initial=0.0))
    own = balanced(largest)
    h, c = h / own.state[:, None], c / own.relu[:, None]
    if not (own.safe and is_safe(h) and is_safe(c)):
        # Underflow could take more than the bounds allow for.
        yield from [False] * len(patterns)
        return
    m, n = problem.map.n_units, problem.map.n_relu
    batch = max(1, BATCH_ENTRIES // (m * max(m, n, 1)))
    for at in range(0, len(patterns), batch):
        yield from _empty_batch(own.map, h, c, patterns[at : at + batch])


def _empty_batch(map: CanonicalMap, h: np.ndarray, c: np.ndarray, patterns: np.ndarray) -> Iterator[bool]:
    """One after the other: who asks may stop at any."""
    conditions = _conditions(map, h, c, patterns)
    if conditions is None:
        if len(patterns) == 1:
            yield False
            return
        for pattern in patterns:
            yield from _empty_batch(map, h, c, pattern[None])
        return
    inside, error = conditions
    with np.errstate(all="ignore"):
        empty = np.any(_most(inside) < -error, axis=1)
    known = np.all(np.isfinite(error), axis=1)
    for i in range(len(patterns)):
        if empty[i] or not known[i]:
            yield bool(empty[i])
            continue
        with np.errstate(all="ignore"):
            contradicted = _contradict_each_other(inside[i], error[i])
        yield contradicted


def _conditions(
    map: CanonicalMap, h: np.ndarray, c: np.ndarray, patterns: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """What must not be negative at the fixed points of the patterns, as affine functions of t (n, H, 1 + d).

    And how wrong they may be for any t (n, H), infinite where nothing is known; None if some I - J has no inverse.
    """
    m = map.n_units
    unit = (m + map.n_relu + 8) * EPS
    active = map.W[None] * patterns[:, None, :]
    with np.errstate(all="ignore"):
        K = np.eye(m) - map.A - active @ map.V
        size_K = np.eye(m) + np.abs(map.A) + np.abs(active) @ np.abs(map.V)
        rhs, size_rhs = h + active @ c, np.abs(h) + np.abs(active) @ np.abs(c)
        try:
            X = np.linalg.inv(K)
        except np.linalg.LinAlgError:
            return None
        z = X @ rhs
        residual = np.abs(rhs - K @ z) + unit * (size_rhs + size_K @ np.abs(z))
        defect = np.abs(np.eye(m) - X @ K) + unit * (np.abs(X) @ size_K)
        share = defect.sum(axis=2).max(axis=1)
        error = np.abs(X) @ residual
        error = error + (share / (1.0 - share))[:, None, None] * error.max(axis=1, keepdims=True, initial=0.0)
        y = map.V @ z + c
        y_error = np.abs(map.V) @ error + unit * (np.abs(map.V) @ np.abs(z) + np.abs(c))
        inside = np.where(patterns, 1.0, -1.0)[..., None] * y
        # Twice the bound: it was itself computed in floats. Moduli for all t in [0, 1]^d at once add up.
        bound = 2.0 * y_error.sum(axis=2)
        known = (share[:, None] < REGULAR) & np.isfinite(bound) & np.all(np.isfinite(inside), axis=2)
    return inside, np.where(known, bound, np.inf)


def _most(inside: np.ndarray) -> np.ndarray:
    """The largest value of affine functions (..., 1 + d) on [0, 1]^d, and no less than that."""
    value = inside[..., 0] + np.maximum(inside[..., 1:], 0.0).sum(axis=-1)
    return np.asarray(value + 8.0 * EPS * np.abs(inside).sum(axis=-1))


def _contradict_each_other(inside: np.ndarray, error: np.ndarray) -> bool:
    """Whether a positive combination of a few conditions (H, 1 + d) is negative for all t, beyond their errors."""
    for last, others, free in _proposals(inside):
        # Along the free axes the combination is constant; along the others the end of the range is the worst.
        slopes = inside[:, 1:][:, free]
        weights = np.maximum(np.linalg.lstsq(slopes[others].T, -slopes[last], rcond=None)[0], 0.0)
        terms = np.vstack([inside[last], weights[:, None] * inside[others]])
        rounding = 8.0 * EPS * np.abs(terms).sum()
        if _most(terms.sum(axis=0)) + rounding < -(error[last] + weights @ error[others]):
            return True
    return False


def _proposals(inside: np.ndarray) -> Iterator[tuple[int, list[int], np.ndarray]]:
    """A condition that nothing is left to fulfil, and those that have left nothing: as far as floats can tell.

    Third, the axes along which what was left ends inside the range.
    """
    if inside.shape[1] == 2:
        ends = -inside[:, 0] / inside[:, 1]
        rising, falling = np.flatnonzero(inside[:, 1] > 0.0), np.flatnonzero(inside[:, 1] < 0.0)
        if len(rising) and len(falling):
            yield int(rising[np.argmax(ends[rising])]), [int(falling[np.argmin(ends[falling])])], np.array([True])
        return
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    edges = np.full(4, -1)
    for i, row in enumerate(inside):
        values = corners @ row[1:] + row[0]
        left = cut(corners, values, 0.0, edges, i)
        if left is None:
            nearest = int(np.argmax(values))
            free = (corners[nearest] != 0.0) & (corners[nearest] != 1.0)
            yield i, sorted({int(edges[nearest - 1]), int(edges[nearest])} - {-1}), free
            return
        corners, edges = left
