"""The tree of a proof: decisions on ReLUs, and at every leaf why it holds no fixed point that is not listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..engines.branching import Cuts
from ..engines.budget import Budget
from .equations import Equations
from .multipliers import Force, forcing, positive_part, refuting, refuting_exactly, refuting_near, rounded_to_refute
from .solutions import Listed, Turned
from .texts import step_text

__all__ = ["Unlisted", "prove"]

# A unit that a cut does not decide.
OPEN = -1
# Cuts that are rounded between two looks at the clock.
CHUNK = 2048
# Coefficients of cuts, which are kept in single precision, below this, relative to their terms, are meant to be zero.
SINGLE = 1e-5


class Unlisted(Exception):
    """A fixed point that is not in the list."""


@dataclass(frozen=True, eq=False)
class _Node:
    """What is decided: (H,) units whose x, and units whose s is zero; and the cuts that lie below."""

    off: np.ndarray
    on: np.ndarray
    cuts: np.ndarray


class _Proof:
    """The steps written so far, in the order in which a reader needs them."""

    def __init__(
        self, equations: Equations, solutions: Sequence[Turned], cuts: Cuts, units: np.ndarray, budget: Budget
    ) -> None:
        self.equations = equations
        self.solutions = solutions
        signs = np.array([s.signs for s in solutions], dtype=np.int8).reshape(len(solutions), equations.n)
        self.on, self.negative = signs > 0, signs < 0
        self.first = np.array([s.first for s in solutions], dtype=bool)
        self.cuts = cuts
        self.units = units
        self.refutations = list(self._refutations(budget))
        self.steps: list[str] = []
        nothing = np.zeros(equations.n, dtype=bool)
        self.todo = [_Node(nothing, nothing, np.arange(len(cuts.bits)))]

    @property
    def _pivots(self) -> np.ndarray:
        return self.equations.floats[np.arange(len(self.equations.floats)), self.equations.dependent]

    def _near(self, cut: int, node: _Node) -> str | None:
        """A step for a cut whose multipliers must cancel exactly somewhere."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            proposal = self.cuts.multipliers[cut] / self.units / self._pivots
        if not np.all(np.isfinite(proposal)) or not np.any(proposal):
            return None
        columns = self.equations.open_columns(node.off, node.on)
        whole = refuting_near(self.equations, columns, proposal, SINGLE)
        return None if whole is None else step_text("refute", whole)

    def _refutations(self, budget: Budget) -> Iterator[str | None]:
        """A step for every cut; None where it must be refuted in another way, or the budget ended."""
        equations, cuts = self.equations, self.cuts
        for start in range(0, len(cuts.bits), CHUNK):
            bits, multipliers = cuts.bits[start : start + CHUNK], cuts.multipliers[start : start + CHUNK]
            if not budget.take(1):
                yield from (None for _ in bits)
                continue
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                proposals = multipliers / self.units / self._pivots
            for whole in rounded_to_refute(equations, proposals, equations.open_columns(bits == 0, bits == 1)):
                yield None if whole is None else step_text("refute", whole)

    def visit(self) -> None:
        """Conclude one node, or put its children on the list."""
        node = self.todo.pop()
        if len(node.cuts) > 1:
            self._branch(node)
            return
        which = self._solution_of(node)
        if which is not None:
            self.steps.append(step_text("solution", self.solutions[which].solution, self.solutions[which].turn))
            return
        if len(node.cuts) and self._covers(int(node.cuts[0]), node):
            known = self.refutations[node.cuts[0]]
            if known is None:
                known = self._near(int(node.cuts[0]), node)
            if known is not None:
                self.steps.append(known)
                return
        columns = self.equations.open_columns(node.off, node.on)
        inside = self._inside(node)
        # A node that holds a solution cannot be refuted.
        whole = None if np.any(inside) else refuting(self.equations, columns)
        if whole is not None:
            self.steps.append(step_text("refute", whole))
        elif self._force_all_others(node, inside, columns):
            return
        elif np.all(node.off | node.on):
            self._settle(node, columns)
        else:
            self._branch(node)

    def _solution_of(self, node: _Node) -> int | None:
        """A solution in whose set the whole node lies, by what is decided."""
        inside = np.all(np.where(self.on, node.on, node.off), axis=1)
        return int(np.argmax(inside)) if np.any(inside) else None

    def _inside(self, node: _Node) -> np.ndarray:
        """Which listed solutions have their state in the node."""
        return self.first & ~np.any(self.on & node.off, axis=1) & ~np.any(self.negative & node.on, axis=1)

    def _force_all_others(self, node: _Node, inside: np.ndarray, columns: np.ndarray) -> bool:
        """Where solutions on a boundary lie in a node: show that only what is positive in one of them can be positive.

        Without that all subregions around the boundary would be visited.
        """
        if not np.any(inside):
            return False
        on, negative = np.any(self.on[inside], axis=0), np.any(self.negative[inside], axis=0)
        positive = self.equations.open_columns(~on, ~negative) & columns
        if not np.any((columns & ~positive)[: 2 * self.equations.n]) or np.all(node.off | node.on):
            return False
        forced = forcing(self.equations, columns, positive, exactly=False)
        if forced is None:
            return False
        self._force(node, forced)
        return True

    def _force(self, node: _Node, forced: Force) -> None:
        n = self.equations.n
        self.steps.append(step_text("force", forced[0]))
        self.todo.append(_Node(node.off | forced[1][:n], node.on | forced[1][n : 2 * n], node.cuts))

    def _covers(self, cut: int, node: _Node) -> bool:
        bits = self.cuts.bits[cut]
        return bool(np.all(np.where(bits == 1, node.on, np.where(bits == 0, node.off, True))))

    def _branch(self, node: _Node) -> None:
        decided = node.off | node.on
        bits = self.cuts.bits[node.cuts]
        shared = np.all(bits != OPEN, axis=0) & ~decided
        unit = int(np.argmax(shared if np.any(shared) else ~decided))
        off, on = node.off.copy(), node.on.copy()
        off[unit] = on[unit] = True
        self.steps.append(str(unit))
        self.todo.append(_Node(node.off, on, node.cuts[bits[:, unit] != 0]))
        self.todo.append(_Node(off, node.on, node.cuts[bits[:, unit] != 1]))

    def _settle(self, node: _Node, columns: np.ndarray) -> None:
        """A node in which every unit is decided, and that floats did not refute."""
        positive = positive_part(self.equations, columns)
        if positive is None:
            refutation = refuting_exactly(self.equations, columns)
            if refutation is None:
                raise Unlisted("a subregion was not refuted")
            self.steps.append(step_text("refute", refutation))
            return
        n = self.equations.n
        x, s = positive[:n], positive[n : 2 * n]
        around = np.all(~x | self.on, axis=1) & ~np.any(s & self.on, axis=1)
        if not np.any(around):
            raise Unlisted("a solution is not in the list")
        forced = forcing(self.equations, columns, positive)
        if forced is None or not np.any(forced[1][: 2 * n]):
            raise Unlisted("a subregion was not settled")
        self._force(node, forced)


def prove(
    equations: Equations,
    solutions: Sequence[Listed],
    cuts: Cuts,
    units: np.ndarray,
    budget: Budget,
    turns: Sequence[Turned] | None = None,
) -> list[str] | None:
    """Steps that prove that the solutions listed are all.

    Parameters
    ----------
    equations : Equations
    solutions : sequence of Listed
    cuts : Cuts
        What a search in floats proposes; may be empty, which costs linear programs.
    units : (H + U,) ndarray
        In which the ReLU arguments of the cuts, and the unknowns u, are measured.
    budget : Budget
    turns : sequence of Turned, optional
        All turns of the solutions, where they are of a circle of states.

    Returns
    -------
    list of str or None
        JSON, a step each. None if the budget ended first.

    Raises
    ------
    Unlisted
        If some part could not be proved: the list is not whole, or numbers defeat the solver.
    """
    if turns is None:
        turns = [Turned(j, 0, solution.signs, True) for j, solution in enumerate(solutions)]
    proof = _Proof(equations, turns, cuts, units, budget)
    budget.reporter.say(step="writing the proof", done=lambda: len(proof.steps), total=2 * len(cuts.bits) + 1)
    while proof.todo:
        if not budget.take(1):
            return None
        proof.visit()
    return proof.steps
