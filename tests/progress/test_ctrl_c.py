"""Ctrl-C in a program or a notebook: noted by the search that runs, raised where it can end."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from plrnn_analysis.engines.budget import Budget, loading
from plrnn_analysis.progress import ctrl_c, reports
from plrnn_analysis.progress.ctrl_c import CtrlC, raise_if_pressed
from plrnn_analysis.progress.reporting import OutOfTime


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """No press was just before."""
    monkeypatch.setattr(ctrl_c, "_last", -1e9)


def test_a_search_is_ended_where_it_ticks_and_not_before() -> None:
    @reports("search")
    def search(*, progress: Any = None) -> list[str]:
        budget, done = Budget(None, None, progress), ["begun"]
        press()
        done.append("not interrupted here")
        try:
            budget.take(1)
        except KeyboardInterrupt:
            budget.stop("interrupt")
        budget.reporter.tick()
        return [*done, f"stopped by {budget.stopped_by}"]

    assert search() == ["begun", "not interrupted here", "stopped by interrupt"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_is_raised_in_each_search_that_another_is_made_of() -> None:
    @reports("inner")
    def inner(*, progress: Any = None) -> str:
        try:
            progress.tick()
        except KeyboardInterrupt:
            return "ended"
        return "whole"

    @reports("outer")
    def outer(*, progress: Any = None) -> list[str]:
        found = [inner(progress=progress)]
        press()
        found.append(inner(progress=progress))
        with pytest.raises(KeyboardInterrupt):
            progress.tick()
        progress.tick()
        return [*found, inner(progress=progress)]

    assert outer() == ["whole", "ended", "ended"]


def test_a_search_that_is_through_stays_whole() -> None:
    @reports("search")
    def search(*, progress: Any = None) -> list[int]:
        press()
        return [1, 2, 3]

    assert search() == [1, 2, 3]


def test_the_second_within_two_seconds_ends_everything() -> None:
    ran = []

    @reports("search")
    def search(*, progress: Any = None) -> None:
        ran.append(1)
        press()

    def many() -> None:
        for _ in range(100):
            search()

    with pytest.raises(KeyboardInterrupt):
        many()
    assert len(ran) == 2


def test_a_search_that_catches_the_second_one_ends_nevertheless() -> None:
    @reports("search")
    def search(*, progress: Any = None) -> str:
        press()
        try:
            press()
        except KeyboardInterrupt:
            return "a part"
        return "whole"

    with pytest.raises(KeyboardInterrupt):
        search()


def test_code_is_loaded_whole() -> None:
    loaded = []

    def load() -> None:
        with loading():
            press()
            loaded.append("whole")

    with pytest.raises(KeyboardInterrupt):
        load()
    assert loaded == ["whole"]


def test_what_knows_of_no_search_hears_of_it_once() -> None:
    raise_if_pressed()
    with CtrlC():
        raise_if_pressed()
        press()
        other = threading.Thread(target=raise_if_pressed)
        other.start()
        other.join()
        with pytest.raises(KeyboardInterrupt):
            raise_if_pressed()
        raise_if_pressed()


def test_who_handles_it_otherwise_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with CtrlC() as noted:
            press()
        assert not noted.pressed and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_part_without_a_limit_of_its_own_ends_with_the_time_of_the_whole() -> None:
    @reports("inner")
    def inner(*, progress: Any = None) -> None:
        progress.tick()

    inner(progress=Budget(None, 100.0).within("part"))
    over = Budget(None, 1.0)
    over.postpone(-100.0)
    with pytest.raises(OutOfTime):
        inner(progress=over.within("part"))
