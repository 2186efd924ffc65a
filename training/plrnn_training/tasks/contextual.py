"""Contextual integration: add up evidence, and answer with its sign in one context, with the opposite in the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from types import MappingProxyType
from typing import Any

import torch

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole

from ..floors import Floor
from ..recipe import Recipe
from .base import Batch, Task
from .entry import PAPER, Setting, TaskEntry
from .objectives import CROSS_ENTROPY

__all__ = ["ENTRY", "ContextualTask"]

_CURRICULUM = (0.1, 0.2, 0.4, 0.7)


@checked
@dataclass(frozen=True)
class ContextualTask(Task):
    """Noisy steps up and down; was their sum positive? In context 2 the answer is inverted.

    Parameters
    ----------
    length : int, optional
        T. The context is shown at the first and at the last of these steps, the recall flag at the last; the steps
        between hold the evidence, ±1 and noise.
    bias : float, optional
        Up steps have probability .5 + bias in one half of the trials and .5 - bias in the other, so that most sums are
        far from zero.
    noise : float, optional
        Standard deviation of the noise on each step of evidence; the sum includes it.
    blank_steps : int, optional
        Steps with zero input after the recall flag; the answer is read at the last. With 0 the context shown at recall
        reaches the output without having passed a ReLU, and only what was remembered of it from the first step can act
        on the evidence.

    Raises
    ------
    ModelError
        On a setting out of range.

    Notes
    -----
    Related to Mante et al., Nature 503, 2013, doi:10.1038/nature12742, with one stream of evidence.
    """

    length: int = 100
    bias: float = 0.1
    noise: float = 0.5
    blank_steps: int = 1

    name = "contextual"
    input_names = ("context 1", "context 2", "evidence", "recall")
    output_names = ("negative", "positive")
    objective = CROSS_ENTROPY
    scored_steps = 1
    chance = 0.5
    condition_names = ("context 1, sum < 0", "context 1, sum > 0", "context 2, sum < 0", "context 2, sum > 0")
    probes = MappingProxyType(
        {
            "no input": (0.0, 0.0, 0.0, 0.0),
            "recall in context 1": (1.0, 0.0, 0.0, 1.0),
            "recall in context 2": (0.0, 1.0, 0.0, 1.0),
        }
    )

    def __post_init__(self) -> None:
        whole("length", self.length, 3)
        number("bias", self.bias, least=0.0, most=0.5)
        number("noise", self.noise, above=0.0, remark="(without noise sums can be zero, which has no sign)")
        whole("blank_steps", self.blank_steps, 0)

    def sample(self, batch: int, generator: torch.Generator) -> Batch:
        """Draw trials.

        Parameters
        ----------
        batch : int
        generator : torch.Generator

        Returns
        -------
        Batch
            `inputs` (batch, T + blank_steps, 4), `targets` (batch, 1): 1 where the answer is "positive". The condition
            is the context and the sign of the sum.
        """
        steps = self.length - 2
        context, direction = torch.randint(2, (2, batch), generator=generator)
        up = torch.rand(batch, steps, generator=generator) < 0.5 + self.bias * (2 * direction[:, None] - 1)
        evidence = 2.0 * up - 1.0 + self.noise * torch.randn(batch, steps, generator=generator)
        positive = (evidence.sum(1) > 0).long()
        inputs = torch.zeros(batch, self.length + self.blank_steps, 4)
        for step in (0, self.length - 1):
            inputs[torch.arange(batch), step, context] = 1.0
        inputs[:, 1 : self.length - 1, 2] = evidence
        inputs[:, self.length - 1, 3] = 1.0
        return Batch(inputs, (positive ^ context)[:, None], conditions=2 * context + positive)

    def affine_floor(self) -> Floor:
        """Three quarters for a classifier; for what minimises the cross-entropy, chance.

        Returns
        -------
        Floor

        Notes
        -----
        The difference of the two outputs is affine, so in context c it is the same a · e of the evidence e against a
        threshold k_c. The two answers differ only where a · e lies between the thresholds. Elsewhere the answer is the
        same in both contexts and right in one; so the accuracy is (1 + D) / 2 with D = P(right in both) - P(wrong in
        both) = P(between, sum of one sign) - P(between, sum of the other) ≤ P(sum of one sign) = 1/2. "Right in context
        1, always positive in context 2" reaches these 3/4.

        The least cross-entropy is log 2: negating the evidence, or exchanging the contexts, inverts every answer. The
        average of an affine predictor and what it becomes under such an exchange, its sign inverted, is not worse
        because the loss is convex. Averaged over both exchanges nothing but zero is left.
        """
        how = "closed form: no affine classifier is better; the one of least cross-entropy is at chance"
        return Floor(0.75, how, loss=log(2))

    def curriculum(self) -> tuple[ContextualTask, ...]:
        """The same task at 10, 20, 40 and 70 % of the length."""
        lengths = dict.fromkeys(max(3, round(fraction * self.length)) for fraction in _CURRICULUM)
        return tuple(replace(self, length=length) for length in lengths if length < self.length)

    def metadata(self) -> dict[str, Any]:
        """Task name and settings."""
        return {
            "task": self.name,
            "length": self.length,
            "bias": self.bias,
            "noise": self.noise,
            "blank_steps": self.blank_steps,
        }


_VARIANTS = {
    "blank_step": ContextualTask(),
    "paper": ContextualTask(bias=0.0, noise=0.01, blank_steps=0),
}
_RECIPE = Recipe(iterations=600, curriculum=0.4, init="orthogonal")

ENTRY = TaskEntry(
    name="contextual",
    summary="Steps up and down; answer with the sign of their sum in one context, with the opposite in the other.",
    variants=tuple(_VARIANTS),
    takes_data=False,
    build=lambda variant, data: _VARIANTS[variant],
    settings={
        "default": Setting(10, (0, 1, 2, 5, 10), replace(_RECIPE, iterations=1500)),
        "quick": Setting(10, (0, 1, 2, 5, 10), replace(_RECIPE, test_trials=4000), seeds=3),
        # 1,000 trials: 250 of every condition.
        "paper": Setting(
            10,
            (0, 1, 2, 5, 10),
            replace(PAPER, iterations=16_000, regularised_units=5),
            samples=(250,),
        ),
    },
)
