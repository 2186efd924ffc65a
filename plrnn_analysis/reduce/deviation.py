"""How far a map with some ReLUs replaced can stray from the original: sets of differences, carried forward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from ..results import Trajectory
from .domains import Domain, Polytope, sample
from .reachability import shorten

__all__ = ["Runs", "deviation_bound", "replaced", "share_on", "trials"]

# Generators beyond this many times the number of units are boxed in.
MOST = 30
# What rounding may add, relative, to sums of non-negative terms.
ROUNDING = 1e-12
# A state outside the domain by more than this, relative to the terms of a condition, is not held against a bound.
OUTSIDE = 1e-13
# Numbers a simulation may keep.
MAX_NUMBERS = 20_000_000


def replaced(map: CanonicalMap, linear: np.ndarray, off: np.ndarray) -> CanonicalMap:
    """The map without the ReLUs in `linear`, whose arguments then pass as they are, and those in `off`, which are gone.

    Parameters
    ----------
    map : CanonicalMap
    linear, off : (H,) ndarray of bool
    """
    kept = ~(linear | off)
    W = map.W[:, linear]
    return CanonicalMap.build(
        map.A + W @ map.V[linear],
        map.W[:, kept],
        map.V[kept],
        map.c[kept],
        map.h + W @ map.c[linear],
        map.C + W @ map.E[linear],
        map.E[kept],
    )


def deviation_bound(
    simpler: CanonicalMap, errors: np.ndarray, readout: np.ndarray, steps: int, check: Callable[[], None]
) -> float:
    """Largest difference of an output between two maps within `steps` steps from the same state.

    Parameters
    ----------
    simpler : CanonicalMap
        The map with ReLUs replaced.
    errors : (M, r) ndarray
        One step of it from any state z of the domain differs from the original's by ``-errors @ a``, 0 <= a <= 1.
    readout : (N, M) ndarray
    steps : int
        At least 1.
    check : callable
        Called at each step; may raise.

    Returns
    -------
    float
        Holds as long as the original stays in the domain, wherever the simpler one goes; infinite on overflow.

    Notes
    -----
    With d the difference, ``d' = F'(z + d) - F'(z) - errors a`` and ``F'(z + d) - F'(z) = (A + W diag(θ) V) d`` for
    some θ in [0, 1]^H. Differences are kept as a zonotope, centre plus generators: the part with θ = 1/2 maps each
    generator, the rest adds one generator ``W_i |V_i d|_max / 2`` a ReLU. With one ReLU replaced it is exact for one
    step.
    """
    m = simpler.n_units
    centre, generators = np.zeros(m), np.zeros((m, 0))
    middle = simpler.A + 0.5 * simpler.W @ simpler.V
    worst = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            check()
            spread = np.abs(simpler.V @ centre) + np.abs(simpler.V @ generators).sum(axis=1)
            centre = middle @ centre - 0.5 * errors.sum(axis=1)
            generators = np.hstack([middle @ generators, simpler.W * (0.5 * spread), 0.5 * errors])
            generators = shorten(generators[:, np.any(generators != 0.0, axis=0)], MOST * m)
            reach = np.abs(readout @ centre) + np.abs(readout @ generators).sum(axis=1)
            worst = max(worst, float(np.max(reach, initial=0.0)) if np.all(np.isfinite(reach)) else np.inf)
            if not np.isfinite(worst):
                return float("inf")
    return worst * (1.0 + ROUNDING)


@dataclass(frozen=True, eq=False)
class Runs:
    """Simulations of the original map, against which others are measured.

    Attributes
    ----------
    states : (n, T + 1, M) ndarray
    inputs : (n, T, K) ndarray
    counts : (n, T) ndarray of bool
        Whether the state before the step, and all states before that one, lie in the domain.
    """

    states: np.ndarray
    inputs: np.ndarray
    counts: np.ndarray

    @classmethod
    def start(
        cls, map: CanonicalMap, initial: np.ndarray, inputs: np.ndarray, polytope: Polytope, budget: Budget
    ) -> Runs:
        """Run the map from states (n, M) under inputs (n, T, K), for fewer steps if the time is up."""
        n, steps = inputs.shape[:2]
        states = np.empty((n, steps + 1, map.n_units))
        states[:, 0] = initial
        counts = np.empty((n, steps), dtype=bool)
        inside = np.ones(n, dtype=bool)
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(steps):
                if budget.is_over():
                    return cls(states[:, : t + 1], inputs[:, :t], counts[:, :t])
                inside = inside & _within(polytope, states[:, t])
                counts[:, t] = inside
                states[:, t + 1] = map.step(states[:, t], inputs[:, t])
        return cls(states, inputs, counts)

    def largest_change(self, other: CanonicalMap, readout: np.ndarray, check: Callable[[], None]) -> float:
        """Largest difference of an output, over the steps that count; infinite where the other map overflows.

        `check` is called at each step, and may raise.
        """
        z = self.states[:, 0]
        worst = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(self.inputs.shape[1]):
                check()
                z = other.step(z, self.inputs[:, t])
                counts = self.counts[:, t]
                change = np.abs((z - self.states[:, t + 1])[counts] @ readout.T)
                worst = max(worst, float(np.max(np.where(np.isnan(change), np.inf, change), initial=0.0)))
        return worst


def _within(polytope: Polytope, z: np.ndarray) -> np.ndarray:
    scale = np.abs(z) @ np.abs(polytope.L).T + np.abs(polytope.offset)
    return np.asarray(np.all(z @ polytope.L.T + polytope.offset >= -OUTSIDE * scale, axis=-1))


def trials(
    domain: Any, place: Domain, horizon: int, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """States (n, M) and inputs (n, T, K) to measure with: pieces of the trajectory, or random ones of the domain.

    The trajectory's own inputs are taken if all of them lie in the domain's range, else random ones of that range.
    """
    k = len(place.s_low)
    if isinstance(domain, Trajectory):
        batch, length, m = domain.states.shape
        steps = min(horizon, length if domain.lengths is None else int(domain.lengths.min()))
        n = min(samples, max(1, MAX_NUMBERS // ((steps + 1) * (m + k))))
        trial = rng.integers(batch, size=n)
        first = rng.integers((length if domain.lengths is None else domain.lengths[trial]) - steps + 1, size=n)
        before = np.concatenate([domain.initial[:, None], domain.states], axis=1)
        own = domain.inputs
        seen = None if own is None else domain.flatten(own)
        if own is not None and np.all((seen >= place.s_low) & (seen <= place.s_high)):
            return before[trial, first], own[trial[:, None], first[:, None] + np.arange(steps)]
        initial = before[trial, first]
    else:
        n, steps = min(samples, max(1, MAX_NUMBERS // ((horizon + 1) * (len(place.low) + k)))), horizon
        initial = sample(place, n, rng)
    return initial, place.s_low + (place.s_high - place.s_low) * rng.random((n, steps, k))


def share_on(domain: Any, map: CanonicalMap, initial: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Share (H,) of states at which each ReLU is active: those visited, or those drawn from the domain."""
    bits = domain.flatten(domain.bitcodes) if isinstance(domain, Trajectory) else map.bits(initial, inputs[:, 0])
    share: np.ndarray = bits.mean(axis=0)
    return share
