"""Results are values, not buffers: arrays that nobody can write to."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Frozen", "freeze"]


def freeze(array: np.ndarray) -> np.ndarray:
    """Mark `array` read-only and return it."""
    array.setflags(write=False)
    return array


class Frozen:
    """Base of dataclasses whose arrays are read-only, those inside tuples and dicts included.

    An object that was pickled, as by an executor, comes back as it went: NumPy forgets the flag, this class does not.
    """

    def __post_init__(self) -> None:
        """Freeze what the fields hold; a subclass with checks of its own calls this at its end."""
        for value in vars(self).values():
            _freeze_inside(value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freeze again after unpickling and copying."""
        vars(self).update(state)
        for value in state.values():
            _freeze_inside(value)


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
