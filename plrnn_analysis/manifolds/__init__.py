"""Stable and unstable manifolds of saddles, images and preimages, and where manifolds meet: exact pieces."""

from .invariant import forward_image, intersections, invariant_manifold, preimage
from .pieces import ManifoldPiece
from .results import Intersection, Intersections, Manifold, Pieces

__all__ = [
    "Intersection",
    "Intersections",
    "Manifold",
    "ManifoldPiece",
    "Pieces",
    "forward_image",
    "intersections",
    "invariant_manifold",
    "preimage",
]
