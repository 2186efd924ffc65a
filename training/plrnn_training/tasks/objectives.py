"""What is minimised and what is reported: for values, for classes, for counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError

__all__ = [
    "CROSS_ENTROPY",
    "POISSON",
    "SQUARED_ERROR",
    "Measure",
    "Objective",
    "accuracy",
    "cross_entropy",
    "mean_squared_error",
    "poisson",
]

# A name in quotes, since pages are built without torch too, where a Tensor is nothing that `|` knows.
Measure = Callable[[Tensor, Tensor, "Tensor | None"], Tensor]


def mean_squared_error(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean of the squared error over all that is scored, for each model.

    Parameters
    ----------
    outputs : (..., batch, S, N) Tensor
        At the S scored steps.
    targets : (..., batch, S, N) Tensor
        Or (..., batch, N): wanted at the last step.
    mask : (..., batch, S) or (..., batch, S, N) Tensor, optional
        Weights; zero where nothing is scored.

    Returns
    -------
    (...) Tensor

    Raises
    ------
    ModelError
        If the shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> outputs = torch.tensor([[[1.0], [3.0]]])
    >>> mean_squared_error(outputs, torch.zeros(1, 2, 1), torch.tensor([[1.0, 0.0]])).item()
    1.0
    """
    read = outputs if targets.ndim == outputs.ndim else outputs[..., -1, :]
    _check("targets", targets, read, "one value an output")
    return _mean((read - targets).square(), mask, outputs.ndim - 3)


def cross_entropy(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of the classes, for each model; outputs are logits, one per class.

    Parameters
    ----------
    outputs : (..., batch, S, N) Tensor
        At the S scored steps.
    targets : (..., batch, S) Tensor of int
        Or (..., batch): wanted at the last step.
    mask : (..., batch, S) Tensor, optional
        Weights; zero where nothing is scored.

    Returns
    -------
    (...) Tensor

    Raises
    ------
    ModelError
        If the shapes do not fit.
    """
    logits = _logits(outputs, targets)
    likelihood = logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return _mean(-likelihood, mask, outputs.ndim - 3)


def accuracy(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Share of the scored steps at which the right class has the largest output; as :func:`cross_entropy`."""
    right = _logits(outputs, targets).argmax(-1) == targets
    return _mean(right.to(outputs.dtype), mask, outputs.ndim - 3)


def poisson(outputs: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean negative log-likelihood of counts, for each model; outputs are the logarithms of the expected counts.

    Parameters
    ----------
    outputs : (..., batch, S, N) Tensor
        At the S scored steps.
    targets : (..., batch, S, N) Tensor
        Counts; or (..., batch, N): wanted at the last step.
    mask : (..., batch, S) or (..., batch, S, N) Tensor, optional
        Weights; zero where nothing is scored.

    Returns
    -------
    (...) Tensor
        Without the term log(count!), which depends on the counts alone.

    Raises
    ------
    ModelError
        If the shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> poisson(torch.zeros(1, 1, 1), torch.tensor([[[3.0]]])).item()
    1.0
    """
    read = outputs if targets.ndim == outputs.ndim else outputs[..., -1, :]
    _check("targets", targets, read, "one count an output")
    return _mean(read.exp() - targets * read, mask, outputs.ndim - 3)


@checked
@dataclass(frozen=True)
class Objective:
    """A loss and the score that is reported beside it.

    Attributes
    ----------
    score_name : str
    higher_is_better : bool
        Of the score.
    loss, score : callable
        From outputs (..., batch, S, N), targets and a mask or None to one number per model, (...).
    """

    score_name: str
    higher_is_better: bool
    loss: Measure
    score: Measure


#: For targets that are values.
SQUARED_ERROR = Objective("mse", False, mean_squared_error, mean_squared_error)
#: For targets that are counts; an output is the logarithm of the expected count.
POISSON = Objective("nll", False, poisson, poisson)
#: For targets that are classes, counted from 0.
CROSS_ENTROPY = Objective("accuracy", True, cross_entropy, accuracy)


def _logits(outputs: Tensor, targets: Tensor) -> Tensor:
    read = outputs if targets.ndim == outputs.ndim - 1 else outputs[..., -1, :]
    _check("targets", targets, read[..., 0], "one class a step")
    return read


def _check(name: str, given: Tensor, wanted: Tensor, what: str) -> None:
    if given.shape != wanted.shape:
        raise ModelError(f"{name} must have shape {tuple(wanted.shape)}, {what}, got {tuple(given.shape)}")


def _mean(values: Tensor, mask: Tensor | None, batch_axis: int) -> Tensor:
    """Mean over the batch and all that follows, weighted by the mask; 0 where it is zero throughout."""
    if mask is None:
        return values.flatten(batch_axis).mean(-1)
    if mask.ndim == values.ndim - 1:
        _check("mask", mask, values[..., 0], "one weight a scored step")
        mask = mask.unsqueeze(-1).expand_as(values)
    _check("mask", mask, values, "one weight a scored value")
    total = mask.flatten(batch_axis).sum(-1)
    return (mask * values).flatten(batch_axis).sum(-1) / total.where(total > 0, 1.0)
