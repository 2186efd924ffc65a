"""Cycles and what a search for them proved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._frozen import Frozen
from ..display.abbreviation import count_words
from ..records import ComplexArray
from ..statuses import Stability
from .coverage import Coverage
from .proof import Proof
from .visits import InSubregions

__all__ = ["Cycle", "CycleContinuum", "Cycles"]


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
    outputs : (period, N) ndarray or None
        Readout ``B z + b`` of each point, where a model with a readout found it.
    proof : Proof or None
        With ``verify="rigorous"``: what is proven of it.
    """

    period: int
    points: np.ndarray
    word: tuple[str, ...]
    multipliers: ComplexArray
    spectral_radius: float
    stability: Stability
    residual: float
    boundary_distance: float
    on_boundary: bool
    outputs: np.ndarray | None = None
    proof: Proof | None = None


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
    outputs : (period, N) ndarray or None
        Readout ``B z + b`` of each point of the anchor, where a model with a readout found it.
    proof : Proof or None
        With ``verify="rigorous"``: what is proven of it.
    """

    period: int
    anchor: np.ndarray
    directions: np.ndarray
    dimension: int
    word: tuple[str, ...]
    outputs: np.ndarray | None = None
    proof: Proof | None = None


@dataclass(frozen=True, eq=False)
class Cycles(InSubregions[Cycle]):
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
    output_names : tuple of str
        What the model's checkpoint calls its outputs; empty where it has no names for them.
    """

    columns = (
        "period", "word", "stability", "spectral_radius", "residual", "boundary_distance", "on_boundary", "points",
        "outputs", "proof",
    )  # fmt: skip
    optional_columns = ("outputs", "proof")

    items_key = "cycles"

    _items: tuple[Cycle, ...]
    complete_up_to: int
    max_period: int
    box: tuple[np.ndarray, np.ndarray] | None
    continua: tuple[CycleContinuum, ...]
    coverage: dict[int, Coverage]
    output_names: tuple[str, ...] = ()

    def words(self) -> list[tuple[str, ...]]:
        """The subregions of each cycle, in their order."""
        return [cycle.word for cycle in self]

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
    def rigorous_up_to(self) -> int:
        """The largest period up to which the lists and all that they say is proven, by ``verify="rigorous"``; or 0."""
        largest = 0
        for period in sorted(self.coverage):
            proof = self.coverage[period].rigorous
            if period > self.complete_up_to or proof is None or not proof.rigorous:
                return largest
            largest = period
        return self.complete_up_to if largest else 0

    @property
    def rigorous(self) -> bool:
        """Whether all of this is proven for all periods asked for."""
        return self.complete and self.rigorous_up_to == self.max_period

    @property
    def claim(self) -> str:
        """What was proved, in a few words."""
        where = "" if self.box is None else " inside the box"
        limits = [c.limit for c in self.coverage.values() if c.limit is not None]
        up_to = f"; beyond that for |y| <= {min(limits):.3g} only" if limits else ""
        asked = any(c.rigorous is not None for c in self.coverage.values())
        proven = f", proven up to period {self.rigorous_up_to}" if asked else ""
        return f"complete up to period {self.complete_up_to} of {self.max_period}{where}{proven}{up_to}"

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
        extra = f", {count_words(len(self.continua), 'family', 'families')}" if self.continua else ""
        return f"<Cycles: {found}{extra}; {self.claim}>"

    def _verdict(self) -> str:
        number = count_words(len(self), "isolated cycle")
        found = ", ".join(f"{n:,} of period {k}" for k, n in self.counts.items() if n)
        extra = f", {count_words(len(self.continua), 'family', 'families')}" if self.continua else ""
        return f"{number}{f' ({found})' if found else ''}{extra}; {self.claim}"

    def _notes(self) -> list[str]:
        notes = dict.fromkeys(note for coverage in self.coverage.values() for note in coverage.notes)
        missing = [
            f"period {period}: not proven: {reason}"
            for period, coverage in self.coverage.items()
            for reason in (coverage.rigorous.missing if coverage.rigorous else ())
        ]
        return [f"Note: {note}." for note in (*notes, *missing)]
