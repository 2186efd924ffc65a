"""What a search may spend, who may stop it, and who is told how far it is."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from .._validation import number
from ..progress import ProgressOption, Reporter
from ..progress.ctrl_c import CtrlC
from ..progress.reporting import OutOfTime
from ..statuses import StoppedBy

__all__ = ["Budget", "loading"]

# What checking and describing candidates may take beyond the time limit, or after Ctrl-C: seconds, or a share of the
# limit.
OVERTIME, OVERTIME_SHARE = 0.25, 0.08

# All budgets of the process: those of searches within searches, and of several threads.
_running: weakref.WeakSet[Budget] = weakref.WeakSet()
_listed = threading.Lock()
# One thread loads at a time, as imports do; the others wait, and what they wait is not counted twice.
_loads = threading.RLock()


@contextmanager
def loading() -> Iterator[None]:
    """Within the block compiled code is loaded, the first time compiled, which no search's time limit pays for.

    Compilation takes seconds once after an installation. A search with a limit of that size would return nothing, and
    the same call a moment later all.
    """
    with _loads:
        began = time.perf_counter()
        # An import that Ctrl-C ends half-way leaves code behind that fails when it is used.
        ctrl_c = CtrlC()
        try:
            with ctrl_c:
                yield
        finally:
            ended = time.perf_counter()
            with _listed:
                budgets = list(_running)
            for budget in budgets:
                budget.postpone(ended - max(began, budget.started))
        if ctrl_c.pressed:
            raise KeyboardInterrupt


class Budget:
    """Nodes and seconds a search may use; shared by its threads.

    Parameters
    ----------
    max_nodes : int or None
    time_limit : float or None
        Seconds from now.
    progress : Reporter, optional
        What the search's argument of that name is inside it (:func:`plrnn_analysis.progress.reports`).

    Raises
    ------
    ModelError
        If a limit is negative or not a number.
    """

    def __init__(self, max_nodes: int | None, time_limit: float | None, progress: ProgressOption = None) -> None:
        if max_nodes is not None:
            number("max_nodes", max_nodes, least=0.0, remark="or None for no limit")
        if time_limit is not None:
            number("time_limit", time_limit, least=0.0, infinite=True, remark="or None for no limit")
        self.started = time.perf_counter()
        self.deadline = None if time_limit is None else self.started + time_limit
        overtime = 0.0 if time_limit is None else max(OVERTIME, OVERTIME_SHARE * time_limit)
        self.overtime_ends = None if self.deadline is None else self.deadline + overtime
        self.nodes_left = None if max_nodes is None else int(max_nodes)
        self.stopped_by = StoppedBy.NOTHING
        self.reporter = progress if isinstance(progress, Reporter) else Reporter()
        self._lock = threading.Lock()
        with _listed:
            _running.add(self)

    def postpone(self, seconds: float) -> None:
        """Count the last seconds as if the search had started that much later."""
        with self._lock:
            self.started += seconds
            if self.deadline is not None:
                self.deadline += seconds
            if self.overtime_ends is not None:
                self.overtime_ends += seconds

    @property
    def seconds(self) -> float:
        """Seconds since the start, without those that loading compiled code took."""
        return time.perf_counter() - self.started

    @property
    def remaining(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.deadline is None else max(self.deadline - time.perf_counter(), 0.0)

    @property
    def limit(self) -> float | None:
        """What is left as the argument `time_limit` of a search."""
        return None if self.deadline is None else self.remaining

    @property
    def overdue(self) -> bool:
        """Whether the time limit, or Ctrl-C, is so far past that even checking what was found must end."""
        return self.overtime_ends is not None and time.perf_counter() > self.overtime_ends

    def leaves_less_than(self, seconds: float) -> bool:
        """Whether less time than this is left, overtime included: then it is time for what takes that long."""
        return self.overtime_ends is not None and time.perf_counter() + seconds > self.overtime_ends

    @property
    def late(self) -> bool:
        """Whether half of the overtime is over: then nothing else is looked at, and the rest is for what was found."""
        return self.overdue or (self.deadline is not None and time.perf_counter() > self._middle(self.deadline))

    def _middle(self, deadline: float) -> float:
        return 0.5 * (deadline + (deadline if self.overtime_ends is None else self.overtime_ends))

    def is_over(self) -> bool:
        """Whether the time is up or Ctrl-C was pressed, where the rest is left as it is; progress is reported."""
        self.report()
        if self.late:
            self.stop(StoppedBy.TIME_LIMIT)
        return bool(self.stopped_by)

    def portion(self, share: float, max_nodes: int | None = None) -> Budget:
        """A budget with a share of the time left, for a part of the search."""
        part = Budget(max_nodes, None if self.deadline is None else share * self.remaining, self.reporter)
        if self.stopped_by is StoppedBy.INTERRUPT:
            part.stop(self.stopped_by)
        return part

    def check(self) -> None:
        """Report progress in the middle of something that must end if there is no time left for it.

        Raises
        ------
        KeyboardInterrupt
            As `take`.
        OutOfTime
        """
        self.reporter.tick()
        if self.late or self.stopped_by is StoppedBy.INTERRUPT:
            self.stop(StoppedBy.TIME_LIMIT)
            raise OutOfTime

    def within(self, what: str) -> Reporter:
        """The reporter for a part of the search that has no limit of its own: it ends with the time of this one."""
        return self.reporter.part(what, lambda: self.late)

    def stop(self, reason: str) -> None:
        """End the search; the first reason given stays."""
        with self._lock:
            self.stopped_by = self.stopped_by or StoppedBy(reason)
            if self.stopped_by is StoppedBy.INTERRUPT:
                ends = time.perf_counter() + OVERTIME
                self.overtime_ends = ends if self.overtime_ends is None else min(ends, self.overtime_ends)

    def go_on(self) -> bool:
        """Whether there is time left. Here progress is reported, which may raise KeyboardInterrupt."""
        self.reporter.tick()
        if self.deadline is not None and time.perf_counter() >= self.deadline:
            self.stop(StoppedBy.TIME_LIMIT)
        return not self.stopped_by

    def take(self, nodes: int) -> int:
        """Ask for up to `nodes` nodes; 0 means stop. Here progress is reported, which may raise KeyboardInterrupt."""
        if not self.go_on():
            return 0
        with self._lock:
            if self.stopped_by:
                return 0
            if self.nodes_left is None:
                return nodes
            granted = min(nodes, self.nodes_left)
            if granted == 0:
                self.stopped_by = StoppedBy.MAX_NODES
            self.nodes_left -= granted
            return granted

    def report(self) -> None:
        """Report progress where what was found must not be lost: an interruption stops the search and is not raised."""
        try:
            self.reporter.tick()
        except KeyboardInterrupt:
            self.stop(StoppedBy.INTERRUPT)

    def give_back(self, nodes: int) -> None:
        """Return nodes that were granted but not used."""
        if self.nodes_left is not None:
            with self._lock:
                self.nodes_left += nodes
