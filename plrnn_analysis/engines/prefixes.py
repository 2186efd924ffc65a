"""Cycles inside a box of maps in more than two dimensions: words whose prefixes a linear program admits."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from ..maps import CanonicalMap
from .budget import Budget

__all__ = ["admissible_words"]

# How far constraints are relaxed, relative to the box: more than the solver's own tolerance.
SLACK = 1e-6


class _Prefixes:
    """Feasibility of a run of symbols: whether a state of the box follows them inside it."""

    def __init__(self, map: CanonicalMap, patterns: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> None:
        self.map, self.box = map, box
        self.size = float(max(np.abs(box[0]).max(), np.abs(box[1]).max()))
        self.signs = np.where(patterns, 1.0, -1.0)
        self.J = [map.jacobian(bits) for bits in patterns]
        self.offset = [map.offset(bits) for bits in patterns]
        # A prefix test sees about M / H steps back before signs can contradict each other.
        self.window = 2 * -(-map.n_units // max(map.n_relu, 1)) + 6

    def feasible(self, symbols: list[int]) -> bool:
        """Whether a relaxation over the last symbols has a point; True also if the solver cannot tell."""
        m = self.map.n_units
        J, offset = np.eye(m), np.zeros(m)
        rows, room = [], []
        for symbol in symbols[-self.window :]:
            sign = self.signs[symbol][:, None]
            rows.append(-sign * (self.map.V @ J))
            room.append(sign[:, 0] * (self.map.V @ offset + self.map.c))
            J, offset = self.J[symbol] @ J, self.J[symbol] @ offset + self.offset[symbol]
            rows += [J, -J]
            room += [self.box[1] - offset, offset - self.box[0]]
        A, b = np.vstack(rows), np.concatenate(room)
        norm = np.maximum(np.abs(A).sum(axis=1), 1.0)
        result = linprog(
            np.zeros(m),
            A_ub=A / norm[:, None],
            b_ub=(b + SLACK * self.size) / norm + SLACK * self.size,
            bounds=np.column_stack(self.box),
            method="highs",
        )
        return bool(result.status != 2)


def admissible_words(
    map: CanonicalMap, patterns: np.ndarray, box: tuple[np.ndarray, np.ndarray], longest: int, budget: Budget
) -> tuple[dict[int, np.ndarray], bool, int]:
    """Lyndon words up to a length that the map may follow inside a box.

    Parameters and returns as in :func:`plrnn_analysis.engines.words.admissible_words`, for any number of units.

    Notes
    -----
    A linear program in M unknowns a node. It pays for maps that contract, where few words are admissible at any
    length; where nearly all are, the ring of linear programs is the better engine.
    """
    test = _Prefixes(map, patterns, box)
    found: dict[int, list[list[int]]] = {}
    nodes = 0
    # Prefixes of necklaces, smallest symbol first: (word, length of its longest Lyndon prefix).
    stack: list[tuple[list[int], int]] = [([s], 1) for s in reversed(range(len(patterns)))]
    while stack:
        if budget.take(1) == 0:
            break
        word, prime = stack.pop()
        nodes += 1
        if not test.feasible(word):
            continue
        if prime == len(word) and all(test.feasible((word * 3)[: len(word) + k]) for k in range(1, 2 * len(word))):
            found.setdefault(len(word), []).append(word)
        if len(word) < longest:
            least = word[len(word) - prime]
            for symbol in reversed(range(least, len(patterns))):
                stack.append(([*word, symbol], prime if symbol == least else len(word) + 1))
    words = {length: patterns[np.array(items)] for length, items in sorted(found.items())}
    return words, not stack, nodes
