"""Ctrl-C that ends what is being done at a point where nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import TracebackType
from typing import Any

from .progress import Progress
from .progress.displays import Display, display

__all__ = ["INTERRUPTED", "Interruption"]

# Exit code that shells give to programs that Ctrl-C ended.
INTERRUPTED = 130

NOTICE = b"\nplrnn: interrupted; what is known follows (Ctrl-C again to stop at once)\n"


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
        self._before: Any = None

    def __enter__(self) -> Interruption:
        """Begin to note Ctrl-C."""
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the screen and Ctrl-C as they were."""
        self._close()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

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
        if self.seen:
            raise KeyboardInterrupt
        self.seen = True
        # What this interrupts may be writing to the same stream, whose buffer cannot be entered twice.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, NOTICE)
