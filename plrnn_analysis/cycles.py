"""Every cycle of a piecewise-linear map up to a period, and what was proved."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from ._files import check_file
from ._signatures import checked
from ._validation import number, one_of, whole
from .engines.budget import Budget
from .engines.coverage import coverage_of
from .engines.description import describe_cycles
from .engines.driver import Outcome
from .engines.examination import Examination, examine
from .engines.own_cycles import distinct
from .engines.portfolio import METHODS, RIGOROUS, choose_workers, heuristic_settings, search_patterns
from .engines.prefixes import admissible_words as any_words
from .engines.repetitions import new_words
from .engines.ring import Constraints, driven_maps, first_is_largest, inside_box
from .engines.singular import analyse_singular_region
from .engines.verification import Checker, Hit
from .engines.words import admissible_words as planar_words
from .errors import ModelError
from .exact import is_compatible
from .maps import CanonicalMap, bits_from_string
from .numerics import BOUNDARY
from .polytopes.boxes import Box, read_box
from .progress import ProgressOption, reports
from .regions import find_subregions
from .results import Coverage, Cycle, CycleContinuum, Cycles
from .rigor.searches import Searched, prove_cycles
from .statuses import Engine, StoppedBy
from .units import balanced

__all__ = ["find_cycles"]

Orbits = TypeVar("Orbits", Cycle, CycleContinuum)

WORDS = "words in a box"
# Units of all steps of a cycle together: a matrix of that many takes 72 MB, and the search of a period several.
MAX_UNITS = 3000
# Half-width of its box, in units of the largest |h|, where the user names none.
DEFAULT_BOX = 1e3


@reports("cycles")
@checked
def find_cycles(
    map: CanonicalMap,
    max_period: int,
    *,
    box: Any = None,
    method: str = "auto",
    periodic_input: Any = None,
    max_nodes: int | None = None,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
    workers: int = 1,
    executor: Executor | None = None,
    verify: str | None = None,
    boundary_tolerance: float = BOUNDARY,
    seed: int = 0,
    restarts: int | None = None,
    inner: int | None = None,
    certificate: str | os.PathLike[str] | None = None,
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
        Ends the search after about this number of nodes, over all periods.
    time_limit : float, optional
        Ends it after this number of seconds; None for no limit.
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.
    workers : int, optional
        Threads over subtrees.
    executor : concurrent.futures.Executor, optional
        Searches the subtrees instead of threads here: processes of this machine, or a cluster. The answer is the
        same. Limits hold for all tasks together: each gets the time that is left and an equal share of
        `max_nodes`; see the how-to page on clusters.
    verify : str, optional
        ``"farkas"``: search by linear programs and re-check every cut in exact arithmetic; ``coverage`` says how
        many were proved, for the reduced problem as it stands in double precision. ``"rigorous"``: when all periods
        have been searched, prove each cycle, its place and its stability, and for every period that there are no
        others, in balls and exact arithmetic; see :class:`plrnn_analysis.results.Proof` and
        :class:`plrnn_analysis.results.WholeProof`. `time_limit` holds for search and proof together.
    boundary_tolerance : float, optional
        A cycle is flagged ``on_boundary`` if a ReLU argument is at most this fraction of the terms it is made of.
    seed : int, optional
        Of the random words of ``"scyfi"``.
    restarts, inner : int, optional
        Of ``"scyfi"``: random words a round, and words followed from each; rounds go on while they find something
        new. The defaults are the published ones: 10 restarts up to period 7, 40 up to 29, then 100; and 20 steps
        up to period 2, 60 up to 5, 300 up to 7, 1080 up to 19, then 1115.
    certificate : path-like, optional
        A file, by custom ``*.cert.json.gz``, to write a proof to that these are all cycles of all periods up to
        `max_period`, which can be checked without this package; see
        :func:`plrnn_analysis.proofs.write_certificate`. It is about all of state space, so `box` must be left out.
        `time_limit` holds for the writing anew.

    Returns
    -------
    Cycles
        ``complete_up_to`` says up to which period these are all.

    Raises
    ------
    ModelError
        If an argument is out of range or has the wrong shape.
    CertificateError
        If a certificate was asked for and could not be written, as for a list that is not complete. What was found is
        its attribute ``found``.

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
    max_period = whole("max_period", max_period, 1)
    number("boundary_tolerance", boundary_tolerance, least=0.0)
    maps = driven_maps(map, periodic_input)
    shift = len(maps)
    _check_method(method, periodic_input, verify)
    heuristic = heuristic_settings(method, seed, restarts, inner)
    planar = map.n_units <= 2 and periodic_input is None
    if method == WORDS and box is None:
        box = DEFAULT_BOX * max(1.0, float(np.abs(maps[0].h).max()))
    inside = _read(box, map.n_units)
    finite = inside is not None and bool(np.all(np.isfinite(np.concatenate(inside.corners))))
    if method == WORDS and not finite:
        raise ModelError(f"method {WORDS!r} needs a finite box, got {box!r}")
    _check_certificate(certificate, inside)
    chosen = choose_workers(workers, executor)
    budget = Budget(max_nodes, time_limit, progress)
    if inside is not None and finite and (method == WORDS or (method == "auto" and planar and not verify)):
        return _search_words(maps[0], max_period, inside, budget, boundary_tolerance)
    coverage: dict[int, Coverage] = {}
    found: list[Cycle] = []
    continua: list[CycleContinuum] = []
    searched: dict[int, Searched] = {}
    complete_up_to = 0
    for period in range(shift, max_period + 1, shift):
        steps = maps * (period // shift)
        started = budget.seconds
        budget.reporter.say(stage=f"period {period}")
        budget.reporter.before = len(found) + len(continua)
        try:
            if not _begins(period * map.n_units, budget):
                coverage[period] = _nothing(period * map.n_relu, budget)
                break
            checker = Checker(steps)
            conditions = _constraints(checker, period, shift, inside)
            outcome, engine, notes = search_patterns(
                checker,
                budget,
                chosen,
                method,
                conditions,
                _largest_arguments(checker, period, inside),
                verify,
                replace(heuristic, period=period, shift=shift),
            )
        except KeyboardInterrupt:
            budget.stop("interrupt")
            coverage[period] = _nothing(period * map.n_relu, budget)
            break
        examined = examine(checker, new_words(checker.units.first, outcome.words, period, shift), budget)
        cycles, families = distinct(checker, examined, period, shift, inside, budget.report)
        described, undescribed = _described(steps, cycles, boundary_tolerance, budget)
        undecided = examined.undecided + undescribed
        coverage[period] = coverage_of(
            outcome,
            checker.units.map.n_relu,
            engine,
            budget,
            undecided=undecided,
            since=started,
            notes=(*notes, *examined.notes),
            unit=float(np.min(checker.units.relu, initial=np.inf)),
        )
        continua.extend(families)
        found.extend(described)
        searched[period] = Searched(checker, outcome, conditions, inside, shift)
        if not coverage[period].stopped_by and complete_up_to == period - shift:
            complete_up_to = period
        if budget.stopped_by:
            break
    if complete_up_to == max_period // shift * shift:
        complete_up_to = max_period
    result = Cycles(
        _items=tuple(sorted(found, key=lambda cycle: (cycle.period, cycle.word))),
        complete_up_to=complete_up_to,
        max_period=max_period,
        box=None if inside is None else inside.corners,
        continua=tuple(continua),
        coverage=coverage,
    )
    if verify == RIGOROUS:
        result = prove_cycles(result, searched, budget, workers)
    if certificate is not None:
        from .proofs import write_certificate

        options = {"periodic_input": periodic_input, "time_limit": time_limit, "workers": workers}
        write_certificate(map, result, certificate, progress=budget.reporter, **options)
    return result


def _read(box: Any, n_units: int) -> Box | None:
    """A box; None where it is all of state space."""
    inside = None if box is None else read_box(box, n_units, infinite=True)
    return None if inside is not None and np.all(np.isinf(np.concatenate(inside.corners))) else inside


def _begins(n_units: int, budget: Budget) -> bool:
    """Whether there is time and memory for a ring of this many units."""
    if n_units > MAX_UNITS:
        budget.stop("memory")
    return budget.go_on()


def _nothing(n_relu: int, budget: Budget) -> Coverage:
    """The coverage of a period that was not searched."""
    return coverage_of(Outcome(exhausted=False), n_relu, Engine.LINEAR_PROGRAMS, budget, since=budget.seconds)


def _check_method(method: str, periodic_input: Any, verify: str | None) -> None:
    """Refuse an unknown method, and what the one over words does not know."""
    one_of("method", method, (*METHODS, WORDS))
    if method == WORDS and periodic_input is not None:
        raise ModelError(f"method {WORDS!r} knows no periodic_input; take another")
    if verify and method == WORDS:
        raise ModelError(f"verify={verify!r} checks cuts of linear programs; method {method!r} has none")


def _check_certificate(certificate: str | os.PathLike[str] | None, box: Box | None) -> None:
    """Refuse what cannot be certified, or cannot be written, before the search."""
    if certificate is None:
        return
    if box is not None:
        raise ModelError(f"a certificate is about all of state space: leave out box and method {WORDS!r}")
    check_file(certificate, "certificate")


def _search_words(map: CanonicalMap, max_period: int, box: Box, budget: Budget, boundary_tolerance: float) -> Cycles:
    """All periods from one tree over the words that the map can follow inside the box."""
    units = balanced(map)
    scaled = Box(box.low / units.state, box.high / units.state)
    regions = find_subregions(units.map, time_limit=budget.limit, progress=budget.reporter)
    patterns = np.array([bits_from_string(region.bitcode, map.n_relu) for region in regions])
    tree = planar_words if map.n_units <= 2 else any_words
    words: dict[int, np.ndarray] = {}
    exhausted, nodes = False, 0
    # There are none only where the time was up at once.
    if len(patterns):
        words, exhausted, nodes = tree(units.map, patterns, scaled.corners, max_period, budget)
    exhausted &= regions.complete and units.safe
    found: list[Cycle] = []
    continua: list[CycleContinuum] = []
    notes: list[str] = []
    for period, candidates in words.items():
        if budget.overdue:
            budget.stop("time_limit")
            break
        budget.reporter.say(stage=f"period {period}")
        budget.reporter.before = len(found) + len(continua)
        checker = Checker([map] * period)
        examined = examine(checker, list(candidates.reshape(len(candidates), -1)), budget)
        cycles, families = distinct(checker, examined, period, 1, box, budget.report)
        described, undescribed = _described([map] * period, cycles, boundary_tolerance, budget)
        exhausted &= not examined.undecided and not undescribed
        notes.extend(examined.notes)
        found.extend(described)
        continua.extend(families)
        for bits in (*(hit.bits for hit in examined.hits), *(piece.bits for piece in examined.pieces)):
            budget.report()
            if not budget.overdue:
                continua.extend(_multiples(map, bits.reshape(period, -1), max_period, box))
    named = {(family.period, family.word): family for family in continua}
    # Families of a repeated word are found apart from those of the tree: one may end where the other does.
    continua = _not_ending_in(map, list(named.values()), list(named.values()), budget)
    found = _not_ending_in(map, found, continua, budget)
    exhausted &= not budget.stopped_by
    coverage = {
        period: Coverage(
            subregions=1 << (map.n_relu * period),
            decided=1 << (map.n_relu * period) if exhausted else 0,
            engine=Engine.WORDS,
            nodes=nodes if period == 1 else 0,
            solved=len(words.get(period, ())),
            stopped_by=StoppedBy.NOTHING if exhausted else (budget.stopped_by or StoppedBy.NUMERICS),
            seconds=budget.seconds if period == 1 else 0.0,
            notes=("nodes and seconds are those of all periods together", *notes) if period == 1 else (),
        )
        for period in range(1, max_period + 1)
    }
    return Cycles(
        _items=tuple(sorted(found, key=lambda cycle: (cycle.period, cycle.word))),
        complete_up_to=max_period if exhausted else 0,
        max_period=max_period,
        box=box.corners,
        continua=tuple(continua),
        coverage=coverage,
    )


def _described(
    maps: list[CanonicalMap], hits: list[Hit], boundary_tolerance: float, budget: Budget
) -> tuple[list[Cycle], int]:
    """The cycles in words and numbers, and how many there was no time for."""
    cycles: list[Cycle] = []
    try:
        for cycle in describe_cycles(maps, hits, boundary_tolerance):
            cycles.append(cycle)
            budget.reporter.tick()
            if budget.overdue:
                budget.stop("time_limit")
                break
    except KeyboardInterrupt:
        budget.stop("interrupt")
    return cycles, len(hits) - len(cycles)


def _multiples(map: CanonicalMap, word: np.ndarray, max_period: int, box: Box) -> list[CycleContinuum]:
    """Families that repeat a word (period, H): there are some only if a root of unity is among its multipliers.

    The tree visits words that repeat nothing. But a family of the repeated word has a member in its middle that
    repeats too, so its word was found.
    """
    period = len(word)
    exact = Checker([map] * period).exact
    families = []
    jacobian = power = None
    for times in range(2, max_period // period + 1):
        jacobian = exact.jacobian(word) if jacobian is None else jacobian
        power = jacobian * (power if power is not None else jacobian)
        if exact.fixes_nothing(power):
            continue
        checker = Checker([map] * (times * period))
        piece = analyse_singular_region(checker.maps, np.tile(word, (times, 1)))
        if piece is not None:
            families.extend(distinct(checker, Examination(pieces=[piece]), times * period, 1, box)[1])
    return families


def _not_ending_in(
    map: CanonicalMap, items: list[Orbits], families: list[CycleContinuum], budget: Budget
) -> list[Orbits]:
    """Those that lie in the closure of no family, as far as the time allows; where there is no family, all."""
    kept = []
    for item in items if families else []:
        budget.report()
        if budget.overdue:
            budget.stop("time_limit")
            break
        if not any(_ends(map, item, family) for family in families):
            kept.append(item)
    return kept if families else items


def _ends(map: CanonicalMap, cycle: Cycle | CycleContinuum, family: CycleContinuum) -> bool:
    """Whether a cycle, or a smaller family, lies in the closure of a family of its period: the signs of arguments."""
    smaller = cycle.on_boundary if isinstance(cycle, Cycle) else cycle.dimension < family.dimension
    if not smaller or cycle.period != family.period:
        return False
    exact = Checker([map] * cycle.period).exact.settle(_bits_of(cycle.word, map.n_relu))
    if exact is None:
        return False
    other = _bits_of(family.word, map.n_relu)
    return any(is_compatible(np.roll(exact.signs, turn, 0), other) for turn in range(cycle.period))


def _bits_of(word: tuple[str, ...], n_relu: int) -> np.ndarray:
    return np.array([bits_from_string(code, n_relu) for code in word])


def _constraints(checker: Checker, period: int, shift: int, box: Box | None) -> Constraints | None:
    """What cuts may use, in balanced units: one rotation of each cycle, and the box."""
    first = checker.maps[0]
    parts = []
    if period > shift and first.n_relu:
        parts.append(first_is_largest(first, period, shift))
    if box is not None:
        parts.append(inside_box(box.corners, period))
    if not parts:
        return None
    L = np.vstack([part.L for part in parts]) * checker.units.state
    offset = np.concatenate([part.offset for part in parts])
    # Rows of size one, by powers of two.
    orders = -np.frexp(np.max(np.abs(L), axis=1, initial=0.0))[1]
    return Constraints(np.ldexp(L, orders[:, None]), np.ldexp(offset, orders))


def _largest_arguments(checker: Checker, period: int, box: Box | None) -> float:
    """Upper bound of the sum of the moduli of all ReLU arguments in the box, in balanced units."""
    if box is None:
        return float("inf")
    units = checker.units
    reach = np.tile(np.maximum(np.abs(box.low), np.abs(box.high)), period) / units.state
    if not np.all(np.isfinite(reach)):
        return float("inf")
    return 1.01 * float(np.sum(np.abs(units.map.V) @ reach + np.abs(units.map.c)))
