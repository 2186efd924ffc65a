"""Branches and events against closed forms, exhaustion at random values, and the exact searches."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import oracle
import pytest
from systems import CASES, degenerate_map, known, random_model

from plrnn_analysis import PLRNN
from plrnn_analysis.bifurcations import Bifurcations, Branch, bifurcation_plane, bifurcations, path_through
from plrnn_analysis.bifurcations.searches import search_at
from plrnn_analysis.errors import ModelError
from plrnn_analysis.plotting.bifurcation_diagram import plot_bifurcation_diagram
from plrnn_analysis.plotting.bifurcation_plane import plot_bifurcation_plane

SCENARIOS = sorted(name[:-4] for name in CASES if name.startswith("bc") and name.endswith("mu+1"))


def skew(left: float, right: float, offset: float = 1.0) -> PLRNN:
    """x' = left x + offset for x <= 0, right x + offset for x > 0."""
    return PLRNN.al_rnn(A=[left], W=[[right - left]], h=[offset], pwl_units=1)


def at(branch: Branch, value: float) -> bool:
    return branch.start <= value <= branch.stop


# Known scenarios


@pytest.mark.parametrize("values", [[-1.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, -0.3, 0.2, 1.0]], ids=str)
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("max_period", [1, 2, 4])
def test_known_border_collisions(name: str, values: list[float], max_period: int) -> None:
    case = CASES[f"{name}mu+1"]
    model = known(case)
    assert model is not None
    found = bifurcations(model, ("h", model.n_units - 1), values, max_period=max_period)
    first = next(event for event in found if event.period == 1)
    assert first.kind == case["expected"]["scenario_across_mu0"]
    assert abs(first.value) < 1e-14
    assert np.max(np.abs(first.points)) < 1e-14
    assert first.relus == (0,)
    assert first.recount is not None and first.recount.agrees
    assert found.complete
    for sign, column in (("-1", 0), ("+1", -1)):
        wanted = CASES[f"{name}mu{sign}"]["expected"]["cycles_by_order"]
        assert found.counts[column].tolist() == [wanted[str(k)] for k in range(1, max_period + 1)]
        edge = values[column]
        for k in range(1, max_period + 1):
            assert sum(at(b, edge) for b in found.branches if b.period == k) == wanted[str(k)]


@pytest.mark.parametrize("name", [n for n in SCENARIOS if n.startswith("bcnf2d")])
def test_the_same_with_a_diagonal(name: str) -> None:
    case = CASES[f"{name}mu+1"]
    d = case["diagonal_A_embedding"]

    def model(mu: float) -> PLRNN:
        return PLRNN.al_rnn(d["A_diag"], d["W"], mu * np.array(d["h"]), relu_units=d["relu_units"])

    found = bifurcations(model(1.0), model, [-1.0, 0.37, 1.0])
    assert [event.kind for event in found] == [case["expected"]["scenario_across_mu0"]]
    assert abs(found[0].value) < 1e-14


def random_collision(seed: int) -> tuple[Bifurcations, int]:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 6))
    scale = rng.choice([0.5, 1.0, 2.0])
    A, W, h = scale * rng.normal(size=(m, m)), np.zeros((m, m)), rng.normal(size=m)
    W[:, -1] = 2.0 * scale * rng.normal(size=m)

    def model(mu: float) -> PLRNN:
        return PLRNN.al_rnn(A, W, mu * h, pwl_units=1)

    longest = 1 + seed % 2
    return bifurcations(model(1.0), model, [-1.0, 1.0], max_period=longest), longest


def test_random_collisions_are_what_the_searches_find() -> None:
    kinds: dict[str, int] = {}
    for seed in range(150):
        found, longest = random_collision(seed)
        (event,) = (e for e in found if e.period == 1)
        kinds[event.kind] = kinds.get(event.kind, 0) + 1
        assert abs(event.value) < 1e-12 and event.note == "" and found.complete, seed
        assert event.recount is not None and event.recount.agrees, seed
        rule = event.collision
        assert rule is not None
        change = {k: abs(event.recount.above[k] - event.recount.below[k]) for k in (1, 2)}
        assert change == {1: 2 * int(bool(rule.fold)), 2: int(bool(rule.two_cycle))}, seed
        words = [*event.before, *event.after]
        assert sum(len(word) == 1 for word in words) == 2
        assert sum(len(word) == 2 for word in words) == (longest == 2 and bool(rule.two_cycle)), seed
    assert set(kinds) == {
        "persistence", "nonsmooth fold", "persistence + 2-cycle", "nonsmooth fold + 2-cycle"
    } and min(kinds.values()) >= 5  # fmt: skip


