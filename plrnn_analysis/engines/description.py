"""Hits as the results that users see: eigenvalues, stability, residual, distance to the boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..maps import CanonicalMap, bits_to_string
from ..numerics import BOUNDARY
from ..results import Cycle, FixedPoint
from .stability import jacobian_stabilities
from .verification import Hit

__all__ = ["describe", "describe_cycles", "describe_points", "together"]

# Matrices of M units whose eigenvalues are computed at once have this many M^3 together: some tenths of a second.
WORK = 1e7


def describe(map: CanonicalMap, hit: Hit, boundary_tolerance: float = BOUNDARY) -> FixedPoint:
    """One fixed point; see :func:`describe_points`."""
    return next(describe_points(map, [hit], boundary_tolerance))


def describe_points(
    map: CanonicalMap,
    hits: Sequence[Hit],
    boundary_tolerance: float = BOUNDARY,
    own: CanonicalMap | None = None,
) -> Iterator[FixedPoint]:
    """Fixed points, in batches.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    hits : sequence of Hit
    boundary_tolerance : float, optional
        A point is flagged ``on_boundary`` if a ReLU argument is zero, or at most this share of the terms that it and
        the state are made of.
    own : CanonicalMap, optional
        The map in balanced units, if it is at hand: eigenvalues are quicker to bound there.
    """
    size = together(map.n_units)
    norms, real = _norms(map.V)
    for start in range(0, len(hits), size):
        batch = hits[start : start + size]
        z, y, bits = (np.array([getattr(hit, name) for hit in batch]) for name in ("z", "y", "bits"))
        with np.errstate(over="ignore", invalid="ignore"):
            residuals = np.max(np.abs(map.step(z) - z), axis=1)
            distances = np.min(np.abs(y[:, real]) / norms[real], axis=1, initial=np.inf)
        scale = _sizes([map], z[:, None], y[:, None])[:, 0]
        near = np.any(((y == 0.0) | (np.abs(y) <= boundary_tolerance * scale)) & real, axis=1)
        eigenvalues, classes = jacobian_stabilities([map if own is None else own], bits[:, None, :])
        for i, hit in enumerate(batch):
            yield FixedPoint(
                z=hit.z.copy(),
                bitcode=bits_to_string(hit.bits.tolist()),
                eigenvalues=eigenvalues[i],
                spectral_radius=float(np.abs(eigenvalues[i, 0])),
                stability=classes[i],
                residual=float(residuals[i]),
                boundary_distance=float(distances[i]),
                on_boundary=bool(near[i]),
            )


def together(n_units: int) -> int:
    """How many matrices of this size are treated at once, between two looks at the clock."""
    return max(1, int(WORK / n_units**3))


def _norms(V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (H,) of the rows of V, none lost to underflow, and which rows are not zero."""
    largest = np.max(np.abs(V), axis=1, initial=0.0)
    real = largest > 0.0
    unit = np.where(real, largest, 1.0)
    return unit * np.linalg.norm(V / unit[:, None], axis=1), real


def _sizes(maps: Sequence[CanonicalMap], z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sizes (n, k, H) of the terms that ReLU arguments are sums of, before anything cancels.

    A state is a sum itself, of what the step into it adds up: where that cancels, its ReLU arguments know no better.
    """
    sizes = []
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for t, map in enumerate(maps):
            terms = (
                np.abs(z[:, t - 1]) @ np.abs(map.A).T
                + np.maximum(y[:, t - 1], 0.0) @ np.abs(map.W).T
                + np.abs(map.h)
                + np.abs(z[:, t])
            )
            sizes.append(terms @ np.abs(map.V).T + np.abs(maps[(t + 1) % len(maps)].c))
        return np.stack(sizes, axis=1)


def describe_cycles(
    maps: Sequence[CanonicalMap], hits: Sequence[Hit], boundary_tolerance: float = BOUNDARY
) -> Iterator[Cycle]:
    """Cycles of one period, in batches.

    Parameters
    ----------
    maps : sequence of CanonicalMap
        ``maps[t]`` leads into position t of the ring.
    hits : sequence of Hit
    boundary_tolerance : float, optional
        As for :func:`describe_points`.
    """
    size = together(maps[0].n_units * len(maps))
    for start in range(0, len(hits), size):
        yield from _described_cycles(maps, hits[start : start + size], boundary_tolerance)


def _described_cycles(maps: Sequence[CanonicalMap], hits: Sequence[Hit], boundary_tolerance: float) -> Iterator[Cycle]:
    period, m, n = len(maps), maps[0].n_units, maps[0].n_relu
    z, y, bits = (
        np.array([getattr(hit, name) for hit in hits]).reshape(len(hits), period, width)
        for name, width in (("z", m), ("y", n), ("bits", n))
    )
    following = [maps[(t + 1) % period] for t in range(period)]
    multipliers, classes = jacobian_stabilities(following, bits)
    with np.errstate(over="ignore", invalid="ignore"):
        step = np.stack([following[t].step(z[:, t]) for t in range(period)], axis=1)
        residuals = np.max(np.abs(step - np.roll(z, -1, 1)), axis=(1, 2))
        norms, real = _norms(maps[0].V)
        distances = np.min(np.abs(y[..., real]) / norms[real], axis=(1, 2), initial=np.inf)
    scale = _sizes(maps, z, y)
    near = np.any(((y == 0.0) | (np.abs(y) <= boundary_tolerance * scale)) & real, axis=(1, 2))
    for i in range(len(hits)):
        yield Cycle(
            period=period,
            points=z[i].copy(),
            word=tuple(bits_to_string(b) for b in bits[i].tolist()),
            multipliers=multipliers[i],
            spectral_radius=float(np.abs(multipliers[i, 0])),
            stability=classes[i],
            residual=float(residuals[i]),
            boundary_distance=float(distances[i]),
            on_boundary=bool(near[i]),
        )
