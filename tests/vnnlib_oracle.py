"""VNN-LIB properties, read and evaluated in the plainest way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

Expression = Any  # a text, or a list of expressions


def read_property(path: Path) -> tuple[dict[str, int], list[Expression]]:
    """How many X and Y there are, and the assertions."""
    text = re.sub(r";[^\n]*", "", path.read_text(encoding="utf-8"))
    tokens = re.findall(r"[()]|[^\s()]+", text)
    sizes = {"X": 0, "Y": 0}
    assertions = []
    while tokens:
        statement = _read(tokens)
        if statement[0] == "declare-const":
            name, kind = statement[1:]
            assert kind == "Real"
            letter, index = name.split("_")
            assert int(index) == sizes[letter], "declared in order"
            sizes[letter] += 1
        else:
            assert statement[0] == "assert" and len(statement) == 2
            assertions.append(statement[1])
    return sizes, assertions


def _read(tokens: list[str]) -> Expression:
    token = tokens.pop(0)
    if token != "(":
        return token
    inside = []
    while tokens[0] != ")":
        inside.append(_read(tokens))
    tokens.pop(0)
    return inside


def holds(assertions: Sequence[Expression], X: Sequence[Any], Y: Sequence[Any] | None = None) -> bool:
    """Whether all assertions hold for these numbers, exactly; without Y, those that are about X alone."""

    def value(text: str) -> Fraction:
        if text[0] in "XY":
            numbers = X if text[0] == "X" else Y
            return Fraction(numbers[int(text[2:])])
        return Fraction(float(text))

    def true(expression: Expression) -> bool:
        operator, *rest = expression
        if operator in ("and", "or"):
            return (all if operator == "and" else any)(map(true, rest))
        left, right = rest
        if Y is None and "Y" in (left[0], right[0]):
            return True
        return value(left) <= value(right) if operator == "<=" else value(left) >= value(right)

    return all(map(true, assertions))
