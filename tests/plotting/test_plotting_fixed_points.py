"""Trials and fixed points in a plane."""

from __future__ import annotations

import re

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
            verdict = f"{len(found)} fixed point{'' if len(found) == 1 else 's'}; complete"
            assert ax.get_title().splitlines()[0] == verdict


def test_points_are_where_they_are_and_saddles_let_go_along_their_eigenvectors():
    model = switch()
    ax = plot_fixed_points(model.fixed_points(), model.simulate(60, n=20), units=(0, 1))
    assert entries(ax) == ["free runs", "stable (2)", "saddle, 1 unstable direction (1)"]
    stable, saddle = (np.array(line.get_data()).T for line in markers(ax))
    assert np.allclose(sorted(stable.tolist()), [[0.0, 1.0], [1.0, 0.0]])
    assert np.allclose(saddle, [[1 / 3, 1 / 3]])
    direction = next(line for line in ax.get_lines() if line.get_color() == "#D55E00" and line.get_marker() == "None")
    (x0, x1), (y0, y1) = direction.get_data()
    assert np.isclose((y1 - y0) / (x1 - x0), -1.0) and np.isclose((x0 + x1) / 2, 1 / 3)


def spread_apart(n):
    """2^n fixed points, stable ones and saddles: pairs of units that suppress each other, each pair another size."""
    sizes = 1.0 + np.arange(n)
    suppress = np.kron(np.eye(n), [[0, -2], [-2, 0]])
    return PLRNN.leaky_rnn(suppress, b=np.repeat(sizes, 2), alpha=0.2)


@pytest.mark.parametrize("n", [2, 4])
def test_many_points_are_small_and_the_legend_covers_none(n):
    model = spread_apart(n)
    found = model.fixed_points()
    assert len(found) == 3**n
    ax = plot_fixed_points(found, model.simulate(60, n=5))
    assert sum(len(line.get_xdata()) for line in markers(ax)) == 3**n
    sizes = {line.get_markersize() for line in markers(ax)}
    assert 7 in sizes if n == 2 else max(sizes) < 5
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    stable = next(line for line in markers(ax) if line.get_label().startswith("stable"))
    assert all(line.get_zorder() < stable.get_zorder() for line in ax.get_lines() if line is not stable)
    named = ["stable", "saddle, 1 unstable direction", "saddle, 2 unstable directions"]
    kinds = [name.rpartition(" (")[0] for name in entries(ax)[1:]]
    assert kinds == [*named, *["saddle, 3 or more unstable directions"] * (n == 4)]


@pytest.mark.parametrize(("m", "names"), [(1, ("unit 0", "")), (2, ("unit 0", "unit 1")), (3, None)])
def test_small_models_are_drawn_in_their_own_units(m, names):
    model = PLRNN.al_rnn(np.linspace(0.5, 0.7, m), np.zeros((m, m)), np.ones(m), pwl_units=1)
    run = model.simulate(10, n=3)
    ax = plot_fixed_points(model.fixed_points(), run)
    if names is None:
        assert ax.get_xlabel().startswith("principal component 1 (")
    else:
        assert (ax.get_xlabel(), ax.get_ylabel()) == names
        np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), run.states[0, :, 0])
        assert bool(len(ax.get_yticks())) == (m == 2)


def test_directions_are_as_long_as_they_look():
    # The first unit moves a hundred times as far as the second: lengths in data would hide one of the two saddles.
    model = PLRNN.leaky_rnn([[0, -200], [-0.02, 0]], b=[100, 1], alpha=0.2)
    ax = plot_fixed_points(model.fixed_points(), model.simulate(60, n=20, z0=None))
    line = next(line for line in ax.get_lines() if line.get_color() == "#D55E00" and line.get_marker() == "None")
    (x0, x1), (y0, y1) = line.get_data()
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    assert np.isclose(np.linalg.norm(np.array([x1 - x0, y1 - y0]) / (high - low)), 0.14)


def test_what_is_far_out_is_counted():
    model = PLRNN.al_rnn([1.001, 0.5], [[0.0, 0.0], [0.0, 0.0]], [0.1, 0.0], pwl_units=0)
    ax = plot_fixed_points(model.fixed_points(), model.simulate(20))
    assert entries(ax) == ["free runs"]
    assert re.fullmatch(
        r"1 fixed point; complete\nit lies outside the picture, [\d,]+ visited ranges away", ax.get_title()
    )


