"""The tasks that have a name."""

from __future__ import annotations

import torch

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of
from plrnn_analysis.errors import ModelError
from plrnn_analysis.network import Network

from ..model import ALRNN
from . import addition, cognitive, contextual, copying, digits, neurogym, scan, sentiment, spoken, stimulus_selection
from .base import Task
from .entry import Setting, TaskEntry

__all__ = ["TASKS", "Setting", "TaskEntry", "make_task", "task_entry", "task_of"]

#: Every task, by name.
TASKS: dict[str, TaskEntry] = {
    entry.name: entry
    for entry in (
        addition.ENTRY,
        cognitive.ENTRY,
        contextual.ENTRY,
        copying.ENTRY,
        digits.ENTRY,
        neurogym.ENTRY,
        scan.ENTRY,
        sentiment.ENTRY,
        spoken.ENTRY,
        stimulus_selection.ENTRY,
    )
}


def task_entry(name: str) -> TaskEntry:
    """The entry of a task.

    Parameters
    ----------
    name : str
        Alone, or followed by a colon and a variant.

    Returns
    -------
    TaskEntry

    Raises
    ------
    ModelError
        If there is no such task.
    """
    return TASKS[one_of("task", name.partition(":")[0], sorted(TASKS))]


@checked
def make_task(name: str, variant: str | None = None, data: str | None = None) -> Task:
    """A task by its name.

    Parameters
    ----------
    name : str
        A key of :data:`TASKS`; ``"name:variant"`` gives the variant as well.
    variant : str, optional
        The task's first by default.
    data : str, optional
        A path, or the name of a data set, for tasks that take data.

    Returns
    -------
    Task

    Raises
    ------
    ModelError
        If there is no such task or variant, or the task takes no data.

    Examples
    --------
    >>> make_task("addition", "first_half").marks
    'first_half'
    """
    entry = task_entry(name)
    within = name.partition(":")[2]
    if within and variant is not None and variant != within:
        raise ModelError(f"the task {name!r} names a variant of its own: leave variant={variant!r} out")
    chosen = variant or within
    if not chosen and not entry.variants:
        raise ModelError(f"the task {entry.name!r} needs a variant, as in {entry.name + ':name'!r}")
    chosen = chosen or entry.variants[0]
    if entry.variants:
        one_of("variant", chosen, entry.variants)
    if data is not None and not entry.takes_data:
        raise ModelError(f"the task {entry.name!r} makes its own trials and takes no data, got {data!r}")
    return entry.build(chosen, data)


@checked
def task_of(network: Network) -> Task | None:
    """The task on which a network was trained, from what its checkpoint says.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Task or None
        None if it names no task of :data:`TASKS`.

    Raises
    ------
    ModelError
        If it names one whose settings or data are not known here, or whose inputs pass another network, such
        as an encoder, that the checkpoint does not hold.
    """
    training = network.training
    name = training.get("task")
    if not isinstance(name, str) or name not in TASKS:
        return None
    if name == "addition":
        # Of any length, which no variant says.
        given = {key: training[key] for key in ("length", "marks", "blank_steps") if key in training}
        return addition.AdditionTask(**given)
    for variant in TASKS[name].variants:
        task = make_task(name, variant)
        if all(training.get(key) == value for key, value in task.metadata().items()):
            stack = task.new_stack(1, [0], "small", [torch.Generator()])
            if not isinstance(stack, ALRNN):
                raise ModelError(
                    f"the inputs of the task {name!r} pass another network, which the checkpoint does not hold: give "
                    "trials of what that makes of them"
                )
            return task
    raise ModelError(f"the network was trained on {name!r} with settings or data that are not known here: give trials")
