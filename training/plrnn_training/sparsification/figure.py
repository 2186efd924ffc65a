"""Figure of a sparsification: fixed points kept and score against P, with direct training beside the path."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plrnn_analysis.plotting.style import OTHER, PALETTE, open_frame

from .results import Sparsification

__all__ = ["plot_sparsification"]


def plot_sparsification(found: Sparsification, path: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    found : Sparsification
    path : Path
    """
    from matplotlib.figure import Figure

    o = found.original
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    chosen = [level.best for level in found if level.chosen is not None]
    path_p = [o.pwl_units, *(branch.pwl_units for branch in chosen)]
    others = [b for level in found for i, b in enumerate(level.branches) if i != level.chosen]
    wanted = found[0].best.judgement.wanted if found else len(o.fixed_points)
    left.axhline(wanted, color=OTHER, linewidth=1, zorder=0)
    left.plot(path_p, [wanted, *(b.judgement.kept for b in chosen)], "o-", color=PALETTE[0], label="path")
    # Without the original, whose error may be nothing but rounding.
    right.plot(path_p[1:], [b.judgement.score for b in chosen], "o-", color=PALETTE[0], label="path")
    faint = {"linestyle": "none", "markersize": 4, "markerfacecolor": "none"}
    left.plot([b.pwl_units for b in others], [b.judgement.kept for b in others], "o", color=OTHER, **faint)
    right.plot([b.pwl_units for b in others], [b.judgement.score for b in others], "o", color=OTHER, **faint)
    if found.direct is not None:
        d = found.direct
        # Seeds side by side, or equal ones would hide each other.
        at = d.pwl_units + np.linspace(-0.3, 0.3, len(d.seeds))
        label = f"from scratch: {d.successes} of {len(d.seeds)} keep all"
        left.plot(at, [j.kept for j in d.judgements], "x", color=PALETTE[1], label=label)
        right.plot(at, [j.score for j in d.judgements], "x", color=PALETTE[1], label=label)
    if o.score_limit is not None:
        right.axhline(o.score_limit, color=OTHER, linewidth=1, zorder=0)
    left.plot([], [], "o", color=OTHER, label="other branches", **faint)
    left.set_ylabel(f"fixed points kept, of {wanted}")
    right.set_ylabel(o.score_name)
    if not o.higher_is_better:
        right.set_yscale("log")
    for ax in (left, right):
        ax.set_xlabel("number of ReLUs, P")
        ax.invert_xaxis()
        ax.xaxis.get_major_locator().set_params(integer=True)
        open_frame(ax)
    left.set_ylim(-0.3, wanted + 0.5)
    left.yaxis.get_major_locator().set_params(integer=True)
    left.legend(frameon=False, fontsize=8, loc="lower left")
    figure.savefig(path, dpi=200)
