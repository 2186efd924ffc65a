"""Modes against plain NumPy and closed forms; principal components against their definition."""

from __future__ import annotations

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.explain import explain
from plrnn_analysis.linear_limit import addition_trials, exact_addition_solver
from plrnn_analysis.modes import classify_mode, find_modes, modes_table, principal_components
from plrnn_analysis.modes.eigen import eigensystem, henrici_departure


def linear(J, C=None, B=None) -> PLRNN:
    """A linear model with this Jacobian."""
    J = np.asarray(J, dtype=float)
    return PLRNN.al_rnn(A=J, W=np.zeros_like(J), h=np.zeros(len(J)), pwl_units=0, C=C, B=B)


def random_model(seed, m=7, p=3) -> PLRNN:
    rng = np.random.default_rng(seed)
    return PLRNN.al_rnn(
        A=rng.uniform(0.1, 0.9, m),
        W=rng.normal(size=(m, m)) / np.sqrt(m),
        h=rng.normal(size=m),
        pwl_units=p,
        C=rng.normal(size=(m, 3)),
        B=rng.normal(size=(2, m)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_random_subregions_against_numpy(seed):
    model = random_model(seed)
    rng = np.random.default_rng(seed)
    code = "".join(rng.choice(["0", "1"], 3))
    (region,) = model.modes(code)
    A, W, C = (model.parameters[name] for name in "AWC")
    gates = np.array([1.0] * 4 + [float(c) for c in code])
    J = np.diag(A) + W * gates
    assert np.allclose(region.jacobian, J) and region.bitcode == code
    values = np.linalg.eigvals(J)
    mine = [m.eigenvalue for m in region.modes] + [m.eigenvalue.conjugate() for m in region.modes if m.eigenvalue.imag]
    assert np.allclose(sorted(values, key=lambda v: (v.real, v.imag)), sorted(mine, key=lambda v: (v.real, v.imag)))
    moduli = [abs(m.eigenvalue) for m in region.modes]
    assert moduli == sorted(moduli, reverse=True)
    for i, mode in enumerate(region.modes):
        assert np.allclose(J @ mode.right, mode.eigenvalue * mode.right)
        assert np.allclose(mode.left @ J, mode.eigenvalue * mode.left)
        assert np.linalg.norm(mode.right) == pytest.approx(1.0)
        for j, other in enumerate(region.modes):
            assert abs(mode.left @ other.right - (i == j)) < 1e-9
        assert mode.condition == pytest.approx(np.linalg.norm(mode.left)) and not mode.defective
        assert np.allclose(mode.input_gains, np.abs(mode.left @ C))
        assert mode.input_gain == pytest.approx(np.linalg.norm(mode.input_gains))
        assert np.allclose(mode.readout_gains, np.abs(model.B @ mode.right))
        assert mode.readout_gain == pytest.approx(np.linalg.norm(mode.readout_gains))
    departure = np.sqrt(np.sum(J**2) - np.sum(np.abs(values) ** 2)) / np.sqrt(np.sum(J**2))
    assert region.henrici == pytest.approx(departure, abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_condition_is_the_sensitivity_of_the_eigenvalue(seed):
    (region,) = random_model(seed).modes("101")
    J, size = region.jacobian, 1e-7
    for mode in region.modes:
        worst = np.outer(mode.left.conj(), mode.right.conj())
        moved = np.linalg.eigvals(J + size * worst / np.linalg.norm(worst))
        assert np.min(np.abs(moved - mode.eigenvalue)) == pytest.approx(size * mode.condition, rel=1e-3)


@pytest.mark.parametrize(("modulus", "period"), [(0.9, 7.0), (0.5, 3.0), (0.9999, 100.0), (1.2, 12.5)])
def test_planted_rotation(modulus, period):
    angle = 2 * np.pi / period
    turn = modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1.0, 0.3], [0.0, 1.0]])
    (region,) = linear(shear @ turn @ np.linalg.inv(shear)).modes("-")
    (mode,) = region.modes
    assert mode.period == pytest.approx(period) and mode.time_constant == pytest.approx(-1 / np.log(modulus))
    kinds = {0.9: "oscillating", 0.5: "oscillating", 0.9999: "marginal rotation", 1.2: "unstable rotation"}
    assert mode.kind == kinds[modulus] and mode.input_gain == 0.0 and np.isnan(mode.readout_gain)


