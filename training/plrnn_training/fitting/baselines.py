"""What a fitted network must be better than: persistence, and a linear autoregression of the same size."""

from __future__ import annotations

import numpy as np

from plrnn_analysis.model import PLRNN

from .measures import WARM_UP, validation_score
from .series import Series, Split
from .windows import Standardisation

__all__ = ["autoregression", "best_autoregression", "persistence"]

# Added to the normal equations, relative to the number of steps: smooth data make lags almost the same.
RIDGE = 1e-8


def persistence(series: Series) -> PLRNN:
    """The model that every value stays as it is.

    Parameters
    ----------
    series : Series

    Returns
    -------
    PLRNN
        With the N channels as units.
    """
    n, k = series.n_channels, series.n_inputs
    model = PLRNN.al_rnn(
        np.ones(n), np.zeros((n, n)), np.zeros(n), pwl_units=0, C=np.zeros((n, k)) if k else None, B=np.eye(n)
    )
    model.metadata.update(_names(series))
    return model


def autoregression(series: Series, standardisation: Standardisation, order: int) -> PLRNN:
    """Linear autoregression of all channels, by least squares, as an AL-RNN with P = 0.

    Parameters
    ----------
    series : Series
        Steps before which a value is missing are left out.
    standardisation : Standardisation
    order : int
        How many steps back.

    Returns
    -------
    PLRNN
        Its units are the channels now, one step ago, and so on.
    """
    s, n, k = standardisation, series.n_channels, series.n_inputs
    rows, targets = [], []
    for trial, driven in zip(series.trials, series.inputs, strict=True):
        x, u = (trial - s.mean) / s.scale, (driven - s.input_mean) / s.input_scale
        lags = [x[order - 1 - lag : len(x) - 1 - lag] for lag in range(order)]
        row = np.concatenate([*lags, u[order:], np.ones((max(0, len(x) - order), 1))], axis=1)
        known = np.isfinite(row).all(axis=1) & np.isfinite(x[order:]).all(axis=1)
        rows.append(row[known])
        targets.append(x[order:][known])
    X, Y = np.concatenate(rows), np.concatenate(targets)
    weights = np.linalg.solve(X.T @ X + RIDGE * max(1, len(X)) * np.eye(X.shape[1]), X.T @ Y).T
    m = n * order
    W, h = np.zeros((m, m)), np.zeros(m)
    W[:n], h[:n] = weights[:, :m], weights[:, -1]
    W[n:, : m - n] = np.eye(m - n)
    C = np.zeros((m, k))
    C[:n] = weights[:, m : m + k] / s.input_scale
    B = np.zeros((n, m))
    B[:, :n] = np.diag(s.scale)
    model = PLRNN.al_rnn(np.zeros(m), W, h - C @ s.input_mean, pwl_units=0, C=C if k else None, B=B, b=s.mean)
    # Before there is a past, the present stands for it.
    begin = np.tile(np.diag(1.0 / s.scale), (order, 1))
    model.metadata.update(
        _names(series), initial_state={"matrix": begin.tolist(), "offset": (-begin @ s.mean).tolist()}, order=order
    )
    return model


def best_autoregression(data: Split, standardisation: Standardisation, seen: Series, n_units: int) -> PLRNN:
    """The autoregression of the order that scores best on what was seen, with at most `n_units` units.

    Parameters
    ----------
    data : Split
    standardisation : Standardisation
    seen : Series
        Training and validation data.
    n_units : int

    Returns
    -------
    PLRNN
    """
    longest = max(len(trial) for trial in data.training.trials)
    most = max(1, min(n_units // data.training.n_channels, WARM_UP, longest - 2))
    models = [
        autoregression(data.training, standardisation, p) for p in sorted({1, 2, 3, (most + 1) // 2, most}) if p <= most
    ]
    scores = [validation_score(m, seen, data.validation, standardisation.scale) for m in models]
    return models[int(np.argmin(scores))]


def _names(series: Series) -> dict[str, object]:
    return {"input_names": list(series.input_names), "output_names": list(series.names), "dt": series.dt}
