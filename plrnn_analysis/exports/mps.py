"""Mixed-integer programs as MPS files, the format that every solver reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from .mixed import Column, MixedProgram

__all__ = ["as_mps", "digits"]

_SENSES = {"=": "E", "<=": "L", ">=": "G"}


def digits(value: float) -> str:
    """A double in the shortest decimals that are read as the same double.

    Examples
    --------
    >>> digits(0.1), digits(-0.0), digits(1e-30)
    ('0.1', '0.0', '1e-30')
    """
    return repr(float(value) + 0.0)


def as_mps(program: MixedProgram, comments: Sequence[str]) -> str:
    """A program as free MPS: fields apart by blanks, names without any.

    Parameters
    ----------
    program : MixedProgram
    comments : sequence of str
        Lines at the top.
    """
    return "\n".join([*(f"* {line}".rstrip() for line in comments), *_lines(program)]) + "\n"


def _lines(program: MixedProgram) -> Iterator[str]:
    yield "NAME fixed_points"
    yield "ROWS"
    yield " N nothing"
    yield from (f" {_SENSES[row.sense]} {row.name}" for row in program.rows)
    yield "COLUMNS"
    entries: dict[str, list[str]] = {column.name: [] for column in program.columns}
    for row in program.rows:
        for value, name in row.terms:
            entries[name].append(f" {name} {row.name} {digits(value)}")
    for whole in (False, True):
        if whole:
            yield " MARKER 'MARKER' 'INTORG'"
        for column in program.columns:
            if column.whole is whole:
                # A column without entries would not be known.
                yield from entries[column.name] or [f" {column.name} nothing 0.0"]
        if whole:
            yield " MARKER 'MARKER' 'INTEND'"
    yield "RHS"
    yield from (f" RHS {row.name} {digits(row.right)}" for row in program.rows if row.right)
    yield "BOUNDS"
    for column in program.columns:
        yield from _bounds(column)
    if program.has_indicators:
        yield "INDICATORS"
        yield from (f" IF {row.name} {row.only_if[0]} {row.only_if[1]}" for row in program.rows if row.only_if)
    yield "ENDATA"


def _bounds(column: Column) -> Iterator[str]:
    if column.is_bit:
        # Only what is said to be binary may switch a condition on.
        yield f" BV BOUND {column.name}"
        return
    if math.isinf(column.low) and math.isinf(column.high):
        yield f" FR BOUND {column.name}"
        return
    yield f" MI BOUND {column.name}" if math.isinf(column.low) else f" LO BOUND {column.name} {digits(column.low)}"
    if not math.isinf(column.high):
        yield f" UP BOUND {column.name} {digits(column.high)}"
