"""The best affine predictor of the cognitive suite, by least squares over all lags.

A network without ReLU, of any size and started from zero, computes at step t of a trial

    y_t = Σ_l G_l s_{t-l} + c_t,

with matrices G_l and vectors c_t that can be anything. Cue and rule are constant within a trial and tell the tasks
apart, so their part of the sum and c_t are one free vector for each task and step. The fixation input is on until the
response begins: its part depends, beyond the step, on the number of steps since then. What is left are the stimuli at
all lags. Least squares with a free vector for each group is least squares on the deviations from the means of the
groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import whole

from ..seeds import generator_for
from .floor import Floor

if TYPE_CHECKING:
    from ..tasks.base import Batch
    from ..tasks.cognitive import CognitiveTask

__all__ = ["AffinePredictor", "best_affine_predictor", "cognitive_floor"]

_PART = 1_100
# A thousand times as many as by default.
_MOST_TRIALS = 22_000_000
_STIMULI = slice(1, 5)  # in the match and pro/anti tasks the last two are the rule, which a free vector contains


@dataclass(frozen=True)
class AffinePredictor:
    """An affine answer to the suite.

    Attributes
    ----------
    weights : (p, 3) ndarray
        Of the stimuli, lag by lag, and of the steps since the response began.
    offsets : (tasks, T, 3) ndarray
        For each task and step.
    since : int
        For how many steps since then there are weights.
    loss : float
        Half the squared distance, averaged over the response periods it was fitted to.
    """

    weights: np.ndarray
    offsets: np.ndarray
    since: int
    loss: float

    def outputs(self, batch: Batch) -> Tensor:
        """What it answers, (batch, T, 3); zero outside the response period, where nothing is scored."""
        trial, step = _response_steps(batch)
        answers = (
            _features(batch, trial, step, self.since) @ self.weights + self.offsets[_conditions(batch)[trial], step]
        )
        given = torch.zeros(*batch.targets.shape[:2], 3, dtype=torch.float64)
        given[torch.from_numpy(trial), torch.from_numpy(step)] = torch.from_numpy(answers)
        return given


@checked
def cognitive_floor(task: CognitiveTask, trials: int = 22_000) -> Floor:
    """Loss and accuracy of the affine predictor that is best in squared error, over the suite and task by task.

    Parameters
    ----------
    task : CognitiveTask
    trials : int, optional
        As many to fit it to, and as many fresh ones.

    Returns
    -------
    Floor
        `loss` is the least that a network without ReLU can have. `score` is what the predictor that has it answers
        rightly, and no bound: a network that answers pro and gives up anti can be right more often, at a larger loss.

    Notes
    -----
    On the trials it is fitted to the predictor is a little better than the optimum, on fresh ones a little worse; the
    loss is the mean of the two. The score and its interval are those on the fresh trials. 22,000 trials take seconds,
    with hard durations half a minute.
    """
    whole("trials", trials, 1, _MOST_TRIALS)
    best = best_affine_predictor(task, trials)
    losses, right, conditions = [], [], []
    for batch in _parts(task, "fresh", trials):
        outputs = best.outputs(batch)
        losses.append(float(task.loss(outputs, batch.targets, batch.mask)))
        # One trial as a model: its score is whether it is right.
        right.append(task.score(outputs.unsqueeze(1), batch.targets.unsqueeze(1), _mask(batch).unsqueeze(1)).numpy())
        conditions.append(_conditions(batch))
    hits, kinds = np.concatenate(right), np.concatenate(conditions)
    by_task = {name: float(hits[kinds == k].mean()) for k, name in enumerate(task.condition_names)}
    score = float(hits.mean())
    # Every task has as many trials, so only what varies within tasks counts.
    error = 1.96 * (sum(s * (1 - s) for s in by_task.values()) / len(by_task) / len(hits)) ** 0.5
    return Floor(
        score=score,
        how=(
            f"least squares over all lags on {trials} trials; the loss bounds every affine network, the accuracy is "
            "that of the predictor of least loss, which one of larger loss may exceed"
        ),
        loss=(best.loss + float(np.mean(losses))) / 2,
        interval=(score - error, score + error),
        conditions=by_task,
    )


def best_affine_predictor(task: CognitiveTask, trials: int) -> AffinePredictor:
    """The affine predictor with the least squared error on this number of trials, drawn with a seed of its own.

    Parameters
    ----------
    task : CognitiveTask
    trials : int

    Returns
    -------
    AffinePredictor

    Notes
    -----
    One pass over the trials adds up their normal equations, p × p with p = 4 T + the longest response. The solution of
    least norm is taken, because the steps since the response began add up to one.
    """
    from ..tasks.cognitive import longest_response

    n_tasks, n_steps = len(task.condition_names), task.sample(1, torch.Generator()).inputs.shape[1]
    groups, since = n_tasks * n_steps, longest_response(task.durations)
    gram: np.ndarray | float = 0.0
    moments: np.ndarray | float = 0.0
    sums: np.ndarray | float = 0.0
    counts, energy = np.zeros(groups), 0.0
    for batch in _parts(task, "affine predictor", trials):
        trial, step = _response_steps(batch)
        x = _features(batch, trial, step, since)
        y = batch.targets.double().numpy()[trial, step, :3]
        group = _conditions(batch)[trial] * n_steps + step
        member = sparse.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(groups, len(group)))
        gram, moments = gram + x.T @ x, moments + x.T @ y
        sums, counts = sums + member @ np.hstack([x, y]), counts + np.bincount(group, minlength=groups)
        energy += float((y**2).sum())
    mean = np.asarray(sums) / np.maximum(counts, 1)[:, None]
    p = mean.shape[1] - 3
    mean_x, mean_y = mean[:, :p], mean[:, p:]
    within = gram - mean_x.T @ (counts[:, None] * mean_x)
    across = moments - mean_x.T @ (counts[:, None] * mean_y)
    weights = np.linalg.lstsq(within, across, rcond=1e-10)[0]
    rest = energy - float((counts[:, None] * mean_y**2).sum()) - float((weights * across).sum())
    offsets = (mean_y - mean_x @ weights).reshape(n_tasks, n_steps, 3)
    return AffinePredictor(weights, offsets, since, float(rest / (2 * counts.sum())))


def _parts(task: CognitiveTask, purpose: str, trials: int) -> Iterator[Batch]:
    generator = generator_for(0, "floor", purpose)
    for start in range(0, trials, _PART):
        yield task.held_out("selection", min(_PART, trials - start), generator)


def _mask(batch: Batch) -> Tensor:
    assert batch.mask is not None  # the suite scores the response period
    return batch.mask


def _conditions(batch: Batch) -> np.ndarray:
    assert batch.conditions is not None  # every trial is of a task
    return batch.conditions.numpy()


def _response_steps(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Trial and step of everything that is scored, (n,) each."""
    trial, step = np.nonzero(_mask(batch).numpy())
    return trial, step


def _features(batch: Batch, trial: np.ndarray, step: np.ndarray, since: int) -> np.ndarray:
    """Stimuli at all lags up to each step, and a unit vector for the steps since the response began, (n, p)."""
    stimuli = batch.inputs[..., _STIMULI].double().numpy()
    n, n_steps, width = stimuli.shape
    # Reversed and padded in front, the past of step t begins n_steps - 1 - t entries after the padding.
    past = np.zeros((n, 2 * n_steps, width))
    past[:, :n_steps] = stimuli[:, ::-1]
    lags = np.arange(n_steps)
    lagged = past[trial[:, None], (n_steps - 1 - step)[:, None] + lags].reshape(len(trial), -1)
    begun = _mask(batch).numpy().argmax(axis=1)
    return np.hstack([lagged, (step - begun[trial])[:, None] == np.arange(since)])
