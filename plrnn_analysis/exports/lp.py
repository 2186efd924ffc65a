"""Mixed-integer programs as LP files, which people can read too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import TextWrapper

from .mixed import Column, MixedProgram, Row
from .mps import digits

__all__ = ["as_lp"]

# Some readers cut lines off after 255 characters.
WIDTH = 120


def as_lp(program: MixedProgram, comments: Sequence[str]) -> str:
    r"""A program in the LP format of CPLEX.

    Parameters
    ----------
    program : MixedProgram
    comments : sequence of str
        Lines at the top.
    """
    return "\n".join([*(f"\\ {line}".rstrip() for line in comments), *_lines(program)]) + "\n"


def _lines(program: MixedProgram) -> Iterator[str]:
    first = program.columns[0].name
    lines = TextWrapper(
        WIDTH, initial_indent=" ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    yield "Minimize"
    yield f" nothing: 0 {first}"
    yield "Subject To"
    for row in program.rows:
        yield from lines.wrap(_condition(row, first))
    yield "Bounds"
    yield from (f" {_bounds(column)}" for column in program.columns if not column.is_bit)
    for section, bits in (("Binaries", True), ("Generals", False)):
        names = [column.name for column in program.columns if column.whole and column.is_bit is bits]
        if names:
            yield section
            yield from lines.wrap(" ".join(names))
    yield "End"


def _condition(row: Row, first: str) -> str:
    given = f"{row.only_if[0]} = {row.only_if[1]} -> " if row.only_if else ""
    terms = " ".join(f"{'-' if value < 0.0 else '+'} {digits(abs(value))} {name}" for value, name in row.terms)
    return f"{row.name}: {given}{terms.removeprefix('+ ') or f'0 {first}'} {row.sense} {digits(row.right)}"


def _bounds(column: Column) -> str:
    if math.isinf(column.low) and math.isinf(column.high):
        return f"{column.name} free"
    low = "-infinity" if math.isinf(column.low) else digits(column.low)
    if math.isinf(column.high):
        return f"{column.name} >= {low}"
    return f"{low} <= {column.name} <= {digits(column.high)}"
