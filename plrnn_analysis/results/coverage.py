"""What a search looked at, and what it did not."""

from __future__ import annotations

from dataclasses import dataclass

from .._frozen import Frozen
from ..statuses import Engine, StoppedBy
from .whole_proof import WholeProof

__all__ = ["Coverage"]


@dataclass(frozen=True)
class Coverage(Frozen):
    """What a search looked at, and what it did not.

    Attributes
    ----------
    subregions : int
        Number of sign patterns, 2**H.
    decided : int
        How many of them are proved to hold no fixed point, or have been solved.
    engine : Engine
        How: ``"enumeration"``, ``"elimination"``, ... as :class:`plrnn_analysis.statuses.Engine` describes them.
    nodes : int
        Nodes of the search tree visited.
    pruned, collapsed, solved : int
        Subtrees cut by a sign test, closed by the uniqueness proof, and single subregions solved.
    cuts_checked, cuts_proven : int
        With ``verify="farkas"``: cuts re-checked in exact arithmetic, and those of them that were proved for the
        reduced problem as it stands in double precision.
    stopped_by : StoppedBy
        Empty if every pattern was decided, else ``"max_nodes"``, ``"time_limit"``, ``"interrupt"``, ``"memory"``,
        ``"too many candidates"``, ``"numerics"``, ``"heuristic"`` or ``"limited"``:
        :class:`plrnn_analysis.statuses.StoppedBy` says what each means.
    seconds : float
    notes : tuple of str
        Anything a reader should know, e.g. that the problem was rebased since I - A is singular.
    limit : float or None
        If a number, only solutions whose ReLU arguments are all below it in modulus were excluded, and the result is
        not ``complete``.
    rigorous : WholeProof or None
        With ``verify="rigorous"``: whether the list is proven to be whole.
    """

    also_written = ("subregions_log2", "decided_fraction")

    subregions: int
    decided: int
    engine: Engine
    nodes: int = 0
    pruned: int = 0
    collapsed: int = 0
    solved: int = 0
    cuts_checked: int = 0
    cuts_proven: int = 0
    stopped_by: StoppedBy = StoppedBy.NOTHING
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    limit: float | None = None
    rigorous: WholeProof | None = None

    @property
    def subregions_log2(self) -> int:
        """Number of ReLUs H, of all steps of a cycle together."""
        return self.subregions.bit_length() - 1

    @property
    def decided_fraction(self) -> float:
        """The share of sign patterns that were decided."""
        return self.decided / self.subregions

    @property
    def undecided(self) -> int:
        """Sign patterns about which nothing is claimed."""
        return self.subregions - self.decided
