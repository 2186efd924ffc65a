"""Fixed points that a search has found, with proofs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..engines.budget import Budget
from ..engines.driver import Outcome
from ..engines.verification import Checker
from ..maps import bits_from_string
from ..results import Continuum, Coverage, FixedPoint, FixedPoints, Proof, WholeProof
from .objects import Prover
from .whole import Tally, Whole, listed_twice

__all__ = ["prove_fixed_points"]

TWICE = "something is listed twice, or beside a continuum that it is part of"

T = TypeVar("T", FixedPoint, Continuum)


def prove_fixed_points(
    found: FixedPoints, checker: Checker, outcome: Outcome, budget: Budget, workers: int = 1
) -> FixedPoints:
    """The same fixed points, each with its proof, and a proof that there are no others.

    Parameters
    ----------
    found : FixedPoints
    checker : Checker
        Of their map.
    outcome : Outcome
        Of the search that found them.
    budget : Budget
        Where it or Ctrl-C ends the work, what is not proven is said.
    workers : int, optional
        Threads of a search that is run again.
    """
    started = budget.seconds
    prover = Prover(checker.maps)
    n = checker.maps[0].n_relu

    def point(one: FixedPoint) -> Proof:
        word = bits_from_string(one.bitcode, n)[None]
        return prover.isolated(word, one.z[None], one.eigenvalues, one.stability, budget.overtime_ends)

    def continuum(one: Continuum) -> Proof:
        word = bits_from_string(one.bitcode, n)[None]
        return prover.family(word, one.anchor[None], one.directions[:, None], one.eigenvalues, budget.overtime_ends)

    points, continua = list(found), list(found.continua)
    tally = Tally()
    try:
        budget.reporter.say(step="proving what was found", total=len(points) + len(continua))
        points = _proved(points, point, budget)
        continua = _proved(continua, continuum, budget)
        objects: list[FixedPoint | Continuum] = [*points, *continua]
        listed = {bits_from_string(one.bitcode, n).tobytes(): _exists(one) for one in objects}
        families = [bits_from_string(one.bitcode, n)[None] for one in continua]
        if found.complete:
            tally = Whole(prover, checker.units, listed, families, budget).prove(outcome, workers)
        touching = [one.bitcode for one in points if one.proof is not None and one.proof.on_boundary]
        words = [bits_from_string(code, n)[None] for code in (*touching, *(one.bitcode for one in continua))]
        if len(listed) != len(objects) or listed_twice(prover, words, families):
            tally.missing.append(TWICE)
    except KeyboardInterrupt:
        budget.stop("interrupt")
        tally.missing.append("the proof was interrupted")
    if not found.complete:
        tally.missing.append(f"the search itself is {found.claim}")
    return replace(
        found,
        _items=tuple(points),
        continua=tuple(continua),
        coverage=with_whole(found.coverage, tally, (*points, *continua), budget.seconds - started),
    )


def _exists(one: FixedPoint | Continuum) -> bool:
    return one.proof is not None and one.proof.exists


def _proved(objects: list[T], prove: Callable[[T], Proof], budget: Budget) -> list[T]:
    """With proofs, as long as there is time."""
    result = list(objects)
    for at, one in enumerate(objects):
        budget.reporter.tick()
        if budget.overdue:
            break
        result[at] = replace(one, proof=prove(one))
    return result


def with_whole(coverage: Coverage, tally: Tally, objects: Sequence[FixedPoint | Continuum], seconds: float) -> Coverage:
    """The coverage of a search with the proof that its list is whole."""
    proven = sum(one.proof is not None and one.proof.proven for one in objects)
    without = sum(one.proof is None for one in objects)
    missing = list(dict.fromkeys(tally.missing))
    if without:
        missing.append(f"there was no time left to prove {without} of {len(objects)} objects")
    unproven = sum(one.proof is not None and not one.proof.exists for one in objects)
    if unproven:
        missing.append(f"{unproven} of {len(objects)} objects are not proven to exist")
    whole = not missing
    return replace(
        coverage,
        rigorous=WholeProof(
            whole,
            len(objects),
            int(proven),
            tally.cuts,
            tally.subregions,
            tally.nodes,
            tally.unique,
            seconds,
            tuple(missing),
        ),
    )
