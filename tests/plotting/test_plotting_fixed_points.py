"""Trials and fixed points in a plane."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.plotting import plot_fixed_points


def switch(**options):
    return PLRNN.leaky_rnn([[0, -2], [-2, 0]], b=[1, 1], alpha=0.2, **options)


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def markers(ax):
    return [line for line in ax.get_lines() if line.get_marker() in ("o", "D", "s") and len(line.get_xdata())]


@pytest.mark.parametrize("m", [1, 2, 5, 32])
def test_every_size_can_be_drawn(m, tmp_path):
    rng = np.random.default_rng(m)
    model = PLRNN.relu_rnn(1.2 * rng.normal(size=(m, m)) / np.sqrt(m), rng.normal(size=m), B=rng.normal(size=(2, m)))
    found, run = model.fixed_points(), model.simulate(40, n=5)
    for options in ({}, {"outputs": (0, 1)}):
        for ax in (plot_fixed_points(found, run, **options), *([plot_fixed_points(found, **options)] if found else [])):
            ax.figure.savefig(tmp_path / "figure.png")
            assert (tmp_path / "figure.png").stat().st_size > 2000
            assert ax.get_title() == f"{len(found)} fixed point{'' if len(found) == 1 else 's'}; complete"


def test_points_are_where_they_are_and_saddles_let_go_along_their_eigenvectors():
    model = switch()
    ax = plot_fixed_points(model.fixed_points(), model.simulate(60, n=20), units=(0, 1))
    assert entries(ax) == ["trials", "stable (2)", "saddle, 1 unstable direction (1)"]
    stable, saddle = (np.array(line.get_data()).T for line in markers(ax))
    assert np.allclose(sorted(stable.tolist()), [[0.0, 1.0], [1.0, 0.0]])
    assert np.allclose(saddle, [[1 / 3, 1 / 3]])
    direction = next(line for line in ax.get_lines() if line.get_color() == "#D55E00" and line.get_marker() == "None")
    (x0, x1), (y0, y1) = direction.get_data()
    assert np.isclose((y1 - y0) / (x1 - x0), -1.0) and np.isclose((x0 + x1) / 2, 1 / 3)


def test_what_is_far_out_is_counted():
    model = PLRNN.al_rnn([1.001, 0.5], [[0.0, 0.0], [0.0, 0.0]], [0.1, 0.0], pwl_units=0)
    ax = plot_fixed_points(model.fixed_points(), model.simulate(20))
    assert entries(ax) == ["trials", "further out (1)"]


def test_lines_of_fixed_points_labels_and_diverged_runs():
    model = exact_addition_solver()
    run = model.run(np.random.default_rng(0).random((4, 12, 2)))
    assert any(
        text.startswith("line of fixed points in") for text in entries(plot_fixed_points(model.fixed_points(), run))
    )
    model = switch(W_in=np.eye(2))
    found = {name: model.fixed_points(constant_input=held) for name, held in (("off", [0, 0]), ("left", [2, 0]))}
    ax = plot_fixed_points(found, model.run(np.zeros((3, 20, 2))))
    assert ax.get_title() == "4 fixed points; complete"
    growing = PLRNN.al_rnn([3.0], [[0.0]], [1.0], pwl_units=0)
    assert np.all(np.isfinite(plot_fixed_points(growing.fixed_points(), growing.simulate(2000)).get_xlim()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": (0, 0)}, "two different"),
        ({"units": (0, 2)}, "units"),
        ({"outputs": (0, 1)}, "no readout"),
        ({"units": (0, 1), "outputs": (0, 1)}, "not both"),
        ({"max_trials": 0}, "max_trials"),
    ],
)
def test_what_is_refused(options, message):
    model = switch()
    with pytest.raises(ModelError, match=message):
        plot_fixed_points(model.fixed_points(), model.simulate(5), **options)


def test_nothing_to_draw():
    none = PLRNN.al_rnn([1.0], [[0.0]], [1.0], pwl_units=0).fixed_points()
    assert not none
    for options in ({}, {"units": (0, 1)}, {"outputs": (0, 1)}):
        with pytest.raises(ModelError):
            plot_fixed_points(none, **options)
