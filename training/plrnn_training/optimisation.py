"""Steps of a stack of models: settings, gradients clipped model by model, an optimiser that forgets one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.records import Recorded

__all__ = ["OptimiserSettings", "StackedAdam", "clip_gradients", "forget_moments"]

# Keeps a step finite where a gradient is zero, as in torch.
_EPSILON = 1e-8


@checked
@dataclass(frozen=True)
class OptimiserSettings(Recorded):
    """What all training has in common: the steps of Adam, their number, and the regularisation.

    Attributes
    ----------
    iterations : int
    batch : int
        Trials or windows per model and iteration.
    lr : float
        Learning rate of Adam.
    betas : tuple of float
    clip : float
        Largest gradient norm of a model.
    hold : float
        Share of the iterations at constant learning rate; a cosine follows.
    final_lr : float
        Learning rate at the end, as a share of `lr`.
    tau, regularised_units : float, int
        Manifold-attractor regularisation: tau · Σ over the first `regularised_units` units of
        (d_i - 1)² + Σ_{j≠i} W_ij² + h_i², d_i the unit's total self-weight.
    evaluations : int
        How often models are scored on the way.

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    iterations: int = 3000
    batch: int = 64
    lr: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    hold: float = 0.6
    final_lr: float = 0.003
    tau: float = 0.0
    regularised_units: int = 0
    evaluations: int = 60

    def __post_init__(self) -> None:
        for name in ("iterations", "batch", "evaluations"):
            whole(name, getattr(self, name), 1)
        whole("regularised_units", self.regularised_units, 0)
        for name in ("lr", "clip"):
            number(name, getattr(self, name), above=0.0, infinite=name == "clip")
        for name in ("hold", "final_lr"):
            number(name, getattr(self, name), least=0.0, most=1.0)
        number("tau", self.tau, least=0.0)


def clip_gradients(parameters: Sequence[Tensor], losses: Tensor, clip: float) -> list[int]:
    """Scale every model's gradient to a norm of at most `clip`; zero those that are not finite.

    Parameters
    ----------
    parameters : sequence of (E, ...) Tensor
        With gradients.
    losses : (E,) Tensor
    clip : float

    Returns
    -------
    list of int
        Models whose loss or gradient is not finite.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
    finite = torch.isfinite(norm) & torch.isfinite(losses)
    # Model by model: one that explodes must not slow the others down.
    scale = (clip / norm).clamp(max=1.0)
    for g in gradients:
        g.mul_(scale.view(-1, *[1] * (g.ndim - 1)))
    if bool(finite.all()):
        return []
    for g in gradients:
        g[~finite] = 0.0
    return [int(i) for i in torch.nonzero(~finite).flatten()]


def forget_moments(optimiser: torch.optim.Adam, index: int) -> None:
    """Empty Adam's moments of one model, as for one that has new weights."""
    for values in optimiser.state.values():
        values["exp_avg"][index] = 0.0
        values["exp_avg_sq"][index] = 0.0


class StackedAdam:
    """Adam for a stack of models, each with a learning rate of its own; weight decay is decoupled.

    Parameters
    ----------
    parameters : sequence of (E, ...) Tensor
    betas : tuple of float, optional
    weight_decay : float, optional
        Share of the weights that is taken off in a step, times the learning rate.

    Notes
    -----
    With equal rates it takes the steps of ``torch.optim.Adam`` to the last bit. The bias correction counts the steps of
    the stack. Sources: Kingma & Ba, ICLR 2015, arXiv:1412.6980; Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101.
    """

    def __init__(
        self, parameters: Sequence[Tensor], betas: tuple[float, float] = (0.9, 0.999), weight_decay: float = 0.0
    ) -> None:
        self.parameters, self.betas, self.weight_decay = list(parameters), betas, weight_decay
        self.steps = 0
        self._means = [torch.zeros_like(p, memory_format=torch.preserve_format) for p in parameters]
        self._squares = [torch.zeros_like(p, memory_format=torch.preserve_format) for p in parameters]

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rates: Sequence[float]) -> None:
        """One step.

        Parameters
        ----------
        rates : sequence of float
            Learning rate of every model; 0 leaves a model as it is.
        """
        self.steps += 1
        first, second = self.betas
        correction = 1 - first**self.steps
        root = (1 - second**self.steps) ** 0.5
        sizes = [-rate / correction for rate in rates]
        kept = [1 - rate * self.weight_decay for rate in rates]
        for parameter, mean, square in zip(self.parameters, self._means, self._squares, strict=True):
            if parameter.grad is None:
                continue
            shape = (-1, *[1] * (parameter.ndim - 1))
            if self.weight_decay:
                parameter.mul_(parameter.new_tensor(kept).view(shape))
            mean.lerp_(parameter.grad, 1 - first)
            square.mul_(second).addcmul_(parameter.grad, parameter.grad, value=1 - second)
            spread = (square.sqrt() / root).add_(_EPSILON)
            parameter.addcdiv_(mean * parameter.new_tensor(sizes).view(shape), spread)

    def forget(self, index: int) -> None:
        """Empty the moments of one model, as for one that has new weights."""
        for moments in (*self._means, *self._squares):
            moments[index] = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Steps and moments."""
        return {"steps": self.steps, "means": self._means, "squares": self._squares}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave."""
        self.steps = state["steps"]
        for ours, theirs in ((self._means, state["means"]), (self._squares, state["squares"])):
            for moments, values in zip(ours, theirs, strict=True):
                moments.copy_(values)
