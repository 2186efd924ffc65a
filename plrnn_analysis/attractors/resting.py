"""From the word that a run repeats to the exact fixed point or cycle that it settles on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..engines.description import describe, describe_cycles
from ..engines.orbits import least_rotations
from ..engines.stability import jacobian_stability
from ..engines.verification import Checker, Hit
from ..exact import ExactPiece
from ..maps import CanonicalMap
from ..numerics import EPS, UNIT_CIRCLE
from ..results import Cycle, FixedPoint
from ..statuses import Stability
from ..units import Units
from .compositions import composition, is_short

__all__ = ["Resting", "Verdict", "WordSolver", "resting_on"]

# Steps between two looks at the clock.
CHECKED = 1000
# Periods after which the search for the largest transient growth gives up.
GROWTH_PERIODS = 20_000
# Up to this many points are compared one by one; of more, this many distances are held at once.
FEW, PAIRS = 8, 1_000_000


class Verdict(StrEnum):
    """Why a word has no attracting fixed point or cycle."""

    VIRTUAL = "virtual"
    REPELLING = "repelling"
    SINGULAR = "singular"
    MARGINAL = "marginal"
    INACCURATE = "inaccurate"


@dataclass(frozen=True, eq=False)
class Resting:
    """A fixed point or cycle that attracts, and a distance from which it provably does.

    Attributes
    ----------
    object : FixedPoint or Cycle
        In the user's units; all else here is in balanced ones.
    points : (period, M) ndarray
        In the order of the word that was solved.
    radius : float
        A state closer than this to the first of the points converges: distances from there grow at most `growth`-fold
        on the way and so never reach a boundary. 0 where a point lies on one.
    growth : float
    """

    object: FixedPoint | Cycle
    points: np.ndarray
    radius: float
    growth: float


class WordSolver:
    """The attracting fixed points and cycles of words; where a word is short, decided in exact arithmetic.

    Parameters
    ----------
    units : Units
        The map in balanced units.
    given : CanonicalMap
        The map in those units in which objects are described.
    tolerance : float
        Relative distance below which a point is described as lying on a boundary.
    check : callable, optional
        Called again and again; may raise.
    """

    def __init__(
        self, units: Units, given: CanonicalMap, tolerance: float, check: Callable[[], None] = lambda: None
    ) -> None:
        self.units = units
        self.given = given
        self.tolerance = tolerance
        self.check = check
        self._checkers: dict[int, Checker] = {}

    def solve(self, word: np.ndarray) -> Resting | Verdict:
        """The attracting fixed point or cycle that follows a word.

        Parameters
        ----------
        word : (k, H) ndarray of bool
            Bitcodes of k consecutive states.

        Returns
        -------
        Resting or Verdict
            ``"virtual"`` if the solution of the word does not follow it, ``"repelling"``, ``"singular"`` if a
            multiplier is 1, ``"marginal"`` if only others have modulus 1, ``"inaccurate"`` where rounding prevents a
            decision.

        Notes
        -----
        No run shows on which side of one a modulus within 1e-9 of it is: such multipliers count as neutral, whatever
        they are exactly, but for a multiplier next to 1 itself, of which exact arithmetic says whether there is a
        point to come to.
        """
        word = word[: _root(word)]
        with np.errstate(all="ignore"):
            matrix, offset, growth = composition(self.units.map, word, self.check)
        if not np.all(np.isfinite(matrix)):
            return Verdict.REPELLING
        verdict = self._growing(word, matrix)
        if verdict is not None:
            return verdict
        hit = (
            self._exactly(word)
            if is_short(word, self.units.map.n_units)
            else self._in_floats(word, matrix, offset, growth)
        )
        if isinstance(hit, Verdict):
            return hit
        found = _described(self.given, _in_units(hit, self.units), self.tolerance)
        largest = growth * _transient_growth(matrix, self.check)
        room = 0.0 if found.on_boundary else _room(self.units.map, hit.z)
        return Resting(found, hit.z, room / largest if np.isfinite(room) else np.inf, largest)

    def _growing(self, word: np.ndarray, matrix: np.ndarray) -> Verdict | None:
        """What keeps a word from attracting, None if nothing does."""
        if is_short(word, self.units.map.n_units):
            # Eigenvalues far from normal are wrong in floats by more than anything here allows.
            multipliers, stability = jacobian_stability([self.units.map] * len(word), word)
        else:
            multipliers, stability = np.linalg.eigvals(matrix), Stability.UNDECIDED
        if np.any(np.abs(multipliers) > 1.0 + UNIT_CIRCLE):
            return Verdict.REPELLING
        neutral = np.abs(multipliers) >= 1.0 - UNIT_CIRCLE
        if np.any(neutral & (np.abs(multipliers - 1.0) > UNIT_CIRCLE)):
            return Verdict.SINGULAR if np.any(np.abs(multipliers - 1.0) <= UNIT_CIRCLE) else Verdict.MARGINAL
        if not np.any(neutral) or stability.startswith("stable"):
            return None
        return Verdict.SINGULAR if stability in (Stability.MARGINAL, Stability.UNDECIDED) else Verdict.REPELLING

    def _exactly(self, word: np.ndarray) -> Hit | Verdict:
        """The solution of a short word, in balanced units, its signs exact."""
        period, map = len(word), self.units.map
        self.check()
        if period not in self._checkers:
            self._checkers[period] = Checker([map] * period)
        found = next(self._checkers[period].solve(word.reshape(1, -1)))
        if found is None:
            return Verdict.VIRTUAL
        if isinstance(found, ExactPiece):
            # The point is where a family of another word ends, and one of its members.
            return Verdict.SINGULAR
        if not isinstance(found, Hit):
            return Verdict.INACCURATE
        parts = (found.z, found.bits, found.y, found.z_error, found.y_error)
        return _shortest(Hit(*(part.reshape(period, -1) for part in parts)))

    def _in_floats(self, word: np.ndarray, matrix: np.ndarray, offset: np.ndarray, growth: float) -> Hit | Verdict:
        """The solution of a long word, its rounding error estimated from the growth on the way."""
        map = self.units.map
        period, m = len(word), map.n_units
        points = np.empty((period, m))
        with np.errstate(all="ignore"):
            inverse = np.linalg.inv(np.eye(m) - matrix)
            z = inverse @ offset
            for _ in range(2):
                for t in range(period):
                    if t % CHECKED == 0:
                        self.check()
                    points[t] = z
                    z = _follow(map, word[t], z)
                z = points[0] + inverse @ (z - points[0])
            scale = float(np.max(np.abs(points))) + float(np.max(np.abs(map.h))) + 1e-300
            error = 64.0 * EPS * scale * growth * float(np.linalg.norm(inverse)) * np.ones((period, m))
        if not error[0, 0] <= 1e-6 * scale:
            return Verdict.INACCURATE
        y = map.preactivation(points)
        y_error = error @ np.abs(map.V).T
        if np.any(np.where(word, -y, y) > y_error):
            return Verdict.VIRTUAL
        return _shortest(Hit(points, word & (y > y_error), y, error, y_error))


def _root(word: np.ndarray) -> int:
    """Length of the shortest word of which this one is a repetition."""
    period = len(word)
    return next(d for d in range(1, period + 1) if period % d == 0 and np.array_equal(word[d:], word[:-d]))


def _shortest(hit: Hit) -> Hit:
    """An orbit without its repetitions: on a boundary, a word that repeats nothing may have a solution that does."""
    period = len(hit.z)
    error = 2.0 * hit.z_error
    for d in range(1, period // 2 + 1):
        if period % d == 0 and np.all(np.abs(np.roll(hit.z, d, 0) - hit.z) <= error + np.roll(error, d, 0)):
            return Hit(hit.z[:d], hit.bits[:d], hit.y[:d], hit.z_error[:d], hit.y_error[:d])
    return hit


def _in_units(hit: Hit, units: Units) -> Hit:
    """A hit in the user's units."""
    state, relu = units.state, units.relu
    return Hit(hit.z * state, hit.bits, hit.y * relu, hit.z_error * state, hit.y_error * relu)


