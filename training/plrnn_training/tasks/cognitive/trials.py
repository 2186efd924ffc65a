"""Trials of the cognitive tasks, drawn all at once.

Every trial is a sequence of periods, and within a period nothing changes. So a batch is drawn as durations (batch, 6)
and levels (batch, 6, K), and one product with the indicator of the periods makes the time series.
"""

from __future__ import annotations

import math
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import one_of

__all__ = [
    "COGNITIVE_TASKS",
    "DURATIONS",
    "INPUT_NAMES",
    "OUTPUT_NAMES",
    "Drawn",
    "draw",
    "longest",
    "longest_response",
    "waiting",
]

#: The tasks, in the order of their cues.
COGNITIVE_TASKS = (
    "DelayPro", "DelayAnti", "ReactPro", "ReactAnti", "CatPro", "CatAnti",
    "Match2Sample", "NonMatch2Sample", "CtxIntMod1", "CtxIntMod2", "GoNogo",
)  # fmt: skip
(_DELAY, _DELAY_ANTI, _REACT, _REACT_ANTI, _CAT, _CAT_ANTI, _MATCH, _NON_MATCH, _CTX_1, _CTX_2, _GO) = range(11)

#: Steps of context, stimulus, delay and response, by name; the upper ends are excluded.
DURATIONS = MappingProxyType(
    {"simple": ((5, 10), (10, 15), (10, 15), (5, 10)), "hard": ((10, 20), (10, 40), (20, 50), (10, 20))}
)
_SECOND_DELAY = (5, 15)  # of the two match tasks
_CONTEXT_DELAY = (10, 20)  # of the two context tasks

INPUT_NAMES = (
    "fixation", "stimulus cos", "stimulus sin", "rule 1 or second cos", "rule 2 or second sin",
    "attend stimulus", "attend second", *(f"cue {name}" for name in COGNITIVE_TASKS),
)  # fmt: skip
OUTPUT_NAMES = ("fixation", "cos", "sin")
_CUES = len(INPUT_NAMES) - len(COGNITIVE_TASKS)
# Channel that is on throughout: which rule holds. The two of CtxInt follow its second stimulus.
_RULE_CHANNEL = torch.tensor([3, 4, 3, 4, 3, 4, 3, 4, 5, 6, 3])

# Periods of a trial; a task lacks some of them.
_CONTEXT, _STIMULUS, _PERIOD_DELAY, _SECOND, _DELAY_2, _RESPONSE = range(6)

_MATCH_WITHIN, _NON_MATCH_FROM = math.pi / 8, math.pi / 4
_RELEVANT, _IRRELEVANT = 0.8, 0.3
_WEAKEST_GO, _GO_FROM = 0.2, 0.5


class Drawn(NamedTuple):
    """Trials as they are drawn.

    Attributes
    ----------
    inputs : (batch, T, 18) Tensor
        Zero after the end of a trial.
    targets : (batch, 4) Tensor
        Fixation, cos and sin wanted in the response period; last, whether the answer is the fixation output alone.
    response : (batch, T) Tensor
        One in the response period.
    lengths : (batch,) Tensor of int
    """

    inputs: Tensor
    targets: Tensor
    response: Tensor
    lengths: Tensor


@cache
def _ranges(durations: str) -> Tensor:
    """First and last duration of each period, (11 tasks, 6 periods, 2); the upper ends are excluded."""
    context, stimulus, delay, response = DURATIONS[durations]
    none = (0, 1)
    hold = (context, stimulus, delay, none, none, response)
    react = (context, none, none, none, none, stimulus)
    short = (context, stimulus, none, none, none, response)
    match = (context, stimulus, delay, stimulus, _SECOND_DELAY, response)
    attend = (context, stimulus, none, stimulus, _CONTEXT_DELAY, response)
    return torch.tensor([hold, hold, react, react, short, short, match, match, attend, attend, short])


def longest(durations: str) -> int:
    """Steps of the longest trial there can be, to which all are padded.

    Examples
    --------
    >>> longest("simple"), longest("hard")
    (74, 179)
    """
    return int((_ranges(durations)[..., 1] - 1).sum(1).max())


@checked
def longest_response(durations: str) -> int:
    """Steps of the longest response period.

    Parameters
    ----------
    durations : str
        A key of :data:`DURATIONS`.

    Returns
    -------
    int
    """
    one_of("durations", durations, DURATIONS)
    return int((_ranges(durations)[:, _RESPONSE, 1] - 1).max())


