"""Figures: they can be drawn for every kind of model, without a display, and say what the numbers say."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.plotting import (
    bitcode_colours,
    plot_fixed_point_distances,
    plot_fixed_points,
    plot_loss_curves,
    plot_state_plane,
    plot_transition_graph,
    plot_trial,
)
from plrnn_analysis.statuses import Stability


def model_and_run(pwl_units, n_units=5, seed=0):
    rng = np.random.default_rng(seed)
    model = PLRNN.al_rnn(
        A=rng.uniform(0.2, 0.8, n_units),
        W=0.3 * rng.normal(size=(n_units, n_units)),
        h=0.2 * rng.normal(size=n_units),
        pwl_units=pwl_units,
        C=rng.normal(size=(n_units, 2)),
        B=rng.normal(size=(1, n_units)),
    )
    return model, model.run(rng.normal(size=(20, 30, 2)))


def render(figure, tmp_path):
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 2000


@pytest.mark.parametrize("pwl_units", [0, 1, 2, 5])
def test_every_figure_for_every_number_of_relus(pwl_units, tmp_path):
    model, run = model_and_run(pwl_units)
    found = {"off": model.fixed_points(constant_input=[0.0, 0.0]), "on": model.fixed_points(constant_input=[9.0, 9.0])}
    render(plot_state_plane(run, found).figure, tmp_path)
    render(plot_state_plane(run, found["off"]).figure, tmp_path)
    render(plot_state_plane(run).figure, tmp_path)
    ax = plot_fixed_point_distances(found, run)
    assert len(ax.get_yticks()) == sum(map(len, found.values()))
    render(ax.figure, tmp_path)
    render(plot_transition_graph(model.transition_graph(run)).figure, tmp_path)
    render(plot_trial(run, 3, target=0.5, mark_channel=1, input_names=("a",)), tmp_path)


def test_continuum_and_given_axes(tmp_path):
    model = exact_addition_solver()
    run = model.run(np.random.default_rng(0).random((4, 12, 2)))
    figure = Figure()
    ax = figure.subplots()
    assert plot_state_plane(run, model.fixed_points(), ax=ax) is ax
    assert ax.get_legend().get_texts()[-1].get_text() == "line of fixed points (1)"
    (text,) = plot_fixed_point_distances(model.fixed_points(), run).texts
    assert text.get_text() == "no isolated fixed point"
    render(figure, tmp_path)


def test_many_subregions_are_counted_not_crammed(tmp_path):
    model, run = model_and_run(8, n_units=10)
    graph = model.transition_graph(run)
    assert graph.number_of_nodes() > 24
    ax = plot_transition_graph(graph)
    others = graph.number_of_nodes() - 24
    assert ax.get_title().startswith(f"the 24 most visited of {others + 24} subregions (")
    assert f"without {others} others\n" in ax.get_title()
    render(ax.figure, tmp_path)


def test_loss_curves(tmp_path):
    losses = {"P = 0": [[1.0, 0.2, 0.17], [2.0, 0.3, 0.18]], "P = 2": [[1.0, 0.1, 0.001]]}
    ax = plot_loss_curves([1, 2, 3], losses, floor=0.1633, stages=[(0, "T=10"), (2, "T=100")], top=10)
    assert ax.get_yscale() == "log"
    assert any("0.16330" in text.get_text() for text in ax.get_legend().get_texts())
    thick = [line for line in ax.lines if line.get_linewidth() == 2.0]
    np.testing.assert_allclose(thick[0].get_ydata(), [1.5, 0.25, 0.175])
    ax = plot_loss_curves([1, 2, 3], {"P = 0": losses["P = 0"]}, floor=0.1633, excess=True)
    thick = [line for line in ax.lines if line.get_linewidth() == 2.0]
    np.testing.assert_allclose(thick[0].get_ydata(), np.array([1.5, 0.25, 0.175]) - 0.1633)
    render(ax.figure, tmp_path)
    with pytest.raises(ModelError, match="needs the floor"):
        plot_loss_curves([1], {"a": [[1.0]]}, excess=True)


def test_colours():
    assert list(bitcode_colours(["1", "0", "0"])) == ["0", "1"]
    many = bitcode_colours([f"{i:04b}" for i in range(12)])
    assert list(many.values()).count("#BBBBBB") == 4
    assert len(set(list(many.values())[:8])) == 8


def test_open_points_lie_outside_the_visited_range():
    model, run = model_and_run(2)
    inside = replace(model.fixed_points()[0], z=run.states.reshape(-1, 5).mean(axis=0))
    outside = replace(inside, z=run.states.reshape(-1, 5).max(axis=0) + np.eye(5)[2])
    assert inside.stability.startswith("stable")
    saddle = replace(inside, stability=Stability.SADDLE)
    cases = ((inside, "o", "#222222"), (outside, "o", "white"), (saddle, "D", "#D55E00"))
    for point, marker, face in cases:
        ax = plot_state_plane(run, replace(model.fixed_points(), _items=(point,)))
        drawn = [line for line in ax.lines if line.get_marker() in ("o", "D") and len(line.get_xdata()) == 1]
        assert [(line.get_marker(), line.get_markerfacecolor()) for line in drawn] == [(marker, face)]


def test_errors():
    _, run = model_and_run(3)
    for options in ({"trial": 20}, {"mark_channel": 2}):
        with pytest.raises(ModelError, match=next(iter(options))):
            plot_trial(run, **options)
    with pytest.raises(ModelError, match="mark_channel"):
        plot_trial(replace(run, inputs=None), mark_channel=0)
    with pytest.raises(ModelError, match="two different ones"):
        plot_state_plane(run, relus=(0, 3))
    with pytest.raises(ModelError, match="units must be two different numbers"):
        plot_state_plane(run, units=(1, 1))


def test_state_plane_of_two_units():
    _, run = model_and_run(2)
    ax = plot_state_plane(run, units=(0, 3))
    drawn = np.concatenate([np.column_stack(line.get_data()) for line in ax.lines])
    states = run.states.reshape(-1, 5)[:, [0, 3]]
    assert ax.get_xlabel() == "unit 0" and ax.get_ylabel() == "unit 3"
    assert {tuple(p) for p in drawn} <= {tuple(p) for p in states}
    assert len(drawn) > 100


def test_pyplot_is_not_needed():
    import subprocess

    code = "import sys, plrnn_analysis.plotting; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_error_by_relus():
    from plrnn_analysis.plotting import plot_error_by_relus

    ax = plot_error_by_relus([0, 0, 2, 2], [0.17, 0.18, 1e-5, 2e-6], floor=0.16, threshold=1e-3, exact=(1, 0.0))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "2"]
    assert ax.get_yscale() == "log"
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert any("P = 1: error 0" in text for text in labels)
    assert ax.get_ylim()[0] < 2e-6 < 0.18 < ax.get_ylim()[1]
    plot_error_by_relus([1], [0.0])
    with pytest.raises(ModelError, match="one error for each"):
        plot_error_by_relus([], [])


@pytest.mark.parametrize("draw", [plot_fixed_points, plot_state_plane])
def test_figures_are_white_sheets_under_dark_styles(draw, addition):
    from io import BytesIO

    import matplotlib.style
    from matplotlib.figure import Figure
    from PIL import Image

    def picture(figure):
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=50)
        return np.asarray(Image.open(buffer).convert("RGB"))

    model, run = addition
    first = (run, model.fixed_points()) if draw is plot_state_plane else (model.fixed_points(), run)
    light = picture(draw(*first).figure)
    with matplotlib.style.context("dark_background"):
        ax = draw(*first)
        assert np.array_equal(picture(ax.figure), light)
        shown = np.asarray(Image.open(BytesIO(ax._repr_png_())))
        assert (shown[..., 3] == 255).all() and (shown[0, 0] == 255).all()
        given = Figure().subplots()
        assert draw(*first, ax=given) is given
        assert given.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
