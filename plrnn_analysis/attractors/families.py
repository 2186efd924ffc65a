"""Families of fixed points or cycles that a run has come to rest on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..engines.orbits import least_rotations
from ..engines.singular import Piece, analyse_singular_region, continuum_of
from ..maps import CanonicalMap, bits_to_string
from ..results import Continuum, CycleContinuum
from ..units import Units
from .compositions import composition, is_short

__all__ = ["family_around"]

# A singular value of I - J of this size, beside the largest, belongs to a direction in which nothing changes.
NO_LARGER = 1e-8


def family_around(
    units: Units,
    given: CanonicalMap,
    word: np.ndarray,
    orbit: np.ndarray,
    tolerance: float,
    check: Callable[[], None],
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
    check : callable
        Called again and again; may raise.
    """
    if np.max(np.abs(orbit[-1] - orbit[0])) > tolerance:
        return None
    if is_short(word, given.n_units):
        piece = analyse_singular_region([given] * len(word), word)
        if piece is not None:
            return _of_piece(given, piece, len(word))
    return _in_floats(units, given, word, orbit, check) if len(word) > 1 else None


def _of_piece(given: CanonicalMap, piece: Piece, rounds: int) -> Continuum | CycleContinuum:
    """The family that an exact piece of a ring of `rounds` steps is."""
    moves = (piece.exact.point, *piece.exact.directions)
    # On a boundary, or by a multiplier of one, members may repeat themselves sooner than the word does.
    period = next(d for d in range(1, rounds + 1) if rounds % d == 0 and all(m[d:] + m[:d] == m for m in moves))
    bits = piece.bits.reshape(rounds, -1)[:period]
    if period == 1:
        single = analyse_singular_region(given, bits[0])
        assert single is not None  # the ring has the same family, repeated
        return continuum_of(given, single)
    states = np.vstack([piece.anchor, piece.directions]).reshape(1 + len(piece.directions), rounds, -1)[:, :period]
    # Rows of unit length over the ring shrink with the rounds left out.
    scale = np.sqrt(rounds / period)
    return _described(bits, states[0], scale * states[1:])


def _in_floats(
    units: Units, given: CanonicalMap, word: np.ndarray, orbit: np.ndarray, check: Callable[[], None]
) -> CycleContinuum | None:
    """The family of a long word, or of one that is neutral but for the rounding of its weights."""
    matrix = composition(units.map, word, check)[0]
    values, right = np.linalg.svd(np.eye(given.n_units) - matrix)[1:]
    kernel = right[values <= NO_LARGER * (1.0 + values[0])]
    if not len(kernel):
        return None
    directions = np.empty((len(kernel), len(word), given.n_units))
    # Orthonormal in the user's units at the first point.
    moved = np.linalg.qr((kernel * units.state).T)[0].T
    for t, bits in enumerate(word):
        check()
        directions[:, t] = moved
        moved = moved @ given.jacobian(bits).T
    return _described(word, orbit[:-1] * units.state, directions)


def _described(word: np.ndarray, anchor: np.ndarray, directions: np.ndarray) -> CycleContinuum:
    turn = int(least_rotations(word[None], 1)[0])
    return CycleContinuum(
        period=len(word),
        anchor=np.roll(anchor, -turn, 0),
        directions=np.roll(directions, -turn, 1),
        dimension=len(directions),
        word=tuple(bits_to_string(b) for b in np.roll(word, -turn, 0)),
    )
