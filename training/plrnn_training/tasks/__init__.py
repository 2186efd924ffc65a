"""Tasks, one file each."""

from .addition import AdditionTask
from .base import Batch, Task, stack_batches
from .cognitive import CognitiveTask
from .fixed_trials import FixedTrials
from .neurogym import neurogym_task
from .objectives import CROSS_ENTROPY, POISSON, SQUARED_ERROR, Objective
from .stimulus_selection import StimulusSelectionTask
from .trials import TrialsTask

__all__ = [
    "CROSS_ENTROPY",
    "POISSON",
    "SQUARED_ERROR",
    "AdditionTask",
    "Batch",
    "CognitiveTask",
    "FixedTrials",
    "Objective",
    "StimulusSelectionTask",
    "Task",
    "TrialsTask",
    "neurogym_task",
    "stack_batches",
]
