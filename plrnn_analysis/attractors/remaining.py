"""What becomes of the runs that are still open after the steps given."""

from __future__ import annotations

import numpy as np

from ..maps import bits_to_string
from .following import follow
from .ledger import End, Open, Reason
from .moving import PATIENCE, name_moving
from .results import EndKind
from .search import Search

__all__ = ["close", "settle_rest"]

# Runs that near something, and so will reach it.
SLOW = (Reason.APPROACHING, Reason.SLOWING, Reason.RAMP)
NOTES = {
    Reason.MOVING: "not decided after {steps} steps: raise steps",
    Reason.APPROACHING: "it nears a fixed point or cycle that attracts, but had not reached it after {steps} steps: "
    "raise steps",
    Reason.SLOWING: "it moves ever more slowly along a family of fixed points or cycles: raise steps",
    Reason.RAMP: "it moves at constant speed towards a boundary: raise steps",
    Reason.NEUTRAL: "it repeats a word with a multiplier of modulus one without coming to rest: raise steps",
    Reason.REPELLING: "it repeats the word of something that repels, and leaves it slowly: raise steps",
    Reason.BALANCED: "it is on something that repels, to rounding",
    Reason.CONTRACTING: "it contracts (largest exponent {detail}), and so ends in a fixed point or a cycle, but "
    "repeats no word of up to max_period = {max_period} steps within {steps} steps: raise steps and max_period",
    Reason.UNCLEAR: "the largest exponent{detail} may be zero or not: raise steps",
    Reason.INACCURATE: "rounding hides what it repeats",
    Reason.OVERFLOW: "it grew beyond the range of floats in a subregion where everything shrinks in the end",
}


def settle_rest(search: Search) -> None:
    """Go on with the runs that are open after the steps given, before anything but a fixed point or cycle is named."""
    follow(search, _because(search, *SLOW), (PATIENCE - 1) * search.task.steps)
    name_moving(search)


def close(search: Search, missing: np.ndarray) -> None:
    """Enter what was not decided, by its reason; `missing` (n, M) are initial states that were not even begun."""
    ledger, task = search.ledger, search.task
    for run in _because(search, Reason.ROTATING):
        _rotates(search, run)
    for reason in Reason:
        runs = _because(search, reason)
        begun_late = len(missing) if reason == Reason.MOVING else 0
        if not runs and not begun_late:
            continue
        first = ledger.open[runs[0]] if runs else Open(missing[0], 1.0)
        steps = max((ledger.open[run].steps for run in runs), default=0)
        note = NOTES[reason].format(steps=steps, max_period=task.max_period, detail=_detail(reason, first.detail))
        if task.budget.stopped_by:
            stopped = f"stopped by {task.budget.stopped_by}"
            note = stopped if reason == Reason.MOVING else f"{note} ({stopped})"
        near = reason == Reason.BALANCED
        end = ledger.add(End(EndKind.UNDECIDED, None, (), first.state.copy(), 0, note, near_boundary=near))
        ledger.settle_all(runs, end)
        ledger.owners.extend([end] * begun_late)


def _detail(reason: Reason, detail: str) -> str:
    return f", {detail}," if reason == Reason.UNCLEAR and detail else detail


def _because(search: Search, *reasons: Reason) -> list[int]:
    return [run for run, left in search.ledger.open.items() if left.reason in reasons]


def _rotates(search: Search, run: int) -> None:
    """A run that turns for ever on one of a family of circles or tori."""
    left = search.ledger.open[run]
    assert left.word is not None  # it is the reason
    name = b"rotation" + left.word.tobytes() + str(len(left.word)).encode()
    end = search.ledger.named(name)
    if end is None:
        codes = tuple(dict.fromkeys(bits_to_string(b) for b in left.word))
        note = "a neutral rotation: which circle of a family depends on the initial state"
        entry = End(EndKind.QUASI_PERIODIC, None, codes, left.state.copy(), 0, note)
        end = search.ledger.add_named(name, entry)
    search.ledger.settle(run, end)
