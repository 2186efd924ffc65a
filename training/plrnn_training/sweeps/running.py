"""A sweep from beginning to end: the grid in chunks, here or on an executor, as often as it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from plrnn_analysis._files import error_text
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of, whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import CheckpointError, ModelError, PLRNNError

from ..architectures import new_stack
from ..device import choose_device
from ..directories import claimed
from ..interrupt import stop_requests
from ..recipe import Recipe
from ..running import check_configuration
from ..runs import Interrupted
from ..tasks.base import Task
from ..tasks.registry import task_entry
from .chunk import ChunkOrder, TaskName, train_chunk
from .grid import Grid, chunk_size
from .results import Sweep, read_sweep
from .storage import MODELS, SETTINGS, STATES, SweepDirectory, member_name

__all__ = ["SweepProgress", "sweep"]

# Seconds between two saved states of a chunk: what a kill can cost.
SAVE_EVERY = 10.0
# Seconds between two looks at an executor, for Ctrl-C.
_LOOK = 0.3
# Seconds between two reports of progress.
_TELL = 0.1
_GO_ON = "repeat the command, or the call, to go on from there"


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is.

    Attributes
    ----------
    models, all_models : int
        Finished, those of earlier runs included, and all of them.
    iterations, all_iterations : int
        Of all models together; those done on an executor count when their chunk is finished.
    done_before : int
        Iterations that were done when this run began.
    seconds : float
        Since this run began.
    """

    models: int
    all_models: int
    iterations: int
    all_iterations: int
    done_before: int
    seconds: float

    @property
    def rate(self) -> float:
        """Iterations of one model a second, in this run; 0 before anything is known."""
        return (self.iterations - self.done_before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At that rate; None before anything is known."""
        return (self.all_iterations - self.iterations) / self.rate if self.rate > 0 else None


@checked
def sweep(
    task: str | Task,
    *,
    out: Path | str,
    pwl_units: Sequence[int] | None = None,
    seeds: int | Sequence[int] | None = None,
    samples: Sequence[int | None] | None = None,
    lr: Sequence[float] | None = None,
    baselines: Sequence[str] = (),
    units: int | None = None,
    recipe: str | Recipe = "default",
    iterations: int | None = None,
    variant: str | None = None,
    data: str | None = None,
    executor: Executor | None = None,
    device: str = "auto",
    overwrite: bool = False,
    save_every: float = SAVE_EVERY,
    on_progress: Callable[[SweepProgress], None] | None = None,
) -> Sweep:
    """Train models of a task for every combination of P, seed and data size, and go on where an earlier call stopped.

    Parameters
    ----------
    task : str or Task
        A name, see :data:`plrnn_training.tasks.registry.TASKS`, or a task of your own.
    out : path-like
        Directory for the results. One that holds the same sweep is gone on with.
    pwl_units : sequence of int, optional
        P; those of the recipe by default.
    seeds : int or sequence of int, optional
        How many models of each kind, or their seeds.
    samples : sequence of int or None, optional
        Sizes of fixed sets of trials, of every condition where the task has conditions; None among them draws as the
        task draws.
    lr : sequence of float, optional
        Learning rates to try; that of the recipe by default.
    baselines : sequence of str, optional
        Other architectures, see :data:`plrnn_training.architectures.ARCHITECTURES`.
    units : int, optional
        M, of baselines as well.
    recipe : str or Recipe, optional
        ``"default"``, ``"quick"`` or ``"paper"``, or one of your own.
    iterations : int, optional
        Instead of those of the recipe.
    variant, data : str, optional
        Of a task by name.
    executor : concurrent.futures.Executor, optional
        Trains the chunks, such as ``ProcessPoolExecutor()`` or the executor of a dask client. Its workers must see
        `out` under the same path.
    device : str, optional
        ``"auto"`` or a torch device; on an executor that of every worker.
    overwrite : bool, optional
        Remove the sweep that `out` holds.
    save_every : float, optional
        Seconds of training that a kill can cost.
    on_progress : callable, optional
        Called with a :class:`plrnn_training.sweeps.SweepProgress` now and then.

    Returns
    -------
    Sweep

    Raises
    ------
    ModelError
        On settings that make no sweep.
    CheckpointError
        If `out` holds a sweep with other settings.
    Interrupted
        If stopped by Ctrl-C, SIGTERM or SIGHUP; what was finished is kept, and the state of what was not.
    PLRNNError
        If a chunk failed on the executor, while the others are finished all the same; or if something cannot be
        written.

    Notes
    -----
    Models that differ in P, seed, data size and learning rate train as one stack, as each would alone, up to rounding.
    Every finished model has a file of its own in ``models/``; ``results.csv`` is put together from these. States of
    chunks that are under way are in ``unfinished/``. A call that was killed at any moment is repeated and ends with the
    same results; nothing that was finished is trained again.

    Examples
    --------
    >>> import tempfile
    >>> from plrnn_training import Recipe
    >>> recipe = Recipe(iterations=20, batch=8, test_trials=50, validation_trials=20)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     found = sweep("addition", pwl_units=[0, 1], seeds=2, units=4, recipe=recipe, out=out)
    >>> len(found), found.metric, [row.pwl_units for row in found]
    (4, 'mse', [0, 1, 0, 1])
    """
    directory = SweepDirectory(Path(out))
    known = TaskName(task, variant, data) if isinstance(task, str) else task
    made = known.make() if isinstance(known, TaskName) else known
    grid, n_units, used = _plan(task, _variant(task, variant), recipe, pwl_units, seeds, samples, lr, baselines, units)
    used = used if iterations is None else replace(used, iterations=iterations)
    # On an executor every worker chooses among the devices it has.
    accelerated = choose_device(device).type != "cpu" if executor is None else device not in ("auto", "cpu")
    _check_baselines(grid, made, n_units, used)
    with claimed(directory.path, MODELS, STATES):
        # Only now: a mistaken option must not cost the results that are there.
        if overwrite:
            directory.remove()
        settings = _settled(directory, made, _variant(task, variant), grid, n_units, used, accelerated)
        about = settings["about"]
        orders = [
            ChunkOrder(
                known, about["variant"], members, n_units, used, str(directory.path.resolve()), number, device,
                about["floor"], save_every,
            )
            for number, members in enumerate(grid.chunks(settings["chunk_size"]))
        ]  # fmt: skip
        run = _Run(directory, made.name, orders, on_progress)
        try:
            run.here() if executor is None else run.on(executor)
            run.write_table()
        except (Interrupted, KeyboardInterrupt) as stop:
            with suppress(OSError):
                run.write_table()
            raise Interrupted(f"stopped with {run.told} finished; {_GO_ON}") from stop
        except (CheckpointError, OSError) as error:
            raise PLRNNError(f"{error_text(error)}. Stopped with {run.told} finished; {_GO_ON}") from error
        directory.tidy()
        return read_sweep(directory.path)


class _Run:
    """One call of :func:`sweep`: what is done, what is to do, what is told about it."""

    def __init__(
        self,
        directory: SweepDirectory,
        task: str,
        orders: Sequence[ChunkOrder],
        on_progress: Callable[[SweepProgress], None] | None,
    ) -> None:
        self._directory, self._task, self._on_progress = directory, task, on_progress
        missing = [[directory.read_result(name) is None for name in order.names(task)] for order in orders]
        self._to_do = [order for order, left in zip(orders, missing, strict=True) if any(left)]
        self._all_models = sum(map(len, missing))
        self.finished = self._all_models - sum(map(sum, missing))
        # Chunks count whole: their models finish together.
        self._all = sum(len(order.members) * order.recipe.iterations for order in orders)
        self._done = self._before = self._all - sum(len(o.members) * o.recipe.iterations for o in self._to_do)
        self._started, self._told = time.monotonic(), 0.0
        self._say()

    @property
    def told(self) -> str:
        """How many of the models are finished, in words."""
        return f"{self.finished} of {count_words(self._all_models, 'model')}"

    def here(self) -> None:
        """One chunk after another in this process."""
        for order in self._to_do:
            n_models, at = len(order.members), 0

            def told(iteration: int, n_models: int = n_models) -> None:
                nonlocal at
                # What the state of an earlier run held is no work of this one.
                self._before += 0 if at else n_models * (iteration - 1)
                self._done += n_models * (iteration - at)
                at = iteration
                self._say(every=_TELL)

            self.finished += train_chunk(order, told)
            # A chunk that ran out of patience ends early, and so does its share of the work.
            self._done += n_models * (order.recipe.iterations - at)
            self.write_table()
            self._say()

    def on(self, executor: Executor) -> None:
        """All chunks on an executor."""
        if not isinstance(executor, Executor):
            raise ModelError(
                f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}; a dask client has "
                "one: client.get_executor()"
            )
        waiting: dict[Future[int], ChunkOrder] = {executor.submit(train_chunk, order): order for order in self._to_do}
        failed: list[BaseException] = []
        with stop_requests() as stop_requested:
            while waiting:
                done, _ = wait(waiting, timeout=_LOOK, return_when=FIRST_COMPLETED)
                for future in done:
                    order = waiting.pop(future)
                    self._collect(future, order, failed)
                if stop_requested() or any(isinstance(error, Interrupted) for error in failed):
                    for future in waiting:
                        future.cancel()
                    raise Interrupted("stopped")
        if failed:
            first = failed[0]
            died = " (a worker died)" if isinstance(first, BrokenExecutor) else ""
            raise PLRNNError(
                f"{len(failed)} of {len(self._to_do)} chunks failed{died}, the first with {type(first).__name__}: "
                f"{first}. {self.finished} of {self._all_models} models are finished and kept; {_GO_ON}"
            ) from first

    def _collect(self, future: Future[int], order: ChunkOrder, failed: list[BaseException]) -> None:
        try:
            future.result()
        except Exception as error:  # whatever went wrong elsewhere is told at the end
            failed.append(error)
            return
        names = order.names(self._task)
        if any(self._directory.read_result(name) is None for name in names):
            raise PLRNNError(
                f"a worker finished a chunk, but its results are not in {self._directory.path}: all workers must see "
                "this directory, under the same path"
            )
        self.finished += len(names)
        self._done += len(names) * order.recipe.iterations
        self.write_table()
        self._say()

    def write_table(self) -> None:
        """``results.csv`` with all that is finished."""
        self._directory.write_table(list(read_sweep(self._directory.path)))

    def _say(self, every: float = 0.0) -> None:
        seconds = time.monotonic() - self._started
        if self._on_progress is not None and seconds - self._told >= every:
            self._told = seconds
            self._on_progress(
                SweepProgress(self.finished, self._all_models, self._done, self._all, self._before, seconds)
            )


def _plan(
    task: str | Task,
    variant: str,
    recipe: str | Recipe,
    pwl_units: Sequence[int] | None,
    seeds: int | Sequence[int] | None,
    samples: Sequence[int | None] | None,
    lr: Sequence[float] | None,
    baselines: Sequence[str],
    units: int | None,
) -> tuple[Grid, int, Recipe]:
    """What is given, and for the rest what the task's own setting says."""
    if isinstance(task, str):
        settings = task_entry(task).settings_of(variant)
        setting = settings["default" if isinstance(recipe, Recipe) else one_of("recipe", recipe, sorted(settings))]
        used = recipe if isinstance(recipe, Recipe) else setting.recipe
        pwl_units = setting.pwl_units if pwl_units is None else pwl_units
        samples = setting.samples if samples is None else samples
        seeds = setting.seeds if seeds is None else seeds
        units = setting.units if units is None else units
    else:
        if pwl_units is None or units is None or not isinstance(recipe, Recipe):
            raise ModelError("a sweep of a task of your own needs pwl_units=, units= and recipe=, a Recipe")
        used, seeds = recipe, 5 if seeds is None else seeds
    grid = Grid(
        tuple(pwl_units),
        tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds),
        tuple(samples) if samples else (None,),
        tuple(lr) if lr else (None,),
        tuple(baselines),
    )
    for p in grid.pwl_units:
        whole("pwl_units", p, 0, units, remark=f"(the models have {count_words(units, 'unit')})")
    return grid, units, used


