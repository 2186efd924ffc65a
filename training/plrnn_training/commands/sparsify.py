"""``plrnn sparsify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from plrnn_analysis.checkpoint_options import Checkpoint, takes_checkpoint

from .options import Device, LearningRate, Out, Overwrite, Resume, interruptible

if TYPE_CHECKING:
    from plrnn_analysis.model import PLRNN
    from plrnn_analysis.terminal.printing import TextTable

    from ..sparsification import Sparsification
    from ..tasks import Task

__all__ = ["sparsify"]


@takes_checkpoint
def sparsify(
    checkpoint: Checkpoint,
    out: Out,
    trials: Annotated[
        Path | None,
        typer.Option(help="Trials to train on, as for plrnn train FILE; without any data the network's trajectories."),
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(help="The time series that the network was fitted to, as for plrnn fit: to be trained on."),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option(help="Inputs beside the series: a file, or names of columns of a .csv.")
    ] = None,
    lowest: Annotated[int, typer.Option(min=0, help="Stop at this P in any case.")] = 0,
    iterations: Annotated[int, typer.Option(min=1, help="Of the training after each replacement.")] = 1000,
    batch: Annotated[
        int | None,
        typer.Option(min=1, show_default="64; 16 for a series", help="Trials or windows per network and iteration."),
    ] = None,
    lr: LearningRate = 3e-3,
    branches: Annotated[int, typer.Option(min=1, help="Replacements that are trained on at once.")] = 3,
    largest_loss: Annotated[
        float, typer.Option(help="Share of what the score has over chance that may be lost.")
    ] = 0.05,
    window: Annotated[
        int | None,
        typer.Option(min=1, show_default="30; 200 for a series", help="Steps of a window of trajectories or series."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="End each search for fixed points after this number of seconds.")
    ] = 10.0,
    compare_seeds: Annotated[
        int, typer.Option(min=0, help="Also train this number of networks from scratch at the smallest P, to compare.")
    ] = 0,
    compare_iterations: Annotated[
        int, typer.Option(min=0, help="Their iterations; 0: as many as the whole path, at least 2000.")
    ] = 0,
    compare_init: Annotated[
        str | None,
        typer.Option(
            help="Their initial weights: data_gates (default without a task), leaky (with one), generic or gated."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of windows and batches.")] = 0,
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Replace one ReLU after another, by the exact change it makes, for as long as the dynamics are kept.

    Example: plrnn sparsify net.pt --pwl-units 10 --trials trials.npz --out sparse
    """
    with interruptible():
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        from ..device import choose_device
        from ..fitting import read_series
        from ..sparsification import Level, SparsifySettings, sparsify_in
        from ..sparsification.story import sentences

        console = Console()
        network = checkpoint.load()
        settings = SparsifySettings(
            iterations=iterations,
            batch=batch,
            lr=lr,
            branches=branches,
            largest_loss=largest_loss,
            lowest=lowest,
            window=window,
            time_limit=time_limit,
            compare_seeds=compare_seeds,
            compare_iterations=compare_iterations,
            compare_init=compare_init,
            seed=seed,
        )
        with Progress(
            TextColumn("sparsify"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
        ) as progress:
            bar = progress.add_task("", total=1.0)

            def line(level: Level) -> None:
                j = level.best.judgement
                found = "breaks" if level.chosen is None else f"unit {level.best.unit} {level.best.replacement}"
                progress.console.print(
                    f"P = {level.pwl_units}: {found}; fixed points kept {j.kept} of {j.wanted}, new {j.new}, "
                    f"score {j.score:.3g}",
                    highlight=False,
                )

            found = sparsify_in(
                out,
                network,
                _task(network, trials, series),
                settings,
                series=None if series is None else read_series(series, inputs),
                source=checkpoint.path.name,
                device=choose_device(device),
                resume=resume,
                overwrite=overwrite,
                on_progress=lambda what, share: progress.update(bar, completed=share, description=what),
                on_level=line,
            )
        console.print(_table(found))
        for sentence in sentences(found):
            console.print(sentence, highlight=False, markup=False)
        console.print(f"All of it is in {out}/ (sparsify.json, sparsify.csv, sparsify.png, story.txt, checkpoints).")


def _task(network: PLRNN, trials: Path | None, series: Path | None) -> Task | None:
    """Trials of the user's, or the task that the checkpoint names; None where there is a series, or neither."""
    from ..tasks import TrialsTask
    from ..tasks.registry import task_of
    from ..trials import read_trials

    if trials is not None:
        return TrialsTask(read_trials(trials), trials.stem)
    if series is not None:
        return None
    return task_of(network)


def _table(found: Sparsification) -> TextTable:
    """The path, one row per level."""
    from plrnn_analysis.terminal.printing import TextTable

    free = found.original.divergence_limit is not None
    left = ("replacement", "not kept", "good")
    columns = ("P", "unit", left[0], "kept", left[1], found.original.score_name, *["divergence"] * free, left[2])
    table = TextTable("ReLUs replaced, one after the other", *columns, left=left)
    for level in found:
        b, j = level.best, level.best.judgement
        wrong = [f"{n} {word}" for n, word in ((j.changed, "changed"), (j.lost, "lost"), (j.new, "new")) if n]
        cells = [str(b.pwl_units), str(b.unit), b.replacement, f"{j.kept} of {j.wanted}", ", ".join(wrong)]
        cells.append(f"{j.score:.3g}")
        if free:
            cells.append("" if j.divergence is None else f"{j.divergence:.3g}")
        table.add_row(*cells, "yes" if j.keeps else "no")
    return table
