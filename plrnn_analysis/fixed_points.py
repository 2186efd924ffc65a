"""Every fixed point of a piecewise-linear map, and what was proved."""

from __future__ import annotations

from typing import Any

import numpy as np

from .engines import singular as singular_regions
from .engines.budget import Budget
from .engines.driver import Outcome
from .engines.reduction import Reduction, reduce_fixed_points
from .engines.uniqueness import prove_unique
from .engines.verification import Hit, describe, solve_region, unique_hits
from .errors import ModelError
from .maps import CanonicalMap
from .results import Coverage, FixedPoints

__all__ = ["find_fixed_points"]

METHODS = ("auto", "elimination", "linear programs")
# Up to so many ReLUs elimination is as quick as anything and its claim is unconditional; without
# offsets it stays the better engine for longer.
SMALL, HOMOGENEOUS = 12, 24


def find_fixed_points(
    map: CanonicalMap,
    *,
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    workers: int = 1,
    method: str = "auto",
    boundary_tolerance: float = 1e-9,
) -> FixedPoints:
    """All fixed points of a map, isolated ones and continua.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    max_nodes : int, optional
        Ends the search after about so many nodes of the search tree.
    time_limit : float, optional
        Ends it after so many seconds; None for no limit.
    workers : int, optional
        Threads over subtrees.
    method : str, optional
        ``"elimination"`` or ``"linear programs"`` force an engine; ``"auto"`` tries the uniqueness proof first and
        then takes the first for few ReLUs, the second for many.
    boundary_tolerance : float, optional
        A point is flagged ``on_boundary`` if a ReLU argument is at most this fraction of the size of the
        terms it is made of.

    Returns
    -------
    FixedPoints
        ``complete`` is True only if all 2**H sign patterns were decided.

    Raises
    ------
    ModelError
        If the map has inputs left, or an option is out of range.

    Notes
    -----
    The state is eliminated first, which leaves a linear complementarity problem in the H ReLUs. If the
    symmetric part of I - G is positive definite there is exactly one fixed point, whatever H is. Else the
    sign patterns are searched: by Schur elimination, at most about ``2**H * 2 H`` operations, or by branch and
    bound, a linear program of H unknowns a node and a number of nodes that depends on the problem. Cuts
    respect error bounds; hits are solved anew and checked in the original coordinates. Arithmetic is double
    precision: a claim of completeness holds for fixed points of maps whose weights differ from the
    given ones by a few units in the last place, and for the second engine for ReLU outputs up to the size that
    ``coverage.notes`` states.

    References
    ----------
    R. W. Cottle, J.-S. Pang, R. E. Stone, *The Linear Complementarity Problem*, SIAM 2009,
    doi:10.1137/1.9780898719000, for P-matrices, Schur complements and principal pivoting.

    Examples
    --------
    The tent map ``x -> 1 - 2 |x|`` has one fixed point on each side of its kink.

    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> fps = find_fixed_points(tent.map)
    >>> [(p.bitcode, round(float(p.z[0]), 6)) for p in fps], fps.complete
    ([('0', -1.0), ('1', 0.333333)], True)
    """
    if map.n_inputs:
        map = map.with_input(None)
    if isinstance(workers, bool) or not isinstance(workers, (int, np.integer)) or workers < 1:
        raise ModelError(f"workers must be a whole number >= 1, got {workers!r}")
    if not boundary_tolerance >= 0.0:
        raise ModelError(f"boundary_tolerance must be >= 0, got {boundary_tolerance!r}")
    if method not in METHODS:
        raise ModelError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    budget = Budget(max_nodes, time_limit)
    if not map.n_relu:
        outcome = Outcome([np.zeros(0, dtype=bool)], 1, {"solved": 1})
        engine, notes = "single region", list[str]()
    else:
        reduction = reduce_fixed_points(map)
        if reduction is None:
            outcome, engine, notes = _search_mixed(map, budget)
        else:
            outcome, engine, notes = _search_reduced(map, reduction, budget, int(workers), method)
    hits, pieces, unchecked = _verify(map, outcome.words, budget)
    if unchecked:
        notes.append(f"{unchecked} candidate subregions were not checked before the search was stopped")
    exhausted = outcome.exhausted and not unchecked
    points = [
        describe(map, hit, boundary_tolerance)
        for hit in unique_hits(hits)
        if not any(singular_regions.lies_on(map, hit, piece) for piece in pieces)
    ]
    coverage = Coverage(
        subregions=1 << map.n_relu,
        decided=outcome.decided - unchecked,
        engine=engine,
        stopped_by="" if exhausted else (budget.stopped_by or "numerics"),
        seconds=budget.seconds,
        notes=tuple(notes),
        **outcome.counts,
    )
    return FixedPoints(
        _items=tuple(sorted(points, key=lambda p: p.bitcode)),
        complete=exhausted and coverage.undecided == 0,
        continua=tuple(singular_regions.continuum_of(map, piece) for piece in pieces),
        coverage=coverage,
    )


