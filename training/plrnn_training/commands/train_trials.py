"""``plrnn train FILE``: train on trials of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from plrnn_analysis.command_group import CommandList
from plrnn_analysis.display.abbreviation import count_words

from .options import (
    Batch,
    Device,
    Iterations,
    LearningRate,
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

if TYPE_CHECKING:
    from ..runs import TrainedModel
    from ..tasks import TrialsTask

__all__ = ["TaskOrFile", "train_trials"]


class TaskOrFile(CommandList):
    """A group whose first argument is one of its commands, or else the file that ``trials`` reads."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``trials`` before what names no command."""
        named = args[:1] if args and not args[0].startswith("-") else args
        if args and not set(named) & {*self.commands, "--help"}:
            args = ["trials", *args]
        return super().parse_args(ctx, args)


def train_trials(
    file: Annotated[
        Path,
        typer.Argument(
            help="Trials: an .npz or .mat file, or a directory of .npy files, with inputs and targets or labels."
        ),
    ],
    out: Out,
    pwl_units: PwlUnits = "0,2,5",
    units: Units = 20,
    seeds: Seeds = 3,
    seed: Seed = 0,
    iterations: Iterations = 2000,
    batch: Batch = 64,
    lr: LearningRate = 1e-2,
    init: Annotated[str, typer.Option(help="Initial weights: leaky, generic or gated.")] = "leaky",
    tau: Tau = 0.0,
    regularised_units: RegularisedUnits = 0,
    validation: Annotated[float, typer.Option(help="Share of the trials by which models are chosen.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share of the trials for the score that is reported.")] = 0.15,
    solved_at: Annotated[
        float | None, typer.Option(help="The score from which on a model counts as a solution.")
    ] = None,
    snapshots: Snapshots = 0,
    device: Device = "auto",
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train on trials of your own: FILE holds inputs (trials, T, K) and targets (trials, T, N) or labels.

    The word trials may be left out.

    Example: plrnn train trials go-nogo.npz --out runs/go-nogo --pwl-units 0,2,5

    Example: plrnn train recordings/ --out runs/recordings --units 40 --seeds 5
    """
    with interruptible():
        from plrnn_analysis.errors import PLRNNError

        from ..recipe import Recipe
        from ..runs import SUMMARY_FILE
        from ..summary import best_model, write_summary
        from ..tasks import TrialsTask
        from ..tasks.registry import TASKS
        from ..trials import read_trials

        console = Console()
        if str(file) in TASKS and not file.exists():
            raise PLRNNError(f"{file} is no file but a task: train on it by plrnn sweep {file}")
        trials = read_trials(file)
        task = TrialsTask(trials, file.stem, validation=validation, test=test, threshold=solved_at)
        recipe = Recipe(
            iterations=iterations,
            batch=batch,
            lr=lr,
            curriculum=0.0,
            init=init,
            tau=tau,
            regularised_units=regularised_units,
        )
        for sentence in _about(task, trials.notes):
            console.print(sentence, highlight=False, markup=False)
        models = train_and_print(
            task, recipe, out, console, pwl_units=pwl_units, units=units, seeds=seeds, seed=seed, device=device,
            snapshots=snapshots, resume=resume, overwrite=overwrite,
        )  # fmt: skip
        best = best_model(models, task.higher_is_better)
        for sentence in _verdict(task, best):
            console.print(sentence, highlight=False, markup=False)
        held_out = {part: sorted(map(int, rows)) for part, rows in task.parts.items() if part != "training"}
        write_summary(out / SUMMARY_FILE, models, task, {}, best, held_out=held_out)


def _about(task: TrialsTask, notes: Sequence[str]) -> list[str]:
    """What is trained on, before it begins."""
    counts = {part: len(rows) for part, rows in task.parts.items()}
    kinds = f" of {count_words(len(task.condition_names), 'condition')}" if task.condition_names else ""
    noun = ("class", "classes") if task.higher_is_better else ("output", "outputs")
    first = (
        f"{task.name}: {count_words(sum(counts.values()), 'trial')}{kinds}, "
        f"{count_words(len(task.input_names), 'input')}, "
        f"{count_words(len(task.output_names), *noun)}; {counts['training']} for training, "
        f"{counts['validation']} for validation, {counts['test']} for the test"
    )
    return [first, *notes]


def _verdict(task: TrialsTask, best: TrainedModel) -> list[str]:
    """The chosen model, against chance and by condition."""
    answer = "the most frequent class" if task.higher_is_better else "the mean of the targets"
    sentences = [
        f"Chosen on the validation trials: {best.checkpoint.name}, test {task.score_name} {best.test_score:.4g} "
        f"({answer} alone: {task.chance:.4g})."
    ]
    if best.condition_scores:
        scores = ", ".join(f"{name} {score:.4g}" for name, score in best.condition_scores.items())
        sentences.append(f"By condition: {scores}.")
    return sentences
