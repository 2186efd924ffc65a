"""Families of fixed points or cycles that a run has come to rest on."""

from __future__ import annotations

import numpy as np

from .._validation import freeze
from ..engines.orbits import least_rotations
from ..engines.singular import analyse_singular_region, continuum_of
from ..maps import CanonicalMap, bits_to_string
from ..results import Continuum, CycleContinuum
from ..units import Units
from .compositions import composition

__all__ = ["family_around"]

# A singular value of I - J of this size, beside the largest, belongs to a direction in which nothing changes.
NO_LARGER = 1e-8


def family_around(
    units: Units, given: CanonicalMap, word: np.ndarray, orbit: np.ndarray, tolerance: float
) -> Continuum | CycleContinuum | None:
    """The family of fixed points or cycles that a trajectory has come to rest on, None if it has not.

    Parameters
    ----------
    units : Units
        The map in balanced units, which `orbit` and `tolerance` are in, too.
    given : CanonicalMap
        The map in those units in which the family is described.
    word : (k, H) ndarray of bool
        Bitcodes of the first k states of `orbit`.
    orbit : (k + 1, M) ndarray
    tolerance : float
        Largest distance, in any coordinate, of the orbit's end from its start.
    """
    period = len(word)
    if np.max(np.abs(orbit[-1] - orbit[0])) > tolerance:
        return None
    if period == 1:
        piece = analyse_singular_region(given, word[0])
        return None if piece is None or not len(piece.directions) else continuum_of(given, piece)
    matrix = composition(units.map, word)[0]
    values, right = np.linalg.svd(np.eye(given.n_units) - matrix)[1:]
    kernel = right[values <= NO_LARGER * (1.0 + values[0])]
    if not len(kernel):
        return None
    directions = np.empty((len(kernel), period, given.n_units))
    # Orthonormal in the user's units at the first point.
    moved = np.linalg.qr((kernel * units.state).T)[0].T
    for t in range(period):
        directions[:, t] = moved
        moved = moved @ given.jacobian(word[t]).T
    turn = int(least_rotations(word[None], 1)[0])
    return CycleContinuum(
        period=period,
        anchor=freeze(np.roll(orbit[:-1] * units.state, -turn, 0)),
        directions=freeze(np.roll(directions, -turn, 1)),
        dimension=len(kernel),
        word=tuple(bits_to_string(b) for b in np.roll(word, -turn, 0)),
    )
