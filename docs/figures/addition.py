"""Figures of networks that add two marked numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plrnn_analysis.plotting import (
    plot_drift,
    plot_error_by_relus,
    plot_fixed_point_distances,
    plot_loss_curves,
    plot_modes,
    plot_trial,
)

from .drawing import columns, network, panels


@cache
def _network() -> tuple[Any, Any]:
    """The network and its recorded trials."""
    model = network("addition")
    return model, model.run(model.trials)


def addition_modes() -> Axes:
    model, run = _network()
    return plot_modes(model.explain(run, n_modes=20), ax=panels(width=6.4, height=4.4))


def addition_drift() -> Axes:
    model, run = _network()
    return plot_drift(model.slow_manifolds(run), ax=panels(width=6.4, height=3.8))


def addition_distances() -> Axes:
    model, run = _network()
    return plot_fixed_point_distances(model.fixed_points(), run, ax=panels(width=6.4, height=3.0))


def addition_trial() -> Figure:
    return plot_trial(_network()[1], mark_channel=1, input_names=("value", "mark"))


def addition_training() -> Axes:
    found = columns("addition-training.csv")
    iterations = np.array(found.pop("iteration"), dtype=float)
    groups = {
        f"P = {p}": [np.array(values, dtype=float) for name, values in found.items() if name.startswith(f"P={p} ")]
        for p in (0, 1, 2)
    }
    return plot_loss_curves(iterations, groups, floor=1 / 6 - 1 / 300, top=1.0, ax=panels(width=6.4, height=4.0))


def addition_sweep() -> Figure:
    """Errors against P, one panel for each size of the training set."""
    found = columns("addition-sweep.csv")
    sizes = ("50", "500", "fresh")
    axes = panels(1, 3, width=9.0, height=3.4, sharey=True)
    for ax, size in zip(axes, sizes, strict=True):
        chosen = [i for i, samples in enumerate(found["samples"]) if samples == size]
        relus, scores = ([float(found[name][i]) for i in chosen] for name in ("pwl_units", "score"))
        plot_error_by_relus([int(p) for p in relus], scores, floor=float(found["floor"][0]), ax=ax)
        ax.get_legend().remove()
        ax.set_title("fresh trials" if size == "fresh" else f"{size} trials", fontsize=10)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return axes[0].figure
