"""A trial over time: which panels there are, what they hold, and how they look."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.plotting import plot_trial


def driven(relus, inputs=2, outputs=1, units=5, steps=30, trials=4, seed=0):
    rng = np.random.default_rng(seed)
    model = PLRNN.al_rnn(
        A=rng.uniform(0.2, 0.8, units),
        W=0.3 * rng.normal(size=(units, units)),
        h=0.2 * rng.normal(size=units),
        pwl_units=relus,
        C=rng.normal(size=(units, inputs)) if inputs else None,
        B=rng.normal(size=(outputs, units)) if outputs else None,
    )
    return model.run(rng.normal(size=(trials, steps, inputs))) if inputs else model.simulate(steps, n=trials)


def panels(figure):
    return [ax.get_ylabel() for ax in figure.axes]


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ({"relus": 2}, ["input", "ReLU\nargument", "unit", "subregion", "output"]),
        ({"relus": 0}, ["input", "unit", "output"]),
        ({"relus": 2, "inputs": 0, "outputs": 0}, ["ReLU\nargument", "unit", "subregion"]),
        ({"relus": 0, "inputs": 0, "outputs": 0, "units": 1, "steps": 1, "trials": 1}, ["unit"]),
    ],
)
def test_there_is_a_panel_for_what_there_is(looks, case, wanted):
    figure = plot_trial(driven(**case))
    assert panels(figure) == wanted
    looks(figure)


def test_everything_is_counted_from_0_and_called_by_its_name(addition):
    _, run = addition
    figure = plot_trial(run, 1)
    inputs, arguments, states, subregion, outputs = figure.axes
    assert (names(inputs), names(arguments), names(outputs)) == (["value", "mark"], ["ReLU 0", "ReLU 1"], ["sum"])
    assert set(names(subregion)) <= {"00", "01", "10", "11"}
    (image,) = states.images
    assert image.get_extent() == [-0.5, 100.5, 19.5, -0.5]
    np.testing.assert_array_equal(image.get_array(), run.states[1].T)
    np.testing.assert_array_equal(outputs.lines[0].get_xdata(), np.arange(101))
    assert names(plot_trial(run, input_names=("a",)).axes[0]) == ["a", "input 1"]


def test_colours_are_those_of_all_trials(flipflop):
    _, run = flipflop
    for trial in range(4):
        figure = plot_trial(run, trial)
        (legend,) = figure.legends
        entries = [text.get_text().split() for text in legend.get_texts()]
        codes = {"".join("01"[int(bit)] for bit in bits) for bits in run.bitcodes[trial]}
        named = {name: code for name, code, *_ in entries if name != "others"}
        assert set(named.values()) <= codes and set(named) <= {f"S{i}" for i in range(1, 9)}
        assert entries[-1][:2] == ["others", f"({len(codes) - len(named)}"]


def test_picture_of_a_trained_flipflop(looks, flipflop):
    looks(plot_trial(flipflop[1], mark_channel=1))


def test_picture_of_a_trained_adder(looks, addition):
    looks(plot_trial(addition[1], target=1.5, mark_channel=1))


@pytest.mark.slow
def test_picture_of_many_channels(looks):
    looks(plot_trial(driven(9, inputs=18, outputs=11, units=12), -1))


@pytest.mark.slow
def test_runs_that_diverge_have_gaps(looks):
    model = PLRNN.al_rnn([30.0, 0.5], np.zeros((2, 2)), [1.0, 1.0], pwl_units=1, B=[[1.0, 0.0]])
    with np.errstate(all="ignore"):
        run = model.simulate(400, n=2)
    assert not run.finite().all()
    looks(plot_trial(run))
