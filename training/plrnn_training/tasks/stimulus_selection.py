"""Stimulus selection: a generated session of spike counts from an animal that reports the cued one of two stimuli."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole

from ..floors import Floor
from ..recipe import Recipe
from ..seeds import generator_for
from .base import Batch, Task
from .entry import Setting, TaskEntry
from .fixed_trials import drawn_trials
from .objectives import Objective, poisson

__all__ = ["ENTRY", "StimulusSelectionTask"]

# Bins of 50 ms.
_BIN = 0.05
_CUE_STEPS = (4, 9)
_STIMULUS_STEPS = (10, 26)
_STRENGTHS = torch.tensor([0.25, 0.5, 1.0])
# The animal chooses "positive" with probability 1 / (1 + exp(-8 value)): it errs on one weak stimulus in eight.
_SLOPE = 8.0
# Share of the selected value that the animal's decision variable has not yet taken up, from bin to bin.
_LEAK = 0.8
# Weights of the counts (of a neuron and bin) and of the choice.
_COUNTS, _CHOICE = 1.0, 1.0


def selection_loss(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Poisson loss of the counts in all bins, and cross-entropy of the choice in the last valid one.

    Parameters
    ----------
    outputs : (..., batch, S, N + 1) Tensor
        Logarithms of the expected counts; last, the logit of the choice "positive".
    targets : (..., batch, S, N + 1) Tensor
        Counts, and the choice, 0 or 1.
    mask : (..., batch, S) Tensor, optional
        One in the bins of each trial; all are valid without it.

    Returns
    -------
    (...) Tensor
    """
    last = _last_steps(outputs, mask)
    logit, choice = (last * outputs[..., -1]).sum(-1), (last * targets[..., -1]).sum(-1)
    entropy = binary_cross_entropy_with_logits(logit, choice, reduction="none").mean(-1)
    return _COUNTS * poisson(outputs[..., :-1], targets[..., :-1], mask) + _CHOICE * entropy


