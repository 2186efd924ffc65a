"""Where pieces of two manifolds meet: segments in the plane, segments and polygons in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..statuses import IntersectionKind
from .pieces import HalfSpaces, ManifoldPiece, clip
from .results import Manifold

__all__ = [
    "Crossing",
    "merged",
    "nearest",
    "misses_backward",
    "misses_forward",
    "segment_crossings",
    "sine_between",
    "space_crossings",
]

# Sines of angles below this count as parallel.
PARALLEL = 1e-9
CHUNK = 2_000_000


@dataclass(frozen=True, eq=False)
class Crossing:
    """A common point of piece `a` and piece `b`, indices into the two lists."""

    z: np.ndarray
    a: int
    b: int
    kind: IntersectionKind
    sine: float


def _segments(pieces: Sequence[ManifoldPiece]) -> tuple[np.ndarray, np.ndarray]:
    index = np.array([i for i, piece in enumerate(pieces) if piece.dimension == 1], dtype=int)
    m = pieces[0].vertices.shape[1] if len(pieces) else 0
    return index, np.array([pieces[i].vertices for i in index]).reshape(len(index), 2, m)


def segment_crossings(a: Sequence[ManifoldPiece], b: Sequence[ManifoldPiece], tiny: float) -> list[Crossing]:
    """Common points of all segments of two lists in the plane. O(n m), vectorised."""
    index_a, first = _segments(a)
    index_b, second = _segments(b)
    found: list[Crossing] = []
    if not len(first) or not len(second):
        return found
    low_b, high_b = second.min(axis=1) - tiny, second.max(axis=1) + tiny
    block = max(1, CHUNK // len(second))
    for start in range(0, len(first), block):
        part = first[start : start + block]
        # Boxes first: most pairs of segments are nowhere near each other.
        near = np.all(part.min(axis=1)[:, None] <= high_b, axis=2) & np.all(part.max(axis=1)[:, None] >= low_b, axis=2)
        for i, j in zip(*np.nonzero(near), strict=True):
            hit = _meet(part[i], second[j], tiny)
            if hit is not None:
                found.append(Crossing(hit[0], int(index_a[start + i]), int(index_b[j]), hit[1], hit[2]))
    return found


def _meet(p: np.ndarray, q: np.ndarray, tiny: float) -> tuple[np.ndarray, IntersectionKind, float] | None:
    r, u, w = p[1] - p[0], q[1] - q[0], q[0] - p[0]
    length_r, length_u = float(np.hypot(*r)), float(np.hypot(*u))
    cross = float(r[0] * u[1] - r[1] * u[0])
    sine = abs(cross) / (length_r * length_u)
    if sine <= PARALLEL:
        unit = r / length_r
        if abs(w[0] * unit[1] - w[1] * unit[0]) > 10 * tiny:
            return None
        along = np.sort([w @ unit, (w + u) @ unit])
        low, high = max(0.0, along[0]), min(length_r, along[1])
        return None if high - low < -tiny else (p[0] + 0.5 * (low + high) * unit, IntersectionKind.OVERLAP, sine)
    t = float(w[0] * u[1] - w[1] * u[0]) / cross
    s = float(w[0] * r[1] - w[1] * r[0]) / cross
    # A rounding error across moves the meeting point along by so much more.
    slack_t, slack_s = tiny / length_r / sine, tiny / length_u / sine
    if not (-slack_t <= t <= 1 + slack_t and -slack_s <= s <= 1 + slack_s):
        return None
    inner = slack_t < t < 1 - slack_t and slack_s < s < 1 - slack_s
    return p[0] + min(max(t, 0.0), 1.0) * r, IntersectionKind.TRANSVERSAL if inner else IntersectionKind.KINK, sine


def space_crossings(curve: Sequence[ManifoldPiece], surface: Sequence[ManifoldPiece], tiny: float) -> list[Crossing]:
    """Common points of the segments of one list and the polygons of another in three dimensions."""
    index, segments = _segments(curve)
    found: list[Crossing] = []
    if not len(segments):
        return found
    for k, piece in enumerate(surface):
        if piece.dimension != 2:
            continue
        polygon = piece.vertices
        normal = np.linalg.svd(polygon - polygon.mean(axis=0))[2][2]
        distance = (segments - polygon[0]) @ normal
        for i in np.flatnonzero((distance.min(axis=1) <= tiny) & (distance.max(axis=1) >= -tiny)):
            hit = _pierce(segments[i], distance[i], polygon, normal, tiny)
            if hit is not None:
                found.append(Crossing(hit[0], int(index[i]), k, hit[1], hit[2]))
    return found


def _pierce(
    segment: np.ndarray, distance: np.ndarray, polygon: np.ndarray, normal: np.ndarray, tiny: float
) -> tuple[np.ndarray, IntersectionKind, float] | None:
    edges = np.roll(polygon, -1, axis=0) - polygon
    inward = np.cross(normal, edges)
    inward /= np.linalg.norm(inward, axis=1)[:, None]
    offsets = -np.sum(inward * polygon, axis=1)
    side = np.sign(inward @ polygon.mean(axis=0) + offsets)
    rim = HalfSpaces(side[:, None] * inward, side * offsets)
    sine = abs(float(distance[1] - distance[0])) / float(np.linalg.norm(segment[1] - segment[0]))
    if sine <= PARALLEL:
        inside = clip(segment, rim, tiny)
        return None if inside is None else (inside.mean(axis=0), IntersectionKind.OVERLAP, sine)
    t = float(distance[0] / (distance[0] - distance[1]))
    slack = tiny / float(np.linalg.norm(segment[1] - segment[0])) / sine
    z = segment[0] + min(max(t, 0.0), 1.0) * (segment[1] - segment[0])
    margin = float(rim.values(z[None]).min())
    if margin < -tiny / sine:
        return None
    inner = slack < t < 1 - slack and margin > tiny / sine
    return z, IntersectionKind.TRANSVERSAL if inner else IntersectionKind.KINK, sine


def sine_between(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two pieces, given by their vertices: two segments, or a segment and a polygon."""
    one, other = _direction(a), _direction(b)
    cosine = float(one @ other)
    # A polygon is given by its normal, to which the angle is the other one.
    return min(abs(cosine) if len(a) > 2 or len(b) > 2 else float(np.linalg.norm(one - cosine * other)), 1.0)


