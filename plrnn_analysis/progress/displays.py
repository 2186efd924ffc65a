"""What ``progress=True`` shows, always on standard error: a bar, one line that is rewritten, or lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .reporting import Progress

__all__ = ["Bar", "Display", "Line", "Lines", "display"]

# Seconds after which a plain line is printed, and the longest time between two: they go to files that somebody keeps.
FIRST, LONGEST = 1.0, 60.0
# Columns that the text beside a bar takes.
TEXT = 50


class Display(Protocol):
    """Something that shows progress."""

    def __call__(self, progress: Progress) -> None:
        """Show it."""

    def close(self) -> None:
        """Leave the screen as it should be; nothing, where that was done."""


def display() -> Display:
    """What fits to where standard error goes."""
    if sys.stderr.isatty():
        return Bar()
    return Line() if _in_notebook() else Lines()


def _in_notebook() -> bool:
    # Who runs a notebook has imported this.
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


class Bar:
    """A bar of rich, gone when the search ends."""

    def __init__(self) -> None:
        self._live: Any = None
        self._task: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show it."""
        if progress.ended:
            self.close()
            return
        if self._live is None:
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Live

            console = Console(stderr=True)
            # In a narrow terminal the text is what matters.
            bar = BarColumn(bar_width=max(0, min(30, console.width - TEXT)))
            columns = (SpinnerColumn(), bar, TextColumn("{task.description}", markup=False))
            self._live = Live(*columns, console=console, transient=True)
            self._task = self._live.add_task("", total=None)
            self._live.start()
        total = None if progress.share is None else 1.0
        self._live.update(self._task, description=str(progress), completed=progress.share or 0.0, total=total)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class Line:
    """One line that is rewritten, as notebooks can."""

    def __init__(self) -> None:
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Write over what was there."""
        if progress.ended and not self._width:
            return
        text = str(progress)
        sys.stderr.write("\r" + text.ljust(self._width))
        self._width = max(self._width, len(text))
        if progress.ended:
            self.close()
        sys.stderr.flush()

    def close(self) -> None:
        """Go to the next line."""
        if self._width:
            sys.stderr.write("\n")
            self._width = 0


class Lines:
    """Plain lines, ever more rarely."""

    def __init__(self) -> None:
        self._next = FIRST
        self._said = False

    def __call__(self, progress: Progress) -> None:
        """Print it, if it is time."""
        if progress.ended:
            if self._said:
                print(f"{progress}, ended", file=sys.stderr, flush=True)
        elif progress.seconds >= self._next:
            print(progress, file=sys.stderr, flush=True)
            self._said = True
            self._next = progress.seconds + min(progress.seconds, LONGEST)

    def close(self) -> None:
        """Nothing is left open."""
