"""Fixed points, cycles, and the sections of a story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..display.abbreviation import FEW, count_words, short_bitcode, short_state, short_word
from ..summary import coverage_sentences, cycle_sentences
from .printing import say
from .tables import LISTED_ROWS, new_table, output_cells

if TYPE_CHECKING:
    from ..results import Cycles, FixedPoints
    from ..story import Section

__all__ = ["print_cycles", "print_fixed_points", "print_section"]

# |eigenvalue - 1| below this is called slow.
SLOW = 1e-2


def print_fixed_points(result: FixedPoints) -> None:
    """Fixed points, continua, and what was proved about them.

    Parameters
    ----------
    result : FixedPoints
    """
    if len(result):
        read = any(point.output is not None for point in result)
        # Of many units only the length of z is shown, which says less than the outputs.
        units = not read or result[0].z.size <= FEW
        columns = ("bitcode", "stability", "spectral radius", "to boundary", "residual", *(["z"] if units else []))
        table = new_table("Fixed points", *columns, *(["output"] if read else []))
        for point in result:
            distance = "on boundary" if point.on_boundary else f"{point.boundary_distance:.4g}"
            numbers = (f"{point.spectral_radius:.6g}", distance, f"{point.residual:.1e}")
            state = [short_state(point.z)] if units else []
            table.add_row(short_bitcode(point.bitcode), point.stability, *numbers, *state, *output_cells(point.output))
        say(table)
    if result.continua:
        table = new_table("Continua of fixed points", "bitcode", "dimension", "extent", "residual", "z")
        for piece in result.continua:
            extent = "" if piece.interval is None else f"{piece.interval[0]:.4g} .. {piece.interval[1]:.4g}"
            cells = (str(piece.dimension), extent, f"{piece.residual:.1e}", short_state(piece.anchor))
            table.add_row(short_bitcode(piece.bitcode), *cells)
        say(table)
    say()
    for sentence in coverage_sentences(result):
        say(sentence)
    if any(abs(value - 1.0) < SLOW for point in result for value in point.eigenvalues):
        say(
            f"Note: an eigenvalue within {SLOW:g} of 1 is a slow direction, such as the memory of an integrator. "
            "The fixed point of so slow a subregion can lie far outside the states the network visits."
        )


def print_section(section: Section) -> None:
    """A section of a story.

    Parameters
    ----------
    section : Section
    """
    say(f"\n{section.title}", style="bold")
    for sentence in section.sentences:
        say(sentence)


def print_cycles(result: Cycles) -> None:
    """Cycles beyond the fixed points, shortest first, and what was proved about them.

    Parameters
    ----------
    result : Cycles
    """
    longer = [cycle for cycle in result if cycle.period > 1]
    if longer:
        table = new_table("Cycles", "period", "word", "stability", "spectral radius", "to boundary", "residual")
        for cycle in longer[:LISTED_ROWS]:
            distance = "on boundary" if cycle.on_boundary else f"{cycle.boundary_distance:.4g}"
            numbers = (f"{cycle.spectral_radius:.6g}", distance, f"{cycle.residual:.1e}")
            table.add_row(str(cycle.period), short_word(cycle.word), cycle.stability, *numbers)
        say(table)
        if len(longer) > LISTED_ROWS:
            say(f"({count_words(len(longer) - LISTED_ROWS, 'further cycle')} in the JSON record, --json)")
    say()
    for sentence in cycle_sentences(result):
        say(sentence)
