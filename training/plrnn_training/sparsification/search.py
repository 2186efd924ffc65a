"""One ReLU after another, by the exact change that its replacement makes, until something breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from plrnn_analysis._validation import number, one_of, whole
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN

from ..canonical import CanonicalRNN
from ..initialisation import INITIALISATIONS
from ..model import ALRNN
from ..recipe import Member, Recipe
from ..seeds import generator_for
from ..tasks import Task
from ..trainer import Trainer
from .distillation import DistillationTask, starting_states
from .free_runs import channel_scales, occupancy_divergence
from .keeping import Kept, Reference
from .replacing import Replacement, Visited, closed_form, possible_replacements, replaced, visited_states
from .results import DirectTraining, Judgement, Level, Original, Sparsification, TrainedBranch

__all__ = ["SparsifySettings", "sparsify"]

#: Iterations done, network, score.
_State = tuple[int, PLRNN, float]

# Trials or windows on which states are visited.
_TRIALS = 100
# How often a network is looked at while it is trained on.
_LOOKS = 4
# Free runs for the divergence, and what their starts are moved by for its floor.
_RUNS, _STEPS, _NUDGE = 20, 500, 1e-3


@dataclass(frozen=True)
class SparsifySettings:
    """How to sparsify.

    Attributes
    ----------
    iterations, batch : int
        Of the training after each replacement.
    lr : float
        Learning rate at its start.
    branches : int
        Replacements that are trained on at once; the best of them goes on.
    attempts : int
        How often the next so many replacements are tried if none of the first keeps the dynamics.
    candidates : int
        Replacements whose fixed points are searched before any training: those that change the steps least.
    largest_loss : float
        Share of what the original's score has over chance that may be lost. A task with a threshold that the original
        passes has this as its limit instead.
    largest_divergence : float
        Of the states of free runs from those of the original, in nats beyond the floor.
    margin : float
        Fixed points count within the box around the outputs, widened by this share of its length on each side.
    tolerance : float
        Partners are at most this far apart, in root mean square distances of the outputs from their mean.
    time_limit : float
        Of each search for fixed points, in seconds.
    lowest : int
        P at which to stop in any case.
    window, windows : int
        Steps of a training window and how many there are, where the original's trajectories are the data.
    compare_seeds : int
        Networks that are trained from scratch at the smallest P; 0 for none.
    compare_iterations : int
        Their iterations; 0 stands for as many as the whole path took, and at least 2000.
    compare_init : str or None
        Their initial weights; by default ``"data_gates"`` where the original's trajectories are the data, else
        ``"leaky"``.
    seed : int

    Raises
    ------
    ModelError
        On a setting out of range.
    """

    iterations: int = 1000
    batch: int = 64
    lr: float = 3e-3
    branches: int = 3
    attempts: int = 2
    candidates: int = 24
    largest_loss: float = 0.05
    largest_divergence: float = 0.3
    margin: float = 0.25
    tolerance: float = 0.25
    time_limit: float = 10.0
    lowest: int = 0
    window: int = 30
    windows: int = 2000
    compare_seeds: int = 0
    compare_iterations: int = 0
    compare_init: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("iterations", "batch", "branches", "attempts", "candidates", "window", "windows"):
            whole(name, getattr(self, name), 1)
        for name in ("lowest", "compare_seeds", "compare_iterations", "seed"):
            whole(name, getattr(self, name), 0)
        for name in ("lr", "tolerance", "time_limit"):
            number(name, getattr(self, name), above=0.0)
        for name in ("largest_loss", "largest_divergence", "margin"):
            number(name, getattr(self, name), least=0.0)
        if self.compare_init is not None:
            one_of("compare_init", self.compare_init, sorted(INITIALISATIONS))


def sparsify(
    network: PLRNN,
    task: Task | None = None,
    settings: SparsifySettings | None = None,
    *,
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
    states : (n, M) array_like, optional
        States that the network visits, where there is no task; by default those of runs from standard normal states.
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
        If the network does not fit the task, or every run of it diverges.
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
    search = _Search(closed_form(network), task, settings or SparsifySettings(), states, device, on_progress)
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
    (test_score,) = search.trainer([at], Recipe(iterations=1)).test_scores()
    return Sparsification(tuple(levels), search.original, at, len(labels), test_score, direct)


class _Search:
    """What stays the same from level to level: the original, the data, the limits."""

    def __init__(
        self,
        network: PLRNN,
        task: Task | None,
        settings: SparsifySettings,
        states: Any,
        device: torch.device | str,
        on_progress: Callable[[str, float], None] | None,
    ) -> None:
        self.settings, self._device, self._on_progress = settings, device, on_progress
        self._network = network
        units = network.relu_units
        self.start = network, tuple(range(network.pwl_units)) if units is None else units
        named = network.metadata.get("probes", {}) if task is None else task.probes
        probes: dict[str, list[float]] = {"zero input": [0.0] * network.n_inputs}
        probes.update({name: list(map(float, held)) for name, held in named.items() if any(held)})
        self._given = task is not None
        self._task = task if task is not None else self._distillation(probes, states)
        if (len(self._task.input_names), len(self._task.output_names)) != (network.n_inputs, network.n_outputs):
            raise ModelError(
                f"the network has {network.n_inputs} inputs and {network.n_outputs} outputs, the task "
                f"{len(self._task.input_names)} and {len(self._task.output_names)}"
            )
        self._trials = self._task.held_out("validation", _TRIALS, generator_for(settings.seed, "visited"))
        outputs = self._outputs(network, self.visited(network))
        self._scale = channel_scales(outputs)
        self.reference = Reference(network, probes, outputs, settings.margin, settings.tolerance, settings.time_limit)
        self._free = None if self._given else self._free_starts()
        self.original = self._describe()

    def _distillation(self, probes: dict[str, list[float]], states: Any) -> DistillationTask:
        s = self.settings
        if states is None:
            visited, under = starting_states(self._network, probes, s.seed)
        else:
            visited = np.asarray(states, dtype=np.float64).reshape(-1, self._network.n_units)
            under = np.zeros(len(visited), dtype=int)
        # What counts as near is not known before the windows are: all fixed points within the visited states' reach.
        outputs = self._outputs(self._network, Visited(visited, np.zeros((len(visited), 0))))
        near = Reference(self._network, probes, outputs, max(1.0, s.margin), s.tolerance, s.time_limit)
        return DistillationTask(self._network, probes, visited, under, near.named_points(), s.window, s.windows, s.seed)

    def _free_starts(self) -> np.ndarray:
        assert self._trials.initial is not None
        return self._trials.initial[:_RUNS].numpy().astype(np.float64)

    def _describe(self) -> Original:
        (score,) = self.trainer([self._network], Recipe(iterations=1)).validation_scores()
        task, chance = self._task, self._task.chance
        if task.threshold is not None and task.solved(score):
            limit: float | None = task.threshold
        else:
            limit = None if chance is None else score + self.settings.largest_loss * (chance - score)
        floor = None
        if self._free is not None:
            moved = self._free + _NUDGE * self._free.std(axis=0) * np.random.default_rng(0).normal(
                size=self._free.shape
            )
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
            score_name=task.score_name,
            higher_is_better=task.higher_is_better,
            score_limit=limit,
            divergence_floor=floor,
            divergence_limit=None if floor is None else floor + self.settings.largest_divergence,
            fixed_points=points,
            complete=all(found.complete for found in self.reference.points.values()),
            task=task.name,
        )

    def labels_after(self, labels: tuple[int, ...], branch: TrainedBranch) -> tuple[int, ...]:
        """What the ReLUs are called that are left after a branch."""
        return tuple(label for label in labels if label != branch.unit)

    def visited(self, network: PLRNN) -> Visited:
        """States that a network visits on the trials; inputs are in the task's units."""
        t = self._trials
        initial = None if t.initial is None else t.initial.numpy().astype(np.float64)
        return visited_states(self._task.in_training_units(network), t.inputs.numpy().astype(np.float64), initial)

    def _outputs(self, network: PLRNN, visited: Visited) -> np.ndarray:
        assert network.B is not None  # by closed_form
        return visited.states @ network.B.T + (0.0 if network.b is None else network.b)

    def level(self, network: PLRNN, labels: tuple[int, ...]) -> Level:
        """Try replacements of one ReLU, the most promising first."""
        s, p = self.settings, len(labels) - 1
        inner = self._task.in_training_units(network)
        possible = possible_replacements(inner, labels, self.visited(network))[: s.candidates]
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
            states = self._train([e[3] for e in group], f"P = {p}: training")
            for (differences, deviation, replacement, _, kept), own in zip(group, states, strict=True):
                iteration, network_after, judgement = self._best_state(own)
                unit, kind = replacement.unit, replacement.kind
                branches.append(
                    TrainedBranch(p, unit, kind, deviation, kept.kept, differences, iteration, judgement, network_after)
                )
        return Level(p, tuple(branches), self._best(branches))

    def _best_state(self, states: Sequence[_State]) -> tuple[int, PLRNN, Judgement]:
        """Of a branch before, during and after training: the one with the best score that keeps the dynamics."""
        sign = -1.0 if self.original.higher_is_better else 1.0
        for iteration, network, score in sorted(states, key=lambda state: sign * state[2]):
            judgement = self.judge(network, score)
            if judgement.keeps:
                return iteration, network, judgement
        iteration, network, score = states[-1]
        return iteration, network, self.judge(network, score)

    def _best(self, branches: Sequence[TrainedBranch]) -> int | None:
        sign = -1.0 if self.original.higher_is_better else 1.0
        keeping = [index for index, branch in enumerate(branches) if branch.judgement.keeps]
        return min(keeping, key=lambda index: sign * branches[index].judgement.score, default=None)

    def judge(self, network: PLRNN, score: float) -> Judgement:
        """Hold a network against the original."""
        kept = self.reference.compare(network)
        divergence = None if self._free is None else self._divergence(network, self._free)
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
        assert self._free is not None
        wanted = self._network.simulate(_STEPS, self._free).outputs
        made = network.simulate(_STEPS, starts).outputs
        assert wanted is not None and made is not None  # by closed_form
        n = self._network.n_outputs
        return occupancy_divergence(wanted.reshape(-1, n), made.reshape(-1, n), self._scale)

    def trainer(self, networks: Sequence[PLRNN], recipe: Recipe, stack: ALRNN | None = None) -> Trainer:
        """A trainer that goes on with given networks, or with a stack."""
        inner = [self._task.in_training_units(network) for network in networks]
        model = stack or (CanonicalRNN(inner) if inner[0].relu_units is None else ALRNN.from_networks(inner))
        n = len(networks) if stack is None else stack.n_models
        # What the original's outputs mean must not change where they are the data.
        frozen = () if self._given else ("B", "b")
        members = [Member(0, self.settings.seed + (0 if stack is None else i)) for i in range(n)]
        return Trainer(self._task, members, self._network.n_units, recipe, self._device, model=model, frozen=frozen)

    def _train(self, networks: Sequence[PLRNN], what: str) -> list[list[_State]]:
        """For each network its states before, during and after training."""
        s = self.settings
        recipe = Recipe(
            iterations=s.iterations, batch=s.batch, lr=s.lr, hold=0.3, final_lr=0.03, curriculum=0.0, evaluations=1
        )
        return self._run(self.trainer(networks, recipe), what, _LOOKS)

    def _run(self, trainer: Trainer, what: str, looks: int) -> list[list[_State]]:
        """Train to the end; the states of each network at so many times on the way, the last one included."""
        from ..runs import Interrupted

        states: list[list[_State]] = [[] for _ in trainer.members]
        iterations = trainer.recipe.iterations
        wanted = {round(iterations * k / looks) for k in range(looks + 1)}

        def look(t: Trainer) -> None:
            self._say(what, t.iteration / iterations)
            if t.iteration in wanted:
                for index, score in enumerate(t.validation_scores()):
                    states[index].append((t.iteration, self._task.in_user_units(t.network(index)), score))

        look(trainer)
        if not trainer.run(on_progress=look):
            raise Interrupted(f"stopped in {what}; levels that were done are kept")
        return states

    def direct(self, pwl_units: int, levels: int) -> DirectTraining:
        """Train networks from scratch with so many ReLUs, on the same data."""
        s, original = self.settings, self._task.in_training_units(self._network)
        iterations = s.compare_iterations or max(2000, levels * s.iterations)
        init = s.compare_init or ("leaky" if self._given else "data_gates")
        seeds = tuple(range(s.seed, s.seed + s.compare_seeds))
        stack = ALRNN(
            original.n_units,
            [min(pwl_units, original.n_units)] * len(seeds),
            original.n_inputs,
            original.n_outputs,
            init=init,
            generators=[generator_for(seed, "weights") for seed in seeds],
        )
        if not self._given:
            with torch.no_grad():
                stack.B.copy_(torch.from_numpy(np.array(original.B)))
                stack.b.copy_(torch.from_numpy(np.array(original.b)))
        recipe = Recipe(iterations=iterations, batch=s.batch, curriculum=0.6 if self._given else 0.0, evaluations=1)
        trainer = self.trainer([], recipe, stack)
        states = self._run(trainer, f"direct training at P = {pwl_units}", _LOOKS)
        judgements = tuple(self._best_state(own)[2] for own in states)
        return DirectTraining(pwl_units, iterations, init, seeds, judgements)

    def _say(self, what: str, share: float) -> None:
        if self._on_progress is not None:
            self._on_progress(what, share)
