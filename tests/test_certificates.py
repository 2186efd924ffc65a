"""Proofs of uniqueness, and cuts re-checked in exact arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from systems import CASES, known, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.certificates import certify_unique
from plrnn_analysis.engines import branching, farkas
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.engines.reduction import reduce_fixed_points


def test_claims_agree_with_the_complete_search():
    proven = attracting = 0
    for seed in range(300):
        map = random_model(np.random.default_rng(seed)).map
        certificate = certify_unique(map)
        if not certificate.unique:
            assert certificate.fixed_point is None and certificate.proof == ""
            continue
        proven += 1
        (only,) = complete_fixed_points(map)
        np.testing.assert_allclose(only.z, certificate.fixed_point.z, atol=1e-8 * (1 + np.abs(only.z).max()))
        if certificate.globally_attracting:
            attracting += 1
            rate = min(certificate.contraction_rates.values())
            assert rate < 1.0
            z = 10.0 * np.random.default_rng(seed).normal(size=(20, map.n_units))
            for _ in range(min(int(40 / -np.log(rate)) + 10, 20000)):
                z = map.step(z)
            np.testing.assert_allclose(z, np.broadcast_to(only.z, z.shape), atol=1e-6 * (1 + np.abs(only.z).max()))
    assert proven > 100 and attracting > 20


def complete_fixed_points(map):
    from plrnn_analysis.fixed_points import find_fixed_points

    found = find_fixed_points(map, method="elimination")
    assert found.complete
    return found


@pytest.mark.parametrize("units", [60, 200])
def test_hundreds_of_relus(units):
    rng = np.random.default_rng(units)
    A, W = rng.uniform(-0.3, 0.3, units), rng.normal(0, 0.3 / np.sqrt(units), (units, units))
    model = PLRNN.al_rnn(A, W, rng.normal(size=units), pwl_units=units)
    certificate = model.uniqueness()
    assert certificate.unique and certificate.globally_attracting
    found = model.fixed_points()
    assert found.complete and len(found) == 1
    np.testing.assert_allclose(found[0].z, certificate.fixed_point.z)


def test_no_proof_where_there_are_several():
    for name in ("tent_full", "ctln_independent_set_3", "lozi_a2_b_half_exact"):
        certificate = known(CASES[name]).uniqueness()
        assert not certificate.unique and not certificate.globally_attracting
        assert min(certificate.contraction_rates.values()) >= 1.0
        assert certificate.monotone_margin <= 0.0


def test_every_cut_is_proven_in_exact_arithmetic():
    model, z = planted_al_rnn(np.random.default_rng(0), 40, 20, 1.5)
    found = model.fixed_points(verify="farkas")
    assert found.complete and any(np.allclose(p.z, z, atol=1e-6) for p in found)
    assert found.coverage.cuts_checked == found.coverage.pruned > 100
    assert found.coverage.cuts_proven == found.coverage.cuts_checked
    cycles = known(CASES["lozi_a2_b_half_exact"]).cycles(6, verify="farkas")
    assert [c.cuts_checked for c in cycles.coverage.values()] == [c.cuts_proven for c in cycles.coverage.values()]


def test_a_false_cut_is_not_proven():
    """The check can fail: multipliers of a cut do not refute a node that has a solution."""
    model, _ = planted_al_rnn(np.random.default_rng(1), 12, 6, 1.0)
    problem = reduce_fixed_points(model.map)
    tree = branching._Tree(branching._near(problem, None, np.inf), (), keep_cuts=True)
    while not tree.finished:
        tree.advance(1000)
    N, Q = tree.program.N, tree.program.Q
    kept = [cut for chunk in tree.kept for cut in zip(*chunk)]
    assert len(kept) > 1 and farkas.check_cuts(N, Q, kept, Budget(None, None)) == (len(kept), len(kept))
    root = np.zeros_like(kept[0][1])
    at_root = [(u, root) for u, _ in kept]
    assert farkas.check_cuts(N, Q, at_root, Budget(None, None)) == (len(kept), 0)


def test_verify_needs_linear_programs():
    model = known(CASES["tent_full"])
    with pytest.raises(ModelError, match="cuts of linear programs"):
        model.fixed_points(verify="farkas", method="elimination")
    with pytest.raises(ModelError, match="cuts of linear programs"):
        model.cycles(3, verify="farkas", method="words in a box")
    with pytest.raises(ModelError, match="verify must be"):
        model.fixed_points(verify="trust")


def milp_patterns(problem, big):
    """All patterns with a solution of size up to `big`, by mixed-integer programs with no-good cuts."""
    n = len(problem.g)
    found = []
    eye, zero = np.eye(n), np.zeros((n, n))
    N = np.eye(n) - problem.G
    rows = [
        LinearConstraint(np.hstack([eye, -big * eye]), -np.inf, 0.0),  # x <= big b
        LinearConstraint(np.hstack([N, big * eye]), -np.inf, problem.g + big),  # s <= big (1 - b)
        LinearConstraint(np.hstack([N, zero]), problem.g, np.inf),  # s >= 0
    ]
    while True:
        result = milp(
            np.zeros(2 * n),
            constraints=rows,
            integrality=np.append(np.zeros(n), np.ones(n)),
            bounds=Bounds(np.zeros(2 * n), np.append(np.full(n, np.inf), np.ones(n))),
        )
        if result.status != 0:
            return found
        bits = result.x[n:] > 0.5
        found.append(bits)
        rows.append(LinearConstraint(np.append(np.zeros(n), np.where(bits, -1.0, 1.0))[None], 1.0 - bits.sum(), np.inf))


@pytest.mark.parametrize("seed", range(4))
def test_milp_finds_the_same(seed):
    model, _ = planted_al_rnn(np.random.default_rng(seed), 20, 10, 1.5)
    problem = reduce_fixed_points(model.map)
    words = {"".join("01"[b] for b in (bits ^ problem.base).astype(int)) for bits in milp_patterns(problem, 500.0)}
    assert words == {p.bitcode for p in model.fixed_points(method="linear programs")}