def _room(map: CanonicalMap, points: np.ndarray) -> float:
    """Euclidean distance of points (k, M) to the nearest boundary."""
    norms = np.linalg.norm(map.V, axis=1)
    real = norms > 0.0
    return float(np.min(np.abs(map.preactivation(points)[:, real]) / norms[real], initial=np.inf))


def _follow(map: CanonicalMap, bits: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The step of the subregion `bits`, without forming its Jacobian."""
    y = np.where(bits, map.V @ z + map.c, 0.0)
    return np.asarray(map.A @ z + map.W @ y + map.h)


def _described(given: CanonicalMap, hit: Hit, tolerance: float) -> FixedPoint | Cycle:
    period = len(hit.z)
    if period == 1:
        return describe(given, Hit(hit.z[0], hit.bits[0], hit.y[0], hit.z_error[0], hit.y_error[0]), tolerance)
    turn = int(least_rotations(hit.bits[None], 1)[0])
    turned = Hit(*(np.roll(a, -turn, 0) for a in (hit.z, hit.bits, hit.y, hit.z_error, hit.y_error)))
    return next(iter(describe_cycles([given] * period, [turned], tolerance)))


def _transient_growth(matrix: np.ndarray, check: Callable[[], None]) -> float:
    """Upper bound of ``max_r ||matrix^r||`` of a contraction; infinite where it takes too many powers to tell."""
    power, largest = matrix.copy(), 1.0
    for _ in range(GROWTH_PERIODS):
        check()
        size = float(np.sqrt(np.sum(power * power)))
        if size <= 1.0:
            return largest
        largest = max(largest, size)
        power = power @ matrix
    return float("inf")


def resting_on(
    map: CanonicalMap, known: Resting, states: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which of `states` (n, M) converge to a known object or have reached it to `tolerance`, and which provably do."""
    away = _distances(known.points, states)
    proven = np.linalg.norm(states - known.points[0], axis=1) < known.radius
    # The radius holds around the first point only: what is near another one is carried on until it gets there.
    near = np.flatnonzero((away < known.radius) & ~proven)
    carried = states[near]
    for _ in range(len(known.points) - 1 if len(near) else 0):
        carried = map.step(carried)
        proven[near] |= np.linalg.norm(carried - known.points[0], axis=1) < known.radius
    return proven | (away <= tolerance), proven


def _distances(points: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Distance of each of `states` (n, M) to the nearest of `points` (k, M)."""
    if len(points) <= FEW:
        away = np.full(len(states), np.inf)
        for point in points:
            np.minimum(away, np.linalg.norm(states - point, axis=1), out=away)
        return away
    from scipy.spatial.distance import cdist

    size = max(1, PAIRS // len(points))
    parts = [np.min(cdist(states[i : i + size], points), axis=1) for i in range(0, len(states), size)]
    return np.concatenate(parts) if parts else np.zeros(0)
