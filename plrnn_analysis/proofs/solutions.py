"""The solutions that a certificate lists, exactly: points, and affine pieces with the directions that span them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd, lcm

import numpy as np
from flint import fmpq

from ..engines.budget import Budget
from ..exact import ExactRing
from ..maps import CanonicalMap
from .equations import Equations
from .multipliers import forcing

__all__ = ["Listed", "listed"]


@dataclass(frozen=True, eq=False)
class Listed:
    """A solution in whole numbers.

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
    ring = ExactRing([map])
    found = []
    for word in words:
        if not budget.take(1):
            return None
        piece = ring.settle(word)
        assert piece is not None  # the search found it
        denominator, state = _whole(piece.point[0])
        directions = [_whole(direction[0])[1] for direction in piece.directions]
        directions = [[v // gcd(*d) for v in d] for d in directions]
        signs = piece.signs[0]
        multipliers = None
        # Where the linear equations alone leave no more than the set, nothing need be forced.
        if np.any(signs == 0) and (directions or not ring.is_regular(piece.bits)):
            columns = np.concatenate([signs > 0, signs <= 0])
            forced = forcing(equations, columns, np.concatenate([signs > 0, signs < 0]))
            multipliers = None if forced is None else forced[0]
        found.append(Listed(signs, denominator, state, directions, multipliers))
    return found


def _whole(values: Sequence[fmpq]) -> tuple[int, list[int]]:
    common = lcm(*(int(v.q) for v in values))
    return common, [int(v.p) * (common // int(v.q)) for v in values]
