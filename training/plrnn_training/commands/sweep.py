"""``plrnn sweep TASK``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from .options import Device, Out, Overwrite, interruptible

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..sweeps import Sweep, SweepProgress

__all__ = ["sweep_task"]

# Written out, for the registry of tasks takes seconds to import.
_TASKS = (
    "addition, cognitive, contextual, copy, digits, scan, sentiment, spoken, stimulus_selection or neurogym:ENVIRONMENT"
)


def sweep_task(
    task: Annotated[str, typer.Argument(help=f"One of {_TASKS}.", metavar="TASK")],
    out: Out,
    variant: Annotated[str | None, typer.Option(help="Of the task; its first by default.")] = None,
    data: Annotated[
        str | None, typer.Option(help="A path or the name of a data set, for tasks that take data.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Sizes and settings: default, quick or paper.")] = "default",
    pwl_units: Annotated[
        str | None, typer.Option(help="P, the numbers of ReLU units, separated by commas; of the recipe by default.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="How many models of each kind.")] = None,
    samples: Annotated[
        str | None,
        typer.Option(
            help="Sizes of fixed sets of training trials, of each kind of trial where there are several, such as "
            "20,50,500 or 500,fresh."
        ),
    ] = None,
    lr: Annotated[str | None, typer.Option(help="Learning rates to try, separated by commas.")] = None,
    baselines: Annotated[str | None, typer.Option(help="Other architectures, such as gru,lstm.")] = None,
    units: Annotated[int | None, typer.Option(min=1, help="M, the number of units.")] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="Steps of training.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler, tcp://…; its workers must see --out.")
    ] = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train models of a task for every combination of P, seed and data size.

    The same command goes on where an earlier one stopped, however it did.

    Example: plrnn sweep contextual --recipe quick --out runs/contextual

    Example: plrnn sweep digits --pwl-units 0,2,5 --seeds 5 --baselines gru,lstm --out runs/digits
    """
    with interruptible():
        from ..runs import parse_whole_numbers
        from ..sweeps import sweep
        from ..sweeps.figure import save_figures

        console = Console()
        options: dict[str, Any] = {
            "pwl_units": None if pwl_units is None else parse_whole_numbers(pwl_units, "--pwl-units"),
            "samples": None if samples is None else _sizes(samples),
            "lr": None if lr is None else _rates(lr),
            "baselines": [] if baselines is None else [name.strip() for name in baselines.split(",")],
        }
        with _executor(scheduler) as executor, _bar(console) as tell:
            found = sweep(
                task, out=out, variant=variant, data=data, recipe=recipe, seeds=seeds, units=units,
                iterations=iterations, device=device, overwrite=overwrite, executor=executor, on_progress=tell,
                **options,
            )  # fmt: skip
        paths = save_figures(found, out)
        _print(console, found)
        console.print(f"written to {out}: results.csv, {', '.join(path.name for path in paths)}", highlight=False)


def _sizes(text: str) -> list[int | None]:
    from plrnn_analysis.errors import PLRNNError

    parts = [part.strip() for part in text.split(",")]
    try:
        return [None if part == "fresh" else int(part) for part in parts]
    except ValueError:
        raise PLRNNError(f"--samples takes whole numbers and fresh, such as 20,50,fresh; got {text!r}") from None


def _rates(text: str) -> list[float]:
    from plrnn_analysis.errors import PLRNNError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise PLRNNError(f"--lr takes numbers separated by commas, such as 1e-3,1e-2; got {text!r}") from None


@contextmanager
def _executor(scheduler: str | None) -> Iterator[Executor | None]:
    """That of the cluster, or none."""
    if scheduler is None:
        yield None
        return
    from plrnn_analysis.errors import PLRNNError

    try:
        from distributed import Client
    except ImportError as error:
        raise PLRNNError('--scheduler needs dask: pip install "plrnn-analysis[cluster]"') from error
    try:
        client = Client(scheduler)
    except (OSError, ValueError) as error:
        raise PLRNNError(f"no dask scheduler answers at {scheduler}: {error}") from error
    with client:
        yield client.get_executor()


@contextmanager
def _bar(console: Console) -> Iterator[Any]:
    """A line with what is finished, the rate and the time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.fields[models]} models"), BarColumn(), TextColumn("{task.fields[rate]}"))
    progress = Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[left]}"), console=console)

    def tell(now: SweepProgress) -> None:
        # Shown from the first report on: nothing stands above the message about a mistaken option.
        progress.start()
        bar = progress.task_ids[0] if progress.task_ids else progress.add_task("sweep", models="", rate="", left="")
        left = now.seconds_left
        progress.update(
            bar,
            total=now.all_iterations,
            completed=now.iterations,
            models=f"{now.models}/{now.all_models}",
            rate=f"{now.rate:,.{int(now.rate < 10)}f} iterations/s" if now.rate else "",
            left="" if left is None else f"about {_duration(left)} left",
        )

    try:
        yield tell
    finally:
        if progress.task_ids:
            progress.stop()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _print(console: Console, found: Sweep) -> None:
    """Medians and what they stand beside."""
    from plrnn_analysis.terminal.printing import TextTable

    from ..sweeps.row import label

    sizes = len(found.sizes) > 1 or found.sizes[0] is not None
    columns = ("model", "P", *["samples"] * sizes, f"median {found.metric}", "from", "to", "seeds")
    table = TextTable("Scores", *columns, left=("model",))
    for curve in found.curves():
        p = "" if curve.pwl_units is None else str(curve.pwl_units)
        size = ["fresh" if curve.samples is None else str(curve.samples)] if sizes else []
        numbers = [f"{value:.4g}" for value in (curve.median, min(curve.scores), max(curve.scores))]
        table.add_row(label(curve.model), p, *size, *numbers, str(len(curve.scores)))
    console.print(table)
    for sentence in _beside(found):
        console.print(sentence, highlight=False, markup=False)


def _beside(found: Sweep) -> list[str]:
    from ..sweeps.row import label

    sentences = []
    if found.floor is not None:
        sentences.append(f"best affine predictor: {found.floor:.4g} ({found.floor_from})")
    sentences += [f"{label(name)}: {score:.4g}" for name, score in found.simple_baselines.items()]
    if found.chance is not None:
        sentences.append(f"chance: {found.chance:.4g}")
    return sentences
