"""Results about invariant manifolds: pieces, manifolds made of them, and where two manifolds meet."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..maps import CanonicalMap
from ..results import ResultSequence
from ..statuses import IntersectionKind, StoppedBy
from .pieces import ManifoldPiece
from .proven import SaddleProof

__all__ = ["Intersection", "Intersections", "Manifold", "Pieces"]


@dataclass(frozen=True, eq=False)
class Pieces(ResultSequence[ManifoldPiece]):
    """Convex pieces, and what could not be represented.

    Attributes
    ----------
    complete : bool
        Whether the pieces are the whole set within the box.
    notes : tuple of str
    """

    columns = ("bitcode", "iteration", "dimension", "size", "parent", "vertices")

    _items: tuple[ManifoldPiece, ...]
    complete: bool
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Pieces: {len(self)}; {'complete' if self.complete else 'NOT complete'}>"


@dataclass(frozen=True, eq=False)
class Manifold(Pieces):
    """A stable or unstable manifold as a sequence of convex pieces, each in one subregion; local pieces come first.

    Attributes
    ----------
    complete : bool
        True only if nothing is left to follow: every point of the manifold whose orbit to (stable) or from (unstable)
        the saddle stays in the box lies on a piece, up to rounding.
    notes : tuple of str
        What was cut, has collapsed or is not represented.
    kind : str
        ``"stable"`` or ``"unstable"``.
    dimension : int
        1 or 2. Preimages under singular Jacobians may have more, images less: see each piece.
    points : (p, M) ndarray
        The saddle; p is 1 for a fixed point.
    box : tuple of (M,) ndarray
        Lower and upper corner.
    iterations : int
        Generations that were finished.
    stopped_by : StoppedBy
        Empty if nothing is left, else ``"iterations"``, ``"max_pieces"``, ``"max_size"``, ``"time_limit"`` or
        ``"interrupt"``.
    clipped : bool
        Whether the box cut the manifold.
    map : CanonicalMap
        The map under the input that was held on.
    proof : SaddleProof or None
        With ``verify="rigorous"``: what is proven of the saddle. The pieces themselves hold to rounding.
    """

    kind: str
    dimension: int
    points: np.ndarray
    box: tuple[np.ndarray, np.ndarray]
    iterations: int
    stopped_by: StoppedBy
    clipped: bool
    map: CanonicalMap = field(repr=False)
    proof: SaddleProof | None = None

    def _notes(self) -> list[str]:
        missing = () if self.proof is None else self.proof.missing
        return [*super()._notes(), *(f"Not proven: {reason}." for reason in missing)]

    @property
    def size(self) -> float:
        """Total length (dimension 1) or area (2) of the pieces of that dimension; overlaps count twice."""
        return float(sum(piece.size for piece in self if piece.dimension == self.dimension))

    @property
    def bounding_box(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner (M,) around all pieces."""
        vertices = np.vstack([piece.vertices for piece in self])
        return vertices.min(axis=0), vertices.max(axis=0)

    def __repr__(self) -> str:
        what = "length" if self.dimension == 1 else "area"
        end = "complete in the box" if self.complete else f"NOT complete, stopped by {self.stopped_by or 'see notes'}"
        end += f"; {self.proof.claim}" if self.proof is not None else ""
        return f"<Manifold: {self.kind}, {count_words(len(self), 'piece')}, {what} {self.size:.4g}; {end}>"


@dataclass(frozen=True, eq=False)
class Intersection(Frozen):
    """A point on a stable and on an unstable manifold.

    Attributes
    ----------
    z : (M,) ndarray
    kind : IntersectionKind
        ``"transversal"``; ``"kink"`` where an end of a piece is met, so that the manifolds may only touch;
        ``"overlap"`` where pieces lie in each other (`z` is the middle of what they share).
    angle : float
        Between the pieces, in degrees.
    pieces : tuple of int
        Index of the piece of the first and of the second manifold.
    residual : float
        Largest distance by which the orbit through `z`, step by step, misses the pieces that lead to the one saddle
        forward and to the other backward.
    verified : bool
        Whether that is below 1e-9 of the box's diagonal: the orbit then tends to a saddle in both directions.
    """

    z: np.ndarray
    kind: IntersectionKind
    angle: float
    pieces: tuple[int, int]
    residual: float
    verified: bool


@dataclass(frozen=True, eq=False)
class Intersections(ResultSequence[Intersection]):
    """All common points of two manifolds as far as these were followed; the saddle itself is left out.

    Attributes
    ----------
    notes : tuple of str
    """

    columns = ("kind", "angle", "residual", "verified", "pieces", "z")

    _items: tuple[Intersection, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        proper = sum(point.kind == "transversal" and point.verified for point in self)
        return f"<Intersections: {len(self)}, {proper} of them transversal and verified>"
