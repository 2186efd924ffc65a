"""Which engine searches a map, and what it finds there: the common part of all searches."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import is_whole
from ..errors import ModelError
from ..maps import CanonicalMap
from . import enumeration
from . import singular as singular_regions
from .budget import Budget
from .driver import Outcome, Workers
from .heuristic import SCYFI, Heuristic
from .heuristic import search as search_at_random
from .reduction import Reduction, reduce_fixed_points
from .uniqueness import contracts, prove_unique, settle
from .verification import Hit, solve_region, solve_regions

__all__ = ["METHODS", "Constraints", "choose_workers", "examine", "heuristic_settings", "reason", "search_patterns"]

METHODS = ("auto", "elimination", "linear programs", SCYFI)
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


def heuristic_settings(method: str, seed: int, restarts: int | None, inner: int | None) -> Heuristic:
    """Check the options of the heuristic; the exact engines have no use for its limits."""
    if method != SCYFI and (restarts is not None or inner is not None):
        raise ModelError(f"restarts and inner are options of method={SCYFI!r}, not of {method!r}")
    return Heuristic(restarts, inner, seed)


def reason(engine: str, budget: Budget, exhausted: bool) -> str:
    """Why a search ended without having decided everything; empty if it did not."""
    return "" if exhausted else budget.stopped_by or ("heuristic" if engine == SCYFI else "numerics")


def choose_workers(workers: int, executor: Executor | None) -> Workers:
    """Threads or an executor; a ModelError if both are asked for, or something that is neither."""
    if executor is None:
        return workers
    if not isinstance(executor, Executor):
        raise ModelError(
            f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}; a dask client has "
            "one: client.get_executor()"
        )
    if workers != 1:
        raise ModelError("give workers (threads here) or an executor, not both")
    return executor


def search_patterns(
    map: CanonicalMap,
    budget: Budget,
    workers: Workers,
    method: str,
    constraints: Constraints | None = None,
    verify: str | None = None,
    heuristic: Heuristic | None = None,
) -> tuple[Outcome, str, list[str]]:
    """Candidate subregions for the fixed points of a map, and a proof that there are no others.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    budget : Budget
    workers : int or Executor
        Threads, or who else searches the subtrees.
    method : str
        One of `METHODS`.
    constraints : Constraints, optional
    verify : str, optional
        ``"farkas"`` re-checks every cut of the linear programs in exact arithmetic.
    heuristic : Heuristic, optional
        Settings of the method of that kind.

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
    if not isinstance(workers, Executor):
        if not is_whole(workers, 1):
            raise ModelError(f"workers must be a whole number >= 1, got {workers!r}")
        workers = int(workers)
    if method not in METHODS:
        raise ModelError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if verify not in (None, "farkas"):
        raise ModelError(f'verify must be "farkas" or None, got {verify!r}')
    if verify and method not in ("auto", "linear programs"):
        raise ModelError(f"verify={verify!r} checks cuts of linear programs; method {method!r} has none")
    if method == SCYFI:
        return _search_at_random(map, budget, heuristic or Heuristic())
    if not map.n_relu:
        return Outcome([np.zeros(0, dtype=bool)], 1, {"solved": 1}), "single region", []
    if method == "auto" and map.n_relu <= enumeration.MAX_RELUS and not verify:
        return enumeration.search(map.n_relu, budget), "enumeration", []
    reduction = reduce_fixed_points(map, budget)
    if reduction is None:
        return _search_mixed(map, budget)
    return _search_reduced(map, reduction, budget, workers, method, constraints, verify)


def _search_reduced(
    map: CanonicalMap,
    reduction: Reduction,
    budget: Budget,
    workers: Workers,
    method: str,
    constraints: Constraints | None,
    verify: str | None,
) -> tuple[Outcome, str, list[str]]:
    """Run the engine that fits; returns what it found, its name, and notes for the reader."""
    n = len(reduction.g)
    notes = []
    if np.any(reduction.base):
        notes.append("I - A is not well conditioned: the map was expanded about another subregion")
    if method == "auto" and verify:
        method = "linear programs"
    if method == "auto":
        unique = prove_unique(reduction)
        if unique is not None and isinstance(solve_region(map, unique ^ reduction.base), Hit):
            counts = {"nodes": 1, "collapsed": 1, "solved": 1}
            return Outcome([unique ^ reduction.base], 1 << n, counts), "uniqueness certificate", notes
        if contracts(map):
            word = settle(map)
            if isinstance(solve_region(map, word), Hit):
                return Outcome([word], 1 << n, {"nodes": 1, "solved": 1}), "contraction certificate", notes
        # Without offsets every pattern touches the origin, which linear programs cannot tell from a solution.
        small = n <= SMALL or (n <= HOMOGENEOUS and not np.any(reduction.g))
        method = "elimination" if small else "linear programs"
    engine: Any
    if method == "elimination":
        from . import elimination as engine
    else:
        from . import branching as engine

        notes.append(
            "cuts are proven for fixed points whose ReLU arguments sum, in modulus, "
            f"to at most {engine.claim(reduction):.3g}"
        )
    if n > engine.MAX_UNKNOWNS:
        budget.stop("memory")
        notes.append(f"{n} ReLUs without a uniqueness proof are too many: tables take 8 H^3 bytes")
        return Outcome(exhausted=False), method, notes
    if method == "elimination":
        outcome = engine.search(reduction, budget, workers)
    else:
        L, offset = (None, None) if constraints is None else (constraints.L, constraints.offset)
        outcome = engine.search(reduction, budget, workers, L, offset, verify == "farkas")
    outcome.words = [word ^ reduction.base for word in outcome.words]
    return outcome, method, notes


def _search_at_random(map: CanonicalMap, budget: Budget, heuristic: Heuristic) -> tuple[Outcome, str, list[str]]:
    reduction = reduce_fixed_points(map, budget)
    if reduction is None:
        return Outcome(exhausted=False), SCYFI, ["I - J is singular in every subregion: nothing to solve"]
    outcome, note = search_at_random(reduction, budget, heuristic)
    outcome.words = [word ^ reduction.base for word in outcome.words]
    return outcome, SCYFI, [note]


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
