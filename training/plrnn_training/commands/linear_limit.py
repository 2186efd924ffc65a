"""``plrnn linear-limit``."""

from __future__ import annotations

from rich.console import Console

from .options import (
    Batch,
    BlankSteps,
    Device,
    Init,
    Iterations,
    Length,
    Marks,
    Out,
    Overwrite,
    PwlUnits,
    Resume,
    Seed,
    Seeds,
    Units,
    interruptible,
)

__all__ = ["linear_limit_addition"]


def linear_limit_addition(
    out: Out,
    length: Length = 100,
    pwl_units: PwlUnits = "0,1,2,5,10",
    seeds: Seeds = 5,
    seed: Seed = 0,
    units: Units = 20,
    marks: Marks = "halves",
    blank_steps: BlankSteps = 1,
    iterations: Iterations = 3000,
    batch: Batch = 64,
    init: Init = "gated",
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train networks with P = 0, 1, 2, ... ReLUs on addition and hold them against what no linear model can pass.

    Example: plrnn linear-limit addition --out runs/linear-limit --length 50 --pwl-units 0,1,2
    """
    with interruptible():
        from ..experiments.linear_limit import run_linear_limit
        from ..recipe import Recipe
        from ..runs import parse_whole_numbers
        from ..tasks import AdditionTask

        run_linear_limit(
            out,
            AdditionTask(length, marks, blank_steps),
            parse_whole_numbers(pwl_units, "--pwl-units"),
            seeds=seeds,
            first_seed=seed,
            n_units=units,
            recipe=Recipe(iterations=iterations, batch=batch, init=init),
            device=device,
            console=Console(),
            resume=resume,
            overwrite=overwrite,
        )
