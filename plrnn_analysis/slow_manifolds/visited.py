"""The range of states that a model visits, and the subregions that meet it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._validation import as_array
from ..engines.budget import Budget
from ..errors import ModelError
from ..maps import CanonicalMap
from ..polytopes.cells import Planes, enumerate_cells
from ..polytopes.rational import rational, rationals
from ..results import Trajectory

__all__ = ["VisitedRange", "cells_in_box", "visited_range"]

# A unit whose range is a smaller share of the largest range than this counts as one that does not move.
STILL = 1e-9


@dataclass(frozen=True, eq=False)
class VisitedRange(Frozen):
    """A box around visited states.

    Attributes
    ----------
    low, high : (M,) ndarray
    widths : (M,) ndarray
        What distances are measured in: ``high - low``, and for a unit that does not move the largest width of any
        unit. Zero if no unit moves.
    states : (n, M) ndarray or None
        The states, if it was made from a trajectory.
    """

    low: np.ndarray
    high: np.ndarray
    widths: np.ndarray
    states: np.ndarray | None

    def in_widths(self, difference: np.ndarray) -> np.ndarray:
        """Absolute differences (..., M) in units of the range: the largest over the units."""
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(difference == 0.0, 0.0, np.abs(difference) / self.widths)
        return np.asarray(np.max(shares, axis=-1))


def visited_range(visited: Trajectory | Any, n_units: int | None = None) -> VisitedRange:
    """The range of a trajectory, or a box.

    Parameters
    ----------
    visited : Trajectory or pair of (M,) array_like
    n_units : int, optional
        What M must be.

    Raises
    ------
    ModelError
        On wrong shapes, a lower corner above the upper one, or states that are not finite.
    """
    states = None
    if isinstance(visited, Trajectory):
        states = visited.visited()
        if states.shape[0] == 0:
            raise ModelError("the trajectory has no state: run it for at least one step")
        if not np.all(np.isfinite(states)):
            raise ModelError(
                "the trajectory diverges: some states are NaN or infinite, so there is no visited range; give the "
                "steps before that, or the range as a pair (low, high)"
            )
        low, high = states.min(axis=0), states.max(axis=0)
    else:
        try:
            first, second = visited
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"the visited range is a Trajectory or a pair (low, high) of corners, got {type(visited).__name__}"
            ) from error
        low, high = as_array("low", first, (n_units,), "(M,)"), as_array("high", second, (n_units,), "(M,)")
        if low.shape != high.shape or np.any(low > high):
            raise ModelError("the corners of the visited range must have low <= high in every unit, and equal lengths")
    if n_units is not None and len(low) != n_units:
        raise ModelError(f"the visited states have {len(low)} units, the model {n_units}: give states of this model")
    widths = high - low
    largest = float(np.max(widths))
    widths = np.where(widths > STILL * largest, widths, largest)
    return VisitedRange(low.copy(), high.copy(), widths, states)


def cells_in_box(
    map: CanonicalMap, low: np.ndarray, high: np.ndarray, most: int, budget: Budget
) -> tuple[list[np.ndarray], bool]:
    """Bitcodes of the subregions that have inner points in a box.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    low, high : (M,) ndarray
    most : int
        Stop once there are more.
    budget : Budget

    Returns
    -------
    list of (H,) ndarray of bool
        At most `most`, ordered by bitcode.
    bool
        Whether these are all.

    Notes
    -----
    A coordinate in which the corners agree keeps its value; inner points are those of the others. Decided exactly, one
    hyperplane after another (:func:`plrnn_analysis.polytopes.cells.enumerate_cells`).
    """
    free = np.flatnonzero(high > low).tolist()
    held = [rational(x) for x in np.where(high > low, 0.0, low).tolist()]
    rows, offsets = rationals(map.V), rationals(map.c)
    room = [sum((a * x for a, x in zip(row, held, strict=True)), b) for row, b in zip(rows, offsets, strict=True)]
    planes = Planes.of([[row[j] for j in free] for row in rows], room, len(free))
    box = Planes.box(low[free], high[free])
    cells = enumerate_cells(planes, box, most=most, deadline=budget.deadline, go_on=lambda: bool(budget.take(1)))
    return [cell.bits for cell in cells.found], cells.complete
