"""Fixed points of a map whose offsets depend on one or two parameters: ``h = h0 + h1 t, c = c0 + c1 t``, t in [0, 1]^d.

Inside a subregion the fixed point is an affine function of t, and it is real where H affine inequalities hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..engines import branching, enumeration, mixed
from ..engines.budget import Budget
from ..engines.driver import Outcome, Workers
from ..engines.reduction import DATA_ULPS, EPS, reduce_fixed_points
from ..engines.verification import BATCH_ENTRIES, SINGULAR_RCOND
from ..errors import PLRNNError
from ..maps import CanonicalMap

__all__ = [
    "AffinePoint",
    "ParametricMap",
    "UnresolvedError",
    "candidate_patterns",
    "in_own_units",
    "shadow",
    "solve_patterns",
]

# Up to so many ReLUs every pattern is solved, if that takes no more operations than this.
MAX_RELUS, MAX_OPERATIONS = 12, 3e10
# By how much the tree looks further than asked below: at t = 0 offsets may vanish, and with them what cuts.
BEYOND = 0.0625
# Parameters closer than this are the same.
CLOSE = 1e-9
# A parameter that changes offsets by less than this share of their size is too close to the tolerances of `shadow`.
FAINT = 1e-7


class UnresolvedError(PLRNNError):
    """Whether a singular subregion holds fixed points is not clear to rounding."""


@dataclass(frozen=True, eq=False)
class ParametricMap:
    """A map without input, at t = 0, and how its offsets grow with t: `h1` (M, d) and `c1` (H, d)."""

    map: CanonicalMap
    h1: np.ndarray
    c1: np.ndarray

    @property
    def n_parameters(self) -> int:
        """Their number d."""
        return int(self.h1.shape[1])

    def at(self, t: np.ndarray) -> CanonicalMap:
        """The map for parameters t (d,)."""
        m = self.map
        return CanonicalMap.build(m.A, m.W, m.V, m.c + self.c1 @ t, m.h + self.h1 @ t)


@dataclass(frozen=True, eq=False)
class AffinePoint:
    """The fixed point of one subregion as a function of t: ``z = z0 + Z t``, with ReLU arguments ``y = y0 + Y t``.

    `z_error` and `y_error` bound, over all t in [0, 1]^d, what rounding and the last places of the weights can change.
    """

    bits: np.ndarray
    z0: np.ndarray
    Z: np.ndarray
    y0: np.ndarray
    Y: np.ndarray
    z_error: np.ndarray
    y_error: np.ndarray

    @property
    def inside(self) -> tuple[np.ndarray, np.ndarray]:
        """Constants (H,) and slopes (H, d) of what must not be negative."""
        sign = np.where(self.bits, 1.0, -1.0)
        return sign * self.y0, sign[:, None] * self.Y


def candidate_patterns(
    problem: ParametricMap, budget: Budget, workers: Workers, method: str
) -> tuple[Outcome, str, list[str]]:
    """Patterns whose closed subregion holds a fixed point for some t, and perhaps others; the engine's name; notes.

    Notes
    -----
    Few ReLUs: all patterns. Else the search tree of the fixed points: each parameter becomes a unit ``q = relu(q)``,
    which may have any value that is not negative, so that one tree decides all parameters at once.
    """
    m, n, d = problem.map.n_units, problem.map.n_relu, problem.n_parameters
    if method == "enumeration" or (method == "auto" and n <= MAX_RELUS and m**3 * 2.0**n <= MAX_OPERATIONS):
        return enumeration.search(n, budget), "enumeration", []
    extended = _extended(problem, 1.0)
    reduction = reduce_fixed_points(extended, budget)
    if reduction is None:
        outcome = mixed.search(extended, budget)
        outcome.counts.pop("trouble")
        outcome.words = _without(outcome.words, n)
        outcome.decided = min(outcome.decided >> d, 1 << n)
        return outcome, "linear programs", ["I - J is singular in every subregion: the state was kept in the problem"]
    size = float(np.max(np.abs(reduction.g), initial=0.0))
    if size > 0.0 and size != 1.0:
        extended = _extended(problem, size)
        reduction = reduce_fixed_points(extended, budget)
        assert reduction is not None  # a column was scaled
    if n + d > branching.MAX_UNKNOWNS:
        budget.stop("memory")
        return Outcome(exhausted=False), "linear programs", [f"{n} ReLUs are too many: tables take 8 H^3 bytes"]
    L = np.hstack([np.zeros((d, m)), -np.eye(d)])
    outcome = branching.search(reduction, budget, workers, L, np.full(d, size or 1.0))
    outcome.words = _without([word ^ reduction.base for word in outcome.words], n)
    outcome.decided >>= d
    note = f"cuts are proven for ReLU arguments that sum, in modulus, to at most {branching.claim(reduction):.3g}"
    return outcome, "linear programs", [note]


def _without(words: list[np.ndarray], n: int) -> list[np.ndarray]:
    found = {word[:n].tobytes(): word[:n] for word in words}
    return [found[key] for key in sorted(found)]


def _extended(problem: ParametricMap, size: float) -> CanonicalMap:
    """The map with a unit ``q' = relu(q)`` a parameter, ``t = q (1 + BEYOND) / size - BEYOND``."""
    map, d = problem.map, problem.n_parameters
    m, n = map.n_units, map.n_relu
    start, scale = np.full(d, -BEYOND), (1.0 + BEYOND) / size
    A = np.zeros((m + d, m + d))
    A[:m, :m] = map.A
    W = np.zeros((m + d, n + d))
    W[:m, :n], W[:m, n:], W[m:, n:] = map.W, scale * problem.h1, np.eye(d)
    V = np.zeros((n + d, m + d))
    V[:n, :m], V[:n, m:], V[n:, m:] = map.V, scale * problem.c1, np.eye(d)
    c = np.concatenate([map.c + problem.c1 @ start, np.zeros(d)])
    return CanonicalMap.build(A, W, V, c, np.concatenate([map.h + problem.h1 @ start, np.zeros(d)]))


