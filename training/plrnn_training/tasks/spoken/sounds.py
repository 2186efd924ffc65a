"""Spoken words with labels: generated ones, a folder of files, or Speech Commands through ``datasets``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.errors import ModelError

from .words import GENERATED_WORDS, RATE, generated_word

__all__ = ["Sounds", "read_sounds"]

_GENERATED_EACH = 300
_LOCAL = "give --data FOLDER with files label_*.wav"
# The ten words of Speech Commands that are commonly told apart.
_COMMANDS = tuple(GENERATED_WORDS)


@checked
@dataclass(frozen=True)
class Sounds:
    """Spoken words of one sampling rate.

    Attributes
    ----------
    name : str
        Where they come from.
    sounds : tuple of (n,) ndarray of float32
    rate : int
        Samples per second.
    labels : tuple of int
        Counted from 0.
    classes : tuple of str
    tested : frozenset of int or None
        Which of them the data set itself sets apart for the test.
    generated : bool
        Whether they were synthesised.
    """

    name: str
    sounds: tuple[np.ndarray, ...]
    rate: int
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    tested: frozenset[int] | None = None
    generated: bool = False


@checked
def read_sounds(data: str | None = None) -> Sounds:
    """Read spoken words.

    Parameters
    ----------
    data : str, optional
        A folder of files such as ``yes_17.wav``, whose label is what stands before the first underscore; or
        ``"speech_commands"``, which the ``datasets`` library fetches or has in its cache. By default 3,000 generated
        words, see :func:`plrnn_training.tasks.spoken.generated_word`.

    Returns
    -------
    Sounds

    Raises
    ------
    ModelError
        If they cannot be had, or are not of that form.

    Notes
    -----
    Source of Speech Commands: Warden, 2018, arXiv:1804.03209.
    """
    if data is None:
        rng = np.random.default_rng(0)
        labels = tuple(label for label in range(len(GENERATED_WORDS)) for _ in range(_GENERATED_EACH))
        words = tuple(GENERATED_WORDS)
        sounds = tuple(generated_word(words[label], rng) for label in labels)
        return Sounds("generated words", sounds, RATE, labels, words, generated=True)
    if data == "speech_commands":
        return _speech_commands()
    return _folder(Path(data))


def _folder(folder: Path) -> Sounds:
    if not folder.is_dir():
        raise ModelError(f"{folder}: there is no such folder; data is 'speech_commands' or a folder of label_*.wav")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".wav" and "_" in path.stem]
    named = [path.stem.partition("_")[0] for path in files]
    classes = tuple(sorted(set(named)))
    if len(classes) < 2:
        raise ModelError(
            f"{folder} must hold files such as yes_17.wav of at least two labels, found {len(files)} of {len(classes)}"
        )
    read = [_wav(path) for path in files]
    rate = max(own for _, own in read)
    sounds = tuple(_resampled(sound, own, rate) for sound, own in read)
    return Sounds(folder.name, sounds, rate, tuple(classes.index(label) for label in named), classes)


def _wav(path: Path) -> tuple[np.ndarray, int]:
    """Mean of the channels, between -1 and 1, and the sampling rate."""
    from scipy.io import wavfile

    check_regular(path, ModelError)
    try:
        rate, samples = wavfile.read(path)
    except Exception as error:  # the reader has many of its own
        raise ModelError(f"{path} cannot be read as a wav file ({error})") from error
    sound = np.asarray(samples, dtype=np.float64)
    if samples.dtype == np.uint8:
        sound = (sound - 128.0) / 128.0
    elif samples.dtype.kind == "i":
        sound = sound / float(np.iinfo(samples.dtype).max)
    if sound.ndim == 2:
        sound = sound.mean(axis=1)
    if not sound.size:
        raise ModelError(f"{path} holds no samples")
    return sound.astype(np.float32), int(rate)


def _resampled(sound: np.ndarray, own: int, rate: int) -> np.ndarray:
    if own == rate:
        return sound
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(sound, rate, own), dtype=np.float32)


def _speech_commands() -> Sounds:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ModelError(
            f'Speech Commands is read by the datasets library: pip install "plrnn-analysis[data]", or {_LOCAL}'
        ) from error
    try:
        parts = [load_dataset("google/speech_commands", "v0.02", split=part) for part in ("train", "test")]
        names = parts[0].features["label"].names
        chosen = [[row for row in part if names[row["label"]] in _COMMANDS] for part in parts]
        sounds = tuple(np.asarray(row["audio"]["array"], dtype=np.float32) for part in chosen for row in part)
    except Exception as error:  # whatever the library and the network make of it
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"Speech Commands could not be fetched ({reason}); {_LOCAL}") from error
    rows: list[Any] = [row for part in chosen for row in part]
    labels = tuple(_COMMANDS.index(names[row["label"]]) for row in rows)
    tested = frozenset(range(len(chosen[0]), len(rows)))
    return Sounds("speech_commands", sounds, int(rows[0]["audio"]["sampling_rate"]), labels, _COMMANDS, tested)
