"""Checks at the door: turn user input into float64 arrays of the expected shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ModelError

__all__ = ["as_array", "as_index_tuple", "freeze", "is_whole"]


def as_array(name: str, value: Any, shape: tuple[int | None, ...], what: str = "") -> np.ndarray:
    """Return `value` as a new C-ordered float64 array of the given shape.

    Parameters
    ----------
    name : str
        What the caller calls the array; used in the message.
    value : array_like
    shape : tuple of int or None
        Expected shape; None stands for any length.
    what : str, optional
        The meaning of the axes, for the message, e.g. ``"(M, K), one column an input"``.

    Raises
    ------
    ModelError
        If `value` is not numeric, has another shape, or holds NaN or infinity.
    """
    try:
        raw = np.asarray(value)
        if raw.dtype == object or raw.dtype.kind in "SUVmM":
            raise TypeError(f"dtype {raw.dtype}")
        if raw.dtype.kind == "c" and np.any(raw.imag != 0.0):
            raise TypeError("complex numbers")
        array = np.array(raw.real, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name} must be an array of real numbers, got {type(value).__name__} ({error})") from error
    expected = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    meaning = f" = {what}" if what else ""
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        raise ModelError(f"{name} must have shape {expected}{meaning}, got {array.shape}")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ModelError(
            f"{name} holds {bad} value(s) that are NaN or infinite (the first at index {first}); "
            "a diverged training run is the usual cause"
        )
    return array


def as_index_tuple(name: str, value: Any, limit: int) -> tuple[int, ...]:
    """Return `value` as a sorted tuple of distinct indices in ``range(limit)``.

    Raises
    ------
    ModelError
        If an entry is not an integer, is out of range or comes twice.
    """
    try:
        raw = np.asarray(list(value))
    except TypeError as error:
        raise ModelError(f"{name} must be a sequence of unit indices, got {value!r}") from error
    if raw.size == 0:
        return ()
    if raw.ndim != 1 or raw.dtype.kind not in "iu":
        raise ModelError(f"{name} must be a sequence of whole numbers, got {value!r}")
    indices = tuple(sorted(int(i) for i in raw))
    if indices[0] < 0 or indices[-1] >= limit:
        raise ModelError(f"{name} must lie in 0..{limit - 1} (the model has {limit} units), got {value!r}")
    if len(set(indices)) != len(indices):
        raise ModelError(f"{name} names a unit twice: {value!r}")
    return indices


def is_whole(value: Any, least: int) -> bool:
    """Whether `value` is a whole number of at least `least`; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


def freeze(array: np.ndarray) -> np.ndarray:
    """Mark `array` read-only and return it: results are values, not buffers."""
    array.setflags(write=False)
    return array
