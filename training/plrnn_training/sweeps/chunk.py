"""One chunk of a sweep: trained as a stack, kept while under way, written model by model. Runs anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..baselines import save_weights
from ..device import choose_device
from ..exporting import export
from ..recipe import Member, Recipe
from ..recording import record_trials
from ..runs import Interrupted, training_record
from ..tasks.base import Task
from ..tasks.registry import make_task
from ..trainer import Trainer
from .row import SweepRow
from .storage import SweepDirectory, member_name

__all__ = ["ChunkOrder", "TaskName", "train_chunk"]


@dataclass(frozen=True)
class TaskName:
    """A task that is made where it is needed, rather than sent there with its data."""

    name: str
    variant: str | None = None
    data: str | None = None

    def make(self) -> Task:
        """The task; the last one that was made is kept."""
        return _made(self)


@lru_cache(maxsize=1)
def _made(name: TaskName) -> Task:
    return make_task(name.name, name.variant, name.data)


@dataclass(frozen=True)
class ChunkOrder:
    """All that a worker needs to know; picklable.

    Attributes
    ----------
    task : Task or TaskName
    variant : str
    members : tuple of Member
    n_units : int
    recipe : Recipe
    directory : str
        Of the sweep, on a file system that all workers share.
    number : int
        Of the chunk.
    device : str
    floor : float or None
        What the best affine predictor scores, see :class:`plrnn_training.floors.Floor`.
    save_every : float
        Seconds between two saved states.
    """

    task: Task | TaskName
    variant: str
    members: tuple[Member, ...]
    n_units: int
    recipe: Recipe
    directory: str
    number: int
    device: str
    floor: float | None
    save_every: float

    def names(self, task: str) -> tuple[str, ...]:
        """Of the files of all members."""
        return tuple(member_name(task, member) for member in self.members)


def train_chunk(order: ChunkOrder, on_progress: Callable[[int], None] | None = None) -> int:
    """Train the models of a chunk, from where they are, and write their results.

    Parameters
    ----------
    order : ChunkOrder
    on_progress : callable, optional
        Called with the number of iterations done after each.

    Returns
    -------
    int
        How many models were finished here; others were before.

    Raises
    ------
    Interrupted
        If stopped by Ctrl-C; the state is saved.

    Notes
    -----
    Whatever it is killed in the middle of, a second call ends with the same results: the state is saved whole or not
    at all, once more when training ends, and removed when every model has its result, which is written after its
    checkpoint.
    A second call at the same time, as by a scheduler that believed the first one lost, writes the same files.
    """
    task = order.task.make() if isinstance(order.task, TaskName) else order.task
    directory = SweepDirectory(Path(order.directory))
    state = directory.state_path(order.number)
    missing = [i for i, name in enumerate(order.names(task.name)) if directory.read_result(name) is None]
    if missing:
        trainer = Trainer(task, order.members, order.n_units, order.recipe, choose_device(order.device))
        if state.exists():
            trainer.restore(state)
        after = None if on_progress is None else (lambda t: on_progress(t.iteration))
        if not trainer.run(state, after, order.save_every):
            raise Interrupted(f"stopped at iteration {trainer.iteration} of {order.recipe.iterations}")
        _write_results(order, task, trainer, directory, missing)
    state.unlink(missing_ok=True)
    return len(missing)


def _write_results(
    order: ChunkOrder, task: Task, trainer: Trainer, directory: SweepDirectory, missing: list[int]
) -> None:
    results, validation = trainer.test_performance(), trainer.validation_scores()
    for index in missing:
        member, result, name = order.members[index], results[index], member_name(task.name, order.members[index])
        record = {
            **training_record(trainer, index),
            f"test_{task.score_name}": result.score,
            f"validation_{task.score_name}": validation[index],
        }
        networks = trainer.networks(index)
        paths = [directory.models / f"{name}{'_' if core else ''}{core}.safetensors" for core in networks or ("",)]
        for path, (core, network) in zip(paths, networks.items(), strict=False):
            export(network, path, task, record, record_trials(trainer.model, task, index, core))
        if not networks:
            save_weights(trainer.model, index, paths[0], {**task.metadata(), **record})
        best, ended = trainer.stopping.iterations[index], trainer.stopping.ended[index]
        kept = best if order.recipe.keep == "best" else ended or trainer.iteration
        row = SweepRow(
            task=task.name,
            variant=order.variant,
            model=member.architecture,
            pwl_units=member.pwl_units if member.architecture == "al_rnn" else None,
            seed=member.seed,
            samples=member.samples,
            lr=record["lr"],
            metric=task.score_name,
            score=result.score,
            validation=validation[index],
            loss=result.loss,
            floor=order.floor,
            chance=task.chance,
            iterations=kept,
            reinitialised=trainer.reinitialised[index],
            seconds=trainer.seconds / len(order.members),
            checkpoint=paths[0].relative_to(directory.path).as_posix(),
            conditions=result.conditions,
        )
        directory.write_result(name, row)
