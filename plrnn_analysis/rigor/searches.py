"""Fixed points and cycles that a search has found, with proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..display.abbreviation import verb
from ..engines.budget import Budget
from ..engines.driver import Outcome
from ..engines.ring import Constraints
from ..engines.verification import Checker
from ..exact import ExactPiece
from ..maps import bits_from_string
from ..polytopes.boxes import Box
from ..results import Continuum, Coverage, Cycle, CycleContinuum, Cycles, FixedPoint, FixedPoints, Proof, WholeProof
from .objects import Prover
from .whole import Tally, Whole, listed_twice

__all__ = ["Searched", "prove_cycles", "prove_fixed_points"]

Object = FixedPoint | Continuum | Cycle | CycleContinuum

TWICE = "something is listed twice, or beside a continuum that it is part of"


@dataclass(frozen=True, eq=False)
class Searched:
    """The search for the cycles of one period.

    Attributes
    ----------
    checker : Checker
        Of the ring of maps.
    outcome : Outcome
    conditions : Constraints or None
        In balanced units, which the search used.
    box : Box or None
        Cycles outside of it are not listed.
    shift : int
        Cycles turned by multiples of this are the same cycle.
    """

    checker: Checker
    outcome: Outcome
    conditions: Constraints | None = None
    box: Box | None = None
    shift: int = 1


def prove_fixed_points(found: FixedPoints, searched: Searched, budget: Budget, workers: int = 1) -> FixedPoints:
    """The same fixed points, each with its proof, and a proof that there are no others.

    Parameters
    ----------
    found : FixedPoints
    searched : Searched
        The search that found them.
    budget : Budget
        Where it or Ctrl-C ends the work, what is not proven is said.
    workers : int, optional
        Threads of a search that is run again.
    """
    objects: list[Object] = [*found, *found.continua]
    unfinished = "" if found.complete else found.claim
    whole = _prove(objects, searched, unfinished, budget, workers)
    return replace(
        found,
        _items=tuple(one for one in objects if isinstance(one, FixedPoint)),
        continua=tuple(one for one in objects if isinstance(one, Continuum)),
        coverage=replace(found.coverage, rigorous=whole),
    )


def prove_cycles(found: Cycles, searched: dict[int, Searched], budget: Budget, workers: int = 1) -> Cycles:
    """The same cycles, each with its proof, and for every period a proof that there are no others.

    Parameters
    ----------
    found : Cycles
    searched : dict of int to Searched
        For each period the search that found its cycles.
    budget, workers
        As for :func:`prove_fixed_points`.
    """
    everything: list[Object] = []
    coverage: dict[int, Coverage] = dict(found.coverage)
    for period, search in searched.items():
        objects: list[Object] = [one for one in (*found, *found.continua) if one.period == period]
        unfinished = f"stopped by {coverage[period].stopped_by}" if coverage[period].stopped_by else ""
        whole = _prove(objects, search, unfinished, budget, workers)
        coverage[period] = replace(coverage[period], rigorous=whole)
        everything += objects
    return replace(
        found,
        _items=tuple(one for one in everything if isinstance(one, Cycle)),
        continua=tuple(one for one in everything if isinstance(one, CycleContinuum)),
        coverage=coverage,
    )


def _prove(objects: list[Object], searched: Searched, unfinished: str, budget: Budget, workers: int) -> WholeProof:
    """Put proofs into some objects of one period, and prove that there are no others."""
    started = budget.seconds
    prover = Prover(searched.checker.maps, searched.shift)
    n = prover.maps[0].n_relu
    words = [_word_of(one, n) for one in objects]
    tally = Tally()
    try:
        budget.reporter.say(step="proving what was found", total=len(objects))
        for at, one in enumerate(objects):
            budget.reporter.tick()
            if budget.overdue:
                break
            objects[at] = replace(one, proof=_proof(prover, one, words[at], searched.box, budget))
        if unfinished:
            tally.missing.append(f"the search itself is not finished: {unfinished}")
        else:
            tally = _everything(prover, objects, words, searched, budget, workers)
    except KeyboardInterrupt:
        budget.stop("interrupt")
        tally.missing.append("the proof was interrupted")
    return _whole_proof(tally, objects, budget.seconds - started)


def _everything(
    prover: Prover, objects: list[Object], words: list[np.ndarray], searched: Searched, budget: Budget, workers: int
) -> Tally:
    listed: dict[bytes, bool] = {}
    families: list[np.ndarray] = []
    number = 0
    for one, word in zip(objects, words, strict=True):
        # The word of a family may repeat: then some turns of it are the same.
        turned = {turn.tobytes(): turn for turn in (np.roll(word, t, 0) for t in range(0, len(word), prover.shift))}
        number += len(turned)
        listed |= dict.fromkeys(turned, one.proof is not None and one.proof.exists)
        if isinstance(one, Continuum | CycleContinuum):
            families.extend(turned.values())

    def is_outside(piece: ExactPiece) -> bool:
        return searched.box is not None and not prover.exact.meets(piece, *searched.box.corners)

    units = searched.checker.units
    tally = Whole(prover, units, listed, families, budget, searched.conditions, is_outside).prove(
        searched.outcome, workers
    )
    touching = [
        word
        for one, word in zip(objects, words, strict=True)
        if one.proof is not None and (one.proof.on_boundary or isinstance(one, Continuum | CycleContinuum))
    ]
    if len(listed) < number or listed_twice(prover, touching, families):
        tally.missing.append(TWICE)
    return tally


def _word_of(one: Object, n_relu: int) -> np.ndarray:
    codes = (one.bitcode,) if isinstance(one, FixedPoint | Continuum) else one.word
    return np.array([bits_from_string(code, n_relu) for code in codes], dtype=bool).reshape(len(codes), n_relu)


def _proof(prover: Prover, one: Object, word: np.ndarray, box: Box | None, budget: Budget) -> Proof:
    ends = budget.overtime_ends
    if isinstance(one, FixedPoint):
        return prover.isolated(word, one.z, one.eigenvalues, one.stability, ends)
    if isinstance(one, Continuum):
        return prover.family(word, one.anchor, one.directions, one.eigenvalues, ends)
    if isinstance(one, Cycle):
        proof = prover.isolated(word, one.points, one.multipliers, one.stability, ends)
        low, high = np.nextafter(one.points - proof.radius, -np.inf), np.nextafter(one.points + proof.radius, np.inf)
        if box is None or (np.all(low >= box.low) and np.all(high <= box.high)):
            return proof
    else:
        proof = prover.family(word, one.anchor, one.directions, None, ends)
    if box is None or not proof.exists:
        return proof
    piece = prover.exact.settle(word)
    inside = piece is not None and prover.exact.meets(piece, *box.corners)
    return proof if inside else replace(proof, missing=(*proof.missing, "it does not lie in the box"))


def _whole_proof(tally: Tally, objects: Sequence[Object], seconds: float) -> WholeProof:
    missing = list(dict.fromkeys(tally.missing))
    without = sum(one.proof is None for one in objects)
    if without:
        missing.append(f"there was no time left to prove {without} of {len(objects)} objects")
    unproven = sum(one.proof is not None and not one.proof.exists for one in objects)
    if unproven:
        missing.append(f"{unproven} of {len(objects)} objects {verb(unproven, 'is', 'are')} not proven to exist")
    proven = sum(one.proof is not None and one.proof.proven for one in objects)
    return WholeProof(
        whole=not missing,
        objects=len(objects),
        proven=proven,
        cuts=tally.cuts,
        subregions=tally.subregions,
        nodes=tally.nodes,
        unique=tally.unique,
        seconds=seconds,
        missing=tuple(missing),
    )
