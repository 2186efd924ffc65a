"""Results are values, not buffers: arrays that nobody can write to, and a line that says what is held."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, cast

import numpy as np

from .display.abbreviation import call_text, one_line
from .display.markup import Grid, fragment
from .hooks import draw
from .records import Recorded

__all__ = ["Frozen", "freeze"]


def freeze(array: np.ndarray) -> np.ndarray:
    """Mark `array` read-only and return it."""
    array.setflags(write=False)
    return array


class Frozen(Recorded):
    """Base of dataclasses whose arrays are read-only, those inside tuples and dicts included.

    An object that was pickled, as by an executor, comes back as it went: NumPy forgets the flag, this class does not.
    Its ``repr`` is one line of at most 200 characters with arrays by shape, and in a notebook it is a short table;
    ``to_json`` and ``from_json`` write and read it.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Into a class without a __repr__ of its own, dataclass() writes one that shows every digit.
        cls.__repr__ = one_line(cls.__repr__)  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """Freeze what the fields hold; a subclass with checks of its own calls this at its end."""
        for value in vars(self).values():
            _freeze_inside(value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freeze again after unpickling and copying."""
        vars(self).update(state)
        for value in state.values():
            _freeze_inside(value)

    def __repr__(self) -> str:
        return call_text(type(self).__name__, self.shown_fields())

    def plot(self, **options: Any) -> Any:
        """Draw it with the function made for results of this type; see :func:`plrnn_analysis.plotting.plot_result`.

        Parameters
        ----------
        **options
            Of that function, such as ``ax``.

        Raises
        ------
        ModelError
            If there is no figure of this type.
        """
        return draw(self, **options)

    def _repr_html_(self) -> str:
        """What a notebook shows: a verdict and short tables, at most 50 kB of HTML without any script."""
        return fragment(type(self).__name__, self._verdict(), self._grids(), self._notes())

    def shown_fields(self) -> list[tuple[str, Any]]:
        """The fields by name, without private ones."""
        declared = fields(cast(Any, self)) if is_dataclass(cast(Any, type(self))) else ()
        names = (field.name for field in declared if field.repr and not field.name.startswith("_"))
        return [(name, getattr(self, name)) for name in names]

    def _verdict(self) -> str:
        """What was found and proved: the words of the ``repr``, where it has any."""
        name = type(self).__name__
        text = repr(self)
        return text[1:-1].removeprefix(name).lstrip(": ") if text.startswith(f"<{name}") else ""

    def _grids(self) -> list[Grid]:
        """Tables to show: here one row a field."""
        rows = [(name, value) for name, value in self.shown_fields() if name != "notes"]  # they stand below
        return [Grid(("field", "value"), rows, len(rows))]

    def _notes(self) -> list[str]:
        """Sentences below the tables."""
        return [f"Note: {note}." for note in getattr(self, "notes", ())]


def _freeze_inside(value: Any) -> None:
    if isinstance(value, np.ndarray):
        freeze(value)
    elif isinstance(value, tuple):
        # Members of a collection are results that froze themselves, and there may be many: one look is enough.
        if value and not isinstance(value[0], Frozen):
            for item in value:
                _freeze_inside(item)
    elif isinstance(value, dict):
        for item in value.values():
            _freeze_inside(item)
