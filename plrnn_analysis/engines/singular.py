"""Continua: the fixed points (or cycles) of words that have more than one, as floats for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..exact import ExactPiece, ExactRing, to_array
from ..maps import CanonicalMap, bits_to_string
from ..polytopes.rational import nearest_double
from ..results import Continuum
from .stability import jacobian_stability

__all__ = ["Piece", "analyse_singular_region", "continuum_of", "piece_of"]


@dataclass(frozen=True, eq=False)
class Piece:
    """A continuum: ``anchor + directions.T @ t`` where the signs allow it.

    Attributes
    ----------
    bits : (k H,) ndarray of bool
        The word of the relative interior.
    anchor : (k M,) ndarray
        In the relative interior, exactly so in `exact`.
    directions : (d, k M) ndarray
        Orthonormal.
    interval : tuple of float or None
        The range of t in one dimension.
    exact : ExactPiece
        The same in rationals, with the signs of the relative interior.
    """

    bits: np.ndarray
    anchor: np.ndarray
    directions: np.ndarray
    interval: tuple[float, float] | None
    exact: ExactPiece


def piece_of(exact: ExactPiece) -> Piece | None:
    """An exact piece in doubles; None if they cannot hold it."""
    anchor = to_array([value for state in exact.point for value in state])
    spanning = np.array([to_array([value for state in one for value in state]) for one in exact.directions])
    # Directions are scaled before their products are formed, so that none over- or underflows.
    sizes = np.max(np.abs(spanning), axis=1)
    if not (np.all(np.isfinite(anchor)) and np.all(np.isfinite(sizes)) and np.all(sizes > 0.0)):
        return None
    directions = _orthonormal(spanning / sizes[:, None])
    interval = None
    if exact.interval is not None:
        length = float(sizes[0]) * float(np.linalg.norm(spanning[0] / sizes[0]))
        low, high = exact.interval
        interval = (
            float("-inf") if low is None else nearest_double(low) * length,
            float("inf") if high is None else nearest_double(high) * length,
        )
    return Piece(exact.bits.ravel(), anchor, directions, interval, exact)


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """Rows that span the same space, by Gram and Schmidt, twice for the last digits; the first keeps its direction."""
    kept: list[np.ndarray] = []
    for row in rows:
        for _ in range(2):
            for other in kept:
                row = row - (other @ row) * other
            row = row / np.linalg.norm(row)
        kept.append(row)
    return np.array(kept)


def analyse_singular_region(maps: CanonicalMap | Sequence[CanonicalMap], bits: np.ndarray) -> Piece | None:
    """The continuum in the closed cell of a subregion, or of a word of a ring of maps.

    Parameters
    ----------
    maps : CanonicalMap, or sequence of CanonicalMap
        Without input; a ring as for :func:`plrnn_analysis.maps.ring_map`.
    bits : (k, H) ndarray of bool

    Returns
    -------
    Piece or None
        None if there is at most a single point.
    """
    ring = ExactRing([maps] if isinstance(maps, CanonicalMap) else maps)
    exact = ring.settle(bits)
    return piece_of(exact) if exact is not None and exact.dimension else None


def continuum_of(map: CanonicalMap, piece: Piece) -> Continuum:
    """The public description of a continuum of fixed points."""
    return Continuum(
        anchor=piece.anchor.copy(),
        directions=piece.directions.copy(),
        dimension=len(piece.directions),
        bitcode=bits_to_string(piece.bits),
        eigenvalues=jacobian_stability([map], piece.bits[None])[0],
        residual=float(np.max(np.abs(map.step(piece.anchor) - piece.anchor))),
        interval=piece.interval,
    )
