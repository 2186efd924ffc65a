"""The exact transition graph: which subregion can follow which inside a box, by linear programs."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import linprog

from ._validation import is_whole
from .cycles import _corners
from .errors import GraphError, PLRNNError
from .fixed_points import find_fixed_points
from .maps import CanonicalMap, bits_to_string
from .results import FixedPoints
from .transitions import _mark, _spectral_radii

if TYPE_CHECKING:
    import networkx

__all__ = ["exact_transition_graph"]

# A point that lies so far inside (the box has half-width 1) need not be moved further in.
WELL_INSIDE = 1e-3
# Rows shorter than this against what they are made of are constants.
CONSTANT = 1e-12


def exact_transition_graph(
    map: CanonicalMap,
    box: Any,
    *,
    fixed_points: FixedPoints | Literal[False] | None = None,
    max_regions: int = 1024,
    time_limit: float | None = 60.0,
    tolerance: float = 1e-8,
) -> networkx.DiGraph:
    """The graph of subregions that meet a box, with an edge wherever some point in the box makes the step.

    Parameters
    ----------
    map : CanonicalMap
        Without input; ``map.with_input(s)`` holds an input on.
    box : float or pair of (M,) array_like
        ``|z_i| <= box``, or the lower and the upper corner.
    fixed_points : FixedPoints or False, optional
        To be marked in the graph. By default they are searched for, with the usual time limit; False leaves them
        out.
    max_regions : int, optional
        More subregions than this in the box are refused.
    time_limit : float, optional
        Seconds, after which the graph is given up; None for no limit.
    tolerance : float, optional
        Half-width that a set of points must have, with the box scaled to half-width 1.

    Returns
    -------
    networkx.DiGraph
        Nodes are bitcodes of the subregions that meet the box, in order. The edge i → j says that some point of
        subregion i inside the box is mapped into subregion j; its image may lie outside the box. Node attributes:

        - ``spectral_radius`` (float): of the subregion's Jacobian;
        - ``escapes`` (int): further subregions, outside the box, that it is mapped into;
        - ``fixed_points``, ``continua`` (int), ``stability`` (str): as in the empirical graph, isolated points
          only if they lie inside the box.

        Graph attributes: ``kind`` (``"exact"``), ``n_units``, ``pwl_units``, ``box`` (JSON, the two corners),
        ``tolerance``; and ``fixed_points_complete``, ``fixed_points_outside`` (how many lie outside the box).

    Raises
    ------
    GraphError
        If more than `max_regions` subregions meet the box, or the time limit is reached: half a graph would not
        be exact.
    ModelError
        If the box is not finite, or of the wrong shape.

    Notes
    -----
    Subregions and steps count if a point lies *inside* them: the distance to every boundary of i, and of the
    part of i that is mapped into j, must exceed `tolerance`. Sets that only touch at a boundary make no edge, nor
    do those thinner than that. Where a ReLU's argument is constant after the step, its bit is 1 if that is
    positive, as for states. Every edge is verified by a point that makes the step.

    For each subregion the parts with different targets are found by adding one boundary at a time, one linear
    program in M + 1 unknowns for each new piece that a known interior point does not settle: about H
    programs an edge, not one for each pair.

    Examples
    --------
    The tent map z' = 1 - 2 abs(z): between -0.4 and 0.4 every point is mapped to a positive one.

    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> list(exact_transition_graph(tent.map, 1.0).edges)
    [('0', '0'), ('0', '1'), ('1', '0'), ('1', '1')]
    >>> list(exact_transition_graph(tent.map, 0.4).edges)
    [('0', '1'), ('1', '1')]
    """
    import networkx

    if map.n_inputs:
        map = map.with_input(None)
    corners = _corners(box, map.n_units)
    if corners is None:
        raise GraphError("the exact graph needs a box: a half-width, or a pair of corners")
    if not is_whole(max_regions, 1):
        raise GraphError(f"max_regions must be a whole number >= 1, got {max_regions!r}")
    if not 0.0 < tolerance < 1.0:
        raise GraphError(f"tolerance must lie between 0 and 1, got {tolerance!r}")
    deadline = np.inf if time_limit is None else time.perf_counter() + time_limit
    low, high = corners
    centre, half = (low + high) / 2.0, (high - low) / 2.0
    nothing = np.zeros((0, map.n_units)), np.zeros(0)
    # Unknowns u, with z = centre + half u and |u| <= 1.
    readout, constant = map.V * half, map.V @ centre + map.c
    scale = (np.abs(map.V) @ half, np.abs(map.V) @ np.abs(centre) + np.abs(map.c))
    regions = _cells(*nothing, readout, constant, scale, np.zeros(map.n_units), tolerance, deadline, max_regions)
    bits = np.array([b for b, _ in regions], dtype=bool).reshape(len(regions), map.n_relu)
    names = [bits_to_string(b) for b in bits]
    graph = networkx.DiGraph(
        kind="exact",
        n_units=map.n_units,
        pwl_units=map.n_relu,
        box=json.dumps([low.tolist(), high.tolist()]),
        tolerance=float(tolerance),
    )
    for name, radius in zip(names, _spectral_radii(map, bits), strict=True):
        graph.add_node(name, spectral_radius=float(radius))
    for name, (b, point) in zip(names, regions, strict=True):
        J, offset = map.jacobian(b), map.offset(b)
        sign = np.where(b, 1.0, -1.0)
        G, g, _ = _normalised(sign[:, None] * readout, sign * constant, scale)
        size_J = np.abs(map.A) + np.abs(map.W) @ np.abs(map.V)
        size_offset = np.abs(map.h) + np.abs(map.W) @ np.abs(map.c)
        image_scale = (
            np.abs(map.V) @ size_J @ half,
            np.abs(map.V) @ (size_J @ np.abs(centre) + size_offset) + np.abs(map.c),
        )
        moved = map.V @ (J @ centre + offset) + map.c
        targets = _cells(G, g, map.V @ J * half, moved, image_scale, point, tolerance, deadline, None)
        escapes = 0
        for target, inner in targets:
            code = bits_to_string(target)
            if code not in graph:
                escapes += 1
                continue
            _verify(map, centre + half * inner, b, target)
            graph.add_edge(name, code)
        graph.nodes[name]["escapes"] = escapes
    if fixed_points is not False:
        found = find_fixed_points(map) if fixed_points is None else fixed_points
        if isinstance(found, FixedPoints):
            inside = tuple(p for p in found if np.all((p.z >= low) & (p.z <= high)))
            graph.graph["fixed_points_outside"] = len(found) - len(inside)
            found = replace(found, _items=inside)
        _mark(graph, map.n_relu, found)
        del graph.graph["fixed_points_unvisited"]
    return graph


def _normalised(
    rows: np.ndarray, constants: np.ndarray, scale: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of length one, with their constants; those that are constant up to rounding are zero, and marked."""
    length = np.linalg.norm(rows, axis=1)
    moving = length > CONSTANT * (scale[0] + scale[1])
    divisor = np.where(moving, length, 1.0)
    still = np.where(np.abs(constants) <= CONSTANT * scale[1], 0.0, constants)
    return rows * (moving / divisor)[:, None], np.where(moving, constants / divisor, still), moving


