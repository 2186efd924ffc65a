"""Checks at the door: user input becomes arrays, numbers and names that the rest can rely on.

Every message names the argument, says what is wanted and what came.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from .errors import ModelError, PLRNNError

__all__ = [
    "as_array",
    "as_index_tuple",
    "check_memory",
    "detached",
    "number",
    "one_of",
    "random_generator",
    "rows",
    "shown",
    "thread_count",
    "whole",
]

#: Characters of a value that a message shows.
SHOWN = 80
#: Whole numbers beyond, such as an accidental 2**62, are no count of anything that can be done or stored.
LARGEST = 2**48
#: Bytes that every machine has, and those of one that does not say.
MODEST, MUCH = 1e8, 1e12
#: No machine has more processors.
MOST_WORKERS = 1024
#: Seeds may be any bits, such as those that ``secrets`` draws.
MOST_SEED = 2**256


def detached(value: Any) -> Any:
    """The numbers of a tensor, out of its graph of gradients and off its device; anything else as it is.

    Parameters
    ----------
    value : object
        A tensor is known by what it can do, so that its framework need not be there.

    Returns
    -------
    object
        For a dense tensor an ndarray; floating point becomes float64, which holds all of bfloat16 and half.

    Examples
    --------
    >>> detached([1.0, 2.0])
    [1.0, 2.0]
    """
    if not (callable(getattr(value, "detach", None)) and callable(getattr(value, "cpu", None))):
        return value
    try:
        plain = value.detach().cpu().resolve_conj().resolve_neg()
        return (plain.double() if plain.is_floating_point() else plain).numpy()
    # Sparse, quantised, or without data: who needs numbers will say so.
    except (AttributeError, TypeError, RuntimeError):
        return value


def as_array(
    name: str, value: Any, shape: tuple[int | None, ...], what: str = "", *, finite: bool = True
) -> np.ndarray:
    """Return `value` as a new C-ordered float64 array of the given shape.

    Parameters
    ----------
    name : str
        What the caller calls the array; used in the message.
    value : array_like
        Or a tensor, also one that requires gradients.
    shape : tuple of int or None
        Expected shape; None stands for any length.
    what : str, optional
        The meaning of the axes, for the message, e.g. ``"(M, K), one column per input"``.
    finite : bool, optional
        Whether NaN and infinity are refused.

    Raises
    ------
    ModelError
        If `value` is not numeric, has another shape, or holds NaN or infinity.
    """
    try:
        if np.ma.is_masked(value):
            raise TypeError("masked entries have no value")
        raw = np.asarray(detached(value))
        if raw.dtype == object or raw.dtype.kind in "SUVmM":
            raise TypeError(f"dtype {raw.dtype}")
        if raw.dtype.kind == "c" and np.any(raw.imag != 0.0):
            raise TypeError("complex numbers")
        array = np.array(raw.real, dtype=np.float64, order="C")
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a tensor without data
        raise ModelError(f"{name} must be an array of real numbers, got {type(value).__name__} ({error})") from error
    expected = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    meaning = f" = {what}" if what else ""
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        raise ModelError(f"{name} must have shape {expected}{meaning}, got {array.shape}")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad and finite:
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ModelError(
            f"{name} holds {bad} {'value that is' if bad == 1 else 'values that are'} NaN or infinite "
            f"(the first at index {first}); "
            "a diverged training run is the usual cause"
        )
    return array


def rows(name: str, value: Any, width: int) -> np.ndarray:
    """Numbers (..., `width`), such as states of a diverging run, NaN and infinity included; no copy of what fits.

    Raises
    ------
    ModelError
        If `value` is not numeric or its last axis is of another length.
    """
    try:
        array = np.asarray(detached(value))
        if array.dtype.kind not in "fiub":
            raise TypeError(f"dtype {array.dtype}")
        array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{name} must be an array of real numbers, got {type(value).__name__} ({error})") from error
    if array.ndim == 0 or array.shape[-1] != width:
        raise ModelError(f"{name} must have shape (..., {width}), got {array.shape}")
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
    except (TypeError, ValueError) as error:
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


def whole(
    name: str,
    value: Any,
    least: int | None = None,
    most: int | None = None,
    *,
    remark: str = "",
    error: type[PLRNNError] = ModelError,
) -> int:
    """Return `value` as an int; True, False and 3.0 are refused.

    Parameters
    ----------
    name : str
        What the caller calls the argument; used in the message.
    value : object
    least, most : int, optional
        The range, both ends included.
    remark : str, optional
        Follows the range in the message, e.g. ``"(the model has 3 units)"`` or ``"or None for no limit"``.
    error : type, optional
        What is raised.

    Raises
    ------
    ModelError
        If `value` is no whole number or out of range.

    Examples
    --------
    >>> whole("steps", 3, least=1)
    3
    >>> whole("unit", 7, 0, 2, remark="(the model has 3 units)")
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: unit must be a whole number in 0..2 (the model has 3 units), got 7
    """
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    if fits and most is None and value > LARGEST:
        raise error(f"{name} must be at most {LARGEST:,}, got {shown(value)}")
    if fits and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    if least is not None and most is not None:
        span = f" in {least}..{most}"
    else:
        span = f" >= {least}" if least is not None else f" <= {most}" if most is not None else ""
    raise error(f"{name} must be a whole number{span}{remark and ' '}{remark}, got {shown(value)}")


def check_memory(what: str, size: float, remedy: str, error: type[PLRNNError] = ModelError) -> None:
    """Refuse what would not fit into this machine, before the system ends the program.

    Parameters
    ----------
    what : str
        Subject of the message.
    size : float
        Bytes that it takes.
    remedy : str
    error : type, optional

    Examples
    --------
    >>> check_memory("the states", 1e18, "take fewer steps")
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: the states would take 1e+09 GB, which this machine does not have: take fewer steps
    """
    if size > MODEST and size > _memory():
        raise error(f"{what} would take {size / 1e9:.3g} GB, which this machine does not have: {remedy}")


def _memory() -> float:
    """Bytes of memory that this machine has; more than any where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return MUCH


