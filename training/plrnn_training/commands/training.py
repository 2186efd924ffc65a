"""What the commands that train on a task have in common: from the options to a trainer, and what it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..runs import TrainedModel
    from ..tasks import Task

__all__ = ["train_and_print"]


def train_and_print(
    task: Task,
    recipe: Recipe,
    out: Path,
    console: Console,
    *,
    pwl_units: str,
    units: int,
    seeds: int,
    seed: int,
    device: str,
    snapshots: int,
    resume: bool,
    overwrite: bool,
) -> list[TrainedModel]:
    """Train every P with every seed, and print a table of the models and a sentence for each P."""
    from ..device import choose_device
    from ..recipe import Member
    from ..runs import parse_whole_numbers, results_table, train_in
    from ..summary import rate_sentences
    from ..trainer import Trainer

    members = [Member(p, seed + i) for p in parse_whole_numbers(pwl_units, "--pwl-units") for i in range(seeds)]
    trainer = Trainer(task, members, units, recipe, choose_device(device))
    models = train_in(out, trainer, console, resume=resume, overwrite=overwrite, snapshots=snapshots)
    console.print(results_table(models, task.score_name))
    for sentence in rate_sentences(models, task, recipe):
        console.print(sentence, highlight=False)
    return models
