"""Baselines in the place of the AL-RNN of a task: behind its encoder, or in pairs that read and write."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.model import PLRNN

from ..encoders import Encoded, Encoder
from ..model import ALRNN
from ..stacks import NetworkStack
from .stacked import Baseline, Recurrent

__all__ = ["PairedBaseline", "behind"]

# Parameters of any baseline that its recurrence does not use.
_READOUTS = ("B", "b", "C_real", "C_imag", "D")


class _EncodedNetworks(Encoded):
    """Baselines that can be analysed, each behind an encoder of its own."""

    def network(self, index: int) -> PLRNN:
        """The recurrent part of one of the models, for analysis."""
        assert isinstance(self.core, NetworkStack)  # `behind` has looked
        return self.core.network(index)


def behind(encoder: Encoder, core: Baseline) -> Encoded:
    """A baseline behind an encoder, which can be analysed if the baseline can."""
    kind = _EncodedNetworks if isinstance(core, NetworkStack) else Encoded
    return kind(encoder, core)


@checked
class PairedBaseline(nn.Module):
    """Stacks of baselines in pairs: one reads a sequence, the other starts from its last state and writes.

    As in :class:`plrnn_training.encoder_decoder.EncoderDecoder` nothing is fed back to the one that writes; torch's
    layers need an input, so it is given one that is zero.

    Parameters
    ----------
    encoder, decoder : Recurrent
        Of one kind and size; the decoder has one input.
    n_steps : int
        Steps that the decoder runs, unless a call says how many.
    """

    def __init__(self, encoder: Recurrent, decoder: Recurrent, n_steps: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.n_steps = whole("n_steps", n_steps, 1)
        self._silence()

    @property
    def n_models(self) -> int:
        """Number of pairs."""
        return self.encoder.n_models

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """None: there is no AL-RNN inside."""
        return {}

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the encoder: the inputs themselves, (E, batch, T, K)."""
        return self.encoder.driving(inputs)

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """What the decoder writes, (E, batch, S, N); `last` is the number of its steps."""
        start = None if z0 is None else (z0.expand(self.n_models, *z0.shape[-2:]),)
        _, state = self.encoder.run(self.driving(inputs), start, 1)
        steps = self.n_steps if last is None else whole("last", last, 1)
        nothing = state[0].new_zeros(*state[0].shape[:2], steps, 1)
        return self.decoder.run(nothing, state, None)[0]

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one pair new initial weights, drawn from `generator`: first the encoder's, then the decoder's."""
        self.encoder.reinitialise(index, init, generator)
        self.decoder.reinitialise(index, init, generator)
        self._silence()

    def _silence(self) -> None:
        """No readout of the encoder, which nothing reads and no gradient would reach."""
        with torch.no_grad():
            for name, parameter in self.encoder.named_parameters():
                if name in _READOUTS:
                    parameter.zero_().requires_grad_(False)
