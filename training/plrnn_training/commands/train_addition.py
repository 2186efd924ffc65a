"""``plrnn train addition``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from .options import (
    Batch,
    BlankSteps,
    Device,
    Init,
    Iterations,
    LearningRate,
    Length,
    Marks,
    Out,
    Overwrite,
    PwlUnits,
    RegularisedUnits,
    Resume,
    Seed,
    Seeds,
    Snapshots,
    Tau,
    Units,
    interruptible,
)
from .training import train_and_print

__all__ = ["train_addition"]


def train_addition(
    out: Out,
    pwl_units: PwlUnits = "0,1,2",
    units: Units = 20,
    length: Length = 100,
    marks: Marks = "halves",
    blank_steps: BlankSteps = 1,
    seeds: Seeds = 5,
    seed: Seed = 0,
    iterations: Iterations = 3000,
    batch: Batch = 64,
    lr: LearningRate = 1e-2,
    curriculum: Annotated[
        float, typer.Option(help="Share of the iterations spent on shorter sequences first; 0 for none.")
    ] = 0.6,
    init: Init = "gated",
    tau: Tau = 0.0,
    regularised_units: RegularisedUnits = 0,
    snapshots: Snapshots = 0,
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train on addition: a stream of numbers, two of them marked; answer with the sum of these two.

    Example: plrnn train addition --out runs/addition --pwl-units 0,1,2 --seeds 3
    """
    with interruptible():
        from plrnn_analysis.linear_limit import addition_floor, readout_floor

        from ..recipe import Recipe
        from ..runs import SUMMARY_FILE
        from ..summary import write_summary
        from ..tasks import AdditionTask

        console = Console()
        task = AdditionTask(length, marks, blank_steps)
        recipe = Recipe(
            iterations=iterations,
            batch=batch,
            lr=lr,
            curriculum=curriculum,
            init=init,
            tau=tau,
            regularised_units=regularised_units,
        )
        models = train_and_print(
            task, recipe, out, console, pwl_units=pwl_units, units=units, seeds=seeds, seed=seed, device=device,
            snapshots=snapshots, resume=resume, overwrite=overwrite,
        )  # fmt: skip
        floors = {"affine_floor": addition_floor(length, marks)}
        console.print(f"exact floor of every affine predictor: {floors['affine_floor']:.6f}", highlight=False)
        if blank_steps == 0:
            floors["readout_floor"] = readout_floor(length, marks)
            console.print(
                f"exact floor of every AL-RNN read out at the last input step: {floors['readout_floor']:.6f}",
                highlight=False,
            )
        write_summary(out / SUMMARY_FILE, models, task, floors)
