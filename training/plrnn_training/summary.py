"""What a training run found, in sentences and in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from plrnn_analysis.display.abbreviation import count_words

from .recipe import Recipe
from .runs import TrainedModel, success_rates, write_json
from .tasks.base import Task

__all__ = ["best_model", "rate_sentences", "write_summary"]


def best_model(models: Sequence[TrainedModel], higher_is_better: bool = False) -> TrainedModel:
    """The model with the best validation score (not the test score: that would flatter it)."""
    ranked = sorted(models, key=lambda m: -m.validation_score if higher_is_better else m.validation_score)
    finite = [m for m in ranked if m.validation_score == m.validation_score]
    return finite[0] if finite else ranked[0]


def rate_sentences(models: Sequence[TrainedModel], task: Task, recipe: Recipe) -> list[str]:
    """One sentence per P: how many of how many seeds solved the task, or how well they do where no line is drawn."""
    sentences = []
    for p, (solved, total) in success_rates(models).items():
        own = [m for m in models if m.pwl_units == p]
        restarts = sum(m.reinitialised for m in own)
        extra = f"; {count_words(restarts, 'restart')} after divergence" if restarts else ""
        how = f"(init {recipe.init}, {recipe.iterations:,} iterations)"
        middle = median(m.test_score for m in own)
        if task.threshold is None:
            best = best_model(own, task.higher_is_better)
            sentence = (
                f"P = {p}: median test {task.score_name} {middle:.3g} over {count_words(total, 'seed')}, "
                f"{best.test_score:.3g} for the one chosen on validation trials {how}"
            )
        else:
            sentence = (
                f"P = {p}: {solved} of {count_words(total, 'seed')} solved {task.name} {how}, "
                f"median test {task.score_name} {middle:.3g}"
            )
        sentences.append(sentence + extra)
    return sentences


def write_summary(
    path: Path,
    models: Sequence[TrainedModel],
    task: Task,
    floors: Mapping[str, float],
    displayed: TrainedModel | None = None,
    **extra: Any,
) -> None:
    """Write the numbers of a run as JSON; checkpoints are named relative to the file's own directory.

    Parameters
    ----------
    path : Path
    models : sequence of TrainedModel
    task : Task
    floors : mapping of str to float
        Exact limits, by name.
    displayed : TrainedModel, optional
        The model that figures show.
    **extra
        Further entries.
    """
    rows = [
        {
            "pwl_units": m.pwl_units,
            "seed": m.seed,
            f"test_{task.score_name}": m.test_score,
            f"validation_{task.score_name}": m.validation_score,
            f"population_{task.score_name}": m.exact_score,
            "solved": m.solved,
            "displayed": m is displayed,
            "reinitialised": m.reinitialised,
            "checkpoint": m.checkpoint.name,
            **({"by_condition": m.condition_scores} if m.condition_scores else {}),
        }
        for m in models
    ]
    chance = {} if task.chance is None else {"chance": task.chance}
    write_json(path, {"task": task.metadata(), **chance, **floors, "models": rows, **extra})
