"""Figures of bitcode statistics: they are drawn for every size, and say what the numbers say."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from plrnn_analysis.plotting.bitcode_statistics import plot_condition_divergences, plot_occupancy
from plrnn_analysis.symbols import compare_conditions, occupancy


def render(figure, tmp_path):
    figure.savefig(tmp_path / "figure.png", dpi=50)
    assert (tmp_path / "figure.png").stat().st_size > 2000


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("number", [1, 12, 32, 400])
def test_occupancy(number, tmp_path):
    rng = np.random.default_rng(number)
    p = rng.dirichlet(np.full(number, 0.5))
    x = np.concatenate([rng.choice(number, p=p, size=3000), np.arange(number)])
    found = occupancy(x)
    ax = plot_occupancy(found)
    assert ax.get_title(loc="left").startswith(f"{number} visited subregion{'s' * (number > 1)}, ")
    if number <= 32:
        heights = [bar.get_height() for bar in ax.patches]
        assert np.allclose(heights, found.frequencies)
        assert [label.get_text() for label in ax.get_xticklabels()] == found.table()["bitcode"]
    else:
        assert ax.get_xscale() == "log"
    (held,) = texts(ax)
    assert held.endswith(f"99 %: {found.n_for(0.99)}")
    render(ax.figure, tmp_path)


def test_long_bitcodes_have_short_names_and_stand_in_a_table(tmp_path):
    bits = np.random.default_rng(0).random((5, 80)) < 0.5
    found = occupancy(np.repeat(bits, 3, axis=0))
    ax = Figure().subplots()
    assert plot_occupancy(found, ax) is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == [f"S{i}" for i in range(1, 6)]
    render(ax.figure, tmp_path)
    _, table = plot_occupancy(found).figure.axes
    rows = [text.split() for text in texts(table)]
    assert rows[0] == ["bitcode", "time"] and [row[0] for row in rows[1:]] == [f"S{i}" for i in range(1, 6)]
    assert all(row[1].startswith(item.bitcode[:24]) for row, item in zip(rows[1:], found))


def test_pictures(looks, flipflop, addition):
    looks(plot_occupancy(occupancy(flipflop[1])).figure, "flipflop")
    looks(plot_occupancy(occupancy(addition[1])).figure, "addition")
    looks(plot_occupancy(occupancy(np.zeros((1, 1), int))).figure, "one")


@pytest.mark.parametrize("number", [2, 6, pytest.param(20, marks=pytest.mark.slow)])
def test_pictures_of_divergences(looks, number):
    looks(plot_condition_divergences(compare_conditions(conditions(number), n_resamples=0, n_permutations=19)))


def test_entries_have_equally_many_digits():
    found = compare_conditions(conditions(6), n_resamples=0, n_permutations=0)
    heat = plot_condition_divergences(found).figure.axes[1]
    assert {len(text.partition(".")[2]) for text in texts(heat)} == {3}


def conditions(number, trials=12):
    rng = np.random.default_rng(number)
    base = rng.dirichlet(np.full(8, 0.5), 2)
    return {f"task {i}": rng.choice(8, p=base[i % 2], size=(trials, 30)) for i in range(number)}


@pytest.mark.parametrize("number", [1, 2, 12, 13])
def test_divergences(number, tmp_path):
    found = compare_conditions(conditions(number), n_resamples=0, n_permutations=19)
    figure = plot_condition_divergences(found)
    tree, heat, *_ = figure.axes
    names = [label.get_text() for label in heat.get_yticklabels()]
    assert names == [found.conditions[i] for i in found.order]
    shown = np.asarray(heat.images[0].get_array())
    assert np.array_equal(shown, found.matrix[np.ix_(found.order, found.order)])
    assert len(tree.lines) == number - 1
    assert len(texts(heat)) == (number * (number - 1) if number <= 12 else 0)
    render(figure, tmp_path)


def test_clusters_are_framed_and_pairs_that_may_not_differ_are_marked(tmp_path):
    found = compare_conditions(conditions(6), n_resamples=0, n_permutations=99)
    figure = plot_condition_divergences(found, clusters=2)
    heat = figure.axes[1]
    frames = [patch for patch in heat.patches if isinstance(patch, Rectangle)]
    assert [frame.get_width() for frame in frames] == [3, 3]
    marked = sum(line.get_marker() == "o" for line in heat.lines)
    assert 0 < marked == int((found.p_value > 0.05).sum())
    assert "p > 0.05" in heat.get_title(loc="left")
    given = Figure(figsize=(5, 3))
    assert plot_condition_divergences(found, given) is given
    render(figure, tmp_path)


def test_equal_conditions_can_be_drawn(tmp_path):
    x = np.zeros((3, 10), int)
    render(plot_condition_divergences(compare_conditions({"a": x, "b": x}, n_permutations=0)), tmp_path)
