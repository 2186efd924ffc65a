"""Searches on executors: processes, threads and a real dask cluster give exactly the serial answer."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from systems import CASES, known, planted_al_rnn, random_model

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.engines import driver, elimination

METHODS = ("elimination", "linear programs")


@pytest.fixture(autouse=True)
def _no_head_start(monkeypatch):
    """Small searches too are cut up and sent away."""
    monkeypatch.setattr(driver, "HEAD_START", 0.0)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed")

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


class Here(Executor):
    """Runs each task when it is submitted, and counts them."""

    def __init__(self):
        self.tasks = 0

    def submit(self, fn, /, *args, **kwargs):
        self.tasks += 1
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def assert_same_points(one, other):
    assert one.complete == other.complete
    assert one.coverage.decided == other.coverage.decided
    assert one.coverage.engine == other.coverage.engine
    assert [p.bitcode for p in one] == [p.bitcode for p in other]
    np.testing.assert_array_equal([p.z for p in one], [p.z for p in other])
    assert [c.bitcode for c in one.continua] == [c.bitcode for c in other.continua]


def assert_same_cycles(one, other):
    assert one.complete_up_to == other.complete_up_to and one.counts == other.counts
    assert {k: c.decided for k, c in one.coverage.items()} == {k: c.decided for k, c in other.coverage.items()}
    assert [c.word for c in one] == [c.word for c in other]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
    assert [c.word for c in one.continua] == [c.word for c in other.continua]


def check(executor):
    """Fixed points by both engines and cycles, serial against parallel."""
    model, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    for method in METHODS:
        serial = model.fixed_points(method=method)
        assert serial.complete and len(serial) > 1
        assert_same_points(serial, model.fixed_points(method=method, executor=executor))
    lozi = known(CASES["lozi_a2_b_half_exact"])
    assert_same_cycles(lozi.cycles(7), lozi.cycles(7, executor=executor))


def test_processes(processes):
    check(processes)


def test_threads(threads):
    check(threads)


def test_dask_cluster(dask):
    check(dask)


def test_dask_cluster_respects_the_time_limit(dask):
    large, _ = planted_al_rnn(np.random.default_rng(0), 160, 80, 1.5)
    found = large.fixed_points(method="linear programs", time_limit=0.5, executor=dask)
    assert not found.complete and found.coverage.stopped_by == "time_limit"


def test_cuts_are_proven_where_they_were_made(processes):
    model, _ = planted_al_rnn(np.random.default_rng(3), 24, 12, 1.5)
    found = model.fixed_points(verify="farkas", executor=processes)
    assert_same_points(model.fixed_points(verify="farkas"), found)
    assert 0 < found.coverage.cuts_proven <= found.coverage.cuts_checked


@pytest.mark.parametrize("method", METHODS)
def test_any_model_gives_the_serial_answer(method):
    for seed in range(60):
        model = random_model(np.random.default_rng(seed))
        assert_same_points(model.fixed_points(method=method), model.fixed_points(method=method, executor=Here()))


@pytest.mark.parametrize("method", METHODS)
def test_points_on_boundaries_give_the_serial_answer(method):
    for seed in range(20):
        model, _ = planted_al_rnn(np.random.default_rng(seed), 8, 6, 1.5, on_boundary=1 + seed % 3)
        assert_same_points(model.fixed_points(method=method), model.fixed_points(method=method, executor=Here()))
        one, other = (model.cycles(2, method=method, **options) for options in ({}, {"executor": Here()}))
        assert_same_cycles(one, other)


def test_number_of_tasks():
    """Eight a worker, 64 where the number of workers is unknown, never more than there are patterns."""
    large, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    small, _ = planted_al_rnn(np.random.default_rng(5), 6, 3, 1.5)
    for model, workers, tasks in ((large, None, 64), (large, 3, 24), (small, None, 8)):
        executor = Here()
        if workers:
            executor._max_workers = workers
        model.fixed_points(method="elimination", executor=executor)
        assert executor.tasks == tasks


def test_a_quick_search_stays_here(monkeypatch):
    monkeypatch.setattr(driver, "HEAD_START", 10.0)
    model, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    executor = Here()
    assert_same_points(model.fixed_points(method="elimination"), model.fixed_points(
        method="elimination", executor=executor))  # fmt: skip
    assert executor.tasks == 0


class TestLimits:
    model, _ = planted_al_rnn(np.random.default_rng(0), 44, 22, 1.5)
    large, _ = planted_al_rnn(np.random.default_rng(0), 160, 80, 1.5)

    def test_nodes_are_shared_out(self):
        found = self.model.fixed_points(max_nodes=500, method="elimination", executor=Here())
        assert not found.complete and found.coverage.stopped_by == "max_nodes"
        assert 400 < found.coverage.nodes <= 500

    def test_nodes_are_shared_by_all_periods(self):
        found = known(CASES["tent_full"]).cycles(12, max_nodes=2000, method="elimination", executor=Here())
        assert 0 < found.complete_up_to < 12
        assert sum(c.nodes for c in found.coverage.values()) <= 2000

    @pytest.mark.parametrize("limit", [{"max_nodes": 0}, {"time_limit": 0}, {"max_nodes": 7}])
    def test_nothing_to_spend(self, limit, processes):
        found = self.model.fixed_points(method="elimination", executor=processes, **limit)
        assert not found.complete and found.coverage.stopped_by == next(iter(limit))

    def test_time_limit(self, processes):
        found = self.large.fixed_points(method="linear programs", time_limit=0.5, executor=processes)
        assert not found.complete and found.coverage.stopped_by == "time_limit"

    def test_workers_that_do_not_answer_are_left_behind(self):
        class Deaf(Executor):
            def submit(self, fn, /, *args, **kwargs):
                return Future()

        found = self.large.fixed_points(method="linear programs", time_limit=0.3, executor=Deaf())
        assert not found.complete and found.coverage.decided == 0 and found.coverage.stopped_by == "time_limit"

    def test_time_waited_for_a_worker_is_time_spent(self):
        tree = driver._search_below(_Endless, 3, (), None, 60.0, time.time() + 0.05, None)
        assert tree.stopped_by == "time_limit"


class _Endless:
    """A tree without an end."""

    def __init__(self, prefix):
        self.finished, self.words, self.decided, self.counts, self.reach = False, [], 0, {}, float("inf")

    def advance(self, nodes):
        time.sleep(0.01)
        return nodes


def test_exceptions_of_workers_propagate(monkeypatch, threads):
    def broken(tree, nodes):
        raise RuntimeError("the worker is on fire")

    model, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    monkeypatch.setattr(elimination._Tree, "advance", broken)
    with pytest.raises(RuntimeError, match="on fire"):
        model.fixed_points(method="elimination", executor=threads)


def test_interrupt_cancels_what_waits_and_keeps_what_came():
    """Two tasks answer, then Ctrl-C; the others never answer and are cancelled."""

    class Slow(Here):
        def __init__(self):
            super().__init__()
            self.waiting = []

        def submit(self, fn, /, *args, **kwargs):
            if self.tasks < 2:
                return super().submit(fn, *args, **kwargs)
            self.waiting.append(Future())
            return self.waiting[-1]

    model, _ = planted_al_rnn(np.random.default_rng(0), 44, 14, 1.5)
    executor = Slow()
    # A shell that runs the tests in the background starts them with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        found = model.fixed_points(method="elimination", executor=executor)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    assert not found.complete and found.coverage.stopped_by == "interrupt"
    assert found.coverage.decided == 2 * 2**8
    assert len(executor.waiting) == 62 and all(future.cancelled() for future in executor.waiting)


def test_interrupt_in_a_task_ends_the_search(monkeypatch, threads):
    def interrupted(tree, nodes):
        raise KeyboardInterrupt

    model, _ = planted_al_rnn(np.random.default_rng(5), 30, 14, 1.5)
    monkeypatch.setattr(elimination._Tree, "advance", interrupted)
    found = model.fixed_points(method="elimination", executor=threads)
    assert not found.complete and found.coverage.stopped_by == "interrupt"


def test_wrong_executors():
    tent = PLRNN.al_rnn([2.0], [[-4.0]], [1.0], pwl_units=1)
    with ThreadPoolExecutor(1) as pool:
        for search in (tent.fixed_points, partial(tent.cycles, 2)):
            with pytest.raises(ModelError, match=r"client\.get_executor\(\)"):
                search(executor="dask")
            with pytest.raises(ModelError, match="not both"):
                search(executor=pool, workers=2)
