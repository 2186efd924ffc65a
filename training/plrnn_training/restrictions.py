"""What a recipe leaves out of a network or adds to its start: self-weights, readout bias, random initial states."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .recipe import Recipe
from .stacks import Stack

__all__ = ["initial_states", "restrict"]


def restrict(stack: Stack, recipe: Recipe) -> None:
    """Keep weights that the recipe does not train as they are, in every AL-RNN of a stack.

    Parameters
    ----------
    stack : Stack
    recipe : Recipe
        Its ``self_weights`` and ``readout_bias``.
    """
    for core in stack.cores.values():
        if not recipe.readout_bias:
            core.b.requires_grad_(False)
        if recipe.self_weights == "relu":
            first = core.n_units - core.pwl_units.reshape(-1, 1)
            trained = (torch.arange(core.n_units, device=first.device) >= first).to(core.A.dtype)
            core.A.register_hook(lambda gradient, trained=trained: gradient * trained.reshape(gradient.shape))


def initial_states(recipe: Recipe, trials: int, n_units: int, generators: Sequence[torch.Generator]) -> Tensor | None:
    """States before the first step, uniform on ± ``recipe.initial_state``; None where that is zero.

    Parameters
    ----------
    recipe : Recipe
    trials, n_units : int
    generators : sequence of torch.Generator
        One per model.

    Returns
    -------
    (len(generators), trials, n_units) Tensor or None
    """
    if not recipe.initial_state:
        return None
    drawn = [torch.rand(trials, n_units, generator=generator) for generator in generators]
    return recipe.initial_state * (2 * torch.stack(drawn) - 1)
