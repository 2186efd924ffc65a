"""Every result is one short line on a terminal, and a small and valid piece of HTML in a notebook."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from every_result import choice, examples, lozi, result_types

from plrnn_analysis import PLRNN
from plrnn_analysis.attractors import Attractors
from plrnn_analysis.display.abbreviation import short, short_number, short_word
from plrnn_analysis.display.markup import Grid, cell, fragment
from plrnn_analysis.results import Coverage, Cycles, FixedPoint, FixedPoints, Table
from plrnn_analysis.statuses import Engine, Stability
from plrnn_analysis.story import Story

TAGS = {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td"}


def checked(html: str) -> ElementTree.Element:
    """The parsed fragment: well-formed, only tags that cannot do anything, no attribute but a style, tables regular."""
    assert len(html.encode()) <= 50_000
    tree = ElementTree.fromstring(html)
    for node in tree.iter():
        assert node.tag in TAGS and set(node.attrib) <= {"style"}
        assert "url" not in node.get("style", "") and "#" not in node.get("style", "")
        if node.tag == "table":
            widths = {len(row) for row in node.iter("tr")}
            assert len(widths) == 1 and len(list(node.iter("tr"))) <= 21
        if node.tag == "p":
            assert all(child.tag == "b" for child in node)
    return tree


def words(html: str) -> str:
    return " ".join(checked(html).itertext())


def test_there_is_an_example_of_every_result_type() -> None:
    missing = [kind.__qualname__ for kind in result_types() if kind not in examples()]
    assert not missing, f"no example in tests/every_result.py: {', '.join(missing)}"


@pytest.mark.parametrize("kind", result_types(), ids=lambda kind: kind.__name__)
def test_shown_in_a_line_and_as_html(kind: type) -> None:
    for result in examples()[kind]:
        line = repr(result)
        assert 0 < len(line) <= 200 and "\n" not in line
        assert kind.__name__ in line and not re.search(r"array\(\[|\d\.\d{8}", line)
        assert words(result._repr_html_()).startswith(kind.__name__)


def large(n: int = 400, n_relu: int = 300) -> FixedPoints:
    """As many fixed points as nobody wants to read."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=n_relu) + 1j * rng.normal(size=n_relu)
    points = tuple(
        FixedPoint(rng.normal(size=n_relu), "01" * (n_relu // 2), values, 3.0, Stability.SADDLE, 0.0, 1.0, False)
        for _ in range(n)
    )
    coverage = Coverage(2**n_relu, 2**n_relu, Engine.LINEAR_PROGRAMS, notes=tuple("long " * 1000 for _ in range(50)))
    return FixedPoints(points, True, (), coverage)


def test_large_results_stay_small() -> None:
    found = large()
    assert repr(found) == "<FixedPoints: 400 isolated; complete>"
    text = words(found._repr_html_())
    assert "and 380 more rows" in text and "(150 of 300 on)" in text and "and 40 more notes" in text
    words(found.coverage._repr_html_())
    words(found[0]._repr_html_())
    words(found.table()._repr_html_())
    many = Cycles((), 3, 9999, None, (), {k: found.coverage for k in range(1, 300)})
    assert len(repr(many)) <= 200 and repr(many).endswith("complete up to period 3 of 9999>")
    words(many._repr_html_())
    one = Attractors((), np.zeros(3, int), np.zeros((3, 300)), 9, "time_limit")
    assert repr(one).endswith("STOPPED by time_limit>")


def test_lines_that_are_too_long_keep_beginning_and_end() -> None:
    circled = Cycles(tuple(), 2, 900, None, (), {k: large(0).coverage for k in range(1, 900)})
    object.__setattr__(circled, "_items", tuple(_cycle(k) for k in range(1, 900)))
    line = repr(circled)
    assert len(line) == 200 and line.startswith("<Cycles: 1: 1, 2: 1") and line.endswith("period 2 of 900>")


def _cycle(period: int):
    from plrnn_analysis.results import Cycle

    ones = np.ones((period, 1))
    return Cycle(period, ones, ("1",) * period, np.ones(1, complex), 1.0, Stability.MARGINAL, 0.0, 1.0, False)


def test_a_notebook_says_what_was_found_and_proved() -> None:
    model = choice()
    text = words(model._repr_html_())
    for part in ("al_rnn, at most 2^2 subregions", "left, right", "choice", "Note: made by hand."):
        assert part in text
    found = model.fixed_points()
    text = words(found._repr_html_())
    assert (
        "3 isolated fixed points; complete: all 2^2 subregions" in text
        and "stable node" in text
        and "1.667, -2.333" in text
    )
    text = words(lozi().simulate(300, z0=[0.1, 0.1])._repr_html_())
    assert "1 trial of 300 steps; 2 units, 2 ReLUs" in text and "Subregions visited" in text and "10" in text
    growing = PLRNN.al_rnn([2.0], [[0.0]], [1.0], pwl_units=0).simulate(2000, n=2)
    assert "2 DIVERGED" in repr(growing) and "2 DIVERGED" in words(growing._repr_html_())


def test_what_users_name_is_escaped() -> None:
    model = choice()
    model.metadata.update(input_names=["<script>alert(1)</script>", "\x00\x1b[31m\ud800"], notes=["a < b & c"] * 30)
    html = model._repr_html_()
    assert "<script" not in html and "a &lt; b &amp; c" in html
    checked(html)
    table = Table({"<b>": ["&" * 500] * 100})
    table.claim = "<i>"
    checked(table._repr_html_())


def test_tables_are_cut_until_they_fit() -> None:
    columns = [str(i) for i in range(30)]
    html = fragment("Wide", "", [Grid(columns, [["\u2028&" * 80] * 30] * 20, 20, "one")] * 4)
    assert "columns not shown: 10, 11" in words(html)
    assert words(Table()._repr_html_()) == "Table : 0 rows"


def test_numbers_and_words() -> None:
    assert [short_number(x) for x in (0.5, -3, 2**70, -(2**70), 2**70 + 1, 1 - 2j, float("nan"))] == [
        "0.5", "-3", "2^70", "-2^70", "about 2^70", "1 - 2i", "nan",
    ]  # fmt: skip
    assert short_word(["01", "01", "10"]) == "01^2 10"
    assert short(("a",)) == "('a',)" and short({"a": 1}) == "dict of 1" and short(object()) == "<object>"
    assert cell(np.array([0.5 + 1j, 0.5 - 1j, 2.0])) == "0.5 ± 1i, 2"
    assert cell(np.arange(9)) == "0, 1, 2, 3, ..." and cell(np.array([[1.0, 2.0], [3.0, 4.0]])) == "1, 2; 3, 4"
    assert cell(-0.0) == "0" and cell(np.array([-0.0, 1.0])) == "0, 1"
    assert cell(np.zeros((3, 2))) == "array (3, 2)" and cell(np.full(9, 2.0)) == "norm 6"
    assert [cell(x) for x in ((), (3,), (0.5, 1.5), ("a b", "c"), ("-", "-"))] == [
        "",
        "3",
        "(0.5, 1.5)",
        "a b, c",
        "-^2",
    ]
    assert cell({"01" * 30: 0.5}) == f"{'01' * 12}... (30 of 60 on): 0.5"
    assert cell(("0",) * 7) == "0^7" and cell({"1": 0.5}) == "1: 0.5"


def test_a_story_is_read_in_a_notebook() -> None:
    story = examples()[Story][0]
    text = words(story._repr_html_())
    assert all(section.title in text and section.sentences[0] in text for section in story)
