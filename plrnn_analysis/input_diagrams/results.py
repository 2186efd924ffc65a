"""Branches, border collisions and continua over inputs as users get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from .._validation import as_array
from ..errors import ModelError
from ..maps import bits_to_string
from ..statuses import MeetingKind, Stability
from .branches import Meeting
from .proven import BranchProof
from .solutions import Piece, Sheet, as_floats

__all__ = [
    "InputCollision",
    "FixedPointBranch",
    "InputContinuum",
    "describe_branch",
    "describe_collision",
    "describe_continua",
]


@dataclass(frozen=True, eq=False)
class FixedPointBranch(Frozen):
    """The fixed point of one subregion, as an affine function of the inputs: ``z = offset + slope @ s``.

    Attributes
    ----------
    bitcode : str
    corners : (2, 1) or (k, 2) ndarray
        For one input the ends of its interval, for two the corners of its convex polygon, counter-clockwise.
    offset : (M,) ndarray
    slope : (M, d) ndarray
        What an input moves: ``d z / d s``.
    eigenvalues : (M,) ndarray of complex
        The same along the whole branch, largest modulus first.
    spectral_radius : float
    stability : Stability
        As for :class:`plrnn_analysis.results.FixedPoint`.
    proof : BranchProof or None
        With ``verify="rigorous"``: what is proven of all this.
    """

    bitcode: str
    corners: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    eigenvalues: np.ndarray
    spectral_radius: float
    stability: Stability
    proof: BranchProof | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest value of a single input."""
        if self.corners.shape[1] != 1:
            raise ModelError("a branch over two inputs has a polygon (corners), not an interval")
        return float(self.corners[0, 0]), float(self.corners[1, 0])

    def state(self, values: Any) -> np.ndarray:
        """The fixed point at input values (d,), or a number for one input; the result is (M,)."""
        s = as_array("values", np.atleast_1d(values), (self.slope.shape[1],), "(d,)")
        result: np.ndarray = self.offset + self.slope @ s
        return result


@dataclass(frozen=True, eq=False)
class InputCollision(Frozen):
    """A place where fixed points cross or meet at the boundary of a subregion.

    Attributes
    ----------
    location : (1, 1) or (2, 2) ndarray
        One input: its value. Two inputs: the ends of a line.
    states : (1, M) or (2, M) ndarray
        The fixed point there.
    units : tuple of int
        The ReLUs, as numbered in the bitcode, whose argument is zero.
    below, above : tuple of str
        Bitcodes of the branches that exist below and above the value; for two inputs, on the two sides of the line.
    kind : MeetingKind
        ``"persistence"``: one branch on each side; ``"nonsmooth fold"``: two on one side, which meet and vanish;
        ``"continuum"``: a branch ends in a continuum of fixed points; ``"degenerate"``: anything else.
    """

    location: np.ndarray
    states: np.ndarray
    units: tuple[int, ...]
    below: tuple[str, ...]
    above: tuple[str, ...]
    kind: MeetingKind


@dataclass(frozen=True, eq=False)
class InputContinuum(Frozen):
    """A subregion that holds a continuum of fixed points for the inputs in the convex hull of `corners`.

    Attributes
    ----------
    bitcode : str
    corners : (k, d) ndarray
        One corner: a single input value. Two: an interval, or a line in two inputs.
    dimension : int
        Of the continuum at one of the inputs in the middle.
    proof : BranchProof or None
        With ``verify="rigorous"``: what is proven of all this.
    """

    bitcode: str
    corners: np.ndarray
    dimension: int
    proof: BranchProof | None = None


def describe_branch(sheet: Sheet, spans: np.ndarray, eigenvalues: np.ndarray, stability: Stability) -> FixedPointBranch:
    """A sheet of fixed points in the user's inputs, with its stability."""
    low, width = spans[:, 0], spans[:, 1] - spans[:, 0]
    slope = sheet.point.state[:, 1:] / width
    return FixedPointBranch(
        bitcode=bits_to_string(sheet.point.bits),
        corners=low + width * as_floats(sheet.corners),
        offset=sheet.point.state[:, 0] - slope @ low,
        slope=slope,
        eigenvalues=eigenvalues,
        spectral_radius=float(np.abs(eigenvalues[0])),
        stability=Stability(stability),
    )


def describe_collision(sheets: list[Sheet], pieces: list[Piece], meeting: Meeting, spans: np.ndarray) -> InputCollision:
    """A place where sheets meet, named by how many there are on each side."""
    below, above = (
        tuple(bits_to_string(sheets[i].point.bits) for i in side) for side in (meeting.below, meeting.above)
    )
    number = len(below), len(above)
    if number == (1, 1):
        kind = "persistence"
    elif number in ((2, 0), (0, 2)):
        kind = "nonsmooth fold"
    else:
        bits = sheets[(meeting.below + meeting.above)[0]].point.bits.copy()
        bits[meeting.units] ^= True
        middle = meeting.location.mean(axis=0)
        ends_there = any(np.array_equal(piece.bits, bits) and piece.near(middle) for piece in pieces)
        kind = "continuum" if len(meeting.units) == 1 and sum(number) == 1 and ends_there else "degenerate"
    low, width = spans[:, 0], spans[:, 1] - spans[:, 0]
    return InputCollision(
        location=low + width * meeting.location,
        states=meeting.states,
        units=tuple(int(i) for i in meeting.units),
        below=below,
        above=above,
        kind=MeetingKind(kind),
    )


def describe_continua(pieces: list[Piece], spans: np.ndarray) -> tuple[InputContinuum, ...]:
    """Those singular subregions that hold more than single points."""
    low, width = spans[:, 0], spans[:, 1] - spans[:, 0]
    return tuple(
        InputContinuum(bits_to_string(piece.bits), low + width * piece.corners, piece.dimension)
        for piece in pieces
        if piece.dimension
    )
