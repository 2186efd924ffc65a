"""Runs that repeat no word: followed on, and only then named by their Lyapunov exponents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..maps import bits_to_string
from .exponents import Growth, Motion, measure, n_measured
from .following import follow
from .ledger import End, Reason
from .recurrences import close_returns, word_of_cycle
from .resting import Resting
from .results import EndKind
from .search import Search
from .tails import LONG_TAIL, Group, fill_one_set, grouped, spread_out

__all__ = ["PATIENCE", "name_moving"]

# What is not decided is followed this many times longer.
PATIENCE = 20
# Of each group at most this many runs are followed on, unless one of them shows that the group must be.
WATCHED = 20
# States of a run, this many steps apart, from which cycles are looked for, and returns to each that are tried, nearest
# first.
STARTS, APART, RETURNS = 3, 700, 8
# More groups than this are not compared a second time, over many more steps.
COMPARED = 20
# Runs that a tail is to be read of.
RESTLESS = (Reason.MOVING, Reason.REPELLING, Reason.ROTATING, Reason.RAMP)


def name_moving(search: Search) -> None:
    """Say what the open runs do that repeat no word, after having followed them on."""
    ledger = search.ledger
    groups = grouped(search, _restless(search, ledger.open))
    # What stays on a word that repels may be leaving it slowly.
    again = [run for run, left in ledger.open.items() if left.reason == Reason.REPELLING]
    follow(search, again, _rest(search))
    chaotic: list[tuple[Group, Motion]] = []
    for group, motion in _measured(search, groups, long=False):
        if motion is None:
            again.extend(_after_escape(search, group))
        elif motion.growth == Growth.CHAOTIC:
            chaotic.append((group, motion))
        else:
            _seek_cycles(search, group.tail[-1])
            again.extend(_watch_calm(search, group))
    chaotic = _merged(search, chaotic)
    for group, motion in chaotic:
        _watch_chaos(search, group, motion)
    _name_rest(search, again)


def _name_rest(search: Search, runs: list[int]) -> None:
    """Name what still moves after it was followed on, or say why it has no name."""
    ledger = search.ledger
    note = (
        "the largest exponent is zero within its error; a cycle of more than "
        f"max_period = {search.task.max_period} steps would look the same: raise max_period and steps to tell"
    )
    neutral: list[tuple[Group, Motion]] = []
    for group, motion in _measured(search, grouped(search, _restless(search, runs), LONG_TAIL), long=True):
        if motion is None:
            _after_escape(search, group)
        elif motion.growth == Growth.CHAOTIC:
            _name(search, group, _moving(EndKind.CHAOTIC, group, motion, ""))
        elif motion.growth == Growth.NEUTRAL:
            neutral.append((group, motion))
        else:
            reason = Reason.CONTRACTING if motion.growth == Growth.CONTRACTING else Reason.UNCLEAR
            for run in group.runs:
                ledger.explain(run, reason, detail=motion.leading())
    for group, motion in _merged(search, neutral):
        _name(search, group, _moving(EndKind.QUASI_PERIODIC, group, motion, note))


def _measured(search: Search, groups: list[Group], *, long: bool) -> Iterator[tuple[Group, Motion | None]]:
    """Groups with their exponents, as long as there is time."""
    for group in groups:
        if not search.task.budget.take(1):
            return
        states = np.array([search.ledger.open[run].state for run in group.runs])
        yield group, measure(search.task, states, long=long)


def _after_escape(search: Search, group: Group) -> list[int]:
    """Runs that have left every bound while their exponents were averaged; the others are followed on, and returned."""
    measured = n_measured(search.task.map.n_units)
    for run in group.runs[:measured]:
        search.ledger.diverge(run)
    follow(search, group.runs[measured:], _rest(search))
    return group.runs[measured:]


def _merged(search: Search, groups: list[tuple[Group, Motion]]) -> list[tuple[Group, Motion]]:
    """The same groups, those that fill one set in the end as one: slow motion shows it in very many steps only."""
    if not 1 < len(groups) <= COMPARED:
        return groups
    merged: list[tuple[Group, Motion]] = []
    for group, motion in groups:
        wide = spread_out(search, group)
        same = next((other for other, _ in merged if fill_one_set(wide.tail, wide.tree, other)), None)
        if same is None:
            merged.append((wide, motion))
        else:
            same.runs.extend(group.runs)
    return merged


def _name(search: Search, group: Group, end: End) -> None:
    index = search.ledger.add(end)
    for run in group.runs:
        search.ledger.settle(run, index)


def _restless(search: Search, runs: Iterable[int]) -> list[int]:
    return [run for run in runs if run in search.ledger.open and search.ledger.open[run].reason in RESTLESS]


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


def _moving(kind: EndKind, group: Group, motion: Motion, note: str) -> End:
    names = Counter(bits_to_string(row) for row in group.bits)
    codes = tuple(sorted(names, key=lambda code: (-names[code], code)))
    return End(kind, None, codes, group.tail[-1].copy(), 0, note, motion.exponents, motion.errors)
