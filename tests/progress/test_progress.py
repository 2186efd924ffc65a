"""Who is told how far a search is: the reporter, its displays, and every search that has the argument."""

from __future__ import annotations

import io
import itertools
import sys
import threading
import time
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.bifurcations import bifurcation_plane
from plrnn_analysis.comparison import compare
from plrnn_analysis.engines.budget import Budget
from plrnn_analysis.progress import Progress, Reporter, displays, reporting, reports
from plrnn_analysis.story import tell_story


@pytest.fixture
def at_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell at every opportunity, however little time has passed."""
    monkeypatch.setattr(reporting, "INTERVAL", -1.0)


def random_al_rnn(seed: int, m: int, p: int, gain: float = 1.0, inputs: int = 0, outputs: int = 0) -> PLRNN:
    rng = np.random.default_rng(seed)
    A, W, h = rng.uniform(0.2, 0.9, m), gain * rng.normal(size=(m, m)) / np.sqrt(m), rng.normal(size=m)
    C = rng.normal(size=(m, inputs)) if inputs else None
    return PLRNN.al_rnn(A, W, h, pwl_units=p, C=C, B=rng.normal(size=(outputs, m)) if outputs else None)


def planted(seed: int, m: int, p: int) -> PLRNN:
    """With a fixed point chosen first, which is what makes searches long."""
    rng = np.random.default_rng(seed)
    A, W, z = rng.uniform(0.2, 0.9, m), rng.normal(size=(m, m)) / np.sqrt(m), 3.0 * rng.normal(size=m)
    read = np.where(np.arange(m) < m - p, z, np.maximum(z, 0.0))
    return PLRNN.al_rnn(A, W, z - A * z - W @ read, pwl_units=p)


TENT = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
SWITCH = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2, C=[[1, 0], [0, 1]], B=[[1, -1]])
# All subregions are singular: the state stays among the unknowns.
INTEGRATOR = PLRNN.al_rnn(
    np.ones(6),
    np.vstack([np.zeros((3, 6)), np.random.default_rng(0).normal(size=(3, 6))]),
    [0, 0, 0, 1, 2, 3],
    pwl_units=5,
)


def saddle_of(model: PLRNN) -> Any:
    return next(point for point in model.fixed_points() if point.stability == "saddle")


# Short searches of every kind, each a function of what is given as progress.
SEARCHES: dict[str, Callable[[Any], Any]] = {
    "elimination": lambda p: planted(0, 16, 14).fixed_points(method="elimination", progress=p),
    "linear programs": lambda p: planted(1, 24, 14).fixed_points(method="linear programs", progress=p),
    "threads": lambda p: planted(0, 16, 14).fixed_points(method="elimination", workers=2, progress=p),
    "enumeration": lambda p: SWITCH.fixed_points(progress=p),
    "scyfi": lambda p: planted(1, 16, 10).fixed_points(method="scyfi", progress=p),
    "farkas": lambda p: planted(1, 16, 10).fixed_points(verify="farkas", progress=p),
    "mixed": lambda p: INTEGRATOR.fixed_points(progress=p),
    "cycles": lambda p: TENT.cycles(8, progress=p),
    "cycles of words": lambda p: TENT.cycles(8, box=3.0, progress=p),
    "cycles of prefixes": lambda p: random_al_rnn(7, 3, 2).cycles(3, box=5.0, method="words in a box", progress=p),
    "subregions": lambda p: random_al_rnn(8, 6, 6).regions(progress=p),
    "exact graph": lambda p: random_al_rnn(9, 3, 3).transition_graph(box=3.0, progress=p),
    "attractors": lambda p: SWITCH.attractors(n=30, progress=p),
    "bifurcations": lambda p: TENT.bifurcations(("h", 0), [-1.0, -0.5, 0.3, 1.0], max_period=2, progress=p),
    "plane": lambda p: bifurcation_plane(SWITCH, (("h", 0), ("h", 1)), [0.5, 1.0], [0.5, 1.0], progress=p),
    "input diagram": lambda p: SWITCH.input_diagram((0, 1), ((-2, 2), (-2, 2)), progress=p),
    "input diagram of programs": lambda p: SWITCH.input_diagram(0, (-2, 2), method="linear programs", progress=p),
    "slow manifolds": lambda p: SWITCH.slow_manifolds(SWITCH.simulate(20, n=5), progress=p),
    "manifold": lambda p: SWITCH.manifold(saddle_of(SWITCH), "stable", box=4.0, progress=p),
    "reduction": lambda p: SWITCH.reduce(([-3, -3], [3, 3]), reachable=True, tolerance=0.1, progress=p),
    "comparison": lambda p: compare(SWITCH, random_al_rnn(3, 4, 2, inputs=2, outputs=1), progress=p),
    "story": lambda p: tell_story(SWITCH, n_states=20, progress=p),
}
# These have nothing to show before they are through: Ctrl-C leaves them as KeyboardInterrupt.
ALL_OR_NOTHING = ("exact graph", "reduction", "comparison")


def seen_by(search: Callable[[Any], Any]) -> tuple[list[Progress], Any]:
    told: list[Progress] = []
    return told, search(told.append)


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_tells_and_finds_the_same(name: str, at_every_tick: None) -> None:
    told, found = seen_by(SEARCHES[name])
    assert [p.ended for p in told] == [False] * (len(told) - 1) + [True]
    assert len(told) > 1
    expected = SEARCHES[name](None)
    assert repr(found) == repr(expected) or name == "exact graph"
    if name == "exact graph":
        assert sorted(found.edges) == sorted(expected.edges)
    for p in told:
        assert p.done >= 0 and (p.total is None or 0 <= p.done <= p.total) and p.found >= 0 and p.what
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(told))
    assert not isinstance(found, Sized) or told[-1].found == len(found)


class Enough:
    """Takes so many calls, then raises an error."""

    def __init__(self, error: type[BaseException], last: int) -> None:
        self.error, self.left = error, last

    def __call__(self, progress: Progress) -> None:
        assert self.left >= 0, "called after it had raised"
        self.left -= 1
        if self.left < 0:
            raise self.error("enough")


@pytest.mark.parametrize("name", SEARCHES)
def test_an_exception_ends_every_search_as_ctrl_c_does(name: str, at_every_tick: None) -> None:
    calls = len(seen_by(SEARCHES[name])[0]) - 1
    for last in sorted({0, calls // 3, 2 * calls // 3, calls - 1}):
        try:
            SEARCHES[name](Enough(KeyboardInterrupt, last))
        except KeyboardInterrupt:
            assert name in ALL_OR_NOTHING, last


@pytest.mark.parametrize("name", ["cycles", "attractors", "story"])
def test_an_exception_of_another_kind_is_told_too(name: str, at_every_tick: None) -> None:
    def search() -> BaseException | None:
        try:
            SEARCHES[name](Enough(ValueError, 1))
        except KeyboardInterrupt as interrupt:
            return interrupt
        return None

    with pytest.warns(RuntimeWarning, match=r"progress raised ValueError\('enough'\)"):
        left = search()
    assert left is None or (name in ALL_OR_NOTHING and isinstance(left.__cause__, ValueError))


def test_what_was_found_before_the_exception_is_returned(at_every_tick: None) -> None:
    told: list[Progress] = []

    def some(progress: Progress) -> None:
        told.append(progress)
        if progress.what.startswith("cycles: period 6"):
            raise KeyboardInterrupt

    found = TENT.cycles(9, method="elimination", progress=some)
    assert not found.complete and found.complete_up_to == 5
    assert found.counts == {**TENT.cycles(5).counts, **{k: 0 for k in found.coverage if k > 5}}
    assert told[-1].found >= sum(TENT.cycles(5).counts.values())


def test_what_workers_do_is_reported_from_here(at_every_tick: None) -> None:
    told: list[tuple[Progress, int]] = []
    with ThreadPoolExecutor(2) as pool:
        found = planted(1, 60, 30).fixed_points(
            executor=pool, time_limit=1.0, progress=lambda p: told.append((p, threading.get_ident()))
        )
    assert len(told) > 1 and {who for _, who in told} == {threading.get_ident()}
    assert told[-1][0].ended and told[-1][0].found == len(found)


def test_what_progress_may_be() -> None:
    for wrong in ("yes", 3, [], object()):
        with pytest.raises(ModelError, match="progress must be True, False or a function"):
            SWITCH.fixed_points(progress=wrong)
    assert repr(SWITCH.fixed_points(progress=False)) == repr(SWITCH.fixed_points(progress=None))


def test_a_search_in_a_search_speaks_in_the_name_of_the_outer_one(at_every_tick: None) -> None:
    @reports("inner")
    def inner(*, progress: Any = None) -> list[int]:
        budget = Budget(None, None, progress)
        budget.reporter.say(stage="stage", done=1, total=4)
        budget.reporter.say(step="step", done=lambda: 2, total=9, found=3)
        budget.take(1)
        return [1]

    @reports("outer")
    def outer(*, progress: Any = None) -> list[int]:
        budget = Budget(None, None, progress)
        inner(progress=budget.reporter)
        budget.reporter.say(done=5, total=10)
        budget.reporter.before = 7
        inner(progress=budget.reporter)
        return [1, 2]

    told: list[Progress] = []
    outer(progress=told.append)
    assert [(p.what, p.done, p.total, p.found, p.ended) for p in told] == [
        ("outer: inner: stage: step", 2, 9, 3, False),
        ("outer: inner: stage: step", 5, 10, 7, False),
        ("outer", 5, 10, 2, True),
    ]


def test_other_threads_tell_nobody(at_every_tick: None) -> None:
    told: list[Progress] = []
    reporter = Reporter(told.append, "search")
    other = threading.Thread(target=reporter.tick)
    other.start()
    other.join()
    assert not told
    reporter.tick()
    assert len(told) == 1


def test_not_more_often_than_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "INTERVAL", 1e6)
    told, _ = seen_by(SEARCHES["cycles"])
    assert len(told) == 1 and told[0].ended


def test_an_exception_in_the_last_call_ends_nothing(at_every_tick: None) -> None:
    def last(error: BaseException) -> Callable[[Progress], None]:
        def told(progress: Progress) -> None:
            if progress.ended:
                raise error

        return told

    assert SWITCH.fixed_points(progress=last(KeyboardInterrupt())).complete
    with pytest.warns(RuntimeWarning, match="enough"):
        assert SWITCH.fixed_points(progress=last(ValueError("enough"))).complete


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, progress: list[Progress]) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    shown = displays.display()
    for one in progress:
        shown(one)
    shown.close()
    return stream.getvalue()


SOME = [Progress("cycles", i, 100, i // 10, 0.3 * i, i == 100) for i in range(101)]


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown_on(Terminal(), monkeypatch, SOME)
    assert "cycles: 99 of 100, 9 found, 29 s" in text
    unknown = shown_on(Terminal(), monkeypatch, [Progress("manifold", 5, None, 1, 0.3), SOME[-1]])
    assert "manifold: 5 done, 1 found, 0 s" in unknown


def test_plain_lines_elsewhere_grow_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown_on(io.StringIO(), monkeypatch, SOME).splitlines()
    assert lines[0] == "cycles: 4 of 100, 0 found, 1 s" and lines[-1] == "cycles: 100 of 100, 10 found, 30 s, ended"
    assert 4 <= len(lines) <= 8
    # A search that is quickly done leaves nothing behind.
    assert shown_on(io.StringIO(), monkeypatch, [SOME[1], SOME[-1]]) == ""


def test_one_line_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    class ZMQInteractiveShell:
        pass

    class Module:
        get_ipython = staticmethod(ZMQInteractiveShell)

    monkeypatch.setitem(sys.modules, "IPython", Module)
    text = shown_on(io.StringIO(), monkeypatch, SOME)
    assert text.count("\n") == 1 and text.count("\r") == 101 and text.rstrip().endswith("100 of 100, 10 found, 30 s")
    assert shown_on(io.StringIO(), monkeypatch, SOME[-1:]) == ""


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_goes_to_standard_output(
    stream: type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, at_every_tick: None
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    assert TENT.cycles(9, progress=True).complete
    assert capsys.readouterr().out == ""


# Searches of more than five seconds, or that a limit ends; in the slow tests alone.
LONG: dict[str, Callable[[Any], Any]] = {
    "elimination": lambda p: planted(0, 80, 40).fixed_points(method="elimination", progress=p, time_limit=5),
    "linear programs": lambda p: planted(1, 120, 60).fixed_points(progress=p, time_limit=5),
    "threads": lambda p: planted(1, 120, 60).fixed_points(progress=p, workers=2, time_limit=5),
    "ring of cycles": lambda p: random_al_rnn(5, 20, 2, 1.5).cycles(40, progress=p, time_limit=5),
    "many cycles": lambda p: TENT.cycles(22, method="elimination", progress=p, time_limit=5),
    "subregions": lambda p: random_al_rnn(8, 100, 12).regions(progress=p, time_limit=5),
    "exact graph": lambda p: random_al_rnn(9, 8, 7).transition_graph(box=3.0, progress=p),
    "attractors": lambda p: PLRNN.clipped_shallow(*_clipped(20, 30)).attractors(progress=p, time_limit=5),
    "large attractors": lambda p: PLRNN.clipped_shallow(*_clipped(200, 200)).attractors(progress=p, time_limit=5),
    "plane": lambda p: bifurcation_plane(
        random_al_rnn(13, 10, 6, 1.2),
        (("h", 9), ("W", 8, 9)),
        np.linspace(-2, 2, 12),
        np.linspace(-1, 1, 12),
        progress=p,
    ),
    "input diagram": lambda p: random_al_rnn(14, 150, 12, inputs=1).input_diagram(0, (-2, 2), progress=p, time_limit=5),
    "slow manifolds": lambda p: _large().slow_manifolds(_large().simulate(200, n=50), progress=p, time_limit=5),
    "reduction": lambda p: _large().reduce(_large().simulate(100, n=50), tolerance=0.1, horizon=30, progress=p),
}


def _clipped(m: int, n: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1)
    A = rng.uniform(0.2, 0.8, m)
    W1, W2 = rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=(n, m))
    return A, W1, W2, 0.1 * rng.normal(size=m), rng.normal(size=n)


def _large() -> PLRNN:
    return random_al_rnn(15, 60, 14)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_told_at_least_once_a_second(name: str) -> None:
    """In the time of this thread, which a loaded machine does not stretch, beside what it waits for workers."""
    clock = time.perf_counter if name == "threads" else time.thread_time
    times = [clock()]
    LONG[name](lambda progress: times.append(clock()))
    gaps = np.diff(times)
    assert len(gaps) >= 2 and gaps.max() <= (2.0 if name == "threads" else 1.0), gaps.max()


def test_told_while_compiled_code_runs() -> None:
    times = [time.thread_time()]
    planted(0, 80, 40).fixed_points(
        method="elimination", time_limit=1.2, progress=lambda progress: times.append(time.thread_time())
    )
    assert len(times) >= 3 and np.diff(times).max() <= 1.0
