"""From the torch module to the analysis package's model and its native checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import plrnn_analysis
from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.recorded_trials import RecordedTrials

from .model import ALRNN
from .tasks.base import Task

__all__ = ["export", "to_plrnn"]


@checked
def to_plrnn(model: ALRNN) -> PLRNN:
    """The same network as an analysis model in float64.

    Parameters
    ----------
    model : ALRNN
        A single model, not a stack.

    Returns
    -------
    PLRNN

    Raises
    ------
    ModelError
        If it is a stack, or its weights are not finite.
    """
    if model.stacked:
        raise ModelError("a stack has many models: export one of them, model.member(i)")
    A, W, h, C, B, b = (
        p.detach().to("cpu", torch.float64).numpy() for p in (model.A, model.W, model.h, model.C, model.B, model.b)
    )
    return PLRNN.al_rnn(A, W, h, relu_units=model.relu_units, C=C, B=B, b=b)


@checked
def export(
    model: ALRNN | PLRNN,
    path: Path,
    task: Task,
    training: Mapping[str, Any],
    trials: RecordedTrials | None = None,
) -> PLRNN:
    """Write the native checkpoint of a trained model.

    Parameters
    ----------
    model : ALRNN or PLRNN
        A single model.
    path : Path
        Ends in ``.safetensors`` or another suffix that :func:`plrnn_analysis.save` knows.
    task : Task
        Its settings and channel names go into the metadata.
    training : mapping
        How it was trained and what came of it: seed, iterations, init, test score, ...; JSON types only.
    trials : RecordedTrials, optional
        Trials to travel with it, see :func:`plrnn_training.recording.record_trials`.

    Returns
    -------
    PLRNN
        What was written.
    """
    network = model if isinstance(model, PLRNN) else to_plrnn(model)
    exported = task.in_user_units(network if trials is None else network.with_trials(trials))
    if task.probes:
        exported.metadata["probes"] = {name: list(map(float, held)) for name, held in task.probes.items()}
    exported.metadata.update(
        **_channel_names(exported, task),
        training={**task.metadata(), **training},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    plrnn_analysis.save(exported, path)
    return exported


def _channel_names(model: PLRNN, task: Task) -> dict[str, list[str]]:
    """The task's names where they are those of the network: behind an encoder it has inputs of its own."""
    both = {"input_names": (task.input_names, model.n_inputs), "output_names": (task.output_names, model.n_outputs)}
    return {key: list(names) for key, (names, count) in both.items() if len(names) == count}
