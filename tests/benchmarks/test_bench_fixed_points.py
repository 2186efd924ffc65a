"""The exact search against dense solves of every subregion and against the published heuristic.

Run with ``make bench``. Prints figures and ratios, asserts answers, never seconds. All systems have a
planted fixed point. ``neuralrnn`` is compared if it is installed: ``pip install --no-deps neuralrnn==0.4.0``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
from systems import planted_al_rnn

from plrnn_analysis.engines import elimination
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.engines.examination import examine
from plrnn_analysis.engines.reduction import reduce_fixed_points
from plrnn_analysis.engines.verification import Checker

pytestmark = pytest.mark.benchmark


def best_of(function, repeats=3):
    """Smallest of `repeats` warm timings, and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


@pytest.fixture(autouse=True, scope="module")
def warm():
    planted_al_rnn(np.random.default_rng(0), 6, 3)[0].fixed_points()


@pytest.mark.parametrize(("units", "relus"), [(100, 20), (40, 20), (100, 22)])
@pytest.mark.parametrize("gain", [0.5, 1.0, 1.5, 2.0])
def test_whole_tree(units, relus, gain):
    for seed in range(2):
        model, z = planted_al_rnn(np.random.default_rng([seed, relus]), units, relus, gain)
        seconds, found = best_of(model.fixed_points)
        assert found.complete and any(np.allclose(p.z, z, atol=1e-6) for p in found)
        print(
            f"\nM {units} P {relus} gain {gain} seed {seed}: 2^{relus} subregions complete in {seconds:.3f} s, "
            f"{len(found)} fixed points, {found.coverage.nodes} nodes"
        )


def test_against_batched_solves():
    """Every subregion by numpy.linalg.solve, in batches: the straightforward exhaustive search."""
    units, relus, batch = 50, 14, 512
    model, _ = planted_al_rnn(np.random.default_rng(1), units, relus)
    map = model.map

    def batched():
        hits = []
        for start in range(0, 2**relus, batch):
            codes = np.arange(start, min(start + batch, 2**relus))
            bits = (codes[:, None] >> np.arange(relus)) & 1 == 1
            J = map.A + (map.W[None] * bits[:, None, :]) @ map.V
            z = np.linalg.solve(np.eye(units) - J, np.broadcast_to(map.h, (len(codes), units))[..., None])[..., 0]
            inside = np.all((z @ map.V.T + map.c > 0.0) == bits, axis=1)
            hits.extend(z[inside])
        return hits

    def search_and_verify():
        checker, budget = Checker([map]), Budget(None, None)
        outcome = elimination.search(reduce_fixed_points(checker.units.map), budget)
        assert outcome.exhausted
        return examine(checker, outcome.words, budget).hits

    slow, expected = best_of(batched, 2)
    fast, hits = best_of(search_and_verify, 5)
    whole, found = best_of(model.fixed_points, 5)
    assert len(hits) == len(expected) == len(found)
    print(
        f"\nM {units} P {relus}: batched numpy.linalg.solve {slow:.3f} s, "
        f"search and verification {1e3 * fast:.2f} ms: {slow / fast:.0f} x; "
        f"with the eigenvalues of {len(found)} fixed points {1e3 * whole:.2f} ms: {slow / whole:.0f} x"
    )


@pytest.fixture(scope="module")
def neuralrnn_solver():
    """The module that holds its solver, without its __init__ files, which import reinforcement-learning packages."""
    spec = importlib.util.find_spec("neuralrnn")
    if spec is None:
        pytest.skip("not installed: pip install --no-deps neuralrnn==0.4.0 tqdm")
    root = Path(spec.submodule_search_locations[0])
    for name, path in (("neuralrnn", root), ("neuralrnn.analysis", root / "analysis")):
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    return importlib.import_module("neuralrnn.analysis.fixed_points")


@pytest.mark.parametrize("units", [100, 40])
def test_against_the_heuristic_of_neuralrnn(units, neuralrnn_solver):
    relus = 20
    ratios = []
    for seed in range(3):
        model, _ = planted_al_rnn(np.random.default_rng([7, seed]), units, relus, 1.5)
        map = model.map
        fast, found = best_of(model.fixed_points)
        # Its diagonal A cannot hold the linear columns of W: the linear units go through pairs of ReLUs.
        A, W, h = (model.parameters[name] for name in ("A", "W", "h"))
        linear = np.arange(units - relus)
        W1 = np.hstack([W[:, linear], -W[:, linear], W[:, units - relus :]])
        eye = np.eye(units)
        W2 = np.vstack([eye[linear], -eye[linear], eye[units - relus :]])
        np.random.seed(seed)  # noqa: NPY002 - it draws from the global generator
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            cycles, _ = neuralrnn_solver._scy_fi(np.diag(A), W1, W2, h, np.zeros(len(W2)), 1, [])
        slow = time.perf_counter() - start
        theirs = [np.asarray(cycle[0]) for cycle in cycles]
        genuine = sum(any(np.allclose(p.z, z, atol=1e-5) for z in theirs) for p in found)
        assert found.complete and genuine <= len(found)
        assert all(
            np.abs(map.step(z) - z).max() > 1e-6 or any(np.allclose(p.z, z, atol=1e-4) for p in found) for z in theirs
        )
        ratios.append(slow / fast)
        print(
            f"\nM {units} P {relus} seed {seed}: ours {len(found)} of {len(found)} (complete) in {fast:.3f} s, "
            f"neuralrnn {genuine} of {len(found)} in {slow:.1f} s: {slow / fast:.0f} x"
        )
    print(f"median ratio {np.median(ratios):.0f} x")
