"""The kinds of model that a trainer can build, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from plrnn_analysis._validation import one_of

from .baselines import BASELINES, new_baseline
from .stacks import Stack

if TYPE_CHECKING:
    from .tasks.base import Task

__all__ = ["ARCHITECTURES", "new_stack"]

Builder = Callable[["Task", int, Sequence[int], str, Sequence[torch.Generator]], Stack]


def _al_rnn(
    task: Task, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
) -> Stack:
    return task.new_stack(n_units, pwl_units, init, generators)


def _baseline(name: str) -> Builder:
    def build(
        task: Task, n_units: int, pwl_units: Sequence[int], init: str, generators: Sequence[torch.Generator]
    ) -> Stack:
        return new_baseline(name, task, n_units, len(pwl_units), generators)

    return build


#: AL-RNNs, and baselines beside them.
ARCHITECTURES: dict[str, Builder] = {
    "al_rnn": _al_rnn,
    **{name: _baseline(name) for name in BASELINES},
}


def new_stack(
    architecture: str,
    task: Task,
    n_units: int,
    pwl_units: Sequence[int],
    init: str,
    generators: Sequence[torch.Generator],
) -> Stack:
    """A stack of new models for a task.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    task : Task
    n_units : int
        M.
    pwl_units : sequence of int
        P of each model; of no consequence for architectures without such a choice.
    init : str
        Name of the initialisation of an AL-RNN.
    generators : sequence of torch.Generator
        One per model: all of its initial weights come from it.

    Returns
    -------
    Stack

    Raises
    ------
    ModelError
        If there is no such architecture, or the sizes do not make a model.
    """
    build = ARCHITECTURES[one_of("architecture", architecture, sorted(ARCHITECTURES))]
    return build(task, n_units, pwl_units, init, generators)
