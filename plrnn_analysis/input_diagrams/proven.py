"""What is proven of an input diagram: of each branch and continuum, and of the diagram as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..results import Proof

__all__ = ["BranchProof", "DiagramProof"]


@dataclass(frozen=True, eq=False)
class BranchProof(Proof):
    """What is proven of a branch of fixed points, or of a continuum, over all of its inputs, for the given doubles.

    Of the fields of :class:`plrnn_analysis.results.Proof`, ``exists`` means: for every input between the ends the
    subregion holds exactly one fixed point (a continuum of the dimension listed), and for no input beyond them. The
    ``radius`` is the largest error of the listed affine function anywhere on the branch; 0 for a continuum, of which no
    states are listed. One proof of stability does for the whole branch, as the Jacobian is the same along it.

    Attributes
    ----------
    corner_radius : float
        No coordinate of an exact end, or corner, differs from the listed one by more.
    included : tuple of bool
        For each end (one input) or edge (two inputs, each from its corner to the next) whether the fixed point there
        still belongs to the subregion: where a ReLU goes inactive, the end belongs to the next one.
    units : tuple of tuple of int
        For each end or edge the ReLUs whose argument becomes exactly zero there: a border collision. Empty at an end of
        the range.
    """

    corner_radius: float = float("inf")
    included: tuple[bool, ...] = ()
    units: tuple[tuple[int, ...], ...] = ()

    @property
    def claim(self) -> str:
        """The same in a few words."""
        if not self.exists:
            return "not proven"
        stable = {True: "; stability proven", False: "; stability NOT proven", None: ""}[self.stability]
        return f"ends exact within {self.corner_radius:.2g}, states within {self.radius:.2g}{stable}"


@dataclass(frozen=True, eq=False)
class DiagramProof(Frozen):
    """What is proven of an input diagram as a whole, beside the proofs of its branches.

    Attributes
    ----------
    whole : bool
        Whether it is proven that no other fixed point exists for any input of the range.
    refuted : int
        Nodes of a tree of subregions that were refuted by multipliers in whole numbers, for all inputs at once.
    solved : int
        Subregions that were solved in rational numbers.
    isolated_inputs : int
        Subregions among them that hold fixed points for single inputs, or lines of inputs, alone.
    proven, total : int
        How many of the branches and continua are proven.
    missing : tuple of str
        What is not proven of the whole, and why.
    """

    whole: bool
    refuted: int
    solved: int
    isolated_inputs: int
    proven: int
    total: int
    missing: tuple[str, ...] = ()

    @property
    def claim(self) -> str:
        """The same in a few words."""
        others = "no others exist" if self.whole else "that no others exist is NOT proven"
        if not self.total and self.whole:
            return "proven: none exist"
        return f"proven: {self.proven} of {self.total}, {others}"

    def sentences(self) -> list[str]:
        """The same in plain words."""
        listed = count_words(self.total, "branch or continuum", "branches and continua")
        text = f"Proven, with their ends and stability: {self.proven} of {listed}. "
        text += "That no others exist is proven, too" if self.whole else "That no others exist is not proven"
        looked = count_words(self.refuted, "part"), count_words(self.solved, "subregion")
        text += f": {looked[0]} of the tree refuted in whole numbers, {looked[1]} solved in rational numbers."
        return [text, *self._notes()]

    def __repr__(self) -> str:
        return f"<DiagramProof: {self.claim}>"

    def _notes(self) -> list[str]:
        return [f"Not proven: {reason}." for reason in self.missing]
