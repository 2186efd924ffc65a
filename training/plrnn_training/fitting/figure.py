"""The figure of a fit: data and free run in the same axes, in space, time and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plrnn_analysis.appearance import node_labels
from plrnn_analysis.display.abbreviation import count_words
from plrnn_analysis.plotting.style import (
    INK,
    OTHER,
    PALETTE,
    bitcode_colours,
    bitcode_strings,
    drawn_name,
    open_frame,
    percent,
)
from plrnn_analysis.reconstruction import power_spectra

from .measures import run_beside
from .results import SHOWN_STEPS, Fit
from .series import decorrelation_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["fit_figure"]

# Channels whose course is drawn, and steps of it in decorrelation times.
CHANNELS, TIMES = 4, 40
# Points of the free run in space.
POINTS = 4000
# Subregions with a colour and a name: with the data and the others, eight entries of a legend.
NAMED = 6
# Share of the power of the data that half of the axis of frequencies shows.
CARRIED = 0.999
# Points of the other subregions: darker than the data, and smaller than those that are named.
REST, SMALL, LARGE = "#777777", 1.6, 3.2


def fit_figure(fit: Fit) -> Figure:
    """Draw the best network of a fit beside the held-out data.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Figure
    """
    from matplotlib.figure import Figure

    best, data = fit.best, fit.known_data
    run, after = run_beside(best.model, data.held_out, SHOWN_STEPS, 1.0 if best.alpha is None else best.alpha)
    assert run.outputs is not None  # fitted networks have a readout
    codes = bitcode_strings(run)
    ranked = list(bitcode_colours(codes))
    colours = {code: PALETTE[i] if i < NAMED else REST for i, code in enumerate(ranked)}
    figure = Figure(figsize=(12.5, 6.4), layout="constrained")
    grid = figure.add_gridspec(2, 3, width_ratios=(1.15, 1.0, 0.9))
    space, spectrum = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 2])
    memory = decorrelation_time(data.training)
    _space(space, fit, run.outputs, codes, colours, memory)
    shown = min(CHANNELS, data.training.n_channels)
    courses = figure.add_subplot(grid[:, 1])
    _courses(courses, fit, run.outputs[0], after[0], codes[0], colours, min(shown, CHANNELS), memory)
    _spectra(spectrum, fit, run.outputs)
    figure.suptitle(
        f"{data.training.source}: P = {best.pwl_units}, seed {best.seed}, "
        f"$D_{{stsp}}$ {best.d_stsp:.3g}, $D_H$ {best.d_h:.3g}",
        fontsize=11,
    )
    return figure


def _space(ax: Axes, fit: Fit, outputs: np.ndarray, codes: np.ndarray, colours: dict[str, str], memory: float) -> None:
    """Data as a line below, the free run as points in the colours of subregions."""
    held = fit.known_data.held_out
    project, names = _plane(fit, memory)
    budget = 2 * POINTS
    for trial in held.trials:
        path = project(trial[: max(2, budget)])
        budget -= len(trial)
        ax.plot(*path.T, "-", color=OTHER, linewidth=0.7, zorder=1)
        if budget <= 0:
            break
    ax.plot([], [], "-", color=OTHER, linewidth=2, label="held-out data")
    finite = np.isfinite(outputs).all(axis=(1, 2))
    lag = outputs.shape[1] - len(project(outputs[0]))
    if finite.any():
        points = np.concatenate([project(path) for path in outputs[finite]])
        names_at = np.concatenate([code[lag:] for code in codes[finite]])
        chosen = np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(int)
        points, names_at = points[chosen], names_at[chosen]
        for code, colour in colours.items():
            inside = names_at == code
            size, above = (SMALL, 2) if colour == REST else (LARGE, 3)
            ax.plot(*points[inside].T, ".", color=colour, markersize=size, zorder=above)
    all_codes, counts = np.unique(codes, return_counts=True)
    shares = dict(zip(all_codes.tolist(), (counts / counts.sum()).tolist(), strict=True))
    names_of = node_labels(list(colours))
    for code, colour in list(colours.items())[:NAMED]:
        ax.plot(
            [], [], ".", color=colour, markersize=9, label=f"{names_of[code] or 'linear'} ({percent(shares[code])})"
        )
    if len(colours) > NAMED:
        rest = percent(sum(shares[code] for code in list(colours)[NAMED:]))
        ax.plot([], [], ".", color=REST, markersize=5, label=f"{len(colours) - NAMED} others ({rest})")
    _room(ax, np.concatenate([project(trial) for trial in held.trials]))
    ax.set_xlabel(drawn_name(names[0]))
    ax.set_ylabel(drawn_name(names[1]))
    ax.set_title("a  data and free run; colours are subregions", loc="left", fontsize=10)
    ax.legend(fontsize=8, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    open_frame(ax)


def _plane(fit: Fit, memory: float):  # type: ignore[no-untyped-def]
    """How values (T, N) are drawn in a plane, and what its axes are called."""
    training = fit.known_data.training
    n = training.n_channels
    if n == 1:
        lag = max(1, round(memory))
        name = training.names[0]
        return (lambda x: np.stack([x[lag:, 0], x[:-lag, 0]], axis=1)), (
            name,
            f"{name}, {count_words(lag, 'step')} earlier",
        )
    if n == 2:
        return (lambda x: x), training.names
    values = np.concatenate(training.trials)
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    known = np.isfinite(values).all(axis=1)
    standard = (np.where(np.isfinite(values), values, mean) - mean) / scale
    _, directions = np.linalg.eigh(np.cov(standard[known].T if known.any() else standard.T))
    axes = directions[:, :-3:-1]
    return (lambda x: ((x - mean) / scale) @ axes), ("first principal component", "second principal component")


def _room(ax: Axes, data: np.ndarray) -> None:
    """Limits from the data: a free run that leaves is cut off."""
    low, high = np.nanmin(data, axis=0), np.nanmax(data, axis=0)
    room = 0.08 * np.where(high > low, high - low, 1.0)
    ax.set_xlim(low[0] - room[0], high[0] + room[0])
    ax.set_ylim(low[1] - room[1], high[1] + room[1])


def _courses(
    ax: Axes, fit: Fit, outputs: np.ndarray, data: np.ndarray, codes: np.ndarray, colours: dict[str, str], shown: int,
    memory: float,
) -> None:  # fmt: skip
    """A few channels over time, from a common start, one above the other."""
    series = fit.known_data.training
    steps = min(len(outputs), len(data), max(100, round(TIMES * memory)))
    time = series.dt * np.arange(1, steps + 1)
    values = np.concatenate(series.trials)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    height = np.where(high > low, high - low, 1.0) * 1.15
    for channel in range(shown):
        level = shown - 1 - channel
        for path, colour, width in ((data, INK, 1.0), (outputs, PALETTE[5], 1.2)):
            y = level + (path[:steps, channel] - low[channel]) / height[channel]
            ax.plot(time, np.clip(y, level - 0.1, level + 1.0), color=colour, linewidth=width)
    for code, colour in colours.items():
        inside = codes[:steps] == code
        ax.bar(time[inside], 0.07, bottom=-0.17, width=series.dt, color=colour)
    ax.plot([], [], color=INK, label="held-out data")
    ax.plot([], [], color=PALETTE[5], label="free run")
    ax.set_yticks(np.arange(shown) + 0.45, [drawn_name(name) for name in series.names[:shown]][::-1])
    ax.set_xlabel("time after the start" if series.dt != 1.0 else "steps after the start")
    more = f" ({shown} of {series.n_channels} channels)" if series.n_channels > shown else ""
    ax.set_title(f"b  from the same state{more}", loc="left", fontsize=10)
    ax.legend(fontsize=8, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    open_frame(ax)


def _spectra(ax: Axes, fit: Fit, outputs: np.ndarray) -> None:
    """Mean power spectra of the channels."""
    held, dt = fit.known_data.held_out, fit.known_data.training.dt
    length = sorted(len(part) for part in held.trials)[len(held.trials) // 2]
    length = min(length, outputs.shape[1])
    runs = [path for path in outputs if np.isfinite(path).all()]
    for series, colour, label in ((list(held.trials), INK, "held-out data"), (runs, PALETTE[5], "free run")):
        if not series:
            continue
        try:
            power = power_spectra(series, length).mean(axis=1)
        except ValueError:  # gaps cut the data into shorter stretches
            power = power_spectra(series).mean(axis=1)
        frequency = np.linspace(0.0, 0.5 / dt, len(power))
        if colour == INK and len(power) > 1:
            # Beyond, there is next to nothing in the data.
            last = min(len(power) - 1, max(1, 2 * int(np.searchsorted(power.cumsum(), CARRIED))))
            ax.set_xlim(0.0, frequency[last])
            ax.set_ylim(0.3 * power[: last + 1].min() * len(power), 3.0 * power.max() * len(power))
        ax.semilogy(frequency, power * len(power), color=colour, linewidth=1.3, label=label)
    linear = fit.baselines[-1]
    ax.set_xlabel("frequency per unit of time" if dt != 1.0 else "frequency per step")
    ax.set_ylabel("power, smoothed, mean of the channels")
    ax.set_title(f"c  spectra, $D_H$ {fit.best.d_h:.2g} (linear: {linear.agreement.d_h:.2g})", loc="left", fontsize=10)
    ax.legend(fontsize=8, frameon=False)
    open_frame(ax)