def thread_count(workers: Any) -> int:
    """How many threads are started for an argument `workers`.

    Raises
    ------
    ModelError
        If it is no whole number, or beyond what any machine has processors.

    Notes
    -----
    Each thread takes memory, and more of them than processors take no less time: beyond 16 there are at most two per
    processor. No result depends on their number.
    """
    wanted = whole("workers", workers, 1, MOST_WORKERS, remark="threads of this machine; an executor has more")
    return min(wanted, max(16, 2 * (os.cpu_count() or 1)))


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    infinite: bool = False,
    remark: str = "",
    error: type[PLRNNError] = ModelError,
) -> float:
    """Return `value` as a float; NaN, True, False and text are refused.

    Parameters
    ----------
    name, remark, error
        As for :func:`whole`.
    value : object
    least, most : float, optional
        Ends of the range that belong to it.
    above, below : float, optional
        Ends of the range that do not.
    infinite : bool, optional
        Whether infinity is allowed.

    Raises
    ------
    ModelError
        If `value` is no real number or out of range.

    Examples
    --------
    >>> number("tolerance", 0, least=0.0)
    0.0
    >>> number("share", 2.0, above=0.0, most=1.0)
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: share must be a number in (0, 1], got 2.0
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number:
        try:
            x = float(value)
        except OverflowError:  # an int beyond the largest double
            x = np.inf if value > 0 else -np.inf
        low, high = (least if above is None else above), (most if below is None else below)
        fits = (low is None or x > low or x == least) and (high is None or x < high or x == most)
        if fits and (abs(x) < np.inf or (infinite and x == x)):
            return x
    raise error(f"{name} must be {_span(least, above, most, below)}{remark and ' '}{remark}, got {shown(value)}")


def random_generator(seed: int | None) -> np.random.Generator:
    """NumPy's generator of random numbers from a seed; None for another one each time.

    Raises
    ------
    ModelError
        If the seed is no whole number from 0.
    """
    return np.random.default_rng(None if seed is None else whole("seed", seed, 0, MOST_SEED))


def one_of(name: str, value: Any, choices: Iterable[str], *, error: type[PLRNNError] = ModelError) -> str:
    """Return `value` if it is one of the words, as text.

    Raises
    ------
    ModelError
        If it is none of them.

    Examples
    --------
    >>> one_of("kind", "sable", ("stable", "unstable"))
    Traceback (most recent call last):
    plrnn_analysis.errors.ModelError: kind must be one of 'stable', 'unstable', got 'sable'
    """
    words = tuple(choices)
    if isinstance(value, str) and value in words:
        return value
    raise error(f"{name} must be one of {', '.join(map(repr, words))}, got {shown(value)}")


def _span(least: float | None, above: float | None, most: float | None, below: float | None) -> str:
    """A range in words."""
    low, high = (least if above is None else above), (most if below is None else below)
    if low is not None and high is not None:
        return f"a number in {'[' if above is None else '('}{low:g}, {high:g}{']' if below is None else ')'}"
    if low is not None:
        return f"a number {'>=' if above is None else '>'} {low:g}"
    return "a number" if high is None else f"a number {'<=' if below is None else '<'} {high:g}"


def shown(value: Any) -> str:
    """What came, in one line of bounded length."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if hasattr(value, "detach") and hasattr(value, "dtype"):
        return f"a tensor of shape {tuple(value.shape)} and type {value.dtype}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