# Random models of every architecture


def random_family(seed: int) -> tuple[PLRNN, tuple[Any, ...], np.ndarray]:
    rng = np.random.default_rng(seed)
    while True:
        model = random_model(rng)
        # A leak and kinks in their order have ends, beyond which there is no model.
        name = str(rng.choice([name for name in model.parameters if name not in ("alpha", "kinks")]))
        if model.parameters[name].size:
            break
    index = tuple(int(rng.integers(n)) for n in model.parameters[name].shape)
    reach = rng.uniform(0.5, 4.0) * np.linspace(-1.0, 1.0, int(rng.integers(2, 6)))
    return model, (name, *index), model.parameters[name][index] + reach


def moved(model: PLRNN, parameter: tuple[Any, ...], value: float) -> PLRNN:
    changed = model.parameters[parameter[0]].copy()
    changed[parameter[1:]] = value
    return PLRNN(model.architecture, {**model.parameters, parameter[0]: changed}, model.relu_units)


@pytest.mark.parametrize("seed", range(60))
def test_branches_against_exhaustion(seed: int) -> None:
    model, parameter, values = random_family(seed)
    found = bifurcations(model, parameter, values)
    assert found.complete
    rng = np.random.default_rng([seed, 1])
    for value in rng.uniform(values[0], values[-1], 6):
        if any(abs(event.value - value) < 1e-4 for event in found):
            continue
        map = moved(model, parameter, value).map
        points, unclear = oracle.brute_force(map.A, map.W, map.V, map.c, map.h)
        if unclear:
            continue
        wanted = sorted("".join(map_bits) or "-" for map_bits in (["01"[int(b)] for b in bits] for bits, _ in points))
        assert sorted(branch.word[0] for branch in found.branches if at(branch, value)) == wanted
    for branch in found.branches:
        for value, points in zip(branch.values, branch.points, strict=True):
            map = moved(model, parameter, value).map
            size = 1.0 + np.max(np.abs(points)) * (1.0 + np.abs(map.A).sum() + np.abs(map.W).sum())
            assert np.max(np.abs(map.step(points[0]) - points[0])) < 1e-9 * size


@pytest.mark.parametrize("seed", range(80, 120))
def test_events_against_the_exact_searches(seed: int) -> None:
    model, parameter, values = random_family(seed)
    if model.pwl_units > 6:
        values = values[[0, -1]]
    found = bifurcations(model, parameter, values, max_period=2 if model.pwl_units <= 6 else 1)
    assert found.complete
    assert [event.value for event in found] == sorted(event.value for event in found)
    for event in found:
        assert event.recount is None or event.recount.agrees
        if event.at_border and np.all(np.isfinite(event.points)):
            map = moved(model, parameter, event.value).map
            argument = map.preactivation(event.points)
            size = np.abs(event.points) @ np.abs(map.V).T + np.abs(map.c)
            # Where point and offset are zero, up to rounding, the range of the parameter says what is small.
            size += 1e-3 * max(np.max(np.abs(event.points)), np.max(np.abs(values)))
            assert np.min(np.abs(argument / np.where(size > 0, size, 1.0))[:, event.relus[0]]) < 1e-9
    recounted = [event.recount is not None for event in found]
    assert sum(recounted) >= 0.8 * len(recounted)


@pytest.mark.slow
def test_many_families() -> None:
    for seed in range(2000, 2400):
        model, parameter, values = random_family(seed)
        found = bifurcations(model, parameter, values, max_period=2 if model.pwl_units <= 6 else 1)
        assert found.complete, seed
        assert all(event.recount is None or event.recount.agrees for event in found), seed


def test_integer_weights() -> None:
    """Points on boundaries, singular subregions and continua everywhere: mostly settled, never silently wrong."""
    settled = total = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        d = degenerate_map(rng)
        model = PLRNN.shallow(d.A, d.W, d.V, d.h, d.c)
        name = str(rng.choice(["A", "W1", "W2", "h1", "h2"]))
        index = tuple(int(rng.integers(n)) for n in model.parameters[name].shape)
        found = bifurcations(model, (name, *index), [-2.0, -1.0, 0.0, 1.0, 2.0], max_period=1 + seed % 2)
        total += 1
        settled += found.complete
        assert found.complete or any("disagree" in note or "tried" in note for note in found.notes)
        for value, count, continua in zip(found.values, found.counts, found.continua, strict=True):
            away = all(abs(event.value - value) > 1e-6 for event in found)
            if found.complete and away and not continua:
                assert [sum(at(b, value) for b in found.branches if b.period == k + 1) for k in range(len(count))] == (
                    count.tolist()
                )
    assert settled >= 0.9 * total


