"""Figures of basins, bifurcations and input diagrams: what they name, and that small and large networks can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from looks import check_structure

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.attractors import basin_slice
from plrnn_analysis.bifurcations import bifurcation_plane, bifurcations
from plrnn_analysis.plotting import plot_basins, plot_bifurcation_diagram, plot_bifurcation_plane
from plrnn_analysis.plotting.numerals import alike
from plrnn_analysis.plotting.plane_squares import cut_squares

NETWORKS = Path(__file__).resolve().parents[2] / "docs" / "networks"


def switch(**options):
    """Two units that suppress each other; the border between their basins is the diagonal."""
    return PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2, C=np.eye(2), **options)


def skew(below=0.4, above=-1.5):
    return PLRNN.al_rnn([below], [[above - below]], [1.0], pwl_units=1)


def tent(a, b):
    return PLRNN.al_rnn([a], [[b - a]], [1.0], pwl_units=1)


@pytest.fixture(scope="module")
def flipflop():
    """A trained network of 32 ReLU units with eight stable states."""
    return pa.load(NETWORKS / "flipflop32.safetensors")


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Basins


def test_basins_of_two_units(looks):
    basins = basin_slice(switch(), extents=4.0, resolution=40)
    assert [item.near_boundary for item in basins.attractors] == [False, False, True]
    ax = plot_basins(basins)
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["unit 0", "unit 1"]
    assert legend(ax) == [
        "stable node of 10  49 %",
        "stable node of 01  49 %",
        "on or near the boundary between\nbasins, not followed to an end  2.5 %",
    ]
    looks(ax.figure)


def test_basins_of_a_large_network(flipflop, looks):
    stable = [p for p in flipflop.fixed_points(time_limit=60) if p.stability.startswith("stable")]
    middle, ways = (stable[0].z + stable[1].z) / 2, [stable[1].z - stable[0].z, stable[2].z - stable[0].z]
    ax = plot_basins(basin_slice(flipflop, origin=middle, directions=ways, extents=1.5, resolution=30))
    assert ax.get_legend().get_title().get_text() == "outcome, at (bit 0, bit 1, bit 2)"
    assert all(name.startswith("stable node at (") for name in legend(ax)[:-1]) and "projected" in legend(ax)[-1]
    assert ax.get_xlabel() == "along the first direction"
    looks(ax.figure)


def test_what_is_no_basin_looks_different_from_the_others(looks):
    basins = basin_slice(switch(), extents=4.0, resolution=20)
    items = tuple(replace(item, near_boundary=False) for item in basins.attractors)
    ax = plot_basins(replace(basins, attractors=replace(basins.attractors, _items=items)))
    assert legend(ax)[-1].startswith("undecided") and len(ax.patches) == 1 and ax.patches[0].get_hatch()
    looks(ax.figure, "undecided")
    escape = PLRNN.al_rnn([0.0, 0.3], [[1.4, 0.3], [-0.8, 0.2]], [-1, 0.3], pwl_units=2)
    ax = plot_basins(basin_slice(escape, extents=8.0, resolution=20, origin=[1.0, 0.0]))
    assert legend(ax)[-1].startswith("diverges") and ax.get_xlim()[1] > 9.0
    cycle = PLRNN.al_rnn([0.5, 0.4], [[0, 0.3], [0, -1.9]], [0, 1], pwl_units=1)
    ax = plot_basins(basin_slice(cycle, extents=3.0, resolution=10, directions=[[1, 1], [0, 1]]))
    assert legend(ax)[0] == "cycle of period 2  100 %" and ax.get_xlabel() == "along the first direction"
    one = PLRNN.al_rnn([0.4, 0.5], np.zeros((2, 2)), [1.0, 0.0], pwl_units=0)
    assert legend(plot_basins(basin_slice(one, resolution=5))) == ["stable node  100 %"]
    rest = PLRNN.al_rnn([1.0, 0.5], np.zeros((2, 2)), [0.0, 0.0], pwl_units=1)
    assert legend(plot_basins(basin_slice(rest, resolution=6)))[0].startswith("continuum of fixed points of")


def test_rare_basins_share_a_grey(looks):
    n = 12
    weights = np.zeros((n, n))
    weights[np.arange(n), np.arange(n) ^ 1] = -1.0
    many = PLRNN.al_rnn(np.full(n, 0.5), weights, np.ones(n), pwl_units=n)
    ways = np.random.default_rng(1).normal(size=(2, n))
    ax = plot_basins(basin_slice(many, origin=np.full(n, 0.7), directions=ways, extents=4.0, resolution=30))
    names = legend(ax)
    assert names[0].startswith("stable node of S1") and names[7].startswith("others") and len(names) == 9
    looks(ax.figure)


def test_numbers_of_one_axis_have_equal_digits():
    assert alike([1.0, -0.25, np.inf]) == ["1.00", "−0.25", "inf"]
    assert alike([]) == [] and alike([0.0]) == ["0.00"]


# Bifurcations


def test_bifurcations_of_small_networks(looks):
    ax = plot_bifurcation_diagram(switch().bifurcations(("h", 0), np.linspace(-3, 3, 5)))
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["nonsmooth fold 0.500", "nonsmooth fold 2.000"]
    looks(ax.figure, "folds")
    family = lambda a: PLRNN.shallow([[0, 1], [0.3, 0]], [[-a, -a], [0, 0]], [[1, 0], [-1, 0]], [1, 0], [0, 0])  # noqa: E731
    found = bifurcations(family(1.0), family, np.linspace(0.3, 1.7, 5), max_period=4)
    looks(plot_bifurcation_diagram(found).figure, "flips")


def test_branches_that_go_to_infinity_have_an_asymptote_and_no_marker_on_the_frame(looks):
    family = lambda a: tent(a, a)  # noqa: E731
    ax = plot_bifurcation_diagram(bifurcations(family(0.5), family, np.linspace(0.5, 1.5, 5)))
    assert "through infinity (2)" in legend(ax)
    assert all(np.ptp(line.get_xdata()) == 0.0 or line.get_marker() == "None" for line in ax.lines)
    looks(ax.figure)


def test_bifurcations_of_a_large_network(flipflop, looks):
    found = flipflop.bifurcations(("input", 0), [0.0, 0.1, 0.2], recount=False, time_limit=60)
    ax = plot_bifurcation_diagram(found, flipflop.B[0], label="output bit 0")
    assert ax.get_xlabel() == "pulse 0" and any(name.startswith("border collision (") for name in legend(ax))
    looks(ax.figure)


def test_planes_are_drawn_along_exact_lines(looks):
    plane = bifurcation_plane(switch(), [("h", 0), ("h", 1)], np.linspace(-1.5, 3, 4), np.linspace(-1.5, 3, 4))
    ax = plot_bifurcation_plane(plane)
    assert legend(ax)[:2] == ["1 fixed point (1)", "3 fixed points (2)"]
    # The two folds: one offset is twice the other. They meet in the origin, between the lines of the grid.
    folds = [line for part in ax.collections if part.get_linewidth()[0] == 1.5 for line in part.get_segments()]
    ends = np.concatenate(folds)
    assert np.allclose((ends[:, 1] - 2 * ends[:, 0]) * (ends[:, 0] - 2 * ends[:, 1]), 0.0, atol=1e-9)
    assert np.min(np.linalg.norm(ends, axis=1)) < 1e-9
    looks(ax.figure, "folds")
    plane = bifurcation_plane(
        skew(), [("W", 0, 0), ("h", 0)], np.linspace(-3, 0, 7), np.linspace(-1, 1, 5), max_period=2
    )
    looks(plot_bifurcation_plane(plane).figure, "flips")
    plane = bifurcation_plane(tent(0.0, 0.0), tent, np.linspace(-2, 2, 5), np.linspace(-2, 2, 5), max_period=2)
    ax = plot_bifurcation_plane(plane, max_classes=3)
    assert any(name.startswith("others (") for name in legend(ax))
    looks(ax.figure, "tent")


@pytest.mark.parametrize("seed", [1, 19, 30])
def test_squares_are_cut_without_gaps_and_overlaps(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    model = PLRNN.al_rnn(rng.uniform(-0.9, 0.9, n), rng.normal(size=(n, n)), rng.normal(size=n), pwl_units=n)
    grid = np.linspace(-2, 2, 4)
    plane = bifurcation_plane(model, [("W", 0, n - 1), ("h", 0)], grid, grid)
    patches, _ = cut_squares(plane)
    corners = [patch.corners.T for patch in patches]
    area = sum(0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) for x, y in corners)
    assert abs(area - 16.0) < 1e-9
    check_structure(plot_bifurcation_plane(plane).figure)


def test_planes_without_lines_or_not_searched_are_cells(looks):
    options = {"parameters": [("h", 0), ("h", 1)], "values1": np.linspace(-2, 3, 5), "values2": np.linspace(-2, 3, 4)}
    ax = plot_bifurcation_plane(bifurcation_plane(switch(), **options, lines=False))
    assert "cells" in ax.get_legend().get_title().get_text() and ax.get_xlim()[0] < -2.0
    looks(ax.figure)
    ax = plot_bifurcation_plane(bifurcation_plane(switch(), **options, time_limit=0.0))
    assert legend(ax) == ["not searched"] and any(part.get_hatch() for part in ax.collections)
    single = bifurcation_plane(switch(), [("h", 0), ("h", 1)], [1.0, 2.0], [1.0, 2.0], lines=False)
    with pytest.raises(ModelError, match="max_classes"):
        plot_bifurcation_plane(single, max_classes=0)


@pytest.mark.slow
def test_plane_of_a_large_network(flipflop, looks):
    grid = np.linspace(-1.0, 1.0, 5)
    ax = plot_bifurcation_plane(bifurcation_plane(flipflop, [("input", 0), ("input", 1)], grid, grid))
    assert "other border collisions: not drawn" in legend(ax) and ax.get_ylabel() == "pulse 1"
    looks(ax.figure)
