"""Proofs of attractors: against fractions, where nothing can be proven, and with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import exact_oracle
import numpy as np
import pytest
from systems import degenerate_map

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.attractors import Attractors, find_attractors
from plrnn_analysis.attractors.proving import prove_attractors
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.results import Cycle, CycleContinuum, FixedPoint
from plrnn_analysis.statuses import Stability

SWITCH = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)


def proven(model: PLRNN, found: Attractors) -> Attractors:
    return prove_attractors(found, model.map, Budget(None, None))


def furthest(orbit: list, states: np.ndarray) -> Fraction:
    return max(abs(a - Fraction(b)) for row, at in zip(orbit, states.tolist()) for a, b in zip(row, at))


def check(model: PLRNN, found: Attractors) -> int:
    """What is proven of fixed points and short cycles, in fractions; how many were looked at."""
    system, looked = exact_oracle.read(model.map), 0
    for end in found:
        one, proof = end.object, end.proof
        assert (proof is None) == (one is None)
        if not isinstance(one, FixedPoint | Cycle) or (end.period or 1) * model.map.n_relu > 6:
            continue
        codes = one.word if isinstance(one, Cycle) else (one.bitcode,)
        word = tuple(tuple(int(c) for c in code) for code in codes)
        states = one.points if isinstance(one, Cycle) else one.z[None]
        piece = exact_oracle.piece_of([system] * len(word), 1, word)
        assert proof.exists and not piece.dimension and furthest(piece.orbit, states) <= Fraction(proof.radius)
        zeros = sum(v == 0 for row in piece.y for v in row)
        stable = exact_oracle.classify(piece) == "stable"
        assert proof.on_boundary == zeros and proof.stability is stable
        assert proof.proven is proof.attracts is (stable and not zeros), proof.missing
        looked += 1
    return looked


def test_proofs_agree_with_fractions():
    looked, kinds = 0, set()
    for seed in range(40):
        rng = np.random.default_rng([seed, 3])
        if seed % 2:
            map = degenerate_map(rng)
            model = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c)
        else:
            A, W, h = rng.uniform(-0.9, 0.9, 3), 1.2 * rng.normal(size=(3, 3)), rng.normal(size=3)
            model = PLRNN.al_rnn(A, W, h, pwl_units=2)
        found = find_attractors(model, n=8, steps=100, verify="rigorous", time_limit=None)
        looked += check(model, found)
        kinds |= {end.kind for end in found}
        assert found.proof.exact == sum(end.object is not None for end in found)
        assert found.proof.proven == sum(end.proof is not None and end.proof.proven for end in found)
        assert bool(found.proof.missing) == (found.proof.proven < found.proof.exact)
    assert looked > 12 and {"fixed point", "cycle"} <= kinds


def mutants(found: Attractors):
    """The list with one thing changed in an exact end, and by how much it was moved."""
    for at, end in enumerate(found):
        one = end.object

        def changed(at=at, end=end, one=one, **fields):
            return replace(found, _items=(*found[:at], replace(end, object=replace(one, **fields)), *found[at + 1 :]))

        if not isinstance(one, FixedPoint | Cycle):
            continue
        for name in Stability:
            if name != one.stability:
                yield at, changed(stability=name), 0.0
        if isinstance(one, Cycle):
            yield at, changed(points=one.points + 0.25), 0.25
            word = ("".join("10"[int(c)] for c in one.word[0]), *one.word[1:])
            yield at, changed(word=word), 0.0
        else:
            yield at, changed(z=one.z + 0.25), 0.25
            yield at, changed(bitcode="".join("10"[int(c)] for c in one.bitcode)), 0.0


def test_a_changed_attractor_is_noticed(tried):
    number = 0
    # A 3-cycle of the tent map is no attractor; that of a steep V with a plateau is.
    cycle = PLRNN.shallow([[0.0]], [[-2.0, 2.0]], [[1.0], [1.0]], [1.0], [0.0, -0.9])
    for model in (SWITCH, cycle):
        found = find_attractors(model, box=1.0, n=30, verify="rigorous")
        assert found.proof.proven == found.proof.exact > 0
        for at, mutant, moved in mutants(found):
            proof = proven(model, mutant)[at].proof
            assert not proof.proven and proof.radius >= 0.9 * moved, (at, mutant[at])
            number += 1
    assert number > 20
    tried("proof mutants", number)


def test_a_zero_argument_is_said_not_to_be_proven():
    """``z' = relu(z) / 2`` comes to 0, where its ReLU argument is exactly zero."""
    model = PLRNN.al_rnn(A=[0.0], W=[[0.5]], h=[0.0], pwl_units=1)
    found = find_attractors(model, n=5, verify="rigorous")
    (end,) = found
    assert end.kind == "fixed point" and end.proof.exists and not end.proof.attracts and not end.proof.proven
    assert "one side" in found.proof.missing[0] and "attracts: NOT proven" in repr(end.proof)