# Events by hand


def test_multiplier_minus_one_and_one_by_hand() -> None:
    b, c, d = 0.7, -0.4, 0.3
    model = PLRNN.al_rnn([[0.0, b], [c, d]], np.zeros((2, 2)), [1.0, 0.5], pwl_units=0)
    found = bifurcations(model, ("A", 0, 0), [-3.0, 3.0])
    assert [event.kind for event in found] == ["degenerate flip", "through infinity"]
    # det(J + I) = (a + 1)(d + 1) - bc and det(J - I) = (a - 1)(d - 1) - bc vanish.
    assert found[0].value == pytest.approx(b * c / (d + 1.0) - 1.0, abs=1e-13)
    assert found[1].value == pytest.approx(b * c / (d - 1.0) + 1.0, abs=1e-13)
    assert found[0].stability == ("saddle", "stable node")
    assert found[1].stability[0] == "stable node" and np.all(np.isnan(found[1].points))
    assert all(event.degenerate and not event.at_border for event in found)


@pytest.mark.parametrize("curved", [False, True])
def test_complex_pair_by_hand(curved: bool) -> None:
    """x' = t x - d y: multipliers of modulus sqrt(d)."""

    def model(theta: float) -> PLRNN:
        d = theta**3 if curved else theta
        return PLRNN.al_rnn([[0.5, -d], [1.0, 0.0]], np.zeros((2, 2)), [1.0, 0.0], pwl_units=1)

    found = bifurcations(model(0.5), model, [0.3, 1.7])
    (event,) = found
    assert event.kind == "degenerate Neimark-Sacker"
    assert event.value == pytest.approx(1.0, abs=1e-12)
    assert event.stability == ("stable spiral", "unstable spiral")
    assert any("not affine" in note for note in found.notes) == curved


def test_crossing_at_a_value_is_one_event() -> None:
    model = PLRNN.al_rnn([0.5], [[0.0]], [1.0], pwl_units=0)
    for values in ([-2.0, -1.0, 0.0, 1.0, 2.0], [-2.0, 2.0], [-1.7, -0.3, 0.2, 1.9]):
        found = bifurcations(model, ("A", 0), values)
        assert [event.kind for event in found] == ["degenerate flip", "through infinity"]
        assert [event.value for event in found] == pytest.approx([-1.0, 1.0], abs=1e-13)
        assert len(found.branches) == 2


def test_a_continuum_on_the_way() -> None:
    """x' = a x + |x|-like with no offset: the origin is on the boundary for all a."""
    found = bifurcations(PLRNN.al_rnn([0.5], [[-0.3]], [0.0], pwl_units=1), ("A", 0), [-0.5, 0.4, 1.7])
    kinds = [event.kind for event in found]
    assert "continuum" in kinds
    assert found[kinds.index("continuum")].value == pytest.approx(1.0, abs=1e-12)
    assert all(branch.on_border for branch in found.branches)
    assert any("one-sided" in note for note in found.notes)


def test_two_crossings_between_two_values() -> None:
    """The ReLU reads 0.2 - theta^2, once through weights (affine), once through a function."""

    def chain(theta: float) -> PLRNN:
        W = [[0.0, 0.0, 0.0], [theta, 0.0, 0.0], [0.0, -1.0, -0.5]]
        return PLRNN.al_rnn([0.0] * 3, W, [theta, 0.0, 0.2], pwl_units=1)

    for make in (chain, lambda theta: skew(0.4, -0.1, 0.2 - theta**2)):
        found = bifurcations(make(0.0), make, [-1.0, 1.0])
        assert [event.value for event in found] == pytest.approx([-np.sqrt(0.2), np.sqrt(0.2)], abs=1e-12)
        assert {event.kind for event in found} == {"persistence"}
        assert sorted(branch.word for branch in found.branches) == [("0",), ("0",), ("1",)]


