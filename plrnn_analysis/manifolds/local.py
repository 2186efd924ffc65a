"""The linear parts of invariant manifolds: eigenspaces around a cycle and the pieces on which they are exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ModelError
from ..maps import CanonicalMap, bits_to_string
from ..numerics import UNIT_CIRCLE
from ..results import Cycle, FixedPoint
from .pieces import Box, HalfSpaces, Region, clip

__all__ = ["LocalManifold", "local_half_spaces", "local_manifold", "orbit_of"]

# A saddle must be a fixed point, or cycle, of the map to this share of its size.
SADDLE_TOLERANCE = 1e-6
# Beyond this norm of the product around a cycle its weak directions drown in rounding: iterate subspaces instead.
LARGE_PRODUCT = 1e6
# Growth per turn below which the sign of a growth rate is not believed, and what a settled subspace moves by.
SLOW_GROWTH, SETTLED = 1e-3, 1e-13
# Rounds of subspace iteration around a cycle.
MAX_ROUNDS = 5000
# The local pieces are cut at most so often.
MAX_CUTS = 2000


@dataclass(frozen=True, eq=False)
class LocalManifold:
    """Local pieces of the points of a cycle, in coordinates x of their eigenspaces, ``z = points[j] + bases[j] x``.

    Attributes
    ----------
    points : (p, M) ndarray
    bases : list of (M, d) ndarray
        Orthonormal.
    steps : list of (d, d) ndarray
        The map from the coordinates at point j to those at point j + 1.
    pieces : list of (n, d) ndarray
        Vertices: the orbit of each point inside stays in the cycle's subregions and the box until it reaches
        the cycle, forward (stable) or backward (unstable).
    settled : bool
        False where the pieces still shrank when the limit of cuts was reached.
    n_marginal : int
        Multipliers of modulus 1.
    """

    points: np.ndarray
    bases: list[np.ndarray]
    steps: list[np.ndarray]
    pieces: list[np.ndarray]
    settled: bool
    n_marginal: int


def orbit_of(map: CanonicalMap, saddle: FixedPoint | Cycle) -> tuple[np.ndarray, list[str]]:
    """Points (p, M) of a saddle and their bitcodes, checked against the map."""
    points = np.array(saddle.points if isinstance(saddle, Cycle) else saddle.z[None], dtype=np.float64)
    if points.shape[1] != map.n_units:
        raise ModelError(
            f"the saddle has {points.shape[1]} units, the model {map.n_units}: give a saddle of this model"
        )
    misses = np.abs(map.step(points) - np.roll(points, -1, axis=0))
    # Compared with the terms that make it, unit by unit: states may be of very different sizes.
    terms = np.abs(points) @ np.abs(map.A).T + np.abs(map.h)
    terms += (np.abs(points) @ np.abs(map.V).T + np.abs(map.c)) @ np.abs(map.W).T
    if not np.all(misses <= SADDLE_TOLERANCE * terms):
        raise ModelError(
            f"the saddle misses itself by {misses.max():.3g} after a step: give a fixed point or cycle of this model "
            "under the same constant_input"
        )
    if saddle.on_boundary:
        raise ModelError(
            "the saddle lies on a subregion boundary: its eigenspaces are one-sided there. Move a parameter slightly"
        )
    # A cycle's `word` may start at another point than `points`: take the bits of the points themselves.
    return points, [bits_to_string(row) for row in map.bits(points)]


def local_manifold(points: np.ndarray, regions: list[Region], stable: bool, box: Box) -> LocalManifold:
    """Largest convex pieces of the eigenspaces that the linear maps around the cycle keep.

    Notes
    -----
    At point j the piece is ``{x : T_k x inside region j + k and the box, for all k >= 0}`` with T_k the product of k
    steps (backward ones for the unstable manifold). Since T_k tends to zero, finitely many k cut; once a whole
    round cuts nothing, no later one does.
    """
    period = len(points)
    jacobians = [region.J for region in regions]
    bases, n_marginal = _eigenspaces(jacobians, stable)
    d = bases[0].shape[1]
    kind = "stable" if stable else "unstable"
    if d == 0:
        raise ModelError(f"the {kind} manifold has no dimension: no multiplier is {'in' if stable else 'out'}side 1")
    if d > 2:
        raise ModelError(f"the {kind} manifold has {d} dimensions; pieces of 1 or 2 are represented")
    steps = [bases[(j + 1) % period].T @ jacobians[j] @ bases[j] for j in range(period)]
    walls = []
    for j in range(period):
        around = regions[j].half_spaces.joined(box.half_spaces)
        # Eigenspaces are straight only inside a subregion: without room around the saddle there is no local piece.
        margin = around.values(points[j][None])[0]
        if np.min(margin) <= 10.0 * box.tiny:
            raise ModelError(
                "the saddle lies on a subregion boundary or outside the box: its eigenspaces are one-sided there. "
                "Give a larger box, or move a parameter slightly"
            )
        walls.append(HalfSpaces(around.normals @ bases[j], margin))
    # Larger than anything in the box; the walls cut it down to what stays.
    corner = box.diagonal * (np.array([[-1.0], [1.0]]) if d == 1 else np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]]))
    pieces = [_clipped(corner, wall, box.tiny) for wall in walls]
    transfer = [np.eye(d) for _ in range(period)]
    inverse = [] if stable else [np.linalg.inv(step) for step in steps]
    settled = False
    for k in range(1, MAX_CUTS):
        settled = True
        for j in range(period):
            at = (j + k) % period if stable else (j - k) % period
            transfer[j] = steps[(at - 1) % period] @ transfer[j] if stable else inverse[at] @ transfer[j]
            wall = HalfSpaces(walls[at].normals @ transfer[j], walls[at].offsets)
            if np.min(wall.values(pieces[j])) < -box.tiny:
                pieces[j] = _clipped(pieces[j], wall, box.tiny)
                settled = False
        if settled:
            break
    return LocalManifold(points, bases, steps, pieces, settled, n_marginal)


def _clipped(vertices: np.ndarray, walls: HalfSpaces, tiny: float) -> np.ndarray:
    piece = clip(vertices, walls, tiny)
    if piece is None or len(piece) < vertices.shape[1] + 1:
        raise ModelError("the local piece of the manifold has no extent: the saddle lies too close to a boundary")
    return piece


def local_half_spaces(vertices: np.ndarray) -> HalfSpaces:
    """Half-spaces of a convex piece in its own coordinates: an interval (2, 1) or a polygon (n, 2)."""
    if vertices.shape[1] == 1:
        low, high = float(vertices.min()), float(vertices.max())
        return HalfSpaces(np.array([[1.0], [-1.0]]), np.array([-low, high]))
    edges = np.roll(vertices, -1, axis=0) - vertices
    normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    offsets = -np.sum(normals * vertices, axis=1)
    inward = np.sign(normals @ vertices.mean(axis=0) + offsets)
    return HalfSpaces(inward[:, None] * normals, inward * offsets)


def _eigenspaces(jacobians: list[np.ndarray], stable: bool) -> tuple[list[np.ndarray], int]:
    """Orthonormal bases of the stable or unstable space at each point of a cycle, and the number of marginal ones."""
    period, m = len(jacobians), jacobians[0].shape[0]
    bases, sizes, marginal, largest = [], [], 0, 0.0
    for j in range(period):
        product = np.eye(m)
        for k in range(period):
            product = jacobians[(j + k) % period] @ product
        basis, marginal = _schur_basis(product, stable)
        bases.append(basis)
        sizes.append(basis.shape[1])
        largest = max(largest, float(np.linalg.norm(product)))
    if period > 1 and largest > LARGE_PRODUCT:
        return _iterated_spaces(jacobians, _number_unstable(jacobians), stable), 0
    if len(set(sizes)) > 1:
        raise ModelError("the number of stable multipliers is not clear to rounding along this cycle")
    return bases, marginal


def _schur_basis(matrix: np.ndarray, stable: bool) -> tuple[np.ndarray, int]:
    from scipy.linalg import schur

    def wanted(re: float, im: float) -> bool:
        modulus = float(np.hypot(re, im))
        return modulus < 1.0 - UNIT_CIRCLE if stable else modulus > 1.0 + UNIT_CIRCLE

    _, vectors, size = schur(matrix, output="real", sort=wanted)
    moduli = np.abs(np.linalg.eigvals(matrix))
    return vectors[:, :size], int(np.sum(np.abs(moduli - 1.0) <= UNIT_CIRCLE))


def _number_unstable(jacobians: list[np.ndarray]) -> int:
    """How many multipliers are outside the unit circle, from the growth of an orthogonal frame carried around."""
    m, rounds = jacobians[0].shape[0], 100
    frame, growth = np.eye(m), np.zeros(m)
    for turn in range(rounds):
        for J in jacobians:
            # The product itself would overflow or lose its weak directions; its growth rates do not.
            frame, triangle = np.linalg.qr(J @ frame)
            if turn >= rounds // 2:
                growth += np.log(np.maximum(np.abs(np.diag(triangle)), np.finfo(float).tiny))
    growth /= rounds - rounds // 2
    if np.any(np.abs(growth) < SLOW_GROWTH):
        raise ModelError("a multiplier of this cycle is too close to modulus 1 beside very large ones")
    return int(np.sum(growth > 0.0))


def _iterated_spaces(jacobians: list[np.ndarray], n_unstable: int, stable: bool) -> list[np.ndarray]:
    """Unstable spaces by orthogonal iteration; stable ones as complements of those of the transposed maps."""
    period, m = len(jacobians), jacobians[0].shape[0]
    space = np.linalg.qr(np.random.default_rng(0).normal(size=(m, n_unstable)))[0]
    found: list[np.ndarray] = [space] * period
    for _ in range(MAX_ROUNDS):
        before = space
        for k in range(period):
            j = (period - 1 - k) if stable else k
            space = np.linalg.qr((jacobians[j].T if stable else jacobians[j]) @ space)[0]
            found[j if stable else (j + 1) % period] = space
        if np.linalg.norm(before - space @ (space.T @ before)) < SETTLED:
            break
    else:
        raise ModelError("the eigenspaces of this cycle did not settle: its multipliers are too close to modulus 1")
    if not stable:
        return found
    return [np.linalg.qr(basis, mode="complete")[0][:, n_unstable:] for basis in found]
