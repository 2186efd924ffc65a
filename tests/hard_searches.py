"""Searches that do not end within a second: what they do with a time limit, memory and Ctrl-C is tried on them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import plrnn_analysis as pa
from plrnn_analysis.attractors import basin_slice
from plrnn_analysis.bifurcations import bifurcation_plane
from plrnn_analysis.comparison import compare
from plrnn_analysis.exact_transitions import exact_transition_graph
from plrnn_analysis.explain import ablation_table
from plrnn_analysis.lyapunov import lyapunov_spectrum
from plrnn_analysis.proofs import write_certificate
from plrnn_analysis.story import tell_story
from plrnn_analysis.trajectories import run, simulate

__all__ = ["SEARCHES", "WITHOUT_LIMIT", "warm_up"]

Search = Callable[[float], Any]


def pairs(count: int, neutral: int = 0, inputs: int = 0) -> pa.PLRNN:
    """Pairs of units that inhibit each other: three fixed points each, 3^count in all, or as many continua."""
    n = 2 * count
    W = np.zeros((n + neutral, n + neutral))
    for i in range(0, n, 2):
        W[i, i + 1] = W[i + 1, i] = -1.0
    A, h = np.full(n + neutral, 0.5), np.ones(n + neutral)
    A[n:], h[n:] = 1.0, 0.0
    # Neutral units are linear and stand at the end; ReLUs are the others.
    C = np.eye(n + neutral)[:, :inputs] if inputs else None
    return pa.PLRNN.al_rnn(A, W, h, relu_units=range(n), C=C)


def tents(count: int) -> pa.PLRNN:
    """Tent maps side by side: 2^count fixed points, 2^(k count) points of period k."""
    return pa.PLRNN.al_rnn(np.full(count, 2.0), -4.0 * np.eye(count), np.ones(count), pwl_units=count)


def families(count: int) -> pa.PLRNN:
    """Units that keep what is between 1 and 2, and move away elsewhere but for one point beyond 4: continua."""
    W1 = np.kron(np.eye(count), np.array([[-1.0, 1.0, -5.0]]))
    W2 = np.kron(np.eye(count), np.ones((3, 1)))
    return pa.PLRNN.shallow(np.full(count, 2.0), W1, W2, np.full(count, -1.0), np.tile([-1.0, -2.0, -4.0], count))


def random_network(units: int, relus: int, gain: float, seed: int = 0, inputs: int = 0, outputs: int = 0) -> pa.PLRNN:
    rng = np.random.default_rng(seed)
    A, W = rng.uniform(0.3, 0.9, units), rng.normal(0.0, gain / np.sqrt(units), (units, units))
    np.fill_diagonal(W, 0.0)
    C = rng.normal(size=(units, inputs)) if inputs else None
    B = rng.normal(size=(outputs, units)) if outputs else None
    return pa.PLRNN.al_rnn(A, W, rng.normal(0.0, 0.5, units), pwl_units=relus, C=C, B=B)


def whole_numbers(units: int, seed: int = 0) -> pa.PLRNN:
    """Small whole weights without offsets: arguments that are exactly zero, singular subregions."""
    rng = np.random.default_rng(seed)
    W = rng.integers(-1, 2, (units, units)) * (1 - np.eye(units, dtype=int))
    return pa.PLRNN.al_rnn(np.zeros(units), W, np.zeros(units), pwl_units=units)


def lines(units: int, count: int, seed: int = 0) -> pa.PLRNN:
    """A shallow network whose ReLUs read random directions of few units."""
    rng = np.random.default_rng(seed)
    return pa.PLRNN.shallow(
        rng.uniform(0.3, 0.9, units), rng.normal(size=(units, count)) / np.sqrt(count), rng.normal(size=(count, units)),
        rng.normal(size=units), rng.normal(size=count),
    )  # fmt: skip


def lozi() -> pa.PLRNN:
    return pa.PLRNN.al_rnn(A=[[0, 1], [0.5, 1.7]], W=[[0, 0], [0, -3.4]], h=[0, 1], relu_units=[1])


def extreme(units: int) -> pa.PLRNN:
    """Weights that differ by more orders of magnitude than doubles can hold products of."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(units, units)) * 10.0 ** rng.integers(-140, 140, (units, units))
    return pa.PLRNN.al_rnn(rng.uniform(0.2, 0.8, units), W, rng.normal(size=units), pwl_units=units)


