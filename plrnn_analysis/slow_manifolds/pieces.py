"""A slow subspace clipped to a polytope, with the drift on what is left."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..polytopes.nearest import least_norm
from ..polytopes.rational import Undecided
from .subspace import SlowSubspace, crossing_steps, extents, holding_steps
from .visited import VisitedRange

__all__ = ["Clipped", "clip", "piece_numbers"]

# Up to this many slow directions the corners of the extents are looked at one by one, of more a wider set.
MANY = 14
# By how much rounding may violate a constraint, as a share of the terms it is made of.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Clipped:
    """The part of a slow subspace in a polytope.

    Attributes
    ----------
    anchor : (k,) ndarray
        Coordinates of the point with the least drift.
    extents : (k, 2) ndarray
        Smallest and largest coordinates.
    corners : (n, k) ndarray
        Points whose convex hull holds the piece: for k = 1 its two ends, up to k = 14 the corners of the box of the
        extents, then the 2 k corners of the smallest cross-polytope around that box.
    least : float
        Least length of a step on the piece.
    """

    anchor: np.ndarray
    extents: np.ndarray
    corners: np.ndarray
    least: float


def clip(
    slow: SlowSubspace, V: np.ndarray, c: np.ndarray, sign: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Clipped | None:
    """The part inside ``sign (V z + c) >= 0`` and the box; None if there is none.

    Parameters
    ----------
    slow : SlowSubspace
    V, c, sign : ndarray
    low, high : (M,) ndarray

    Raises
    ------
    Undecided
        If there are several slow directions and the solver of linear programs fails, or the part is too thin for it.
    """
    length = np.linalg.norm(V, axis=1)
    unit = np.where(length > 0.0, length, 1.0)
    y = V @ slow.origin + c
    size = np.abs(slow.origin) + np.maximum(np.abs(low), np.abs(high))
    rows = np.vstack([(sign / unit)[:, None] * (V @ slow.directions.T), slow.directions.T, -slow.directions.T])
    constants = np.concatenate([sign * y / unit, slow.origin - low, high - slow.origin])
    tolerance = ROUNDING * np.concatenate([(np.abs(V) @ np.abs(slow.origin) + np.abs(c)) / unit, size, size])
    k = len(slow.drift)
    found = extents(rows, constants, tolerance) if k else None
    if found is None:
        return None
    if k == 1:
        ends = found.T
        anchor = _least_on_interval(float(slow.block[0, 0]) - 1.0, float(slow.drift[0]), found[0])
        return Clipped(np.array([anchor]), found, ends, float(np.abs(slow.move(np.array([anchor]))[0])))
    corners = np.array(list(product(*found))) if k <= MANY else _cross(found)
    shift = slow.block - np.eye(k)
    best = least_norm(shift, slow.drift, rows, constants + tolerance, found[:, 0], found[:, 1])
    if best is None:
        raise Undecided("no inner point was found")
    return Clipped(best.x, found, corners, float(np.linalg.norm(slow.move(best.x))))


def _cross(extents: np.ndarray) -> np.ndarray:
    """Points (2 k, k) on the axes through the middle of a box whose convex hull holds it: ``|u|_1 <= k max |u_i|``."""
    arms = np.diag(len(extents) * (extents[:, 1] - extents[:, 0]) / 2.0)
    return np.asarray(extents.mean(axis=1) + np.vstack([arms, -arms]))


def _least_on_interval(rate: float, drift: float, ends: np.ndarray) -> float:
    """Where ``|rate a + drift|`` is least; the middle where it is the same everywhere to rounding."""
    low, high = float(ends[0]), float(ends[1])
    if abs(rate) * (high - low) <= ROUNDING * abs(drift + 0.5 * rate * (low + high)) or abs(rate) <= 1e-15:
        return 0.5 * (low + high)
    return float(np.clip(-drift / rate, low, high))


def piece_numbers(
    slow: SlowSubspace, piece: Clipped | None, box: VisitedRange, hold: float, reads: np.ndarray
) -> dict[str, Any]:
    """What a clipped piece tells, by the names of the attributes of a slow manifold; NaN without a piece."""
    k = len(slow.drift)
    nan = float("nan")
    spread = float(np.linalg.norm(slow.block - np.eye(k), 2)) if k else nan
    kept = holding_steps(slow, spread, hold) if k else nan
    if piece is None:
        return {
            "difference_steps": kept,
            "extents": None,
            "drift": np.full(k, nan),
            "drift_ends": np.full(2, nan),
            "least_piece_drift": nan,
            "largest_piece_drift": nan,
            "largest_drift_in_ranges": nan,
            "output_drift": np.full(len(reads), nan),
            "holding_steps": nan,
            "crossing_steps": nan,
        }
    moves = slow.move(piece.corners)
    largest = float(np.max(np.linalg.norm(moves, axis=1)))
    # The longest way along the manifold that no unit notices by more than its share.
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.linalg.norm(slow.directions, axis=0) / box.widths
        share = float(np.max(np.where(np.any(slow.directions != 0.0, axis=0), shares, 0.0)))
    ends = piece.extents
    return {
        "difference_steps": kept,
        "extents": ends - piece.anchor[:, None],
        "drift": slow.move(piece.anchor),
        "drift_ends": moves[:, 0].copy() if k == 1 else np.full(2, nan),
        "least_piece_drift": piece.least,
        "largest_piece_drift": largest,
        "largest_drift_in_ranges": float(np.max(box.in_widths(moves @ slow.directions))),
        "output_drift": _largest_signed(moves @ reads.T) if k == 1 else np.max(np.abs(moves @ reads.T), axis=0),
        "holding_steps": holding_steps(slow, largest, hold / share),
        "crossing_steps": crossing_steps(slow, float(ends[0, 0]), float(ends[0, 1])) if k == 1 else nan,
    }


def _largest_signed(values: np.ndarray) -> np.ndarray:
    """Of each column the entry of largest modulus."""
    return values[np.argmax(np.abs(values), axis=0), np.arange(values.shape[1])]
