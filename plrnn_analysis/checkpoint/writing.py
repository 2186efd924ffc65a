"""Save a model in the project's own format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._files import write_atomically
from .._signatures import checked
from .._validation import shown
from ..errors import CheckpointError
from ..known_metadata import misfits
from ..model import PLRNN
from .mat_file import encode_mat
from .native import encode
from .npz_file import encode_npz
from .safetensors_file import encode_safetensors

__all__ = ["save"]

_ENCODERS: dict[str, Callable[[dict[str, np.ndarray], dict[str, str]], bytes]] = {
    ".safetensors": encode_safetensors,
    ".npz": encode_npz,
    ".mat": encode_mat,
}


@checked(error=CheckpointError)
def save(model: PLRNN, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
    """Write a model to a checkpoint file, whole or not at all.

    Parameters
    ----------
    model : PLRNN
    path : path-like
        The ending chooses the format: ``.safetensors`` (the native one), ``.npz`` or ``.mat``. An existing
        file is replaced; its directory must exist.
    metadata : mapping, optional
        Entries to add to ``model.metadata``, of JSON types (NumPy scalars, arrays and paths are converted):
        ``input_names`` and ``output_names``, lists of one string per channel; ``training``, how the model was
        made (task, seed, steps, blank_steps, ...); anything else.

    Raises
    ------
    CheckpointError
        If the ending is unknown, the metadata cannot be written, or the file system refuses.

    Notes
    -----
    The tensors are the architecture's own parameters (``model.parameters``) and the readout ``B``, ``b``, in
    float64. Recorded trials are ``trials_inputs`` (n, T, K) and ``trials_initial`` (n, M) in float32,
    ``trials_conditions`` and ``trials_lengths`` (n,) in int64, each where there are such, with ``condition_names`` in
    the metadata. The header has ``format`` = "plrnn", ``format_version``, ``architecture``, ``relu_units``,
    ``pwl_units`` and ``metadata`` (JSON); in ``.npz`` it is one JSON string ``__metadata__``, in ``.mat`` one
    named ``plrnn_metadata``. The same model always gives the same bytes.
    """
    target = Path(path)
    encoder = _ENCODERS.get(target.suffix.lower())
    if encoder is None:
        raise CheckpointError(
            f"{target}: a checkpoint is written as one of {', '.join(_ENCODERS)}, the ending here is {target.suffix!r}"
        )
    merged = {**model.metadata, **(metadata or {})}
    for key, count in (("input_names", model.n_inputs), ("output_names", model.n_outputs)):
        # Names are checked where they are written, for a reader can only refuse the whole file.
        names = merged.get(key)
        if names is not None and (misfits({key: names}) or len(names) != count):
            raise CheckpointError(
                f"{target}: {key} must be a list of {count} strings, one per channel; got {shown(names)}"
            )
    try:
        data = encoder(*encode(model, merged))
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{target}: the metadata cannot be written as JSON ({error})") from error
    try:
        write_atomically(target, data)
    except OSError as error:
        raise CheckpointError(f"{target}: {error.strerror}") from error