def test_a_crossing_at_zero_speed() -> None:
    """The offset is the cube of the parameter: a triple root, on which root finding is slow."""
    for shift in (0.0, 0.1):
        model = partial(lambda theta, shift: skew(0.4, -1.5, (theta - shift) ** 3), shift=shift)
        found = bifurcations(model(0.0), model, [-1.0, 1.0], max_period=2)
        assert [event.kind for event in found] == ["persistence + 2-cycle"]
        assert found[0].value == pytest.approx(shift, abs=1e-4)


def test_touching_is_not_crossing() -> None:
    found = bifurcations(skew(0.4, -0.1), lambda theta: skew(0.4, -0.1, theta**2), [-1.0, 0.7])
    (event,) = found
    assert event.kind == "degenerate border collision" and "touches" in event.note
    assert event.value == pytest.approx(0.0, abs=1e-5)


def test_two_boundaries_at_once() -> None:
    """Two separate units with offset mu and 2 mu: at mu = 0 both collide."""

    def model(mu: float) -> PLRNN:
        return PLRNN.al_rnn([0.4, 0.3], [[-0.8, 0.0], [0.0, 0.2]], [mu, 2.0 * mu], pwl_units=2)

    found = bifurcations(model(1.0), model, [-1.0, 0.6])
    (event,) = found
    assert event.kind == "degenerate border collision" and "2 boundaries" in event.note
    assert (event.before, event.after) == ((("00",),), (("11",),))
    assert event.recount is not None and event.recount.agrees


def test_the_same_boundary_twice_is_one() -> None:
    """Shallow models may have two ReLUs on one hyperplane: one boundary, and the rule holds."""

    def model(mu: float) -> PLRNN:
        return PLRNN.shallow([0.4], [[-0.4, 0.35]], [[1.0], [-2.0]], [mu], [0.0, 0.0])

    (event,) = bifurcations(model(1.0), model, [-1.0, 1.0])
    assert event.kind == "persistence" and event.relus == (0, 1)
    assert event.words == (("01",), ("10",))


def test_inputs_inside_the_relu() -> None:
    """x' = relu(-2 x + s + 1): the fixed point is (1 + s) / 3 and 0 for s < -1; slope -2 and 0."""
    model = PLRNN.relu_rnn([[-2.0]], [1.0], W_ih=[[1.0, 0.0]])
    for parameter, constant in ((("input", 0), None), (("input", 0), [9.0, 4.0]), (("input", [1.0, 0.0]), [0.0, 1.0])):
        found = bifurcations(model, parameter, [-2.0, -0.4, 1.0], constant_input=constant, max_period=2)
        assert [event.kind for event in found] == ["persistence + 2-cycle"]
        assert found[0].value == pytest.approx(-1.0, abs=1e-14)
        assert found.counts.tolist() == [[1, 0], [1, 1], [1, 1]]
    found = bifurcations(model, ("input", [2.0, 0.0]), [-2.0, 1.0], constant_input=[0.5, 0.0])
    assert found[0].value == pytest.approx(-0.75, abs=1e-14)


def test_stability_and_cycles_of_the_skew_map() -> None:
    """Slopes 0.4 and theta: the 2-cycle, there for theta < -1, has the multiplier 0.4 theta."""
    found = bifurcations(skew(0.4, -0.5), lambda right: skew(0.4, right), [-3.3, -1.9, 0.3], max_period=2)
    assert {(event.kind, event.period, round(event.value, 12)) for event in found} == {
        ("degenerate flip", 2, -2.5), ("degenerate flip", 1, -1.0), ("degenerate border collision", 2, -1.0)
    }  # fmt: skip
    (cycle,) = (branch for branch in found.branches if branch.period == 2)
    assert (cycle.start, cycle.stop) == (-3.3, pytest.approx(-1.0, abs=1e-12))
    assert np.array_equal(cycle.stable, np.abs(cycle.multipliers[:, 0]) < 1.0)
    assert cycle.multipliers[:, 0].real == pytest.approx(0.4 * cycle.values, abs=1e-12)


# Paths, planes, limits, errors


