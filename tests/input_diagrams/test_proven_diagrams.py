"""Proofs of input diagrams: against fractions, on degenerate networks, and on diagrams with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import drawing
import exact_oracle
import numpy as np
import pytest
from exact_rational import ONE, add, apply, solve
from exact_spectrum import stability

from plrnn_analysis import PLRNN, CanonicalMap, ModelError
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.input_diagrams import InputDiagram, input_diagram
from plrnn_analysis.input_diagrams.proving import prove_diagram
from plrnn_analysis.statuses import Stability


def drawn_diagram(rng: np.random.Generator, method: str) -> tuple[PLRNN, InputDiagram] | None:
    """A network with small or degenerate weights, and its diagram over one or two inputs, not proven yet."""
    d = int(rng.integers(1, 3))
    drawn, name = drawing.draw_model(rng, largest=4, inputs=d + int(rng.integers(2)))
    map = drawn if isinstance(drawn, CanonicalMap) else drawn.map
    if map.n_units > 4:
        return None
    inputs = [int(k) for k in rng.choice(map.n_inputs, d, replace=False)]
    ranges = np.column_stack([-rng.integers(0, 4, d), rng.integers(1, 5, d)]).astype(float)
    if rng.random() < 0.3:
        ranges += rng.uniform(-0.1, 0.1, (d, 2))
    variants = list(drawing.variants(rng, map, name))
    map = variants[int(rng.integers(len(variants)))].map
    model = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c, map.C, E=map.E)
    base = rng.integers(-1, 2, map.n_inputs).astype(float)
    return model, input_diagram(model, inputs, ranges, base=base, method=method)


def proven(diagram: InputDiagram) -> InputDiagram:
    return prove_diagram(diagram, Budget(None, None))


def check_branch(system, diagram, branch, piece) -> None:
    """What the proof of a branch says, in fractions."""
    proof = branch.proof
    assert proof.proven, proof.missing
    J, _ = system.affine(piece.bits)
    expected = stability(J)
    assert branch.stability.split()[0] == expected or branch.stability == expected
    corners = [[Fraction(v) for v in corner] for corner in branch.corners.tolist()]
    exact = [min(piece.corners, key=lambda c: sum(abs(a - b) for a, b in zip(c, corner))) for corner in corners]
    if len(corners[0]) == 1:
        exact = sorted(piece.corners)
    elif len({tuple(corner) for corner in exact}) < len(exact):
        return  # corners so near each other that doubles do not tell which is which
    radius = Fraction(proof.corner_radius)
    assert all(abs(a - b) <= radius for c, e in zip(corners, exact) for a, b in zip(c, e))
    states, arguments = [], []
    for corner in exact:
        s = exact_oracle.fractions(diagram.base)
        for k, value in zip(diagram.inputs, corner):
            s[k] = value
        held = system.with_input(s)
        J, offset = held.affine(piece.bits)
        K = [[ONE * (i == j) - v for j, v in enumerate(row)] for i, row in enumerate(J)]
        solved = solve(K, offset, system.m)
        if solved is None or solved[1]:
            return  # pinned by boundaries: no single equation gives the state
        states.append(solved[0])
        arguments.append(held.arguments(solved[0]))
        slope = [[Fraction(v) for v in row] for row in branch.slope.tolist()]
        listed = add([Fraction(v) for v in branch.offset.tolist()], apply(slope, corner))
        assert all(abs(a - b) <= Fraction(proof.radius) for a, b in zip(listed, solved[0]))
    k = len(exact)
    places = [[0], [1]] if len(diagram.inputs) == 1 else [[i, (i + 1) % k] for i in range(k)]
    idle = [all(y[i] == 0 for y in arguments) for i in range(system.n)]
    assert proof.on_boundary == sum(idle)
    for place, units, included in zip(places, proof.units, proof.included, strict=True):
        zero = [i for i in range(system.n) if not idle[i] and all(arguments[p][i] == 0 for p in place)]
        assert list(units) == zero
        assert included == (not any(piece.bits[i] for i in zero))


def against_the_oracle(seeds: range) -> tuple[int, int]:
    """Diagrams and branches held against fractions."""
    diagrams = branches = 0
    for seed in seeds:
        drawn = drawn_diagram(np.random.default_rng([seed, 11]), ("enumeration", "linear programs")[seed % 2])
        if drawn is None:
            continue
        model, diagram = drawn
        diagram = proven(diagram)
        system = exact_oracle.read(model.map)
        spans = [tuple(exact_oracle.fractions(span)) for span in diagram.ranges]
        base = exact_oracle.fractions(diagram.base)
        expected, continua, unclear = exact_oracle.input_diagram(system, list(diagram.inputs), spans, base)
        if unclear:
            continue
        assert diagram.rigorous, (seed, diagram.coverage.rigorous.missing)
        pieces = {exact_oracle.as_code(piece.bits): piece for piece in expected}
        assert [b.bitcode for b in diagram] == sorted(pieces)
        assert {c.bitcode for c in diagram.continua} == {exact_oracle.as_code(c.bits) for c in continua}
        for branch in diagram:
            check_branch(system, diagram, branch, pieces[branch.bitcode])
        diagrams, branches = diagrams + 1, branches + len(diagram)
    return diagrams, branches


def test_proofs_agree_with_fractions():
    diagrams, branches = against_the_oracle(range(12))
    assert diagrams > 8 and branches > 12


@pytest.mark.slow
def test_many_proofs_agree_with_fractions(tried):
    diagrams, branches = against_the_oracle(range(1000, 1150))
    assert diagrams > 80 and branches > 200
    tried("proofs", diagrams + branches)


def mutants(rng: np.random.Generator, diagram: InputDiagram):
    """The diagram with one thing changed, and what: each must be noticed."""
    items, n = list(diagram), diagram.network.map.n_relu
    patterns = {branch.bitcode for branch in items}
    for i, branch in enumerate(items):

        def changed(i=i, **fields):
            return replace(diagram, _items=(*items[:i], replace(items[i], **fields), *items[i + 1 :]))

        corners = branch.corners.copy()
        k = int(rng.integers(corners.size))
        away = np.zeros(corners.size)
        away[k] = (1e-6, 0.1)[int(rng.integers(2))] * (1, -1)[int(rng.integers(2))]
        yield "end moved", changed(corners=corners + away.reshape(corners.shape))
        offset, slope = branch.offset.copy(), branch.slope.copy()
        unit = int(rng.integers(len(offset)))
        size = abs(offset[unit]) + np.abs(slope[unit]) @ np.abs(diagram.ranges).max(axis=1)
        offset[unit] += 1e-6 * (size or 1.0)
        yield "states moved", changed(offset=offset)
        slope[unit] += 1e-6 * (size or 1.0) / np.abs(branch.corners).max()
        yield "slope changed", changed(slope=slope)
        others = [name for name in Stability if name != branch.stability]
        yield "stability changed", changed(stability=others[int(rng.integers(len(others)))])
        if n:
            flip = int(rng.integers(n))
            code = "".join(c if j != flip else "10"[int(c)] for j, c in enumerate(branch.bitcode))
            if code not in patterns:
                yield "bitcode changed", changed(bitcode=code)
        if len(items) > 1:
            other = items[i - 1]
            yield "bitcode swapped", changed(bitcode=other.bitcode)
            yield "branch twice", changed(**{name: getattr(other, name) for name in vars(other)})
        yield "branch dropped", replace(diagram, _items=tuple(items[:i] + items[i + 1 :]))
    for i, continuum in enumerate(diagram.continua):
        rest = (*diagram.continua[:i], *diagram.continua[i + 1 :])
        yield "continuum dropped", replace(diagram, continua=rest)
        wrong = replace(continuum, dimension=continuum.dimension + 1)
        yield "dimension changed", replace(diagram, continua=(*rest, wrong))


def count_noticed(seeds: range) -> int:
    """Mutants tried, all of which must be noticed."""
    number = 0
    for seed in seeds:
        rng = np.random.default_rng([seed, 12])
        drawn = drawn_diagram(rng, "auto")
        if drawn is None:
            continue
        for what, mutant in mutants(rng, drawn[1]):
            assert not proven(mutant).rigorous, (seed, what)
            number += 1
    return number


def test_a_changed_diagram_is_noticed():
    assert count_noticed(range(2)) > 60


@pytest.mark.slow
def test_many_changed_diagrams_are_noticed(tried):
    number = count_noticed(range(100, 190))
    assert number > 1000
    tried("proof mutants", number)


def test_an_isolated_input_that_is_not_listed_is_noticed():
    """One ReLU is zero for a single input alone: no branch, but a fixed point."""
    # z' = 2 relu(z) + s: the active fixed point z = -s is real for s < 0, the inactive one z = s for s <= 0.
    model = PLRNN.shallow([[0.0]], [[1.0, -1.0]], [[1.0], [1.0]], [0.0], [0.0, 0.0], [[1.0]])
    diagram = proven(model.input_diagram(0, (-1, 1)))
    assert diagram.coverage.rigorous.whole
    thin = [sheet for sheet in diagram._sheets if not sheet.wide] + [p for p in diagram._pieces if not p.dimension]
    assert len(thin) == sum("single inputs" in note for note in diagram.coverage.notes)


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_a_tree_of_twenty_relus_is_covered(n_inputs):
    rng = np.random.default_rng([1, 20])
    W = 1.2 * rng.normal(size=(20, 20)) / np.sqrt(20)
    A, h, C = rng.uniform(-0.9, 0.9, 20), rng.normal(size=20), rng.normal(size=(20, 2))
    model = PLRNN.al_rnn(A, W, h, pwl_units=20, C=C)
    ranges = [(-0.25, 0.25)] * n_inputs
    diagram = model.input_diagram(list(range(n_inputs)), ranges, verify="rigorous")
    assert diagram.complete and diagram.coverage.rigorous.whole and diagram.coverage.rigorous.proven == len(diagram)
    assert diagram.coverage.rigorous.cuts > 10
    fewer = proven(replace(diagram, _items=diagram._items[1:]))
    assert not fewer.coverage.rigorous.whole and diagram[0].bitcode in fewer.coverage.rigorous.missing[0]


def test_without_biases_the_point_that_all_subregions_share_is_met_once():
    """Zero is a fixed point under zero input and closes all 2^7 subregions: the tree does not visit each."""
    rng = np.random.default_rng(10)
    A, W = rng.uniform(0.1, 0.9, 9), rng.normal(size=(9, 9)) / 3.0
    model = PLRNN.al_rnn(A, W, np.zeros(9), pwl_units=7, C=rng.normal(size=(9, 1)))
    diagram = proven(model.input_diagram(0, (-1, 1)))
    assert diagram.rigorous and diagram.coverage.rigorous.subregions < 64


def test_the_fold_by_hand():
    """``z' = z/2 + 3/2 relu(z) + s``: two branches meet at s = 0, which belongs to the inactive one."""
    model = PLRNN.al_rnn(A=[0.5], W=[[1.5]], h=[0.0], pwl_units=1, C=[[1.0]])
    diagram = model.input_diagram(0, (-1, 1), verify="rigorous")
    assert repr(diagram).endswith("complete, proven whole>")
    off, on = diagram
    assert off.proof.included == (True, True) and on.proof.included == (True, False)
    assert off.proof.units == on.proof.units == ((), (0,))
    assert off.proof.corner_radius == off.proof.radius == on.proof.radius == 0.0
    assert "That no others exist is proven" in diagram.sentences()[-1]
    assert InputDiagram.from_json(diagram.to_json()).coverage.rigorous.claim == diagram.coverage.rigorous.claim


