"""Convex pieces of at most two dimensions cut by half-spaces: Sutherland and Hodgman (1974), doi:10.1145/360767.360802.

Vertices may be floats or rationals (arrays of objects). A piece is one point, the two ends of a segment, or the
vertices of a flat polygon in order around its rim; it may lie in any number of dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["crossing", "cut"]


def cut(
    vertices: np.ndarray, values: np.ndarray, tiny: Any = 0, edges: np.ndarray | None = None, name: int = -1
) -> tuple[np.ndarray, np.ndarray] | None:
    """The part of a convex piece where an affine function is not negative.

    Parameters
    ----------
    vertices : (n, m) ndarray
    values : (n,) ndarray
        The function at the vertices.
    tiny : float, optional
        Down to minus this counts as zero.
    edges : (n,) ndarray of int, optional
        Names of the edges from each vertex to the next.
    name : int, optional
        Name of the edge that the cut makes.

    Returns
    -------
    vertices, edges : ndarray
        Vertices may come twice where the cut touches one. None if nothing is left.
    """
    n = len(vertices)
    edges = np.full(n, -1) if edges is None else edges
    inside = np.array([bool(value >= -tiny) for value in values])
    if inside.all():
        return vertices, edges
    if not inside.any():
        return None
    kept, names = [], []
    for i in range(n):
        j = (i + 1) % n
        if inside[i]:
            kept.append(vertices[i])
            names.append(edges[i])
        # A segment has one edge, a polygon as many as vertices. An edge that only touches makes no new vertex.
        if (n > 2 or i == 0) and inside[i] != inside[j] and max(values[i], values[j]) > tiny:
            kept.append(crossing(vertices, values, i, j))
            # Going out, the new edge begins here; coming in, the old one goes on.
            names.append(name if inside[i] else edges[i])
        elif inside[i] and not inside[j]:
            names[-1] = name
    return np.array(kept), np.array(names)


def crossing(vertices: np.ndarray, values: np.ndarray, i: int, j: int) -> np.ndarray:
    """Where the function is zero between two vertices at which its signs differ."""
    # Always from the same end, so that the pieces on both sides get the same vertex.
    if values[i] < values[j]:
        i, j = j, i
    t = values[i] / (values[i] - values[j])
    return np.asarray(vertices[i] + t * (vertices[j] - vertices[i]))
