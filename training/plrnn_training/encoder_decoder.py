"""One AL-RNN reads a sequence, another one writes one: both of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError

from .model import ALRNN

if TYPE_CHECKING:
    from .tasks.base import Batch

__all__ = ["EncoderDecoder"]


@checked
class EncoderDecoder(nn.Module):
    """Stacks of AL-RNNs in pairs: the decoder starts from the encoder's last state and runs freely, without input.

    Nothing that was written is fed back, so training and use do not differ. The encoder's readout is zero and is not
    trained.

    Parameters
    ----------
    encoder : ALRNN
    decoder : ALRNN
        Of as many models with as many units, without inputs.
    n_steps : int
        Steps that the decoder runs, unless a call says how many.

    Raises
    ------
    ModelError
        If the two do not fit together.

    Examples
    --------
    >>> import torch
    >>> generators = [torch.Generator().manual_seed(s) for s in (0, 1)]
    >>> encoder = ALRNN(6, [0, 2], n_inputs=3, n_outputs=1, init="leaky", generators=generators)
    >>> decoder = ALRNN(6, [0, 2], n_inputs=0, n_outputs=4, init="leaky", generators=generators)
    >>> EncoderDecoder(encoder, decoder, n_steps=7)(torch.zeros(5, 9, 3)).shape
    torch.Size([2, 5, 7, 4])
    """

    def __init__(self, encoder: ALRNN, decoder: ALRNN, n_steps: int) -> None:
        super().__init__()
        if not (encoder.stacked and decoder.stacked) or decoder.n_inputs:
            raise ModelError("an encoder and a decoder must be stacks, and the decoder must take no inputs")
        if (encoder.n_models, encoder.n_units) != (decoder.n_models, decoder.n_units):
            raise ModelError(
                f"the decoder starts from the encoder's state, so both need as many models and units: got "
                f"{encoder.n_models} models of {encoder.n_units} units and {decoder.n_models} of {decoder.n_units}"
            )
        self.encoder, self.decoder = encoder, decoder
        self.n_steps = whole("n_steps", n_steps, 1)
        self._silence()

    @property
    def n_models(self) -> int:
        """Number of pairs."""
        return self.encoder.n_models

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """``"encoder"`` and ``"decoder"``."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    def driving(self, inputs: Tensor) -> Tensor:
        """What reaches the encoder: the inputs themselves, (E, batch, T, K)."""
        return self.encoder.driving(inputs)

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """What the decoder writes.

        Parameters
        ----------
        inputs : (batch, T, K) or (E, batch, T, K) Tensor
        z0 : (batch, M) or (E, batch, M) Tensor, optional
            State of the encoder before the first input, zero by default.
        last : int, optional
            Steps that the decoder runs, ``n_steps`` by default.

        Returns
        -------
        (E, batch, S, N) Tensor
        """
        start = self._read(inputs, z0)
        steps = self.n_steps if last is None else whole("last", last, 1)
        outputs: Tensor = self.decoder(start.new_empty(*start.shape[:2], steps, 0), start)
        return outputs

    def seen_by(self, core: str, batch: Batch) -> Batch:
        """Trials as the encoder or the decoder sees them.

        Parameters
        ----------
        core : {"encoder", "decoder"}
        batch : Batch

        Returns
        -------
        Batch
            The encoder's inputs; or the decoder's states before its first step and how many of its steps count, for it
            has no inputs.
        """
        if core == "encoder":
            return replace(batch, inputs=self.driving(batch.inputs))
        start = self._read(batch.inputs, batch.initial)
        written = None if batch.mask is None else (batch.mask != 0).sum(-1)
        nothing = start.new_empty(*start.shape[:2], self.n_steps, 0)
        return replace(batch, inputs=nothing, initial=start, lengths=written)

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one pair new initial weights, drawn from `generator`: first the encoder's, then the decoder's."""
        self.encoder.reinitialise(index, init, generator)
        self.decoder.reinitialise(index, init, generator)
        self._silence()

    def _read(self, inputs: Tensor, z0: Tensor | None) -> Tensor:
        """The encoder's last state (E, batch, M)."""
        return self.encoder.states(inputs, z0, last=1)[:, :, -1]

    def _silence(self) -> None:
        """No readout of the encoder, which nothing reads and no gradient would reach."""
        with torch.no_grad():
            for readout in (self.encoder.B, self.encoder.b):
                readout.zero_().requires_grad_(False)