def waiting(kind: int) -> tuple[float, ...]:
    """Input of a task between stimuli, while fixation is asked for, (18,).

    Parameters
    ----------
    kind : int
        Index into :data:`COGNITIVE_TASKS`.
    """
    held = [0.0] * len(INPUT_NAMES)
    for channel in (0, int(_RULE_CHANNEL[kind]), _CUES + kind):
        held[channel] = 1.0
    return tuple(held)


def draw(kinds: Tensor, durations: str, generator: torch.Generator) -> Drawn:
    """Draw one trial of each given kind.

    Parameters
    ----------
    kinds : (batch,) Tensor of int
        Indices into :data:`COGNITIVE_TASKS`.
    durations : str
        A key of :data:`DURATIONS`.
    generator : torch.Generator

    Returns
    -------
    Drawn
    """
    chance = torch.rand(len(kinds), 10, generator=generator)
    low, high = _ranges(durations)[kinds].unbind(-1)
    ends = (low + (chance[:, :6] * (high - low)).long()).cumsum(1)
    steps = torch.arange(longest(durations))
    started = steps >= torch.cat([torch.zeros_like(ends[:, :1]), ends[:, :-1]], dim=1).unsqueeze(2)
    during = (started & (steps < ends.unsqueeze(2))).float()
    levels, targets = _levels(kinds, *chance[:, 6:].unbind(1))
    return Drawn(during.mT @ levels, targets, during[:, _RESPONSE], ends[:, -1])


def _levels(kinds: Tensor, first: Tensor, second: Tensor, matching: Tensor, amplitude: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs in each period (batch, 6, 18) and targets (batch, 4), from numbers that are uniform in (0, 1)."""
    trials = torch.arange(len(kinds))

    def among(*tasks: int) -> Tensor:
        return torch.isin(kinds, torch.tensor(tasks))

    theta, other = 2 * math.pi * first, 2 * math.pi * second
    matches = matching < 0.5
    near = _MATCH_WITHIN * (2 * second - 1)
    far = _NON_MATCH_FROM + (2 * math.pi - 2 * _NON_MATCH_FROM) * second
    strength = _WEAKEST_GO + (1 - _WEAKEST_GO) * amplitude
    match, attend, go = among(_MATCH, _NON_MATCH), among(_CTX_1, _CTX_2), among(_GO)

    stimulus = _direction(theta.where(~go, 0.0))
    size = torch.ones(len(kinds)).where(~go, strength)
    size = size.where(kinds != _CTX_1, _RELEVANT).where(kinds != _CTX_2, _IRRELEVANT)
    stimulus = stimulus * size.unsqueeze(1)
    later = _direction(theta + torch.where(matches, near, far)).where(match.unsqueeze(1), stimulus)
    size = torch.full((len(kinds),), _IRRELEVANT).where(kinds == _CTX_1, _RELEVANT)
    modality = _direction(other) * (size * attend).unsqueeze(1)

    levels = torch.zeros(len(kinds), 6, len(INPUT_NAMES))
    levels[:, :_RESPONSE, 0] = 1.0
    levels[trials, :, _RULE_CHANNEL[kinds]] = 1.0
    levels[trials, :, _CUES + kinds] = 1.0
    for period, shown in ((_STIMULUS, stimulus), (_SECOND, later)):
        levels[:, period, 1:3] = shown
        levels[:, period, 3:5] += modality
    levels[:, _RESPONSE, 1:3] = stimulus * among(_REACT, _REACT_ANTI).unsqueeze(1)

    answer = theta.where(kinds != _CTX_2, other)
    answer = answer.where(~among(_CAT, _CAT_ANTI), (theta >= math.pi) * math.pi)
    answer = answer.where(~match, (~matches) * math.pi).where(~go, 0.0)
    answer = answer + math.pi * among(_DELAY_ANTI, _REACT_ANTI, _CAT_ANTI, _NON_MATCH)
    hold = (go & (strength < _GO_FROM)).float()
    wanted = _direction(answer) * (1 - hold).unsqueeze(1)
    return levels, torch.cat([hold.unsqueeze(1), wanted, go.float().unsqueeze(1)], dim=1)


def _direction(angle: Tensor) -> Tensor:
    """(cos, sin), (batch, 2)."""
    return torch.stack([angle.cos(), angle.sin()], dim=1)
