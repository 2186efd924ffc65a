"""Whether nodes cover a cube: subsets of all patterns, each given by decisions on some units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["Node", "gaps", "nodes_of", "pattern_of"]

# Nodes visited between two looks at the clock.
BETWEEN_LOOKS = 4096
# Decided units and their bits, unit i as the i-th lowest binary digit.
Node = tuple[int, int]


def nodes_of(bits: np.ndarray) -> list[Node]:
    """Rows of decisions (K, n), 0 or 1 and -1 for open units, as nodes."""
    decided, value = (np.packbits(part, axis=1, bitorder="little") for part in (bits >= 0, bits == 1))
    return [
        (int.from_bytes(d.tobytes(), "little"), int.from_bytes(v.tobytes(), "little"))
        for d, v in zip(decided, value, strict=True)
    ]


def pattern_of(node: Node, n: int) -> np.ndarray:
    """The decisions (n,) of a node."""
    decided, value = node
    return np.array([(value >> i & 1) if decided >> i & 1 else -1 for i in range(n)], dtype=np.int8)


def gaps(nodes: Sequence[Node], n: int, go_on: Callable[[], bool] = lambda: True) -> tuple[list[Node], int] | None:
    """The parts of the cube of n units that no node covers.

    Parameters
    ----------
    nodes : sequence of Node
    n : int
    go_on : callable, optional
        Asked now and then; False ends the work.

    Returns
    -------
    gaps : list of Node
        Disjoint ones, none of which meets any of the nodes.
    visited : int
        How many nodes of the tree there are.

    or None if it was ended.

    Notes
    -----
    Branches on a unit that all nodes at hand decide, wherever there is one: for the leaves of a tree that takes as
    many steps as the tree has nodes. Each of the nodes is looked at once for each of its decided units.

    Examples
    --------
    >>> gaps([(0b01, 0b00), (0b11, 0b01)], 2)
    ([(3, 3)], 5)
    """
    found: list[Node] = []
    visited = 0
    todo: list[tuple[int, int, list[Node]]] = [(0, 0, list(nodes))]
    everything = (1 << n) - 1
    while todo:
        decided, value, inside = todo.pop()
        visited += 1
        if not visited % BETWEEN_LOOKS and not go_on():
            return None
        if not inside:
            found.append((decided, value))
            continue
        shared, some = everything, 0
        covered = False
        for mask, _ in inside:
            left = mask & ~decided
            covered |= not left
            shared &= left
            some |= left
        if covered:
            continue
        unit = (shared or some) & -(shared or some)
        off = [node for node in inside if not node[1] & unit]
        on = [node for node in inside if node[1] & unit or not node[0] & unit]
        todo.append((decided | unit, value | unit, on))
        todo.append((decided | unit, value, off))
    return found, visited