def test_words_and_periods_of_real_eigenvalues():
    (region,) = linear(np.diag([1.0, 0.995, 0.98, 0.0, -0.3, -1.0, 1.3, -1.3])).modes("-")
    found = {m.eigenvalue.real: m for m in region.modes}
    kinds = {value: mode.kind for value, mode in found.items()}
    assert kinds == {
        1.0: "integrator", 0.995: "integrator", 0.98: "decaying", 0.0: "decaying", -0.3: "oscillating",
        -1.0: "marginal rotation", 1.3: "unstable", -1.3: "unstable rotation",
    }  # fmt: skip
    assert [found[v].period for v in (1.0, 0.0, -0.3, -1.0)] == [np.inf, np.inf, 2.0, 2.0]
    assert [found[v].time_constant for v in (1.0, -1.0, 0.0)] == [np.inf, np.inf, 0.0]
    assert found[1.3].time_constant == pytest.approx(-1 / np.log(1.3)) and found[1.3].time_constant < 0
    assert region.henrici == 0.0
    assert classify_mode(0.98, marginal=0.05) == "integrator" and classify_mode(1.0, marginal=0.0) == "integrator"
    assert classify_mode(0.999 + 0.001j) == "integrator" and classify_mode(0.5 + 0.1j) == "oscillating"


def test_exact_solver_has_one_integrator_written_through_the_gate():
    model = exact_addition_solver()
    closed, opened = find_modes(model, ["0", "1"])
    table = modes_table([closed, opened])
    slow = [i for i, kind in enumerate(table["kind"]) if kind == "integrator"]
    assert [table["bitcode"][i] for i in slow] == ["0", "1"] and [table["readout_gain"][i] for i in slow] == [1.0, 1.0]
    # Nothing is written on the sum directly; while the gate is open value and mark arrive with weight 1.
    assert np.array_equal(table["input_gains"][slow[0]], [0.0, 0.0])
    assert np.allclose(table["input_gains"][slow[1]], [1.0, 1.0])
    assert np.allclose(opened.modes[0].left / opened.modes[0].left[0], [1.0, 1.0])
    assert closed.henrici == 0.0 and opened.henrici == pytest.approx(1 / np.sqrt(2))
    assert closed.table()["time_constant"] == [np.inf, 0.0]


def similar(J, seed=0):
    basis = np.random.default_rng(seed).normal(size=np.shape(J))
    return basis @ J @ np.linalg.inv(basis)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("coupling", [1.0, 1e-3])
def test_jordan_block_is_called_defective_and_the_rest_is_right(turned, coupling):
    J = np.diag([0.9, 0.9, 0.5, -0.2])
    J[0, 1] = coupling
    J = similar(J) if turned else J
    (region,) = linear(J, C=np.ones((4, 1)), B=np.ones((1, 4))).modes("-")
    block = [m for m in region.modes if abs(m.eigenvalue - 0.9) < 1e-5]
    rest = [m for m in region.modes if abs(m.eigenvalue - 0.9) >= 1e-5]
    assert 1 <= len(block) <= 2 and len(rest) == 2
    for mode in block:
        assert mode.defective and mode.condition > 1e5 and mode.input_gain == np.inf and np.all(np.isnan(mode.left))
        assert np.allclose(J @ mode.right, 0.9 * mode.right, atol=1e-6) and np.isfinite(mode.readout_gain)
    for mode in rest:
        assert not mode.defective and mode.condition < 100
        assert np.allclose(mode.left @ J, mode.eigenvalue * mode.left) and mode.left @ mode.right == pytest.approx(1.0)


def test_defective_without_input_has_no_gain():
    (region,) = linear([[0.5, 1.0], [0.0, 0.5]], C=[[0.0, 1.0], [0.0, 1.0]]).modes("-")
    assert region.modes[0].defective and np.array_equal(region.modes[0].input_gains, [0.0, np.inf])


@pytest.mark.parametrize("J", [0.7 * np.eye(4), similar(np.diag([0.7, 0.7, 0.7, 0.2])), np.zeros((3, 3))])
def test_multiple_eigenvalues_with_all_eigenvectors_are_biorthonormal(J):
    system = eigensystem(J)
    assert not np.any(system.defective) and np.allclose(system.left @ system.right, np.eye(len(J)))
    assert np.allclose(system.right @ np.diag(system.values) @ system.left, J)


