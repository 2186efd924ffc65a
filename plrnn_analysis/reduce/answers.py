"""What a reduction says: of each ReLU, and of the smaller model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

import numpy as np

from .._frozen import Frozen
from ..maps import CanonicalMap
from ..network import AnyNetwork
from ..results import ResultSequence
from ..statuses import ReluStatus, StoppedBy
from .domains import Polytope

__all__ = ["ReducedModel", "UnitReport"]


@dataclass(frozen=True, eq=False)
class UnitReport(Frozen):
    """One ReLU over the domain.

    Attributes
    ----------
    unit : int
        For an AL-RNN the state unit, as in :meth:`plrnn_analysis.PLRNN.ablate`; else the number of the ReLU.
    status : ReluStatus
        ``"always on"``, ``"always off"``, ``"no effect"`` (nothing reads it), ``"merged"`` (it reads a multiple of
        what an earlier ReLU reads) or ``"switches"``.
    replacement : str
        What stands in its place in the smaller model: ``"linear"``, ``"off"``, ``"merged"``, or ``""`` if it was kept.
    lowest, highest : float
        Its argument lies between these on the whole domain: proven bounds, which are the exact extremes up to rounding.
    share_on : float
        Measured share of states with a positive argument.
    step_linear, step_off : float
        Largest change of a state unit in one step, on the domain, if this ReLU alone is made linear, or switched off.
        Exact up to rounding.
    bound_linear, bound_off : float
        Proven bound of the change of an output within `horizon` steps.
    measured_linear, measured_off : float
        Largest such change in simulations: above the bound by no more than the rounding of the simulated states.
    """

    unit: int
    status: ReluStatus
    replacement: str
    lowest: float
    highest: float
    share_on: float
    step_linear: float
    step_off: float
    bound_linear: float
    bound_off: float
    measured_linear: float
    measured_off: float


@dataclass(frozen=True, eq=False)
class ReducedModel(ResultSequence[UnitReport], Generic[AnyNetwork]):
    """A smaller model that equals the given one on a domain, with the proof unit by unit.

    A sequence of :class:`UnitReport`, one for each ReLU of the original.

    Attributes
    ----------
    model : PLRNN
        The smaller model: an AL-RNN stays an AL-RNN, other architectures become a shallow PLRNN.
    map : CanonicalMap
    domain : Polytope
        The states for which all this is shown: ``L z + offset >= 0``.
    inputs : tuple of ndarray
        Lower and upper corner (K,) of the inputs.
    start : Polytope or None
        With ``reachable=True``: whatever begins here, under any of the inputs, is proved never to leave `domain`. Then
        both models agree for all time.
    invariant : bool or None
        True if one step from the domain, under any of the inputs, is proved to end in it: then both models agree for
        all time. False if a state is known (`escape`) that leaves it; None if the time limit came first, or nobody
        asked since there is a `start`.
    escape : tuple of ndarray or None
        A state of the domain and an input that lead outside.
    minimal : bool
        True if proved that no map ``A z + W relu(V z + c + E s) + h + C s`` with fewer ReLUs equals the original on
        the domain.
    horizon : int
        Number of steps that the error bounds of the units are for.
    error_bound, measured_error : float
        Of this model against the original, largest change of an output within `horizon` steps; 0 if every removal is
        exact.
    complete : bool
        False if the time limit ended the search for ReLUs that can be removed, or that `tolerance` allows to remove as
        well, if a linear program failed, so that bounds are wider than need be and a ReLU may be kept for nothing, or
        if Ctrl-C was pressed.
    stopped_by : StoppedBy
        Which of these.
    """

    columns = tuple(UnitReport.__dataclass_fields__)

    _items: tuple[UnitReport, ...]
    model: AnyNetwork
    map: CanonicalMap
    domain: Polytope
    inputs: tuple[np.ndarray, np.ndarray]
    start: Polytope | None
    invariant: bool | None
    escape: tuple[np.ndarray, np.ndarray] | None
    minimal: bool
    horizon: int
    error_bound: float
    measured_error: float
    complete: bool
    stopped_by: StoppedBy

    @property
    def units(self) -> tuple[UnitReport, ...]:
        """The rows, one per ReLU of the original."""
        return self._items

    @property
    def pwl_units(self) -> int:
        """Number of ReLUs left: P of an AL-RNN."""
        return self.map.n_relu

    @property
    def exact(self) -> bool:
        """Whether nothing that switches was removed, so that both models are equal on the domain."""
        return not any(row.status == "switches" and row.replacement for row in self)

    @property
    def removed(self) -> tuple[int, ...]:
        """Units that lost their ReLU."""
        return tuple(row.unit for row in self if row.replacement)

    @property
    def kept(self) -> tuple[int, ...]:
        """Units that keep it."""
        return tuple(row.unit for row in self if not row.replacement)

    def sentences(self) -> list[str]:
        """What was shown, in words."""
        words = {"always on": "always on", "always off": "always off", "no effect": "without effect",
                 "merged": "the same as an earlier one", "switches": "replaced though it switches"}  # fmt: skip
        before, after = len(self), self.pwl_units
        parts = []
        for status, word in words.items():
            units = [str(row.unit) for row in self if row.status == status and row.replacement]
            if units:
                parts.append(f"unit{'s' * (len(units) > 1)} {', '.join(units)} {word}")
        if not before:
            text = ["The model has no ReLU."]
        elif before == after:
            text = [f"None of the {before} ReLUs can be removed on the domain." if before > 1
                    else "The ReLU cannot be removed on the domain."]  # fmt: skip
        else:
            text = [f"{before - after} of {before} ReLUs can be removed on the domain: {'; '.join(parts)}."]
        if before > after and self.exact:
            text.append(f"The smaller model has P = {after} and equals the original there, to rounding.")
        elif before > after:
            text.append(
                f"The smaller model has P = {after}; its outputs differ from the original's by at most "
                f"{self.error_bound:.3g} within {self.horizon} step{'s' * (self.horizon > 1)}, "
                f"measured {self.measured_error:.3g}."
            )
        if self.stopped_by is StoppedBy.NUMERICS:
            text.append("A linear program failed: some ReLU may have been kept that can be removed.")
        elif not self.complete:
            late = "The time limit came before every removal was tried."
            text.append("NOT complete: the search was interrupted." if self.stopped_by is StoppedBy.INTERRUPT else late)
        if self.minimal and after:
            text.append("No map of this form with fewer ReLUs equals the original on the domain.")
        if before == after:
            return text
        if self.start is not None:
            text.append("What begins in `start` never leaves the domain (proved), so this holds for all time.")
            return text
        text.append(
            {
                True: "The domain is invariant (proved): what starts in it stays in it, so this holds for all time.",
                False: "The domain is not invariant: this holds as long as the state stays in it.",
                None: "Whether the domain is invariant was not settled: this holds as long as the state stays in it.",
            }[self.invariant]
        )
        return text

    def __repr__(self) -> str:
        proof = "equal on the domain" if self.exact else f"error <= {self.error_bound:.3g} on the domain"
        stays = f"invariant: {self.invariant}" if self.start is None else "never left from start"
        return f"<ReducedModel: P = {len(self)} -> {self.pwl_units}, {proof}; {stays}>"
