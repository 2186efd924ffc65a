"""Ctrl-C, SIGTERM and SIGHUP that wait for the end of the current iteration."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from plrnn_analysis.interruption import Termination, ending_signals

__all__ = ["stop_requests"]

NOTICE = b"\nplrnn: stopping at the end of this iteration (Ctrl-C again to stop at once, with the state last saved)\n"


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Within the block, Ctrl-C, SIGTERM and SIGHUP only set a flag; a second Ctrl-C interrupts at once.

    Yields
    ------
    callable
        Returns whether a stop was requested. Outside the main thread, where Python delivers no signals, it never is.

    Notes
    -----
    What the process ignores, as after ``nohup``, it goes on ignoring; a program that handles SIGTERM or SIGHUP in its
    own way goes on doing so. A second SIGTERM or SIGHUP changes nothing, for batch systems may send several.
    """
    requested = False

    def handler(number: int, frame: Any) -> None:
        nonlocal requested
        if requested:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        requested = True
        if isinstance(before[number], Termination):
            before[number].note(number)
        # What this interrupts may be writing to the same stream, whose buffer cannot be entered twice.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, NOTICE)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, *ending_signals())}
    taken = [number for number, old in before.items() if _may_be_taken(number, old)]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield lambda: requested
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _may_be_taken(number: int, old: Any) -> bool:
    if number == signal.SIGINT:
        return old not in (signal.SIG_IGN, None)
    return old is signal.SIG_DFL or isinstance(old, Termination)
