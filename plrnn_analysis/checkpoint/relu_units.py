"""Which units of an AL-RNN have a ReLU, from everything that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..display.abbreviation import count_words
from .contents import Contents
from .statements import said_of
from .wishes import Wishes

__all__ = ["UNIT_NAMES", "find_relu_units"]

#: Arrays and settings that say it: the last units, named units, all but the first.
UNIT_NAMES = ("pwl_units", "relu_units", "n_linear")


def find_relu_units(
    contents: Contents,
    wishes: Wishes,
    prefix: str,
    entries: Mapping[str, str],
    n_units: int,
    otherwise: Iterable[int] | None = None,
) -> tuple[int, ...]:
    """Indices of the ReLU units; everything that speaks of them must agree.

    Parameters
    ----------
    contents : Contents
    wishes : Wishes
    prefix : str
    entries : mapping of str to str
        The arrays that say it: of :data:`UNIT_NAMES` to names in the file.
    n_units : int
    otherwise : iterable of int, optional
        The units if nothing says it, for layouts that mean all of them.

    Raises
    ------
    CheckpointError
        If nothing says it, or two sources differ.
    """
    said: dict[str, tuple[int, ...]] = {}
    for name, full in entries.items():
        said[f"the file ({full})"] = _units(contents, name, contents.array(full), n_units)
    for way, value in said_of(contents, prefix):
        if way[-1] in UNIT_NAMES and value is not None:
            said[f"the file's metadata ({'.'.join(way)})"] = _units(contents, way[-1], value, n_units)
    for name in ("pwl_units", "relu_units"):
        wish = getattr(wishes, name)
        if wish is not None:
            said[f"the argument {name}="] = _units(contents, name, wish, n_units)
    if not said and otherwise is not None:
        return tuple(otherwise)
    # A guess at P would give a different network without a warning.
    if not said:
        raise contents.error(
            f"an AL-RNN with {count_words(n_units, 'unit')}, but the file does not say which units have a ReLU",
            f"Give pwl_units=P with P in 0..{n_units} (the last P units), or relu_units=[...].",
        )
    if len(set(said.values())) > 1:
        text = "; ".join(f"{source} says units {_short(units)}" for source, units in said.items())
        raise contents.error(f"contradiction about the ReLU units: {text}")
    return next(iter(said.values()))


def _units(contents: Contents, name: str, value: Any, m: int) -> tuple[int, ...]:
    values = list(value.ravel()) if isinstance(value, np.ndarray) else _as_list(value)
    whole = all(
        not isinstance(v, bool) and isinstance(v, (int, float, np.number)) and float(v).is_integer() for v in values
    )
    indices = [int(v) for v in values] if whole else []
    if name == "relu_units":
        if whole and all(0 <= i < m for i in indices) and len(set(indices)) == len(indices):
            return tuple(sorted(indices))
        raise contents.error(
            f"relu_units must be distinct whole numbers in 0..{m - 1} (the model has {m} units), got {value!r}"
        )
    if len(indices) == 1 and 0 <= indices[0] <= m:
        return tuple(range(indices[0] if name == "n_linear" else m - indices[0], m))
    raise contents.error(f"{name} must be a whole number in 0..{m} (the model has {m} units), got {value!r}")


def _short(units: tuple[int, ...]) -> str:
    return str(list(units)) if len(units) <= 8 else f"[{units[0]}, ..., {units[-1]}] ({len(units)} of them)"


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
