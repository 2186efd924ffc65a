"""Tasks, one file each."""

from .addition import AdditionTask
from .base import Batch, Task, stack_batches

__all__ = ["AdditionTask", "Batch", "Task", "stack_batches"]
