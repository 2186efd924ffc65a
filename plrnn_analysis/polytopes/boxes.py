"""The one reading of an argument `box`: a half-width around zero, or a pair of corners."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._validation import as_array
from ..errors import ModelError

__all__ = ["Box", "read_box"]


@dataclass(frozen=True, eq=False)
class Box(Frozen):
    """The states z with ``low <= z <= high``.

    Attributes
    ----------
    low, high : (M,) ndarray
    """

    low: np.ndarray
    high: np.ndarray

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper corner."""
        return self.low, self.high

    @property
    def centre(self) -> np.ndarray:
        """The middle (M,) of a finite box."""
        return 0.5 * self.low + 0.5 * self.high

    @property
    def half_widths(self) -> np.ndarray:
        """Half the length (M,) of each side."""
        return 0.5 * self.high - 0.5 * self.low

    def contains(self, z: np.ndarray) -> np.ndarray:
        """Whether states (..., M) lie inside, faces included."""
        return np.asarray(np.all((z >= self.low) & (z <= self.high), axis=-1))


def read_box(box: Any, n_units: int, *, infinite: bool = False, flat: bool = False, name: str = "box") -> Box:
    """Read a box as users give it.

    Parameters
    ----------
    box : float or pair of (M,) array_like
        ``|z_i| <= box``, or the lower and the upper corner.
    n_units : int
        M.
    infinite : bool, optional
        Whether sides may be infinite.
    flat : bool, optional
        Whether corners may agree in a coordinate.
    name : str, optional
        What the caller calls it; used in messages.

    Raises
    ------
    ModelError
        If it is neither (True and strings are no numbers), has the wrong shape, is empty, or is infinite where that
        is not allowed.

    Examples
    --------
    >>> read_box(2.0, 3).low
    array([-2., -2., -2.])
    >>> read_box(([0.0], [float("inf")]), 1, infinite=True).high
    array([inf])
    """
    if not isinstance(box, (tuple, list)) and np.ndim(box) == 0:
        half = _half_width(box, infinite, name)
        return Box(np.full(n_units, -half), np.full(n_units, half))
    if len(box) != 2:
        raise ModelError(
            f"{name} must be a positive number or a pair (low, high) of ({n_units},) arrays, got {len(box)} items"
        )
    low = _corner(f"{name}[0]", box[0], n_units, "the lower corner", infinite)
    high = _corner(f"{name}[1]", box[1], n_units, "the upper corner", infinite)
    if np.any(low == np.inf) or np.any(high == -np.inf) or np.any(low > high if flat else low >= high):
        rule = "not be above" if flat else "be below"
        raise ModelError(f"{name} is empty: {name}[0] must {rule} {name}[1] in every coordinate")
    return Box(low, high)


def _half_width(box: Any, infinite: bool, name: str) -> float:
    number = box.item() if isinstance(box, (np.generic, np.ndarray)) else box
    if isinstance(number, bool) or not isinstance(number, Real) or not float(number) > 0.0:
        raise ModelError(f"{name} must be a positive number or a pair of corners, got {box!r}")
    if float(number) == np.inf and not infinite:
        raise ModelError(f"{name} must be finite, got {box!r}: in an infinite box nothing could be excluded")
    return float(number)


def _corner(name: str, value: Any, n_units: int, meaning: str, infinite: bool) -> np.ndarray:
    sides = np.zeros(n_units)
    if infinite:
        try:
            given = np.array(value)
            sides = np.where(np.isinf(given), given, 0.0)
            value = np.where(np.isinf(given), 0.0, given)
        except (TypeError, ValueError):
            pass  # no array of numbers at all: refused below, in the same words as elsewhere
    return np.asarray(as_array(name, value, (n_units,), f"(M,), {meaning}") + sides)
