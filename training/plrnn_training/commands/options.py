"""What several commands share: options, and how Ctrl-C ends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Batch",
    "BlankSteps",
    "Device",
    "Init",
    "Iterations",
    "LearningRate",
    "Length",
    "Marks",
    "Out",
    "Overwrite",
    "PwlUnits",
    "RegularisedUnits",
    "Resume",
    "Seed",
    "Seeds",
    "Snapshots",
    "Tau",
    "Units",
    "interruptible",
]

_INTERRUPTED = 130


def _directory(path: Path) -> Path:
    """A directory, or a place where one can be made."""
    existing = next((place for place in (path, *path.parents) if place.exists()), path)
    if existing.exists() and not existing.is_dir():
        wanted = "give the name of a directory, which is made if it is not there"
        raise typer.BadParameter(f"{existing} is a file; {wanted}")
    return path


Out = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Directory for the results; made if it is not there.", callback=_directory),
]
Seed = Annotated[int, typer.Option(min=0, help="The first seed.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many models for each P.")]
Units = Annotated[int, typer.Option(min=1, help="M, the number of units.")]
PwlUnits = Annotated[str, typer.Option(help="P, the numbers of ReLU units, separated by commas.")]
Batch = Annotated[int, typer.Option(min=1, help="Fresh trials per model and iteration.")]
Iterations = Annotated[int, typer.Option(min=1, help="Steps of training.")]
LearningRate = Annotated[float, typer.Option(help="Learning rate of Adam.")]
Length = Annotated[int, typer.Option(help="T, the number of inputs of a trial.")]
Init = Annotated[str, typer.Option(help="Initial weights: gated (leans towards the solution), generic or leaky.")]
Marks = Annotated[str, typer.Option(help="Where the marks fall: halves (one in each), first_half (both) or anywhere.")]
BlankSteps = Annotated[int, typer.Option(help="Steps with zero input before the readout.")]
Tau = Annotated[float, typer.Option(help="Strength of the manifold-attractor regularisation.")]
RegularisedUnits = Annotated[int, typer.Option(min=0, help="How many units it acts on.")]
Snapshots = Annotated[
    int, typer.Option(min=0, help="Also export every model at the start and this number of times on the way.")
]
Device = Annotated[str, typer.Option(help="auto (cuda, else mps, else cpu) or a torch device name.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew even if --out holds a run.")]


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the command with a sentence and the usual exit code; other errors are the main command's to word."""
    from ..runs import Interrupted

    try:
        yield
    except Interrupted as stop:
        typer.echo(f"plrnn: {stop}", err=True)
        raise typer.Exit(_INTERRUPTED) from stop
