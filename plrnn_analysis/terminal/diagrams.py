"""What changes with a parameter, or with inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..display.abbreviation import count_words, short_bitcode, short_word
from ..results.naming import LONGEST_NAME, channel_name
from ..summary import bifurcation_sentences, input_diagram_sentences
from .printing import NUMBER, say
from .tables import LISTED_ROWS, new_table

if TYPE_CHECKING:
    from ..bifurcations import Bifurcation, Bifurcations, Branch
    from ..input_diagrams import InputDiagram

__all__ = ["print_bifurcations", "print_input_diagram"]

# Values of each of two inputs at which fixed points are counted.
GRID = 5


def print_bifurcations(found: Bifurcations) -> None:
    """Numbers of fixed points and cycles along a parameter, their branches, and the events that they meet.

    Parameters
    ----------
    found : Bifurcations
    """
    _print_counts(found)
    if found.branches:
        code = "bitcode" if found.max_period == 1 else "word"
        table = new_table("Branches", NUMBER, code, "from", "to", "stability")
        for number, branch in enumerate(found.branches[:LISTED_ROWS], 1):
            ends = f"{branch.start:.6g}", f"{branch.stop:.6g}"
            table.add_row(str(number), short_word(branch.word), *ends, _stability(branch))
        say(table)
        _say_rest(len(found.branches), "branch", "branches")
    if len(found):
        table = new_table("Events", found.parameter, "event", "period", "ReLU", "branches below", "branches above")
        for event in found[:LISTED_ROWS]:
            relus = ", ".join(map(str, event.relus))
            sides = _branches_at(event, found.branches)
            table.add_row(f"{event.value:.6g}", event.kind, str(event.period), relus, *sides)
        say(table)
        _say_rest(len(found), "event", "events")
    say()
    for sentence in bifurcation_sentences(found):
        say(sentence)


def _print_counts(found: Bifurcations) -> None:
    """How many there are at the values searched, runs of equal numbers in one row."""
    names = ["fixed points", *(f"{period}-cycles" for period in range(2, found.max_period + 1))]
    continua = ["continua"] if np.any(found.continua) else []
    table = new_table("At the values searched", "from", "to", *names, *continua, "complete")
    rows = np.column_stack([found.counts, found.continua, found.complete_at])
    starts = np.flatnonzero(np.concatenate([[True], np.any(np.diff(rows, axis=0) != 0, axis=1)]))
    ends = [*starts[1:], len(rows)]
    for a, b in list(zip(starts, ends, strict=True))[:LISTED_ROWS]:
        counts = ["not searched" if n < 0 else str(n) for n in found.counts[a]]
        proved = "yes" if found.complete_at[a] else "no"
        shown = [*counts, *(str(found.continua[a]) for _ in continua), proved]
        table.add_row(f"{found.values[a]:.6g}", f"{found.values[b - 1]:.6g}", *shown)
    say(table)
    _say_rest(len(starts), "row", "rows")


def _say_rest(n: int, noun: str, plural: str) -> None:
    if n > LISTED_ROWS:
        say(f"({count_words(n - LISTED_ROWS, f'further {noun}', f'further {plural}')} in the JSON record, --json)")


def _stability(branch: Branch) -> str:
    if branch.stable.all():
        return "stable"
    return "partly stable" if branch.stable.any() else "unstable"


def _branches_at(event: Bifurcation, branches: Sequence[Branch]) -> tuple[str, str]:
    """Numbers of the branches that end and begin at an event."""

    def number(word: tuple[str, ...], end: str) -> int | None:
        known = [i for i, branch in enumerate(branches) if branch.word == word]
        return min(known, key=lambda i: abs(getattr(branches[i], end) - event.value), default=None)

    def listed(words: Sequence[tuple[str, ...]], end: str) -> str:
        numbers = [number(word, end) for word in words]
        return ", ".join(str(i + 1) for i in numbers if i is not None)

    return listed(event.before, "stop"), listed(event.after, "start")


def print_input_diagram(diagram: InputDiagram, input_names: Sequence[str] = ()) -> None:
    """Fixed points as functions of inputs: how many where, their branches, and where they appear and vanish.

    Parameters
    ----------
    diagram : InputDiagram
    input_names : sequence of str, optional
        Of all inputs of the network.
    """
    names = [channel_name(input_names, k, "input") for k in diagram.inputs]
    if len(names) == 1:
        table = new_table("Numbers of fixed points", "from", "to", "fixed points", "of them stable")
        for low, high, n, stable in zip(*diagram.intervals().values(), strict=True):
            table.add_row(f"{low:.6g}", f"{high:.6g}", str(n), str(stable))
        say(table)
    else:
        _print_grid(diagram, names)
    if len(diagram):
        columns = [*names, "stability", "spectral radius"]
        table = new_table("Branches of fixed points", "bitcode", *columns)
        for branch in diagram[:LISTED_ROWS]:
            ends = zip(branch.corners.min(axis=0), branch.corners.max(axis=0), strict=True)
            place = [f"{low:.4g} to {high:.4g}" for low, high in ends]
            table.add_row(short_bitcode(branch.bitcode), *place, branch.stability, f"{branch.spectral_radius:.6g}")
        say(table)
        _say_rest(len(diagram), "branch", "branches")
    if len(names) == 1:
        _print_collisions(diagram, names[0])
    say()
    for sentence in input_diagram_sentences(diagram, names):
        say(sentence)


def _print_grid(diagram: InputDiagram, names: Sequence[str]) -> None:
    """How many fixed points there are over two inputs."""
    across, along = (np.linspace(low, high, GRID) for low, high in diagram.ranges)
    title = f"Numbers of fixed points: {names[0]} to the right, {names[1]} downwards"
    table = new_table(title, "", *(f"{x:.4g}" for x in across))
    for y in along[::-1]:
        counts = diagram.count(np.column_stack([across, np.full(GRID, y)]))
        table.add_row(f"{y:.4g}", *map(str, counts))
    say(table)


def _print_collisions(diagram: InputDiagram, name: str) -> None:
    events = [collision for collision in diagram.collisions if collision.kind != "persistence"]
    if not events:
        return
    short = all(len(code) <= LONGEST_NAME for event in events for code in (*event.below, *event.above))
    table = new_table("Where fixed points appear and vanish", name, "event", "ReLU", *(["bitcodes"] if short else []))
    for event in events[:LISTED_ROWS]:
        codes = [", ".join([*event.below, *event.above])] if short else []
        table.add_row(f"{event.location[0, 0]:.6g}", event.kind, ", ".join(map(str, event.units)), *codes)
    say(table)
    _say_rest(len(events), "event", "events")
