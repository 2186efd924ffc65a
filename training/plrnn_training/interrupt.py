"""Ctrl-C that waits for the end of the current iteration."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["stop_requests"]


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Within the block, Ctrl-C and SIGTERM only set a flag; a second Ctrl-C interrupts at once.

    Yields
    ------
    callable
        Returns whether a stop was requested. Outside the main thread, where Python delivers no signals, it never is.
    """
    requested = False

    def handler(number: int, frame: Any) -> None:
        nonlocal requested
        if requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        requested = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: requested
    finally:
        for number, old in before.items():
            signal.signal(number, old)
