"""What is printed fits the terminal: no line too long, no word broken that fits a line, nothing cut."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

import plrnn_analysis as pa
from plrnn_analysis import terminal
from plrnn_analysis.bifurcations import bifurcations
from plrnn_analysis.comparison import compare
from plrnn_analysis.conditions import condition_use
from plrnn_analysis.story import Section
from plrnn_analysis.symbols import occupancy
from plrnn_analysis.terminal.printing import TextTable
from plrnn_analysis.wrapping import wrapped

FLIPFLOP = Path(__file__).resolve().parents[2] / "docs/networks/flipflop32.safetensors"
LONG = "the-firing-rate-of-all-inhibitory-neurons-of-layer-4"
# Words of tables whose rows are told one by one, or whose bitcodes stand below.
ADDED = {"no.", "Bitcodes", *map(str, range(1, 30))}


@cache
def flipflop() -> pa.PLRNN:
    return pa.load(FLIPFLOP)


@cache
def visits() -> pa.Trajectory:
    """Hundreds of subregions of 32 ReLUs."""
    rng = np.random.default_rng(0)
    return flipflop().run(rng.normal(size=(40, 60, 3)) * (rng.random((40, 60, 3)) < 0.3))


@cache
def small() -> pa.PLRNN:
    model = pa.PLRNN.al_rnn(
        A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], C=np.eye(2), pwl_units=2, B=[[1.0, -1.0]], b=[0.0]
    )
    model.metadata.update(input_names=[LONG, "b"], output_names=[f"{LONG} smoothed over ten steps"])
    return model


def graph() -> None:
    terminal.print_graph(visits(), flipflop().transition_graph(visits()))


def conditions() -> None:
    trials = flipflop().trials
    assert trials is not None
    terminal.print_conditions(condition_use(flipflop().run(trials), trials.labels, flipflop().fixed_points()))


def explanation() -> None:
    run = visits()
    assert run.inputs is not None
    terminal.print_explanation(flipflop().explain(run, max_subregions=6), run.inputs, [LONG, "b", "c"])


def contents() -> None:
    terminal.print_model(small(), Path("a long name of a directory") / f"{LONG}.safetensors", [1.0, 0.0])
    terminal.print_contents(small())


def tent() -> pa.PLRNN:
    return pa.PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)


PRINTED: dict[str, Callable[[], None]] = {
    "graph": graph,
    "conditions": conditions,
    "explanation": explanation,
    "contents": contents,
    "fixed points": lambda: terminal.print_fixed_points(flipflop().fixed_points()),
    "few fixed points": lambda: terminal.print_fixed_points(small().fixed_points()),
    "subregions": lambda: terminal.print_subregions(small(), None),
    "cycles": lambda: terminal.print_cycles(tent().cycles(5)),
    "section": lambda: terminal.print_section(Section("A heading " * 9, (f"It is {LONG} " * 9,), {})),
    "bifurcations": lambda: terminal.print_bifurcations(bifurcations(small(), ("input", 0), [-3, 0, 3])),
    "one input": lambda: terminal.print_input_diagram(small().input_diagram(0, (-3, 3)), [LONG, "b"]),
    "two inputs": lambda: terminal.print_input_diagram(small().input_diagram((0, 1), [(-3, 3)] * 2), [LONG, "b"]),
    "reduction": lambda: terminal.print_reduction(small().reduce(([-1, -1], [3, 3]))),
    "comparison": lambda: terminal.print_comparison(compare(small(), small())),
}


def printed(name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    PRINTED[name]()
    return capsys.readouterr().out


def words(text: str, longest: int) -> set[str]:
    """Those that fit a line; the names of cells end in a colon where rows are told one by one."""
    return {word.rstrip(":") for word in text.split() if len(word) <= longest and set(word) - {"─"}}


@pytest.mark.parametrize("name", PRINTED)
def test_it_fits(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wide = printed(name, 1000, monkeypatch, capsys)
    for width in (40, 60, 80, 120):
        text = printed(name, width, monkeypatch, capsys)
        assert max(map(cell_len, text.splitlines())) <= width
        assert "…" not in text
        # Times that searches took differ, and so do the pieces of words that no line has room for.
        broken = {word for word in words(text, 24) - words(wide, 24) - ADDED if word not in wide and "." not in word}
        assert not broken
        assert words(wide, 24) - words(text, 1000) <= {"bitcode", *(word for word in words(wide, 24) if "." in word)}


def test_there_is_something_to_fit() -> None:
    assert len(occupancy(visits())) > 500


def test_a_table_that_fits_stands_side_by_side() -> None:
    table = TextTable("T", "bitcode", "value", left=("bitcode",))
    table.add_row("0" * 32, "1.5")
    table.add_row("1" * 32, "2.5")

    def lines(width: int) -> list[str]:
        console = Console(width=width, file=StringIO())
        with console.capture() as capture:
            console.print(table)
        return [line.rstrip() for line in capture.get().splitlines()]

    assert lines(80)[-1] == f"{'1' * 32}    2.5"
    assert lines(30)[2:] == ["no.  value", "───────────", "  1    1.5", "  2    2.5", "Bitcodes:", *lines(30)[7:]]
    assert lines(12)[2] == "no.  value" and "2  111111" not in lines(12)
    assert "".join(lines(30)[7:]).replace(" ", "") == f"1{'0' * 32}2{'1' * 32}"


def test_words_are_kept_whole() -> None:
    assert wrapped("  two words and more", 11) == "  two words\nand more"
    assert wrapped("a/long/path.txt x", 8) == "a/long/\npath.txt\nx"
    assert wrapped("abcdefghij", 4) == "abcd\nefgh\nij"
    assert wrapped("x abcdefghij y", 4, break_long=False) == "x\nabcdefghij\ny"
    assert wrapped("日本語 日本", 6) == "日本語\n日本"
    assert wrapped("", 10) == "" and wrapped("one\n\ntwo", 10) == "one\n\ntwo"
