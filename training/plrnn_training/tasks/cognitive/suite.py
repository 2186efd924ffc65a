"""The cognitive suite: eleven tasks in one network, told apart by a cue."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of
from plrnn_analysis.errors import ModelError

from ...floors.floor import Floor
from ...recipe import Recipe
from ..base import Batch, Task
from ..entry import Setting, TaskEntry
from ..objectives import Objective, mean_squared_error
from .trials import COGNITIVE_TASKS, DURATIONS, INPUT_NAMES, OUTPUT_NAMES, draw, waiting

__all__ = ["ENTRY", "CognitiveTask", "cognitive_score"]

_WITHIN = math.cos(math.radians(30))
_FIXATES = 0.5
# Of an answer that does not look at the stimuli: an angle hits one sixth of a circle; two answers of a choice come up
# alike; a go stimulus, U(.2, 1) above .5, has five chances in eight.
_CHANCE = dict(zip(COGNITIVE_TASKS, (1 / 6,) * 4 + (1 / 2,) * 4 + (1 / 6,) * 2 + (5 / 8,), strict=True))


def cognitive_loss(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Half the squared distance of (fixation, cos, sin), averaged over the response period.

    Shapes are those of ``cognitive_score``.
    """
    return len(OUTPUT_NAMES) / 2 * mean_squared_error(outputs, targets[..., :3], mask)


