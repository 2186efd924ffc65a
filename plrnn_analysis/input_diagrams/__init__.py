"""Fixed points as exact piecewise-linear functions of one or two inputs."""

from .diagram import InputDiagram
from .proven import BranchProof
from .results import FixedPointBranch, InputCollision, InputContinuum
from .searching import input_diagram

__all__ = [
    "BranchProof",
    "FixedPointBranch",
    "InputCollision",
    "InputContinuum",
    "InputDiagram",
    "input_diagram",
]
