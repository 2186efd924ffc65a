"""Models that tests share: systems with known answers, random ones of every architecture, planted ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from plrnn_analysis import PLRNN, CanonicalMap
from plrnn_analysis.activations import ACTIVATIONS
from plrnn_analysis.rate_networks import LEAKY_FORMS

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "data" / "known_systems.json").read_text())["cases"]
}


def known(case: dict) -> PLRNN | None:
    """The model of a case; None where the case holds no weights."""
    if "A" in case:
        return PLRNN.al_rnn(case["A"], case["W"], case["h"], relu_units=case["relu_units"])
    if "W1" in case:
        make = PLRNN.shallow if case["model"] == "shallow_plrnn" else PLRNN.clipped_shallow
        return make(case["A_diag"], case["W1"], case["W2"], case["h1"], case["h2"])
    return None


def random_model(rng: np.random.Generator) -> PLRNN:
    """A random model of a random architecture with at most 8 ReLUs."""
    kind = rng.integers(8)
    m = int(rng.integers(1, 7))
    gain = rng.choice([0.3, 1.0, 2.0, 3.0])

    def n(*shape: int) -> np.ndarray:
        return rng.normal(size=shape)

    if kind == 0:
        return PLRNN.al_rnn(0.7 * n(m), gain * n(m, m) / np.sqrt(m), n(m), pwl_units=int(rng.integers(m + 1)))
    if kind == 1:
        units = rng.permutation(m)[: rng.integers(m + 1)]
        return PLRNN.al_rnn(gain * n(m, m), gain * n(m, m), n(m), relu_units=units)
    hidden = int(rng.integers(1, 9))
    if kind == 2:
        return PLRNN.shallow(n(m), gain * n(m, hidden), n(hidden, m), n(m), n(hidden))
    hidden = int(rng.integers(1, 5))
    if kind == 3:
        return PLRNN.clipped_shallow(n(m), gain * n(m, hidden), n(hidden, m), n(m), n(hidden))
    if kind == 4:
        m = min(m, 4)
        bases = int(rng.integers(1, 8 // m + 1))
        return PLRNN.dendritic(n(m), gain * n(m, m), n(m), n(bases), n(m, bases))
    if kind == 5:
        return PLRNN.relu_rnn(gain * n(m, m), n(m))
    m = min(m, 4)
    activation = list(ACTIVATIONS)[rng.integers(len(ACTIVATIONS))]
    if kind == 6:
        return PLRNN.rnn(gain * n(m, m), n(m), activation=activation)
    alpha = rng.uniform(0.05, 1.0, m) if rng.random() < 0.5 else 0.2
    form = str(rng.choice(list(LEAKY_FORMS)))
    return PLRNN.leaky_rnn(gain * n(m, m), None, n(m), alpha, form=form, activation=activation)


def degenerate_map(rng: np.random.Generator) -> CanonicalMap:
    """Small integer weights: boundary hits, singular regions, no bias, integrators are all common."""
    m, n = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    largest = int(rng.choice([1, 2]))

    def draw(*shape: int) -> np.ndarray:
        return rng.integers(-largest, largest + 1, shape)

    A = draw(m, m) * (rng.random((m, m)) < 0.7)
    W = draw(m, n)
    V = draw(n, m) if rng.random() < 0.5 else np.eye(n, m, dtype=int)[:, rng.permutation(m)]
    c = draw(n) if rng.random() < 0.5 else np.zeros(n, int)
    h = draw(m) if rng.random() < 0.6 else np.zeros(m, int)
    return CanonicalMap.build(A, W, V, c, h)


def with_inputs(map: CanonicalMap, rng: np.random.Generator, steps: int) -> tuple[CanonicalMap, np.ndarray]:
    """The map with two inputs of whole weights, and some steps (steps, 2) of whole inputs."""
    C, E = rng.integers(-1, 2, (map.n_units, 2)), rng.integers(-1, 2, (map.n_relu, 2))
    return CanonicalMap.build(map.A, map.W, map.V, map.c, map.h, C, E), rng.integers(-1, 2, (steps, 2)).astype(float)


def planted_al_rnn(
    rng: np.random.Generator, n_units: int, pwl_units: int, gain: float = 1.0, on_boundary: int = 0
) -> tuple[PLRNN, np.ndarray]:
    """An AL-RNN with a fixed point chosen first, `on_boundary` of its ReLU units at exactly zero.

    Weights and point are multiples of 2^-12, so that the offsets that make it a fixed point are exact too.
    """

    def grid(values: np.ndarray) -> np.ndarray:
        return np.round(values * 2.0**12) / 2.0**12

    A = grid(rng.uniform(0.3, 0.9, n_units))
    W = grid(rng.normal(0.0, gain / np.sqrt(n_units), (n_units, n_units)))
    np.fill_diagonal(W, 0.0)
    z = grid(rng.normal(0.0, 3.0, n_units))
    z[n_units - pwl_units + rng.permutation(pwl_units)[:on_boundary]] = 0.0
    phi = z.copy()
    phi[n_units - pwl_units :] = np.maximum(phi[n_units - pwl_units :], 0.0)
    return PLRNN.al_rnn(A, W, z - A * z - W @ phi, pwl_units=pwl_units), z
