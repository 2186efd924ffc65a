"""Which ReLU of one network is which of another: exact candidates, and the best match where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import perm

import numpy as np

from ..engines.budget import Budget
from .realisation import DAMPING, LinearSystem, pace_of, steady_arguments

__all__ = ["best_assignment", "exact_candidates"]

# All assignments are tried if there are at most this many.
MAX_EXHAUSTIVE = 45_000
# Pairs of pairs of ReLUs are compared up to this number of ReLUs.
MAX_PAIRED = 40


@dataclass(frozen=True, eq=False)
class Profile:
    """What a network's ReLUs do to each other, to the readout, and what inputs and offsets do to them.

    Attributes
    ----------
    between : (P, P, lags) ndarray
        Markov parameters from ReLU j to ReLU i.
    incoming : (P, n) ndarray
        From inputs and, last column, the argument at rest (0 where a network has no unique rest state).
    outgoing : (P, n) ndarray
        To the readout.
    """

    between: np.ndarray
    incoming: np.ndarray
    outgoing: np.ndarray


def _profile(system: LinearSystem, horizon: int, pace: float, rest: np.ndarray) -> Profile:
    n = system.V.shape[0]
    markov = system.clean_markov(horizon, pace)
    incoming = np.concatenate([markov[:, :n, n:], system.E[None]]).transpose(1, 0, 2).reshape(n, -1)
    outgoing = markov[:, n:, :n].transpose(2, 0, 1).reshape(n, -1)
    return Profile(markov[:, :n, :n].transpose(1, 2, 0), np.hstack([incoming, rest[:, None]]), outgoing)


def _profiles(a: LinearSystem, b: LinearSystem, damping: float = 1.0) -> tuple[Profile, Profile]:
    horizon, pace = a.n_units + b.n_units, pace_of(a, b, damping=damping)
    one, other = steady_arguments(a), steady_arguments(b)
    if one is None or other is None:
        # A mode that nothing sees can leave one of two equal networks without a rest state.
        one, other = np.zeros(len(a.V)), np.zeros(len(b.V))
    return _profile(a, horizon, pace, one), _profile(b, horizon, pace, other)


def _unit(vectors: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Norms along the last axis, and directions: zero where the norm is below the floor."""
    norms = np.linalg.norm(vectors, axis=-1)
    safe = np.where(norms > floor, norms, 1.0)
    return norms, np.where((norms > floor)[..., None], vectors / safe[..., None], 0.0)


def exact_candidates(a: LinearSystem, b: LinearSystem, tolerance: float, budget: Budget) -> Iterator[np.ndarray]:
    """Permutations (unit of `b` for each unit of `a`) that no scale-free invariant rules out.

    Notes
    -----
    Positive scales d turn the Markov sequence from j to i, a vector over the lags, into d_i / d_j times itself: its
    direction, the product of the norms of both ways, and the sequence from i to i are invariant. Units are assigned one
    after the other, those with the fewest candidates first, and each pair is checked at once. Every candidate is
    still to be verified.
    """
    n = a.V.shape[0]
    if n == 0:
        yield np.zeros(0, dtype=int)
        return
    first, second = _profiles(a, b)
    largest = max(float(np.abs(first.between).max(initial=0.0)), float(np.abs(second.between).max(initial=0.0)))
    size_a, toward_a = _unit(first.between, 1e-7 * largest)
    size_b, toward_b = _unit(second.between, 1e-7 * largest)
    gap = np.linalg.norm(
        np.einsum("iik->ik", first.between)[:, None] - np.einsum("iik->ik", second.between)[None], axis=2
    )
    possible = gap <= tolerance * max(largest, 1e-300)
    for one, other in ((first.incoming, second.incoming), (first.outgoing, second.outgoing)):
        scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
        (_, u), (_, v) = _unit(one, 1e-7 * scale), _unit(other, 1e-7 * scale)
        both = np.any(u, axis=1)[:, None] & np.any(v, axis=1)[None]
        possible &= ~both | (np.linalg.norm(u[:, None] - v[None], axis=2) <= 10.0 * tolerance**0.5)
    order = np.argsort(possible.sum(axis=1), kind="stable")
    known_a, known_b = np.any(toward_a, axis=2), np.any(toward_b, axis=2)

    def fits(i: int, k: int, chosen: np.ndarray, done: np.ndarray) -> bool:
        product = np.abs(size_a[i, done] * size_a[done, i] - size_b[k, chosen] * size_b[chosen, k])
        if np.any(product > 10.0 * tolerance * max(largest, 1e-300) ** 2):
            return False
        for x, y, p, q in (
            (toward_a[i, done], toward_b[k, chosen], known_a[i, done], known_b[k, chosen]),
            (toward_a[done, i], toward_b[chosen, k], known_a[done, i], known_b[chosen, k]),
        ):
            if np.any((np.linalg.norm(x - y, axis=1) > 10.0 * tolerance**0.5) & p & q):
                return False
        return True

    stack: list[list[int]] = [[]]
    while stack:
        if budget.take(1) == 0:
            return
        chosen = stack.pop()
        depth = len(chosen)
        if depth == n:
            found = np.empty(n, dtype=int)
            found[order] = chosen
            yield found
            continue
        i = int(order[depth])
        picked, done = np.array(chosen, dtype=int), order[:depth]
        free = [int(k) for k in np.flatnonzero(possible[i]) if k not in chosen and fits(i, int(k), picked, done)]
        stack += [[*chosen, k] for k in reversed(free)]


