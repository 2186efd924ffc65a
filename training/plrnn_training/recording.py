"""The trials that travel in the checkpoint of a trained model, as the network inside it sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.recorded_trials import RecordedTrials

from .seeds import generator_for
from .stacks import SeveralCores, Stack
from .tasks.base import Batch, Task

__all__ = ["record_trials"]


@checked
def record_trials(stack: Stack, task: Task, index: int, core: str = "") -> RecordedTrials:
    """What drives one of the networks of a stack in a few test trials.

    Parameters
    ----------
    stack : Stack
    task : Task
        Its :meth:`~plrnn_training.Task.probe_trials` are taken.
    index : int
        Which model of the stack: each may have an encoder of its own.
    core : str, optional
        Which network of the model, where it has several.

    Returns
    -------
    RecordedTrials
        In the units of the training data; :meth:`~plrnn_training.Task.in_user_units` changes them together with the
        network that they are attached to.

    Examples
    --------
    >>> from plrnn_training import ALRNN
    >>> from plrnn_training.tasks.addition import AdditionTask
    >>> record_trials(ALRNN(4, [0, 2], n_inputs=2, n_outputs=1), AdditionTask(length=20), index=1)
    <RecordedTrials: 8 trials of 21 steps, 2 inputs>
    """
    n_models = len(next(stack.parameters()))
    whole("index", index, 0, n_models - 1, remark=f"(the stack has {count_words(n_models, 'model')})")
    batch = task.probe_trials(generator_for(0, "test"))
    device = next(stack.parameters()).device
    with torch.no_grad():
        seen = _seen_by(stack, core, batch.to(device))
    return RecordedTrials(
        _of(seen.inputs, index, 3),
        None if batch.conditions is None else batch.conditions.numpy(),
        None if seen.lengths is None else _of(seen.lengths, index, 1),
        task.condition_names,
        None if seen.initial is None else _of(seen.initial, index, 2),
    )


def _seen_by(stack: Stack, core: str, batch: Batch) -> Batch:
    if isinstance(stack, SeveralCores):
        return stack.seen_by(core, batch)
    return replace(batch, inputs=stack.driving(batch.inputs))


def _of(value: Tensor, index: int, axes: int) -> np.ndarray:
    """The part of one model, which has this number of axes; without a leading axis it is that of all."""
    return (value[index] if value.ndim > axes else value).cpu().numpy()
