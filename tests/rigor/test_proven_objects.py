"""Proofs of single fixed points and cycles against the exact oracle, whose arithmetic shares no code with them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import exact_oracle
import numpy as np
import pytest
from systems import degenerate_map, random_model

from plrnn_analysis import PLRNN, CanonicalMap
from plrnn_analysis.engines.exact_jacobians import ExactJacobians
from plrnn_analysis.engines.stability import jacobian_stability
from plrnn_analysis.exact import ExactRing
from plrnn_analysis.rigor.discs import enclosures_of
from plrnn_analysis.rigor.objects import Prover


def rounded(orbit: list) -> np.ndarray:
    return np.array([[float(v) for v in state] for state in orbit])


def furthest(orbit: list, listed: np.ndarray) -> Fraction:
    """How far the listed states are from the exact ones."""
    return max(
        abs(v - Fraction(x))
        for row, at in zip(orbit, listed.tolist(), strict=True)
        for v, x in zip(row, at, strict=True)
    )


def in_units(rng: np.random.Generator, map: CanonicalMap, order: int) -> CanonicalMap:
    """The same map with each state and offset measured in another unit."""
    state, relu = (np.ldexp(1.0, rng.integers(-order, order + 1, k)) for k in (map.n_units, map.n_relu))
    return CanonicalMap.build(
        map.A * state[:, None] / state,
        map.W * state[:, None] / relu,
        map.V * relu[:, None] / state,
        map.c * relu,
        map.h * state,
    )


def check(maps: list[CanonicalMap], counts: dict[str, int]) -> None:
    """Every word of a ring: a proof where the oracle has an isolated point of that word, and only there."""
    prover, k = Prover(maps), len(maps)
    systems = [exact_oracle.read(map) for map in maps]
    pieces = {piece.word: piece for piece in exact_oracle._all_pieces(systems, k)}
    following = [*maps[1:], maps[0]]
    for at in range(1 << (k * maps[0].n_relu)):
        word = np.array([at >> i & 1 for i in range(k * maps[0].n_relu)], dtype=bool).reshape(k, -1)
        piece = pieces.get(tuple(tuple(int(b) for b in row) for row in word))
        values, name = jacobian_stability(following, word)
        repeated = piece is not None and k > 1 and any(piece.repeats(d) for d in range(1, k) if k % d == 0)
        if piece is None or piece.dimension or repeated:
            states = np.zeros((k, maps[0].n_units)) if piece is None else rounded(piece.orbit)
            assert not prover.isolated(word, states, values, name).exists
        else:
            states = rounded(piece.orbit)
            proof = prover.isolated(word, states, values, name)
            assert proof.proven, proof.missing
            assert furthest(piece.orbit, states) <= Fraction(proof.radius)
            assert proof.on_boundary == sum(v == 0 for row in piece.y for v in row)
            sides = {"stable": "stable", "unstable": "unstable", "saddle": "saddle", "marginal": "marginal"}
            assert sides[name.split()[0]] == exact_oracle.classify(piece)
            moved = states.copy()
            moved[-1, -1] += max(2.0 * proof.radius, 1e-3)
            assert furthest(piece.orbit, moved) <= Fraction(prover.isolated(word, moved).radius)
            wrong = "saddle" if name != "saddle" else "stable node"
            refused = prover.isolated(word, states, values, wrong)
            assert refused.exists and refused.stability is False and not refused.proven
            counts[proof.signs] = counts.get(proof.signs, 0) + 1
        if piece is not None:
            proof = prover.family(word, states, np.array([rounded(way) for way in piece.directions]), values)
            assert proof.exists is not repeated, proof.missing
            assert repeated or furthest(piece.orbit, states) <= Fraction(proof.radius)
            assert prover.family(word, states, np.zeros((len(piece.directions) + 1, *states.shape))).missing
            counts["families"] = counts.get("families", 0) + bool(piece.dimension)


@pytest.mark.parametrize("order", [0, 300])
def test_points_of_random_and_degenerate_maps(order: int) -> None:
    counts: dict[str, int] = {}
    for seed in range(30):
        rng = np.random.default_rng((order, seed))
        map = (random_model(rng).map if seed % 3 == 0 else degenerate_map(rng)).with_input(None)
        if map.n_relu <= 4:
            check([in_units(rng, map, order)], counts)
    assert counts["balls"] > 10 and counts["rationals"] > 5 and counts["families"] > 2, counts


def test_cycles_of_degenerate_maps() -> None:
    counts: dict[str, int] = {}
    for seed in range(90):
        rng = np.random.default_rng(seed)
        map = degenerate_map(rng)
        if map.n_relu <= 2:
            check([map] * 2, counts)
    assert counts["balls"] > 5 and counts["rationals"] > 1 and counts["families"] > 2, counts


def test_subnormal_and_huge_numbers() -> None:
    for size in (5e-324, 1e-310, 1e-300, 1.0, 1e300):
        tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[size], pwl_units=1).map
        proof = Prover([tent]).isolated(np.array([[True]]), np.array([[size / 3]]), np.array([-2.0]), "unstable node")
        assert proof.proven and proof.eigenvalue_radii[0] == 0.0
        assert abs(Fraction(size) / 3 - Fraction(size / 3)) <= Fraction(proof.radius) <= Fraction(size)


def eigenvalue_proof(matrix: Any, name: str) -> Any:
    model = PLRNN.al_rnn(A=np.array(matrix), W=np.zeros(np.shape(matrix)), h=np.zeros(len(matrix)), pwl_units=0)
    word = np.zeros((1, 0), dtype=bool)
    values, _ = jacobian_stability([model.map], word)
    return Prover([model.map]).isolated(word, np.zeros((1, len(matrix))), values, name)


def test_defective_and_marginal_eigenvalues() -> None:
    turn = eigenvalue_proof([[0.6, -0.8], [0.8, 0.6]], "marginal")  # 0.6 and 0.8 are rounded: not on the circle
    assert turn.exists and turn.stability is False and "spiral" in turn.missing[0]
    quarter = eigenvalue_proof([[0.0, -1.0], [1.0, 0.0]], "marginal")
    assert quarter.proven and np.all(quarter.eigenvalue_radii == 0.0)
    block = eigenvalue_proof([[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, -1.0]], "marginal")
    assert block.proven and np.all(block.eigenvalue_radii == 0.0)
    close = eigenvalue_proof([[1.0 - 2.0**-52]], "stable node")
    assert close.proven
    assert not eigenvalue_proof([[1.0 - 2.0**-52]], "marginal").proven


def test_a_repeated_word_is_no_longer_cycle() -> None:
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1).map
    proof = Prover([tent] * 2).isolated(np.array([[True], [True]]), np.full((2, 1), 1 / 3))
    assert not proof.exists and "shorter cycle" in proof.missing[0]
    assert not Prover([tent]).isolated(np.array([[True]]), np.array([[np.nan]])).exists


def test_discs_hold_one_eigenvalue_each() -> None:
    found = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        M, P = int(rng.integers(24, 40)), int(rng.integers(0, 12))
        if seed % 2:
            model = PLRNN.al_rnn(rng.uniform(-1.0, 1.0, M), rng.normal(size=(M, M)) / np.sqrt(M), np.ones(M), P)
        else:
            hidden = rng.normal(size=(P, M))
            model = PLRNN.shallow(rng.uniform(-1.0, 1.0, M), rng.normal(size=(M, P)), hidden, np.ones(M), np.ones(P))
        map = in_units(rng, model.map, 20)
        bits = rng.random(P) < 0.5
        jacobians = ExactJacobians([map])
        matrix, error = jacobians.rounded(bits[None])
        exact = ExactRing([map]).jacobian(bits[None]).tolist()
        for row, values, errors in zip(exact, matrix.tolist(), error.tolist(), strict=True):
            for number, value, bound in zip(row, values, errors, strict=True):
                assert abs(Fraction(int(number.p), int(number.q)) - Fraction(value)) <= Fraction(bound)
        discs = enclosures_of(matrix, error)
        if discs is None:
            continue
        exact_ones = [e for e in jacobians.enclosures(bits[None])[0] for _ in range(e.count)]
        for disc in discs:
            inside = [e for e in exact_ones if abs(e.value - disc.value) <= disc.radius + e.radius]
            assert len(inside) == 1 and (disc.real is None or disc.real == inside[0].real)
        found += 1
    assert found > 6


def test_discs_of_equal_eigenvalues_say_nothing() -> None:
    assert enclosures_of(np.eye(30), np.zeros((30, 30))) is None
    assert enclosures_of(np.full((30, 30), np.nan), np.zeros((30, 30))) is None
    twice = eigenvalue_proof(np.diag([0.5] * 30) + np.diag([1.0] * 29, 1), "stable node")
    assert twice.proven and np.all(twice.eigenvalue_radii <= 1e-6)
