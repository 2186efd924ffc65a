"""Feigin's rule against hand-solved maps and against counts by exhaustion."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from plrnn_analysis.border_collisions import classify_border_collision
from plrnn_analysis.errors import ModelError


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        (0.4, -0.4, "persistence"),
        (2.0, -0.4, "nonsmooth fold"),
        (0.4, -1.5, "persistence + 2-cycle"),
        (2.0, -1.5, "nonsmooth fold + 2-cycle"),
        (2.0, 3.0, "persistence"),
        (-2.0, -3.0, "persistence"),
    ],
)
def test_one_dimension_by_hand(left: float, right: float, kind: str) -> None:
    for sides in ((left, right), (right, left)):
        found = classify_border_collision([[sides[0]]], [[sides[1]]])
        assert found.kind == kind
        assert found.fold == ("fold" in kind)
        assert found.two_cycle == ("2-cycle" in kind)
        assert found.reason == ""
        assert found.above_one == tuple(int(a > 1) for a in sides)
        assert found.below_minus_one == tuple(int(a < -1) for a in sides)
        assert found.margin == pytest.approx(min(abs(abs(left) - 1), abs(abs(right) - 1)))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([[1.0]], [[0.3]], "a multiplier is 1 on one side"),
        ([[0.3]], [[-1.0]], "a multiplier is -1 on one side"),
        ([[-2.0]], [[-0.5]], "a multiplier of the 2-cycle is 1"),
        ([[0.5, 1.0], [0.0, 1.0]], [[0.5, 1.0], [0.0, 2.0]], "a multiplier is 1 on one side"),
    ],
)
def test_degenerate_is_said(first: list, second: list, reason: str) -> None:
    found = classify_border_collision(first, second)
    assert (found.kind, found.reason) == ("degenerate", reason)
    assert found.fold is None and found.two_cycle is None


def test_multiplicities_count() -> None:
    found = classify_border_collision(np.diag([2.0, 3.0, -4.0]), np.diag([0.5, 3.0, -4.0]))
    assert (found.above_one, found.below_minus_one, found.kind) == ((2, 1), (1, 1), "nonsmooth fold")


def test_complex_multipliers_do_not_count() -> None:
    turn = 3.0 * np.array([[0.0, -1.0], [1.0, 0.0]])
    found = classify_border_collision(turn, 0.5 * np.eye(2))
    assert (found.above_one, found.below_minus_one, found.kind) == ((0, 0), (0, 0), "persistence")


@pytest.mark.parametrize(
    ("first", "second"), [([[1.0, 2.0]], [[1.0, 2.0]]), ([[0.5]], np.eye(2)), ([[np.nan]], [[1.0]]), ([1.0], [1.0])]
)
def test_what_is_no_pair_of_jacobians(first: object, second: object) -> None:
    with pytest.raises(ModelError):
        classify_border_collision(first, second)


def counts_on_both_sides(A: np.ndarray, W: np.ndarray, h: np.ndarray) -> list[tuple[int, int]] | None:
    """Fixed points and 2-cycles of z' = A z + W relu(z_M) + mu h at mu = -1 and 1; None if too close to call."""
    V = np.zeros((1, len(h)))
    V[0, -1] = 1.0
    found = []
    for mu in (-1.0, 1.0):
        points, unclear = oracle.brute_force(A, W[:, None], V, np.zeros(1), mu * h)
        cycles, unclear2 = oracle.brute_force_cycles(A, W[:, None], V, np.zeros(1), mu * h, 2)
        if unclear or unclear2:
            return None
        found.append((len(points), len(cycles)))
    return found


def disagreements(seed: int, n: int) -> tuple[int, dict[str, int]]:
    rng = np.random.default_rng(seed)
    wrong, kinds = 0, {}
    for _ in range(n):
        m = int(rng.integers(1, 6))
        scale = rng.choice([0.5, 1.0, 2.0])
        A, W, h = scale * rng.normal(size=(m, m)), 2.0 * scale * rng.normal(size=m), rng.normal(size=m)
        counts = counts_on_both_sides(A, W, h)
        if counts is None:
            continue
        on = A.copy()
        on[:, -1] += W
        rule = classify_border_collision(A, on)
        kinds[rule.kind] = kinds.get(rule.kind, 0) + 1
        if rule.kind == "degenerate":
            continue
        (points, cycles), (points2, cycles2) = counts
        wrong += sorted((points, points2)) != ([0, 2] if rule.fold else [1, 1])
        wrong += sorted((cycles, cycles2)) != [0, int(bool(rule.two_cycle))]
    return wrong, kinds


def test_the_rule_holds_in_random_systems() -> None:
    wrong, kinds = disagreements(0, 400)
    assert wrong == 0
    assert min(kinds[k] for k in ("persistence", "nonsmooth fold", "persistence + 2-cycle")) > 30
    assert kinds["nonsmooth fold + 2-cycle"] > 10
    assert sum(kinds.values()) > 390


@pytest.mark.slow
def test_the_rule_holds_in_twenty_thousand() -> None:
    wrong, kinds = disagreements(1, 20_000)
    assert wrong == 0
    assert kinds["nonsmooth fold + 2-cycle"] > 1000
