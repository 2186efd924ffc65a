"""Load a model from any file or network in memory that this package understands."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._signatures import checked
from .._validation import as_index_tuple, one_of, shown
from .._wording import with_article
from ..errors import CheckpointError, ModelError, PLRNNError
from ..known_metadata import misfits
from ..model import PLRNN
from ..rate_networks import LEAKY_FORMS
from .contents import MAX_ELEMENTS, Contents
from .directory import index_of_shard, read_directory
from .h5_file import read_h5, read_keras
from .in_memory import is_in_memory, read_layer, read_memory
from .mat_file import read_mat
from .native import decode
from .npz_file import read_npz
from .recognition import recognise
from .safetensors_file import read_safetensors
from .torch_file import read_torch
from .trials import split_trials
from .wishes import Wishes

__all__ = ["from_torch", "load"]

# Lightning's .ckpt is a torch file with a state dict in it.
_READERS: dict[str, Callable[[Path], Contents]] = {
    ".safetensors": read_safetensors,
    ".npz": read_npz,
    ".mat": read_mat,
    ".pt": read_torch,
    ".pth": read_torch,
    ".ckpt": read_torch,
    ".h5": read_h5,
    ".hdf5": read_h5,
    ".keras": read_keras,
}
# Hugging Face's name for a torch file, which in a directory is taken at its word.
_IN_DIRECTORIES = {**_READERS, ".bin": read_torch}
# How often a file is read that is written meanwhile.
READINGS = 5
_JULIA = (
    "a file of Julia's, whose structs only Julia can read: write its arrays to .npz there with NPZ.npzwrite, "
    "see 'From Julia' in docs/howto/checkpoints.md"
)


@checked(error=CheckpointError)
def load(
    path: Any,
    pwl_units: int | None = None,
    *,
    relu_units: Sequence[int] | None = None,
    architecture: str | None = None,
    prefix: str | None = None,
    readout: Any = None,
    alpha: Any = None,
    form: str | None = None,
    thresholds: str | None = None,
    ignore: str | Sequence[str] = (),
) -> PLRNN:
    """Load a model from a checkpoint file; no code in the file is ever run.

    Parameters
    ----------
    path : path-like
        ``.safetensors``, ``.npz`` (without pickle), ``.mat``, ``.pt``, ``.pth``, ``.ckpt`` (needs torch; read with
        ``weights_only=True``), ``.h5``, ``.hdf5``, ``.keras`` (need h5py, as ``.mat`` of version 7.3 does), or a
        directory with one of these and perhaps ``config.json``.
    pwl_units : int, optional
        P, for an AL-RNN whose file does not say it: the last P units have a ReLU. Where the file does
        say it, another value is an error.
    relu_units : sequence of int, optional
        The ReLU units by index, instead of `pwl_units`.
    architecture : str, optional
        A key of :data:`plrnn_analysis.architectures.ARCHITECTURES`. Needed where names of arrays do not
        decide: ``"clipped_shallow"`` has the names of ``"shallow"``, and a cell of your own may be
        ``"leaky_rnn"`` or ``"relu_rnn"``.
    prefix : str, optional
        Which part of a larger model's state dict to take, e.g. ``"encoder.rnn"``; ``""`` is the top level.
        Needed only where several parts can be read.
    readout : str, array_like or pair, optional
        Name of a linear layer in the file, e.g. ``"fc"``, whose weight and bias become the readout B, b; ``""``
        for none; or B, or (B, b). Where it is not given, a layer is taken if it is the only one beside the network
        and fits.
    alpha : float or (M,) array_like, optional
        Leak of a rate network, dt / tau, where the file does not say it.
    form : {"rate", "current", "outer"}, optional
        Where the activation of a rate network stands, see :meth:`plrnn_analysis.PLRNN.leaky_rnn`.
    thresholds : {"added", "subtracted"}, optional
        Sign of the thresholds of a dendritic PLRNN: ``relu(z + theta)`` or ``relu(z - theta)``, the default but
        for the layout with one matrix ``AW``.
    ignore : str or sequence of str, optional
        Arrays that change nothing, by name or pattern (``"ema_*"``).

    Returns
    -------
    PLRNN
        Weights in float64, every value exactly the one in the file (integer, half and bfloat16 tensors
        included). ``metadata["notes"]`` lists what had to be assumed; ``trials`` holds the trials in arrays
        ``trials_inputs`` and so on, if there are any.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, foreign, malicious or ambiguous, or an argument contradicts it;
        the message names the file, what was found in it and what to do.

    Notes
    -----
    Names decide, wherever in a (nested) state dict they are, and shapes confirm; the manual has the table of what
    is recognised (Load a network of your own). A model is never built while an array that may change it is left
    over. What a file says of its nonlinearity, also among its hyperparameters, is honoured; where nothing does,
    ReLU is assumed, and noted.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import plrnn_analysis as pa
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "tent.safetensors"
    ...     pa.save(pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1), path)
    ...     pa.load(path)
    <PLRNN al_rnn: M=1 units, 1 ReLU, at most 2^1 subregions>
    """
    if is_in_memory(path):
        raise CheckpointError(
            f"load() reads files, got {with_article(type(path).__name__)}: use plrnn_analysis.from_torch() "
            "for networks in memory."
        )
    if not isinstance(path, (str, os.PathLike)):
        raise CheckpointError(f"path must be a text or a path, got {shown(path)}")
    wishes = Wishes(pwl_units, None, architecture, prefix, None, alpha, form, thresholds, _patterns(ignore))
    # What libraries think of a file, or of numbers in it that overflow: nothing that the caller can act on.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _unchanged(Path(path), lambda file: _model(_read(file), wishes, relu_units, readout))


@checked(error=CheckpointError)
def from_torch(
    module_or_state_dict: Any,
    *,
    readout: Any = None,
    architecture: str | None = None,
    pwl_units: int | None = None,
    relu_units: Sequence[int] | None = None,
    prefix: str | None = None,
    alpha: Any = None,
    form: str | None = None,
    thresholds: str | None = None,
    ignore: str | Sequence[str] = (),
) -> PLRNN:
    """A model from a network in memory: a PyTorch module, a state dict, or any arrays by name.

    Parameters
    ----------
    module_or_state_dict : torch.nn.Module or mapping
        A module that is, or contains, a one-layer ``torch.nn.RNN`` or ``RNNCell`` with ReLU, an AL-RNN or
        another network by the names that :func:`load` knows; or a mapping from such names to arrays or
        tensors, also nested. Tensors may require gradients, be on any device and in any precision.
    readout : str, torch.nn.Linear, array_like or pair, optional
        As in :func:`load` the name of a linear layer; or one that is not part of the module, or B, or (B, b).
    architecture, pwl_units, relu_units, prefix, alpha, form, thresholds, ignore : optional
        As in :func:`load`.

    Returns
    -------
    PLRNN
        Weights in float64, a copy: training on does not change it.

    Raises
    ------
    CheckpointError
        If no model is recognised in it or several are, or if it is not piecewise linear; the message says
        what was found and what to do.

    Notes
    -----
    If a module says something about itself, such as ``nonlinearity``, this is believed. Its
    ``forward`` is not looked at: what a module of your own does beside its parts is not known here.

    Examples
    --------
    >>> import numpy as np
    >>> import plrnn_analysis as pa
    >>> pa.from_torch({"A": np.array([0.5]), "W": np.array([[1.0]]), "h": np.array([0.1])}, pwl_units=1)
    <PLRNN al_rnn: M=1 units, 1 ReLU, at most 2^1 subregions>
    """
    wishes = Wishes(pwl_units, None, architecture, prefix, None, alpha, form, thresholds, _patterns(ignore))
    return _model(read_memory(module_or_state_dict), wishes, relu_units, readout)


def _unchanged(path: Path, read: Callable[[Path], PLRNN]) -> PLRNN:
    """What is read from a file that nobody writes meanwhile, or else the parts would be of several networks."""
    for _ in range(READINGS):
        before = _identity(path)
        try:
            model = read(path)
        except CheckpointError:
            if _identity(path) == before:
                raise
        else:
            if _identity(path) == before:
                return model
    raise CheckpointError(f"{path}: is written again and again while it is read. Load a copy of it.")


def _identity(path: Path) -> tuple[int, ...]:
    """Another one after each time the file, or a file in the directory, was written."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _patterns(ignore: str | Sequence[str]) -> tuple[str, ...]:
    return (ignore,) if isinstance(ignore, str) else tuple(ignore)


