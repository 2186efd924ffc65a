"""A training run in a directory: progress, state, exported checkpoints, summary."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plrnn_analysis._files import error_text, write_atomically
from plrnn_analysis.errors import CheckpointError, PLRNNError
from plrnn_analysis.terminal.printing import TextTable

from .directories import claimed
from .exporting import export
from .recipe import Member
from .recording import record_trials
from .running import Run
from .tasks.base import Task
from .trainer import Trainer

__all__ = [
    "Interrupted",
    "TrainedModel",
    "parse_whole_numbers",
    "results_table",
    "said_how_to_go_on",
    "success_rates",
    "train_in",
    "training_record",
    "write_json",
]

STATE_FILE = "training_state.pt"
HISTORY_FILE = "history.json"
SUMMARY_FILE = "summary.json"
SNAPSHOTS = "snapshots"


class Interrupted(PLRNNError):
    """Training was stopped before its end; the message says how to go on."""


@contextmanager
def said_how_to_go_on(run: Run, state_path: Path | None) -> Iterator[None]:
    """Within the block, errors of files and a second Ctrl-C say from where the run can be gone on with.

    Parameters
    ----------
    run : Run
    state_path : Path or None
        Where its state is kept.

    Raises
    ------
    PLRNNError
        If something cannot be written.
    Interrupted
        If stopped at once.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Interrupted(f"stopped at once at {_where(run, state_path)}") from stop
    except (CheckpointError, OSError) as error:
        raise PLRNNError(f"{error_text(error)}. Stopped at {_where(run, state_path)}") from error


def _where(run: Run, state_path: Path | None) -> str:
    at = f"iteration {run.iteration} of {run.recipe.iterations}; "
    if state_path is None or not state_path.exists():
        return at + "nothing was kept"
    return at + f"the state last saved is in {state_path}: repeat with --resume to go on"


@dataclass(frozen=True)
class TrainedModel:
    """What came of one member.

    Attributes
    ----------
    pwl_units, seed : int
    test_score, validation_score : float
        On the test set, and on the validation set by which models are chosen.
    exact_score : float or None
        In closed form, where the task offers one for this model.
    solved : bool or None
        By the test score; None where the task has no threshold.
    reinitialised : int
        How often it diverged and was started again.
    checkpoint : Path
    condition_scores : dict of str to float
        Test score by kind of trial, where the task names kinds.
    """

    pwl_units: int
    seed: int
    test_score: float
    validation_score: float
    exact_score: float | None
    solved: bool | None
    reinitialised: int
    checkpoint: Path
    condition_scores: dict[str, float] = field(default_factory=dict)


def parse_whole_numbers(text: str, option: str) -> list[int]:
    """Whole numbers from a comma-separated list, each once, in the order given.

    Raises
    ------
    PLRNNError
        If an entry is not a whole number of at least 0.
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0:
        raise PLRNNError(f"{option} takes whole numbers separated by commas, such as 0,1,2; got {text!r}")
    return list(dict.fromkeys(numbers))


def write_json(path: Path, content: Any) -> None:
    """Write JSON that any reader accepts: NaN and infinity become null."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(k): clean(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(v) for v in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(clean(content), indent=2, allow_nan=False) + "\n").encode())


def train_in(
    directory: Path,
    trainer: Trainer,
    console: Console,
    *,
    resume: bool = False,
    overwrite: bool = False,
    keep_state: bool = True,
    snapshots: int = 0,
) -> list[TrainedModel]:
    """Train, show progress, keep the state in the directory, export every model.

    Parameters
    ----------
    directory : Path
        Gets ``training_state.pt``, ``history.json`` and one ``TASK_pP_seedS.safetensors`` per model.
    trainer : Trainer
    console : rich.console.Console
    resume : bool, optional
        Go on with the run in the directory, if there is one.
    overwrite : bool, optional
        Start anew even if there is one.
    keep_state : bool, optional
        Whether to write ``training_state.pt``; without it a run cannot be resumed.
    snapshots : int, optional
        Also export every model before the first iteration and at this number of later ones, evenly spaced, to
        ``snapshots/``: the path of a training run, for :func:`plrnn_analysis.bifurcations.path_through`.

    Returns
    -------
    list of TrainedModel
        In the order of ``trainer.members``.

    Raises
    ------
    PLRNNError
        If the directory holds a run and neither `resume` nor `overwrite` is set, another run is writing to it, or
        something cannot be written: a run that could not write a snapshot writes it when it is resumed.
    CheckpointError
        If the run there had other settings.
    Interrupted
        If stopped by Ctrl-C, SIGTERM or SIGHUP; the state is saved.
    """
    with claimed(directory, SNAPSHOTS):
        return _train_here(directory, trainer, console, resume, overwrite, keep_state, snapshots)


