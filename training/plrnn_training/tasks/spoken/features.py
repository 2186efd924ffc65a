"""Mel-frequency cepstral coefficients of sounds, by librosa."""

from __future__ import annotations

import numpy as np

from plrnn_analysis.errors import ModelError

__all__ = ["mfcc"]

_WINDOW_SECONDS = 0.032
_BANDS = 40


def mfcc(sound: np.ndarray, rate: int, coefficients: int, hop_seconds: float) -> np.ndarray:
    """Mel-frequency cepstral coefficients.

    Parameters
    ----------
    sound : (n,) ndarray
    rate : int
        Samples per second.
    coefficients : int
        At most 40.
    hop_seconds : float
        Between two frames.

    Returns
    -------
    (T, coefficients) ndarray of float32

    Raises
    ------
    ModelError
        If librosa is missing.

    Notes
    -----
    Windows of 32 ms (a power of two of samples at 8 or 16 kHz), 40 mel bands. Source of the library: McFee et al.,
    SciPy 2015, doi:10.25080/Majora-7b98e3ed-003.
    """
    try:
        from librosa.feature import mfcc as librosa_mfcc
    except ImportError as error:
        raise ModelError('spoken words need librosa for their MFCC: pip install "plrnn-analysis[audio]"') from error
    window = round(_WINDOW_SECONDS * rate)
    found = librosa_mfcc(
        y=np.asarray(sound, dtype=np.float32),
        sr=rate,
        n_mfcc=coefficients,
        n_fft=window,
        hop_length=max(1, round(hop_seconds * rate)),
        n_mels=_BANDS,
    )
    return np.ascontiguousarray(found.T, dtype=np.float32)
