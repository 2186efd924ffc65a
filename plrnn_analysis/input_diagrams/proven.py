"""What is proven of a branch of an input diagram."""

from __future__ import annotations

from dataclasses import dataclass

from ..display.abbreviation import upper_number
from ..results import Proof

__all__ = ["BranchProof"]


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
        ends, states = upper_number(self.corner_radius), upper_number(self.radius)
        return f"ends exact within {ends}, states within {states}{stable}"
