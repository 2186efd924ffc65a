"""What the claims of the paper are measured with, on networks and bitcodes made for it."""

from __future__ import annotations

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_training.experiments.reproduce.claims import Claim, Verdict, by_majority
from plrnn_training.experiments.reproduce.cost import ModalForm
from plrnn_training.experiments.reproduce.measures import (
    concentration,
    family_test,
    leading_mode,
    linear_residual,
    switch_rate,
    valid_bitcodes,
)
from plrnn_training.experiments.reproduce.outcome import page


def driven(model, trials=6, steps=40, seed=0, lengths=None):
    inputs = np.random.default_rng(seed).standard_normal((trials, steps, model.n_inputs))
    return model.run(inputs, lengths=lengths)


def network(seed=0, pwl_units=3, m=6):
    rng = np.random.default_rng(seed)
    return pa.PLRNN.al_rnn(
        rng.uniform(0.2, 0.6, m), rng.normal(0, 0.3, (m, m)), rng.normal(0, 0.3, m), pwl_units=pwl_units,
        C=rng.standard_normal((m, 2)), B=rng.standard_normal((1, m)), b=np.zeros(1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        ([True, True, False], Verdict.SUPPORTED),
        ([True, False, False], Verdict.NOT_SUPPORTED),
        ([True, False], Verdict.NOT_DECIDABLE),
        ([None, True], Verdict.SUPPORTED),
        ([], Verdict.NOT_DECIDABLE),
    ],
)
def test_a_majority_decides_and_who_cannot_say_does_not_count(holds, verdict):
    assert by_majority(holds) == verdict


def test_steps_agree_with_the_linear_map_of_their_subregion_and_a_wrong_map_shows():
    model = network()
    run = driven(model)
    assert linear_residual(model, run) < 1e-12
    assert linear_residual(network(seed=1), run) > 1e-2


def test_padding_counts_neither_as_visit_nor_as_state():
    model = network()
    lengths = np.array([5, 10, 15, 20, 25, 40])
    run = driven(model, lengths=lengths)
    parts = valid_bitcodes(run)
    assert [len(part) for part in parts] == lengths.tolist()
    found = concentration(run)
    assert found.steps == lengths.sum() and found.possible == 8
    codes = {tuple(row) for part in parts for row in part.tolist()}
    assert found.visited == len(codes)
    assert found.for_90_percent <= found.visited and found.effective <= found.independent + 1e-9


def test_the_slowest_mode_and_its_cosine_with_the_first_component():
    """A slow unit that carries most of the variance beside fast ones."""
    model = pa.PLRNN.al_rnn(
        [0.99, 0.3, 0.2],
        np.zeros((3, 3)),
        np.zeros(3),
        pwl_units=0,
        C=[[1.0], [0.1], [0.1]],
        B=np.eye(3),
        b=np.zeros(3),
    )
    found = leading_mode(model, driven(model, trials=20, steps=200))
    assert found.modulus == pytest.approx(0.99) and found.next_modulus == pytest.approx(0.3)
    assert found.cosine > 0.99 and found.variance > 0.9 and found.components_for_90_percent == 1


def test_switches_are_counted_at_the_chosen_steps_and_elsewhere():
    model = pa.PLRNN.al_rnn([0.0], [[0.0]], [0.0], pwl_units=1, C=[[1.0]], B=[[1.0]], b=[0.0])
    signs = np.array([-1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    run = model.run(signs[None, :, None])
    chosen = np.zeros((1, 6), dtype=bool)
    chosen[0, 3] = True
    at, elsewhere = switch_rate(run, chosen)
    assert at == 1.0 and elsewhere == pytest.approx(0.25)
    at, elsewhere = switch_rate(model.run(signs[None, :, None], lengths=[5]), chosen)
    assert at == 1.0 and elsewhere == 0.0


def test_families_that_share_subregions_are_found_and_chance_is_not():
    rng = np.random.default_rng(0)
    rates = {"a1": 0.1, "a2": 0.12, "b1": 0.9, "b2": 0.88, "c1": 0.45, "c2": 0.5, "d": 0.7, "e": 0.3}
    parts = {name: [rng.random((50, 2)) < rate for _ in range(20)] for name, rate in rates.items()}
    related = family_test(parts, [("a1", "a2"), ("b1", "b2"), ("c1", "c2")], relabellings=999)
    unrelated = family_test(parts, [("a1", "b1"), ("a2", "c1"), ("b2", "e")], relabellings=999)
    assert related.within < related.between and related.p_value < 0.05
    assert unrelated.p_value > 0.3


@pytest.mark.parametrize("pwl_units", [0, 1, 3, 8])
def test_the_modal_form_takes_the_same_steps(pwl_units):
    rng = np.random.default_rng(pwl_units)
    A, W = rng.uniform(0.2, 0.6, 8), rng.normal(0, 0.15, (8, 8))
    states = rng.standard_normal((5, 8))
    wanted = pa.PLRNN.al_rnn(A, W, np.zeros(8), pwl_units=pwl_units).simulate(30, z0=states).states[:, -1]
    np.testing.assert_allclose(ModalForm.of(A, W, pwl_units).run(states, 30), wanted, atol=1e-10)


def test_the_page_tells_every_verdict_with_its_rule():
    claim = Claim("fig9", "Pigs fly.", Verdict.NOT_SUPPORTED, "One of ten flies.", {"flying": 0}, "None of ten did.")
    section = {"name": "fig9", "title": "Figure 9: pigs", "caption": "Pigs.", "claims": [claim.record()]}
    text = page([section], "plrnn reproduce fig9", 60.0)
    for part in ("Pigs fly.", "**not supported**", "One of ten flies.", "None of ten did.", "0 supported", "fig9.png"):
        assert part in text
