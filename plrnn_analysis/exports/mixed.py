"""The question for fixed points as a mixed-integer linear program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap
from ..polytopes.boxes import Box
from .bounds import argument_bounds
from .known import Known

__all__ = ["Column", "MixedProgram", "Row", "fixed_point_program"]


@dataclass(frozen=True)
class Column:
    """An unknown and its bounds; whole ones are 0 or 1."""

    name: str
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False

    @property
    def is_bit(self) -> bool:
        """Whether it can be 0 and can be 1."""
        return self.whole and (self.low, self.high) == (0.0, 1.0)


@dataclass(frozen=True)
class Row:
    """A condition ``sum of coefficient * unknown, sense, right``.

    Attributes
    ----------
    name : str
    terms : tuple of (float, str)
    sense : {"=", "<=", ">="}
    right : float
    only_if : tuple of (str, int) or None
        It holds only if this unknown is 0 or 1 (an indicator constraint).
    """

    name: str
    terms: tuple[tuple[float, str], ...]
    sense: str
    right: float
    only_if: tuple[str, int] | None = None


@dataclass(frozen=True)
class MixedProgram:
    """Unknowns and conditions; there is nothing to minimise."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def has_indicators(self) -> bool:
        """Whether some condition holds only if a bit has a given value."""
        return any(row.only_if for row in self.rows)


def fixed_point_program(map: CanonicalMap, box: Box, known: Sequence[Known]) -> MixedProgram:
    """Conditions that the fixed points in a box satisfy, outside of the closed subregions left out, and no other state.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    box : Box
        Sides may be infinite.
    known : sequence of Known

    Returns
    -------
    MixedProgram
        In z (states), f = F(z), x = relu(y), s = x - y and b (bits). Every coefficient is one of the given doubles, or
        a bound of a ReLU's argument that holds on the box.

    Notes
    -----
    ``x <= U b`` and ``s <= S (1 - b)`` say that x or s is zero, with U and -S bounds of the argument. Where the box has
    no such bound, the condition is an indicator constraint.
    """
    low, high = argument_bounds(map, box)
    columns = [
        *(Column(f"z_{j}", a, b) for j, (a, b) in enumerate(zip(box.low.tolist(), box.high.tolist(), strict=True))),
        *(Column(f"f_{j}") for j in range(map.n_units)),
        *(Column(f"x_{i}", 0.0, max(0.0, top)) for i, top in enumerate(high.tolist())),
        *(Column(f"s_{i}", 0.0, max(0.0, -bottom)) for i, bottom in enumerate(low.tolist())),
        *(
            Column(f"b_{i}", float(bottom > 0.0), float(top > 0.0), whole=True)
            for i, (bottom, top) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
        ),
    ]
    rows = [
        *(
            Row(f"next_{j}", (*_terms(A, "z"), *_terms(W, "x"), (-1.0, f"f_{j}")), "=", -h)
            for j, (A, W, h) in enumerate(zip(map.A.tolist(), map.W.tolist(), map.h.tolist(), strict=True))
        ),
        *(Row(f"fixed_{j}", ((1.0, f"f_{j}"), (-1.0, f"z_{j}")), "=", 0.0) for j in range(map.n_units)),
        *(
            Row(f"argument_{i}", (*_terms(V, "z"), (-1.0, f"x_{i}"), (1.0, f"s_{i}")), "=", -c)
            for i, (V, c) in enumerate(zip(map.V.tolist(), map.c.tolist(), strict=True))
        ),
    ]
    for i, (bottom, top) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if bottom <= 0.0 < top:
            rows.append(_inactive(i, top))
        if bottom < 0.0 < top:
            rows.append(_active(i, -bottom))
    rows += [_left_out(k, one) for k, one in enumerate(known)]
    return MixedProgram(tuple(columns), tuple(rows))


def _terms(coefficients: Sequence[float], name: str) -> list[tuple[float, str]]:
    return [(v, f"{name}_{j}") for j, v in enumerate(coefficients) if v]


def _inactive(i: int, top: float) -> Row:
    """An inactive ReLU has the value zero."""
    if math.isinf(top):
        return Row(f"inactive_{i}", ((1.0, f"x_{i}"),), "<=", 0.0, only_if=(f"b_{i}", 0))
    return Row(f"inactive_{i}", ((1.0, f"x_{i}"), (-top, f"b_{i}")), "<=", 0.0)


def _active(i: int, depth: float) -> Row:
    """The value of an active ReLU is its argument."""
    if math.isinf(depth):
        return Row(f"active_{i}", ((1.0, f"s_{i}"),), "<=", 0.0, only_if=(f"b_{i}", 1))
    return Row(f"active_{i}", ((1.0, f"s_{i}"), (depth, f"b_{i}")), "<=", depth)


def _left_out(k: int, one: Known) -> Row:
    """Some bit differs."""
    which = np.flatnonzero(~one.either).tolist()
    terms = tuple((-1.0 if one.bits[i] else 1.0, f"b_{i}") for i in which)
    return Row(f"other_{k}", terms, ">=", 1.0 - int(np.count_nonzero(one.bits[which])))
