"""Cycles inside a box of one- and two-dimensional maps, all periods in one tree over words."""

from __future__ import annotations

import numpy as np

from ..kernels import words as kernels
from ..maps import CanonicalMap
from ..numerics import EPS
from .budget import Budget

__all__ = ["admissible_words"]

BUFFER = 4096
# Letters of all words together that are kept: 160 MB with what each word takes.
LETTERS = 1 << 23


def _balance(J: np.ndarray) -> np.ndarray:
    """Factors (2,) of the coordinates that make the largest norm of the matrices (R, 2, 2) small."""
    ratios = np.logspace(-4, 4, 161)
    scaled = J[None] * np.ones((len(ratios), 1, 1, 1))
    scaled[:, :, 1, 0] *= ratios[:, None]
    scaled[:, :, 0, 1] /= ratios[:, None]
    worst = np.linalg.norm(scaled, 2, axis=(2, 3)).max(axis=1)
    return np.array([1.0, ratios[np.argmin(worst)]])


def admissible_words(
    map: CanonicalMap, patterns: np.ndarray, box: tuple[np.ndarray, np.ndarray], longest: int, budget: Budget
) -> tuple[dict[int, np.ndarray], bool, int]:
    """Lyndon words up to a length that the map can follow inside a box.

    Parameters
    ----------
    map : CanonicalMap
        In one or two dimensions, without input.
    patterns : (R, H) ndarray of bool
        The subregions, ordered by bitcode.
    box : pair of (M,) ndarray
    longest : int
    budget : Budget

    Returns
    -------
    dict of int to (n, length, H) ndarray of bool
        For each length the words: a superset of the words of cycles of that period inside the box.
    bool
        Whether the tree was exhausted.
    int
        Nodes visited.

    Notes
    -----
    A node clips a polygon by H + 4 lines. How many there are depends on the map: about as many as there
    are admissible words.
    """
    m, regions = map.n_units, len(patterns)
    low, high = (np.concatenate([side, fill])[:2] for side, fill in ((box[0], [-1.0]), (box[1], [1.0])))
    J = np.zeros((regions, 2, 2))
    J[:, 1, 1] = 0.5  # a one-dimensional map gets a second coordinate that shrinks to zero
    offset = np.zeros((regions, 2))
    planes = np.zeros((regions, map.n_relu, 3))
    for r, bits in enumerate(patterns):
        J[r, :m, :m] = map.jacobian(bits)
        offset[r, :m] = map.offset(bits)
    # What rounding may have cost grows by the norm of J per step: choose coordinates in which that is small.
    scale = _balance(J)
    J *= scale[:, None] / scale
    offset *= scale
    low, high = low * scale, high * scale
    V = map.V / scale[:m]
    lengths = np.linalg.norm(V, axis=1)
    unit = np.where(lengths > 0.0, lengths, 1.0)
    for r, bits in enumerate(patterns):
        sign = np.where(bits, 1.0, -1.0)
        planes[r, :, :m] = (sign / unit)[:, None] * V
        planes[r, :, 2] = sign * map.c / unit
    sides = np.array([[1.0, 0.0, -low[0]], [-1.0, 0.0, high[0]], [0.0, 1.0, -low[1]], [0.0, -1.0, high[1]]])
    norm = np.linalg.norm(J, 2, axis=(1, 2)) * (1.0 + 1e-12)
    size = float(
        max(np.abs(low).max(), np.abs(high).max(), np.abs(offset).max(), np.abs(planes[..., 2]).max(initial=0.0))
    )
    tolerance = 64.0 * EPS * size * (1.0 + float(np.abs(J).max()))
    poly = np.zeros((longest + 1, kernels.VERTICES + map.n_relu + 8, 2))
    poly[0, :4] = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]
    count = np.zeros(longest + 1, np.int64)
    count[0] = 4
    slack = np.zeros(longest + 1)
    word, prime, upcoming = (np.zeros(longest + 2, np.int64) for _ in range(3))
    meta = np.zeros(8, np.int64)
    words = np.zeros((BUFFER, longest), np.int64)
    sizes = np.zeros(BUFFER, np.int64)
    found: dict[int, list[np.ndarray]] = {}
    code, kept = kernels.BUDGET, 0
    budget.reporter.say(
        step="words", done=lambda: int(meta[kernels.NODES]), found=lambda: sum(len(items) for items in found.values())
    )
    try:
        while code != kernels.DONE:
            granted = budget.take(20_000)
            if granted == 0:
                break
            before = int(meta[kernels.NODES])
            code = kernels.walk(
                J, offset, norm, planes, sides, tolerance, poly, count, slack, word, prime, upcoming, meta, words,
                sizes, granted,
            )  # fmt: skip
            budget.give_back(granted - (int(meta[kernels.NODES]) - before))
            kept += int(sizes[: meta[kernels.COUNT]].sum())
            if kept > LETTERS:
                budget.stop("memory")
            for k in range(int(meta[kernels.COUNT])):
                found.setdefault(int(sizes[k]), []).append(words[k, : sizes[k]].copy())
            meta[kernels.COUNT] = 0
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return (
        {length: patterns[np.array(items)] for length, items in sorted(found.items())},
        code == kernels.DONE,
        int(meta[kernels.NODES]),
    )
