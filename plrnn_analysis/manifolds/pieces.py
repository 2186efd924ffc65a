"""Convex pieces of at most two dimensions in state space: clipped, split, mapped forward and backward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._frozen import Frozen
from ..maps import CanonicalMap, bits_to_string
from ..polytopes.boxes import read_box
from ..polytopes.clipping import crossing, cut

__all__ = [
    "RANK_TOLERANCE",
    "Box",
    "HalfSpaces",
    "Region",
    "clip",
    "measure",
    "outside_of",
    "preimage_in_region",
    "section",
    "simplified",
    "split_by_region",
]

# Singular values below this share of the largest count as zero: the Jacobian then is treated as singular.
RANK_TOLERANCE = 1e-10
# Lengths below this share of the box are made by rounding.
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class HalfSpaces:
    """The set ``normals @ z + offsets >= 0``; normals (k, M) of length 1, so that values are distances."""

    normals: np.ndarray
    offsets: np.ndarray

    def values(self, points: np.ndarray) -> np.ndarray:
        """Signed distances (n, k) of points (n, M), positive inside."""
        return points @ self.normals.T + self.offsets

    def joined(self, other: HalfSpaces) -> HalfSpaces:
        """Both sets of conditions together."""
        return HalfSpaces(np.vstack([self.normals, other.normals]), np.append(self.offsets, other.offsets))


@dataclass(frozen=True, eq=False)
class Box:
    """An axis-parallel box; `tiny` is the length below which two points count as one."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, box: Any, n_units: int) -> Box:
        """From a half-width around zero or a pair of corners."""
        return cls(*read_box(box, n_units).corners)

    @property
    def units(self) -> np.ndarray:
        """Powers of two (M,), about the lengths of the sides: measured in them, the box is nearly a cube."""
        return np.asarray(np.exp2(np.round(np.log2(self.high - self.low))))

    def measured_in(self, units: np.ndarray) -> Box:
        """The same box in other units of the states."""
        return Box(self.low / units, self.high / units)

    @property
    def centre(self) -> np.ndarray:
        """The middle (M,)."""
        return (self.low + self.high) / 2.0

    @property
    def diagonal(self) -> float:
        """Distance of two opposite corners."""
        return float(np.linalg.norm(self.high - self.low))

    @property
    def tiny(self) -> float:
        """A length that rounding alone can make."""
        return TINY * max(self.diagonal, float(np.abs(self.low).max()), float(np.abs(self.high).max()))

    @property
    def half_spaces(self) -> HalfSpaces:
        """The box as conditions."""
        eye = np.eye(len(self.low))
        return HalfSpaces(np.vstack([eye, -eye]), np.concatenate([-self.low, self.high]))


