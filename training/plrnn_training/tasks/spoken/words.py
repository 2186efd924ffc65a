"""Generated words: vowels as formants, fricatives as noise, stops as silence and a burst, spoken by many voices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of

__all__ = ["GENERATED_WORDS", "RATE", "generated_word"]

#: Samples per second of generated words.
RATE = 8000

# Formants in Hz of a middle-sized voice, after Peterson & Barney, Journal of the Acoustical Society of America 24,
# 1952, doi:10.1121/1.1906875; glides and nasals by ear.
_FORMANTS = {
    "i": (270, 2290, 3010),
    "e": (530, 1840, 2480),
    "a": (730, 1090, 2440),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "y": (260, 2200, 2900),
    "l": (360, 1300, 2700),
    "r": (420, 1300, 1600),
    "n": (280, 1700, 2600),
    "w": (300, 610, 2200),
}
# Lowest and highest frequency of noise in Hz, and its loudness.
_NOISES = {"s": (2800, 3900, 0.5), "f": (1200, 3900, 0.25)}
_BURSTS = {"p": (300, 1200, 0.6), "t": (2000, 3800, 0.6), "d": (1500, 3200, 0.4), "g": (900, 2200, 0.4)}
_BANDWIDTHS = (80.0, 100.0, 150.0)

#: The words, each with its sounds.
GENERATED_WORDS = {
    "down": "dawn",
    "go": "gou",
    "left": "left",
    "no": "nou",
    "off": "of",
    "on": "on",
    "right": "rait",
    "stop": "stop",
    "up": "ap",
    "yes": "yes",
}


@dataclass(frozen=True)
class _Voice:
    """Pitch in Hz, factor of all formants, seconds of a voiced sound, loudness of the background."""

    pitch: float
    size: float
    pace: float
    background: float


@checked
def generated_word(word: str, rng: np.random.Generator) -> np.ndarray:
    """A word, spoken by a voice of its own in some background noise.

    Parameters
    ----------
    word : str
        A key of ``GENERATED_WORDS``.
    rng : numpy.random.Generator
        Draws pitch (90 to 240 Hz), size of the voice, pace, loudness and noise.

    Returns
    -------
    (n,) ndarray of float32
        At 8,000 samples per second; a sixth to two thirds of a second.

    Examples
    --------
    >>> sound = generated_word("yes", np.random.default_rng(0))
    >>> sound.dtype, bool(0.2 < len(sound) / RATE < 0.9)
    (dtype('float32'), True)
    """
    one_of("word", word, GENERATED_WORDS)
    voice = _Voice(
        pitch=rng.uniform(90.0, 240.0),
        size=rng.uniform(0.8, 1.25),
        pace=rng.uniform(0.07, 0.16),
        background=10 ** rng.uniform(-1.5, -0.3),
    )
    sounds = GENERATED_WORDS[word]
    pieces: list[np.ndarray] = []
    start = 0
    while start < len(sounds):
        end = start
        while end < len(sounds) and sounds[end] in _FORMANTS:
            end += 1
        if end > start:
            pieces.append(_voiced(sounds[start:end], voice, rng))
        else:
            end = start + 1
            pieces.append(_unvoiced(sounds[start], voice, rng))
        start = end
    silence = [np.zeros(round(RATE * rng.uniform(0.01, 0.05))) for _ in range(2)]
    sound = np.concatenate([silence[0], *pieces, silence[1]])
    sound = sound * rng.uniform(0.4, 1.0) / max(np.abs(sound).max(), 1e-9)
    return (sound + voice.background * rng.standard_normal(len(sound))).astype(np.float32)


def _voiced(sounds: str, voice: _Voice, rng: np.random.Generator) -> np.ndarray:
    """Harmonics of a gliding pitch, each as loud as the formants, which glide too, let it be."""
    n = round(RATE * voice.pace * len(sounds) * rng.uniform(0.9, 1.1))
    time = np.linspace(0.0, len(sounds) - 1.0, n)
    formants = np.array([_FORMANTS[sound] for sound in sounds], dtype=float) * voice.size
    formants = formants * rng.uniform(0.88, 1.12, formants.shape)
    # Each sound is held before it glides to the next.
    held = np.floor(time) + np.clip(3 * (time % 1.0) - 1.0, 0.0, 1.0)
    tracks = [np.interp(held, np.arange(len(sounds)), formants[:, k]) for k in range(3)]
    pitch = voice.pitch * np.linspace(rng.uniform(1.0, 1.1), rng.uniform(0.85, 1.0), n)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(n)
    for harmonic in range(1, int(0.5 * RATE / pitch.max())):
        frequency = harmonic * pitch
        loudness = sum(
            weight / (1.0 + ((frequency - track) / width) ** 2)
            for weight, track, width in zip((1.0, 0.6, 0.3), tracks, _BANDWIDTHS, strict=True)
        )
        sound += loudness * np.sin(harmonic * phase)
    return sound * _fade(n)


def _unvoiced(sound: str, voice: _Voice, rng: np.random.Generator) -> np.ndarray:
    """Noise in a band of frequencies; before a burst it is silent."""
    low, high, loudness = _NOISES[sound] if sound in _NOISES else _BURSTS[sound]
    seconds = voice.pace * rng.uniform(0.8, 1.2) * (1.0 if sound in _NOISES else 0.25)
    n = round(RATE * seconds)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies = np.fft.rfftfreq(n, 1.0 / RATE)
    spectrum[(frequencies < low * voice.size) | (frequencies > high * voice.size)] = 0.0
    noise = np.fft.irfft(spectrum, n)
    noise = loudness * noise / max(np.abs(noise).max(), 1e-9) * _fade(n)
    closure = 0 if sound in _NOISES else round(RATE * rng.uniform(0.03, 0.06))
    return np.concatenate([np.zeros(closure), noise])


def _fade(n: int) -> np.ndarray:
    """1 but for a hundredth of a second at either end."""
    edge = min(n // 2, RATE // 100)
    ramp = np.linspace(0.0, 1.0, edge) if edge else np.zeros(0)
    return np.concatenate([ramp, np.ones(n - 2 * edge), ramp[::-1]])
