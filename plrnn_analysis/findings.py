"""Everything that ``plrnn analyze`` and ``plrnn report`` find, each part shown when it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .attractors import MAX_PERIOD
from .interruption import Interruption
from .story import Section, Story, Telling, missing_section

if TYPE_CHECKING:
    import numpy as np

    from .attractors import Attractors
    from .conditions import ConditionUse
    from .model import PLRNN
    from .recorded_trials import RecordedTrials
    from .results import Cycles, FixedPoints, Trajectory

__all__ = ["Findings", "Wanted", "find_everything"]


@dataclass(frozen=True)
class Wanted:
    """What is to be found out about a model.

    Attributes
    ----------
    held : (K,) ndarray or None
        The input held on; None stands for zero input.
    probes : sequence of (K,) array_like
        Inputs held on that the story tries as well.
    trials : (n, T, K) ndarray or RecordedTrials or None
        What the model is driven with; None where it runs freely.
    with_story : bool
    max_period : int
        Every cycle up to this period is searched; 1 for none.
    steps : int
        For which free runs are followed.
    seed : int
    max_nodes : int or None
    time_limit : float or None
        Seconds for each search.
    workers : int
    verify : str or None
        As of the searches.
    """

    held: np.ndarray | None = None
    probes: tuple[Any, ...] = ()
    trials: np.ndarray | RecordedTrials | None = None
    with_story: bool = True
    max_period: int = 1
    steps: int = 10_000
    seed: int = 0
    max_nodes: int | None = None
    time_limit: float | None = 60.0
    workers: int = 1
    verify: str | None = None


@dataclass(frozen=True)
class Findings:
    """What was found, as far as the searches got.

    Attributes
    ----------
    fixed_points : FixedPoints
    cycles, story : Cycles or None, Story or None
        None where they were not asked for, or Ctrl-C came before them.
    visited : Trajectory or None
        The states in use.
    ends : Attractors or None
        Where free runs end.
    conditions : ConditionUse or None
        What each condition of the trials visits.
    """

    fixed_points: FixedPoints
    cycles: Cycles | None = None
    story: Story | None = None
    visited: Trajectory | None = None
    ends: Attractors | None = None
    conditions: ConditionUse | None = None

    @property
    def rigorous(self) -> bool:
        """Whether all fixed points, and cycles, are proven by ``verify="rigorous"``."""
        return self.fixed_points.rigorous and (self.cycles is None or self.cycles.rigorous)

    @property
    def complete(self) -> bool:
        """Whether every search came to its end and proved that nothing else is there."""
        cycles_complete = self.cycles is None or self.cycles.complete
        return self.fixed_points.complete and cycles_complete and not (self.story and self.story.stopped_by)


def find_everything(
    model: PLRNN,
    wanted: Wanted,
    ctrl_c: Interruption,
    show: Callable[[FixedPoints | Cycles | Section], object] = lambda _: None,
) -> Findings:
    """Find fixed points and cycles, and tell the story.

    Parameters
    ----------
    model : PLRNN
    wanted : Wanted
    ctrl_c : Interruption
        Within its block this is called; after Ctrl-C nothing else is begun, and the story says what is missing.
    show : callable, optional
        Is given each part when it is known.
    """
    budget: dict[str, Any] = {"max_nodes": wanted.max_nodes, "workers": wanted.workers, "verify": wanted.verify}
    limits: dict[str, Any] = {"time_limit": wanted.time_limit, "progress": ctrl_c.progress}
    fixed_points = model.fixed_points(constant_input=wanted.held, **budget, **limits)
    show(fixed_points)
    missing: list[str] = []
    cycles, telling = None, None
    if wanted.max_period > 1 and ctrl_c.seen:
        missing.append(f"cycles up to period {wanted.max_period}")
    elif wanted.max_period > 1:
        cycles = model.cycles(wanted.max_period, constant_input=wanted.held, **budget, **limits)
        show(cycles)
    if wanted.with_story and ctrl_c.seen:
        missing.append("the story")
    elif wanted.with_story:
        telling = Telling(
            model,
            wanted.held,
            trials=wanted.trials,
            probes=wanted.probes or None,
            fixed_points=fixed_points,
            steps=wanted.steps,
            max_period=max(wanted.max_period, MAX_PERIOD),
            seed=wanted.seed,
            **limits,
        )
    sections = []
    for section in _sections(telling, missing, ctrl_c):
        sections.append(section)
        show(section)
    story = Story(tuple(sections)) if sections else None
    if telling is None:
        return Findings(fixed_points, cycles, story)
    return Findings(fixed_points, cycles, story, telling.visited, telling.ends, telling.conditions)


def _sections(telling: Telling | None, missing: list[str], ctrl_c: Interruption) -> Iterator[Section]:
    """The story as far as it gets, or what is missing beside it."""
    if missing:
        yield missing_section(missing)
    if telling is not None:
        for section in telling:
            yield section
            if ctrl_c.seen:
                telling.interrupt()
