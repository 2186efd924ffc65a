"""The same searches here and in processes and threads of every kind: run by test_process_kinds.py.

Usage: python -W error searching_elsewhere.py KIND. What is printed must be the number of searches, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np

from plrnn_analysis import PLRNN
from plrnn_analysis.engines import driver

SEEDS = range(8)


def model(seed: int) -> PLRNN:
    """Some fixed points, some cycles."""
    rng = np.random.default_rng(seed)
    return PLRNN.al_rnn(rng.uniform(0.3, 0.9, 6), rng.normal(0, 0.6, (6, 6)), rng.normal(0, 1, 6), pwl_units=4)


def answer(seed: int, executor: Executor | None = None) -> bytes:
    """Everything that was found, to the bit."""
    options = {"method": "linear programs", "executor": executor}
    points, cycles = model(seed).fixed_points(**options), model(seed).cycles(2, **options)
    run = model(seed).simulate(20)
    numbers = [point.z.tobytes() for point in points] + [cycle.points.tobytes() for cycle in cycles]
    words = [point.bitcode for point in points] + [cycle.word for cycle in cycles]
    return pickle.dumps([points.complete, cycles.complete_up_to, words, numbers, run.states.tobytes()])


def in_pool(method: str) -> Iterable[bytes]:
    with multiprocessing.get_context(method).Pool(2) as pool:
        return pool.map(answer, SEEDS)


def cut_up(pool: Executor) -> Iterable[bytes]:
    """Each search is cut into subtrees, which the executor searches, however small it is."""
    driver.HEAD_START = 0.0
    with pool:
        return [answer(seed, pool) for seed in SEEDS]


def by_executor(method: str) -> Iterable[bytes]:
    return cut_up(ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)))


def by_lokys_executor() -> Iterable[bytes]:
    from joblib.externals.loky import get_reusable_executor

    return cut_up(get_reusable_executor(2))


def in_threads() -> Iterable[bytes]:
    """All begin at once, with the kernels still to be loaded."""
    start = threading.Barrier(len(SEEDS))

    def task(seed: int) -> bytes:
        start.wait()
        return answer(seed)

    with ThreadPoolExecutor(len(SEEDS)) as pool:
        return list(pool.map(task, SEEDS))


def in_forks_of_a_process_with_threads() -> Iterable[bytes]:
    in_threads()
    stop = threading.Event()
    busy = [threading.Thread(target=lambda: [stop.is_set() or answer(0) for _ in range(1000)]) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        # Python 3.12 and newer warn of such forks.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return in_pool("fork")
    finally:
        stop.set()
        for thread in busy:
            thread.join()


def in_joblib() -> Iterable[bytes]:
    from joblib import Parallel, delayed

    found = Parallel(n_jobs=2)(delayed(answer)(seed) for seed in SEEDS)
    assert found == Parallel(n_jobs=2, backend="threading")(delayed(answer)(seed) for seed in SEEDS)
    return found


def in_dask() -> Iterable[bytes]:
    import distributed

    options = {"n_workers": 2, "dashboard_address": None, "threads_per_worker": 2}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        return client.gather(client.map(answer, SEEDS))


KINDS: dict[str, Callable[[], Iterable[bytes]]] = {
    **{f"{m} pool": lambda m=m: in_pool(m) for m in multiprocessing.get_all_start_methods()},
    **{f"{m} executor": lambda m=m: by_executor(m) for m in multiprocessing.get_all_start_methods()},
    "loky executor": by_lokys_executor,
    "threads": in_threads,
    "forks of a process with threads": in_forks_of_a_process_with_threads,
    "joblib": in_joblib,
    "dask": in_dask,
}


if __name__ == "__main__":
    elsewhere = list(KINDS[sys.argv[1]]())
    here = [answer(seed) for seed in SEEDS]
    assert elsewhere == here, [seed for seed, a, b in zip(SEEDS, elsewhere, here, strict=True) if a != b]
    print(len(SEEDS))
