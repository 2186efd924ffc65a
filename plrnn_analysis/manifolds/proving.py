"""Proofs that the saddle of a manifold exists, and has as many directions as its manifold dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from ..engines.budget import Budget
from ..maps import CanonicalMap, bits_from_string
from ..results import Cycle, FixedPoint, Proof
from ..rigor.objects import Prover
from .proven import SaddleProof

__all__ = ["prove_saddle"]


def prove_saddle(
    map: CanonicalMap,
    saddle: FixedPoint | Cycle,
    points: np.ndarray,
    codes: Sequence[str],
    stable: bool,
    dimension: int,
    budget: Budget,
) -> SaddleProof:
    """What is proven of a saddle.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    saddle : FixedPoint or Cycle
    points : (p, M) ndarray
        Its points.
    codes : sequence of p str
        Their bitcodes.
    stable : bool
        Which of its manifolds is asked for.
    dimension : int
        That the manifold was given.
    budget : Budget
    """
    budget.reporter.say(step="proving the saddle")
    try:
        if not budget.take(1):
            return SaddleProof(False, missing=(budget.stopped_by.reason,))
        prover = Prover([map] * len(points))
        word = np.array([bits_from_string(code, map.n_relu) for code in codes], dtype=bool)
        word = word.reshape(len(points), map.n_relu)
        values = saddle.multipliers if isinstance(saddle, Cycle) else saddle.eigenvalues
        proof = prover.isolated(word, points, values, saddle.stability, budget.deadline)
        given = {field.name: getattr(proof, field.name) for field in fields(Proof)}
        if not proof.exists:
            return SaddleProof(**given)
        side = prover.sides(word, budget.deadline)
    except KeyboardInterrupt:
        budget.stop("interrupt")
        return SaddleProof(False, missing=(budget.stopped_by.reason,))
    proven = side.inside if stable else side.outside
    if proven != dimension:
        kind = "smaller" if stable else "larger"
        given["missing"] += (
            f"its dimension: it was given {dimension}, but {proven} multipliers are proven to be {kind} than one",
        )
    if proof.on_boundary:
        given["missing"] += ("its directions: a ReLU argument is exactly zero, so that they are one-sided",)
    return SaddleProof(**given, inside=side.inside, outside=side.outside)
