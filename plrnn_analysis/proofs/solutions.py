"""The solutions that a certificate lists, exactly: points, and affine pieces with the directions that span them.

Those of a circle of states can be turned: each is listed once, and stands for all its turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import gcd, lcm

import numpy as np
from flint import fmpq

from ..engines.budget import Budget
from ..engines.orbits import least_rotations
from ..exact import ExactPiece, ExactRing
from ..maps import CanonicalMap
from .equations import Equations
from .multipliers import forcing

__all__ = ["Listed", "Turned", "listed", "listed_once", "turned"]


@dataclass(frozen=True, eq=False)
class Listed:
    """A solution in whole numbers; those of a circle of states have all its states, one after the other.

    Attributes
    ----------
    signs : (H,) ndarray of int8
        Of the ReLU arguments at its state.
    denominator : int
    state : list of M int
        Times the denominator.
    directions : list of lists of M int
    multipliers : list of int or None
        They force ReLU arguments to be zero, where the set is smaller than the solutions of its linear equations.
    """

    signs: np.ndarray
    denominator: int
    state: list[int]
    directions: list[list[int]]
    multipliers: list[int] | None

    @property
    def bits(self) -> np.ndarray:
        """Its subregion."""
        return self.signs > 0


@dataclass(frozen=True, eq=False)
class Turned:
    """A listed solution as it looks if the circle of states begins later.

    Attributes
    ----------
    solution : int
        Its number in the list.
    turn : int
        The number of states.
    signs : (H,) ndarray of int8
        Of the ReLU arguments at its state.
    first : bool
        Whether ReLU 0 nowhere reads more than in the state that is the first now.
    """

    solution: int
    turn: int
    signs: np.ndarray
    first: bool


def listed(map: CanonicalMap, words: Iterable[np.ndarray], equations: Equations, budget: Budget) -> list[Listed] | None:
    """The solutions in some subregions, each of which must hold one.

    Parameters
    ----------
    map : CanonicalMap
        Without input.
    words : iterable of (H,) ndarray of bool
    equations : Equations
    budget : Budget

    Returns
    -------
    list of Listed or None
        None if the budget ended first.

    Notes
    -----
    An exact solution of M linear equations for each.
    """
    pieces = _pieces(ExactRing([map]), words, budget)
    return None if pieces is None else [_listed(ExactRing([map]), piece, equations) for piece in pieces]


def listed_once(
    maps: Sequence[CanonicalMap], words: Iterable[np.ndarray], shift: int, equations: Equations, budget: Budget
) -> list[Listed] | None:
    """The periodic orbits in some words, each once however it is turned, and none that is a part of another.

    Parameters
    ----------
    maps : sequence of CanonicalMap
        A ring, without input.
    words : iterable of (k, H) ndarray of bool
        Each must hold a solution.
    shift : int
        By multiples of this the ring can be turned.
    equations : Equations
        Of the ring.
    budget : Budget

    Returns
    -------
    list of Listed or None
        None if the budget ended first.
    """
    ring = ExactRing(maps)
    pieces = _pieces(ring, words, budget)
    if pieces is None:
        return None
    different: dict[bytes, ExactPiece] = {}
    for piece in pieces:
        turn = int(least_rotations(piece.bits[None], shift)[0])
        different.setdefault(np.roll(piece.bits, -turn, 0).tobytes(), piece)
    turns = range(0, len(maps), shift)
    closed = np.array([np.roll(piece.bits, -turn, 0) for piece in different.values() for turn in turns])
    found = []
    for piece in different.values():
        if not budget.take(1):
            return None
        if not _is_in_another(piece, closed):
            found.append(_listed(ring, piece, equations))
    return found


def _is_in_another(piece: ExactPiece, closed: np.ndarray) -> bool:
    """Whether a piece lies in the closed cells of another of these words (n, k, H)."""
    if np.all(piece.signs):
        return False
    fits = np.all(np.where(closed, piece.signs >= 0, piece.signs <= 0), axis=(1, 2))
    return bool(np.any(closed[fits] != piece.bits))


def _pieces(ring: ExactRing, words: Iterable[np.ndarray], budget: Budget) -> list[ExactPiece] | None:
    pieces = []
    for word in words:
        if not budget.take(1):
            return None
        piece = ring.settle(word)
        assert piece is not None  # the search found it
        pieces.append(piece)
    return pieces


def _listed(ring: ExactRing, piece: ExactPiece, equations: Equations) -> Listed:
    denominator, state = _whole(list(chain(*piece.point)))
    directions = [_whole(list(chain(*direction)))[1] for direction in piece.directions]
    directions = [[v // gcd(*d) for v in d] for d in directions]
    signs = piece.signs.ravel()
    multipliers = None
    # Where the linear equations alone leave no more than the set, nothing need be forced.
    if np.any(signs == 0) and (directions or not ring.is_regular(piece.bits)):
        # Nothing is known of the unknowns u: their coefficients must vanish.
        positive = equations.open_columns(signs <= 0, signs >= 0)
        forced = forcing(equations, equations.open_columns(signs <= 0, signs > 0), positive)
        multipliers = None if forced is None else forced[0]
    return Listed(signs, denominator, state, directions, multipliers)


def turned(solutions: Sequence[Listed], reads: Sequence[int], period: int, shift: int) -> list[Turned]:
    """All turns of some solutions.

    Parameters
    ----------
    solutions : sequence of Listed
    reads : sequence of M int
        The row of V of ReLU 0.
    period, shift : int
    """
    found = []
    for j, solution in enumerate(solutions):
        m = len(solution.state) // period
        states = [solution.state[t * m : (t + 1) * m] for t in range(0, period, shift)]
        values = [sum(v * z for v, z in zip(reads, state, strict=True)) for state in states]
        signs = solution.signs.reshape(period, -1)
        for turn, value in zip(range(0, period, shift), values, strict=True):
            found.append(Turned(j, turn, np.roll(signs, -turn, 0).ravel(), value == max(values)))
    return found


def _whole(values: Sequence[fmpq]) -> tuple[int, list[int]]:
    common = lcm(*(int(v.q) for v in values))
    return common, [int(v.p) * (common // int(v.q)) for v in values]
