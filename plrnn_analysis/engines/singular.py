"""Subregions whose I - J is singular: continua of fixed points, single points, or nothing.

The solutions of ``(I - J) z = offset`` form an affine space or are none; what counts is its
intersection with the closed subregion, a polyhedron in the coordinates of that space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from .._validation import freeze
from ..maps import CanonicalMap, bits_to_string
from ..results import Continuum
from .reduction import EPS
from .verification import Hit, ordered_eigenvalues

__all__ = ["Piece", "analyse_singular_region", "as_hit", "contains", "continuum_of", "lies_on"]

# Relative size below which a singular value, a residual or a ReLU argument counts as zero here.
ZERO = 1e-10


@dataclass(frozen=True, eq=False)
class Piece:
    """Fixed points of one singular subregion: ``anchor + directions.T @ t`` where the signs allow it.

    `interval` is the range of t in one dimension. `bits` is the subregion of the relative interior.
    """

    bits: np.ndarray
    anchor: np.ndarray
    directions: np.ndarray
    interval: tuple[float, float] | None


def _affine_solutions(map: CanonicalMap, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A point and orthonormal directions (k, M) of the solutions of (I - J) z = offset; None if there are none."""
    K = np.eye(map.n_units) - map.jacobian(bits)
    rhs = map.offset(bits)
    U, sigma, Vt = np.linalg.svd(K)
    size = 1.0 + float(np.abs(map.jacobian(bits)).sum(axis=1).max())
    rank = int(np.sum(sigma > ZERO * size * 1e-2))
    if rank == 0:
        anchor = np.zeros(map.n_units)
    else:
        anchor = Vt[:rank].T @ ((U[:, :rank].T @ rhs) / sigma[:rank])
    residual = np.max(np.abs(K @ anchor - rhs))
    scale = float(np.max(np.abs(rhs), initial=0.0)) + size * float(np.max(np.abs(anchor), initial=0.0))
    if residual > ZERO * scale:
        return None
    return anchor, Vt[rank:]


