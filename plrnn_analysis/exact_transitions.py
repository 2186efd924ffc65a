"""The exact transition graph: which subregion can follow which inside a box."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from flint import fmpq, fmpq_mat

from ._signatures import checked
from ._validation import whole
from .engines.budget import Budget
from .engines.stability import spectral_radii
from .errors import GraphError
from .fixed_points import find_fixed_points
from .maps import CanonicalMap, bits_to_string
from .polytopes.boxes import read_box
from .polytopes.cells import Cell, Planes, enumerate_cells
from .polytopes.rational import rational_matrix
from .progress import ProgressOption, reports
from .results import FixedPoints
from .transitions import mark_fixed_points

if TYPE_CHECKING:
    from .transition_graphs import TransitionGraph

__all__ = ["exact_transition_graph"]


@reports("exact transition graph")
@checked(error=GraphError)
def exact_transition_graph(
    map: CanonicalMap,
    box: Any,
    *,
    fixed_points: FixedPoints | Literal[False] | None = None,
    max_regions: int = 1024,
    time_limit: float | None = 60.0,
    progress: ProgressOption = None,
) -> TransitionGraph:
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
    progress : bool or callable, optional
        True shows how far the search is; a function is told, at least once per second, by a
        :class:`~plrnn_analysis.progress.Progress`.

    Returns
    -------
    TransitionGraph
        A :class:`networkx.DiGraph`. Nodes are bitcodes of the subregions that meet the box, in order. The edge i → j
        says that some point of subregion i inside the box is mapped into subregion j; its image may lie outside the
        box. Node attributes:

        - ``spectral_radius`` (float): of the subregion's Jacobian;
        - ``escapes`` (int): further subregions, outside the box, that it is mapped into;
        - ``fixed_points``, ``continua`` (int), ``stability`` (str): as in the empirical graph, isolated points
          only if they lie inside the box.

        Edges have ``weight`` 1: they say what is possible, not how probable it is.

        Graph attributes: ``kind`` (``"exact"``), ``n_units``, ``pwl_units``, ``box`` (JSON, the two corners);
        and ``fixed_points_complete``, ``fixed_points_outside`` (how many lie outside the box).

    Raises
    ------
    GraphError
        If more than `max_regions` subregions meet the box, the time limit is reached, or something could not be
        decided: half a graph would not be exact.
    ModelError
        If the box is not finite, or of the wrong shape.

    Notes
    -----
    Subregions and steps count if they have *inner* points: a node is a subregion that has an open set in common with
    the box, an edge i -> j says that an open part of i in the box is mapped into j. Sets that only touch a boundary
    make none. Where a ReLU's argument is constant after the step, its bit is 1 if that is positive, as for states.
    All of it is decided exactly, on the given weights as rational numbers.

    For each subregion the parts with different targets are found by adding one boundary at a time: about H decisions
    an edge, not one for each pair (``plrnn_analysis.polytopes.cells.enumerate_cells``).

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
    from .transition_graphs import TransitionGraph

    if map.n_inputs:
        map = map.with_input(None)
    if box is None:
        raise GraphError("the exact graph needs a box: a half-width, or a pair of corners")
    low, high = read_box(box, map.n_units).corners
    max_regions = whole("max_regions", max_regions, 1, error=GraphError)
    budget = Budget(None, time_limit, progress)
    budget.reporter.say(step="subregions")
    planes, sides = Planes.of(map.V, map.c, map.n_units), Planes.box(low, high)
    regions = _cells(planes, sides, None, max_regions, budget)
    bits = np.array([cell.bits for cell in regions], dtype=bool).reshape(len(regions), map.n_relu)
    names = [bits_to_string(b) for b in bits]
    graph = TransitionGraph(
        kind="exact",
        n_units=map.n_units,
        pwl_units=map.n_relu,
        box=json.dumps([low.tolist(), high.tolist()]),
    )
    for name, radius in zip(names, spectral_radii(map, bits), strict=True):
        graph.add_node(name, spectral_radius=float(radius))
    images = _Images(map)
    budget.reporter.say(step="steps", done=lambda: len(followed), total=len(names), found=graph.number_of_edges)
    followed: list[str] = []
    for name, cell in zip(names, regions, strict=True):
        part = sides.joined(planes.turned(cell.bits.tolist()))
        targets = [
            bits_to_string(target.bits)
            for target in _cells(images.arguments(cell.bits), part, cell.point, None, budget)
        ]
        graph.add_edges_from(((name, code) for code in targets if code in graph), weight=1.0)
        graph.nodes[name]["escapes"] = sum(code not in graph for code in targets)
        followed.append(name)
    if fixed_points is not False:
        found = find_fixed_points(map, progress=budget.reporter) if fixed_points is None else fixed_points
        if isinstance(found, FixedPoints):
            inside = tuple(p for p in found if np.all((p.z >= low) & (p.z <= high)))
            graph.graph["fixed_points_outside"] = len(found) - len(inside)
            found = replace(found, _items=inside)
        mark_fixed_points(graph, map.n_relu, found)
        del graph.graph["fixed_points_unvisited"]
    return graph


class _Images:
    """ReLU arguments after a step as functions of the state before it, exactly."""

    def __init__(self, map: CanonicalMap) -> None:
        self.k, self.n = map.n_units, map.n_relu
        self.V, self.c = rational_matrix(map.V), rational_matrix(map.c[:, None])
        W = rational_matrix(map.W)
        self.VA, self.VW = self.V * rational_matrix(map.A), self.V * W
        self.Vh = self.V * rational_matrix(map.h[:, None])

    def arguments(self, bits: np.ndarray) -> Planes:
        """``V F(z) + c`` inside the subregion with these bits, where F is affine."""
        active = fmpq_mat([[fmpq(int(i == j and bits[i])) for j in range(self.n)] for i in range(self.n)])
        chosen = self.VW * active if self.n else self.VW
        rows, room = self.VA + chosen * self.V, self.Vh + chosen * self.c + self.c
        return Planes.of(rows.tolist(), room.entries(), self.k)


def _cells(planes: Planes, within: Planes, start: list[fmpq] | None, most: int | None, budget: Budget) -> list[Cell]:
    """All cells inside an open polyhedron; an error if they cannot be listed."""

    def go_on() -> bool:
        return bool(budget.take(1))

    cells = enumerate_cells(planes, within, start=start, most=most, deadline=budget.deadline, go_on=go_on)
    if cells.more:
        raise GraphError(
            f"more than max_regions = {most} subregions meet the box: take a smaller box or raise max_regions, "
            "or take the empirical graph of a trajectory"
        )
    if not go_on():
        raise GraphError(
            "the exact graph was not finished within the time limit: take a smaller box or a larger time_limit, "
            "or the empirical graph of a trajectory"
        )
    if not cells.complete:
        raise GraphError(
            "the exact graph is not decided: the solver of linear programs failed on some subregion; take another "
            "box, or the empirical graph of a trajectory"
        )
    return cells.found
