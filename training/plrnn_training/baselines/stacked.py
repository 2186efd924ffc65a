"""What all baselines are: stacks whose parameters are drawn model by model, without an AL-RNN inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.errors import ModelError

from ..model import ALRNN

__all__ = ["Baseline", "Recurrent", "RunState", "uniform"]

#: Everything that a recurrent network keeps from one step to the next: each (E, batch, M).
RunState = tuple[Tensor, ...]


def uniform(bound: float, *shape: int, generator: torch.Generator) -> Tensor:
    """Numbers in ±bound."""
    return bound * (2 * torch.rand(*shape, generator=generator) - 1)


@checked
class Baseline(nn.Module):
    """A stack of E models of another kind; every parameter has a leading axis E.

    A subclass draws the parameters of one model in :meth:`draw` and computes the outputs of all in :meth:`forward`.

    Parameters
    ----------
    n_inputs, n_outputs : int
        K and N.
    generators : sequence of torch.Generator
        One per model.

    Raises
    ------
    ModelError
        On sizes that do not make a model.
    """

    def __init__(self, n_inputs: int, n_outputs: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        if not generators:
            raise ModelError("a baseline needs one generator per model, got none")
        self.n_inputs, self.n_outputs = whole("n_inputs", n_inputs, 1), whole("n_outputs", n_outputs, 1)
        self.n_models = len(generators)
        drawn = [self.draw(generator) for generator in generators]
        for name in drawn[0]:
            self.register_parameter(name, nn.Parameter(torch.stack([weights[name] for weights in drawn])))

    def draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial parameters of one model."""
        raise NotImplementedError

    @property
    def cores(self) -> Mapping[str, ALRNN]:
        """None: there is no AL-RNN inside."""
        return {}

    def driving(self, inputs: Tensor) -> Tensor:
        """The inputs of every model, (E, batch, T, K).

        Raises
        ------
        ModelError
            On another shape.
        """
        fits = inputs.ndim in (3, 4) and inputs.shape[-1] == self.n_inputs and inputs.is_floating_point()
        if not fits or (inputs.ndim == 4 and inputs.shape[0] != self.n_models):
            raise ModelError(
                f"inputs must have shape (batch, T, {self.n_inputs}) or ({self.n_models}, batch, T, {self.n_inputs}), "
                f"got {tuple(inputs.shape)} of {inputs.dtype}"
            )
        return inputs.expand(self.n_models, *inputs.shape[-3:])

    def reinitialise(self, index: int, init: str, generator: torch.Generator) -> None:
        """Give one of the models new initial weights; `init` is for AL-RNNs and of no consequence here."""
        with torch.no_grad():
            for name, value in self.draw(generator).items():
                getattr(self, name)[index].copy_(value)


@checked
class Recurrent(Baseline):
    """A baseline that keeps a state: it may start from one, and says in which it ends."""

    def run(self, inputs: Tensor, start: tuple[Tensor, ...] | None, last: int | None) -> tuple[Tensor, RunState]:
        """Outputs (E, batch, S, N) at the last `last` steps, and everything that the next step would need.

        Parameters
        ----------
        inputs : (E, batch, T, K) Tensor
        start : tuple of (E, batch, M) Tensor, optional
            Zero by default, and so is what is missing of it.
        last : int, optional
        """
        raise NotImplementedError

    def forward(self, inputs: Tensor, z0: Tensor | None = None, last: int | None = None) -> Tensor:
        """Outputs of every model.

        Parameters
        ----------
        inputs : (batch, T, K) or (E, batch, T, K) Tensor
        z0 : (batch, M) or (E, batch, M) Tensor, optional
            State before the first step, zero by default.
        last : int, optional
            Return only this many steps, counted from the end.

        Returns
        -------
        (E, batch, S, N) Tensor
        """
        driven = self.driving(inputs)
        start = None if z0 is None else (z0.expand(self.n_models, *z0.shape[-2:]),)
        if last is not None:
            last = whole("last", last, 1, driven.shape[2], remark=f"(the sequence has {driven.shape[2]} steps)")
        return self.run(driven, start, last)[0]
