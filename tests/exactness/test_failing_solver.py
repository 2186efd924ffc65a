"""A solver of linear programs that fails has said nothing: no search that asked it claims to be complete."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize

from plrnn_analysis import PLRNN, GraphError, ModelError
from plrnn_analysis.polytopes import programs
from plrnn_analysis.reduce import Polytope


@pytest.fixture
def failures(monkeypatch):
    """Every call fails, and is counted; and the solver is asked where exact pivoting would do as well."""
    asked = []

    def fail(*arguments, **options):
        asked.append(options)
        return SimpleNamespace(status=4, x=None, fun=None, message="numerical difficulties")

    monkeypatch.setattr(scipy.optimize, "linprog", fail)
    monkeypatch.setattr(programs, "SMALL", 0)
    return asked


def lines() -> PLRNN:
    """Three lines in the plane: seven subregions of eight sign patterns."""
    return PLRNN.shallow(
        [0.5, 0.5], [[1, 0, 0], [0, 1, 0]], [[1, 0], [0, 1], [1, 1]], [0, 0], [0, 0, -1], C=[[1.0], [0.0]]
    )


def integrators() -> PLRNN:
    """I - A is zero and there are fewer ReLUs than units: again every subregion is singular."""
    W = [[0.0, 1.0, -1.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
    return PLRNN.al_rnn(np.ones(3), W, [0.0, -1.0, 1.0], pwl_units=2)


def driven_integrators() -> PLRNN:
    """All subregions are singular, so that the state stays in the linear programs; the third unit is driven."""
    return PLRNN.al_rnn([1.0, 1.0, 0.5], np.zeros((3, 3)), [0.0, 0.0, 0.25], pwl_units=2, C=[[0.0], [0.0], [1.0]])


def square() -> Polytope:
    L = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    return Polytope(L, np.ones(4))


def contracting() -> PLRNN:
    rng = np.random.default_rng(0)
    return PLRNN.al_rnn(rng.uniform(0.1, 0.5, 4), 0.3 * rng.normal(size=(4, 4)), rng.normal(size=4), pwl_units=2)


SEARCHES = {
    "regions": lambda: lines().regions(),
    "exact transition graph": lambda: lines().transition_graph(box=2.0, fixed_points=False),
    "fixed points, mixed problem": lambda: integrators().fixed_points(method="linear programs"),
    "input diagram, mixed problem": lambda: driven_integrators().input_diagram(0, (-1, 1), method="linear programs"),
    "cycles by prefixes": lambda: contracting().cycles(3, box=4.0, method="words in a box"),
    "slow manifolds": lambda: PLRNN.al_rnn([1.0, 1.0], np.zeros((2, 2)), [0.0, 0.0], 1).slow_manifolds(
        (-np.ones(2), np.ones(2))
    ),
    "reduce on a polytope": lambda: lines().reduce(square()),
    "reduce on what a run reached": lambda: lines().reduce(lines().simulate(20, z0=[[0.3, -0.2], [-0.4, 0.1]])),
}  # fmt: skip


def is_complete(result) -> bool:
    if hasattr(result, "complete_up_to"):
        return bool(result.complete_up_to == result.max_period)
    return bool(getattr(result, "complete", True))


def answer(search):
    """What a search returns, or its refusal."""
    try:
        return search()
    except (GraphError, ModelError) as error:
        return error


@pytest.mark.parametrize("name", SEARCHES)
def test_no_search_is_complete(failures, name):
    found = answer(SEARCHES[name])
    assert "solver of linear programs" in str(found) if isinstance(found, Exception) else not is_complete(found)
    assert failures


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_searches_with_a_solver_that_works(name):
    assert is_complete(SEARCHES[name]())
