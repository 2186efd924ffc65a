"""What a fitted network is worth: free runs beside the data, forecasts, and the largest Lyapunov exponent."""

from __future__ import annotations

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
from plrnn_analysis.results import Trajectory

from .series import Series

__all__ = [
    "Agreement",
    "FreeRuns",
    "agreement",
    "free_runs",
    "largest_exponent",
    "run_beside",
    "validation_score",
]

HORIZONS = (1, 10, 100)
# Steps in which the data steer a model before it runs on its own.
WARM_UP = 20
# Free runs of a motion that goes on: how many, and their steps all together, for the final figures and for choosing.
LASTING_RUNS = 4
FINAL_STEPS, CHOICE_STEPS = 100_000, 100_000
EXPONENT_STEPS = 20_000
# How much a spectral distance counts beside a divergence in state space.
SPECTRAL_WEIGHT = 5.0
# Stands for a state that is not finite any more.
BEYOND = 1e300
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
        Where runs began.
    """

    generated: tuple[np.ndarray, ...]
    data: tuple[np.ndarray, ...]
    starts: np.ndarray


@dataclass(frozen=True)
class Agreement(Frozen):
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
    if series.lasting:
        run, _ = run_beside(model, series, steps, gain)
        return FreeRuns(tuple(_outputs(run)), series.trials, run.initial)
    generated: list[np.ndarray] = []
    data: list[np.ndarray] = []
    for length in sorted({len(trial) for trial in series.trials}):
        same = [i for i, trial in enumerate(series.trials) if len(trial) == length]
        run, beside = run_beside(model, series.part([(i, 0, length) for i in same]), steps, gain)
        generated += list(_outputs(run))
        data += beside
    return FreeRuns(tuple(generated), tuple(data), run.initial)


def run_beside(model: PLRNN, series: Series, steps: int, gain: float = 1.0) -> tuple[Trajectory, list[np.ndarray]]:
    """A free run from each of some places in the data, and the data that follow there.

    Parameters
    ----------
    model, series, steps, gain
        As for :func:`free_runs`; of trials, those count that are as long as the longest.

    Returns
    -------
    Trajectory
        Diverging where the network does so already before.
    list of (T_i, N) ndarray
        As many as runs.
    """
    longest = max(len(trial) for trial in series.trials)
    warm_up = min(WARM_UP, longest // 4)
    if series.lasting:
        places = _evenly_spaced(series, LASTING_RUNS, warm_up + 1)
        n_steps = max(1, steps // LASTING_RUNS)
    else:
        places = [(i, 0) for i, trial in enumerate(series.trials) if len(trial) == longest]
        n_steps = longest - 1 - warm_up
    x = np.stack([series.trials[i][a : a + warm_up + 1] for i, a in places])
    s = np.stack([series.inputs[i][a : a + warm_up + 1] for i, a in places])
    z = synchronised_states(model, x, s if series.n_inputs else None, gain)
    # What diverges while it is steered does so afterwards.
    z = np.where(np.isfinite(z), z, BEYOND)
    after = [series.trials[i][a + warm_up + 1 :] for i, a in places]
    if series.lasting:
        return model.simulate(n_steps, z0=z), after
    return model.run(np.stack([series.inputs[i][a + warm_up + 1 :] for i, a in places]), z0=z), after


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


def _outputs(run: Trajectory) -> np.ndarray:
    assert run.outputs is not None  # fitted networks have a readout
    return run.outputs


def _evenly_spaced(series: Series, n: int, length: int) -> list[tuple[int, int]]:
    """`n` windows (trial, first step) spread over the data, that end in complete observations if there are any."""
    places = [(i, a) for i, trial in enumerate(series.trials) for a in range(len(trial) - length + 1)]
    complete = [np.isfinite(trial).all(axis=1) for trial in series.trials]
    informed = [(i, a) for i, a in places if complete[i][a + length - 1]] or places
    return [informed[int((k + 0.5) * len(informed) / n)] for k in range(n)]