def test_path_through_checkpoints() -> None:
    models = [skew(0.4, -0.5, -1.0), skew(0.4, -1.5, 1.0), skew(0.4, -1.5, -0.5)]
    path = path_through(models)
    assert path(1.0) is models[1] and path(2.0) is models[2] and path(0) is models[0]
    assert path(0.5).parameters["h"] == pytest.approx([0.0])
    found = bifurcations(models[0], path, [0.0, 2.0], max_period=2)
    assert found.values.tolist() == [0.0, 1.0, 2.0] and found.parameter == "checkpoint"
    border = [event for event in found if event.at_border and event.period == 1]
    assert [event.value for event in border] == pytest.approx([0.5, 1.0 + 2.0 / 3.0], abs=1e-12)
    # Halfway to the second model the right slope is -1.
    assert [event.kind for event in border] == ["degenerate border collision", "persistence + 2-cycle"]
    with pytest.raises(ModelError, match="ReLU units"):
        path_through([skew(0.4, 0.1), PLRNN.al_rnn([0.5], [[1.0]], [0.0], pwl_units=0)])
    with pytest.raises(ModelError, match=r"0\.\.2"):
        bifurcations(models[0], path, [0.0, 2.5])
    with pytest.raises(ModelError, match="at least one"):
        path_through([])


def skew_truth(a: float, b: float) -> tuple[list[int], list[int]]:
    """Numbers of fixed points and 2-cycles of x' = 1 + (a or b) x, and how many are stable."""
    points = [slope for slope, exists in ((a, a > 1), (b, b < 1)) if exists]
    # The 2-cycle through both sides: x_L = (1 + b) / (1 - ab) < 0 < x_R = (1 + a) / (1 - ab).
    cycle = (1 + b) / (1 - a * b) < 0 < (1 + a) / (1 - a * b)
    return [len(points), int(cycle)], [sum(abs(s) < 1 for s in points), int(cycle and abs(a * b) < 1)]


def test_plane_of_the_skew_map() -> None:
    grid = np.linspace(-2.05, 1.95, 11)
    plane = bifurcation_plane(skew(0.0, 0.0), skew, grid, grid, max_period=2)
    assert plane.complete.all()
    for i, a in enumerate(grid):
        for j, b in enumerate(grid):
            assert (plane.counts[i, j].tolist(), plane.stable[i, j].tolist()) == skew_truth(a, b)
    events = plane.events()
    assert len(events) > 30
    for a, b, event in events:
        # Fixed points change at a = 1 and b = 1, or flip at b = -1; 2-cycles at these and where |ab| = 1.
        distance = min(abs(a - 1), abs(b - 1), abs(a + 1), abs(b + 1), abs(a * b - 1), abs(a * b + 1))
        assert distance < 1e-10, (a, b, event)
    # Every line with right slope between -1 and 1 meets a = 1, where the left point comes from infinity.
    assert sum(abs(a - 1) < 1e-10 and e.kind == "through infinity" for a, _, e in events) >= len(grid)


def test_plane_of_two_entries_and_inputs() -> None:
    model = PLRNN.relu_rnn([[-2.0]], [1.0], W_ih=[[1.0, -1.0]])
    plane = bifurcation_plane(model, (("input", 0), ("input", 1)), [-2.0, 0.0, 2.0], [-1.5, 0.5], max_period=2)
    assert plane.parameters == ("input 0", "input 1")
    for i, s in enumerate(plane.values[0]):
        for j, r in enumerate(plane.values[1]):
            assert plane.counts[i, j].tolist() == [1, int(1 + s - r > 0)]
    assert all(x - y == pytest.approx(-1.0, abs=1e-13) for x, y, _ in plane.events())
    entries = bifurcation_plane(skew(0.4, -1.5), (("W", 0, 0), ("h", 0)), [-1.9, 0.0], [-1.0, 1.0], lines=False)
    assert entries.parameters == ("W[0, 0]", "h[0]") and entries.lines == ((), ())
    assert entries.counts[:, :, 0].tolist() == [[1, 1], [1, 1]]
    for wrong in ((("h", 0), ("h", 0)), (("h", 0),), "h", (("h", 0), skew)):
        with pytest.raises(ModelError):
            bifurcation_plane(skew(0.4, -1.5), wrong, [0.0, 1.0], [0.0, 1.0])


def test_no_time_is_said() -> None:
    found = bifurcations(skew(0.4, -1.5), ("h", 0), [-1.0, 1.0], time_limit=0.0)
    assert not found.complete and not found.complete_at.any() and len(found) == 0
    assert any("the time limit ended the search" in note for note in found.notes)
    assert "NOT complete" in repr(found)
    plane = bifurcation_plane(skew(0.0, 0.0), skew, [0.0, 2.0], [0.0, 2.0], time_limit=0.0)
    assert not plane.complete.any() and np.all(plane.counts == -1)


