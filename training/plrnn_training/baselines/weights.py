"""Files of baselines that cannot be analysed: the weights of one model, under the names of the stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from plrnn_analysis._files import write_atomically
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import CheckpointError

from ..stacks import Stack

__all__ = ["load_weights", "save_weights"]

_TRAINING = "training"


@checked
def save_weights(stack: Stack, index: int, path: Path, training: Mapping[str, Any]) -> None:
    """Write the weights of one model of a stack as a safetensors file.

    Parameters
    ----------
    stack : Stack
    index : int
        Which model.
    path : Path
    training : mapping
        How it was made, in JSON types; it becomes the metadata ``training``.

    Notes
    -----
    Names are those of ``stack.state_dict()``, shapes without the leading axis. For ``"tanh"``, ``"gru"`` and ``"lstm"``
    they are torch's own and a module loads them as they are, beside the readout ``B``, ``b``.
    """
    from safetensors.torch import save

    _check_index(index, stack)
    tensors = {name: value[index].detach().cpu().contiguous() for name, value in stack.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save(tensors, {_TRAINING: json.dumps(dict(training), sort_keys=True)}))


@checked
def load_weights(stack: Stack, index: int, path: Path) -> dict[str, Any]:
    """Give one model of a stack the weights in a file; the inverse of :func:`save_weights`.

    Parameters
    ----------
    stack : Stack
    index : int
        Of the model.
    path : Path

    Returns
    -------
    dict
        What the file says of its making.

    Raises
    ------
    CheckpointError
        If it is no such file, or holds weights of another kind or size.
    """
    from safetensors import SafetensorError, safe_open

    _check_index(index, stack)
    check_regular(path)
    try:
        with safe_open(path, framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}
            training = json.loads((file.metadata() or {}).get(_TRAINING, "{}"))
        if not isinstance(training, dict):
            raise ValueError(f"{_TRAINING} is no JSON object")
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: no file of weights ({error})") from error
    own = stack.state_dict()
    shapes = {name: tuple(value.shape[1:]) for name, value in own.items()}
    theirs = {name: tuple(value.shape) for name, value in found.items()}
    if shapes != theirs:
        raise CheckpointError(f"{path}: weights of another model: it holds {theirs}, wanted are {shapes}")
    with torch.no_grad():
        for name, value in found.items():
            own[name][index].copy_(value)
    return training


def _check_index(index: int, stack: Stack) -> None:
    whole("index", index, 0, stack.n_models - 1, remark=f"(the stack has {count_words(stack.n_models, 'model')})")
