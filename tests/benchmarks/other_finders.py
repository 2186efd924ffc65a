"""Published searches for fixed points, restated: what the benchmarks compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def scyfi(A, W, V, c, h, period, outer, inner, rng, most):
    """Words (n, period * H) of the k-cycles the published iteration finds; also how many words it solved.

    Both counters start anew when something new is found; a word that reproduces itself is followed by a random one.
    Rounding and rotations are left to the caller, but a rotation or a repeated shorter word is not new.
    """
    m, n = A.shape[0], V.shape[0]
    found = np.zeros((most, period, n), dtype=np.bool_)
    number, solved, i = 0, 0, 0
    while i <= outer:
        word = rng.random((period, n)) < 0.5
        step = 0
        while step < inner:
            step += 1
            solved += 1
            J, offset = np.eye(m), np.zeros(m)
            for t in range(period):
                active = W * word[t].astype(np.float64)
                one = A + active @ V
                offset = one @ offset + active @ c + h
                J = one @ J
            K = np.eye(m) - J
            z = np.zeros(m)
            regular = True
            try:
                z = np.linalg.solve(K, offset)
            except Exception:  # np.linalg.LinAlgError, which Numba does not know
                regular = False
            if not regular:
                word = rng.random((period, n)) < 0.5
                continue
            following = np.zeros((period, n), dtype=np.bool_)
            for t in range(period):
                y = V @ z + c
                following[t] = y > 0.0
                z = A @ z + W @ np.maximum(y, 0.0) + h
            if np.any(following != word):
                word = following
                continue
            new = True
            for turn in range(1, period):
                if period % turn == 0:
                    same = True
                    for t in range(period):
                        same = same and np.all(word[t] == word[(t + turn) % period])
                    new = new and not same
            for other in range(number):
                for turn in range(period):
                    same = True
                    for t in range(period):
                        same = same and np.all(word[t] == found[other, (t + turn) % period])
                    new = new and not same
            if new and number < most:
                found[number] = word
                number += 1
                i, step = 0, 0
            word = rng.random((period, n)) < 0.5
        i += 1
    return found[:number], solved


def scyfi_points(map: Any, outer: int, inner: int, seed: int = 0) -> np.ndarray:
    """Fixed points (n, M) of the words that the published iteration finds."""
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (map.A, map.W, map.V, map.c, map.h)]
    words, _ = scyfi(*arrays, 1, outer, inner, np.random.default_rng(seed), 5000)
    A, W, V, c, h = arrays
    points = [np.linalg.solve(np.eye(len(A)) - A - (W * b) @ V, (W * b) @ c + h) for (b,) in words.astype(float)]
    return np.reshape(points, (-1, len(A)))


def fixed_point_finder(
    step: Callable[[Any], Any],
    states: np.ndarray,
    n_starts: int = 1024,
    noise: float = 0.5,
    iterations: int = 10_000,
    tol_q: float = 1e-12,
    tol_dq: float = 1e-20,
    unique: float = 1e-3,
    farthest: float = 10.0,
    seed: int = 0,
) -> np.ndarray:
    """Points (n, M) returned by the search of FixedPointFinder (Golub & Sussillo 2018), restated from its PyTorch form.

    Adam on the mean of ``q = |F(z) - z|^2 / 2`` over all starts, in single precision, at a rate of 1 that falls by 5 %
    when five iterations bring no progress. Points closer than `unique` in every unit are one, and points farther from
    the middle of the starts than `farthest` times their mean distance are dropped. Budget and noise are those of its
    example, a flip-flop; the tolerances are its defaults. Which points are slow enough to count is left to the caller.
    """
    import torch

    rng = np.random.default_rng(seed)
    starts = states[rng.integers(len(states), size=n_starts)] + noise * rng.normal(size=(n_starts, states.shape[1]))
    z = torch.tensor(starts, dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.Adam([z], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.95, patience=5)
    before = torch.full((n_starts,), torch.nan)
    for _ in range(iterations):
        optimiser.zero_grad()
        q = (step(z) - z).square().sum(dim=1) / 2
        q.mean().backward()
        optimiser.step()
        schedule.step(q.mean().detach())
        q = q.detach()
        if bool((((q - before).abs() < tol_dq * optimiser.param_groups[0]["lr"]) | (q < tol_q)).all()):
            break
        before = q
    points = z.detach().numpy().astype(float)
    order, kept = np.argsort(q.numpy()), []
    for point in points[order]:
        if all(np.abs(point - other).max() > unique for other in kept):
            kept.append(point)
    middle = starts.mean(axis=0)
    usual = np.linalg.norm(starts - middle, axis=1).mean()
    return np.array([point for point in kept if np.linalg.norm(point - middle) < farthest * usual])


def hits(exact_points: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, int]:
    """Which exact points were hit; how many of the points hit none."""
    apart = np.abs(exact_points[:, None] - points[None]).max(axis=2, initial=0.0)
    near = apart <= 1e-3 * np.maximum(1.0, np.abs(exact_points).max(axis=1))[:, None]
    return near.any(axis=1), int(np.count_nonzero(~near.any(axis=0)))
