"""Two networks side by side: planted equivalences are found and proven, planted differences measured."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from systems import degenerate_map, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.comparison import compare, spectral_distance


def random_al_rnn(rng, n_units, pwl_units, n_inputs=2, n_outputs=1):
    return PLRNN.al_rnn(
        A=rng.uniform(0.3, 0.9, n_units),
        W=0.8 * rng.normal(size=(n_units, n_units)) / np.sqrt(n_units),
        h=rng.normal(size=n_units),
        pwl_units=pwl_units,
        C=rng.normal(size=(n_units, n_inputs)) if n_inputs else None,
        B=rng.normal(size=(n_outputs, n_units)) if n_outputs else None,
    )


def rewritten(rng, model, scales=True):
    """The same network: linear units mixed among each other and with ReLU units, ReLU units permuted and scaled."""
    m, p = model.n_units, model.pwl_units
    n = m - p
    order, d = rng.permutation(p), rng.uniform(0.3, 3.0, p) if scales else np.ones(p)
    T = np.zeros((m, m))
    T[:n, :n] = np.eye(n) + 0.3 * rng.normal(size=(n, n))
    T[:n, n:] = rng.normal(size=(n, p))
    T[n + order, n + np.arange(p)] = d
    t = np.append(rng.normal(size=n), np.zeros(p))
    inverse = np.linalg.inv(T)
    A = T @ model.map.A @ inverse
    W = np.zeros((m, m))
    W[:, n + order] = T @ model.map.W / d
    same = PLRNN.al_rnn(
        A=A,
        W=W,
        h=T @ model.map.h + t - A @ t,
        pwl_units=p,
        C=T @ model.map.C if model.n_inputs else None,
        B=None if model.B is None else model.B @ inverse,
        b=None if model.B is None else -model.B @ inverse @ t,
    )
    return same, tuple(order.tolist()), d, T, t


def step(model, z, s):
    """An AL-RNN from its own weights, one state at a time."""
    A, W, h = (model.parameters[name] for name in ("A", "W", "h"))
    phi = z.copy()
    n = len(z) - model.pwl_units
    phi[n:] = np.maximum(phi[n:], 0)
    return (A * z if A.ndim == 1 else A @ z) + W @ phi + h + model.parameters["C"] @ s


@pytest.mark.parametrize(
    ("n_units", "pwl_units"), [(1, 0), (1, 1), (3, 0), (4, 1), (5, 2), (6, 6), (9, 3), (12, 8), (14, 11)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_rewritten_network_is_recognised(n_units, pwl_units, seed):
    rng = np.random.default_rng([seed, n_units, pwl_units])
    a = random_al_rnn(rng, n_units, pwl_units)
    b, order, d, T, t = rewritten(rng, a)
    found = compare(a, b, max_subregions=16)
    assert found.equivalent and found.relation == "conjugate" and found.mismatch < 1e-9 and found.exhausted
    assert found.permutation == order and found.alternatives == ()
    assert (
        np.allclose(found.scales, d, rtol=1e-9)
        and np.allclose(found.T, T, atol=1e-7)
        and np.allclose(found.t, t, atol=1e-7)
    )
    assert found.compared == ("ReLUs", "inputs", "readouts")
    for _ in range(20):
        z, s = 3 * rng.normal(size=n_units), rng.normal(size=2)
        assert np.allclose(step(b, found.T @ z + found.t, s), found.T @ step(a, z, s) + found.t, atol=1e-6)
        assert np.allclose(b.B @ (found.T @ z + found.t) + b.b, a.B @ z, atol=1e-6)


def test_fixed_points_and_subregions_are_matched():
    rng = np.random.default_rng(4)
    checked = 0
    for _ in range(40):
        a = random_al_rnn(rng, 5, 3)
        if len(a.fixed_points([0.5, -0.5])) < 2:
            continue
        b, order, _, T, t = rewritten(rng, a)
        found = compare(a, b, constant_input=[0.5, -0.5])
        assert len(found) == len(a.fixed_points([0.5, -0.5])) and found.fixed_points_complete
        assert found.unmatched_a == () and found.unmatched_b == ()
        for match in found:
            assert np.allclose(T @ match.a.z + t, match.b.z, atol=1e-7)
            assert match.distance < 1e-6 and match.readout_distance < 1e-7
        assert len(found.subregions) == 8
        for region in found.subregions:
            assert all(region.bitcode_a[i] == region.bitcode_b[k] for i, k in enumerate(order))
            assert region.distance < 1e-6 and region.radius_a == pytest.approx(region.radius_b, abs=1e-6)
        checked += 1
    assert checked >= 5


@pytest.mark.parametrize("pwl_units", [2, 5, 10])
def test_perturbed_copy_is_matched_and_measured(pwl_units):
    rng = np.random.default_rng(pwl_units)
    for _ in range(3):
        a = random_al_rnn(rng, 6 + pwl_units, pwl_units)
        noise = rng.normal(size=a.parameters["W"].shape)
        sizes = []
        for share in (1e-3, 1e-4):
            near = PLRNN.al_rnn(
                a.parameters["A"], a.parameters["W"] * (1 + share * noise), a.parameters["h"],
                pwl_units=pwl_units, C=a.parameters["C"], B=a.B,
            )  # fmt: skip
            b, order, d, _, _ = rewritten(rng, near)
            found = compare(a, b, max_subregions=4)
            assert not found.equivalent and found.T is None and found.exhausted
            assert found.permutation == order and np.allclose(found.scales, d, rtol=0.05)
            sizes.append(found.mismatch)
        assert 1e-5 < sizes[1] < sizes[0] < 2e-2 and 4 < sizes[0] / sizes[1] < 25


@pytest.mark.parametrize(("n_units", "pwl_units"), [(3, 1), (5, 2), (6, 4), (7, 0)])
def test_networks_of_other_seeds_differ(n_units, pwl_units):
    rng = np.random.default_rng(n_units)
    a, b = random_al_rnn(rng, n_units, pwl_units), random_al_rnn(rng, n_units, pwl_units)
    found = compare(a, b)
    assert found.relation == "different" and found.mismatch > 0.05 and found.exhausted
    assert sorted(found.permutation) == list(range(pwl_units))
    assert len(found) + len(found.unmatched_a) == len(a.fixed_points())
    assert len(found) + len(found.unmatched_b) == len(b.fixed_points())


def test_best_order_of_different_networks_is_the_best_of_all():
    """Against all orders, by the same measure computed from the weights: with the scales fixed by symmetry to one."""
    rng = np.random.default_rng(9)
    for _ in range(5):
        a = random_al_rnn(rng, 4, 4, 0, 0)
        W = a.parameters["W"] + 0.05 * rng.normal(size=(4, 4))
        order = rng.permutation(4)
        shuffled = np.zeros((4, 4))
        shuffled[np.ix_(order, order)] = W
        A, h = np.zeros(4), np.zeros(4)
        A[order], h[order] = a.parameters["A"], a.parameters["h"]
        b = PLRNN.al_rnn(A, shuffled, h, pwl_units=4)
        cost = {
            p: np.linalg.norm(shuffled[np.ix_(p, p)] - a.parameters["W"])
            + np.linalg.norm(A[list(p)] - a.parameters["A"])
            for p in permutations(range(4))
        }
        assert compare(a, b).permutation == min(cost, key=cost.get)


def test_symmetric_network_has_several_matches():
    ring = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0.0]])
    cyclic = PLRNN.al_rnn(A=0.5 * np.ones(3), W=-ring, h=np.ones(3), pwl_units=3)
    found = compare(cyclic, cyclic)
    turns = {(0, 1, 2), (1, 2, 0), (2, 0, 1)}
    assert {found.permutation, *found.alternatives} == turns and len(found.alternatives) == 2
    assert "2 other matches" in " ".join(found.sentences())
    full = PLRNN.al_rnn(A=0.5 * np.ones(3), W=np.eye(3) - 1, h=np.ones(3), pwl_units=3)
    found = compare(full, full)
    assert {found.permutation, *found.alternatives} == set(permutations(range(3)))
    # The ring turned the other way round is the same one with two units exchanged.
    other = compare(cyclic, PLRNN.al_rnn(A=0.5 * np.ones(3), W=-ring.T, h=np.ones(3), pwl_units=3))
    assert other.equivalent and {other.permutation, *other.alternatives} == set(permutations(range(3))) - turns


def test_linear_networks_are_one_if_their_transfer_functions_agree():
    A = np.diag([0.5, 0.8])
    a = PLRNN.al_rnn(A, np.zeros((2, 2)), [0.1, 0.2], pwl_units=0, C=[[1.0], [1.0]], B=[[1.0, 1.0]])
    T = np.array([[2.0, 1.0], [0.0, -1.0]])  # signs of linear units may change
    inverse = np.linalg.inv(T)
    b = PLRNN.al_rnn(
        T @ A @ inverse, np.zeros((2, 2)), T @ [0.1, 0.2], pwl_units=0, C=T @ [[1.0], [1.0]], B=a.B @ inverse
    )
    found = compare(a, b)
    assert found.relation == "conjugate" and np.allclose(found.T, T) and found.permutation == ()
    moved = PLRNN.al_rnn(np.diag([0.5, 0.81]), np.zeros((2, 2)), [0.1, 0.2], pwl_units=0, C=[[1.0], [1.0]], B=a.B)
    assert not compare(a, moved).equivalent
    # 1/(λ - 0.5) + 1/(λ - 0.8) is not 2/(λ - 0.65): one mode of strength two.
    one = PLRNN.al_rnn([0.65], [[0.0]], [0.1], pwl_units=0, C=[[1.0]], B=[[2.0]])
    assert not compare(a, one).equivalent
    # Two equal modes are one to who sees their sum only: the difference of the two is unseen.
    twice = PLRNN.al_rnn([0.65, 0.65], np.zeros((2, 2)), [0.1, 0.1], pwl_units=0, C=[[1.0], [1.0]], B=[[1.0, 1.0]])
    found = compare(twice, one)
    assert found.relation == "same observable part" and np.allclose(found.unseen_a, 0.65) and found.unseen_b.size == 0
    with pytest.raises(ModelError, match="nothing is seen"):
        compare(a, b, readout=False)


def extended(model, self_weight, listens, heard, offset=0.3):
    """One more linear unit, first in the list: with input from the rest, or with an effect on it."""
    m, p = model.n_units, model.pwl_units
    A, W, h, C = (np.array(model.parameters[name]) for name in ("A", "W", "h", "C"))
    big = np.zeros((m + 1, m + 1))
    big[0, 0], big[1:, 1:] = self_weight, np.diag(A)
    rng = np.random.default_rng(0)
    if listens:
        big[0, 1:] = rng.normal(size=m)
    if heard:
        big[1:, 0] = rng.normal(size=m)
    weights = np.zeros((m + 1, m + 1))
    weights[1:, 1:] = W
    # What the new unit adds at rest is taken off again.
    h = h - (big[1:, 0] * offset / (1 - self_weight) if heard else 0)
    return PLRNN.al_rnn(
        big, weights, np.append(offset, h), pwl_units=p,
        C=np.vstack([np.zeros((1, C.shape[1])), C]), B=np.hstack([np.zeros((len(model.B), 1)), model.B]),
    )  # fmt: skip


def test_units_that_do_not_matter_are_flagged():
    rng = np.random.default_rng(3)
    a = random_al_rnn(rng, 4, 2)
    unseen = extended(a, 0.7, listens=True, heard=False)
    found = compare(a, unseen)
    assert found.relation == "same observable part" and found.equivalent and found.T.shape == (5, 4)
    assert np.allclose(found.unseen_b, 0.7) and found.unseen_a.size == 0
    assert any("no ReLU or readout sees" in note for note in found.notes)
    assert len(found) == len(a.fixed_points()) and all(match.distance < 1e-7 for match in found)

    settling = extended(a, 0.7, listens=False, heard=True)
    for found, modes in ((compare(a, settling), "b"), (compare(settling, a), "a")):
        assert found.relation == "same minimal part" and found.T is None and found.mismatch < 1e-9
        assert np.allclose(getattr(found, f"settling_{modes}"), 0.7) and found.details.free < 1e-9
    # The same unit with another rest state moves the offsets for good; one that does not decay stays.
    parameters = dict(settling.parameters)
    parameters["h"] = np.append(0.9, parameters["h"][1:])
    assert not compare(a, PLRNN("al_rnn", parameters, (3, 4), settling.B)).equivalent
    assert not compare(a, extended(a, 1.2, listens=False, heard=True)).equivalent


def test_relu_rnn_is_an_al_rnn_of_its_arguments():
    """z' = relu(W z + b) with y = W z + b is y' = W relu(y) + b: T = W, t = b."""
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    found = compare(PLRNN.relu_rnn(W, b), PLRNN.al_rnn(np.zeros(4), W, b, pwl_units=4))
    assert found.relation == "conjugate" and found.permutation == (0, 1, 2, 3)
    assert np.allclose(found.T, W) and np.allclose(found.t, b) and np.allclose(found.scales, 1)
    # A singular W hides a direction of z, but none of y is missing from z' on.
    W[:, 0] = W[:, 1]
    found = compare(PLRNN.relu_rnn(W, b), PLRNN.al_rnn(np.zeros(4), W, b, pwl_units=4))
    assert found.equivalent and found.unseen_a.size == 1


def test_shallow_form_of_an_al_rnn():
    rng = np.random.default_rng(2)
    a = random_al_rnn(rng, 5, 3)
    order = [2, 0, 1]
    b = PLRNN.shallow(a.map.A, a.map.W[:, order], a.map.V[order], a.map.h, a.map.c[order], C=a.parameters["C"], B=a.B)
    found = compare(a, b)
    assert found.relation == "conjugate" and [order[k] for k in found.permutation] == [0, 1, 2]
    assert np.allclose(found.T, np.eye(5), atol=1e-9)


def test_what_must_not_pass_as_the_same():
    rng = np.random.default_rng(5)
    a = random_al_rnn(rng, 4, 2)
    A, W, h, C = (np.array(a.parameters[name]) for name in ("A", "W", "h", "C"))
    flip = np.diag([1.0, 1.0, -1.0, 1.0])  # a ReLU does not commute with a change of sign
    flipped = PLRNN.al_rnn(A, flip @ W @ flip, flip @ h, pwl_units=2, C=flip @ C, B=a.B @ flip)
    assert not compare(a, flipped).equivalent
    other_input = PLRNN.al_rnn(A, W, h, pwl_units=2, C=C[:, ::-1], B=a.B)
    found = compare(a, other_input)
    assert not found.equivalent and found.details.driven > 0.1 and found.details.free < 1e-9
    other_offset = PLRNN.al_rnn(A, W, h + np.eye(4)[2] / 2, pwl_units=2, C=C, B=a.B)
    found = compare(a, other_offset)
    assert not found.equivalent and found.details.constant > 1e-3 and found.details.driven < 1e-9
    other_readout = PLRNN.al_rnn(A, W, h, pwl_units=2, C=C, B=2 * a.B)
    assert not compare(a, other_readout).equivalent
    assert compare(a, other_readout, readout=False).relation == "conjugate"


def test_another_number_of_relus():
    """A network and itself with a further ReLU unit that hears the others and is hardly heard."""
    rng = np.random.default_rng(6)
    a = random_al_rnn(rng, 5, 3, 0, 0)
    A = np.append(a.parameters["A"], 0.5)
    W = np.zeros((6, 6))
    W[:5, :5], W[5, :5], W[:5, 5] = a.parameters["W"], rng.normal(size=5), 1e-4 * rng.normal(size=5)
    order = np.array([0, 1, 5, 3, 2, 4])  # linear units stay in front
    b = PLRNN.al_rnn(A[order], W[np.ix_(order, order)], np.append(a.parameters["h"], 0.2)[order], pwl_units=4)
    where = tuple(int(np.flatnonzero(order == unit)[0]) - 2 for unit in (2, 3, 4))
    found = compare(a, b)
    assert found.relation == "different" and found.permutation == where
    assert any("1 ReLU of the larger network has no partner" in note for note in found.notes)
    back = compare(b, a)
    assert [back.permutation[k] for k in where] == [0, 1, 2] and back.permutation.count(-1) == 1
    assert np.isnan(back.scales).sum() == 1
    assert len(found.subregions) == 8 and len(back.subregions) == 8
    nothing = compare(a, PLRNN.al_rnn(A=[0.5], W=[[0.0]], h=[1.0], pwl_units=0))
    assert nothing.permutation == (-1, -1, -1) and not nothing.equivalent


def test_no_offsets_leave_decoupled_scales_open():
    """Without offsets a ReLU unit that hears only itself has no scale: any will do."""
    a = PLRNN.al_rnn(A=[0.5, 0.3], W=np.diag([0.2, 0.1]), h=[0, 0], pwl_units=2)
    found = compare(a, PLRNN.al_rnn(A=[0.3, 0.5], W=np.diag([0.1, 0.2]), h=[0, 0], pwl_units=2))
    assert found.relation == "conjugate" and found.permutation == (1, 0) and np.all(found.scales > 0)


def test_inputs_and_readouts_of_other_sizes_are_left_out():
    rng = np.random.default_rng(8)
    a = random_al_rnn(rng, 4, 2)
    b = PLRNN.al_rnn(*(a.parameters[name] for name in ("A", "W", "h")), pwl_units=2)
    found = compare(a, b)
    assert found.relation == "conjugate" and found.compared == ("ReLUs",)
    assert sum("not compared" in note for note in found.notes) == 2
    assert all(np.isnan(match.readout_distance) for match in found)


def test_result_in_words_and_tables():
    rng = np.random.default_rng(0)
    a, b = random_al_rnn(rng, 5, 2), random_al_rnn(rng, 5, 2)
    found = compare(a, b, max_subregions=2)
    text = " ".join(found.sentences())
    assert "The two networks differ: in the best match" in text and "subregions were matched" in text
    assert "different" in repr(found)
    table = found.table()
    rows = len(found) + len(found.unmatched_a) + len(found.unmatched_b)
    assert {len(column) for column in table.values()} == {rows}
    assert len(found.subregion_table()["distance"]) == len(found.subregions)
    stopped = compare(a, b, time_limit=0.0)
    assert not stopped.fixed_points_complete
    with pytest.raises(ModelError, match="tolerance must be a number > 0"):
        compare(a, b, tolerance=0.0)


def test_spectral_distance_against_all_matchings():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = (rng.normal(size=4) + 1j * rng.normal(size=4) for _ in range(2))
        best = min(permutations(range(4)), key=lambda p: np.abs(x - y[list(p)]).sum())
        assert spectral_distance(x, y) == pytest.approx(np.abs(x - y[list(best)]).max())


def moved(rng, map):
    """A map in other coordinates, its ReLUs in another order and scale, as a shallow network."""
    m, n = map.n_units, map.n_relu
    T, t = np.eye(m) + 0.4 * rng.normal(size=(m, m)), rng.normal(size=m)
    order, d = rng.permutation(n), rng.uniform(0.3, 3, n)
    inverse = np.linalg.inv(T)
    A = T @ map.A @ inverse
    W, V, c = np.zeros((m, n)), np.zeros((n, m)), np.zeros(n)
    W[:, order], V[order], c[order] = T @ map.W / d, d[:, None] * (map.V @ inverse), d * map.c
    return PLRNN.shallow(A, W, V, T @ map.h + t - A @ t, c - V @ t)


@pytest.mark.parametrize("kind", ["random", "degenerate"])
def test_every_architecture_in_other_coordinates(kind):
    """Degenerate maps have ReLUs that read or write nothing, integrators, equal ReLUs and no offsets."""
    for seed in range(60):
        rng = np.random.default_rng([seed, kind == "random"])
        if kind == "random":
            a = random_model(rng)
        else:
            map = degenerate_map(rng)
            a = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c)
        if a.pwl_units == 0:
            continue
        b = moved(rng, a.map)
        found = compare(a, b, max_subregions=4)
        assert found.relation in ("conjugate", "same observable part"), seed
        order = list(found.permutation)
        z = 3 * rng.normal(size=(20, a.n_units))
        y = a.map.preactivation(a.map.step(z)) * found.scales
        y_b = b.map.preactivation(b.map.step(z @ found.T.T + found.t))[:, order]
        assert np.abs(y - y_b).max() < 1e-6 * max(np.abs(y).max(), 1), seed


def test_claims_of_equivalence_hold_for_near_misses():
    """One weight of a degenerate map changed: where the two still count as one, they must move alike."""
    claimed = 0
    for seed in range(120):
        rng = np.random.default_rng([seed, 7])
        map = degenerate_map(rng)
        parts = {name: np.array(getattr(map, name)) for name in ("A", "W", "V", "h", "c")}
        name = ("A", "W", "V", "h", "c")[seed % 5]
        parts[name].flat[rng.integers(parts[name].size)] += 0.25
        a = PLRNN.shallow(map.A, map.W, map.V, map.h, map.c)
        b = PLRNN.shallow(parts["A"], parts["W"], parts["V"], parts["h"], parts["c"])
        found = compare(a, b, max_subregions=4)
        if found.relation in ("conjugate", "same observable part"):
            claimed += 1
            z = 3 * rng.normal(size=(20, a.n_units))
            z_b = z @ found.T.T + found.t
            for _ in range(4):
                y, y_b = a.map.preactivation(z), b.map.preactivation(z_b)[:, list(found.permutation)]
                assert np.abs(y * found.scales - y_b).max() < 1e-6 * max(np.abs(y_b).max(), 1), seed
                z, z_b = a.map.step(z), b.map.step(z_b)
        else:
            assert found.relation == "same minimal part" or found.mismatch > 1e-3
    assert 5 < claimed < 115


@pytest.mark.parametrize("eigenvalue", [1.0, 0.5, -1.0, 1.2])
def test_a_mode_that_nothing_sees_does_not_hide_the_equality(eigenvalue):
    # With eigenvalue 1 the larger network has no unique rest state.
    rng = np.random.default_rng(0)
    A, W, V, C = (
        0.4 * rng.normal(size=(3, 3)),
        rng.normal(size=(3, 2)),
        rng.normal(size=(2, 3)),
        rng.normal(size=(3, 2)),
    )
    h, c = rng.normal(size=3), rng.normal(size=2)
    a = PLRNN.shallow(A, W, V, h, c, C=C)
    larger = np.zeros((4, 4))
    larger[:3, :3], larger[3, 3] = A, eigenvalue
    extra = [rng.normal(size=(1, 2)) for _ in range(2)]
    b = PLRNN.shallow(
        larger,
        np.vstack([W, extra[0]]),
        np.hstack([V, np.zeros((2, 1))]),
        np.append(h, 0.3),
        c,
        C=np.vstack([C, extra[1]]),
    )
    for found in (compare(a, b), compare(b, a)):
        assert found.relation == "same observable part" and found.mismatch < 1e-12


def test_other_matches_are_told_once():
    twins = PLRNN.al_rnn([0.5, 0.5], [[0.0, -1.0], [-1.0, 0.0]], [1.0, 1.0], pwl_units=2)
    said = compare(twins, twins).sentences()
    assert sum("other match" in sentence for sentence in said) == 1