@cache
def saddle() -> tuple[pa.PLRNN, Any]:
    model = lozi()
    return model, next(p for p in model.fixed_points() if p.stability.startswith("saddle"))


def fixed(model: Callable[[], pa.PLRNN], **options: Any) -> Search:
    return lambda limit: model().fixed_points(time_limit=limit, **options)


def cycles(model: Callable[[], pa.PLRNN], longest: int, **options: Any) -> Search:
    return lambda limit: model().cycles(longest, time_limit=limit, **options)


def certified(limit: float) -> Any:
    model = pairs(6)
    found = model.fixed_points(time_limit=None)
    with tempfile.TemporaryDirectory() as directory:
        try:
            write_certificate(model.map, found, Path(directory, "c"), time_limit=limit)
        except pa.CertificateError as error:
            return str(error)
    return None


def exact_graph(limit: float, model: pa.PLRNN, box: float, most: int) -> Any:
    try:
        return exact_transition_graph(model.map, box, max_regions=most, time_limit=limit)
    except pa.GraphError as error:
        return str(error)


def with_threads(limit: float) -> Any:
    with ThreadPoolExecutor(2) as pool:
        return random_network(40, 40, 3.0).fixed_points(time_limit=limit, executor=pool)


def curved(value: float) -> pa.PLRNN:
    model = random_network(8, 8, 2.0)
    return pa.PLRNN.al_rnn(model.map.A * np.cos(value), model.map.W, model.map.h, pwl_units=8)


def manifold(limit: float, kind: str) -> Any:
    model, point = saddle()
    return model.manifold(point, kind, iterations=200, box=1e6, max_pieces=10**7, time_limit=limit)


def attractors(model: Callable[[], pa.PLRNN], **options: Any) -> Search:
    return lambda limit: model().attractors(time_limit=limit, **options)


def slow(model: Callable[[], pa.PLRNN], units: int) -> Search:
    return lambda limit: model().slow_manifolds(box_of(units), max_subregions=10**5, time_limit=limit)


def bifurcating(model: Callable[[], pa.PLRNN], parameter: Any, values: np.ndarray, longest: int = 1) -> Search:
    return lambda limit: model().bifurcations(parameter, values, max_period=longest, time_limit=limit)


def plane(limit: float) -> Any:
    values = np.linspace(-3, 3, 40)
    parameters = ("h", 0), ("h", 1)
    return bifurcation_plane(random_network(6, 6, 3.0), parameters, values, values, max_period=3, time_limit=limit)


def diagram(model: Callable[[], pa.PLRNN], *inputs: int, **options: Any) -> Search:
    return lambda limit: model().input_diagram(inputs, [(-2, 2)] * len(inputs), time_limit=limit, **options)


def two(units: int) -> Search:
    one, other = random_network(units, units, 2.0), random_network(units, units, 2.0, seed=1)
    return lambda limit: compare(one, other, time_limit=limit)


def reduction(units: int, gain: float, **options: Any) -> Search:
    model = random_network(units, units, gain, inputs=2, outputs=2)
    return lambda limit: model.reduce(box_of(units), time_limit=limit, **options)


