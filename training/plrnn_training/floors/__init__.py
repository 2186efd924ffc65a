"""What the best affine predictor of a task scores; a network without ReLU, of any size, is no more than one."""

from .cognitive import cognitive_floor
from .copying import copy_floor
from .floor import Floor
from .lagged import lagged_floor
from .logistic import logistic_floor, logistic_regression

__all__ = ["Floor", "cognitive_floor", "copy_floor", "lagged_floor", "logistic_floor", "logistic_regression"]
