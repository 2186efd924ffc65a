"""The story of a model: where it goes, what it does slowly, what inputs do to it, and which ReLUs it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, whole
from ..attractors import MAX_PERIOD
from ..conditions import condition_use
from ..display.abbreviation import count_words
from ..display.markup import Grid
from ..errors import ModelError
from ..progress import ProgressOption, reports
from ..recorded_trials import RecordedTrials
from ..results import FixedPoints, ResultSequence, Trajectory
from ..statuses import StoppedBy
from .conditions import told_by_condition
from .sections import (
    Section,
    missing_section,
    needed_relus,
    probe_title,
    slow_motion,
    starts,
    states_in_use,
    under_probe,
    under_trials,
    where_runs_end,
)

if TYPE_CHECKING:
    from ..attractors import Attractors
    from ..conditions import ConditionUse
    from ..model import PLRNN

__all__ = ["Story", "Telling", "tell_story"]

# Trials that the slower analyses look at; what is counted is counted on all.
TRIALS = 500
# Steps of the free runs that stand for the states in use, and numbers that they may hold: what is done with them takes
# seconds for each million.
FREE_STEPS, LEAST_FREE_STEPS = 2000, 200
FREE_ENTRIES = 4_000_000
# Undecided free runs that get this many times as far out as all began are no states in use.
RUN_AWAY = 1e12
# States of trials beyond this size are on the way to overflow.
HUGE = 1e100


@dataclass(frozen=True, eq=False)
class Story(ResultSequence[Section]):
    """Sections in the order in which one reads them."""

    _items: tuple[Section, ...]

    def text(self) -> str:
        """The story as plain text, one sentence per line."""
        return "\n\n".join("\n".join([section.title, *section.sentences]) for section in self)

    def paragraphs(self) -> list[str]:
        """Each section in a line."""
        return [f"{section.title}. {' '.join(section.sentences)}" for section in self]

    def __repr__(self) -> str:
        return f"<Story: {', '.join(section.title.lower() for section in self)}>"

    def _verdict(self) -> str:
        return count_words(len(self), "section")

    def _grids(self) -> list[Grid]:
        return []

    def _notes(self) -> list[str]:
        return self.paragraphs()

    @property
    def stopped_by(self) -> StoppedBy:
        """What ended the story, or a search in it, early: Ctrl-C, or else the first reason in it."""
        reasons = [section.stopped_by for section in self if section.stopped_by]
        return StoppedBy.INTERRUPT if StoppedBy.INTERRUPT in reasons else (reasons or [StoppedBy.NOTHING])[0]


@reports("story")
@checked
def tell_story(
    model: PLRNN,
    constant_input: Any = None,
    *,
    trials: Any = None,
    probes: Any = None,
    fixed_points: FixedPoints | None = None,
    n_states: int = 100,
    steps: int = 10_000,
    max_period: int = MAX_PERIOD,
    seed: int = 0,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> Story:
    """What a model does, in a page of text with numbers.

    Parameters
    ----------
    model : PLRNN
    constant_input : (K,) array_like, optional
        The input held on while the model is left to itself; None stands for zero input.
    trials : (n, T, K) array_like or RecordedTrials, optional
        Inputs that the model is made for, such as ``model.trials``. They say which states are in use; without them free
        runs do, transients included. Where they have conditions, a section tells these apart.
    probes : (n, K) array_like, optional
        Inputs held on, one after the other: what does each do?
    fixed_points : FixedPoints, optional
        Of the model under `constant_input`, if they are known already.
    n_states, steps, max_period : int, optional
        Initial states of the search for attractors, and how far it follows them:
        see :func:`plrnn_analysis.attractors.find_attractors`.
    seed : int, optional
    time_limit : float, optional
        Seconds for each search; None for no limit. What was not finished is said. Ctrl-C ends the story; what is known
        by then is returned, and a last section says what is missing.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    Story

    Raises
    ------
    ModelError
        On wrong shapes, or inputs that are not finite.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> story = tell_story(model)
    >>> story
    <Story: where free runs end, states in use, slow motion, which relus are needed>
    """
    told = Telling(
        model,
        constant_input,
        trials=trials,
        probes=probes,
        fixed_points=fixed_points,
        n_states=n_states,
        steps=steps,
        max_period=max_period,
        seed=seed,
        time_limit=time_limit,
        progress=progress,
    )
    return Story(tuple(told))


class Telling:
    """A story while it is told: yields each section when it is known.

    Parameters
    ----------
    model, constant_input, trials, probes, fixed_points, n_states, steps, max_period, seed, time_limit, progress
        As in :func:`tell_story`.

    Attributes
    ----------
    visited : Trajectory or None
        The states in use. Those of free runs are known once the section about them was told.
    ends : Attractors or None
        Where free runs end, once that was told.
    conditions : ConditionUse or None
        What each condition of the trials visits, once that was told.

    Raises
    ------
    ModelError
        As :func:`tell_story`.

    Notes
    -----
    KeyboardInterrupt, wherever it is raised while a section is made, ends the story. The section about what is missing
    follows.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    >>> for section in Telling(model):
    ...     print(section.title)
    Where free runs end
    States in use
    Slow motion
    Which ReLUs are needed
    """

    def __init__(
        self,
        model: PLRNN,
        constant_input: Any = None,
        *,
        trials: Any = None,
        probes: Any = None,
        fixed_points: FixedPoints | None = None,
        n_states: int = 100,
        steps: int = 10_000,
        max_period: int = MAX_PERIOD,
        seed: int = 0,
        time_limit: float | None = 60.0,
        progress: ProgressOption = None,
    ) -> None:
        k = model.n_inputs
        self._model, self._fixed_points = model, fixed_points
        self._held = np.zeros(k) if constant_input is None else as_array("constant_input", constant_input, (k,), "(K,)")
        self._probes = np.zeros((0, k))
        if probes is not None:
            self._probes = as_array("probes", probes, (None, k), "(n, K), one row per probe")
        self._recorded = trials if isinstance(trials, RecordedTrials) else None
        if trials is not None and self._recorded is None:
            trials = as_array("trials", trials, (None, None, k), "(n, T, K)")
        self.visited = self._driven = None if trials is None else model.run(trials)
        if self._driven is not None and not np.all(np.abs(self._driven.visited()) < HUGE):
            raise ModelError("the model diverges under the trials: there is no range of states in use to speak of")
        self._limits: dict[str, Any] = {"time_limit": time_limit, "progress": progress}
        self._seed = seed
        n_states = whole("n_states", n_states, 1)
        self._search = {"n": n_states, "steps": steps, "max_period": max_period, "seed": seed, **self._limits}
        self.ends: Attractors | None = None
        self.conditions: ConditionUse | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        """Tell no further section; as Ctrl-C between two of them."""
        self._interrupted = True

    def __iter__(self) -> Iterator[Section]:
        """Tell it."""
        parts = self._parts()
        for place, (_, tell) in enumerate(parts):
            section = None if self._interrupted else self._told(tell)
            if section is not None:
                yield section
            elif self._interrupted:
                yield missing_section([title for title, _ in parts[place:]])
                return

    def _told(self, tell: Callable[[], Section | None]) -> Section | None:
        """A section; None where there is nothing that it could be about, or Ctrl-C came before it was known."""
        try:
            section = tell()
        except KeyboardInterrupt:
            section, self._interrupted = None, True
        if section is not None and section.stopped_by is StoppedBy.INTERRUPT:
            self._interrupted = True
        return section

    def _parts(self) -> list[tuple[str, Callable[[], Section | None]]]:
        """Headings, and what tells the section; in the order in which one reads them."""
        parts: list[tuple[str, Callable[[], Section | None]]] = [
            ("Where free runs end", self._where_runs_end),
            ("States in use", self._states_in_use),
            ("Slow motion", self._slow_motion),
        ]
        if self._driven is not None:
            parts.append(("Under trials", self._under_trials))
        if self._recorded is not None and self._recorded.labels is not None:
            parts.append(("Conditions", self._conditions))
        parts.extend((probe_title(probe), partial(self._under_probe, probe)) for probe in self._probes)
        parts.append(("Which ReLUs are needed", self._needed_relus))
        return parts

    def _where_runs_end(self) -> Section:
        first = starts(self._driven, self._search["n"])
        self.ends = self._model.attractors(self._held, states=first, fixed_points=self._known_points(), **self._search)
        return where_runs_end(self.ends)

    def _known_points(self) -> FixedPoints:
        if self._fixed_points is None:
            self._fixed_points = self._model.fixed_points(constant_input=self._held, **self._limits)
            if self._fixed_points.coverage.stopped_by is StoppedBy.INTERRUPT:
                raise KeyboardInterrupt
        return self._fixed_points

    def _states_in_use(self) -> Section:
        if self._driven is None:
            assert self.ends is not None  # this section comes later
            self.visited = _free_states(self._model, self.ends, self._held)
        if self.visited is None:
            nothing = ("All free runs diverge: there are no states in use to describe. Give trials of the task.",)
            return Section("States in use", nothing, {})
        return states_in_use(self.visited, self._driven is not None, self._known_points())

    def _few(self) -> Trajectory | None:
        """Bounds and programs over the states in use take as long as they are many."""
        return None if self.visited is None else self.visited.select(slice(0, TRIALS))

    def _slow_motion(self) -> Section | None:
        few = self._few()
        return None if few is None else slow_motion(self._model, few, self._held, self._probes, self._limits)

    def _under_trials(self) -> Section:
        assert self._driven is not None  # it is among the parts
        return under_trials(self._model, self._driven, self._limits["progress"])

    def _conditions(self) -> Section:
        assert self._driven is not None and self._recorded is not None  # it is among the parts
        labels = self._recorded.labels
        self.conditions = condition_use(self._driven, labels, self._known_points(), seed=self._seed)
        return Section("Conditions", *told_by_condition(self.conditions))

    def _under_probe(self, probe: np.ndarray) -> Section:
        return under_probe(self._model, probe, self.visited, self._search)

    def _needed_relus(self) -> Section | None:
        few = self._few()
        return None if few is None else needed_relus(self._model, few, self._held, self._limits)


def _free_states(model: PLRNN, ends: Attractors, held: np.ndarray) -> Trajectory | None:
    """Free runs of the initial states that do not diverge, transients included; None where all do."""
    stay = [index for index, end in enumerate(ends) if end.kind != "divergent"]
    z0 = ends.initial[np.isin(ends.assignment, stay)]
    if not len(z0):
        return None
    affordable = FREE_ENTRIES // (len(z0) * max(model.n_units, model.pwl_units))
    steps = min(FREE_STEPS, max(LEAST_FREE_STEPS, affordable))
    run = model.simulate(steps, z0=z0, constant_input=held)
    # What is undecided may still run away.
    limit = RUN_AWAY * (1.0 + np.max(np.abs(z0)) + np.max(np.abs(model.map.h)))
    finite = np.all(np.abs(run.states) < limit, axis=(1, 2))
    return run.select(finite) if finite.any() else None
