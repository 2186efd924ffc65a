"""Proof that a list is whole: all of the search tree is refuted again, or is a subregion whose solution is listed.

The tree itself need not be trusted. What was cut off is a set of patterns, and a combination of inequalities in whole
numbers refutes it; what was solved is a single pattern, decided in balls or rational numbers. It is then seen that
these sets cover all patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..engines.branching import MAX_UNKNOWNS, find_cuts
from ..engines.budget import Budget
from ..engines.cuts import Cuts
from ..engines.driver import Outcome
from ..engines.orbits import is_repeated
from ..engines.reduction import reduce_fixed_points
from ..engines.ring import Constraints
from ..exact import ExactPiece, is_compatible
from ..maps import bits_to_string
from ..polytopes.rational import Undecided
from ..units import Units
from .cover import Node, gaps, nodes_of, pattern_of
from .exact_rows import ExactRows, exact_rows_of
from .form import at_most_one
from .objects import Prover, repeats
from .rows import Rows, rows_of

__all__ = ["Tally", "Whole", "listed_twice"]

# Up to this many ReLUs every subregion is decided by itself; up to the second number, where nothing else can be done.
FEW, MORE = 6, 10
# Units, of all steps of a ring together, up to which the state is eliminated in rational numbers.
LARGEST_EXACT = 200


class Unproven(Exception):
    """Some part of the proof failed; says which and why."""


class TimeIsUp(Exception):
    """There is no time left for the proof."""


@dataclass
class Tally:
    """What the proof of a list consists of."""

    cuts: int = 0
    subregions: int = 0
    nodes: int = 0
    unique: bool = False
    missing: list[str] = field(default_factory=list)


class Whole:
    """Proves that the fixed points of a ring of maps are those listed.

    Parameters
    ----------
    prover : Prover
        Of the ring.
    units : Units
        The map of the ring in balanced units.
    listed : dict
        The words listed, those of turned cycles included, as bytes of their bits (k H,), and whether each is proven to
        hold one object.
    families : sequence of (k, H) ndarray of bool
        The words of continua among them.
    budget : Budget
    conditions : Constraints, optional
        In balanced units; solutions that violate them need not be listed.
    spared : callable, optional
        Says of an exact solution that it need not be listed.
    """

    def __init__(
        self,
        prover: Prover,
        units: Units,
        listed: dict[bytes, bool],
        families: Sequence[np.ndarray],
        budget: Budget,
        conditions: Constraints | None = None,
        spared: Callable[[ExactPiece], bool] = lambda piece: False,
    ) -> None:
        self.prover = prover
        self.units = units
        self.listed = listed
        self.families = families
        self.budget = budget
        self.conditions = conditions
        self.spared = spared
        self.tally = Tally()
        self._exact: ExactRows | None = None
        self._asked_for_exact_rows = False

    def prove(self, outcome: Outcome, workers: int) -> Tally:
        """Go through the tree of a search that has ended."""
        n = self.units.map.n_relu
        self.budget.reporter.say(
            step="proving that the list is whole", done=lambda: self.tally.cuts + self.tally.subregions
        )
        try:
            if n <= FEW or (not self.units.safe and n <= MORE):
                self._all_patterns()
            else:
                self._by_tree(outcome, workers)
        except Unproven as reason:
            self.tally.missing.append(str(reason))
        except TimeIsUp:
            self.tally.missing.append("there was no time left to prove that the list is whole")
        return self.tally

    def _look_at_the_clock(self) -> None:
        self.budget.reporter.tick()
        if self.budget.overdue:
            raise TimeIsUp

    def _goes_on(self) -> bool:
        self.budget.reporter.tick()
        return not self.budget.overdue

    def _all_patterns(self) -> None:
        n = self.units.map.n_relu
        for at in range(1 << n):
            self._decide(np.array([at >> i & 1 for i in range(n)], dtype=bool))
        self.tally.nodes = (2 << n) - 1

    def _by_tree(self, outcome: Outcome, workers: int) -> None:
        map = self.units.map
        if not self.units.safe:
            raise Unproven("the weights differ by more orders of magnitude than doubles can handle")
        base, cuts = outcome.base, outcome.cuts
        nothing = Constraints(np.zeros((0, map.n_units)), np.zeros(0))
        if base is None or cuts is None:
            reduction = reduce_fixed_points(map, self.budget)
            if reduction is None:
                self._without_reduction()
                return
            base = reduction.base
            if self._is_single(rows_of(map, base, nothing.L, nothing.offset)):
                return
            if map.n_relu > MAX_UNKNOWNS:
                raise Unproven(f"{map.n_relu} ReLUs are too many for a tree")
            cuts = find_cuts(reduction, self.budget, self.conditions, workers)
        given = self.conditions or nothing
        rows = rows_of(map, base, given.L, given.offset)
        if rows is None:
            raise Unproven("the state could not be eliminated from the equations")
        self._cover(rows, cuts, base, outcome.words)

    def _without_reduction(self) -> None:
        if self.units.map.n_relu > MORE:
            raise Unproven("I - J is singular in every subregion, and there are too many to decide each by itself")
        self._all_patterns()

    def _is_single(self, rows: Rows | None) -> bool:
        """Whether there is one solution at most, and what is listed agrees with that."""
        if rows is None:
            return False
        # Turned, a cycle that is no shorter one repeated would be another solution.
        expected = [] if self.prover.period > self.prover.shift else [True]
        if list(self.listed.values()) != expected or not at_most_one(self.units.map, rows):
            return False
        self.tally.unique = True
        return True

    def _cover(self, rows: Rows, cuts: Cuts, base: np.ndarray, words: Iterable[np.ndarray]) -> None:
        n = self.units.map.n_relu
        multipliers = np.zeros((len(cuts.bits), rows.count), dtype=np.float32)
        width = min(rows.count, cuts.multipliers.shape[1])
        multipliers[:, :width] = cuts.multipliers[:, :width]
        refuted = rows.refuted(multipliers, cuts.bits != 0, zero_rows(cuts.bits, rows.count), self._goes_on)
        self._refute_exactly(rows, base, cuts.bits, multipliers, refuted)
        self.tally.cuts = int(np.sum(refuted))
        single = {word.tobytes(): word for word in words}
        if rows.homogeneous:
            single[bytes(n)] = np.zeros(n, dtype=bool)
        for word in single.values():
            self._decide(word)
        leaves = [np.asarray(word, dtype=bool) ^ base for word in single.values()]
        solved = np.array(leaves, dtype=np.int8).reshape(len(leaves), n)
        found = gaps(nodes_of(np.vstack([cuts.bits[refuted], solved])), n, self._goes_on)
        if found is None:
            raise TimeIsUp
        todo, self.tally.nodes = found
        while todo:
            self._look_at_the_clock()
            self._close(rows, todo, base)

    def _refute_exactly(
        self, rows: Rows, base: np.ndarray, bits: np.ndarray, multipliers: np.ndarray, refuted: np.ndarray
    ) -> None:
        """Cuts that leave no room for balls."""
        for at in np.flatnonzero(~refuted) if not rows.homogeneous else ():
            self._look_at_the_clock()
            open_x, zero_s = bits[at] != 0, zero_rows(bits[at : at + 1], rows.count)[0]
            # Rational rows take long to make: they are made when a program first finds no room.
            if not self._asked_for_exact_rows:
                found = rows.propose(open_x, zero_s)
                refuted[at] = found is not None and rows.refuted(found[None], open_x[None], zero_s[None])[0]
            exact = None if refuted[at] else self._exact_rows(base)
            if exact is not None:
                refuted[at] = exact.refutes(multipliers[at].astype(np.float64), rows.system, open_x, zero_s)

    def _exact_rows(self, base: np.ndarray) -> ExactRows | None:
        if not self._asked_for_exact_rows and self.units.map.n_units <= LARGEST_EXACT:
            given = self.conditions or Constraints(np.zeros((0, self.units.map.n_units)), np.zeros(0))
            self._exact = exact_rows_of(self.units.map, base, given.L, given.offset)
        self._asked_for_exact_rows = True
        return self._exact

    def _close(self, rows: Rows, todo: list[Node], base: np.ndarray) -> None:
        """Refute a node about which the search says nothing, decide it, or branch."""
        n = self.units.map.n_relu
        decided, value = todo.pop()
        bits = pattern_of((decided, value), n)
        free = np.flatnonzero(bits < 0)
        if not len(free):
            self._decide((bits == 1) ^ base)
            return
        open_x, zero_s = bits != 0, zero_rows(bits[None], rows.count)[0]
        found = rows.propose(open_x, zero_s)
        if found is not None and rows.refuted(found[None], open_x[None], zero_s[None])[0]:
            self.tally.cuts += 1
            return
        exact = None if found is not None or rows.homogeneous else self._exact_rows(base)
        vertex = None if exact is None else rows.propose_vertex(open_x, zero_s)
        if exact is not None and vertex is not None and exact.refutes(vertex, rows.system, open_x, zero_s):
            self.tally.cuts += 1
            return
        unit = 1 << int(free[0])
        self.tally.nodes += 2
        todo.extend([(decided | unit, value), (decided | unit, value | unit)])

    def _decide(self, word: np.ndarray) -> None:
        """See that all solutions in the closed cells of a word are listed."""
        self._look_at_the_clock()
        self.tally.subregions += 1
        key = word.tobytes()
        if key in self.listed:
            if not self.listed[key]:
                raise Unproven(f"it is not proven what subregion {self._name(word)} holds")
            return
        bits = word.reshape(self.prover.period, -1)
        signs = self.prover.signs_in_balls(bits)
        if signs is not None:
            if np.any(np.where(bits, signs < 0, signs > 0)):
                return
            if np.all(signs != 0) and self._is_shorter(bits):
                return
        try:
            piece = self.prover.exact.settle(bits, self.budget.overtime_ends)
        except Undecided:
            raise TimeIsUp from None
        if piece is None or self.spared(piece):
            return
        if self.listed.get(piece.bits.tobytes()) or self._ends_a_family(piece):
            return
        if self.prover.period > self.prover.shift and repeats(piece, self.prover.shift):
            return
        raise Unproven(f"subregion {self._name(piece.bits.ravel())} holds a solution that is not listed")

    def _ends_a_family(self, piece: ExactPiece) -> bool:
        """Whether a solution lies in the closure of a family that is listed."""
        return any(self.listed[word.tobytes()] and is_compatible(piece.signs, word) for word in self.families)

    def _is_shorter(self, bits: np.ndarray) -> bool:
        """Whether the only solution of a word is a shorter cycle, repeated."""
        return self.prover.period > self.prover.shift and bool(is_repeated(bits[None], self.prover.shift)[0])

    def _name(self, word: np.ndarray) -> str:
        return " ".join(bits_to_string(bits) for bits in word.reshape(self.prover.period, -1))


def zero_rows(bits: np.ndarray, count: int) -> np.ndarray:
    """Where s is zero in nodes (K, H); conditions never are."""
    zero = np.zeros((len(bits), count), dtype=bool)
    zero[:, : bits.shape[1]] = bits == 1
    return zero


def listed_twice(prover: Prover, words: Iterable[np.ndarray], families: Sequence[np.ndarray]) -> bool:
    """Whether one of some objects (k, H) lies in the closure of a family of another word."""
    pieces = [prover.exact.settle(word) for word in words] if len(families) else []
    return any(
        is_compatible(piece.signs, family) and not np.array_equal(piece.bits, family)
        for piece in pieces
        if piece is not None
        for family in families
    )
