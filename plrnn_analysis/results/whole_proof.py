"""What is proven of a list of fixed points or cycles as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from .._frozen import Frozen
from ..display.abbreviation import count_words

__all__ = ["WholeProof"]


@dataclass(frozen=True)
class WholeProof(Frozen):
    """Whether a list is proven to be whole: there is nothing beside what is listed, for the given doubles.

    Attributes
    ----------
    whole : bool
        Every listed object is proven to exist, each is listed once, and every part of the search tree was checked
        again.
    objects, proven : int
        Number of fixed points, cycles and continua listed, and of those whose :class:`Proof` misses nothing.
    cuts : int
        Subtrees that a combination of inequalities with whole multipliers refutes.
    subregions : int
        Single subregions, or words, decided one by one in balls or rational numbers.
    nodes : int
        Nodes of the tree of decisions that these leave nothing of.
    unique : bool
        Whether a quadratic form that is positive definite shows that there is at most one: then there is no tree.
    seconds : float
    missing : tuple of str
        What is not proven, and why; empty if `whole`.
    """

    whole: bool
    objects: int = 0
    proven: int = 0
    cuts: int = 0
    subregions: int = 0
    nodes: int = 0
    unique: bool = False
    seconds: float = 0.0
    missing: tuple[str, ...] = ()

    @property
    def rigorous(self) -> bool:
        """Whether the list is whole, and everything is proven that it says of each object."""
        return self.whole and self.proven == self.objects

    @property
    def claim(self) -> str:
        """The same in a few words."""
        if self.rigorous:
            return "proven whole"
        if self.whole:
            return f"proven whole, {count_words(self.objects - self.proven, 'object')} not in every respect"
        return "NOT proven whole"

    def __repr__(self) -> str:
        return f"<WholeProof: {self.claim}; {self.proven} of {count_words(self.objects, 'object')} proven>"

    def _notes(self) -> list[str]:
        return [f"Not proven: {reason}." for reason in self.missing]