def test_an_interrupt_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def search(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return search_at(*arguments)

    monkeypatch.setattr("plrnn_analysis.bifurcations.diagram.search_at", search)
    found = bifurcations(skew(0.4, -1.5), ("h", 0), [-1.0, -0.5, 0.5, 1.0])
    assert found.complete_at.tolist() == [True, True, False, False] and not found.complete
    assert any("interrupt" in note for note in found.notes)


def test_an_interrupt_inside_a_search_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def patterns(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("plrnn_analysis.cycles.search_patterns", patterns)
    found = bifurcations(skew(0.4, -1.5), ("h", 0), [-1.0, -0.5, 0.5, 1.0], max_period=2)
    assert len(calls) == 1 and not found.complete
    assert any("interrupt" in note for note in found.notes)


@pytest.mark.parametrize(
    ("parameter", "values", "options", "message"),
    [
        (("Q", 0), [0, 1], {}, "parameters"),
        (("h", 3), [0, 1], {}, "an index of h must be a whole number in 0"),
        (("h", 0.5), [0, 1], {}, "an index of h must be a whole number in 0"),
        (("W", 0), [0, 1], {}, "no entry"),
        (("A", 0, 1), [0, 1], {}, "diagonal"),
        ("h", [0, 1], {}, "tuple"),
        (("input", 0), [0, 1], {}, "0 inputs"),
        (("h", 0), [1, 0], {}, "increasing"),
        (("h", 0), [1], {}, "increasing"),
        (("h", 0), [0, np.nan], {}, "NaN"),
        (("h", 0), [0, 1], {"max_period": 0}, "max_period"),
        (("h", 0), [0, 1], {"constant_input": [1.0]}, "constant_input"),
        (lambda theta: theta, [0, 1], {}, "PLRNN"),
        (lambda theta: PLRNN.al_rnn([0.5], [[1.0]], [0.0], pwl_units=1), [0, 1], {}, "2 units"),
    ],
)
def test_wrong_requests(parameter: Any, values: Any, options: dict[str, Any], message: str) -> None:
    model = PLRNN.al_rnn([0.5, 0.2], [[0.0, 1.0], [0.3, 0.0]], [0.1, -1.0], pwl_units=1)
    with pytest.raises(ModelError, match=message):
        bifurcations(model, parameter, values, **options)


def test_tables_and_names() -> None:
    found = skew(0.4, -1.5).bifurcations(("h", 0), [-1.0, 1.0], max_period=2)
    table = found.table()
    assert table["kind"] == ["persistence + 2-cycle"] and table["agrees"] == [True]
    assert repr(found[0]) == f"<Bifurcation at {found[0].value:.6g}: persistence + 2-cycle, ReLU 0>"
    assert repr(found) == "<Bifurcations along h[0]: 1 event, 3 branches; complete at all values>"
    assert not found.branches[0].points.flags.writeable


# Figures


def test_figures() -> None:
    found = bifurcations(skew(0.4, -1.5), ("h", 0), [-1.0, 1.0], max_period=2)
    ax = plot_bifurcation_diagram(found)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("h[0]", "unit 0")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["fixed point", "cycle of period 2", "unstable", "border collision + cycle of twice the period"]
    assert plot_bifurcation_diagram(found, [2.0]).get_ylabel() == "readout"
    for wrong in (3, [1.0, 2.0]):
        with pytest.raises(ModelError, match="coordinate"):
            plot_bifurcation_diagram(found, wrong)
    empty = bifurcations(skew(0.5, 1.5), ("h", 0), [0.5, 1.0])
    ax = plot_bifurcation_diagram(empty)
    assert ax.get_legend() is None and [text.get_text() for text in ax.texts] == ["no fixed point or cycle"]
    unknown = bifurcations(skew(0.4, -1.5), ("h", 0), [-1.0, 1.0], time_limit=0.0)
    assert "not complete" in plot_bifurcation_diagram(unknown).texts[0].get_text()
    plane = bifurcation_plane(skew(0.0, 0.0), skew, [0.5, 1.5], [-0.5, 1.5])
    labels = [text.get_text() for text in plot_bifurcation_plane(plane).get_legend().get_texts()]
    assert "2 fixed points (1)" in labels and "nothing" in labels
    unfinished = bifurcation_plane(skew(0.0, 0.0), skew, [0.5, 1.5], [-0.5, 1.5], time_limit=0.0)
    assert "not searched" in [t.get_text() for t in plot_bifurcation_plane(unfinished).get_legend().get_texts()]
