"""Runs that repeat no word: followed on, and only then named by their Lyapunov exponents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ..maps import bits_to_string
from .exponents import Growth, Motion, measure
from .following import follow
from .ledger import End, Reason
from .recurrences import close_returns, word_of_cycle
from .resting import Resting
from .results import EndKind
from .search import Search
from .tails import LONG_TAIL, Group, fill_one_set, grouped, spread_out

__all__ = ["PATIENCE", "name_moving"]

# What is not decided is followed so many times longer.
PATIENCE = 20
# Of each group at most so many runs are followed on, unless one of them shows that the group must be.
WATCHED = 20
# States of a run, so many steps apart, from which cycles are looked for, and returns to each that are tried, nearest
# first.
STARTS, APART, RETURNS = 3, 700, 8
# Runs that a tail is to be read of.
RESTLESS = (Reason.MOVING, Reason.REPELLING, Reason.ROTATING, Reason.RAMP)


def name_moving(search: Search) -> None:
    """Say what the open runs do that repeat no word, after having followed them on."""
    task, ledger = search.task, search.ledger
    groups = grouped(search, _restless(search, ledger.open))
    # What stays on a word that repels may be leaving it slowly.
    again = [run for run, left in ledger.open.items() if left.reason == Reason.REPELLING]
    follow(search, again, _rest(search))
    for group in groups:
        if not task.budget.take(1):
            return
        motion = measure(task, _states(search, group), long=False)
        if motion is None:
            # A transient: it has left every bound while its exponents were averaged. The others may be, too.
            ledger.diverge(group.runs[0])
            follow(search, group.runs[1:], _rest(search))
            again.extend(group.runs[1:])
        elif motion.growth == Growth.CHAOTIC:
            _watch_chaos(search, group, motion)
        else:
            _seek_cycles(search, group.tail[-1])
            again.extend(_watch_calm(search, group))
    neutral: list[tuple[Group, Motion]] = []
    for group in grouped(search, _restless(search, again), LONG_TAIL):
        if not task.budget.take(1):
            break
        motion = measure(task, _states(search, group), long=True)
        if motion is None:
            ledger.diverge(group.runs[0])
            continue
        if motion.growth == Growth.NEUTRAL:
            neutral.append((group, motion))
        else:
            _name(search, group, motion)
    _name_neutral(search, neutral)


def _restless(search: Search, runs: Iterable[int]) -> list[int]:
    return [run for run in runs if run in search.ledger.open and search.ledger.open[run].reason in RESTLESS]


def _states(search: Search, group: Group) -> np.ndarray:
    return np.array([search.ledger.open[run].state for run in group.runs])


def _rest(search: Search) -> int:
    return (PATIENCE - 1) * search.task.steps


def _seek_cycles(search: Search, state: np.ndarray) -> None:
    """Look for an attracting cycle near a run: where the map is locked, it comes back the closest after one period."""
    task = search.task
    if not task.map.n_relu:
        return
    states = task.run(state[None], task.max_period + STARTS * APART).states[0]
    for start in range(STARTS):
        orbit = states[: len(states) - start * APART]
        for period in close_returns(orbit, task.max_period)[:RETURNS]:
            if not task.budget.take(1):
                return
            word = word_of_cycle(task, orbit[-1], period)
            if word is not None and isinstance(search.catalogue.solve(word), Resting):
                return


def _watch_chaos(search: Search, group: Group, motion: Motion) -> None:
    """Follow chaotic runs on: those that leave show that the others may do so later."""
    ledger = search.ledger
    end = ledger.add(_moving(EndKind.CHAOTIC, group, motion, ""))
    try:
        watched = group.runs[:WATCHED]
        follow(search, watched, _rest(search))
        if not any(run in ledger.open for run in watched):
            follow(search, group.runs[WATCHED:], _rest(search))
            watched = group.runs
    finally:
        # Also where that was interrupted: what it did until then is known.
        stay = [run for run in group.runs if run in ledger.open]
        left = len(watched) - sum(run in ledger.open for run in watched)
        steps = max((ledger.open[run].steps for run in stay), default=0)
        for run in stay:
            ledger.settle(run, end)
    if left and stay:
        ledger.remark(
            end,
            f"{left} of {len(watched)} such runs left it within {steps} steps: what is left may be a "
            "transient, too; raise steps",
        )
    elif stay and ledger.latest_escape >= search.task.steps // 2:
        ledger.remark(
            end,
            f"other runs left for ever after as many as {ledger.latest_escape} steps: this may be a transient, too; "
            "raise steps",
        )


def _watch_calm(search: Search, group: Group) -> Sequence[int]:
    """Follow runs on that neither grow nor clearly repeat: a motion that contracts comes to a cycle in the end."""
    ledger = search.ledger
    watched, others = group.runs[:WATCHED], group.runs[WATCHED:]
    follow(search, watched, _rest(search))
    if any(run not in ledger.open or ledger.open[run].reason not in RESTLESS for run in watched):
        follow(search, others, _rest(search))
    return group.runs


def _name_neutral(search: Search, neutral: list[tuple[Group, Motion]]) -> None:
    """Name motion that neither grows nor shrinks, as one where it fills one set in the end."""
    ledger = search.ledger
    note = (
        "the largest exponent is zero within its error; a cycle of more than "
        f"max_period = {search.task.max_period} steps would look the same: raise max_period and steps to tell"
    )
    known: list[tuple[int, Group]] = []
    for group, motion in neutral:
        wide = spread_out(search, group) if len(neutral) > 1 else group
        end = next((end for end, other in known if fill_one_set(wide.tail, wide.tree, other)), None)
        if end is None:
            end = ledger.add(_moving(EndKind.QUASI_PERIODIC, wide, motion, note))
            known.append((end, wide))
        for run in group.runs:
            ledger.settle(run, end)


def _name(search: Search, group: Group, motion: Motion) -> None:
    """Name a group of runs that are chaotic after all, or say why they are not named."""
    ledger = search.ledger
    if motion.growth == Growth.CHAOTIC:
        end = ledger.add(_moving(EndKind.CHAOTIC, group, motion, ""))
        for run in group.runs:
            ledger.settle(run, end)
        return
    reason = Reason.CONTRACTING if motion.growth == Growth.CONTRACTING else Reason.UNCLEAR
    for run in group.runs:
        ledger.explain(run, reason, detail=motion.leading())


def _moving(kind: EndKind, group: Group, motion: Motion, note: str) -> End:
    names = Counter(bits_to_string(row) for row in group.bits)
    codes = tuple(sorted(names, key=lambda code: (-names[code], code)))
    return End(kind, None, codes, group.tail[-1].copy(), 0, note, motion.exponents, motion.errors)
