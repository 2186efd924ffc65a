"""Steps of a stack of models: settings, gradients clipped model by model, an optimiser that forgets one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from plrnn_analysis._validation import number, whole
from plrnn_analysis.records import Recorded

__all__ = ["OptimiserSettings", "clip_gradients", "forget_moments"]


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