def test_transient_growth():
    J = np.array([[0.9, 5.0], [0.0, 0.8]])
    (region,) = linear(J).modes("-")
    peak, step, proven = region.transient_growth()
    norms = [np.linalg.norm(np.linalg.matrix_power(J, k), 2) for k in range(300)]
    assert peak == pytest.approx(max(norms)) and step == int(np.argmax(norms)) and proven
    assert region.transient_growth(2) == (pytest.approx(max(norms[:3])), 2, False)
    (quiet,) = linear(np.diag([0.9, -0.5])).modes("-")
    assert quiet.transient_growth() == (1.0, 0, True)
    (growing,) = linear([[2.0]]).modes("-")
    assert growing.transient_growth(3) == (8.0, 3, False)
    assert growing.transient_growth(5000)[0] == np.inf
    with pytest.raises(ModelError, match="horizon"):
        quiet.transient_growth(0)


def test_henrici_is_unitarily_invariant_and_one_for_nilpotent():
    rng = np.random.default_rng(3)
    J, (Q, _) = rng.normal(size=(6, 6)), np.linalg.qr(rng.normal(size=(6, 6)))
    assert henrici_departure(Q @ J @ Q.T) == pytest.approx(henrici_departure(J))
    assert henrici_departure(np.array([[0.0, 3.0], [0.0, 0.0]])) == 1.0
    assert henrici_departure(np.zeros((2, 2))) == 0.0
    assert henrici_departure(Q) == pytest.approx(0.0, abs=1e-13)


def test_input_inside_the_relu_arrives_through_active_units_only():
    model = PLRNN.relu_rnn(W_hh=[[0.5, 0.0], [0.0, 0.3]], bias=[1.0, -9.0], W_ih=[[2.0, 1.0], [3.0, 0.0]], B=np.eye(2))
    (region,) = model.modes("10")
    assert np.allclose([m.eigenvalue for m in region.modes], [0.5, 0.0])
    assert np.allclose(region.modes[0].input_gains, [2.0, 1.0]) and region.modes[1].input_gain == 0.0
    assert np.allclose(region.modes[0].readout_gains, [1.0, 0.0])


def test_shallow_models_and_limits():
    rng = np.random.default_rng(5)
    model = PLRNN.shallow(
        rng.normal(size=2), rng.normal(size=(2, 4)), rng.normal(size=(4, 2)), np.zeros(2), np.zeros(4)
    )
    (region,) = model.modes("0101", n_modes=1)
    W1, W2 = model.parameters["W1"], model.parameters["W2"]
    J = np.diag(model.parameters["A"]) + W1[:, [1, 3]] @ W2[[1, 3]]
    assert np.allclose(region.jacobian, J) and len(region.modes) == 1
    assert abs(region.modes[0].eigenvalue) == pytest.approx(np.abs(np.linalg.eigvals(J)).max())
    assert repr(region) == "<SubregionModes 0101: 1 mode>"
    with pytest.raises(ModelError, match="4 characters"):
        model.modes("01")
    with pytest.raises(ModelError, match="n_modes"):
        model.modes("0101", n_modes=0)
    with pytest.raises(ModelError, match="marginal"):
        model.modes("0101", marginal=1.0)
    with pytest.raises(ValueError, match="read-only"):
        region.jacobian[0, 0] = 1.0


def test_explain_gives_the_modes_of_visited_subregions():
    model = exact_addition_solver()
    found = explain(model, model.run(addition_trials(50, 20)[0]), n_modes=1)
    direct = find_modes(model, [r.bitcode for r in found], n_modes=1)
    for region, same in zip(found, direct):
        assert region.modes[0].eigenvalue == same.modes[0].eigenvalue and region.henrici == same.henrici
        assert np.array_equal(region.modes[0].input_gains, same.modes[0].input_gains)
    assert found.table()["frequency"] == [r.frequency for r in found]


