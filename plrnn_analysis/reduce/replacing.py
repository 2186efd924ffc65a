"""What a domain does to each ReLU of a map, and which ReLUs can go."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..polytopes.programs import Verdict
from ..progress.reporting import OutOfTime
from .deviation import deviation_bound, replaced
from .domains import Domain, argument_ranges, can_be_positive
from .parallel import merge_parallel, parallel_pairs

__all__ = ["Findings", "distinct", "examine", "remove_more", "step_errors", "with_one"]

# By how much a ReLU argument must be seen to pass zero, relative to its terms, before floats are believed about it.
CLEARLY = 1e-8
# Seconds for what is decided exactly.
PATIENCE = 10.0


@dataclass(frozen=True, eq=False)
class Findings:
    """What the domain does to each ReLU; `slack` is by how much making it linear, or off, can be wrong at most.

    `settled` is False where a solver that failed left something undecided.
    """

    map: CanonicalMap
    merged: dict[int, int]
    lowest: np.ndarray
    highest: np.ndarray
    nothing: np.ndarray
    on: np.ndarray
    off: np.ndarray
    slack: tuple[np.ndarray, np.ndarray]
    needed: np.ndarray
    settled: bool


def examine(map: CanonicalMap, place: Domain, merge: bool, budget: Budget) -> Findings:
    """Which ReLUs of a map switch on a domain; with `merge`, those on one hyperplane become one first.

    What is not decided when the time is up may switch.
    """
    map, merged = merge_parallel(map) if merge else (map, {})
    ranges = argument_ranges(map, place, budget)
    lowest, highest = ranges.lowest, ranges.highest
    largest = np.maximum(np.abs(place.low), np.abs(place.high))
    inputs = np.maximum(np.abs(place.s_low), np.abs(place.s_high))
    size = np.abs(map.V) @ largest + np.abs(map.E) @ inputs + np.abs(map.c)
    nothing = ~np.any(map.W != 0.0, axis=0)
    never_up, sure_up = _never(map, place, highest, ranges.high_seen > CLEARLY * size, 1.0, budget)
    never_down, sure_down = _never(map, place, -lowest, ranges.low_seen < -CLEARLY * size, -1.0, budget)
    off = nothing | never_up
    on = ~off & never_down
    slack = np.maximum(-lowest, 0.0) * ~(on | nothing), np.maximum(highest, 0.0) * ~off
    needed = (ranges.low_seen < -CLEARLY * size) & (ranges.high_seen > CLEARLY * size)
    settled = ranges.settled and sure_up and sure_down
    return Findings(map, merged, lowest, highest, nothing, on, off, slack, needed, settled)


def _never(
    map: CanonicalMap, place: Domain, extreme: np.ndarray, seen: np.ndarray, sign: float, budget: Budget
) -> tuple[np.ndarray, bool]:
    """Which ReLU arguments, times `sign`, are nowhere positive, and whether that was decided for all of them.

    `extreme` is what they never exceed; those that were clearly positive somewhere are `seen`.
    """
    never = extreme <= 0.0
    settled = True
    deadline = time.perf_counter() + min(PATIENCE, budget.remaining)
    for i in np.flatnonzero(~never & ~seen).tolist():
        if budget.is_over():
            return never, False
        verdict = can_be_positive(map, place, i, sign, deadline)
        never[i] = verdict is Verdict.EMPTY
        settled = settled and verdict is not Verdict.UNDECIDED
    return never, settled


def step_errors(found: Findings, linear: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """What one step can go wrong by, a column for each ReLU replaced, (M, r)."""
    size = np.where(linear, found.slack[0], np.where(gone, found.slack[1], 0.0))
    return found.map.W[:, size > 0.0] * size[size > 0.0]


def with_one(found: Findings, i: int, mode: int, linear: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The replacements `linear` and `gone`, with ReLU i made linear (mode 0) or off (mode 1) as well."""
    pair = linear.copy(), gone.copy()
    for side in (0, 1):
        pair[side][i] = side == mode
    return pair


def remove_more(
    found: Findings, readout: np.ndarray, horizon: int, tolerance: float, budget: Budget
) -> tuple[np.ndarray, np.ndarray, float]:
    """Replace ReLUs that switch, those that cost least alone first, each if all together stay within the tolerance.

    A budget that ends stops the search; what was removed by then keeps its bound.
    """

    def bound_of(pair: tuple[np.ndarray, np.ndarray]) -> float:
        errors = step_errors(found, *pair)
        return deviation_bound(replaced(found.map, *pair), errors, readout, horizon, budget.check)

    linear, gone, bound = found.on, found.off, 0.0
    try:
        alone = [
            (bound_of(with_one(found, i, mode, linear, gone)), i, mode)
            for i in np.flatnonzero(~(linear | gone)).tolist()
            for mode in (0, 1)
        ]
        for _, i, mode in sorted(alone):
            if linear[i] or gone[i]:
                continue
            pair = with_one(found, i, mode, linear, gone)
            value = bound_of(pair)
            if value <= tolerance:
                (linear, gone), bound = pair, value
    except OutOfTime:
        budget.stop("time_limit")
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return linear, gone, bound


def distinct(map: CanonicalMap, place: Domain) -> bool:
    """Whether the ReLUs' hyperplanes differ on the domain, and it has an inside for them to pass through."""
    if not place.has_interior:
        return False
    varies = place.s_low < place.s_high
    constant = map.c + map.E[:, ~varies] @ place.s_low[~varies]
    return not parallel_pairs(np.hstack([map.V, map.E[:, varies], constant[:, None]]), CLEARLY)
