"""What finders of fixed points find in the same networks: the table of README and of docs/coming-from/index.md.

    python tests/benchmarks/bench_finders.py [--repetitions 3]

The exact search says which fixed points there are; each finder is credited with those it hits to a thousandth of their
size. What it returns beside them counts as found by nobody. FixedPointFinder and SCYFI are restated in
``other_finders.py``, since neither is in a package registry of Python; neuralrnn runs as it is, if it is installed. It
brings Jupyter and gym along, so give it an environment of its own. All on one core.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402 - the number of threads is read on import
from other_finders import fixed_point_finder, hits, scyfi_points  # noqa: E402
from systems import planted_al_rnn  # noqa: E402

import plrnn_analysis as pa  # noqa: E402

THERE = {name: importlib.util.find_spec(name) is not None for name in ("torch", "neuralrnn")}


@dataclass(frozen=True)
class Case:
    """A network, and states of its trials or free runs, from which a search by gradient starts."""

    name: str
    model: pa.PLRNN
    states: np.ndarray


def cases() -> list[Case]:
    networks = ROOT / "docs" / "networks"
    flipflop, lorenz = (pa.load(networks / f"{name}.safetensors") for name in ("flipflop32", "lorenz"))
    return [
        Case("flip-flop, 32 ReLUs", flipflop, flat(flipflop.run(flipflop.trials))),
        Case(f"Lorenz, {lorenz.map.n_relu} ReLUs", lorenz, flat(lorenz.simulate(1000, n=8, seed=0))),
        planted(12),
        planted(20),
    ]


def planted(relus: int) -> Case:
    """An almost-linear RNN of random weights with a fixed point z ~ N(0, 9), and starts drawn like that point."""
    rng = np.random.default_rng(0)
    model = planted_al_rnn(rng, 2 * relus, relus, 2.0)[0]
    return Case(f"random, {relus} ReLUs", model, rng.normal(0.0, 3.0, (5000, 2 * relus)))


def flat(run: Any) -> np.ndarray:
    states = run.states.reshape(-1, run.states.shape[-1])
    return states[np.isfinite(states).all(axis=1)]


def exact(case: Case) -> np.ndarray:
    found = case.model.fixed_points()
    assert found.complete and not found.continua
    return np.array([point.z for point in found])


def by_gradient(case: Case) -> np.ndarray:
    import torch

    torch.set_num_threads(1)
    A, W, V, c, h = (torch.tensor(np.array(array), dtype=torch.float32) for array in arrays(case.model))
    return fixed_point_finder(lambda z: z @ A.T + torch.relu(z @ V.T + c) @ W.T + h, case.states)


def by_scyfi(outer: int, inner: int) -> Callable[[Case], np.ndarray]:
    return lambda case: scyfi_points(case.model.map, outer, inner)


def by_neuralrnn(**options: Any) -> Callable[[Case], np.ndarray]:
    def find(case: Case) -> np.ndarray:
        import torch
        from neuralrnn.analysis.fixed_points import find_fixed_points

        torch.set_num_threads(1)
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002 - it draws from the global generator
        with np.errstate(all="ignore"):
            return find_fixed_points(of_neuralrnn(case.model), **options).coords()

    return find


def by_golub_of_neuralrnn(case: Case) -> np.ndarray:
    import torch
    from neuralrnn.analysis.fixed_points import GolubFixedPointFinder

    torch.set_num_threads(1)
    return GolubFixedPointFinder(seed=0).find(of_neuralrnn(case.model), init_states=case.states).coords()


def arrays(model: pa.PLRNN) -> tuple[np.ndarray, ...]:
    return tuple(getattr(model.map, name) for name in "AWVch")


def of_neuralrnn(model: pa.PLRNN) -> Any:
    """The same network there; every map with a diagonal A is a shallow PLRNN."""
    import torch
    from neuralrnn.models.plrnn import ALRNNConfig, ALRNNModel, ShallowPLRNNConfig, ShallowPLRNNModel

    n = model.n_units
    if model.architecture == "al_rnn":
        there = ALRNNModel(ALRNNConfig(latent_dim=n, n_linear=n - model.map.n_relu))
        weights = {name: model.parameters[name] for name in "AWh"}
    else:
        A, W, V, c, h = arrays(model)
        assert not np.any(A - np.diag(np.diag(A)))
        there = ShallowPLRNNModel(ShallowPLRNNConfig(latent_dim=n, hidden_dim=len(V)))
        weights = {"A": np.diag(A), "W1": W, "W2": V, "h1": h, "h2": c}
    with torch.no_grad():
        for name, value in weights.items():
            getattr(there, name).copy_(torch.tensor(np.array(value)))
    states = np.random.default_rng(0).normal(size=(4, n))
    step = there.recurrence(None, torch.tensor(states, dtype=torch.float32)).detach().numpy()
    assert np.allclose(step, model.map.step(states), atol=1e-4), "another network"
    return there


# name, settings, package that it needs, search
FINDERS: list[tuple[str, str, str, Callable[[Case], np.ndarray]]] = [
    (
        "FixedPointFinder, restated",
        "1,024 starts from states, noise 0.5, 10,000 iterations, tolerance 1e-12",
        "torch",
        by_gradient,
    ),
    ("SCYFI, restated", "10 × 20, its default", "", by_scyfi(10, 20)),
    ("SCYFI, restated", "100 × 500, as in its README", "", by_scyfi(100, 500)),
    ("neuralrnn, `find_fixed_points`", "its default: analytic, 300 × 100", "neuralrnn", by_neuralrnn()),
    ("neuralrnn, numeric", "its default: 64 starts, 10,000 iterations", "neuralrnn", by_neuralrnn(backend="numeric")),
    (
        "neuralrnn, its form of FixedPointFinder",
        "its default: 1,000 starts from states, 5,000 iterations",
        "neuralrnn",
        by_golub_of_neuralrnn,
    ),
    ("plrnn-analysis", "its default", "", exact),
]
# What README shows, by row above.
SHORT = {"FixedPointFinder¹": 0, "SCYFI¹": 2, "neuralrnn 0.4.0": 3, "plrnn-analysis": 6}


def measured(case: Case, search: Callable[[Case], np.ndarray], repetitions: int) -> tuple[np.ndarray, float]:
    """Points, and the least processor time of several repetitions."""
    best = np.inf
    for _ in range(repetitions):
        began = time.process_time()
        points = search(case)
        best = min(best, time.process_time() - began)
        if best > 5.0:
            break
    return np.reshape(points, (-1, case.model.n_units)), best


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    repetitions = parser.parse_args().repetitions
    for name, there in THERE.items():
        if there:
            importlib.import_module(name)  # not to be timed
        else:
            print(f"{name} is not installed, so what needs it is left out.")
    short: dict[str, list[str]] = {}
    for case in cases():
        points = exact(case)
        stable = np.array([str(p.stability).startswith("stable") for p in case.model.fixed_points()])
        short[case.name] = []
        print(f"\n{case.name}: {len(points)} fixed points, {stable.sum()} of them stable\n")
        print("| finder | settings | stable | others | not fixed points | seconds |\n|---|---|---|---|---|---|")
        for row, (name, settings, needs, search) in enumerate(FINDERS):
            if not THERE.get(needs, True):
                continue
            found, seconds = measured(case, search, repetitions)
            hit, none = hits(points, found)
            stably, others = np.count_nonzero(hit & stable), np.count_nonzero(hit & ~stable)
            print(f"| {name} | {settings} | {stably} | {others} | {none} | {seconds:.2g} |", flush=True)
            if row in SHORT.values():
                whole = len(points) == np.count_nonzero(hit)
                share = f"all {len(points)}" if whole else f"{np.count_nonzero(hit)} of {len(points)}"
                short[case.name].append(f"{share}, {seconds:.2g} s")
    heads = [name for name, row in SHORT.items() if THERE.get(FINDERS[row][2], True)]
    print("\n| found, seconds | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 1))
    for name, cells in short.items():
        print(f"| {name} | " + " | ".join(cells) + " |")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", *(n for n, t in THERE.items() if t))]
    print(f"\nPython {platform.python_version()}, {', '.join(versions)}, one core")


if __name__ == "__main__":
    main()
