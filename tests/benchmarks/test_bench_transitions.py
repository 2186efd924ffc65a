"""Speed of counting transitions, beside what one would write with the standard library or NumPy.

Run ``python tests/benchmarks/test_bench_transitions.py``, or ``pytest -m benchmark -s`` on this file.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from plrnn_analysis.transitions import count_transitions


def with_counter(bits: np.ndarray) -> int:
    """Collections.Counter over bytes; returns the number of different transitions."""
    pairs: Counter[tuple[bytes, bytes]] = Counter()
    for trajectory in bits:
        codes = [row.tobytes() for row in trajectory]
        pairs.update(itertools.pairwise(codes))
    return len(pairs)


def with_numpy(bits: np.ndarray) -> int:
    """numpy.unique over packed codes; at most 31 bits."""
    codes = bits @ (1 << np.arange(bits.shape[2]))
    return np.unique((codes[:, :-1] << 32) | codes[:, 1:], return_counts=True)[0].size


def best_time(call: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the fastest of some calls, which other processes disturb little."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def workloads(n_bits: int = 10) -> dict[str, np.ndarray]:
    """From a slowly moving network to the worst case, each of 2 million steps."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((100, 20_000, n_bits)), axis=1) > 0.0
    dwell = np.repeat(rng.random((100, 4_000, n_bits)) < 0.5, 5, axis=1)
    return {"random walk": walk, "new code every 5 steps": dwell, "new code every step": rng.random(walk.shape) < 0.5}


def report() -> dict[str, float]:
    """Print a line for each workload; returns million steps per second."""
    rates = {}
    print(f"{'P = 10':24}{'ours, M steps/s':>18}{'numpy.unique':>16}{'Counter':>12}   (times slower than ours)")
    for name, bits in workloads().items():
        count_transitions(bits[:1])
        steps = bits.shape[0] * bits.shape[1]
        ours = best_time(lambda bits=bits: count_transitions(bits), 5)
        unique = best_time(lambda bits=bits: with_numpy(bits), 2)
        part = bits[:10]
        counter = best_time(lambda part=part: with_counter(part), 1) * bits.shape[0] / part.shape[0]
        assert count_transitions(bits).count.size == with_numpy(bits)
        rates[name] = steps / ours / 1e6
        print(f"{name:24}{rates[name]:>18.1f}{unique / ours:>15.1f}x{counter / ours:>11.1f}x")
    return rates


@pytest.mark.benchmark
def test_twenty_million_steps_a_second():
    assert min(report().values()) >= 20.0


if __name__ == "__main__":
    report()
