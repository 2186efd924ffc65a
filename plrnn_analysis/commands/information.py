"""``plrnn info``."""

from __future__ import annotations

from typing import Any

from .._wording import json_text
from ..checkpoint_options import Checkpoint, takes_checkpoint
from .shared import JsonOption, check_outputs, write_json

__all__ = ["info"]


@takes_checkpoint
def info(checkpoint: Checkpoint, json_file: JsonOption = None) -> None:
    """Say what is in a checkpoint: architecture, sizes, names, trials, and how it was trained.

    Example: plrnn info rnn.safetensors

    Example: plrnn info rnn.pt --architecture leaky_rnn --alpha 0.2 --json -
    """
    check_outputs(json_file)
    model = checkpoint.load()
    trials = model.trials
    about: dict[str, Any] = {
        "checkpoint": str(checkpoint.path),
        "architecture": model.architecture,
        "n_units": model.n_units,
        "pwl_units": model.pwl_units,
        "input_names": list(model.input_names),
        "output_names": list(model.output_names),
        "n_inputs": model.n_inputs,
        "n_outputs": model.n_outputs,
        "trials": 0 if trials is None else trials.n_trials,
        "conditions": [] if trials is None else list(trials.condition_names),
        "metadata": model.metadata,
    }
    if json_file != "-":
        from .. import terminal

        terminal.print_model(model, checkpoint.path, None, driven=True)
        terminal.print_contents(model)
    write_json(json_file, lambda: json_text(about, indent=2, default=str))