def _check_baselines(grid: Grid, task: Task, n_units: int, recipe: Recipe) -> None:
    """Build a model of each, so that one the task has no room for is named before anything is trained."""
    for name in grid.baselines:
        new_stack(name, task, n_units, [0], recipe.init, [torch.Generator()])


def _variant(task: str | Task, variant: str | None) -> str:
    if not isinstance(task, str):
        return ""
    entry = task_entry(task)
    return variant or task.partition(":")[2] or entry.variants[0]


def _settled(
    directory: SweepDirectory,
    task: Task,
    variant: str,
    grid: Grid,
    n_units: int,
    recipe: Recipe,
    on_accelerator: bool,
) -> dict[str, Any]:
    """The settings in the directory, written now or checked against what is asked for."""
    about_task = {f"task {name}": value for name, value in task.metadata().items()}
    asked = {**about_task, "variant": variant, "units": n_units, **asdict(recipe), **asdict(grid)}
    # As JSON gives it back, with lists for tuples.
    asked = json.loads(json.dumps(asked))
    settings = directory.read_settings()
    # Settings under which nothing was trained, such as a mistaken P, bind nobody.
    if settings is not None and directory.has_begun():
        check_configuration(directory.path / SETTINGS, settings["asked"], asked)
        return settings
    floor = task.affine_floor()
    settings = {
        "asked": asked,
        "chunk_size": chunk_size(recipe, n_units, on_accelerator),
        "models": [member_name(task.name, member) for member in grid.members()],
        "about": {
            "task": task.name,
            "variant": variant,
            "metric": task.score_name,
            "higher_is_better": task.higher_is_better,
            "n_units": n_units,
            "floor": None if floor is None else floor.score,
            "floor_from": "" if floor is None else floor.how,
            "chance": task.chance,
            "floor_conditions": {} if floor is None else dict(floor.conditions),
            "simple_baselines": task.simple_baselines(),
        },
    }
    directory.write_settings(settings)
    return settings
