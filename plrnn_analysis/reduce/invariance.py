"""Does a map lead out of a domain? Branch and bound over the ReLUs that switch there, with safe linear programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..polytopes.programs import Verdict
from .domains import Domain
from .leaving import find_exit
from .programs import safe_minimum

__all__ = ["Invariance", "check_invariance"]

# Where an image misses a condition by no more than this, relative to its terms, exact arithmetic decides.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Invariance:
    """Whether one step from a domain always ends in it.

    Attributes
    ----------
    invariant : bool or None
        None if the budget ended before the question was settled.
    state, input : ndarray or None
        Where it is not: a state of the domain, and an input, that are mapped outside.
    nodes : int
        Linear programs solved.
    """

    invariant: bool | None
    state: np.ndarray | None
    input: np.ndarray | None
    nodes: int


@dataclass(frozen=True, eq=False)
class _Problem:
    """Minimise ``cost · (z, s) + sum_i weight_i relu(y_i) + constant``, ReLUs that switch only."""

    map: CanonicalMap
    domain: Domain
    cost: np.ndarray
    weight: np.ndarray
    constant: float
    lowest: np.ndarray
    highest: np.ndarray
    units: np.ndarray

    def value(self, v: np.ndarray) -> float:
        y = self.arguments(v)
        return float(self.cost @ v + self.weight @ np.maximum(y, 0.0) + self.constant)

    def arguments(self, v: np.ndarray) -> np.ndarray:
        m = self.map.n_units
        return self.map.preactivation(v[:m], v[m:])[self.units]

    def relax(self, signs: np.ndarray) -> tuple[float, np.ndarray | None]:
        """Lower bound with x_i for relu(y_i): units decided are linear, open ones lie between ReLU and its chord."""
        rows = np.hstack([self.map.V, self.map.E])[self.units]
        c = self.map.c[self.units]
        h, n = len(self.units), len(self.cost)
        low = np.concatenate([self.domain.low, self.domain.s_low, np.zeros(h)])
        high = np.concatenate([self.domain.high, self.domain.s_high, np.maximum(self.highest, 0.0)])
        k = len(self.domain.offset)
        L = [np.hstack([self.domain.L, np.zeros((k, n - self.domain.L.shape[1] + h))])]
        offset = [self.domain.offset]
        cost = np.concatenate([self.cost, self.weight])
        constant = self.constant
        for i in range(h):
            if signs[i] > 0:
                # On: y >= 0 and x = y, put into the cost.
                L.append(np.append(rows[i], np.zeros(h))[None])
                offset.append(c[i : i + 1])
                cost[:n] += self.weight[i] * rows[i]
                cost[n + i] = 0.0
                constant += float(self.weight[i] * c[i])
            elif signs[i] < 0:
                L.append(-np.append(rows[i], np.zeros(h))[None])
                offset.append(-c[i : i + 1])
                cost[n + i] = 0.0
            elif self.weight[i] > 0.0:
                # The ReLU is convex: its epigraph is all that a positive weight needs.
                row = np.zeros(n + h)
                row[:n], row[n + i] = -rows[i], 1.0
                L.append(row[None])
                offset.append(-c[i : i + 1])
            else:
                slope = self.highest[i] / (self.highest[i] - self.lowest[i])
                row = np.zeros(n + h)
                row[:n], row[n + i] = slope * rows[i], -1.0
                L.append(row[None])
                offset.append(np.array([slope * (c[i] - self.lowest[i])]))
        found = safe_minimum(cost, np.vstack(L), np.concatenate(offset), low, high)
        return found.bound + constant, None if found.point is None else found.point[:n]


def _problem(
    map: CanonicalMap, domain: Domain, row: np.ndarray, constant: float, ranges: tuple[np.ndarray, np.ndarray]
) -> _Problem:
    lowest, highest = ranges
    weight = row @ map.W
    on, switching = (lowest >= 0.0) & (highest > 0.0), (lowest < 0.0) & (highest > 0.0) & (weight != 0.0)
    cost = np.concatenate([row @ map.A + weight[on] @ map.V[on], row @ map.C + weight[on] @ map.E[on]])
    constant = constant + float(row @ map.h + weight[on] @ map.c[on])
    units = np.flatnonzero(switching)
    return _Problem(map, domain, cost, weight[units], constant, lowest[units], highest[units], units)


def _search(problem: _Problem, enough: float, least: float, budget: Budget) -> tuple[float, np.ndarray | None, int]:
    """Best-first search: proven lower bound, the best point found, nodes.

    It ends once the bound reaches `enough` or a value falls below `least`.
    """
    import heapq

    start = np.zeros(len(problem.units), dtype=np.int8)
    bound, point = problem.relax(start)
    nodes = 1
    queue: list[tuple[float, int, np.ndarray, np.ndarray | None]] = [(bound, 0, start, point)]
    closed, best, best_point = np.inf, np.inf, None
    while queue:
        bound, _, signs, point = heapq.heappop(queue)
        if point is not None:
            v = np.clip(point, *_corners(problem.domain))
            value = problem.value(v)
            if value < best and bool(problem.domain.polytope.contains(v[: problem.map.n_units])):
                best, best_point = value, v
        if best < least or bound >= enough:
            closed = min(closed, bound)
            break
        open_units = np.flatnonzero(signs == 0)
        gap = np.full(len(signs), -1.0)
        if point is not None and len(open_units):
            y = problem.arguments(point)
            slope = problem.highest / (problem.highest - problem.lowest)
            chord = slope * (y - problem.lowest)
            gap[open_units] = (-problem.weight * (chord - np.maximum(y, 0.0)))[open_units]
        elif len(open_units):
            gap[open_units] = np.abs(problem.weight[open_units])
        unit = int(np.argmax(gap)) if len(gap) else -1
        # Only chords leave a gap; with none open, or none that is wide, the node's bound is its minimum.
        concave = open_units[problem.weight[open_units] < 0.0]
        if not len(concave) or gap[unit] <= 1e-13 * (1.0 + abs(bound)):
            closed = min(closed, bound)
            continue
        if budget.take(2) == 0:
            closed = min(closed, bound)
            break
        for sign in (1, -1):
            child = signs.copy()
            child[unit] = sign
            below, where = problem.relax(child)
            nodes += 1
            if below < np.inf:
                heapq.heappush(queue, (max(below, bound), nodes, child, where))
    return min([closed, *(item[0] for item in queue)], default=closed), best_point, nodes


def _corners(domain: Domain) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([domain.low, domain.s_low]), np.concatenate([domain.high, domain.s_high])


def _allowed(map: CanonicalMap, domain: Domain) -> np.ndarray:
    """By how much an image may seem to miss each condition of a domain through rounding alone."""
    polytope = domain.polytope
    largest = np.maximum(np.abs(domain.low), np.abs(domain.high))
    inputs = np.maximum(np.abs(domain.s_low), np.abs(domain.s_high))
    active = np.abs(map.V) @ largest + np.abs(map.E) @ inputs + np.abs(map.c)
    image = np.abs(map.A) @ largest + np.abs(map.W) @ active + np.abs(map.h) + np.abs(map.C) @ inputs
    return np.asarray(ROUNDING * (np.abs(polytope.L) @ image + np.abs(polytope.offset)))


def check_invariance(
    map: CanonicalMap, domain: Domain, ranges: tuple[np.ndarray, np.ndarray], budget: Budget
) -> Invariance:
    """Whether ``F(z, s)`` lies in the domain for every z and s of it.

    Parameters
    ----------
    map : CanonicalMap
    domain : Domain
    ranges : pair of (H,) ndarray
        Bounds of the ReLU arguments there.
    budget : Budget

    Notes
    -----
    One search a condition of the domain. Only ReLUs with a negative weight in ``L_j W`` need to be branched on, for the
    others the linear program is exact. What floats do not decide is decided exactly
    (:func:`plrnn_analysis.reduce.leaving.find_exit`).
    """
    polytope = domain.polytope
    allowed = _allowed(map, domain)
    nodes, settled = 0, True
    try:
        for row, constant, tolerance in zip(polytope.L, polytope.offset, allowed, strict=True):
            if budget.take(1) == 0:
                return Invariance(None, None, None, nodes)
            problem = _problem(map, domain, row, float(constant), ranges)
            bound, point, used = _search(problem, -tolerance, -1e3 * tolerance, budget)
            nodes += used
            if point is not None and problem.value(point) < -1e3 * tolerance:
                return Invariance(False, point[: map.n_units], point[map.n_units :], nodes)
            if bound >= 0.0:
                continue
            # Domains are often such that images touch their boundary: floats cannot tell on which side.
            exact = find_exit(map, domain, row, float(constant), ranges, budget)
            if exact.doubles is not None:
                return Invariance(False, exact.doubles[: map.n_units], exact.doubles[map.n_units :], nodes)
            settled = settled and exact.verdict is Verdict.EMPTY
    except KeyboardInterrupt:
        budget.stop("interrupt")
        settled = False
    return Invariance(True if settled else None, None, None, nodes)
