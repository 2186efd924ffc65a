"""``write_onnx``: one step of a network as an ONNX file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._files import check_file, write_atomically
from .._signatures import checked
from .._validation import one_of
from ..hooks import version
from ..maps import CanonicalMap
from ..network import Network
from .graphs import PRECISIONS, Graph
from .wording import described

__all__ = ["metadata_of", "step_graph", "write_onnx"]


@checked
def write_onnx(
    network: Network,
    path: str | os.PathLike[str],
    constant_input: Any = None,
    *,
    precision: str = "float64",
) -> None:
    """Write one step ``z -> F(z, s)`` as an ONNX file, for ONNX Runtime and other programs.

    Parameters
    ----------
    network : Network
    path : path-like
        By custom ``*.onnx``; an existing file is replaced, whole or not at all.
    constant_input : (K,) array_like, optional
        An input held on, which becomes a part of the offsets. Without it the file takes inputs, if the network does.
    precision : {"float64", "float32"}, optional
        Of weights, inputs and outputs.

    Raises
    ------
    ModelError
        If the package onnx is not installed (``pip install "plrnn-analysis[onnx]"``), a weight is too large for the
        precision, or an argument does not fit.
    OSError
        If the file cannot be written.

    Notes
    -----
    Inputs are ``z`` (batch, M) and, for a network with inputs, ``s`` (batch, K); the output is ``z_next`` (batch, M).
    The operators are Gemm, Relu, Add and Identity (opset 13). What the network is stands in the description and in the
    metadata of the file. The readout is not part of it.

    Examples
    --------
    >>> import tempfile, onnxruntime
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_onnx(tent, folder + "/tent.onnx")
    ...     session = onnxruntime.InferenceSession(folder + "/tent.onnx")
    >>> session.run(None, {"z": np.array([[-1.0], [0.25]])})[0]
    array([[-1. ],
           [ 0.5]])
    """
    one_of("precision", precision, PRECISIONS)
    check_file(path, "path")
    map = network.map if constant_input is None else network.map.with_input(constant_input)
    graph = Graph(precision)
    step_graph(graph, map, "z", "z_next")
    inputs: dict[str, tuple[int | str, ...]] = {"z": ("batch", map.n_units)}
    if map.n_inputs:
        inputs["s"] = ("batch", map.n_inputs)
    held = None if constant_input is None else np.asarray(constant_input, dtype=np.float64)
    text = f"One step z_next = F(z{', s' if map.n_inputs else ''}) of {described(network, held)}."
    outputs = {"z_next": ("batch", map.n_units)}
    write_atomically(path, graph.written(inputs, outputs, text, metadata_of(network, held)))


def step_graph(graph: Graph, map: CanonicalMap, given: str, into: str) -> None:
    """Enter ``into = F(given, s)`` into a graph."""
    parts = []
    if map.n_relu:
        zero = np.zeros(map.n_relu)
        arguments = [graph.affine("argument_z", given, map.V, map.c)]
        if np.any(map.E):
            arguments.append(graph.affine("argument_s", "s", map.E, zero))
        read = graph.relu("x", graph.total("argument", arguments) if arguments[1:] else arguments[0])
        parts.append(graph.affine("driven", read, map.W, map.h))
    parts.append(graph.affine("linear", given, map.A, np.zeros(map.n_units) if parts else map.h))
    if map.n_inputs:
        parts.append(graph.affine("input", "s", map.C, np.zeros(map.n_units)))
    graph.total(into, parts)


def metadata_of(network: Network, constant_input: np.ndarray | None) -> dict[str, str]:
    """What the network is, for programs that look."""
    known = {
        "architecture": network.architecture,
        "units": str(network.n_units),
        "relus": str(network.pwl_units),
        "inputs": str(network.n_inputs),
        "written_by": f"plrnn-analysis {version()}",
    }
    if constant_input is not None:
        known["constant_input"] = ", ".join(map(repr, constant_input.tolist()))
    return known
