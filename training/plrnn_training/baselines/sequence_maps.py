"""Answers without recurrence: one affine map of the whole sequence, or of what it holds in any order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError

from .stacked import Baseline, uniform

__all__ = ["AffineMap", "BagOfWords"]


class AffineMap(Baseline):
    """A stack of affine maps of whole sequences, ``y = Σ_t B_t s_t + b``: with classes, logistic regression.

    Parameters
    ----------
    n_steps : int
        T; of a shorter sequence the last B_t are used.
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
    (torch.Size([2, 4, 1, 2]), torch.Size([2, 4, 1, 2]))
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
        """Outputs (E, batch, 1, N) for inputs (batch, T, K) or (E, batch, T, K); `z0` has no meaning here.

        Raises
        ------
        ModelError
            If more than the last step is asked for, or the sequence is longer than T.
        """
        driven = self.driving(inputs)
        _one_answer(last)
        length = driven.shape[2]
        if length > self.n_steps:
            raise ModelError(f"the map is made for sequences of up to {self.n_steps} steps, got {length}")
        used = self.B[:, :, self.n_steps - length :].flatten(2)
        return (driven.flatten(2) @ used.mT + self.b.unsqueeze(1)).unsqueeze(2)


class BagOfWords(Baseline):
    """A stack of affine maps of the mean input, ``y = B (1/T) Σ_t s_t + b``: the order of a sequence is lost.

    Behind an embedding it is the linear classifier of a bag of words; embeddings of padding are to be zero.

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
    >>> torch.allclose(bag(words), bag(words.flip(1)), atol=1e-6)
    True
    """

    B: Tensor
    b: Tensor

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model."""
        weights = uniform(self.n_inputs**-0.5, self.n_outputs, self.n_inputs, generator=generator)
        return {"B": weights, "b": torch.zeros(self.n_outputs)}

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs (E, batch, 1, N) for inputs (batch, T, K) or (E, batch, T, K); `z0` has no meaning here.

        Raises
        ------
        ModelError
            If more than the last step is asked for.
        """
        _one_answer(last)
        mean = self.driving(inputs).mean(2)
        return (mean @ self.B.mT + self.b.unsqueeze(1)).unsqueeze(2)


def _one_answer(last: int | None) -> None:
    if last not in (None, 1):
        raise ModelError(f"a map of the whole sequence answers once, at its end; {last} steps are asked for")
