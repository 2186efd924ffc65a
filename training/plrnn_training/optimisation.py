"""Steps of a stack of models: gradients clipped model by model, and an optimiser that forgets one of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["clip_gradients", "forget_moments"]


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
