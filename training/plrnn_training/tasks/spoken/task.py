"""Spoken words as a task: their spectrum frame by frame, then the word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, one_of, whole

from ...encoders import Chain, Convolution, EncodedRNN, Encoder
from ...model import ALRNN
from ...recipe import Recipe
from ...stacks import Stack
from ..base import Batch
from ..entry import Setting, TaskEntry
from ..fingerprint import fingerprint
from ..labelled import LabelledSequences
from .features import mfcc
from .sounds import Sounds, read_sounds

__all__ = ["ENTRY", "SpokenTask"]

_ENCODERS = ("convolution", "two_convolutions")
_WIDTH = 5
_STRIDE = 2


@checked
class SpokenTask(LabelledSequences):
    """Say which word was spoken, after its last frame.

    Parameters
    ----------
    sounds : Sounds
        See :func:`plrnn_training.tasks.spoken.read_sounds`.
    encoder : {"convolution", "two_convolutions"}, optional
        One convolution over 5 frames, which is linear; or two with a ReLU between, which P does not count. Each halves
        the number of steps.
    width : int, optional
        Channels that reach the network.
    coefficients : int, optional
        Mel-frequency cepstral coefficients of a frame.
    hop : float, optional
        Seconds between two frames.
    longest : float, optional
        Seconds of a sound that are heard.
    validation, test : float, optional
        Shares of the sounds of every word that are held out; sounds that the data set itself sets apart are the test.

    Raises
    ------
    ModelError
        On a setting out of range, if a word has too few sounds to be split, or if librosa is missing.

    Notes
    -----
    Coefficients are standardised by their mean and standard deviation over all frames of the training sounds.
    """

    def __init__(
        self,
        sounds: Sounds,
        encoder: str = "convolution",
        *,
        width: int = 16,
        coefficients: int = 20,
        hop: float = 0.016,
        longest: float = 1.0,
        validation: float = 0.1,
        test: float = 0.2,
    ) -> None:
        self.encoder, self.width = one_of("encoder", encoder, _ENCODERS), whole("width", width, 1)
        self.coefficients = whole("coefficients", coefficients, 1, 40)
        number("hop", hop, above=0.0)
        number("longest", longest, above=0.0)
        self.input_names = tuple(f"feature {k + 1}" for k in range(width))
        self._sounds = sounds
        self._settings = {"coefficients": coefficients, "hop": hop, "longest": longest, "held_out": [validation, test]}
        heard = max(1, round(longest * sounds.rate))
        frames = [torch.from_numpy(mfcc(sound[:heard], sounds.rate, coefficients, hop)) for sound in sounds.sounds]
        lengths = torch.tensor([len(own) for own in frames])
        inputs = torch.nn.utils.rnn.pad_sequence(frames, batch_first=True)
        labels = torch.tensor(sounds.labels)
        super().__init__(
            "spoken",
            inputs,
            lengths,
            labels,
            sounds.classes,
            sounds.tested,
            validation=validation,
            test=test,
            what="sounds",
        )
        valid = torch.arange(inputs.shape[1]) < lengths.unsqueeze(1)
        trained = inputs[self._training][valid[self._training]]
        scaled = (inputs - trained.mean(0)) / trained.std(0).clamp(min=1e-6)
        self._inputs = scaled * valid.unsqueeze(-1)
        self._steps = -(-inputs.shape[1] // self._stride)
        self._lengths = -(-lengths // self._stride)

    @property
    def _stride(self) -> int:
        """Frames per step of the network."""
        return _STRIDE if self.encoder == "convolution" else _STRIDE**2

    def new_encoder(self, generators: Sequence[torch.Generator]) -> Encoder:
        """What turns frames into driving input, one encoder per generator."""
        if self.encoder == "convolution":
            return Convolution(self.coefficients, self.width, _WIDTH, generators, _STRIDE)
        first = Convolution(self.coefficients, 2 * self.width, _WIDTH, generators, _STRIDE)
        return Chain([first, Convolution(2 * self.width, self.width, _WIDTH, generators, _STRIDE)], relu=True)

    def new_stack(
        self, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        """AL-RNNs behind encoders of their own."""
        core = ALRNN(n_units, list(pwl_units), self.width, len(self.output_names), init=init, generators=generators)
        return EncodedRNN(self.new_encoder(generators), core)

    def metadata(self) -> dict[str, Any]:
        """Task name, where the sounds come from, a fingerprint of their spectra, encoder and settings."""
        return {
            "task": self.name,
            "sounds": self._sounds.name,
            "generated": self._sounds.generated,
            "features": "librosa MFCC",
            "data": fingerprint(self._inputs.numpy(), self._labels.numpy()),
            "encoder": self.encoder,
            "width": self.width,
            **self._settings,
        }

    def _take(self, rows: Tensor) -> Batch:
        return self._read_at_the_end(self._inputs[rows], rows, self._steps)


_RECIPE = Recipe(
    iterations=800, lr=3e-3, curriculum=0.0, init="leaky", validation_trials=300, test_trials=5000, evaluations=20
)

ENTRY = TaskEntry(
    name="spoken",
    summary="Hear a word frame by frame, then say which it was; generated words unless --data gives real ones.",
    variants=_ENCODERS,
    takes_data=True,
    build=lambda variant, data: SpokenTask(read_sounds(data), variant),
    settings={
        "default": Setting(32, (0, 1, 2, 5, 10, 20, 32), replace(_RECIPE, iterations=2500)),
        "quick": Setting(32, (0, 2, 10, 32), _RECIPE, seeds=3),
        # A hundred passes over the 31,000 training sounds of ten words.
        "paper": Setting(
            100,
            (0, 10, 50, 100),
            Recipe(
                iterations=48_000,
                lr=1e-3,
                betas=(0.9, 0.999),
                clip=5.0,
                hold=0.0,
                final_lr=0.0,
                curriculum=0.0,
                init="small",
                tau=0.1,
                regularised_units=50,
                validation_trials=2500,
                test_trials=5000,
            ),
        ),
    },
)
