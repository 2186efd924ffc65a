"""Speed of simulating, beside the matrix products that it consists of, both on one core.

Run ``python tests/benchmarks/test_bench_trajectories.py``, or ``pytest -m benchmark -s`` on this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

import plrnn_analysis as pa

# M, P, trajectories, steps
SIZES = ((50, 5, 1000, 1000), (20, 2, 1000, 1000), (100, 10, 256, 500), (300, 20, 128, 100), (50, 5, 1, 20_000))

# In a process of its own: the number of BLAS threads is fixed when NumPy is imported.
FLOOR = """
import sys, time
import numpy as np
m, p, n, steps = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
left, right, out = rng.random((n, m + p)), rng.random((m + p, m)), np.empty((n, m))
best = float("inf")
for _ in range(20):
    start = time.process_time()
    for _ in range(5):
        np.dot(left, right, out=out)
    best = min(best, (time.process_time() - start) / 5)
print(best * steps)
"""


def product_seconds(size: tuple[int, int, int, int]) -> float:
    """CPU seconds for one BLAS product (n, M + P) x (M + P, M) a step, single-threaded."""
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
    call = [sys.executable, "-c", FLOOR, *map(str, size)]
    return float(subprocess.run(call, env=os.environ | one, capture_output=True, check=True, text=True).stdout)


def best_time(call: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the fastest of some calls, which other processes disturb little."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def report() -> dict[tuple[int, int, int, int], float]:
    """Print a line for each size; returns our time over that of the products."""
    ratios = {}
    print(f"{'M':>5}{'P':>4}{'batch':>7}{'T':>8}{'ours, s':>10}{'products, s':>13}{'ratio':>8}")
    for size in SIZES:
        m, p, n, steps = size
        rng = np.random.default_rng(0)
        W = rng.standard_normal((m, m)) * 0.5 / m**0.5
        model = pa.PLRNN.al_rnn(0.5 * rng.random(m), W, rng.standard_normal(m), pwl_units=p)
        model.simulate(2, n=n)
        ours = best_time(lambda model=model, steps=steps, n=n: model.simulate(steps, n=n), 4)
        floor = product_seconds(size)
        ratios[size] = ours / floor
        print(f"{m:>5}{p:>4}{n:>7}{steps:>8}{ours:>10.3f}{floor:>13.3f}{ratios[size]:>8.2f}")
    return ratios


@pytest.mark.benchmark
def test_within_three_times_the_matrix_products():
    assert report()[SIZES[0]] <= 3.0


if __name__ == "__main__":
    report()
