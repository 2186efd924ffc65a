"""The best affine predictor of what is wanted at one or at many steps, over all lags, estimated from trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError

from .floor import Floor
from .logistic import PENALTIES, logistic_regression

if TYPE_CHECKING:
    from ..tasks.base import Batch, Task

__all__ = ["lagged_floor"]

# Relative to the mean square of the inputs; the smallest is there for inputs that are collinear.
_PENALTIES = (1e-10, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_PART = 200
# Numbers in the features that a classifier is fitted to: 240 MB.
_LARGEST = 30_000_000
_RESAMPLES = 400


@checked
def lagged_floor(task: Task, training: Batch, validation: Batch, test: Batch, seed: int = 0) -> Floor:
    """What a network without ReLU, of any size, can reach on a task of which there are trials.

    Parameters
    ----------
    task : Task
        Says what loss and score are. Its models take the inputs of the batches as they are.
    training, validation, test : Batch
        Trials to fit to, to choose the penalty by, and to score. Targets are values (n, S, N) or (n, N), or classes
        without the axis N.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    Floor
        Score and loss on the test trials. The interval is the 95 % bootstrap interval over these, widened to the score
        on the training trials, which is too good on average as the other is too bad.

    Raises
    ------
    ModelError
        If the inputs are no numbers, such as words that stand before an embedding.

    Notes
    -----
    Started from a fixed state, such a network answers y_t = Σ_l G_l s_{t-l} + c_t with matrices G_l and vectors c_t
    that can be anything. For values least squares finds them all at once, weighted by the mask; for classes, logistic
    regression at the scored steps, evenly thinned where they would take too much memory. The validation trials choose
    the penalty, by the loss. Cost: T K + S unknowns, for values their cube.

    Examples
    --------
    >>> from plrnn_training.tasks import AdditionTask
    >>> task = AdditionTask(length=6)
    >>> floor = lagged_floor(task, *(task.sample(n, torch.Generator().manual_seed(n)) for n in (4000, 1000, 2000)))
    >>> floor.interval[0] < task.affine_floor().score < floor.interval[1]
    True
    """
    if training.inputs.ndim != 3 or not training.inputs.is_floating_point():
        raise ModelError(
            f"inputs must be numbers (n, T, K), got {training.inputs.dtype} {tuple(training.inputs.shape)}"
        )
    values = training.targets.is_floating_point()
    candidates = _least_squares(training) if values else _classifiers(training, len(task.output_names))
    chosen: tuple[float, np.ndarray] | None = None
    for weights in candidates:
        loss = float(task.loss(_outputs(validation, weights), *_wanted(validation)))
        if chosen is None or loss < chosen[0]:
            chosen = loss, weights
    assert chosen is not None  # there are penalties
    best = chosen[1]

    def score(batch: Batch, outputs: Tensor) -> float:
        return float(task.score(outputs, *_wanted(batch)))

    outputs = _outputs(test, best)
    generator = torch.Generator().manual_seed(seed)
    n = len(test.inputs)
    resampled = []
    for _ in range(_RESAMPLES):
        rows = torch.randint(n, (n,), generator=generator)
        resampled.append(score(test.select(rows), outputs[rows]))
    low, high = np.quantile(resampled, [0.025, 0.975])
    on_training = score(training, _outputs(training, best))
    conditions = {}
    if test.conditions is not None:
        for k, name in enumerate(task.condition_names):
            own = test.conditions == k
            if bool(own.any()):
                conditions[name] = score(test.select(own), outputs[own])
    return Floor(
        score(test, outputs),
        f"{'least squares' if values else 'convex optimum: logistic regression'} over all lags, its penalty chosen on "
        "validation trials",
        loss=float(task.loss(outputs, *_wanted(test))),
        interval=(min(float(low), on_training), max(float(high), on_training)),
        conditions=conditions,
    )


def _wanted(batch: Batch) -> tuple[Tensor, Tensor | None]:
    return batch.targets.double() if batch.targets.is_floating_point() else batch.targets, batch.mask


def _targets(batch: Batch) -> np.ndarray:
    """Values (n, S, N) or classes (n, S)."""
    targets = batch.targets.numpy()
    values = batch.targets.is_floating_point()
    return targets if targets.ndim == 2 + values else targets[:, None]


def _mask(batch: Batch) -> np.ndarray:
    """Weights (n, S, N or 1)."""
    n, S = _targets(batch).shape[:2]
    return np.ones((n, S, 1)) if batch.mask is None else batch.mask.double().numpy().reshape(n, S, -1)


def _features(batch: Batch, rows: slice) -> np.ndarray:
    """Inputs at all lags before each scored step and a unit vector for the step, (n, S, T K + S)."""
    inputs = batch.inputs[rows].double().numpy()
    n, T, K = inputs.shape
    S = _targets(batch).shape[1]
    # Reversed and padded: what came before step t stands T - 1 - t entries after the beginning.
    past = np.zeros((n, 2 * T, K))
    past[:, :T] = inputs[:, ::-1]
    start = T - 1 - np.arange(T - S, T)
    lagged = past[:, start[:, None] + np.arange(T)].reshape(n, S, T * K)
    return np.concatenate([lagged, np.broadcast_to(np.eye(S), (n, S, S))], axis=2)


def _least_squares(batch: Batch) -> Iterator[np.ndarray]:
    """Coefficients (N, T K + S) for each penalty."""
    targets, mask = _targets(batch).astype(np.float64), _mask(batch)
    (n, S, N), weights = targets.shape, mask.shape[2]
    size = batch.inputs.shape[1] * batch.inputs.shape[2] + S
    gram, moments = np.zeros((weights, size, size)), np.zeros((N, size))
    for first in range(0, n, _PART):
        rows = slice(first, first + _PART)
        x, y = _features(batch, rows).reshape(-1, size), targets[rows].reshape(-1, N)
        weight = mask[rows].reshape(-1, weights)
        for k in range(weights):
            gram[k] += x.T @ (weight[:, k, None] * x)
        moments += (weight * y).T @ x
    # A channel has one size at all lags: what the ridge thinks of a lag must not depend on how often it can be seen.
    channels = batch.inputs.double().square().mean((0, 1)).sqrt().numpy()
    scale = np.concatenate([np.tile(channels, batch.inputs.shape[1]), np.ones(S)])
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(gram / scale / scale[:, None])
    turned = (vectors.mT @ (moments / scale)[:, :, None])[..., 0]
    for penalty in _PENALTIES:
        damped = values + penalty * values.mean(axis=1, keepdims=True)
        yield (vectors @ (turned / damped)[:, :, None])[..., 0] / scale


def _classifiers(batch: Batch, n_classes: int) -> Iterator[np.ndarray]:
    """Coefficients (n_classes, T K + S) for each penalty."""
    labels, scored = _targets(batch), _mask(batch)[..., 0] > 0
    S, size = labels.shape[1], batch.inputs.shape[1] * batch.inputs.shape[2] + labels.shape[1]
    thin = -(-int(scored.sum()) * size // _LARGEST) or 1
    steps = np.flatnonzero(scored)[::thin]
    found = []
    for first in range(0, len(labels), _PART):
        own = steps[(steps >= first * S) & (steps < (first + _PART) * S)] - first * S
        found.append(_features(batch, slice(first, first + _PART)).reshape(-1, size)[own])
    x, y = np.concatenate(found), labels.ravel()[steps]
    for penalty in PENALTIES:
        slopes, offset = logistic_regression(x, y, n_classes, penalty)
        # The unit vectors of the steps sum to one.
        slopes[size - S :] += offset
        yield slopes.T


def _outputs(batch: Batch, weights: np.ndarray) -> Tensor:
    """What the predictor answers, (n, S, N)."""
    starts = range(0, len(batch.inputs), _PART)
    return torch.from_numpy(np.concatenate([_features(batch, slice(s, s + _PART)) @ weights.T for s in starts]))