def _train_here(
    directory: Path,
    trainer: Trainer,
    console: Console,
    resume: bool,
    overwrite: bool,
    keep_state: bool,
    snapshots: int,
) -> list[TrainedModel]:
    """Train in a directory that is ours alone."""
    state_path = directory / STATE_FILE
    if overwrite:
        # Or else, after a kill, they would stand beside what is written anew. Last the state, for it says that a run is
        # here.
        for name in (SUMMARY_FILE, HISTORY_FILE, STATE_FILE):
            (directory / name).unlink(missing_ok=True)
    if state_path.exists():
        if not resume:
            raise PLRNNError(f"{directory} holds a training run already: give --resume, --overwrite or another --out")
        trainer.restore(state_path)
        console.print(f"resumed at iteration {trainer.iteration} of {trainer.recipe.iterations}")
    elif resume:
        console.print(f"nothing to resume in {directory}: starting from the beginning")
    with said_how_to_go_on(trainer, state_path if keep_state else None):
        _train_on(directory, trainer, console, state_path if keep_state else None, snapshots)
        results = [
            _export_member(directory, trainer, *scores)
            for scores in zip(
                range(len(trainer.members)),
                trainer.validation_scores(),
                trainer.test_scores(),
                trainer.condition_scores(),
                strict=True,
            )
        ]
        members = [asdict(m) for m in trainer.members]
        write_json(directory / HISTORY_FILE, {"members": members, **asdict(trainer.history)})
    return results


def _train_on(directory: Path, trainer: Trainer, console: Console, state_path: Path | None, snapshots: int) -> None:
    """From where the trainer is to the end, with a bar."""
    with Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
        console=console,
    ) as progress:
        bar = progress.add_task("training", total=trainer.recipe.iterations, completed=trainer.iteration, text="")
        wanted = _snapshot_iterations(trainer.recipe.iterations, snapshots)

        def after_iteration(t: Trainer) -> None:
            progress.update(bar, completed=t.iteration, text=t.progress_text())
            if t.iteration in wanted:
                _export_snapshots(directory / SNAPSHOTS, t)

        if trainer.iteration in wanted:
            _export_snapshots(directory / SNAPSHOTS, trainer)
        finished = trainer.run(state_path, after_iteration)
    if not finished:
        where = f"the state is in {state_path}: repeat the command with --resume to go on"
        raise Interrupted(
            f"stopped at iteration {trainer.iteration} of {trainer.recipe.iterations}; "
            f"{'nothing was kept' if state_path is None else where}"
        )


def _snapshot_iterations(iterations: int, snapshots: int) -> set[int]:
    if not snapshots:
        return set()
    return {0} | {round(iterations * k / snapshots) for k in range(1, snapshots + 1)}


def _export_snapshots(directory: Path, trainer: Trainer) -> None:
    for index, member in enumerate(trainer.members):
        name = f"{_name(trainer.task, member)}_iteration{trainer.iteration:06d}.safetensors"
        training = {**training_record(trainer, index), "iteration": trainer.iteration}
        export(trainer.network(index), directory / name, trainer.task, training)


def _name(task: Task, member: Member) -> str:
    return f"{task.name}_p{member.pwl_units}_seed{member.seed}"


def training_record(trainer: Trainer, index: int) -> dict[str, Any]:
    """How one of the models was trained, for its checkpoint."""
    recipe, member = trainer.recipe, trainer.members[index]
    return {
        "architecture": member.architecture,
        "seed": member.seed,
        **({} if member.samples is None else {"samples": member.samples}),
        **asdict(recipe),
        "lr": recipe.lr if member.lr is None else member.lr,
        "reinitialised": trainer.reinitialised[index],
    }


def _export_member(
    directory: Path, trainer: Trainer, index: int, validation: float, test: float, by_condition: dict[str, float]
) -> TrainedModel:
    member: Member = trainer.members[index]
    task = trainer.task
    path = directory / f"{_name(task, member)}.safetensors"
    scores = {f"test_{task.score_name}": test, f"validation_{task.score_name}": validation}
    record = {**training_record(trainer, index), **scores}
    first = next(iter(trainer.networks(index)), "")
    exported = export(trainer.network(index), path, task, record, record_trials(trainer.model, task, index, first))
    return TrainedModel(
        pwl_units=member.pwl_units,
        seed=member.seed,
        test_score=test,
        validation_score=validation,
        exact_score=task.exact_score(exported),
        solved=task.solved(test),
        reinitialised=trainer.reinitialised[index],
        checkpoint=path,
        condition_scores=by_condition,
    )


def success_rates(models: Iterable[TrainedModel]) -> dict[int, tuple[int, int]]:
    """For every P: how many models solved the task, and of how many."""
    rates: dict[int, tuple[int, int]] = {}
    for m in models:
        solved, total = rates.get(m.pwl_units, (0, 0))
        rates[m.pwl_units] = (solved + bool(m.solved), total + 1)
    return dict(sorted(rates.items()))


def results_table(models: Sequence[TrainedModel], score_name: str) -> TextTable:
    """The models as a table for the terminal."""
    exact = any(m.exact_score is not None for m in models)
    judged = any(m.solved is not None for m in models)
    columns = ["P", "seed", f"test {score_name}", *["expected"] * exact, *["solved"] * judged, "checkpoint"]
    table = TextTable("Models", *columns, left=("solved", "checkpoint"))
    for m in models:
        cells = [str(m.pwl_units), str(m.seed), _short(m.test_score)]
        if exact:
            cells.append("" if m.exact_score is None else f"{m.exact_score:.6f}")
        if judged:
            cells.append("yes" if m.solved else "no")
        restarts = f" (restarted {m.reinitialised}×)" if m.reinitialised else ""
        table.add_row(*cells, m.checkpoint.name + restarts)
    return table


def _short(score: float) -> str:
    return f"{score:.2e}" if score < 1e-2 else f"{score:.4f}"
