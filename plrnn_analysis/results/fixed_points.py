"""Fixed points and what a search for them proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..records import ComplexArray
from ..statuses import Stability
from .coverage import Coverage
from .proof import Proof
from .visits import InSubregions

if TYPE_CHECKING:
    from .pairing import FixedPointPairing

__all__ = ["Continuum", "FixedPoint", "FixedPoints", "UniquenessCertificate"]


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
    output : (N,) ndarray or None
        Readout ``B z + b`` of the point, where a model with a readout found it.
    proof : Proof or None
        With ``verify="rigorous"``: what is proven of it.
    """

    z: np.ndarray
    bitcode: str
    eigenvalues: ComplexArray
    spectral_radius: float
    stability: Stability
    residual: float
    boundary_distance: float
    on_boundary: bool
    output: np.ndarray | None = None
    proof: Proof | None = None


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
    output : (N,) ndarray or None
        Readout ``B z + b`` of the anchor, where a model with a readout found it.
    proof : Proof or None
        With ``verify="rigorous"``: what is proven of it.
    """

    anchor: np.ndarray
    directions: np.ndarray
    dimension: int
    bitcode: str
    eigenvalues: ComplexArray
    residual: float
    interval: tuple[float, float] | None = None
    output: np.ndarray | None = None
    proof: Proof | None = None


@dataclass(frozen=True, eq=False)
class FixedPoints(InSubregions[FixedPoint]):
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
    output_names : tuple of str
        What the model's checkpoint calls its outputs; empty where it has no names for them.
    """

    columns = (
        "bitcode", "stability", "spectral_radius", "residual", "boundary_distance", "on_boundary", "z", "output",
        "proof",
    )  # fmt: skip
    optional_columns = ("output", "proof")

    items_key = "fixed_points"

    _items: tuple[FixedPoint, ...]
    complete: bool
    continua: tuple[Continuum, ...]
    coverage: Coverage
    output_names: tuple[str, ...] = ()

    def words(self) -> list[tuple[str, ...]]:
        """The subregion of each point, as words of one bitcode."""
        return [(point.bitcode,) for point in self]

    @property
    def rigorous(self) -> bool:
        """Whether the list and all that it says is proven, by ``verify="rigorous"``."""
        return self.complete and self.coverage.rigorous is not None and self.coverage.rigorous.rigorous

    @property
    def claim(self) -> str:
        """What was proved, in a few words: ``"complete"``, or up to where, or what stopped the search."""
        if self.complete:
            return "complete" if self.coverage.rigorous is None else f"complete, {self.coverage.rigorous.claim}"
        if self.coverage.limit is not None:
            return f"complete for |y| <= {self.coverage.limit:.3g} only"
        return f"NOT complete, stopped by {self.coverage.stopped_by}"

    def match(
        self,
        other: FixedPoints,
        *,
        by: str = "auto",
        state_map: Callable[[np.ndarray], Any] | Any = None,
        scale: Any = None,
        tolerance: float = 0.5,
    ) -> FixedPointPairing:
        """Pair the points of two networks one to one; see :func:`plrnn_analysis.results.pair_fixed_points`.

        Parameters
        ----------
        other : FixedPoints
        by : {"auto", "states", "outputs"}, optional
        state_map : (M_other, M) array_like or callable, optional
        scale : float, (D,) array_like or Trajectory, optional
        tolerance : float, optional
        """
        from .pairing import pair_fixed_points

        return pair_fixed_points(self, other, by=by, state_map=state_map, scale=scale, tolerance=tolerance)

    def __repr__(self) -> str:
        extra = f", {count_words(len(self.continua), 'continuum', 'continua')}" if self.continua else ""
        return f"<FixedPoints: {len(self)} isolated{extra}; {self.claim}>"

    def _verdict(self) -> str:
        everything = self.coverage.subregions.bit_length() - 1
        proof = f": all 2^{everything} subregions were decided" if self.complete else ""
        found = count_words(len(self), "isolated fixed point")
        extra = f", {count_words(len(self.continua), 'continuum', 'continua')}" if self.continua else ""
        return f"{found}{extra}; {self.claim}{proof}"

    def _notes(self) -> list[str]:
        missing = () if self.coverage.rigorous is None else self.coverage.rigorous.missing
        return [f"Note: {note}." for note in (*self.coverage.notes, *(f"not proven: {reason}" for reason in missing))]


@dataclass(frozen=True, eq=False)
class UniquenessCertificate(Frozen):
    """Whether a map has exactly one fixed point, with the numbers that prove it.

    Attributes
    ----------
    unique : bool
        True if proved. False means "not proved", not "several".
    globally_attracting : bool
        True if proved that every trajectory tends to it.
    monotone_margin : float
        Smallest eigenvalue of the symmetric part of I - G of the reduced problem (NaN where every subregion is
        singular); positive beyond rounding proves uniqueness.
    contraction_rates : dict of str to float
        Upper bounds of the Lipschitz constant of the map in several norms; one below 1 proves uniqueness and
        global attraction, and is the factor by which distances in that norm shrink per step.
    proof : str
        ``"monotone"``, the norm used, or ``""``.
    fixed_point : FixedPoint or None
        The point, where it is proved.
    """

    unique: bool
    globally_attracting: bool
    monotone_margin: float
    contraction_rates: dict[str, float]
    proof: str
    fixed_point: FixedPoint | None
