"""Every cycle of a piecewise-linear map up to a period, and what was proved."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np

from ._validation import as_array, freeze, is_whole
from .engines.budget import Budget
from .engines.orbits import describe_cycles, least_rotations, same_orbit
from .engines.portfolio import (
    METHODS,
    Constraints,
    choose_workers,
    examine,
    heuristic_settings,
    reason,
    search_patterns,
)
from .engines.prefixes import admissible_words as any_words
from .engines.ring import first_is_largest, inside_box, ring_map
from .engines.singular import Piece, analyse_singular_region, lies_on
from .engines.verification import Hit
from .engines.words import admissible_words as planar_words
from .errors import ModelError
from .maps import CanonicalMap, bits_from_string, bits_to_string
from .regions import find_subregions
from .results import Coverage, Cycle, CycleContinuum, Cycles

__all__ = ["describe_cycles", "find_cycles", "least_rotations"]

WORDS = "words in a box"
# Half-width of its box, in units of the largest |h|, where the user names none.
DEFAULT_BOX = 1e3


def find_cycles(
    map: CanonicalMap,
    max_period: int,
    *,
    box: Any = None,
    method: str = "auto",
    periodic_input: Any = None,
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    workers: int = 1,
    executor: Executor | None = None,
    verify: str | None = None,
    boundary_tolerance: float = 1e-9,
    seed: int = 0,
    restarts: int | None = None,
    inner: int | None = None,
) -> Cycles:
    """All cycles of minimal period 1, 2, ..., `max_period`; fixed points are those of period 1.

    Parameters
    ----------
    map : CanonicalMap
        Without input, or with one if `periodic_input` is given.
    max_period : int
    box : float or pair of (M,) array_like, optional
        Only cycles all of whose points have ``|z_i| <= box``, or lie between the two corners. Without it all of
        state space is searched.
    method : str, optional
        ``"elimination"`` or ``"linear programs"``, period by period, as in
        :func:`plrnn_analysis.fixed_points.find_fixed_points`; or ``"words in a box"``, all periods in one tree
        (without `box`, in one of 1000 times the size of h). ``"auto"`` takes the last where a box is given and the
        map has one or two units.
    periodic_input : (p, K) array_like, optional
        Inputs repeated for ever: ``z_t = F(z_{t-1}, s_t)`` with s of period p. Periods are then multiples of p.
    max_nodes : int, optional
        Ends the search after about so many nodes, over all periods.
    time_limit : float, optional
        Ends it after so many seconds; None for no limit.
    workers : int, optional
        Threads over subtrees.
    executor : concurrent.futures.Executor, optional
        Searches the subtrees instead of threads here: processes of this machine, or a cluster. The answer is the
        same. Limits hold for all tasks together: each gets the time that is left and an equal share of
        `max_nodes`; see the how-to page on clusters.
    verify : str, optional
        ``"farkas"``: search by linear programs and re-check every cut in exact arithmetic; ``coverage`` says how
        many were proven, for the reduced problem as it stands in double precision.
    boundary_tolerance : float, optional
        A cycle is flagged ``on_boundary`` if a ReLU argument is at most this fraction of the terms it is made of.
    seed : int, optional
        Of the random words of ``"scyfi"``.
    restarts, inner : int, optional
        Of ``"scyfi"``: random words a round, and words followed from each; rounds go on while they find something
        new. The defaults are the published ones: 10 restarts up to period 7, 40 up to 29, then 100; and 20 steps
        up to period 2, 60 up to 5, 300 up to 7, 1080 up to 19, then 1115.

    Returns
    -------
    Cycles
        ``complete_up_to`` says up to which period these are all.

    Raises
    ------
    ModelError
        If an argument is out of range or has the wrong shape.

    Notes
    -----
    A k-cycle is a fixed point of the map that moves a ring of k states on by one, a problem in H k ReLUs. It is
    reduced with a solve of the block-cyclic system, never with a power of A, whose rounding error grows like
    the spread of its eigenvalues to the power k. Of the k rotations of a cycle the linear-program engine
    looks only for the one that starts where the first ReLU reads the most. In the plane a tree over words,
    each prefix carrying the polygon of states it can have led to, reaches periods of a hundred and more; it
    visits each cycle once, as its Lyndon word. That tree is searched here, on one core, whatever `executor` is.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> find_cycles(tent.map, 6).counts
    {1: 2, 2: 1, 3: 2, 4: 3, 5: 6, 6: 9}
    """
    if not is_whole(max_period, 1):
        raise ModelError(f"max_period must be a whole number >= 1, got {max_period!r}")
    if not boundary_tolerance >= 0.0:
        raise ModelError(f"boundary_tolerance must be >= 0, got {boundary_tolerance!r}")
    maps = _driven(map, periodic_input)
    shift = len(maps)
    if method not in (*METHODS, WORDS):
        raise ModelError(f"method must be one of {', '.join((*METHODS, WORDS))}, got {method!r}")
    heuristic = heuristic_settings(method, seed, restarts, inner)
    planar = map.n_units <= 2 and periodic_input is None
    if method == WORDS and periodic_input is not None:
        raise ModelError(f"method {WORDS!r} knows no periodic_input; take another")
    if verify and method == WORDS:
        raise ModelError(f"verify={verify!r} checks cuts of linear programs; method {method!r} has none")
    if method == WORDS and box is None:
        box = DEFAULT_BOX * max(1.0, float(np.abs(maps[0].h).max()))
    corners = _corners(box, map.n_units)
    chosen = choose_workers(workers, executor)
    budget = Budget(max_nodes, time_limit)
    if corners is not None and (method == WORDS or (method == "auto" and planar and not verify)):
        return _search_words(maps[0], int(max_period), corners, budget, boundary_tolerance)
    coverage: dict[int, Coverage] = {}
    found: list[Cycle] = []
    continua: list[CycleContinuum] = []
    complete_up_to = 0
    for period in range(shift, int(max_period) + 1, shift):
        steps = maps * (period // shift)
        started = budget.seconds
        try:
            ring = ring_map(steps)
            outcome, engine, notes = search_patterns(
                ring,
                budget,
                chosen,
                method,
                _constraints(maps[0], period, shift, corners),
                verify,
                replace(heuristic, period=period, shift=shift),
            )
            hits, pieces, unchecked = examine(ring, outcome.words, budget)
        except KeyboardInterrupt:
            budget.stop("interrupt")
            break
        exhausted = outcome.exhausted and not unchecked
        coverage[period] = Coverage(
            subregions=1 << ring.n_relu,
            decided=max(outcome.decided - unchecked, 0),
            engine=engine,
            stopped_by=reason(engine, budget, exhausted),
            seconds=budget.seconds - started,
            notes=tuple(notes),
            **outcome.counts,
        )
        families = _families(ring, pieces, period, shift)
        continua.extend(families)
        found.extend(describe_cycles(steps, _distinct(hits, pieces, ring, period, shift, corners), boundary_tolerance))
        if exhausted and complete_up_to == period - shift:
            complete_up_to = period
        if budget.stopped_by:
            break
    if complete_up_to == int(max_period) // shift * shift:
        complete_up_to = int(max_period)
    return Cycles(
        _items=tuple(sorted(found, key=lambda cycle: (cycle.period, cycle.word))),
        complete_up_to=complete_up_to,
        max_period=int(max_period),
        box=corners,
        continua=tuple(continua),
        coverage=coverage,
    )


def _search_words(
    map: CanonicalMap,
    max_period: int,
    corners: tuple[np.ndarray, np.ndarray],
    budget: Budget,
    boundary_tolerance: float,
) -> Cycles:
    """All periods from one tree over the words that the map can follow inside the box."""
    regions = find_subregions(map, time_limit=budget.remaining if np.isfinite(budget.remaining) else None)
    patterns = np.array([bits_from_string(region.bitcode, map.n_relu) for region in regions])
    tree = planar_words if map.n_units <= 2 else any_words
    words, exhausted, nodes = tree(map, patterns, corners, max_period, budget)
    exhausted &= regions.complete
    found: list[Cycle] = []
    continua: list[CycleContinuum] = []
    for period, candidates in words.items():
        ring = ring_map([map] * period)
        hits, pieces, unchecked = examine(ring, list(candidates.reshape(len(candidates), -1)), budget)
        exhausted &= not unchecked
        continua.extend(_families(ring, pieces, period, 1))
        new = list(
            describe_cycles([map] * period, _distinct(hits, pieces, ring, period, 1, corners), boundary_tolerance)
        )
        found.extend(new)
        for cycle in new:
            continua.extend(_multiples(map, cycle, max_period))
    found = [cycle for cycle in found if not any(_ends(cycle, family) for family in continua)]
    coverage = {
        period: Coverage(
            subregions=1 << (map.n_relu * period),
            decided=1 << (map.n_relu * period) if exhausted else 0,
            engine=WORDS,
            nodes=nodes if period == 1 else 0,
            solved=len(words.get(period, ())),
            stopped_by="" if exhausted else (budget.stopped_by or "numerics"),
            seconds=budget.seconds if period == 1 else 0.0,
            notes=("nodes and seconds are those of all periods together",) if period == 1 else (),
        )
        for period in range(1, max_period + 1)
    }
    return Cycles(
        _items=tuple(sorted(found, key=lambda cycle: (cycle.period, cycle.word))),
        complete_up_to=max_period if exhausted else 0,
        max_period=max_period,
        box=corners,
        continua=tuple(continua),
        coverage=coverage,
    )


def _multiples(map: CanonicalMap, cycle: Cycle, max_period: int) -> list[CycleContinuum]:
    """Families that repeat the word of a cycle which has a root of unity among its multipliers."""
    for times in range(2, max_period // cycle.period + 1):
        if np.any(np.abs(cycle.multipliers**times - 1.0) <= 1e-9 * times):
            period = times * cycle.period
            ring = ring_map([map] * period)
            word = np.concatenate([bits_from_string(code, map.n_relu) for code in cycle.word])
            piece = analyse_singular_region(ring, np.tile(word, times))
            return [] if piece is None or not len(piece.directions) else _families(ring, [piece], period, 1)
    return []


def _ends(cycle: Cycle, family: CycleContinuum) -> bool:
    """Whether a cycle on a boundary is where a family of its period ends."""
    if not cycle.on_boundary or cycle.period != family.period:
        return False
    directions = family.directions.reshape(family.dimension, -1)
    scale = 1.0 + np.max(np.abs(cycle.points)) + np.max(np.abs(family.anchor))
    for turn in range(cycle.period):
        away = (np.roll(cycle.points, turn, 0) - family.anchor).ravel()
        if np.max(np.abs(away - directions.T @ (directions @ away))) <= 1e-8 * scale:
            return True
    return False


def _driven(map: CanonicalMap, periodic_input: Any) -> list[CanonicalMap]:
    if periodic_input is None:
        return [map.with_input(None)]
    inputs = as_array("periodic_input", periodic_input, (None, map.n_inputs), "(p, K), one row a step")
    if not len(inputs):
        raise ModelError("periodic_input must hold at least one step")
    return [map.with_input(s) for s in inputs]


def _corners(box: Any, n_units: int) -> tuple[np.ndarray, np.ndarray] | None:
    if box is None:
        return None
    if np.ndim(box) == 0:
        if not float(box) > 0.0:
            raise ModelError(f"box must be positive, or a pair of corners, got {box!r}")
        return freeze(np.full(n_units, -float(box))), freeze(np.full(n_units, float(box)))
    if len(box) != 2:
        raise ModelError(f"box must be a number or a pair (low, high) of ({n_units},) arrays, got {len(box)} items")
    low = as_array("box[0]", box[0], (n_units,), "(M,), the lower corner")
    high = as_array("box[1]", box[1], (n_units,), "(M,), the upper corner")
    if np.any(low >= high):
        raise ModelError("box[0] must be below box[1] in every coordinate")
    return freeze(low), freeze(high)


def _constraints(
    map: CanonicalMap, period: int, shift: int, corners: tuple[np.ndarray, np.ndarray] | None
) -> Constraints | None:
    parts = []
    if period > shift and map.n_relu:
        parts.append(first_is_largest(map, period, shift))
    if corners is not None:
        parts.append(inside_box(corners, period))
    if not parts:
        return None
    return Constraints(np.vstack([p.L for p in parts]), np.concatenate([p.offset for p in parts]))


def _divisors(period: int, shift: int) -> list[int]:
    return [d for d in range(shift, period, shift) if period % d == 0]


def _distinct(
    hits: Iterable[Hit],
    pieces: list[Piece],
    ring: CanonicalMap,
    period: int,
    shift: int,
    corners: tuple[np.ndarray, np.ndarray] | None,
) -> list[Hit]:
    """Hits of this minimal period inside the box, one a cycle, rotated to the smallest word."""
    hits = list(hits)
    if not hits:
        return []
    z, z_error, y, y_error, bits = (
        np.array([getattr(hit, name) for hit in hits]).reshape(len(hits), period, -1)
        for name in ("z", "z_error", "y", "y_error", "bits")
    )
    keep = np.ones(len(hits), dtype=bool)
    inside = np.all(np.abs(y) > y_error, axis=(1, 2))
    for d in _divisors(period, shift):
        bound = 2.0 * (z_error + np.roll(z_error, d, 1))
        repeats = np.all(np.abs(np.roll(z, d, 1) - z) <= bound, axis=(1, 2))
        # The one solution of a regular subregion whose word repeats repeats itself, however ill-conditioned.
        repeats |= inside & np.all(np.roll(bits, d, 1) == bits, axis=(1, 2))
        keep &= ~repeats
    if corners is not None:
        slack = z_error + 1e-9 * (1.0 + np.abs(z))
        keep &= np.all((z >= corners[0] - slack) & (z <= corners[1] + slack), axis=(1, 2))
    for i in np.flatnonzero(keep):
        keep[i] = not any(lies_on(ring, hits[i], piece) for piece in pieces)
    turns = least_rotations(bits, shift)
    kept: dict[bytes, Hit] = {}
    touching: list[Hit] = []
    order = (np.arange(period)[None] + turns[:, None]) % period
    for i in np.flatnonzero(keep):
        turned = Hit(*(a[i, order[i]] for a in (z, bits, y, z_error, y_error)))
        if np.any(np.abs(turned.y) <= turned.y_error):
            if not any(same_orbit(turned, other, shift) for other in touching):
                touching.append(turned)
        else:
            kept.setdefault(turned.bits.tobytes(), turned)
    return [*kept.values(), *touching]


def _families(ring: CanonicalMap, pieces: list[Piece], period: int, shift: int) -> list[CycleContinuum]:
    """Families whose general member has this minimal period, one a set of rotations."""
    m = ring.n_units // period
    n = ring.n_relu // period
    found: dict[bytes, CycleContinuum] = {}
    for piece in pieces:
        moves = np.vstack([piece.anchor, piece.directions]).reshape(-1, period, m)
        size = 1e-9 * (1.0 + np.max(np.abs(moves)))
        if any(np.max(np.abs(np.roll(moves, d, 1) - moves)) <= size for d in _divisors(period, shift)):
            continue
        bits = piece.bits.reshape(period, n)
        turn = min(range(0, period, shift), key=lambda r: np.roll(bits, -r, 0).tobytes())
        turned = np.roll(bits, -turn, 0)
        moves = np.roll(moves, -turn, 1)
        found.setdefault(
            turned.tobytes(),
            CycleContinuum(
                period=period,
                anchor=freeze(moves[0].copy()),
                directions=freeze(moves[1:].copy()),
                dimension=len(moves) - 1,
                word=tuple(bits_to_string(b) for b in turned),
            ),
        )
    return list(found.values())
