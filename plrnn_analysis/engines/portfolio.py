"""Which engine searches a map, and what it finds there: the common part of all searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from ..maps import CanonicalMap
from . import singular as singular_regions
from .budget import Budget
from .driver import Outcome
from .reduction import Reduction, reduce_fixed_points
from .uniqueness import prove_unique
from .verification import Hit, solve_region, solve_regions

__all__ = ["METHODS", "Constraints", "examine", "search_patterns"]

METHODS = ("auto", "elimination", "linear programs")
# Up to so many ReLUs elimination is as quick as anything and its claim is unconditional; without
# offsets it stays the better engine for longer.
SMALL, HOMOGENEOUS = 12, 24


@dataclass(frozen=True, eq=False)
class Constraints:
    """Linear conditions ``L z + offset >= 0`` that the points looked for may be asked to satisfy.

    Engines use them to cut; whoever asks must filter what comes back.
    """

    L: np.ndarray
    offset: np.ndarray


def search_patterns(
    map: CanonicalMap, budget: Budget, workers: int, method: str, constraints: Constraints | None = None
) -> tuple[Outcome, str, list[str]]:
    """Candidate subregions for the fixed points of a map, and a proof that there are no others.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    budget : Budget
    workers : int
    method : str
        One of `METHODS`.
    constraints : Constraints, optional

    Returns
    -------
    Outcome
    str
        Name of the engine.
    list of str
        Notes for the reader.

    Raises
    ------
    ModelError
        On an unknown method or a bad number of workers.
    """
    if isinstance(workers, bool) or not isinstance(workers, (int, np.integer)) or workers < 1:
        raise ModelError(f"workers must be a whole number >= 1, got {workers!r}")
    if method not in METHODS:
        raise ModelError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if not map.n_relu:
        return Outcome([np.zeros(0, dtype=bool)], 1, {"solved": 1}), "single region", []
    reduction = reduce_fixed_points(map, budget)
    if reduction is None:
        return _search_mixed(map, budget)
    return _search_reduced(map, reduction, budget, int(workers), method, constraints)


def _search_reduced(
    map: CanonicalMap, reduction: Reduction, budget: Budget, workers: int, method: str, constraints: Constraints | None
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
        from . import elimination as engine
    else:
        from . import branching as engine

        notes.append(
            f"cuts are proven for fixed points whose ReLU outputs sum to at most {engine.claim(reduction):.3g}"
        )
    if n > engine.MAX_UNKNOWNS:
        budget.stop("memory")
        notes.append(f"{n} ReLUs without a uniqueness proof are too many: tables take 8 H^3 bytes")
        return Outcome(exhausted=False), method, notes
    if method == "elimination" or constraints is None:
        outcome = engine.search(reduction, budget, workers)
    else:
        outcome = engine.search(reduction, budget, workers, constraints.L, constraints.offset)
    outcome.words = [word ^ reduction.base for word in outcome.words]
    return outcome, method, notes


def _search_mixed(map: CanonicalMap, budget: Budget) -> tuple[Outcome, str, list[str]]:
    from . import mixed

    outcome = mixed.search(map, budget)
    notes = ["I - J is singular in every subregion: the state was kept in the problem"]
    trouble = outcome.counts.pop("trouble")
    if trouble:
        notes.append(f"{trouble} linear programs ended without a verdict; their branches were searched on")
    return outcome, "linear programs", notes


def examine(
    map: CanonicalMap, words: list[np.ndarray], budget: Budget
) -> tuple[list[Hit], list[singular_regions.Piece], int]:
    """Solve candidate subregions densely: isolated points, pieces of continua, and how many were left."""
    hits: list[Hit] = []
    pieces: dict[bytes, singular_regions.Piece] = {}
    unchecked = 0
    patterns = np.array(words, dtype=bool).reshape(len(words), map.n_relu)
    for index, (bits, solved) in enumerate(zip(patterns, solve_regions(map, patterns), strict=True)):
        if budget.overdue:
            unchecked = len(words) - index
            break
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
