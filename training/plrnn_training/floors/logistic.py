"""Multinomial logistic regression: the least cross-entropy of an affine classifier, and the floor of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import as_array, detached, number, whole
from plrnn_analysis.errors import ModelError

from .floor import Floor

__all__ = ["PENALTIES", "logistic_floor", "logistic_regression"]

#: Penalties among which the validation trials choose.
PENALTIES: tuple[float, ...] = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
_Z = 1.959964  # 95 % of a normal distribution


@checked
def logistic_regression(
    features: np.ndarray, labels: np.ndarray, n_classes: int, penalty: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The affine classifier of least mean cross-entropy plus ``penalty / 2`` times its squared slopes.

    Parameters
    ----------
    features : (n, d) array_like
    labels : (n,) array_like of int
        Classes, counted from 0.
    n_classes : int
    penalty : float, optional
        On the slopes of standardised features; 0 has a minimum only if no hyperplane separates the classes.

    Returns
    -------
    slopes : (d, n_classes) ndarray
    offset : (n_classes,) ndarray

    Raises
    ------
    ModelError
        If features and labels do not fit.

    Notes
    -----
    The problem is convex; L-BFGS in double precision, on features in units of their standard deviation. Cost: some
    hundred products of n × d × n_classes.

    Examples
    --------
    >>> x = np.array([[-1.0], [0.0], [0.0], [1.0]])
    >>> slopes, offset = logistic_regression(x, np.array([0, 0, 1, 1]), 2, penalty=0.1)
    >>> (x @ slopes + offset).argmax(1)[[0, 3]].tolist()
    [0, 1]
    """
    from scipy.optimize import minimize

    x, classes = _checked_part("", features, labels, n_classes)
    penalty = number("penalty", penalty, least=0.0)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    x = (x - centre) / unit
    wanted = np.zeros((len(x), n_classes))
    wanted[np.arange(len(x)), classes] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, n_classes)
        logits = x @ weights[:-1] + weights[-1]
        logits = logits - logits.max(axis=1, keepdims=True)
        likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        error = (np.exp(likelihood) - wanted) / len(x)
        slope = np.vstack([x.T @ error + penalty * weights[:-1], error.sum(axis=0)])
        value = -(wanted * likelihood).sum() / len(x) + penalty / 2 * np.square(weights[:-1]).sum()
        return float(value), slope.ravel()

    start = np.zeros((x.shape[1] + 1) * n_classes)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": 1e-7, "ftol": 1e-13})
    weights = best.x.reshape(-1, n_classes)
    slopes = weights[:-1] / unit[:, None]
    return slopes, weights[-1] - centre @ slopes


@checked
def logistic_floor(
    training: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    n_classes: int,
    condition_names: Sequence[str] = (),
) -> Floor:
    """The affine classifier of a data set, its penalty chosen on the validation trials, scored on the test trials.

    Parameters
    ----------
    training, validation, test : tuple of ndarray
        Features (n, d) and labels (n,).
    n_classes : int
    condition_names : sequence of str, optional
        One per class, where the classes are the conditions.

    Returns
    -------
    Floor
        With Wilson's 95 % interval of the accuracy; `loss` is the mean cross-entropy on the test trials.

    Notes
    -----
    On a finite set the smallest training loss is no floor of the test score. A network that happens to be regularised
    better may pass this one, within what a test set of that size can tell. Source of the interval: Wilson, JASA 22,
    1927, doi:10.1080/01621459.1927.10502953.
    """
    for name, (x, y) in (("validation", validation), ("test", test)):
        _checked_part(f"{name}: ", x, y, n_classes)
    best = None
    for penalty in PENALTIES:
        weights = logistic_regression(*training, n_classes, penalty)
        loss, right = _measured(*validation, *weights)
        if best is None or (right.mean(), -loss) > best[0]:
            best = (right.mean(), -loss), weights
    assert best is not None
    loss, right = _measured(*test, *best[1])
    labels = np.asarray(test[1])
    return Floor(
        float(right.mean()),
        "convex optimum: logistic regression on the whole input, its penalty chosen on validation trials",
        loss=loss,
        interval=_wilson(int(right.sum()), len(right)),
        conditions={
            name: float(right[labels == c].mean()) for c, name in enumerate(condition_names) if np.any(labels == c)
        },
    )


def _checked_part(prefix: str, features: Any, labels: Any, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    whole("n_classes", n_classes, 1)
    x = as_array(f"{prefix}features", features, (None, None), "(n, d), one trial per row")
    as_array(f"{prefix}labels", labels, (len(x),), "(n,), the class of each trial")
    classes = np.asarray(detached(labels))
    if classes.dtype.kind not in "iu" or np.any((classes < 0) | (classes >= n_classes)):
        raise ModelError(f"{prefix}labels must be {len(x)} whole numbers in 0..{n_classes - 1}")
    return x, classes


def _measured(x: np.ndarray, labels: np.ndarray, slopes: np.ndarray, offset: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy, and which trials are answered right."""
    logits = np.asarray(x, dtype=np.float64) @ slopes + offset
    top = logits.max(axis=1, keepdims=True)
    likelihood = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return float(-likelihood[np.arange(len(labels)), labels].mean()), logits.argmax(axis=1) == labels


def _wilson(right: int, trials: int) -> tuple[float, float]:
    share, z2 = right / trials, _Z**2 / trials
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z / (1 + z2) * (share * (1 - share) / trials + z2 / (4 * trials)) ** 0.5
    return middle - half, middle + half