def test_principal_components_against_the_covariance():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(4, 500, 5)) @ rng.normal(size=(5, 5)) + rng.normal(size=5)
    found = principal_components(data)
    flat = data.reshape(-1, 5)
    covariance = np.cov(flat.T, bias=True)
    values = np.sort(np.linalg.eigvalsh(covariance))[::-1]
    assert np.allclose(found.variances, values) and found.n_states == 2000 and np.allclose(found.mean, flat.mean(0))
    assert np.allclose(found.components @ covariance @ found.components.T, np.diag(values))
    assert np.allclose(found.components @ found.components.T, np.eye(5))
    assert found.explained.sum() == pytest.approx(1.0)
    assert found.participation_ratio == pytest.approx(np.trace(covariance) ** 2 / np.trace(covariance @ covariance))


def test_principal_components_of_degenerate_states():
    line = principal_components(np.outer(np.arange(9.0), [0.0, -3.0, -4.0]))
    assert np.allclose(line.components[0], [0.0, 0.6, 0.8]) and line.participation_ratio == pytest.approx(1.0)
    still = principal_components(np.ones((1, 3)))
    assert np.array_equal(still.explained, np.zeros(3)) and np.isnan(still.participation_ratio)
    assert still.components.shape == (3, 3)
    isotropic = principal_components(np.vstack([np.eye(3), -np.eye(3)]))
    assert isotropic.participation_ratio == pytest.approx(3.0)
    with pytest.raises(ModelError, match="at least two axes"):
        principal_components([1.0, 2.0])
    with pytest.raises(ModelError, match="NaN"):
        principal_components([[np.nan, 1.0]])
    with pytest.raises(ModelError, match="at least one state"):
        principal_components(np.zeros((0, 2)))


def test_alignment_with_slow_modes():
    angle = 0.3
    slow = np.array([np.cos(angle), np.sin(angle), 0.0])
    basis = np.stack([slow, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], axis=1)
    (region,) = linear(basis @ np.diag([0.999, 0.5, 0.2]) @ np.linalg.inv(basis)).modes("-")
    states = np.random.default_rng(1).normal(size=(4000, 3)) * [10.0, 1.0, 0.1]
    components = principal_components(states - states.mean(0))
    found = components.alignment(region, n_components=2)
    assert found.dimension == 1 and found.bitcode == "-"
    assert np.allclose(found.cosines, np.abs(components.components[:2] @ slow), atol=1e-9)
    # The first two components span nearly the plane that holds the slow mode.
    assert found.angles[0] == pytest.approx(np.arccos(np.linalg.norm(components.components[:2] @ slow)), abs=1e-7)
    assert found.angles[0] < 0.01 < components.alignment(region, n_components=1).angles[0]
    turning = linear([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.3]]).modes("-")[0]
    assert components.alignment(turning, 2).dimension == 2
    none = components.alignment(linear(0.3 * np.eye(3)).modes("-")[0], 2)
    assert none.dimension == 0 and none.angles.size == 0 and np.array_equal(none.cosines, [0.0, 0.0])
    with pytest.raises(ModelError, match="n_components"):
        components.alignment(region, 4)
    with pytest.raises(ModelError, match="3 units"):
        components.alignment(linear([[1.0]]).modes("-")[0])


@pytest.mark.parametrize("seed", range(30))
def test_units_of_the_states_do_not_matter(seed):
    """Kinds, times and defects stay, and so does what an input does to a readout through a mode."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 6))
    A, B, C = rng.normal(size=(m, m)), rng.normal(size=(1, m)), rng.normal(size=(m, 1))
    if seed % 3 == 0:
        A = np.triu(A)
        A[1, 1] = A[0, 0]  # a double eigenvalue with one eigenvector

    def told(units):
        weights = (units[:, None] * A / units, np.zeros((m, m)), units)
        model = PLRNN.al_rnn(*weights, pwl_units=0, B=B / units, C=units[:, None] * C)
        rows = model.modes("-")[0].modes
        gains = [0.0 if mode.defective else mode.input_gain * mode.readout_gain for mode in rows]
        return [(mode.kind, mode.defective) for mode in rows], [mode.time_constant for mode in rows], gains

    kinds, times, gains = told(np.ones(m))
    assert any(defective for _, defective in kinds) == (seed % 3 == 0)
    for order in (10, 20):
        moved = told(2.0 ** rng.integers(-order, order + 1, m))
        assert moved[0] == kinds
        assert np.allclose(moved[1], times, rtol=1e-5) and np.allclose(moved[2], gains, rtol=1e-5)
