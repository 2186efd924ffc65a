"""Nothing that happens to a network depends on the units of its states, ReLU arguments or offsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.bifurcations import Bifurcations, bifurcation_plane, bifurcations
from plrnn_analysis.border_collisions import classify_border_collision

UNITS = 3


def shallow(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "A": rng.uniform(-0.5, 0.5, (2, 2)),
        "W1": 1.5 * rng.normal(size=(2, UNITS)),
        "W2": rng.normal(size=(UNITS, 2)),
        "h1": rng.normal(size=2),
        "h2": rng.normal(size=UNITS),
    }


def in_other_units(p: dict[str, np.ndarray], state: np.ndarray, relu: np.ndarray) -> dict[str, np.ndarray]:
    """The same network with states and ReLU arguments multiplied by powers of two."""
    return {
        "A": state[:, None] * p["A"] / state,
        "W1": state[:, None] * p["W1"] / relu,
        "W2": relu[:, None] * p["W2"] / state,
        "h1": state * p["h1"],
        "h2": relu * p["h2"],
    }


def said(found: Bifurcations, scale: float, state: np.ndarray) -> list[tuple[Any, ...]]:
    events = [
        (round(e.value / scale, 8), e.kind, e.before, e.after, np.round(e.points / state, 8).tolist()) for e in found
    ]
    branches = [(b.word, round(b.start / scale, 8), np.round(b.points[0] / state, 8).tolist()) for b in found.branches]
    return [*sorted(events), *sorted(branches), (found.complete,)]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 7, 9, 10, 11, 12, 16, 17])
def test_events_and_branches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = shallow(rng)
    grid = np.linspace(-1.0, 1.0, 5)
    plain = said(PLRNN.shallow(**weights).bifurcations(("h2", 0), grid, max_period=2), 1.0, np.ones(2))
    assert len(plain) > 1, "nothing happens: another seed"
    for order in (20, -20):
        offsets = 2.0 ** int(rng.choice([-30, 0, 30]))
        state = offsets * 2.0 ** np.array([order, -order])
        relu = offsets * 2.0 ** rng.integers(-20, 21, UNITS)
        model = PLRNN.shallow(**in_other_units(weights, state, relu))
        assert said(model.bifurcations(("h2", 0), grid * relu[0], max_period=2), relu[0], state) == plain


def test_planes_have_their_points_in_the_users_units() -> None:
    def tent(a: float, b: float) -> PLRNN:
        return PLRNN.al_rnn(A=[a], W=[[b - a]], h=[2.0**30], pwl_units=1)

    plane = bifurcation_plane(tent(0.0, 0.0), tent, [0.5, 1.5], [-1.5, -0.5])
    events = [event for x, _, event in plane.events() if x == 0.5]
    assert [e.kind for e in events] == ["degenerate flip"]
    assert events[0].points[0, 0] == pytest.approx(2.0**29, rel=1e-9)


@pytest.mark.parametrize("factor", [2.0**20, 2.0**-20, 2.0**40])
def test_feigins_rule(factor: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        one = rng.normal(size=(3, 3))
        two = one + np.outer(rng.normal(size=3), rng.normal(size=3))
        units = np.array([1.0, factor, 1.0 / factor])
        plain = classify_border_collision(one, two)
        other = classify_border_collision(one * units / units[:, None], two * units / units[:, None])
        assert (other.kind, other.above_one, other.below_minus_one) == (
            plain.kind,
            plain.above_one,
            plain.below_minus_one,
        )


@pytest.mark.parametrize("order", [-30, 30])
def test_a_function_of_a_parameter_in_other_units(order: int) -> None:
    """Not affine, so found by sampling: the parameter's units matter as little as those of the states."""

    def tent(theta: float) -> PLRNN:
        return PLRNN.al_rnn(A=[0.4], W=[[-1.9]], h=[theta**2 - 0.25], pwl_units=1)

    def in_units(theta: float) -> PLRNN:
        return tent(theta / 2.0**order)

    grid = np.linspace(0.0, 1.0, 4)
    plain = bifurcations(tent(1.0), tent, grid)
    other = bifurcations(tent(1.0), in_units, grid * 2.0**order)
    assert [event.kind for event in plain] == [event.kind for event in other] == ["persistence + 2-cycle"]
    assert plain[0].value == pytest.approx(0.5, abs=1e-12)
    assert other[0].value / 2.0**order == pytest.approx(0.5, abs=1e-12)
