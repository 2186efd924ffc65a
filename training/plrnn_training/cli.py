"""The commands that train; they join ``plrnn`` through the entry-point group ``plrnn.commands``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["register"]

# torch is imported inside the commands: `plrnn --help` must stay quick.

_INTERRUPTED = 130

Out = Annotated[Path, typer.Option(help="Directory for the results; made if it is not there.")]
Seed = Annotated[int, typer.Option(min=0, help="The first seed.")]
Device = Annotated[str, typer.Option(help="auto (cuda, else mps, else cpu) or a torch device name.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew even if --out holds a run.")]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the command with a sentence and the usual exit code; other errors are the main command's to word."""
    from .runs import Interrupted

    try:
        yield
    except Interrupted as stop:
        typer.echo(f"plrnn: {stop}", err=True)
        raise typer.Exit(_INTERRUPTED) from stop


def _train_addition(
    out: Out,
    pwl_units: Annotated[str, typer.Option(help="P, the numbers of ReLU units, separated by commas.")] = "0,1,2",
    units: Annotated[int, typer.Option(min=1, help="M, the number of units.")] = 20,
    length: Annotated[int, typer.Option(help="T, the number of inputs of a trial.")] = 100,
    marks: Annotated[
        str, typer.Option(help="Where the marks fall: halves (one in each), first_half (both) or anywhere.")
    ] = "halves",
    blank_steps: Annotated[int, typer.Option(help="Steps with zero input before the readout.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many models for each P.")] = 5,
    seed: Seed = 0,
    iterations: Annotated[int, typer.Option(min=1)] = 3000,
    batch: Annotated[int, typer.Option(min=1, help="Fresh trials per model and iteration.")] = 64,
    lr: Annotated[float, typer.Option(help="Learning rate of Adam.")] = 1e-2,
    curriculum: Annotated[
        float, typer.Option(help="Share of the iterations spent on shorter sequences first; 0 for none.")
    ] = 0.6,
    init: Annotated[
        str, typer.Option(help="Initial weights: gated (leans towards the solution) or generic.")
    ] = "gated",
    tau: Annotated[float, typer.Option(help="Strength of the manifold-attractor regularisation.")] = 0.0,
    regularised_units: Annotated[int, typer.Option(min=0, help="How many units it acts on.")] = 0,
    snapshots: Annotated[
        int, typer.Option(min=0, help="Also export every model at the start and so many times on the way.")
    ] = 0,
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train on addition: a stream of numbers, two of them marked; answer with the sum of these two."""
    with _interruptible():
        from plrnn_analysis.linear_limit import addition_floor, readout_floor

        from .device import choose_device
        from .recipe import Member, Recipe
        from .runs import parse_whole_numbers, results_table, train_in
        from .summary import rate_sentences, write_summary
        from .tasks import AdditionTask
        from .trainer import Trainer

        console = Console()
        task = AdditionTask(length, marks, blank_steps)
        members = [Member(p, seed + i) for p in parse_whole_numbers(pwl_units, "--pwl-units") for i in range(seeds)]
        recipe = Recipe(
            iterations=iterations,
            batch=batch,
            lr=lr,
            curriculum=curriculum,
            init=init,
            tau=tau,
            regularised_units=regularised_units,
        )
        trainer = Trainer(task, members, units, recipe, choose_device(device))
        models = train_in(out, trainer, console, resume=resume, overwrite=overwrite, snapshots=snapshots)
        console.print(results_table(models, task.score_name))
        for sentence in rate_sentences(models, task, recipe):
            console.print(sentence, highlight=False)
        floors = {"affine_floor": addition_floor(length, marks)}
        console.print(f"exact floor of every affine predictor: {floors['affine_floor']:.6f}", highlight=False)
        if blank_steps == 0:
            floors["readout_floor"] = readout_floor(length, marks)
            console.print(
                f"exact floor of every AL-RNN read out at the last input step: {floors['readout_floor']:.6f}",
                highlight=False,
            )
        write_summary(out / "summary.json", models, task, floors)


def _linear_limit_addition(
    out: Out,
    length: Annotated[int, typer.Option(help="T, the number of inputs of a trial.")] = 100,
    pwl_units: Annotated[str, typer.Option(help="P, the numbers of ReLU units, separated by commas.")] = "0,1,2,5,10",
    seeds: Annotated[int, typer.Option(min=1, help="How many models for each P.")] = 5,
    seed: Seed = 0,
    units: Annotated[int, typer.Option(min=1, help="M, the number of units.")] = 20,
    marks: Annotated[
        str, typer.Option(help="Where the marks fall: halves (one in each), first_half (both) or anywhere.")
    ] = "halves",
    blank_steps: Annotated[int, typer.Option(help="Steps with zero input before the readout.")] = 1,
    iterations: Annotated[int, typer.Option(min=1)] = 3000,
    batch: Annotated[int, typer.Option(min=1, help="Fresh trials per model and iteration.")] = 64,
    init: Annotated[
        str, typer.Option(help="Initial weights: gated (leans towards the solution) or generic.")
    ] = "gated",
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train networks with P = 0, 1, 2, ... ReLUs on addition and hold them against what no linear model can pass."""
    with _interruptible():
        from .experiments.linear_limit import run_linear_limit
        from .recipe import Recipe
        from .runs import parse_whole_numbers
        from .tasks import AdditionTask

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


def _demo(
    out: Out,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train P = 0 and P = 2 on addition, then find and draw everything that is exact about the result."""
    with _interruptible():
        from .experiments.demo import run_demo

        run_demo(out, seed=seed, device=device, console=Console())


def register(app: typer.Typer) -> None:
    """Add ``train``, ``linear-limit`` and ``demo`` to the command line.

    Parameters
    ----------
    app : typer.Typer
    """
    train = typer.Typer(help="Train almost-linear RNNs.", no_args_is_help=True)
    train.command("addition")(_train_addition)
    # A callback keeps `addition` a subcommand while it is the only one.
    train.callback()(lambda: None)
    app.add_typer(train, name="train")
    limit = typer.Typer(help="What no linear model can do, and what one ReLU changes.", no_args_is_help=True)
    limit.command("addition")(_linear_limit_addition)
    limit.callback()(lambda: None)
    app.add_typer(limit, name="linear-limit")
    app.command("demo")(_demo)
