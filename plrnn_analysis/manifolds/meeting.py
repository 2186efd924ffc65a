"""Where a stable and an unstable manifold meet: homoclinic and heteroclinic points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._signatures import checked
from ..errors import ModelError
from ..units import in_units
from .crossings import (
    Crossing,
    merged,
    misses_backward,
    misses_forward,
    segment_crossings,
    sine_between,
    space_crossings,
)
from .pieces import Box
from .results import Intersection, Intersections, Manifold

__all__ = ["intersections"]

# Crossings nearer than this share of the box count as one, or as the saddle; and orbits must fit the pieces as well.
SAME_POINT = 1e-9


@checked
def intersections(manifold_a: Manifold, manifold_b: Manifold) -> Intersections:
    """Homoclinic (one saddle) or heteroclinic (two saddles) points: where a stable meets an unstable manifold.

    Parameters
    ----------
    manifold_a, manifold_b : Manifold
        One stable, one unstable, of the same map; two curves in the plane, or a curve and a surface in space.

    Returns
    -------
    Intersections

    Raises
    ------
    ModelError
        If they are both of one kind, of different maps, or have other dimensions.

    Notes
    -----
    For smooth invertible maps one transversal homoclinic point implies a horseshoe, hence infinitely many cycles and
    chaotic orbits (Smale 1967). In piecewise-linear maps crossings at a kink need care, so they are told apart. That
    none are found says so only for the pieces that were made. O(n m) box tests for n and m pieces.

    References
    ----------
    S. Smale, *Differentiable dynamical systems*, Bulletin of the AMS 73, 1967, doi:10.1090/S0002-9904-1967-11798-1.
    """
    kinds = {manifold_a.kind, manifold_b.kind}
    if kinds != {"stable", "unstable"}:
        raise ModelError(f"give one stable and one unstable manifold, got two {manifold_a.kind} ones")
    for name in ("A", "W", "V", "c", "h"):
        one, other = getattr(manifold_a.map, name), getattr(manifold_b.map, name)
        if one.shape != other.shape or not np.array_equal(one, other):
            raise ModelError("the two manifolds belong to different maps, or to different constant inputs")
    m, dimensions = manifold_a.points.shape[1], (manifold_a.dimension, manifold_b.dimension)
    corners = np.array([*manifold_a.box, *manifold_b.box])
    whole = Box(corners.min(axis=0), corners.max(axis=0))
    units = whole.units
    whole = whole.measured_in(units)
    own_a, own_b = _measured_in(manifold_a, units), _measured_in(manifold_b, units)
    swapped = dimensions == (2, 1)
    if (m, dimensions) == (2, (1, 1)):
        hits = segment_crossings(own_a, own_b, whole.tiny)
    elif m == 3 and sorted(dimensions) == [1, 2]:
        curve, surface = (own_b, own_a) if swapped else (own_a, own_b)
        hits = space_crossings(curve, surface, whole.tiny)
    else:
        raise ModelError(
            f"manifolds of {dimensions[0]} and {dimensions[1]} dimensions in {m} units have no isolated common points: "
            "give two curves of a model of 2 units, or a curve and a surface of one of 3"
        )
    points = []
    for hit in _apart(hits, own_a, own_b, whole):
        a, b = (hit.b, hit.a) if swapped else (hit.a, hit.b)
        # A crossing of two drawn curves is a point on both manifolds only if its orbit follows the pieces home.
        misses = np.array([*_misses(own_a, a, hit.z), *_misses(own_b, b, hit.z)])
        points.append(
            Intersection(
                z=hit.z * units,
                kind=hit.kind,
                angle=float(np.degrees(np.arcsin(sine_between(manifold_a[a].vertices, manifold_b[b].vertices)))),
                pieces=(a, b),
                residual=float(np.linalg.norm(misses * units, axis=1).max()),
                verified=bool(np.linalg.norm(misses, axis=1).max() <= SAME_POINT * whole.diagonal),
            )
        )
    skipped = sum(piece.dimension != mf.dimension for mf in (manifold_a, manifold_b) for piece in mf)
    notes = [f"{skipped} pieces of another dimension than their manifold were left out"] if skipped else []
    notes += [f"the {mf.kind} manifold is not complete" for mf in (manifold_a, manifold_b) if not mf.complete]
    return Intersections(tuple(points), tuple(notes))


def _measured_in(manifold: Manifold, units: np.ndarray) -> Manifold:
    return replace(
        manifold,
        _items=tuple(replace(piece, vertices=piece.vertices / units) for piece in manifold),
        points=manifold.points / units,
        map=in_units(manifold.map, units, np.ones(manifold.map.n_relu)),
    )


def _misses(manifold: Manifold, index: int, z: np.ndarray) -> list[np.ndarray]:
    return (misses_forward if manifold.kind == "stable" else misses_backward)(z, manifold, index)


def _apart(crossings: list[Crossing], a: Manifold, b: Manifold, whole: Box) -> list[Crossing]:
    saddles = np.vstack([a.points, b.points])
    near = SAME_POINT * whole.diagonal
    away = [c for c in crossings if np.min(np.linalg.norm(saddles - c.z, axis=1)) > near]
    return merged(away, near)
