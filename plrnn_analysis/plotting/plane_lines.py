"""A line of a grid over two parameters: what exists at a value of the other one, and where that changes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .bifurcation_diagram import event_style

if TYPE_CHECKING:
    from ..bifurcations import Bifurcation, Bifurcations, Branch

__all__ = ["SAME", "GridLine", "Row", "like", "signature"]

#: Events this near to a grid point, or to each other, relative to the range, are there.
SAME = 1e-9
#: A branch whose leading multiplier has at most this modulus is stable: at an event it is 1 up to rounding.
STABLE = 1.0 + 1e-6

Row = tuple[int, ...]


class GridLine:
    """A line of the grid, as branches were followed along it.

    Parameters
    ----------
    found : Bifurcations
    periods : int
        Longest period that is counted.
    """

    def __init__(self, found: Bifurcations, periods: int) -> None:
        self.found, self.periods = found, periods
        self.tolerance = SAME * float(found.values[-1] - found.values[0])
        self.events = list(found)
        self.values = np.array([event.value for event in self.events])

    def row_at(self, value: float) -> Row:
        """Numbers of each period, then those that are stable."""
        counts = [0] * (2 * self.periods)
        for branch in self.found.branches:
            if branch.start < value < branch.stop and branch.period <= self.periods:
                counts[branch.period - 1] += 1
                counts[self.periods + branch.period - 1] += _stable_at(branch, value)
        return tuple(counts)

    def near(self, low: float, high: float) -> list[Bifurcation]:
        """Events from one value to another, both included."""
        inside = (self.values >= low - self.tolerance) & (self.values <= high + self.tolerance)
        return [self.events[k] for k in np.flatnonzero(inside)]

    def stops(self, low: float, high: float) -> list[float]:
        """Values of events between two values, these not included."""
        values = sorted({event.value for event in self.near(low, high)})
        return [v for v in values if low + self.tolerance < v < high - self.tolerance]

    def between(self, low: float, high: float) -> tuple[list[float], list[Row]]:
        """Where the class changes, and the classes from the lower value to the upper one."""
        edges = [low, *self.stops(low, high), high]
        rows = [self.row_at(0.5 * (a + b)) for a, b in pairwise(edges)]
        turns = [k for k in range(1, len(rows)) if rows[k] != rows[k - 1]]
        return [edges[k] for k in turns], [rows[0], *(rows[k] for k in turns)]


def _stable_at(branch: Branch, value: float) -> bool:
    radius = np.abs(branch.multipliers[:, 0])
    k = min(max(int(np.searchsorted(branch.values, value)), 1), max(len(radius) - 1, 1))
    return bool(np.max(radius[k - 1 : k + 1]) <= STABLE)


def signature(event: Bifurcation) -> tuple[object, ...]:
    """What the same event has in common on neighbouring lines."""
    words = frozenset((*event.words, *event.before, *event.after))
    return (event.kind, event.period, event.relus, words)


def like(event: Bifurcation) -> tuple[object, ...]:
    """The same but for what other ReLUs do."""
    return (event_style(event), event.period, event.relus)
