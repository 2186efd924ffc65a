"""How transition graphs look: colours, places and names, shared by figures and files."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from .results.naming import LONGEST_NAME

if TYPE_CHECKING:
    import networkx

__all__ = [
    "EDGE",
    "INK",
    "OTHER",
    "PALETTE",
    "by_visits",
    "node_colours",
    "node_labels",
    "node_places",
    "node_radius",
    "rgb",
]

#: Okabe & Ito (2008), without black and ordered so that the first ones differ most.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
OTHER = "#BBBBBB"
INK = "#222222"
EDGE = "#555555"


def by_visits(graph: networkx.Graph) -> list[str]:
    """Nodes, the most visited first; by name where visits are equal or were not counted."""

    def visits(node: str) -> float:
        counted = graph.nodes[node].get("visits", 0)
        return float(counted) if isinstance(counted, Real) else 0.0

    return sorted(graph.nodes, key=lambda node: (-visits(node), str(node)))


def node_colours(ranked: Sequence[str]) -> dict[str, str]:
    """One colour a node, in this order; grey once the palette is used up."""
    return {node: PALETTE[i] if i < len(PALETTE) else OTHER for i, node in enumerate(ranked)}


def node_places(nodes: Sequence[str]) -> dict[str, np.ndarray]:
    """Where nodes stand: with two ReLUs in their quadrants, two on a line, else on a circle in this order."""
    if nodes and all(len(str(n)) == 2 and set(str(n)) <= {"0", "1"} for n in nodes):
        return {n: np.array([float(digit) for digit in str(n)]) for n in nodes}
    if len(nodes) <= 2:
        return {n: np.array([float(i), 0.0]) for i, n in enumerate(nodes)}
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(nodes)) / len(nodes)
    return {n: np.array([np.cos(a), np.sin(a)]) for n, a in zip(nodes, angle, strict=True)}


def node_radius(n: int) -> float:
    """Radius of each of n nodes, in the units of their places: neighbours do not touch."""
    return 0.2 if n <= 4 else min(0.2, 0.9 / n)


def node_labels(ranked: Sequence[str]) -> dict[str, str]:
    """Short names: the bitcode, or the rank by visits, ``S1``, ``S2``, ..., where bitcodes are long.

    Examples
    --------
    >>> node_labels(["01", "11"]), node_labels(["0110100110", "0110100111"])
    ({'01': '01', '11': '11'}, {'0110100110': 'S1', '0110100111': 'S2'})
    """
    if all(len(str(node)) <= LONGEST_NAME for node in ranked):
        return {node: str(node) for node in ranked}
    return {node: f"S{i}" for i, node in enumerate(ranked, 1)}


def rgb(colour: str) -> tuple[int, int, int]:
    """The parts of a colour ``"#rrggbb"``, each from 0 to 255."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
