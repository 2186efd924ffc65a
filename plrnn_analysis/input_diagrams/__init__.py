"""Fixed points as exact piecewise-linear functions of one or two inputs."""

from .diagram import InputDiagram, input_diagram
from .results import FixedPointBranch, InputCollision, InputContinuum

__all__ = ["InputCollision", "FixedPointBranch", "InputContinuum", "InputDiagram", "input_diagram"]
