"""Fixed points that a question leaves out: which subregions they close, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..exact import ExactPiece, ExactRing
from ..maps import CanonicalMap, bits_from_string
from ..results import FixedPoints

__all__ = ["Known", "known_ones"]


@dataclass(frozen=True, eq=False)
class Known:
    """Closed subregions that are left out together.

    Attributes
    ----------
    bits : (H,) ndarray of bool
    either : (H,) ndarray of bool
        ReLUs whose argument is zero at the fixed point, which then lies in the subregions on both sides: both are left
        out.
    state : list of M fmpq, or None
        A fixed point in them; None if they hold none.
    dimension : int
        Of the fixed points in them: 0 for a single one.
    """

    bits: np.ndarray
    either: np.ndarray
    state: list[fmpq] | None
    dimension: int

    @property
    def name(self) -> str:
        """The bitcode, with ``*`` for a ReLU of either kind; ``"-"`` without ReLUs."""
        pairs = zip(self.bits.tolist(), self.either.tolist(), strict=True)
        return "".join("*" if free else "1" if bit else "0" for bit, free in pairs) or "-"


def known_ones(map: CanonicalMap, exclude: FixedPoints | Sequence[str]) -> list[Known]:
    """What is left out of the question.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    exclude : FixedPoints or sequence of str
        Of this map; or bitcodes.

    Raises
    ------
    ModelError
        If something is no bitcode of this map.

    Notes
    -----
    One rational solve for each. A line of fixed points also leaves out the subregions in which its ends lie.
    """
    if isinstance(exclude, FixedPoints):
        codes: list[str] = [one.bitcode for one in (*exclude, *exclude.continua)]
    else:
        codes = list(exclude)
    ring = ExactRing([map])
    found: dict[str, Known] = {}
    for code in codes:
        for one in _around(ring, bits_from_string(code, map.n_relu)):
            found.setdefault(one.name, one)
    return list(found.values())


def _around(ring: ExactRing, bits: np.ndarray) -> Iterator[Known]:
    piece = ring.settle(bits)
    if piece is None:
        yield Known(bits, np.zeros(len(bits), dtype=bool), None, 0)
        return
    yield _at(piece.signs[0], piece.point[0], piece.dimension)
    for end in _ends(piece):
        arguments = ring.arguments([end])
        yield _at(np.array([(v > 0) - (v < 0) for v in arguments], dtype=np.int8), end, piece.dimension)


def _at(signs: np.ndarray, state: list[fmpq], dimension: int) -> Known:
    return Known(signs > 0, signs == 0, state, dimension)


def _ends(piece: ExactPiece) -> Iterator[list[fmpq]]:
    """The ends of a line of fixed points."""
    for t in piece.interval or ():
        if t is not None:
            yield [v + t * d for v, d in zip(piece.point[0], piece.directions[0][0], strict=True)]
