"""From the subregions a trajectory repeats to the exact object it settles on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._validation import freeze
from ..engines.orbits import describe_cycles, least_rotations
from ..engines.reduction import EPS
from ..engines.singular import analyse_singular_region, continuum_of
from ..engines.verification import Hit, describe, solve_region
from ..maps import CanonicalMap, bits_to_string
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint

__all__ = [
    "Resting", "drifts_away", "expands_once", "family_around", "flies_apart", "repeated_periods", "resting_on",
    "solve_word",
]  # fmt: skip

# Eigenvalues this close to one, or moduli to one, are treated as equal to it.
UNIT = 1e-9
# Entries of products below this are zero.
TINY = 1e-280
# Steps beyond this size are left to overflow.
HUGE = 1e100
# Share of a step in an expanding direction that is no rounding.
EXPANDING = 1e-6
# Periods after which the search for the largest transient growth gives up.
GROWTH_PERIODS = 20_000
# A word must have been followed this often, and for so many steps, before it is solved.
REPEATS = 2
SHORTEST_TAIL = 24
# So many periods are tried for one tail.
CANDIDATES = 5


@dataclass(frozen=True, eq=False)
class Resting:
    """A fixed point or cycle that attracts, and a distance from which it provably does.

    Attributes
    ----------
    object : FixedPoint or Cycle
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


