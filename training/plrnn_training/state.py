"""Training state on disk: written whole or not at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from plrnn_analysis._files import write_atomically
from plrnn_analysis.checkpoint.array_files import check_regular
from plrnn_analysis.errors import CheckpointError

__all__ = ["load_state", "save_state", "taking_over"]

_VERSION = 1
_DAMAGED = "damaged, or no training state; --overwrite starts the run anew"


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state; a crash while writing leaves the previous file as it was.

    Parameters
    ----------
    state : dict
        Tensors and plain values.
    path : Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    torch.save({"plrnn_training_state": _VERSION, **state}, content)
    write_atomically(path, content.getvalue())


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
    check_regular(path)
    try:
        _check_sums(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # Not in torch's words, which advise to switch off its protection against code in files.
        raise CheckpointError(f"{path}: {_DAMAGED}") from error
    version = state.get("plrnn_training_state") if isinstance(state, dict) else None
    if version != _VERSION:
        raise CheckpointError(
            f"{path}: a training state of version {_VERSION} was expected, found {version!r}; start the run anew"
        )
    return dict(state)


def _check_sums(path: Path) -> None:
    """Compare every part with its check sum, which torch does not: a run must not go on with other numbers."""
    with zipfile.ZipFile(path) as archive:
        packed = any(item.compress_type != zipfile.ZIP_STORED for item in archive.infolist())
        if packed or archive.testzip() is not None:
            raise ValueError("a part is damaged")


@contextmanager
def taking_over(path: Path) -> Iterator[None]:
    """Within the block a training state is taken over; what does not fit is an error that names the file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    CheckpointError
        If something is missing, or of another kind or shape.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise CheckpointError(f"{path}: {_DAMAGED} ({type(error).__name__})") from error