def _cells(
    G: np.ndarray,
    g: np.ndarray,
    rows: np.ndarray,
    constants: np.ndarray,
    scale: tuple[np.ndarray, np.ndarray],
    point: np.ndarray,
    tolerance: float,
    deadline: float,
    most: int | None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Sign patterns of ``rows u + constants`` that ``|u| <= 1, G u + g >= 0`` has inside, each with a point."""
    R, r, moving = _normalised(rows, constants, scale)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    stack = [(np.zeros(0, dtype=bool), point)]
    while stack:
        if time.perf_counter() > deadline:
            raise GraphError(
                "the exact graph was not finished within the time limit: take a smaller box or a larger time_limit, "
                "or the empirical graph of a trajectory"
            )
        bits, point = stack.pop()
        i = len(bits)
        if i == len(r):
            if most is not None and len(found) >= most:
                raise GraphError(
                    f"more than max_regions = {most} subregions meet the box: take a smaller box or raise max_regions, "
                    "or take the empirical graph of a trajectory"
                )
            found.append((bits, point))
            continue
        for bit in (True, False):
            child = np.append(bits, bit)
            if not moving[i]:
                if bit == (r[i] > 0.0):
                    stack.append((child, point))
                continue
            sign = np.where(child, 1.0, -1.0)[moving[: i + 1]]
            inner = _inner_point(
                np.vstack([G, sign[:, None] * R[: i + 1][moving[: i + 1]]]),
                np.concatenate([g, sign * r[: i + 1][moving[: i + 1]]]),
                point,
                tolerance,
            )
            if inner is not None:
                stack.append((child, inner))
    return found


def _inner_point(G: np.ndarray, g: np.ndarray, point: np.ndarray, tolerance: float) -> np.ndarray | None:
    """A point of ``|u| <= 1`` well inside ``G u + g >= 0`` (rows of length one, or zero); None if there is none."""
    moving = np.any(G != 0.0, axis=1)
    G, g = G[moving], g[moving]
    if np.min(G @ point + g, initial=np.inf) > WELL_INSIDE:
        return point
    result = linprog(
        np.append(np.zeros(G.shape[1]), -1.0),
        A_ub=np.hstack([-G, np.ones((len(G), 1))]),
        b_ub=g,
        bounds=[(-1.0, 1.0)] * G.shape[1] + [(None, 1.0)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0:
        raise PLRNNError(f"a linear program of the exact graph failed: {result.message}")
    return np.asarray(result.x[:-1]) if -result.fun > tolerance else None


def _verify(map: CanonicalMap, z: np.ndarray, bits: np.ndarray, target: np.ndarray) -> None:
    """Whether a state is where it should be and goes where it should go, up to rounding."""
    image = map.jacobian(bits) @ z + map.offset(bits)
    for state, wanted in ((z, bits), (image, target)):
        y = map.preactivation(state)
        size = np.abs(map.V) @ (np.abs(state) + np.abs(map.h) + np.abs(z).max()) + np.abs(map.c)
        if np.any(((y > 0.0) != wanted) & (np.abs(y) > CONSTANT * size)):
            raise PLRNNError(
                f"the step {bits_to_string(bits)} -> {bits_to_string(target)} could not be verified: a linear program "
                "was solved too inaccurately; try a smaller box or a larger tolerance"
            )
