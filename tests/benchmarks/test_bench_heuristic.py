"""How complete is a heuristic? SCYFI at its published default budget beside the exact search, on the same systems.

Run with ``pytest tests/benchmarks/test_bench_heuristic.py -m benchmark -s``. The systems are AL-RNNs with M = 2P,
A ~ U(.3, .9), W ~ N(0, g^2/M) with zero diagonal, h such that a z ~ N(0, 9) is a
fixed point, g in {1, 2, 3}, of which all cycles up to period k are
asked for. Beside ``method="scyfi"`` runs a restatement of the published algorithm in the state of M units, its
iteration and its accounting as in the paper, once in NumPy and once the same function compiled by Numba.
"""

from __future__ import annotations

import time

import numba
import numpy as np
import pytest
from oracle import brute_force, brute_force_cycles
from other_finders import scyfi
from systems import planted_al_rnn

from plrnn_analysis.engines.heuristic import default_limits

pytestmark = pytest.mark.benchmark
# P, largest period asked for.
SIZES = [(relus, k) for relus, up_to in ((4, 6), (8, 6), (12, 4), (16, 2), (20, 2)) for k in range(1, up_to + 1)]
GAINS = (1.0, 2.0, 3.0)
LIMIT = 20.0
# Words up to which brute force answers.
ORACLE = 1 << 12


compiled = numba.njit(scyfi)


def random_system(seed, relus, gain):
    rng = np.random.default_rng([seed, relus])
    return planted_al_rnn(rng, 2 * relus, relus, gain)[0]


def canonical(word):
    return min(tuple(word[r:]) + tuple(word[:r]) for r in range(len(word)))


def restated(function, model, max_period):
    words = set()
    map = model.map
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (map.A, map.W, map.V, map.c, map.h)]
    for period in range(1, max_period + 1):
        found, _ = function(*arrays, period, *default_limits(period), np.random.default_rng([0, period]), 5000)
        words.update(canonical(["".join("01"[int(b)] for b in bits) for bits in word]) for word in found)
    return words


def ours(model, max_period, **options):
    found = model.cycles(max_period, **options)
    return {canonical([code.replace("-", "") for code in c.word]) for c in found}, found


def by_brute_force(model, max_period):
    """All cycles by solving every word; None if there are too many words, or one is too close to a boundary."""
    map = model.map
    arrays = (map.A, map.W, map.V, map.c, map.h)
    if 1 << (map.n_relu * max_period) > ORACLE:
        return None
    points, ambiguous = brute_force(*arrays)
    words = {("".join("01"[int(b)] for b in bits),) for bits, _ in points}
    for period in range(2, max_period + 1):
        found, unclear = brute_force_cycles(*arrays, period)
        ambiguous |= unclear
        words |= {canonical(["".join("01"[b] for b in bits) for bits in word]) for word in found}
    return None if ambiguous else words


COLUMNS = {
    "NumPy": lambda model, period: restated(scyfi, model, period),
    "Numba": lambda model, period: restated(compiled, model, period),
    "scyfi": lambda model, period: ours(model, period, method="scyfi")[0],
    "scyfi x 10": lambda model, period: ours(model, period, method="scyfi", restarts=100, time_limit=LIMIT)[0],
    "exact": lambda model, period: ours(model, period, time_limit=LIMIT),
}


def test_recall():
    warm = random_system(0, 4, 2.0)
    restated(compiled, warm, 1), ours(warm, 1, method="scyfi"), ours(warm, 4), ours(random_system(0, 16, 2.0), 1)
    rows, checked, unfinished = [], 0, []
    for relus, period in SIZES:
        number, missed, seconds = (np.zeros(len(COLUMNS), kind) for kind in (int, int, float))
        complete = 0
        for gain in GAINS:
            model = random_system(period, relus, gain)
            results, times = [], []
            for run in COLUMNS.values():
                start = time.perf_counter()
                results.append(run(model, period))
                times.append(time.perf_counter() - start)
            words, found = results.pop()
            if not found.complete:
                unfinished.append((relus, period, gain))
                continue
            complete += 1
            results.append(words)
            assert all(result <= words for result in results), (relus, period, gain)
            oracle = by_brute_force(model, period)
            if oracle is not None:
                checked += 1
                assert words == oracle
            number += [len(result) for result in results]
            missed += [result != words for result in results]
            seconds += times
        rows.append((relus, period, complete, number, missed, seconds))
    heads = ["P", "periods", "systems", *(f"{c}, found" for c in COLUMNS), *(f"{c}, s" for c in COLUMNS)]
    print("\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for relus, period, complete, number, _, seconds in rows:
        cells = [relus, f"1-{period}" if period > 1 else 1, complete, *number, *(f"{s:.2f}" for s in seconds)]
        print("| " + " | ".join(map(str, cells)) + " |")
    complete, number, missed, seconds = (np.sum([row[i] for row in rows], axis=0) for i in (2, 3, 4, 5))
    print(f"systems complete {complete}, of these answered by brute force too {checked}; unfinished {unfinished}")
    for i, column in enumerate(COLUMNS):
        share, whole = number[i] / number[-1], complete - missed[i]
        print(f"{column}: recall {share:.1%}, all found in {whole} systems, {seconds[i]:.2f} s")
    assert complete >= 30 and checked >= 10