def test_continua_attract_but_for_their_own_directions():
    line = PLRNN.al_rnn(A=[1.0, 0.5], W=np.zeros((2, 2)), h=[0.0, 1.0], pwl_units=1)
    found = find_attractors(line, n=5, verify="rigorous")
    assert {end.kind for end in found} == {"continuum"} and found.proof.proven == found.proof.exact
    flips = PLRNN.al_rnn(A=[-1.0, 0.5], W=np.zeros((2, 2)), h=[0.0, 1.0], pwl_units=1)
    found = find_attractors(flips, n=5, verify="rigorous")
    cycles = [end for end in found if isinstance(end.object, CycleContinuum)]
    assert cycles and all(end.proof.proven for end in cycles)
    wrong = replace(cycles[0].object, directions=np.vstack([cycles[0].object.directions] * 2), dimension=2)
    assert not proven(flips, replace(found, _items=(replace(cycles[0], object=wrong),)))[0].proof.exists


def test_what_is_chaotic_stays_measured():
    tent = PLRNN.al_rnn(A=[1.9], W=[[-3.8]], h=[1.0], pwl_units=1)
    found = find_attractors(tent, states=[[0.1]], steps=2000, verify="rigorous")
    assert found[0].kind == "chaotic" and found[0].proof is None
    assert (found.proof.exact, found.proof.measured) == (0, 1) and repr(found).endswith(
        "; proven: 0 of 0, measured: 1>"
    )
    assert found.proof.sentences()[0] == "Measured, not proven: 1 chaotic or quasi-periodic end."


def test_what_was_not_reached_is_said():
    found = find_attractors(SWITCH, box=3.0, n=20)
    assert found.proof is None and "proof" not in found.table()
    late = prove_attractors(found, SWITCH.map, Budget(None, 0.0))
    assert late.proof.proven == 0 and "2 of 2 were not reached: the time limit" in late.proof.missing[0]
    assert not late[0].proof.exists and "proof" in late.table()

    class Interrupted(Budget):
        looks = 0

        def take(self, nodes: int) -> int:
            self.looks += 1
            if self.looks == 2:
                raise KeyboardInterrupt
            return super().take(nodes)

    half = prove_attractors(found, SWITCH.map, Interrupted(None, None))
    assert half.proof.proven == 1 and "interrupted" in half.proof.missing[0]
    assert Attractors.from_json(half.to_json()).proof.claim == "proven: 1 of 2"


def test_a_long_cycle_is_proven_in_the_time_there_is():
    """An item that circulates through 40 delay units is a 40-cycle."""
    A = np.diag(np.ones(39), -1)
    A[0, -1] = 0.5
    W, V, h = np.zeros((40, 2)), np.zeros((2, 40)), np.zeros(40)
    W[0], V[:, -1], h[0] = [1.5, -1.75], 1.0, -0.75
    memory = PLRNN.shallow(A, W, V, h, [0.5, -0.5])
    start = np.ones((1, 40))
    start[0, 7] = -1.0
    found = find_attractors(memory, states=start, verify="rigorous")
    assert found[0].period == 40 and found[0].proof.proven and found.proof.proven == 1
    soon = prove_attractors(found, memory.map, Budget(None, 0.02))
    assert soon.proof.proven == 0 and soon.proof.missing


def test_verify_says_what_it_wants():
    with pytest.raises(ModelError, match='verify must be "rigorous" or None'):
        find_attractors(SWITCH, verify="farkas")
