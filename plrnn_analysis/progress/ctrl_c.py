"""Ctrl-C while a search runs: noted, and raised where the search can end with what it knows."""

from __future__ import annotations

import signal
import threading
import time
from types import TracebackType
from typing import Any

__all__ = ["CtrlC", "raise_if_pressed"]

# Seconds within which a second Ctrl-C means that everything is to end, not one search of many.
TWICE = 2.0

# When Ctrl-C was pressed last, in any search of the process.
_last = -TWICE
# The blocks in which the main thread is.
_active: list[CtrlC] = []


class CtrlC:
    """Within the block Ctrl-C is noted; a second one within two seconds is raised at once.

    Python raises KeyboardInterrupt between any two steps of a program, also where half of something is done: while
    compiled code is loaded, or between a search and the checks of what it found.

    Attributes
    ----------
    pressed : bool
    heard : bool
        Whether it was raised since, by whoever could end there.
    twice : bool
        Whether it was pressed again: then nothing is to be returned.

    Notes
    -----
    Outside the main thread, where Python delivers no signals, and where somebody else handles SIGINT, nothing changes.

    Examples
    --------
    >>> with CtrlC() as ctrl_c:
    ...     signal.raise_signal(signal.SIGINT)
    >>> ctrl_c.pressed, ctrl_c.twice
    (True, False)
    """

    def __init__(self) -> None:
        self.pressed = self.heard = self.twice = False
        self._before: Any = None

    def __enter__(self) -> CtrlC:
        """Begin to note Ctrl-C."""
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
            _active.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave Ctrl-C as it was."""
        if self._before is not None:
            _active.remove(self)
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: Any) -> None:
        global _last
        now, before = time.monotonic(), _last
        _last = now
        if now - before < TWICE:
            self.pressed = self.twice = True
            raise KeyboardInterrupt
        self.pressed = True


def raise_if_pressed() -> None:
    """Let what takes long, and is part of searches that know nothing of it, be ended too.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C was noted and nobody has heard of it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for one in _active:
        if one.pressed and not one.heard:
            one.heard = True
            raise KeyboardInterrupt
