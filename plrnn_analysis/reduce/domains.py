"""Where a statement about a map is to hold, and what its ReLU arguments can be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from .._frozen import Frozen
from .._validation import as_array
from ..display.abbreviation import count_words
from ..engines.budget import Budget
from ..errors import ModelError
from ..maps import CanonicalMap
from ..numerics import EPS
from ..polytopes.boxes import read_box
from ..polytopes.programs import Verdict, decide, widest
from ..polytopes.systems import System
from ..results import Trajectory
from ..trajectories import check_fits
from .programs import bound_in_box, safe_minimum, solve

__all__ = [
    "Domain",
    "Polytope",
    "ArgumentRanges",
    "argument_ranges",
    "can_be_positive",
    "bounding_box",
    "choose_domain",
    "domain_of_states",
    "sample",
]

# A constraint counts as satisfied down to minus this, relative to the terms it is made of.
INSIDE = 1e-9
# How far reduced costs may be off before a bounding box is not believed.
BELIEVABLE = 1e-3
# Trajectories have this many states at most that count when principal components are computed.
MAX_STATES = 1_000_000


@dataclass(frozen=True, eq=False)
class Polytope(Frozen):
    """The states z with ``L z + offset >= 0``.

    Attributes
    ----------
    L : (m, M) ndarray
    offset : (m,) ndarray

    Raises
    ------
    ModelError
        On wrong shapes, NaN or infinity.

    Examples
    --------
    >>> triangle = Polytope([[1, 0], [0, 1], [-1, -1]], [0, 0, 1])
    >>> triangle.contains([[0.2, 0.2], [0.7, 0.7]])
    array([ True, False])
    """

    L: np.ndarray
    offset: np.ndarray

    def __post_init__(self) -> None:
        L = as_array("L", self.L, (None, None), "(m, M), one row per condition")
        object.__setattr__(self, "L", L)
        object.__setattr__(self, "offset", as_array("offset", self.offset, (L.shape[0],), "(m,)"))
        super().__post_init__()

    @classmethod
    def box(cls, low: Any, high: Any) -> Polytope:
        """All z with ``low <= z <= high``.

        Parameters
        ----------
        low, high : (M,) array_like
        """
        low = as_array("low", low, (None,), "(M,)")
        high = as_array("high", high, low.shape, "(M,), as low")
        if np.any(low > high):
            raise ModelError(f"the box is empty: low exceeds high at index {int(np.argmax(low > high))}")
        eye = np.eye(low.size)
        return cls(np.vstack([eye, -eye]), np.concatenate([-low, high]))

    def contains(self, z: Any) -> np.ndarray:
        """Whether states (..., M) lie inside, up to 1e-9 of the terms of each condition; the result is (...)."""
        z = np.asarray(z, dtype=np.float64)
        scale = np.abs(z) @ np.abs(self.L).T + np.abs(self.offset)
        with np.errstate(invalid="ignore"):
            return np.all(z @ self.L.T + self.offset >= -INSIDE * scale, axis=-1)

    def __repr__(self) -> str:
        return f"<Polytope: {count_words(self.L.shape[0], 'condition')} on {count_words(self.L.shape[1], 'unit')}>"


@dataclass(frozen=True, eq=False)
class Domain:
    """A bounded set of states times a box of inputs.

    Attributes
    ----------
    L, offset : (m, M), (m,) ndarray
        Conditions ``L z + offset >= 0`` beside the box.
    low, high : (M,) ndarray
        A box that holds all of it, and is one of its conditions.
    s_low, s_high : (K,) ndarray
    axes : (M, M) ndarray
        Orthonormal rows along which the set is narrow.
    axes_low, axes_high : (M,) ndarray
        Its range along them.
    """

    L: np.ndarray
    offset: np.ndarray
    low: np.ndarray
    high: np.ndarray
    s_low: np.ndarray
    s_high: np.ndarray
    axes: np.ndarray
    axes_low: np.ndarray
    axes_high: np.ndarray

    @classmethod
    def in_box(
        cls, L: np.ndarray, offset: np.ndarray, low: np.ndarray, high: np.ndarray, s_low: np.ndarray, s_high: np.ndarray
    ) -> Domain:
        """A domain whose axes are the units."""
        return cls(L, offset, low, high, s_low, s_high, np.eye(len(low)), low, high)

    @property
    def polytope(self) -> Polytope:
        """Its states, all conditions written out."""
        box = Polytope.box(self.low, self.high)
        return Polytope(np.vstack([box.L, self.L]), np.concatenate([box.offset, self.offset]))

    @property
    def has_interior(self) -> bool:
        """Whether a ball of states is known that fits inside."""
        if np.any(self.low >= self.high):
            return False
        if not len(self.offset):
            return True
        unit = np.eye(len(self.low))
        rows, room = np.vstack([self.L, unit, -unit]), np.concatenate([self.offset, -self.low, self.high])
        system = System(rows, room, strict=True)
        return any(
            point is not None and system.holds_at(point)
            for point in ((self.low + self.high) / 2.0, widest(system).point)
        )


@dataclass(frozen=True, eq=False)
class ArgumentRanges:
    """What the ReLU arguments of a map can be on a domain; (H,) each.

    Attributes
    ----------
    lowest, highest : ndarray
        Bounds that they never leave.
    low_seen, high_seen : ndarray
        Values that they have somewhere.
    settled : bool
        False where the solver of linear programs failed for some of them: their bounds then are wider than need be.
    """

    lowest: np.ndarray
    highest: np.ndarray
    low_seen: np.ndarray
    high_seen: np.ndarray
    settled: bool


def argument_ranges(map: CanonicalMap, domain: Domain, budget: Budget) -> ArgumentRanges:
    """Bounds that the ReLU arguments never leave on a domain, and the lowest and highest values seen there.

    Notes
    -----
    Two linear programs per ReLU, none where the domain is a box. They are the exact extremes but for the rounding
    that :func:`safe_minimum` allows for. When the time is up the others get the bounds of the box alone.
    """
    low, high = np.concatenate([domain.low, domain.s_low]), np.concatenate([domain.high, domain.s_high])
    rows = np.hstack([map.V, map.E])
    L = np.hstack([domain.L, np.zeros((len(domain.offset), map.n_inputs))])
    lowest, highest, low_seen, high_seen = (map.c.copy() for _ in range(4))
    settled = True
    budget.reporter.say(step="ranges of the ReLUs", total=len(rows))
    for i, row in enumerate(rows):
        budget.reporter.say(done=i)
        if not np.any(row):
            continue
        bound = bound_in_box if len(domain.offset) and budget.is_over() else safe_minimum
        least, most = (bound(sign * row, L, domain.offset, low, high) for sign in (1.0, -1.0))
        lowest[i] = least.bound + map.c[i] - _sum_error(least.bound, map.c[i])
        highest[i] = map.c[i] - most.bound + _sum_error(most.bound, map.c[i])
        low_seen[i] = row @ least.point + map.c[i] if _is_inside(domain, least.point) else np.inf
        high_seen[i] = row @ most.point + map.c[i] if _is_inside(domain, most.point) else -np.inf
        settled = settled and least.settled and most.settled
    return ArgumentRanges(lowest, highest, low_seen, high_seen, settled)


def can_be_positive(map: CanonicalMap, domain: Domain, i: int, sign: float, deadline: float) -> Verdict:
    """Whether ``sign * y_i > 0`` somewhere on a domain, exactly."""
    low, high = np.concatenate([domain.low, domain.s_low]), np.concatenate([domain.high, domain.s_high])
    unit = np.eye(len(low))
    L = np.hstack([domain.L, np.zeros((len(domain.offset), map.n_inputs))])
    rows = np.vstack([L, unit, -unit, sign * np.append(map.V[i], map.E[i])])
    room = np.concatenate([domain.offset, -low, high, sign * map.c[i : i + 1]])
    return decide(rows, room, [False] * (len(room) - 1) + [True], deadline=deadline).verdict


def _is_inside(domain: Domain, v: np.ndarray | None) -> TypeGuard[np.ndarray]:
    """Whether the solver's point, whose box holds exactly, keeps the other conditions too."""
    if v is None:
        return False
    z = v[: len(domain.low)]
    scale = np.abs(domain.L) @ np.abs(z) + np.abs(domain.offset)
    return bool(np.all(domain.L @ z + domain.offset >= -INSIDE * scale))


