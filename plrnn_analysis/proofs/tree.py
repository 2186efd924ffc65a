"""The tree of a proof: decisions on ReLUs, and at every leaf why it holds no fixed point that is not listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.branching import Cuts
from ..engines.budget import Budget
from .equations import Equations
from .multipliers import forcing, positive_part, refuting, refuting_exactly, rounded_to_refute
from .solutions import Listed

__all__ = ["Unlisted", "prove"]

# A unit that a cut does not decide.
OPEN = -1


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

    def __init__(self, equations: Equations, solutions: Sequence[Listed], cuts: Cuts) -> None:
        self.equations = equations
        self.solutions = solutions
        self.on = np.array([s.bits for s in solutions]).reshape(len(solutions), equations.n)
        self.cuts = cuts
        self.refutations = self._refutations()
        self.steps: list[Any] = []
        nothing = np.zeros(equations.n, dtype=bool)
        self.todo = [_Node(nothing, nothing, np.arange(len(cuts.bits)))]

    def _refutations(self) -> list[list[int] | None]:
        """Whole multipliers for every cut; None where it must be refuted in another way."""
        equations, cuts = self.equations, self.cuts
        if not len(cuts.bits):
            return []
        own = equations.floats[np.arange(equations.n), equations.dependent]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            proposals = cuts.multipliers / own
        return list(rounded_to_refute(equations, proposals, np.hstack([cuts.bits != 0, cuts.bits != 1])))

    def visit(self) -> None:
        """Conclude one node, or put its children on the list."""
        node = self.todo.pop()
        if len(node.cuts) > 1:
            self._branch(node)
            return
        which = self._solution_of(node)
        if which is not None:
            self.steps.append(["solution", which])
            return
        whole = None
        if len(node.cuts) and self._covers(int(node.cuts[0]), node):
            whole = self.refutations[node.cuts[0]]
        columns = ~np.concatenate([node.off, node.on])
        if whole is None:
            whole = refuting(self.equations, columns)
        if whole is not None:
            self.steps.append(["refute", whole])
        elif np.all(node.off | node.on):
            self._settle(node, columns)
        else:
            self._branch(node)

    def _solution_of(self, node: _Node) -> int | None:
        """A solution in whose set the whole node lies, by what is decided."""
        inside = np.all(np.where(self.on, node.on, node.off), axis=1)
        return int(np.argmax(inside)) if np.any(inside) else None

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
        self.steps.append(unit)
        self.todo.append(_Node(node.off, on, node.cuts[bits[:, unit] != 0]))
        self.todo.append(_Node(off, node.on, node.cuts[bits[:, unit] != 1]))

    def _settle(self, node: _Node, columns: np.ndarray) -> None:
        """A node in which every unit is decided, and that floats did not refute."""
        positive = positive_part(self.equations, columns)
        if positive is None:
            refutation = refuting_exactly(self.equations, columns)
            if refutation is None:
                raise Unlisted("a subregion was not refuted")
            self.steps.append(["refute", refutation])
            return
        n = self.equations.n
        x, s = positive[:n], positive[n:]
        around = np.all(~x | self.on, axis=1) & ~np.any(s & self.on, axis=1)
        if not np.any(around):
            raise Unlisted("a solution is not in the list")
        forced = forcing(self.equations, columns, positive)
        if forced is None:
            raise Unlisted("a subregion was not settled")
        self.steps.append(["force", forced[0]])
        self.todo.append(_Node(node.off | forced[1][:n], node.on | forced[1][n:], node.cuts))


def prove(equations: Equations, solutions: Sequence[Listed], cuts: Cuts, budget: Budget) -> list[Any] | None:
    """Steps that prove that the solutions listed are all.

    Parameters
    ----------
    equations : Equations
    solutions : sequence of Listed
    cuts : Cuts
        What a search in floats proposes; may be empty, which costs linear programs.
    budget : Budget

    Returns
    -------
    list or None
        None if the budget ended first.

    Raises
    ------
    Unlisted
        If some part could not be proved: the list is not whole, or numbers defeat the solver.
    """
    proof = _Proof(equations, solutions, cuts)
    budget.reporter.say(step="writing the proof", done=lambda: len(proof.steps), total=2 * len(cuts.bits) + 1)
    while proof.todo:
        if not budget.take(1):
            return None
        proof.visit()
    return proof.steps
