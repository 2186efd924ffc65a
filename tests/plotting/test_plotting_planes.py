"""The plane of states and the distances of fixed points: what colours, rows and scales say, and how they look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.plotting import plot_fixed_point_distances, plot_state_plane
from plrnn_analysis.slow_manifolds import distance_in_ranges


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_rows_say_which_point_it_is(flipflop):
    model, run = flipflop
    found = model.fixed_points()
    ax = plot_fixed_point_distances(found, run)
    assert len(labels(ax)) == 27 and labels(ax)[0] == "0  S1"
    visited = model.transition_graph(run, fixed_points=found)
    assert sum("not visited" in label for label in labels(ax)) == sum(point.bitcode not in visited for point in found)
    stable = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "#222222"]
    zero = ax.get_xticks()[[label.get_text() for label in ax.get_xticklabels()].index("0\ninside")]
    assert len(stable) == 8 and all(line.get_xdata()[0] == zero for line in stable)


def test_many_points_leave_the_far_ones_out():
    model = PLRNN.leaky_rnn(np.kron(np.eye(4), [[0, -2], [-2, 0]]), b=np.repeat([1.0, 2.0, 3.0, 4.0], 2), alpha=0.2)
    found, run = model.fixed_points(), model.simulate(60, n=5)
    ax = plot_fixed_point_distances(found, run)
    assert ax.get_title() == "the 40 nearest of 81 fixed points"
    shown = [int(label.split()[0]) for label in labels(ax)]
    far = distance_in_ranges(found, run)
    assert shown == sorted(shown) and far[shown].max() <= np.delete(far, shown).min()


def test_colours_follow_what_there_is(flipflop, addition):
    model, run = flipflop
    found = model.fixed_points()
    ax = plot_state_plane(run, found)
    assert ax.get_legend().get_title().get_text() == "nearest stable\nfixed point"
    stable = [i for i, point in enumerate(found) if point.stability.startswith("stable")]
    assert [int(entry.split()[0]) for entry in entries(ax)] == stable
    assert plot_state_plane(run).figure.axes[-1].get_ylabel() == "bit 0"
    ax = plot_state_plane(run, colour="subregion")
    assert [entry.split()[0] for entry in entries(ax)] == [*(f"S{i}" for i in range(1, 9)), "others"]
    assert entries(ax)[-1] == "others (212 subregions)"
    ax = plot_state_plane(addition[1])
    assert [entry.split()[0] for entry in entries(ax)] == ["00", "11", "01"]
    for options, message in (({"colour": "attractor"}, "stable"), ({"colour": "red"}, "must be one of")):
        with pytest.raises(ModelError, match=message):
            plot_state_plane(run, **options)
    with pytest.raises(ModelError, match="readout"):
        plot_state_plane(replace(run, outputs=None), colour="output")


def test_the_plane_is_that_of_the_relus_that_switch_most(flipflop):
    _, run = flipflop
    switches = np.abs(np.diff(run.bitcodes.astype(int), axis=1)).sum(axis=(0, 1))
    ax = plot_state_plane(run)
    i, j = (int(text.rsplit(" ", 1)[1]) for text in (ax.get_xlabel(), ax.get_ylabel()))
    assert i < j and sorted(switches[[i, j]]) == sorted(switches)[-2:]


def test_nothing_finite_is_refused():
    with np.errstate(all="ignore"):
        run = PLRNN.al_rnn([30.0], [[0.0]], [1.0], pwl_units=0).simulate(400, n=2)
    lost = run.states[:, -1:]
    assert not np.isfinite(lost).any()
    with pytest.raises(ModelError, match="no finite state"):
        plot_state_plane(replace(run, states=lost, bitcodes=run.bitcodes[:, -1:]))
    assert np.isfinite(plot_state_plane(run).get_xlim()).all()


def test_distances_do_not_run_into_what_is_said_of_the_points(looks):
    model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    found = model.fixed_points()
    moved = [replace(point, z=np.array(z)) for point, z in zip(found, ([2e4, 2e4], [6.0, 3.0], [2e4 + 3, 0.0]))]
    looks(plot_fixed_point_distances(replace(found, _items=tuple(moved)), model.simulate(20, n=9)).figure)


def test_pictures_of_a_trained_flipflop(looks, flipflop):
    model, run = flipflop
    found = model.fixed_points()
    looks(plot_state_plane(run, found).figure, "plane")
    looks(plot_fixed_point_distances(found, run).figure, "distances")


def test_pictures_of_a_trained_adder(looks, addition):
    model, run = addition
    found = model.fixed_points()
    looks(plot_state_plane(run, found).figure, "plane")
    looks(plot_fixed_point_distances(found, run).figure, "distances")


@pytest.mark.slow
def test_picture_coloured_by_output(looks, flipflop):
    looks(plot_state_plane(flipflop[1]).figure)


@pytest.mark.parametrize("case", ["line", "linear", "one"])
def test_pictures(looks, case):
    linear = PLRNN.al_rnn([0.9, 0.5], [[0.0, 0.1], [-0.2, 0.0]], [1.0, 0.0], pwl_units=0)
    one = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=1)
    model = {"line": exact_addition_solver(), "linear": linear, "one": one}[case]
    run = model.run(np.random.default_rng(0).random((8, 12, 2))) if case == "line" else model.simulate(20, n=9)
    run = model.simulate(1, n=1) if case == "one" else run
    looks(plot_state_plane(run, model.fixed_points()).figure, "plane")
    looks(plot_fixed_point_distances(model.fixed_points(), run).figure, "distances")
