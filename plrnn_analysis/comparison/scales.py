"""The positive scales of matched ReLUs: what a network's weights, and then its offsets, tie them to."""

from __future__ import annotations

import numpy as np

from .realisation import DAMPING, INVISIBLE, LinearSystem, pace_of, ranked

__all__ = ["fit_scales"]

# Markov parameters weaker than this share of the strongest tie nothing.
WEAK = 1e-9


def fit_scales(a: LinearSystem, b: LinearSystem) -> np.ndarray:
    """Scales d (H,) that bring the ReLU arguments of `a` closest to those of `b`, unit by unit.

    Notes
    -----
    Markov parameters from ReLU j to ReLU i scale by ``d_i / d_j``, those from an input by ``d_i``, those to an output
    by ``1 / d_j``: linear equations for log d, weighted by their size. They tie the ReLUs together in groups, some of
    them to an input or output. What is left, one factor for each group that is not, is fitted to the free responses
    and offsets, in which it is linear.
    """
    n = a.V.shape[0]
    if n == 0:
        return np.ones(0)
    horizon, pace = a.n_units + b.n_units, pace_of(a, b, damping=DAMPING)
    sizes = [_sizes(system, horizon, pace) for system in (a, b)]
    rows, values, ties = [], [], []
    for kind, (first, second) in enumerate(zip(*sizes, strict=True)):
        largest = max(float(first.max(initial=0.0)), float(second.max(initial=0.0)))
        for i, j in zip(*np.nonzero(np.minimum(first, second) > WEAK * largest), strict=True):
            weight = min(first[i, j], second[i, j]) / largest
            row = np.zeros(n + 1)  # the last one stands for inputs and outputs, whose scale is 1
            target, source = ((i, j), (i, n), (n, j))[kind]
            row[target] += weight
            row[source] -= weight
            if target != source:
                rows.append(row)
                values.append(weight * np.log(second[i, j] / first[i, j]))
                ties.append((int(target), int(source)))
    d = np.ones(n)
    if rows:
        d = np.exp(np.linalg.lstsq(np.array(rows)[:, :n], np.array(values), rcond=1e-12)[0])
    groups = _groups(n, ties)
    if groups:
        # A factor far from 1 is found as a small difference of large numbers: the second look makes it accurate.
        for _ in range(2):
            d = d * _group_factors(a.scaled(d), b, groups, horizon, pace)
    return d


def _sizes(system: LinearSystem, horizon: int, pace: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Norms over the lags: ReLU to ReLU (H, H), inputs to ReLU (H, 1), ReLU to outputs (1, H)."""
    n = system.V.shape[0]
    markov = system.clean_markov(horizon, pace)
    from_input = np.linalg.norm(np.concatenate([markov[:, :n, n:], system.E[None]]), axis=(0, 2))
    return (
        np.linalg.norm(markov[:, :n, :n], axis=0),
        from_input[:, None],
        np.linalg.norm(markov[:, n:, :n], axis=(0, 1))[None],
    )


def _groups(n: int, ties: list[tuple[int, int]]) -> list[np.ndarray]:
    """Groups of ReLUs that are tied to each other and to no input or output."""
    label = list(range(n + 1))
    for i, j in ties:
        old, new = label[i], label[j]
        label = [new if mark == old else mark for mark in label]
    free = sorted(set(label[:n]) - {label[n]})
    return [np.flatnonzero(np.array(label[:n]) == mark) for mark in free]


def _group_factors(a: LinearSystem, b: LinearSystem, groups: list[np.ndarray], horizon: int, pace: float) -> np.ndarray:
    """One factor a group, nearest to 1 where several fit: least squares for ``factor * a - b`` in the range of b."""
    n, height = a.V.shape[0], a.V.shape[0] + a.B.shape[0]
    rows_a, seen_a = a.free(horizon, pace)
    rows_b, seen_b = b.free(horizon, pace)
    columns = np.linalg.norm(rows_b, axis=0)
    left = ranked(rows_b / np.where(columns > 0.0, columns, 1.0), INVISIBLE)[0]
    weigh_free = 1.0 / max(float(np.linalg.norm(rows_a)), 1e-300)
    weigh_seen = 1.0 / max(float(np.linalg.norm(seen_a)), float(np.linalg.norm(seen_b)), 1e-300)

    def column(units: np.ndarray) -> np.ndarray:
        mask = np.zeros(height, dtype=bool)
        mask[units] = True
        mask = np.tile(mask, horizon)
        parts = np.column_stack([weigh_free * rows_a * mask[:, None], weigh_seen * seen_a * mask])
        return np.ravel(parts - left @ (left.T @ parts))

    matrix = np.column_stack([column(units) for units in groups])
    tied = np.setdiff1d(np.arange(height), np.concatenate(groups))
    goal = np.zeros((len(seen_b), rows_a.shape[1] + 1))
    goal[:, -1] = weigh_seen * (seen_b - left @ (left.T @ seen_b))
    rest = np.ravel(goal) - column(tied) - matrix.sum(axis=1)
    found = np.linalg.lstsq(matrix, rest, rcond=1e-10)[0] if np.linalg.norm(matrix) > 1e-13 else np.zeros(len(groups))
    factors = np.ones(n)
    for units, change in zip(groups, found, strict=True):
        if 1.0 + change > 0.0:
            factors[units] = 1.0 + change
    return factors