def _balanced(profile: Profile) -> Profile:
    """The profile in scales where what enters a unit is as large as what leaves it (Osborne's balancing)."""
    n = len(profile.between)
    size = np.linalg.norm(profile.between, axis=2)
    np.fill_diagonal(size, 0.0)
    enters, leaves = np.linalg.norm(profile.incoming, axis=1), np.linalg.norm(profile.outgoing, axis=1)
    d = np.ones(n)
    for _ in range(200):
        before = d.copy()
        for i in range(n):
            row = d[i] * (size[i] @ (1.0 / d) + enters[i])
            column = (size[:, i] @ d + leaves[i]) / d[i]
            if row > 0.0 and column > 0.0:
                d[i] *= np.sqrt(column / row)
        if np.all(np.abs(np.log(d / before)) < 1e-10):
            break
    return Profile(
        profile.between * d[:, None, None] / d[None, :, None],
        profile.incoming * d[:, None],
        profile.outgoing / d[:, None],
    )


def _squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances of all rows of two matrices."""
    return np.maximum(np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1)[None] - 2.0 * x @ y.T, 0.0)


def best_assignment(a: LinearSystem, b: LinearSystem, budget: Budget) -> tuple[np.ndarray, bool]:
    """For each ReLU of `a`, which has no more than `b`, the one of `b` that does most nearly the same.

    Returns
    -------
    (P_a,) ndarray of int
    bool
        Whether all assignments were compared.

    Notes
    -----
    The cost is the squared difference of the Markov sequences between all pairs, in balanced scales: a quadratic
    assignment problem. Beyond 45,000 assignments it starts from a linear one and exchanges units while that helps.
    """
    from scipy.optimize import linear_sum_assignment

    n, m = a.V.shape[0], b.V.shape[0]
    if n == 0:
        return np.zeros(0, dtype=int), True
    first, second = (_balanced(profile) for profile in _profiles(a, b, DAMPING))
    unit = _squared(first.incoming, second.incoming) + _squared(first.outgoing, second.outgoing)
    diagonal = _squared(np.einsum("iik->ik", first.between), np.einsum("iik->ik", second.between))
    if n > MAX_PAIRED or m > MAX_PAIRED:
        rows = [np.sort(np.linalg.norm(p.between, axis=2), axis=1) for p in (first, second)]
        shared = min(n, m)
        return linear_sum_assignment(unit + diagonal + _squared(rows[0][:, -shared:], rows[1][:, -shared:]))[1], False
    pairs = _squared(first.between.reshape(n * n, -1), second.between.reshape(m * m, -1))
    pairs = pairs.reshape(n, n, m, m).transpose(0, 2, 1, 3).copy()  # unit, its image, other unit, its image
    index = np.arange(n)

    def costs(assigned: np.ndarray) -> np.ndarray:
        total = unit[index, assigned].sum(axis=1)
        for i in range(n):
            total += pairs[i, assigned[:, i, None], index, assigned].sum(axis=1)
        return np.asarray(total)

    if perm(m, n) <= MAX_EXHAUSTIVE:
        every = np.array(list(permutations(range(m), n)), dtype=int).reshape(-1, n)
        return every[np.argmin(costs(every))], True
    rows = [np.sort(np.linalg.norm(p.between, axis=2), axis=1)[:, -min(n, m) :] for p in (first, second)]
    current = np.asarray(linear_sum_assignment(unit + diagonal + _squared(*rows))[1])
    cost = float(costs(current[None])[0])
    while budget.take(1):
        moves = list(_neighbours(current, m))
        values = costs(np.array(moves))
        if not values.min() < cost * (1.0 - 1e-12):
            break
        current, cost = moves[int(values.argmin())], float(values.min())
    return current, False


def _neighbours(current: np.ndarray, m: int) -> Iterator[np.ndarray]:
    unused = sorted(set(range(m)) - set(current.tolist()))
    for i in range(len(current)):
        for j in range(i):
            moved = current.copy()
            moved[[i, j]] = moved[[j, i]]
            yield moved
        for k in unused:
            moved = current.copy()
            moved[i] = k
            yield moved
    yield current
