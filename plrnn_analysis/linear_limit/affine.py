"""The affine floor of any task: what the best affine predictor of the scored outputs reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from .._validation import as_array, number, random_generator, whole
from ..errors import ModelError

__all__ = ["AffineFloor", "affine_floor"]


@dataclass(frozen=True, eq=False)
class AffineFloor(Frozen):
    """What an affine predictor of the scored outputs from the whole input reaches, estimated on trials.

    Attributes
    ----------
    score_name : str
        ``"mse"`` (regression) or ``"accuracy"`` (classification).
    score : float
        On the test split.
    interval : tuple of float
        Bootstrap interval of `score` over test trials; the fitted coefficients are held.
    confidence : float
    training_score : float
        On the training split: too good on average, as `score` is too bad. For the MSE the true floor lies between
        the two in expectation.
    baseline : float
        Test score of the best constant: the mean, or the most frequent class.
    n_train, n_test, n_features : int
        Sizes; features that never change are not counted.
    coefficients : (n_outputs, T, K) ndarray
        With a class a row (and scored step by scored step) for classification.
    offset : (n_outputs,) ndarray
    """

    score_name: str
    score: float
    interval: tuple[float, float]
    confidence: float
    training_score: float
    baseline: float
    n_train: int
    n_test: int
    n_features: int
    coefficients: np.ndarray
    offset: np.ndarray

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"<AffineFloor {self.score_name} {self.score:.6g}, {100 * self.confidence:g} % interval {low:.6g} .. "
            f"{high:.6g}, {self.n_train} training and {self.n_test} test trials>"
        )


@checked
def affine_floor(
    inputs: Any,
    targets: Any,
    *,
    classification: bool | None = None,
    test_share: float = 0.5,
    ridge: float = 0.0,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> AffineFloor:
    """Best affine predictor of the scored outputs from the whole input sequence, by least squares.

    A model without ReLU (P = 0) that starts at a fixed state is such a predictor, whatever its size. So this is the
    baseline of every comparison over P.

    Parameters
    ----------
    inputs : (n, T, K) array_like
        Trials.
    targets : (n,) or (n, ...) array_like
        Real numbers, or class numbers (whole numbers) for each scored step.
    classification : bool, optional
        By default classes are what comes in an integer or boolean array.
    test_share : float, optional
        Share of the trials, drawn at random, that the predictor is tested on.
    ridge : float, optional
        Penalty on the squared coefficients, relative to the mean squared input; 0 is plain least squares and needs
        more training trials than inputs that change.
    confidence : float, optional
        Of the bootstrap interval.
    resamples : int, optional
        Of the bootstrap.
    seed : int, optional
        Of the split and the bootstrap.

    Returns
    -------
    AffineFloor

    Raises
    ------
    ModelError
        On wrong shapes or values, or too few trials.

    Notes
    -----
    Mean squared error over all scored outputs. For classes the scores of all classes are regressed on the input and the
    largest is chosen, step by step. That is *a* linear readout, and the accuracy a lower bound of what the best one
    reaches, which no known algorithm finds in general.

    Examples
    --------
    >>> from plrnn_analysis.linear_limit import addition_floor, addition_trials
    >>> found = affine_floor(*addition_trials(20_000, 10))
    >>> found.interval[0] < addition_floor(10) < found.interval[1]
    True
    """
    x = as_array("inputs", inputs, (None, None, None), "(n, T, K), one trial per row")
    given = np.asarray(targets)
    if given.ndim == 0 or given.shape[0] != x.shape[0] or given.size == 0:
        raise ModelError(f"targets must have one row for each of the {x.shape[0]} trials, got shape {given.shape}")
    if classification is None:
        classification = given.dtype.kind in "iub"
    test_share = number("test_share", test_share, above=0.0, below=1.0)
    confidence = number("confidence", confidence, above=0.0, below=1.0)
    ridge = number("ridge", ridge, least=0.0)
    resamples = whole("resamples", resamples, 1)
    y = as_array("targets", given.reshape(x.shape[0], -1), (x.shape[0], None), "(n, scored outputs)")
    if classification and np.any(y != np.round(y)):
        raise ModelError("class numbers must be whole numbers; give classification=False for a regression")

    # The floor is a score on trials that the fit has not seen: on its own it would be too good.
    rng = random_generator(seed)
    order = rng.permutation(x.shape[0])
    n_test = round(test_share * x.shape[0])
    test, train = order[:n_test], order[n_test:]
    flat = x.reshape(x.shape[0], -1)
    if min(n_test, train.size) < 2:
        raise ModelError(f"{x.shape[0]} trials are too few for a training and a test split")
    # What never changes in training has no coefficient to be found; the offset takes it.
    changes = np.ptp(flat[train], axis=0) > 0
    if not ridge and train.size <= changes.sum() + 1:
        raise ModelError(
            f"{train.size} training trials do not determine {int(changes.sum())} coefficients: "
            "give more trials, or ridge=1e-3"
        )
    classes = np.unique(y) if classification else np.empty(0)
    # (n, outputs): for classes one score per scored step and class.
    wanted = (y[:, :, None] == classes).reshape(len(y), -1).astype(np.float64) if classification else y
    slopes, offset = _least_squares(flat[train][:, changes], wanted[train], ridge)
    predicted = flat[:, changes] @ slopes + offset

    if classification:
        chosen = classes[predicted.reshape(*y.shape, classes.size).argmax(axis=2)]
        per_trial = (chosen == y).mean(axis=1)
        frequent = classes[(y[train][:, :, None] == classes).sum(axis=0).argmax(axis=1)]
        baseline = float((frequent == y[test]).mean())
    else:
        per_trial = ((predicted - y) ** 2).mean(axis=1)
        baseline = float(((y[test] - y[train].mean(axis=0)) ** 2).mean())
    coefficients = np.zeros((wanted.shape[1], flat.shape[1]))
    coefficients[:, changes] = slopes.T
    return AffineFloor(
        score_name="accuracy" if classification else "mse",
        score=float(per_trial[test].mean()),
        interval=_bootstrap(per_trial[test], confidence, resamples, rng),
        confidence=confidence,
        training_score=float(per_trial[train].mean()),
        baseline=baseline,
        n_train=int(train.size),
        n_test=n_test,
        n_features=int(changes.sum()),
        coefficients=coefficients.reshape(wanted.shape[1], *x.shape[1:]),
        offset=offset,
    )


def _least_squares(x: np.ndarray, y: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (features, outputs) and offset (outputs,); of least norm where the inputs are collinear."""
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    centred, wanted = x - x_mean, y - y_mean
    if x.shape[1] == 0:
        return np.zeros((0, y.shape[1])), y_mean
    # What counts as collinear must not depend on the units of the inputs; a ridge is meant in the user's.
    units = np.ones(x.shape[1]) if ridge else np.exp2(np.round(np.log2(np.abs(centred).max(axis=0))))
    centred = centred / units
    if ridge:
        penalty = np.sqrt(ridge * np.square(centred).mean() * len(x))
        centred = np.vstack([centred, penalty * np.eye(x.shape[1])])
        wanted = np.vstack([wanted, np.zeros((x.shape[1], y.shape[1]))])
    # The triangular factor has the same least-squares solutions and is small.
    q, r = np.linalg.qr(centred)
    slopes = np.linalg.lstsq(r, q.T @ wanted, rcond=1e-10)[0] / units[:, None]
    return slopes, y_mean - x_mean @ slopes


def _bootstrap(values: np.ndarray, confidence: float, resamples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile interval of the mean."""
    means = [values[rng.integers(values.size, size=values.size)].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
