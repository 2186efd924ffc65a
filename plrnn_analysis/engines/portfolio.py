"""Which engine searches a map, and what it finds there: the common part of all searches."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from .._validation import thread_count
from ..errors import ModelError
from ..maps import CanonicalMap
from . import enumeration
from .budget import Budget, loading
from .driver import Outcome, Workers
from .heuristic import SCYFI, Heuristic
from .heuristic import search as search_at_random
from .outskirts import merged
from .reduced_problem import Reduction
from .reduction import reduce_fixed_points
from .ring import Constraints
from .uniqueness import contracts, prove_unique, settle
from .verification import Checker, Hit

__all__ = ["FARKAS", "METHODS", "RIGOROUS", "choose_workers", "heuristic_settings", "search_patterns"]

FARKAS, RIGOROUS = "farkas", "rigorous"
METHODS = ("auto", "elimination", "linear programs", SCYFI)
# Up to this many ReLUs elimination is as quick as anything.
SMALL = 12
# Up to this many ReLUs every pattern of a map whose numbers floats cannot hold safely is solved in rationals.
RATIONAL = 10


def heuristic_settings(method: str, seed: int, restarts: int | None, inner: int | None) -> Heuristic:
    """Check the options of the heuristic; the exact engines have no use for its limits."""
    if method != SCYFI and (restarts is not None or inner is not None):
        raise ModelError(f"restarts and inner are options of method={SCYFI!r}, not of {method!r}")
    return Heuristic(restarts, inner, seed)


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
    checker: Checker,
    budget: Budget,
    workers: Workers,
    method: str,
    constraints: Constraints | None = None,
    bound: float = np.inf,
    verify: str | None = None,
    heuristic: Heuristic | None = None,
) -> tuple[Outcome, str, list[str]]:
    """Candidate subregions for the fixed points of a map, and a proof that there are no others.

    Parameters
    ----------
    checker : Checker
        Of the ring of maps (one map for fixed points); its map in balanced units is searched.
    budget : Budget
    workers : int or Executor
        Threads, or who else searches the subtrees.
    method : str
        One of `METHODS`.
    constraints : Constraints, optional
        In balanced units.
    bound : float, optional
        No solution of interest has ReLU arguments, in balanced units, whose moduli sum to more.
    verify : str, optional
        ``"farkas"`` re-checks every cut of the linear programs in exact arithmetic; ``"rigorous"`` keeps them.
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
    map = checker.units.map
    if not isinstance(workers, Executor):
        workers = thread_count(workers)
    if method not in METHODS:
        raise ModelError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if verify not in (None, FARKAS, RIGOROUS):
        raise ModelError(f'verify must be "farkas", "rigorous" or None, got {verify!r}')
    if verify == FARKAS and method not in ("auto", "linear programs"):
        raise ModelError(f"verify={verify!r} checks cuts of linear programs; method {method!r} has none")
    if method == SCYFI:
        return _search_at_random(map, budget, heuristic or Heuristic())
    if not map.n_relu:
        return Outcome([np.zeros(0, dtype=bool)], 1, {"solved": 1}), "single region", []
    if not checker.units.safe and map.n_relu > RATIONAL:
        budget.stop("numerics")
        return (
            Outcome(exhausted=False),
            method,
            ["the weights differ by more orders of magnitude than doubles can handle"],
        )
    few = method == "auto" and map.n_relu <= enumeration.MAX_RELUS and verify != FARKAS
    # Bounds of rounding say nothing where numbers underflow: then nothing is cut.
    if few or not checker.units.safe:
        return enumeration.search(map.n_relu, budget), "enumeration", []
    reduction = reduce_fixed_points(map, budget)
    if reduction is None:
        return _search_mixed(map, budget)
    return _search_reduced(checker, reduction, budget, workers, method, constraints, bound, verify)


def _unique_pattern(checker: Checker, reduction: Reduction, budget: Budget) -> tuple[np.ndarray, str] | None:
    """The pattern of the only fixed point and what proves that there is no other; None if nothing does."""
    # Beyond the size of a search each of these steps takes a second.
    if budget.is_over():
        return None
    unique = prove_unique(reduction)
    if unique is not None and _holds(checker, unique ^ reduction.base):
        return unique ^ reduction.base, "uniqueness certificate"
    if budget.is_over():
        return None
    # The maps of a ring differ in their offsets alone: if one contracts, all do, and the ring has one cycle.
    if contracts(checker.units.first):
        word = settle(checker.units.map)
        if _holds(checker, word):
            return word, "contraction certificate"
    return None


def _holds(checker: Checker, word: np.ndarray) -> bool:
    return isinstance(next(checker.solve(word[None])), Hit)


def _search_reduced(
    checker: Checker,
    reduction: Reduction,
    budget: Budget,
    workers: Workers,
    method: str,
    constraints: Constraints | None,
    bound: float,
    verify: str | None,
) -> tuple[Outcome, str, list[str]]:
    """Run the engine that fits; returns what it found, its name, and notes for the reader."""
    n = len(reduction.g)
    notes = []
    if np.any(reduction.base):
        notes.append("I - A is not well conditioned: the map was expanded about another subregion")
    if method == "auto" and verify == FARKAS:
        method = "linear programs"
    if method == "auto":
        unique = _unique_pattern(checker, reduction, budget)
        if unique is not None:
            return Outcome([unique[0]], 1 << n, {"nodes": 1, "solved": 1}), unique[1], notes
        # Cuts of linear programs can be proved one by one.
        method = "elimination" if n <= SMALL and verify != RIGOROUS else "linear programs"
    engine: Any
    budget.report()
    with loading():
        if method == "elimination":
            from . import elimination as engine
        else:
            from . import branching as engine
    budget.report()
    if n > engine.MAX_UNKNOWNS:
        budget.stop("memory")
        notes.append(f"{n} ReLUs without a uniqueness proof are too many: tables take 8 H^3 bytes")
        return Outcome(exhausted=False), method, notes
    if method == "elimination":
        outcome = engine.search(reduction, budget, workers)
    else:
        outcome = engine.search(
            reduction,
            budget,
            workers,
            constraints,
            bound,
            farkas=verify == FARKAS,
            keep=verify == RIGOROUS,
            outskirts=partial(merged, checker.units.map),
        )
        outcome.base = reduction.base
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
    with loading():
        from . import mixed
    outcome = mixed.search(map, budget)
    notes = ["I - J is singular in every subregion: the state was kept in the problem"]
    return outcome, "linear programs", notes
