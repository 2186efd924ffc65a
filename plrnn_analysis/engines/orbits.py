"""Orbits of a map: which rotations of a cycle are one, and the public description of a cycle."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .._validation import freeze
from ..maps import CanonicalMap, bits_to_string
from ..results import Cycle
from .verification import Hit, classify, ordered_eigenvalues

__all__ = ["describe_cycles", "least_rotations", "same_orbit"]

# Words of more rotations than this are rotated one by one, in linear time.
LONG = 64


def least_rotations(bits: np.ndarray, shift: int) -> np.ndarray:
    """For each word of `bits` (n, period, H) the rotation, a multiple of `shift`, that reads least."""
    count, period, _ = bits.shape
    _, symbols = np.unique(bits.reshape(count * period, -1), axis=0, return_inverse=True)
    words = symbols.reshape(count, period)
    if period // shift > LONG:
        return np.array([_least_rotation(word.reshape(-1, shift).tolist()) * shift for word in words], dtype=np.intp)
    best, turns = words, np.zeros(count, dtype=np.intp)
    for r in range(shift, period, shift):
        turned = np.roll(words, -r, 1)
        differ = turned != best
        first = np.argmax(differ, axis=1)
        rows = np.arange(count)
        less = turned[rows, first] < best[rows, first]
        best = np.where(less[:, None], turned, best)
        turns[less] = r
    return turns


def _least_rotation(word: list[list[int]]) -> int:
    """The first rotation of a word that reads least, in linear time (Booth 1980, doi:10.1016/0020-0190(80)90149-0)."""
    n = len(word)
    first, second, same = 0, 1, 0
    # Two candidates: the one that loses, and all starts up to where it lost, cannot be least.
    while first < n and second < n and same < n:
        one, other = word[(first + same) % n], word[(second + same) % n]
        if one == other:
            same += 1
            continue
        if one > other:
            first += same + 1
        else:
            second += same + 1
        if first == second:
            second += 1
        same = 0
    return min(first, second)


def same_orbit(one: Hit, other: Hit, shift: int) -> bool:
    """Whether two cycles of one period are the same, up to a rotation by a multiple of `shift` and to rounding."""
    return any(
        np.all(np.abs(np.roll(one.z, r, 0) - other.z) <= 4.0 * (np.roll(one.z_error, r, 0) + other.z_error))
        for r in range(0, len(one.z), shift)
    )


def describe_cycles(maps: list[CanonicalMap], hits: list[Hit], boundary_tolerance: float) -> Iterable[Cycle]:
    """The public description of cycles of one period, their multipliers computed together."""
    if not hits:
        return
    period, m = len(maps), maps[0].n_units
    product = np.broadcast_to(np.eye(m), (len(hits), m, m))
    for t in range(period):
        following = maps[(t + 1) % period]
        bits = np.array([hit.bits[t] for hit in hits])
        product = (following.A + (following.W[None] * bits[:, None, :]) @ following.V) @ product
    z, y, y_error = (np.array([getattr(hit, name) for hit in hits]) for name in ("z", "y", "y_error"))
    step = np.stack([maps[(t + 1) % period].step(z[:, t]) for t in range(period)], axis=1)
    residuals = np.max(np.abs(step - np.roll(z, -1, 1)), axis=(1, 2))
    norms = np.linalg.norm(maps[0].V, axis=1)
    real = norms > 0.0
    distances = np.min(np.abs(y[..., real]) / norms[real], axis=(1, 2), initial=np.inf)
    scale = np.abs(z) @ np.abs(maps[0].V).T + np.abs(maps[0].c)
    near = np.any((np.abs(y) <= np.maximum(y_error, boundary_tolerance * scale)) & real, axis=(1, 2))
    for i, hit in enumerate(hits):
        multipliers = ordered_eigenvalues(product[i])
        yield Cycle(
            period=period,
            points=freeze(hit.z),
            word=tuple(bits_to_string(b) for b in hit.bits.tolist()),
            multipliers=freeze(multipliers),
            spectral_radius=float(np.abs(multipliers[0])),
            stability=classify(multipliers),
            residual=float(residuals[i]),
            boundary_distance=float(distances[i]),
            on_boundary=bool(near[i]),
        )
