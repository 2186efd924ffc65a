"""Trials from files: ``.npz``, ``.mat``, or a directory of ``.npy`` files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plrnn_analysis._signatures import checked
from plrnn_analysis.checkpoint.array_files import Opaque, read_arrays
from plrnn_analysis.errors import CheckpointError, ModelError

from .data import Trials

__all__ = ["ROLES", "read_trials"]

#: What an array is for, and the names under which it is found; capitals do not matter.
ROLES: Mapping[str, tuple[str, ...]] = {
    "inputs": ("inputs", "input", "x", "u", "stimulus"),
    "targets": ("targets", "target", "y", "outputs", "output"),
    "labels": ("labels", "label"),
    "mask": ("mask", "loss_mask", "output_mask"),
    "lengths": ("lengths", "length"),
    "conditions": ("conditions", "condition"),
    "input_names": ("input_names",),
    "output_names": ("output_names", "class_names"),
    "condition_names": ("condition_names",),
}


@checked
def read_trials(path: str | Path) -> Trials:
    """Read trials.

    Parameters
    ----------
    path : str or Path
        An ``.npz`` or ``.mat`` file, or a directory of ``.npy`` files, whose arrays have the names of the parameters of
        :meth:`Trials.build`, or close ones such as ``x``, ``y``, ``output_mask`` (see ``ROLES``).

    Returns
    -------
    Trials
        Its notes name arrays that were not used.

    Raises
    ------
    ModelError
        If it is no such file, arrays are missing or do not fit, or one of them holds Python objects.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"{path}: there is no such file")
    try:
        arrays = _arrays(path)
    except CheckpointError as error:
        raise ModelError(str(error)) from error
    chosen: dict[str, str] = {}
    for name in arrays:
        for role, aliases in ROLES.items():
            if name.lower() in aliases:
                if role in chosen:
                    raise ModelError(f"{path}: {chosen[role]} and {name} both mean {role}; keep one of them")
                chosen[role] = name
    if "inputs" not in chosen:
        raise ModelError(
            f"{path}: no inputs among {', '.join(arrays) or 'no arrays at all'}; the array of shape (trials, T, K) is "
            f"called {', '.join(ROLES['inputs'])}"
        )
    values = {role: arrays[name] for role, name in chosen.items()}
    for role, value in values.items():
        if isinstance(value, str):
            raise ModelError(f"{path}: {chosen[role]} {value}")
    try:
        trials = Trials.build(**values)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    unused = sorted(set(arrays) - set(chosen.values()))
    if unused:
        note = f"not used: {', '.join(unused)}"
        return Trials(**{**vars(trials), "notes": (*trials.notes, note)})
    return trials


def _arrays(path: Path) -> dict[str, Any]:
    """Arrays by name; a text in place of one says why it cannot be read."""
    if path.is_dir():
        found = {name: value for file in sorted(path.glob("*.npy")) for name, value in read_arrays(file).items()}
    elif path.suffix.lower() in (".npz", ".mat"):
        found = read_arrays(path)
    else:
        raise ModelError(f"{path}: trials are read from .npz and .mat files and from directories of .npy files")
    return {name: _why(value) if isinstance(value, Opaque) else value for name, value in found.items()}


def _why(kind: Opaque) -> str:
    if kind.startswith("Python objects"):
        return (
            "holds Python objects, which are never unpickled; pad trials of unequal length to one length, and give "
            "their true ones in an array called lengths"
        )
    return f"is a {kind}, which is not read"
