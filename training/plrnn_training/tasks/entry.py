"""How a task enters the command line and the sweeps: its variants, its data, and settings that learn it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from plrnn_analysis._signatures import checked

from ..recipe import Recipe
from .base import Task

__all__ = ["PAPER", "Setting", "TaskEntry"]

#: What the programs of Brenner & Koppe (2026, arXiv:2506.07919) have in common: to be replaced in part by each task.
PAPER = Recipe(
    lr=1e-3,
    betas=(0.9, 0.999),
    clip=inf,
    hold=1.0,
    curriculum=0.0,
    init="small",
    tau=0.1,
    self_weights="relu",
    readout_bias=False,
)


@checked
@dataclass(frozen=True)
class Setting:
    """Sizes and a recipe under which a task is swept.

    Attributes
    ----------
    units : int
        M.
    pwl_units : tuple of int
        P, as a grid.
    recipe : Recipe
    samples : tuple of int
        Sizes of fixed sets of trials; empty where training draws as the task draws.
    seeds : int
        Models of each kind.
    """

    units: int
    pwl_units: tuple[int, ...]
    recipe: Recipe
    samples: tuple[int, ...] = ()
    seeds: int = 5


@checked
@dataclass(frozen=True)
class TaskEntry:
    """A task that has a name.

    Attributes
    ----------
    name : str
    summary : str
        One sentence.
    variants : tuple of str
        The first is the default; empty where any name will do.
    takes_data : bool
        Whether it can be given data.
    build : callable
        From a variant and the data, or None, to the task.
    settings : mapping of str to Setting
        ``"default"``, ``"quick"`` and ``"paper"``.
    variant_settings : mapping of str to mapping
        For variants that are learnt under others: by variant, then as `settings`; what is missing is as there.
    """

    name: str
    summary: str
    variants: tuple[str, ...]
    takes_data: bool
    build: Callable[[str, str | None], Task]
    settings: Mapping[str, Setting]
    variant_settings: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)

    def settings_of(self, variant: str) -> dict[str, Setting]:
        """The settings under which a variant is swept."""
        return {**self.settings, **self.variant_settings.get(variant, {})}
