"""Stable and unstable manifolds of fixed points and cycles, as exact piecewise-linear curves and surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._validation import as_array, number, one_of, whole
from ..engines.budget import Budget
from ..errors import ModelError
from ..maps import CanonicalMap
from ..network import Network
from ..regions import find_subregions
from ..results import Cycle, FixedPoint
from ..statuses import StoppedBy
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
from .local import LocalManifold, local_half_spaces, local_manifold, orbit_of
from .pieces import Box, ManifoldPiece, outside_of, simplified
from .propagation import Propagation
from .results import Intersection, Intersections, Manifold, Pieces

__all__ = ["forward_image", "intersections", "invariant_manifold", "preimage"]

# Half-width of the default box in units of the saddle's size.
DEFAULT_REACH = 10.0
# Preimages are looked for in at most so many subregions.
MAX_REGIONS = 1 << 12
# Crossings nearer than this share of the box count as one, or as the saddle; and orbits must fit the pieces as well.
SAME_POINT = 1e-9
# A polygon may be so thick, as a share of its size.
FLAT = 1e-9


def invariant_manifold(
    model: Network,
    saddle: FixedPoint | Cycle,
    kind: str,
    constant_input: Any = None,
    *,
    iterations: int = 20,
    box: Any = None,
    max_pieces: int = 20_000,
    max_size: float | None = None,
    time_limit: float | None = 60.0,
) -> Manifold:
    """Stable or unstable manifold of a saddle, by exact propagation of its eigenspaces through the subregions.

    Parameters
    ----------
    model : PLRNN
    saddle : FixedPoint or Cycle
        Of this model under this input, not on a subregion boundary. Any with the asked-for directions will do: the
        stable manifold of a stable fixed point in the plane is its basin.
    kind : {"stable", "unstable"}
        The manifold must have 1 or 2 dimensions; the state may have any number.
    constant_input : (K,) array_like, optional
        The input held on; None stands for zero input.
    iterations : int, optional
        Generations of images or preimages.
    box : float or pair of (M,) array_like, optional
        ``|z_i| <= box``, or the two corners. Orbits that leave it are not followed. By default it reaches from the
        saddle ten times as far as its largest coordinate or its nearest boundary.
    max_pieces : int, optional
    max_size : float, optional
        Stop at this total length or area.
    time_limit : float, optional
        Seconds; None for no limit.

    Returns
    -------
    Manifold

    Raises
    ------
    ModelError
        If `saddle` is none of the model, lies on a boundary or outside the box, has no direction of the asked-for
        kind or more than two, or an option is out of range.

    Notes
    -----
    The local piece is the largest part of the eigenspace whose orbit to (or from) the saddle stays in the saddle's
    own subregions. The unstable manifold is what the map makes of it: each piece is mapped by the affine map of its
    subregion and cut at the boundaries. The stable manifold is made of preimages, in *every* subregion, since a
    piecewise-linear map need not be invertible. Under a singular Jacobian the preimage of a piece is a polyhedron
    ``{z in the subregion : J z + d in the piece}``, possibly of more dimensions; up to two are represented, others
    are counted in ``notes``. Pieces are exact to rounding: vertices carry an error of about 1e-16 times the norms of
    the matrices that made them; a Jacobian whose singular values differ by more than 1e10 is treated as singular.
    Multipliers within 1e-9 of modulus 1 belong to neither manifold. The number of pieces may grow exponentially with
    `iterations`.

    References
    ----------
    L. Eisenmann, A. Brändle, Z. Monfared, D. Durstewitz, *Detecting Invariant Manifolds in ReLU-Based RNNs*, ICLR 2026,
    arXiv:2510.03814, for manifolds of piecewise-linear networks.

    Examples
    --------
    One unit leaks; the other goes to the node at 2 from above -1 and escapes from below: the boundary is a line.

    >>> from plrnn_analysis import PLRNN
    >>> model = PLRNN.al_rnn(A=[0.5, 2.0], W=[[0, 0], [0, -1.5]], h=[0.0, 1.0], pwl_units=1)
    >>> saddle = next(p for p in model.fixed_points() if p.stability == "saddle")
    >>> line = invariant_manifold(model, saddle, "stable", box=3.0)
    >>> line
    <Manifold: stable, 1 pieces, length 6; complete in the box>
    """
    one_of("kind", kind, ("stable", "unstable"))
    if not isinstance(saddle, FixedPoint | Cycle):
        raise ModelError(f"saddle must be a FixedPoint or a Cycle, got {type(saddle).__name__}")
    iterations = whole("iterations", iterations, 0)
    max_pieces = whole("max_pieces", max_pieces, 1)
    if max_size is not None:
        max_size = number("max_size", max_size, above=0.0, infinite=True, remark="or None for no limit")
    map = model.map.with_input(constant_input)
    points, codes = orbit_of(map, saddle)
    bounds = _box(box, points, saddle)
    budget = Budget(None, time_limit)
    flow = _propagation(map, bounds, budget, max_pieces, np.inf if max_size is None else max_size)
    regions = [flow.region(code) for code in codes]
    local = local_manifold(points / flow.units, regions, kind == "stable", flow.box)
    notes: list[str] = []
    if local.n_marginal:
        notes.append(f"{local.n_marginal} multiplier(s) of modulus 1: their directions belong to neither manifold")
    if not local.settled:
        notes.append("the local piece was not finished: parts of it may lie beyond the manifold")
    bitcodes, all_regions = _bitcodes(map, budget) if kind == "stable" else ([], True)
    if not all_regions:
        notes.append(f"preimages were looked for in {len(bitcodes)} subregions only; there are more")
    done = _grow(flow, local, codes, bitcodes, iterations)
    clipped = flow.clipped or flow.on_rim()
    notes += [f"{number} pieces {what} were not followed" for what, number in flow.unfollowed.items()]
    if clipped:
        notes.append("the box cuts the manifold: orbits that leave it were not followed")
    return Manifold(
        _items=flow.in_users_units(),
        complete=not budget.stopped_by and not flow.unfollowed and all_regions and local.settled,
        notes=tuple(notes),
        kind=kind,
        dimension=local.bases[0].shape[1],
        points=points,
        box=(bounds.low, bounds.high),
        iterations=done,
        stopped_by=StoppedBy(budget.stopped_by),
        clipped=clipped,
        map=map,
    )


def _grow(flow: Propagation, local: LocalManifold, codes: list[str], bitcodes: list[str], iterations: int) -> int:
    """Local pieces, then one generation after the other; returns how many were finished."""
    period = len(codes)
    try:
        for j in range(period):
            if not flow.add(local.points[j] + local.pieces[j] @ local.bases[j].T, codes[j], 0, -1):
                return 0
        frontier = list(range(period))
        for iteration in range(1, iterations + 1):
            start = len(flow.pieces)
            for index in frontier:
                if flow.budget.take(1) == 0:
                    return iteration - 1
                if not bitcodes:
                    more = _leave(flow, local, index) if iteration == 1 else flow.image(index, iteration)
                else:
                    # What the saddle's own map sends into a local piece is the local piece before it.
                    own = codes[(index - 1) % period] if iteration == 1 else None
                    more = flow.preimages(index, iteration, [code for code in bitcodes if code != own])
                if not more:
                    return iteration - 1
            frontier = list(range(start, len(flow.pieces)))
            if not frontier:
                return iteration
        flow.budget.stop("iterations")
    except KeyboardInterrupt:
        flow.budget.stop("interrupt")
        return max((piece.iteration for piece in flow.pieces), default=1) - 1
    return iterations


def _leave(flow: Propagation, local: LocalManifold, j: int) -> bool:
    """The image of an unstable local piece without the local piece at the next point, which it contains."""
    after = (j + 1) % len(local.points)
    image = local.pieces[j] @ local.steps[j].T
    for part in outside_of(image, local_half_spaces(local.pieces[after]), flow.box.tiny):
        if not flow.add_split(local.points[after] + part @ local.bases[after].T, 1, j):
            return False
    return True


def _box(box: Any, points: np.ndarray, saddle: FixedPoint | Cycle) -> Box:
    m = points.shape[1]
    if box is None:
        near = saddle.boundary_distance if np.isfinite(saddle.boundary_distance) else 0.0
        reach = DEFAULT_REACH * (max(float(np.abs(points).max()), near) or 1.0)
        return Box(points.min(axis=0) - reach, points.max(axis=0) + reach)
    return Box.of(box, m)


def _bitcodes(map: CanonicalMap, budget: Budget) -> tuple[list[str], bool]:
    regions = find_subregions(map, max_regions=MAX_REGIONS, time_limit=budget.remaining if budget.deadline else None)
    return [region.bitcode for region in regions], regions.complete


def forward_image(model: Network, pieces: Sequence[Any], constant_input: Any = None) -> Pieces:
    """Images of convex pieces after one step, cut at the subregion boundaries.

    Parameters
    ----------
    model : PLRNN
    pieces : sequence of ManifoldPiece or (n, M) array_like
        Points (n = 1), segments (2) or flat convex polygons (vertices in order). They may cross boundaries.
    constant_input : (K,) array_like, optional

    Returns
    -------
    Pieces
        ``parent`` is an index into `pieces`. A singular Jacobian may lower the dimension.

    Raises
    ------
    ModelError
        On vertices of the wrong shape.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)   # z' = 1 - 2 |z|
    >>> [piece.vertices.ravel().tolist() for piece in forward_image(tent, [[[-0.25], [0.75]]])]
    [[0.5, 1.0], [0.0, -0.5], [1.0, 0.0]]
    """
    map = model.map.with_input(constant_input)
    given = _vertices(pieces, map.n_units)
    flow = _helper(map, given, None)
    for index, vertices in enumerate(given):
        start = len(flow.pieces)
        flow.add_split(vertices / flow.units, 0, index)
        for part in flow.pieces[start:]:
            region = flow.region(part.bitcode)
            flow.add_split(simplified(part.vertices @ region.J.T + region.offset, flow.box.tiny), 1, index)
    return Pieces(tuple(piece for piece in flow.in_users_units() if piece.iteration == 1), True, ())


def preimage(model: Network, pieces: Sequence[Any], box: Any, constant_input: Any = None) -> Pieces:
    """All states inside a box that one step sends into convex pieces, in every subregion.

    Parameters
    ----------
    model : PLRNN
    pieces : sequence of ManifoldPiece or (n, M) array_like
        As in :func:`forward_image`.
    box : float or pair of (M,) array_like
        Under a singular Jacobian a preimage is unbounded, so there must be a box.
    constant_input : (K,) array_like, optional

    Returns
    -------
    Pieces
        ``parent`` is an index into `pieces`; ``complete`` is False, with a note, where a preimage has more than two
        dimensions.

    Raises
    ------
    ModelError
        On vertices or a box of the wrong shape.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)   # z' = 1 - 2 |z|
    >>> [piece.vertices.ravel().tolist() for piece in preimage(tent, [[[0.0], [0.5]]], box=2.0)]
    [[-0.5, -0.25], [0.5, 0.25]]
    """
    map = model.map.with_input(constant_input)
    given = _vertices(pieces, map.n_units)
    flow = _helper(map, given, Box.of(box, map.n_units))
    bitcodes, all_regions = _bitcodes(map, flow.budget)
    notes = [] if all_regions else [f"preimages were looked for in {len(bitcodes)} subregions only; there are more"]
    flow.pieces = [ManifoldPiece(vertices / flow.units, "", 0, -1) for vertices in given]
    for index in range(len(given)):
        flow.preimages(index, 1, bitcodes)
    notes += [f"{number} pieces {what} were not followed" for what, number in flow.unfollowed.items()]
    return Pieces(flow.in_users_units()[len(given) :], not notes, tuple(notes))


def _vertices(pieces: Sequence[Any], n_units: int) -> list[np.ndarray]:
    found = []
    for piece in pieces:
        vertices = as_array("a piece", getattr(piece, "vertices", piece), (None, n_units), "(n, M) vertices")
        if len(vertices) == 0:
            raise ModelError("a piece needs at least one vertex")
        # Corners of computed polygons are flat to rounding only.
        if len(vertices) > 3:
            singular = np.linalg.svd(vertices - vertices[0], compute_uv=False)
            if np.any(singular[2:] > FLAT * max(float(singular[0]), float(np.abs(vertices).max()))):
                raise ModelError("the vertices of a piece do not lie in one plane: give triangles instead")
        found.append(vertices)
    return found


def _helper(map: CanonicalMap, given: list[np.ndarray], box: Box | None) -> Propagation:
    if box is None:
        # Far beyond what is given and its images, unit by unit, so that nothing is cut.
        corners = np.vstack([*given, np.zeros((1, map.n_units))])
        images = np.vstack([corners, map.step(corners)])
        gain = np.abs(map.A) + np.abs(map.W) @ np.abs(map.V)
        reach = np.abs(images).max(axis=0) + gain @ np.abs(corners).max(axis=0)
        reach[reach == 0.0] = 1.0
        box = Box(-4.0 * reach, 4.0 * reach)
    return _propagation(map, box, Budget(None, None), 1 << 30, np.inf)


def _propagation(map: CanonicalMap, box: Box, budget: Budget, max_pieces: int, max_size: float) -> Propagation:
    """Pieces are made in units in which the box is nearly a cube: lengths in it then mean the same in every unit."""
    units = box.units
    own = in_units(map, units, np.ones(map.n_relu))
    return Propagation(own, box.measured_in(units), budget, max_pieces, max_size, units)


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
