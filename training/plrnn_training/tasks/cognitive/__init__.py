"""The suite of eleven cognitive tasks: how trials are drawn, and what counts as a right answer."""

from .suite import ENTRY, CognitiveTask
from .trials import COGNITIVE_TASKS, DURATIONS, longest_response

__all__ = ["COGNITIVE_TASKS", "DURATIONS", "ENTRY", "CognitiveTask", "longest_response"]
