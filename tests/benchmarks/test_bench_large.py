"""Fixed points at 40 to 100 ReLUs, and cycles of long periods: shares that end complete, and seconds.

Run with ``make bench``. The random systems have M = 2P, A ~ U(.3, .9), W ~ N(0, g^2/M) with zero diagonal, and
h ~ N(0, 1) or an h that plants a fixed point z ~ N(0, 9). Set ``PLRNN_BENCH_LIMIT`` for another time limit
a system than 20 s.
"""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from systems import CASES, known, planted_al_rnn

from plrnn_analysis import PLRNN

pytestmark = pytest.mark.benchmark
LIMIT = float(os.environ.get("PLRNN_BENCH_LIMIT", "20"))


def random_system(rng, relus, gain):
    model, _ = planted_al_rnn(rng, 2 * relus, relus, gain)
    p = model.parameters
    return PLRNN.al_rnn(p["A"], p["W"], rng.normal(size=2 * relus), pwl_units=relus)


@pytest.mark.parametrize("gain", [1.0, 1.5, 2.0])
@pytest.mark.parametrize(
    ("relus", "planted", "systems"), [(40, False, 20), (60, False, 20), (40, True, 20), (60, True, 5), (100, False, 5)]
)
def test_fixed_points(relus, planted, systems, gain):
    seconds, complete, nodes = [], 0, []
    for seed in range(systems):
        rng = np.random.default_rng([seed, relus])
        model, z = planted_al_rnn(rng, 2 * relus, relus, gain) if planted else (random_system(rng, relus, gain), None)
        start = time.perf_counter()
        found = model.fixed_points(time_limit=LIMIT)
        seconds.append(time.perf_counter() - start)
        complete += found.complete
        nodes.append(found.coverage.nodes)
        if found.complete and z is not None:
            assert any(np.allclose(p.z, z, atol=1e-6 * (1.0 + np.abs(z).max())) for p in found)
    print(
        f"\nP {relus} {'planted' if planted else 'random '} g {gain}: {complete} of {systems} complete "
        f"within {LIMIT:.0f} s, median {np.median(seconds):.3f} s, longest {max(seconds):.2f} s, "
        f"median nodes {np.median(nodes):.0f}"
    )


@pytest.mark.parametrize(
    ("name", "period", "options"),
    [("tent_full", 16, {}), ("lozi_a2_b_half_exact", 16, {}), ("scyfi_conv2d_k65", 69, {"box": 1e3})],
)
def test_cycles(name, period, options):
    model = known(CASES[name])
    model.cycles(2, **options)
    start = time.perf_counter()
    found = model.cycles(period, **options)
    assert found.complete
    print(f"\n{name}: {len(found)} cycles, complete to period {period} in {time.perf_counter() - start:.2f} s")


def test_elimination_at_24_unknowns():
    model = known(CASES["scyfi_conv2d_k16"])
    model.cycles(2, method="elimination")
    start = time.perf_counter()
    found = model.cycles(12, method="elimination", time_limit=None)
    last = found.coverage[12]
    assert found.complete
    whole = time.perf_counter() - start
    print(f"\nelimination, H k = 24: {last.nodes} nodes, {last.seconds:.2f} s (all periods {whole:.2f} s)")