def test_what_is_not_proven_is_said():
    model = PLRNN.al_rnn(A=[0.5], W=[[1.5]], h=[0.0], pwl_units=1, C=[[1.0]])
    diagram = model.input_diagram(0, (-1, 1))
    assert diagram.coverage.rigorous is None and diagram[0].proof is None
    late = prove_diagram(diagram, Budget(None, 0.0))
    assert not late.coverage.rigorous.whole and late.coverage.rigorous.proven == 0
    assert (
        "the time limit ended" in late.coverage.rigorous.missing[0]
        and "the time limit ended" in late[0].proof.missing[0]
    )
    assert "NOT proven whole" in repr(late) and any("not proven" in sentence for sentence in late.sentences())


class Interrupted(Budget):
    """Ctrl-C at one of the looks at the clock."""

    def __init__(self, looks: int) -> None:
        super().__init__(None, None)
        self.looks = looks

    def take(self, nodes: int) -> int:
        self.looks -= 1
        if self.looks == 0:
            raise KeyboardInterrupt
        return super().take(nodes)


def test_an_interruption_keeps_what_is_proven():
    rng = np.random.default_rng(5)
    A, W, h = rng.uniform(-0.9, 0.9, 8), rng.normal(size=(8, 8)), rng.normal(size=8)
    model = PLRNN.al_rnn(A, W, h, pwl_units=6, C=rng.normal(size=(8, 1)))
    diagram = model.input_diagram(0, (-2, 2))
    numbers = []
    for looks in range(1, 200, 4):
        found = prove_diagram(diagram, Interrupted(looks))
        numbers.append(found.coverage.rigorous.proven)
        if found.coverage.rigorous.whole:
            break
        assert "interrupted" in found.coverage.rigorous.missing[0]
        assert found.coverage.rigorous.proven == sum(branch.proof.proven for branch in found)
    assert found.coverage.rigorous.whole and len(numbers) > 5
    assert numbers == sorted(numbers) and numbers[-1] == len(diagram) > 2


def test_verify_says_what_it_wants():
    model = PLRNN.al_rnn(A=[0.5], W=[[1.5]], h=[0.0], pwl_units=1, C=[[1.0]])
    with pytest.raises(ModelError, match='verify must be "rigorous" or None'):
        model.input_diagram(0, (-1, 1), verify="farkas")


def test_without_relus_there_is_one_branch():
    model = PLRNN.al_rnn(A=[0.5, 2.0], W=np.zeros((2, 2)), h=[1.0, 0.0], pwl_units=0, C=np.ones((2, 1)))
    diagram = model.input_diagram(0, (-1, 1), verify="rigorous")
    assert diagram.coverage.rigorous.whole and diagram[0].proof.proven and diagram[0].stability == "saddle"
