"""Speed of Lyapunov exponents, beside a loop in NumPy, both on one core.

Run ``python tests/benchmarks/test_bench_lyapunov.py`` with ``OPENBLAS_NUM_THREADS=1``, or ``pytest -m benchmark -s`` on
this file.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

import plrnn_analysis as pa
from plrnn_analysis.lyapunov import lyapunov_spectrum

STEPS = 100_000
LOOP_STEPS = 5000


def model(m: int = 50, p: int = 5) -> pa.PLRNN:
    """Driven by a tent map in its last unit: motion that settles would be recognised, and nothing be multiplied."""
    rng = np.random.default_rng(0)
    A, W, h = 0.5 * rng.random(m), rng.standard_normal((m, m)) * 0.5 / m**0.5, rng.standard_normal(m)
    W[-1], A[-1], W[-1, -1], h[-1] = 0.0, 1.999, -3.998, 1.0
    return pa.PLRNN.al_rnn(A, W, h, pwl_units=p)


def leading_by_a_loop(model: pa.PLRNN, steps: int) -> float:
    """The leading exponent, one step at a time; the Jacobian is never formed."""
    A, W, V, c, h = (getattr(model.map, name) for name in "AWVch")
    z = np.zeros(len(h))
    q = np.ones(len(h)) / len(h) ** 0.5
    total = 0.0
    for _ in range(steps):
        y = V @ z + c
        q = A @ q + W @ np.where(y > 0, V @ q, 0.0)
        z = A @ z + W @ np.maximum(y, 0.0) + h
        length = np.sqrt(q @ q)
        total += np.log(length)
        q /= length
    return total / steps


def best_time(call: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the fastest of some calls, which other processes disturb little."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def report() -> tuple[float, float]:
    """Print both times; returns the loop's over ours for the leading exponent, and seconds of the spectrum."""
    network = model()
    start = np.zeros(network.n_units)
    lyapunov_spectrum(network, 10, z0=start)
    lyapunov_spectrum(network, 10, z0=start, n_exponents=1)
    ours = best_time(lambda: lyapunov_spectrum(network, STEPS, z0=start, n_exponents=1), 3) / (STEPS + 1000)
    loop = best_time(lambda: leading_by_a_loop(network, LOOP_STEPS), 3) / LOOP_STEPS
    print(
        f"leading exponent, M = 50, P = 5: {1e6 * ours:.2f} µs a step, a NumPy loop {1e6 * loop:.2f}: {loop / ours:.1f}"
    )
    began = time.process_time()
    spectrum = lyapunov_spectrum(network, STEPS, z0=start)
    seconds = time.process_time() - began
    print(f"spectrum of {STEPS} steps: {seconds:.2f} s, estimated error {spectrum.numerical_error:.1e}")
    return loop / ours, seconds


@pytest.mark.benchmark
def test_leading_exponent_against_a_loop():
    # About nine; printed, since a busy machine changes it.
    assert report()[0] > 1.0


if __name__ == "__main__":
    report()