def _direction(vertices: np.ndarray) -> np.ndarray:
    """Unit vector along a segment, or normal to a polygon in space."""
    if len(vertices) > 2:
        return np.asarray(np.linalg.svd(vertices - vertices.mean(axis=0))[2][2])
    step = vertices[1] - vertices[0]
    return np.asarray(step / np.linalg.norm(step))


def merged(crossings: list[Crossing], distance: float) -> list[Crossing]:
    """One crossing for each place: ends of neighbouring pieces give the same point several times."""
    if len(crossings) < 2:
        return crossings
    from scipy.spatial import cKDTree

    rank = {IntersectionKind.OVERLAP: 0, IntersectionKind.TRANSVERSAL: 1, IntersectionKind.KINK: 2}
    ordered = sorted(crossings, key=lambda crossing: rank[crossing.kind])
    tree = cKDTree(np.array([crossing.z for crossing in ordered]))
    gone: set[int] = set()
    for i in range(len(ordered)):
        if i not in gone:
            gone.update(j for j in tree.query_ball_point(ordered[i].z, distance) if j > i)
    return [crossing for i, crossing in enumerate(ordered) if i not in gone]


def nearest(vertices: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Nearest point of a convex piece."""
    if len(vertices) == 1:
        return vertices[0]
    if len(vertices) > 2:
        axes = np.linalg.svd(vertices - vertices[0], full_matrices=False)[2][:2]
        flat, x = (vertices - vertices[0]) @ axes.T, (z - vertices[0]) @ axes.T
        edges = np.roll(flat, -1, axis=0) - flat
        turn = edges[:, 0] * (x - flat)[:, 1] - edges[:, 1] * (x - flat)[:, 0]
        if np.all(turn >= 0.0) or np.all(turn <= 0.0):
            return np.asarray(vertices[0] + x @ axes)
    ends = np.roll(vertices, -1, axis=0)
    step = ends - vertices
    t = np.clip(np.sum((z - vertices) * step, axis=1) / np.sum(step * step, axis=1), 0.0, 1.0)
    points = vertices + t[:, None] * step
    return np.asarray(points[np.argmin(np.linalg.norm(points - z, axis=1))])


def misses_forward(z: np.ndarray, manifold: Manifold, index: int) -> list[np.ndarray]:
    """By what an orbit on stable pieces misses the next one, step by step down to the local piece."""
    point = nearest(manifold[index].vertices, z)
    misses = [point - z]
    while manifold[index].parent >= 0:
        index = manifold[index].parent
        image = manifold.map.step(point)
        point = nearest(manifold[index].vertices, image)
        misses.append(point - image)
    return misses


def misses_backward(z: np.ndarray, manifold: Manifold, index: int) -> list[np.ndarray]:
    """The same backward along unstable pieces; a piece has its preimage on its parent."""
    step = manifold.map.step
    point = nearest(manifold[index].vertices, z)
    misses = [point - z]
    while manifold[index].parent >= 0:
        index = manifold[index].parent
        corners = manifold[index].vertices
        # The map is affine on the parent: solve in weights of its corners, which leaves no subregion to choose.
        images = step(corners)  # on the rim both subregions map alike
        directions = images[1:] - images[0]
        if len(corners) == 2:
            weights = directions @ (point - images[0]) / (directions[0] @ directions[0])
        else:
            weights = np.linalg.lstsq(directions.T, point - images[0], rcond=None)[0]
        before = nearest(corners, corners[0] + weights @ (corners[1:] - corners[0]))
        misses.append(step(before) - point)
        point = before
    return misses
