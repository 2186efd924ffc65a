"""What the last stretch of a run says about where it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..maps import CanonicalMap
from ..results import Continuum
from .escapes import expands_once, flies_apart, grows_like_a_power
from .families import family_around
from .ledger import End, Reason
from .rays import Ray, ray_along
from .resting import Resting, Verdict
from .results import EndKind
from .search import Search
from .words import repeated_periods

__all__ = ["AHEAD", "judge"]

# This many times as far out as it began, and still growing, is far away.
FAR = 1e12
# Runs that stay may get this many times as far out as they began.
NEAR = 100.0
# Beyond this size even what repeats no word counts as divergent.
HUGE = 1e100
# A boundary that a run on a straight line meets within this many steps is met by following it.
AHEAD = 4000
# What a run that is far away and growing may be doing without leaving every bound.
MAY_RETURN = (Reason.APPROACHING, Reason.SLOWING, Reason.RAMP, Reason.INACCURATE)


# Words along which something neither grows nor shrinks.
NEUTRAL = (Verdict.SINGULAR, Verdict.MARGINAL)


@dataclass(frozen=True, eq=False)
class _Finding:
    """Why a run stays open."""

    reason: Reason
    word: np.ndarray | None = None
    ray: Ray | None = None


def judge(search: Search, runs: list[int], orbit: np.ndarray, history: np.ndarray) -> np.ndarray:
    """Settle the runs that have ended; note about the others what is known.

    Parameters
    ----------
    search : Search
    runs : list of int
        Numbers of n open runs.
    orbit : (n, t + 1, M) ndarray
        The states of the last stretch, the one before it first.
    history : (n, T) ndarray of int
        Numbers of the subregions of the last T states.

    Returns
    -------
    (n,) ndarray of bool
        Which runs are to be followed further.
    """
    ledger, catalogue = search.ledger, search.catalogue
    with np.errstate(all="ignore"):
        before, extent = (np.max(np.abs(orbit[:, t]), axis=1) for t in (0, -1))
        finite = np.isfinite(extent)
        sizes = np.array([ledger.open[run].size for run in runs])
        far = (extent > FAR * sizes) & (extent > 2.0 * before)
        for run, states, bounded in zip(runs, orbit, finite, strict=True):
            ledger.move(run, states[-1] if bounded else _last_finite(states), len(states) - 1)
        _note_inside(search, runs, orbit, sizes)
        for k in np.flatnonzero(~finite):
            _overflow(search, runs[k])
        goes_on = finite.copy()
        known = _assign(search, runs, orbit, goes_on, 0)
    for k in np.flatnonzero(finite):
        if not goes_on[k]:
            continue
        # A long word takes a while to solve.
        if not search.task.budget.take(1):
            break
        run = runs[k]
        found = _examine(search, run, orbit[k], history[k], known)
        if found is not None:
            away = found.reason not in MAY_RETURN
            if far[k] and away and (found.reason != Reason.MOVING or extent[k] > HUGE):
                ledger.diverge(run)
            else:
                ledger.explain(run, found.reason, found.word, found.ray)
        goes_on[k] = run in ledger.open
        if len(catalogue.known) > known:
            known = _assign(search, runs, orbit, goes_on, known)
    return goes_on


def _assign(search: Search, runs: list[int], orbit: np.ndarray, goes_on: np.ndarray, first: int) -> int:
    """Compare the runs that go on with the objects known, from number `first` on; how many there are."""
    at = np.flatnonzero(goes_on)
    with np.errstate(all="ignore"):
        goes_on[at] = ~search.catalogue.assign([runs[k] for k in at], orbit[at, -1], first)
    return len(search.catalogue.known)


def _note_inside(search: Search, runs: list[int], orbit: np.ndarray, sizes: np.ndarray) -> None:
    """Note until when each run was no farther out than runs are that stay."""
    for run, states, size in zip(runs, orbit, sizes, strict=True):
        left = search.ledger.open[run]
        if np.max(np.abs(states[-1])) <= NEAR * size:
            left.inside = left.steps
        elif np.max(np.abs(states[0])) <= NEAR * size:
            near = np.flatnonzero(np.max(np.abs(states), axis=1) <= NEAR * size)
            left.inside = left.steps - (len(states) - 1 - int(near[-1]))


def _last_finite(states: np.ndarray) -> np.ndarray:
    return np.asarray(states[np.all(np.isfinite(states), axis=1)][-1])


def _overflow(search: Search, run: int) -> None:
    """A run beyond the range of floats: divergent, unless it grows where every direction shrinks in the end."""
    ledger = search.ledger
    solved = search.catalogue.solve(search.task.map.bits(ledger.open[run].state)[None])
    if isinstance(solved, Resting) or solved in (Verdict.VIRTUAL, Verdict.INACCURATE):
        ledger.explain(run, Reason.OVERFLOW)
    else:
        ledger.diverge(run)


def _examine(search: Search, run: int, orbit: np.ndarray, history: np.ndarray, known: int) -> _Finding | None:
    """Solve the words that a run repeats, if it does; None if that settles it.

    All runs were compared with the first `known` objects of the catalogue.
    """
    passing: _Finding | None = _Finding(Reason.MOVING)
    for period in repeated_periods(history, search.task.max_period):
        word = search.alphabet.word(history[-period - 1 : -1])
        solved = search.catalogue.solve(word)
        if isinstance(solved, Resting):
            came = search.catalogue.assign([run], orbit[-1:], known)[0]
            return None if came else _Finding(Reason.APPROACHING)
        ray = ray_along(search.task.map, word, orbit)
        if ray is not None:
            return _on_a_ray(search, run, word, orbit, solved, ray)
        if solved == Verdict.VIRTUAL:
            continue
        if solved == Verdict.REPELLING:
            # By chance a run repeats what repels for a while; a longer word may be the one that it stays on.
            passing = _repelled(search, run, word, orbit)
            if passing is None:
                return None
            continue
        if solved == Verdict.INACCURATE:
            return _Finding(Reason.INACCURATE)
        return _neutral(search, run, word, orbit, solved)
    return passing


def _on_a_ray(
    search: Search, run: int, word: np.ndarray, orbit: np.ndarray, solved: Verdict, ray: Ray
) -> _Finding | None:
    map = search.task.map
    if np.isfinite(ray.periods):
        reason = Reason.RAMP if ray.periods * ray.period > AHEAD else Reason.MOVING
        return _Finding(reason, word, ray)
    if ray.endless and (solved in NEUTRAL or expands_once(map, word, search.task.budget.check)):
        search.ledger.diverge(run, proven=1)
        return None
    if solved in NEUTRAL:
        return _neutral(search, run, word, orbit, solved)
    return _repelled(search, run, word, orbit)


def _repelled(search: Search, run: int, word: np.ndarray, orbit: np.ndarray) -> _Finding | None:
    map = search.task.map
    if map.n_relu == 0 and flies_apart(map.A, orbit):
        search.ledger.diverge(run, proven=1)
        return None
    return _Finding(Reason.REPELLING, word)


def _neutral(search: Search, run: int, word: np.ndarray, orbit: np.ndarray, solved: Verdict) -> _Finding | None:
    """A run on a word with multipliers of modulus one: at rest on a family, nearing it, or moving on."""
    task, period = search.task, len(word)
    if len(orbit) <= period:
        return _Finding(Reason.MOVING)
    # What turns by a root of unity comes back after several rounds of the word.
    rounds = orbit[-1::-period][1 : task.max_period // period + 1]
    back = np.flatnonzero(np.max(np.abs(rounds - orbit[-1]), axis=1) <= task.reached(orbit[-period - 1 :]))
    if len(back):
        times = int(back[0]) + 1
        end = _family(search, np.tile(word, (times, 1)), orbit[-times * period - 1 :])
        if end is not None:
            search.ledger.settle(run, end)
            return None
    if grows_like_a_power(task.map, word, orbit, task.budget.check):
        search.ledger.diverge(run, proven=1)
        return None
    if solved == Verdict.MARGINAL:
        return _Finding(Reason.ROTATING, word)
    slowing = len(orbit) > 2 * period and _slows(task.map, orbit, period)
    return _Finding(Reason.SLOWING if slowing else Reason.MOVING, word)


def _slows(map: CanonicalMap, orbit: np.ndarray, period: int) -> bool:
    step, before = orbit[-1] - orbit[-period - 1], orbit[-period - 1] - orbit[-2 * period - 1]
    return bool(np.max(np.abs(step)) < np.max(np.abs(before)))


def _family(search: Search, word: np.ndarray, orbit: np.ndarray) -> int | None:
    """Index of the family that a run rests on, entered if it is new; None if the run is not at rest."""
    task = search.task
    family = family_around(task.units, task.given, word, orbit, task.reached(orbit), task.budget.check)
    if family is None:
        return None
    codes = (family.bitcode,) if isinstance(family, Continuum) else family.word
    name = "|".join(("family", *codes)).encode()
    end = search.ledger.named(name)
    if end is None:
        what = "fixed points" if isinstance(family, Continuum) else f"{family.period}-cycles"
        note = f"a family of {what} of dimension {family.dimension}: where on it depends on the initial state"
        entry = End(EndKind.CONTINUUM, family, tuple(dict.fromkeys(codes)), orbit[-1].copy(), 0, note)
        end = search.ledger.add_named(name, entry)
    return end