def _model(contents: Contents, wishes: Wishes, relu_units: Sequence[int] | None, readout: Any) -> PLRNN:
    layer = None if readout is None or isinstance(readout, str) else read_layer(readout)
    wishes = replace(wishes, readout="" if layer is not None else readout)
    try:
        if wishes.form is not None:
            one_of("form", wishes.form, LEAKY_FORMS)
        if wishes.thresholds is not None:
            one_of("thresholds", wishes.thresholds, ("added", "subtracted"))
        if relu_units is not None:
            # Compared with the model's own units once these are known.
            wishes = replace(wishes, relu_units=as_index_tuple("relu_units", relu_units, MAX_ELEMENTS))
        if contents.header is None:
            network, trials = split_trials(contents, contents.about)
            model = recognise(network, wishes).with_trials(trials)
        else:
            model = decode(contents)
            _check_wishes(contents, model, wishes)
        said = misfits(model.metadata)
        if said:
            model.metadata["notes"] = [*model.notes, *said]
        if layer is None:
            return model
        return PLRNN(model.architecture, model.parameters, model.relu_units, *layer, model.metadata, model.trials)
    except ModelError as error:
        raise contents.error(str(error)) from error
    except PLRNNError:
        raise
    # What values that nobody foresaw lead to: a number of 400 digits, a list that holds itself, a ragged array.
    except Exception as error:
        raise CheckpointError(_damaged(contents.path, error)) from error


