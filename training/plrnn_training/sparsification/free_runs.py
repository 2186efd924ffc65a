"""Whether two networks, left to themselves, are in the same places as often."""

from __future__ import annotations

import numpy as np

__all__ = ["channel_scales", "occupancy_divergence"]

# Points of each that are compared.
_POINTS = 500
# Standard deviation of the kernel, in scales of each channel.
_WIDTH = 0.25
# A channel that varies by less than this share of the one that varies most is constant but for single precision.
_CONSTANT = 1e-6


def channel_scales(values: np.ndarray) -> np.ndarray:
    """Standard deviation (N,) of each channel of values (n, N); that of the largest for channels that do not vary."""
    spread = values.std(axis=0)
    largest = float(spread.max()) or 1.0
    return np.where(spread > _CONSTANT * largest, spread, largest)


def occupancy_divergence(wanted: np.ndarray, made: np.ndarray, scale: np.ndarray) -> float:
    """Kullback-Leibler divergence between two sets of visited points, smoothed.

    Parameters
    ----------
    wanted, made : (n, N) ndarray
    scale : (N,) ndarray
        In which differences of each channel are measured. Unlike
        :func:`plrnn_analysis.reconstruction.state_space_divergence`, which takes the spread of the points themselves,
        this makes sense of points that stand still as well.

    Returns
    -------
    float
        In nats; infinite if a point is not finite.

    Notes
    -----
    Both densities are sums of Gaussian kernels whose exponent is the mean, not the sum, over channels, of the squared
    difference in kernel widths: standing still in the wrong place, a scale away, costs 8 nats however many channels
    there are. The divergence is the mean of log p - log q over the wanted points.
    """
    from scipy.spatial.distance import cdist
    from scipy.special import logsumexp

    if not np.isfinite(made).all():
        return float("inf")
    p, q = (points[np.linspace(0, len(points) - 1, min(len(points), _POINTS)).astype(int)] for points in (wanted, made))
    unit = scale * _WIDTH * np.sqrt(2.0 * len(scale))
    near_p, near_q = (
        logsumexp(-cdist(p / unit, points / unit, "sqeuclidean"), axis=1) - np.log(len(points)) for points in (p, q)
    )
    return float(np.mean(near_p - near_q))
