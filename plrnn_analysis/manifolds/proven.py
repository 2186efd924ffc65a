"""What is proven of the saddle that a manifold belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from ..display.abbreviation import count_words
from ..results import Proof

__all__ = ["SaddleProof"]


@dataclass(frozen=True, eq=False)
class SaddleProof(Proof):
    """What is proven of a fixed point or cycle, and of the dimensions of its manifolds, for the given doubles.

    Attributes
    ----------
    inside, outside : int
        Multipliers proven to be smaller, and larger, than one in modulus: dimensions of the stable and of the unstable
        manifold. The others have modulus one, or it is not known.
    """

    inside: int = 0
    outside: int = 0

    @property
    def claim(self) -> str:
        """The same in a few words."""
        if not self.exists:
            return "saddle not proven"
        directions = f"{self.inside} stable and {count_words(self.outside, 'unstable direction')} proven"
        return f"saddle {super().claim}; {directions}"
