"""What every file reader returns: named arrays, not yet loaded, and what the file says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._wording import with_article
from ..errors import CheckpointError

__all__ = ["MAX_ELEMENTS", "Contents", "Entry", "is_inflated", "largest_content", "largest_text", "shape_text"]

# A recurrent matrix of 16,384 units. Beyond it the file is something else, or lies about its shapes.
MAX_ELEMENTS = 2**28

# Bytes that a file may unpack to in any case, and beyond it by which factor: weights that were learnt hardly compress.
# While a model is built they are there up to four times.
_FREE = 2**26
_EXPANSION = 25
# The same for letters of JSON, of which each may become 30 bytes.
_FREE_TEXT = 2**22
_TEXT_EXPANSION = 3

_SHOWN = 12
_EXACT_INTEGER = 2**53


@dataclass(frozen=True)
class Entry:
    """An array of a file.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
        As the file calls it.
    read : callable
        Returns the array. Arrays are loaded only when something asks for them: a foreign file may hold
        gigabytes beside the few weights wanted.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]

    @classmethod
    def of(cls, array: np.ndarray) -> Entry:
        """An entry for an array already in memory."""
        return cls(tuple(array.shape), str(array.dtype), lambda: array)


@dataclass(frozen=True)
class Contents:
    """A file, read but not yet understood.

    Attributes
    ----------
    path : Path or str
        Of a network in memory what it is.
    entries : dict of str to Entry
        Arrays by name; the parts of a nested name are joined with dots.
    header : dict of str to str or None
        The header of our own format, None in a foreign file.
    about : dict
        Metadata of a foreign file, which the model keeps.
    settings : dict
        What else it says in words and numbers: it can decide how the arrays are read, and is not kept.
    others : tuple of str
        What is in it that is neither array nor plain setting, and was not read.
    notes : tuple of str
        Remarks of the reader.
    facts : dict of str to dict
        What each module of a network in memory says of itself, by its name; empty for a file.
    """

    path: Path | str
    entries: dict[str, Entry]
    header: dict[str, str] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    def describe(self) -> str:
        """Names and shapes, cut off after a dozen."""
        parts = [f"{name} {shape_text(entry.shape)}" for name, entry in self.entries.items()]
        parts += [f"{name}: {with_article(type(value).__name__)}" for name, value in self.settings.items()]
        parts += list(self.others)
        if not parts:
            return "no arrays"
        more = len(parts) - _SHOWN
        return ", ".join(parts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

    def error(self, problem: str, remedy: str = "") -> CheckpointError:
        """An error that names the file, the problem, what was found and what to do."""
        return CheckpointError(f"{self.path}: {problem}. Found: {self.describe()}." + (f" {remedy}" if remedy else ""))

    def array(self, name: str) -> np.ndarray:
        """The array `name` in float64, every value exactly the one in the file.

        Raises
        ------
        CheckpointError
            If it is not an array of real numbers, too large, not representable, NaN or infinite.
        """
        entry = self.entries[name]
        where = f"{name} {shape_text(entry.shape)} of type {entry.dtype}"
        size = 1
        for n in entry.shape:
            size *= n
        if size > MAX_ELEMENTS:
            raise self.error(f"{where} is larger than any network this package can analyse")
        self._take(name, 8 * size, where)
        try:
            raw = np.asarray(entry.read())
        # A reader of damaged data may raise anything; whatever it is, this tensor cannot be had.
        except Exception as error:
            raise self.error(f"{where} cannot be read ({_first_line(error)})") from error
        value = _float64(raw)
        if value is None:
            raise self.error(
                f"{where} cannot be converted to float64 without changing values",
                "Save real numbers of at most 2^53.",
            )
        bad = int(np.count_nonzero(~np.isfinite(value)))
        if bad:
            raise CheckpointError(
                f"{self.path}: {name} {shape_text(entry.shape)} holds "
                f"{bad} {'value that is' if bad == 1 else 'values that are'} NaN or infinite. "
                "Usually training has diverged; use a checkpoint from before that."
            )
        return value

    def _take(self, name: str, size: int, where: str) -> None:
        """Note that an array is unpacked, and refuse what all of them together need."""
        if not isinstance(self.path, Path):
            return
        parts = self.path.iterdir() if self.path.is_dir() else [self.path]
        stored = sum(part.stat().st_size for part in parts if part.is_file())
        self._taken[name] = size
        if is_inflated(total := sum(self._taken.values()), stored):
            raise self.error(f"with {where} it would unpack to {total} bytes, and the file has {stored}")


def largest_text(stored: int) -> int:
    """How many letters are read as JSON of a file of `stored` bytes."""
    return max(_FREE_TEXT, _TEXT_EXPANSION * stored)


def largest_content(stored: int) -> int:
    """To how many bytes something may unpack of which the file has `stored`."""
    return max(_FREE, _EXPANSION * stored)


def is_inflated(claimed: int, stored: int) -> bool:
    """Whether something would take far more bytes than the file has for it.

    Examples
    --------
    >>> is_inflated(2**31, 2**11), is_inflated(2**31, 2**30), is_inflated(2**20, 10)
    (True, False, False)
    """
    return claimed > largest_content(stored)


def _float64(raw: np.ndarray) -> np.ndarray | None:
    if raw.dtype.kind == "c":
        if np.any(raw.imag != 0):
            return None
        raw = raw.real
    if raw.dtype.kind == "f":
        with np.errstate(over="ignore"):
            value = raw.astype(np.float64)
        # Only long double is wider.
        wide = raw.dtype.itemsize > 8
        return None if wide and not np.array_equal(value, raw, equal_nan=True) else value
    if raw.dtype.kind in "iu":
        if raw.size and (int(raw.max()) > _EXACT_INTEGER or int(raw.min()) < -_EXACT_INTEGER):
            return None
        return raw.astype(np.float64)
    return raw.astype(np.float64) if raw.dtype.kind == "b" else None


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
