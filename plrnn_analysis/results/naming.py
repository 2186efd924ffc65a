"""What sentences call channels, fixed points and cycles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._wording import in_a_line
from ..statuses import Stability

__all__ = [
    "LISTED_OUTPUTS",
    "LONGEST_NAME",
    "channel_name",
    "outputs_in_words",
    "place_in_words",
    "point_noun",
    "range_in_words",
]

#: Bitcodes up to this many digits name a fixed point; longer ones say less than its outputs.
LONGEST_NAME = 8
#: Outputs that a sentence lists.
LISTED_OUTPUTS = 4


def channel_name(names: Sequence[str], i: int, what: str) -> str:
    """The name of channel i, fit for a sentence, or ``output 3`` where it has none.

    Examples
    --------
    >>> channel_name(["left", "right"], 1, "output"), channel_name([], 1, "output")
    ('right', 'output 1')
    """
    name = names[i] if i < len(names) else ""
    return in_a_line(name) if name.strip() else f"{what} {i}"


def point_noun(stability: str) -> str:
    """``stable node``, ``saddle`` ...; what is no noun stands before one.

    Examples
    --------
    >>> point_noun("saddle"), point_noun("marginal")
    ('saddle', 'marginal fixed point')
    """
    adjective = stability in (Stability.MARGINAL, Stability.UNDECIDED)
    return f"{stability} fixed point" if adjective else str(stability)


def place_in_words(bitcode: str, output: np.ndarray | None, names: Sequence[str] = ()) -> str:
    """Where a fixed point is, to follow its noun: its subregion, or its outputs where the bitcode is long.

    Parameters
    ----------
    bitcode : str
    output : (N,) ndarray or None
    names : sequence of str, optional
        Of the outputs.

    Examples
    --------
    >>> "the saddle" + place_in_words("0110", np.array([0.981, -0.01]))
    'the saddle of 0110'
    >>> "the saddle" + place_in_words("011000101", np.array([0.981, -0.01]), ["x", "y"])
    'the saddle where x = 0.981, y = -0.01'
    """
    if bitcode == "-":
        return ""
    if output is None or not len(output) or len(bitcode) <= LONGEST_NAME:
        return f" of {bitcode}"
    return f" where {outputs_in_words(output, names)}"


def outputs_in_words(output: np.ndarray, names: Sequence[str] = ()) -> str:
    """The values of outputs (N,), the first of them one by one.

    Examples
    --------
    >>> outputs_in_words(np.array([0.981, -0.01]))
    'output 0 = 0.981, output 1 = -0.01'
    """
    return _listed([f"{channel_name(names, i, 'output')} = {x:.3g}" for i, x in enumerate(output)])


def range_in_words(outputs: np.ndarray, names: Sequence[str] = ()) -> str:
    """Between what values the outputs (period, N) of a cycle move.

    Examples
    --------
    >>> range_in_words(np.array([[0.0, 1.0], [0.5, 1.0]]))
    'output 0 from 0 to 0.5, output 1 = 1'
    """
    parts = []
    for i, (low, high) in enumerate(zip(outputs.min(axis=0), outputs.max(axis=0), strict=True)):
        ends = f"{low:.3g}", f"{high:.3g}"
        span = f" = {ends[0]}" if ends[0] == ends[1] else f" from {ends[0]} to {ends[1]}"
        parts.append(channel_name(names, i, "output") + span)
    return _listed(parts)


def _listed(parts: list[str]) -> str:
    more = len(parts) - LISTED_OUTPUTS
    return ", ".join(parts[:LISTED_OUTPUTS]) + (f" and {more} more" if more > 0 else "")
