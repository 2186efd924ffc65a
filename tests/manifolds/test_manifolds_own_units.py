"""Manifolds are the same sets in whatever units the states and ReLU arguments are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plrnn_analysis import PLRNN
from plrnn_analysis.manifolds import Manifold, forward_image, intersections, invariant_manifold, preimage
from plrnn_analysis.results import FixedPoint


def planar(seed: int) -> tuple[dict[str, np.ndarray], FixedPoint] | None:
    """Weights of a random planar network with a saddle inside a subregion, and the saddle."""
    rng = np.random.default_rng(seed)
    weights = {
        "A": rng.uniform(-1.0, 1.0, (2, 2)),
        "W1": 2.0 * rng.normal(size=(2, 2)),
        "W2": rng.normal(size=(2, 2)),
        "h1": rng.normal(size=2),
        "h2": rng.normal(size=2),
    }
    saddles = [p for p in PLRNN.shallow(**weights).fixed_points() if p.stability == "saddle" and not p.on_boundary]
    return (weights, saddles[0]) if saddles else None


def moved(p: dict[str, np.ndarray], state: np.ndarray, relu: np.ndarray) -> PLRNN:
    return PLRNN.shallow(
        state[:, None] * p["A"] / state,
        state[:, None] * p["W1"] / relu,
        relu[:, None] * p["W2"] / state,
        state * p["h1"],
        relu * p["h2"],
    )


def said(found: Manifold, state: np.ndarray) -> tuple[Any, ...]:
    pieces = [(p.bitcode, p.iteration, p.parent, np.round(p.vertices / state, 7).tolist()) for p in found]
    return pieces, found.complete, found.stopped_by, found.clipped, found.notes


SEEDS = [seed for seed in range(60) if planar(seed) is not None]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["stable", "unstable"])
def test_pieces(seed: int, kind: str) -> None:
    given = planar(seed)
    assert given is not None
    weights, saddle = given
    rng = np.random.default_rng(seed)
    for order in (0, 10, 20, -20):
        state = 2.0 ** np.array([order, -order]) * 2.0 ** int(rng.integers(-30, 31))
        model = moved(weights, state, 2.0 ** rng.integers(-20, 21, 2))
        there = replace(saddle, z=saddle.z * state)
        box = (there.z - 8.0 * state, there.z + 8.0 * state)
        found = said(invariant_manifold(model, there, kind, box=box, iterations=4), state)
        if order == 0:
            plain = found
        assert found == plain


def test_there_are_saddles_to_try() -> None:
    assert len(SEEDS) >= 15


@pytest.mark.parametrize("order", [10, -20])
def test_homoclinic_points(order: int) -> None:
    """The Lozi map at a = 1.7, b = 0.5, whose saddle has transversal homoclinic points."""
    weights = {
        "A": np.array([[1.7, 1.0], [0.5, 0.0]]),
        "W1": np.array([[-3.4], [0.0]]),
        "W2": np.array([[1.0, 0.0]]),
        "h1": np.array([1.0, 0.0]),
        "h2": np.zeros(1),
    }
    saddle = next(p for p in PLRNN.shallow(**weights).fixed_points() if p.bitcode == "1")

    def homoclinic(state: np.ndarray) -> tuple[Any, ...]:
        model, there = moved(weights, state, np.ones(1)), replace(saddle, z=saddle.z * state)
        box = (-4.0 * state, 4.0 * state)
        both = [invariant_manifold(model, there, kind, box=box, iterations=6) for kind in ("stable", "unstable")]
        found = intersections(*both)
        rows = [(p.kind, p.pieces, p.verified, np.round(p.z / state, 7).tolist()) for p in found]
        return rows, [p.angle for p in found], [mf.size for mf in both]

    plain, angles, _ = homoclinic(np.ones(2))
    assert sum(row[0] == "transversal" and row[2] for row in plain) > 3
    # The same factor for all states keeps angles; lengths grow by it.
    factor = 2.0**order
    rows, same, sizes = homoclinic(np.full(2, factor))
    assert rows == plain and same == pytest.approx(angles)
    assert sizes == pytest.approx([factor * size for size in homoclinic(np.ones(2))[2]])
    assert homoclinic(2.0 ** np.array([order, -order]))[0] == plain


@pytest.mark.parametrize("order", [20, -20])
def test_images_and_preimages(order: int) -> None:
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[2.0**order], pwl_units=1)
    segment = np.array([[-0.25], [0.75]]) * 2.0**order
    images = [p.vertices / 2.0**order for p in forward_image(tent, [segment])]
    assert [v.ravel().tolist() for v in images] == [[0.5, 1.0], [0.0, -0.5], [1.0, 0.0]]
    found = preimage(tent, [np.array([[0.0], [0.5]]) * 2.0**order], box=2.0 * 2.0**order)
    assert [(p.vertices / 2.0**order).ravel().tolist() for p in found] == [[-0.5, -0.25], [0.5, 0.25]]