def _search_reduced(
    map: CanonicalMap, reduction: Reduction, budget: Budget, workers: int, method: str
) -> tuple[Outcome, str, list[str]]:
    """Run the engine that fits; returns what it found, its name, and notes for the reader."""
    n = len(reduction.g)
    notes = []
    if np.any(reduction.base):
        notes.append("I - A is not well conditioned: the map was expanded about another subregion")
    if method == "auto":
        unique = prove_unique(reduction)
        if unique is not None and isinstance(solve_region(map, unique ^ reduction.base), Hit):
            counts = {"nodes": 1, "collapsed": 1, "solved": 1}
            return Outcome([unique ^ reduction.base], 1 << n, counts), "uniqueness certificate", notes
        # Without offsets every pattern touches the origin, which linear programs cannot tell from a solution.
        small = n <= SMALL or (n <= HOMOGENEOUS and not np.any(reduction.g))
        method = "elimination" if small else "linear programs"
    engine: Any
    if method == "elimination":
        from .engines import elimination as engine
    else:
        from .engines import branching as engine

        notes.append(f"cuts are proven for fixed points with ReLU outputs up to {engine.claim(reduction):.3g}")
    if n > engine.MAX_UNKNOWNS:
        budget.stop("memory")
        notes.append(f"{n} ReLUs without a uniqueness proof are too many: tables take 8 H^3 bytes")
        return Outcome(exhausted=False), method, notes
    outcome = engine.search(reduction, budget, workers)
    outcome.words = [word ^ reduction.base for word in outcome.words]
    return outcome, method, notes


def _search_mixed(map: CanonicalMap, budget: Budget) -> tuple[Outcome, str, list[str]]:
    from .engines import mixed

    outcome = mixed.search(map, budget)
    notes = ["I - J is singular in every subregion: the state was kept in the problem"]
    trouble = outcome.counts.pop("trouble")
    if trouble:
        notes.append(f"{trouble} linear programs ended without a verdict; their branches were searched on")
    return outcome, "linear programs", notes


def _verify(
    map: CanonicalMap, words: list[np.ndarray], budget: Budget
) -> tuple[list[Hit], list[singular_regions.Piece], int]:
    """Solve candidate subregions densely: isolated points, pieces of continua, and how many were left."""
    hits: list[Hit] = []
    pieces: dict[bytes, singular_regions.Piece] = {}
    unchecked = 0
    for index, bits in enumerate(words):
        if budget.overdue:
            unchecked = len(words) - index
            break
        solved = solve_region(map, bits)
        if isinstance(solved, Hit):
            hits.append(solved)
        elif solved == "singular":
            piece = singular_regions.analyse_singular_region(map, bits)
            if piece is None:
                continue
            if piece.directions.shape[0]:
                pieces[piece.bits.tobytes()] = piece
            else:
                hits.append(singular_regions.as_hit(map, piece))
    ordered = [pieces[key] for key in sorted(pieces)]
    inner = [p for p in ordered if not any(singular_regions.contains(map, q, p) for q in ordered)]
    return hits, inner, unchecked
