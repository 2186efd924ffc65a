"""The symbolic transition graph: which subregion follows which."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ._frozen import Frozen
from ._signatures import checked
from ._validation import whole
from .display.abbreviation import verb
from .engines.budget import loading
from .engines.stability import spectral_radii
from .errors import GraphError
from .fixed_points import find_fixed_points
from .maps import CanonicalMap, bits_to_string
from .network import Network
from .results import FixedPoints, Trajectory

if TYPE_CHECKING:
    import networkx

    from .transition_graphs import TransitionGraph

__all__ = ["TransitionCounts", "count_transitions", "mark_fixed_points", "transition_graph"]

# Sizes of the kernel's tables at the start; they double when full.
_NODES = 4096
_EDGES = 8192
# Pairs of the first this many subregions are counted in a matrix, which is faster than a hash table.
_DENSE = 1024


@dataclass(frozen=True, eq=False)
class TransitionCounts(Frozen):
    """What :func:`count_transitions` counted.

    Attributes
    ----------
    bitcodes : (n, P) ndarray of bool
        The subregions visited, ordered as their bitcode strings.
    visits : (n,) ndarray of int64
        Steps spent in each.
    source, target : (n_edges,) ndarray of int64
        Rows of `bitcodes`; pairs are ordered, each comes once.
    count : (n_edges,) ndarray of int64
        How often the step from `source` to `target` was made, at least 1.
    """

    bitcodes: np.ndarray
    visits: np.ndarray
    source: np.ndarray
    target: np.ndarray
    count: np.ndarray


@checked(error=GraphError)
def count_transitions(bitcodes: Any, discard: int = 0, lengths: Any = None) -> TransitionCounts:
    """Count visits of subregions and steps between them.

    Parameters
    ----------
    bitcodes : (batch, T, P) or (T, P) array_like of bool
        0 and 1 are accepted too.
    discard : int, optional
        Leave out this many steps at the beginning of each trajectory.
    lengths : (batch,) array_like of int, optional
        Steps of each trajectory; what follows is padding, which is not counted.

    Returns
    -------
    TransitionCounts
        Every step from t to t + 1 is counted, those that stay in a subregion included; the end of one
        trajectory and the beginning of the next are no step.

    Raises
    ------
    GraphError
        If the array has another shape or other values, or nothing is left to count.

    Notes
    -----
    O(batch · T · P) time; memory for what is found, not for the 2^P subregions. P may be any number, beyond 64 too.

    Examples
    --------
    >>> counts = count_transitions([[False], [False], [True], [False]])
    >>> counts.bitcodes.tolist(), counts.visits.tolist()
    ([[False], [True]], [3, 1])
    >>> list(zip(counts.source.tolist(), counts.target.tolist(), counts.count.tolist()))
    [(0, 0, 1), (0, 1, 1), (1, 0, 1)]
    """
    with loading():
        from .kernels import transitions as kernels
    bits = _as_bits(bitcodes)
    _, steps, n_bits = bits.shape
    ends = _ends(lengths, len(bits), steps)
    longest = int(ends.max())
    discard = whole("discard", discard, 0, longest - 1, remark=f"(there are {longest} steps)", error=GraphError)
    small = n_bits <= 12
    capacity = 1 << n_bits if small else _NODES
    words = np.zeros((capacity, max(1, -(-n_bits // 64))), dtype=np.uint64)
    slots = np.full(2 * capacity, -1, dtype=np.int64)
    visits = np.zeros((capacity, 2), dtype=np.int64)
    dense = np.zeros((min(capacity, _DENSE),) * 2, dtype=np.int64)
    edges = _empty_edges(_EDGES)
    meta = np.array([0, 0, 0, discard, -1], dtype=np.int64)
    while True:
        status = kernels.count(bits.view(np.uint8), discard, ends, words, slots, visits, dense, edges, meta)
        if status == kernels.DONE:
            break
        # Kernels cannot grow arrays: they stop where they are, and go on with larger tables.
        if status == kernels.NODES_FULL:
            words = np.concatenate([words, np.zeros_like(words)])
            visits = np.concatenate([visits, np.zeros_like(visits)])
            slots = np.full(2 * slots.size, -1, dtype=np.int64)
            kernels.fill_node_slots(words, int(meta[kernels.NODE_COUNT]), n_bits, slots)
        else:
            larger = _empty_edges(2 * edges.shape[0])
            kernels.move_edges(edges, larger)
            edges = larger
    n = int(meta[kernels.NODE_COUNT])
    return _sorted_counts(_unpack(words[:n], n_bits), visits[:n], dense[:n, :n], edges)


def _as_bits(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise GraphError(f"bitcodes must have shape (batch, T, P) or (T, P), got {array.shape}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise GraphError(f"there is nothing to count in bitcodes of shape {array.shape}")
    if array.dtype != bool:
        if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
            raise GraphError(f"bitcodes must be truth values, or 0 and 1; got an array of {array.dtype}")
        array = array.astype(bool)
    return np.ascontiguousarray(array)


def _ends(lengths: Any, batch: int, steps: int) -> np.ndarray:
    if lengths is None:
        return np.full(batch, steps, dtype=np.int64)
    ends = np.array(lengths)
    if ends.shape != (batch,) or ends.dtype.kind not in "iu" or ends.min() < 1 or ends.max() > steps:
        raise GraphError(f"lengths must be {batch} whole numbers in 1..{steps}, one a trajectory")
    return ends.astype(np.int64)


def _empty_edges(places: int) -> np.ndarray:
    edges = np.zeros((places, 2), dtype=np.int64)
    edges[:, 0] = -1
    return edges


def _unpack(words: np.ndarray, n_bits: int) -> np.ndarray:
    octets = np.ascontiguousarray(words.astype("<u8")).view(np.uint8).reshape(words.shape[0], -1)
    return np.unpackbits(octets, axis=1, count=n_bits, bitorder="little").astype(bool)


def _sorted_counts(bits: np.ndarray, visits: np.ndarray, dense: np.ndarray, edges: np.ndarray) -> TransitionCounts:
    n = bits.shape[0]
    order = np.lexsort(bits.T[::-1]) if bits.shape[1] else np.arange(n)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    diagonal = np.arange(dense.shape[0])
    # Steps that stay were counted with the visits, which is one write less for each.
    dense[diagonal, diagonal] = visits[: dense.shape[0], 1]
    if n == dense.shape[0]:
        # All in the matrix: in the order of the names already once its rows and columns are.
        matrix = dense[np.ix_(order, order)]
        source, target = np.nonzero(matrix)
        count = matrix[source, target]
    else:
        near = np.nonzero(dense)
        stays = dense.shape[0] + np.flatnonzero(visits[dense.shape[0] :, 1])
        far = edges[edges[:, 0] >= 0]
        source = rank[np.concatenate([near[0], stays, far[:, 0] >> 32])]
        target = rank[np.concatenate([near[1], stays, far[:, 0] & 0xFFFFFFFF])]
        count = np.concatenate([dense[near], visits[stays, 1], far[:, 1]])
        by_pair = np.argsort(source * n + target)
        source, target, count = source[by_pair], target[by_pair], count[by_pair]
    arrays = (bits[order], visits[order, 0], source, target, count)
    return TransitionCounts(*arrays)


@checked(error=GraphError)
def transition_graph(
    model: Network,
    trajectory: Trajectory,
    fixed_points: FixedPoints | Literal[False] | None = None,
    discard: int = 0,
) -> TransitionGraph:
    """The graph of subregions visited and of the steps between them.

    Parameters
    ----------
    model : PLRNN
    trajectory : Trajectory
        Of this model.
    fixed_points : FixedPoints or False, optional
        To be marked in the graph. By default they are searched for, with the usual time limit, under the
        constant input of the trajectory; for a trajectory driven by inputs, under zero input. False leaves
        them out.
    discard : int, optional
        Leave out this many steps at the beginning of each trajectory.

    Returns
    -------
    TransitionGraph
        A :class:`networkx.DiGraph`. Nodes are bitcode strings (``"-"`` for a model without ReLU), with attributes

        - ``visits`` (int), ``frequency`` (float): steps spent there, absolute and relative; padding is not counted;
        - ``spectral_radius`` (float): of the subregion's Jacobian;
        - ``fixed_points``, ``continua`` (int): isolated fixed points and continua in the subregion;
        - ``stability`` (str): of these, separated by ``", "``; empty where there is none.

        Edges have ``count`` (int) and ``probability`` (float), the count divided by that of all steps that
        leave the node, steps to itself included; ``weight`` is the same number under the name that other programs
        look for. Graph attributes: ``kind`` (``"empirical"``), ``model``,
        ``architecture``,
        ``n_units``, ``pwl_units``, ``n_trajectories``, ``n_steps`` (of each), ``discard``,
        ``n_transitions``; and ``fixed_points_complete`` (bool, whether the search proved that there are no
        others), ``fixed_points_input`` (what was held on), ``fixed_points_unvisited`` (how many lie in
        subregions that the trajectory never visits).

    Raises
    ------
    GraphError
        If the trajectory is of another model or not finite, `discard` leaves nothing, or `fixed_points` are
        not those of this model.

    Notes
    -----
    O(batch · T · P) for counting, O(n M³) for the spectral radii of n subregions visited, and the search.

    Examples
    --------
    >>> from plrnn_analysis import PLRNN
    >>> tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    >>> graph = transition_graph(tent, tent.simulate(5, z0=[0.1]))
    >>> graph.nodes["1"]["visits"], graph.nodes["1"]["stability"]
    (2, 'unstable node')
    >>> [(a, b, d["count"], d["probability"]) for a, b, d in graph.edges(data=True)]
    [('0', '0', 1, 0.5), ('0', '1', 1, 0.5), ('1', '0', 2, 1.0)]
    """
    from .transition_graphs import TransitionGraph

    map = model.map
    _check_origin(map, trajectory)
    counts = count_transitions(trajectory.bitcodes, discard, trajectory.lengths)
    _check_finite(trajectory, discard)
    names = [bits_to_string(bits) for bits in counts.bitcodes]
    radii = spectral_radii(map, counts.bitcodes)
    total = int(counts.visits.sum())
    graph = TransitionGraph(
        kind="empirical",
        model=repr(model).strip("<>"),
        architecture=model.architecture,
        n_units=model.n_units,
        pwl_units=model.pwl_units,
        n_trajectories=int(trajectory.bitcodes.shape[0]),
        n_steps=trajectory.n_steps,
        discard=int(discard),
        n_transitions=int(counts.count.sum()),
    )
    for name, visits, radius in zip(names, counts.visits, radii, strict=True):
        graph.add_node(name, visits=int(visits), frequency=int(visits) / total, spectral_radius=float(radius))
    leaving = np.bincount(counts.source, weights=counts.count, minlength=len(names))
    for i, j, count in zip(counts.source, counts.target, counts.count, strict=True):
        share = float(count / leaving[i])
        graph.add_edge(names[i], names[j], count=int(count), probability=share, weight=share)
    if fixed_points is not False:
        driven = trajectory.inputs is not None and trajectory.map.n_inputs > 0
        if fixed_points is None:
            # A map that holds an input on has no input any more.
            fixed_points = find_fixed_points(map.with_input() if driven else trajectory.map.with_input())
            graph.graph["fixed_points_input"] = "zero" if driven else "that of the trajectory"
        else:
            graph.graph["fixed_points_input"] = "unknown, fixed points were given"
        mark_fixed_points(graph, map.n_relu, fixed_points)
    return graph


def _check_origin(map: CanonicalMap, trajectory: Trajectory) -> None:
    """Inputs change offsets only, so A, W and V tell whether the trajectory is of this model."""
    other = trajectory.map
    if not all(np.array_equal(mine, theirs) for mine, theirs in ((map.A, other.A), (map.W, other.W), (map.V, other.V))):
        raise GraphError(
            f"the trajectory is of another model: it has {other.n_units} units and {other.n_relu} ReLUs and other "
            f"weights, the model {map.n_units} and {map.n_relu}"
        )


def _check_finite(trajectory: Trajectory, discard: int) -> None:
    # Where any state became infinite or NaN the last one did too, unless a weight of zero hid it.
    finite = trajectory.finite(discard)
    if not finite.all():
        bad = int(np.flatnonzero(~finite)[0])
        steps = np.isfinite(trajectory.states[bad]).all(axis=1)
        lost = int((~finite).sum())
        raise GraphError(
            f"{lost} of {finite.size} trajectories {verb(lost, 'diverges', 'diverge')} (number {bad} first at step "
            f"{int(np.flatnonzero(~steps)[0])}): states that are not finite have no subregion. Run fewer steps."
        )


def mark_fixed_points(graph: networkx.DiGraph, n_relu: int, found: FixedPoints) -> None:
    """Enter fixed points into the nodes of their subregions."""
    if not isinstance(found, FixedPoints):
        raise GraphError(
            f"fixed_points must be what model.fixed_points() returns, or False; got {type(found).__name__}"
        )
    isolated: dict[str, int] = defaultdict(int)
    continua: dict[str, int] = defaultdict(int)
    stability: dict[str, list[str]] = defaultdict(list)
    for point in found:
        isolated[point.bitcode] += 1
        stability[point.bitcode].append(point.stability)
    for family in found.continua:
        continua[family.bitcode] += 1
        stability[family.bitcode].append(f"continuum of dimension {family.dimension}")
    if any(len(code) != max(n_relu, 1) for code in stability):
        raise GraphError(f"the fixed points are of another model: its bitcodes do not have {n_relu} characters")
    for name, data in graph.nodes(data=True):
        data["fixed_points"] = isolated[name]
        data["continua"] = continua[name]
        data["stability"] = ", ".join(stability[name])
    outside = [code for code in {**isolated, **continua} if code not in graph]
    graph.graph["fixed_points_complete"] = bool(found.complete)
    graph.graph["fixed_points_unvisited"] = sum(isolated[code] + continua[code] for code in outside)
