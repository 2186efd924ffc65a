"""Proofs that what runs end in exists, where it is listed, and attracts."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap, bits_from_string
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint, Proof
from ..rigor.objects import Prover
from ..statuses import EndKind
from .proven import AttractorProof, AttractorsProof
from .results import Attractor, Attractors

__all__ = ["prove_attractors"]

MEASURED = (EndKind.CHAOTIC, EndKind.QUASI_PERIODIC)
TOUCHES_ZERO = "that it attracts: a ReLU argument is exactly zero, so that its multipliers tell about one side alone"


def prove_attractors(found: Attractors, map: CanonicalMap, budget: Budget) -> Attractors:
    """The same ends with what is proven of each and of all.

    Parameters
    ----------
    found : Attractors
        Nothing that it lists is believed.
    map : CanonicalMap
        The map, without input, that they are attractors of.
    budget : Budget
        Ends the proofs early: what was not reached is not proven.
    """
    items = list(found)
    exact = [at for at, item in enumerate(items) if item.object is not None and item.kind != EndKind.UNDECIDED]
    budget.reporter.say(step="proving what was found", total=len(exact))
    provers: dict[int, Prover] = {}
    proofs: dict[int, AttractorProof] = {}
    try:
        for at in exact:
            if not budget.take(1):
                break
            period = items[at].period or 1
            prover = provers.setdefault(period, Prover([map] * period))
            proofs[at] = _proof(items[at], prover, map.n_relu, budget.deadline)
            budget.reporter.say(done=len(proofs))
    except KeyboardInterrupt:
        budget.stop("interrupt")
    unreached = AttractorProof(False, missing=(budget.stopped_by.reason,))
    for at in exact:
        items[at] = replace(items[at], proof=proofs.get(at, unreached))
    missing = [f"{items[at].kind} {at}: {reason}" for at in exact if at in proofs for reason in proofs[at].missing]
    if len(proofs) < len(exact):
        missing.append(f"{len(exact) - len(proofs)} of {len(exact)} were not reached: {budget.stopped_by.reason}")
    proven = sum(proof.proven for proof in proofs.values())
    measured = sum(item.kind in MEASURED for item in items)
    return replace(found, _items=tuple(items), proof=AttractorsProof(len(exact), proven, measured, tuple(missing)))


def _proof(item: Attractor, prover: Prover, n_relu: int, deadline: float | None) -> AttractorProof:
    one = item.object
    assert one is not None  # the caller has looked
    codes = one.word if isinstance(one, (Cycle, CycleContinuum)) else (one.bitcode,)
    word = np.array([bits_from_string(code, n_relu) for code in codes], dtype=bool).reshape(len(codes), n_relu)
    dimension = 0
    if isinstance(one, FixedPoint):
        proof = prover.isolated(word, one.z[None], one.eigenvalues, one.stability, deadline)
    elif isinstance(one, Cycle):
        proof = prover.isolated(word, one.points, one.multipliers, one.stability, deadline)
    elif isinstance(one, Continuum):
        dimension = one.dimension
        proof = prover.family(word, one.anchor[None], one.directions[:, None], one.eigenvalues, deadline)
    else:
        dimension = one.dimension
        proof = prover.family(word, one.anchor, one.directions, None, deadline)
    return _attracting(proof, prover, word, dimension, deadline)


def _attracting(
    proof: Proof, prover: Prover, word: np.ndarray, dimension: int, deadline: float | None
) -> AttractorProof:
    """With a proof that it attracts: of the multipliers of a continuum as many are one as it has dimensions."""
    given = {field.name: getattr(proof, field.name) for field in fields(Proof)}
    if not proof.exists:
        return AttractorProof(**given)
    side = prover.sides(word, deadline)
    inside = side.inside == prover.maps[0].n_units - dimension
    if inside and not proof.on_boundary:
        return AttractorProof(**given, attracts=True)
    given["missing"] += (TOUCHES_ZERO if inside else "that it attracts: some multipliers are not proven to do so",)
    return AttractorProof(**given)
