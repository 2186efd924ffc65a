"""What data are: trials of one length or several, what is missing in them, and the inputs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plrnn_analysis._frozen import Frozen
from plrnn_analysis._signatures import checked
from plrnn_analysis._validation import number, whole
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.errors import ModelError
from plrnn_analysis.reconstruction.stretches import as_trials, gap_free

from ..systems import GeneratedSeries

__all__ = ["Series", "Split", "as_series", "decorrelation_time", "split", "together"]

# With fewer trials each is cut in time; otherwise whole trials are set aside.
MANY_TRIALS = 5
# Without inputs a trial of this many steps stands for a motion that goes on.
LASTING = 1000


@checked
@dataclass(frozen=True, eq=False)
class Series(Frozen):
    """Recorded values and the inputs beside them.

    Attributes
    ----------
    trials : tuple of (T_i, N) ndarray
        NaN marks what is missing.
    inputs : tuple of (T_i, K) ndarray
        Input at each time; K may be 0.
    names, input_names : tuple of str
        Of the channels.
    dt : float
        Time between two steps.
    source : str
        Where the data come from, in words.
    system : str or None
        Name of the generated system they are from, see :mod:`plrnn_training.systems`.
    lambda_max : float or None
        Largest Lyapunov exponent per unit of time, where it is known.
    lasting : bool
        Whether the data are taken as a motion that goes on, so that free runs may be longer than they are: few trials
        without inputs, one of them of 1000 steps or more. Otherwise free runs repeat the trials.
    """

    trials: tuple[np.ndarray, ...]
    inputs: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    input_names: tuple[str, ...]
    dt: float = 1.0
    source: str = "an array"
    system: str | None = None
    lambda_max: float | None = None
    lasting: bool = False

    @property
    def n_channels(self) -> int:
        """N."""
        return len(self.names)

    @property
    def n_inputs(self) -> int:
        """K."""
        return len(self.input_names)

    @property
    def n_steps(self) -> int:
        """Steps of all trials together."""
        return sum(len(trial) for trial in self.trials)

    @property
    def n_missing(self) -> int:
        """Values that are missing."""
        return sum(int(np.isnan(trial).sum()) for trial in self.trials)

    def part(self, pieces: Sequence[tuple[int, int, int]]) -> Series:
        """The pieces (trial, first step, step after the last) as trials of their own."""
        places = [tuple(map(int, piece)) for piece in pieces]
        for i, _, _ in places:
            whole("pieces: trial", i, 0, len(self.trials) - 1)
        return replace(
            self,
            trials=tuple(self.trials[i][a:b] for i, a, b in places),
            inputs=tuple(self.inputs[i][a:b] for i, a, b in places),
        )


@checked
@dataclass(frozen=True, eq=False)
class Split(Frozen):
    """Data by what they are used for.

    Attributes
    ----------
    training : Series
        Windows are drawn from it.
    validation : Series
        With it models, checkpoints and settings are chosen.
    held_out : Series
        For the figures that are reported; nothing is chosen by it.
    """

    training: Series
    validation: Series
    held_out: Series


@checked
def as_series(
    data: Any,
    inputs: Any = None,
    *,
    dt: float | None = None,
    names: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    lambda_max: float | None = None,
    source: str | None = None,
) -> Series:
    """Whatever a user calls a time series, checked.

    Parameters
    ----------
    data : Series, GeneratedSeries, (T, N) or (n, T, N) array_like, or sequence of (T_i, N) array_like
        NaN marks what is missing. A pandas.DataFrame gives its columns as names.
    inputs : like `data` with K channels, optional
    dt, names, input_names, lambda_max, source : optional
        As in :class:`Series`; what is given counts more than what the data bring along.

    Returns
    -------
    Series

    Raises
    ------
    ModelError
        If it is none of these; on infinite values, a trial of one step, a channel without a value, missing or
        mismatched inputs, or names that are not one per channel.
    """
    if isinstance(data, Series) and inputs is None:
        series = data
    else:
        series = _new_series(data, inputs)
    if dt is not None:
        series = replace(series, dt=number("dt", dt, above=0.0))
    if lambda_max is not None:
        series = replace(series, lambda_max=number("lambda_max", lambda_max))
    if source is not None:
        series = replace(series, source=source)
    if names is not None:
        series = replace(series, names=_names("names", names, series.n_channels))
    if input_names is not None:
        series = replace(series, input_names=_names("input_names", input_names, series.n_inputs))
    return series


def _new_series(data: Any, inputs: Any) -> Series:
    columns = getattr(data, "columns", None)
    system = data if isinstance(data, GeneratedSeries) else None
    values: Any = data.values if isinstance(data, GeneratedSeries) else data
    if isinstance(data, Series):
        values = list(data.trials)
    trials = [np.array(trial) for trial in as_trials("data", values)]
    for i, trial in enumerate(trials):
        if np.isinf(trial).any():
            raise ModelError(f"data: trial {i} holds infinite values; mark what is missing by NaN")
        if len(trial) < 2:
            raise ModelError(f"data: trial {i} has {len(trial)} step; a trial needs at least 2 to show how it goes on")
    n = trials[0].shape[1]
    if n > sum(len(trial) for trial in trials):
        raise ModelError(
            f"data: {n} channels and only {sum(len(trial) for trial in trials)} steps; time must be the first axis, so "
            "transpose them"
        )
    empty = np.flatnonzero(np.isnan(np.concatenate(trials)).all(axis=0))
    if len(empty):
        raise ModelError(f"data: channel {empty[0]} has no value at all; leave it out")
    driven = [np.zeros((len(trial), 0)) for trial in trials]
    if inputs is not None:
        driven = [np.array(s) for s in as_trials("inputs", inputs)]
        if [len(s) for s in driven] != [len(x) for x in trials]:
            raise ModelError(
                "inputs must be as long as the data, trial by trial: the data have "
                f"{_lengths(trials)} steps, the inputs {_lengths(driven)}"
            )
        if not all(np.isfinite(s).all() for s in driven):
            raise ModelError(
                "inputs hold NaN or infinite values: an input must be known at every step, so fill the gaps"
            )
    names = tuple(map(str, columns)) if columns is not None and len(columns) == n else _numbered("x", n)
    k = driven[0].shape[1]
    lasting = k == 0 and len(trials) < MANY_TRIALS and max(len(trial) for trial in trials) >= LASTING
    if system is None:
        return Series(tuple(trials), tuple(driven), names, _numbered("s", k), lasting=lasting)
    own = system.system
    source = f"{own.name}, generated (dt {system.dt:g}, noise {system.noise:g}, seed {system.seed})"
    return Series(
        tuple(trials),
        tuple(driven),
        own.variables,
        _numbered("s", k),
        system.dt,
        source,
        own.name,
        own.lambda_max,
        lasting,
    )


def _numbered(letter: str, n: int) -> tuple[str, ...]:
    return tuple(f"{letter}{i + 1}" for i in range(n))


def _names(argument: str, names: Sequence[str], n: int) -> tuple[str, ...]:
    found = tuple(str(name) for name in names)
    if isinstance(names, str) or len(found) != n:
        raise ModelError(f"{argument} must be {n} texts, one per channel, got {names!r}")
    return found


def _lengths(trials: Sequence[np.ndarray]) -> str:
    shown = ", ".join(str(len(trial)) for trial in trials[:5])
    return shown + (", ..." if len(trials) > 5 else "")


def split(series: Series, hold_out: float | Series, validation: float) -> Split:
    """Set data aside for validation and for the final figures.

    Parameters
    ----------
    series : Series
    hold_out : float or Series
        Share of the data, or other data of the same system, all of which are held out then.
    validation : float
        Share of the data.

    Returns
    -------
    Split
        From five trials on whole trials are set aside, evenly spaced among all; of fewer the ends.

    Raises
    ------
    ModelError
        On shares out of range, or if a part would be too short to show a step.
    """
    validation = number("validation", validation, above=0.0, below=1.0)
    if isinstance(hold_out, Series):
        if hold_out.n_channels != series.n_channels or hold_out.n_inputs != series.n_inputs:
            raise ModelError(
                f"the held-out data have {count_words(hold_out.n_channels, 'channel')} and "
                f"{count_words(hold_out.n_inputs, 'input')}, the others {series.n_channels} and {series.n_inputs}"
            )
        share, held = 0.0, hold_out
    else:
        share, held = number("hold_out", hold_out, above=0.0, below=1.0), None
    if share + validation >= 1.0:
        raise ModelError(f"hold_out {share:g} and validation {validation:g} leave nothing to train on")
    n = len(series.trials)
    if n >= MANY_TRIALS:
        set_aside = _spaced(list(range(n)), share) if held is None else []
        rest = [i for i in range(n) if i not in set_aside]
        chosen = _spaced(rest, validation / (1.0 - share))
        parts = [[i for i in rest if i not in chosen], chosen, set_aside]
        pieces = [[(i, 0, len(series.trials[i])) for i in part] for part in parts]
    else:
        lengths = [len(trial) for trial in series.trials]
        first = [round(t * (1.0 - share - validation)) for t in lengths]
        second = [round(t * (1.0 - share)) for t in lengths]
        pieces = [
            [(i, 0, a) for i, a in enumerate(first)],
            [(i, a, b) for i, (a, b) in enumerate(zip(first, second, strict=True))],
            [(i, b, t) for i, (b, t) in enumerate(zip(second, lengths, strict=True)) if held is None],
        ]
    for name, part in zip(("training", "validation", "hold_out"), pieces, strict=True):
        if (part or held is None) and not any(b - a > 1 for _, a, b in part):
            raise ModelError(
                f"{series.n_steps} steps in {count_words(n, 'trial')} are too few: nothing would be left for {name}. "
                "Give more data, or other shares"
            )
    training, validated, rest_of_all = (series.part([p for p in part if p[2] - p[1] > 1]) for part in pieces)
    return Split(training, validated, rest_of_all if held is None else held)


def _spaced(indices: list[int], share: float) -> list[int]:
    """At least one of them, evenly spaced."""
    n = max(1, round(share * len(indices)))
    return [indices[int((k + 0.5) * len(indices) / n)] for k in range(n)]


def together(first: Series, second: Series) -> Series:
    """Trials of both."""
    return replace(first, trials=first.trials + second.trials, inputs=first.inputs + second.inputs)


def decorrelation_time(series: Series) -> float:
    """Steps after which the autocorrelation has fallen to 1/e, the median over channels; at least 1.

    Parameters
    ----------
    series : Series

    Returns
    -------
    float
    """
    times = []
    for channel in range(series.n_channels):
        parts = [part[:, 0] for part in gap_free([trial[:, [channel]] for trial in series.trials])]
        mean, longest = np.concatenate(parts).mean(), max(len(part) for part in parts)
        size = 2 ** int(np.ceil(np.log2(2 * longest)))
        power = sum(np.abs(np.fft.rfft(part - mean, size)) ** 2 for part in parts)
        correlation = np.fft.irfft(power)[:longest]
        # Pairs of steps that many apart, over all parts.
        pairs = sum(np.maximum(len(part) - np.arange(longest), 0) for part in parts)
        correlation = correlation / np.maximum(pairs, 1)
        below = np.flatnonzero(correlation < correlation[0] / np.e)
        if len(below):
            k = int(below[0])
            high, low = correlation[k - 1], correlation[k]
            times.append(k - 1 + (high - correlation[0] / np.e) / (high - low))
        else:
            times.append(float(longest))
    return max(1.0, float(np.median(times)))