def _relative_interior(
    rows: np.ndarray, room: np.ndarray, tolerance: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """A relatively interior point of {t: rows t + room >= -tolerance} and which rows vanish on all of it."""
    k = rows.shape[1]
    total = np.zeros(k)
    zero = np.zeros(len(rows), dtype=bool)
    slack = room + tolerance
    found = 0
    for i in range(len(rows)):
        # Maximise v <= rows[i] t + room[i], capped so that unbounded pieces have an optimum too.
        result = linprog(
            np.append(np.zeros(k), -1.0),
            A_ub=np.vstack([np.hstack([-rows, np.zeros((len(rows), 1))]), np.append(-rows[i], 1.0)[None, :]]),
            b_ub=np.append(slack, room[i]),
            bounds=[(None, None)] * k + [(None, 1.0)],
            method="highs",
        )
        if result.status != 0:
            return None
        if -result.fun <= 2.0 * tolerance[i]:
            zero[i] = True
        total += result.x[:k]
        found += 1
    return (total / max(found, 1), zero)


def _piece(map: CanonicalMap, bits: np.ndarray) -> tuple[Piece | None, np.ndarray]:
    """The piece of fixed points in the closed subregion `bits`, and the ReLUs that vanish on all of it."""
    nothing = np.zeros(map.n_relu, dtype=bool)
    affine = _affine_solutions(map, bits)
    if affine is None:
        return None, nothing
    anchor, directions = affine
    sign = np.where(bits, 1.0, -1.0)
    norms = np.linalg.norm(map.V, axis=1)
    unit = np.where(norms > 0.0, norms, 1.0)
    slope = sign[:, None] * (map.V @ directions.T) / unit[:, None]
    room = sign * map.preactivation(anchor) / unit
    tolerance = ZERO * ((np.abs(map.V) @ np.abs(anchor) + np.abs(map.c)) / unit) + 16 * EPS
    flat = np.max(np.abs(slope), axis=1, initial=0.0) <= ZERO
    if np.any(room[flat] < -tolerance[flat]):
        return None, nothing
    zero = flat & (np.abs(room) <= tolerance)
    active = np.flatnonzero(~flat)
    k = directions.shape[0]
    if k == 0:
        return Piece(bits, anchor, directions, None), zero
    if k == 1:
        s, r, tol = slope[active, 0], room[active], tolerance[active]
        low = float(np.max(-r[s > 0] / s[s > 0], initial=-np.inf))
        high = float(np.min(-r[s < 0] / s[s < 0], initial=np.inf))
        play = float(np.max(tol / np.abs(s), initial=0.0))
        if high < low - 2.0 * play:
            return None, nothing
        if high <= low + 2.0 * play:
            t = 0.5 * (low + high)
            zero[active] = np.abs(r + s * t) <= tol + np.abs(s) * play
            return Piece(bits, anchor + t * directions[0], directions[:0], None), zero
        if np.isfinite(low) and np.isfinite(high):
            t = 0.5 * (low + high)
        elif np.isfinite(low):
            t = low + 1.0
        else:
            t = high - 1.0 if np.isfinite(high) else 0.0
        return Piece(bits, anchor + t * directions[0], directions, (low - t, high - t)), zero
    if not active.size:
        return Piece(bits, anchor, directions, None), zero
    inner = _relative_interior(slope[active], room[active], tolerance[active])
    if inner is None:
        return None, nothing
    inside, vanishing = inner
    zero[active] |= vanishing
    point = anchor + directions.T @ inside
    fixed = slope[active][vanishing]
    if len(fixed):
        _, sigma, Vt = np.linalg.svd(fixed)
        rank = int(np.sum(sigma > 1e-8))
        directions = Vt[rank:] @ directions
        if directions.shape[0] == 1:
            s = (slope[active] @ Vt[rank:].T)[:, 0]
            r = room[active] + slope[active] @ inside
            s, r = s[~vanishing], r[~vanishing]
            moving = np.abs(s) > ZERO
            s, r = s[moving], r[moving]
            low = float(np.max(-r[s > 0] / s[s > 0], initial=-np.inf))
            high = float(np.min(-r[s < 0] / s[s < 0], initial=np.inf))
            return Piece(bits, point, directions, (low, high)), zero
    return Piece(bits, point, directions, None), zero


def analyse_singular_region(map: CanonicalMap, bits: np.ndarray) -> Piece | None:
    """Fixed points in the closure of a singular subregion.

    ReLUs that vanish on the whole piece are set to inactive (the map is the same there), and the
    subregion so named is analysed in turn, so that a piece shared by several subregions has one name.

    Parameters
    ----------
    map : CanonicalMap
    bits : (H,) ndarray of bool

    Returns
    -------
    Piece or None
        With no directions if it is a single point.
    """
    bits = np.array(bits, dtype=bool)
    while True:
        piece, zero = _piece(map, bits)
        if piece is None or not np.any(zero & bits):
            return piece
        bits = bits & ~zero


def lies_on(map: CanonicalMap, hit: Hit, piece: Piece) -> bool:
    """Whether a point belongs to the closure of a continuum."""
    offset = hit.z - piece.anchor
    scale = 1.0 + np.max(np.abs(hit.z)) + np.max(np.abs(piece.anchor))
    tolerance = 1e-8 * scale + np.max(hit.z_error)
    if np.max(np.abs(offset - piece.directions.T @ (piece.directions @ offset))) > tolerance:
        return False
    side = np.where(piece.bits, hit.y, -hit.y)
    return bool(np.all(side >= -(np.abs(map.V).sum(axis=1) * tolerance + hit.y_error)))


def contains(map: CanonicalMap, outer: Piece, inner: Piece) -> bool:
    """Whether the continuum `inner` is part of the boundary of `outer`, which has more dimensions."""
    if inner.directions.shape[0] >= outer.directions.shape[0]:
        return False
    outside = inner.directions - (inner.directions @ outer.directions.T) @ outer.directions
    return bool(np.max(np.abs(outside)) <= 1e-8) and lies_on(map, as_hit(map, inner), outer)


def continuum_of(map: CanonicalMap, piece: Piece) -> Continuum:
    """The public description of a piece with at least one direction."""
    return Continuum(
        anchor=freeze(piece.anchor.copy()),
        directions=freeze(piece.directions.copy()),
        dimension=int(piece.directions.shape[0]),
        bitcode=bits_to_string(piece.bits),
        eigenvalues=freeze(ordered_eigenvalues(map.jacobian(piece.bits))),
        residual=float(np.max(np.abs(map.step(piece.anchor) - piece.anchor))),
        interval=piece.interval,
    )


def as_hit(map: CanonicalMap, piece: Piece) -> Hit:
    """A piece without directions as an isolated fixed point; its error bounds are the tolerances used here."""
    z = piece.anchor
    y = map.preactivation(z)
    scale = np.abs(map.V) @ np.abs(z) + np.abs(map.c)
    return Hit(z, piece.bits, y, np.full(map.n_units, ZERO * (1.0 + np.max(np.abs(z)))), ZERO * scale + 16 * EPS)
