"""``plrnn reproduce``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from .options import Device, Out, Seed, interruptible

__all__ = ["reproduce_figures"]


def reproduce_figures(
    figures: Annotated[
        list[str], typer.Argument(metavar="FIGURE...", help="fig1, fig2, fig3, fig4, fig5, cost, or all.")
    ],
    out: Out,
    quick: Annotated[
        bool, typer.Option("--quick", help="Sizes that two cores train in minutes, for a first look.")
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Reproduce figures of the paper: each with its numbers, and a verdict on every claim by a fixed rule.

    A command that was stopped goes on where it was: repeat it.

    Example: plrnn reproduce fig4 --quick --out reproduced
    """
    with interruptible():
        from ..experiments.reproduce import reproduce

        reproduce(figures, out, quick=quick, seed=seed, device=device, console=Console())
