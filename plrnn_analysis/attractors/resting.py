"""From the word that a run repeats to the exact fixed point or cycle that it settles on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..engines.description import describe, describe_cycles
from ..engines.orbits import least_rotations
from ..engines.verification import Hit, solve_region
from ..maps import CanonicalMap
from ..numerics import EPS, UNIT_CIRCLE
from ..results import Cycle, FixedPoint
from ..units import Units
from .compositions import composition

__all__ = ["Resting", "Verdict", "resting_on", "solve_word"]

# Periods after which the search for the largest transient growth gives up.
GROWTH_PERIODS = 20_000
# Up to so many points are compared one by one; of more, so many distances are held at once.
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


def solve_word(units: Units, given: CanonicalMap, word: np.ndarray, tolerance: float) -> Resting | Verdict:
    """The attracting fixed point or cycle that follows a word.

    Parameters
    ----------
    units : Units
        The map in balanced units.
    given : CanonicalMap
        The map in those units in which the object is described.
    word : (k, H) ndarray of bool
        Bitcodes of k consecutive states.
    tolerance : float
        Relative distance below which a ReLU argument counts as zero.

    Returns
    -------
    Resting or Verdict
        ``"virtual"`` if the solution of the word does not follow it, ``"repelling"``, ``"singular"`` if a multiplier
        is 1, ``"marginal"`` if only others have modulus 1, ``"inaccurate"`` where rounding prevents a decision.
    """
    map = units.map
    period, m = len(word), map.n_units
    with np.errstate(all="ignore"):
        matrix, offset, growth = composition(map, word)
    if not np.all(np.isfinite(matrix)):
        return Verdict.REPELLING
    multipliers = np.linalg.eigvals(matrix)
    if np.any(np.abs(multipliers) > 1.0 + UNIT_CIRCLE):
        return Verdict.REPELLING
    if np.any(np.abs(multipliers - 1.0) <= UNIT_CIRCLE):
        return Verdict.SINGULAR
    if np.any(np.abs(multipliers) >= 1.0 - UNIT_CIRCLE):
        return Verdict.MARGINAL
    system = np.eye(m) - matrix
    inverse = np.linalg.inv(system)
    points = np.empty((period, m))
    z = inverse @ offset
    for _ in range(2):
        for t in range(period):
            points[t] = z
            z = _follow(map, word[t], z)
        z = points[0] + inverse @ (z - points[0])
    scale = float(np.max(np.abs(points))) + float(np.max(np.abs(map.h))) + 1e-300
    error = 64.0 * EPS * scale * growth * float(np.linalg.norm(inverse)) * np.ones((period, m))
    if not error[0, 0] <= 1e-6 * scale:
        return Verdict.INACCURATE
    y = map.preactivation(points)
    y_error = error @ np.abs(map.V).T + tolerance * (np.abs(points) @ np.abs(map.V).T + np.abs(map.c))
    if np.any(np.where(word, -y, y) > y_error):
        return Verdict.VIRTUAL
    shortest = _distinct_period(points, 4.0 * error[0, 0])
    bits = word & (y > y_error)
    hit = Hit(points[:shortest], bits[:shortest], y[:shortest], error[:shortest], y_error[:shortest])
    found = _described(given, _in_units(hit, units), tolerance)
    places = found.z[None] / units.state if isinstance(found, FixedPoint) else hit.z
    largest = growth * _transient_growth(matrix)
    room = 0.0 if found.on_boundary else _room(map, places)
    return Resting(found, places, room / largest if np.isfinite(room) else np.inf, largest)


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


def _described(map: CanonicalMap, hit: Hit, tolerance: float) -> FixedPoint | Cycle:
    period = len(hit.z)
    if period > 1:
        turn = int(least_rotations(hit.bits[None], 1)[0])
        turned = Hit(*(np.roll(a, -turn, 0) for a in (hit.z, hit.bits, hit.y, hit.z_error, hit.y_error)))
        return next(iter(describe_cycles([map] * period, [turned], tolerance)))
    solved = solve_region(map, hit.bits[0])
    single = solved if isinstance(solved, Hit) else Hit(hit.z[0], hit.bits[0], hit.y[0], hit.z_error[0], hit.y_error[0])
    return describe(map, single, tolerance)


def _distinct_period(points: np.ndarray, tolerance: float) -> int:
    period = len(points)
    for d in range(1, period // 2 + 1):
        if period % d == 0 and np.max(np.abs(np.roll(points, d, 0) - points)) <= tolerance:
            return d
    return period


def _transient_growth(matrix: np.ndarray) -> float:
    """Upper bound of ``max_r ||matrix^r||`` of a contraction; infinite where it takes too many powers to tell."""
    power, largest = matrix.copy(), 1.0
    for _ in range(GROWTH_PERIODS):
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
