"""Ctrl-C, and what a batch system sends, that end what is being done at a point where nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import TracebackType
from typing import Any

from .progress import Progress
from .progress.displays import Display, display

__all__ = ["INTERRUPTED", "INTERRUPTED_NOTICE", "Interruption", "Termination", "ending_signals"]

# Exit code that shells give to programs that Ctrl-C ended, and how far it is above the number of the signal.
INTERRUPTED, ABOVE = 130, 128
INTERRUPTED_NOTICE = "interrupted"

NOTICE = b"\nplrnn: interrupted; what is known follows (Ctrl-C again to stop at once)\n"


def ending_signals() -> tuple[signal.Signals, ...]:
    """What batch systems and closed terminals send to programs that are to end; Windows has fewer."""
    return tuple(signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Termination:
    """Within the block SIGTERM and SIGHUP do what Ctrl-C does: for a program, whose process is its own.

    Attributes
    ----------
    exit_code : int
        Of a program that is interrupted now: 128 and the number of the signal, which for Ctrl-C is 130.
    notice : str
        What was done to it.

    Notes
    -----
    Outside the main thread, and where the process ignores a signal or handles it in its own way, nothing changes.
    """

    def __init__(self) -> None:
        self.exit_code, self.notice = INTERRUPTED, INTERRUPTED_NOTICE
        self._taken: list[signal.Signals] = []

    def __enter__(self) -> Termination:
        """Begin to listen."""
        if threading.current_thread() is threading.main_thread():
            self._taken = [n for n in ending_signals() if signal.getsignal(n) is signal.SIG_DFL]
        for number in self._taken:
            signal.signal(number, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the signals as they were."""
        for number in self._taken:
            signal.signal(number, signal.SIG_DFL)

    def __call__(self, number: int, frame: Any) -> None:
        """A signal.

        Raises
        ------
        KeyboardInterrupt
            At once.
        """
        self.note(number)
        raise KeyboardInterrupt

    def note(self, number: int) -> None:
        """A signal that somebody else handles."""
        self.exit_code, self.notice = ABOVE + number, f"ended by {signal.Signals(number).name}"


class Interruption:
    """Within the block Ctrl-C is noted, and raised where a search reports its progress; a second one is raised at once.

    Python raises KeyboardInterrupt between any two steps of a program: while a module is imported, in the middle of a
    table, or in a callback that drops it. A search that reports its progress can be ended where it does, see
    :mod:`plrnn_analysis.progress`, and what is written between searches is written whole.

    Parameters
    ----------
    shown : bool
        Whether progress is shown on standard error.

    Attributes
    ----------
    seen : bool
        Whether Ctrl-C was pressed.

    Notes
    -----
    In a command SIGTERM and SIGHUP are noted as well, see :class:`Termination`; a second one of these changes nothing.
    Outside the main thread, where Python delivers no signals, and where the process ignores SIGINT or handles it in its
    own way, nothing changes.

    Examples
    --------
    >>> with Interruption(shown=False) as ctrl_c:
    ...     signal.raise_signal(signal.SIGINT)
    ...     try:
    ...         ctrl_c.progress(Progress("cycles", 1, 2, 0, 0.5))
    ...     except KeyboardInterrupt:
    ...         print("raised here")
    raised here
    >>> ctrl_c.seen
    True
    """

    def __init__(self, shown: bool) -> None:
        self.seen = False
        self._shown = shown
        self._display: Display | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        """Begin to note Ctrl-C."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ending_signals()):
                handler = signal.getsignal(number)
                if handler is signal.default_int_handler or isinstance(handler, Termination):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the screen and Ctrl-C as they were."""
        self._close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def progress(self, progress: Progress) -> None:
        """What a search takes as ``progress``.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C was pressed.
        """
        if self.seen and not progress.ended:
            self._close()
            raise KeyboardInterrupt
        if self._shown:
            self._display = self._display or display()
            self._display(progress)
            if progress.ended:
                self._close()

    def _close(self) -> None:
        if self._display is not None:
            self._display.close()
            self._display = None

    def _note(self, number: int, frame: Any) -> None:
        if self.seen and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.seen:
            return
        self.seen = True
        if isinstance(self._before[number], Termination):
            self._before[number].note(number)
        # What this interrupts may be writing to the same stream, whose buffer cannot be entered twice.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, NOTICE)
