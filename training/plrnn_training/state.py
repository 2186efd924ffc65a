"""Training state on disk: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from plrnn_analysis.errors import CheckpointError

__all__ = ["load_state", "save_state"]

_VERSION = 1


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state; a crash while writing leaves the previous file as it was.

    Parameters
    ----------
    state : dict
        Tensors and plain values.
    path : Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save({"plrnn_training_state": _VERSION, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_state(path: Path) -> dict[str, Any]:
    """Read a training state.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If the file is not a training state of this version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path}: not readable as a training state ({type(error).__name__}: {error})") from error
    version = state.get("plrnn_training_state") if isinstance(state, dict) else None
    if version != _VERSION:
        raise CheckpointError(
            f"{path}: a training state of version {_VERSION} was expected, found {version!r}; start the run anew"
        )
    return dict(state)
