"""What the members of a stack have in common, and from where each gets its trials."""

from __future__ import annotations

from collections.abc import Sequence

from plrnn_analysis.errors import ModelError

from .recipe import Member
from .tasks.base import Task

__all__ = ["architecture_of", "sources_of"]


def architecture_of(members: Sequence[Member]) -> str:
    """That of all members."""
    found = sorted({m.architecture for m in members})
    if len(found) != 1:
        raise ModelError(
            f"a stack is made of models of one architecture, got {', '.join(found) or 'no members'}; "
            "train the others with a trainer of their own"
        )
    return found[0]


def sources_of(stages: Sequence[Task], members: Sequence[Member]) -> list[Sequence[Task]]:
    """For every member the versions of the task from which its trials are drawn."""
    # Models that differ in P alone learn from the same set.
    sets: dict[tuple[int, int], Sequence[Task]] = {}
    sources: list[Sequence[Task]] = []
    for m in members:
        if m.samples is None:
            sources.append(stages)
            continue
        key = m.samples, m.seed
        if key not in sets:
            sets[key] = [stage.fixed(*key) for stage in stages]
        sources.append(sets[key])
    return sources