def _sum_error(a: float, b: float) -> float:
    return EPS * (abs(a) + abs(b)) if a and b else 0.0


def bounding_box(polytope: Polytope) -> tuple[np.ndarray, np.ndarray]:
    """A box that provably holds a polytope.

    Raises
    ------
    ModelError
        If the polytope is empty or not bounded.

    Notes
    -----
    Multipliers u >= 0 with ``e - L'u = r`` show ``e·z <= u·offset + |r|_1 R`` where R is the largest modulus of a
    coordinate. With r small, as rounding leaves it, R is bounded by the largest ``u·offset / (1 - |r|_1)``.
    """
    L, offset = polytope.L, polytope.offset
    m = L.shape[1]
    values, errors = np.zeros((2, m)), np.zeros((2, m))
    for j in range(m):
        for side, sign in enumerate((1.0, -1.0)):
            cost = np.zeros(m)
            cost[j] = sign
            found = solve(cost, L, offset, None, None)
            if found.point is None:
                what = _without_end(L, offset, cost)
                raise ModelError(f"the polytope {what}: give one that holds some state and is bounded in every unit")
            multipliers = found.multipliers
            errors[side, j] = np.abs(cost - multipliers @ L).sum() + EPS * m * (multipliers @ np.abs(L)).sum()
            values[side, j] = multipliers @ offset + EPS * m * (multipliers @ np.abs(offset))
    worst = float(errors.max())
    if not worst < BELIEVABLE:
        raise ModelError("the polytope's extent could not be established: rescale its conditions, or give a box")
    radius = float(np.max(np.abs(values))) / (1.0 - worst)
    reach = values + errors * radius
    return -reach[0], reach[1]


