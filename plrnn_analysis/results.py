"""Result types: frozen, read-only, each with its proof."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ._frozen import Frozen
from .maps import CanonicalMap
from .statuses import Engine, Stability, StoppedBy
from .tables import ResultSequence, Table

__all__ = [
    "Continuum",
    "Cycle",
    "CycleContinuum",
    "Cycles",
    "Coverage",
    "FixedPoint",
    "FixedPoints",
    "ResultSequence",
    "Subregion",
    "Subregions",
    "Table",
    "Trajectory",
    "UniquenessCertificate",
]


@dataclass(frozen=True, eq=False)
class FixedPoint(Frozen):
    """A point with F(z) = z.

    Attributes
    ----------
    z : (M,) ndarray
        The point, in state coordinates.
    bitcode : str
        Its subregion.
    eigenvalues : (M,) ndarray of complex
        Eigenvalues of the Jacobian of that subregion, largest modulus first.
    spectral_radius : float
        Largest modulus of an eigenvalue.
    stability : Stability
        ``"stable node"``, ``"saddle"``, ... as :class:`plrnn_analysis.statuses.Stability` describes them.
    residual : float
        ``max |F(z) - z|`` evaluated with the ReLUs, not with the subregion's matrix.
    boundary_distance : float
        Euclidean distance to the nearest subregion boundary; infinite without ReLU.
    on_boundary : bool
        True where that distance is zero to within the boundary tolerance of the search. The
        eigenvalues then are one-sided.
    """

    z: np.ndarray
    bitcode: str
    eigenvalues: np.ndarray
    spectral_radius: float
    stability: Stability
    residual: float
    boundary_distance: float
    on_boundary: bool


@dataclass(frozen=True, eq=False)
class Continuum(Frozen):
    """A connected piece of an affine family of fixed points inside one subregion.

    Attributes
    ----------
    anchor : (M,) ndarray
        A fixed point of the family, inside the piece.
    directions : (dimension, M) ndarray
        Orthonormal rows that span the family.
    dimension : int
    bitcode : str
        The subregion that contains the piece.
    eigenvalues : (M,) ndarray of complex
        Of the Jacobian of that subregion, largest modulus first; at least `dimension` of them are 1.
    residual : float
        ``max |F(z) - z|`` at the anchor.
    interval : tuple of float
        For dimension 1, the piece is ``anchor + t * directions[0]`` with t in this closed interval
        (infinite ends allowed); ``None`` in higher dimensions.
    """

    anchor: np.ndarray
    directions: np.ndarray
    dimension: int
    bitcode: str
    eigenvalues: np.ndarray
    residual: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Coverage:
    """What a search looked at, and what it did not.

    Attributes
    ----------
    subregions : int
        Number of sign patterns, 2**H.
    decided : int
        How many of them are proven to hold no fixed point, or have been solved.
    engine : Engine
        How: ``"enumeration"``, ``"elimination"``, ... as :class:`plrnn_analysis.statuses.Engine` describes them.
    nodes : int
        Nodes of the search tree visited.
    pruned, collapsed, solved : int
        Subtrees cut by a sign test, closed by the uniqueness proof, and single subregions solved.
    cuts_checked, cuts_proven : int
        With ``verify="farkas"``: cuts re-checked in exact arithmetic, and those of them that were proven for the
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
    """

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

    @property
    def undecided(self) -> int:
        """Sign patterns about which nothing is claimed."""
        return self.subregions - self.decided


@dataclass(frozen=True, eq=False)
class FixedPoints(ResultSequence[FixedPoint]):
    """All fixed points that a search found, and what it proved.

    A sequence of :class:`FixedPoint`, ordered by bitcode.

    Attributes
    ----------
    complete : bool
        True only when every one of the 2**H subregions was decided: then the points and continua listed are all there
        are, for the given doubles taken as the numbers that they are.
    continua : tuple of Continuum
        Line, plane, ... attractors; their points are not listed among the isolated ones.
    coverage : Coverage
    """

    columns = ("bitcode", "stability", "spectral_radius", "residual", "boundary_distance", "on_boundary", "z")

    _items: tuple[FixedPoint, ...]
    complete: bool
    continua: tuple[Continuum, ...]
    coverage: Coverage

    @property
    def claim(self) -> str:
        """What was proved, in a few words: ``"complete"``, or up to where, or what stopped the search."""
        if self.complete:
            return "complete"
        if self.coverage.limit is not None:
            return f"complete for |y| <= {self.coverage.limit:.3g} only"
        return f"NOT complete, stopped by {self.coverage.stopped_by}"

    def __repr__(self) -> str:
        extra = f", {len(self.continua)} continua" if self.continua else ""
        return f"<FixedPoints: {len(self)} isolated{extra}; {self.claim}>"


@dataclass(frozen=True, eq=False)
class UniquenessCertificate(Frozen):
    """Whether a map has exactly one fixed point, with the numbers that prove it.

    Attributes
    ----------
    unique : bool
        True if proven. False means "not proven", not "several".
    globally_attracting : bool
        True if proven that every trajectory tends to it.
    monotone_margin : float
        Smallest eigenvalue of the symmetric part of I - G of the reduced problem (NaN where every subregion is
        singular); positive beyond rounding proves uniqueness.
    contraction_rates : dict of str to float
        Upper bounds of the Lipschitz constant of the map in several norms; one below 1 proves uniqueness and
        global attraction, and is the factor by which distances in that norm shrink per step.
    proof : str
        ``"monotone"``, the norm used, or ``""``.
    fixed_point : FixedPoint or None
        The point, where it is proven.
    """

    unique: bool
    globally_attracting: bool
    monotone_margin: float
    contraction_rates: dict[str, float]
    proof: str
    fixed_point: FixedPoint | None


@dataclass(frozen=True, eq=False)
class Cycle(Frozen):
    """A periodic orbit of minimal period `period`; rotations of it are the same cycle.

    Attributes
    ----------
    period : int
    points : (period, M) ndarray
        ``points[t + 1] = F(points[t])``, around the ring.
    word : tuple of str
        The bitcode of each point, in the lexicographically smallest rotation.
    multipliers : (M,) ndarray of complex
        Eigenvalues of the product of the Jacobians around the cycle, largest modulus first.
    spectral_radius : float
    stability : Stability
        As for :class:`FixedPoint`.
    residual : float
        ``max |F(points[t]) - points[t + 1]|``.
    boundary_distance : float
        Smallest distance of a point to a subregion boundary.
    on_boundary : bool
        True where that is zero to within the boundary tolerance; multipliers then are one-sided.
    """

    period: int
    points: np.ndarray
    word: tuple[str, ...]
    multipliers: np.ndarray
    spectral_radius: float
    stability: Stability
    residual: float
    boundary_distance: float
    on_boundary: bool


@dataclass(frozen=True, eq=False)
class CycleContinuum(Frozen):
    """A connected affine family of cycles of one period that share a word.

    Attributes
    ----------
    period : int
        Minimal period of the family's general member.
    anchor : (period, M) ndarray
        One member.
    directions : (dimension, period, M) ndarray
        ``anchor + sum_i t_i directions[i]`` are members as long as no sign changes.
    dimension : int
    word : tuple of str
    """

    period: int
    anchor: np.ndarray
    directions: np.ndarray
    dimension: int
    word: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Cycles(ResultSequence[Cycle]):
    """All cycles that a search found, and what it proved; ordered by period and word.

    Attributes
    ----------
    complete_up_to : int
        There is no other cycle, isolated or in a family, of any period up to this one (inside `box`, if one is
        given), for the given doubles taken as the numbers that they are. 0 if not even period 1 was finished.
    max_period : int
        The largest period asked for.
    box : tuple of ndarray or None
        Lower and upper corner (M,) of the box all points lie in; None if the search was unbounded.
    continua : tuple of CycleContinuum
    coverage : dict of int to Coverage
        For each period what was looked at and how.
    """

    columns = (
        "period", "word", "stability", "spectral_radius", "residual", "boundary_distance", "on_boundary", "points",
    )  # fmt: skip

    _items: tuple[Cycle, ...]
    complete_up_to: int
    max_period: int
    box: tuple[np.ndarray, np.ndarray] | None
    continua: tuple[CycleContinuum, ...]
    coverage: dict[int, Coverage]

    @property
    def complete(self) -> bool:
        """Whether all periods asked for are complete."""
        return self.complete_up_to == self.max_period

    @property
    def counts(self) -> dict[int, int]:
        """Number of isolated cycles of each period searched."""
        numbers = {period: 0 for period in self.coverage}
        for cycle in self:
            numbers[cycle.period] += 1
        return numbers

    @property
    def claim(self) -> str:
        """What was proved, in a few words."""
        where = "" if self.box is None else " inside the box"
        limits = [c.limit for c in self.coverage.values() if c.limit is not None]
        up_to = f"; beyond that for |y| <= {min(limits):.3g} only" if limits else ""
        return f"complete up to period {self.complete_up_to} of {self.max_period}{where}{up_to}"

    def to_scyfi(self) -> tuple[list[list[list[np.ndarray]]], list[list[np.ndarray]]]:
        """The nesting of the Julia package SCYFI: ``cycles[k - 1][i][t]`` and ``eigenvalues[k - 1][i]``.

        Returns
        -------
        cycles : list
            For each period, its cycles, each a list of (M,) points.
        eigenvalues : list
            For each period, the (M,) multipliers of its cycles.
        """
        cycles: list[list[list[np.ndarray]]] = [[] for _ in range(self.max_period)]
        eigenvalues: list[list[np.ndarray]] = [[] for _ in range(self.max_period)]
        for cycle in self:
            cycles[cycle.period - 1].append(list(cycle.points))
            eigenvalues[cycle.period - 1].append(cycle.multipliers)
        return cycles, eigenvalues

    def __repr__(self) -> str:
        found = ", ".join(f"{k}: {number}" for k, number in self.counts.items() if number) or "none"
        extra = f", {len(self.continua)} continua" if self.continua else ""
        return f"<Cycles: {found}{extra}; {self.claim}>"


@dataclass(frozen=True, eq=False)
class Subregion(Frozen):
    """A non-empty linear subregion.

    Attributes
    ----------
    bitcode : str
    jacobian : (M, M) ndarray
    spectral_radius : float
    interior_point : (M,) ndarray
        Some state strictly inside.
    fixed_point : (M,) ndarray or None
        The fixed point of the subregion's affine map, None where I - J is singular.
    contains_fixed_point : bool
        Whether that point lies inside (a real fixed point) or outside (a virtual one).
    """

    bitcode: str
    jacobian: np.ndarray
    spectral_radius: float
    interior_point: np.ndarray
    fixed_point: np.ndarray | None
    contains_fixed_point: bool


@dataclass(frozen=True, eq=False)
class Subregions(ResultSequence[Subregion]):
    """The non-empty subregions of a model, ordered by bitcode; `complete` says whether these are all."""

    columns = ("bitcode", "spectral_radius", "contains_fixed_point")

    _items: tuple[Subregion, ...]
    complete: bool

    def __repr__(self) -> str:
        return f"<Subregions: {len(self)} non-empty; {'complete' if self.complete else 'NOT complete'}>"


@dataclass(frozen=True, eq=False)
class Trajectory(Frozen):
    """States that a model went through, with the subregion of each.

    Attributes
    ----------
    states : (batch, T, M) ndarray
        ``states[:, t]`` is the state after input ``t``.
    bitcodes : (batch, T, H) ndarray of bool
        Subregion of each state. Where the input enters inside the ReLU (``torch.nn.RNN``) it is the
        subregion that step t used, since a state alone does not have one.
    outputs : (batch, T, N) ndarray or None
        Readout ``B z + b`` of each state, None for a model without readout.
    initial : (batch, M) ndarray
        State before the first step.
    inputs : (batch, T, K) ndarray or None
    map : CanonicalMap
        The map that made it.
    """

    states: np.ndarray
    bitcodes: np.ndarray
    outputs: np.ndarray | None
    initial: np.ndarray
    inputs: np.ndarray | None
    map: CanonicalMap = field(repr=False)

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return int(self.states.shape[1])
