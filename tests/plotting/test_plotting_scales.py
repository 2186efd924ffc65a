"""Figures of inputs, modes, manifolds and training: honest scales, and names that can be read at 2 and at 32 units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import plrnn_analysis as pa
from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.linear_limit import exact_addition_solver
from plrnn_analysis.plotting import (
    plot_drift,
    plot_error_by_relus,
    plot_fixed_point_count,
    plot_input_diagram,
    plot_loss_curves,
    plot_manifolds,
    plot_modes,
)
from plrnn_analysis.plotting.end_ticks import log_with_ends

NETWORKS = Path(__file__).resolve().parents[2] / "docs" / "networks"


@pytest.fixture(scope="module")
def flipflop():
    """A trained network of 32 ReLU units with eight stable states."""
    return pa.load(NETWORKS / "flipflop32.safetensors")


@pytest.fixture(scope="module")
def fixed_points(flipflop):
    return flipflop.fixed_points(time_limit=60)


def switch():
    return PLRNN.al_rnn([0.5, 0.5], [[0, -1], [-1, 0]], [1, 1], pwl_units=2, C=np.eye(2), B=[[1.0, -1.0]])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def above(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


# Inputs


def test_input_diagrams_of_small_networks(looks):
    model = switch()
    ax = plot_input_diagram(model.input_diagram(0, (-3, 3)), readout=model.B[0])
    assert above(ax) == ["nonsmooth fold −0.500", "nonsmooth fold 1.000"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input 0", "output 0 at the fixed point")
    looks(ax.figure, "folds")
    diagram = exact_addition_solver().input_diagram(0, (0, 2), base=[0, 0.5])
    ax = plot_input_diagram(diagram, readout=1)
    assert legend(ax) == ["continuum of fixed points"] and not len(ax.get_yticks())
    looks(ax.figure, "continuum")
    step = PLRNN.shallow([0.5], [[0.5, -0.5]], [[1.0], [1.0]], [0.0], [0.0, -1.0], C=[[1.0]])
    assert above(plot_input_diagram(step.input_diagram(0, (-1, 1)))) == ["end in a continuum 0.000"]
    linear = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0, C=[[1.0]])
    assert legend(plot_input_diagram(linear.input_diagram(0, (-1, 1)))) == ["stable"]
    missing = model.input_diagram(0, (-3, 3), time_limit=0.0)
    assert above(plot_input_diagram(missing)) == ["none found; the search is not complete"]


def test_input_diagrams_of_a_large_network(flipflop, looks):
    ax = plot_input_diagram(flipflop.input_diagram(0, (-3, 3)), readout=flipflop.B[0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("pulse 0", "bit 0 at the fixed point")
    dots = [line for line in ax.lines if line.get_label() == "border collision"]
    assert len(dots) == 1 and len(dots[0].get_xdata()) > 12 and dots[0].get_markersize() < 3
    looks(ax.figure)


def test_counts_over_two_inputs(looks):
    looks(plot_fixed_point_count(switch().input_diagram([0, 1], [(-3, 3), (-3, 3)]), resolution=120).figure)


@pytest.mark.slow
def test_counts_over_two_inputs_of_a_large_network(flipflop, looks):
    ax = plot_fixed_point_count(flipflop.input_diagram([0, 1], [(-1, 1), (-1, 1)]), resolution=120)
    numbers = [text.get_text() for text in ax.figure.axes[1].get_yticklabels()]
    assert len(numbers) <= 8 and any(" to " in number for number in numbers) and numbers[-1] == "27"
    looks(ax.figure)


# Manifolds


def test_manifolds_of_two_units(looks):
    model = switch()
    points = model.fixed_points()
    saddle = next(p for p in points if p.stability == "saddle")
    both = [model.manifold(saddle, kind, box=([-4, -4], [4, 4])) for kind in ("stable", "unstable")]
    ax = plot_manifolds(both, fixed_points=points)
    assert legend(ax) == ["stable manifold", "unstable manifold", "saddle", "stable fixed point"]
    looks(ax.figure)
    assert plot_manifolds(both, units=(1, 0)).get_xlabel() == "unit 1"
    with pytest.raises(ModelError, match="2 units"):
        plot_manifolds([])


def test_manifolds_of_a_large_network_are_projected(flipflop, fixed_points, looks):
    ways = {id(p): np.count_nonzero(np.abs(p.eigenvalues) > 1.0) for p in fixed_points}
    saddle = next(p for p in fixed_points if ways[id(p)] == 1)
    found = flipflop.manifold(saddle, "unstable", box=4, iterations=20)
    ax = plot_manifolds(found, fixed_points=fixed_points)
    assert ax.get_xlabel().startswith("principal component 1 (") and "%" in ax.get_ylabel()
    looks(ax.figure)
    ax = plot_manifolds(found, units=(3, 5))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("unit 3", "unit 5")


# Modes


def test_modes_that_never_decay_have_a_tick_of_their_own(looks):
    solver = exact_addition_solver()
    ax = plot_modes(solver.explain(solver.run(np.random.default_rng(0).random((4, 12, 2)))))
    assert [text.get_text() for text in ax.get_xticklabels()][-2:] == ["0", "∞"]
    assert "0" in [text.get_text() for text in ax.get_yticklabels()]
    looks(ax.figure)


def test_modes_of_a_large_network(flipflop, looks):
    run = flipflop.run(np.random.default_rng(0).choice([-1.0, 0.0, 1.0], size=(20, 40, 3), p=[0.1, 0.8, 0.1]))
    ax = plot_modes(flipflop.explain(run), output_names=flipflop.output_names)
    assert legend(ax)[:3] == ["bit 0", "bit 1", "bit 2"]
    looks(ax.figure)


def test_modes_far_beyond_the_axes():
    slow = PLRNN.al_rnn([1 - 1e-9, 1.0, 1e-60], np.zeros((3, 3)), np.zeros(3), pwl_units=0, C=np.eye(3), B=np.eye(3))
    ax = plot_modes([slow.modes("-")] if not isinstance(slow.modes("-"), tuple) else slow.modes("-"))
    texts = [text.get_text() for text in ax.get_xticklabels()]
    assert "> $10^{6}$" in texts and "< $10^{-2}$" in texts and "∞" not in texts


def test_drift_beside_much_faster_probes(looks):
    rng = np.random.default_rng(3)
    n = 32
    weights = rng.normal(size=(n, n)) * 0.07
    weights[0] *= 0.01
    decay, offset = np.full(n, 0.5), rng.normal(size=n) * 0.2
    decay[0], offset[0] = 0.9995, 2e-3
    model = PLRNN.al_rnn(decay, weights, offset, pwl_units=31, C=rng.normal(size=(n, 2)), B=rng.normal(size=(1, n)))
    run = model.run(0.5 * np.random.default_rng(0).normal(size=(20, 40, 2)))
    found = model.slow_manifolds(run, probe_inputs=[[1.0, 0.0]], time_constant=20)
    ax = plot_drift(found, ["a push"])
    assert ax.get_yscale() == "symlog" and legend(ax)[-1] == "under a push" and legend(ax)[0].startswith("S")
    looks(ax.figure)


# Training


def test_errors_by_relus(looks):
    errors = [0.17, 0.171, 0.169, 1e-5, 0.08, 2e-6, 3e-6, 1e-7, 2e-6]
    ax = plot_error_by_relus(np.repeat([0, 1, 2], 3), errors, floor=0.1633, threshold=1e-3, exact=(1, 0.0))
    assert "0" in [text.get_text() for text in ax.get_yticklabels()]
    looks(ax.figure, "few")
    rng = np.random.default_rng(0)
    p = np.repeat(np.arange(33), 2)
    errors = 10.0 ** (-np.minimum(p, 12) / 4 - 1 + 0.3 * rng.normal(size=p.size))
    errors[[5, 8, 9]] = np.nan, np.inf, np.nan
    ax = plot_error_by_relus(p, errors, floor=0.1633, exact=(1, 1e-32))
    texts = [text.get_text() for text in ax.get_yticklabels()]
    assert "diverged" in texts and any(text.startswith("<") for text in texts)
    looks(ax.figure, "many")
    plot_error_by_relus([1], [np.nan]).figure.draw_without_rendering()


def test_losses(looks):
    rng = np.random.default_rng(0)
    x = np.arange(0, 2000, 20)
    noise = np.exp(0.2 * rng.normal(size=(12, 3, 100)))
    losses = {f"P = {p}": 0.2 * np.exp(-x / (200 + 40 * p)) * noise[p] for p in range(12)}
    losses["P = 3"][1, 40:] = np.nan
    losses["P = 4"][:, 50:] = np.inf
    losses["P = 5"][:, 60:] = 0.0
    stages = [(0, "T = 10"), (100, "T = 20"), (200, "T = 50"), (300, "T = 100"), (1500, "T = 200")]
    ax = plot_loss_curves(x, losses, floor=0.1633, stages=stages)
    assert above(ax) == [name for _, name in stages] and len(legend(ax)) == 8
    looks(ax.figure, "many")
    looks(plot_loss_curves([10], {"P = 2": [[0.5]]}, floor=0.1).figure, "one")
    ax = plot_loss_curves([1, 2, 3], {"P = 0": [[0.2, 0.17, 0.163]]}, floor=0.1633, excess=True)
    assert "≤ 0" in [text.get_text() for text in ax.get_yticklabels()]


def test_ends_of_logarithmic_axes():
    ax = Figure().subplots()
    places = log_with_ends(ax, "x", np.array([0.0, 1.0, 1e3, np.inf, np.nan]))
    assert places[0] < 1.0 and np.allclose(places[1:3], [1.0, 1e3]) and 1e3 < places[3] < np.inf and np.isnan(places[4])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "10", "100", "1000", "0", "∞"]
    places = log_with_ends(ax, "y", np.array([0.0]))
    assert np.isfinite(places).all() and [text.get_text() for text in ax.get_yticklabels()] == ["0"]
    log_with_ends(ax, "y", np.array([1e-9, 2e-9]))
    assert ax.get_yticklabels()[0].get_text() == "$10^{-9}$" or "times" in ax.get_yticklabels()[0].get_text()
