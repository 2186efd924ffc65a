"""Figures of a sweep: scores against P, a panel for each data size or each kind of trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from plrnn_analysis._files import write_figure
from plrnn_analysis._signatures import checked
from plrnn_analysis.errors import ModelError
from plrnn_analysis.plotting.style import INK, PALETTE, drawn_name, open_frame

from .results import Curve, Sweep
from .row import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["condition_curves", "data_sizes", "draw_p_curve", "p_curve", "save_figures"]

# Ratio of the largest to the smallest error from which on errors are drawn on a logarithmic axis.
_WIDE = 20.0
_PANEL, _HEIGHT = 3.6, 3.4
# Panels of one row.
_ROW = 4
# Entries of a legend.
_ENTRIES = 8
# Marks on the axis of P stand at least so far apart, in doublings and as a share of the axis.
_APART, _SHARE = 0.33, 0.08


@checked
def p_curve(sweep: Sweep, condition: str | None = None) -> Figure:
    """Scores against P: medians as a line, seeds as dots, with floor, chance and baselines.

    Parameters
    ----------
    sweep : Sweep
    condition : str, optional
        A kind of trials; all trials by default.

    Returns
    -------
    Figure
        One panel for each data size, all on the same axis of scores. P is spaced as log(1 + P).
    """
    figure, panels = _panels(len(sweep.sizes))
    draw_p_curve(panels, sweep, condition)
    _label(figure, panels, sweep, condition)
    return figure


@checked
def draw_p_curve(panels: Sequence[Axes], sweep: Sweep, condition: str | None = None) -> None:
    """The same on axes of a larger figure.

    Parameters
    ----------
    panels : sequence of Axes
        One for each data size of the sweep.
    sweep : Sweep
    condition : str, optional
        As in :func:`p_curve`.
    """
    curves = sweep.curves(condition)
    frame = _Frame(sweep, curves, _marks(sweep, condition))
    if len(panels) != len(sweep.sizes):
        raise ModelError(f"panels must be {len(sweep.sizes)} axes, one per data size, got {len(panels)}")
    for ax, size in zip(panels, sweep.sizes, strict=True):
        open_frame(ax)
        frame.draw(ax, [c for c in curves if c.samples == size], PALETTE[0], INK)
        _lines(ax, sweep, condition)
        frame.scores(ax)
        frame.models(ax)
        # The only panel needs no name, unless its trials were few.
        if sweep.sizes != (None,):
            ax.set_title(_size(size, sweep), fontsize=10, pad=12)
    panels[0].set_ylabel(_score(sweep))


@checked
def data_sizes(sweep: Sweep) -> Figure:
    """Scores against the number of training trials, one line for each P and baseline.

    Parameters
    ----------
    sweep : Sweep
        With at least one data size that is a number.

    Returns
    -------
    Figure
    """
    from matplotlib import colormaps

    figure, (ax,) = _panels(1, 5.4)
    curves = [c for c in sweep.curves() if c.samples is not None]
    values = sorted({c.pwl_units for c in curves if c.pwl_units is not None})
    shades = dict(zip(values, colormaps["viridis"](np.linspace(0, 0.9, max(1, len(values)))), strict=True))
    names = sorted({c.model for c in curves if c.pwl_units is None})
    named = _some(values, max(2, _ENTRIES - len(names)))
    styles: list[tuple[str, list[Curve], dict[str, Any]]] = [
        (f"P = {p}" if p in named else "", [c for c in curves if c.pwl_units == p], {"color": shades[p], "marker": "o"})
        for p in values
    ]
    for index, name in enumerate(names):
        own = [c for c in curves if c.pwl_units is None and c.model == name]
        styles.append((label(name), own, {"color": INK, "linestyle": "--", "marker": _marker(index)}))
    for text, own, style in styles:
        points = sorted((c.samples or 0, c.median) for c in own)
        ax.plot(*zip(*points, strict=True), markersize=4, label=text or None, **style)
    _lines(ax, sweep)
    _Frame(sweep, curves, _marks(sweep)).scores(ax)
    sizes = [size for size in sweep.sizes if size is not None]
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_xticks([], minor=True)
    each = " of each kind" if sweep.conditions else ""
    ax.set_xlabel(f"training trials{each}")
    ax.set_ylabel(f"{_score(sweep)}, median of the seeds")
    ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _title(figure, sweep)
    return figure


@checked
def condition_curves(sweep: Sweep) -> Figure:
    """Scores against P for every kind of trial, one line for each data size.

    Parameters
    ----------
    sweep : Sweep
        Of a task whose trials have conditions.

    Returns
    -------
    Figure
    """
    if not sweep.conditions:
        raise ModelError("the trials of this sweep have no conditions: draw p_curve() instead")
    figure, panels = _panels(len(sweep.conditions), 2.9, 2.6)
    everything = [c for name in sweep.conditions for c in sweep.curves(name)]
    marks = [mark for name in sweep.conditions for mark in _marks(sweep, name)]
    frame = _Frame(sweep, everything, marks)
    for ax, name in zip(panels, sweep.conditions, strict=True):
        curves = sweep.curves(name)
        for colour, size in zip(_colours(len(sweep.sizes)), sweep.sizes, strict=True):
            own = [c for c in curves if c.samples == size]
            frame.draw(ax, own, colour, colour, _size(size, sweep))
        _lines(ax, sweep, name)
        frame.scores(ax)
        frame.models(ax)
        ax.set_title(drawn_name(name.replace("_", " ")), fontsize=9, pad=10)
    if len(sweep.sizes) > 1:
        panels[0].legend(fontsize=7, frameon=False)
    _label(figure, panels, sweep, None)
    return figure


@checked
def save_figures(sweep: Sweep, directory: Path) -> list[Path]:
    """Write the figures that suit a sweep, each as PNG and SVG.

    Parameters
    ----------
    sweep : Sweep
    directory : Path

    Returns
    -------
    list of Path
        ``p_curve``, with several data sizes ``data_sizes``, with kinds of trials ``conditions``.
    """
    figures = {"p_curve": p_curve(sweep)}
    if len([size for size in sweep.sizes if size is not None]) > 1:
        figures["data_sizes"] = data_sizes(sweep)
    if len(sweep.conditions) > 1:
        figures["conditions"] = condition_curves(sweep)
    paths = []
    for name, figure in figures.items():
        for suffix in (".png", ".svg"):
            paths.append(directory / f"{name}{suffix}")
            write_figure(figure, paths[-1], dpi=150)
    return paths


class _Frame:
    """The axes that all panels share: models by P, and scores, on a logarithmic axis where errors differ widely."""

    def __init__(self, sweep: Sweep, curves: Sequence[Curve], lines: Sequence[_Mark]) -> None:
        self.values = sorted({c.pwl_units for c in curves if c.pwl_units is not None})
        self.names = sorted({c.model for c in curves if c.pwl_units is None})
        marks = [mark.score for mark in lines]
        shown = [s for c in curves for s in c.scores if math.isfinite(s)] + marks
        low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
        self.log = not sweep.higher_is_better and low > 0 and high / low > _WIDE
        if self.log:
            # A diverged model must not hide the others.
            high = min(high, 10 * max(marks)) if marks else high
            self.limits = (low / 1.5, high * 1.5)
        else:
            margin = 0.06 * (high - low or 1.0)
            self.limits = (low - margin, high + margin)

    def scores(self, ax: Axes) -> None:
        """The axis of scores."""
        if self.log:
            ax.set_yscale("log")
        ax.set_ylim(*self.limits)

    def models(self, ax: Axes) -> None:
        """The axis of P, with baselines to the right of it; its marks are P itself and not its logarithm."""
        places = [*map(self._at, self.values), *(self._beside(i) for i in range(len(self.names)))]
        ax.set_xticks(places, [*self._ticks(), *map(label, self.names)])
        for tick in ax.get_xticklabels()[len(self.values) :]:
            tick.set_rotation(45 if len(self.names) <= 2 else 90)
        ax.set_xlim(min(places, default=0.0) - 0.35, max(places, default=0.0) + 0.35)
        ax.set_xlabel("number of ReLU units P" if self.values else "")

    def draw(self, ax: Axes, curves: Sequence[Curve], colour: Any, beside: Any, text: str = "") -> None:
        """Medians as a line and seeds as dots; baselines beside it."""
        line = sorted((self._place(c), c.median) for c in curves if c.pwl_units is not None)
        if line:
            ax.plot(*zip(*line, strict=True), "o-", color=colour, markersize=5, label=text, zorder=4)
        for curve in curves:
            x, own = self._place(curve), colour
            if curve.pwl_units is None:
                own = beside
                marker = _marker(self.names.index(curve.model))
                if math.isfinite(curve.median):
                    ax.plot([x], [curve.median], marker, color=own, markersize=6, zorder=4)
            # Side by side rather than on top of each other.
            spread = np.linspace(-0.09, 0.09, len(curve.scores)) if len(curve.scores) > 1 else np.zeros(1)
            known = np.isfinite(curve.scores)
            if known.any():
                scores = np.array(curve.scores)[known]
                ax.plot(x + spread[known], scores, ".", color=own, alpha=0.45, markersize=5, zorder=3)
        self._count_what_is_above(ax, curves)

    def _count_what_is_above(self, ax: Axes, curves: Sequence[Curve]) -> None:
        for curve in curves:
            above = sum(not score <= self.limits[1] for score in curve.scores)
            if above:
                ax.annotate(
                    f"{above} ↑", (self._place(curve), 1.0), xycoords=("data", "axes fraction"), ha="center",
                    va="bottom", fontsize=7, color=INK,
                )  # fmt: skip

    def _place(self, curve: Curve) -> float:
        return self._beside(self.names.index(curve.model)) if curve.pwl_units is None else self._at(curve.pwl_units)

    @staticmethod
    def _at(pwl_units: int) -> float:
        return math.log2(1 + pwl_units)

    def _beside(self, index: int) -> float:
        return (self._at(self.values[-1]) + 1.2 if self.values else 0.0) + 0.8 * index

    def _ticks(self) -> list[str]:
        """P as text, without those that would run into the one before."""
        texts, last = [], -math.inf
        length = self._beside(len(self.names) - 1) if self.names else self._at(self.values[-1]) if self.values else 0.0
        apart = max(_APART, _SHARE * length)
        for p in self.values:
            clear = self._at(p) - last > apart
            texts.append(str(p) if clear else "")
            last = self._at(p) if clear else last
        return texts


class _Mark(NamedTuple):
    """A line at a score that models are compared with."""

    score: float
    style: str
    colour: str
    name: str


def _marks(sweep: Sweep, condition: str | None = None) -> list[_Mark]:
    floor = sweep.floor if condition is None else sweep.floor_conditions.get(condition)
    marks = [] if floor is None else [_Mark(floor, "-", PALETTE[5], "best affine")]
    # Chance and simple models are known for all trials together.
    if condition is None:
        marks += [] if sweep.chance is None else [_Mark(sweep.chance, ":", INK, "chance")]
        marks += [_Mark(score, "--", INK, label(name)) for name, score in sweep.simple_baselines.items()]
    return marks


def _lines(ax: Axes, sweep: Sweep, condition: str | None = None) -> None:
    given = sorted(_marks(sweep, condition), key=lambda mark: mark.score)
    for index, (value, style, colour, name) in enumerate(given):
        ax.axhline(value, color=colour, linestyle=style, linewidth=1.1, zorder=1)
        # The upper line is named above it, the lower one below, however near they are.
        above = index == len(given) - 1
        ax.annotate(
            f"{name} {value:.3g}", (1.0, value), xycoords=("axes fraction", "data"), xytext=(0, 2 if above else -2),
            textcoords="offset points", ha="right", va="bottom" if above else "top", fontsize=7, color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )  # fmt: skip


def _panels(n: int, width: float = _PANEL, height: float = _HEIGHT) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(n, _ROW)
    rows = -(-n // columns)
    figure = Figure(figsize=(max(width * columns, 4.6), height * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel().tolist()
    for ax in panels[n:]:
        ax.remove()
    for ax in panels[:n]:
        open_frame(ax)
    return figure, panels[:n]


def _label(figure: Figure, panels: Sequence[Axes], sweep: Sweep, condition: str | None) -> None:
    for ax in panels[::_ROW]:
        ax.set_ylabel(_score(sweep))
    _title(figure, sweep, condition)


def _title(figure: Figure, sweep: Sweep, condition: str | None = None) -> None:
    variant = f", {label(sweep.variant)}" if sweep.variant else ""
    kind = f": {label(condition)}" if condition else ""
    figure.suptitle(f"{label(sweep.task)}{variant}{kind} (M = {sweep.n_units})", fontsize=11)


def _score(sweep: Sweep) -> str:
    return {"mse": "mean squared error"}.get(sweep.metric, sweep.metric.replace("_", " "))


def _size(size: int | None, sweep: Sweep) -> str:
    if size is None:
        return "fresh trials"
    each = " of each kind" if sweep.conditions else ""
    return f"{size} trial{'s' * (size != 1)}{each}"


def _some(values: Sequence[int], n: int) -> set[int]:
    """Of many values the first, the last and some between."""
    return {values[i] for i in np.linspace(0, len(values) - 1, min(n, len(values))).round().astype(int)}


def _marker(index: int) -> str:
    return "sD^vPX*"[index % 7]


def _colours(n: int) -> list[str]:
    return [PALETTE[i % len(PALETTE)] for i in range(n)]
