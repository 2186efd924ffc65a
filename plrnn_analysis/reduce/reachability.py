"""What a map can reach from a set of states, under any inputs of a box, for all time: zonotopes carried forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap
from .domains import Domain, Polytope

__all__ = ["Reach", "reach_for_ever", "shorten"]

# Generators beyond this many times the number of units are boxed in.
MOST = 30
# Steps after which the set should be back inside where it began, and how often a wider beginning is tried.
STEPS, ROUNDS = 200, 30
# A return must be narrower than the beginning by this, relative to its width, and by ROUNDING relative to its place. A
# beginning that failed is made wider than the last set by MORE.
NARROWER, ROUNDING, MORE = 1e-9, 1e-13, 0.05
# Sets that grow to more than this many times their beginning are given up.
TOO_WIDE = 1e4


@dataclass(frozen=True, eq=False)
class Reach:
    """Whatever begins in `start` is in `domain` at every later time; after `steps` steps it is back in `start`."""

    domain: Domain
    start: Polytope
    steps: int


def shorten(generators: np.ndarray, most: int) -> np.ndarray:
    """At most `most` and M generators (M, n): the shortest are replaced by the box around their sum."""
    if generators.shape[1] <= most + generators.shape[0]:
        return generators
    order = np.argsort(-np.abs(generators).sum(axis=0), kind="stable")
    rest = np.abs(generators[:, order[most:]]).sum(axis=1)
    return np.hstack([generators[:, order[:most]], np.diag(rest)])


def _step(
    map: CanonicalMap, centre: np.ndarray, generators: np.ndarray, s_centre: np.ndarray, s_half: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A zonotope that holds the image of one: a ReLU that switches lies in a strip of slope u / (u - l)."""
    driven = np.flatnonzero(s_half)
    y = map.V @ centre + map.c + map.E @ s_centre
    Y = np.hstack([map.V @ generators, map.E[:, driven] * s_half[driven]])
    reach = np.abs(Y).sum(axis=1)
    low, high = y - reach, y + reach
    switches = (low < 0.0) & (high > 0.0)
    span = np.where(switches, high - low, 1.0)
    slope = np.where(switches, high / span, (low >= 0.0) & (high > 0.0))
    strip = np.where(switches, -slope * low / 2.0, 0.0)
    centre = map.A @ centre + map.W @ (slope * y + strip) + map.h + map.C @ s_centre
    before = np.hstack([map.A @ generators, map.C[:, driven] * s_half[driven]])
    return centre, np.hstack([before + (map.W * slope) @ Y, map.W[:, switches] * strip[switches]])


def reach_for_ever(map: CanonicalMap, domain: Domain, budget: Budget) -> Reach | None:
    """A set that holds the given domain and all that can follow.

    Parameters
    ----------
    map : CanonicalMap
    domain : Domain
        Where it begins; its conditions, moved outwards, describe what is reached.
    budget : Budget

    Returns
    -------
    Reach or None
        None if no proof was found.

    Notes
    -----
    The domain is boxed in along its axes. If after k steps the set lies in this box, everything stays, by induction,
    in the union of the sets of the first k steps. If not, a larger box is tried. Zonotopes turn and shear without loss,
    so a map that contracts in any norm has a chance; each ReLU that switches widens them. A. Girard (2005),
    Reachability of uncertain linear systems using zonotopes, doi:10.1007/978-3-540-31954-2_19; for the strips G. Singh
    et al. (2018), Fast and effective robustness certification, NeurIPS.
    """
    m = map.n_units
    axes, low, high = domain.axes, domain.axes_low, domain.axes_high
    rows = np.vstack([np.eye(m), domain.L])
    s_centre, s_half = (domain.s_low + domain.s_high) / 2.0, (domain.s_high - domain.s_low) / 2.0
    first = 0.0
    try:
        for _ in range(ROUNDS):
            middle, half = (low + high) / 2.0, (high - low) / 2.0
            centre, generators = axes.T @ middle, axes.T * half
            tops, bottoms = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
            widest = np.abs(axes @ centre - middle) + half
            for k in range(1, STEPS + 1):
                if budget.take(1) == 0:
                    return None
                reach = np.abs(rows @ generators).sum(axis=1)
                tops, bottoms = np.maximum(tops, rows @ centre + reach), np.minimum(bottoms, rows @ centre - reach)
                centre, generators = _step(map, centre, shorten(generators, MOST * m), s_centre, s_half)
                turned, spread = axes @ centre, np.abs(axes @ generators).sum(axis=1)
                away = np.abs(turned - middle) + spread + ROUNDING * (np.abs(middle) + np.abs(turned))
                first = first or float(np.max(half) + np.max(away))
                if not np.max(away) < TOO_WIDE * first:
                    return None
                if np.all(away <= half * (1.0 - NARROWER)):
                    return Reach(_domain(domain, tops, bottoms, m), _start(axes, low, high), k)
                widest = away
            low = np.minimum(low, middle - (1.0 + MORE) * widest)
            high = np.maximum(high, middle + (1.0 + MORE) * widest)
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return None


def _start(axes: np.ndarray, low: np.ndarray, high: np.ndarray) -> Polytope:
    return Polytope(np.vstack([axes, -axes]), np.concatenate([-low, high]))


def _domain(domain: Domain, tops: np.ndarray, bottoms: np.ndarray, m: int) -> Domain:
    """The given conditions and the box, each as far out as the sets reach, and by rounding further."""
    give = NARROWER * (np.abs(tops) + np.abs(bottoms))
    tops, bottoms = tops + give, bottoms - give
    L = np.vstack([domain.L, -domain.L])
    offset = np.concatenate([-bottoms[m:], tops[m:]])
    return Domain(
        L, offset, bottoms[:m], tops[:m], domain.s_low, domain.s_high, domain.axes, domain.axes_low, domain.axes_high
    )
