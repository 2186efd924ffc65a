"""Who is told how far a search is, and when."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Sized
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar, cast

from ..errors import ModelError
from .ctrl_c import CtrlC
from .displays import display

__all__ = ["OutOfTime", "Progress", "ProgressOption", "Reporter", "reports"]

# Seconds between two calls, as far as the search lets it be heard.
INTERVAL = 0.25
# Totals up to this are said as numbers, beyond as shares.
COUNTED = 1_000_000

P = ParamSpec("P")
R = TypeVar("R")


class OutOfTime(Exception):
    """The time of a search was up in the middle of something that has no result to show then."""


@dataclass(frozen=True)
class Progress:
    """How far a search is.

    Attributes
    ----------
    what : str
        What is being done, such as ``"cycles: period 7"``.
    done : int
        How much of it is done: sign patterns decided, initial states followed to their ends, values searched, ...
    total : int or None
        Out of how much; None where that is not known.
    found : int
        What was found so far, candidates included that are still to be checked.
    seconds : float
        Since the start.
    ended : bool
        True in the last call.

    Examples
    --------
    >>> print(Progress("attractors", 150, 200, 3, 4.2))
    attractors: 150 of 200, 3 found, 4 s
    >>> print(Progress("fixed points", 3 * 2**40, 2**42, 0, 75.0))
    fixed points: 75 %, 0 found, 1:15
    """

    what: str
    done: int
    total: int | None
    found: int
    seconds: float
    ended: bool = False

    @property
    def share(self) -> float | None:
        """The part that is done, from 0 to 1; None where the total is not known."""
        return None if not self.total else min(self.done / self.total, 1.0)

    def __str__(self) -> str:
        parts = [f"{self.found:,} found", clock(self.seconds)]
        if self.total is None:
            parts[:0] = [f"{self.done:,} done"] if self.done else []
        elif self.total <= COUNTED:
            parts.insert(0, f"{self.done:,} of {self.total:,}")
        else:
            parts.insert(0, f"{100.0 * (self.share or 0.0):.3g} %")
        return f"{self.what}: {', '.join(parts)}"


def clock(seconds: float) -> str:
    """``42 s``, ``1:15`` or ``2:03:00``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class Reporter:
    """Tells someone how far a search is; silent where nobody asked.

    Parameters
    ----------
    receive : callable or None
        Takes a :class:`Progress`.
    what : str
    parent : Reporter, optional
        Of the search that this one is part of: it is told in its name.
    ctrl_c : CtrlC, optional
        Says whether Ctrl-C was pressed.
    until : callable, optional
        Says whether the time is up. Parts of the search that have no time limit of their own then end where they tick.

    Notes
    -----
    A search says what is known where it changes, and ticks wherever it looks at its budget; only a tick that is due
    calls anyone. Only the thread that began ticks, so that nobody is called from two threads at once. Ctrl-C is raised
    once in each search: in the one that runs, then in the one that it is part of, and in each that is begun after that.
    """

    def __init__(
        self,
        receive: Callable[[Progress], object] | None = None,
        what: str = "",
        parent: Reporter | None = None,
        ctrl_c: CtrlC | None = None,
        until: Callable[[], bool] | None = None,
    ) -> None:
        self.what = what
        self.stage = self.step = ""
        self.before = 0
        self.done: int | Callable[[], int] = 0
        self.total: int | None = None
        self.found: int | Callable[[], int] = 0
        self._receive = receive
        self._parent = parent
        self._root: Reporter = self if parent is None else parent._root
        self._ctrl_c = CtrlC() if ctrl_c is None else ctrl_c
        self._raised = False
        self._until = until
        self._thread = threading.get_ident()
        self._started = time.perf_counter()
        self._due = self._started + INTERVAL

    def part(self, what: str, until: Callable[[], bool] | None = None) -> Reporter:
        """The reporter of a search that is part of this one."""
        return Reporter(None, what, self, until=until or self._until)

    def say(
        self,
        stage: str | None = None,
        step: str | None = None,
        done: int | Callable[[], int] | None = None,
        total: int | None = None,
        found: int | Callable[[], int] | None = None,
    ) -> None:
        """Note what is known; numbers may be functions, asked when somebody is told.

        A search has stages, as the periods of cycles, and a stage has steps; each begins to count anew. What stages
        before found, `before`, is added to what this one has `found`.
        """
        if stage is not None:
            self.stage, self.step, self.done, self.total, self.found = stage, "", 0, None, 0
        if step is not None:
            self.step, self.done, self.total, self.found = step, 0, None, 0
        if done is not None:
            self.done = done
        if total is not None:
            self.total = total
        if found is not None:
            self.found = found

    def tick(self) -> None:
        """Tell, if it is time.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C was pressed, or whom it is told to raises that or any other exception.
        OutOfTime
            If the time is up that was set to it from outside.
        """
        root = self._root
        if threading.get_ident() != root._thread:
            return
        if self._until is not None and self._until():
            raise OutOfTime
        if root._ctrl_c.pressed and not self._raised:
            self._raised = root._ctrl_c.heard = True
            root._receive = None
            raise KeyboardInterrupt
        if root._receive is None or time.perf_counter() < root._due:
            return
        try:
            root._receive(self._progress())
        except BaseException as error:
            root._receive = None
            root._ctrl_c.pressed = self._raised = True
            if not isinstance(error, Exception):
                raise
            root._warn(error)
            raise KeyboardInterrupt from error
        root._due = time.perf_counter() + INTERVAL

    def end(self, found: int | None) -> None:
        """Tell for the last time; there is nothing left to be ended."""
        if self._receive is None:
            return
        if found is not None:
            self.before, self.found = 0, found
        last = self._progress(ended=True)
        receive, self._receive = self._receive, None
        try:
            receive(last)
        except KeyboardInterrupt:
            pass
        except Exception as error:
            self._warn(error)

    def _progress(self, ended: bool = False) -> Progress:
        chain: list[Reporter] = [self]
        while chain[0]._parent is not None:
            chain.insert(0, chain[0]._parent)
        # Of a search in a search, the outer one says how far it is if it knows.
        telling = next((one for one in chain if one.total is not None), chain[-1])
        done, found = (value() if callable(value) else value for value in (telling.done, telling.found))
        what = ": ".join(name for one in chain for name in (one.what, one.stage, one.step) if name)
        return Progress(
            what, done, telling.total, found + telling.before, time.perf_counter() - self._root._started, ended
        )

    @staticmethod
    def _warn(error: Exception) -> None:
        text = f"the function given as progress raised {error!r}, which ends the search as Ctrl-C does"
        warnings.warn(text, RuntimeWarning, stacklevel=3)


