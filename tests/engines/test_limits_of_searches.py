"""What searches may take: time, candidates, threads, memory."""

from __future__ import annotations

import os
import threading
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from hard_searches import families, lozi, pairs, random_network

from plrnn_analysis import PLRNN, ModelError, regions
from plrnn_analysis.attractors import basin_slice, compositions, following
from plrnn_analysis.comparison import compare
from plrnn_analysis.engines import branching, driver, words
from plrnn_analysis.engines import budget as budgets
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.trajectories import simulate


def test_after_ctrl_c_little_time_is_left_for_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    budget, unlimited = Budget(None, 100.0), Budget(None, None)
    for one in (budget, unlimited):
        one.stop("interrupt")
        assert not one.overdue
    now[0] = 1.0
    assert budget.overdue and unlimited.overdue and budget.is_over()


def test_the_time_is_up_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    budget = Budget(None, 10.0)
    assert budget.portion(0.5).limit == 5.0 and Budget(None, None).portion(0.5).limit is None
    seen = []
    for now[0] in (9.9, 10.1, 10.5, 11.0):
        seen.append((budget.go_on(), budget.late, budget.overdue))
    assert seen == [(True, False, False), (False, False, False), (False, True, False), (False, True, True)]


@pytest.mark.parametrize("method", ["elimination", "linear programs"])
def test_candidates_of_all_trees_together_are_bounded(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "MAX_CANDIDATES", 100)
    for workers in (1, 4):
        found = pairs(8).fixed_points(method=method, workers=workers)
        assert found.coverage.stopped_by == "too many candidates"
        assert 0 < len(found) <= found.coverage.solved < 2000
    # More ReLUs, fewer of them.
    monkeypatch.undo()
    assert driver.most_candidates(400) < driver.most_candidates(4) == driver.MAX_CANDIDATES


def test_what_is_kept_of_cuts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_network(30, 30, 3.0)
    assert model.fixed_points(verify="farkas").complete
    checked = model.fixed_points(verify="farkas").coverage.cuts_checked
    monkeypatch.setattr(branching, "MOST_KEPT", 1000)
    assert 0 < model.fixed_points(verify="farkas").coverage.cuts_checked < checked


def test_words_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "LETTERS", 50)
    found = lozi().cycles(20, box=3.0)
    assert not found.complete and "memory" in {covered.stopped_by for covered in found.coverage.values()}


def test_long_cycles_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plrnn_analysis.cycles.MAX_UNITS", 10)
    found = random_network(4, 4, 0.5).cycles(10)
    assert found.complete_up_to == 2 and list(found.coverage) == [1, 2, 3]
    assert found.coverage[3].stopped_by == "memory" and found.coverage[2].stopped_by == ""


def test_jacobians_of_subregions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "JACOBIANS", 8 * 36 * 10)
    assert len(random_network(6, 6, 1.0).regions()) == 10


def test_words_composed_in_parts_are_the_same_map(monkeypatch: pytest.MonkeyPatch) -> None:
    map = random_network(5, 5, 0.5).map
    word = np.random.default_rng(0).random((100, 5)) < 0.5
    expected = compositions.affine_along(map, word, lambda: None)
    monkeypatch.setattr(compositions, "ENTRIES", 36 * 8)
    for one, other in zip(expected, compositions.affine_along(map, word, lambda: None), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=0.0)


def test_runs_are_followed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = pairs(2).attractors(n=40, box=3.0)
    monkeypatch.setattr(following, "HISTORY", 10 * (2 * 10_000 + following.SPARE))
    found = pairs(2).attractors(n=40, box=3.0)
    assert repr(found) == repr(expected)


def test_states_that_were_not_begun_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(budgets, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    found = pairs(2).attractors(n=2000, box=3.0, time_limit=30.0)
    assert found.stopped_by == "time_limit" and sum(one.count for one in found) == 2000
    assert found.assignment.shape == (2000,) and found.assignment.min() == 0


def test_rounds_of_the_heuristic_are_not_listed_beforehand() -> None:
    found = pairs(10).fixed_points(method="scyfi", restarts=2**40, inner=3, max_nodes=500)
    assert found.coverage.stopped_by == "max_nodes" and found.coverage.nodes <= 500


def test_continua_that_lie_in_others_are_told_apart_as_one_by_one() -> None:
    found = families(2).fixed_points()
    assert found.complete and len(found) + len(found.continua) == 4


@pytest.mark.parametrize("workers", [1025, 10**5])
def test_more_threads_than_any_machine_has_processors_are_refused(workers: int) -> None:
    model = random_network(2, 2, 0.5, inputs=1)
    calls = (
        lambda: model.fixed_points(workers=workers),
        lambda: model.cycles(2, workers=workers),
        lambda: model.input_diagram(0, (0, 1), workers=workers),
        lambda: simulate(model, 10, workers=workers),
        lambda: model.lyapunov(10, workers=workers),
    )
    for call in calls:
        with pytest.raises(ModelError, match=r"workers must be a whole number in 1\.\.1024"):
            call()


def test_a_thousand_workers_are_few_threads() -> None:
    # Other tests of this process may have left some.
    before, most = threading.active_count(), []
    pairs(4).fixed_points(method="elimination", workers=1000, progress=lambda _: most.append(threading.active_count()))
    simulate(random_network(2, 2, 0.5), 10, n=5000, workers=1000)
    assert threading.active_count() <= before
    assert max(most) <= before + max(16, 2 * os.cpu_count())


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.simulate(10**12),
        lambda model: model.attractors(n=10**11),
        lambda model: basin_slice(model, resolution=10**6),
        lambda model: compare(wide(), wide()),
    ],
)
def test_what_no_machine_can_hold_is_refused(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plrnn_analysis._validation._memory", lambda: 24e9)
    with pytest.raises(ModelError, match=r"would take .* GB, which this machine does not have: "):
        call(random_network(3, 3, 0.5))


def wide() -> PLRNN:
    return PLRNN.al_rnn(np.full(900, 0.5), np.zeros((900, 900)), np.ones(900), pwl_units=900)