def _damaged(path: Path | str, error: Exception) -> str:
    return (
        f"{path}: something in it is damaged or of a kind that is not expected ({type(error).__name__}: "
        f"{str(error)[:200]}). Copy or export it again."
    )


def _read(path: Path) -> Contents:
    try:
        if path.is_dir():
            return read_directory(path, _IN_DIRECTORIES)
        if not path.exists():
            raise CheckpointError(f"{path}: there is no such file. The working directory is {Path.cwd()}.")
        # A pipe or a device would be waited for, or has no end.
        if not path.is_file():
            raise CheckpointError(f"{path}: not a file but a pipe, socket or device. Give the checkpoint file itself.")
        with open(path, "rb") as file:
            start = file.read(600)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: cannot be opened ({error})") from error
    if not start:
        raise CheckpointError(f"{path}: the file is empty (0 bytes). Copy or export it again.")
    # The ending chooses: a file whose content could choose its own reader could choose a dangerous one.
    reader = _READERS.get(path.suffix.lower())
    looks = _looks_like(start)
    if path.suffix.lower() in (".jld2", ".jld", ".bson"):
        raise CheckpointError(f"{path}: {_JULIA}.")
    if reader is None:
        raise CheckpointError(
            f"{path}: the ending {path.suffix!r} is not one of {', '.join(_READERS)}."
            + (f" The content looks like {looks}." if looks else "")
        )
    if index := index_of_shard(path):
        raise CheckpointError(
            f"{path}: one of several files that hold a model together, as {index} says. "
            f"Load the directory: {path.parent}."
        )
    try:
        return reader(path)
    except CheckpointError as error:
        if looks and path.suffix.lower() not in looks:
            raise CheckpointError(f"{error} The content looks like {looks}.") from error
        raise
    except Exception as error:
        raise CheckpointError(_damaged(path, error)) from error


def _looks_like(start: bytes) -> str:
    """What the first bytes say; used to help, never to choose a reader."""
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer: fetch the file itself with git lfs pull"
    if start.startswith(b"MATLAB 7.3"):
        return "an HDF5 file of MATLAB 7.3 (.mat)"
    if start.startswith(b"\x89HDF"):
        return "an HDF5 file (.h5, .hdf5)"
    if start.startswith(b"MATLAB 5.0"):
        return "a MATLAB file (.mat)"
    if start.startswith(b"PK\x03\x04"):
        inside = b".npy" in start
        return "NumPy arrays (.npz)" if inside else "a zip archive, perhaps of torch (.pt, .pth, .ckpt)"
    if start.startswith(b"\x93NUMPY"):
        return "a single NumPy array (.npy), which is not a model"
    if start[:1] == b"\x80":
        return "a pickle, perhaps of torch (.pt, .pth, .ckpt)"
    if start[8:9] == b"{":
        return "a .safetensors file"
    return ""


def _check_wishes(contents: Contents, model: PLRNN, wishes: Wishes) -> None:
    """Refuse arguments that contradict what the file says of itself."""
    if wishes.architecture not in (None, model.architecture):
        raise contents.error(
            f"architecture={wishes.architecture!r} was asked for, the file says {model.architecture!r}"
        )
    if wishes.prefix or wishes.readout:
        raise contents.error("prefix= and readout= are for foreign files; this one is in the project's own format")
    if wishes.alpha is not None or wishes.form is not None or wishes.thresholds is not None or wishes.ignore:
        raise contents.error(
            "alpha=, form=, thresholds= and ignore= are for foreign files; this one is in the project's own format"
        )
    if wishes.pwl_units is not None or wishes.relu_units is not None:
        if wishes.pwl_units is not None and wishes.pwl_units != model.pwl_units:
            raise contents.error(f"pwl_units={wishes.pwl_units!r} was asked for, the file says {model.pwl_units}")
        if wishes.relu_units is not None and wishes.relu_units != model.relu_units:
            raise contents.error(f"relu_units={wishes.relu_units!r} was asked for, the file says {model.relu_units}")
        last = tuple(range(model.n_units - model.pwl_units, model.n_units))
        if wishes.pwl_units is not None and model.relu_units not in (None, last):
            raise contents.error(
                f"pwl_units={wishes.pwl_units} names the last units, the file says relu_units={model.relu_units}"
            )
