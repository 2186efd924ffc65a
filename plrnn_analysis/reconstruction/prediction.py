"""How far a model can forecast recorded data: states that agree with observations, and errors some steps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._signatures import checked
from .._validation import as_array, number, rows, whole
from ..errors import ModelError
from ..known_metadata import mapping_entry
from ..network import Network
from .stretches import as_trials

__all__ = ["prediction_errors", "start_states", "synchronised_states"]


@checked
def start_states(model: Network, observations: Any) -> np.ndarray:
    """States to begin with, from one observation each.

    Parameters
    ----------
    model : PLRNN
        With a readout. Where its metadata say how training began (``initial_state``, an affine map with ``matrix``
        (M, N) and ``offset`` (M,)), states are taken from there; otherwise they are the smallest ones whose outputs are
        the observations.
    observations : (n, N) array_like
        NaN marks what is missing; the mean of the channel, as far as the model knows it, stands for it.

    Returns
    -------
    (n, M) ndarray

    Raises
    ------
    ModelError
        If the model has no readout, or the map in the metadata has the wrong shape.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, 0], [0, 0]], h=[0, 0], pwl_units=1, B=[[2.0, 0.0]], b=[1.0])
    >>> start_states(model, [[5.0]])
    array([[2., 0.]])
    """
    B, b = _readout(model)
    given = np.atleast_2d(rows("observations", observations, len(b)))
    x = as_array("observations", given, (None, len(b)), "(n, N)", finite=False)
    # The offset is what the outputs are at the origin, which standardised training puts at the mean.
    x = np.where(np.isfinite(x), x, b)
    begin = mapping_entry(model.metadata, "initial_state")
    if not begin:
        return (x - b) @ np.linalg.pinv(B).T
    matrix = as_array("initial_state matrix", begin.get("matrix"), (model.n_units, len(b)), "(M, N)")
    offset = as_array("initial_state offset", begin.get("offset"), (model.n_units,), "(M,)")
    return x @ matrix.T + offset


@checked
def synchronised_states(model: Network, observations: Any, inputs: Any = None, gain: float = 1.0) -> np.ndarray:
    """States at the last of some observations, reached by a run that the observations steer.

    Parameters
    ----------
    model : PLRNN
        With a readout.
    observations : (n, T, N) array_like
        NaN marks what is missing, which does not steer.
    inputs : (n, T, K) array_like, optional
        Input at each time; the first row of each is not used. None stands for zero input.
    gain : float, optional
        At each time the state z becomes ``z + gain B⁺ (x - B z - b)``: 1 replaces the outputs by the observations.

    Returns
    -------
    (n, M) ndarray
        What is not observed has had T steps to follow.

    Raises
    ------
    ModelError
        On wrong shapes, or if the model has no readout.
    """
    B, b = _readout(model)
    x = rows("observations", observations, len(b))
    if x.ndim != 3 or x.shape[1] < 1:
        raise ModelError(f"observations must have shape (n, T, {len(b)}), got {x.shape}")
    s = None if inputs is None else as_array("inputs", inputs, (*x.shape[:2], model.n_inputs), "(n, T, K)")
    gain = number("gain", gain, least=0.0, most=1.0)
    back = np.linalg.pinv(B)
    z = start_states(model, x[:, 0])
    with np.errstate(all="ignore"):
        for t in range(x.shape[1]):
            if t:
                z = model.map.step(z, None if s is None else s[:, t])
            missing = np.where(np.isfinite(x[:, t]), x[:, t] - z @ B.T - b, 0.0)
            z = z + gain * missing @ back.T
    return z


@checked
def prediction_errors(
    model: Network,
    data: Any,
    horizons: Sequence[int] = (1, 10, 100),
    *,
    inputs: Any = None,
    warm_up: int = 20,
    gain: float = 1.0,
    starts: int = 500,
    scale: Any = None,
) -> dict[int, float]:
    """Errors of forecasts of recorded data.

    Parameters
    ----------
    model : PLRNN
        With a readout.
    data : (T, N) or (n, T, N) array_like, or sequence of (T_i, N) array_like
        NaN marks what is missing.
    horizons : sequence of int, optional
        How many steps ahead.
    inputs : like `data`, with K channels, optional
        Input at each time; a state at time t has had input t. None stands for zero input.
    warm_up : int, optional
        Steps before each forecast in which the data steer the model, see :func:`synchronised_states`; fewer where the
        trials are short.
    gain : float, optional
        How strongly they do.
    starts : int, optional
        Largest number of forecasts, evenly spaced over the data.
    scale : (N,) array_like, optional
        Unit of each channel's error; by default its standard deviation in the data.

    Returns
    -------
    dict of int to float
        For every horizon the root mean square of the scaled errors over forecasts and channels: 0 is perfect, 1 the
        error of the mean, 1.4 that of an unrelated state. NaN where no trial is long enough, infinity where a forecast
        diverges.

    Raises
    ------
    ModelError
        On wrong shapes, or if the model has no readout.

    Examples
    --------
    >>> import numpy as np
    >>> from plrnn_analysis import PLRNN
    >>> turn = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])
    >>> rotation = PLRNN.al_rnn(A=[0, 0], W=turn, h=[0, 0], pwl_units=0, B=np.eye(2))
    >>> times = 0.1 * np.arange(300)
    >>> errors = prediction_errors(rotation, np.stack([np.cos(times), np.sin(times)], axis=1), [1, 100])
    >>> errors[100] < 1e-12
    True
    """
    B, b = _readout(model)
    trials = as_trials("data", data, len(b))
    driven = None if inputs is None else as_trials("inputs", inputs, model.n_inputs)
    if driven is not None and [len(s) for s in driven] != [len(x) for x in trials]:
        raise ModelError("inputs must be as long as the data, trial by trial")
    ahead = sorted({whole("horizons", h, 1) for h in horizons})
    warm_up, starts = whole("warm_up", warm_up, 0), whole("starts", starts, 1)
    gain = number("gain", gain, least=0.0, most=1.0)
    if scale is None:
        spread = np.nanstd(np.concatenate(trials), axis=0)
        scale = np.where(spread > 0, spread, 1.0)
    scale = as_array("scale", scale, (len(b),), "(N,)")
    longest = max(len(x) for x in trials)
    reachable = [h for h in ahead if h < longest]
    found = {h: float("nan") for h in ahead}
    if not reachable:
        return found
    warm_up = min(warm_up, longest - 1 - reachable[-1])
    span = warm_up + 1 + reachable[-1]
    places = [(i, a) for i, x in enumerate(trials) for a in range(len(x) - span + 1)]
    places = [places[i] for i in np.unique(np.linspace(0, len(places) - 1, starts).round().astype(int))]
    x = np.stack([trials[i][a : a + span] for i, a in places])
    s = None if driven is None else np.stack([driven[i][a : a + span] for i, a in places])
    z = synchronised_states(model, x[:, : warm_up + 1], None if s is None else s[:, : warm_up + 1], gain)
    with np.errstate(all="ignore"):
        for h in range(1, reachable[-1] + 1):
            z = model.map.step(z, None if s is None else s[:, warm_up + h])
            if h in found:
                errors = (z @ B.T + b - x[:, warm_up + h]) / scale
                there = np.isfinite(x[:, warm_up + h])
                squares = np.where(there, errors**2, 0.0).sum() / max(1, int(there.sum()))
                found[h] = float(np.sqrt(squares)) if np.isfinite(squares) else float("inf")
    return found


def _readout(model: Network) -> tuple[np.ndarray, np.ndarray]:
    if model.B is None:
        raise ModelError("the model has no readout: give it B, so that its outputs can be held against data")
    return model.B, np.zeros(len(model.B)) if model.b is None else model.b