def selection_score(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Share of the choices that the logit in the last valid bin has right; shapes as for ``selection_loss``."""
    last = _last_steps(outputs, mask)
    logit, choice = (last * outputs[..., -1]).sum(-1), (last * targets[..., -1]).sum(-1)
    return ((logit > 0) == (choice > 0.5)).to(outputs.dtype).mean(-1)


def _last_steps(outputs: Tensor, mask: Tensor | None) -> Tensor:
    """One in the last valid bin of each trial."""
    valid = torch.ones_like(outputs[..., 0]) if mask is None else mask
    return valid * (pad(valid, (0, 1))[..., 1:] == 0)


@checked
@dataclass(frozen=True)
class StimulusSelectionTask(Task):
    """Predict the spike counts and the choices of a generated animal that reports the cued one of two stimuli.

    In every trial a cue comes on, then two stimuli of strengths ±1/4, ±1/2 or ±1. The animal chooses the sign of the
    cued one, with errors where it is weak. Trials last 14 to 33 bins of 50 ms. The logarithm of each neuron's rate is
    affine in the stimuli, the cue and a decision variable that takes up the selected value: value times cue, a product
    that no affine network has and one ReLU can make.

    The session is generated, not recorded.

    Parameters
    ----------
    neurons : int, optional
        N.
    trials : int or None, optional
        Size of the session. Training draws from its trials; None always draws new ones. What is held out are always new
        trials of the same neurons.
    session : int, optional
        Seed of the neurons and of the trials.

    Raises
    ------
    ModelError
        On a setting out of range.

    Notes
    -----
    The loss is that of counts with Poisson noise, an output being the logarithm of the expected count, and the
    cross-entropy of the choice in the last bin. The score is the share of choices that are predicted; with the animal's
    errors nobody can have more than ``ceiling``.

    Examples
    --------
    >>> task = StimulusSelectionTask(neurons=10, trials=100)
    >>> batch = task.sample(4, torch.Generator())
    >>> batch.inputs.shape, batch.targets.shape, round(task.ceiling, 3)
    (torch.Size([4, 33, 4]), torch.Size([4, 33, 11]), 0.954)
    """

    neurons: int = 24
    trials: int | None = 600
    session: int = 0

    name = "stimulus-selection"
    input_names = ("first stimulus", "second stimulus", "cue first", "cue second")
    objective = Objective("accuracy", True, selection_loss, selection_score)
    chance = 0.5
    condition_names = (
        "first cued, same sign",
        "first cued, opposite",
        "second cued, same sign",
        "second cued, opposite",
    )
    probes = MappingProxyType({"cue first": (0.0, 0.0, 1.0, 0.0), "cue second": (0.0, 0.0, 0.0, 1.0)})

    def __post_init__(self) -> None:
        whole("neurons", self.neurons, 1)
        whole("session", self.session, 0)
        names = (*(f"log count {i + 1}" for i in range(self.neurons)), "choice")
        object.__setattr__(self, "output_names", names)
        if self.trials is not None:
            whole("trials", self.trials, 1, remark="or None for new trials all the time")

    @property
    def ceiling(self) -> float:
        """Expected share of the animal's choices that are those of the cued stimulus."""
        return float(torch.sigmoid(_SLOPE * _STRENGTHS).mean())

    @cached_property
    def recorded(self) -> Batch | None:
        """The trials of the session; None where it has no size."""
        return None if self.trials is None else self._draw(self.trials, generator_for(self.session, "trials"))

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials of the session, with replacement, or new ones where the session has no size.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T, 4), `targets` (batch, T, N + 1) counts and choice, `mask` one in the bins of each trial.
        """
        if self.recorded is None:
            return self._draw(batch, generator)
        return self.recorded.select(torch.randint(len(self.recorded.inputs), (batch,), generator=generator))

    def held_out(self, part: str, trials: int, generator: torch.Generator) -> Batch:
        """New trials of the same neurons."""
        return self._draw(trials, generator)

    def training_set(self, samples: int, generator: torch.Generator) -> Batch:
        """A session with the same number of trials of every condition."""
        return drawn_trials(replace(self, trials=None), samples, generator)

    def affine_floor(self) -> Floor:
        """Accuracy of the best classifier that is affine in the stimuli and the cue.

        Returns
        -------
        Floor

        Notes
        -----
        A network without ReLU, read out at the last bin, adds a multiple of each stimulus and a number for each cue.
        These depend on the durations of the trial, which say nothing about the choice: the same ones are best for all.
        All directions in the plane of the 36 pairs of stimuli that order them differently, and all thresholds, are
        tried.
        """
        values = torch.cat([-_STRENGTHS, _STRENGTHS]).double()
        pairs = torch.cartesian_prod(values, values)
        # Between two directions across which some pairs are level, the order does not change.
        apart = (pairs.unsqueeze(0) - pairs.unsqueeze(1)).flatten(0, 1)
        level = torch.atan2(apart[:, 0], -apart[:, 1])[apart.abs().sum(1) > 0].unique()
        level = level[torch.cat([level.diff() > 1e-9, torch.tensor([True])])]
        angles = (level + level.roll(-1) + 2 * math.pi * (level.roll(-1) < level)) / 2
        order = (pairs @ torch.stack([angles.cos(), angles.sin()])).argsort(0)
        best = torch.zeros(len(angles), dtype=torch.float64)
        for cue in range(2):
            positive = torch.sigmoid(_SLOPE * pairs[:, cue])[order]
            # "Negative" for the first this many pairs, "positive" for the others.
            right = pad((1 - positive).cumsum(0), (0, 0, 1, 0)) + pad(positive.flip(0).cumsum(0).flip(0), (0, 0, 0, 1))
            best += right.max(0).values / (2 * len(pairs))
        score = float(best.max())
        return Floor(score, "closed form: the best affine classifier, over all directions and thresholds")

    def metadata(self) -> dict[str, Any]:
        """Task name and settings, and that the session is generated."""
        return {
            "task": self.name,
            "generated": True,
            "neurons": self.neurons,
            "trials": self.trials,
            "session": self.session,
        }

    def _draw(self, n: int, generator: torch.Generator) -> Batch:
        chance = torch.rand(n, 4, generator=generator)
        cue_steps, stimulus_steps = (
            low + (chance[:, i] * (high - low)).long() for i, (low, high) in enumerate((_CUE_STEPS, _STIMULUS_STEPS))
        )
        lengths = cue_steps + stimulus_steps
        steps = torch.arange(_CUE_STEPS[1] + _STIMULUS_STEPS[1] - 2)
        valid = (steps < lengths.unsqueeze(1)).float()
        shown = valid * (steps >= cue_steps.unsqueeze(1))
        signs = torch.randint(2, (n, 2), generator=generator) * 2 - 1
        values = signs * _STRENGTHS[torch.randint(len(_STRENGTHS), (n, 2), generator=generator)]
        second = (chance[:, 2] < 0.5).long()
        selected = values.gather(1, second.unsqueeze(1)).squeeze(1)
        choice = (chance[:, 3] < torch.sigmoid(_SLOPE * selected)).float()
        cue = valid.unsqueeze(2) * torch.nn.functional.one_hot(second, 2).unsqueeze(1)
        inputs = torch.cat([shown.unsqueeze(2) * values.unsqueeze(1), cue], dim=2)
        # The decision variable begins one bin after the stimuli: it has to take the selected one up.
        taken = 1 - _LEAK ** (steps - cue_steps.unsqueeze(1)).clamp(min=0)
        decision = shown * selected.unsqueeze(1) * taken
        counts = torch.poisson(self._expected(inputs, decision), generator=generator) * valid.unsqueeze(2)
        targets = torch.cat([counts, choice.view(-1, 1, 1).expand(n, len(steps), 1)], dim=2)
        conditions = 2 * second + (signs[:, 0] != signs[:, 1]).long()
        return Batch(inputs, targets, valid, conditions, lengths=lengths)

    def _expected(self, inputs: Tensor, decision: Tensor) -> Tensor:
        """Expected counts (n, T, N), from tuning that the session's seed fixes."""
        generator = generator_for(self.session, "neurons")
        rates = 3.0 + 9.0 * torch.rand(self.neurons, generator=generator)  # spikes a second
        tuning = torch.randn(self.neurons, 5, generator=generator) * torch.tensor([0.3, 0.3, 0.3, 0.3, 0.8])
        latent = torch.cat([inputs, decision.unsqueeze(2)], dim=2)
        return _BIN * rates * (latent @ tuning.T).exp()


_RECIPE = Recipe(iterations=800, curriculum=0.0, init="orthogonal", test_trials=4000, evaluations=8)

ENTRY = TaskEntry(
    name="stimulus_selection",
    summary="Spike counts and choices of a generated animal that reports the cued one of two stimuli.",
    variants=("session", "fresh"),
    takes_data=False,
    build=lambda variant, data: StimulusSelectionTask(trials=600 if variant == "session" else None),
    settings={
        "default": Setting(6, (0, 1, 2, 4, 6), replace(_RECIPE, iterations=2000)),
        "quick": Setting(6, (0, 1, 2, 6), _RECIPE, seeds=3),
        # 1,000 epochs of 600 trials in batches of 64.
        "paper": Setting(
            6,
            (0, 1, 2, 4, 6),
            replace(
                _RECIPE,
                iterations=9400,
                lr=1e-3,
                betas=(0.9, 0.999),
                clip=math.inf,
                hold=1.0,
                init="small",
                tau=0.01,
                regularised_units=3,
            ),
        ),
    },
)
