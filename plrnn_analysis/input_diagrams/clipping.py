"""Convex polygons cut by half-planes, with a memory of which half-plane made each edge."""

from __future__ import annotations

import numpy as np

__all__ = ["clip_interval", "clip_square", "thickness"]


def clip_interval(
    constants: np.ndarray, slopes: np.ndarray, error: np.ndarray, slack: np.ndarray
) -> tuple[float, float]:
    """The t in [0, 1] with ``constants + slopes t >= -slack``: lower and upper end, the lower above if there are none.

    Slopes within `error` of zero only decide whether there are any.
    """
    flat = np.abs(slopes) <= error
    if np.any(constants[flat] < -2.0 * error[flat]):
        return 1.0, 0.0
    room = -(constants + slack)
    up, down = (slopes > 0.0) & ~flat, (slopes < 0.0) & ~flat
    low = max(0.0, float(np.max(room[up] / slopes[up], initial=0.0)))
    high = min(1.0, float(np.min(room[down] / slopes[down], initial=1.0)))
    return low, high


def clip_square(
    constants: np.ndarray, slopes: np.ndarray, error: np.ndarray, slack: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The t in [0, 1]^2 with ``constants + slopes t >= -slack``: corners (k, 2), counter-clockwise, and edges (k,).

    Slopes within `error` of zero only decide whether there are any.

    Edge i leads from corner i to the next; it is the number of the condition that made it, -1 for a side of the square.
    """
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    edges = np.full(4, -1)
    for index, (constant, slope, doubt, give) in enumerate(zip(constants, slopes, error, slack, strict=True)):
        if np.max(np.abs(slope)) <= doubt:
            if constant < -3.0 * doubt:
                return np.zeros((0, 2)), np.zeros(0, dtype=np.intp)
            continue
        value = corners @ slope + constant + give
        if np.all(value >= 0.0):
            continue
        if np.all(value < 0.0):
            return np.zeros((0, 2)), np.zeros(0, dtype=np.intp)
        points, names = [], []
        n = len(corners)
        for k in range(n):
            after = (k + 1) % n
            if value[k] >= 0.0:
                points.append(corners[k])
                names.append(edges[k])
            if (value[k] >= 0.0) != (value[after] >= 0.0):
                share = value[k] / (value[k] - value[after])
                crossing = corners[k] + share * (corners[after] - corners[k])
                points.append(crossing)
                # Going out, the new edge begins here; coming in, the old one goes on.
                names.append(index if value[k] >= 0.0 else edges[k])
        corners, edges = np.array(points), np.array(names)
    return corners, edges


def thickness(corners: np.ndarray) -> float:
    """Twice the area of a polygon (k, 2) over its circumference: 0 for points and lines."""
    if len(corners) < 3:
        return 0.0
    after = np.roll(corners, -1, axis=0)
    area = 0.5 * abs(float(np.sum(corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0])))
    around = float(np.linalg.norm(after - corners, axis=1).sum())
    return 2.0 * area / around if around > 0.0 else 0.0
