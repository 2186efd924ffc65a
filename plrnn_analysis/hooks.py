"""What low rooms need of higher ones: slots that the package fills when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Hook", "draw", "import_all_results", "report", "version"]


class Hook:
    """A function that a higher room provides.

    Parameters
    ----------
    what : str
        What it does, for the message where nothing fills the slot.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._function: Callable[..., Any] | None = None

    def fill(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make `function` what a call of the hook calls, and return it."""
        self._function = function
        return function

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call it."""
        if self._function is None:
            raise RuntimeError(f"nothing is there to {self._what}")
        return self._function(*arguments, **options)


#: Draws a result: ``draw(result, **options)``.
draw = Hook("draw a result")
#: Imports every room that defines results, so that all of them are known by name.
import_all_results = Hook("import the rooms that define results")
#: Writes a report on a model: ``report(model, directory, **options)``.
report = Hook("write a report")
#: The version of the package: ``version()``.
version = Hook("say the version")
