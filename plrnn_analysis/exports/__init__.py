"""A network, and the question for its fixed points, in files that other solvers and verifiers read."""

from .onnx_step import write_onnx
from .programs import write_milp
from .properties import write_vnnlib
from .suffixes import export_network

__all__ = ["export_network", "write_milp", "write_onnx", "write_vnnlib"]