def cognitive_score(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Share of the trials that are answered correctly, for each model.

    The outputs are averaged over the response period. Where the answer is a direction, its angle may be off by 30
    degrees; in the go/no-go task the fixation output must be above .5 if and only if fixation is to be held.

    Parameters
    ----------
    outputs : (..., batch, S, 3) Tensor
        Fixation, cos, sin.
    targets : (..., batch, S, 4) Tensor
        The same, and whether the trial is judged by its fixation output.
    mask : (..., batch, S) Tensor, optional
        Nonzero in the response period; all steps by default.

    Returns
    -------
    (...) Tensor
    """
    weights = torch.ones_like(outputs[..., 0]) if mask is None else mask
    weights = (weights / weights.sum(-1, keepdim=True)).unsqueeze(-1)
    given, wanted = (weights * outputs).sum(-2), (weights * targets).sum(-2)
    along = (given[..., 1:3] * wanted[..., 1:3]).sum(-1)
    sizes = given[..., 1:3].norm(dim=-1) * wanted[..., 1:3].norm(dim=-1)
    points = (along >= _WITHIN * sizes) & (along > 0)
    holds = (given[..., 0] > _FIXATES) == (wanted[..., 0] > _FIXATES)
    return torch.where(wanted[..., 3] > _FIXATES, holds, points).to(outputs.dtype).mean(-1)


@checked
@dataclass(frozen=True)
class CognitiveTask(Task):
    """Eleven tasks on angles, in one network: remember, react, categorise, compare, attend, hold back.

    Every trial is of one task, which an 11-way cue names at each step. The fixation input is on until the answer is
    asked for; the outputs are fixation and the cosine and sine of the answered angle. Only the response period weighs,
    in the loss and in the score.

    ================ ============================================= =============================================
    task             periods                                       answer
    ================ ============================================= =============================================
    DelayPro, -Anti  context, stimulus, delay, response            the angle; the opposite one
    ReactPro, -Anti  context, stimulus and response at once        the angle; the opposite one
    CatPro, -Anti    context, stimulus, response                   0 if the angle is below π, else π; the reverse
    Match2Sample     context, sample, delay, test, delay, response 0 if the two are within π/8, π if π/4 apart
    NonMatch2Sample  as Match2Sample                               the reverse
    CtxIntMod1, -2   context, two periods of two stimuli, delay,   the angle of the first, of the second stimulus,
                     response                                      which has amplitude .8; the other one has .3
    GoNogo           context, stimulus at angle 0, response        angle 0 if its amplitude, U(.2, 1), is above .5;
                                                                   hold fixation if not
    ================ ============================================= =============================================

    Parameters
    ----------
    durations : {"simple", "hard"}, optional
        Steps of context, stimulus, delay and response are uniform, with the upper ends excluded, in 5-10, 10-15, 10-15
        and 5-10, or in 10-20, 10-40, 20-50 and 10-20. The second delay of the match tasks is 5-15, the delay of the
        context tasks 10-20. Trials are padded to 74 or 179 steps.
    tasks : sequence of str, optional
        Some of the eleven; inputs and cues stay as they are.

    Raises
    ------
    ModelError
        If the durations or a task are unknown, or no task is left.

    Notes
    -----
    There is no noise. Channels 3 and 4 say which of two rules holds (pro or anti, match or non-match; go/no-go uses the
    first); in the context tasks they carry the second stimulus, and channels 5 and 6 say which one counts. Rule and cue
    are on throughout.

    Source: Yang et al., Nature Neuroscience 22, 2019, doi:10.1038/s41593-018-0310-2; as specified in Brenner & Koppe,
    2026, arXiv:2506.07919, with these differences: the loss and the score look at the response period and never at
    padding, and go/no-go is judged by the fixation output.

    Examples
    --------
    >>> trials = CognitiveTask().sample(4, torch.Generator().manual_seed(0))
    >>> trials.inputs.shape, trials.targets.shape
    (torch.Size([4, 74, 18]), torch.Size([4, 74, 4]))
    """

    durations: str = "simple"
    tasks: tuple[str, ...] = COGNITIVE_TASKS

    name = "cognitive"
    input_names = INPUT_NAMES
    output_names = OUTPUT_NAMES
    objective = Objective("accuracy", True, cognitive_loss, cognitive_score)

    def __post_init__(self) -> None:
        one_of("durations", self.durations, DURATIONS)
        object.__setattr__(self, "tasks", tuple(self.tasks))
        for name in self.tasks:
            one_of("tasks", name, COGNITIVE_TASKS)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ModelError(f"tasks must be one or more of the cognitive tasks, each once, got {self.tasks!r}")
        chances = [_CHANCE[name] for name in self.tasks]
        object.__setattr__(self, "chance", sum(chances) / len(chances))
        object.__setattr__(self, "condition_names", self.tasks)
        kinds = [COGNITIVE_TASKS.index(name) for name in self.tasks]
        probes = {f"{name}, waiting": waiting(kind) for name, kind in zip(self.tasks, kinds, strict=True)}
        object.__setattr__(self, "probes", MappingProxyType(probes))

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials, each of a task at random.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T, 18), `targets` (batch, T, 4): fixation, cos, sin and whether the trial is judged by its
            fixation output; `mask` one in the response period; `conditions` the task, `lengths` the steps.
        """
        return self._trials(torch.randint(len(self.tasks), (batch,), generator=generator), generator)

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """Fresh trials, the same number of every task."""
        return self._trials(torch.arange(trials) % len(self.tasks), generator)

    def affine_floor(self) -> Floor:
        """What the best affine predictor in squared error has; see ``plrnn_training.floors.cognitive``."""
        from ...floors import cognitive_floor

        return cognitive_floor(self)

    def metadata(self) -> dict[str, Any]:
        """Task name, durations and which of the tasks."""
        return {"task": self.name, "durations": self.durations, "tasks": list(self.tasks)}

    def _trials(self, conditions: Tensor, generator: torch.Generator) -> Batch:
        kinds = torch.tensor([COGNITIVE_TASKS.index(name) for name in self.tasks])
        drawn = draw(kinds[conditions], self.durations, generator)
        targets = drawn.targets.unsqueeze(1).repeat(1, drawn.inputs.shape[1], 1)
        return Batch(drawn.inputs, targets, drawn.response, conditions, lengths=drawn.lengths)


_RECIPE = Recipe(
    iterations=1000,
    lr=3e-3,
    curriculum=0.0,
    init="integrators",
    tau=0.01,
    regularised_units=32,
    validation_trials=440,
    test_trials=2200,
    evaluations=10,
)
_SAMPLES = (20, 50, 500)

ENTRY = TaskEntry(
    name="cognitive",
    summary="Eleven cognitive tasks in one network: pro and anti responses, categories, matching, context, go/no-go.",
    variants=tuple(DURATIONS),
    takes_data=False,
    build=lambda variant, data: CognitiveTask(variant),
    settings={
        "default": Setting(64, (0, 1, 2, 4, 8, 16, 32, 64), replace(_RECIPE, iterations=2000), _SAMPLES),
        "quick": Setting(64, (0, 4, 16, 64), _RECIPE, _SAMPLES, seeds=3),
        # 300 epochs of 500 trials a task in batches of 64.
        "paper": Setting(
            64,
            (0, 1, 2, 4, 8, 16, 32, 64),
            replace(_RECIPE, iterations=25_800, lr=1e-3, betas=(0.9, 0.999), clip=math.inf, hold=1.0),
            _SAMPLES,
        ),
    },
)
