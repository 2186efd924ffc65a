"""Baselines by name, for any task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of
from plrnn_analysis.errors import ModelError

from ..encoder_decoder import EncoderDecoder
from ..encoders import EncodedRNN
from ..model import ALRNN
from ..seeds import generator_for
from ..stacks import Stack
from .composed import PairedBaseline, behind
from .linear_recurrent import LinearRecurrentUnit
from .recurrent import RecurrentBaseline, ReluBaseline
from .sequence_maps import AffineMap, BagOfWords
from .stacked import Baseline, Recurrent

if TYPE_CHECKING:
    from ..tasks.base import Task

__all__ = ["BASELINES", "new_baseline"]


_RECURRENT: dict[str, Callable[[int, int, int, Sequence[torch.Generator]], Recurrent]] = {
    "rnn": ReluBaseline,
    "tanh": lambda m, k, n, g: RecurrentBaseline("tanh", m, k, n, g),
    "gru": lambda m, k, n, g: RecurrentBaseline("gru", m, k, n, g),
    "lstm": lambda m, k, n, g: RecurrentBaseline("lstm", m, k, n, g),
    "lru": LinearRecurrentUnit,
}
_MAPS = ("affine", "bag_of_words")

#: Names of the baselines: nn.RNN with ReLU and with tanh, GRU, LSTM, the linear recurrent unit, two without recurrence.
BASELINES: tuple[str, ...] = (*_RECURRENT, *_MAPS)


@checked
def new_baseline(
    architecture: str, task: Task, n_units: int, n_members: int, generators: Sequence[torch.Generator]
) -> Stack:
    """New models of another kind for a task, with as many units, behind the same encoder.

    Parameters
    ----------
    architecture : str
        One of :data:`BASELINES`.
    task : Task
        Its own models say what the baseline has to take and give.
    n_units : int
        M; of no consequence for maps without recurrence.
    n_members : int
        E.
    generators : sequence of torch.Generator
        One per model.

    Returns
    -------
    Stack

    Raises
    ------
    ModelError
        If there is no such baseline, or none for models like the task's.

    Examples
    --------
    >>> from plrnn_training.tasks.addition import AdditionTask
    >>> generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    >>> new_baseline("lstm", AdditionTask(length=20), 8, 2, generators)(torch.zeros(3, 21, 2), last=1).shape
    torch.Size([2, 3, 1, 1])
    """
    one_of("architecture", architecture, BASELINES)
    if len(generators) != n_members:
        raise ModelError(f"give one generator per model: {n_members} expected, got {len(generators)}")
    own = task.new_stack(n_units, [0] * n_members, "gated", generators)
    if isinstance(own, EncoderDecoder) and architecture in _RECURRENT:
        read, write = own.encoder, own.decoder
        build = _RECURRENT[architecture]
        encoder, decoder = (build(n_units, core.n_inputs or 1, core.n_outputs, generators) for core in (read, write))
        return PairedBaseline(encoder, decoder, own.n_steps)
    if isinstance(own, EncodedRNN):
        return behind(own.encoder, _baseline(architecture, task, own, own.core, n_units, generators))
    if isinstance(own, ALRNN):
        return _baseline(architecture, task, own, own, n_units, generators)
    raise ModelError(
        f"there is no baseline {architecture!r} for the task {task.name!r}, whose models are of its own kind"
    )


def _baseline(
    architecture: str, task: Task, stack: Stack, core: ALRNN, n_units: int, generators: Sequence[torch.Generator]
) -> Baseline:
    """What takes the place of the core of a stack."""
    if architecture in _RECURRENT:
        return _RECURRENT[architecture](n_units, core.n_inputs, core.n_outputs, generators)
    if architecture == "bag_of_words":
        return BagOfWords(core.n_inputs, core.n_outputs, generators)
    with torch.no_grad():
        shown = task.held_out("validation", 1, generator_for(0, "validation")).inputs
        steps = stack.driving(shown).shape[2]
    return AffineMap(steps, core.n_inputs, core.n_outputs, generators)
