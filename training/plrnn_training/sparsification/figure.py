"""Figure of a sparsification: fixed points kept and score against P, with direct training beside the path."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plrnn_analysis._files import write_figure
from plrnn_analysis.plotting.style import INK, OTHER, PALETTE, open_frame

from .results import Sparsification, TrainedBranch

__all__ = ["plot_sparsification"]

# A score this far below its limit is that of a network that answers its own questions.
ROUNDING = 1e-6
# How far branches stand from their P, and seeds of direct training, so that equal ones do not hide each other.
APART, SEEDS_APART = 0.08, 0.3


def _offsets(branches: list[TrainedBranch]) -> list[float]:
    """Where branches stand beside their P: those of one P side by side, to the right of the path."""
    seen: dict[int, int] = {}
    places = []
    for branch in branches:
        seen[branch.pwl_units] = seen.get(branch.pwl_units, 0) + 1
        places.append(-APART * seen[branch.pwl_units])
    return places


def plot_sparsification(found: Sparsification, path: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    found : Sparsification
    path : Path
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator

    o = found.original
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    chosen = [level.best for level in found if level.chosen is not None]
    path_p = [o.pwl_units, *(branch.pwl_units for branch in chosen)]
    others = [b for level in found for i, b in enumerate(level.branches) if i != level.chosen]
    wanted = found[0].best.judgement.wanted if found else len(o.fixed_points)
    left.axhline(wanted, color=OTHER, linewidth=1, zorder=0, label="the original")
    left.plot(path_p, [wanted, *(b.judgement.kept for b in chosen)], "o-", color=PALETTE[0], label="path")
    scores = [o.score, *(b.judgement.score for b in chosen)]
    # Of its own trajectories, the original's error is nothing but rounding.
    first = int(o.score <= ROUNDING * (o.score_limit or 0.0))
    right.plot(path_p[first:], scores[first:], "o-", color=PALETTE[0], label="path")
    faint = {"linestyle": "none", "markersize": 4, "markerfacecolor": "none"}
    beside = [b.pwl_units + offset for b, offset in zip(others, _offsets(others), strict=True)]
    left.plot(beside, [b.judgement.kept for b in others], "o", color=OTHER, **faint)
    right.plot(beside, [b.judgement.score for b in others], "o", color=OTHER, **faint)
    if found.direct is not None:
        d = found.direct
        # Seeds side by side, or equal ones would hide each other.
        at = d.pwl_units + np.linspace(-SEEDS_APART, SEEDS_APART, len(d.seeds))
        label = f"from scratch: {d.successes} of {len(d.seeds)} keep all"
        left.plot(at, [j.kept for j in d.judgements], "x", color=PALETTE[1], label=label)
        right.plot(at, [j.score for j in d.judgements], "x", color=PALETTE[1], label=label)
    if o.score_limit is not None:
        right.axhline(o.score_limit, color=INK, linewidth=1, linestyle=":", zorder=0, label="limit")
    left.plot([], [], "o", color=OTHER, label="other branches", **faint)
    left.set_ylabel(f"fixed points kept, of {wanted}")
    right.set_ylabel({"D_stsp": "$D_{stsp}$"}.get(o.score_name, o.score_name))
    if not o.higher_is_better:
        right.set_yscale("log")
        right.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        for axis_format in (right.yaxis.set_major_formatter, right.yaxis.set_minor_formatter):
            axis_format(FuncFormatter(lambda y, _: f"{y:g}"))
    left.invert_xaxis()
    right.legend(frameon=False, fontsize=8)
    for ax in (left, right):
        ax.set_xlabel("number of ReLU units P")
        ax.xaxis.get_major_locator().set_params(integer=True)
        open_frame(ax)
    left.set_ylim(-0.3, wanted + 0.5)
    left.yaxis.get_major_locator().set_params(integer=True)
    left.legend(frameon=False, fontsize=8, loc="lower left")
    write_figure(figure, path, dpi=200)
