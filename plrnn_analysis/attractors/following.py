"""Trajectories followed until what they settle on is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._validation import freeze
from ..engines.budget import Budget
from ..engines.orbits import least_rotations
from ..engines.verification import MARGINAL
from ..errors import ModelError
from ..lyapunov import lyapunov_spectrum
from ..maps import bits_from_string, bits_to_string
from ..network import Network
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint, FixedPoints
from ..trajectories import simulate
from .settling import (
    Resting,
    drifts_away,
    expands_once,
    family_around,
    flies_apart,
    repeated_periods,
    resting_on,
    solve_word,
)

__all__ = ["KINDS", "End", "Search"]

KINDS = ("fixed point", "cycle", "continuum", "quasi-periodic", "chaotic", "divergent", "undecided")
# Numbers that the states of one stretch may hold: 32 MB.
ENTRIES = 4_000_000
# This many times as far out as it began, and still growing, is called divergent.
FAR = 1e12
# Relative distance at which a trajectory has reached what it settles on.
REACHED = 1e-10
# Steps of a tail, and of the averages of Lyapunov exponents.
TAIL = 4000
EXPONENT_STEPS = 20_000
# Models with more units get only their first exponents.
ALL_EXPONENTS, FIRST_EXPONENTS = 60, 10
# A trajectory that nears a known object slowly is followed so many times longer.
PATIENCE = 20
# Steps kept beside two periods of the longest word looked for.
SPARE = 64
# Tails nearer to each other than so many times the distance of neighbours in one of them fill one set.
SAME_SET = 3.0
# Reasons for which Lyapunov exponents are asked.
OPEN = ("", "repelling")
UNDECIDED = {
    "approaching": "it nears something that attracts, but had not reached it",
    "repelling": "it repeats the word of something that repels: on it to rounding, or leaving it slowly",
    "singular": "it moves ever more slowly along a family of fixed points or cycles",
    "inaccurate": "rounding hides what it repeats",
}


@dataclass(frozen=True, eq=False)
class End:
    """What some trajectories end in; the fields are those of :class:`plrnn_analysis.attractors.Attractor`."""

    kind: str
    object: FixedPoint | Cycle | Continuum | CycleContinuum | None
    bitcodes: tuple[str, ...]
    state: np.ndarray
    proved: int = 0
    note: str = ""
    exponents: np.ndarray | None = None
    exponents_error: np.ndarray | None = None


class Search:
    """All that is known about where trajectories go: `ends`, and for each trajectory which of them."""

    def __init__(
        self, model: Network, constant_input: Any, steps: int, max_period: int, tolerance: float, budget: Budget
    ) -> None:
        self.model = model
        self.constant_input = constant_input
        self.map = model.map.with_input(constant_input)
        self.steps = steps
        self.max_period = max_period
        self.tolerance = tolerance
        self.budget = budget
        self.longest = 0
        self.ends: list[End] = []
        self.owners: list[int] = []
        self.known: list[tuple[Resting, int]] = []
        self._families: dict[bytes, int] = {}
        self._solved: dict[bytes, Resting | str] = {}
        self._tested = 0
        self._divergent = -1
        self._rotating: dict[int, np.ndarray] = {}
        # States and reasons of those that nothing was decided about, by the number of the trajectory.
        self._left: dict[int, tuple[np.ndarray, str]] = {}
        self._patterns: dict[int, np.ndarray] = {}
        # A sum of random 63-bit numbers stands for a bitcode while words are looked for; what is found is then checked.
        self._labels = np.random.default_rng(0).integers(-(2**62), 2**62, self.map.n_relu, dtype=np.int64)

    def know(self, fixed_points: FixedPoints | None) -> None:
        """Take over fixed points that were found elsewhere."""
        for point in fixed_points or ():
            if point.spectral_radius < 1.0 - MARGINAL:
                solved = solve_word(self.map, bits_from_string(point.bitcode, self.map.n_relu)[None], self.tolerance)
                if isinstance(solved, Resting):
                    self._add(replace(solved, object=point))

    def _add(self, resting: Resting) -> None:
        for other, _ in self.known:
            if other.points.shape == resting.points.shape:
                size = 1e-9 * (1e-300 + float(np.max(np.abs(other.points))) + float(np.max(np.abs(self.map.h))))
                apart = np.max(np.abs(other.points - resting.points[0]), axis=1)
                if float(np.min(apart)) <= size:
                    return
        found = resting.object
        kind = "fixed point" if isinstance(found, FixedPoint) else "cycle"
        codes = (found.bitcode,) if isinstance(found, FixedPoint) else tuple(dict.fromkeys(found.word))
        note = "on a boundary: its multipliers are one-sided" if found.on_boundary else ""
        self.known.append((resting, len(self.ends)))
        self.ends.append(End(kind, found, codes, resting.points[0].copy(), 0, note))

    def follow(self, initial: np.ndarray) -> None:
        """Follow some trajectories, and note where each ends."""
        ids = np.arange(len(self.owners), len(self.owners) + len(initial))
        self.owners.extend([-1] * len(initial))
        states = initial
        history = self._codes(self.map.bits(states)[:, None])
        size = np.max(np.abs(initial), axis=1) + float(np.max(np.abs(self.map.h))) + 1e-300
        self._left.update({int(i): (z, "") for i, z in zip(ids, states, strict=True)})
        done = 0
        while len(ids) and self.budget.take(1):
            if done >= self.steps:
                # Only what is known to near something goes on.
                slow = np.array([self._left[int(i)][1] == "approaching" for i in ids])
                ids, states, history, size = ids[slow], states[slow], history[slow], size[slow]
                if not len(ids) or done >= PATIENCE * self.steps:
                    break
            left = self.steps - done if done < self.steps else PATIENCE * self.steps - done
            length = min(left, max(64, done), max(16, ENTRIES // (len(ids) * self.map.n_units)))
            try:
                run = simulate(self.model, length, z0=states, constant_input=self.constant_input)
                done += length
                new = self._codes(run.bitcodes)
                history = np.concatenate([history, new], axis=1)[:, -2 * self.max_period - SPARE :]
                open_ = self._decide(ids, np.concatenate([states[:, None], run.states], axis=1), history, size)
            except KeyboardInterrupt:
                self.budget.stop("interrupt")
                break
            ids, states, history, size = ids[open_], run.states[open_, -1], history[open_], size[open_]
        self.longest = max(self.longest, done)

    def _codes(self, bits: np.ndarray) -> np.ndarray:
        codes = bits @ self._labels if self.map.n_relu else np.zeros(bits.shape[:2], dtype=np.int64)
        values, first = np.unique(codes, return_index=True)
        flat = bits.reshape(bits.shape[0] * bits.shape[1], self.map.n_relu)
        for value, index in zip(values.tolist(), first.tolist(), strict=True):
            self._patterns.setdefault(value, flat[index].copy())
        return np.asarray(codes)

    def _decide(self, ids: np.ndarray, orbit: np.ndarray, history: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Which trajectories stay open; `orbit` (n, t + 1, M) are their last states."""
        last = orbit[:, -1]
        open_ = np.ones(len(ids), dtype=bool)
        far = ~np.all(np.isfinite(last), axis=1)
        with np.errstate(all="ignore"):
            extent = np.max(np.abs(orbit), axis=2)
            far |= (extent[:, -1] > FAR * size) & (extent[:, -1] > 2.0 * extent[:, 0])
        for k in np.flatnonzero(far):
            self._diverge(int(ids[k]), orbit[k, 0], 0)
            open_[k] = False
        self._tested = len(self.known)
        for resting, end in self.known:
            rest = np.flatnonzero(open_)
            self._assign(resting, end, ids[rest], last[rest], open_, rest)
        for k in np.flatnonzero(open_):
            open_[k] = self._examine(int(ids[k]), orbit[k], history[k])
        return open_

    def _assign(
        self, resting: Resting, end: int, ids: np.ndarray, states: np.ndarray, open_: np.ndarray, places: np.ndarray
    ) -> None:
        if not len(ids):
            return
        amplitude = float(np.max(np.abs(resting.points))) + float(np.max(np.abs(self.map.h)))
        reached, proven = resting_on(self.map, resting, states, REACHED * amplitude)
        for j in np.flatnonzero(reached):
            self._settle(int(ids[j]), end, int(proven[j]))
            open_[places[j]] = False

    def _settle(self, trajectory: int, end: int, proven: int) -> None:
        self.owners[trajectory] = end
        self._left.pop(trajectory, None)
        self.ends[end] = replace(self.ends[end], proved=self.ends[end].proved + proven)

    def _diverge(self, trajectory: int, state: np.ndarray, proven: int) -> None:
        if self._divergent < 0:
            self._divergent = len(self.ends)
            self.ends.append(End("divergent", None, (), state.copy()))
        self._settle(trajectory, self._divergent, proven)

    def _examine(self, trajectory: int, orbit: np.ndarray, history: np.ndarray) -> bool:
        """Solve the words that a trajectory repeats, if it does; whether it stays open."""
        reason = ""
        for period in repeated_periods(history, self.max_period):
            word = np.array([self._patterns[int(code)] for code in history[-period - 1 : -1]])
            solved = self._solve(word)
            if solved == "virtual":
                continue
            reason = "approaching" if isinstance(solved, Resting) else solved
            if self._end_of(trajectory, word, orbit, solved):
                return False
            break
        self._left[trajectory] = (orbit[-1], reason)
        return True

    def _solve(self, word: np.ndarray) -> Resting | str:
        turned = np.roll(word, -int(least_rotations(word[None], 1)[0]), 0)
        key = turned.tobytes() + str(len(word)).encode()
        if key not in self._solved:
            solved = solve_word(self.map, turned, self.tolerance)
            self._solved[key] = solved
            if isinstance(solved, Resting):
                self._add(solved)
        return self._solved[key]

    def _end_of(self, trajectory: int, word: np.ndarray, orbit: np.ndarray, solved: Resting | str) -> bool:
        """Whether a trajectory has ended in the solution of the word that it repeats."""
        if isinstance(solved, Resting):
            alone = np.ones(1, dtype=bool)
            # The others were compared with all trajectories at once.
            for resting, end in self.known[self._tested :]:
                if alone[0]:
                    self._assign(resting, end, np.array([trajectory]), orbit[-1:], alone, np.zeros(1, dtype=np.int64))
            return not alone[0]
        if solved == "marginal":
            self._rotating[trajectory] = np.roll(word, -int(least_rotations(word[None], 1)[0]), 0)
        if solved in ("singular", "marginal"):
            return self._neutral(trajectory, word, orbit, solved)
        if solved == "repelling" and self._escapes(word, orbit):
            self._diverge(trajectory, orbit[-1], 1)
            return True
        return False

    def _escapes(self, word: np.ndarray, orbit: np.ndarray) -> bool:
        """Whether a trajectory runs away for ever: along the one direction that expands, or without a boundary."""
        if self.map.n_relu == 0 and flies_apart(self.map.A, orbit):
            return True
        stretch = orbit[-len(word) - 1 :]
        return len(stretch) > len(word) and drifts_away(self.map, word, stretch) and expands_once(self.map, word)

    def _neutral(self, trajectory: int, word: np.ndarray, orbit: np.ndarray, why: str) -> bool:
        """A trajectory on a word with multipliers of modulus one: at rest on a family, or moving on for ever."""
        period = len(word)
        if len(orbit) <= period:
            return False
        stretch = orbit[-period - 1 :]
        if why == "singular" and drifts_away(self.map, word, stretch):
            self._diverge(trajectory, orbit[-1], 1)
            return True
        amplitude = float(np.max(np.abs(stretch))) + float(np.max(np.abs(self.map.h)))
        times = 1
        if why == "marginal":
            # A rotation by a root of unity comes back after several rounds of the word.
            rounds = orbit[-1::-period][1 : self.max_period // period + 1]
            back = np.flatnonzero(np.max(np.abs(rounds - orbit[-1]), axis=1) <= REACHED * amplitude)
            if not len(back):
                return False
            times = int(back[0]) + 1
            word, stretch = np.tile(word, (times, 1)), orbit[-times * period - 1 :]
        family = family_around(self.map, word, stretch, REACHED * amplitude)
        if family is None:
            return False
        codes = (family.bitcode,) if isinstance(family, Continuum) else tuple(dict.fromkeys(family.word))
        key = "|".join((str(times), *(codes if isinstance(family, Continuum) else family.word))).encode()
        if key not in self._families:
            self._families[key] = len(self.ends)
            what = "fixed points" if isinstance(family, Continuum) else f"{family.period}-cycles"
            note = f"a family of {what} of dimension {family.dimension}: where on it depends on the initial state"
            self.ends.append(End("continuum", family, codes, orbit[-1].copy(), 0, note))
        self._settle(trajectory, self._families[key], 0)
        return True

    def _rotates(self, trajectory: int, word: np.ndarray) -> None:
        """A trajectory that turns for ever on one of a family of circles or tori."""
        key = b"rotation" + word.tobytes() + str(len(word)).encode()
        if key not in self._families:
            self._families[key] = len(self.ends)
            codes = tuple(dict.fromkeys(bits_to_string(b) for b in word))
            note = "a neutral rotation: which circle of a family depends on the initial state"
            self.ends.append(End("quasi-periodic", None, codes, self._left[trajectory][0].copy(), 0, note))
        self._settle(trajectory, self._families[key], 0)

    def tell_apart(self) -> None:
        """Group what repeats no word, and say by Lyapunov exponents what it is."""
        for i, word in self._rotating.items():
            if i in self._left and self._left[i][1] == "marginal":
                self._rotates(i, word)
        try:
            self._tell_moving_apart({i: z for i, (z, why) in self._left.items() if why in OPEN})
        except KeyboardInterrupt:
            self.budget.stop("interrupt")
        for why in sorted({why for _, why in self._left.values()}):
            mine = [i for i, (_, reason) in self._left.items() if reason == why]
            note = UNDECIDED.get(why, f"stopped by {self.budget.stopped_by}")
            if why == "" and not self.budget.stopped_by:
                note = "not decided within the steps given"
            self.ends.append(End("undecided", None, (), self._left[mine[0]][0].copy(), 0, note))
            for i in mine:
                self.owners[i] = len(self.ends) - 1

    def _tell_moving_apart(self, moving: dict[int, np.ndarray]) -> None:
        groups: list[tuple[int, np.ndarray, float]] = []
        places = list(moving)
        size = max(1, ENTRIES // (TAIL * self.map.n_units))
        for start in range(0, len(places), size):
            if not self.budget.take(1):
                return
            some = places[start : start + size]
            tails = simulate(
                self.model, TAIL, z0=np.array([moving[i] for i in some]), constant_input=self.constant_input
            )
            for i, tail, bits in zip(some, tails.states, tails.bitcodes, strict=True):
                if not self.budget.take(1):
                    return
                if not np.all(np.isfinite(tail)):
                    self._diverge(i, moving[i], 0)
                    continue
                if self._stays_on_repelling(bits):
                    self._left[i] = (tail[-1], "repelling")
                    continue
                end = self._same_set(tail, groups)
                if end is None:
                    end = self._named(tail, bits)
                    if end is None:
                        # A transient: what looked chaotic has left every bound while its exponents were averaged.
                        self._diverge(i, tail[-1], 0)
                        continue
                    groups.append((end, tail, _resolution(tail)))
                self.owners[i] = end
                self._left.pop(i)

    def _stays_on_repelling(self, bits: np.ndarray) -> bool:
        """Whether a whole tail repeats a word that repels; a chaotic one does so only for some steps."""
        codes = self._codes(bits[None])[0]
        for period in repeated_periods(codes, len(codes) // 2):
            if np.array_equal(codes[period:], codes[:-period]):
                return self._solve(np.array([self._patterns[int(code)] for code in codes[:period]])) == "repelling"
        return False

    def _same_set(self, tail: np.ndarray, groups: list[tuple[int, np.ndarray, float]]) -> int | None:
        from scipy.spatial import cKDTree

        for end, whole, resolution in groups:
            away = np.median(cKDTree(whole).query(tail[:: len(tail) // 500])[0])
            back = np.median(cKDTree(tail).query(whole[:: len(whole) // 500])[0])
            if max(away, back) <= SAME_SET * resolution:
                return end
        return None

    def _named(self, tail: np.ndarray, bits: np.ndarray) -> int | None:
        m = self.map.n_units
        try:
            spectrum = lyapunov_spectrum(
                self.model, EXPONENT_STEPS, z0=tail[-1], constant_input=self.constant_input, transient=1000,
                n_exponents=m if m <= ALL_EXPONENTS else FIRST_EXPONENTS,
            )  # fmt: skip
        except ModelError:
            return None
        leading, error = spectrum.leading, 3.0 * float(spectrum.standard_error[0])
        zero = 5.0 / EXPONENT_STEPS
        if leading - error > zero:
            kind, note = "chaotic", ""
        elif abs(leading) <= zero and error <= 10.0 * zero:
            kind, note = "quasi-periodic", "the largest exponent is zero within its error"
            if leading < -error:
                note += "; very slow convergence looks the same"
        elif leading + error < -zero:
            kind, note = "undecided", f"it contracts, but repeats no word of up to {self.max_period} steps"
        else:
            kind, note = "undecided", f"the largest exponent, {leading:.2g} +- {error:.2g}, may be zero or not"
        names = Counter(bits_to_string(row) for row in bits)
        codes = tuple(sorted(names, key=lambda code: (-names[code], code)))
        exponents, errors = freeze(spectrum.exponents.copy()), freeze(spectrum.standard_error.copy())
        self.ends.append(End(kind, None, codes, tail[-1].copy(), 0, note, exponents, errors))
        return len(self.ends) - 1


def _resolution(tail: np.ndarray) -> float:
    """Median distance of the states of a tail's second half to the nearest of its first half."""
    from scipy.spatial import cKDTree

    half = len(tail) // 2
    return float(np.median(cKDTree(tail[:half]).query(tail[half :: max(1, half // 500)])[0]))
