"""Answers without recurrence: one affine map of all that came so far, or of what it holds in any order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError

from .stacked import Baseline, uniform

__all__ = ["AffineMap", "BagOfWords"]


@checked
class AffineMap(Baseline):
    """A stack of affine maps of all inputs so far, ``y_t = Σ_j B_j s_{t-T+j} + b``: with classes, logistic regression.

    Read at the last step it is any affine map of the sequence; at the others the same weights are shifted.

    Parameters
    ----------
    n_steps : int
        T, the longest sequence; inputs before the first step count as zero.
    n_inputs, n_outputs : int
        K and N.
    generators : sequence of torch.Generator
        One per model; weights start as U(±1/√(T K)).

    Attributes
    ----------
    B : (E, N, T, K) Parameter
    b : (E, N) Parameter

    Examples
    --------
    >>> maps = AffineMap(9, 3, 2, [torch.Generator().manual_seed(s) for s in (0, 1)])
    >>> maps(torch.zeros(4, 9, 3)).shape, maps(torch.zeros(4, 5, 3)).shape
    (torch.Size([2, 4, 9, 2]), torch.Size([2, 4, 5, 2]))
    """

    B: Tensor
    b: Tensor

    def __init__(self, n_steps: int, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]) -> None:
        self.n_steps = whole("n_steps", n_steps, 1)
        super().__init__(n_inputs, n_outputs, generators)

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model."""
        bound = (self.n_steps * self.n_inputs) ** -0.5
        shape = (self.n_outputs, self.n_steps, self.n_inputs)
        return {"B": uniform(bound, *shape, generator=generator), "b": torch.zeros(self.n_outputs)}

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs (E, batch, S, N) at the last `last` steps; `z0` has no meaning here.

        Raises
        ------
        ModelError
            If the sequence is longer than T.
        """
        driven = self.driving(inputs)
        length, kept = driven.shape[2], _kept(last, driven)
        if length > self.n_steps:
            raise ModelError(f"the map is made for sequences of up to {self.n_steps} steps, got {length}")
        used = self.B[:, :, self.n_steps - length :]
        if kept == 1:
            return (driven.flatten(2) @ used.flatten(2).mT + self.b.unsqueeze(1)).unsqueeze(2)
        # One convolution of all models, each with its own channels, over what each kept step looks back on.
        channels = driven.transpose(0, 1).mT.flatten(1, 2)
        padded = functional.pad(channels, (kept - 1, 0))
        answers = functional.conv1d(padded, used.mT.flatten(0, 1), groups=self.n_models)
        answers = answers.unflatten(1, (self.n_models, self.n_outputs)).transpose(0, 1).mT
        return answers + self.b[:, None, None]


@checked
class BagOfWords(Baseline):
    """A stack of affine maps of the mean input so far, ``y_t = B (s_1 + … + s_t) / t + b``: the order is lost.

    Behind an embedding it is the linear classifier of a bag of words.

    Parameters
    ----------
    n_inputs, n_outputs : int
        K and N.
    generators : sequence of torch.Generator
        One per model; weights start as U(±1/√K).

    Attributes
    ----------
    B : (E, N, K) Parameter
    b : (E, N) Parameter

    Examples
    --------
    >>> bag, words = BagOfWords(3, 2, [torch.Generator().manual_seed(0)]), torch.rand(4, 9, 3)
    >>> torch.allclose(bag(words, last=1), bag(words.flip(1), last=1), atol=1e-6)
    True
    """

    B: Tensor
    b: Tensor

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model."""
        weights = uniform(self.n_inputs**-0.5, self.n_outputs, self.n_inputs, generator=generator)
        return {"B": weights, "b": torch.zeros(self.n_outputs)}

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs (E, batch, S, N) at the last `last` steps; `z0` has no meaning here."""
        driven = self.driving(inputs)
        kept = _kept(last, driven)
        steps = torch.arange(1, driven.shape[2] + 1, device=driven.device, dtype=driven.dtype)
        mean = (driven.cumsum(2) / steps.unsqueeze(1))[:, :, -kept:]
        return mean @ self.B.mT.unsqueeze(1) + self.b[:, None, None]


def _kept(last: int | None, driven: Tensor) -> int:
    """How many steps are answered at."""
    steps = driven.shape[2]
    return steps if last is None else whole("last", last, 1, steps, remark=f"(the sequence has {steps} steps)")
