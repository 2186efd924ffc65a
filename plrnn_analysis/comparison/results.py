"""What a comparison of two networks found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..results import FixedPoint, ResultSequence, Table
from ..statuses import Relation
from .differences import Match

__all__ = ["Comparison", "FixedPointMatch", "SubregionMatch"]


@dataclass(frozen=True)
class SubregionMatch(Frozen):
    """A subregion of one network and the one of the other that has the matched ReLUs active.

    Attributes
    ----------
    bitcode_a, bitcode_b : str
    radius_a, radius_b : float
        Spectral radii of the two Jacobians.
    distance : float
        Largest difference of eigenvalues in their best matching; where the numbers of units differ, of as many as the
        smaller network has.
    """

    bitcode_a: str
    bitcode_b: str
    radius_a: float
    radius_b: float
    distance: float


@dataclass(frozen=True, eq=False)
class FixedPointMatch(Frozen):
    """Fixed points in corresponding subregions.

    Attributes
    ----------
    a, b : FixedPoint
    distance : float
        Of their eigenvalues, as for :class:`SubregionMatch`.
    readout_distance : float
        Largest difference of the readouts there; NaN where readouts are not compared.
    """

    a: FixedPoint
    b: FixedPoint
    distance: float
    readout_distance: float


@dataclass(frozen=True, eq=False)
class Comparison(ResultSequence[FixedPointMatch]):
    """What two networks share; a sequence of the matched fixed points, best match first.

    Attributes
    ----------
    relation : Relation
        - ``"conjugate"``: ``z_b = T z_a + t`` turns one network into the other;
        - ``"same observable part"``: the same but for modes that neither a ReLU nor the readout sees;
        - ``"same minimal part"``: the same once decaying modes that nothing excites have died out;
        - ``"different"``.
    mismatch : float
        Largest relative difference in the best match found; at most `tolerance` unless different. It is of the size of
        the relative differences between weights; see :class:`Match`.
    tolerance : float
    details : Match
        Its parts: driven (Markov parameters), free (initial states) and constant (offsets).
    permutation : tuple of int
        For each ReLU of the first network the one of the second, -1 without one; both counted from 0.
    scales : (P_a,) ndarray
        Argument of the matched ReLU of the second network over that of the first; NaN without one.
    alternatives : tuple of tuple of int
        Other permutations that prove the equivalence, at most 23: a network may have symmetries.
    T : (M_b, M_a) ndarray or None
    t : (M_b,) ndarray or None
        Coordinates ``z_b = T z_a + t``, up to what nothing sees; None if different, or if only the minimal parts agree.
    unseen_a, unseen_b : ndarray of complex
        Eigenvalues of modes that neither a ReLU nor the compared readout sees.
    settling_a, settling_b : ndarray of complex
        Eigenvalues of decaying modes that neither a ReLU nor an input excites.
    subregions : tuple of SubregionMatch
        Closest first.
    unmatched_a, unmatched_b : tuple of FixedPoint
        Fixed points without a partner.
    fixed_points_complete : bool
        Whether both lists of fixed points are proved complete.
    compared : tuple of str
        Of ``"ReLUs"``, ``"inputs"`` and ``"readouts"``.
    exhausted : bool
        Whether every assignment of the ReLUs was ruled out or compared. If not, "different" is not proved.
    notes : tuple of str
    """

    _items: tuple[FixedPointMatch, ...]
    relation: Relation
    mismatch: float
    tolerance: float
    details: Match
    permutation: tuple[int, ...]
    scales: np.ndarray
    alternatives: tuple[tuple[int, ...], ...]
    T: np.ndarray | None
    t: np.ndarray | None
    unseen_a: np.ndarray
    unseen_b: np.ndarray
    settling_a: np.ndarray
    settling_b: np.ndarray
    subregions: tuple[SubregionMatch, ...]
    unmatched_a: tuple[FixedPoint, ...]
    unmatched_b: tuple[FixedPoint, ...]
    fixed_points_complete: bool
    compared: tuple[str, ...]
    exhausted: bool
    notes: tuple[str, ...]

    @property
    def equivalent(self) -> bool:
        """Whether the two are one network to the tolerance, in one of the three senses of `relation`."""
        return self.relation != "different"

    def table(self) -> Table:
        """Columns ``bitcode_a``, ``bitcode_b``, ``stability_a``, ``stability_b``, ``distance``, ``readout_distance``.

        One row per matched fixed point, then the ones without a partner, whose other columns are None.
        """
        rows: list[tuple[Any, ...]] = [
            (m.a.bitcode, m.b.bitcode, m.a.stability, m.b.stability, m.distance, m.readout_distance) for m in self
        ]
        rows += [(p.bitcode, None, p.stability, None, None, None) for p in self.unmatched_a]
        rows += [(None, p.bitcode, None, p.stability, None, None) for p in self.unmatched_b]
        names = ("bitcode_a", "bitcode_b", "stability_a", "stability_b", "distance", "readout_distance")
        return Table({name: [row[k] for row in rows] for k, name in enumerate(names)})

    def subregion_table(self) -> Table:
        """Columns ``bitcode_a``, ``bitcode_b``, ``radius_a``, ``radius_b``, ``distance``."""
        names = ("bitcode_a", "bitcode_b", "radius_a", "radius_b", "distance")
        return Table({name: [getattr(match, name) for match in self.subregions] for name in names})

    def sentences(self) -> list[str]:
        """The result in words."""
        by_relation = {
            "conjugate": "The two networks are the same in other coordinates",
            "same observable part": "The two networks differ only in modes that nothing sees",
            "same minimal part": "The two networks are the same once modes that nothing excites have died out",
            "different": "The two networks differ"
            if self.exhausted
            else "The two networks were not found to be the same",
        }
        where = "in the best match of their ReLUs " if self.relation == "different" else ""
        pairs = ", ".join(f"{i}→{k}" for i, k in enumerate(self.permutation) if k >= 0) or "none"
        said = [
            f"{by_relation[self.relation]}: {where}the largest relative difference is {self.mismatch:.2g} "
            f"(tolerance {self.tolerance:.2g}).",
            f"Matched ReLUs: {pairs}.",
        ]
        if self.alternatives:
            n = len(self.alternatives)
            said.append(f"{count_words(n, 'other match does', 'other matches do')} as well.")
        if self.subregions:
            worst = self.subregions[-1]
            close = sum(match.distance <= 0.05 * max(match.radius_a, match.radius_b) for match in self.subregions)
            said.append(
                f"In {close} of {len(self.subregions)} matched subregions all eigenvalues agree to 5% of the spectral "
                f"radius; the largest difference is {worst.distance:.2g}, in {worst.bitcode_a}."
            )
        said.append(self._partners())
        return said + [note[0].upper() + note[1:] + "." for note in self.notes]

    def _partners(self) -> str:
        """How many fixed points correspond."""
        alone = [(len(self.unmatched_a), "first"), (len(self.unmatched_b), "second")]
        paired = count_words(len(self), "fixed point has", "fixed points have")
        text = f"{paired} a partner in the matched subregion"
        lonely = [f"{n} of the {which} network {'has' if n == 1 else 'have'} none" for n, which in alone if n]
        return "; ".join([text, *lonely]) + "."

    def __repr__(self) -> str:
        paired = count_words(len(self), "fixed point")
        return (
            f"<Comparison: {self.relation}, mismatch {self.mismatch:.2g}; {paired} matched, "
            f"{len(self.unmatched_a)} + {len(self.unmatched_b)} not>"
        )
