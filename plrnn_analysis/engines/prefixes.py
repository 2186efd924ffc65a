"""Cycles inside a box of maps in more than two dimensions: words whose prefixes a linear program admits."""

from __future__ import annotations

import numpy as np

from ..maps import CanonicalMap
from ..numerics import gamma
from ..polytopes.programs import proves_empty
from ..polytopes.rational import Undecided
from .budget import Budget

__all__ = ["admissible_words"]

# Letters of all words looked at together, found or waiting: about 200 MB.
LETTERS = 1 << 23


class _Prefixes:
    """Which runs of symbols no state of the box can follow inside it."""

    def __init__(self, map: CanonicalMap, patterns: np.ndarray, box: tuple[np.ndarray, np.ndarray]) -> None:
        self.map, self.box = map, box
        self.signs = np.where(patterns, 1.0, -1.0)
        self.J = [map.jacobian(bits) for bits in patterns]
        self.offset = [map.offset(bits) for bits in patterns]
        # Entries of J and offsets before anything cancelled: what rounding is measured against.
        self.size_J = [np.abs(map.A) + np.abs(map.W) @ (np.abs(map.V) * bits[:, None]) for bits in patterns]
        self.size_offset = [np.abs(map.h) + np.abs(map.W) @ (np.abs(map.c) * bits) for bits in patterns]
        self.largest = np.maximum(np.abs(box[0]), np.abs(box[1]))
        self.failed = False
        # A prefix test sees about M / H steps back before signs can contradict each other.
        self.window = 2 * -(-map.n_units // max(map.n_relu, 1)) + 6

    def feasible(self, symbols: list[int]) -> bool:
        """Whether a relaxation over the last symbols may have a point: False only if it is proved empty.

        Every row is moved outwards by what rounding may have done to it in the box, so that the program contains the
        exact one.
        """
        m = self.map.n_units
        unit = gamma(m + self.map.n_relu + 2)
        J, offset = np.eye(m), np.zeros(m)
        size_J, size_offset = np.eye(m), np.zeros(m)
        abs_V = np.abs(self.map.V)
        rows, room = [np.eye(m), -np.eye(m)], [-self.box[0], self.box[1]]
        for count, symbol in enumerate(symbols[-self.window :], 1):
            sign = self.signs[symbol][:, None]
            lost = 4.0 * (count + 1) * unit
            rows.append(sign * (self.map.V @ J))
            size = abs_V @ (size_J @ self.largest + size_offset) + np.abs(self.map.c)
            room.append(sign[:, 0] * (self.map.V @ offset + self.map.c) + lost * size)
            J, offset = self.J[symbol] @ J, self.J[symbol] @ offset + self.offset[symbol]
            size_J, size_offset = (
                self.size_J[symbol] @ size_J,
                self.size_J[symbol] @ size_offset + self.size_offset[symbol],
            )
            size = size_J @ self.largest + size_offset + self.largest
            rows += [J, -J]
            room += [offset - self.box[0] + lost * size, self.box[1] - offset + lost * size]
        A, b = np.vstack(rows), np.concatenate(room)
        if not (np.all(np.isfinite(A)) and np.all(np.isfinite(b))):
            return True
        try:
            return not proves_empty(A, b)
        except Undecided:
            self.failed = True
            return True


def _closes(test: _Prefixes, word: list[int], budget: Budget) -> bool:
    """Whether the word may be followed three times over."""
    for k in range(1, 2 * len(word)):
        budget.reporter.tick()
        if not test.feasible((word * 3)[: len(word) + k]):
            return False
    return True


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
    nodes = kept = 0
    # Prefixes of necklaces, smallest symbol first: (word, length of its longest Lyndon prefix).
    stack: list[tuple[list[int], int]] = [([s], 1) for s in reversed(range(len(patterns)))]
    budget.reporter.say(step="words", done=lambda: nodes, found=lambda: sum(len(items) for items in found.values()))
    try:
        while stack:
            if budget.take(1) == 0:
                break
            word, prime = stack[-1]
            nodes += 1
            feasible = test.feasible(word)
            closes = feasible and prime == len(word) and _closes(test, word, budget)
            stack.pop()
            kept += len(word)
            if kept > LETTERS:
                budget.stop("memory")
            if closes:
                found.setdefault(len(word), []).append(word)
            if feasible and len(word) < longest:
                least = word[len(word) - prime]
                for symbol in reversed(range(least, len(patterns))):
                    stack.append(([*word, symbol], prime if symbol == least else len(word) + 1))
    except KeyboardInterrupt:
        budget.stop("interrupt")
    words = {length: patterns[np.array(items)] for length, items in sorted(found.items())}
    # A solver that fails cuts nothing, but then no proof rests on it.
    return words, not stack and not test.failed, nodes
