"""Proofs of the saddles of manifolds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.manifolds import Manifold, SaddleProof
from plrnn_analysis.manifolds.local import orbit_of
from plrnn_analysis.manifolds.proving import prove_saddle

MODEL = PLRNN.al_rnn(A=[0.5, 2.0], W=[[0, 0], [0, -1.5]], h=[0.0, 1.0], pwl_units=1)
SADDLE = next(point for point in MODEL.fixed_points() if point.stability == "saddle")


@pytest.mark.parametrize("kind", ["stable", "unstable"])
def test_a_saddle_is_proven_with_its_directions(kind):
    found = MODEL.manifold(SADDLE, kind, box=3.0, verify="rigorous")
    proof = found.proof
    assert proof.proven and (proof.inside, proof.outside) == (1, 1)
    assert "1 stable and 1 unstable direction proven" in repr(found)
    assert Manifold.from_json(found.to_json()).proof.claim == proof.claim
    assert MODEL.manifold(SADDLE, kind, box=3.0).proof is None


def test_saddles_of_random_networks():
    points = cycles = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        model = PLRNN.al_rnn(rng.uniform(-1, 1, 3), 1.5 * rng.normal(size=(3, 3)), rng.normal(size=3), pwl_units=2)
        saddles = [one for one in [*model.fixed_points(), *model.cycles(3)] if one.stability == "saddle"]
        for saddle in saddles:
            values = getattr(saddle, "multipliers", getattr(saddle, "eigenvalues", None))
            orbit, codes = orbit_of(model.map, saddle)
            stable = int(np.sum(np.abs(values) < 1.0))
            proof = prove_saddle(model.map, saddle, orbit, codes, True, stable, Budget(None, None))
            assert proof.proven and (proof.inside, proof.outside) == (stable, 3 - stable), proof.missing
            wrong = prove_saddle(model.map, saddle, orbit, codes, False, 3, Budget(None, None))
            assert not wrong.proven and "its dimension" in wrong.missing[-1]
            other = replace(saddle, stability="stable node")
            assert not prove_saddle(model.map, other, orbit, codes, True, stable, Budget(None, None)).proven
            swapped = ["".join("10"[int(c)] for c in code) for code in codes]
            assert not prove_saddle(model.map, saddle, orbit, swapped, True, stable, Budget(None, None)).proven
            points, cycles = points + (len(codes) == 1), cycles + (len(codes) > 1)
    assert points > 4 and cycles > 0


def test_a_multiplier_of_modulus_one_is_in_no_manifold():
    model = PLRNN.al_rnn(A=[0.5, 2.0, -1.0], W=np.zeros((3, 3)), h=[1.0, 1.0, 1.0], pwl_units=0)
    (saddle,) = model.fixed_points()
    proof = model.manifold(saddle, "stable", box=4.0, verify="rigorous").proof
    assert saddle.stability == "marginal" and proof.proven and (proof.inside, proof.outside) == (1, 1)


def test_a_saddle_that_was_not_reached_is_not_proven():
    points, codes = orbit_of(MODEL.map, SADDLE)
    late = prove_saddle(MODEL.map, SADDLE, points, codes, True, 1, Budget(None, 0.0))
    assert isinstance(late, SaddleProof) and late.claim == "saddle not proven" and "time limit" in late.missing[0]

    class Interrupted(Budget):
        def take(self, nodes: int) -> int:
            raise KeyboardInterrupt

    stopped = prove_saddle(MODEL.map, SADDLE, points, codes, True, 1, Interrupted(None, None))
    assert not stopped.exists and "interrupted" in stopped.missing[0]


def test_verify_says_what_it_wants():
    with pytest.raises(ModelError, match='verify must be "rigorous" or None'):
        MODEL.manifold(SADDLE, "stable", verify="farkas")