#: What users give as ``progress``; searches hand a Reporter on to those that they are made of.
ProgressOption: TypeAlias = bool | Callable[[Progress], object] | Reporter | None


def reports(what: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a search with an argument ``progress`` report as its name says: inside it, that argument is a Reporter.

    Parameters
    ----------
    what : str
        What is being done, as users are told.

    Returns
    -------
    callable
        The decorator.

    Raises
    ------
    ModelError
        When the search is called, if ``progress`` is neither a truth value nor a function.
    """

    def decorate(search: Callable[P, R]) -> Callable[P, R]:
        @wraps(search)
        def run(*args: P.args, **options: P.kwargs) -> R:
            given = cast("ProgressOption", options.pop("progress", None))
            call = cast("Callable[..., R]", search)
            if isinstance(given, Reporter):
                return call(*args, progress=given.part(what), **options)
            shown = display() if given is True else None
            receive = shown if given is True else given
            if receive is not None and receive is not False and not callable(receive):
                raise ModelError(f"progress must be True, False or a function, got {given!r}")
            with CtrlC() as ctrl_c:
                reporter = Reporter(receive or None, what, ctrl_c=ctrl_c)
                try:
                    result = call(*args, progress=reporter, **options)
                    reporter.end(len(result) if isinstance(result, Sized) else None)
                finally:
                    if shown is not None:
                        shown.close()
                if ctrl_c.twice:
                    raise KeyboardInterrupt
            return result

        return run

    return decorate
