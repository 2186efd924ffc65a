"""What is proven of attractors: of each one, and of the list."""

from __future__ import annotations

from dataclasses import dataclass

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..results import Proof

__all__ = ["AttractorProof", "AttractorsProof"]


@dataclass(frozen=True, eq=False)
class AttractorProof(Proof):
    """What is proven of a fixed point, a cycle or a continuum as an attractor, for the given doubles.

    Attributes
    ----------
    attracts : bool
        All its multipliers are proven to be smaller than one in modulus, but for as many as a continuum has
        dimensions, and no ReLU argument is exactly zero: whatever starts near enough comes to it.
    """

    attracts: bool = False

    @property
    def proven(self) -> bool:
        """Whether it is proven to exist where it is listed, to be as stable as is listed, and to attract."""
        return super().proven and self.attracts

    @property
    def claim(self) -> str:
        """The same in a few words."""
        if not self.exists:
            return "not proven"
        return f"{super().claim}; {'attracts: proven' if self.attracts else 'attracts: NOT proven'}"


@dataclass(frozen=True, eq=False)
class AttractorsProof(Frozen):
    """What is proven of a list of attractors.

    Attributes
    ----------
    exact : int
        Number of fixed points, cycles and continua listed as attractors.
    proven : int
        How many of them have a :class:`AttractorProof` that misses nothing.
    measured : int
        Number of chaotic and quasi-periodic ends, of which nothing is proven.
    missing : tuple of str
        What is not proven, and why.

    Notes
    -----
    The list itself is never proven to be whole: it holds what the initial states lead to.
    """

    exact: int
    proven: int
    measured: int
    missing: tuple[str, ...] = ()

    @property
    def claim(self) -> str:
        """The same in a few words."""
        return f"proven: {self.proven} of {self.exact}" + (f", measured: {self.measured}" if self.measured else "")

    def sentences(self) -> list[str]:
        """The same in plain words."""
        text = []
        if self.exact:
            listed = count_words(self.exact, "fixed point, cycle or continuum", "fixed points, cycles and continua")
            text.append(f"Proven to exist where listed and to attract: {self.proven} of {listed}.")
        if self.measured:
            ends = count_words(self.measured, "chaotic or quasi-periodic end", "chaotic or quasi-periodic ends")
            text.append(f"Measured, not proven: {ends}.")
        text += self._notes()
        return [*text, "That there are no other attractors is not proven: these are what the initial states lead to."]

    def __repr__(self) -> str:
        return f"<AttractorsProof: {self.claim}>"

    def _notes(self) -> list[str]:
        return [f"Not proven: {reason}." for reason in self.missing]