def _without_end(L: np.ndarray, offset: np.ndarray, cost: np.ndarray) -> str:
    """Why ``cost @ z`` has no least value on ``L z + offset >= 0``, in words."""
    if decide(L, offset).verdict is Verdict.EMPTY:
        return "is empty"
    # A way on which no condition falls and the cost does.
    way = decide(np.vstack([L, -cost]), np.zeros(len(L) + 1), [False] * len(L) + [True])
    return "is not bounded" if way.verdict is Verdict.FEASIBLE else "defeats the solver of linear programs"


def _range_of(values: np.ndarray, inflate: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = values.min(axis=0), values.max(axis=0)
    margin = inflate * (high - low)
    return low - margin, high + margin


def domain_of_states(
    map: CanonicalMap, states: np.ndarray, inflate: float, s_low: np.ndarray, s_high: np.ndarray
) -> Domain:
    """What states (n, M) reach, in three kinds of coordinates.

    The units, the principal components, and what ReLUs read where that is no single unit; each range is widened at
    both ends by `inflate` times its width.
    """
    low, high = _range_of(states, inflate)
    some = states[:: -(-len(states) // MAX_STATES)]
    _, components = np.linalg.eigh(np.atleast_2d(np.cov(some.T))) if len(some) > 1 else (0, np.eye(len(low)))
    norms = np.linalg.norm(map.V, axis=1)
    several = np.count_nonzero(map.V, axis=1) > 1
    read = map.V[several] / norms[several, None]
    rows = np.vstack([components.T, read])
    rows = rows[np.count_nonzero(np.abs(rows) > 4 * EPS, axis=1) > 1]
    a, b = _range_of(states @ rows.T, inflate)
    L, offset = np.vstack([rows, -rows]), np.concatenate([-a, b])
    axes = components.T
    return Domain(L, offset, low, high, s_low, s_high, axes, *_range_of(states @ axes.T, inflate))


def sample(domain: Domain, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` random states of a domain, (n, M): uniform in a box, else by hit-and-run from a point inside.

    Notes
    -----
    Each state is the end of its own walk of 10 + 3 M steps, so they are independent but only roughly uniform.
    R. L. Smith (1984), doi:10.1287/opre.32.6.1296.
    """
    if not len(domain.offset):
        return domain.low + (domain.high - domain.low) * rng.random((n, len(domain.low)))
    polytope = domain.polytope
    m = len(domain.low)
    L, offset = polytope.L, polytope.offset
    norm = np.linalg.norm(L, axis=1)
    cost = np.append(np.zeros(m), -1.0)
    width = float(np.max(domain.high - domain.low))
    centre = solve(
        cost, np.hstack([L, -norm[:, None]]), offset, np.append(domain.low, 0.0), np.append(domain.high, width + 1.0)
    ).point
    if centre is None:
        raise ModelError("no state of the domain was found: it is empty, or defeats the solver of linear programs")
    z = np.tile(centre[:m], (n, 1))
    for _ in range(10 + 3 * m):
        direction = rng.normal(size=(n, m)) * (domain.high - domain.low)
        slope, room = direction @ L.T, np.maximum(z @ L.T + offset, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(slope == 0.0, np.inf, -room / slope)
        forward = np.where(slope < 0.0, steps, np.inf).min(axis=1)
        backward = np.where(slope > 0.0, steps, -np.inf).max(axis=1)
        t = backward + (forward - backward) * rng.random(n)
        z = z + np.where(np.isfinite(t), t, 0.0)[:, None] * direction
    return np.clip(z, domain.low, domain.high)


def choose_domain(map: CanonicalMap, domain: Any, inputs: Any, inflate: float) -> Domain:
    """A box, a polytope or what a trajectory reaches, and a box of inputs; a ModelError if they make no sense."""
    if isinstance(domain, Trajectory):
        check_fits(domain, map.n_units, map.n_relu)
        states = np.concatenate([domain.initial, domain.visited()])
        if not np.all(np.isfinite(states)):
            raise ModelError("the trajectory diverges: cut it before its states become infinite, or give a box")
        s_low, s_high = _inputs_of(map, domain, inputs)
        return domain_of_states(map, states, inflate, s_low, s_high)
    s_low, s_high = _inputs(map, inputs)
    if isinstance(domain, Polytope):
        if domain.L.shape[1] != map.n_units:
            raise ModelError(f"the polytope is for {domain.L.shape[1]} units, the model has {map.n_units}")
        return Domain.in_box(domain.L, domain.offset, *bounding_box(domain), s_low, s_high)
    low, high = _corners("domain", domain, map.n_units)
    return Domain.in_box(np.zeros((0, map.n_units)), np.zeros(0), low, high, s_low, s_high)


def _corners(name: str, value: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(value, (tuple, list, np.ndarray)):
        raise ModelError(f"{name} must be a pair: lower and upper corner ({n},); got {type(value).__name__}")
    return read_box(value, n, flat=True, name=name).corners


def _inputs(map: CanonicalMap, inputs: Any) -> tuple[np.ndarray, np.ndarray]:
    zero = np.zeros(map.n_inputs)
    return (zero, zero.copy()) if inputs is None else _corners("inputs", inputs, map.n_inputs)


def _inputs_of(map: CanonicalMap, trajectory: Trajectory, inputs: Any) -> tuple[np.ndarray, np.ndarray]:
    if inputs is not None or map.n_inputs == 0:
        return _inputs(map, inputs)
    if trajectory.inputs is not None:
        seen = trajectory.flatten(trajectory.inputs)
        return seen.min(axis=0), seen.max(axis=0)
    if not (np.array_equal(trajectory.map.h, map.h) and np.array_equal(trajectory.map.c, map.c)):
        raise ModelError("the trajectory was made under a constant input: give inputs=(s, s) with that input s")
    return _inputs(map, None)
