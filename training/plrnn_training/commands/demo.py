"""``plrnn demo``."""

from __future__ import annotations

from rich.console import Console

from .options import Device, Out, Seed, interruptible

__all__ = ["demo"]


def demo(
    out: Out,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train P = 0 and P = 2 on addition, then find and draw everything that is exact about the result.

    Example: plrnn demo --out demo
    """
    with interruptible():
        from ..experiments.demo import run_demo

        run_demo(out, seed=seed, device=device, console=Console())
