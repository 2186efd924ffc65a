"""Load a model from any file or network in memory that this package understands."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .._validation import as_index_tuple
from ..errors import CheckpointError, ModelError
from ..model import PLRNN
from .contents import MAX_ELEMENTS, Contents
from .in_memory import is_in_memory, read_memory
from .mat_file import read_mat
from .native import decode
from .npz_file import read_npz
from .recognition import Wishes, recognise
from .safetensors_file import read_safetensors
from .torch_file import read_torch

__all__ = ["from_torch", "load"]

# Lightning's .ckpt is a torch file with a state dict in it.
_READERS: dict[str, Callable[[Path], Contents]] = {
    ".safetensors": read_safetensors,
    ".npz": read_npz,
    ".mat": read_mat,
    ".pt": read_torch,
    ".pth": read_torch,
    ".ckpt": read_torch,
}


def load(
    path: str | os.PathLike[str],
    pwl_units: int | None = None,
    *,
    relu_units: Sequence[int] | None = None,
    architecture: str | None = None,
    prefix: str | None = None,
    readout: str | None = None,
) -> PLRNN:
    """Load a model from a checkpoint file; no code in the file is ever run.

    Parameters
    ----------
    path : path-like
        ``.safetensors``, ``.npz`` (without pickle), ``.mat`` (version 5), or ``.pt``, ``.pth``, ``.ckpt``
        (needs torch; read with ``weights_only=True``).
    pwl_units : int, optional
        P, for an AL-RNN whose file does not say it: the last P units have a ReLU. Where the file does
        say it, another value is an error.
    relu_units : sequence of int, optional
        The ReLU units by index, instead of `pwl_units`.
    architecture : str, optional
        A key of :data:`plrnn_analysis.architectures.ARCHITECTURES`. Needed where names of tensors do not
        decide: ``"clipped_shallow"`` has the names of ``"shallow"``.
    prefix : str, optional
        Which part of a larger model's state dict to take, e.g. ``"encoder.rnn"``; ``""`` is the top level.
        Needed only where several parts can be read.
    readout : str, optional
        Name of a linear layer in the file, e.g. ``"fc"``, whose ``weight`` and ``bias`` become the readout
        B, b.

    Returns
    -------
    PLRNN
        Weights in float64, every value exactly the one in the file (integer, half and bfloat16 tensors
        included). ``metadata["notes"]`` lists what had to be assumed.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, foreign, malicious or ambiguous, or an argument contradicts it;
        the message names the file, what was found in it and what to do.

    Notes
    -----
    Recognised by the names of their tensors, wherever in a (nested) state dict they are:

    ==========================  ==================================================================
    architecture                tensors
    ==========================  ==================================================================
    AL-RNN                      ``A`` (M,) or (M, M), ``W`` (M, M), ``h`` (M,)
    shallow, clipped shallow    ``A``, ``W1`` (M, H), ``W2`` (H, M), ``h1`` (M,), ``h2`` (H,)
    dendritic                   ``A``, ``W``, ``h``, ``alphas`` (n_bases,), ``thetas`` (M, n_bases)
    ``torch.nn.RNN``            ``weight_ih_l0`` (M, K), ``weight_hh_l0`` (M, M), biases optional
    ``torch.nn.RNNCell``        ``weight_ih``, ``weight_hh``, biases optional
    ==========================  ==================================================================

    All but torch's may have ``C`` (M, K), ``B`` (N, M) and ``b`` (N,) beside them, and an AL-RNN an integer
    ``pwl_units`` or ``relu_units``. A state dict does not say whether a ``torch.nn.RNN`` uses tanh or relu:
    relu is assumed, and noted.

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
            f"load() reads files, got a {type(path).__name__}: use plrnn_analysis.from_torch() for networks in memory."
        )
    contents = _read(Path(path))
    return _model(contents, pwl_units, relu_units, architecture, prefix, readout)


def from_torch(
    module_or_state_dict: Any,
    *,
    readout: str | None = None,
    architecture: str | None = None,
    pwl_units: int | None = None,
    relu_units: Sequence[int] | None = None,
    prefix: str | None = None,
) -> PLRNN:
    """A model from a network in memory: a PyTorch module, a state dict, or any arrays by name.

    Parameters
    ----------
    module_or_state_dict : torch.nn.Module or mapping
        A module that is, or contains, a one-layer ``torch.nn.RNN`` or ``RNNCell`` with ReLU, an AL-RNN or
        another network by the names that :func:`load` knows; or a mapping from such names to arrays or
        tensors, also nested. Tensors may require gradients, be on any device and in any precision.
    readout, architecture, pwl_units, relu_units, prefix : optional
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
    Where a module says something of itself, such as ``nonlinearity``, it is taken at its word. Its
    ``forward`` is not looked at: what a module of your own does beside its parts is not known here.

    Examples
    --------
    >>> import numpy as np
    >>> import plrnn_analysis as pa
    >>> pa.from_torch({"A": np.array([0.5]), "W": np.array([[1.0]]), "h": np.array([0.1])}, pwl_units=1)
    <PLRNN al_rnn: M=1 units, 1 ReLU, at most 2^1 subregions>
    """
    contents = read_memory(module_or_state_dict)
    return _model(contents, pwl_units, relu_units, architecture, prefix, readout)


def _model(
    contents: Contents,
    pwl_units: int | None,
    relu_units: Sequence[int] | None,
    architecture: str | None,
    prefix: str | None,
    readout: str | None,
) -> PLRNN:
    try:
        # Compared with the model's own units once these are known.
        units = None if relu_units is None else as_index_tuple("relu_units", relu_units, MAX_ELEMENTS)
        wishes = Wishes(pwl_units, units, architecture, prefix, readout)
        if contents.header is None:
            return recognise(contents, wishes)
        model = decode(contents)
        _check_wishes(contents, model, wishes)
        return model
    except ModelError as error:
        raise contents.error(str(error)) from error


def _read(path: Path) -> Contents:
    try:
        if path.is_dir():
            raise CheckpointError(f"{path}: a directory, not a file. Give the checkpoint file inside it.")
        if not path.exists():
            raise CheckpointError(f"{path}: there is no such file. The working directory is {Path.cwd()}.")
        with open(path, "rb") as file:
            start = file.read(600)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: cannot be opened ({error})") from error
    if not start:
        raise CheckpointError(f"{path}: the file is empty (0 bytes). Copy or export it again.")
    # The ending chooses: a file whose content could choose its own reader could choose a dangerous one.
    reader = _READERS.get(path.suffix.lower())
    looks = _looks_like(start)
    if reader is None:
        raise CheckpointError(
            f"{path}: the ending {path.suffix!r} is not one of {', '.join(_READERS)}."
            + (f" The content looks like {looks}." if looks else "")
        )
    try:
        return reader(path)
    except CheckpointError as error:
        if looks and path.suffix.lower() not in looks:
            raise CheckpointError(f"{error} The content looks like {looks}.") from error
        raise


def _looks_like(start: bytes) -> str:
    """What the first bytes say; used to help, never to choose a reader."""
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer: fetch the file itself with git lfs pull"
    if start.startswith(b"MATLAB 7.3") or start.startswith(b"\x89HDF"):
        return "an HDF5 file (MATLAB 7.3, Keras), which is not read"
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