def repeated_periods(codes: np.ndarray, longest: int) -> list[int]:
    """Periods with which a sequence of labels (T,) ends, the shortest first, at most `CANDIDATES`.

    The period must fill the end of the sequence at least `REPEATS` times. Several may: ``0000100`` twice, then a
    little longer pause, ends with a shorter period than the whole has.
    """
    from ..kernels.transitions import prefix_matches

    matches = prefix_matches(np.ascontiguousarray(codes[::-1], dtype=np.int64))
    longest = min(longest, len(codes) // REPEATS)
    periods = np.arange(1, longest + 1)
    extents = periods + matches[1 : longest + 1]
    enough = extents >= np.maximum(REPEATS * periods, SHORTEST_TAIL)
    found: dict[int, int] = {}
    for period, extent in zip(periods[enough].tolist(), extents[enough].tolist(), strict=True):
        if any(period % shorter == 0 and reach >= period for shorter, reach in found.items()):
            continue
        found[period] = extent
        if len(found) == CANDIDATES:
            break
    return list(found)


def _composition(map: CanonicalMap, word: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix and offset of the affine map around a word (k, H), and the largest norm of a product from its start."""
    matrix, offset = np.eye(map.n_units), np.zeros(map.n_units)
    jacobians: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    growth = 1.0
    for bits in word:
        key = bits.tobytes()
        if key not in jacobians:
            jacobians[key] = map.jacobian(bits), map.offset(bits)
        jacobian, shift = jacobians[key]
        matrix, offset = jacobian @ matrix, jacobian @ offset + shift
        # Products of numbers below the smallest normal one take a hundred times as long.
        matrix[np.abs(matrix) < TINY] = 0.0
        growth = max(growth, float(np.linalg.norm(matrix)))
    return matrix, offset, growth


def solve_word(map: CanonicalMap, word: np.ndarray, tolerance: float) -> Resting | str:
    """The attracting fixed point or cycle that follows a word.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    word : (k, H) ndarray of bool
        Bitcodes of k consecutive states.
    tolerance : float
        Relative distance below which a ReLU argument counts as zero.

    Returns
    -------
    Resting or str
        ``"virtual"`` if the solution of the word does not follow it, ``"repelling"``, ``"singular"`` if a multiplier
        is 1, ``"marginal"`` if only others have modulus 1, ``"inaccurate"`` where rounding prevents a decision.
    """
    period, m = len(word), map.n_units
    with np.errstate(all="ignore"):
        matrix, offset, growth = _composition(map, word)
    if not np.all(np.isfinite(matrix)):
        return "repelling"
    multipliers = np.linalg.eigvals(matrix)
    if np.any(np.abs(multipliers) > 1.0 + UNIT):
        return "repelling"
    if np.any(np.abs(multipliers - 1.0) <= UNIT):
        return "singular"
    if np.any(np.abs(multipliers) >= 1.0 - UNIT):
        return "marginal"
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
        return "inaccurate"
    y = map.preactivation(points)
    y_error = error @ np.abs(map.V).T + tolerance * (np.abs(points) @ np.abs(map.V).T + np.abs(map.c))
    if np.any(np.where(word, -y, y) > y_error):
        return "virtual"
    shortest = _distinct_period(points, 4.0 * error[0, 0])
    bits = word & (y > y_error)
    hit = Hit(points[:shortest], bits[:shortest], y[:shortest], error[:shortest], y_error[:shortest])
    found = _described(map, hit, tolerance)
    rate = _transient_growth(matrix)
    largest = growth * rate
    at_rest = found.boundary_distance if not found.on_boundary else 0.0
    places = found.z[None] if isinstance(found, FixedPoint) else hit.z
    return Resting(found, places, at_rest / largest if np.isfinite(at_rest) else np.inf, largest)


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
    away = np.full(len(states), np.inf)
    for point in known.points:
        np.minimum(away, np.linalg.norm(states - point, axis=1), out=away)
    proven = np.linalg.norm(states - known.points[0], axis=1) < known.radius
    # The radius holds around the first point only: what is near another one is carried on until it gets there.
    near = np.flatnonzero((away < known.radius) & ~proven)
    carried = states[near]
    for _ in range(len(known.points) - 1 if len(near) else 0):
        carried = map.step(carried)
        proven[near] |= np.linalg.norm(carried - known.points[0], axis=1) < known.radius
    return proven | (away <= tolerance), proven


def family_around(
    map: CanonicalMap, word: np.ndarray, orbit: np.ndarray, tolerance: float
) -> Continuum | CycleContinuum | None:
    """The family of fixed points or cycles that a trajectory has come to rest on, None if it has not.

    Parameters
    ----------
    map : CanonicalMap
    word : (k, H) ndarray of bool
        Bitcodes of the first k states of `orbit`.
    orbit : (k + 1, M) ndarray
    tolerance : float
        Largest distance, in any coordinate, of the orbit's end from its start.
    """
    period = len(word)
    if np.max(np.abs(orbit[-1] - orbit[0])) > tolerance:
        return None
    if period == 1:
        piece = analyse_singular_region(map, word[0])
        return None if piece is None or not len(piece.directions) else continuum_of(map, piece)
    matrix = _composition(map, word)[0]
    values, right = np.linalg.svd(np.eye(map.n_units) - matrix)[1:]
    kernel = right[values <= 1e-8 * (1.0 + values[0])]
    if not len(kernel):
        return None
    directions = np.empty((len(kernel), period, map.n_units))
    moved = kernel
    for t in range(period):
        directions[:, t] = moved
        moved = moved @ map.jacobian(word[t]).T
    turn = int(least_rotations(word[None], 1)[0])
    return CycleContinuum(
        period=period,
        anchor=freeze(np.roll(orbit[:-1], -turn, 0)),
        directions=freeze(np.roll(directions, -turn, 1)),
        dimension=len(kernel),
        word=tuple(bits_to_string(b) for b in np.roll(word, -turn, 0)),
    )


def drifts_away(map: CanonicalMap, word: np.ndarray, orbit: np.ndarray) -> bool:
    """Whether a trajectory that repeats a word provably leaves every bound, at constant or growing speed.

    `orbit` (k + 1, M) starts with the first of the k states of the word. The distance moved in a period, v, is
    multiplied by λ >= 1 from period to period, and along it no ReLU argument comes nearer to zero.
    """
    v = orbit[-1] - orbit[0]
    size = np.max(np.abs(v))
    if not 0.0 < size < HUGE:
        return False
    scale = 64.0 * EPS * len(word) * (np.max(np.abs(orbit)) + size)
    if not size > scale:
        return False
    for bits in word:
        side = np.where(bits, 1.0, -1.0) * (map.V @ v)
        if np.any(side < -np.abs(map.V).sum(axis=1) * scale):
            return False
        v = map.jacobian(bits) @ v
    before = orbit[-1] - orbit[0]
    with np.errstate(all="ignore"):
        factor = float(v @ before) / float(before @ before)
    return factor >= 1.0 - 1e-9 and bool(np.max(np.abs(v - factor * before)) <= max(1e-9 * size, scale))


def flies_apart(matrix: np.ndarray, orbit: np.ndarray) -> bool:
    """Whether an orbit of a linear map moves along a direction that expands, and so for ever.

    Growing steps alone would not do: those of a stable map far from normal grow for a while. A left eigenvector of an
    eigenvalue beyond the unit circle measures the part of the last step that is multiplied by it from then on.
    """
    values, left = np.linalg.eig(matrix.T)
    step = orbit[-1] - orbit[-2]
    with np.errstate(all="ignore"):
        share = np.abs(left.T @ (step / np.linalg.norm(step)))
    return bool(np.any((np.abs(values) > 1.0 + UNIT) & (share > EXPANDING)))


def expands_once(map: CanonicalMap, word: np.ndarray) -> bool:
    """Whether exactly one multiplier of a word is larger than one, and all others are smaller."""
    with np.errstate(all="ignore"):
        matrix = _composition(map, word)[0]
    if not np.all(np.isfinite(matrix)):
        return False
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
    return bool(moduli[0] > 1.0 and np.all(moduli[1:] < 1.0 - UNIT))
