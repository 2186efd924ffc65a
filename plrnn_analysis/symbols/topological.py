"""Topological entropy: the growth rate of the walks of a transition graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._signatures import checked
from ..errors import ModelError
from .estimates import log_unit
from .sequences import symbol_sequences, word_levels

__all__ = ["TopologicalEntropy", "topological_entropy"]

# Components up to this size get all their eigenvalues, larger ones the largest alone.
_DENSE = 600
# Restarts of the Arnoldi iteration; it takes a few where there is a gap, and does not end where there is none.
_RESTARTS = 20


@dataclass(frozen=True)
class TopologicalEntropy(Frozen):
    """Growth rate of the number of walks of a graph.

    Attributes
    ----------
    value : float
        ``log`` of the spectral radius; minus infinity for a graph without a closed walk, in which every walk ends.
    spectral_radius : float
        Of the adjacency matrix of zeros and ones.
    unit : str
        Of `value`.
    n_nodes, n_edges : int
        Of the graph.
    component : tuple of str
        Nodes of the strongly connected component that grows fastest, the first in order of several; empty
        where every walk ends.
    """

    value: float
    spectral_radius: float
    unit: str
    n_nodes: int
    n_edges: int
    component: tuple[str, ...]

    def __float__(self) -> float:
        return self.value


@checked
def topological_entropy(source: Any, *, discard: int = 0, base: float = math.e) -> TopologicalEntropy:
    """Topological entropy of a transition graph: log of the spectral radius of its 0/1 adjacency matrix.

    Parameters
    ----------
    source : networkx.DiGraph, Trajectory or array_like
        A graph, as from ``model.transition_graph(...)``, empirical or exact; or what :func:`symbol_sequences` takes,
        whose observed transitions make the graph.
    discard : int, optional
        Of a trajectory, leave out this many steps at the beginning of each trial.
    base : float, optional
        Of the logarithm; e by default, so that it stands beside Lyapunov exponents.

    Returns
    -------
    TopologicalEntropy

    Raises
    ------
    ModelError
        If `source` is neither a directed graph nor symbols.

    Notes
    -----
    It is the entropy of the *graph*: of the shift of finite type whose words are all its walks (Lind & Marcus 1995,
    An Introduction to Symbolic Dynamics and Coding, theorem 4.3.1). For the graph of all possible steps
    (``transition_graph(box=...)``) the word of every trajectory that stays in the box is a walk, so this is an upper
    bound on the growth rate of the words that the map makes; it is attained where the subregions are a Markov
    partition, as for the tent map. The graph of a trajectory lacks the steps that were not seen, and can lie below.

    The largest eigenvalue of each strongly connected component is computed: O(n³) for components of up to 600 nodes,
    Arnoldi iteration above, and Noda's inverse iteration where that does not converge.

    Examples
    --------
    >>> import networkx
    >>> golden = networkx.DiGraph([("0", "0"), ("0", "1"), ("1", "0")])
    >>> round(topological_entropy(golden).spectral_radius, 6)
    1.618034
    """
    factor, unit = log_unit(base)
    names, source_nodes, target_nodes = _edges(source, discard)
    n = len(names)
    if n == 0:
        raise ModelError("the graph has no node")
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    adjacency = csr_matrix((np.ones(source_nodes.size), (source_nodes, target_nodes)), shape=(n, n))
    adjacency.data[:] = 1.0
    n_components, label = connected_components(adjacency, directed=True, connection="strong")
    # Walks that leave a component never return: growth comes from edges inside components alone.
    inside = label[source_nodes] == label[target_nodes]
    edges = np.bincount(label[source_nodes[inside]], minlength=n_components)
    sizes = np.bincount(label, minlength=n_components)
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(sizes)
    best, members = 0.0, np.zeros(0, dtype=np.int64)
    for component in np.flatnonzero(edges):
        nodes = order[ends[component] - sizes[component] : ends[component]]
        # As many edges as nodes: one ring, exactly 1.
        ring = edges[component] == sizes[component]
        radius = 1.0 if ring else _spectral_radius(adjacency[nodes][:, nodes])
        if radius > best + 1e-12 or (abs(radius - best) <= 1e-12 and nodes[0] < members[0]):
            best, members = radius, nodes
    value = factor * math.log(best) if best > 0 else -math.inf
    component_names = tuple(names[i] for i in members)
    return TopologicalEntropy(value, best, unit, n, int(source_nodes.size), component_names)


def _edges(source: Any, discard: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    if hasattr(source, "is_directed") and hasattr(source, "edges"):
        if not source.is_directed():
            raise ModelError("topological entropy needs a directed graph")
        names = list(source.nodes)
        place = {name: i for i, name in enumerate(names)}
        # Parallel edges are one step.
        pairs = np.array(sorted({(place[a], place[b]) for a, b in source.edges()}), dtype=np.int64).reshape(-1, 2)
        return [str(name) for name in names], pairs[:, 0], pairs[:, 1]
    sequences = symbol_sequences(source, discard)
    level = list(word_levels(sequences, 2))[-1]
    if level.length < 2:
        raise ModelError("there is no transition: every trial has one step")
    return list(sequences.names), level.words[:, 0], level.words[:, 1]


def _spectral_radius(adjacency: Any) -> float:
    n = adjacency.shape[0]
    if n <= _DENSE:
        return float(np.abs(np.linalg.eigvals(adjacency.toarray())).max())
    from scipy.sparse.linalg import ArpackNoConvergence, eigs

    try:
        # Perron and Frobenius: the eigenvalue with the largest real part is the spectral radius.
        found = eigs(adjacency, k=1, which="LR", v0=np.ones(n), return_eigenvectors=False, maxiter=_RESTARTS)
    except ArpackNoConvergence:
        return _noda(adjacency)
    return float(found[0].real)


def _noda(adjacency: Any) -> float:
    """Spectral radius of an irreducible non-negative matrix by Noda's inverse iteration (1971, Numer. Math. 17, 382).

    Quadratic from above whatever the gap: for graphs that are nearly rings, whose eigenvalues nearly lie on a circle.
    """
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    one = identity(adjacency.shape[0], format="csc")
    x = np.ones(adjacency.shape[0])
    upper = np.inf
    for _ in range(100):
        ratio = (adjacency @ x) / x
        lower, bound = float(ratio.min()), float(ratio.max())
        if bound >= upper or bound - lower <= 1e-13 * bound:
            upper = min(upper, bound)
            break
        upper = bound
        # A shift of a rounding error keeps the matrix regular where the bound is attained.
        x = splu((upper * (1.0 + 1e-14) * one - adjacency).tocsc()).solve(x)
        x = np.maximum(x / x.max(), np.finfo(float).tiny)
    return upper
