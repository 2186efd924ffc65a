"""Fixed points as exact piecewise-linear functions of one or two inputs."""

from .diagram import InputDiagram, input_diagram
from .results import BorderCollision, FixedPointBranch, InputContinuum

__all__ = ["BorderCollision", "FixedPointBranch", "InputContinuum", "InputDiagram", "input_diagram"]