@dataclass(frozen=True, eq=False)
class Region:
    """A subregion: its affine map ``J z + offset`` and its half-spaces."""

    bitcode: str
    J: np.ndarray
    offset: np.ndarray
    half_spaces: HalfSpaces

    @classmethod
    def of(cls, map: CanonicalMap, bits: np.ndarray) -> Region:
        """The subregion with these bits (H,)."""
        normals, offsets = unit_boundaries(map)
        sign = np.where(bits, 1.0, -1.0)
        half_spaces = HalfSpaces(sign[:, None] * normals, sign * offsets)
        return cls(bits_to_string(bits), map.jacobian(bits), map.offset(bits), half_spaces)

    @cached_property
    def svd(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Singular value decomposition of J."""
        left, singular, right = np.linalg.svd(self.J)
        return left, singular, right

    @cached_property
    def rank(self) -> int:
        """Of J, to rounding."""
        singular = self.svd[1]
        return int(np.sum(singular > RANK_TOLERANCE * singular[0])) if singular[0] > 0.0 else 0


def unit_boundaries(map: CanonicalMap) -> tuple[np.ndarray, np.ndarray]:
    """The ReLU arguments scaled to distances; a ReLU that reads nothing keeps its constant argument."""
    length = np.linalg.norm(map.V, axis=1)
    length = np.where(length > 0.0, length, 1.0)
    return map.V / length[:, None], map.c / length


def simplified(vertices: np.ndarray, tiny: float) -> np.ndarray:
    """The same convex set without repeated vertices: a polygon without width is a segment, a short segment a point."""
    if len(vertices) > 1:
        step = np.linalg.norm(np.roll(vertices, -1, axis=0) - vertices, axis=1)
        vertices = vertices[step > tiny] if np.any(step > tiny) else vertices[:1]
    if len(vertices) > 2:
        spread = vertices - vertices[0]
        axis = spread[np.argmax(np.linalg.norm(spread, axis=1))]
        axis = axis / np.linalg.norm(axis)
        along = spread @ axis
        if np.max(np.linalg.norm(spread - np.outer(along, axis), axis=1)) <= tiny:
            vertices = vertices[[np.argmin(along), np.argmax(along)]]
    if len(vertices) == 2 and np.linalg.norm(vertices[1] - vertices[0]) <= tiny:
        vertices = vertices[:1]
    return vertices


def clip(vertices: np.ndarray, half_spaces: HalfSpaces, tiny: float) -> np.ndarray | None:
    """Intersection of a convex piece with half-spaces, None if empty."""
    values = half_spaces.values(vertices)
    if np.all(values >= -tiny):
        return vertices
    if np.any(np.max(values, axis=0) < -tiny):
        return None
    for k in np.flatnonzero(np.any(values < -tiny, axis=0)):
        distance = vertices @ half_spaces.normals[k] + half_spaces.offsets[k]
        kept = cut(vertices, distance, tiny)
        if kept is None:
            return None
        vertices = kept[0]
    return simplified(vertices, tiny)


def section(vertices: np.ndarray, distance: np.ndarray, tiny: float) -> np.ndarray | None:
    """The part of a convex piece where `distance`, an affine function given at the vertices, is zero."""
    on = np.abs(distance) <= tiny
    if np.all(on):
        return vertices
    if np.all(distance > tiny) or np.all(distance < -tiny):
        return None
    n = len(vertices)
    found = [vertices[i] for i in range(n) if on[i]]
    for i in range(n if n > 2 else n - 1):
        j = (i + 1) % n
        if not on[i] and not on[j] and (distance[i] > 0.0) != (distance[j] > 0.0):
            found.append(crossing(vertices, distance, i, j))
    return simplified(np.array(found), tiny)


def split_by_region(map: CanonicalMap, vertices: np.ndarray, tiny: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut a convex piece at the subregion boundaries: pairs of bits (H,) and vertices.

    A part that lies in a boundary belongs to the inactive side, as a state does.
    """
    normals, offsets = unit_boundaries(map)
    parts: list[tuple[list[bool], np.ndarray]] = [([], vertices)]
    for normal, offset in zip(normals, offsets, strict=True):
        halves = []
        for bits, part in parts:
            distance = part @ normal + offset
            if np.all(distance <= tiny):
                halves.append(([*bits, False], part))
            elif np.all(distance >= -tiny):
                halves.append(([*bits, True], part))
            else:
                for bit, side in ((False, -distance), (True, distance)):
                    half = cut(part, side, tiny)
                    if half is not None:
                        halves.append(([*bits, bit], simplified(half[0], tiny)))
        parts = halves
    return [(np.array(bits, dtype=bool), part) for bits, part in parts]


def outside_of(vertices: np.ndarray, half_spaces: HalfSpaces, tiny: float) -> list[np.ndarray]:
    """A convex piece without a convex set, as convex pieces of the same dimension."""
    parts = []
    rest: np.ndarray | None = vertices
    dimension = min(len(vertices), 3)
    for normal, offset in zip(half_spaces.normals, half_spaces.offsets, strict=True):
        if rest is None:
            break
        part = clip(rest, HalfSpaces(-normal[None], np.array([-offset])), tiny)
        if part is not None and min(len(part), 3) == dimension:
            parts.append(part)
        rest = clip(rest, HalfSpaces(normal[None], np.array([offset])), tiny)
    return parts


def preimage_in_region(vertices: np.ndarray, region: Region, box: Box) -> np.ndarray | str | None:
    """All states of a subregion and a box that its affine map sends into a convex piece.

    Returns
    -------
    ndarray, str or None
        Vertices; None if there is no such state; a text if the set has more than two dimensions, or is thinner than
        two points that count as one.

    Notes
    -----
    With a Jacobian of rank r < M the piece is first cut with the r-dimensional affine range of the map. Each point of
    the section has an (M - r)-dimensional family of preimages, parallel to the kernel, which the box bounds.
    """
    tiny = box.tiny
    (left, singular, right), rank = region.svd, region.rank
    target: np.ndarray | None = vertices
    for normal in left[:, rank:].T:
        if target is not None:
            target = section(target, (target - region.offset) @ normal, tiny)
    if target is None:
        return None
    inverse = (right[:rank].T / singular[:rank]) @ left[:, :rank].T
    points = (target - region.offset) @ inverse.T
    kernel = right[rank:]
    if min(len(target), 3) - 1 + len(kernel) > 2:
        return f"a set of {min(len(target), 3) - 1 + len(kernel)} dimensions in subregion {region.bitcode}"
    if len(kernel):
        # Move along the kernel to where the box is, then far enough to both sides to leave it.
        points = points + (box.centre - points) @ kernel.T @ kernel
        points = _prism(points, box.diagonal * kernel)
    elif not np.all(np.isfinite(points)):
        return f"a set beyond the largest number in subregion {region.bitcode}"
    found = simplified(points, tiny)
    inside = clip(found, region.half_spaces.joined(box.half_spaces), tiny)
    if inside is not None and not len(kernel) and min(len(found), 3) < min(len(target), 3):
        return f"thinner than 1e-12 of the box in subregion {region.bitcode}"
    return inside


def _prism(points: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    if len(kernel) == 2:
        a, b = kernel
        return np.array([points[0] + s * a + t * b for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    return np.vstack([points - kernel[0], (points + kernel[0])[::-1]])


def measure(vertices: np.ndarray) -> float:
    """Length of a segment, area of a polygon, 0 for a point."""
    if len(vertices) < 3:
        return float(np.linalg.norm(vertices[-1] - vertices[0]))
    a, b = vertices[1:-1] - vertices[0], vertices[2:] - vertices[0]
    gram = np.sum(a * a, axis=1) * np.sum(b * b, axis=1) - np.sum(a * b, axis=1) ** 2
    return float(0.5 * np.sum(np.sqrt(np.maximum(gram, 0.0))))


@dataclass(frozen=True, eq=False)
class ManifoldPiece(Frozen):
    """A convex piece of an invariant manifold inside one subregion.

    Attributes
    ----------
    vertices : (n, M) ndarray
        One for a point, two for a segment, in order around the rim for a polygon.
    bitcode : str
        The subregion that contains the piece.
    iteration : int
        0 for the local piece at the saddle; else the number of steps from a local piece (unstable) or into one
        (stable).
    parent : int
        Index of the piece that it is an image of (unstable) or that it is mapped into (stable); -1 for a local one.
    """

    vertices: np.ndarray
    bitcode: str
    iteration: int = 0
    parent: int = -1

    @property
    def dimension(self) -> int:
        """0 for a point, 1 for a segment, 2 for a polygon."""
        return min(len(self.vertices), 3) - 1

    @property
    def size(self) -> float:
        """Length or area; 0 for a point."""
        return measure(self.vertices)


def make_piece(vertices: np.ndarray, bitcode: str, iteration: int, parent: int) -> ManifoldPiece:
    return ManifoldPiece(np.array(vertices, dtype=np.float64), bitcode, iteration, parent)
