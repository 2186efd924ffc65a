"""The check of pictures itself: what it lets pass, and what it does not."""

from __future__ import annotations

import re
from pathlib import Path

import looks as module
import matplotlib
import numpy as np
import pytest
from looks import DoesNotLookRight, check_structure, compare
from matplotlib.figure import Figure


def drawing(shift=0.0, marker=True, size=9, title="a title", colour="#0072B2"):
    figure = Figure(figsize=(4, 3))
    ax = figure.add_axes((0.15 + shift / 240, 0.15, 0.75, 0.7))
    ax.plot([0, 1, 2], [0, 1, 0], color=colour, label="trials")
    ax.plot([0, 2], [0.5, 0.5], "o", color="white", markeredgecolor="#D55E00", markeredgewidth=1.4)
    if marker:
        ax.plot(1, 0.5, "o", color="#222222", markersize=7)
    ax.set_title(title, fontsize=size)
    ax.set_xlabel("unit 0")
    return figure


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A stored picture of the drawing; what failed comparisons keep goes to a folder of this test."""
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    monkeypatch.setenv(module.RENEW, "1")
    compare(drawing(), tmp_path / "images" / "drawing.png")
    monkeypatch.delenv(module.RENEW)
    return tmp_path / "images" / "drawing.png"


@pytest.mark.parametrize("hinting", ["none", "native", "no_autohint"])
def test_other_renderings_of_text_and_a_pixel_pass(picture, hinting):
    with matplotlib.rc_context({"text.hinting": hinting}):
        compare(drawing(shift=1), picture)


@pytest.mark.parametrize(
    "change", [{"marker": False}, {"colour": "#E69F00"}, {"title": "another title that is longer"}, {"shift": 9}]
)
def test_what_has_changed_does_not_pass_and_is_kept(picture, change):
    with pytest.raises(DoesNotLookRight, match="differs from drawing"):
        compare(drawing(**change), picture)
    kept = sorted(path.name for path in (module.KEPT / "images").iterdir())
    assert kept == ["drawing-difference.png", "drawing-drawn.png", "drawing-expected.png"]


def test_pictures_of_another_version_may_be_moved_but_not_lack_anything(picture, monkeypatch):
    monkeypatch.setattr(module, "_version", lambda: "another")
    compare(drawing(shift=6), picture)
    with pytest.raises(DoesNotLookRight, match="differs from drawing"):
        compare(drawing(shift=6, marker=False), picture)


def test_other_sizes_and_missing_pictures_do_not_pass(picture):
    figure = drawing()
    figure.set_size_inches(5, 3)
    with pytest.raises(DoesNotLookRight, match="pixels"):
        compare(figure, picture)
    with pytest.raises(DoesNotLookRight, match="there is no picture"):
        compare(figure, picture.with_name("other.png"))


def test_pictures_are_small_and_only_stored_where_they_differ(picture, monkeypatch):
    assert picture.stat().st_size < 8000
    monkeypatch.setenv(module.RENEW, "1")
    before = picture.read_bytes()
    compare(drawing(shift=1), picture)
    assert picture.read_bytes() == before
    compare(drawing(marker=False), picture)
    assert picture.read_bytes() != before


def leaves_the_figure(ax):
    ax.text(1.9, 0.5, "a text that is far too long for the axes")


def overlapping(ax):
    ax.text(0.5, 0.2, "one")
    ax.text(0.52, 0.2, "two")


def on_the_frame(ax):
    ax.text(0.5, 0.0, "on the line", transform=ax.transAxes, va="center")


def long_legend(ax):
    for i in range(9):
        ax.plot([], label=f"S{i}")
    ax.legend(fontsize=5)


def infinite(ax):
    ax.plot([0.0, np.inf], [1.0, 1.0])


def missing(ax):
    ax.plot([np.nan, np.nan], [1.0, 1.0])


def far_limits(ax):
    ax.scatter([np.nan], [1.0])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (leaves_the_figure, "leaves the figure"),
        (overlapping, "'one' and 'two' overlap"),
        (on_the_frame, "lies on the bottom line"),
        (long_legend, "10 entries"),
        (infinite, "inf"),
        (missing, "nan"),
        (far_limits, "nan"),
    ],
)
def test_faults_that_can_be_measured(fault, message):
    figure = drawing()
    check_structure(figure)
    fault(figure.axes[0])
    with pytest.raises(DoesNotLookRight, match=message):
        check_structure(figure)


def test_gaps_in_lines_and_others_in_legends_are_no_faults():
    figure = drawing()
    ax = figure.axes[0]
    ax.plot([0.0, np.nan, 1.0], [0.0, 0.0, 1.0])
    for i in range(8):
        ax.plot([], label="others" if i == 7 else f"S{i}")
    ax.legend(fontsize=5)
    check_structure(figure)


def test_no_picture_is_left_over():
    tests = Path(module.__file__).resolve().parent
    for path in tests.rglob("images/*/*.png"):
        source = (path.parents[2] / f"{path.parent.name}.py").read_text(encoding="utf-8")
        assert re.search(rf"^def {re.match('[A-Za-z0-9_]+', path.name)[0]}\(", source, re.M), f"no test draws {path}"