def solve_patterns(problem: ParametricMap, patterns: np.ndarray) -> Iterator[AffinePoint | None]:
    """The fixed point of each subregion (n, H) as a function of t; None where I - J is singular."""
    m = problem.map.n_units
    batch = max(1, BATCH_ENTRIES // (m * max(m, problem.map.n_relu, 1)))
    for start in range(0, len(patterns), batch):
        yield from _solve_batch(problem, patterns[start : start + batch])


def _solve_batch(problem: ParametricMap, patterns: np.ndarray) -> Iterator[AffinePoint | None]:
    map = problem.map
    h = np.column_stack([map.h, problem.h1])
    c = np.column_stack([map.c, problem.c1])
    K = np.eye(map.n_units) - map.A - (map.W[None] * patterns[:, None, :]) @ map.V
    rhs = h + (map.W[None] * patterns[:, None, :]) @ c
    try:
        inverse = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        if len(patterns) == 1:
            yield None
            return
        for pattern in patterns:
            yield from _solve_batch(problem, pattern[None])
        return
    with np.errstate(all="ignore"):
        rcond = 1.0 / (np.abs(K).sum(axis=1).max(axis=1) * np.abs(inverse).sum(axis=1).max(axis=1))
        z = inverse @ rhs
        residual = rhs.astype(np.longdouble) - K.astype(np.longdouble) @ z.astype(np.longdouble)
        z = z + inverse @ residual.astype(np.float64)
        y = map.V @ z + c
        # All t in [0, 1]^d at once: moduli of all columns add up.
        size_z, size_y = np.abs(z).sum(axis=2), np.abs(y).sum(axis=2)
        magnitude = size_z @ np.abs(map.A).T + (patterns * size_y) @ np.abs(map.W).T + np.abs(h).sum(axis=1) + size_z
        z_error = DATA_ULPS * EPS * (np.abs(inverse) @ magnitude[..., None])[..., 0]
        y_error = z_error @ np.abs(map.V).T + DATA_ULPS * EPS * (size_z @ np.abs(map.V).T + np.abs(c).sum(axis=1))
    for i, bits in enumerate(patterns):
        if rcond[i] > SINGULAR_RCOND:
            yield AffinePoint(bits, z[i, :, 0], z[i, :, 1:], y[i, :, 0], y[i, :, 1:], z_error[i], y_error[i])
        else:
            yield None


def shadow(problem: ParametricMap, bits: np.ndarray) -> np.ndarray | None:
    """For which t a singular subregion holds fixed points: corners (k, d) of a convex set, None if there are none.

    One corner is a single parameter, two a line. Linear programs; sets are widened by about 1e-9.
    Raises UnresolvedError where rounding would decide.
    """
    problem = in_own_units(problem)
    effect = np.max(np.abs(np.vstack([problem.h1, problem.c1])), axis=0)
    if np.any((effect > 0.0) & (effect < FAINT)):
        raise UnresolvedError("a parameter changes the offsets by too little beside their size")
    map, m, d = problem.map, problem.map.n_units, problem.n_parameters
    on = map.W[:, bits]
    matrix = np.hstack([np.eye(m) - map.jacobian(bits), -(problem.h1 + on @ problem.c1[bits])])
    rhs = map.offset(bits)
    U, sigma, Vt = np.linalg.svd(matrix)
    size = 1.0 + float(np.abs(matrix).sum(axis=1).max())
    rank = int(np.sum(sigma > 1e-12 * size))
    anchor = Vt[:rank].T @ ((U[:, :rank].T @ rhs) / sigma[:rank])
    scale = float(np.max(np.abs(rhs), initial=0.0)) + size * float(np.max(np.abs(anchor), initial=0.0))
    if np.max(np.abs(matrix @ anchor - rhs)) > 1e-10 * scale:
        return None
    directions = _without_dust(Vt[rank:].T)
    sign = np.where(bits, 1.0, -1.0)
    reads = np.hstack([map.V, problem.c1])
    rows, room = _without_dust(sign[:, None] * (reads @ directions)), sign * (reads @ anchor + map.c)
    slack = 1e-10 * (np.abs(reads) @ np.abs(anchor) + np.abs(map.c)) + 16 * EPS
    flat = np.max(np.abs(rows), axis=1, initial=0.0) <= 1e-10 * np.abs(reads).sum(axis=1)
    if np.any(room[flat] < -slack[flat]):
        return None
    rows, room = rows[~flat], (room + slack)[~flat]
    t_rows, t_room = directions[m:], anchor[m:]
    box_rows, box_room = np.vstack([t_rows, -t_rows]), np.concatenate([t_room, 1.0 - t_room]) + CLOSE
    return _corners(np.vstack([rows, box_rows]), np.concatenate([room, box_room]), t_rows, t_room, d)


def in_own_units(problem: ParametricMap) -> ParametricMap:
    """The same with the state in units of the largest offset, so that states and parameters are alike in size."""
    map = problem.map
    unit = max(float(np.max(np.abs(part), initial=0.0)) for part in (map.c, map.h, problem.c1, problem.h1)) or 1.0
    scaled = CanonicalMap.build(map.A, map.W, map.V, map.c / unit, map.h / unit)
    return ParametricMap(scaled, problem.h1 / unit, problem.c1 / unit)


def _without_dust(matrix: np.ndarray) -> np.ndarray:
    """Entries that are rounding become zero: a linear program with a cost of 1e-17 is not solved, but unbounded."""
    size = float(np.max(np.abs(matrix), initial=0.0))
    return np.where(np.abs(matrix) <= 64 * EPS * size, 0.0, matrix)


def _corners(rows: np.ndarray, room: np.ndarray, out: np.ndarray, at: np.ndarray, d: int) -> np.ndarray | None:
    """Corners of the image ``out x + at`` of the polyhedron ``rows x + room >= 0``, in one or two dimensions."""
    from scipy.optimize import linprog

    size = np.abs(rows).max(axis=1, initial=0.0)
    moving = size > 0.0
    if np.any(room[~moving] < 0.0):
        return None
    rows, room = rows[moving] / size[moving, None], room[moving] / size[moving]

    def furthest(direction: np.ndarray) -> np.ndarray | None:
        if not out.shape[1]:
            return at
        # Across a line, the cost is what rounding has left of zero: the solver would chase it.
        cost = -(direction @ out)
        cost[np.abs(cost) <= 1e-7 * np.max(np.abs(out))] = 0.0
        result = linprog(cost, A_ub=-rows, b_ub=room, bounds=(None, None), method="highs")
        if result.status not in (0, 2):
            raise UnresolvedError(f"the linear program of a singular subregion failed: {result.message}")
        return None if result.status == 2 else np.asarray(out @ result.x + at)

    first = [furthest(direction) for direction in np.vstack([np.eye(d), -np.eye(d)])]
    if any(point is None for point in first):
        return None
    points = [np.clip(point, 0.0, 1.0) for point in first if point is not None]
    if d == 1:
        return np.array(points[:1]) if abs(points[0][0] - points[1][0]) <= 4 * CLOSE else np.array(points)[::-1]
    while True:
        hull = _hull(np.array(points))
        new = []
        for k in range(len(hull)):
            edge = hull[(k + 1) % len(hull)] - hull[k]
            normal = np.array([edge[1], -edge[0]])
            length = np.linalg.norm(normal)
            if length == 0.0:
                continue
            point = furthest(normal / length)
            if point is not None and (np.clip(point, 0.0, 1.0) - hull[k]) @ normal > 4 * CLOSE * length:
                new.append(np.clip(point, 0.0, 1.0))
        if not new:
            return hull
        points = [*hull, *new]


def _hull(points: np.ndarray) -> np.ndarray:
    """Corners of the convex hull of points in the plane, counter-clockwise; points closer than rounding are one."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    kept = [ordered[0]]
    for point in ordered[1:]:
        if all(np.max(np.abs(point - other)) > 4 * CLOSE for other in kept):
            kept.append(point)

    def chain(items: list[np.ndarray]) -> list[np.ndarray]:
        line: list[np.ndarray] = []
        for point in items:
            while len(line) > 1:
                a, b = line[-1] - line[-2], point - line[-2]
                if a[0] * b[1] - a[1] * b[0] > 0.0:
                    break
                line.pop()
            line.append(point)
        return line[:-1]

    if len(kept) < 3:
        return np.array(kept)
    return np.array(chain(kept) + chain(kept[::-1]))
