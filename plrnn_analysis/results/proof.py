"""What is proven of one fixed point, cycle or family of them, beside the search that found it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words, upper_number
from ..statuses import Arithmetic

__all__ = ["Proof"]


@dataclass(frozen=True, eq=False)
class Proof(Frozen):
    """What is proven of a fixed point, a cycle or a continuum, for the given doubles.

    Attributes
    ----------
    exists : bool
        The subregion, or for a cycle the word of subregions, holds exactly one such object, of the dimension listed.
    radius : float
        No coordinate of the exact point, of a point of the exact cycle, or of an exact member of the continuum
        differs from the listed one by more; infinite where nothing is proven.
    signs : Arithmetic
        What decided the signs of all ReLU arguments: ``"balls"``, or ``"rationals"`` where a ball contains zero, and
        for every continuum; ``"nothing"`` where they are not decided.
    bits : int
        Precision of the balls; 0 for rationals.
    on_boundary : int
        Number of ReLU arguments that are exactly zero, on all of a continuum.
    stability : bool or None
        Whether the stability listed is proven by enclosures of all eigenvalues; None where none is listed.
    eigenvalue_radii : (M,) ndarray
        The exact eigenvalues can be numbered so that each differs from the listed one by at most this; infinite where
        that is not known, empty where no eigenvalues are listed.
    missing : tuple of str
        What is not proven, and why.
    """

    exists: bool
    radius: float = float("inf")
    signs: Arithmetic = Arithmetic.NOTHING
    bits: int = 0
    on_boundary: int = 0
    stability: bool | None = None
    eigenvalue_radii: np.ndarray = field(default_factory=lambda: np.zeros(0))
    missing: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether all that is listed of the object is proven."""
        return self.exists and self.stability is not False and not self.missing

    @property
    def claim(self) -> str:
        """The same in a few words."""
        if not self.exists:
            return "not proven"
        where = f"exact within {upper_number(self.radius)}, signs by {self.signs}"
        zeros = f", {count_words(self.on_boundary, 'ReLU argument')} exactly zero" if self.on_boundary else ""
        stable = {True: "; stability proven", False: "; stability NOT proven", None: ""}[self.stability]
        return where + zeros + stable

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.claim}>"

    def _notes(self) -> list[str]:
        return [f"Not proven: {reason}." for reason in self.missing]