def box_of(units: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(units, -3.0), np.full(units, 3.0)


#: What takes a time limit, by name: each is given the limit and returns the result.
SEARCHES: dict[str, Search] = {
    "fixed points, 3^8": fixed(lambda: pairs(8)),
    "fixed points, 3^10": fixed(lambda: pairs(10)),
    "fixed points, 3^10, threads": fixed(lambda: pairs(10), workers=2),
    "fixed points, 2^24": fixed(lambda: tents(24)),
    "continua, 3^8 lines": fixed(lambda: pairs(8, neutral=1)),
    "continua, 3^6 families": fixed(lambda: families(6)),
    "continua, 3^9 families": fixed(lambda: families(9)),
    "fixed points, whole numbers 40": fixed(lambda: whole_numbers(40)),
    "fixed points, extreme numbers": fixed(lambda: extreme(10)),
    "fixed points, P = 100": fixed(lambda: random_network(100, 100, 3.0)),
    "fixed points, P = 100, threads": fixed(lambda: random_network(100, 100, 3.0), workers=4),
    "fixed points, P = 60, elimination": fixed(lambda: random_network(60, 60, 3.0), method="elimination"),
    "fixed points, P = 100, farkas": fixed(lambda: random_network(100, 100, 3.0), verify="farkas"),
    "fixed points, P = 390": fixed(lambda: random_network(390, 390, 3.0)),
    "fixed points, lines 3 x 100": fixed(lambda: lines(3, 100)),
    "fixed points, scyfi": fixed(lambda: random_network(60, 60, 3.0), method="scyfi", restarts=10**8),
    "fixed points, scyfi, many": fixed(lambda: pairs(12), method="scyfi", restarts=10**8),
    "fixed points, executor": with_threads,
    "certificate": certified,
    "cycles, tent": cycles(lambda: tents(1), 24),
    "cycles, tent in a box": cycles(lambda: tents(1), 40, box=3.0),
    "cycles, Lozi in a box": cycles(lozi, 60, box=3.0),
    "cycles, pairs": cycles(lambda: pairs(4), 8),
    "cycles, P = 10": cycles(lambda: random_network(10, 10, 3.0), 12),
    "cycles, P = 10, threads": cycles(lambda: random_network(10, 10, 3.0), 12, workers=2),
    "cycles, P = 10, scyfi": cycles(lambda: random_network(10, 10, 3.0), 40, method="scyfi", restarts=10**7),
    "cycles, three units in a box": cycles(lambda: random_network(3, 3, 3.0), 30, box=5.0, method="words in a box"),
    "cycles, of all lengths": cycles(lambda: random_network(4, 4, 0.3), 10**6),
    "cycles, driven": cycles(
        lambda: random_network(6, 6, 3.0, inputs=1), 64, periodic_input=np.sin(np.arange(16.0))[:, None]
    ),
    "subregions, AL-RNN": lambda limit: random_network(20, 20, 1.0).regions(max_regions=1 << 20, time_limit=limit),
    "subregions, lines 4 x 60": lambda limit: lines(4, 60).regions(max_regions=1 << 20, time_limit=limit),
    "subregions, lines 30 x 60": lambda limit: lines(30, 60).regions(max_regions=1 << 20, time_limit=limit),
    "exact graph, AL-RNN": lambda limit: exact_graph(limit, random_network(9, 9, 2.0), 3.0, 1024),
    "exact graph, lines": lambda limit: exact_graph(limit, lines(3, 30), 3.0, 10**5),
    "attractors, chaos": attractors(lambda: random_network(30, 30, 2.0), n=1000, steps=10**5),
    "attractors, M = 300": attractors(lambda: random_network(300, 300, 4.0), n=500, steps=10**6),
    "attractors, many starts": attractors(lambda: pairs(5), n=10**6, box=3.0),
    "attractors, Lozi": attractors(lozi, n=2000, box=0.1, steps=10**6),
    "attractors, long words": attractors(lozi, n=500, box=0.1, steps=10**6, max_period=10**6),
    "slow manifolds, M = 50": slow(lambda: random_network(50, 50, 2.0), 50),
    "slow manifolds, lines": slow(lambda: lines(4, 60), 4),
    "slow manifolds, M = 300": slow(lambda: random_network(300, 10, 2.0), 300),
    "manifold, unstable": lambda limit: manifold(limit, "unstable"),
    "manifold, stable": lambda limit: manifold(limit, "stable"),
    "bifurcations": bifurcating(lambda: random_network(8, 8, 3.0), ("h", 0), np.linspace(-3, 3, 200), 4),
    "bifurcations, pairs": bifurcating(lambda: pairs(5), ("A", 0), np.linspace(0.1, 0.9, 20)),
    "bifurcations, curved": bifurcating(lambda: curved(0.5), curved, np.linspace(0.1, 1.5, 30), 3),
    "bifurcation plane": plane,
    "input diagram, pairs": diagram(lambda: pairs(8, inputs=1), 0),
    "input diagram, two inputs": diagram(lambda: random_network(12, 12, 3.0, inputs=2), 0, 1),
    "input diagram, P = 16": diagram(lambda: random_network(16, 16, 3.0, inputs=1), 0, method="enumeration"),
    "input diagram, P = 40": diagram(lambda: random_network(40, 40, 3.0, inputs=1), 0),
    "comparison, pairs": lambda limit: compare(pairs(7), pairs(7), time_limit=limit),
    "comparison, P = 30": two(30),
    "reduction, P = 100": reduction(100, 2.0),
    "reduction, P = 200": reduction(200, 1.0, tolerance=1.0, horizon=20),
    "reduction, reachable": reduction(60, 0.5, reachable=True),
}


def of_trials(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    """A function of a network with 40 ReLUs and its run on many trials."""
    model = random_network(40, 40, 1.0, inputs=1, outputs=1)
    inputs = np.random.default_rng(0).normal(size=(200, 1000, 1))
    return lambda: function(model, inputs, **options)


#: What takes long and has no time limit; most of it has no result before it is through.
WITHOUT_LIMIT: dict[str, Callable[[], Any]] = {
    "simulation": lambda: random_network(60, 60, 1.0).simulate(200_000, n=8),
    "simulation in threads": lambda: simulate(random_network(60, 60, 1.0), 200_000, n=16, workers=2),
    "run": of_trials(lambda model, inputs: run(model, np.repeat(inputs, 20, axis=0))),
    "Lyapunov exponents": lambda: lozi().lyapunov(10**7),
    "Lyapunov exponents in threads": lambda: lyapunov_spectrum(lozi(), 10**6, n=4, workers=2),
    "explanation": of_trials(lambda model, inputs: model.explain(model.run(inputs), max_subregions=10**5)),
    "ablations": of_trials(lambda model, inputs: ablation_table(model, inputs, np.zeros((len(inputs), 1)))),
    "transition graph": of_trials(lambda model, inputs: model.transition_graph(model.run(inputs))),
    "modes": lambda: random_network(60, 60, 1.0).modes([f"{i:060b}" for i in range(500)]),
    "uniqueness": lambda: random_network(300, 300, 0.05).uniqueness(),
    "basins": lambda: basin_slice(lozi(), resolution=400, time_limit=None),
    "story": lambda: tell_story(random_network(60, 60, 2.0, inputs=1, outputs=1)),
}


def warm_up() -> None:
    """Load compiled code, so that nobody waits for it later."""
    pairs(2).fixed_points()
    pairs(2, neutral=1).fixed_points()
    for method in ("elimination", "linear programs"):
        random_network(13, 13, 2.0).fixed_points(method=method)
    random_network(13, 13, 2.0).fixed_points(verify="farkas")
    lozi().cycles(5, box=3.0)
    lozi().attractors(n=5, box=0.1, steps=1000)
    lines(2, 4).regions()
    lines(2, 4).slow_manifolds(box_of(2))
    exact_graph(9.0, lines(2, 4), 3.0, 100)
    diagram(lambda: pairs(2, inputs=1), 0)(9.0)
    diagram(lambda: random_network(14, 14, 3.0, inputs=1), 0)(9.0)
    compare(pairs(1), pairs(1))
    pairs(1).reduce(box_of(2))
    pairs(1).bifurcations(("h", 0), [-1.0, 1.0])
    manifold(1.0, "stable")
    random_network(40, 40, 1.0).lyapunov(100)
    certified(5.0)
    tell_story(random_network(4, 4, 1.0, inputs=1), n_states=5, steps=100)
    model = random_network(4, 4, 1.0, inputs=1, outputs=1)
    trials = model.run(np.zeros((2, 10, 1)))
    model.explain(trials)
    model.transition_graph(trials)
