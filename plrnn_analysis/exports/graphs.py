"""Networks as ONNX graphs of matrix products, sums and ReLUs, which every verifier reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ModelError

__all__ = ["PRECISIONS", "Graph", "as_precision"]

#: What numbers of an ONNX file may be.
PRECISIONS = {"float32": np.float32, "float64": np.float64}
# What verifiers read that are some years old.
OPSET, IR_VERSION = 13, 8
MISSING = 'writing ONNX files needs the package onnx: pip install "plrnn-analysis[onnx]"'


def as_precision(name: str, values: np.ndarray, precision: str) -> np.ndarray:
    """Numbers of a network as an ONNX file holds them.

    Raises
    ------
    ModelError
        If one is too large.
    """
    with np.errstate(over="ignore", under="ignore"):
        cast = values.astype(PRECISIONS[precision])
    if not np.all(np.isfinite(cast)):
        raise ModelError(f'{name} holds numbers too large for {precision}: write it with precision="float64"')
    return np.asarray(cast)


class Graph:
    """An ONNX graph, one sum after the other.

    Parameters
    ----------
    precision : {"float32", "float64"}

    Raises
    ------
    ModelError
        If the package onnx is not installed.
    """

    def __init__(self, precision: str) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ModelError(MISSING) from error
        self._onnx = onnx
        self._precision = precision
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def affine(self, into: str, given: str, matrix: np.ndarray, offset: np.ndarray) -> str:
        """``into = matrix @ given + offset``."""
        names = [self._weight(f"{into}_weight", matrix), self._weight(f"{into}_offset", offset)]
        return self._node("Gemm", into, given, *names, transB=1)

    def relu(self, into: str, given: str) -> str:
        """``into = relu(given)``."""
        return self._node("Relu", into, given)

    def total(self, into: str, parts: Sequence[str]) -> str:
        """The sum of one or more vectors under a name of its own."""
        if len(parts) == 1:
            return self._node("Identity", into, parts[0])
        *first, last = parts
        for k, part in enumerate(first[1:]):
            first[0] = self._node("Add", f"{into}_{k}", first[0], part)
        return self._node("Add", into, first[0], last)

    def _weight(self, name: str, values: np.ndarray) -> str:
        held = as_precision(name, np.ascontiguousarray(values), self._precision)
        self._weights.append(self._onnx.numpy_helper.from_array(held, name))
        return name

    def _node(self, kind: str, into: str, *given: str, **options: Any) -> str:
        self._nodes.append(self._onnx.helper.make_node(kind, list(given), [into], name=into, **options))
        return into

    def written(
        self,
        inputs: Mapping[str, Sequence[int | str]],
        outputs: Mapping[str, Sequence[int | str]],
        description: str,
        metadata: Mapping[str, str],
    ) -> bytes:
        """The file.

        Parameters
        ----------
        inputs, outputs : mapping from name to shape
            A text in a shape stands for any number.
        description : str
        metadata : mapping of str to str
        """
        helper, checker = self._onnx.helper, self._onnx.checker
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(PRECISIONS[self._precision]))
        ends = [
            [helper.make_tensor_value_info(name, kind, list(shape)) for name, shape in side.items()]
            for side in (inputs, outputs)
        ]
        graph = helper.make_graph(self._nodes, "step", *ends, self._weights, doc_string=description)
        model = helper.make_model(
            graph, producer_name="plrnn-analysis", doc_string=description, ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )  # fmt: skip
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model, full_check=True)
        data: bytes = model.SerializeToString()
        return data
