"""The addition task: a stream of numbers, two of them marked; answer with the sum of the marked ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole
from plrnn_analysis.linear_limit import addition_floor, mark_range, population_mse
from plrnn_analysis.model import PLRNN

from ..floors.floor import Floor
from ..recipe import Recipe
from .base import Batch, Task
from .entry import PAPER, Setting, TaskEntry

__all__ = ["ENTRY", "AdditionTask"]

_CURRICULUM = (0.1, 0.2, 0.4, 0.7)


@checked
@dataclass(frozen=True)
class AdditionTask(Task):
    """Inputs (u_t, m_t) with u ~ U(0, 1) and two marks m_t = 1; the target is the sum of the marked u.

    Parameters
    ----------
    length : int, optional
        T, number of inputs.
    marks : str, optional
        ``"halves"``: one mark in each half; ``"first_half"``: both in the first half; ``"anywhere"``.
    blank_steps : int, optional
        Steps with zero input after the sequence; the output is read after the last of them. With 0, what
        arrives at step T reaches the output without having passed a ReLU, which bounds every AL-RNN from below
        (:func:`plrnn_analysis.linear_limit.readout_floor`).
    threshold : float, optional
        A model counts as a solution below this MSE.

    Raises
    ------
    ModelError
        If the length leaves no room for the marks, or the rule is unknown.

    Notes
    -----
    Source: Hochreiter & Schmidhuber, Neural Computation 9, 1997, doi:10.1162/neco.1997.9.8.1735.
    """

    length: int = 100
    marks: str = "halves"
    blank_steps: int = 1
    threshold: float = 1e-3

    name = "addition"
    input_names = ("value", "mark")
    output_names = ("sum",)
    scored_steps = 1
    chance = 1 / 6  # the variance of the sum
    probes = MappingProxyType(
        {"no input": (0.0, 0.0), "mark off, value 0.5": (0.5, 0.0), "mark on, value 0.5": (0.5, 1.0)}
    )

    def __post_init__(self) -> None:
        mark_range(self.length, self.marks)
        whole("blank_steps", self.blank_steps, 0)

    def sample(self, batch: int, generator: torch.Generator, device: torch.device | str = "cpu") -> Batch:
        """Draw trials.

        Parameters
        ----------
        batch : int
        generator : torch.Generator
        device : torch.device or str, optional

        Returns
        -------
        Batch
            `inputs` (batch, T + blank_steps, 2), `targets` (batch, 1).
        """
        n = mark_range(self.length, self.marks)
        values = torch.rand(batch, self.length, generator=generator)
        if self.marks == "halves":
            first = torch.randint(n, (batch,), generator=generator)
            second = torch.randint(n, self.length, (batch,), generator=generator)
        else:
            first = torch.randint(n, (batch,), generator=generator)
            # Uniform over the other n - 1 positions: skip the one that is taken.
            second = torch.randint(n - 1, (batch,), generator=generator)
            second = second + (second >= first)
        positions = torch.stack([first, second], dim=1)
        inputs = torch.zeros(batch, self.length + self.blank_steps, 2)
        inputs[:, : self.length, 0] = values
        inputs[:, :, 1].scatter_(1, positions, 1.0)
        targets = values.gather(1, positions).sum(1, keepdim=True)
        return Batch(inputs, targets).to(device)

    def exact_score(self, model: PLRNN) -> float | None:
        """Expected MSE of a model without ReLUs; None for others."""
        return population_mse(model, self.length, self.marks, self.blank_steps) if model.pwl_units == 0 else None

    def curriculum(self) -> tuple[AdditionTask, ...]:
        """The same task at 10, 20, 40 and 70 % of the length, each at least long enough for its marks."""
        shortest = 4 if self.marks == "first_half" else 2
        lengths = [max(shortest, round(fraction * self.length)) for fraction in _CURRICULUM]
        return tuple(replace(self, length=length) for length in lengths if length < self.length)

    def affine_floor(self) -> Floor:
        """The mean squared error of the best affine predictor, :func:`plrnn_analysis.linear_limit.addition_floor`."""
        score = addition_floor(self.length, self.marks)
        return Floor(score, "closed form: the best affine predictor of the sum", loss=score)

    def metadata(self) -> dict[str, Any]:
        """Task name, length, mark rule and blank steps."""
        return {"task": self.name, "length": self.length, "marks": self.marks, "blank_steps": self.blank_steps}


ENTRY = TaskEntry(
    name="addition",
    summary="A stream of numbers, two of them marked; answer with the sum of the marked ones.",
    variants=("halves", "first_half", "anywhere"),
    takes_data=False,
    build=lambda variant, data: AdditionTask(marks=variant),
    settings={
        "default": Setting(20, (0, 1, 2, 5, 10, 20), Recipe()),
        "quick": Setting(20, (0, 1, 2), Recipe(iterations=1500, batch=32), seeds=3),
        "paper": Setting(
            50,
            (0, 1, 2, 5, 10, 20, 50),
            replace(PAPER, iterations=158_000, batch=128, regularised_units=25, initial_state=128**-0.5),
        ),
    },
)
