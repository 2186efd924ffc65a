"""Branches of fixed points over one or two parameters: where each exists, and where branches meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..engines.budget import Budget
from ..polytopes.rational import Point, Undecided
from .exclusion import surely_empty
from .parametric import ParametricMap
from .solutions import Piece, Sheet, as_floats, is_on_closure, solve_pattern

__all__ = ["Findings", "Meeting", "find_meetings", "find_pieces", "middle_of"]

# What describing what was found takes, beside finding it.
DESCRIBING = 0.35
# Bytes that all branches may take, and one of their rational numbers.
BRANCHES, NUMBER = 1 << 30, 250


@dataclass(eq=False)
class Findings:
    """What the patterns looked at hold.

    Attributes
    ----------
    sheets : list of Sheet
    pieces : list of Piece
        One a singular subregion with fixed points.
    unchecked : int
        Patterns that were not decided before the time was up.
    """

    sheets: list[Sheet]
    pieces: list[Piece]
    unchecked: int


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where branches end: for t at `location`, (1, 1) or the two ends (2, 2) of a line, with the states there.

    `below` and `above` are indices of the branches on its two sides, `units` the ReLUs whose argument is zero.
    """

    location: np.ndarray
    states: np.ndarray
    units: np.ndarray
    below: tuple[int, ...]
    above: tuple[int, ...]


def find_pieces(problem: ParametricMap, patterns: np.ndarray, budget: Budget) -> Findings:
    """Solve every pattern (n, H).

    Floats exclude most; what is left is solved in rationals, so that branches and continua are there or not whatever
    the units and the processor. Points of continua are no branches of their own.
    """
    found = Findings([], [], 0)
    done, began = 0, budget.seconds
    most = BRANCHES // (NUMBER * (problem.map.n_units + problem.map.n_relu) * (1 + problem.n_parameters))
    budget.reporter.say(
        step="checking candidates",
        done=lambda: done,
        total=len(patterns),
        found=lambda: len(found.sheets) + len(found.pieces),
    )
    try:
        for bits, empty in zip(patterns, surely_empty(problem, patterns), strict=True):
            budget.reporter.tick()
            if budget.leaves_less_than(DESCRIBING * (budget.seconds - began)):
                raise Undecided
            solved = None if empty else solve_pattern(problem, bits, budget.deadline)
            if isinstance(solved, Sheet):
                found.sheets.append(solved)
            elif solved is not None:
                found.pieces.append(solved)
            done += 1
            if len(found.sheets) + len(found.pieces) > most:
                budget.stop("memory")
                break
    except Undecided:
        budget.stop("time_limit")
    except KeyboardInterrupt:
        budget.stop("interrupt")
    found.unchecked = len(patterns) - done
    _sort_out(found, problem, budget)
    return found


def _sort_out(found: Findings, problem: ParametricMap, budget: Budget) -> None:
    """Drop what lies in the closure of a continuum."""
    continua = [piece for piece in found.pieces if piece.dimension]
    if not continua:
        return
    sheets, pieces, found.sheets, found.pieces = found.sheets, found.pieces, [], []
    for done, item in enumerate((*sheets, *pieces)):
        budget.report()
        if budget.overdue:
            budget.stop("time_limit")
            found.unchecked += len(sheets) + len(pieces) - done
            break
        if isinstance(item, Sheet) and not is_on_closure(problem, item.point.bits, middle_of(item), continua):
            found.sheets.append(item)
        elif isinstance(item, Piece) and not is_on_closure(problem, item.bits, item.middle, continua, item.dimension):
            found.pieces.append(item)


def middle_of(sheet: Sheet) -> tuple[Point, Point]:
    """State and parameters in the middle of a branch."""
    t = [sum(column, fmpq(0)) / len(sheet.corners) for column in sheet.corners.T]
    return [row[0] + sum((a * x for a, x in zip(row[1:], t, strict=True)), fmpq(0)) for row in sheet.point.Z], t


def _ends(sheet: Sheet) -> Iterator[np.ndarray]:
    """Ends of a branch that are no end of the range: points (1, 1), or edges (2, 2) of its polygon."""
    if sheet.corners.shape[1] == 1:
        yield from (end[None] for end in sheet.corners if 0 < end[0] < 1)
        return
    for k, edge in enumerate(sheet.edges):
        if edge >= 0:
            yield sheet.corners[[k, (k + 1) % len(sheet.corners)]]


def _is_above(place: np.ndarray, corners: np.ndarray) -> bool:
    """On which side of an end, or of an edge, a branch lies: to the right, or to the left of the way along it."""
    way = [sum(column, fmpq(0)) / len(corners) - x for column, x in zip(corners.T, place[0], strict=True)]
    if len(place) == 1:
        return bool(way[0] > 0)
    along = place[1] - place[0]
    return bool(along[0] * way[1] - along[1] * way[0] > 0)


def _vanishing(sheet: Sheet, place: np.ndarray) -> np.ndarray:
    """The ReLUs whose argument is zero at a place, and not everywhere."""
    point = sheet.point
    value = np.abs(point.inside[:, :1] + point.inside[:, 1:] @ as_floats(place).T).max(axis=1, initial=0.0)
    zero = (value <= point.y_error) & np.any(point.inside != 0.0, axis=1)
    for i in np.flatnonzero(zero):
        row = point.Y[i]
        zero[i] = all(row[0] + row[1:] @ t == 0 for t in place)
    return zero


def find_meetings(sheets: Sequence[Sheet], budget: Budget) -> list[Meeting]:
    """Group the ends of branches by place and state, as far as the time allows.

    Notes
    -----
    Where the argument of ReLU i vanishes, the fixed points of the subregions with bit i set and not set coincide: so
    branches meet exactly where they share the vanishing ReLUs, all other bits, and the parameters.
    """
    groups: dict[tuple[bytes, ...], tuple[np.ndarray, np.ndarray, np.ndarray, list[int], list[int]]] = {}
    for index, sheet in enumerate(sheets):
        budget.report()
        if budget.overdue:
            budget.stop("time_limit")
            break
        for place in _ends(sheet):
            zero = _vanishing(sheet, place)
            corners = sorted(repr(corner.tolist()).encode() for corner in place)
            key = ((sheet.point.bits & ~zero).tobytes(), zero.tobytes(), *corners)
            if key not in groups:
                state = sheet.point.state
                groups[key] = (place, state[:, 0] + as_floats(place) @ state[:, 1:].T, zero, [], [])
            first, _, _, below, above = groups[key]
            (above if _is_above(first, sheet.corners) else below).append(index)
    found = [
        Meeting(as_floats(place), states, np.flatnonzero(zero), tuple(below), tuple(above))
        for place, states, zero, below, above in groups.values()
    ]
    return sorted(found, key=lambda meeting: meeting.location.ravel().tolist())
