"""Which trials a command of the command line drives a model with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ModelError

if TYPE_CHECKING:
    import numpy as np

    from .model import PLRNN
    from .recorded_trials import RecordedTrials

__all__ = ["STORY_TRIALS", "driving_trials", "held_input", "story_trials", "trials_for"]

# Trials drawn for the story of a network whose checkpoint names its task.
STORY_TRIALS = 500
# Steps of all trials that are drawn together, at most: longer trials are fewer.
MAX_TRIAL_STEPS = 2_000_000


def held_input(model: PLRNN, values: list[float] | None, option: str) -> np.ndarray | None:
    """Numbers that an option gives for the inputs of a model."""
    from ._validation import as_array
    from .display.abbreviation import count_words

    if values is None:
        return None
    if not model.n_inputs:
        raise ModelError(f"the model has no input: leave {option} out")
    if len(values) != model.n_inputs:
        takes = count_words(model.n_inputs, "number")
        raise ModelError(f"{option} takes {takes}, one per input of the model; got {len(values)}")
    return as_array(option, values, (model.n_inputs,))


def driving_trials(
    model: PLRNN, inputs: Path | None, free: bool, n: int, seed: int
) -> np.ndarray | RecordedTrials | None:
    """The trials that a model is made for; None where it is to run freely."""
    if free:
        if inputs is not None:
            raise ModelError("--free and --inputs exclude each other")
        return None
    known = inputs is not None or model.trials is not None or _is_addition(model)
    return trials_for(model, inputs, None, n, seed)[0] if known else None


def story_trials(model: PLRNN, inputs: Path | None, free: bool, seed: int) -> np.ndarray | RecordedTrials | None:
    """The trials that the story is about, checked; None where the model is to run freely."""
    from ._validation import as_array
    from .recorded_trials import RecordedTrials

    trials = driving_trials(model, inputs, free, STORY_TRIALS, seed)
    if trials is None or isinstance(trials, RecordedTrials):
        return trials
    return as_array("--inputs", trials, (None, None, model.n_inputs), "(trials, steps, channels)")


def _is_addition(model: PLRNN) -> bool:
    return bool(model.training.get("task") == "addition")


def trials_for(
    model: PLRNN, inputs: Path | None, targets: Path | None, n: int, seed: int
) -> tuple[np.ndarray | RecordedTrials, np.ndarray | None]:
    """Inputs and wanted outputs: from files, drawn for addition, or recorded in the checkpoint."""
    from ._validation import whole
    from .linear_limit import addition_trials

    if inputs is not None:
        driven = _array(inputs, "--inputs")
        wanted = None if targets is None else _array(targets, "--targets")
        driven = driven[None] if driven.ndim == 2 else driven
        return driven, wanted
    if targets is not None:
        raise ModelError("--targets needs --inputs")
    if not _is_addition(model):
        if model.trials is None:
            raise ModelError(
                "the checkpoint brings no trials, and they are drawn for addition alone: give --inputs FILE.npy"
            )
        return model.trials, None
    # Many can be drawn, where a checkpoint brings a few.
    training = model.training
    length = whole("the checkpoint's training length", training.get("length", 100), 2)
    blank = whole("the checkpoint's training blank_steps", training.get("blank_steps", 1), 0)
    # The length comes from a file: memory and time are not to follow whatever it says.
    if length + blank > MAX_TRIAL_STEPS:
        raise ModelError(
            f"the checkpoint says that it was trained on trials of {length + blank} steps; trials of at most "
            f"{MAX_TRIAL_STEPS} are drawn: give others with --inputs FILE.npy, or --free"
        )
    n = max(1, min(n, MAX_TRIAL_STEPS // (length + blank)))
    return addition_trials(n, length, training.get("marks", "halves"), blank, seed)


def _array(path: Path, option: str) -> np.ndarray:
    """The array in a .npy file."""
    from .checkpoint.array_files import Opaque, read_arrays

    if path.suffix.lower() != ".npy":
        raise ModelError(f"{option} takes a .npy file of numbers, got {path}")
    (array,) = read_arrays(path).values()
    if isinstance(array, Opaque) or array.dtype.kind not in "biuf":
        what = array if isinstance(array, Opaque) else f"dtype {array.dtype}"
        raise ModelError(f"{option} takes a .npy file of numbers, and {path} holds {what}")
    return array
