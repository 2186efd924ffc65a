"""One ReLU after another, by the exact change that its replacement makes, until something breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ..fitting.series import as_series
from ..tasks import Task
from .distillation import distillation
from .free_runs import channel_scales, occupancy_divergence
from .keeping import Kept, Reference, network_outputs, probes_of
from .practice import Practice, State
from .replacing import Replacement, closed_form, possible_replacements, replaced
from .results import DirectTraining, Judgement, Level, Original, Sparsification, TrainedBranch
from .series_practice import SeriesPractice
from .settings import SparsifySettings
from .task_practice import TaskPractice

__all__ = ["sparsify"]

# Steps of free runs for the divergence, and what their starts are moved by for its floor.
_STEPS, _NUDGE = 500, 1e-3


@checked
def sparsify(
    network: PLRNN,
    task: Task | None = None,
    settings: SparsifySettings | None = None,
    *,
    series: Any = None,
    states: Any = None,
    device: torch.device | str = "cpu",
    before: Sequence[Level] = (),
    on_level: Callable[[Level], None] | None = None,
    on_progress: Callable[[str, float], None] | None = None,
) -> Sparsification:
    """Replace one ReLU after another by a line, and train on, for as long as the dynamics are kept.

    Parameters
    ----------
    network : PLRNN
    task : Task, optional
        What the network was trained on, or trials (:class:`plrnn_training.tasks.TrialsTask`). Without it the network's
        own trajectories are the data: from states that it visits and near its fixed points, others learn its outputs.
    settings : SparsifySettings, optional
    series : Series or what :func:`plrnn_training.fitting.fit` takes as data, optional
        The time series that an AL-RNN was fitted to: networks are trained on it by teacher forcing, forced as in the
        network's own fit, and scored by D_stsp of their free runs.
    states : (n, M) array_like, optional
        States that the network visits, where there is neither; by default those of runs from standard normal states.
    device : torch.device or str, optional
    before : sequence of Level, optional
        Levels of an interrupted run with the same settings, to go on from.
    on_level : callable, optional
        Called with each level when it is done.
    on_progress : callable, optional
        Called with what is being done and the share of it that is done.

    Returns
    -------
    Sparsification

    Raises
    ------
    ModelError
        If the network does not fit the task or the series, or every run of it diverges.
    Interrupted
        If training was stopped by Ctrl-C.

    Notes
    -----
    At each level the fixed points of the network after every possible replacement are searched exactly and paired one
    to one with the original's by their outputs, under zero input and the task's probes. Of the replacements that
    change the fewest, those that change a step least come first. After training the same is asked again.

    Examples
    --------
    >>> A, W = [0.5, 0.5, 0.2], [[0, -1, 0.1], [-1, 0, 0], [0, 0, 0]]
    >>> switch = PLRNN.al_rnn(A=A, W=W, h=[1, 1, 0.5], pwl_units=3)
    >>> found = sparsify(switch, settings=SparsifySettings(iterations=20, lowest=2, windows=200))
    >>> found
    <Sparsification: P from 3 to 2>
    >>> found.table()["unit"], found.table()["kept"]
    ([2], [3])
    """
    settings, network = settings or SparsifySettings(), closed_form(network)
    if task is not None and series is not None:
        raise ModelError("give a task or a series to train on, not both")
    practice: Practice
    if series is not None:
        practice = SeriesPractice(network, as_series(series), settings, device)
    else:
        practice = TaskPractice(network, task or distillation(network, settings, states), settings, device)
    search = _Search(network, practice, settings, on_progress)
    levels = list(before)
    at, labels = search.start
    for level in levels:
        if level.chosen is not None:
            at, labels = level.best.network, search.labels_after(labels, level.best)
    while len(labels) > search.settings.lowest and (not levels or levels[-1].chosen is not None):
        level = search.level(at, labels)
        levels.append(level)
        if on_level is not None:
            on_level(level)
        if level.chosen is not None:
            at, labels = level.best.network, search.labels_after(labels, level.best)
    direct = search.direct(len(labels), len(levels)) if search.settings.compare_seeds else None
    return Sparsification(tuple(levels), search.original, at, len(labels), practice.test_score(at), direct)


class _Search:
    """What stays the same from level to level: the original, the data, the limits."""

    def __init__(
        self,
        network: PLRNN,
        practice: Practice,
        settings: SparsifySettings,
        on_progress: Callable[[str, float], None] | None,
    ) -> None:
        self.settings, self._on_progress = settings, on_progress
        self._network, self._practice = network, practice
        units = network.relu_units
        self.start = network, tuple(range(network.pwl_units)) if units is None else units
        outputs = network_outputs(network, practice.visited(network).states)
        self._scale = channel_scales(outputs)
        self.reference = Reference(
            network,
            probes_of(network, practice.probes),
            outputs,
            settings.margin,
            settings.tolerance,
            settings.time_limit,
        )
        self.original = self._describe()

    def _describe(self) -> Original:
        practice = self._practice
        score = practice.score(self._network)
        floor = None
        if practice.free_starts is not None:
            free = practice.free_starts
            moved = free + _NUDGE * free.std(axis=0) * np.random.default_rng(0).normal(size=free.shape)
            floor = self._divergence(self._network, moved)
        points = tuple(
            {
                "probe": name,
                "bitcode": point.bitcode,
                "stability": str(point.stability),
                "output": [float(v) for v in (() if point.output is None else point.output)],
            }
            for name, point in self.reference.named_points()
        )
        return Original(
            pwl_units=self._network.pwl_units,
            score=score,
            score_name=practice.score_name,
            higher_is_better=practice.higher_is_better,
            score_limit=practice.limit(score, self.settings.largest_loss),
            divergence_floor=floor,
            divergence_limit=None if floor is None else floor + self.settings.largest_divergence,
            fixed_points=points,
            complete=all(found.complete for found in self.reference.points.values()),
            task=practice.name,
        )

    def labels_after(self, labels: tuple[int, ...], branch: TrainedBranch) -> tuple[int, ...]:
        """What the ReLUs are called that are left after a branch."""
        return tuple(label for label in labels if label != branch.unit)

    def level(self, network: PLRNN, labels: tuple[int, ...]) -> Level:
        """Try replacements of one ReLU, the most promising first."""
        s, p = self.settings, len(labels) - 1
        inner, visited = self._practice.inside(network), self._practice.visited(network)
        possible = possible_replacements(inner, labels, visited)[: s.candidates]
        examined: list[tuple[int, float, Replacement, PLRNN, Kept]] = []
        for done, replacement in enumerate(possible):
            self._say(f"P = {p}: fixed points after each replacement", done / len(possible))
            after, _ = replaced(network, labels, replacement)
            kept = self.reference.compare(after)
            examined.append((kept.differences, replacement.deviation, replacement, after, kept))
        examined.sort(key=lambda e: e[:2])
        branches: list[TrainedBranch] = []
        for attempt in range(s.attempts):
            group = examined[attempt * s.branches : (attempt + 1) * s.branches]
            if not group or any(b.judgement.keeps for b in branches):
                break
            states = self._practice.train([e[3] for e in group], f"P = {p}: training", self._say)
            for (differences, deviation, replacement, _, kept), own in zip(group, states, strict=True):
                iteration, network_after, judgement = self._best_state(own)
                unit, kind = replacement.unit, replacement.kind
                branches.append(
                    TrainedBranch(p, unit, kind, deviation, kept.kept, differences, iteration, judgement, network_after)
                )
        return Level(p, tuple(branches), self._best(branches))

    def _best_state(self, states: Sequence[State]) -> tuple[int, PLRNN, Judgement]:
        """Of a branch before, during and after training: the one with the best score that keeps the dynamics."""
        sign = -1.0 if self.original.higher_is_better else 1.0
        for state in sorted(states, key=lambda state: sign * state.score):
            judgement = self.judge(state.network, state.score)
            if judgement.keeps:
                return state.iteration, state.network, judgement
        last = states[-1]
        return last.iteration, last.network, self.judge(last.network, last.score)

    def _best(self, branches: Sequence[TrainedBranch]) -> int | None:
        sign = -1.0 if self.original.higher_is_better else 1.0
        keeping = [index for index, branch in enumerate(branches) if branch.judgement.keeps]
        return min(keeping, key=lambda index: sign * branches[index].judgement.score, default=None)

    def judge(self, network: PLRNN, score: float) -> Judgement:
        """Hold a network against the original."""
        kept = self.reference.compare(network)
        starts = self._practice.free_starts
        divergence = None if starts is None else self._divergence(network, starts)
        o = self.original
        good = math.isfinite(score)
        if o.score_limit is not None:
            good &= score >= o.score_limit if o.higher_is_better else score <= o.score_limit
        if divergence is not None and o.divergence_limit is not None:
            good &= divergence <= o.divergence_limit
        return Judgement(
            wanted=kept.wanted,
            kept=kept.kept,
            changed=kept.changed,
            lost=kept.lost,
            new=kept.new,
            complete=kept.complete,
            score=score,
            divergence=divergence,
            keeps=good and kept.everything,
        )

    def _divergence(self, network: PLRNN, starts: np.ndarray) -> float:
        """Of a network's free runs from those of the original, under zero input."""
        wanted = self._network.simulate(_STEPS, self._practice.free_starts).outputs
        made = network.simulate(_STEPS, starts).outputs
        assert wanted is not None and made is not None  # by closed_form
        n = self._network.n_outputs
        return occupancy_divergence(wanted.reshape(-1, n), made.reshape(-1, n), self._scale)

    def direct(self, pwl_units: int, levels: int) -> DirectTraining:
        """Train networks from scratch with as few ReLUs, on the same data."""
        s = self.settings
        iterations = s.compare_iterations or max(2000, levels * s.iterations)
        seeds = tuple(range(s.seed, s.seed + s.compare_seeds))
        what = f"direct training at P = {pwl_units}"
        states = self._practice.train_new(pwl_units, seeds, iterations, what, self._say)
        judgements = tuple(self._best_state(own)[2] for own in states)
        return DirectTraining(pwl_units, iterations, self._practice.init, seeds, judgements)

    def _say(self, what: str, share: float) -> None:
        if self._on_progress is not None:
            self._on_progress(what, share)
