"""From the ends of pieces to events: which branches meet where, and what class that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..border_collisions import classify_border_collision
from ..engines.budget import Budget
from ..engines.stability import classify
from ..progress import Reporter
from ..progress.reporting import OutOfTime
from ..statuses import BifurcationKind, CollisionKind, Stability
from .following import PARALLEL, Followed, least_rotation, root_of
from .pieces import BORDER, End
from .results import Bifurcation, Word
from .words import BESIDE, TOGETHER, WordPath, word_name

__all__ = ["find_events"]

# Ends at one value are one event if their orbits differ by less than this share of their size on their pieces.
SAME_ORBIT = 1e-6
# Where a system is singular to the last bit it is solved so far aside, in units of the width of the stretch.
HAIR = 1e-9
# On a continuum the limit of the point is taken from so far on both sides.
AROUND = 1e-6

NOTES = {
    BifurcationKind.FLIP: (
        "a multiplier passes -1; in a piecewise-linear map 2-cycles fill a segment at the value itself and none is "
        "born inside the subregion"
    ),
    BifurcationKind.CENTRE: (
        "a complex pair passes the unit circle; in a piecewise-linear map the point is a centre at the value itself "
        "and no invariant circle is born inside the subregion"
    ),
    BifurcationKind.INFINITY: "a multiplier passes 1; the point goes to infinity",
    BifurcationKind.CONTINUUM: "a multiplier passes 1; a continuum exists at the value itself",
}


@dataclass(frozen=True, eq=False)
class _Arrival:
    """A branch that ends at a boundary, from below (`before`), from above, or both if it only touches."""

    end: End
    path: WordPath
    before: bool
    after: bool
    orbit: np.ndarray
    size: float


def find_events(followed: Sequence[Followed], ends: tuple[float, float], budget: Budget) -> list[Bifurcation]:
    """All events of the pieces followed, none if there is no time; `ends` are the first and last value of the range."""
    try:
        return _events(followed, ends, budget.reporter)
    except OutOfTime:
        budget.stop("time_limit")
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return []


def _events(followed: Sequence[Followed], ends: tuple[float, float], reporter: Reporter) -> list[Bifurcation]:
    events = [_collision(group, ends) for group in _groups(_arrivals(followed, reporter))]
    events += _singular(followed)
    for item in followed:
        reporter.tick()
        for crossing in item.crossings:
            # What passes the unit circle inside a piece is an event, unless another piece of the same word has told of
            # it.
            if not _listed(events, crossing.kind, item.path, crossing.value):
                events.append(
                    _smooth(item.path, crossing.kind, crossing.value, (crossing.below, crossing.above), (True, True))
                )
    return sorted(events, key=lambda event: (event.value, event.period))


def _listed(events: list[Bifurcation], kind: BifurcationKind, path: WordPath, value: float) -> bool:
    word = word_name(path.bits)
    near = TOGETHER * path.stretch.width
    return any(e.kind == kind and e.words[0] == word and abs(e.value - value) <= near for e in events)


def _arrivals(followed: Sequence[Followed], reporter: Reporter) -> list[_Arrival]:
    arrivals = []
    for item in followed:
        reporter.tick()
        piece, path = item.piece, item.path
        middle = path.solve(0.5 * (piece.start.value + piece.stop.value))
        size = 0.0 if middle is None else float(np.max(np.abs(middle[0])))
        sides = [(piece.start, False, True), (piece.stop, True, False), *((t, True, True) for t in piece.touches)]
        for end, before, after in sides:
            if end.kind == BORDER:
                orbit = _orbit(path, end.value)
                if orbit is not None:
                    arrivals.append(_Arrival(end, path, before, after, orbit, max(size, float(np.max(np.abs(orbit))))))
    return sorted(arrivals, key=lambda a: a.end.value)


def _orbit(path: WordPath, value: float) -> np.ndarray | None:
    # At the value itself the system may be singular to the last bit: then a hair beside it.
    step = HAIR * path.stretch.width
    solved = path.solve(value) or path.solve(value - step) or path.solve(value + step)
    return None if solved is None else solved[0]


def _minimal(orbit: np.ndarray, tolerance: float) -> np.ndarray:
    """One turn of an orbit that may go round several times."""
    for d in range(1, len(orbit)):
        if len(orbit) % d == 0 and np.max(np.abs(np.roll(orbit, d, 0) - orbit)) <= tolerance:
            return orbit[:d]
    return orbit


def _same(one: _Arrival, other: _Arrival) -> bool:
    if abs(one.end.value - other.end.value) > TOGETHER * max(one.path.stretch.width, other.path.stretch.width):
        return False
    # A 2-cycle born at a collision arrives as an orbit that goes round the fixed point twice: compare single turns.
    tolerance = SAME_ORBIT * max(one.size, other.size)
    a, b = _minimal(one.orbit, tolerance), _minimal(other.orbit, tolerance)
    return len(a) == len(b) and any(np.max(np.abs(np.roll(a, r, 0) - b)) <= tolerance for r in range(len(a)))


def _groups(arrivals: list[_Arrival]) -> list[list[_Arrival]]:
    groups: list[list[_Arrival]] = []
    for arrival in arrivals:
        # Arrivals are ordered by value, so that what belongs together is near the end.
        for group in reversed(groups):
            if _same(group[0], arrival):
                group.append(arrival)
                break
        else:
            groups.append([arrival])
    return groups


def _unique(words: list[Word]) -> tuple[Word, ...]:
    return tuple(sorted(set(words), key=lambda word: (len(word), word)))


def _collision(group: list[_Arrival], ends: tuple[float, float]) -> Bifurcation:
    size = max(a.size for a in group)
    # The shortest goes round once; of several the word decides, since the order of arrival is a matter of rounding.
    base = min(group, key=lambda a: (len(a.path.bits), word_name(a.path.bits)))
    period = len(_minimal(base.orbit, SAME_ORBIT * size))
    value = base.end.value
    before = _unique([word_name(a.path.bits) for a in group if a.before])
    after = _unique([word_name(a.path.bits) for a in group if a.after])
    bits = base.path.bits[:period]
    crossing = sorted({(t % period, i) for t, i in base.end.crossing})
    paths = [WordPath(base.path.stretch, bits), WordPath(base.path.stretch, _switched(bits, crossing))]
    paths.sort(key=lambda p: bool(p.bits[crossing[0]]))
    words = tuple(word_name(least_rotation(root_of(p.bits))) for p in paths)
    notes = []
    collision = None
    if _one_boundary(base.path, value, crossing):
        collision = classify_border_collision(*(p.jacobian(value) for p in paths))
        multipliers = collision.multipliers
        if collision.kind == CollisionKind.DEGENERATE:
            kind = BifurcationKind.DEGENERATE_COLLISION
            notes.append(collision.reason)
        else:
            kind = BifurcationKind(collision.kind)
        if collision.fold is not None and ends[0] < value < ends[1]:
            # The branches that were followed must agree with the rule, or one of the two is wrong.
            numbers = tuple(sum(len(word) == period for word in side) for side in (before, after))
            if sorted(numbers) != ([0, 2] if collision.fold else [1, 1]):
                notes.append(f"{numbers[0]} branches before and {numbers[1]} after do not fit the rule")
    else:
        kind = BifurcationKind.DEGENERATE_COLLISION
        multipliers = (paths[0].multipliers(value), paths[1].multipliers(value))
        notes.append(
            f"{len(crossing)} boundaries are met at once; the words given switch all of them"
            if len(crossing) > 1
            else "the ReLU reads nothing at the value: its boundary vanishes there"
        )
    if any(a.before and a.after for a in group):
        kind, collision = BifurcationKind.DEGENERATE_COLLISION, None
        notes.append("the orbit touches a boundary without crossing it")
    elif np.any(base.path.flat):
        kind, collision = BifurcationKind.DEGENERATE_COLLISION, None
        notes.append("the orbit lies on another boundary for all values")
    elif set(before) & set(after):
        notes.append("a branch of the same word goes on beyond the collision")
    return Bifurcation(
        value=value,
        kind=kind,
        period=period,
        points=base.orbit[:period].copy(),
        relus=tuple(sorted({i for _, i in crossing})),
        before=before,
        after=after,
        words=(words[0], words[1]),
        multipliers=(multipliers[0], multipliers[1]),
        stability=(Stability(classify(multipliers[0])), Stability(classify(multipliers[1]))),
        collision=collision,
        note="; ".join(notes),
    )


def _switched(bits: np.ndarray, crossing: Sequence[tuple[int, int]]) -> np.ndarray:
    turned = bits.copy()
    for where in crossing:
        turned[where] ^= True
    return turned


def _one_boundary(path: WordPath, value: float, crossing: Sequence[tuple[int, int]]) -> bool:
    """Whether all these ReLUs switch at one step and on the same hyperplane."""
    if len({t for t, _ in crossing}) > 1:
        return False
    _, _, V, c, _ = path.stretch.arrays(value)
    which = [i for _, i in crossing]
    if np.any(np.linalg.norm(V[which], axis=1) <= PARALLEL * np.max(np.abs(V))):
        return False
    rows = np.column_stack([V, c])[which]
    singular = np.linalg.svd(rows / np.linalg.norm(rows, axis=1, keepdims=True), compute_uv=False)
    return len(rows) == 1 or bool(singular[1] <= PARALLEL)


def _singular(followed: Sequence[Followed]) -> list[Bifurcation]:
    """Events where I - J is singular, those of one word and value joined."""
    events: list[Bifurcation] = []
    arrivals: list[tuple[WordPath, float, BifurcationKind, bool]] = []
    for item in followed:
        for end, kind, before in zip((item.piece.start, item.piece.stop), item.poles, (False, True), strict=True):
            if kind is not None:
                arrivals.append((item.path, end.value, kind, before))
    for path, value, kind, _ in arrivals:
        if _listed(events, kind, path, value):
            continue
        near = TOGETHER * path.stretch.width
        word = word_name(path.bits)
        sides = {b for p, v, _, b in arrivals if word_name(p.bits) == word and abs(v - value) <= near}
        step = BESIDE * path.stretch.width
        multipliers = (path.multipliers(value - step), path.multipliers(value + step))
        events.append(_smooth(path, kind, value, multipliers, (True in sides, False in sides)))
    return events


def _smooth(
    path: WordPath,
    kind: BifurcationKind,
    value: float,
    multipliers: tuple[np.ndarray, np.ndarray],
    sides: tuple[bool, bool],
) -> Bifurcation:
    word = word_name(path.bits)
    orbit = None if kind == BifurcationKind.INFINITY else _orbit(path, value)
    if orbit is None:
        orbit = np.full((path.period, len(path.stretch.arrays(value)[0])), np.nan)
    elif kind == BifurcationKind.CONTINUUM:
        step = AROUND * path.stretch.width
        # On a continuum "the" point is whichever the solver picked: its limit from both sides is meant.
        aside = [s[0] for s in (path.solve(value - step), path.solve(value + step)) if s is not None]
        orbit = np.mean(aside, axis=0) if aside else orbit
    return Bifurcation(
        value=value,
        kind=kind,
        period=path.period,
        points=orbit.copy(),
        relus=(),
        before=(word,) if sides[0] else (),
        after=(word,) if sides[1] else (),
        words=(word, word),
        multipliers=(multipliers[0], multipliers[1]),
        stability=(Stability(classify(multipliers[0])), Stability(classify(multipliers[1]))),
        note=NOTES[kind],
    )