def test_lines_of_fixed_points_labels_and_diverged_runs():
    model = exact_addition_solver()
    run = model.run(np.random.default_rng(0).random((4, 12, 2)))
    ax = plot_fixed_points(model.fixed_points(), run)
    assert ax.get_title() == "1 line of fixed points; complete"
    assert entries(ax) == ["trials", "line of fixed points (1)"]
    assert "line of fixed points (1)" in entries(plot_fixed_points(model.fixed_points()))
    model = switch(W_in=np.eye(2))
    found = {name: model.fixed_points(constant_input=held) for name, held in (("off", [0, 0]), ("left", [2, 0]))}
    ax = plot_fixed_points(found, model.run(np.zeros((3, 20, 2))))
    assert ax.get_title() == (
        "4 fixed points; complete\n3 of them lie outside the picture, 5 to 20 visited ranges away"
    )
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


def spiral(growth=1.05):
    """A network that turns around its only fixed point, outwards."""
    turn = growth * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    return PLRNN.al_rnn(np.diag(turn), turn - np.diag(np.diag(turn)), np.zeros(2), pwl_units=0)


def test_complex_pairs_are_ellipses_around_their_point():
    model = spiral()
    ax = plot_fixed_points(model.fixed_points(), model.simulate(20, n=3))
    assert "unstable in all directions (1)" in entries(ax)
    (loop,) = (line for line in ax.get_lines() if line.get_color() == "#D55E00" and len(line.get_xdata()) > 2)
    around = np.array(loop.get_data()).T
    assert np.allclose(around[0], around[-1]) and np.allclose(around[:-1].mean(axis=0), 0.0)
    assert np.ptp(np.linalg.norm(around, axis=1)) < 1e-9  # eigenvectors (1, i) and (1, -i): a circle


def test_a_network_is_searched_for_its_fixed_points(flipflop):
    model, run = flipflop
    ax = plot_fixed_points(model, run, outputs=(0, 1))
    assert ax.get_title() == "27 fixed points; complete"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("bit 0", "bit 1")


def test_slow_points_are_drawn_and_those_at_rest_are_not():
    model = switch()
    run = model.simulate(60, n=20)
    slow = model.slow_manifolds(run)
    moving = [item.slowest for item in slow if item.least_drift > item.rounding]
    assert 0 < len(moving) < len(slow)
    for given in (slow, moving):
        ax = plot_fixed_points(model.fixed_points(), run, slow=given)
        (line,) = (line for line in ax.get_lines() if line.get_marker() == "^")
        assert f"slow point ({len(line.get_xdata())})" in entries(ax)
        assert {tuple(p) for p in np.array(line.get_data()).T} <= {tuple(p) for p in moving}


def test_pictures_of_a_trained_flipflop(looks, flipflop):
    model, run = flipflop
    found = model.fixed_points()
    looks(plot_fixed_points(found, run).figure)
    looks(plot_fixed_points(found, run, outputs=(0, 1)).figure, "outputs")
    looks(plot_fixed_points(found).figure, "alone")


def test_picture_of_a_trained_adder(looks, addition):
    model, run = addition
    ax = plot_fixed_points(model, run)
    assert "all lie outside the picture" in ax.get_title()
    looks(ax.figure)


@pytest.mark.parametrize("case", ["switch", "line", "line alone", "linear", "one unit, one step", "diverging"])
def test_pictures(looks, case):
    model = {
        "switch": switch(),
        "linear": spiral(0.95),
        "one unit, one step": PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=1),
        "diverging": PLRNN.al_rnn([3.0, 0.5], np.zeros((2, 2)), [1.0, 1.0], pwl_units=1),
    }.get(case, exact_addition_solver())
    if model.n_inputs:
        run = model.run(np.random.default_rng(0).random((8, 12, 2)))
    else:
        run = model.simulate({"one unit, one step": 1, "diverging": 1000}.get(case, 80), n=1 if "one" in case else 20)
    looks(plot_fixed_points(model, None if "alone" in case else run).figure)
