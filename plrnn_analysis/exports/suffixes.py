"""``export_network``: what a file is to be, by the end of its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

from .._signatures import checked
from ..errors import ModelError
from ..network import Network
from .onnx_step import write_onnx
from .programs import write_milp
from .properties import write_vnnlib

__all__ = ["SUFFIXES", "export_network"]

#: What is written, by suffix.
SUFFIXES: dict[str, Callable[..., None]] = {
    ".mps": write_milp,
    ".lp": write_milp,
    ".vnnlib": write_vnnlib,
    ".onnx": write_onnx,
}


@checked
def export_network(network: Network, path: str | os.PathLike[str], constant_input: Any = None, **options: Any) -> None:
    """Write a network, or the question for its fixed points, for a solver or verifier of others.

    Parameters
    ----------
    network : Network
    path : path-like
        ``.mps`` and ``.lp``: the fixed points as a mixed-integer program, see :func:`write_milp`. ``.vnnlib``: as a
        property for verifiers of neural networks, see :func:`write_vnnlib`. ``.onnx``: one step, see
        :func:`write_onnx`.
    constant_input : (K,) array_like, optional
        The input held on.
    **options
        Of that function.

    Raises
    ------
    ModelError
        If the suffix is another, or as that function.

    Examples
    --------
    >>> import tempfile, os
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_network(tent, folder + "/tent.mps", box=5.0)
    ...     os.listdir(folder)
    ['tent.mps']
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ModelError(f"path must end in {', '.join(SUFFIXES)}, which says what is written; got {str(path)!r}")
    write = SUFFIXES[suffix]
    known = [name for name, one in signature(write).parameters.items() if one.kind is one.KEYWORD_ONLY]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ModelError(f"{unknown[0]} means nothing for a {suffix} file, which takes {' and '.join(known)}")
    write(network, path, constant_input, **options)
