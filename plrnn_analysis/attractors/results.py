"""What a search for attractors answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..results import Continuum, Cycle, CycleContinuum, FixedPoint, ResultSequence, Table
from ..statuses import EndKind
from .proven import AttractorProof, AttractorsProof

__all__ = ["Attractor", "Attractors", "EndKind"]


@dataclass(frozen=True, eq=False)
class Attractor(Frozen):
    """What some of the initial states lead to.

    Attributes
    ----------
    kind : EndKind
        ``"fixed point"``, ``"cycle"``, ``"continuum"`` (of fixed points or of cycles; neutral along it),
        ``"quasi-periodic"``, ``"chaotic"``, ``"divergent"`` or ``"undecided"``. The last two are no attractors, but
        initial states that lead there are counted too.
    object : FixedPoint, Cycle, Continuum, CycleContinuum or None
        The exact object, where there is one.
    count : int
        Initial states that lead to it.
    fraction : float
        Their share.
    interval : tuple of float
        Of the share, 95 %, by Wilson (1927, doi:10.1080/01621459.1927.10502953). It holds for random initial states.
    bitcodes : tuple of str
        Subregions visited on it, the most frequent first; empty for what diverges or is undecided.
    state : (M,) ndarray
        The last state computed of the first of these trajectories.
    exponents : (N,) ndarray or None
        Lyapunov exponents, of quasi-periodic and chaotic motion.
    exponents_error : (N,) ndarray or None
        Their standard errors.
    proved : int
        How many of `count` are proved to converge (or to diverge), up to rounding: by the distance from which the
        object attracts. The others were followed until they had reached it to the tolerance.
    note : str
        What a reader should know, and which argument would tell more.
    near_boundary : bool
        Of what is undecided: whether it rests, to rounding, on something that repels. Only the boundary between basins
        leads there, so that these initial states lie on it, or too near it to be followed to an end.
    proof : AttractorProof or None
        With ``verify="rigorous"``, for what has an exact object: what is proven of it.
    """

    kind: EndKind
    object: FixedPoint | Cycle | Continuum | CycleContinuum | None
    count: int
    fraction: float
    interval: tuple[float, float]
    bitcodes: tuple[str, ...]
    state: np.ndarray
    exponents: np.ndarray | None
    exponents_error: np.ndarray | None
    proved: int
    note: str
    near_boundary: bool = False
    proof: AttractorProof | None = None

    @property
    def low(self) -> float:
        """Lower end of ``interval``."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Upper end of ``interval``."""
        return self.interval[1]

    @property
    def period(self) -> int | None:
        """1 for fixed points and their continua, the period for cycles, else None."""
        if isinstance(self.object, (Cycle, CycleContinuum)):
            return self.object.period
        return None if self.object is None else 1

    @property
    def multipliers(self) -> np.ndarray | None:
        """Eigenvalues or multipliers of a fixed point or cycle, largest modulus first."""
        if isinstance(self.object, Cycle):
            return self.object.multipliers
        return None if self.object is None or isinstance(self.object, CycleContinuum) else self.object.eigenvalues

    @property
    def leading(self) -> float | None:
        """How a small difference changes: the spectral radius, or the exponential of the largest exponent.

        The first is per period, the second per step; None where neither is known.
        """
        if self.multipliers is not None:
            return float(np.abs(self.multipliers[0]))
        return None if self.exponents is None else float(np.exp(self.exponents[0]))


@dataclass(frozen=True, eq=False)
class Attractors(ResultSequence[Attractor]):
    """What initial states lead to, the largest share first; what diverges and what is undecided come last.

    Attributes
    ----------
    assignment : (n,) ndarray of int
        For each initial state, the index of what it leads to.
    initial : (n, M) ndarray
    steps : int
        Most steps that a trajectory was followed, those on a straight line to a boundary, which are not computed one by
        one, included.
    stopped_by : str
        Empty, or ``"time_limit"`` or ``"interrupt"``; then some are undecided for that reason.
    output_names : tuple of str
        What the model's checkpoint calls its outputs; empty where it has no names for them.
    proof : AttractorsProof or None
        With ``verify="rigorous"``: what is proven of all of them.

    Notes
    -----
    Only what one of the initial states leads to is here: the search proves nothing about attractors that none leads
    to. ``model.fixed_points()`` and ``model.cycles()`` do.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "kind", "period", "count", "fraction", "low", "high", "leading", "bitcodes", "note", "proof",
    )  # fmt: skip
    optional_columns: ClassVar[tuple[str, ...]] = ("proof",)

    _items: tuple[Attractor, ...]
    assignment: np.ndarray
    initial: np.ndarray
    steps: int
    stopped_by: str
    output_names: tuple[str, ...] = ()
    proof: AttractorsProof | None = None

    @property
    def undecided(self) -> int:
        """Initial states about which nothing is claimed."""
        return sum(item.count for item in self if item.kind == EndKind.UNDECIDED)

    def table(self) -> Table:
        """One row for each end, as ``columns`` names; ``bitcodes`` is how many."""
        table = super().table()
        table.update(kind=[str(a.kind) for a in self], bitcodes=[len(a.bitcodes) for a in self])
        return table

    def _notes(self) -> list[str]:
        return [*super()._notes(), *([] if self.proof is None else self.proof.sentences())]

    def __repr__(self) -> str:
        parts = []
        for item in self:
            name = f"{item.period}-cycle" if item.kind == EndKind.CYCLE else item.kind
            parts.append(f"{name} {item.count}")
        stopped = f"; STOPPED by {self.stopped_by}" if self.stopped_by else ""
        stopped += f"; {self.proof.claim}" if self.proof is not None else ""
        return f"<Attractors of {count_words(len(self.assignment), 'initial state')}: {', '.join(parts)}{stopped}>"
