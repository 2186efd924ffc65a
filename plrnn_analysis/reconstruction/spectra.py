"""Do free runs have the rhythms of the data? A distance between power spectra."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import number, whole
from ..errors import ModelError
from .stretches import as_trials, gap_free

__all__ = ["power_spectra", "power_spectrum_distance"]

# A spectrum has at least this many frequencies for each that the Gaussian which smooths it spans.
FREQUENCIES = 100


@checked
def power_spectra(series: Any, length: int | None = None, *, smoothing: float = 20.0) -> np.ndarray:
    """Smoothed power spectra of all channels, each with sum 1.

    Parameters
    ----------
    series : (T, N) or (n, T, N) array_like, or sequence of (T_i, N) array_like
        Steps at which a value is missing (NaN) cut it into stretches.
    length : int, optional
        Steps of the parts whose spectra are averaged; by default the median length of the stretches.
    smoothing : float, optional
        Standard deviation of the Gaussian that smooths them, in frequencies; at most a hundredth of their number.

    Returns
    -------
    (length // 2 + 1, N) ndarray
        At the frequencies 0, 1 / length, ... per step. A channel that never changes has all its power at 0, any other
        none there, but for the smoothing: the mean of a part is no rhythm.

    Raises
    ------
    ModelError
        If no stretch is that long.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.sin(2 * np.pi * np.arange(1000) / 10)
    >>> int(power_spectra(wave).argmax())  # 100 of 1000: once in 10 steps
    100
    """
    stretches = gap_free(as_trials("series", series))
    smoothing = number("smoothing", smoothing, least=0.0)
    if not stretches:
        raise ModelError("series: a value is missing at every step, so there is no spectrum")
    length = _typical_length(stretches) if length is None else whole("length", length, 1)
    parts = [s[a : a + length] for s in stretches for a in range(0, len(s) - length + 1, length)]
    if not parts:
        longest = max(len(s) for s in stretches)
        raise ModelError(f"length is {length}, but the longest stretch without a missing value has {longest} steps")
    # Only the form counts, and squares of runs that diverge would overflow.
    size = np.max([np.abs(part).max(axis=0) for part in parts], axis=0)
    parts = [part / np.where(size > 0, size, 1.0) for part in parts]
    power = np.mean([np.abs(np.fft.rfft(part - part.mean(axis=0), axis=0)) ** 2 for part in parts], axis=0)
    if smoothing:
        from scipy.ndimage import gaussian_filter1d

        power = gaussian_filter1d(power, min(smoothing, len(power) / FREQUENCIES), axis=0)
    total = power.sum(axis=0)
    # What is left of a constant is rounding.
    still = np.all([~(part.std(axis=0) > 1e-12 * np.abs(part.mean(axis=0))) for part in parts], axis=0)
    power[:, still], power[0, still] = 0.0, 1.0
    return power / np.where(still, 1.0, total)


@checked
def power_spectrum_distance(data: Any, generated: Any, *, smoothing: float = 20.0) -> float:
    """Hellinger distance D_H between power spectra, averaged over channels.

    Parameters
    ----------
    data, generated : (T, N) or (n, T, N) array_like, or sequence of (T_i, N) array_like
        Recorded and generated values. Steps of the data at which a value is missing (NaN) cut it into stretches.
    smoothing : float, optional
        As in :func:`power_spectra`.

    Returns
    -------
    float
        Between 0, for the same spectra, and 1; 1 also if a generated value is not finite.

    Raises
    ------
    ModelError
        If the two do not have the same channels, or a value is missing at every step.

    Notes
    -----
    √(1 - Σ √(p q)) of the spectra of parts as long as the median stretch of the data, or as a generated run if that
    is shorter. Only the form of a spectrum counts: amplitudes do not. Source: Mikhaeil, Monfared & Durstewitz, NeurIPS
    2022.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.arange(5000)
    >>> wave, slower = np.sin(0.1 * steps), np.sin(0.05 * steps)
    >>> round(power_spectrum_distance(wave, 3 * wave[:4000]), 2), power_spectrum_distance(wave, slower) > 0.5
    (0.0, True)
    """
    recorded = gap_free(as_trials("data", data))
    if not recorded:
        raise ModelError("data: a value is missing at every step, so there is no spectrum")
    made = as_trials("generated", generated, recorded[0].shape[1])
    if not all(np.isfinite(trial).all() for trial in made):
        return 1.0
    length = min(_typical_length(recorded), _typical_length(made))
    p, q = (power_spectra(series, length, smoothing=smoothing) for series in (recorded, made))
    overlap = np.sqrt(p * q).sum(axis=0)
    return float(np.mean(np.sqrt(np.maximum(0.0, 1.0 - overlap))))


def _typical_length(stretches: list[np.ndarray]) -> int:
    """Half of the stretches are at least that long."""
    return sorted(len(s) for s in stretches)[len(stretches) // 2]
