"""What a fitted network is worth: free runs beside the data, forecasts, and the largest Lyapunov exponent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plrnn_analysis._frozen import Frozen
from plrnn_analysis.errors import ModelError
from plrnn_analysis.model import PLRNN
from plrnn_analysis.reconstruction import (
    power_spectrum_distance,
    prediction_errors,
    state_space_divergence,
    synchronised_states,
)

from .series import MANY_TRIALS, Series

__all__ = ["Agreement", "FreeRuns", "agreement", "free_runs", "largest_exponent", "validation_score"]

HORIZONS = (1, 10, 100)
# Steps in which the data steer a model before it runs on its own.
WARM_UP = 20
# Without inputs a trial of so many steps stands for a motion that goes on: free runs are longer then.
LASTING = 1000
# Such free runs: how many, and their steps all together, for the final figures and for choosing.
LASTING_RUNS = 4
FINAL_STEPS, CHOICE_STEPS = 100_000, 20_000
EXPONENT_STEPS = 20_000
# How much a spectral distance counts beside a divergence in state space.
SPECTRAL_WEIGHT = 5.0
# A score that no free run that stays finite gets.
HOPELESS = 1e6


@dataclass(frozen=True, eq=False)
class FreeRuns(Frozen):
    """Free runs and the data that they are held against.

    Attributes
    ----------
    generated : tuple of (T_i, N) ndarray
    data : tuple of (T_i, N) ndarray
        All of the data if the runs last longer, else the same trials after the warm-up.
    starts : (n, M) ndarray
        Where the runs began.
    inputs : tuple of (T_i, K) ndarray
        What drove them.
    """

    generated: tuple[np.ndarray, ...]
    data: tuple[np.ndarray, ...]
    starts: np.ndarray
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Agreement:
    """Figures of a network against data.

    Attributes
    ----------
    d_stsp, d_h : float
        Divergence in state space and distance of power spectra, of free runs.
    errors : dict of int to float
        Root mean square errors of forecasts, in standard deviations, by steps ahead; NaN where the data are too short.
    lambda_max : float or None
        Largest Lyapunov exponent per unit of time; None with inputs, or where the network diverges.
    """

    d_stsp: float
    d_h: float
    errors: dict[int, float]
    lambda_max: float | None


def lasts(series: Series) -> bool:
    """Whether the data are a motion that goes on, so that free runs may be longer than they are."""
    longest = max(len(trial) for trial in series.trials)
    return series.n_inputs == 0 and len(series.trials) < MANY_TRIALS and longest >= LASTING


def free_runs(model: PLRNN, series: Series, steps: int, gain: float = 1.0) -> FreeRuns:
    """Let a network run from states that agree with the data.

    Parameters
    ----------
    model : PLRNN
    series : Series
    steps : int
        Of all runs together, where the data are a motion that goes on; otherwise every trial is repeated under its own
        inputs.
    gain : float, optional
        How strongly the data steer the network before.

    Returns
    -------
    FreeRuns
    """
    if lasts(series):
        windows = _evenly_spaced(series, LASTING_RUNS, WARM_UP + 1)
        z = synchronised_states(model, windows, gain=gain)
        outputs = _finite_outputs(model, z, max(1, steps // LASTING_RUNS), None)
        return FreeRuns(tuple(outputs), series.trials, z, ())
    generated, data, starts, driven = [], [], [], []
    for length in sorted({len(trial) for trial in series.trials}):
        same = [i for i, trial in enumerate(series.trials) if len(trial) == length]
        warm_up = min(WARM_UP, length // 4)
        x = np.stack([series.trials[i] for i in same])
        s = np.stack([series.inputs[i] for i in same])
        own = s if series.n_inputs else None
        z = synchronised_states(model, x[:, : warm_up + 1], None if own is None else own[:, : warm_up + 1], gain)
        generated += list(_finite_outputs(model, z, length - 1 - warm_up, s[:, warm_up + 1 :]))
        data += list(x[:, warm_up + 1 :])
        driven += list(s[:, warm_up + 1 :])
        starts += list(z)
    return FreeRuns(tuple(generated), tuple(data), np.array(starts), tuple(driven))


def agreement(model: PLRNN, series: Series, scale: np.ndarray, gain: float = 1.0) -> Agreement:
    """All figures of a network against data.

    Parameters
    ----------
    model : PLRNN
    series : Series
    scale : (N,) ndarray
        Standard deviations, the unit of errors.
    gain : float, optional

    Returns
    -------
    Agreement
    """
    runs = free_runs(model, series, FINAL_STEPS, gain)
    d_stsp, d_h = _distances(runs)
    inputs = list(series.inputs) if series.n_inputs else None
    errors = prediction_errors(
        model, list(series.trials), HORIZONS, inputs=inputs, warm_up=WARM_UP, gain=gain, scale=scale
    )
    exponent = None if series.n_inputs or not np.isfinite(d_stsp) else largest_exponent(model, runs.starts, series.dt)
    return Agreement(d_stsp, d_h, errors, exponent)


def largest_exponent(model: PLRNN, starts: np.ndarray, dt: float) -> float | None:
    """Largest Lyapunov exponent per unit of time of free runs; None if they diverge."""
    if not np.isfinite(starts).all():
        return None
    try:
        found = model.lyapunov(EXPONENT_STEPS, z0=starts[:LASTING_RUNS], n_exponents=1)
    except ModelError:
        return None
    return float(found.leading) / dt


def validation_score(model: PLRNN, seen: Series, validation: Series, scale: np.ndarray, gain: float = 1.0) -> float:
    """The number by which models, checkpoints and settings are chosen; smaller is better.

    Parameters
    ----------
    model : PLRNN
    seen : Series
        Training and validation data.
    validation : Series
    scale : (N,) ndarray
    gain : float, optional

    Returns
    -------
    float
        D_stsp + 5 D_H of free runs against all that was seen, plus the errors of forecasts of the validation data, 10
        and 100 steps ahead where they are that long. Far forecasts tell apart what looks alike in free runs.
    """
    d_stsp, d_h = _distances(free_runs(model, seen, CHOICE_STEPS, gain))
    inputs = list(validation.inputs) if validation.n_inputs else None
    longest = max(len(trial) for trial in validation.trials) - 1
    horizons = sorted({max(1, min(h, longest)) for h in HORIZONS[1:]})
    errors = prediction_errors(
        model, list(validation.trials), horizons, inputs=inputs, warm_up=WARM_UP, gain=gain, scale=scale
    )
    score = d_stsp + SPECTRAL_WEIGHT * d_h + sum(errors.values())
    return score if np.isfinite(score) else HOPELESS


def _distances(runs: FreeRuns) -> tuple[float, float]:
    data = list(runs.data)
    return state_space_divergence(data, list(runs.generated)), power_spectrum_distance(data, list(runs.generated))


def _finite_outputs(model: PLRNN, z: np.ndarray, steps: int, inputs: np.ndarray | None) -> np.ndarray:
    """Outputs (n, steps, N); NaN throughout if a start is not finite."""
    if not np.isfinite(z).all():
        return np.full((len(z), steps, model.n_outputs), np.nan)
    trajectory = model.simulate(steps, z0=z) if inputs is None else model.run(inputs, z0=z)
    assert trajectory.outputs is not None  # fitted networks have a readout
    return trajectory.outputs


def _evenly_spaced(series: Series, n: int, length: int) -> np.ndarray:
    """`n` windows (n, length, N) spread over the data, those that end in a complete observation if there are any."""
    places = [(i, a) for i, trial in enumerate(series.trials) for a in range(len(trial) - length + 1)]
    complete = [np.isfinite(trial).all(axis=1) for trial in series.trials]
    informed = [(i, a) for i, a in places if complete[i][a + length - 1]] or places
    chosen: Sequence[tuple[int, int]] = [informed[int((k + 0.5) * len(informed) / n)] for k in range(n)]
    return np.stack([series.trials[i][a : a + length] for i, a in chosen])
