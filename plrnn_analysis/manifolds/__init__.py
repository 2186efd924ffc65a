"""Stable and unstable manifolds of saddles, images and preimages, and where manifolds meet: exact pieces."""

from .images import forward_image, preimage
from .invariant import invariant_manifold
from .meeting import intersections
from .pieces import ManifoldPiece
from .proven import SaddleProof
from .results import Intersection, Intersections, Manifold, Pieces

__all__ = [
    "Intersection",
    "Intersections",
    "Manifold",
    "ManifoldPiece",
    "Pieces",
    "SaddleProof",
    "forward_image",
    "intersections",
    "invariant_manifold",
    "preimage",
]
